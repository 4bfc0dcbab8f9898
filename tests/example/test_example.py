"""The example: its files parse, agree with each other and with their README, and are made up."""

import csv
import json
import re
import runpy
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policy.assess import assess_group
from policy.assessment import Outcome
from policy.boilerplate import check_answers
from policy.findings import Coordination, Finding, Proof
from policy.groups import Group
from policy.incidents import Actors, Incident
from policy.people import is_person
from policy.protected import ProtectedAccount
from policy.questions import FourQuestions
from policy.records import Account, Post
from policy.rules import Rule
from policy.technical import judge_technical
from policy.use import PRIMARY_USE_POSTS
from policy.words import LinkageKind, Nature, RestrictionKind, Severity

FOLDER = Path(__file__).resolve().parents[2] / "example"
TARGET = "bean_rows_chalk_12"
NEWEST = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def loaded(name: str) -> list[Row]:
    return list(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def present(row: Row, lists: tuple[str, ...] = ()) -> Row:
    filled = {name: value for name, value in row.items() if value}
    return filled | {name: tuple(filled[name].split()) for name in lists if name in filled}


@pytest.fixture(scope="module")
def cast() -> dict[str, str]:
    """Account id to its role: the answer sheet."""
    return {row["account_id"]: row["role"] for row in rows("cast.csv")}


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    return [
        Post.model_validate(present(row, ("urls", "hashtags", "mentions", "media_hashes")))
        for row in rows("posts.csv")
    ]


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    return {group.id: group for group in map(Group.model_validate, loaded("groups.json"))}


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    return {one.id: one for one in map(Finding.model_validate, loaded("findings.json"))}


@pytest.fixture(scope="module")
def incidents() -> dict[str, Incident]:
    return {one.id: one for one in map(Incident.model_validate, loaded("incidents.json"))}


def test_make_reproduces_the_files() -> None:
    made = runpy.run_path(str(FOLDER / "make.py"))["files"]()
    assert sorted(made) == ["accounts.csv", "linkages.csv", "posts.csv"]
    for name, content in made.items():
        assert (FOLDER / name).read_bytes() == content.encode(), f"{name}: run example/make.py"


def test_columns_are_those_of_the_contract() -> None:
    assert list(rows("posts.csv")[0]) == list(Post.model_fields)
    assert list(rows("accounts.csv")[0]) == list(Account.model_fields)


def test_posts_are_whole(posts: list[Post], cast: dict[str, str]) -> None:
    by_id = {post.post_id: post for post in posts}
    assert len(by_id) == len(posts)
    assert {post.account_id for post in posts} == set(cast)
    for post in posts:
        assert post.created_at is not None
        assert NEWEST - timedelta(days=28) <= post.created_at <= NEWEST
        assert post.text
        assert set(post.mentions) <= set(cast)
        for other_id, other_account in (
            (post.reposted_post_id, post.reposted_account_id),
            (post.replied_to_post_id, post.replied_to_account_id),
        ):
            if other_id is None:
                assert other_account is None
                continue
            other = by_id[other_id]
            assert other.account_id == other_account
            assert other.created_at is not None
            assert other.created_at < post.created_at
    assert max(post.created_at for post in posts if post.created_at) > NEWEST - timedelta(hours=1)


def test_accounts_parse(cast: dict[str, str]) -> None:
    accounts = [Account.model_validate(present(row)) for row in rows("accounts.csv")]
    assert [account.account_id for account in accounts] == list(cast)
    for account in accounts:
        assert account.created_at is not None
        assert account.created_at < NEWEST


def test_nobody_is_real(posts: list[Post], cast: dict[str, str]) -> None:
    for account in cast:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+_\d\d", account), account
    everything = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir()) if path.is_file()
    )
    for host in re.findall(r"https?://([\w.-]+)", everything):
        assert host.endswith(".example"), host
    for post in posts:
        assert set(re.findall(r"@(\w+)", post.text)) <= set(cast), post.post_id


def test_no_two_people_say_the_same(posts: list[Post], cast: dict[str, str]) -> None:
    said = Counter(
        re.sub(r"\W+", " ", post.text).casefold().strip()
        for post in posts
        if cast[post.account_id] != "ring" and not post.reposted_post_id
    )
    assert [text for text, times in said.items() if times > 1] == []


def test_waves_of_the_ring_are_copies_within_a_minute(posts: list[Post]) -> None:
    waves: dict[str, list[Post]] = {}
    for post in posts:
        if post.post_id.startswith("wave-"):
            waves.setdefault(post.post_id.split("-")[1], []).append(post)
    assert len(waves) == 9
    for wave in waves.values():
        times = [post.created_at for post in wave if post.created_at]
        assert len({post.account_id for post in wave}) == 14
        assert max(times) - min(times) <= timedelta(minutes=1)


