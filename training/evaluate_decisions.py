"""What blind answers of people say about the lanes that were open when they were asked."""

from pathlib import Path
from typing import Any

from models.estimates import Blind, Estimate, performance
from policy.cases import CaseKind
from policy.review_rules import ReviewRule
from policy.verdicts import AssociationChoice
from policy.words import Lane
from training.decisions import load_decisions

_TIES = (CaseKind.ASSOCIATION.value, CaseKind.REAPPLICATION.value)
_TOLD = (AssociationChoice.ASSOCIATED.value, AssociationChoice.NOT_ASSOCIATED.value)
_LANES = (Lane.ACT.value, Lane.DISMISS.value)


def lanes_by_decisions(path: Path) -> list[dict[str, Any]]:
    """Precision and recall of each group's lanes and of all together, from an export of decisions
    (`concert review export`), weighted by one over the chance with which each was asked.

    First answers only: those that were looked at again were chosen for speaking against the model,
    so that correcting them alone would flatter it.

    Raises:
        DataError: the file is no export of decisions.
    """
    settled = load_decisions(path)
    settled = settled[settled["rule"] != ReviewRule.LABEL_ERROR.value]
    told = settled[settled["kind"].isin(_TIES) & settled["case_answer"].isin(_TOLD)]
    told = told.assign(member=told["case_answer"] == AssociationChoice.ASSOCIATED.value)
    drawn = told["blind"].astype(bool) & told["lane"].isin(_LANES) & (told["sampling"] > 0)
    found = []
    for group in [None, *sorted(told["group_id"].dropna().unique())]:
        here = (told["group_id"] == group) | (group is None)
        rows = told[here & drawn]
        answers = [
            Blind(Lane(lane), truth=bool(member), chance=float(chance))
            for lane, member, chance in zip(
                rows["lane"], rows["member"], rows["sampling"], strict=True
            )
        ]
        by_people = int((told["member"] & here & ~drawn).sum())
        told_by = performance(answers, found_by_people=by_people)
        found.append(
            {
                "group": group or "all",
                "blind_answers": len(answers),
                "found_by_people": by_people,
                **_told("precision", told_by.precision),
                **_told("recall", told_by.recall),
                **_told("dismissed_wrongly", told_by.dismissed_wrongly),
            }
        )
    return found


def _told(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate.share, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
