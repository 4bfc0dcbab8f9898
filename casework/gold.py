"""Gold cases: made of decided cases, mixed in among the others, known only to Concert.

A copy is an ordinary case to everybody outside: ordinary id, task, evidence. What marks it stays in
the store, and its answer decides nothing.
"""

import math

from sqlalchemy import func, select

from casework.assignment import waiting
from casework.cases import LAPSES_AFTER
from casework.house import house_rules
from casework.ids import new_id
from casework.office import Office
from casework.opinions import decisions_of, verdict_of
from policy.cases import Case, CaseState
from policy.gold import NEVER_GOLD, GoldItem
from policy.people import require_person
from policy.review_rules import ReviewRule
from policy.service import rank
from policy.verdicts import Verdict
from policy.words import Refusal
from store import tables
from store.work import Reading, Writing

ACTOR = "system:gold"


def make_gold(
    office: Office, case_id: str, *, by: str, why: str, expected: Verdict | None = None
) -> GoldItem:
    """Make a gold item of a decided case.

    Args:
        expected: the right answer; left out, the one that the case was decided with.

    Raises:
        NotFound: there is no such case.
        Refusal: no person gives a reason; the case is open, lapsed, gold itself, or of a kind that
            is never gold; or it was made one already.
    """
    require_person(by, why)

    def do(work: Writing) -> GoldItem:
        case = work.cases.need(case_id)
        if case.state is not CaseState.DECIDED:
            raise Refusal(ReviewRule.GOLD, f"case {case_id} is {case.state}, not decided")
        if any(one.from_case == case_id for one in work.gold_items.find(kind=case.kind.value)):
            raise Refusal(ReviewRule.GOLD, f"case {case_id} is gold already")
        answers = decisions_of(work, case)
        item = GoldItem.of(
            case.model_copy(update={"not_by": (*case.not_by, answers[-1].decided_by)}),
            expected or verdict_of(answers[-1]),
            item_id=new_id("gold"),
            made_by=by,
            at=work.now,
        )
        return work.save(item, action="gold.made", why=why)

    return office.store.transact(do, actor=by, now=office.now())


def retire_gold(office: Office, item_id: str, *, by: str, why: str) -> GoldItem:
    """Ask a gold item no more.

    Raises:
        NotFound, Refusal: there is no such item, no reason, or it is retired already.
    """
    require_person(by, why)

    def do(work: Writing) -> GoldItem:
        item = work.gold_items.need(item_id).retire(at=work.now)
        return work.save(item, action="gold.retired", why=why)

    return office.store.transact(do, actor=by, now=office.now())


def mix_in(office: Office) -> int:
    """Open copies until gold is its share of the open cases of each kind; how many were opened.

    The item that was asked least often comes first. With no gold items nothing happens.
    """
    now = office.now()
    with office.store.reading() as work:
        if not _missing(work):
            return 0

    def do(work: Writing) -> int:
        copies = [_copy(work, item) for item in _missing(work)]
        # Whom it would ask already answered it, or reads another language: it would only wait.
        unasked = waiting(work, copies)
        return sum(
            work.save(copy, action="case.opened", why=copy.rule) is copy
            for copy in copies
            if copy.id not in unasked
        )

    return office.store.transact(do, actor=ACTOR, now=now)


def _missing(work: Reading) -> list[GoldItem]:
    share = house_rules(work).gold_share
    items = [one for one in work.gold_items.find() if one.retired_at is None]
    asked = _times_asked(work) if items else {}
    missing = []
    for kind in {item.kind for item in items}:
        if kind in NEVER_GOLD:
            continue
        wanted = math.ceil(
            share * work.cases.count(kind=kind.value, state=CaseState.OPEN.value, gold=None)
        )
        cases = tables.cases.c
        standing = work.cases.find(
            cases.gold.is_not(None), kind=kind.value, state=CaseState.OPEN.value
        )
        open_now = {one.gold for one in standing}
        ready = [one for one in items if one.kind is kind and one.id not in open_now]
        ready.sort(key=lambda one: (asked.get(one.id, 0), one.id))
        missing += ready[: max(0, wanted - len(standing))]
    return missing


def _times_asked(work: Reading) -> dict[str, int]:
    cases = tables.cases.c
    query = select(cases.gold, func.count()).where(cases.gold.is_not(None)).group_by(cases.gold)
    return {str(item): int(count) for item, count in work.connection.execute(query)}


def _copy(work: Writing, item: GoldItem) -> Case:
    earlier = [one.id for one in work.cases.find(gold=item.id)]
    asked = {one.decided_by for one in work.decisions.find(case_id=earlier)} if earlier else set()
    copy = Case(
        id=new_id("case"),
        kind=item.kind,
        subject_kind=item.subject_kind,
        subject_id=item.subject_id,
        group_id=item.group_id,
        not_by=tuple(dict.fromkeys((*item.not_by, *sorted(asked)))),
        probability=item.probability,
        harm=item.harm,
        severity=item.severity,
        material=item.material,
        policies=item.policies,
        lang=item.lang,
        places=item.places,
        blind=item.blind,
        gold=item.id,
        opened_at=work.now,
        lapses_at=work.now + LAPSES_AFTER[item.kind],
        rule=item.rule,
        evidence=item.evidence,
    )
    return copy.model_copy(update={"priority": rank(copy, house_rules(work), work.now).value})
