"""A functional test suite: what the harm model must tell apart, function by function.

After HateCheck (Röttger et al. 2021), for every policy, with cases written for this project
(functional.json) that no model is ever taught. A figure here is no estimate of quality on a
platform; a function that fails names what people have to watch for.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.text import normalise
from policy.words import Policy

if TYPE_CHECKING:
    from models.harm import HarmModel

HALF = 0.5

_LOOKALIKE = str.maketrans("aeopc", "\u0430\u0435\u043e\u0440\u0441")
_LEET = str.maketrans("oie", "013")


@dataclass(frozen=True)
class Case:
    """One text, the policy it is about, what it tries, and whether the policy applies."""

    text: str
    policy: Policy
    function: str
    breaks: bool


def _inside(word: str, change: Callable[[str], str]) -> str:
    return word[:1] + change(word[1:-1]) + word[-1:] if len(word) > 3 else word


def _words(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: " ".join(_inside(word, change) for word in text.split(" "))


EVASIONS: Mapping[str, Callable[[str], str]] = {
    "spacing": lambda text: " ".join(
        " ".join(word) if len(word) > 4 else word for word in text.split(" ")
    ),
    "look-alike letters": _words(lambda inner: inner.translate(_LOOKALIKE)),
    "digits for letters": _words(lambda inner: inner.translate(_LEET)),
    "invisible characters": _words("\u200b".join),
    "stretched letters": _words(lambda inner: inner[:1] * 4 + inner[1:]),
}
"""What is done to the plain breaches to slip past a filter."""


@lru_cache(maxsize=1)
def tables() -> Any:
    """functional.json: groups of people, and by policy and function the texts of its cases."""
    return json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def cases() -> Iterator[Case]:
    """All cases, those of evasion made from the plain breaches among them."""
    told = tables()
    for policy, functions in told["policies"].items():
        for function, about in functions.items():
            for template in about["texts"]:
                for group in told["groups"] if "{}" in template else [""]:
                    text = template.format(group)
                    yield Case(text, Policy(policy), function, about["breaks"])
                    if function == "plain":
                        for evasion, change in EVASIONS.items():
                            yield Case(change(text), Policy(policy), evasion, breaks=True)


def measure(model: "HarmModel") -> list[dict[str, Any]]:
    """Right answers at one half by policy and function, weakest first, in English."""
    asked = list(cases())
    said = model.likelihoods([normalise(case.text) for case in asked], ["en"] * len(asked))
    order = list(Policy)
    tallies: dict[tuple[Policy, str, bool], list[float]] = {}
    for case, row in zip(asked, said, strict=True):
        likelihood = float(row[order.index(case.policy)])
        tallies.setdefault((case.policy, case.function, case.breaks), []).append(likelihood)
    found = [
        {
            "policy": policy.value,
            "function": function,
            "breaks": breaks,
            "cases": len(likelihoods),
            "right": sum((each > HALF) == breaks for each in likelihoods) / len(likelihoods),
            "mean_likelihood": sum(likelihoods) / len(likelihoods),
        }
        for (policy, function, breaks), likelihoods in tallies.items()
    ]
    return sorted(found, key=lambda row: float(row["right"]))
