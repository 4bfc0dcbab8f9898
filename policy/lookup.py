"""What a surface asks at read time: may this be shown here, and if not, by which restriction.

Read-time rules, ordered, named and versioned; the first that fits decides, and where none does the
subject is shown. Only restrictions that stand at `now` are looked at: what has expired never shows,
whether or not anybody swept it away, and a case that waits for a person is no restriction.
"""

from collections.abc import Iterable
from enum import StrEnum

from policy.people import is_person
from policy.restrictions import Restriction
from policy.rules import Rule
from policy.words import RestrictionKind, Surface, UtcDatetime, Value


class Verdict(StrEnum):
    """What the surface does."""

    SHOW = "show"
    LIMIT = "limit"
    """Left out of, or lower on, this surface; it can still be reached by its own address."""
    WITHHOLD = "withhold"
    """Not shown at all."""


ALL = tuple(Surface)

ORDER: tuple[tuple[Rule, RestrictionKind, tuple[Surface, ...], Verdict], ...] = (
    (Rule.LOOKUP_SUSPENDED, RestrictionKind.SUSPEND_ACCOUNT, ALL, Verdict.WITHHOLD),
    (Rule.LOOKUP_REMOVED, RestrictionKind.REQUIRE_REMOVAL, ALL, Verdict.WITHHOLD),
    (Rule.LOOKUP_SEARCH, RestrictionKind.LIMIT_SEARCH, (Surface.SEARCH,), Verdict.LIMIT),
    (Rule.LOOKUP_REPLIES, RestrictionKind.LIMIT_REPLIES, (Surface.REPLIES,), Verdict.LIMIT),
    (Rule.LOOKUP_TIMELINES, RestrictionKind.LIMIT_TIMELINES, (Surface.TIMELINES,), Verdict.LIMIT),
    (Rule.LOOKUP_EMAIL, RestrictionKind.NO_EMAIL_RECOMMENDATION, (Surface.EMAIL,), Verdict.LIMIT),
    (
        Rule.LOOKUP_PRODUCT,
        RestrictionKind.NO_PRODUCT_RECOMMENDATION,
        (Surface.PRODUCT,),
        Verdict.LIMIT,
    ),
    (Rule.LOOKUP_TREND, RestrictionKind.BLOCK_TREND, (Surface.TRENDS,), Verdict.LIMIT),
)
"""Rule, the kind it looks for, the surfaces it speaks for, and what they do."""


class View(Value):
    """The answer for one subject on one surface."""

    surface: Surface
    verdict: Verdict
    restriction: Restriction | None = None
    """The one that decides; a person's before a machine's, then the one that ends last."""
    rule: str
    clause: str


def visible(restrictions: Iterable[Restriction], surface: Surface, now: UtcDatetime) -> View:
    """Tell what `surface` does with a subject, given all restrictions that were laid on it."""
    holding = sorted((one for one in restrictions if one.stands(now)), key=_weight)
    for rule, kind, surfaces, verdict in ORDER:
        if surface in surfaces:
            for one in holding:
                if one.kind is kind:
                    return View(
                        surface=surface,
                        verdict=verdict,
                        restriction=one,
                        rule=rule,
                        clause=rule.clause,
                    )
    nothing = Rule.LOOKUP_NOTHING
    return View(surface=surface, verdict=Verdict.SHOW, rule=nothing, clause=nothing.clause)


def standing(restrictions: Iterable[Restriction], now: UtcDatetime) -> tuple[Restriction, ...]:
    """Those that stand at `now`, in the order in which they decide."""
    kinds = [kind for _, kind, _, _ in ORDER]
    return tuple(
        sorted(
            (one for one in restrictions if one.stands(now)),
            key=lambda one: (kinds.index(one.kind), *_weight(one)),
        )
    )


def _weight(one: Restriction) -> tuple[bool, float, str]:
    lasts = float("inf") if one.expires_at is None else one.expires_at.timestamp()
    return (not is_person(one.cause.by), -lasts, one.id)
