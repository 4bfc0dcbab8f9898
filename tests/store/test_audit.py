"""The audit log: whatever is done to it past the store is found and named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from policy.groups import Group
from store.anchor import Anchor
from store.audit import AuditReport, ProblemKind, verify
from store.chain import Link
from store.store import Store
from tests.store.values import DAY, T0, case, group, restriction

ACTOR = "person:ada"
TRIGGERS = {
    "sqlite": "SELECT name, 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT DISTINCT tgname, format('DROP TRIGGER %s ON %s', tgname, tgrelid::regclass) "
        "FROM pg_trigger WHERE NOT tgisinternal"
    ),
}


def fill(store: Store) -> None:
    """Rows 1 to 6, by three transactions of two."""
    with store.writing(ACTOR, T0) as work:
        work.save(group("g1", "one"), action="group.added", why="known")
        work.save(group("g2", "two"), action="group.added")
    with store.writing(ACTOR, T0 + DAY) as work:
        work.save(case(), action="case.opened")
        work.save(restriction(), action="restriction.laid")
    with store.writing("person:bob", T0 + 2 * DAY) as work:
        work.save(work.groups.need("g1").model_copy(update={"name": "1"}), action="group.changed")
        work.save(group("g3", "three"), action="group.added")


def tamper(store: Store, *statements: str) -> None:
    """As somebody would who owns the database."""
    with store.engine.execution_options(concert_writes=True).begin() as connection:
        for _, drop in connection.execute(text(TRIGGERS[connection.dialect.name])).all():
            connection.execute(text(drop))
        for statement in statements:
            connection.execute(text(statement))


def forge(connection: Connection, first: int, actor: str) -> None:
    """Rewrite every row from `first` on so that the chain is whole again."""
    rows = connection.execute(text("SELECT * FROM audit_log ORDER BY seq")).mappings().all()
    follows = rows[first - 2]["hash"]
    for row in rows[first - 1 :]:
        at = T0 if row["seq"] < 3 else T0 + DAY if row["seq"] < 5 else T0 + 2 * DAY
        link = Link(row["seq"], at, actor, row["action"], row["kind"], row["digest"], follows)
        connection.execute(
            text("UPDATE audit_log SET actor = :a, prev_hash = :p, hash = :h WHERE seq = :s"),
            {"a": actor, "p": follows, "h": link.hash, "s": link.seq},
        )
        follows = link.hash
    connection.execute(text("UPDATE audit_head SET hash = :h"), {"h": follows})


def named(report: AuditReport) -> set[tuple[ProblemKind, int | None]]:
    return {(problem.kind, problem.seq) for problem in report.problems}


K = ProblemKind
CUT = [
    "DELETE FROM audit_log WHERE seq > 4",
    "DELETE FROM audit_payloads WHERE seq > 4",
    "UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_log WHERE seq = 4)",
]


def test_an_honest_log_verifies(store: Store) -> None:
    assert verify(store).ok
    fill(store)
    report = verify(store)
    assert report.problems == ()
    assert (report.rows, report.documents, report.erased, report.head[0]) == (6, 5, 0, 6)
    assert report.unfinished == 0


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit_log SET actor = 'person:eve' WHERE seq = 3"], {(K.CHANGED, 3)}),
        (["UPDATE audit_log SET action = 'case.closed' WHERE seq = 3"], {(K.CHANGED, 3)}),
        (["UPDATE audit_log SET kind = 'groups' WHERE seq = 3"], {(K.CHANGED, 3)}),
        (
            ["UPDATE audit_log SET at = '2026-03-01 12:00:00.123457' WHERE seq = 1"],
            {(K.CHANGED, 1)},
        ),
        (["UPDATE audit_log SET hash = digest WHERE seq = 6"], {(K.CHANGED, 6), (K.HEAD, 6)}),
        (
            ["DELETE FROM audit_log WHERE seq = 2", "DELETE FROM audit_payloads WHERE seq = 2"],
            {(K.MISSING, 2), (K.DOCUMENT_ADDED, 2)},
        ),
        (
            ["DELETE FROM audit_log WHERE seq = 5"],
            {(K.MISSING, 5), (K.PAYLOAD_ADDED, 5)},
        ),
        (
            [
                "UPDATE audit_log SET seq = -3 WHERE seq = 3",
                "UPDATE audit_log SET seq = 3 WHERE seq = 4",
                "UPDATE audit_log SET seq = 4 WHERE seq = -3",
                "UPDATE audit_payloads SET seq = -3 WHERE seq = 3",
                "UPDATE audit_payloads SET seq = 3 WHERE seq = 4",
                "UPDATE audit_payloads SET seq = 4 WHERE seq = -3",
            ],
            {(K.REORDERED, 3), (K.REORDERED, 4), (K.DOCUMENT_ADDED, 3), (K.DOCUMENT_ADDED, 4)},
        ),
        ([*CUT, "DELETE FROM groups WHERE version > 4"], {(K.CUT_OFF, 5), (K.DOCUMENT_MISSING, 1)}),
        (CUT, {(K.CUT_OFF, 5), (K.DOCUMENT_ADDED, 5), (K.DOCUMENT_ADDED, 6)}),
        (["UPDATE audit_head SET seq = 4"], {(K.HEAD, 4)}),
        (
            ["UPDATE audit_payloads SET payload = replace(payload, 'known', 'no') WHERE seq = 1"],
            {(K.PAYLOAD_CHANGED, 1)},
        ),
        (
            ["UPDATE audit_payloads SET subject = 'groups/g9' WHERE seq = 1"],
            {(K.PAYLOAD_CHANGED, 1), (K.DOCUMENT_MISSING, 1)},
        ),
        (["UPDATE audit_payloads SET salt = 'x' WHERE seq = 1"], {(K.PAYLOAD_CHANGED, 1)}),
        (["DELETE FROM audit_payloads WHERE seq = 1"], {(K.PAYLOAD_MISSING, 1)}),
        (
            ["UPDATE audit_payloads SET subject = NULL, salt = NULL, payload = NULL WHERE seq=1"],
            {(K.PAYLOAD_ERASED, 1)},
        ),
        (
            ["UPDATE groups SET doc = replace(doc, 'three', 'trees') WHERE id = 'g3'"],
            {(K.DOCUMENT_CHANGED, 6)},
        ),
        (["UPDATE restrictions SET expires_at = NULL"], {(K.DOCUMENT_CHANGED, 4)}),
        (["UPDATE restrictions SET subject_id = 'a2'"], {(K.DOCUMENT_CHANGED, 4)}),
        (["DELETE FROM restrictions"], {(K.DOCUMENT_MISSING, 4)}),
        (
            ["INSERT INTO groups (id, version, doc) SELECT 'g9', version, doc FROM groups LIMIT 1"],
            None,
        ),
    ],
)
def test_what_is_done_past_the_store_is_named(
    store: Store, statements: list[str], expected: set[tuple[ProblemKind, int]] | None
) -> None:
    fill(store)
    tamper(store, *statements)
    report = verify(store)
    assert not report.ok
    if expected is None:
        assert {problem.kind for problem in report.problems} == {K.DOCUMENT_ADDED}
        assert {problem.subject for problem in report.problems} == {"groups/g9"}
    else:
        assert named(report) == expected


def test_an_older_state_that_is_put_back_is_named(store: Store) -> None:
    fill(store)
    with store.engine.connect() as connection:
        told = connection.scalar(text("SELECT payload FROM audit_payloads WHERE seq = 1"))
    assert isinstance(told, str)
    doc = told[len('{"doc":') : told.index(',"subject"')]
    with store.engine.execution_options(concert_writes=True).begin() as connection:
        connection.execute(
            text("UPDATE groups SET doc = :doc, version = 1 WHERE id = 'g1'"), {"doc": doc}
        )
    report = verify(store)
    assert [(p.kind, p.subject) for p in report.problems] == [(K.DOCUMENT_CHANGED, "groups/g1")]
    assert "earlier state" in report.problems[0].says


def test_a_chain_that_was_made_whole_again_does_not_fit_its_anchor(store: Store) -> None:
    fill(store)
    tamper(store)
    with store.engine.execution_options(concert_writes=True).begin() as connection:
        forge(connection, 3, "person:eve")
    assert (K.CHANGED, 4) in named(verify(store))


def test_rows_that_came_past_the_store_are_named_even_when_written_on(store: Store) -> None:
    fill(store)
    with store.engine.execution_options(concert_writes=True).begin() as connection:
        row = connection.execute(text("SELECT hash, digest FROM audit_log WHERE seq = 6")).one()
        link = Link(7, T0, "person:eve", "group.added", "other", row.digest, row.hash)
        values = {"p": row.hash, "h": link.hash, "d": row.digest}
        connection.execute(
            text(
                "INSERT INTO audit_log (seq, at, actor, action, kind, digest, prev_hash, hash) "
                "VALUES (7, '2026-03-01 12:00:00.123456', 'person:eve', 'group.added', 'other', "
                ":d, :p, :h)"
            ),
            values,
        )
        connection.execute(text("UPDATE audit_head SET seq = 7, hash = :h"), {"h": link.hash})
        connection.execute(text("INSERT INTO audit_payloads (seq) VALUES (7)"))
    assert (K.ADDED, 7) in named(verify(store))
    with store.writing(ACTOR, T0) as work:
        work.save(group("g8"), action="group.added")
    assert (K.ADDED, 7) in named(verify(store))


def test_a_database_that_was_put_back_and_written_on_is_named(store: Store) -> None:
    fill(store)
    tamper(store, *CUT, "DELETE FROM groups WHERE version > 4")
    for name in ("g4", "g5", "g6"):
        with store.writing(ACTOR, T0) as work:
            work.save(group(name), action="group.added")
    assert (K.SET_BACK, 6) in named(verify(store))


def test_a_missing_anchor_is_named(store: Store) -> None:
    fill(store)
    store.anchor.path.rename(store.anchor.path.with_suffix(".old"))
    assert named(verify(store)) == {(K.ANCHOR, None)}
    with store.writing(ACTOR, T0) as work:
        work.save(group("g8"), action="group.added")
    assert named(verify(store)) == {(K.ANCHOR, 6)}
    assert verify(store, Anchor(store.anchor.path.with_suffix(".old"))).found == 1


def test_a_spoilt_anchor_is_named(store: Store) -> None:
    fill(store)
    with store.anchor.path.open("ab") as file:
        file.write(b"{}\n")
    assert named(verify(store)) == {(K.ANCHOR, None)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'person:eve'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_payloads",
        "UPDATE audit_payloads SET payload = 'x'",
        "UPDATE audit_payloads SET seq = 100 + seq, subject = NULL, salt = NULL, payload = NULL",
    ],
)
def test_the_database_itself_forbids_it(store: Store, statement: str) -> None:
    fill(store)
    with (
        store.engine.execution_options(concert_writes=True).connect() as connection,
        pytest.raises(DBAPIError, match=r"append-only|only be erased"),
    ):
        connection.execute(text(statement))
    assert verify(store).ok


def test_erasure_leaves_nothing_of_the_person_and_the_chain_stands(store: Store) -> None:
    fill(store)
    with store.writing("person:dpo", T0 + 3 * DAY) as work:
        assert work.erase(Group, "g1", why="asked to") == 2
    report = verify(store)
    assert report.problems == ()
    assert (report.rows, report.erased, report.documents) == (7, 2, 4)
    with store.reading() as work:
        assert work.groups.get("g1") is None
        assert work.history.of(Group, "g1") == []
        told = work.history.after(0)
        assert "g1" not in {entry.id for entry in told}
        assert told[6].doc == {"erased": [1, 5], "kind": "groups"}
        assert told[6].why == "asked to"
    with store.writing(ACTOR, T0 + 4 * DAY) as work:
        work.save(group("g1", "anew"), action="group.added")
    assert verify(store).ok


names = st.sampled_from(["g1", "g2", "g3"])
steps = st.lists(st.lists(st.tuples(names, st.booleans()), max_size=3), max_size=5)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    works=steps,
    column=st.sampled_from(["actor", "action", "kind", "digest", "prev_hash", "hash"]),
    data=st.data(),
)
def test_whatever_was_written_one_changed_field_is_found(
    tmp_path_factory: pytest.TempPathFactory,
    works: list[list[tuple[str, bool]]],
    column: str,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    with Store.open(f"sqlite:///{folder / 'x.db'}", folder / "anchor") as store:
        written = 0
        for ops in works:
            with store.writing(ACTOR, T0) as work:
                for name, erase in ops:
                    known = work.groups.get(name)
                    if erase:
                        # What was never told of, or is erased already, leaves no row.
                        written += work.erase(Group, name, why="a test") > 0
                    else:
                        work.save(known or group(name), action="group.saved")
                        written += 1
        report = verify(store)
        assert report.problems == ()
        assert report.rows == written
        if written:
            seq = data.draw(st.integers(1, written))
            tamper(store, f"UPDATE audit_log SET {column} = {column} || 'x' WHERE seq = {seq}")
            assert seq in {problem.seq for problem in verify(store).problems}


def test_only_so_many_problems_are_told_and_all_are_counted(store: Store, tmp_path: Path) -> None:
    fill(store)
    tamper(store, "UPDATE audit_log SET actor = 'person:eve'")
    report = verify(store, limit=2)
    assert len(report.problems) == 2
    assert report.found == 6
    seen: list[int] = []
    progress: Callable[[int], None] = seen.append
    verify(store, advance=progress)
    assert sum(seen) == 6
