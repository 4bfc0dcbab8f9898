"""Two processes live one group's life at once, on one PostgreSQL: as if they had taken turns.

Both act on the same accounts, cases, restrictions, brakes, bulk actions and designation, and mostly
want the same thing at the same moment. Afterwards the audit log says in which order it happened,
and the plain reference, told the same in that order, has to come to the same: no lost update, no
restriction twice, nothing laid on a designation that was withdrawn meanwhile.
"""

import multiprocessing
import pickle
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from policy.restrictions import GroundKind, Restriction
from policy.words import SubjectKind
from store import tables
from store.audit import verify
from tests.life import together
from tests.life import world as worlds
from tests.life.reference import Laid, Reference
from tests.life.together import ACCOUNTS, MAINLY, MEASURES, Did, Plan, SharedClock
from tests.life.world import GROUP, MODEL, World

PROCESSES = multiprocessing.get_context("spawn")
DAY = timedelta(days=1)
SPANS = (timedelta(hours=1), DAY, 6 * DAY, 15 * DAY, 31 * DAY)
_GROUNDS = {
    GroundKind.DESIGNATION: "designation",
    GroundKind.TECHNICAL: "technical",
    GroundKind.VIOLATION: "violation",
}


@dataclass
class Row:
    """What one act wrote, as the audit log has it."""

    at: datetime
    actions: list[str] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)


@pytest.fixture
def lived(tmp_path: Path, postgres_url: str) -> Iterator[tuple[World, Reference, list[Did]]]:
    """The world after both have lived in it, the reference at its beginning, and what they did."""
    ahead = PROCESSES.Value("d", 0.0)
    clock = SharedClock(ahead)
    worlds.made(tmp_path, postgres_url).close()
    plan = Plan(tmp_path, postgres_url, seed=11, rounds=8, acts=16, spans=SPANS)
    with closing(together.opened(plan, clock, 0)) as world:
        told = Reference(
            GROUP,
            most_accounts=worlds.RATE,
            mainly={MAINLY},
            decide_for=timedelta(days=world.office.settings.appeal_days),
        )
        made = world.designate(MEASURES[0])
        told.designate(made.id, MEASURES[0], made.history[-1].at)
        meet = PROCESSES.Barrier(2)
        both = [
            PROCESSES.Process(target=together.live, args=(plan, number, ahead, meet))
            for number in (1, 2)
        ]
        for one in both:
            one.start()
        for one in both:
            one.join(together.WAIT_S)
            one.kill()
        # Whatever is no refusal of the policy's ends its process: a busy store that nobody tried
        # again, a deadlock, a document that somebody else had written.
        assert [one.exitcode for one in both] == [0, 0]
        did: list[Did] = []
        for number in (1, 2):
            did += pickle.loads((tmp_path / f"did-{number}.pickle").read_bytes())
        yield world, told, did


def written(world: World) -> dict[str, Row]:
    """By the name of an act: what it wrote, in the order of the log."""
    rows: dict[str, Row] = {}
    with world.office.store.reading() as work:
        for row in work.history.after(0, limit=1_000_000):
            tag = row.actor.partition(":")[2]
            known = rows.setdefault(tag, Row(row.at))
            known.actions.append(row.action)
            known.ids.append(row.id)
    return rows


