"""One value of each type that has a shelf, with every field filled that could get lost."""

from datetime import UTC, datetime, timedelta

from policy.appeals import Appeal, AppealState, Shield, Strike
from policy.assessment import Assessment, CoordinationResult, GuardResult, Outcome
from policy.brake import BrakeScope, pull
from policy.bulk import BulkAction, BulkKind
from policy.care import Served
from policy.cases import Case, CaseKind, Decision
from policy.clauses import CLAUSES
from policy.designation import Designation, DesignationState, Step
from policy.findings import Coordination, Finding, Proof
from policy.gold import GoldItem
from policy.groups import Group, Member
from policy.house import HouseRules
from policy.incidents import Actors, Incident
from policy.protected import ProtectedAccount, ProtectedKind
from policy.restrictions import Cause, Ground, GroundKind, Restriction
from policy.reviewers import Reviewer
from policy.roles import Role
from policy.scores import Association, Evidence, Share
from policy.severity import assess
from policy.shadow import Knobs, Shadow, ShadowOutcome, Would
from policy.sources import Source
from policy.statements import Found, state_reasons
from policy.verdicts import AssociationChoice, AssociationVerdict
from policy.words import (
    Harm,
    Lane,
    Policy,
    RestrictionKind,
    Severity,
    SubjectKind,
    Value,
)
from store.records import ApiKey, Task

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)


def group(id_: str = "g1", name: str = "Owls of the North") -> Group:
    return Group(id=id_, name=name)


def case(id_: str = "c1", subject: str = "a1", kind: CaseKind = CaseKind.ASSOCIATION) -> Case:
    return Case(
        id=id_,
        kind=kind,
        subject_kind=SubjectKind.ACCOUNT,
        subject_id=subject,
        group_id="g1",
        probability=0.1 + 0.2,
        priority=1e-9,
        opened_at=T0,
        lapses_at=T0 + 14 * DAY,
        rule="routing.unsure.v1",
        evidence={"posts": [{"id": "p1", "text": "quo\x00te \u2028 é 🦉"}], "n": 3, "none": None},
    )


def decision(id_: str = "d1", source: str = "label-studio:1") -> Decision:
    return Decision(
        id=id_,
        case_id="c1",
        round=1,
        decided_by="person:ada",
        at=T0,
        answer="associated",
        details={"harm": {"abuse": "high"}},
        reason="posts the group's calls",
        source=source,
        lead_time_s=12.5,
    )


def restriction(
    id_: str = "r1",
    subject: str = "a1",
    *,
    starts_at: datetime = T0,
    expires_at: datetime | None = T0 + 30 * DAY,
    lifted_at: datetime | None = None,
    subject_kind: SubjectKind = SubjectKind.ACCOUNT,
) -> Restriction:
    return Restriction(
        id=id_,
        subject_kind=subject_kind,
        subject_id=subject,
        kind=RestrictionKind.LIMIT_SEARCH,
        ground=Ground(kind=GroundKind.DESIGNATION, ref="des1", group_id="g1"),
        cause=Cause(
            by="person:ada", case_id="c1", rule="decide.v1", clause="enforcement.limit_visibility"
        ),
        starts_at=starts_at,
        expires_at=expires_at,
        lifted_at=lifted_at,
    )


def association(
    account: str = "a1", group_id: str = "g1", probability: float = 0.75
) -> Association:
    return Association(
        account_id=account,
        group_id=group_id,
        probability=probability,
        low=probability / 2,
        high=min(1.0, probability * 1.2),
        primary_use=Share(share=0.5, low=0.25, high=0.75, posts=20),
        calibrated=True,
        evidence=(Evidence(kind="post", ref="p1", why="near the narrative", weight=1.5),),
        lang="en",
        lane=Lane.REVIEW,
        rule="routing.unsure.v1",
        model="test",
    )


def assessment(id_: str = "as1") -> Assessment:
    return Assessment(
        id=id_,
        group_id="g1",
        assessed_at=T0,
        coordination=CoordinationResult(
            found=False, rule="coordination.v1", clause="overview.both", why="no finding"
        ),
        harms=tuple(assess(harm, [], T0, findings={}) for harm in Harm),
        guard=GuardResult(
            applies=True, passed=False, rule="guard.v1", clause="coordination.activism", why="none"
        ),
        outcome=Outcome.NOT,
        rule="designation.v1",
        clause="assess.designation",
        why="neither finding",
        missing=("a finding",),
    )


