"""Coordination, its link to harm, and what proves technical coordination."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.cause import LeftOut, Linked, link
from policy.coordinated import is_coordination, judge_coordination
from policy.findings import Coordination, Proof
from policy.technical import check_may_close, judge_technical
from policy.words import Harm, LinkageKind, Refusal


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"kind": "technical"}, True),
        ({"kind": "not_distinguishable_from_chance"}, False),
        ({"kind": "insufficient_data"}, False),
        ({"post_pairs": ()}, False),
        ({"post_pairs": (), "proofs": ("linkage",)}, True),
        ({"origin": "person", "post_pairs": (), "sources": ("minutes of a meeting",)}, True),
        ({"origin": "person", "on_platform": False, "sources": ("chat log",)}, True),
        ({"origin": "person", "sources": ()}, False),
        ({"on_platform": False}, False),  # a machine sees nothing off the platform
    ],
)
def test_is_coordination(make: Any, facts: Any, expected: bool) -> None:
    assert is_coordination(make.finding(**facts)) is expected


def test_findings_together_cite_the_clauses_of_their_kinds(make: Any) -> None:
    findings = [
        make.finding("f1"),
        make.technical("f2"),
        make.finding("f3", kind=Coordination.CHANCE),
        make.finding("f4", group_id="other"),
        make.finding("f5", origin="person", on_platform=False, sources=("chat",)),
    ]
    result = judge_coordination(findings, "g1")
    assert result.found
    assert result.finding_ids == ("f1", "f2", "f5")
    assert result.clauses == ("coordination.social", "coordination.technical")
    assert result.off_platform
    assert result.rule == "coordination.found.v1"


def test_no_finding_is_no_coordination(make: Any) -> None:
    result = judge_coordination([make.finding(kind=Coordination.INSUFFICIENT)], "g1")
    assert (result.found, result.rule) == (False, "coordination.none.v1")


SECOND = {"psychological": "cannot sleep"}


@pytest.mark.parametrize(
    ("incident", "finding", "rule"),
    [
        ({}, {}, "incident.counts.v1"),
        ({"actors": "member"}, {}, "incident.counts.v1"),
        ({"on_platform": False}, {}, "incident.counts.v1"),
        ({"status": "retracted"}, {}, "incident.fallen.v1"),
        ({"status": "disproved"}, {}, "incident.fallen.v1"),
        ({"policy": "self_harm", "about": "author"}, {}, "incident.own_crisis.v1"),
        ({"policy": "self_harm"}, {}, "incident.counts.v1"),  # urging others to it is harm done
        ({"when": "2026-03-02"}, {}, "incident.future.v1"),
        ({"harm": "physical", "effects": SECOND}, {}, "incident.second_harm.v1"),
        (
            {"harm": "physical", "effects": {**SECOND, "physical": "hurt"}},
            {},
            "incident.counts.v1",
        ),
        ({"sources": ()}, {}, "incident.uncorroborated.v1"),
        ({"actors": "unclear"}, {}, "incident.actor_unclear.v1"),
        ({"finding_ids": ()}, {}, "incident.no_link.v1"),
        ({"finding_ids": ("f9",)}, {}, "incident.no_link.v1"),
        ({}, {"kind": "not_distinguishable_from_chance"}, "incident.no_link.v1"),
        ({}, {"kind": "insufficient_data"}, "incident.no_link.v1"),
        ({}, {"group_id": "other"}, "incident.no_link.v1"),
        ({}, {"group_id": None}, "incident.no_link.v1"),
        ({}, {"started_at": "2026-02-20T00:00:00Z"}, "incident.before_cause.v1"),
        ({}, {"started_at": "2026-02-19T23:00:00Z"}, "incident.counts.v1"),  # the same day
    ],
)
def test_link(make: Any, incident: Any, finding: Any, rule: str) -> None:
    result = link(
        make.incident(**incident), Harm.PSYCHOLOGICAL, {"f1": make.finding(**finding)}, make.now
    )
    assert result.rule == rule
    assert isinstance(result, Linked) is (rule == "incident.counts.v1")
    if isinstance(result, LeftOut):
        assert result.why
    else:
        assert (result.finding_ids, result.actors) == (("f1",), result.incident.actors)


LINK = {"proofs": (Proof.LINKAGE,)}


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({**LINK, "linkage_kinds": ("device",)}, "technical.proven.v1"),
        ({**LINK, "linkage_kinds": ("phone",)}, "technical.proven.v1"),
        ({**LINK, "linkage_kinds": ("payment",)}, "technical.proven.v1"),
        ({**LINK, "linkage_kinds": ("network", "device")}, "technical.proven.v1"),
        ({**LINK, "linkage_kinds": ("network",)}, "technical.network_alone.v1"),
        ({**LINK, "linkage_kinds": ("client",)}, "technical.network_alone.v1"),
        ({**LINK, "linkage_kinds": ("creation",)}, "technical.network_alone.v1"),
        (
            {**LINK, "linkage_kinds": ("network", "client", "creation")},
            "technical.network_alone.v1",
        ),
        ({**LINK, "linkage_kinds": ()}, "technical.network_alone.v1"),
        (
            {**LINK, "linkage_kinds": ("device",), "account_ids": ("a1",)},
            "technical.network_alone.v1",
        ),
        ({"proofs": ("admission",), "sources": ("interview",)}, "technical.proven.v1"),
        ({"proofs": ("admission",)}, "technical.unproven.v1"),
        ({"proofs": ("forensic_match",)}, "technical.proven.v1"),
        ({"proofs": ("forensic_match",), "post_pairs": ()}, "technical.unproven.v1"),
        ({"proofs": ()}, "technical.unproven.v1"),  # timing and same text
        ({"proofs": (), "significance": 0.0}, "technical.unproven.v1"),
        ({"account_ids": ()}, "technical.unproven.v1"),
        ({"kind": "social"}, "technical.unproven.v1"),
    ],
)
def test_sufficient_evidence(make: Any, facts: Any, rule: str) -> None:
    result = judge_technical(make.technical(**facts))
    assert (result.rule, result.proven) == (rule, rule == "technical.proven.v1")
    assert result.clause == "coordination.technical.proven"


@given(
    kinds=st.sets(st.sampled_from([LinkageKind.NETWORK, LinkageKind.CLIENT, LinkageKind.CREATION])),
    significance=st.floats(0, 1),
    accounts=st.integers(0, 50),
)
def test_no_crowd_on_one_network_is_ever_proven(
    make: Any, kinds: set[LinkageKind], significance: float, accounts: int
) -> None:
    finding = make.technical(
        linkage_kinds=tuple(kinds),
        significance=significance,
        account_ids=tuple(f"a{n}" for n in range(accounts)),
    )
    assert not judge_technical(finding).proven


def technical_limit(make: Any, account: str, **facts: Any) -> Any:
    return make.restriction(
        f"r-{account}",
        subject_id=account,
        kind="suspend_account",
        expires_at=None,
        **{"ground": {"kind": "technical_coordination", "ref": "t1"}, **facts},
    )


@pytest.mark.parametrize(
    ("accounts", "facts", "left"),
    [
        ([], {}, "a1, a2"),
        (["a1"], {}, "a2"),
        (["a1", "a2"], {}, None),
        (["a1", "a2"], {"ground": {"kind": "technical_coordination", "ref": "t9"}}, "a1, a2"),
        (["a1", "a2"], {"ground": {"kind": "designation", "ref": "t1"}}, "a1, a2"),
    ],
)
def test_a_proven_case_is_not_closed_without_action(
    make: Any, accounts: list[str], facts: Any, left: str | None
) -> None:
    laid = [technical_limit(make, account, **facts) for account in accounts]
    if left is None:
        check_may_close(make.technical(), laid, make.now)
    else:
        with pytest.raises(Refusal, match=left) as refused:
            check_may_close(make.technical(), laid, make.now)
        assert refused.value.rule == "technical.close.v1"


def test_what_starts_later_is_no_action_yet(make: Any) -> None:
    laid = [
        technical_limit(make, one, starts_at=make.now + timedelta(days=1)) for one in ("a1", "a2")
    ]
    with pytest.raises(Refusal):
        check_may_close(make.technical(), laid, make.now)


def test_an_unproven_case_may_be_closed(make: Any) -> None:
    check_may_close(make.technical(proofs=()), [], make.now)
