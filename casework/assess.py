"""Assessment: what is known of a group, put to the policy, and kept with what is missing.

Source: "How do we use our framework to assess harm?".
"""

from collections.abc import Iterable

from casework.ids import new_id
from casework.office import Office
from policy.assess import assess_group
from policy.assessment import Assessment
from policy.questions import FourQuestions
from policy.severity import Outlook
from store.work import Writing


def assess(
    office: Office,
    group_id: str,
    *,
    actor: str,
    questions: FourQuestions | None = None,
    outlooks: Iterable[Outlook] = (),
) -> Assessment:
    """Assess a group by the findings and incidents of this moment, and keep the result.

    Raises:
        NotFound: there is no such group.
        Refusal: an outlook is not a person's with a reason.
    """
    given = tuple(outlooks)

    def do(work: Writing) -> Assessment:
        made = assess_group(
            new_id("assessment"),
            work.groups.need(group_id),
            findings=work.findings.find(group_id=group_id),
            incidents=work.incidents.find(group_id=group_id),
            now=work.now,
            questions=questions,
            outlooks=given,
        )
        return work.save(made, action="assessment.made", why=made.why)

    return office.store.transact(do, actor=actor, now=office.now())
