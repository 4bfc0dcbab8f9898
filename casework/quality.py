"""The quality of review: agreement by kind, and each reviewer's accuracy, drift and time.

What is most likely true of a case that several people answered is told by the one-coin model of
Dawid and Skene (1979), by crowd-kit: answers weighed by how right whoever gave them is. A lead who
settles a difference is a voice on what is true and is not judged by it. Of gold it is known.
"""

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import median

from pydantic import Field

from casework.agreement import Agreement, by_kind
from casework.answers import GivenAnswer, given_answers
from casework.office import Office
from policy.cases import CaseKind
from policy.scores import Share
from policy.use import wilson
from policy.words import Value

RECENT = 30
"""So many of somebody's last judged answers are held against all that they gave before."""
DRIFTED = 0.01
"""Below this probability of chance (Fisher's exact test, one-sided), somebody has drifted."""


class Drift(Value):
    """Whether somebody has become less accurate."""

    before: Share
    recent: Share
    p: float
    """How likely so large a fall is by chance."""
    drifted: bool


class ReviewerQuality(Value):
    """What is known of one reviewer's answers."""

    by: str
    answers: int
    accuracy: Share | None
    """Answers that are the most likely true one, of those that others answered too or are gold."""
    skill: dict[CaseKind, float] = Field(default_factory=dict)
    """By kind: the model's own estimate of how often they are right."""
    gold: Share | None
    """Gold answered right; None where they were asked none."""
    median_s: float | None
    """Half of their answers took less time than this."""
    drift: Drift | None
    """None with too few answers to tell."""


class Quality(Value):
    """The quality of all review so far."""

    agreement: dict[str, Agreement]
    """By kind, over answers that were given independently, gold left out."""
    reviewers: tuple[ReviewerQuality, ...]


def measure_quality(office: Office) -> Quality:
    """Measure agreement, and every reviewer. Takes seconds: the model is loaded here."""
    with office.store.reading() as work:
        answers = list(given_answers(work))
    truth, skills = _most_likely(answers)
    by_person: dict[str, list[GivenAnswer]] = defaultdict(list)
    for one in answers:
        by_person[one.by].append(one)
    return Quality(
        agreement=agreement_of(answers),
        reviewers=tuple(
            _reviewer(by, given, truth, skills.get(by, {}))
            for by, given in sorted(by_person.items())
        ),
    )


def accuracy_of(answers: Sequence[GivenAnswer]) -> dict[str, Share | None]:
    """Each person's accuracy, as `ReviewerQuality` has it."""
    truth, _ = _most_likely(answers)
    people = {one.by for one in answers}
    return {by: _share(_judged([one for one in answers if one.by == by], truth)) for by in people}


def agreement_of(answers: Iterable[GivenAnswer]) -> dict[str, Agreement]:
    """Krippendorff's alpha by kind. `answers` come by case, as `given_answers` gives them."""
    units: dict[str, list[list[str]]] = defaultdict(list)
    counted = (one for one in answers if one.independent and not one.gold)
    for (kind, _), given in groupby(counted, key=lambda one: (one.kind.value, one.case_id)):
        units[kind].append([one.answer for one in given])
    return by_kind(units)


def _most_likely(
    answers: Sequence[GivenAnswer],
) -> tuple[dict[str, str], dict[str, dict[CaseKind, float]]]:
    """The most likely true answer by case, and each person's skill by kind."""
    truth: dict[str, str] = {}
    skills: dict[str, dict[CaseKind, float]] = defaultdict(dict)
    for kind in CaseKind:
        labels, skill = _dawid_skene([one for one in answers if one.kind is kind])
        truth |= labels
        for by, value in skill.items():
            skills[by][kind] = value
    return truth, skills


def _dawid_skene(answers: Sequence[GivenAnswer]) -> tuple[dict[str, str], dict[str, float]]:
    """The most likely true answer of each case that tells something, and each person's skill."""
    known = {one.case_id: one.expected for one in answers if one.expected is not None}
    times = Counter(one.case_id for one in answers)
    telling = [one for one in answers if times[one.case_id] > 1]
    if not telling:
        return known, {}
    import pandas as pd
    from crowdkit.aggregation import OneCoinDawidSkene

    frame = pd.DataFrame(
        [(one.case_id, one.by, one.answer) for one in telling],
        columns=["task", "worker", "label"],
    )
    with warnings.catch_warnings():
        # crowd-kit speaks to pandas in words that pandas 4 will not know; 3 still does.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        model = OneCoinDawidSkene(n_iter=100).fit(frame)
    if model.labels_ is None or model.skills_ is None:
        return known, {}
    labels = {str(case): str(label) for case, label in model.labels_.items()}
    return labels | known, {str(by): float(skill) for by, skill in model.skills_.items()}


def _reviewer(
    by: str,
    given: Sequence[GivenAnswer],
    truth: Mapping[str, str],
    skill: dict[CaseKind, float],
) -> ReviewerQuality:
    judged = _judged(given, truth)
    gold = [one.answer == one.expected for one in given if one.expected is not None]
    spent = [one.lead_time_s for one in given if one.lead_time_s is not None]
    return ReviewerQuality(
        by=by,
        answers=len(given),
        accuracy=_share(judged),
        skill=skill,
        gold=_share(gold),
        median_s=median(spent) if spent else None,
        drift=drift_of(judged),
    )


def _judged(given: Sequence[GivenAnswer], truth: Mapping[str, str]) -> list[bool]:
    """Whether each answer of one person was right, of those that can be told, oldest first."""
    return [
        one.answer == truth[one.case_id]
        for one in sorted(given, key=lambda one: one.at)
        if one.independent and one.case_id in truth
    ]


def drift_of(judged: Sequence[bool]) -> Drift | None:
    """Whether the last answers are less often right than those before; None with too few."""
    before, recent = judged[:-RECENT], judged[-RECENT:]
    if len(before) < RECENT:
        return None
    from scipy.stats import fisher_exact

    table = [[sum(part), len(part) - sum(part)] for part in (recent, before)]
    p = float(fisher_exact(table, alternative="less").pvalue)
    return Drift(
        before=wilson(sum(before), len(before)),
        recent=wilson(sum(recent), len(recent)),
        p=p,
        drifted=p < DRIFTED,
    )


def _share(right: Sequence[bool]) -> Share | None:
    return wilson(sum(right), len(right)) if right else None
