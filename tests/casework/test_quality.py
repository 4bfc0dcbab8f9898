"""Agreement, reviewers' accuracy, drift, mistaken answers and the export of them all."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.agreement import krippendorff
from casework.answers import GivenAnswer
from casework.decisions_export import export_decisions
from casework.label_errors import FEWEST, find_label_errors, send_back
from casework.office import Office
from casework.quality import RECENT, drift_of, measure_quality
from casework.queue import queue_state
from intake.errors import FileError
from intake.lake import Lake
from policy.cases import Case, CaseKind, CaseState, Decision
from policy.settings import Settings
from policy.verdicts import AssociationVerdict, PostHarmVerdict, SupportVerdict, main_answer
from policy.words import SubjectKind
from store.store import Store
from store.work import Writing
from training.decisions import decided_accounts, harm_rows, load_decisions
from training.rows import DataError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A = CaseKind.ASSOCIATION


class Still:
    def now(self) -> datetime:
        return NOW + timedelta(days=30)


@pytest.fixture
def office(store_url: str, tmp_path: Path) -> Iterator[Office]:
    settings_ = Settings(home=tmp_path / "home", database_url=store_url, _env_file=None)
    made = Office(settings_, Store.open(settings_), Lake(settings_.lake), Still())
    yield made
    made.close()


# Alpha

WORDS = st.sampled_from(["yes", "no", "unsure"])


@given(st.lists(st.lists(WORDS, min_size=2, max_size=3), min_size=2, max_size=12))
@settings(max_examples=40, deadline=None)
def test_alpha_is_the_librarys(units: list[list[str]]) -> None:
    from crowdkit.metrics.data import alpha_krippendorff

    found = krippendorff(units, resamples=10).alpha
    frame = pd.DataFrame(
        [
            (str(task), str(who), label)
            for task, answers in enumerate(units)
            for who, label in enumerate(answers)
        ],
        columns=["task", "worker", "label"],
    )
    if found is None:
        assert frame["label"].nunique() == 1
        return
    assert found == pytest.approx(alpha_krippendorff(frame))


@pytest.mark.parametrize(
    ("units", "alpha"),
    [
        ([], None),
        ([["yes"], ["no"]], None),
        ([["yes", "yes"], ["yes", "yes"]], None),
        ([["yes", "yes"], ["no", "no"]], 1.0),
        ([["yes", "no"], ["no", "yes"]], -0.5),
    ],
)
def test_alpha_of_plain_cases(units: list[list[str]], alpha: float | None) -> None:
    assert krippendorff(units).alpha == (None if alpha is None else pytest.approx(alpha))


def test_the_interval_holds_alpha_and_narrows() -> None:
    rng = random.Random(3)
    units = [
        [rng.choice(["yes", "no"])] * 2 if rng.random() < 0.8 else ["yes", "no"] for _ in range(400)
    ]
    few, many = krippendorff(units[:40]), krippendorff(units)
    for one in (few, many):
        assert one.low is not None
        assert one.high is not None
        assert one.alpha is not None
        assert one.low <= one.alpha <= one.high
    assert many.high - many.low < few.high - few.low  # type: ignore[operator]


# Reviewers

SKILL = {"ana": 0.97, "ben": 0.92, "cleo": 0.9, "dora": 0.8, "eve": 0.6}


def simulated(cases: int) -> tuple[list[Case], list[Decision]]:
    rng = random.Random(7)
    asked, given_ = [], []
    for n in range(cases):
        truth = rng.choice(["associated", "not_associated"])
        case = Case(
            id=f"case_{n:04}",
            kind=A,
            subject_kind=SubjectKind.ACCOUNT,
            subject_id=f"account_{n}",
            group_id="g1",
            state=CaseState.DECIDED,
            round=3,
            # The model is mostly right, and says so with what it is unsure of in between.
            probability=min(max(rng.gauss(0.9 if truth == "associated" else 0.1, 0.1), 0), 1),
            opened_at=NOW,
            lapses_at=NOW + timedelta(days=14),
            rule="routing.association.review.v1",
            evidence={"posts": [{"post_id": f"p{n}", "account": f"account_{n}", "text": "hear"}]},
            sampling=0.5,
        )
        answers = []
        for at, who in enumerate(rng.sample(list(SKILL), 3), start=1):
            wrong = "associated" if truth == "not_associated" else "not_associated"
            answer = truth if rng.random() < SKILL[who] else wrong
            answers.append(answer)
            given_.append(decision(case, at, who, answer, spent=10.0 * at))
        asked.append(case.model_copy(update={"answer": answers[-1], "settled_by": "test.rule.v1"}))
    return asked, given_


def decision(case: Case, round_: int, who: str, answer: str, *, spent: float) -> Decision:
    use = "no" if answer == "associated" else None
    verdict = AssociationVerdict(association=answer, primary_use=use, reason="as it is")
    return Decision(
        id=f"decision_{case.id}_{round_}",
        case_id=case.id,
        round=round_,
        decided_by=f"person:{who}",
        at=NOW + timedelta(minutes=int(case.id[-4:])),
        answer=answer,
        details=verdict.model_dump(mode="json"),
        source=f"test:{case.id}:{round_}",
        lead_time_s=spent,
    )


def keep(office: Office, asked: list[Case], given_: list[Decision]) -> None:
    def do(work: Writing) -> None:
        work.save_all(asked, action="case.opened")
        work.save_all(given_, action="decision.taken")

    office.store.transact(do, actor="system:test", now=office.now())


def test_quality_is_what_was_simulated(office: Office) -> None:
    keep(office, *simulated(400))
    found = measure_quality(office)
    by = {one.by.removeprefix("person:"): one for one in found.reviewers}
    assert set(by) == set(SKILL)
    ranked = sorted(by, key=lambda who: -by[who].skill[A])
    assert ranked[-2:] == ["dora", "eve"]
    for who, skill in SKILL.items():
        accuracy = by[who].accuracy
        assert accuracy is not None
        # Truth is itself estimated, from two independent answers to each case.
        assert accuracy.share == pytest.approx(skill, abs=0.12), who
    assert by["ana"].median_s in {10.0, 20.0, 30.0}
    alpha = found.agreement["association"].alpha
    agree = np.mean([x * y + (1 - x) * (1 - y) for x in SKILL.values() for y in SKILL.values()])
    assert alpha == pytest.approx(2 * agree - 1, abs=0.12)
    # The same in the state of the queue, which does not load the model.
    assert queue_state(office).agreement == found.agreement


def test_a_reviewer_who_drifts_is_told_from_one_who_does_not() -> None:
    steady = [n % 10 != 0 for n in range(120)]
    fallen = [*steady[:90], *[n % 2 == 0 for n in range(RECENT)]]
    risen = [*[n % 2 == 0 for n in range(90)], *[True] * RECENT]
    drifts = [drift_of(one) for one in (steady, fallen, risen, steady[: 2 * RECENT - 1])]
    assert [one and one.drifted for one in drifts] == [False, True, False, None]


def test_nobody_has_answered_yet(office: Office) -> None:
    assert measure_quality(office).reviewers == ()


def test_a_leads_answer_is_not_an_independent_one() -> None:
    about = {"case_id": "c", "kind": A, "by": "p", "answer": "x", "at": NOW, "lead_time_s": None}
    third = GivenAnswer(**about, round=3, gold=False, expected=None, ended=True)
    assert not third.independent


# Mistaken answers


def test_answers_that_look_mistaken_go_to_another_person_once(office: Office) -> None:
    asked, given_ = simulated(120)
    right = [one for one in asked if (one.probability or 0) > 0.5]
    rows = []
    for one in asked:
        sure = "associated" if one in right else "not_associated"
        rows.append(one.model_copy(update={"answer": sure, "round": 1}))
    wrong = next(at for at, one in enumerate(rows) if (one.probability or 0) > 0.97)
    rows[wrong] = rows[wrong].model_copy(update={"answer": "not_associated"})
    firsts = [decision(one, 1, "ana", one.answer or "", spent=5.0) for one in rows]
    keep(office, rows, firsts)
    assert len(given_) == 360
    found = find_label_errors(office)
    assert [one.case_id for one in found] == [rows[wrong].id]
    assert (found[0].answer, found[0].likelier) == ("not_associated", "associated")
    assert (send_back(office, found), send_back(office, found)) == (1, 0)
    with office.store.reading() as work:
        [again] = work.cases.find(state=CaseState.OPEN.value)
    assert (again.ref, again.not_by) == (found[0].decision_id, ("person:ana",))
    assert (again.rule, again.sampling) == ("review.label_error.v1", 0.5)


def on_posts(kind: CaseKind, cases: int) -> tuple[list[Case], list[Decision]]:
    """Posts about which the model and people say the same, half of them yes."""
    asked, given_ = [], []
    for n in range(cases):
        yes = n % 2 == 0
        likely = 0.9 - n / 1000 if yes else 0.1 + n / 1000
        case = Case(
            id=f"case_{n:04}",
            kind=kind,
            subject_kind=SubjectKind.POST,
            subject_id=f"p{n}",
            state=CaseState.DECIDED,
            probability=likely,
            opened_at=NOW,
            lapses_at=NOW + timedelta(days=14),
            rule="routing.harm.review.v1",
            evidence={
                "post": {"post_id": f"p{n}", "text": "hear"},
                # Nobody ever found spam: nothing can be told of it.
                "opinion": {"policies": {"hate": likely, "spam": 0.5}},
            },
        )
        given_.append(said(case, yes))
        asked.append(case.model_copy(update={"answer": given_[-1].answer}))
    return asked, given_


def said(case: Case, yes: bool, who: str = "ana", round_: int = 1) -> Decision:
    verdict: PostHarmVerdict | SupportVerdict
    if case.kind is CaseKind.SUPPORT:
        verdict = SupportVerdict(support="offer_support" if yes else "no_sign")
    else:
        verdict = PostHarmVerdict(policies={"hate": "low"} if yes else {}, reason="as it reads")
    return Decision(
        id=f"decision_{case.id}_{round_}",
        case_id=case.id,
        round=round_,
        decided_by=f"person:{who}",
        at=NOW,
        answer=main_answer(verdict),
        details=verdict.model_dump(mode="json"),
        source=f"test:{case.id}:{round_}",
    )


@pytest.mark.parametrize(
    ("kind", "answer", "likelier"),
    [
        (CaseKind.POST_HARM, "not hate", "hate"),
        (CaseKind.SUPPORT, "no_sign", "offer_support"),
    ],
)
def test_mistaken_answers_on_posts_are_found_and_looked_at_once(
    office: Office, kind: CaseKind, answer: str, likelier: str
) -> None:
    asked, given_ = on_posts(kind, 2 * FEWEST + 4)
    given_[0] = said(asked[0], yes=False)
    asked[0] = asked[0].model_copy(update={"answer": given_[0].answer})
    keep(office, asked, given_)
    found = find_label_errors(office)
    assert [(one.case_id, one.answer, one.likelier) for one in found] == [
        (asked[0].id, answer, likelier)
    ]
    assert send_back(office, found) == 1
    with office.store.reading() as work:
        [again] = work.cases.find(state=CaseState.OPEN.value)
    assert (again.kind, again.ref, again.not_by) == (kind, given_[0].id, ("person:ana",))
    assert "opinion" not in again.evidence
    # Another person says the same: then it is the model that is mistaken.
    second = said(again, yes=False, who="ben")
    ended = again.model_copy(update={"state": CaseState.DECIDED, "answer": second.answer})
    office.store.transact(
        lambda work: (
            work.cases.need(again.id),
            work.save(ended, action="case.decided"),
            work.save(second, action="decision.taken"),
        ),
        actor="system:test",
        now=office.now(),
    )
    assert find_label_errors(office) == []


def test_with_few_answers_nothing_looks_mistaken(office: Office) -> None:
    asked, _ = simulated(FEWEST)
    keep(office, asked, [])
    assert find_label_errors(office) == []


# The export, and what training takes of it


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_every_answer_is_exported_without_a_cap(
    office: Office, tmp_path: Path, ending: str
) -> None:
    asked, given_ = simulated(400)
    gold = asked[0].model_copy(update={"gold": "gold_1"})
    keep(office, [gold, *asked[1:]], given_)
    path = tmp_path / f"decisions.{ending}"
    heard = []
    wrote = export_decisions(office, path, progress=lambda *told: heard.append(told))
    assert wrote == len(given_) - 3 == 1197
    assert heard[-1] == ("answers", 1197, 1200)
    rows = (
        pq.read_table(path).to_pylist()
        if ending == "parquet"
        else [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    )
    [row] = [row for row in rows if row["decision_id"] == "decision_case_0001_2"]
    assert row["by"] in {f"person:{who}" for who in SKILL}
    assert (row["lane"], row["blind"], row["sampling"]) == ("review", True, 0.5)
    assert row["case_answer"] == asked[1].answer
    settled = load_decisions(path)
    assert len(settled) == 399
    accounts = decided_accounts(path)
    assert len(accounts) == 399
    members = [one for one in accounts if one.group == "decisions:g1"]
    assert len(members) == sum(one.answer == "associated" for one in asked[1:])
    assert all(one.crowd == "Control_decisions" for one in accounts if one.group is None)
    assert harm_rows(path).empty


def test_another_ending_is_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"\.parquet or \.jsonl"):
        export_decisions(office, tmp_path / "decisions.csv")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.parquet", None, "is not there"),
        ("torn.parquet", b"PAR1", "is no export"),
        ("other.jsonl", b'{"x": 1}\n', "lacks the columns"),
    ],
)
def test_what_is_no_export_is_named(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        load_decisions(path)
