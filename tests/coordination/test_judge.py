"""Which rule a cluster meets: tables of literal cases."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.findings import (
    AUTOMATED,
    BEYOND_CHANCE,
    LINKED,
    TOO_FEW_ACCOUNTS,
    TOO_FEW_TEXTS,
    TOO_LOOSE,
    Kind,
    PostPair,
    techniques,
)
from coordination.judge import judge
from coordination.members import belonging, core
from coordination.result import Cluster, Link

NOON = datetime(2026, 1, 5, 12, 0, 3, tzinfo=UTC)


def _pair(number: int, lag: float, first: str = "a", second: str = "b") -> PostPair:
    at = NOON + timedelta(minutes=10 * number)
    return PostPair(
        layer="text",
        object=f"text {number}",
        post_id=f"{first}{number}",
        account_id=first,
        at=at,
        other_post_id=f"{second}{number}",
        other_account_id=second,
        other_at=at + timedelta(seconds=lag),
    )


Ties = list[tuple[str, str]]


def _ties(text: str) -> Ties:
    """Ties between accounts of one letter each: "ab bc"."""
    return [(tie[0], tie[1]) for tie in text.split()]


def _cluster(
    accounts: str, pairs: list[PostPair], ties: Ties | None = None, timed: Ties | None = None
) -> Cluster:
    """Accounts of one letter each; all joined with all, by their times, where nothing is given."""
    joined = list(combinations(accounts, 2)) if ties is None else ties
    links = tuple(
        Link(ends, p_timing=1e-6, p_audience=1e-6, q=0.001, timed=timed is None or ends in timed)
        for ends in joined
    )
    return Cluster(
        number=0, accounts=tuple(accounts), layers=("text",), links=links, pairs=tuple(pairs),
        p_timing_cluster=None, p_error=None, p_audience_cluster=1e-6, stability=1.0,
        window_s=60.0, leaders=(),
    )  # fmt: skip


def _shared(kind: str, accounts: str) -> list[tuple[str, str, str]]:
    return [(kind, f"key of {accounts}", account) for account in accounts]


SOME = [_pair(1, 5), _pair(2, 40), _pair(3, 17, "b", "c")]


@pytest.mark.parametrize(
    ("accounts", "keys", "verdicts"),
    [
        ("abc", [], [(Kind.SOCIAL, BEYOND_CHANCE, "abc")]),
        ("ab", [], [(Kind.INSUFFICIENT, TOO_FEW_ACCOUNTS, "ab")]),
        ("ab", _shared("device", "ab"), [(Kind.TECHNICAL, LINKED, "ab")]),
        (
            "abc",
            _shared("phone", "ab"),
            [(Kind.TECHNICAL, LINKED, "ab"), (Kind.SOCIAL, BEYOND_CHANCE, "abc")],
        ),
        (
            "abc",
            [
                ("phone", "k", "a"),
                ("phone", "k", "b"),
                ("payment", "m", "b"),
                ("payment", "m", "c"),
            ],
            [(Kind.TECHNICAL, LINKED, "abc")],
        ),
        # A household, a newsroom, a carrier; an app of millions; the day everybody joined.
        ("abc", _shared("network", "abc"), [(Kind.SOCIAL, BEYOND_CHANCE, "abc")]),
        ("abc", _shared("client", "abc"), [(Kind.SOCIAL, BEYOND_CHANCE, "abc")]),
        ("abc", _shared("creation", "abc"), [(Kind.SOCIAL, BEYOND_CHANCE, "abc")]),
        # A payment key of eleven accounts is a reseller's.
        (
            "abc",
            _shared("payment", "abcdefghijk"),
            [(Kind.SOCIAL, BEYOND_CHANCE, "abc")],
        ),
        # Linked to somebody outside the cluster: says nothing of these.
        (
            "abc",
            _shared("device", "az"),
            [(Kind.SOCIAL, BEYOND_CHANCE, "abc")],
        ),
    ],
)
def test_linkage(
    accounts: str, keys: list[tuple[str, str, str]], verdicts: list[tuple[Kind, str, str]]
) -> None:
    found = judge(_cluster(accounts, SOME), keys, {})
    assert [(f.kind, f.rule, "".join(f.account_ids)) for f in found] == verdicts


def test_a_linkage_says_who_holds_which_key() -> None:
    keys = [*_shared("phone", "ab"), *_shared("device", "bcz"), *_shared("network", "abc")]
    (found,) = judge(_cluster("abcd", SOME, _ties("ab bc ac")), keys, {})[:1]
    assert found.keys == (("device", ("b", "c")), ("phone", ("a", "b")))
    assert found.linkage_kinds == ("device", "phone")
    assert "joined by shared device and phone keys" in found.summary


@pytest.mark.parametrize(
    ("accounts", "ties", "verdict"),
    [
        ("abc", ["ab", "bc"], (Kind.INSUFFICIENT, TOO_LOOSE, "abc")),
        ("abcd", ["ab", "ac", "ad"], (Kind.INSUFFICIENT, TOO_LOOSE, "abcd")),
        ("abc", ["ab", "bc", "ac"], (Kind.SOCIAL, BEYOND_CHANCE, "abc")),
        # Who hangs on one member is not of the ring, nor who hangs on such a one.
        ("abcdef", ["ab", "bc", "ac", "cd", "de", "ef"], (Kind.SOCIAL, BEYOND_CHANCE, "abc")),
        ("abcd", ["ab", "bc", "cd", "da"], (Kind.SOCIAL, BEYOND_CHANCE, "abcd")),
    ],
)
def test_a_group_is_who_is_joined_to_two_others(
    accounts: str, ties: list[str], verdict: tuple[Kind, str, str]
) -> None:
    cluster = _cluster(accounts, SOME, _ties(" ".join(ties)))
    (found,) = judge(cluster, [], {})
    assert (found.kind, found.rule, "".join(found.account_ids)) == verdict


def _all(texts: Iterable[int], accounts: str) -> list[PostPair]:
    """Everybody posts each text, and all meet all."""
    return [_pair(number, 5, a, b) for number in texts for a, b in combinations(accounts, 2)]


@pytest.mark.parametrize(
    ("texts", "layer", "timed", "rule"),
    [
        (3, "text", "", TOO_FEW_TEXTS),
        (4, "text", "", BEYOND_CHANCE),
        (3, "near_text", "", TOO_FEW_TEXTS),
        # One link whose times speak, or two in a row, join nobody to two others.
        (3, "text", "ab", TOO_FEW_TEXTS),
        (3, "text", "ab bc", TOO_FEW_TEXTS),
        (3, "text", "ab bc ac", BEYOND_CHANCE),
        # What is passed on joins by its times alone.
        (3, "repost", "ab bc ac", BEYOND_CHANCE),
    ],
)
def test_few_texts_whose_times_show_nothing_are_no_group(
    texts: int, layer: str, timed: str, rule: str
) -> None:
    met = [replace(pair, layer=layer) for pair in _all(range(texts), "abc")]
    cluster = _cluster("abc", met, timed=_ties(timed))
    (found,) = judge(replace(cluster, layers=(layer,)), [], {})
    assert found.rule == rule
    assert ("times alone" in found.summary) is (rule == BEYOND_CHANCE and not timed)


@pytest.mark.parametrize(
    ("texts_of_d", "members"),
    [([0, 1, 2], "abc"), ([0, 1, 2, 3], "abcd"), ([6, 7, 8, 9], "abcd")],
)
def test_who_shares_few_of_a_groups_texts_is_not_of_it(texts_of_d: list[int], members: str) -> None:
    met = _all(range(10), "abc")
    met += [_pair(number, 9, one, "d") for number in texts_of_d for one in "abc"]
    (found,) = judge(_cluster("abcd", met, timed=[]), [], {})
    assert "".join(found.account_ids) == members


def test_half_of_few_texts_is_enough() -> None:
    met = _all(range(5), "abc")
    met += [_pair(number, 9, one, "d") for number in range(3) for one in "abc"]
    (found,) = judge(_cluster("abcd", met, timed=[]), [], {})
    assert "".join(found.account_ids) == "abcd"


def _audience(accounts: dict[int, int]) -> dict[tuple[str, str], int]:
    return {("text", f"text {number}"): many for number, many in accounts.items()}


@pytest.mark.parametrize(
    ("why", "audience", "timed", "members"),
    [
        ("an agency's four headlines", dict.fromkeys(range(10, 14), 12), "", "abc"),
        ("something viral", dict.fromkeys(range(10, 14), 300), "", "abc"),
        ("nobody else posted them", {}, "", "abcde"),
        # Without d two in four are left, and so without e.
        ("as many others did", dict.fromkeys(range(10, 14), 6), "", "abc"),
        ("as many but one did", dict.fromkeys(range(10, 14), 5), "", "abcde"),
        ("viral, and d at times that speak", dict.fromkeys(range(10, 14), 300), "ad bd", "abcd"),
        ("one time that speaks", dict.fromkeys(range(10, 14), 300), "ad", "abc"),
        ("with each other only", dict.fromkeys(range(10, 14), 300), "de", "abc"),
    ],
)
def test_who_shares_what_everybody_had_is_not_of_the_ring(
    why: str, audience: dict[int, int], timed: str, members: str
) -> None:
    """a, b and c have six texts of their own; a, d and e share four more."""
    met = _all(range(6), "abc") + _all(range(10, 14), "ade")
    ties = _ties("ab ac bc ad ae de bd be")
    cluster = _cluster("abcde", met, ties, timed=_ties(timed))
    (found,) = judge(cluster, [], {}, _audience(audience))
    assert "".join(found.account_ids) == members, why


def test_what_joins_those_who_fall_out_does_not_weigh_the_rest() -> None:
    met = _all(range(6), "abc") + _all(range(10, 14), "ade")
    cluster = _cluster("abcde", met, _ties("ab ac bc ad ae de bd be"), timed=[])
    stranger = replace(cluster.links[3], q=0.009, p_timing=1e-12, p_audience=1e-12)
    links = (*cluster.links[:3], stranger, *cluster.links[4:])
    everybody = _audience(dict.fromkeys(range(10, 14), 300))
    (found,) = judge(replace(cluster, links=links), [], {}, everybody)
    assert "".join(found.account_ids) == "abc"
    assert (found.q, found.p_timing, found.p_audience) == (0.001, 1e-6, 1e-6)
    assert "q at most 0.001 for" in found.summary


def test_a_group_of_what_everybody_had_is_none() -> None:
    cluster = _cluster("abc", _all(range(9), "abc"), timed=[])
    (found,) = judge(cluster, [], {}, _audience(dict.fromkeys(range(9), 40)))
    assert found.rule == TOO_FEW_TEXTS


_LINKS = st.lists(st.sampled_from(list(combinations("abcdefg", 2))), unique=True)


@given(met=st.lists(st.tuples(_LINKS, st.integers(0, 12)), max_size=9), timed=_LINKS, more=_LINKS)
def test_who_is_left_would_be_left_again(
    met: list[tuple[Ties, int]], timed: Ties, more: Ties
) -> None:
    pairs = [_pair(number, 5, a, b) for number, (ties, _) in enumerate(met) for a, b in ties]
    ties = sorted({*timed, *more, *((pair.account_id, pair.other_account_id) for pair in pairs)})
    cluster = _cluster("abcdefg", pairs, ties, timed)
    audience = _audience({number: many for number, (_, many) in enumerate(met)})
    group = core(ties)
    left = belonging(cluster, group, audience)
    assert left <= group
    assert belonging(cluster, left, audience) == left
    assert core((a, b) for a, b in ties if a in left and b in left) == left


ONE_CLIENT = {f"{x}{n}": "poster 1.0" for x in "ab" for n in range(9)}


@pytest.mark.parametrize(
    ("why", "lags", "clients", "technical"),
    [
        ("regular, one client, same order", [7, 7, 8, 7, 7], ONE_CLIENT, True),
        ("irregular lag: press releases, people", [7, 50, 3, 20, 41], ONE_CLIENT, False),
        ("four times are too few", [7, 7, 7, 7], ONE_CLIENT, False),
        ("no client known", [7, 7, 7, 7, 7], {}, False),
        ("two clients", [7, 7, 7, 7, 7], ONE_CLIENT | {"b2": "web"}, False),
        ("a client missing", [7] * 5, {k: v for k, v in ONE_CLIENT.items() if k != "b3"}, False),
        ("another order", [7, 1300, 1, 7, 7], ONE_CLIENT, False),
    ],
)
def test_automation(why: str, lags: list[float], clients: dict[str, str], technical: bool) -> None:
    pairs = [_pair(number, lag) for number, lag in enumerate(lags)]
    (finding,) = judge(_cluster("ab", pairs), [], clients)
    assert (finding.rule == AUTOMATED) is technical, why


@pytest.mark.parametrize(
    ("why", "audience", "technical"),
    [
        ("nobody else posted them", {}, True),
        ("two others did as well", {("text", f"text {n}"): 4 for n in range(6)}, True),
        ("an agency's: three others did", {("text", f"text {n}"): 5 for n in range(6)}, False),
        ("one of six is an agency's", {("text", "text 3"): 40}, True),
        ("two of six are: four are too few", {("text", f"text {n}"): 40 for n in (2, 3)}, False),
        (
            "reposts run wide, that is their use",
            {("repost", f"text {n}"): 40 for n in (2, 3)},
            True,
        ),
    ],
)
def test_press_releases_prove_no_automation(
    why: str, audience: dict[tuple[str, str], int], technical: bool
) -> None:
    pairs = [_pair(number, 7) for number in range(6)]
    (finding,) = judge(_cluster("ab", pairs), [], ONE_CLIENT, audience)
    assert (finding.kind is Kind.TECHNICAL) is technical, why


def test_clocks_to_the_minute_cannot_show_a_regular_lag() -> None:
    def floored(pair: PostPair) -> PostPair:
        at = pair.at.replace(second=0)
        return replace(pair, at=at, other_at=at + timedelta(minutes=1))

    pairs = [floored(_pair(number, 60)) for number in range(6)]
    (finding,) = judge(_cluster("ab", pairs), [], ONE_CLIENT)
    assert finding.kind is Kind.INSUFFICIENT


def test_a_finding_keeps_its_id_and_bounds_its_pairs() -> None:
    many = [_pair(number, 5.0 + 30 * (number % 7)) for number in range(70)]
    (one,) = judge(_cluster("abc", many), [], {})
    (other,) = judge(_cluster("cba", many[::-1]), [], {})
    assert one.id == other.id
    assert (len(one.pairs), one.pair_count) == (50, 70)
    assert "does not show" in one.summary


@pytest.mark.parametrize(
    ("layers", "rule", "ids"),
    [
        (("repost",), BEYOND_CHANCE, ("T0118",)),
        (("repost",), AUTOMATED, ("T0049.003", "T0118")),
        (("text", "hashtag"), LINKED, ("T0049.002", "T0084.001")),
        (("reply",), BEYOND_CHANCE, ("T0049.005",)),
        (("reply_account",), AUTOMATED, ("T0049.005", "T0116.001")),
        (("near_text", "reply"), LINKED, ("T0049.005", "T0084.001", "T0116.001")),
        (("quote",), AUTOMATED, ("T0049.003", "T0118")),
        (("column:x",), BEYOND_CHANCE, ()),
    ],
)
def test_techniques(layers: tuple[str, ...], rule: str, ids: tuple[str, ...]) -> None:
    assert techniques(layers, rule) == ids
