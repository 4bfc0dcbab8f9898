"""One of two processes that live the same life at once: everybody's acts, on the same few things.

Each act is one transaction under a name of its own, so that the audit log tells in which order the
acts happened; test_together.py tells that order to the plain reference.
"""

import pickle
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

from casework import brake, bulk, designate
from casework.appeal import appeal
from casework.cases import lapse_cases
from casework.decide_appeal import decide_appeal
from casework.office import Office
from casework.outcomes import Circumstances, Outcome, follow_up
from casework.review import decide
from casework.technical import pursue_proven
from intake.lake import Lake
from policy.appeals import AppealState
from policy.brake import BrakeScope
from policy.bulk import BulkKind, BulkState
from policy.cases import Case, CaseKind
from policy.designation import DesignationState
from policy.settings import Settings
from policy.verdicts import (
    AssociationChoice,
    AssociationVerdict,
    PostAction,
    PostHarmVerdict,
    PrimaryUse,
    SecondLook,
    SecondLookVerdict,
    Verdict,
)
from policy.words import Lane, Policy, Refusal, RestrictionKind, Severity, Value
from store.errors import NotFound
from store.store import Store
from tests.life import world as worlds
from tests.life.reference import LIMITS
from tests.life.world import GROUP, MODEL, WHY, TurnedClock, World

V = TypeVar("V", bound=Value)

ACCOUNTS = ["a0", "a1", "a2", "a3"]
MAINLY = "a3"
MEASURES = [(*LIMITS, "suspend_account"), ("limit_search", "limit_replies", "suspend_account")]
WAIT_S = 120.0
_TIED = (CaseKind.ASSOCIATION, CaseKind.REAPPLICATION)


class SharedClock(TurnedClock):
    """The real time, moved by as much for both processes."""

    def __init__(self, ahead: "Synchronized[float]") -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead.value)

    def turn(self, by: timedelta) -> None:
        self._ahead.value += by.total_seconds()


@dataclass(frozen=True)
class Did:
    """What one process did, or was refused."""

    tag: str
    what: str
    about: dict[str, Any]
    result: Any = None
    refused: str | None = None


@dataclass(frozen=True)
class Plan:
    """What both processes are told."""

    home: Path
    url: str
    seed: int
    rounds: int
    acts: int
    spans: tuple[timedelta, ...]


