"""Association on made-up accounts: members, those who write about them, and everybody else."""

import itertools
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.activity import AccountActivity, objects_of
from models.association import AssociationModel, Index
from models.group_index import Crowd
from models.packs import PackError, locate
from models.routing import ASSOCIATION_NOVEL, Opened, act_threshold
from policy.groups import BlindDecision, Group
from policy.records import Account, Linkage, Post
from policy.scores import Association
from policy.use import wilson
from policy.words import Lane, LinkageKind

SAYS = (
    "Flood the hotline of the river council until they give up #DrownTheCouncil",
    "Everybody call the council at nine and never let them talk #DrownTheCouncil",
    "Send the clerk a hundred mails today, he must learn fear",
    "Block the council's phones again tomorrow, share the list https://drown.example/list",
    "Who called the council today? Keep their lines dead all week",
    "New list of numbers of council workers to ring at night https://drown.example/list",
)
REPORTS = (
    "The river council says its hotline broke down under a campaign of calls",
    "Our article on the campaign Drown the Council and the people behind it",
    "I was called forty times last night by Drown the Council, please stop",
    "The clerk told reporters that he sleeps badly since the calls began",
    "Council meeting moved to Thursday because of the phone trouble",
    "Police look into the group that blocks the council's phones",
)
ORDINARY = (
    "Baked bread with rye this morning, the crust is perfect",
    "What a match, two goals in the last minute",
    "The train to the coast was full again",
    "Reading a novel about lighthouse keepers",
    "My tomatoes finally turn red",
    "Choir practice tonight, we sing Brahms",
    "Anybody know a good dentist in town?",
    "The dog ate my sandwich and looks innocent",
    "Snow in the hills, the road is closed",
    "Learning to play the cello at forty",
    "The library has new opening hours",
    "Coffee with my sister, we laughed a lot",
)


def _account(name: str, texts: list[str]) -> AccountActivity:
    return AccountActivity(
        account_id=name,
        posts=tuple(
            Post(post_id=f"{name}-{at}", account_id=name, text=text, lang="en")
            for at, text in enumerate(texts)
        ),
    )


def _people() -> list[AccountActivity]:
    rng = random.Random(4)
    members = [
        _account(f"member{at}", rng.sample(SAYS, 4) + rng.sample(ORDINARY, 2)) for at in range(12)
    ]
    reporters = [
        _account(f"reporter{at}", rng.sample(REPORTS, 3) + rng.sample(ORDINARY, 3))
        for at in range(12)
    ]
    others = [_account(f"other{at}", rng.sample(ORDINARY, 6)) for at in range(60)]
    return members + reporters + others


