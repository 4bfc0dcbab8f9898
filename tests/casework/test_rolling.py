"""The rolling pass on real models: only what is new, resumed, held and taken up, quiet, trends."""

import csv
import json
import random
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from casework import brake, bulk
from casework.dossier import save_groups
from casework.replay import replay
from casework.roll import CHUNK, close_quiet, roll
from casework.shadow import end_shadow, report_all, start_shadow
from casework.shadow import report as shadow_report
from casework.shadow_look import look_now
from casework.trends import judge_trends
from models.packs import MANIFEST, SHIPPED, PackError
from policy.brake import BrakeScope
from policy.bulk import ALONE, BulkKind, BulkState
from policy.grounds import LIMITS
from policy.life_rules import LifeRule
from policy.restrictions import Restriction
from policy.rolling import QUIET_AFTER
from policy.shadow import Knobs, Would
from policy.words import Refusal, RestrictionKind, SubjectKind
from tests.life import world as worlds
from tests.life.world import GROUP, WHY, World
from tests.life.year import CALLS, OTHERS

HOSTS = [f"host{number}" for number in range(8)]
KNOWN = [f"known{number:02}" for number in range(60)]
OTHERS_THERE = [f"other{number:03}" for number in range(70)]
MEMBERS = [f"member{number:02}" for number in range(24)]
ABOUT = ["association", "reapplication", "suspension"]
"""Kinds of cases about accounts; new posts are screened by themselves."""
DAY = timedelta(days=1)
MEASURES = (*LIMITS, "block_trend", "suspend_account")


class Rolling(World):
    """A world with posts in its lake."""

    def post(self, accounts: list[str], texts: tuple[str, ...], each: int = 4) -> None:
        rng = random.Random(f"{self.now}{accounts[0]}")
        path = self.office.settings.home / f"posts{self.number()}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("post_id", "account_id", "text", "created_at", "lang"))
            for account in accounts:
                for number in range(each):
                    said = texts[number % len(texts)].format(n=rng.randint(1, 40))
                    at = self.now - timedelta(minutes=rng.randint(1, 50), seconds=number)
                    writer.writerow((f"p{self.number()}", account, said, at.isoformat(), "en"))
        assert not self.office.lake.ingest([path]).errors

    def standing(self, account: str) -> list[Restriction]:
        return list(self.office.store.lookups.one(SubjectKind.ACCOUNT, account, self.now))

    def limited(self, accounts: list[str]) -> set[str]:
        return {account for account in accounts if self.standing(account)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rolling]:
    """One life for all tests of this module, in their order: a pass takes seconds."""
    home = tmp_path_factory.mktemp("rolling")
    made = worlds.made(home, f"sqlite:///{home / 'concert.db'}")
    settings = made.office.settings.model_copy(update={"brake_accounts": 1000})
    rolling = Rolling(
        worlds.Office(settings, made.office.store, made.office.lake, made.clock), made.clock
    )
    group, _ = worlds.dossier(rolling.now)
    told = group.model_dump(mode="json") | {
        "members": HOSTS,
        "narratives": ["Flood her replies until she quits the paper and leaves the harbour."],
        "decisions": [{"account_id": one, "member": at < 50} for at, one in enumerate(KNOWN)],
    }
    save_groups(rolling.office, [worlds.Group.model_validate(told)], actor="person:ana")
    rolling.post([*HOSTS, *KNOWN[:50]], CALLS)
    rolling.post([*KNOWN[50:], *OTHERS_THERE], OTHERS)
    rolling.designate(MEASURES)
    yield rolling
    made.close()


def test_the_first_pass_looks_at_everybody_and_the_next_at_nobody(world: Rolling) -> None:
    first = roll(world.office)
    assert first.problems == []
    assert first.accounts == len(HOSTS) + len(KNOWN) + len(OTHERS_THERE)
    assert "open from" in first.lanes[GROUP]
    again = roll(world.office)
    assert (again.accounts, again.posts, again.changed) == (0, 0, False)
    assert world.limited(OTHERS_THERE) == set()


