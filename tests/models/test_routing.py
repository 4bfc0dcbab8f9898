"""Lanes have no gap, guarantees hold, and whoever may only be judged by a person is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from models.routing import (
    ASSOCIATION_ACT,
    ASSOCIATION_DISMISS,
    ASSOCIATION_NOVEL,
    ASSOCIATION_REVIEW,
    ASSOCIATION_SHUT,
    ASSOCIATION_UNCALIBRATED,
    HARM_ACT,
    HARM_DISMISS,
    HARM_LANGUAGE,
    HARM_NOVEL,
    HARM_REVIEW,
    HARM_UNCALIBRATED,
    Opened,
    Shut,
    Thresholds,
    act_threshold,
    dismiss_threshold,
    open_act_lane,
    route_association,
    route_post,
    rows_needed,
    within_budget,
)
from policy.at_risk import post_priority
from policy.scores import PostScore
from policy.words import Harm, Lane, Policy

unit = st.floats(0, 1, allow_nan=False)


@given(st.one_of(st.none(), unit), st.one_of(st.none(), unit), unit)
def test_every_likelihood_has_one_lane(
    first: float | None, second: float | None, likelihood: float
) -> None:
    if first is not None and second is not None and first > second:
        first, second = second, first
    lanes = Thresholds(dismiss=first, act=second)
    sure = second is not None and likelihood >= second
    away = first is not None and likelihood < first
    expected = Lane.ACT if sure else Lane.DISMISS if away else Lane.REVIEW
    assert lanes.lane(likelihood) is expected


@given(unit, unit, unit, unit)
def test_a_higher_likelihood_is_never_a_lower_lane(a: float, b: float, c: float, d: float) -> None:
    low, high = sorted((a, b))
    lanes = Thresholds(dismiss=low, act=high)
    order = [Lane.DISMISS, Lane.REVIEW, Lane.ACT]
    less, more = sorted((c, d))
    assert order.index(lanes.lane(less)) <= order.index(lanes.lane(more))


def test_thresholds_that_cross_are_refused() -> None:
    with pytest.raises(ValueError, match="dismiss <= act"):
        Thresholds(act=0.2, dismiss=0.3)


@pytest.mark.parametrize(
    ("precision", "confidence", "rows"), [(0.95, 0.95, 59), (0.99, 0.95, 299), (0.95, 0.9, 45)]
)
def test_rows_needed(precision: float, confidence: float, rows: int) -> None:
    assert rows_needed(precision, confidence) == rows
    assert precision**rows <= 1 - confidence < precision ** (rows - 1)


def test_a_lane_opens_on_enough_decisions_without_an_error() -> None:
    lane = open_act_lane([(0.8 + at / 300, True) for at in range(45)])
    assert isinstance(lane, Opened)
    assert (lane.threshold, lane.rows, lane.errors) == (0.8, 45, 0)


@pytest.mark.parametrize(
    ("decisions", "reason"),
    [
        ([], "0 decisions; 45"),
        ([(0.9, True)] * 44, "44 decisions; 45"),
        ([(0.81 + at / 300, at != 40) for at in range(45)], "1 of the surest 45 were wrong"),
        ([(0.02 + at / 1000, True) for at in range(99)], "99 are on accounts less likely than 0.8"),
        ([(0.79, True)] * 100, "0 decisions; 45"),
        ([(0.9, True)] * 40 + [(0.9, False)] * 40, "were wrong"),
    ],
)
def test_a_lane_stays_shut_with_a_reason(decisions: list[tuple[float, bool]], reason: str) -> None:
    lane = open_act_lane(decisions)
    assert isinstance(lane, Shut)
    assert reason in lane.reason


@given(st.lists(st.tuples(unit, st.booleans()), min_size=45, max_size=200), unit)
def test_no_act_without_four_times_likelier_than_not(
    decisions: list[tuple[float, bool]], probability: float
) -> None:
    lane = open_act_lane(decisions)
    if isinstance(lane, Opened):
        assert lane.threshold >= 0.8
    low = Opened(threshold=0.02, precision=0.95, confidence=0.9, rows=60, errors=0)
    routed, _ = route_association(
        probability, thresholds=Thresholds(dismiss=0.01), group_lane=low, calibrated=True
    )
    assert (routed is Lane.ACT) is (probability >= 0.8)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.8, 0.9]), st.booleans()), max_size=300))
def test_what_opens_has_its_bound(pairs: list[tuple[float, bool]]) -> None:
    lane = act_threshold(pairs, precision=0.8, confidence=0.9)
    if isinstance(lane, Opened):
        inside = [so for said, so in pairs if said >= lane.threshold]
        assert (len(inside), inside.count(False)) == (lane.rows, lane.errors)
        # Clopper and Pearson's lower bound, the plain reference, is above the target.
        lower = beta.ppf(0.1, len(inside) - lane.errors, lane.errors + 1)
        assert lower >= 0.8 - 1e-9


def test_the_guarantee_holds_over_many_draws() -> None:
    """Of lanes opened on a model that is right as often as it says, at most a tenth and noise
    have a true precision below the target."""
    rng = np.random.default_rng(7)
    broken, opened = 0, 0
    for _ in range(400):
        said = rng.beta(2, 1, size=300)
        so = rng.random(300) < said
        lane = act_threshold(
            [(float(p), bool(y)) for p, y in zip(said, so, strict=True)],
            precision=0.9,
            confidence=0.9,
        )
        if isinstance(lane, Opened):
            opened += 1
            # E[p | p >= t] for Beta(2, 1) is 2/3 (1 - t³) / (1 - t²).
            level = lane.threshold
            broken += 2 / 3 * (1 - level**3) / (1 - level**2) < 0.9
    assert opened > 100
    assert broken / 400 <= 0.13


def test_dismissal_misses_no_more_than_stated() -> None:
    pairs = [(0.001 * at, True) for at in range(1, 1000)]
    level = dismiss_threshold(pairs, miss_rate=0.1, confidence=0.95)
    assert level is not None
    assert 0.05 < level < 0.1


def test_too_few_positives_dismiss_nothing() -> None:
    assert dismiss_threshold([(0.9, True)] * 20, miss_rate=0.1, confidence=0.95) is None


QUIET = dict.fromkeys(Policy, 0.0)


@pytest.mark.parametrize(
    ("lang", "likelihoods", "expected"),
    [
        ("en", {}, (Lane.DISMISS, HARM_DISMISS)),
        ("en", {Policy.ABUSE: 0.5}, (Lane.REVIEW, HARM_REVIEW)),
        ("en", {Policy.ABUSE: 0.95}, (Lane.ACT, HARM_ACT)),
        ("en", {Policy.SELF_HARM: 0.2}, (Lane.REVIEW, HARM_UNCALIBRATED)),
        ("en", {Policy.SELF_HARM: 0.05}, (Lane.DISMISS, HARM_DISMISS)),
        ("en", {Policy.SELF_HARM: 0.2, Policy.ABUSE: 0.95}, (Lane.REVIEW, HARM_UNCALIBRATED)),
        ("fi", {Policy.ABUSE: 0.95}, (Lane.REVIEW, HARM_LANGUAGE)),
        ("und", {}, (Lane.REVIEW, HARM_LANGUAGE)),
    ],
)
def test_routes_of_posts(
    lang: str, likelihoods: dict[Policy, float], expected: tuple[Lane, str]
) -> None:
    found = route_post(
        QUIET | likelihoods,
        lang=lang,
        languages={"en", "de"},
        uncalibrated={Policy.SELF_HARM},
        thresholds=dict.fromkeys(Policy, Thresholds(act=0.9, dismiss=0.3)),
        screening={Policy.SELF_HARM: 0.1},
    )
    assert found == expected


SHUT = Shut(reason="none yet", rows=0, errors=0)
OPEN = Opened(threshold=0.8, precision=0.95, confidence=0.9, rows=60, errors=0)


@pytest.mark.parametrize(
    ("probability", "lane", "calibrated", "expected"),
    [
        (0.05, OPEN, True, (Lane.DISMISS, ASSOCIATION_DISMISS)),
        (0.5, OPEN, True, (Lane.REVIEW, ASSOCIATION_REVIEW)),
        (0.85, OPEN, True, (Lane.ACT, ASSOCIATION_ACT)),
        (0.95, SHUT, True, (Lane.REVIEW, ASSOCIATION_SHUT)),
        (0.5, SHUT, True, (Lane.REVIEW, ASSOCIATION_REVIEW)),
        (0.95, OPEN, False, (Lane.REVIEW, ASSOCIATION_UNCALIBRATED)),
        (0.05, SHUT, False, (Lane.DISMISS, ASSOCIATION_DISMISS)),
    ],
)
def test_routes_of_associations(
    probability: float, lane: Opened | Shut, calibrated: bool, expected: tuple[Lane, str]
) -> None:
    found = route_association(
        probability,
        thresholds=Thresholds(act=0.9, dismiss=0.1),
        group_lane=lane,
        calibrated=calibrated,
    )
    assert found == expected


@given(unit, st.booleans())
def test_nobody_is_acted_on_while_the_lane_is_shut(probability: float, calibrated: bool) -> None:
    lane, _ = route_association(
        probability,
        thresholds=Thresholds(act=0.5, dismiss=0.1),
        group_lane=SHUT,
        calibrated=calibrated,
    )
    assert lane is not Lane.ACT


def _score(post_id: str, **likelihoods: float) -> PostScore:
    return PostScore(
        post_id=post_id,
        lang="en",
        policies=QUIET | {Policy(key): value for key, value in likelihoods.items()},
        harms=dict.fromkeys(Harm, 0.0),
        lane=Lane.REVIEW,
        rule=HARM_REVIEW,
        model="m",
    )


def test_the_gravest_come_first_and_none_is_lost() -> None:
    spam, threat, leak = (
        _score("spam", spam=0.9),
        _score("threat", violence=0.6),
        _score("leak", private_info=0.7),
    )
    today, later = within_budget([spam, threat, leak], 2)
    # Both endanger people, so the likelier one goes first; spam harms information alone.
    assert [each.post_id for each in today] == ["leak", "threat"]
    assert [each.post_id for each in later] == ["spam"]


@given(st.lists(st.floats(0, 1), max_size=20), st.integers(0, 25))
def test_budget_is_kept(likelihoods: list[float], budget: int) -> None:
    scores = [_score(str(at), hate=value) for at, value in enumerate(likelihoods)]
    today, later = within_budget(scores, budget)
    assert len(today) == min(budget, len(scores))
    assert {each.post_id for each in today + later} == {each.post_id for each in scores}
    assert all(post_priority(a).value >= post_priority(b).value for a in today for b in later)


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="budget"):
        within_budget([], -1)


@pytest.mark.parametrize(
    ("likelihood", "novel", "expected"),
    [
        (0.95, False, (Lane.ACT, HARM_ACT)),
        (0.95, True, (Lane.REVIEW, HARM_NOVEL)),
        (0.5, True, (Lane.REVIEW, HARM_REVIEW)),
        (0.05, True, (Lane.DISMISS, HARM_DISMISS)),
    ],
)
def test_what_is_new_is_never_acted_on_and_never_suspect_for_it(
    likelihood: float, novel: bool, expected: tuple[Lane, str]
) -> None:
    found = route_post(
        {Policy.SPAM: likelihood},
        lang="en",
        languages={"en"},
        uncalibrated=frozenset(),
        thresholds={Policy.SPAM: Thresholds(dismiss=0.1, act=0.9)},
        screening={},
        novel=novel,
    )
    assert found == expected


def test_an_account_unlike_all_others_goes_to_a_person() -> None:
    lane = Opened(threshold=0.8, precision=0.95, confidence=0.9, rows=60, errors=0)
    routed = [
        route_association(
            said,
            thresholds=Thresholds(dismiss=0.2),
            group_lane=lane,
            calibrated=True,
            novel=True,
        )
        for said in (0.9, 0.1)
    ]
    assert routed == [(Lane.REVIEW, ASSOCIATION_NOVEL), (Lane.DISMISS, ASSOCIATION_DISMISS)]
