"""Builders of small literal values for the policy's tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from policy.assess import assess_group
from policy.assessment import Assessment
from policy.designation import Designation
from policy.findings import Coordination, Finding, Proof
from policy.grounds import Violation
from policy.groups import Group
from policy.incidents import Actors, Incident
from policy.lay import Order
from policy.propose import propose
from policy.questions import Answer, FourQuestions
from policy.restrictions import Cause, Ground, GroundKind, Restriction
from policy.sources import Source
from policy.words import Harm, LinkageKind, Nature, Policy, RestrictionKind, Severity, SubjectKind

# A busy machine must not fail a property: how long an example takes says nothing about the rule.
settings.register_profile("policy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("policy")

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ANSWERS = {
    "purpose": "A closed chat with named hosts exists to drive one journalist out of her job.",
    "coordination": "Hosts post a target each morning and members answer within minutes.",
    "harm": "Two women left the platform and one moved house after her address was published.",
    "risks": "Critics of the newspaper use similar words, so ordinary criticism could be caught.",
    "people_affected": "Eleven reporters and their families, and some forty members of the chat.",
    "lesser_measure": "Removing single replies was tried in January; new ones came every day.",
}


class Make:
    """Values with sound defaults; a test names only what it is about."""

    now = NOW

    @staticmethod
    def days(number: float) -> timedelta:
        return timedelta(days=number)

    @staticmethod
    def source(number: int, **facts: Any) -> Source:
        return Source(
            **{
                "url": f"https://paper{number}.example/story",
                "publisher": f"Paper {number}",
                "credibility": "B2",
                **facts,
            }
        )

    def sources(self, *numbers: int, **facts: Any) -> tuple[Source, ...]:
        return tuple(self.source(number, **facts) for number in numbers)

    def incident(self, name: str = "i1", **facts: Any) -> Incident:
        return Incident(
            **{
                "id": name,
                "group_id": "g1",
                "when": NOW - timedelta(days=10),
                "where": f"place of {name}",
                "harm": Harm.PSYCHOLOGICAL,
                "policy": Policy.ABUSE,
                "severity": Severity.MODERATE,
                "finding_ids": ("f1",),
                "actors": Actors.ORGANISER,
                "sources": self.sources(1, 2),
                "submitted_by": "person:ana",
                **facts,
            }
        )

    @staticmethod
    def finding(name: str = "f1", **facts: Any) -> Finding:
        return Finding(
            **{
                "id": name,
                "group_id": "g1",
                "kind": Coordination.SOCIAL,
                "summary": "Replies to one account in bursts after a call.",
                "account_ids": ("a1", "a2"),
                "post_pairs": (("p1", "p2"),),
                "found_at": NOW - timedelta(days=20),
                "found_by": "model:detect",
                "rule": "coordination.social.v1",
                **facts,
            }
        )

    def technical(self, name: str = "t1", **facts: Any) -> Finding:
        return self.finding(
            name,
            **{
                "kind": Coordination.TECHNICAL,
                "proofs": (Proof.LINKAGE,),
                "linkage_kinds": (LinkageKind.DEVICE,),
                **facts,
            },
        )

    @staticmethod
    def group(**facts: Any) -> Group:
        return Group(**{"id": "g1", "name": "Group One", "nature": Nature.OTHER, **facts})

    @staticmethod
    def questions(**facts: Any) -> FourQuestions:
        answers = {
            name: Answer(text=text, evidence_ids=("f1", "i1")) for name, text in ANSWERS.items()
        }
        return FourQuestions(**{**answers, "nature": Nature.OTHER, **facts})

    def grave(self, harm: Harm = Harm.PSYCHOLOGICAL, **facts: Any) -> list[Incident]:
        """Three extreme incidents in six papers: high severity."""
        return [
            self.incident(
                f"{harm}{number}",
                harm=harm,
                policy={Harm.INFORMATIONAL: Policy.CIVIC_INTEGRITY}.get(harm, Policy.ABUSE),
                severity=Severity.HIGH,
                sources=self.sources(2 * number, 2 * number + 1),
                **facts,
            )
            for number in range(3)
        ]

    def assessment(self, name: str = "s1", at: datetime = NOW, **facts: Any) -> Assessment:
        return assess_group(
            name,
            facts.pop("group", self.group()),
            findings=facts.pop("findings", [self.finding()]),
            incidents=facts.pop("incidents", self.grave()),
            now=at,
            **facts,
        )

    def proposal(self, at: datetime = NOW) -> Designation:
        return propose("d1", self.assessment(at=at), by="model:assess", at=at)

    def designation(self, at: datetime = NOW, **facts: Any) -> Designation:
        return self.proposal(at).designate(
            self.assessment(at=at),
            self.questions(),
            by="person:lea",
            reason="the evidence carries it",
            at=at,
            **{"seconded_by": "person:max", **facts},
        )

    @staticmethod
    def violation(**facts: Any) -> Violation:
        return Violation(
            **{
                "id": "v1",
                "account_id": "a1",
                "post_id": "p1",
                "policy": Policy.VIOLENCE,
                "found_by": "person:ana",
                "found_at": NOW,
                "reason": "threatens a named person",
                **facts,
            }
        )

    @staticmethod
    def order(kind: RestrictionKind = RestrictionKind.LIMIT_SEARCH, **facts: Any) -> Order:
        subject = {
            RestrictionKind.BLOCK_TREND: (SubjectKind.TREND, "#tag"),
            RestrictionKind.REQUIRE_REMOVAL: (SubjectKind.POST, "p1"),
        }.get(kind, (SubjectKind.ACCOUNT, "a1"))
        return Order(
            **{
                "restriction_id": "r1",
                "subject_kind": subject[0],
                "subject_id": subject[1],
                "kind": kind,
                "by": "person:ana",
                "reason": "seen in the case",
                "evidence": ("p1",),
                **facts,
            }
        )

    @staticmethod
    def restriction(name: str = "r1", **facts: Any) -> Restriction:
        return Restriction(
            **{
                "id": name,
                "subject_kind": SubjectKind.ACCOUNT,
                "subject_id": "a1",
                "kind": RestrictionKind.LIMIT_SEARCH,
                "ground": Ground(kind=GroundKind.DESIGNATION, ref="d1", group_id="g1"),
                "cause": Cause(
                    by="person:ana", rule="restriction.limit.v1", clause="enforcement.visibility"
                ),
                "starts_at": NOW,
                "expires_at": NOW + timedelta(days=30),
                **facts,
            }
        )


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
