"""Cases about a group: its assessment, and whether a signed designation is put in force."""

from typing import Any

from casework.cases import open_case
from casework.office import Office
from policy.assessment import Assessment
from policy.cases import AskedAbout, Case, CaseKind, CaseState
from policy.clauses import Clause
from policy.designation import Designation
from policy.questions import FourQuestions
from policy.rules import Rule
from store.work import Reading, Writing

Json = dict[str, Any]

_ASKED = ("purpose", "coordination", "harm", "risks", "people_affected", "lesser_measure")


def ask_for_second(work: Writing, designation: Designation) -> Case | None:
    """Ask two people, blind to each other, whether a signed proposal is put in force.

    Returns:
        The case; None where nobody has signed. Whoever signed does not answer.
    """
    signed = designation.signed
    if signed is None:
        return None
    assessment = work.assessments.need(signed.assessment_id)
    gravest = max(assessment.harms, key=lambda one: one.severity.rank)
    evidence = _dossier(work, designation.group_id) | {
        "clause": {"id": Clause.DESIGNATION.value, "text": Clause.DESIGNATION.says},
        "why_here": Rule.PERSON_DESIGNATES.says,
        "proposal": f"Designate the group as engaged in coordinated harmful activity, with the "
        f"measures {', '.join(signed.measures)}. The reason given: {signed.reason}",
        "answers": _answers(signed.questions),
        **_rules(assessment),
    }
    return open_case(
        work,
        kind=CaseKind.DESIGNATION,
        subject_kind=AskedAbout.GROUP,
        subject_id=designation.group_id,
        group_id=designation.group_id,
        rule=Rule.PERSON_DESIGNATES.value,
        evidence=evidence,
        harm=gravest.harm,
        severity=gravest.severity,
        not_by=(signed.by,),
        ref=designation.id,
    )


def close_second(work: Writing, designation: Designation, *, why: str) -> None:
    """Close the question where it was answered in another way."""
    for case in work.cases.find(
        kind=CaseKind.DESIGNATION.value,
        state=CaseState.OPEN.value,
        group_id=designation.group_id,
    ):
        if case.ref == designation.id:
            work.save(case.close(at=work.now, why=why), action="case.closed", why=why)


def ask_about_group(office: Office, group_id: str, *, actor: str) -> Case:
    """Ask a person the policy's four questions about a group, with all that its dossier has.

    Raises:
        NotFound: there is no such group.
    """

    def do(work: Writing) -> Case:
        evidence = _dossier(work, group_id) | {
            "clause": {"id": Clause.QUESTIONS.value, "text": Clause.QUESTIONS.says},
            "why_here": "A group is assessed by people; what the rules count stands beside it.",
        }
        made = work.assessments.find(group_id=group_id)
        latest = max(made, key=lambda one: one.assessed_at, default=None)
        gravest = max(latest.harms, key=lambda one: one.severity.rank) if latest else None
        if latest is not None:
            evidence |= _rules(latest)
        return open_case(
            work,
            kind=CaseKind.ASSESSMENT,
            subject_kind=AskedAbout.GROUP,
            subject_id=group_id,
            group_id=group_id,
            rule=Rule.QUESTIONS.value,
            evidence=evidence,
            harm=gravest.harm if gravest else None,
            severity=gravest.severity if gravest else None,
        )

    return office.store.transact(do, actor=actor, now=office.now())


def _dossier(work: Reading, group_id: str) -> Json:
    group = work.groups.need(group_id)
    incidents = work.incidents.find(group_id=group_id)
    findings = work.findings.find(group_id=group_id)
    return {
        "group": group.model_dump(
            mode="json",
            include={"name", "kind", "purpose", "narratives", "hashtags", "domains"},
        ),
        "incidents": [one.model_dump(mode="json") for one in incidents],
        "findings": [one.model_dump(mode="json") for one in findings],
    }


def _rules(assessment: Assessment) -> Json:
    return {
        "harms": [one.model_dump(mode="json") for one in assessment.harms],
        "guard": assessment.guard.why,
    }


def _answers(questions: FourQuestions) -> list[list[str]]:
    return [[name.replace("_", " "), getattr(questions, name).text] for name in _ASKED]
