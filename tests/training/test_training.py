"""Whole training runs on rows written here: what is learnt, left out, calibrated and stated."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from models.activity import Activities, read_activities
from models.encoder import load_encoder
from models.harm import HarmModel
from models.packs import Manifest, read_manifest, write_pack
from policy.records import Post
from policy.words import Policy, Refusal
from training.accounts import Labelled, load_accounts
from training.evaluate import evaluate_harm
from training.harm import train_harm
from training.progress import silent
from training.promote import BACK, RULE, go_back, guarded, promote, state_metrics
from training.rows import DataError, load_harm_rows
from training.written import PROTOTYPES, descriptions, harmless

_THINGS = ("prize", "phone", "ticket", "loan", "watch", "voucher", "camera", "holiday")
_PLACES = ("station", "library", "market", "harbour", "school", "garden", "bakery", "museum")


def _rows(count: int) -> pd.DataFrame:
    rng = random.Random(11)
    rows = []
    for at in range(count):
        spam = at % 2 == 0
        thing, place, number = rng.choice(_THINGS), rng.choice(_PLACES), rng.randrange(10**6)
        text = (
            f"Claim your free {thing} now, reply WIN to {number}"
            if spam
            else f"I will be at the {place} around {at % 12}, bring the bag number {number}"
        )
        rows.append(
            {
                "id": f"r{at}",
                "source": "made_up",
                "text": text,
                "label_original": "",
                "policy": "spam" if spam else "none",
                "policies_all": "spam" if spam else "none",
                "label_scope": "spam",
                "lang": "en",
                "split": "dev" if at % 5 == 0 else "train",
                "weak_label": False,
                "label_conflict": False,
                "license": "CC0-1.0",
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rows = _rows(1200)
    closed = rows.head(50).assign(
        id=lambda frame: "c" + frame["id"],
        text=lambda frame: frame["text"] + " indeed",
        source="closed",
        license="restricted",
        split="train",
    )
    measured = closed.assign(
        id=lambda frame: "m" + frame["id"],
        text=lambda frame: frame["text"] + " and truly",
        source="closed too",
        split="dev",
    )
    copied = (
        rows[rows["split"] == "dev"]
        .head(20)
        .assign(
            id=lambda frame: "d" + frame["id"],
            text=lambda frame: "RT @someone: " + frame["text"].str.upper(),
            split="train",
        )
    )
    pd.concat([rows, closed, measured, copied]).to_parquet(folder / "harm_posts.parquet")
    return folder


def test_only_open_rows_and_no_copies_of_the_test_part(data: Path) -> None:
    rows = load_harm_rows(data)
    assert set(rows.frame["source"]) == {"made_up"}
    assert not set(rows.frame["id"]) & {f"dr{at}" for at in range(0, 200, 5)}
    parts = rows.frame["part"].value_counts()
    assert parts["test"] == 240
    assert 0.18 < parts["calibration"] / (parts["calibration"] + parts["fit"]) < 0.32


def test_what_no_source_annotated_is_missing(data: Path) -> None:
    frame = load_harm_rows(data).frame
    assert frame[Policy.SPAM.value].isin([0.0, 1.0]).all()
    assert frame[Policy.HATE.value].isna().all()


def test_a_limit_is_the_same_every_time(data: Path) -> None:
    one, two = (load_harm_rows(data, limit=100).frame for _ in range(2))
    assert one.equals(two)
    assert 80 <= (one["part"] != "test").sum() <= 100


@pytest.mark.parametrize(("drop", "said"), [(None, "harm_posts"), ("license", "license")])
def test_missing_data_are_named(data: Path, tmp_path: Path, drop: str | None, said: str) -> None:
    if drop:
        whole = pd.read_parquet(data / "harm_posts.parquet")
        whole.drop(columns=drop).to_parquet(tmp_path / "harm_posts.parquet")
    with pytest.raises(DataError, match=said):
        load_harm_rows(tmp_path)


@pytest.fixture(scope="module")
def pack(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "harm"
    stages: list[str] = []
    train_harm(
        data,
        folder,
        encoders=("use",),
        progress=lambda stage, _done, _of: stages.append(stage),
    )
    assert {"embed with use", "heads on use"} <= set(stages)
    return folder


def test_a_run_learns_calibrates_and_says_on_what(pack: Path) -> None:
    manifest = read_manifest(pack)
    assert manifest.calibrated == {"en": ("spam",)}
    assert set(manifest.trained_on) == {"made_up", "written"}
    model = HarmModel.load(pack, encoder="use")
    spam, quiet = model.score(
        [
            Post(post_id="1", account_id="a", lang="en", text="Claim your free boat, reply WIN"),
            Post(post_id="2", account_id="a", lang="en", text="I will be at the museum at six"),
        ]
    )
    assert spam.policies[Policy.SPAM] > 0.8
    assert quiet.policies[Policy.SPAM] < 0.2
    assert Policy.SPAM not in spam.uncalibrated
    assert set(PROTOTYPES) < set(spam.uncalibrated)


def test_a_report_holds_figures_floor_and_plots(pack: Path, data: Path, tmp_path: Path) -> None:
    metrics = evaluate_harm(pack, data, tmp_path / "report", encoder="use")
    (row,) = metrics["policies"]
    assert (row["policy"], row["rows"], row["calibrated"]) == ("spam", 240, True)
    assert row["auc"] > 0.95
    assert row["floor_macro_f1"] > 0.5
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert json.loads((tmp_path / "report" / "metrics.json").read_text()) == metrics
    more = evaluate_harm(
        pack, data, tmp_path / "all", encoder="use", shippable_only=False, against=pack
    )
    assert more["compared"] == {
        "to": "harm-1",
        "figures": {
            f"auc spam {source} en": [0.0, 0.0, 0.0] for source in ("made_up", "closed too")
        },
    }
    assert {row["source"]: row["rows"] for row in more["policies"]} == {
        "made_up": 240,
        "closed too": 50,
    }


def test_the_same_run_gives_the_same_weights(pack: Path, data: Path, tmp_path: Path) -> None:
    cache = pack.parent / "embeddings.sqlite"
    again = train_harm(data, tmp_path / "harm", encoders=("use",), cache=cache, progress=silent)
    assert again.files == read_manifest(pack).files


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _pack(folder: Path, version: str, **metrics: float) -> Path:
    manifest = Manifest(
        name="harm",
        kind="harm",
        version=version,
        encoders=("use",),
        trained_on={},
        files={},
        metrics=dict(metrics),
    )
    write_pack(folder / version, manifest=manifest, tensors={}, card=f"# harm-{version}\n")
    return folder / version


def test_promotion_lets_in_what_is_no_worse_and_keeps_what_it_replaced(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    _pack(tmp_path, "1", figure=0.9).rename(home / "models" / "harm")
    done = promote(_pack(tmp_path, "2", figure=0.895), home, now=NOW)
    assert (done.model, done.replaces, done.at) == ("harm-2", "harm-1", NOW)
    assert done.reasons == ("figure: 0.895 against 0.900",)
    assert read_manifest(home / "models" / "harm").version == "2"
    (kept,) = (home / "models" / "replaced").iterdir()
    assert read_manifest(kept).version == "1"


def test_going_back_lets_the_replaced_pack_serve_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    with pytest.raises(Refusal) as refused:
        go_back("harm", home, now=NOW)
    assert refused.value.rule == BACK
    _pack(tmp_path, "1", figure=0.9).rename(home / "models" / "harm")
    promote(_pack(tmp_path, "2", figure=0.9), home, now=NOW)
    done = go_back("harm", home, now=NOW)
    assert (done.model, done.replaces) == ("harm-1", "harm-2")
    assert read_manifest(home / "models" / "harm").version == "1"
    # What was taken out is never what a second step goes back to: the shipped one is.
    done = go_back("harm", home, now=NOW)
    assert done.replaces == "harm-1"
    assert not (home / "models" / "harm").exists()


@pytest.mark.parametrize(
    ("metrics", "said"), [({"figure": 0.8}, "figure: 0.800"), ({}, "figure is not stated")]
)
def test_promotion_refuses_what_is_worse_or_unsaid(
    tmp_path: Path, metrics: dict[str, float], said: str
) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    _pack(tmp_path, "1", figure=0.9).rename(home / "models" / "harm")
    with pytest.raises(Refusal, match=said) as refused:
        promote(_pack(tmp_path, "2", **metrics), home, now=NOW)
    assert refused.value.rule == RULE
    assert read_manifest(home / "models" / "harm").version == "1"


@pytest.mark.parametrize(
    ("to", "interval", "let_in"),
    [
        ("harm-1", [-0.05, -0.11, 0.01], True),
        ("harm-1", [-0.05, -0.09, -0.01], False),
        # Measured against another model than the one that serves: nobody knows the noise.
        ("harm-0", [-0.05, -0.11, 0.01], False),
    ],
)
def test_noise_is_what_the_same_rows_show(
    tmp_path: Path, to: str, interval: list[float], *, let_in: bool
) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    _pack(tmp_path, "1", **{"auc spam made_up en": 0.9}).rename(home / "models" / "harm")
    row = {"policy": "spam", "source": "made_up", "lang": "en", "auc": 0.85}
    compared = {"to": to, "figures": {"auc spam made_up en": interval}}
    made = _pack(tmp_path, "2")
    state_metrics(made, {"policies": [row], "compared": compared})
    if let_in:
        (why,) = promote(made, home, now=NOW).reasons
        assert "-0.110 to +0.010" in why
    else:
        with pytest.raises(Refusal, match=r"0\.850 against 0\.900") as refused:
            promote(made, home, now=NOW)
        assert refused.value.rule == RULE


def test_guarded_figures_are_stated_in_the_manifest(tmp_path: Path) -> None:
    folder = _pack(tmp_path, "1")
    row = {"policy": "spam", "source": "made_up", "lang": "en", "auc": 0.9, "ece": 0.1}
    assert guarded({"policies": [row]}) == {"auc spam made_up en": 0.9}
    assert state_metrics(folder, {"policies": [row]}).metrics == {"auc spam made_up en": 0.9}
    assert read_manifest(folder).metrics == {"auc spam made_up en": 0.9}


def test_written_rows_cover_every_prototype_on_both_sides() -> None:
    rows = descriptions()
    for policy in PROTOTYPES:
        assert sum(row.breaks is policy for row in rows) >= 5
        assert sum(row.about is policy for row in rows) >= 5
    assert all(row.known(policy) == 0.0 for row in harmless() for policy in Policy)
    assert len({row.text for row in rows}) == len(rows)


@pytest.fixture(scope="module")
def accounts(shared: Path) -> list[Labelled]:
    return load_accounts(shared / "data")


def test_real_accounts_have_groups_and_crowds(accounts: list[Labelled]) -> None:
    assert {each.dataset for each in accounts} == {
        "ira_538",
        "fifthtribe_isis",
        "radicalization_tt",
    }
    assert {each.crowd for each in accounts if each.crowd} == {
        "Control_IPLcricket",
        "Control_ISIStopic",
    }
    assert {"ProISIS", "LeftTroll", "RightTroll"} <= {each.group for each in accounts if each.group}
    assert not any(each.group and each.crowd for each in accounts)


def test_accounts_taken_apart_and_put_together_stay_the_same(accounts: list[Labelled]) -> None:
    some = [each.activity for each in accounts[:4]]
    read = read_activities(some, load_encoder("use"))
    turned: Activities = read.rows([3, 1])
    assert [each.account_id for each in turned.accounts] == [
        some[3].account_id,
        some[1].account_id,
    ]
    assert turned.owner.tolist() == sorted(turned.owner.tolist())
    assert [post.account_id for post in turned.posts if post] == [some[3].account_id] * len(
        some[3].posts
    ) + [some[1].account_id] * len(some[1].posts)
