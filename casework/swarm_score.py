"""The harm of what a swarm wrote, by the models: coordination may not know them, so it is told."""

from collections.abc import Sequence

from casework.scoring import Models
from coordination.swarm_harm import Score, Written
from coordination.swarms import Harms
from policy.records import Post

AUTHOR = "of-a-swarm"
"""Scores are of texts: who wrote them must not count."""


def harm_score(models: Models) -> Score:
    """Likelihoods of harm of posts; the model is loaded only if a swarm asks for it."""

    def score(posts: Sequence[Written]) -> list[Harms]:
        given = [
            Post(post_id=post_id, account_id=AUTHOR, text=text, lang=lang)
            for post_id, text, lang in posts
        ]
        return [
            {harm.value: likelihood for harm, likelihood in one.harms.items()}
            for one in models.harm.score(given)
        ]

    return score
