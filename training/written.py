"""Rows written for this project, and marked as such: no source, nobody's post (written.json).

Two uses. Ordinary sentences that name people, faiths, parties and bad things without doing any
harm keep a bare word from moving a likelihood. Descriptions stand in for policies that have no
open data: they describe what the policy forbids and, against it, what is merely about it.

The encoder is tuned on these beside the sources' rows, so a change here begins its tuning anew.
What is added goes to posts.py.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from policy.words import Policy

SOURCE = "written"
LICENSE = "Apache-2.0"

PROTOTYPES: tuple[Policy, ...] = (
    Policy.CHILD_EXPLOITATION,
    Policy.SELF_HARM,
    Policy.PRIVATE_INFO,
    Policy.NONCONSENSUAL_NUDITY,
    Policy.CIVIC_INTEGRITY,
    Policy.SYNTHETIC_MEDIA,
)
"""Policies without a row of open data: what was written is all that their heads have seen."""

_OVERLAP = frozenset({Policy.ABUSE, Policy.HATE, Policy.VIOLENCE, Policy.EXTREMISM})


@dataclass(frozen=True)
class Written:
    """One written row: the text, its language, and which policies it is known for."""

    text: str
    lang: str
    breaks: Policy | None
    """The policy that the text breaks or describes the breaking of; None: it breaks none."""
    about: Policy | None = None
    """For a harmless row: the policy that it could be mistaken for."""
    base: str = ""
    """The text before its slots were filled, where it had any."""

    def known(self, policy: Policy) -> float:
        """1 breaks it, 0 does not, NaN cannot be told: the breach of one policy may be abuse,
        hate or a threat as well, but none of these texts is about a disease, for instance."""
        if self.breaks is None:
            return 0.0
        if policy is self.breaks:
            return 1.0
        return float("nan") if policy in _OVERLAP else 0.0


@lru_cache(maxsize=1)
def _tables() -> Any:
    return json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def harmless() -> tuple[Written, ...]:
    """Ordinary sentences in several languages that break no policy, bare words among them."""
    tables = _tables()
    texts = [
        template.format(each)
        for words, templates in (("people", "about_people"), ("names", "about_names"))
        for each, template in product(tables[words], tables[templates])
    ]
    texts += tables["ordinary"]
    return tuple(Written(text, "en", None) for text in texts) + tuple(
        Written(text, lang, None) for lang, group in tables["elsewhere"].items() for text in group
    )


def descriptions() -> tuple[Written, ...]:
    """What policies forbid, described, and what is merely about the same thing."""
    tables = _tables()
    breaking = [
        Written(text, "en", Policy(policy))
        for policy, group in tables["breaks"].items()
        for text in group
    ]
    about = [
        Written(text, "en", None, about=Policy(policy))
        for policy, group in tables["about"].items()
        for text in group
    ]
    return tuple(breaking + about)


def attacks() -> tuple[Written, ...]:
    """Plain breaches of policies that have data, beside what looks like them: counter-speech,
    quotation, negation, the speaker about himself, the same words about things."""
    tables = _tables()
    found = []
    for policy, sides in tables["attacks"].items():
        for side, templates in sides.items():
            for template in templates:
                groups = tables["groups"] if "{}" in template else [""]
                found += [
                    Written(template.format(each), "en", Policy(policy))
                    if side == "breaks"
                    else Written(template.format(each), "en", None, about=Policy(policy))
                    for each in groups
                ]
    return tuple(found)