def test_linkages_show_the_ring_and_nobody_else(cast: dict[str, str]) -> None:
    holders: dict[tuple[str, str], set[str]] = {}
    for row in rows("linkages.csv"):
        kind = LinkageKind(row["kind"])
        holders.setdefault((kind, row["key_hash"]), set()).add(row["account_id"])
    shared = {key: who for key, who in holders.items() if len(who) > 1}
    roles = {key: {cast[account] for account in who} for key, who in shared.items()}
    counts = Counter(kind for (kind, _), found in roles.items() if found == {"ring"})
    assert counts == {"device": 3, "phone": 2}
    others = {key: who for key, who in shared.items() if roles[key] != {"ring"}}
    assert sorted(len(who) for who in others.values()) == [2, 9]
    assert {cast[account] for who in others.values() for account in who} == {
        "ordinary",
        "activist",
    }


def test_decisions_follow_the_answer_sheet(
    groups: dict[str, Group], posts: list[Post], cast: dict[str, str]
) -> None:
    flooded = {
        post.account_id
        for post in posts
        if post.replied_to_account_id == TARGET and cast[post.account_id] in {"member", "mild"}
    }
    ring = {account for account, role in cast.items() if role == "ring"}
    for group_id, truth in (("weigh-it-again", flooded), ("clear-drop", ring)):
        group = groups[group_id]
        decided = {one.account_id: one.member for one in group.decisions}
        assert len(decided) == len(group.decisions)
        assert not set(decided) & {member.account_id for member in group.members}
        for account, member in decided.items():
            assert member == (account in truth), account
    assert groups["open-hollin-library"].decisions == ()


def test_only_confirmed_members_seed(groups: dict[str, Group], cast: dict[str, str]) -> None:
    assert {name: len(group.seeds) for name, group in groups.items()} == {
        "weigh-it-again": 8,
        "clear-drop": 5,
        "open-hollin-library": 4,
    }
    campaign = groups["weigh-it-again"]
    assert {cast[account] for account in campaign.seeds} == {"organiser", "member"}
    reported = {one.account_id for one in campaign.members} - set(campaign.seeds)
    # Somebody reported a person who only wanted to be left in peace: that must not seed anything.
    assert {cast[account] for account in reported} == {"member", "about"}


def test_findings_stand_on_posts(
    findings: dict[str, Finding], posts: list[Post], groups: dict[str, Group], cast: dict[str, str]
) -> None:
    by_id = {post.post_id: post for post in posts}
    for finding in findings.values():
        assert finding.group_id in groups
        assert set(finding.account_ids) <= set(cast)
        for pair in finding.post_pairs:
            first, second = (by_id[post_id].created_at for post_id in pair)
            assert first is not None
            assert second is not None
            assert timedelta(0) < second - first <= timedelta(hours=9)
    for call, reply in findings["weigh-dogpile"].post_pairs:
        assert cast[by_id[call].account_id] == "organiser"
        assert by_id[reply].replied_to_account_id == TARGET
        assert cast[by_id[reply].account_id] in {"organiser", "member", "mild"}
    ring = findings["drop-ring"]
    assert (ring.kind, ring.proofs) == (Coordination.TECHNICAL, (Proof.LINKAGE,))
    assert {cast[account] for account in ring.account_ids} == {"ring"}


def test_incidents_cite_findings_of_their_group(
    incidents: dict[str, Incident], findings: dict[str, Finding]
) -> None:
    for incident in incidents.values():
        assert incident.finding_ids
        for finding_id in incident.finding_ids:
            finding = findings[finding_id]
            assert finding.group_id == incident.group_id
            assert finding.started_at is not None
            assert finding.started_at <= incident.when
    assert incidents["library-staff"].interested
    assert not incidents["library-staff"].corroborated
    assert incidents["weigh-greenhouse"].corroboration == 2
    assert incidents["weigh-flood"].actors is Actors.ORGANISER


def test_the_flood_is_as_large_as_the_incident_says(
    posts: list[Post], cast: dict[str, str]
) -> None:
    replies = [
        post
        for post in posts
        if post.replied_to_account_id == TARGET
        and cast[post.account_id] in {"organiser", "member", "mild"}
    ]
    assert len(replies) > 200
    assert len({post.account_id for post in replies}) > 80


