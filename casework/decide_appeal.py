"""Deciding an appeal by its id, where the answer does not come by a reviewer's task."""

from casework.ids import new_id
from casework.office import Office
from casework.review import decide
from policy.appeals import Appeal
from policy.cases import CaseKind
from policy.people import require_person
from policy.rules import Rule
from policy.verdicts import SecondLook, SecondLookVerdict
from policy.words import Refusal
from store.work import Writing


def decide_appeal(
    office: Office, appeal_id: str, *, overturn: bool, by: str, reason: str
) -> Appeal:
    """Uphold or overturn the measure appealed against; what follows is carried out at once.

    Raises:
        NotFound: there is no such appeal.
        Refusal: it is decided, its case has ended, no person gives a reason, or the person who
            took the decision would judge it.
    """
    require_person(by, reason, Rule.PERSON_APPEAL)
    verdict = SecondLookVerdict(
        kind=CaseKind.APPEAL,
        decision=SecondLook.REJECT if overturn else SecondLook.UPHOLD,
        reason=reason,
    )
    source = new_id("shell")

    def do(work: Writing) -> Appeal:
        appeal = work.appeals.need(appeal_id)
        about = work.cases.find(kind=CaseKind.APPEAL.value, state="open")
        case = next((one for one in about if one.ref == appeal_id), None)
        if case is None:
            raise Refusal(Rule.APPEAL_STEP, f"appeal {appeal_id} is {appeal.state}; no case waits")
        decide(
            work,
            case.id,
            verdict,
            round_=case.round,
            by=by,
            at=work.now,
            source=source,
            periods=office.periods,
        )
        return work.appeals.need(appeal_id)

    return office.store.transact(do, actor=by, now=office.now())
