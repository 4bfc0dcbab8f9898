"""The transparency report of a period: what was laid, on what ground, how, and how often wrongly.

Source: Digital Services Act, Articles 15 and 24; the Santa Clara Principles. Counts alone: a report
names no account. Shares bear Wilson's 95 % interval, and the number that they are of.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from statistics import median

from pydantic import Field

from casework.export_statements import facts_about
from casework.office import Office
from policy.appeals import Appeal, AppealState
from policy.cases import CaseKind, CaseState
from policy.people import is_person
from policy.restrictions import Restriction
from policy.scores import Share
from policy.use import wilson
from policy.verdicts import AssociationChoice
from policy.words import UtcDatetime, Value
from store import tables
from store.work import Reading

NONE = "none"
"""Stands where there is no such thing: no group, no policy, no model, or no language is known."""


class Appeals(Value):
    """Appeals that were decided in the period."""

    decided: int
    overturned: Share
    """Of those decided; the rest was upheld."""


class Report(Value):
    """One period, from its first moment up to the next one's."""

    since: UtcDatetime
    until: UtcDatetime
    made_at: UtcDatetime
    restrictions: int
    by_kind: dict[str, int]
    by_ground: dict[str, int]
    by_policy: dict[str, int]
    by_language: dict[str, int]
    """Of the posts relied on, where all are in one."""
    by_group: dict[str, int]
    by_model: dict[str, int]
    automated_share: Share
    """Laid by a machine, of all laid."""
    lifted: int
    """Ended before their time, whatever for."""
    lapsed_undecided: int
    """Limits that ended because nobody decided their appeal in time."""
    appeals_opened: int
    appeals_open: int
    """Undecided at the end of the period."""
    appeals: Appeals
    appeal_days: float | None
    """Median days from an appeal to its decision; null where none was decided."""
    appeals_by: dict[str, dict[str, Appeals]]
    """By group, policy, language and model of what was appealed against."""
    audited: Share
    """Of machine-found accounts reviewed blind at random: those that the person confirmed."""
    cases_decided: dict[str, int]
    cases_lapsed: dict[str, int]
    designations: dict[str, int] = Field(default_factory=dict)
    """Steps taken in the period, by what they led to."""


def report(office: Office, since: UtcDatetime, until: UtcDatetime) -> Report:
    """Count a period.

    Raises:
        ValueError: it ends before it begins.
    """
    if since >= until:
        raise ValueError("the period ends before it begins")
    with office.store.reading() as work:
        started = tables.restrictions.c.starts_at
        laid = work.restrictions.find(started >= since, started < until)
        ended = tables.restrictions.c
        lifted = work.restrictions.count(ended.lifted_at >= since, ended.lifted_at < until)
        contested = work.restrictions.find(ended.expires_at >= since, ended.expires_at < until)
        appeals = work.appeals.find(tables.appeals.c.opened_at < until)
        about = work.restrictions.get_many([one.restriction_id for one in appeals])
        decided = [
            one for one in appeals if one.decided_at is not None and since <= one.decided_at < until
        ]
        languages = _languages(office, [*laid, *about.values()])
        facets = _facets(languages)
        return Report(
            since=since,
            until=until,
            made_at=office.now(),
            restrictions=len(laid),
            by_kind=_count(one.kind.value for one in laid),
            by_ground=_count(one.ground.kind.value for one in laid),
            by_policy=_count(map(facets["policy"], laid)),
            by_language=_count(map(facets["language"], laid)),
            by_group=_count(map(facets["group"], laid)),
            by_model=_count(map(facets["model"], laid)),
            automated_share=wilson(sum(not is_person(one.cause.by) for one in laid), len(laid)),
            lifted=lifted,
            lapsed_undecided=sum(
                one.lifted_at is None
                and one.appeal_due is not None
                and one.appeal_due == one.ends_at
                for one in contested
            ),
            appeals_opened=sum(since <= one.opened_at for one in appeals),
            appeals_open=sum(one.decided_at is None or one.decided_at >= until for one in appeals),
            appeals=_appeals(decided),
            appeal_days=_median_days(decided),
            appeals_by={name: _appeals_by(decided, about, facet) for name, facet in facets.items()},
            audited=_audited(work, since, until),
            cases_decided=_ended_cases(work, CaseState.DECIDED, since, until),
            cases_lapsed=_ended_cases(work, CaseState.LAPSED, since, until),
            designations=_designation_steps(work, since, until),
        )


Facet = Callable[[Restriction], str]


def _facets(languages: Mapping[str, str]) -> dict[str, Facet]:
    return {
        "group": lambda one: one.ground.group_id or NONE,
        "policy": lambda one: one.ground.policy or NONE,
        "language": lambda one: languages.get(one.id, NONE),
        "model": lambda one: NONE if is_person(one.cause.by) else one.cause.by,
    }


def _languages(office: Office, restrictions: list[Restriction]) -> dict[str, str]:
    found = facts_about(office, list({one.id: one for one in restrictions}.values()))
    return {id_: about.language for id_, about in found.items() if about.language}


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _appeals(decided: list[Appeal]) -> Appeals:
    overturned = sum(one.state is AppealState.OVERTURNED for one in decided)
    return Appeals(decided=len(decided), overturned=wilson(overturned, len(decided)))


def _appeals_by(
    decided: list[Appeal], about: Mapping[str, Restriction], facet: Facet
) -> dict[str, Appeals]:
    parts: dict[str, list[Appeal]] = defaultdict(list)
    for one in decided:
        restriction = about.get(one.restriction_id)
        parts[facet(restriction) if restriction else NONE].append(one)
    return {name: _appeals(part) for name, part in sorted(parts.items())}


def _median_days(decided: list[Appeal]) -> float | None:
    days = [
        (one.decided_at - one.opened_at).total_seconds() / 86_400
        for one in decided
        if one.decided_at
    ]
    return round(median(days), 2) if days else None


def _audited(work: Reading, since: UtcDatetime, until: UtcDatetime) -> Share:
    """Blind reviews: the reviewer did not know what the machine thought, nor that it is a check."""
    blind = work.cases.find(
        kind=CaseKind.ASSOCIATION.value, state=CaseState.DECIDED.value, blind=True, gold=None
    )
    answers = []
    for case in blind:
        if case.ended_at is not None and since <= case.ended_at < until:
            decision = work.decisions.get(f"decision_{case.id}_{case.round}")
            if decision is not None and decision.answer != AssociationChoice.CANNOT_TELL:
                answers.append(decision.answer == AssociationChoice.ASSOCIATED)
    return wilson(sum(answers), len(answers))


def _ended_cases(
    work: Reading, state: CaseState, since: UtcDatetime, until: UtcDatetime
) -> dict[str, int]:
    ended = (
        case.kind.value
        for case in work.cases.each(state=state.value, gold=None)
        if case.ended_at is not None and since <= case.ended_at < until
    )
    return _count(ended)


def _designation_steps(work: Reading, since: UtcDatetime, until: UtcDatetime) -> dict[str, int]:
    log = tables.audit_log
    where = log.c.kind == "designations", log.c.at >= since, log.c.at < until
    query = log.select().where(*where).with_only_columns(log.c.action)
    return _count(one.removeprefix("designation.") for one in work.connection.scalars(query))
