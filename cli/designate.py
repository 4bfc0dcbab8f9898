"""`concert designate`: each step of a designation. A person takes it, with a name and a reason."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.edge import (
    AsJson,
    ByPerson,
    Failed,
    Reason,
    emit,
    emit_list,
    office,
    person,
    read_moment,
    read_values,
    take,
)
from cli.group import By

if TYPE_CHECKING:
    from policy.designation import Designation
    from policy.words import RestrictionKind

app = typer.Typer(
    no_args_is_help=True, help="Designations: propose, confirm, review, modify, withdraw."
)

DesignationId = Annotated[str, typer.Argument(help="The designation's id.", show_default=False)]
AssessmentId = Annotated[
    str, typer.Option("--assessment", help="A fresh assessment's id.", show_default=False)
]
ReviewAt = Annotated[
    str | None,
    typer.Option(help="When to review it: a day or an RFC 3339 time.", show_default=False),
]
_MEASURES = "Such as limit_search,limit_replies."


@app.command()
def propose(
    assessment_id: Annotated[str, typer.Argument(help="An assessment's id.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Propose what an assessment carries; nothing is in force by it.

    Example: concert designate propose assessment_5f0c2d1a9b3e4c7d
    """
    from casework.designate import propose_designation

    with office() as here:
        made = propose_designation(here, assessment_id, actor=person(by))
    _emit(made, as_json=as_json)


@app.command()
def confirm(
    designation_id: DesignationId,
    *,
    questions: Annotated[
        Path, typer.Option(help="JSON: the answers to the four questions.", show_default=False)
    ],
    by: ByPerson,
    reason: Reason,
    assessment: Annotated[
        str | None, typer.Option(help="Another assessment than the proposal's.", show_default=False)
    ] = None,
    measures: Annotated[str | None, typer.Option(help=f"{_MEASURES} Else all.")] = None,
    review_at: ReviewAt = None,
    seconded_by: Annotated[
        str | None, typer.Option(help="The second person, where both sit here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign a proposal. A second person puts it in force: here, or by `designate second`.

    Example: concert designate confirm designation_1a2b --questions answers.json --by ana
    --reason "high harm, by organisers, well sourced" --seconded-by ben
    """
    from casework.designate import designate
    from policy.questions import FourQuestions

    answers = read_values(questions, FourQuestions)
    if len(answers) != 1:
        raise Failed(f"{questions}: one object of answers is wanted, not {len(answers)}")
    kinds = _kinds(measures) if measures is not None else None
    when = _moment(review_at)
    with office() as here:
        made = designate(
            here,
            designation_id,
            answers[0],
            by=person(by),
            reason=reason,
            assessment_id=assessment,
            review_at=when,
            measures=kinds,
            seconded_by=None if seconded_by is None else person(seconded_by),
        )
    _emit(made, as_json=as_json)


@app.command()
def second(
    designation_id: DesignationId, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """Put a signed proposal in force, as another person than the one who signed.

    Example: concert designate second designation_1a2b --by ben --reason "read it all, and agree"
    """
    from casework.designate import second as step

    take(step, designation_id, by, reason, as_json=as_json, line=_line)


@app.command()
def decline(
    designation_id: DesignationId, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """Turn a proposal down.

    Example: concert designate decline designation_1a2b --by ana --reason "too little shown"
    """
    from casework.designate import decline as step

    take(step, designation_id, by, reason, as_json=as_json, line=_line)


@app.command()
def review(
    designation_id: DesignationId, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """Put a designation under review; it stays in force meanwhile.

    Example: concert designate review designation_1a2b --by ana --reason "the day has come"
    """
    from casework.designate import start_review

    take(start_review, designation_id, by, reason, as_json=as_json, line=_line)


@app.command()
def keep(
    designation_id: DesignationId,
    *,
    assessment: AssessmentId,
    by: ByPerson,
    reason: Reason,
    review_at: ReviewAt = None,
    as_json: AsJson = False,
) -> None:
    """End a review with the designation as it stands.

    Example: concert designate keep designation_1a2b --assessment assessment_3c4d --by ana
    --reason "it goes on as before"
    """
    from casework.designate import keep as step

    when = _moment(review_at)
    with office() as here:
        made = step(here, designation_id, assessment, by=person(by), reason=reason, review_at=when)
    _emit(made, as_json=as_json)


@app.command()
def modify(
    designation_id: DesignationId,
    *,
    assessment: AssessmentId,
    measures: Annotated[str, typer.Option(help=_MEASURES, show_default=False)],
    by: ByPerson,
    reason: Reason,
    review_at: ReviewAt = None,
    as_json: AsJson = False,
) -> None:
    """End a review with other measures; limits that it no longer carries are lifted.

    Example: concert designate modify designation_1a2b --assessment assessment_3c4d
    --measures limit_search --by ana --reason "the floods have ended"
    """
    from casework.designate import modify as step

    kinds, when = _kinds(measures), _moment(review_at)
    with office() as here:
        made = step(
            here,
            designation_id,
            assessment,
            measures=kinds,
            by=person(by),
            reason=reason,
            review_at=when,
        )
    _emit(made, as_json=as_json)


@app.command()
def withdraw(
    designation_id: DesignationId, by: ByPerson, reason: Reason, as_json: AsJson = False
) -> None:
    """End a review by ending the designation and, at once, all that hung on it.

    Example: concert designate withdraw designation_1a2b --by ana --reason "the group dissolved"
    """
    from casework.designate import withdraw as step

    take(step, designation_id, by, reason, as_json=as_json, line=_line)


@app.command("list")
def list_(
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Designations with where they stand, of one group or of all.

    Example: concert designate list --json
    """
    with office() as here, here.store.reading() as work:
        if group is not None:
            work.groups.need(group)
            found = work.designations.find(group_id=group)
        else:
            found = work.designations.find()
    emit_list(found, as_json=as_json, line=_line, none="There is no designation.")


@app.command()
def show(designation_id: DesignationId, as_json: AsJson = False) -> None:
    """One designation with every step that was taken, by whom and why.

    Example: concert designate show designation_1a2b
    """
    with office() as here, here.store.reading() as work:
        one = work.designations.need(designation_id)
    steps = [
        f"  {step.at:%Y-%m-%d %H:%M} {step.state} by {step.by}: {step.reason} [{step.rule}]"
        for step in one.history
    ]
    emit(one, as_json=as_json, text="\n".join([_line(one), *steps]))


def _emit(made: "Designation", *, as_json: bool) -> None:
    emit(made, as_json=as_json, text=_line(made))


def _line(one: "Designation") -> str:
    review = f"  review by {one.review_at:%Y-%m-%d}" if one.review_at else ""
    signed = f", signed by {one.signed.by}, awaits a second" if one.signed else ""
    return f"{one.id}  {one.group_id}  {one.state}{signed}{review}  {', '.join(one.measures)}"


def _kinds(text: str) -> "tuple[RestrictionKind, ...]":
    from policy.designation import DESIGNATION_MEASURES
    from policy.words import RestrictionKind

    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in set(RestrictionKind):
            raise typer.BadParameter(
                f"{name!r} is none of {', '.join(DESIGNATION_MEASURES)}", param_hint="--measures"
            )
    return tuple(RestrictionKind(name) for name in names)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else read_moment(text, "--review-at")
