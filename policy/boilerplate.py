"""What an answer in earnest is, and what boilerplate is: a plain rule that anybody can check.

Refused are: a text with too few different words; known filler; a text given to another question as
well, or to another group before; and, for the four questions, an answer without evidence. The rule
cannot tell a thoughtful answer from a fluent empty one: a second reader can.
"""

import re
from collections.abc import Iterable

from policy.questions import Answer, FourQuestions
from policy.rules import Rule
from policy.words import Refusal

MIN_WORDS = 6
"""So many different words at the least; a Han, kana, Thai, Lao or Khmer letter counts as one."""
SAME = 0.8
"""From this share of common words on, two answers are one answer given twice."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_FILLER = re.compile(
    r"^(see (above|below|attached|previous|evidence|other answers?)|as (above|before|stated)|same"
    r"|n/?a|not applicable|none|nothing|no( known)? risks?|tbd|to be (done|determined|completed)"
    r"|to do|yes|no|ok(ay)?|unknown|lorem ipsum|test|asdf|placeholder|standard (text|answer))\b",
    re.IGNORECASE,
)
_CITED = ("purpose", "coordination", "harm", "risks")


def check_answers(questions: FourQuestions, used_before: Iterable[str] = ()) -> None:
    """Check that every answer is given in earnest.

    Args:
        questions: the answers.
        used_before: texts of answers that were given about other groups.

    Raises:
        Refusal: names every answer that is empty, boilerplate or without evidence.
    """
    faults = [f"{name}: {fault}" for name, fault in _faults(questions, used_before)]
    if faults:
        raise Refusal(Rule.QUESTIONS, "; ".join(faults))


def _faults(questions: FourQuestions, used_before: Iterable[str]) -> Iterable[tuple[str, str]]:
    earlier = [("another group", _words(text)) for text in used_before]
    for name in (*_CITED, "people_affected", "lesser_measure"):
        answer: Answer = getattr(questions, name)
        words = _words(answer.text)
        if not answer.text:
            yield name, "is empty"
        elif _FILLER.match(answer.text) and len(words) < 2 * MIN_WORDS:
            yield name, "is filler"
        elif len(words) < MIN_WORDS:
            yield name, f"says too little (under {MIN_WORDS} different words)"
        else:
            twin = next((other for other, theirs in earlier if _same(words, theirs)), None)
            if twin:
                yield name, f"repeats the answer to {twin}"
        if name in _CITED and not answer.evidence_ids:
            yield name, "cites no evidence"
        earlier.append((name, words))


def _words(text: str) -> frozenset[str]:
    spaced = _UNSPACED.sub(" ", text.casefold())
    return frozenset(re.findall(r"\w+", spaced)) | frozenset(_UNSPACED.findall(text))


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and len(one & other) >= SAME * len(one | other)
