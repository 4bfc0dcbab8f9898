"""Every rule names a clause, every name in the room is known, and the room is pure."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.assessment import Outcome
from policy.at_risk import priority
from policy.cases import CaseKind
from policy.clauses import CLAUSES, Clause
from policy.findings import Coordination
from policy.life_rules import LifeRule
from policy.lookup import visible
from policy.propose import propose
from policy.review_rules import ReviewRule
from policy.rules import RULES, Rule
from policy.technical import judge_technical
from policy.words import Nature, Surface

ROOM = Path(__file__).resolve().parents[2] / "policy"
MODULES = sorted(ROOM.glob("*.py"))
PURE = [path for path in MODULES if path.name != "settings.py"]


def test_every_clause_has_a_heading_and_says_something() -> None:
    assert len(CLAUSES) == len(Clause) == len({clause.says for clause in Clause})
    assert all(clause.heading and clause.says.endswith(".") for clause in Clause)


def test_headings_are_those_of_the_policy_and_one_of_our_own(shared: Path) -> None:
    (text,) = [path.read_text("utf-8") for path in (shared / "seed").glob("000_*.txt")]
    headings = {clause.heading for clause in Clause}
    assert {one for one in headings if one not in text} == {"Duties beyond the policy's text"}


def test_every_rule_is_named_versioned_and_stands_on_a_clause() -> None:
    assert len(RULES) == len(Rule) + len(LifeRule) + len(ReviewRule)
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d+", rule.value), rule
        assert isinstance(rule.clause, Clause)
        assert rule.says.endswith(".")


def test_every_clause_of_the_policy_is_carried_out_by_a_rule_or_laid() -> None:
    used = {rule.clause for rule in RULES.values()}
    named = "".join(path.read_text("utf-8") for path in MODULES if path.name != "clauses.py")
    unused = [clause for clause in Clause if clause not in used and clause.name not in named]
    assert unused == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_rule_named_in_the_room_is_known(path: Path) -> None:
    named = re.findall(r'"([a-z_]+\.[a-z_]+\.v\d+)"', path.read_text("utf-8"))
    assert [name for name in named if name not in RULES] == []


def test_every_rule_is_used_outside_its_list() -> None:
    code = "".join(path.read_text("utf-8") for path in MODULES if path.name != "rules.py")
    unused = [rule for rule in Rule if f"Rule.{rule.name}" not in code and rule.value not in code]
    assert unused == []


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_the_room_reads_no_clock_does_no_io_and_knows_no_ml(path: Path) -> None:
    code = path.read_text("utf-8")
    forbidden = (
        r"datetime\.now|utcnow|time\.time\(|date\.today|\bopen\(|read_text|write_text|os\.environ"
        r"|import (os|random|requests|httpx|socket|subprocess|sqlalchemy|torch|sklearn|numpy)\b"
        r"|from (os|random|requests|httpx|socket|subprocess|sqlalchemy|torch|sklearn|numpy)\b"
    )
    assert re.findall(forbidden, code) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_room_imports_no_other_room(path: Path) -> None:
    rooms = "intake|coordination|models|store|casework|labeling|serving|training|cli"
    code = path.read_text("utf-8")
    assert re.findall(rf"^(?:from|import) (?:{rooms})\b", code, re.MULTILINE) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 420


def cited(value: Any) -> Iterator[tuple[str, str]]:
    """Every `rule`, `clause` and the like, however deep in a dumped result."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("rule", "clause", "harm_clause") and isinstance(inner, str):
                yield key, inner
            elif key == "clauses":
                yield from (("clause", one) for one in inner)
            else:
                yield from cited(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from cited(inner)


@given(
    actors=st.sampled_from(["organiser", "member", "unclear"]),
    kind=st.sampled_from(list(Coordination)),
    nature=st.sampled_from([None, *Nature]),
    papers=st.integers(0, 2),
    stand=st.booleans(),
)
def test_every_result_names_a_known_rule_and_clause(
    *,
    make: Any,
    actors: str,
    kind: Coordination,
    nature: Nature | None,
    papers: int,
    stand: bool,
) -> None:
    incidents = make.grave(actors=actors)
    incidents[0] = incidents[0].model_copy(update={"sources": make.sources(*range(papers))})
    if not stand:
        incidents[1] = incidents[1].retract(at=make.now, why="taken back")
    finding = make.finding(kind=kind)
    assessment = make.assessment(
        group=make.group(nature=nature), findings=[finding], incidents=incidents
    )
    results = [assessment, judge_technical(finding)]
    if assessment.outcome is Outcome.DESIGNATE:
        proposal = propose("d1", assessment, by="model:assess", at=make.now)
        results.append(proposal.decline(by="person:lea", reason="not enough yet", at=make.now))
    results.extend(visible([make.restriction()], surface, make.now) for surface in Surface)
    results.append(priority(kind=CaseKind.SUPPORT))
    for result in results:
        names = list(cited(result.model_dump()))
        assert names
        for key, name in names:
            assert name in (RULES if key == "rule" else CLAUSES), (key, name)


def test_the_page_for_people_has_every_clause_every_rule_and_no_unknown_one() -> None:
    page = (ROOM.parent / "docs" / "policy.md").read_text("utf-8")
    assert [clause for clause in Clause if f"`{clause}`" not in page] == []
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+\.v\d+)`", page))
    assert named <= set(RULES)
    untold = [rule for rule in Rule if rule not in named and not rule.startswith("person.")]
    assert untold == []
    files = set(re.findall(r"`([a-z_]+\.py)`", page))
    here = {path.name for folder in (ROOM, Path(__file__).parent) for path in folder.glob("*.py")}
    assert files <= here
