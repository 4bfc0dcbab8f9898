"""Takes answers from tasks to the desk: read, checked, handed in, and reopened when refused."""

import structlog

from labeling.answers import AnswerError, read_answer
from labeling.configs import ConfigError, labeling_config
from labeling.desk import Accepted, Answer, Binding, Desk, Noted, Receipt, Refused
from labeling.report import PassReport
from labeling.studio import Mark, SeenAnnotation, SeenTask, Studio
from policy.verdicts import Verdict

log = structlog.get_logger(__name__)

_LONGEST_QUOTE = 500
_FORGED = "it was written or changed by another user than the one it names"
_BARRED = "An answer was not taken, because whoever gave it may not answer this task."


class Inbox:
    """Hands every version of every answer in; the desk takes each exactly once."""

    def __init__(self, desk: Desk, studio: Studio) -> None:
        self._desk = desk
        self._studio = studio

    def take(self, task: SeenTask, mark: Mark, report: PassReport) -> bool:
        """Hand in a task's answers; whether it was reopened, so that it must be read again."""
        reopened = False
        for annotation in task.answers:
            match self._receive(task, mark, annotation):
                case Accepted():
                    report.accepted += 1
                case Noted():
                    report.noted += 1
                case Refused() as refused:
                    report.refused += 1
                    reopened = True
                    self._studio.reopen(task.id, annotation, _notice(refused, annotation))
        return reopened

    def miss(self, binding: Binding, task: SeenTask | None, report: PassReport) -> None:
        """Report accepted answers that are on the server no more."""
        present = {annotation.id for annotation in task.answers} if task else set()
        for annotation_id in binding.accepted:
            if annotation_id not in present:
                self._desk.withdrawn(*binding.key, annotation_id)
                report.withdrawn += 1

    def _receive(self, task: SeenTask, mark: Mark, annotation: SeenAnnotation) -> Receipt:
        # The server takes any name for an annotation's author, and anyone may edit anybody's.
        forged = annotation.written_by not in (0, annotation.user_id)
        verdict, problems = (None, (_FORGED,)) if forged else _read(mark, annotation)
        receipt = self._desk.receive(
            Answer(
                case_id=mark.key.case_id,
                round=mark.key.round,
                kind=mark.kind,
                config=mark.config,
                project_id=task.project_id,
                task_id=task.id,
                annotation_id=annotation.id,
                version=annotation.version,
                answered_by=self._studio.email_of(annotation.user_id),
                user_id=annotation.user_id,
                answered_at=annotation.at,
                lead_time=annotation.lead_time,
                verdict=verdict,
                problems=problems,
                forged=forged,
                raw=annotation.result,
            )
        )
        log.info(
            "answer.received",
            case=mark.key.case_id,
            round=mark.key.round,
            annotation=annotation.id,
            outcome=receipt.outcome,
        )
        return receipt


def _read(mark: Mark, annotation: SeenAnnotation) -> tuple[Verdict | None, tuple[str, ...]]:
    try:
        config = labeling_config(mark.kind, mark.config)
        return read_answer(config, annotation.result), ()
    except AnswerError as error:
        return None, error.problems
    except ConfigError as error:
        return None, (str(error),)


def _notice(refused: Refused, annotation: SeenAnnotation) -> str:
    """What a reviewer reads above a reopened task; their words are given back, not lost."""
    if refused.barred:
        return _BARRED
    written = [
        str(line)
        for region in annotation.result
        if region.get("type") == "textarea" and isinstance(region.get("value"), dict)
        for line in region["value"].get("text") or ()
    ]
    quote = "\n".join(written)[:_LONGEST_QUOTE]
    again = f"Please answer again: {refused.reason}."
    return f"{again} You had written: {quote}" if quote else again
