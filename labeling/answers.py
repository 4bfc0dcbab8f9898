"""Reads what a person filled in, and checks it again.

The page checks in the browser only; the server stores an empty result, two answers to one
question, and choices that no config has. None of that may become a decision.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from labeling.configs import EVIDENCE, LabelingConfig
from policy.cases import CaseKind
from policy.verdicts import Verdict
from policy.words import Harm

_VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)
_MANY = frozenset({"policies", "author", "harm_forms"})
_NONE_OF_THESE = "none_of_these"
_SEVERITY = "severity_"
_DIFFERS = "differs"
_TESTS = ("documented", "sources", "likelihood")


class AnswerError(ValueError):
    """An answer that cannot count; `problems` says why, each in words for the reviewer."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def read_answer(config: LabelingConfig, result: Sequence[Mapping[str, Any]]) -> Verdict:
    """One annotation's result as a verdict of the config's kind.

    Raises:
        AnswerError: it is empty, contradictory, incomplete, or has an unknown control or choice.
    """
    if not result:
        raise AnswerError(["the answer is empty"])
    problems: list[str] = []
    values: dict[str, list[str]] = {}
    for region in result:
        _take(config, region, values, problems)
    for name, chosen in values.items():
        if name in config.choices and name not in _MANY and len(chosen) > 1:
            problems.append(f"{name}: one answer only, not {len(chosen)}")
    if problems:
        raise AnswerError(problems)
    fields = _FIELDS.get(config.kind, _single)(values)
    try:
        return _VERDICT.validate_python({"kind": config.kind, **fields})
    except ValidationError as error:
        raise AnswerError([_in_words(item) for item in error.errors()]) from None


def prediction_of(
    config: LabelingConfig, answers: Mapping[str, str | list[str]], *, score: float, model: str
) -> dict[str, JsonValue]:
    """The model's own answer in the server's form.

    Raises:
        AnswerError: the config has no such control or choice (the server would take it).
    """
    regions: list[JsonValue] = [
        {
            "from_name": name,
            "to_name": EVIDENCE,
            "type": "choices",
            "value": {"choices": [chosen] if isinstance(chosen, str) else list(chosen)},
        }
        for name, chosen in answers.items()
    ]
    prediction: dict[str, JsonValue] = {"model_version": model, "score": score, "result": regions}
    problems = config.interface.validate_prediction(prediction, return_errors=True)
    if problems:
        raise AnswerError([str(problem) for problem in problems])
    return prediction


def _take(
    config: LabelingConfig,
    region: Mapping[str, Any],
    values: dict[str, list[str]],
    problems: list[str],
) -> None:
    name = region.get("from_name")
    value = region.get("value")
    if not isinstance(name, str) or not isinstance(value, Mapping):
        problems.append("a part of the answer names no question")
    elif name in config.choices:
        chosen = _strings(value.get("choices"))
        unknown = sorted(set(chosen) - config.choices[name])
        problems.extend(f"{name}: unknown choice {choice!r}" for choice in unknown)
        values.setdefault(name, []).extend(chosen)
    elif name in config.texts:
        values.setdefault(name, []).extend(_strings(value.get("text")))
    else:
        problems.append(f"unknown question {name!r}")


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(item) for item in value]
    return []


def _single(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    return {name: "\n".join(chosen) for name, chosen in values.items() if chosen}


def _policies(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    chosen = set(values.get("policies", ()))
    broken = chosen - {_NONE_OF_THESE}
    severities, problems = _severities(values, broken)
    if not chosen:
        problems.append("policies: choose at least one, or none of these")
    if _NONE_OF_THESE in chosen and len(chosen) > 1:
        problems.append("policies: none of these cannot stand beside a policy")
    problems += [f"{name}: give its severity" for name in sorted(broken - severities.keys())]
    problems += [
        f"{name}: has a severity but was not chosen" for name in sorted(severities.keys() - broken)
    ]
    if "action" not in values:
        problems.append("action: say what is to be done about the post")
    if problems:
        raise AnswerError(problems)
    single = {name: values[name] for name in ("action", "reason") if name in values}
    return {
        **_single(single),
        "policies": severities,
        "author_needs_support": "needs_support" in values.get("author", ()),
    }


def _severities(
    values: Mapping[str, Sequence[str]], broken: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """The severity of each policy: one for all, or each its own where they differ."""
    each = {
        name.removeprefix(_SEVERITY): given[0]
        for name, given in values.items()
        if name.startswith(_SEVERITY) and given
    }
    of_all = values.get("severity", ())
    if not of_all or of_all[0] == _DIFFERS:
        return each, []
    if each:
        return each, ["severity: one for all policies, or one for each, not both"]
    if not broken:
        return {}, ["severity: given, but no policy was chosen"]
    return dict.fromkeys(broken, of_all[0]), []


def _assessment(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    found = set(values.get("harm_forms", ()))
    asked = {f"{form}_{test}": (form, test) for form in Harm for test in _TESTS}
    given = {asked[name]: chosen[0] for name, chosen in values.items() if name in asked and chosen}
    problems = [
        f"{form} harm, {test}: no answer"
        for form, test in asked.values()
        if form in found and (form, test) not in given
    ]
    problems += sorted(
        {f"{form} harm: has a test but was not chosen" for form, _ in given if form not in found}
    )
    if problems:
        raise AnswerError(problems)
    rest = {name: chosen for name, chosen in values.items() if name not in {*asked, "harm_forms"}}
    harms = {form: {test: given[form, test] for test in _TESTS} for form in Harm if form in found}
    return {**_single(rest), "harms": harms}


_FIELDS: Mapping[CaseKind, Callable[[Mapping[str, Sequence[str]]], dict[str, object]]] = {
    CaseKind.POST_HARM: _policies,
    CaseKind.ASSESSMENT: _assessment,
}


def _in_words(item: Any) -> str:
    if item["type"] == "missing":
        return f"{item['loc'][-1]}: no answer"
    where = str(item["loc"][-1]) if len(item["loc"]) > 1 else ""
    said = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