def test_a_brake_holds_the_machine_and_its_release_takes_up_what_was_held(world: Rolling) -> None:
    world.clock.turn(DAY)
    pulled, _ = brake.pull_brake(world.office, BrakeScope.GROUP, GROUP, by="person:ana", reason=WHY)
    world.post(MEMBERS[:8], CALLS)
    held = roll(world.office)
    assert held.accounts == 8
    assert held.outcomes["held"] > 0
    assert world.limited(MEMBERS) == set()
    with world.office.store.reading() as work:
        kept = work.associations.find(group_id=GROUP, held=LifeRule.BRAKE.value)
    assert len(kept) == held.outcomes["held"]

    brake.release_brake(world.office, pulled.id, by="person:ben", reason=WHY)
    taken_up = roll(world.office)
    assert taken_up.posts == 0
    assert taken_up.outcomes["limited"] == len(kept)
    assert world.limited(MEMBERS) == {one.account_id for one in kept}


class _StoppedError(Exception):
    pass


def test_a_pass_that_was_cut_off_goes_on_where_it_was(
    world: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.turn(DAY)
    world.post(MEMBERS[8:16], CALLS)
    world.post(OTHERS_THERE[:40], OTHERS, each=1)
    monkeypatch.setattr("casework.roll.CHUNK", 10)
    assert CHUNK > 10
    seen = 0

    def stop(what: str, done: int, _of: int) -> None:
        nonlocal seen
        seen += what.startswith("accounts against")
        if done >= 20:
            raise _StoppedError

    with pytest.raises(_StoppedError):
        roll(world.office, stop)
    done_before = world.limited(MEMBERS[8:16])
    rest = roll(world.office)
    # 48 accounts posted; three chunks of ten had been followed up.
    assert rest.accounts == 18
    assert rest.problems == []
    assert world.limited(MEMBERS[8:16]) >= done_before
    assert roll(world.office).accounts == 0


def test_machines_that_act_too_often_stop_by_themselves(world: Rolling) -> None:
    world.clock.turn(2 * DAY)
    cautious = world.office.settings.model_copy(update={"brake_accounts": 3})
    careful = worlds.Office(cautious, world.office.store, world.office.lake, world.clock)
    world.post(MEMBERS[16:], CALLS)
    found = roll(careful)
    assert found.outcomes["limited"] == 3
    assert found.outcomes["held"] > 0
    with world.office.store.reading() as work:
        [pulled] = work.brakes.find(released_at=None)
    assert (pulled.by, pulled.rule) == ("system:brake", LifeRule.BRAKE_RATE)
    brake.release_brake(world.office, pulled.id, by="person:ben", reason=WHY)
    roll(world.office)
    assert len(world.limited(MEMBERS[16:])) > 3


def test_many_are_limited_by_two_people_and_undone_as_one(world: Rolling) -> None:
    chosen = OTHERS_THERE[50 : 50 + ALONE + 1]
    world.clock.turn(timedelta(hours=1))
    made = bulk.act_on_many(
        world.office, BulkKind.LIMIT, GROUP, [*chosen, "nobody"], by="person:ana", reason=WHY
    )
    assert made.state is BulkState.PROPOSED
    assert world.limited(chosen) == set()
    done = bulk.approve(world.office, made.id, by="person:ben", reason="I looked at them")
    assert world.limited(chosen) == set(chosen)
    assert set(done.left_alone) == {"nobody"}
    bulk.undo(world.office, made.id, by="person:ana", reason="it was the wrong list")
    assert world.limited(chosen) == set()


def test_a_groups_own_trend_is_blocked_and_a_hijacked_one_is_not(world: Rolling) -> None:
    world.clock.turn(timedelta(hours=1))
    limited = sorted(world.limited(MEMBERS))
    assert len(limited) >= 10
    # The festival's hashtag: flooded by the group, used by many others for what it is.
    flood = tuple(text.replace("#quaywatch", "#harbourfest") for text in CALLS)
    world.post(limited, flood, each=12)
    world.post(OTHERS_THERE[:60], tuple(f"{text} #harbourfest" for text in OTHERS), each=1)
    judged = {one.facts.trend: one for one in judge_trends(world.office, GROUP)}
    assert judged["#quaywatch"].linked
    hijacked = judged["#harbourfest"]
    assert hijacked.facts.associated.low > 0.5
    assert not hijacked.linked
    # An earlier pass may have blocked the group's own already; the other one never.
    roll(world.office)
    stands = world.office.store.lookups.many(
        SubjectKind.TREND, ["#quaywatch", "#harbourfest"], world.now
    )
    assert [one.kind for one in stands["#quaywatch"]] == [RestrictionKind.BLOCK_TREND]
    assert stands["#harbourfest"] == []
    assert roll(world.office).trends == 0


def test_a_shadow_says_what_it_would_have_done_and_touches_nobody(world: Rolling) -> None:
    before = world.limited([*MEMBERS, *OTHERS_THERE])
    made = start_shadow(
        world.office, GROUP, Knobs(act_from=0.0), by="person:ana", reason="how far would it go"
    )
    world.clock.turn(timedelta(hours=1))
    world.post(OTHERS_THERE[:10], OTHERS, each=3)
    roll(world.office)
    found = shadow_report(world.office, made.id)
    assert found.accounts >= 10
    assert {one.would for one in found.otherwise} <= {Would.LIMIT, Would.ASK}
    assert found.otherwise
    assert world.limited([*MEMBERS, *OTHERS_THERE]) == before


def candidate_pack(folder: Path, version: str, **parameters: object) -> Path:
    """A folder of models with one pack: the shipped one, with a few of its numbers changed."""
    pack = folder / "association"
    shutil.copytree(SHIPPED / "association", pack, dirs_exist_ok=True)
    manifest = json.loads((pack / MANIFEST).read_text(encoding="utf-8"))
    manifest["version"] = version
    manifest["parameters"] |= parameters
    (pack / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_another_model_in_shadow_stands_beside_the_one_in_use(
    world: Rolling, tmp_path: Path
) -> None:
    office = world.office
    shipped = json.loads((SHIPPED / "association" / MANIFEST).read_text(encoding="utf-8"))
    # A model that is far less ready to say yes.
    stern = candidate_pack(tmp_path / "stern", "stern", bias=shipped["parameters"]["bias"] - 6)
    before = world.limited([*MEMBERS, *OTHERS_THERE])
    with office.store.reading() as work:
        laid, cases = work.restrictions.count(), work.cases.count(kind=ABOUT)
    made = start_shadow(
        office,
        GROUP,
        # Its own act lane may open lower, for it is measured by its own likelihoods.
        Knobs(models=str(stern), act_from=1.0, review_from=1.0),
        by="person:ana",
        reason="would it be enough",
    )
    assert made.model == "association-stern"
    assert look_now(office, made.id) == len(office.lake.active_after(0))
    found = shadow_report(office, made.id)
    by_account = {one.account_id: one for one in found.otherwise}
    for account in sorted(before):
        one = by_account[account]
        assert one.did is Would.LIMIT
        assert one.would is Would.NOTHING
        assert one.probability < (one.in_use or 0)
    assert sum(row.accounts for row in found.rows) == found.accounts
    assert {row.group_id for row in found.rows} == {GROUP}
    assert all(row.in_use is not None and row.shadow < row.in_use for row in found.rows)
    assert all(row.moved and row.moved > 0.01 for row in found.rows)
    apart = [abs(one.moved) for one in found.otherwise]
    assert apart == sorted(apart, reverse=True)
    assert made.id in {one.shadow.id for one in report_all(office)}
    # The pass goes on looking with both, and touches nobody for what the candidate says.
    world.clock.turn(timedelta(hours=1))
    limited = sorted(before)[0]
    world.post([limited], CALLS, each=3)
    assert roll(office).problems == []
    with office.store.reading() as work:
        [seen] = work.shadow_outcomes.find(shadow_id=made.id, account_id=limited)
    assert (seen.at, seen.did) == (world.now, Would.LIMIT)
    assert seen.in_use is not None
    assert seen.in_use > seen.probability
    assert world.limited([*MEMBERS, *OTHERS_THERE]) == before
    with office.store.reading() as work:
        assert (work.restrictions.count(), work.cases.count(kind=ABOUT)) == (laid, cases)
    # With another pack in the folder it does not look any more; the pass says so, and goes on.
    candidate_pack(tmp_path / "stern", "other")
    world.post(OTHERS_THERE[:1], OTHERS, each=1)
    (problem,) = roll(office).problems
    assert "holds association-other by now" in problem
    with pytest.raises(Refusal, match="by now"):
        look_now(office, made.id)
    end_shadow(office, made.id, by="person:ana", reason="seen enough")
    with pytest.raises(Refusal, match="has ended"):
        look_now(office, made.id)


def test_a_group_that_cannot_be_measured_is_told_in_a_sentence(world: Rolling) -> None:
    save_groups(world.office, [worlds.Group(id="nobody", name="Nobody")], actor="person:ana")
    made = start_shadow(world.office, "nobody", Knobs(), by="person:ana", reason="whom would it be")
    with pytest.raises(Refusal, match="nobody"):
        look_now(world.office, made.id)
    end_shadow(world.office, made.id, by="person:ana", reason="nobody is known of it")


def test_a_folder_without_the_model_is_refused(world: Rolling, tmp_path: Path) -> None:
    knobs = Knobs(models=str(tmp_path))
    with pytest.raises(PackError, match="holds no association pack"):
        start_shadow(world.office, GROUP, knobs, by="person:ana", reason="a wrong folder")
    with pytest.raises(PackError, match="holds no association pack"):
        replay(world.office, since=world.now - DAY, until=world.now, knobs=knobs, group_ids=[GROUP])


def test_a_replay_shows_the_difference_before_anybody_is_touched(world: Rolling) -> None:
    until = world.now + timedelta(hours=1)
    with world.office.store.reading() as work:
        laid = work.restrictions.count()
    same = replay(
        world.office, since=until - 7 * DAY, until=until, knobs=Knobs(), group_ids=[GROUP]
    )
    assert same.differing == 0
    assert sum(row.accounts for row in same.rows) >= len(MEMBERS)
    none = replay(
        world.office,
        since=until - 7 * DAY,
        until=until,
        knobs=Knobs(act_from=1.0, review_from=1.0),
        group_ids=[GROUP],
    )
    assert none.differing >= len(MEMBERS) / 2
    assert all(one.would_be.limits == 0 for one in none.differ)
    with world.office.store.reading() as work:
        assert work.restrictions.count() == laid


def test_what_went_quiet_is_closed_and_comes_back_with_new_posts(world: Rolling) -> None:
    world.clock.turn(QUIET_AFTER + DAY)
    with world.office.store.reading() as work:
        before = work.associations.count(group_id=GROUP, closed_at=None)
    assert close_quiet(world.office) == before
    assert close_quiet(world.office) == 0
    with world.office.store.reading() as work:
        closed = work.associations.need(MEMBERS[0], GROUP)
    assert LifeRule.QUIET in (closed.closed_why or "")
    # Known better, but no new posts of its own: it stays closed.
    world.post(MEMBERS[:1], CALLS)
    roll(world.office)
    with world.office.store.reading() as work:
        assert work.associations.need(MEMBERS[0], GROUP).closed_at is None
        assert work.associations.need(MEMBERS[1], GROUP).closed_at is not None


def test_expired_limits_show_nowhere(world: Rolling) -> None:
    later: datetime = world.now + 31 * DAY
    stands = world.office.store.lookups.many(SubjectKind.ACCOUNT, MEMBERS, later)
    assert not any(stands.values())
