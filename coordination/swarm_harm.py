"""The harm of what a swarm wrote: scores from outside, and what may rest on them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coordination.contacts import HARM_COLUMNS
from coordination.swarm import Suspect, Tested
from coordination.swarms import Harms, Swarm

if TYPE_CHECKING:
    import ibis.expr.types as ir

HARMFUL = 0.5
"""A likelihood above one half means that the policy more likely than not applies."""
MORE_AT = 0.01
"""Level of the test that more is harmful than what the target is written as ever."""
USUAL_POSTS = 200
"""Acts towards the target before the call that are scored for it, the latest first."""
Written = tuple[str, str, str | None]
"""Post id, text and language."""
Score = Callable[[Sequence[Written]], Sequence[Harms]]
"""Likelihoods of harm for posts, in the same order; see casework for the one by the models."""


@dataclass
class Scores:
    """Harm likelihoods of posts: by the function that was given, else by the posts' own columns."""

    told: ir.Table
    score: Score | None

    def of(self, posts: Iterable[str]) -> list[Harms]:
        """Likelihoods of those posts that have any."""
        wanted = list(dict.fromkeys(posts))
        columns = [name for name in HARM_COLUMNS if name in self.told.columns]
        if not wanted or (self.score is None and not columns):
            return []
        chosen = self.told.filter(self.told.post.isin(wanted)).order_by("post")
        rows = chosen.select("post", "text", "lang", *columns).to_pyarrow().to_pylist()
        if self.score is not None:
            return list(self.score([(row["post"], row["text"], row["lang"]) for row in rows]))
        return [
            {name.removeprefix("h_"): row[name] for name in columns}
            for row in rows
            if all(row[name] is not None for name in columns)
        ]


def over(scored: Sequence[Harms]) -> Mapping[str, tuple[float, float]] | None:
    if not scored:
        return None
    return {
        harm: (
            sum(one[harm] for one in scored) / len(scored),
            sum(one[harm] >= HARMFUL for one in scored) / len(scored),
        )
        for harm in scored[0]
    }


def harmful(harms: Harms | None) -> bool:
    return harms is not None and max(harms.values(), default=0.0) >= HARMFUL


def incites(first: Suspect, swarm: Swarm, tested: Tested, harms: Scores) -> bool:
    """Whether scores alone say that the post was answered with harm.

    A model errs on whole topics and ways of writing, so that its scores are held against those of
    what the same target was written before.
    """
    if swarm.harms is None or not harmful(swarm.call.harms):
        return False
    named = tested.found.named
    before = named.filter(
        named.toward, named.target == first.row["target"], named.time <= first.row["time"]
    )
    latest = before.order_by(before.time.desc(), before.post).limit(USUAL_POSTS).select("post")
    usual = harms.of(latest.post.to_pyarrow().to_pylist())
    now = harms.of(act["post"] for own in first.tied.values() for act in own)
    return any(
        share >= HARMFUL
        and _more(_count(now, harm), len(now), _count(usual, harm), len(usual)) <= MORE_AT
        for harm, (_, share) in swarm.harms.items()
    )


def _count(scored: Sequence[Harms], harm: str) -> int:
    return sum(one[harm] >= HARMFUL for one in scored)


def _more(harsh: int, of: int, usual_harsh: int, usual: int) -> float:
    """Fisher's exact test, one-sided: p of as many among these as among the usual."""
    from scipy import stats  # takes long to load, and most runs ask for no swarm

    return float(stats.hypergeom.sf(harsh - 1, of + usual, harsh + usual_harsh, of))
