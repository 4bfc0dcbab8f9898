"""Families of near-same texts: literal tables, and LSH against comparing all with all."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from coordination.detect import detect
from coordination.families import (
    FAR,
    MAX_BUCKET,
    NEAR,
    NEIGHBOURS,
    candidates,
    families,
    gathered,
    verified,
)
from coordination.shingles import BANDS, band_keys

Posts = Callable[..., pa.Table]


def _vocabulary(rng: random.Random) -> list[str]:
    return ["".join(rng.choices("aeioubcdfglmnprst", k=rng.randint(3, 9))) for _ in range(900)]


def _families(texts: list[str], weights: list[int] | None = None) -> list[set[str]]:
    """Families of more than one text, given in any order."""
    ordered = sorted(texts)
    count = dict(zip(texts, weights or [1] * len(texts), strict=True))
    found = families(ordered, np.array([count[text] for text in ordered]))
    groups: dict[int, set[str]] = {}
    for text, centre in zip(ordered, found.centre.tolist(), strict=True):
        groups.setdefault(centre, set()).add(text)
    return sorted((group for group in groups.values() if len(group) > 1), key=min)


@pytest.mark.parametrize(
    "copies",
    [
        # A word replaced, one added, letters swapped, the end left off, a tag put behind.
        [
            "they closed the library again and nobody asked the people of this town",
            "they closed the library again and nobody told the people of this town",
            "they closed the library again and really nobody asked the people of this town",
            "they closed teh library again and nobody asked the poeple of this town",
            "they closed the library again and nobody asked the people",
            "they closed the library again and nobody asked the people of this town openitnow",
        ],
        # Cyrillic, Arabic, Devanagari, Thai (no spaces), Han, kana, Hangul.
        [
            "они снова закрыли библиотеку и никого в городе не спросили",
            "они снова закрыли библиотеку и никого в городе не слушали",
        ],
        [
            "أغلقوا المكتبة مرة أخرى ولم يسألوا أحدا من سكان المدينة",
            "أغلقوا المكتبة مرة أخرى ولم يسألوا أحدا من أهل المدينة",
        ],
        [
            "उन्होंने पुस्तकालय फिर से बंद कर दिया और किसी से नहीं पूछा",
            "उन्होंने पुस्तकालय फिर से बंद कर दिया और किसी को नहीं बताया",
        ],
        [
            "พวกเขาปิดห้องสมุดอีกครั้งโดยไม่ถามชาวเมืองสักคนเดียว",
            "พวกเขาปิดห้องสมุดอีกครั้งโดยไม่บอกชาวเมืองสักคนเดียว",
        ],
        [
            "他们又关闭了图书馆而且没有问过这个城市的任何人",
            "他们又关闭了图书馆而且没有问过这座城市的任何人",
        ],
        [
            "また図書館が閉まった町の人には誰も聞かなかった",
            "また図書館が閉まった町の人には誰も聞いていない",
        ],
        [
            "도서관을 또 닫았는데 이 도시 사람들에게 아무도 묻지 않았다",
            "도서관을 또 닫았는데 이 도시 사람들에게 누구도 묻지 않았다",
        ],
    ],
)
def test_edited_copies_are_one_family_in_any_script(copies: list[str]) -> None:
    strangers = [
        "what a match that was and what an evening for the whole of the team",
        "вчера в городе открыли новый мост и новую большую школу",
        "今天天气很好我们一起去公园散步然后回家吃了一顿晚饭",
    ]
    assert _families(copies + strangers) == [set(copies)]


@pytest.mark.parametrize(
    "texts",
    [
        ["too short to tell anything", "too short to tell anythink"],
        [
            "they closed the library again and nobody asked the people of this town",
            "the people of the island opened a school and everybody came to see it",
        ],
        [
            "the same beginning of a sentence, but all the rest of it is quite another thing",
            "the same beginning of a story which then goes on for a while to somewhere else",
        ],
        ["one text alone, long enough to be compared with any other text"],
        [],
    ],
)
def test_what_is_no_family(texts: list[str]) -> None:
    assert _families(texts) == []


def test_the_text_that_most_posts_are_near_is_the_centre() -> None:
    base = "they closed the library again and nobody asked the people of this town"
    other = base.replace("nobody", "no one")
    texts = sorted([base, other])
    found = families(texts, np.array([1, 9] if texts[1] == other else [9, 1]))
    # Both reach the same posts; the earlier in the alphabet is taken.
    assert set(found.centre.tolist()) == {0}


def test_a_chain_ends_where_it_no_longer_resembles_its_centre() -> None:
    rng = random.Random(2)
    step = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz ") for _ in range(100))
    chain = [step]
    for number in range(12):
        places = range(number * 8, number * 8 + 8)
        step = "".join("#" if at in places else letter for at, letter in enumerate(step))
        chain.append(step)
    groups = _families(chain)
    assert len(groups) > 1
    for group in groups:
        assert any(
            all(Levenshtein.normalized_similarity(centre, text) >= FAR for text in group)
            for centre in group
        )


WORDS = ["river", "stone", "letter", "window", "garden", "silver", "mountain", "paper", "winter"]
LONG_TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=6, max_size=14).map(" ".join),
    min_size=2,
    max_size=25,
    unique=True,
)


@given(LONG_TEXTS)
@settings(max_examples=60, deadline=None)
def test_families_grow_as_in_a_plain_reference(texts: list[str]) -> None:
    texts = sorted(texts)
    pairs = [
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if Levenshtein.normalized_similarity(texts[a], texts[b]) >= NEAR
    ]
    near: dict[int, set[int]] = {at: set() for at in range(len(texts))}
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    expected = list(range(len(texts)))
    free = set(near)
    for start in sorted(near, key=lambda at: (-1 - len(near[at]), at)):
        if start not in free:
            continue
        family, wave = {start}, [start]
        while wave:
            more = sorted(
                other
                for other in near[wave.pop(0)]
                if other in free
                and other not in family
                and Levenshtein.normalized_similarity(texts[start], texts[other]) >= FAR
            )
            family |= set(more)
            wave += more
        free -= family
        for at in family:
            expected[at] = start
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    got = gathered(texts, np.ones(len(texts), dtype=np.int64), ends[:, 0], ends[:, 1])
    assert got.tolist() == expected


def test_hardly_any_near_pair_is_missed_and_few_strangers_are_compared() -> None:
    rng = random.Random(4)
    vocabulary = _vocabulary(rng)
    texts = []
    for _ in range(300):
        words = rng.choices(vocabulary, k=14)
        texts.append(" ".join(words))
        copy = list(words)
        for _ in range(rng.randint(1, 3)):
            copy[rng.randrange(14)] = rng.choice(vocabulary)
        texts.append(" ".join(copy))
    texts = sorted(set(texts))
    first, second, crowded = candidates(band_keys(texts))
    near = verified(texts, first, second)
    got = set(zip(first[near].tolist(), second[near].tolist(), strict=True))
    all_pairs = {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if Levenshtein.normalized_similarity(texts[a], texts[b], score_cutoff=NEAR) >= NEAR
    }
    assert got <= all_pairs
    assert len(all_pairs) > 250
    assert len(got) >= 0.98 * len(all_pairs)
    assert len(first) < 0.01 * len(texts) ** 2 / 2
    assert crowded == 0


def test_a_crowded_bucket_costs_no_square_and_is_counted() -> None:
    total = 5 * MAX_BUCKET
    keys = np.arange(total * BANDS, dtype=np.uint32).reshape(total, BANDS)
    keys[:, 0] = 7
    first, second, crowded = candidates(keys)
    assert crowded == total
    assert len(first) == sum(min(NEIGHBOURS, total - 1 - at) for at in range(total))
    assert np.all(second - first <= NEIGHBOURS)


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_signatures_do_not_depend_on_the_company(texts: list[str]) -> None:
    together = band_keys(texts)
    assert together.shape == (len(texts), BANDS)
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, band_keys([text])[0])


DAY = 86_400.0


def test_edited_copies_are_found_over_a_day_where_same_text_finds_nothing(
    posts: Posts, tmp_path: Path
) -> None:
    rng = random.Random(8)
    vocabulary = _vocabulary(rng)
    rows = [
        (
            f"user{at % 90:02}",
            f"u{at}",
            rng.uniform(0, 4 * DAY),
            {"text": " ".join(rng.choices(vocabulary, k=13))},
        )
        for at in range(1200)
    ]
    for number in range(6):
        words = rng.choices(vocabulary, k=13)
        for member in range(6):
            copy = list(words)
            copy[rng.randrange(13)] = rng.choice(vocabulary)
            copy.append(rng.choice(vocabulary))
            when = number * DAY / 2 + rng.uniform(0, DAY / 2)
            rows.append((f"ring{member}", f"c{number}-{member}", when, {"text": " ".join(copy)}))
    reports = {
        on: detect(
            posts(rows), on=[on], window=timedelta(days=1), out=tmp_path / on, threads=1,
            memory="1GB",
        )
        for on in ("text", "near_text")
    }  # fmt: skip
    assert reports["text"].concert == ()
    (finding,) = reports["near_text"].concert
    assert finding.account_ids == tuple(f"ring{i}" for i in range(6))
    assert finding.techniques == ("T0084.001",)


def test_boilerplate_that_runs_outside_the_circle_is_no_copying(
    posts: Posts, tmp_path: Path
) -> None:
    """Six share buttons that a few people press day by day, and that everybody presses."""
    rng = random.Random(3)
    rows = []
    for number in range(6):
        text = {"text": f"button {'ABCDEF'[number] * 6}: I have just read this story, have a look"}
        rows += [(f"fan{i}", f"f{number}-{i}", number * DAY / 2, text) for i in range(5)]
        rows += [
            (f"user{rng.randrange(400)}", f"u{number}-{at}", rng.uniform(0, 4 * DAY), text)
            for at in range(40)
        ]
    report = detect(
        posts(rows), on=["near_text"], window=timedelta(days=1), out=tmp_path, threads=1
    )
    assert report.concert == ()
