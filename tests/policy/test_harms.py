"""The policies under each form of harm, exactly as the policy lists them."""

import pytest

from policy.harms import CLAUSE_OF, POLICIES_UNDER, harms_of
from policy.words import Harm, Policy


@pytest.mark.parametrize(
    ("policy", "harms"),
    [
        ("violence", ["physical"]),
        ("extremism", ["physical"]),
        ("child_exploitation", ["physical"]),
        ("abuse", ["physical", "psychological"]),
        ("hate", ["physical", "psychological"]),
        ("self_harm", ["physical", "psychological"]),
        ("private_info", ["psychological"]),
        ("nonconsensual_nudity", ["psychological"]),
        ("civic_integrity", ["informational"]),
        ("synthetic_media", ["informational"]),
        ("spam", ["informational"]),
        ("covid_misinfo", ["informational"]),
    ],
)
def test_harms_of(policy: str, harms: list[str]) -> None:
    assert list(harms_of(Policy(policy))) == harms


def test_every_policy_stands_somewhere_and_every_harm_has_its_clause() -> None:
    assert {one for under in POLICIES_UNDER.values() for one in under} == set(Policy)
    assert [CLAUSE_OF[harm] for harm in Harm] == [f"harm.{harm}" for harm in Harm]