class Telling:
    """Tells the reference what happened, in the order in which it happened."""

    def __init__(self, told: Reference, laid: dict[str, Restriction]) -> None:
        self.told = told
        self.laid = laid
        self.freed: dict[str, list[Laid]] = {}

    def tell(self, one: Did, row: Row) -> None:
        about, now = one.about, row.at
        if one.what in ("answer", "suspend", "remove") and "case.decided" not in row.actions:
            # The first of two answers: nothing follows from it yet.
            return
        getattr(self, f"_{one.what}", lambda *_: None)(one, about, row, now)

    def _seen(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        wanted = self.told.machine(
            about["account"], about["lane"], about["at"], f"model:{MODEL}", now
        )
        # A person may have been asked already: that is not the reference's to know.
        assert one.result == wanted or (one.result, wanted) == ("waiting", "asked"), one

    def _answer(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        assert self.told.answered(about["subject"], about["choice"], about["shown"], now), one

    def _suspend(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        account, ref = about["subject"], about["ref"]
        if ref.startswith("ring"):
            self.told.suspend_for_ring(account, ref, now)
        elif any(violation == ref for _, violation, _, _ in self.told.strikes):
            assert self.told.suspend_for_strikes(account, ref, now), one
        else:
            assert self.told.suspend(account, now), one

    def _remove(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.remove(about["subject"], about["author"], one.result, now)

    def _object(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.object(self._same(self.laid[about["restriction"]]), now)

    def _judge(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        contested = self.laid[about["restriction"]]
        if about["overturn"]:
            of_account = contested.subject_kind is SubjectKind.ACCOUNT
            self.told.overturn(self._same(contested), of_account=of_account, now=now)
        else:
            self.told.uphold(self._same(contested), now)

    def _protect(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.protected.add(about["account"])

    def _free(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.freed[one.result] = self.told.free(about["chosen"], now)

    def _undo(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.undo_free(self.freed.pop(about["action"]), now)

    def _pull(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.pull(*about["where"], now, lift=about["lift"])

    def _release(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.release(*about["where"], now)

    def _second(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        assert self.told.may_propose(now)
        self.told.designate(about["designation"], one.result, now)

    def _keep(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.keep(now)

    def _modify(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.modify(one.result, now)

    def _withdraw(self, one: Did, about: dict[str, Any], row: Row, now: datetime) -> None:
        self.told.withdraw(now)

    def _same(self, one: Restriction) -> Laid:
        (found,) = [
            told
            for told in self.told.laid
            if (told.subject, told.kind, told.start, told.ground)
            == (one.subject_id, one.kind, one.starts_at, _ground(one))
        ]
        return found


def _ground(one: Restriction) -> str:
    return f"{_GROUNDS[one.ground.kind]}:{one.ground.ref}"


@pytest.mark.server
def test_two_at_once_come_to_what_they_would_in_turn(
    lived: tuple[World, Reference, list[Did]],
) -> None:
    world, told, did = lived
    rows = written(world)
    laid = {one.id: one for one in world.restrictions()}
    kept = {one.tag: one for one in did if one.refused is None}
    order = [tag for tag in rows if tag in kept]
    # They did meet, and each got something done.
    assert sum(one[:2] != other[:2] for one, other in pairwise(order)) > len(order) / 4
    assert {one.what for one in kept.values()} >= {"seen", "answer", "free", "judge", "withdraw"}
    # What was refused has left no trace.
    assert not {one.tag for one in did if one.refused is not None} & set(rows)
    telling = Telling(told, laid)
    for tag in order:
        telling.tell(kept[tag], rows[tag])
    wanted = Counter((x.subject, x.kind, x.ground, x.start, x.end, x.lifted) for x in told.laid)
    assert wanted == Counter(
        (x.subject_id, x.kind.value, _ground(x), x.starts_at, x.expires_at, x.lifted_at)
        for x in laid.values()
    )
    assert max(wanted.values()) == 1
    shown = world.shown(SubjectKind.ACCOUNT, ACCOUNTS)
    assert shown == {(id_, surface): told.shown(id_, surface, world.now) for id_, surface in shown}
    _each_is_told_once(world, laid)
    report = verify(world.office.store)
    assert report.problems == ()


def _each_is_told_once(world: World, laid: dict[str, Restriction]) -> None:
    """One statement and one event for each restriction, one for each end; one answer a round."""
    with world.office.store.reading() as work:
        statements = Counter(one.restriction_id for one in work.statements.find())
        events = Counter(
            (one.body["restriction_id"], one.kind == "lifted")
            for one in work.events.after(0, limit=1_000_000)
            if one.kind != "notice"
        )
        rounds = Counter((one.case_id, one.round) for one in work.decisions.find())
        moments = list(
            work.connection.scalars(
                tables.audit_log.select()
                .with_only_columns(tables.audit_log.c.at)
                .order_by(tables.audit_log.c.seq)
            )
        )
    assert statements == Counter(laid.keys())
    lifted = [id_ for id_, one in laid.items() if one.lifted_at is not None]
    assert events == Counter([*((id_, False) for id_ in laid), *((id_, True) for id_ in lifted)])
    assert max(rounds.values()) == 1
    # Nobody acts before what they found had happened.
    assert moments == sorted(moments)
