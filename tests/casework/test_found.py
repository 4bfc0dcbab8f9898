"""Machine findings in a dossier: mapped whole, kept once, and proven only by what proves."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from casework.assess import assess
from casework.continued import continued
from casework.dossier import save_groups
from casework.found import FOUND_BY, as_finding, ask_about, keep_findings, touching
from casework.office import Office
from casework.scoring import Models
from casework.swarm_score import harm_score
from coordination.detect import detect
from coordination.findings import (
    AUTOMATED,
    BEYOND_CHANCE,
    LINKED,
    CoordinationFinding,
    Kind,
    PostPair,
)
from coordination.swarm_findings import SWARM
from coordination.swarms import Call, Participant, Swarm
from labeling.evidence import read_evidence
from labeling.render import evidence_html
from policy.cases import AskedAbout, Case, CaseKind
from policy.coordinated import is_coordination
from policy.settings import Settings
from policy.technical import judge_technical
from policy.verdicts import CoordinationChoice, CoordinationVerdict
from policy.words import Harm, Refusal, Severity
from tests.casework.conftest import Desk

OTHER_VERSION = BEYOND_CHANCE.partition("/")[0] + "/0"
NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)


def found(kind: Kind, rule: str, *linkages: str) -> CoordinationFinding:
    pair = PostPair("text", "words", "p1", "a", NOON, "p2", "b", NOON)
    return CoordinationFinding(
        id="f1",
        kind=kind,
        rule=rule,
        layers=("text",),
        account_ids=("a", "b", "c"),
        pairs=(pair,),
        pair_count=1,
        p_timing=0.001,
        p_audience=0.002,
        q=0.004,
        window_s=60.0,
        started=NOON,
        ended=NOON,
        techniques=("T0084.001",),
        summary="Three accounts wrote the same; it does not show who they are.",
        linkage_kinds=linkages,
    )


@pytest.mark.parametrize(
    ("given", "proven"),
    [
        (found(Kind.TECHNICAL, LINKED, "device"), True),
        (found(Kind.TECHNICAL, LINKED, "network"), False),
        (found(Kind.TECHNICAL, AUTOMATED), True),
        (found(Kind.SOCIAL, BEYOND_CHANCE), False),
    ],
    ids=["device", "network", "automation", "social"],
)
def test_only_proof_makes_it_proven(given: CoordinationFinding, proven: bool) -> None:
    finding = as_finding(given, "g", NOON)
    assert judge_technical(finding).proven is proven
    assert finding.post_pairs == (("p1", "p2"),)
    assert finding.significance == 0.004


def test_kept_once_and_only_for_a_known_group(office: Office) -> None:
    given = [found(Kind.SOCIAL, BEYOND_CHANCE)]
    assert keep_findings(office, given, "clear-drop") == 1
    assert keep_findings(office, given, "clear-drop") == 0
    with pytest.raises(Refusal):
        keep_findings(office, given, "nobody")


def _cases(office: Office) -> list[Case]:
    with office.store.reading() as work:
        return work.cases.find(kind=CaseKind.COORDINATION.value, group_id="clear-drop")


def test_a_person_is_asked_once_about_each_that_says_concert(office: Office) -> None:
    social = found(Kind.SOCIAL, BEYOND_CHANCE)
    given = [
        social,
        replace(social, id="f2", kind=Kind.CHANCE, rule="coordination.chance.not_rejected/1"),
        replace(social, id="f3", kind=Kind.INSUFFICIENT, rule="coordination.insufficient.call/1"),
    ]
    assert ask_about(office, given, "clear-drop") == 0, "nothing is kept yet"
    assert keep_findings(office, given, "clear-drop") == 3
    assert ask_about(office, given, "clear-drop") == 1
    assert ask_about(office, given, "clear-drop") == 0
    (case,) = _cases(office)
    assert (case.subject_kind, case.subject_id) == (AskedAbout.FINDING, "clear-drop-f1")
    assert case.rule == BEYOND_CHANCE


def test_the_case_shows_posts_pairs_times_chance_and_limits(office: Office) -> None:
    """Read back by the room that shows it, as the page that a reviewer sees."""
    later = NOON + timedelta(seconds=17)
    pair = PostPair("url", "example.org/a", "p1", "ann", NOON, "p2", "ben", later)
    given = [replace(found(Kind.SOCIAL, BEYOND_CHANCE), pairs=(pair,), account_ids=("ann", "ben"))]
    keep_findings(office, given, "clear-drop")
    ask_about(office, given, "clear-drop", {"p1": "words <b>first</b>", "p2": "words second"})
    (case,) = _cases(office)
    page = evidence_html(read_evidence(case.kind, case.evidence), blind=False)
    for shown in (
        "words &lt;b&gt;first&lt;/b&gt;", "words second", "ann", "ben", "12:00:17",
        "17 s after a post of ann", "same url: example.org/a", "q 0.004",
        "p 0.001 by when they acted", BEYOND_CHANCE, "What it does not show",
        "Common control, automation, intent",
        "T0084.001", "limits nobody",
    ):  # fmt: skip
        assert shown in page, shown


def swarm(harms: dict[str, tuple[float, float]] | None) -> CoordinationFinding:
    people = tuple(
        Participant(f"fan-{at}", ("follow",), at == 0, (f"a{at}",), NOON, 0, None)
        for at in range(9)
    )
    pairs = tuple(
        PostPair("swarm", "the-target", "call", "caller", NOON, f"a{at}", f"fan-{at}", NOON)
        for at in range(9)
    )
    burst = Swarm(
        target="the-target", call=Call("call", "caller", NOON, ("speak",), None), other_calls=(),
        window_s=3600.0, ended=NOON, accounts=11, expected=0.4, before=1, p_burst=1e-8,
        participants=people, expected_ties=1.2, p_ties=1e-7, acts={"reply": 9}, harms=harms,
        others_harms=None,
    )  # fmt: skip
    return replace(
        found(Kind.SOCIAL, SWARM), id="swarm", layers=("swarm",), pairs=pairs, pair_count=9,
        account_ids=("caller", *(one.account_id for one in people)), swarm=burst,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("harms", "gravity"),
    [
        (
            {"psychological": (0.7, 0.9), "physical": (0.1, 0.0)},
            (Harm.PSYCHOLOGICAL, Severity.HIGH),
        ),
        ({"psychological": (0.1, 0.1)}, None),
        (None, None),
    ],
    ids=["harmful", "harmless", "not scored"],
)
def test_a_swarm_is_asked_about_with_care(
    office: Office,
    harms: dict[str, tuple[float, float]] | None,
    gravity: tuple[Harm, Severity] | None,
) -> None:
    given = [swarm(harms)]
    keep_findings(office, given, "clear-drop")
    assert ask_about(office, given, "clear-drop") == 1
    (case,) = _cases(office)
    if gravity is not None:
        assert (case.harm, case.severity) == gravity
    page = evidence_html(read_evidence(case.kind, case.evidence), blind=False)
    for shown in (
        "caller, with post call",
        "the-target",
        "11 accounts, 0.4 expected",
        "9 by follow",
    ):
        assert shown in page, shown
    assert ("90% likelier harmful" in page) is (gravity is not None)
    assert ("not scored" in page) is (harms is None)


def test_a_kept_finding_is_coordination_in_the_assessment_and_no_harm(office: Office) -> None:
    before = assess(office, "clear-drop", actor="person:ana")
    keep_findings(office, [swarm(None)], "clear-drop")
    after = assess(office, "clear-drop", actor="person:ana")
    assert after.coordination.found
    assert "clear-drop-swarm" in after.coordination.finding_ids
    assert [one.severity for one in after.harms] == [one.severity for one in before.harms]


@pytest.mark.parametrize(
    ("given", "choice", "left"),
    [
        (found(Kind.SOCIAL, BEYOND_CHANCE), CoordinationChoice.NONE, False),
        (found(Kind.SOCIAL, BEYOND_CHANCE), CoordinationChoice.CANNOT_TELL, True),
        (found(Kind.SOCIAL, BEYOND_CHANCE), CoordinationChoice.SOCIAL, True),
        # Proof is answered for account by account.
        (found(Kind.TECHNICAL, LINKED, "device"), CoordinationChoice.NONE, True),
    ],
    ids=["none", "cannot tell", "social", "proven"],
)
def test_what_a_person_refutes_counts_no_more(
    office: Office, desk: Desk, given: CoordinationFinding, choice: CoordinationChoice, left: bool
) -> None:
    keep_findings(office, [given], "clear-drop")
    ask_about(office, [given], "clear-drop")
    (case,) = _cases(office)
    desk.answer(case, CoordinationVerdict(coordination=choice, reason="I read all of it."))
    with office.store.reading() as work:
        finding = work.findings.need("clear-drop-f1")
    assert is_coordination(finding) is left
    assert finding.post_pairs, "what was found stays to be read"
    assert keep_findings(office, [given], "clear-drop") == 0, "the next run does not bring it back"
    assert ask_about(office, [given], "clear-drop") == 0


@pytest.mark.parametrize(
    ("accounts", "group", "about"),
    [
        (("one", "two", "x", "y"), "clear-drop", True),
        (("one", "x", "y"), "clear-drop", False),
        (("x", "y", "z"), "clear-drop", False),
        ((), "clear-drop", True),
        (("x", "y", "z"), "just-begun", True),
    ],
)
def test_a_finding_in_everybodys_posts_is_a_groups_own(
    office: Office, accounts: tuple[str, ...], group: str, about: bool
) -> None:
    with office.store.reading() as work:
        dossier = work.groups.need("clear-drop")
    known = [member.account_id for member in dossier.members[:2]]
    names = dict(zip(("one", "two"), known, strict=True))
    new = dossier.model_copy(update={"id": "just-begun", "members": dossier.members[:1]})
    save_groups(office, [new], actor="person:ana")
    one = found(Kind.SOCIAL, BEYOND_CHANCE)
    one = replace(one, account_ids=tuple(names.get(name, name) for name in accounts))
    assert touching(office, [one], group) == ([one] if about else [])


def test_a_case_says_who_of_it_is_a_known_member(office: Office) -> None:
    with office.store.reading() as work:
        member = work.groups.need("clear-drop").members[0].account_id
    given = [replace(found(Kind.SOCIAL, BEYOND_CHANCE), account_ids=("a", "b", member))]
    keep_findings(office, given, "clear-drop")
    ask_about(office, given, "clear-drop")
    (case,) = _cases(office)
    assert ["Known members of the group", f"1 of 3 accounts: {member}"] in case.evidence["facts"]


def ring(accounts: str, id_: str, kind: Kind = Kind.SOCIAL) -> CoordinationFinding:
    """Found in one run: its id goes by its members, so that it is another one with each of them."""
    return replace(found(kind, BEYOND_CHANCE), id=id_, account_ids=tuple(accounts))


@pytest.mark.parametrize(
    ("why", "now", "continues"),
    [
        ("one more", ring("abcde", "new"), True),
        ("one less", ring("abc", "new"), True),
        ("twice as many", ring("abcdefgh", "new"), True),
        ("more than twice as many", ring("abcdefghi", "new"), False),
        ("half others", ring("abxy", "new"), False),
        ("its own id, whatever its members", ring("xyz", "old"), True),
        ("another kind", ring("abcd", "new", Kind.CHANCE), False),
        ("another rule", replace(ring("abcd", "new"), rule=AUTOMATED), False),
        ("the rule in another version", replace(ring("abcd", "new"), rule=OTHER_VERSION), True),
        ("one more layer", replace(ring("abcd", "new"), layers=("text", "url")), False),
        ("nobody", ring("", "new"), False),
    ],
)
def test_what_continues_a_known_finding(
    why: str, now: CoordinationFinding, continues: bool
) -> None:
    old = as_finding(ring("abcd", "old"), "g", NOON)
    made = as_finding(now, "g", NOON)
    assert continued([made], [old]) == ({made.id: old} if continues else {}), why
    imported = old.model_copy(update={"imported_from": "another desk"})
    assert continued([made], [imported]) == ({made.id: imported} if now.id == "old" else {})


def test_what_is_most_alike_continues_it() -> None:
    old = [as_finding(ring("abcdef", "f1"), "g", NOON), as_finding(ring("uvw", "f2"), "g", NOON)]
    parts = ("abcd", "abcde", "uvwx", "uvw")
    now = [as_finding(ring(who, f"new-{who}"), "g", NOON) for who in parts]
    assert continued(now, old) == {"g-new-abcde": old[0], "g-new-uvw": old[1]}


def test_a_ring_that_grows_is_one_finding_and_is_asked_about_again_when_most_are_others(
    office: Office, desk: Desk
) -> None:
    def run(accounts: str) -> tuple[int, int]:
        """The next run finds so many accounts: findings changed, cases opened."""
        given = [ring(accounts, f"ring-of-{len(accounts)}")]
        return keep_findings(office, given, "clear-drop"), ask_about(office, given, "clear-drop")

    verdict = CoordinationVerdict(coordination=CoordinationChoice.SOCIAL, reason="I read it all.")
    assert run("abcd") == (1, 1)
    assert run("abcd") == (0, 0)
    assert run("abcdef") == (1, 0)
    # Far more than what is asked about, which is answered first.
    assert run("abcdefghij") == (1, 0)
    (case,) = _cases(office)
    desk.answer(case, verdict)
    assert run("abcdefghij") == (0, 1)
    with office.store.reading() as work:
        mine = [
            one for one in work.findings.find(group_id="clear-drop") if one.found_by == FOUND_BY
        ]
    (kept,) = mine
    assert kept.id == "clear-drop-ring-of-4"
    assert kept.account_ids == tuple("abcdefghij")
    assert {case.subject_id for case in _cases(office)} == {kept.id}


def test_a_rolling_run_tells_a_ring_that_grows_once(office: Office, tmp_path: Path) -> None:
    """The real way: two nights of posts, one state, one dossier."""
    rng = random.Random(3)
    nights: list[list[dict[str, object]]] = [[], []]
    for night, (rows, members) in enumerate(zip(nights, ("abcd", "abcde"), strict=True)):
        began = NOON + timedelta(days=night)
        acts = [
            (f"user{user}", rng.randrange(80), rng.uniform(0, 80_000))
            for user in range(40)
            for _ in range(20)
        ]
        for shared in range(8):
            at = rng.uniform(0, 80_000)
            acts += [(member, shared, at + rng.uniform(0, 30)) for member in members]
        rows += [
            {
                "post_id": f"{night}-{number}",
                "account_id": account,
                "reposted_post_id": f"{night}-r{shared}",
                "created_at": began + timedelta(seconds=at),
            }
            for number, (account, shared, at) in enumerate(acts)
        ]
    cases = 0
    for rows in nights:
        report = detect(
            pa.Table.from_pylist(rows), on=["repost"], window=timedelta(minutes=1),
            out=tmp_path / "out", state=tmp_path / "state", threads=1, memory="1GB", rounds=0,
        )  # fmt: skip
        (seen,) = report.concert
        assert keep_findings(office, report.findings, "clear-drop") > 0
        cases += ask_about(office, report.findings, "clear-drop")
    assert seen.account_ids == tuple("abcde")
    assert cases == 1
    with office.store.reading() as work:
        found_here = [
            one for one in work.findings.find(group_id="clear-drop") if one.rule == BEYOND_CHANCE
        ]
    assert [one.account_ids for one in found_here] == [seen.account_ids]


def test_what_a_person_refuted_does_not_come_back_with_one_more_member(
    office: Office, desk: Desk
) -> None:
    given = [ring("abcd", "ring-of-4")]
    keep_findings(office, given, "clear-drop")
    ask_about(office, given, "clear-drop")
    (case,) = _cases(office)
    none = CoordinationVerdict(coordination=CoordinationChoice.NONE, reason="A reading circle.")
    desk.answer(case, none)
    grown, larger = [ring("abcde", "ring-of-5")], [ring("abcdefghi", "ring-of-9")]
    assert keep_findings(office, grown, "clear-drop") == 0
    assert ask_about(office, grown, "clear-drop") == 0
    assert keep_findings(office, larger, "clear-drop") == 1
    assert ask_about(office, larger, "clear-drop") == 1


def test_harm_is_scored_by_text_alone(tmp_path: Path) -> None:
    score = harm_score(Models(Settings(home=tmp_path, _env_file=None)))
    mild, same = score([("a", "lovely bridge", "en"), ("b", "lovely bridge", "en")])
    assert set(mild) == {"physical", "psychological", "informational"}
    assert mild == same
    assert all(0 <= likelihood <= 1 for likelihood in mild.values())
