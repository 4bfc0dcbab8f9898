"""From proposal to withdrawal: seconds, flapping, brakes, bulk actions, trends, imports."""

from datetime import timedelta
from typing import Any

import pytest

from policy.appeals import Shield
from policy.assessment import Outcome
from policy.brake import AUTOMATIC, BrakeScope, Rate, pull, surfaces_of
from policy.bulk import ALONE, MOST, BulkKind, BulkState, propose_bulk
from policy.coordinated import is_coordination
from policy.designation import DesignationState
from policy.grounds import LIMITS
from policy.lay import MANUAL_HOLDS, Opinion, lay
from policy.life_rules import LifeRule
from policy.propose import SETTLES, propose
from policy.rules import Rule
from policy.technical import judge_technical
from policy.trends import TrendFacts, judge_trend
from policy.use import wilson
from policy.words import Harm, Lane, Nature, Refusal, RestrictionKind, Surface

SURE = Opinion(lane=Lane.ACT, calibrated=True, language_calibrated=True)
WHY = "seen in the file"


def refused(rule: str) -> Any:
    return pytest.raises(Refusal, match=rf"\[{rule}\]")


# Two people stand behind a designation


def test_a_signature_alone_puts_nothing_in_force(make: Any) -> None:
    signed = make.designation(seconded_by=None)
    assert signed.state is DesignationState.PROPOSED
    assert not signed.standing
    assert signed.signed.by == "person:lea"
    with refused(Rule.GROUND):
        signed.check_may_limit(make.now)


def test_a_second_person_puts_it_in_force_and_is_named(make: Any) -> None:
    signed = make.designation(seconded_by=None)
    made = signed.second(make.assessment(), by="person:max", reason=WHY, at=make.now)
    assert (made.state, made.signed) == (DesignationState.DESIGNATED, None)
    last = made.history[-1]
    assert (last.by, last.seconded_by) == ("person:lea", "person:max")
    assert made == make.designation()


@pytest.mark.parametrize("by", ["person:lea", "person:LEA", "model:policy", "person: "])
def test_the_second_is_another_person(make: Any, by: str) -> None:
    with pytest.raises(Refusal):
        make.designation(seconded_by=by)
    with pytest.raises(Refusal):
        make.designation(seconded_by=None).second(make.assessment(), by=by, reason=WHY, at=make.now)


def test_what_is_seconded_is_what_was_signed_and_is_fresh(make: Any) -> None:
    with refused(LifeRule.SECOND):
        make.proposal().second(make.assessment(), by="person:max", reason=WHY, at=make.now)
    signed = make.designation(seconded_by=None)
    with refused(LifeRule.SECOND):
        signed.second(make.assessment("s2"), by="person:max", reason=WHY, at=make.now)
    late = make.now + make.days(31)
    with refused(Rule.DESIGNATION_EVIDENCE):
        signed.second(make.assessment(), by="person:max", reason=WHY, at=late)


# New evidence


def test_new_evidence_voids_a_signature_and_a_proposal_that_is_carried_no_more(make: Any) -> None:
    signed = make.designation(seconded_by=None)
    poor = make.assessment("s2", incidents=[])
    weaker = signed.reassess(poor, by="model:policy", at=make.now)
    assert (weaker.state, weaker.signed, weaker.assessment_id) == ("proposed", None, "s2")
    assert weaker.history[-1].rule == LifeRule.REASSESSED
    with pytest.raises(Refusal):
        weaker.designate(
            poor,
            make.questions(),
            by="person:lea",
            reason=WHY,
            at=make.now,
            seconded_by="person:max",
        )


def test_what_is_in_force_and_carried_no_more_is_due_for_review_at_once(make: Any) -> None:
    standing = make.designation()
    assert standing.reassess(make.assessment("s2"), by="model:policy", at=make.now) == standing
    later = make.now + make.days(3)
    due = standing.reassess(make.assessment("s3", incidents=[]), by="model:policy", at=later)
    assert due.standing
    assert due.review_at == later
    with refused(Rule.REVIEW_OVERDUE):
        due.check_may_limit(later)


def test_a_withdrawn_group_is_proposed_again_after_a_while_on_something_new(make: Any) -> None:
    ended = make.proposal().decline(by="person:lea", reason="not enough yet", at=make.now)
    then = make.assessment()
    after = make.now + SETTLES
    more = [*make.grave(), make.incident("new", when=make.now + make.days(1))]
    news = make.assessment("s2", at=after, incidents=more)
    same = make.assessment("s3", at=after)

    def again(assessment: Any, at: Any) -> Any:
        return propose("d2", assessment, by="model:x", at=at, ended=ended, ended_on=then)

    with refused(LifeRule.AGAIN):
        again(news, after - timedelta(microseconds=1))
    with refused(LifeRule.AGAIN):
        again(same, after)
    assert again(news, after).state is DesignationState.PROPOSED


