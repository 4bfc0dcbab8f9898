"""Every clause that a rule can cite: where it stands in the policy, and what it says, in our words.

Source: "Coordinated harmful activity", January 2021. The clauses under `duty` are not in that text;
they come from the duties that those who run such a system have (the Digital Services Act, the
Santa Clara Principles, duties towards people at risk), and are told apart by their heading.
"""

from enum import StrEnum
from typing import Self

POLICY_VERSION = "2021-01"
"""The edition of the policy that all clauses are cited from."""

_OVERVIEW = "Overview"
_COORDINATION = "How do we define coordination?"
_HARM = "How do we define harm?"
_ASSESS = "How do we use our framework to assess harm?"
_ENFORCE = "Enforcement against coordinated harmful activity"
_DUTY = "Duties beyond the policy's text"


class Clause(StrEnum):
    """A clause: its stable id, the heading under which it stands, and a paraphrase."""

    heading: str
    says: str

    def __new__(cls, value: str, heading: str, says: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.heading = heading
        member.says = says
        return member

    ACTOR = (
        "overview.actor",
        _OVERVIEW,
        "The group, movement or campaign is assessed first; accounts follow from their tie to it.",
    )
    BOTH = (
        "overview.both",
        _OVERVIEW,
        "Action needs evidence of coordination and evidence that its results harm others.",
    )
    TECHNICAL = (
        "coordination.technical",
        _COORDINATION,
        "Detectable techniques of platform manipulation that inflate or spread a message.",
    )
    SOCIAL = (
        "coordination.social",
        _COORDINATION,
        "People who agree, on or off the platform, to spread a message or who are incited to act.",
    )
    TECHNICAL_PROVEN = (
        "coordination.technical.proven",
        _COORDINATION,
        (
            "Technical coordination proven by sufficient evidence is always acted on, typically by "
            "permanent suspension."
        ),
    )
    ACTIVISM = (
        "coordination.activism",
        _COORDINATION,
        (
            "Activism, awareness campaigns and speaking truth to power are left alone unless "
            "evidence of harm is established."
        ),
    )
    HARM_PHYSICAL = (
        "harm.physical",
        _HARM,
        "A physical negative effect on someone, something, a social group or society.",
    )
    HARM_PSYCHOLOGICAL = (
        "harm.psychological",
        _HARM,
        "An effect on the mental or emotional wellbeing of a person, a social group or society.",
    )
    HARM_INFORMATIONAL = (
        "harm.informational",
        _HARM,
        (
            "Loss of access to information that rights depend on, or serious disruption of a social"
            " group or society, medical misinformation included."
        ),
    )
    SEVERITY_LOW = (
        "severity.low",
        _HARM,
        "Harm hardly documented, few or no sources, more of it almost out of the question.",
    )
    SEVERITY_MODERATE = (
        "severity.moderate",
        _HARM,
        (
            "Harm documented but smaller or less grave, several credible sources, more of it as "
            "likely as not."
        ),
    )
    SEVERITY_HIGH = (
        "severity.high",
        _HARM,
        (
            "Extreme harm by number or gravity, numerous sources and examples, more of it almost "
            "certain."
        ),
    )
    EVIDENCE = (
        "designation.evidence",
        _ASSESS,
        "Evidence of harm is sought on and off the platform, across the three forms of harm.",
    )
    DESIGNATION = (
        "designation.rule",
        _ASSESS,
        (
            "High severity in at least one form of harm, or several moderate ones, leads typically "
            "to designation."
        ),
    )
    QUESTIONS = (
        "designation.questions",
        _ASSESS,
        (
            "Identity and purpose, coordination, harm caused, and the risks of applying the policy "
            "are asked and answered."
        ),
    )
    CONTEXT = (
        "designation.context",
        _ASSESS,
        "What harm looks like differs between actors, groups, places and cultures.",
    )
    CONFLICT = (
        "designation.conflict",
        _ASSESS,
        "Where harms or rights conflict, physical and psychological safety come first.",
    )
    REVIEW = (
        "designation.review",
        _ENFORCE,
        "Designations are reviewed regularly and modified or withdrawn as behaviour changes.",
    )
    VISIBILITY = (
        "enforcement.visibility",
        _ENFORCE,
        "Posts and accounts may be made less visible in search, replies and timelines.",
    )
    RECOMMENDATION = (
        "enforcement.recommendation",
        _ENFORCE,
        "Posts and accounts may be kept out of recommendations by email and in the product.",
    )
    TRENDS = (
        "enforcement.trends",
        _ENFORCE,
        "Trends directly linked with a designated group may be prevented from appearing.",
    )
    SUSPENSION = (
        "enforcement.suspension",
        _ENFORCE,
        (
            "Accounts whose primary use is to propagate or encourage engagement in the harmful "
            "activity may be suspended."
        ),
    )
    ROLLING = (
        "enforcement.rolling",
        _ENFORCE,
        (
            "Associated accounts are identified continually by technology and people together, from"
            " recent behaviour or the profile."
        ),
    )
    EXPIRY = (
        "enforcement.expiry",
        _ENFORCE,
        "Limits on visibility expire by themselves after a limited time.",
    )
    REAPPLY = (
        "enforcement.reapply",
        _ENFORCE,
        "A limit may be laid again, by hand or by machine, where the behaviour went on.",
    )
    VIOLATION_REMOVAL = (
        "enforcement.violation.removal",
        _ENFORCE,
        "The removal of a post that breaks a rule may be required.",
    )
    VIOLATION_SUSPENSION = (
        "enforcement.violation.suspension",
        _ENFORCE,
        "Accounts with severe or repeated violations of the rules may be suspended.",
    )
    DUTY_PERSON = (
        "duty.person",
        _DUTY,
        "What weighs most, or what a machine is not sure of, is decided by a person.",
    )
    DUTY_AT_RISK = (
        "duty.at_risk",
        _DUTY,
        "People in danger are helped first; a person's own crisis is never counted against them.",
    )
    DUTY_CHILD = (
        "duty.child",
        _DUTY,
        "Suspected child exploitation is sealed and goes to those with the duty to report it.",
    )
    DUTY_REASONS = (
        "duty.reasons",
        _DUTY,
        "Whoever is restricted is told what, why, how it was found and decided, and until when.",
    )
    DUTY_APPEAL = (
        "duty.appeal",
        _DUTY,
        "A restriction can be appealed for at least six months, to a person who did not decide it.",
    )
    DUTY_REVIEWERS = (
        "duty.reviewers",
        _DUTY,
        "Whoever looks at harm for others is protected from too much of it.",
    )


CLAUSES: dict[str, Clause] = {clause.value: clause for clause in Clause}
"""Every clause by its id."""
