"""Appeals: a person objects to a restriction, and another person decides.

Source: Digital Services Act, Article 20. Open for 184 days from notice; decided by a person who did
not take the decision; a won appeal lifts at once.
"""

from datetime import timedelta

from casework import evidence as shown
from casework.cases import open_case
from casework.ids import new_id
from casework.office import Office
from casework.places import places_of
from casework.steps import step
from policy.appeals import Appeal, AppealState, open_appeal
from policy.cases import CaseKind
from policy.clauses import CLAUSES
from policy.people import is_person
from policy.restrictions import Restriction
from policy.rules import Rule
from policy.words import Harm, Refusal, Severity
from store import shelves
from store.work import Writing


def appeal(office: Office, restriction_id: str, text: str, *, actor: str) -> Appeal:
    """Open an appeal against a restriction, and the case for whoever decides it.

    Raises:
        NotFound: there is no such restriction.
        Refusal: the time to appeal is over, or one is open against it already.
    """

    def do(work: Writing) -> Appeal:
        restriction = work.restrictions.need(restriction_id)
        statement = work.statements.find(restriction_id=restriction_id)[0]
        standing = work.appeals.find(restriction_id=restriction_id)
        if any(one.state is AppealState.OPEN for one in standing):
            raise Refusal(Rule.APPEAL_STEP, f"an appeal against {restriction_id} is open already")
        made = open_appeal(
            appeal_id=new_id("appeal"),
            restriction_id=restriction_id,
            statement_id=statement.id,
            decided_first_by=restriction.cause.by,
            notice_at=statement.notice_at,
            text=text,
            now=work.now,
        )
        work.save(made, action="appeal.opened", why="a person objects")
        if restriction.stands(work.now):
            due = work.now + timedelta(days=office.settings.appeal_days)
            contested = restriction.contest(due=due)
            if contested != restriction:
                why = f"it lifts at {due:%F %H:%M} unless the appeal is decided before"
                work.save(contested, action="restriction.contested", why=why)
        open_case(
            work,
            kind=CaseKind.APPEAL,
            subject_kind=restriction.subject_kind,
            subject_id=restriction.subject_id,
            group_id=None,
            rule=Rule.APPEAL_OTHER.value,
            # Somebody may be silenced wrongly while this waits: a harm of its own.
            harm=Harm.PSYCHOLOGICAL,
            severity=Severity.MODERATE,
            places=places_of(work, restriction.ground.group_id, {}),
            not_by=_decided_before(work, restriction),
            evidence=shown.for_appeal(
                clause=CLAUSES[restriction.cause.clause],
                proposal=_contested(statement.text, by=restriction.cause.by),
                statement=text,
            ),
            ref=made.id,
        )
        return made

    return office.store.transact(do, actor=actor, now=office.now())


def add_to_appeal(office: Office, appeal_id: str, text: str, *, actor: str) -> Appeal:
    """Add what a person says later to an open appeal.

    Raises:
        NotFound: there is no such appeal.
        Refusal: it is decided.
    """

    return step(
        office,
        shelves.APPEALS,
        appeal_id,
        lambda one, _: one.add(text),
        by=actor,
        action="appeal.added",
        reason="a person adds to it",
    )


def _contested(statement: str, *, by: str) -> str:
    # Whoever decides must know whether they are that person themselves; they are refused anyway.
    who = "A person" if is_person(by) else "Software"
    return f"{who} laid this restriction. What the affected person was told:\n\n{statement}"


def _decided_before(work: Writing, restriction: Restriction) -> list[str]:
    """Everybody who took part in what is appealed against: laid it, or answered its case."""
    cause = restriction.cause
    answers = work.decisions.find(case_id=cause.case_id) if cause.case_id else []
    people = [cause.by, *(one.decided_by for one in answers)]
    return [one for one in dict.fromkeys(people) if is_person(one)]
