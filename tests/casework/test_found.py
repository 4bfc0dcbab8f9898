"""Machine findings in a dossier: mapped whole, kept once, and proven only by what proves."""

from datetime import UTC, datetime

import pytest

from casework.found import as_finding, keep_findings
from casework.office import Office
from coordination.findings import (
    AUTOMATED,
    BEYOND_CHANCE,
    LINKED,
    CoordinationFinding,
    Kind,
    PostPair,
)
from policy.technical import judge_technical
from policy.words import Refusal

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