def test_answers_are_in_earnest_and_cite_what_there_is(
    groups: dict[str, Group],
    posts: list[Post],
    incidents: dict[str, Incident],
    findings: dict[str, Finding],
) -> None:
    known = {post.post_id for post in posts} | set(incidents) | set(findings)
    used: list[str] = []
    natures: dict[str, Nature] = {}
    for given in loaded("assessments.json"):
        questions = FourQuestions.model_validate(given["questions"])
        check_answers(questions, used)
        natures[given["group_id"]] = questions.nature
        for name in FourQuestions.model_fields:
            answer = getattr(questions, name)
            if hasattr(answer, "evidence_ids"):
                used.append(answer.text)
                assert set(answer.evidence_ids) <= known, (given["group_id"], name)
        decision = given["decision"]
        assert (decision is not None) == (given["group_id"] == "weigh-it-again")
        if decision:
            assert is_person(decision["by"])
            assert "example" in decision["by"]
            assert all(RestrictionKind(kind) for kind in decision["measures"])
    assert set(natures) == set(groups)
    assert [name for name, nature in natures.items() if nature is Nature.ACTIVISM] == [
        "open-hollin-library"
    ]


def test_the_policy_says_what_the_readme_says(
    groups: dict[str, Group], incidents: dict[str, Incident], findings: dict[str, Finding]
) -> None:
    found = {}
    for given in loaded("assessments.json"):
        group = groups[given["group_id"]]
        questions = FourQuestions.model_validate(given["questions"])
        assert group.nature is questions.nature
        made = assess_group(
            f"of-{group.id}",
            group,
            findings=findings.values(),
            incidents=incidents.values(),
            questions=questions,
            now=NEWEST + timedelta(hours=1),
        )
        found[group.id] = (made.outcome, made.rule, *made.severities.values())
    low, moderate, high = Severity
    assert found == {
        "weigh-it-again": (Outcome.DESIGNATE, Rule.DESIGNATE_ONE_HIGH, moderate, high, low),
        "clear-drop": (Outcome.NOT, Rule.HARM_TOO_LOW, low, low, moderate),
        "open-hollin-library": (Outcome.NOT, Rule.HARM_TOO_LOW, low, low, low),
    }
    proven = {name for name, finding in findings.items() if judge_technical(finding).proven}
    assert proven == {"drop-ring"}


def test_organisers_post_enough_to_tell_what_their_accounts_are_for(
    posts: list[Post], cast: dict[str, str]
) -> None:
    counts = Counter(post.account_id for post in posts if cast[post.account_id] == "organiser")
    assert all(count >= PRIMARY_USE_POSTS for count in counts.values())


def test_no_moment_lies_ahead_once_the_newest_post_is_an_hour_old(posts: list[Post]) -> None:
    newest = max(post.created_at for post in posts if post.created_at)
    moments = []
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in {".csv", ".json"}:
            text = path.read_text(encoding="utf-8")
            moments += re.findall(r"\d{4}-\d\d-\d\d(?:T[\d:]+Z)?", text)
    assert all(moment.endswith("Z") for moment in moments), "a bare day cannot be moved by a span"
    assert max(map(datetime.fromisoformat, moments)) <= newest + timedelta(hours=1)


def test_protected_list_parses(cast: dict[str, str]) -> None:
    listed = [ProtectedAccount.model_validate(row) for row in loaded("protected.json")]
    assert {cast[one.account_id] for one in listed} == {"about"}
    assert all(one.stands(NEWEST) for one in listed)


def test_readme_tells_the_truth(
    posts: list[Post], groups: dict[str, Group], cast: dict[str, str]
) -> None:
    readme = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    roles = Counter(cast.values())
    decisions = groups["weigh-it-again"].decisions
    decided = {one.account_id for one in decisions}
    members = set(groups["weigh-it-again"].seeds)
    open_ones = Counter(role for who, role in cast.items() if who not in decided | members)
    yes = sum(one.member for one in decisions)
    for said in (
        "Everything in this folder is made up",
        f"Together {len(cast)} accounts and {len(posts)} posts",
        (
            f"{roles['organiser']} organisers, {roles['member']} who join in, "
            f"{roles['mild']} who are at its edge"
        ),
        f"{roles['ring']} accounts, 3 devices, 2 telephone numbers, 9 waves",
        f"{roles['activist']} who post together, {roles['hanger_on']} rude hangers-on",
        f"{roles['about']} people who talk about the campaign",
        f"and {roles['ordinary']} people who talk of other things",
        (
            f"has {len(decisions)} of them, {yes} on accounts that take part and "
            f"{len(decisions) - yes} on accounts that do not"
        ),
        (
            f"{open_ones['member']} accounts that take part, {open_ones['mild']} at the edge and "
            f"{open_ones['about']} that merely talk were left open"
        ),
        f"`clear-drop` has {len(groups['clear-drop'].decisions)}, too few",
    ):
        assert said in readme, said


def test_it_stays_small() -> None:
    size = sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file())
    assert size < 400_000