# Brakes


@pytest.mark.parametrize(
    ("scope", "key", "stops"),
    [
        (BrakeScope.MODEL, "association-1", True),
        (BrakeScope.MODEL, "association-2", False),
        (BrakeScope.GROUP, "g1", True),
        (BrakeScope.GROUP, "g2", False),
        (BrakeScope.SURFACE, "search", True),
        (BrakeScope.SURFACE, "replies", False),
    ],
)
def test_a_brake_stops_machines_in_its_scope_and_no_person(
    make: Any, scope: BrakeScope, key: str, stops: bool
) -> None:
    brake = pull("b1", scope, key, by="person:lea", reason=WHY, at=make.now)
    order = make.order(by="model:association-1")
    given = {"now": make.now, "protected": False, "brakes": [brake]}
    if stops:
        with refused(LifeRule.BRAKE):
            lay(order, make.designation(), opinion=SURE, **given)
    else:
        assert lay(order, make.designation(), opinion=SURE, **given)
    assert lay(make.order(), make.designation(), **given)
    released = brake.release(by="person:max", reason="looked at it", at=make.now)
    given["brakes"] = [released]
    assert lay(order, make.designation(), opinion=SURE, **given)


def test_brakes_are_pulled_by_people_or_by_themselves_and_released_by_people(make: Any) -> None:
    assert pull("b1", BrakeScope.GROUP, "g1", by=AUTOMATIC, reason=WHY, at=make.now).rule == (
        LifeRule.BRAKE_RATE
    )
    with refused(LifeRule.BRAKE_STEP):
        pull("b1", BrakeScope.GROUP, "g1", by="model:x", reason=WHY, at=make.now)
    with refused(LifeRule.BRAKE_STEP):
        pull("b1", BrakeScope.SURFACE, "nowhere", by="person:lea", reason=WHY, at=make.now)
    brake = pull("b1", BrakeScope.GROUP, "g1", by="person:lea", reason=WHY, at=make.now)
    with refused(LifeRule.BRAKE_STEP):
        brake.release(by=AUTOMATIC, reason=WHY, at=make.now)
    released = brake.release(by="person:max", reason=WHY, at=make.now)
    with refused(LifeRule.BRAKE_STEP):
        released.release(by="person:max", reason=WHY, at=make.now)


