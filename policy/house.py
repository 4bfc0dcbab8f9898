"""The house's own rules of review: what a lead may set, kept in the store with its history."""

from collections.abc import Mapping

from pydantic import Field

from policy.cases import CaseKind
from policy.words import Id, Likelihood, Value

HOUSE = "review"
"""The one document's id."""


class HouseRules(Value):
    """Shares, limits and service levels of review."""

    id: Id = HOUSE
    second_share: Likelihood = 0.1
    """Of the cases that one answer decides, this share is answered twice, to measure agreement."""
    gold_share: Likelihood = 0.05
    """Of the open cases of a kind, this share is gold, as far as there are gold items of it."""
    severe_in_a_row: int = Field(default=4, ge=1, le=100)
    """So many severe cases are served one after the other, then something else."""
    severe_a_day: int = Field(default=30, ge=0, le=10_000)
    """So many severe cases are served to one reviewer within 24 hours."""
    rest_minutes: int = Field(default=15, ge=1, le=24 * 60)
    """After so long without a severe case, a row begins anew."""
    kept_minutes: int = Field(default=30, ge=1, le=24 * 60)
    """A case that was served to one reviewer is served to no other for so long."""
    service_hours: Mapping[CaseKind, float] = Field(default_factory=dict)
    """Service levels that differ from those of service.py."""