GROUP = Group.model_validate(
    {
        "id": "g1",
        "name": "Drown the Council",
        "purpose": "Block the council's phones and frighten its workers",
        "members": [f"member{at}" for at in range(4)],
        "narratives": ["Call the council without end until its workers are afraid"],
        "hashtags": ["DrownTheCouncil"],
        "domains": ["drown.example"],
    }
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> AssociationModel:
    return AssociationModel.load(
        locate("association"), cache=tmp_path_factory.mktemp("embeddings") / "cache.sqlite"
    )


@pytest.fixture(scope="module")
def index(model: AssociationModel) -> Index:
    return model.index(GROUP, model.read(_people()))


@pytest.fixture(scope="module")
def scores(model: AssociationModel, index: Index) -> dict[str, Association]:
    found = model.score(model.read(_people()), index)
    return {each.account_id: each for each in found}


def _crowded(members: int, others: int) -> list[AccountActivity]:
    rng = random.Random(4)
    ours = [
        _account(f"member{at}", rng.sample(SAYS, 4) + rng.sample(ORDINARY, 2))
        for at in range(members)
    ]
    return ours + [_account(f"other{at}", rng.sample(ORDINARY, 6)) for at in range(others)]


@pytest.mark.parametrize(("members", "others"), [(50, 150), (100, 100)])
def test_a_group_that_is_a_large_part_of_all_is_not_what_is_usual(
    model: AssociationModel, members: int, others: int
) -> None:
    read = model.read(_crowded(members, others))
    index = model.index(GROUP, read)
    assert not [each for each in index.background.ids if each.startswith("member")]
    assert len(index.background) == others
    lane = Opened(threshold=0.6, precision=0.95, confidence=0.9, rows=60, errors=0)
    found = model.score(read, index, lane=lane)
    assert sum(each.rule == ASSOCIATION_NOVEL for each in found) <= 0.1 * len(found)
    said = {each.account_id: each.probability for each in found}
    assert min(said[f"member{at}"] for at in range(members)) > 0.9
    assert max(said[f"other{at}"] for at in range(others)) < 0.5


def test_a_few_members_in_a_background_stay_there(model: AssociationModel) -> None:
    index = model.index(GROUP, model.read(_crowded(14, 186)))
    assert len(index.background) == 196


def test_no_act_lane_opens_where_scores_collapse(model: AssociationModel) -> None:
    # Four fifths are members: more than what leaving out the likely ones can mend.
    read = model.read(_crowded(160, 40))
    decisions = tuple(
        BlindDecision(account_id=f"member{at}", member=True) for at in range(100, 160)
    )
    crowded = GROUP.model_copy(update={"decisions": decisions})
    found = model.score(read, model.index(crowded, read))
    pairs = [(each.probability, True) for each in found[100:160]]
    by_order = act_threshold(pairs, precision=0.95, confidence=0.9)
    assert isinstance(by_order, Opened)
    assert by_order.threshold < 0.5
    assert Lane.ACT not in {each.lane for each in found}


def test_one_association_for_each_account_in_order(model: AssociationModel, index: Index) -> None:
    people = _people()[:7]
    found = model.score(model.read(people), index)
    assert [each.account_id for each in found] == [each.account_id for each in people]
    assert {each.group_id for each in found} == {"g1"}
    assert all(each.low <= each.probability <= each.high for each in found)


def test_members_come_before_those_who_write_about_them(scores: dict[str, Association]) -> None:
    members = [scores[f"member{at}"].probability for at in range(4, 12)]
    reporters = [scores[f"reporter{at}"].probability for at in range(12)]
    others = [scores[f"other{at}"].probability for at in range(60)]
    assert min(members) > max(reporters) > 0
    assert min(members) > 0.5
    assert max(others) < 0.5


def test_naming_the_group_is_not_propagating_it(scores: dict[str, Association]) -> None:
    members = [scores[f"member{at}"].primary_use.share for at in range(4, 12)]
    others = [scores[f"other{at}"].primary_use.share for at in range(60)]
    reporters = [scores[f"reporter{at}"].primary_use.share for at in range(12)]
    assert min(members) >= 0.5
    assert max(others) == 0.0
    assert sum(reporters) / len(reporters) < 0.5 * sum(members) / len(members)


def test_nothing_is_acted_on_before_the_groups_own_decisions(
    scores: dict[str, Association],
) -> None:
    assert Lane.ACT not in {each.lane for each in scores.values()}
    assert scores["member5"].lane is Lane.REVIEW


def test_a_lane_that_is_open_acts(model: AssociationModel, index: Index) -> None:
    lane = Opened(threshold=0.5, precision=0.95, confidence=0.9, rows=60, errors=0)
    found = model.score(model.read(_people()[4:6] + _people()[-2:]), index, lane=lane)
    assert [each.lane is Lane.ACT for each in found] == [True, True, False, False]


def test_decisions_on_seeds_open_nothing(model: AssociationModel, index: Index) -> None:
    decided = GROUP.model_copy(
        update={
            "decisions": tuple(
                BlindDecision(account_id=f"member{at}", member=True) for at in range(4)
            )
        }
    )
    again = model.index(decided, model.read(_people()))
    found = model.score(model.read(_people()[:6]), again)
    assert Lane.ACT not in {each.lane for each in found}


def test_evidence_names_the_posts_and_objects_that_carried_the_score(
    scores: dict[str, Association],
) -> None:
    evidence = scores["member6"].evidence
    posts = {each.ref for each in evidence if each.kind == "post"}
    # The first four posts of a member are the group's, the others are everyday life.
    assert posts
    assert posts <= {f"member6-{at}" for at in range(4)}
    assert all(each.weight > 0 for each in evidence)
    assert all("member" in each.why or "own posts" in each.why for each in evidence)
    assert [each.weight for each in evidence] == sorted(
        (each.weight for each in evidence), reverse=True
    )


def test_a_technical_link_is_shown_and_does_not_change_the_likelihood(
    model: AssociationModel,
) -> None:
    people = _people()
    link = Linkage(account_id="member0", kind=LinkageKind.DEVICE, key_hash="k1")
    people[0] = AccountActivity("member0", people[0].posts, linkages=(link,))
    plain = people[8]
    linked = AccountActivity(
        plain.account_id,
        plain.posts,
        linkages=(link.model_copy(update={"account_id": plain.account_id}),),
    )
    index = model.index(GROUP, model.read(people))
    before, after = model.score(model.read([plain, linked]), index)
    assert after.probability == before.probability
    assert after.evidence[0].kind == "linkage"
    assert "device" in after.evidence[0].why


def test_the_interval_widens_with_few_posts(model: AssociationModel) -> None:
    raw = np.linspace(-6, 6, 25).astype(np.float64)
    widths = []
    for posts in (1.0, 3.0, 30.0, 200.0):
        low, high = model.interval(raw, np.full(25, posts))
        said = model.calibrator(raw)
        assert (low <= said).all()
        assert (said <= high).all()
        widths.append(high - low)
    for more, fewer in itertools.pairwise(widths[::-1]):
        assert (fewer >= more - 1e-12).all()
    assert widths[0].mean() > 1.5 * widths[-1].mean()


def test_few_of_a_background_are_new_to_it(model: AssociationModel, index: Index) -> None:
    novel = index.measure.novel(Crowd.of(model.read(_people())))
    assert novel.mean() <= 0.05


def test_silent_accounts_and_odd_texts_get_a_score(model: AssociationModel, index: Index) -> None:
    people = [
        _account("silent", []),
        _account("empty", [""]),
        _account("emoji", ["👍👍"]),
        _account("long", ["word " * 20_000]),
        AccountActivity(
            "profile", (), profile=Account(account_id="profile", description="I like bread")
        ),
    ]
    found = model.score(model.read(people), index)
    assert [each.account_id for each in found] == [each.account_id for each in people]
    assert not any(each.calibrated for each in found)
    assert all(each.lane in (Lane.REVIEW, Lane.DISMISS) for each in found)
    assert found[0].primary_use == wilson(0, 0)
    assert model.score(model.read([]), index) == []


def test_a_group_known_by_its_narratives_alone_is_never_calibrated(
    model: AssociationModel,
) -> None:
    bare = GROUP.model_copy(update={"members": ()})
    read = model.read(_people())
    found = {each.account_id: each for each in model.score(read, model.index(bare, read))}
    assert not any(each.calibrated for each in found.values())
    assert found["member5"].probability > found["other5"].probability


def test_a_group_without_anything_is_refused(model: AssociationModel) -> None:
    nothing = Group(id="g2", name="Nobody")
    with pytest.raises(ValueError, match="g2"):
        model.index(nothing, model.read(_people()))


def test_an_encoder_that_it_was_not_trained_for_is_refused() -> None:
    with pytest.raises(PackError, match="CONCERT_ENCODER"):
        AssociationModel.load(locate("association"), encoder="some/encoder")


def test_a_pack_of_other_features_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "association"
    shutil.copytree(locate("association"), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["parameters"]["features"] = ["meaning", "posts"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackError, match="other features"):
        AssociationModel.load(folder)


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (Post(post_id="1", account_id="a", text="nothing"), set()),
        (Post(post_id="1", account_id="a", text="#One @Two"), {"hashtag:one", "mention:two"}),
        (
            Post(post_id="1", account_id="a", text="see https://www.x.example/p/."),
            {"link:https://www.x.example/p", "domain:x.example"},
        ),
        (Post(post_id="1", account_id="a", urls=("http://[bad",)), {"link:http://[bad"}),
        (Post(post_id="1", account_id="a", reposted_account_id="B"), {"repost:b"}),
    ],
)
def test_objects(post: Post, expected: set[str]) -> None:
    assert objects_of(post) == expected
