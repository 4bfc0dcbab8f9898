"""The parts of what a reviewer is shown, each a small value with what its page needs.

Fields that nobody shows are passed over, so that what the case keeps (an incident, a finding) can
be handed in whole.
"""

from typing import Self

from pydantic import AliasChoices, ConfigDict, Field, JsonValue, model_validator

from policy.words import Likelihood, Severity, UtcDatetime, Value


class Part(Value):
    """A part of what is shown."""

    # White space is part of what was written. Fields that nobody shows are no error here: the case
    # may keep more than its reviewer sees.
    model_config = ConfigDict(str_strip_whitespace=False, extra="ignore")


class ShownGroup(Part):
    """The designated group in question."""

    name: str = Field(min_length=1)
    kind: str = "group"
    purpose: str = ""
    narratives: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


class ShownProfile(Part):
    """The account's profile as last observed."""

    account_id: str = Field(min_length=1)
    handle: str = ""
    display_name: str = ""
    description: str = ""
    location: str = ""
    created_at: UtcDatetime | None = None
    followers: int | None = None
    following: int | None = None
    observed_at: UtcDatetime | None = None
    protected: str = ""
    """Why it is on the protected list (such as `press`); empty if it is not."""


class ShownPost(Part):
    """One post with its time, and what matched in it and why."""

    post_id: str = Field(min_length=1)
    text: str = ""
    account: str = ""
    """Handle or id of the author, where it is not the account in question."""
    created_at: UtcDatetime | None = None
    lang: str = ""
    matched: tuple[str, ...] = ()
    """Each a short sentence in plain words."""
    severe: bool = False
    severity: Severity | None = None
    """How hard it is to read: what is severe is folded away, what is moderate is blurred."""

    @property
    def gravity(self) -> Severity:
        """How hard it is to read, as far as is known."""
        return self.severity or (Severity.HIGH if self.severe else Severity.LOW)


class ShownOpinion(Part):
    """What the model thinks. Never part of a blind task."""

    statement: str = "the account is associated with the group"
    """What the likelihood is of, such as `the account is associated with the group`."""
    likelihood: Likelihood
    low: Likelihood | None = None
    high: Likelihood | None = None
    calibrated: bool = True
    reasons: tuple[str, ...] = ()
    model: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("give both ends of the interval or none")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low <= high must hold")
        return self


class Clause(Part):
    """The policy's clause in question, in its own words."""

    id: str = ""
    text: str = Field(min_length=1)


class ShownSource(Part):
    """Where an incident can be read, and how far it can be believed (Admiralty code)."""

    publisher: str = ""
    url: str = ""
    credibility: str = ""
    retracted: bool = False


class ShownIncident(Part):
    """One documented harm."""

    incident_id: str = Field(validation_alias=AliasChoices("incident_id", "id"), min_length=1)
    when: UtcDatetime | None = None
    where: str = ""
    on_platform: bool = True
    harm: str = ""
    policy: str = ""
    severity: str = ""
    effects: dict[str, str] = Field(default_factory=dict)
    """What it did, by form of harm."""
    actors: str = ""
    sources: tuple[ShownSource, ...] = ()
    submitted_by: str = ""
    interest: str = ""
    status: str = ""


class ShownFinding(Part):
    """One coordination finding: what was seen, and whether chance could explain it."""

    finding_id: str = Field(validation_alias=AliasChoices("finding_id", "id"), min_length=1)
    kind: str = ""
    summary: str = ""
    on_platform: bool = True
    account_ids: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    significance: Likelihood | None = None
    """How likely chance alone would show as much, corrected for how often was looked (q)."""
    proofs: tuple[str, ...] = ()
    linkage_kinds: tuple[str, ...] = ()
    started_at: UtcDatetime | None = None
    ended_at: UtcDatetime | None = None
    found_by: str = ""


class ShownMoment(Part):
    """One point of a coordination time line."""

    at: UtcDatetime
    account: str = Field(min_length=1)
    what: str = ""
    post_id: str = ""


class ShownTest(Part):
    """One of the policy's three tests of severity, as counted."""

    level: str
    why: str = ""


class ShownHarm(Part):
    """One form of harm as the rules count it."""

    harm: str
    severity: str
    documented: ShownTest
    sources: ShownTest
    likelihood: ShownTest
    why: str = ""


class ShownEarlier(Part):
    """An earlier answer to the same case, without a name: for the lead who settles it."""

    round: int
    answer: str
    details: dict[str, JsonValue] = Field(default_factory=dict)
    reason: str = ""
