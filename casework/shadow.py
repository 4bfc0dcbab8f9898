"""Shadows: other settings, another model or a designation, run beside what is done.

They are started and ended by people; what they saw is told by group, language and account.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean

from casework.ids import new_id
from casework.office import Office
from casework.steps import step
from casework.yardstick import candidate_manifest
from policy.life_rules import LifeRule
from policy.people import require_person
from policy.shadow import Knobs, Shadow, ShadowOutcome
from policy.words import Value
from store import shelves
from store.work import Reading, Writing

MOST_TOLD = 1000


class ShadowRow(Value):
    """Accounts of one group and language: the two likelihoods beside each other."""

    group_id: str
    lang: str
    accounts: int
    otherwise: int
    """For so many it would have been otherwise."""
    in_use: float | None
    """Mean likelihood by the model in use; null where an earlier version looked at them."""
    shadow: float
    """Mean likelihood by the shadow's model."""
    moved: float | None
    """Mean of how far the two lie apart, whichever way."""


class ShadowReport(Value):
    """What a shadow would have done, beside what was done: how many accounts."""

    shadow: Shadow
    accounts: int
    table: dict[str, int]
    """By `<would>/<did>`, such as `limit/ask`."""
    by_language: dict[str, dict[str, int]]
    rows: tuple[ShadowRow, ...]
    otherwise: tuple[ShadowOutcome, ...]
    """Accounts for which it would have been otherwise, farthest apart first; at most 1,000."""


def start_shadow(office: Office, group_id: str, knobs: Knobs, *, by: str, reason: str) -> Shadow:
    """Let other settings or models run in shadow; a group that is not designated may be tried.

    Raises:
        NotFound: there is no such group.
        PackError: the folder of models holds no association pack, or a damaged one.
        Refusal: no person gives a reason.
    """
    require_person(by, reason, LifeRule.SHADOW)
    model = candidate_manifest(knobs.models).model if knobs.models is not None else None

    def do(work: Writing) -> Shadow:
        work.groups.need(group_id)
        made = Shadow(
            id=new_id("shadow"),
            group_id=group_id,
            knobs=knobs,
            model=model,
            started_at=work.now,
            by=by,
            reason=reason,
        )
        return work.save(made, action="shadow.started", why=reason)

    return office.store.transact(do, actor=by, now=office.now())


def end_shadow(office: Office, shadow_id: str, *, by: str, reason: str) -> Shadow:
    """Stop a shadow; what it saw stays.

    Raises:
        NotFound: there is no such shadow.
        Refusal: it has ended, or no person gives a reason.
    """
    return step(
        office,
        shelves.SHADOWS,
        shadow_id,
        lambda one, work: one.end(by=by, reason=reason, at=work.now),
        by=by,
        action="shadow.ended",
        reason=reason,
    )


def running(work: Reading, group_id: str | None = None) -> list[Shadow]:
    """The shadows that run, of one group or of all."""
    if group_id is None:
        return work.shadows.find(ended_at=None)
    return work.shadows.find(ended_at=None, group_id=group_id)


def report(office: Office, shadow_id: str) -> ShadowReport:
    """What a shadow saw until now.

    Raises:
        NotFound: there is no such shadow.
    """
    with office.store.reading() as work:
        return _told(work, work.shadows.need(shadow_id))


def report_all(office: Office) -> list[ShadowReport]:
    """What each shadow that runs saw until now."""
    with office.store.reading() as work:
        return [_told(work, one) for one in running(work)]


def _told(work: Reading, shadow: Shadow) -> ShadowReport:
    seen = work.shadow_outcomes.find(shadow_id=shadow.id)
    by_language: dict[str, Counter[str]] = {}
    for one in seen:
        by_language.setdefault(one.lang, Counter())[_cell(one)] += 1
    other = [one for one in seen if one.would is not one.did]
    other.sort(key=lambda one: (-abs(one.moved), one.account_id))
    return ShadowReport(
        shadow=shadow,
        accounts=len(seen),
        table=dict(Counter(_cell(one) for one in seen)),
        by_language={lang: dict(cells) for lang, cells in sorted(by_language.items())},
        rows=tuple(_rows(shadow.group_id, seen)),
        otherwise=tuple(other[:MOST_TOLD]),
    )


def _rows(group_id: str, seen: Sequence[ShadowOutcome]) -> Iterator[ShadowRow]:
    for lang in sorted({one.lang for one in seen}):
        those = [one for one in seen if one.lang == lang]
        known = [one.in_use for one in those if one.in_use is not None]
        yield ShadowRow(
            group_id=group_id,
            lang=lang,
            accounts=len(those),
            otherwise=sum(one.would is not one.did for one in those),
            in_use=fmean(known) if known else None,
            shadow=fmean(one.probability for one in those),
            moved=fmean(abs(one.moved) for one in those if one.in_use is not None)
            if known
            else None,
        )


def _cell(one: ShadowOutcome) -> str:
    return f"{one.would}/{one.did}"
