"""The report of a period, the export for research, and what goes when its time is over."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from casework.appeal import appeal
from casework.office import Office
from casework.research import export_research
from casework.retention import Periods, apply, due
from casework.transparency import report
from casework.transparency_page import render
from policy.restrictions import Restriction
from policy.verdicts import SecondLook
from policy.words import SubjectKind
from store.audit import verify
from tests.casework.conftest import Desk, TurnedClock
from tests.casework.test_appeals import Ask, the_case, verdict
from tests.casework.test_decisions import MEMBER, YES, standing


@pytest.fixture
def laid(office: Office, desk: Desk, ask: Ask, clock: TurnedClock) -> list[Restriction]:
    """Limits by a person; one appeal upheld, one overturned, one never decided."""
    desk.answer(ask(MEMBER), YES)
    found = standing(office, MEMBER)
    for at, decision in enumerate((SecondLook.UPHOLD, SecondLook.REJECT)):
        appeal(office, found[at].id, "I only asked a question.", actor="page:appeal")
        clock.turn(days=2)
        desk.answer(the_case(office), verdict(decision), by="person:second reviewer")
    appeal(office, found[2].id, "I only asked a question.", actor="page:appeal")
    return found


def test_a_period_is_counted(office: Office, laid: list[Restriction], clock: TurnedClock) -> None:
    start = clock.now() - timedelta(days=10)
    clock.turn(days=20)
    made = report(office, start, clock.now())
    assert made.restrictions == len(laid)
    assert sum(made.by_kind.values()) == sum(made.by_language.values()) == len(laid)
    assert made.by_ground == {"designation": len(laid)}
    assert made.by_group == {"weigh-it-again": len(laid)}
    assert (made.automated_share.share, made.automated_share.posts) == (0.0, len(laid))
    assert made.by_model == {"none": len(laid)}
    assert (made.appeals_opened, made.appeals.decided, made.appeals_open) == (3, 2, 1)
    assert made.appeals.overturned.share == 0.5
    assert made.appeal_days == 2.0
    for facet in ("group", "policy", "language", "model"):
        (part,) = made.appeals_by[facet].values()
        assert (part.decided, part.overturned.posts) == (2, 2)
    assert made.appeals_by["language"].keys() == made.by_language.keys()
    # One was lifted by its appeal; one ended because nobody decided.
    assert (made.lifted, made.lapsed_undecided) == (1, 1)
    assert MEMBER not in made.model_dump_json()
    before = report(office, start - timedelta(days=9), start)
    assert (before.restrictions, before.appeals.decided, before.appeal_days) == (0, 0, None)
    with pytest.raises(ValueError, match="ends before"):
        report(office, start, start)


def test_the_page_tells_the_period_and_names_nobody(
    office: Office, laid: list[Restriction], clock: TurnedClock
) -> None:
    start = clock.now() - timedelta(days=10)
    clock.turn(days=20)
    made = report(office, start, clock.now())
    hostile = made.model_copy(update={"by_group": {"<script>alert(1)</script>": 3}})
    page = render(hostile)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert f"{len(laid)} restrictions were laid, 0 % by software" in page
    # One of two decided appeals was won; the interval is told with it.
    assert re.search(r"50 % of 2\s+<span class=\"by\">\(9 to 91 %\)", page)
    assert "src=" not in page
    assert "href=" not in page
    assert MEMBER not in page
    assert "Nothing was laid" in render(report(office, start - timedelta(days=9), start))


def test_research_gets_no_ids_and_no_words(
    office: Office, laid: list[Restriction], tmp_path: Path
) -> None:
    manifest = export_research(office, tmp_path / "one")
    again = export_research(office, tmp_path / "two")
    tables = {path.stem: pq.read_table(path) for path in (tmp_path / "one").glob("*.parquet")}
    assert {f"{name}.parquet": table.num_rows for name, table in tables.items()} == {
        name: about["rows"] for name, about in manifest["files"].items()
    }
    assert tables["restrictions"].num_rows == len(laid)
    text = json.dumps({name: table.to_pylist() for name, table in tables.items()})
    for hidden in (MEMBER, "weigh-it-again", laid[0].id, "question", "second reviewer", "T"):
        assert hidden not in text
    # Joined within one export, never between two.
    mine = set(tables["restrictions"]["subject"].to_pylist())
    other = pq.read_table(tmp_path / "two" / "restrictions.parquet")
    assert len(mine) == 1
    assert mine.isdisjoint(other["subject"].to_pylist())
    appealed = set(tables["appeals"]["restriction"].to_pylist())
    assert appealed <= set(tables["restrictions"]["restriction"].to_pylist())
    assert again["files"].keys() == manifest["files"].keys()
    with pytest.raises(FileExistsError):
        export_research(office, tmp_path / "one")


def test_what_is_past_its_time_goes_and_decisions_stay(
    office: Office, laid: list[Restriction], clock: TurnedClock
) -> None:
    periods = Periods()
    assert vars(apply(office, periods, actor="system:retention"))["evidence"] == 0
    clock.turn(days=500)
    assert due(office, periods).evidence > 0
    gone = apply(office, periods, actor="system:retention")
    assert gone.evidence == 3
    assert gone.events > 0
    assert gone.lake["posts"] > 0
    assert [*office.lake.posts()] == []
    with office.store.reading() as work:
        assert work.restrictions.find(subject_id=MEMBER) != []
        assert len(work.appeals.find()) == 3
        assert work.decisions.find() != []
        assert not any(one.evidence for one in work.cases.find(state="decided"))
        # What nobody has decided yet keeps what it is to be decided by.
        assert all(one.evidence for one in work.cases.find(state="open"))
    report_ = verify(office.store)
    assert report_.ok, report_.problems
    again = apply(office, periods, actor="system:retention")
    assert (again.evidence, again.events, again.lake) == (0, 0, {})
    assert office.store.lookups.one(SubjectKind.ACCOUNT, MEMBER, office.now()) == []