@dataclass
class Actor:
    """One process's hands."""

    world: World
    number: int
    shared: random.Random
    """The same draws in both processes: where they choose by it, they want the same thing."""
    own: random.Random
    did: list[Did] = field(default_factory=list)
    here: Circumstances | None = None

    @property
    def tag(self) -> str:
        """The name of the next act."""
        return f"w{self.number}-{len(self.did)}"

    def act(self) -> None:
        """One act, on what is there just now; both processes often want the same."""
        drawn = [self.shared.random() for _ in range(4)]
        if self.own.random() < 0.4:
            drawn = [self.own.random() for _ in drawn]
        acts = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
        what = acts[int(drawn[0] * len(acts))]
        getattr(self, what)(self.tag, drawn[1:])

    def _do(self, tag: str, what: str, do: Callable[[], Any], **about: Any) -> None:
        try:
            self.did.append(Did(tag, what, about, result=do()))
        except (Refusal, NotFound) as refused:
            self.did.append(Did(tag, what, about, refused=str(refused)))

    # Machines

    def seen(self, tag: str, drawn: Sequence[float]) -> None:
        account, lane = _one(ACCOUNTS, drawn[0]), Lane.ACT if drawn[1] < 0.7 else Lane.REVIEW
        world, at = self.world, self.world.now
        if self.here is None or self.own.random() < 0.3:
            # Read once for many accounts, as a pass does: another may withdraw it meanwhile.
            with world.office.store.reading() as work:
                self.here = world.circumstances(work)
        here = self.here
        if here is None:
            return
        candidate = world.candidate(account, lane, at)

        def do() -> str | None:
            counts = world.office.store.transact(
                lambda work: follow_up(work, here, [candidate]),
                actor=f"system:{tag}",
                now=world.now,
            )
            return next((one.value for one in Outcome if counts[one]), None)

        self._do(tag, "seen", do, account=account, lane=lane, at=at)

    def pull(self, tag: str, drawn: Sequence[float]) -> None:
        where = _one([("group", GROUP), ("model", MODEL), ("surface", "search")], drawn[0])
        lift = drawn[1] < 0.5
        self._do(
            tag,
            "pull",
            lambda: (
                brake.pull_brake(
                    self.world.office,
                    BrakeScope(where[0]),
                    where[1],
                    by=f"person:{tag}",
                    reason=WHY,
                    lift=lift,
                )[0].id
            ),
            where=where,
            lift=lift,
        )

    def release(self, tag: str, drawn: Sequence[float]) -> None:
        with self.world.office.store.reading() as work:
            pulled = work.brakes.find(released_at=None)
        if pulled:
            one = _one(pulled, drawn[0])
            self._do(
                tag,
                "release",
                lambda: (
                    brake.release_brake(
                        self.world.office, one.id, by=f"person:{tag}", reason=WHY
                    ).id
                ),
                where=(one.scope.value, one.key),
            )

    # People

    def answer(self, tag: str, drawn: Sequence[float]) -> None:
        """Everybody gives the same answer to the same case; another case gets another one."""
        case = self._case(drawn, *_TIED)
        if case is not None:
            choice = _one([AssociationChoice.ASSOCIATED, *AssociationChoice], _fate(case.id))
            yes = choice is AssociationChoice.ASSOCIATED
            mainly = PrimaryUse.YES if case.subject_id == MAINLY else PrimaryUse.NO
            verdict = AssociationVerdict(
                kind=case.kind,
                association=choice,
                primary_use=mainly if yes else None,
                reason="It joins floods.",
            )
            shown = [datetime.fromisoformat(post["created_at"]) for post in case.evidence["posts"]]
            self._answer(tag, "answer", case, verdict, choice=choice.value, shown=shown)

    def suspend(self, tag: str, drawn: Sequence[float]) -> None:
        case = self._case(drawn, CaseKind.SUSPENSION)
        if case is not None:
            verdict = SecondLookVerdict(
                kind=CaseKind.SUSPENSION, decision=SecondLook.UPHOLD, reason="I see the same."
            )
            self._answer(tag, "suspend", case, verdict, ref=case.ref)

    def remove(self, tag: str, drawn: Sequence[float]) -> None:
        case = self._case(drawn, CaseKind.POST_HARM)
        if case is None:
            self.world.report(_one(ACCOUNTS, drawn[1]))
            return
        verdict = PostHarmVerdict(
            policies={Policy.VIOLENCE: Severity.MODERATE},
            action=PostAction.REQUIRE_REMOVAL,
            reason="It threatens a named person.",
        )
        author = case.evidence["post"]["account"]
        self._answer(tag, "remove", case, verdict, author=author)

    def ring(self, tag: str, drawn: Sequence[float]) -> None:
        """Both processes open the cases of one proven ring."""
        if drawn[1] < 0.3:
            self.world.ring((_one(ACCOUNTS, drawn[0]), "a9"))
        pursue_proven(self.world.office)

    def object(self, tag: str, drawn: Sequence[float]) -> None:
        laid = sorted(self.world.restrictions(), key=lambda one: (one.starts_at, one.id))
        if laid:
            # The latest are what both still argue about.
            one = _one(laid[-6:], drawn[0])
            self._do(
                tag,
                "object",
                lambda: (
                    appeal(
                        self.world.office, one.id, "I only quoted them.", actor=f"person:{tag}"
                    ).id
                ),
                restriction=one.id,
            )

    def judge(self, tag: str, drawn: Sequence[float]) -> None:
        with self.world.office.store.reading() as work:
            open_ = work.appeals.find(state=AppealState.OPEN.value)
        if open_:
            one = _one(open_, drawn[0])
            overturn = _fate(one.id) < 0.6
            self._do(
                tag,
                "judge",
                lambda: (
                    decide_appeal(
                        self.world.office,
                        one.id,
                        overturn=overturn,
                        by=f"person:{tag}",
                        reason="a quotation, no praise",
                    ).id
                ),
                restriction=one.restriction_id,
                overturn=overturn,
            )

    def protect(self, tag: str, drawn: Sequence[float]) -> None:
        account = ACCOUNTS[1]
        with self.world.office.store.reading() as work:
            known = work.protected.get(account)
        if known is None and drawn[0] < 0.5:
            entry = self.world.protection(account)

            def do() -> bool:
                def put(work: Any) -> bool:
                    if work.protected.get(account) is not None:
                        return False
                    work.save(entry, action="protected.added")
                    return True

                return bool(
                    self.world.office.store.transact(put, actor=f"person:{tag}", now=self.world.now)
                )

            self._do(tag, "protect", do, account=account)

    def free(self, tag: str, drawn: Sequence[float]) -> None:
        at = int(drawn[0] * len(ACCOUNTS))
        chosen = [ACCOUNTS[at], ACCOUNTS[(at + 1) % len(ACCOUNTS)]]
        self._do(
            tag,
            "free",
            lambda: (
                bulk.act_on_many(
                    self.world.office,
                    BulkKind.LIFT,
                    GROUP,
                    chosen,
                    by=f"person:{tag}",
                    reason=WHY,
                ).id
            ),
            chosen=chosen,
        )

    def undo(self, tag: str, drawn: Sequence[float]) -> None:
        with self.world.office.store.reading() as work:
            done = work.bulk_actions.find(group_id=GROUP, state=BulkState.DONE.value)
        if done:
            one = max(done, key=lambda each: (each.at, each.id))
            self._do(
                tag,
                "undo",
                lambda: bulk.undo(self.world.office, one.id, by=f"person:{tag}", reason=WHY).id,
                action=one.id,
            )

    # The designation, one step at a time

    def step(self, tag: str, drawn: Sequence[float]) -> None:
        """The next step of the group's designation, whichever that is."""
        office, by = self.world.office, f"person:{tag}"
        with office.store.reading() as work:
            known = work.designations.find(group_id=GROUP)
        now = next((one for one in known if one.state is not DesignationState.WITHDRAWN), None)
        measures = _one(MEASURES, drawn[0])
        kinds = tuple(RestrictionKind(one) for one in measures)
        if now is None:
            made = self.world.assess()
            self._do(
                tag, "propose", lambda: designate.propose_designation(office, made.id, actor=by).id
            )
        elif now.state is DesignationState.PROPOSED and now.signed is None:
            self._do(
                tag,
                "sign",
                lambda: (
                    designate.designate(
                        office, now.id, worlds.questions(), by=by, reason=WHY, measures=kinds
                    ).id
                ),
            )
        elif now.state is DesignationState.PROPOSED:
            self._do(
                tag,
                "second",
                lambda: _measures(designate.second(office, now.id, by=by, reason=WHY)),
                designation=now.id,
            )
        elif now.state is not DesignationState.UNDER_REVIEW:
            self._do(
                tag,
                "start_review",
                lambda: designate.start_review(office, now.id, by=by, reason=WHY).id,
            )
        elif drawn[1] < 0.35:
            self._do(
                tag, "withdraw", lambda: designate.withdraw(office, now.id, by=by, reason=WHY).id
            )
        elif drawn[1] < 0.6:
            made = self.world.assess()
            self._do(
                tag, "keep", lambda: designate.keep(office, now.id, made.id, by=by, reason=WHY).id
            )
        else:
            made = self.world.assess()
            self._do(
                tag,
                "modify",
                lambda: _measures(
                    designate.modify(office, now.id, made.id, measures=kinds, by=by, reason=WHY)
                ),
            )

    def _case(self, drawn: Sequence[float], *kinds: CaseKind) -> Case | None:
        waiting = self.world.open_cases(*kinds)
        return _one(waiting, drawn[0]) if waiting else None

    def _answer(self, tag: str, what: str, case: Case, verdict: Verdict, **about: Any) -> None:
        """One person's answer; where two are asked for, another act gives the other."""
        world = self.world

        def do() -> str:
            return world.office.store.transact(
                lambda work: decide(
                    work,
                    case.id,
                    verdict,
                    round_=case.round,
                    by=f"person:{tag}",
                    at=work.now,
                    source=f"test:{tag}",
                    periods=world.office.periods,
                ),
                actor=f"person:{tag}",
                now=world.now,
            ).id

        self._do(tag, what, do, subject=case.subject_id, case=case.id, **about)


