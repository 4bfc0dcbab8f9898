"""How far a reviewer's measured accuracy lies from how often they were right, by chance alone.

    python -m bench.review_quality [--worlds 2000] [--cases 200] [--checked 10]

Worlds made up as the test of review makes them (tests/labeling/world.py): the same kinds of case in
the same numbers, the same five people, two answers to some cases and a lead's where two differ; who
answers is drawn. What is true of a case is there an estimate, so accuracy is off even where every
answer is known. Printed for each person: the quantiles of measured minus realised.

The estimate is that of casework.quality, without its pandas: the same steps of Dawid and Skene's
one-coin model in numpy, a hundred times as fast. The first worlds are measured by casework.quality
too, and must come out the same.
"""

import argparse
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from casework.answers import GivenAnswer
from casework.quality import accuracy_of
from policy.cases import CaseKind
from tests.labeling.people import MAIN, Persona
from tests.labeling.world import LEADS, PEOPLE, SHARE

GOLD = 8
"""Items that the test makes; each is asked about once."""
_TOL = 1e-5
_EPS = 1e-10
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
out = Console()

Floats = NDArray[np.float64]


def cases_of(count: int) -> Iterator[tuple[CaseKind, int, bool]]:
    """Kind, number and whether it is gold, in the test's proportions."""
    suspensions, posts, findings = count // 20, count // 10, count // 5
    accounts = count - suspensions - posts - findings
    for kind, many in (
        (CaseKind.ASSOCIATION, accounts),
        (CaseKind.POST_HARM, posts),
        (CaseKind.COORDINATION, findings),
        (CaseKind.SUSPENSION, suspensions),
    ):
        yield from ((kind, number, False) for number in range(many))
    yield from ((CaseKind.ASSOCIATION, number, True) for number in range(GOLD))


def answers_in_one_world(
    rng: random.Random, count: int
) -> tuple[list[GivenAnswer], dict[str, float]]:
    """All answers, and how often each person was right in those that accuracy counts."""
    given: list[GivenAnswer] = []
    right: dict[str, list[bool]] = defaultdict(list)
    for kind, number, gold in cases_of(count):
        case_id = f"case_{rng.getrandbits(64):016x}"
        true = kind is CaseKind.SUSPENSION or number % 2 == 0
        said: list[tuple[Persona, str]] = []

        def ask(
            among: list[Persona],
            case_id: str = case_id,
            yes: str = MAIN[kind][true],
            no: str = MAIN[kind][not true],
            said: list[tuple[Persona, str]] = said,
        ) -> None:
            who = rng.choice(among)
            said.append((who, yes if who.is_right(case_id) else no))

        ask(list(PEOPLE))
        drawn = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8]) / 2**64 < SHARE
        always = kind is CaseKind.SUSPENSION or said[0][1] == "require_removal"
        if not gold and (always or drawn):
            ask([one for one in PEOPLE if one is not said[0][0]])
            if said[0][1] != said[1][1]:
                asked = {one.email for one, _ in said}
                ask([one for one in PEOPLE if one.person in LEADS and one.email not in asked])
        for round_, (who, answer) in enumerate(said, start=1):
            given.append(
                GivenAnswer(
                    case_id=case_id,
                    kind=kind,
                    round=round_,
                    by=who.person,
                    answer=answer,
                    at=BEGUN + timedelta(minutes=len(given)),
                    lead_time_s=None,
                    gold=gold,
                    expected=MAIN[kind][true] if gold else None,
                    ended=True,
                )
            )
            if round_ < 3 and (gold or len(said) > 1):
                right[who.person].append(who.is_right(case_id))
    return given, {by: sum(all_) / len(all_) for by, all_ in right.items()}


def accuracies(given: list[GivenAnswer]) -> dict[str, float]:
    """What casework.quality measures of each person, by arrays."""
    judged: dict[str, list[bool]] = defaultdict(list)
    for kind in MAIN:
        of_kind = [one for one in given if one.kind is kind]
        truth = most_likely(of_kind)
        for one in of_kind:
            true = one.expected if one.expected is not None else truth.get(one.case_id)
            if one.independent and true is not None:
                judged[one.by].append(one.answer == true)
    return {by: sum(all_) / len(all_) for by, all_ in judged.items()}


