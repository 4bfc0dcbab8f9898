"""`concert assess`: what is known of a group, put to the policy."""

from pathlib import Path
from typing import Annotated

import typer

from cli.edge import AsJson, Failed, GroupId, emit, office, person, read_values
from cli.group import By

Questions = Annotated[
    Path | None, typer.Option(help="JSON: the answers to the four questions.", show_default=False)
]


def assess(
    group_id: GroupId,
    questions: Questions = None,
    outlooks: Annotated[
        Path | None,
        typer.Option(help="JSON: a person's views of how likely more harm is.", show_default=False),
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Assess a group by the findings and incidents of this moment, and keep the result.

    Prints the severity of each form of harm, what the policy proposes, by which rule and clause,
    and what is missing.

    Example: concert assess weigh-it-again --questions answers.json --by ana
    """
    from casework.assess import assess as assess_now
    from policy.questions import FourQuestions
    from policy.severity import Outlook

    answers = None
    if questions is not None:
        found = read_values(questions, FourQuestions)
        if len(found) != 1:
            raise Failed(f"{questions}: one object of answers is wanted, not {len(found)}")
        answers = found[0]
    views = read_values(outlooks, Outlook) if outlooks is not None else []
    with office() as here:
        made = assess_now(here, group_id, actor=person(by), questions=answers, outlooks=views)
    lines = [
        f"{made.id}: {made.outcome.value.replace('_', ' ')}: {made.why}",
        f"  [{made.rule}] {made.clause}",
        f"coordination: {made.coordination.why}",
        *(f"{one.harm}: {one.severity}: {one.why}" for one in made.harms),
        f"activism guard: {made.guard.why}",
        *(f"missing: {one}" for one in made.missing),
    ]
    emit(made, as_json=as_json, text="\n".join(lines))
