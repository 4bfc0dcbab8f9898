"""A wanted task in the form that Label Studio stores."""

from pydantic import JsonValue

from labeling.answers import prediction_of
from labeling.configs import Lane, labeling_config
from labeling.desk import WantedTask
from labeling.evidence import read_evidence, showable
from labeling.render import evidence_html, title_of
from labeling.studio import Mark


def lane_of(wanted: WantedTask) -> Lane:
    """The project that a task belongs to."""
    return Lane(wanted.kind, wanted.config, wanted.round, wanted.blind)


def task_of(wanted: WantedTask, *, owner: str) -> dict[str, JsonValue]:
    """The task to import.

    Raises:
        EvidenceError: the evidence lacks a part, or a part is wrong.
        ConfigError: there is no such labeling config.
        AnswerError: the prediction names a choice that the config does not have.
    """
    config = labeling_config(wanted.kind, wanted.config)
    evidence = read_evidence(wanted.kind, wanted.data)
    mark = Mark(owner, wanted.key, wanted.kind, wanted.config)
    task: dict[str, JsonValue] = {
        "data": {
            "title": title_of(wanted.kind, evidence),
            "notice": "",
            "evidence": evidence_html(evidence, blind=wanted.blind),
            # For the Data Manager's columns only; what counts is the mark.
            "case": showable(wanted.case_id),
            "round": wanted.round,
            "priority": wanted.priority,
        },
        "meta": mark.as_meta(),
    }
    # The model's opinion has no way into a blind task, not even one that the page would hide.
    if wanted.prediction and not wanted.blind:
        score = wanted.prediction_score if wanted.prediction_score is not None else 0.0
        prediction = prediction_of(config, wanted.prediction, score=score, model=wanted.model)
        task["predictions"] = [prediction]
    return task