def designation(id_: str = "des1") -> Designation:
    step = Step(
        state=DesignationState.PROPOSED,
        at=T0,
        by="model:assess",
        reason="proposed",
        assessment_id="as1",
        rule="designation.step.v1",
        clause="enforcement.designate",
    )
    return Designation(
        id=id_,
        group_id="g1",
        state=DesignationState.PROPOSED,
        assessment_id="as1",
        review_at=T0 + 90 * DAY,
        history=(step,),
    )


def one_of_each() -> list[Value]:
    """A value for every shelf."""
    laid = restriction()
    cited = laid.model_copy(
        update={"cause": laid.cause.model_copy(update={"clause": next(iter(CLAUSES))})}
    )
    return [
        Group(
            id="g1",
            name="Owls of the North",
            members=(Member(account_id="a9", confidence=0.3, confirmed_by="person:ada"),),
            narratives=("naïve “quotes” and 漢字",),
        ),
        Incident(
            id="i1",
            group_id="g1",
            when=T0,
            harm=Harm.PSYCHOLOGICAL,
            policy=Policy.ABUSE,
            severity=Severity.MODERATE,
            effects={Harm.PSYCHOLOGICAL: "fear"},
            actors=Actors.ORGANISER,
            sources=(Source(url="https://news.example/1", publisher="News", credibility="B2"),),
            submitted_by="person:ada",
        ),
        Finding(
            id="f1",
            group_id="g1",
            kind=Coordination.TECHNICAL,
            summary="same text at the same second",
            post_pairs=(("p1", "p2"),),
            significance=1e-300,
            proofs=(Proof.LINKAGE,),
            found_at=T0,
            found_by="detect",
            rule="coordination.v1",
        ),
        assessment(),
        designation(),
        association(),
        case(),
        Task(case_id="c1", round=1, project_id=7, task_id=2**40),
        decision(),
        laid,
        state_reasons(cited, statement_id="s1", notice_at=T0, found=Found.MACHINE),
        Appeal(
            id="ap1",
            restriction_id="r1",
            decided_first_by="person:ada",
            notice_at=T0,
            opened_at=T0 + DAY,
            text="that was not me",
            state=AppealState.OPEN,
        ),
        Shield(account_id="a1", appeal_id="ap1", from_at=T0, until=T0 + 90 * DAY),
        Strike(
            id="st1",
            account_id="a1",
            policy=Policy.ABUSE,
            violation_id="v1",
            at=T0,
            expires_at=T0 + 365 * DAY,
        ),
        ProtectedAccount(
            account_id="a7",
            kind=ProtectedKind.PRESS,
            added_by="person:ada",
            added_at=T0,
            reason="a newspaper",
        ),
        Reviewer(
            id="ana@desk.example",
            roles=(Role.REVIEWER, Role.LEAD),
            languages=("en", "tr"),
            opt_outs=(Policy.HATE,),
            invited_by="person:ada",
            invited_at=T0,
        ),
        HouseRules(service_hours={CaseKind.APPEAL: 12.5}),
        GoldItem.of(
            case("c9").model_copy(update={"ended_at": T0}),
            AssociationVerdict(association=AssociationChoice.NOT_ASSOCIATED),
            item_id="gold1",
            made_by="person:ada",
            at=T0,
        ),
        Served(reviewer_id="ana@desk.example", case_id="c1", round=2, at=T0, severe=True),
        pull("br1", BrakeScope.GROUP, "g1", by="person:ada", reason="too many", at=T0).release(
            by="person:ben", reason="looked at", at=T0 + DAY
        ),
        BulkAction(
            id="bu1",
            kind=BulkKind.LIMIT,
            group_id="g1",
            account_ids=("a1", "a2"),
            by="person:ada",
            reason="one wave",
            at=T0,
        )
        .done(("r1",), {"a2": "shielded"}, seconded_by="person:ben")
        .undo(by="person:cem", reason="not theirs", at=T0 + DAY),
        Shadow(
            id="sh1",
            group_id="g1",
            knobs=Knobs(act_from=0.99, review_from=0.1 + 0.2, models="/candidate"),
            model="association-3",
            started_at=T0,
            by="person:ada",
            reason="a lower line",
            ended_at=T0 + DAY,
        ),
        ShadowOutcome(
            shadow_id="sh1",
            account_id="a1",
            at=T0,
            probability=0.1 + 0.2,
            in_use=0.7,
            lang="tr",
            would=Would.LIMIT,
            did=Would.ASK,
        ),
        ApiKey(id="k1", label="tests", roles=("admin",), sha256="0" * 64, created_at=T0),
    ]