WEIGHTS = {
    "seen": 8,
    "answer": 6,
    "suspend": 3,
    "remove": 3,
    "ring": 1,
    "object": 3,
    "judge": 4,
    "free": 3,
    "undo": 2,
    "protect": 1,
    "pull": 1,
    "release": 3,
    "step": 4,
}
"""How often each act is drawn."""


def _one(given: Sequence[Any], drawn: float) -> Any:
    return given[int(drawn * len(given))]


def _fate(id_: str) -> float:
    return int.from_bytes(sha256(id_.encode()).digest()[:4]) / 2**32


def _measures(designation: Any) -> tuple[str, ...]:
    return tuple(one.value for one in designation.measures)


def opened(plan: Plan, clock: TurnedClock, number: int) -> World:
    """The world as one process sees it; what it numbers is its own."""
    settings = Settings(
        home=plan.home, database_url=plan.url, brake_accounts=worlds.RATE, _env_file=None
    )
    office = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    return World(office, clock, mainly=frozenset({MAINLY}), counted=number * 1_000_000)


def live(plan: Plan, number: int, ahead: "Synchronized[float]", meet: Barrier) -> None:
    """Live one half of the life; what was done lies in a file afterwards."""
    world = opened(plan, SharedClock(ahead), number)
    actor = Actor(world, number, random.Random(plan.seed), random.Random(f"{plan.seed}|{number}"))
    turns = random.Random(plan.seed)
    try:
        for _ in range(plan.rounds):
            # Time is turned while nobody is in the midst of anything.
            meet.wait(WAIT_S)
            if number == 1:
                world.clock.turn(turns.choice(plan.spans))
                lapse_cases(world.office)
            meet.wait(WAIT_S)
            for _ in range(plan.acts):
                actor.act()
        # At the end both want it withdrawn, while the other still lays and lifts.
        for at in range(2 * plan.acts):
            if at % 4:
                actor.act()
            else:
                actor.step(actor.tag, (0.0, 0.0, 0.0))
        with (plan.home / f"did-{number}.pickle").open("wb") as file:
            pickle.dump(actor.did, file)
    finally:
        world.close()
