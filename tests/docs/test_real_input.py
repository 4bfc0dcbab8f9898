"""The way on real posts: its files say what docs/real-input.md says they say."""

import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from policy.assess import assess_group
from policy.assessment import Assessment, Outcome
from policy.boilerplate import check_answers
from policy.findings import Finding
from policy.groups import Group
from policy.incidents import Incident
from policy.questions import FourQuestions
from policy.rules import Rule
from policy.severity import Outlook
from policy.technical import judge_technical
from policy.words import Harm, Severity

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "real-input"
TODAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


FINDINGS = [Finding(**one) for one in read("finding")]
INCIDENTS = [Incident(**one) for one in read("incidents")]
OUTLOOKS = [Outlook(**one) for one in read("outlook")]
QUESTIONS = FourQuestions(**read("questions"))


def assessed(outlooks: Iterable[Outlook]) -> Assessment:
    return assess_group(
        "assessment",
        Group(id="ira-right", name="ira-right"),
        findings=FINDINGS,
        incidents=INCIDENTS,
        now=TODAY,
        questions=QUESTIONS,
        outlooks=outlooks,
    )


def informational(made: Assessment) -> Severity:
    return next(one.severity for one in made.harms if one.harm is Harm.INFORMATIONAL)


def test_by_the_count_of_recent_harm_it_is_not_designated() -> None:
    made = assessed([])
    assert made.outcome is not Outcome.DESIGNATE
    assert made.rule == Rule.HARM_TOO_LOW
    assert informational(made) is Severity.MODERATE


def test_with_the_outlook_one_high_severity_carries_it() -> None:
    made = assessed(OUTLOOKS)
    assert made.outcome is Outcome.DESIGNATE
    assert made.rule == Rule.DESIGNATE_ONE_HIGH
    assert informational(made) is Severity.HIGH


def test_an_outlook_that_says_low_changes_it_back() -> None:
    low = [one.model_copy(update={"level": Severity.LOW}) for one in OUTLOOKS]
    assert assessed(low).rule == Rule.HARM_TOO_LOW


def test_every_incident_counts_and_the_sources_are_as_many_as_the_page_says() -> None:
    made = next(one for one in assessed(OUTLOOKS).harms if one.harm is Harm.INFORMATIONAL)
    assert made.left_out == ()
    assert made.documented.why == "6 events documented, the gravest high"
    assert made.sources.why == "11 independent credible sources, 6 of them of extreme harm"
    election = next(one for one in INCIDENTS if one.id == "ira-election-2016")
    assert election.corroboration == 6
    assert len({one.publisher for one in election.sources}) == 7


def test_one_who_takes_the_report_and_its_data_for_one_source_comes_to_the_same() -> None:
    strict = [
        one.model_copy(
            update={"sources": tuple(s for s in one.sources if "Oxford" not in s.publisher)}
        )
        for one in INCIDENTS
    ]
    made = assess_group(
        "assessment",
        Group(id="ira-right", name="ira-right"),
        findings=FINDINGS,
        incidents=strict,
        now=TODAY,
        questions=QUESTIONS,
        outlooks=OUTLOOKS,
    )
    assert made.outcome is Outcome.DESIGNATE


def test_answers_are_given_in_earnest_and_cite_what_is_there() -> None:
    check_answers(QUESTIONS)
    known = {one.id for one in FINDINGS} | {one.id for one in INCIDENTS}
    cited = [
        evidence
        for answer in vars(QUESTIONS).values()
        for evidence in getattr(answer, "evidence_ids", ())
    ]
    assert set(cited) <= known
    assert {one for view in OUTLOOKS for one in view.evidence_ids} <= known


def test_the_findings_enforce_nothing_by_themselves() -> None:
    assert not any(judge_technical(one).proven for one in FINDINGS)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "prepare.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_script_names_what_is_missing(tmp_path: Path) -> None:
    done = run(str(tmp_path / "nowhere"), str(tmp_path / "out"))
    assert done.returncode == 1
    assert "no such file" in done.stderr
    assert "troll_posts.parquet" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def prepared(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "input"
    done = run(str(shared / "data"), str(out))
    assert done.returncode == 0, done.stderr
    return out


def test_the_posts_are_few_and_as_the_data_have_them(prepared: Path, shared: Path) -> None:
    posts = pd.read_parquet(prepared / "posts.parquet")
    of = pd.read_parquet(shared / "data" / "troll_posts.parquet").columns
    assert list(posts.columns) == list(of)
    assert posts["post_id"].is_unique
    accounts = posts.groupby("group")["author"].nunique().to_dict()
    assert accounts == {
        "RightTroll": 45,
        "Control_GOPdebate": 50,
        "Control_IPLcricket": 50,
        "Control_ISIStopic": 50,
    }
    own = posts["group"] == "RightTroll"
    assert posts[own]["author"].value_counts().between(20, 30).all()
    assert posts[~own]["author"].value_counts().between(5, 15).all()


def test_the_dossier_names_ten_of_the_accounts(prepared: Path) -> None:
    (group,) = [Group(**one) for one in json.loads((prepared / "group.json").read_text())]
    posts = pd.read_parquet(prepared / "posts.parquet")
    own = set(posts.loc[posts["group"] == "RightTroll", "author"])
    assert group.id == "ira-right"
    assert len(group.seeds) == 10
    assert set(group.seeds) < own
    assert group.narratives
    assert group.decisions == ()


def test_the_same_data_give_the_same_files(prepared: Path, shared: Path, tmp_path: Path) -> None:
    run(str(shared / "data"), str(tmp_path))
    for name in ("posts.parquet", "group.json"):
        assert (tmp_path / name).read_bytes() == (prepared / name).read_bytes()
