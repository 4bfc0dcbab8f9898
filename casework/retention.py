"""How long things are kept: what is past its period goes, and what explains a decision stays.

Source: General Data Protection Regulation, Article 5 (1) (e). Restrictions, statements, decisions
and appeals are kept: they are what an account's owner, a court or an auditor may ask about; whoever
wants theirs gone asks for erasure.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from casework.events import CURSOR
from casework.office import Office
from intake.forget import forget_before
from policy.cases import Case, CaseState
from policy.words import Lane, UtcDatetime, Value
from store import tables
from store.work import Reading, Writing

_ENDED = [CaseState.DECIDED.value, CaseState.LAPSED.value, CaseState.CLOSED.value]
_AT_ONCE = 500


class Periods(Value):
    """How long, for each kind of thing."""

    posts: timedelta = timedelta(days=400)
    """Posts and profiles in the lake: beyond the longest window that anything looks back."""
    evidence: timedelta = timedelta(days=400)
    """What a reviewer was shown, after the case's end: beyond the time to appeal (184 days) and
    the time an appeal may take."""
    dismissed: timedelta = timedelta(days=90)
    """Associations that led to nothing."""
    events: timedelta = timedelta(days=400)
    """What the platform was told."""


@dataclass
class Gone:
    """What was past its period."""

    evidence: int = 0
    associations: int = 0
    events: int = 0
    lake: dict[str, int] = field(default_factory=dict)


def due(office: Office, periods: Periods) -> Gone:
    """What would go now, the lake apart, which is only known by doing it."""
    now = office.now()
    with office.store.reading() as work:
        return Gone(
            evidence=sum(bool(one.evidence) for one in _cases(work, now - periods.evidence)),
            associations=work.associations.count(
                tables.associations.c.at < now - periods.dismissed, lane=Lane.DISMISS.value
            ),
            events=0,
        )


def apply(office: Office, periods: Periods, *, actor: str) -> Gone:
    """Let go of what is past its period; safe to repeat."""
    now = office.now()
    gone = Gone()
    why = "past its retention period"

    def evidence(work: Writing) -> int:
        part = [one for one in _cases(work, now - periods.evidence) if one.evidence][:_AT_ONCE]
        for case in part:
            work.save(case.model_copy(update={"evidence": {}}), action="case.retained", why=why)
            work.erase_earlier(Case, case.id, why=why)
        return len(part)

    def dismissed(work: Writing) -> int:
        old = tables.associations.c.at < now - periods.dismissed
        part = work.associations.find(old, lane=Lane.DISMISS.value, limit=_AT_ONCE)
        for one in part:
            work.erase(type(one), one.account_id, one.group_id, why=why)
        return len(part)

    def events(work: Writing) -> int:
        told = int(work.cursors.get(CURSOR) or 0)
        up_to = told if office.settings.webhook_url is not None else work.events.last()
        return work.events.forget_before(now - periods.events, up_to=up_to)

    while count := office.store.transact(evidence, actor=actor, now=now):
        gone.evidence += count
    while count := office.store.transact(dismissed, actor=actor, now=now):
        gone.associations += count
    gone.events = office.store.transact(events, actor=actor, now=now)
    gone.lake = forget_before(office.lake.folder, now - periods.posts)
    return gone


def _cases(work: Reading, before: UtcDatetime) -> list[Case]:
    ended = work.cases.find(tables.cases.c.opened_at < before, state=_ENDED)
    return [one for one in ended if one.ended_at is not None and one.ended_at < before]
