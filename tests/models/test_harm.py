"""The shipped harm pack: what it says about single words, and about texts made to break it."""

from pathlib import Path

import pytest

from models.harm import HarmModel
from models.packs import PackError, locate
from policy.harms import POLICIES_UNDER
from policy.records import Post
from policy.words import Lane, Policy


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> HarmModel:
    return HarmModel.load(
        locate("harm"), cache=tmp_path_factory.mktemp("embeddings") / "cache.sqlite"
    )


def _post(text: str, lang: str | None = "en", post_id: str = "p") -> Post:
    return Post(post_id=post_id, account_id="a", text=text, lang=lang)


HARMLESS = [
    "ISIS",
    "Black",
    "Muslim",
    "gay",
    "Trump",
    "trans",
    "Jewish",
    "immigrants",
    "I am a Muslim nurse from Leeds.",
    "Two gay dads pick up their son from school.",
    "Black history month starts tomorrow at the library.",
    "The newspaper has a long article on how ISIS lost the city.",
    "Trump and Clinton debate tonight at nine.",
    "Alhamdulillah, my sister had her baby.",
    "May Allah accept our fast, see you at iftar.",
    "The pastor spoke about mercy this Sunday.",
    "She been working doubles all week, she tired.",
    "We finna watch the game at my cousin's place.",
    "He is deaf and plays the drums better than me.",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_no_word_alone_moves_a_likelihood_past_one_half(model: HarmModel, text: str) -> None:
    (score,) = model.score([_post(text)])
    above = {policy.value: p for policy, p in score.policies.items() if p > 0.5}
    assert above == {}


def test_plain_cases_are_told_apart(model: HarmModel) -> None:
    spam, quiet = model.score(
        [
            _post("WINNER!! You have won a £1000 cash prize. Call 09061234567 now to claim!"),
            _post("Shall we meet at the station at six?"),
        ]
    )
    assert spam.policies[Policy.SPAM] > 0.9
    assert spam.lane in (Lane.ACT, Lane.REVIEW)
    assert max(quiet.policies.values()) < 0.5
    assert quiet.lane is Lane.DISMISS


ODD = [
    "",
    "   ",
    "👍👍👍",
    "a" * 100_000,
    "word " * 20_000,
    "Das ist mixed language \u0648\u0644\u0643\u0646 \u0440\u0443\u0441 text",
    "\u202e\u0645\u0631\u062d\u0628\u0627\u202c",
    "\ud800 half a letter",
    "\x00\x01\x02",
    "k\u200bi\u200bl\u200bl",
    "http://[broken",
]


@pytest.mark.parametrize("text", ODD)
def test_any_text_gets_a_score(model: HarmModel, text: str) -> None:
    (score,) = model.score([_post(text, lang=None)])
    assert set(score.policies) == set(Policy)
    assert all(0 <= p <= 1 for p in score.policies.values())


@pytest.mark.parametrize(("text", "lang"), [("", None), ("👍", "en"), ("Hyvää huomenta", "fi")])
def test_what_was_never_calibrated_goes_to_a_person(
    model: HarmModel, text: str, lang: str | None
) -> None:
    (score,) = model.score([_post(text, lang=lang)])
    assert score.lane is Lane.REVIEW
    assert score.rule == "routing.harm.language.v1"
    assert set(score.uncalibrated) == set(Policy)


def test_prototypes_are_marked(model: HarmModel) -> None:
    (score,) = model.score([_post("Good morning everyone")])
    assert {
        Policy.PRIVATE_INFO,
        Policy.NONCONSENSUAL_NUDITY,
        Policy.CHILD_EXPLOITATION,
        Policy.SELF_HARM,
        Policy.CIVIC_INTEGRITY,
        Policy.SYNTHETIC_MEDIA,
        Policy.EXTREMISM,
        Policy.VIOLENCE,
    } <= set(score.uncalibrated)
    assert not {Policy.ABUSE, Policy.HATE, Policy.SPAM, Policy.COVID_MISINFO} & set(
        score.uncalibrated
    )


def test_a_cry_for_help_reaches_a_person(model: HarmModel) -> None:
    (score,) = model.score([_post("I cannot go on, I want to end my life tonight")])
    assert score.policies[Policy.SELF_HARM] > score.policies[Policy.SPAM]
    assert score.lane is Lane.REVIEW


def test_order_and_ids_are_kept_and_batches_change_nothing(model: HarmModel) -> None:
    posts = [_post(f"This is note number {at}", post_id=str(at)) for at in range(20)]
    together = model.score(posts)
    assert [score.post_id for score in together] == [post.post_id for post in posts]
    assert model.score([posts[7]])[0].policies == pytest.approx(together[7].policies, abs=1e-6)
    assert model.score([]) == []


def test_a_harm_is_as_likely_as_the_likeliest_policy_but_a_crisis_is_no_harm_done(
    model: HarmModel,
) -> None:
    texts = ["You worthless idiot, shut up.", "I cannot go on, I want to end my life tonight."]
    for score in model.score([_post(text) for text in texts]):
        for harm, policies in POLICIES_UNDER.items():
            others = [score.policies[one] for one in policies if one is not Policy.SELF_HARM]
            assert score.harms[harm] == max(others)


def test_an_encoder_without_a_head_is_refused() -> None:
    with pytest.raises(PackError, match=r"CONCERT_ENCODER.*some/encoder"):
        HarmModel.load(locate("harm"), encoder="some/encoder")


def test_use_alone_can_be_set() -> None:
    model = HarmModel.load(locate("harm"), encoder="use")
    (score,) = model.score([_post("Good morning everyone, have a lovely day")])
    assert score.lane is Lane.DISMISS


def test_real_posts_of_the_test_part_get_a_score(model: HarmModel, shared: Path) -> None:
    import pandas as pd

    rows = pd.read_parquet(
        shared / "data" / "harm_posts.parquet", columns=["id", "text", "lang", "split", "source"]
    )
    spam = rows[(rows["split"] == "dev") & (rows["source"] == "uci_sms_spam")].head(60)
    others = rows[rows["split"] == "dev"].sample(60, random_state=5)
    sample = pd.concat([spam, others])
    scores = model.score(
        [
            _post(row.text, lang=row.lang, post_id=str(row.id))
            for row in sample.itertuples(index=False)
        ]
    )
    assert [score.post_id for score in scores] == sample["id"].astype(str).tolist()
    assert all(score.model == model.manifest.model for score in scores)