def most_likely(given: list[GivenAnswer]) -> dict[str, str]:
    """The most likely true answer of each case that several answered: EM, as crowd-kit runs it."""
    times = Counter(one.case_id for one in given)
    telling = [one for one in given if times[one.case_id] > 1]
    if not telling:
        return {}
    ids, task = np.unique([one.case_id for one in telling], return_inverse=True)
    people, who = np.unique([one.by for one in telling], return_inverse=True)
    words, said = np.unique([one.answer for one in telling], return_inverse=True)
    chosen = np.eye(len(words))[said]
    answered = np.bincount(task, minlength=len(ids))[:, None]

    def by_task(values: Floats) -> Floats:
        return np.stack(
            [np.bincount(task, values[:, at], len(ids)) for at in range(len(words))], axis=1
        )

    def errors(probable: Floats) -> Floats:
        right = probable[task, said]
        skill = (np.bincount(who, right, len(people)) / np.bincount(who, minlength=len(people)))[
            who
        ]
        wrong = (1 - skill) / max(len(words) - 1, 1)
        return np.clip(np.where(chosen > 0, skill[:, None], wrong[:, None]), _EPS, 1 - _EPS)

    probable = by_task(chosen) / answered
    logs, prior, before = np.log(errors(probable)), probable.mean(axis=0), -np.inf
    for _ in range(100):
        likely = np.log(np.maximum(prior, _EPS)) + by_task(logs)
        probable = np.exp(likely - likely.max(axis=1, keepdims=True))
        probable /= probable.sum(axis=1, keepdims=True)
        logs, prior = np.log(errors(probable)), probable.mean(axis=0)
        kept = np.maximum(probable, _EPS)
        bound = (probable[task] * (logs + np.log(np.maximum(prior, _EPS)))).sum()
        bound = (bound - (np.log(kept) * kept).sum()) / len(telling)
        if bound - before < _TOL:
            break
        before = bound
    best = probable.argmax(axis=1)
    return {str(id_): str(words[at]) for id_, at in zip(ids, best, strict=True)}


def main() -> None:
    """Make worlds, measure, and print what chance alone does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=2_000)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--checked", type=int, default=10, help="worlds that are measured twice")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    off: dict[str, list[float]] = defaultdict(list)
    told_apart = 0
    for world in track(range(asked.worlds), console=Console(stderr=True)):
        given, realised = answers_in_one_world(rng, asked.cases)
        measured = accuracies(given)
        if world < asked.checked:
            theirs = {by: one.share for by, one in accuracy_of(given).items() if one is not None}
            assert theirs == measured, f"world {world}: {theirs} and {measured}"
        for by, share in measured.items():
            off[by].append(share - realised[by])
        told_apart += measured[PEOPLE[0].person] > measured[PEOPLE[-1].person]
    out.print(f"{asked.worlds:,} worlds of {asked.cases} cases: measured minus realised accuracy")
    for who in PEOPLE:
        found = np.quantile(off[who.person], [0.0005, 0.01, 0.5, 0.99, 0.9995])
        shown = "  ".join(f"{one:+.3f}" for one in found)
        out.print(f"{who.email:<22}{who.right:>5.2f}   {shown}", highlight=False)
    worst = [max(abs(off[one.person][n]) for one in PEOPLE) for n in range(asked.worlds)]
    mean = [sum(abs(off[one.person][n]) for one in PEOPLE) / 5 for n in range(asked.worlds)]
    for quantile in (0.5, 0.9, 0.99, 0.999):
        worst_at, mean_at = np.quantile(worst, quantile), np.quantile(mean, quantile)
        out.print(
            f"quantile {quantile}: the worst of five {worst_at:.3f}, their mean {mean_at:.3f}"
        )
    out.print(f"the best was above the worst in {told_apart / asked.worlds:.4f}")


if __name__ == "__main__":
    main()
