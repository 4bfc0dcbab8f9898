"""Random lives: the system and the reference, side by side, step by step."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from casework import brake, bulk, designate
from casework.cases import lapse_cases
from casework.dossier import disprove_incident
from casework.reassess import reassess_on_new_evidence
from casework.technical import pursue_proven
from policy.brake import Brake, BrakeScope
from policy.bulk import BulkAction, BulkKind, BulkState
from policy.cases import Case, CaseKind
from policy.restrictions import Restriction
from policy.verdicts import (
    AssociationChoice,
    AssociationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
)
from policy.words import Lane, Policy, Refusal, RestrictionKind, Severity, SubjectKind
from store.audit import verify
from tests.life import world as worlds
from tests.life.reference import LIMITS, Laid, Reference
from tests.life.world import GROUP, MODEL, WHY, World

ACCOUNTS = ["a0", "a1", "a2", "a3"]
MAINLY = "a3"
ALL = (*LIMITS, "suspend_account")
MEASURES = [ALL, ("limit_search", "limit_replies"), ("limit_search", "suspend_account")]
HOUR = timedelta(hours=1)

# What follows from what was done before happens only to those to whom much is done.
accounts = st.sampled_from(["a0", "a0", "a0", "a1", "a1", "a2", MAINLY])
chosen_ones = st.lists(accounts, min_size=1, max_size=3, unique=True)
spans = st.sampled_from([HOUR, 20 * HOUR, 6 * 24 * HOUR, 16 * 24 * HOUR, 31 * 24 * HOUR])
lanes = st.sampled_from([Lane.ACT, Lane.ACT, Lane.ACT, Lane.REVIEW, Lane.DISMISS])
picks = st.integers(0, 10**6)

LIVES, STEPS = 10, 40
"""What every run of the tests spends on random lives."""


class Lives(RuleBasedStateMachine):
    """The system and the reference, side by side."""

    make_world: Callable[[], World]
    reference: type[Reference] = Reference

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.world.mainly = frozenset({MAINLY})
        self.told = type(self).reference(
            GROUP,
            most_accounts=worlds.RATE,
            mainly={MAINLY},
            decide_for=timedelta(days=self.world.office.settings.appeal_days),
        )
        self.objected: dict[str, Laid] = {}
        self.posts: list[str] = []
        self.stuck: set[str] = set()
        self.pulled: list[Brake] = []
        self.freed: list[tuple[BulkAction, list[Laid]]] = []

    def teardown(self) -> None:
        report = verify(self.world.office.store)
        self.world.close()
        assert not report.problems

    @property
    def now(self) -> datetime:
        return self.world.now

    def tick(self) -> None:
        # No two steps fall on one moment, or their order would be lost.
        self.world.clock.turn(timedelta(seconds=1))

    @initialize(measures=st.sampled_from(MEASURES))
    def begin(self, measures: tuple[str, ...]) -> None:
        self.designate(measures)

    # The designation

    def designate(self, measures: tuple[str, ...]) -> None:
        made = self.world.designate(measures)
        self.told.designate(made.id, measures, self.now)

    @rule(measures=st.sampled_from(MEASURES))
    @precondition(lambda self: self.told.designation is None)
    def designate_again(self, measures: tuple[str, ...]) -> None:
        self.tick()
        if self.told.may_propose(self.now):
            self.designate(measures)
        else:
            with pytest.raises(Refusal, match=r"designation\.again\.v1"):
                self.world.propose()

    @rule(measures=st.sampled_from([None, *MEASURES]))
    @precondition(lambda self: self.told.designation is not None and len(self.told.laid) > 3)
    def review(self, measures: tuple[str, ...] | None) -> None:
        self.tick()
        id_ = self.told.designation or ""
        made = self.world.assess()
        self.world.review(id_)
        office = self.world.office
        if measures is None or set(measures) == set(self.told.measures):
            designate.keep(office, id_, made.id, by="person:ana", reason=WHY)
            self.told.keep(self.now)
        else:
            kinds = tuple(RestrictionKind(one) for one in measures)
            designate.modify(office, id_, made.id, measures=kinds, by="person:ana", reason=WHY)
            self.told.modify(measures, self.now)

    @rule()
    @precondition(lambda self: self.told.designation is not None and len(self.told.laid) > 5)
    def withdraw(self) -> None:
        self.tick()
        id_ = self.told.designation or ""
        self.world.review(id_)
        designate.withdraw(self.world.office, id_, by="person:ana", reason=WHY)
        self.told.withdraw(self.now)
        with self.world.office.store.reading() as work:
            assert work.associations.count(group_id=GROUP, closed_at=None) == 0
        tied = self.world.open_cases(CaseKind.ASSOCIATION, CaseKind.REAPPLICATION)
        assert tied == []

    @rule()
    @precondition(lambda self: self.told.in_force(self.now) and len(self.told.laid) > 8)
    def evidence_falls(self) -> None:
        self.tick()
        for batch in self.world.batches:
            for incident in batch:
                disprove_incident(
                    self.world.office, incident.id, actor="person:ana", why="it was shown wrong"
                )
        self.world.batches.clear()
        reassess_on_new_evidence(self.world.office)
        self.told.evidence_falls(self.now)

    # Machines

    @rule(account=accounts, lane=lanes, ago=spans)
    @precondition(lambda self: self.told.designation is not None)
    def seen(self, account: str, lane: Lane, ago: timedelta) -> None:
        self.tick()
        at = self.now - ago
        waiting = {one.subject_id for one in self._tied()}
        outcome = self.world.seen(account, lane, at)
        wanted = self.told.machine(account, lane, at, f"model:{MODEL}", self.now)
        if wanted == "asked" and account in waiting:
            wanted = "waiting"
        assert outcome == wanted

    @rule(chosen=chosen_ones)
    @precondition(lambda self: self.told.designation is not None)
    def seen_just_now(self, chosen: list[str]) -> None:
        for account in chosen:
            self.seen(account, Lane.ACT, timedelta(0))

    @rule()
    @precondition(lambda self: self.told.designation is not None)
    def seen_all(self) -> None:
        """As many within a day as pull the brake."""
        self.seen_just_now(ACCOUNTS)

    @rule(chosen=chosen_ones, span=spans)
    @precondition(lambda self: self.told.designation is not None)
    def seen_after_a_while(self, chosen: list[str], span: timedelta) -> None:
        self.wait(span)
        self.seen_just_now(chosen)

    @rule(chosen=chosen_ones)
    @precondition(lambda self: self.told.designation is not None)
    def asked_about(self, chosen: list[str]) -> None:
        for account in chosen:
            self.seen(account, Lane.REVIEW, timedelta(0))

    @rule(
        where=st.sampled_from(
            [("group", GROUP), ("model", MODEL), ("surface", "search"), ("group", "another")]
        ),
        lift=st.booleans(),
    )
    @precondition(lambda self: len(self.told.laid) > 3)
    def pull(self, where: tuple[str, str], lift: bool) -> None:
        self.tick()
        scope, key = where
        brake.pull_brake(
            self.world.office, BrakeScope(scope), key, by="person:ana", reason=WHY, lift=lift
        )
        self.told.pull(scope, key, self.now, lift=lift)

    @rule(pick=picks)
    @precondition(lambda self: any(one.released is None for one in self.told.brakes))
    def release(self, pick: int) -> None:
        self.tick()
        with self.world.office.store.reading() as work:
            pulled = work.brakes.find(released_at=None)
        one = pulled[pick % len(pulled)]
        brake.release_brake(self.world.office, one.id, by="person:ben", reason=WHY)
        self.told.release(one.scope.value, one.key, self.now)

    # People

    def _tied(self) -> list[Case]:
        return self.world.open_cases(CaseKind.ASSOCIATION, CaseKind.REAPPLICATION)

    @rule(pick=picks, choice=st.sampled_from(list(AssociationChoice)), mainly=st.booleans())
    @precondition(lambda self: any(one.id not in self.stuck for one in self._tied()))
    def answer(self, pick: int, choice: AssociationChoice, mainly: bool) -> None:
        self.tick()
        waiting = [one for one in self._tied() if one.id not in self.stuck]
        case = waiting[pick % len(waiting)]
        yes = choice is AssociationChoice.ASSOCIATED
        use = (PrimaryUse.YES if mainly else PrimaryUse.NO) if yes else None
        verdict = AssociationVerdict(
            kind=case.kind, association=choice, primary_use=use, reason="It joins floods."
        )
        shown = [datetime.fromisoformat(post["created_at"]) for post in case.evidence["posts"]]
        agreed = self.told.answered(case.subject_id, choice.value, shown, self.now)
        if agreed:
            self.world.answer(case, verdict)
        else:
            with pytest.raises(Refusal):
                self.world.answer(case, verdict)
            self.stuck.add(case.id)

    def _suspensions(self) -> list[Case]:
        waiting = self.world.open_cases(CaseKind.SUSPENSION)
        return [one for one in waiting if one.id not in self.stuck]

    @rule(pick=picks)
    @precondition(lambda self: bool(self._suspensions()))
    def suspend(self, pick: int) -> None:
        self.tick()
        waiting = self._suspensions()
        case = waiting[pick % len(waiting)]
        account, ref = case.subject_id, case.ref or ""
        if ref.startswith("ring"):
            agreed = True
            self.told.suspend_for_ring(account, ref, self.now)
        elif any(violation == ref for _, violation, _, _ in self.told.strikes):
            agreed = self.told.suspend_for_strikes(account, ref, self.now)
        else:
            agreed = self.told.suspend(account, self.now)
        verdict = SecondLookVerdict(
            kind=CaseKind.SUSPENSION, decision=SecondLook.UPHOLD, reason="I see the same."
        )
        if agreed:
            self.world.answer(case, verdict)
        else:
            with pytest.raises(Refusal):
                self.world.answer(case, verdict)
            self.stuck.add(case.id)

    @rule(account=accounts)
    @precondition(lambda self: not self.told.protected)
    def protect(self, account: str) -> None:
        self.tick()
        self.world.protect(account)
        self.told.protected.add(account)

    @rule(pair=st.lists(accounts, min_size=2, max_size=2, unique=True), decided=st.booleans())
    @precondition(lambda self: self.told.laid)
    def ring(self, pair: list[str], decided: bool) -> None:
        self.tick()
        found = self.world.ring(tuple(pair))
        pursue_proven(self.world.office)
        if decided:
            waiting = self._suspensions()
            self.suspend(next(at for at, one in enumerate(waiting) if one.ref == found.id))

    @rule(account=accounts)
    @precondition(lambda self: self.told.laid)
    def remove_three(self, account: str) -> None:
        for _ in range(3):
            self.remove(account)

    def remove(self, account: str) -> None:
        self.tick()
        case = self.world.report(account)
        verdict = PostHarmVerdict(
            policies={Policy.VIOLENCE: Severity.MODERATE},
            action=PostAction.REQUIRE_REMOVAL,
            reason="It threatens a named person.",
        )
        ended = self.world.answer(case, verdict)
        self.posts.append(case.subject_id)
        violation = f"decision_{ended.id}_{ended.round}"
        self.told.remove(case.subject_id, account, violation, self.now)

    @rule(pick=picks)
    @precondition(lambda self: bool(self._contestable()))
    def object(self, pick: int) -> None:
        self.tick()
        found = self._contestable()
        one = found[pick % len(found)]
        opened = self.world.object(one)
        self.objected[opened.id] = self._same(one)
        self.told.object(self._same(one), self.now)

    @rule(pick=picks, overturn=st.booleans())
    @precondition(lambda self: self.objected)
    def judge(self, pick: int, overturn: bool) -> None:
        self.tick()
        id_ = sorted(self.objected)[pick % len(self.objected)]
        one = self.objected.pop(id_)
        self.world.judge(id_, overturn=overturn)
        if overturn:
            self.told.overturn(one, of_account=one.subject in ACCOUNTS, now=self.now)
        else:
            self.told.uphold(one, self.now)

    @rule(pick=picks, overturn=st.booleans())
    @precondition(lambda self: bool(self._contestable()))
    def contest(self, pick: int, overturn: bool) -> None:
        before = set(self.objected)
        self.object(pick)
        (opened,) = set(self.objected) - before
        self.judge(sorted(self.objected).index(opened), overturn)

    @rule(chosen=chosen_ones)
    @precondition(lambda self: self.told.laid)
    def free(self, chosen: list[str]) -> None:
        self.tick()
        made = bulk.act_on_many(
            self.world.office, BulkKind.LIFT, GROUP, chosen, by="person:ana", reason=WHY
        )
        freed = self.told.free(chosen, self.now)
        assert made.state is BulkState.DONE
        assert len(made.restriction_ids) == len(freed)
        self.freed.append((made, freed))

    @rule()
    @precondition(lambda self: self.freed)
    def undo(self) -> None:
        self.tick()
        made, freed = self.freed.pop()
        bulk.undo(self.world.office, made.id, by="person:ben", reason=WHY)
        self.told.undo_free(freed, self.now)

    def _contestable(self) -> list[Restriction]:
        open_ = [id(one) for one in self.objected.values()]
        return [
            one
            for one in self.world.restrictions()
            if self.now < one.starts_at + timedelta(days=184) and id(self._same(one)) not in open_
        ]

    def _same(self, one: Restriction) -> Laid:
        (found,) = [
            told
            for told in self.told.laid
            if (told.subject, told.kind, told.start) == (one.subject_id, one.kind, one.starts_at)
        ]
        return found

    @rule(
        account=accounts,
        end=st.sampled_from(["won", "upheld", "freed", "left"]),
        after=st.sampled_from([6 * 24 * HOUR, 31 * 24 * HOUR]),
        ago=st.sampled_from([0 * HOUR, 6 * 24 * HOUR, 16 * 24 * HOUR]),
    )
    @precondition(lambda self: self.told.designation is not None)
    def limited_and_again(self, account: str, end: str, after: timedelta, ago: timedelta) -> None:
        """What most of the rules are about: a limit, how it ended, and what is seen later."""
        self._ready()
        self.seen(account, Lane.ACT, 0 * HOUR)
        found = self._contestable()
        standing = [
            at for at, one in enumerate(found) if one.subject_id == account and one.stands(self.now)
        ]
        if end in ("won", "upheld") and standing:
            self.contest(standing[0], end == "won")
        if end == "freed":
            self.free([account])
        self.wait(after)
        self._ready()
        self.seen(account, Lane.ACT, ago)

    def _ready(self) -> None:
        """Nothing holds the machine back: no brake is pulled, and no review is overdue."""
        while any(one.released is None for one in self.told.brakes):
            self.release(0)
        if not self.told.in_force(self.now):
            self.review(None)

    # Time

    @rule(span=spans)
    def wait(self, span: timedelta) -> None:
        self.world.clock.turn(span)
        lapse_cases(self.world.office)

    @invariant()
    def what_is_shown_is_what_ought_to_be(self) -> None:
        for kind, ids in ((SubjectKind.ACCOUNT, ACCOUNTS), (SubjectKind.POST, self.posts)):
            shown = self.world.shown(kind, ids)
            wanted = {
                (id_, surface): self.told.shown(id_, surface, self.now) for id_, surface in shown
            }
            assert shown == wanted


def live(
    make_world: Callable[[], World],
    *,
    lives: int,
    steps: int,
    reference: type[Reference] = Reference,
    phases: tuple[Phase, ...] = tuple(Phase),
) -> None:
    """Random lives against a reference."""
    machine = type(
        "TheseLives", (Lives,), {"make_world": staticmethod(make_world), "reference": reference}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
