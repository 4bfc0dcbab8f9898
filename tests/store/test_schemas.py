"""A store that an earlier version wrote, brought up from each earlier schema, on both databases.

`schemas/<revision>.json` holds the rows of such a store as that version left them: the example, an
account that was limited, two appeals decided and one open. A schema that is released gets a file.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from policy.appeals import AppealState
from store import dump, migrate
from store.audit import verify
from store.engine import WRITES, make_engine
from store.shelves import SHELVES
from store.store import Store

FIRST = "0001"
KEPT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent / "schemas" / f"{FIRST}.json").read_text()
)


def earlier() -> list[str]:
    """Every schema but the newest, oldest first."""
    steps = ScriptDirectory.from_config(migrate._config()).walk_revisions()
    return [step.revision for step in steps][:0:-1]


@pytest.mark.parametrize("revision", earlier())
def test_what_was_kept_is_read_and_verifies(
    store_url: str, anchor_path: Path, revision: str
) -> None:
    with dump.empty_database(store_url, FIRST) as connection:
        for table in dump.tables_of(connection):
            dump.fill(connection, table, map(json.dumps, KEPT["rows"][table.name]))
        dump.set_counters(connection, KEPT["counters"])
    engine = make_engine(store_url)
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        migrate.upgrade_to(connection, revision)
    engine.dispose()
    anchor_path.parent.mkdir(parents=True, exist_ok=True)
    anchor_path.write_text("".join(line + "\n" for line in KEPT["anchor"]))
    with Store.open(store_url, anchor_path) as store:
        report = verify(store)
        assert report.ok, report.problems
        with store.reading() as work:
            for shelf in SHELVES:
                kept = KEPT["rows"].get(shelf.kind, [])
                assert {shelf.id(one) for one in work.on(shelf).find()} == {
                    row["id"] for row in kept
                }
            states = [one.state for one in work.appeals.find()]
            assert sorted(states) == [
                AppealState.OPEN,
                AppealState.OVERTURNED,
                AppealState.UPHELD,
            ]
            (laid, *_) = work.restrictions.find(lifted_at=None)
            assert work.events.last() == KEPT["counters"]["events"]
        found = store.lookups.one(laid.subject_kind, laid.subject_id, laid.starts_at)
        assert laid in found
        # It is written over as any other, and still verifies.
        with store.writing("person:ada", laid.starts_at) as work:
            work.save(
                work.restrictions.need(laid.id).lift(at=laid.starts_at, why="a test of schemas"),
                action="restriction.lifted",
            )
        assert verify(store).ok