def test_a_rate_is_exceeded_at_its_number() -> None:
    assert [Rate(accounts=3).exceeded(limited) for limited in (0, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


def test_each_limit_speaks_for_a_surface_of_its_own() -> None:
    assert {kind: surfaces_of(kind) for kind in LIMITS} == {
        RestrictionKind.LIMIT_SEARCH: (Surface.SEARCH,),
        RestrictionKind.LIMIT_REPLIES: (Surface.REPLIES,),
        RestrictionKind.LIMIT_TIMELINES: (Surface.TIMELINES,),
        RestrictionKind.NO_EMAIL_RECOMMENDATION: (Surface.EMAIL,),
        RestrictionKind.NO_PRODUCT_RECOMMENDATION: (Surface.PRODUCT,),
    }


# Manual beats automatic


def test_what_a_person_lifted_no_machine_lays_again_for_a_while(make: Any) -> None:
    lifted = make.restriction().lift(
        at=make.now + make.days(1), why="it was satire", by="person:max"
    )
    since = make.now + make.days(2)
    seen = [{"post_id": "p9", "at": since}]
    given: dict[str, Any] = {"protected": False, "earlier": [lifted], "seen": _seen(seen)}
    designation = make.designation()
    with refused(LifeRule.MANUAL):
        lay(make.order(by="model:m"), designation, now=since, opinion=SURE, **given)
    assert lay(make.order(), designation, now=since, **given)
    later = make.now + make.days(1) + MANUAL_HOLDS
    assert lay(make.order(by="model:m"), designation, now=later, opinion=SURE, **given)


def _seen(rows: list[dict[str, Any]]) -> list[Any]:
    from policy.reapply import Seen

    return [Seen(**row) for row in rows]


def test_a_shield_keeps_the_machine_off_and_lets_people_act(make: Any) -> None:
    shield = Shield(
        account_id="a1",
        appeal_id="x1",
        group_id="g1",
        from_at=make.now,
        until=make.now + make.days(90),
    )
    given = {"now": make.now, "protected": False, "shields": [shield]}
    with refused(Rule.SHIELDED):
        lay(make.order(by="model:m"), make.designation(), opinion=SURE, **given)
    assert lay(make.order(), make.designation(), **given)


# Bulk actions


def bulk(make: Any, number: int) -> Any:
    return propose_bulk(
        "k1",
        BulkKind.LIMIT,
        "g1",
        [f"a{at}" for at in range(number)],
        by="person:lea",
        reason=WHY,
        at=make.now,
    )


def test_a_few_need_no_second_and_many_do(make: Any) -> None:
    assert bulk(make, ALONE).done(["r1"], {}, seconded_by=None).state is BulkState.DONE
    many = bulk(make, ALONE + 1)
    with refused(LifeRule.BULK_SECOND):
        many.done(["r1"], {}, seconded_by=None)
    with refused(LifeRule.BULK_SECOND):
        many.check_second("person:Lea", WHY)
    many.check_second("person:max", WHY)
    assert many.done(["r1"], {}, seconded_by="person:max").seconded_by == "person:max"


@pytest.mark.parametrize("number", [0, MOST + 1])
def test_no_action_is_empty_or_larger_than_the_cap(make: Any, number: int) -> None:
    with refused(LifeRule.BULK_CAP):
        bulk(make, number)


def test_what_was_done_is_undone_once(make: Any) -> None:
    done = bulk(make, 1).done(["r1"], {}, seconded_by=None)
    undone = done.undo(by="person:max", reason=WHY, at=make.now)
    assert undone.state is BulkState.UNDONE
    for again in (undone, bulk(make, 1)):
        with refused(LifeRule.BULK_STEP):
            again.undo(by="person:max", reason=WHY, at=make.now)


# Trends


@pytest.mark.parametrize(
    ("associated", "posts", "near", "linked"),
    [
        (40, 50, 0.6, True),
        (40, 50, 0.3, False),  # at the level is not above it
        (40, 50, 0.1, False),  # a general hashtag that the group floods
        (10, 50, 0.6, False),  # others speak of the same: no trend of the group's
        (26, 50, 0.6, False),  # above one half, but not beyond doubt
        (19, 19, 0.9, False),  # too few posts
    ],
)
def test_a_trend_is_linked_when_both_are_above_their_level(
    associated: int, posts: int, near: float, linked: bool
) -> None:
    facts = TrendFacts(
        trend="#tag",
        group_id="g1",
        associated=wilson(associated, posts),
        accounts=posts,
        associated_accounts=associated,
        nearness=near,
    )
    result = judge_trend(facts)
    assert result.linked is linked
    assert result.rule == (LifeRule.TREND_LINKED if linked else LifeRule.TREND_GENERAL)


# What comes from elsewhere


def test_an_imported_finding_counts_only_once_a_person_here_corroborated_it(make: Any) -> None:
    own = make.finding(origin="person", sources=("https://a.example/1",))
    assert is_coordination(own)
    theirs = own.model_copy(update={"imported_from": "another platform"})
    assert not is_coordination(theirs)
    with refused(LifeRule.IMPORTED):
        theirs.confirm(by="person:lea", source="https://a.example/1")
    with refused(LifeRule.IMPORTED):
        theirs.confirm(by="model:x", source="https://b.example/2")
    confirmed = theirs.confirm(by="person:lea", source="https://b.example/2")
    assert is_coordination(confirmed)
    with refused(LifeRule.IMPORTED):
        confirmed.confirm(by="person:max", source="https://c.example/3")


def test_an_imported_proof_is_acted_on_only_once_corroborated(make: Any) -> None:
    theirs = make.technical(imported_from="another platform")
    assert not judge_technical(theirs).proven
    assert judge_technical(theirs.confirm(by="person:lea", source="a report")).proven


# What would change an assessment


def test_a_proposal_says_what_it_rests_on(make: Any) -> None:
    made = make.assessment()
    assert made.outcome is Outcome.DESIGNATE
    assert "coordination: it rests on finding f1 alone" in made.would_change
    assert any(one.startswith("psychological: without 5 independent") for one in made.would_change)


def test_what_is_one_step_short_says_which_step(make: Any) -> None:
    incidents = make.grave()
    fewer = [one.model_copy(update={"sources": make.sources(1, 2)}) for one in incidents]
    made = make.assessment(incidents=fewer)
    assert made.rule == Rule.HARM_TOO_LOW
    [said] = made.would_change
    assert said.startswith("psychological: 5 independent credible sources")
    assert Rule.DESIGNATE_ONE_HIGH in said


def test_the_guard_shows_its_own_evidence(make: Any) -> None:
    members = make.grave(actors="member")
    made = make.assessment(group=make.group(nature=Nature.ACTIVISM), incidents=members)
    assert made.rule == Rule.ACTIVISM
    assert {one.incident_id for one in made.guard.left_out} == {one.id for one in members}
    by_organisers = make.assessment(group=make.group(nature=Nature.ACTIVISM))
    assert by_organisers.guard.passed
    assert by_organisers.guard.sources == 6


def test_the_culture_of_a_harm_is_kept_beside_its_place(make: Any) -> None:
    told = make.incident("i9", context="The word is an insult in this valley and nowhere else.")
    made = make.assessment(incidents=[told])
    harm = next(one for one in made.harms if one.harm is Harm.PSYCHOLOGICAL)
    assert harm.contexts == (told.context,)
    assert harm.places == ("place of i9",)
