"""Shadows in the rolling pass: what other settings or a designation would do, beside what is done.

They look at the same accounts with the same scores, and write down both; nobody is touched.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from casework.ids import new_id
from casework.office import Office
from policy.cases import CaseState
from policy.life_rules import LifeRule
from policy.people import require_person
from policy.scores import Association
from policy.shadow import Knobs, Shadow, ShadowOutcome, Would, would
from policy.words import Refusal, Value
from store.work import Reading, Writing


class ShadowReport(Value):
    """What a shadow would have done, beside what was done: how many accounts."""

    shadow: Shadow
    accounts: int
    table: dict[str, int]
    """By `<would>/<did>`, such as `limit/ask`."""
    by_language: dict[str, dict[str, int]]
    otherwise: tuple[ShadowOutcome, ...]
    """Accounts for which it would have been otherwise, at most 1,000."""


def start_shadow(office: Office, group_id: str, knobs: Knobs, *, by: str, reason: str) -> Shadow:
    """Let other settings run in shadow for a group; a group that is not designated may be tried.

    Raises:
        NotFound: there is no such group.
        Refusal: no person gives a reason, or other models are asked for: replay compares those.
    """
    require_person(by, reason, LifeRule.SHADOW)
    if knobs.models is not None:
        raise Refusal(LifeRule.SHADOW, "models: other models are compared by a replay")

    def do(work: Writing) -> Shadow:
        work.groups.need(group_id)
        made = Shadow(
            id=new_id("shadow"),
            group_id=group_id,
            knobs=knobs,
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

    def do(work: Writing) -> Shadow:
        changed = work.shadows.need(shadow_id).end(by=by, reason=reason, at=work.now)
        return work.save(changed, action="shadow.ended", why=reason)

    return office.store.transact(do, actor=by, now=office.now())


def running(work: Reading, group_id: str | None = None) -> list[Shadow]:
    """The shadows that run, of one group or of all."""
    if group_id is None:
        return work.shadows.find(ended_at=None)
    return work.shadows.find(ended_at=None, group_id=group_id)


def look(work: Writing, shadows: Sequence[Shadow], scored: Sequence[Association]) -> int:
    """Write down what each shadow would do about some accounts, and what was done; how many."""
    if not shadows or not scored:
        return 0
    did = _did(work, scored)
    for shadow in shadows:
        work.shadow_outcomes.get_many([(shadow.id, one.account_id) for one in scored])
        work.save_all(
            [
                ShadowOutcome(
                    shadow_id=shadow.id,
                    account_id=one.account_id,
                    at=work.now,
                    probability=one.probability,
                    lang=one.lang,
                    would=would(one, shadow.knobs),
                    did=did[one.account_id],
                )
                for one in scored
            ],
            action="shadow.looked",
            why=shadow.id,
        )
    return len(scored)


def report(office: Office, shadow_id: str) -> ShadowReport:
    """What a shadow saw until now.

    Raises:
        NotFound: there is no such shadow.
    """
    with office.store.reading() as work:
        shadow = work.shadows.need(shadow_id)
        seen = work.shadow_outcomes.find(shadow_id=shadow_id)
    by_language: dict[str, Counter[str]] = {}
    for one in seen:
        by_language.setdefault(one.lang, Counter())[_cell(one)] += 1
    other = [one for one in seen if one.would is not one.did]
    return ShadowReport(
        shadow=shadow,
        accounts=len(seen),
        table=dict(Counter(_cell(one) for one in seen)),
        by_language={lang: dict(cells) for lang, cells in sorted(by_language.items())},
        otherwise=tuple(other[:1000]),
    )


def _cell(one: ShadowOutcome) -> str:
    return f"{one.would}/{one.did}"


def _did(work: Writing, scored: Sequence[Association]) -> Mapping[str, Would]:
    ids = [one.account_id for one in scored]
    group_id = scored[0].group_id
    limited = {
        one.subject_id
        for one in work.restrictions.find(group_id=group_id, subject_id=ids)
        if one.stands(work.now)
    }
    asked = {
        case.subject_id
        for case in work.cases.find(group_id=group_id, subject_id=ids, state=CaseState.OPEN.value)
    }
    return {
        id_: Would.LIMIT if id_ in limited else Would.ASK if id_ in asked else Would.NOTHING
        for id_ in ids
    }
