"""What the models' process does: scores of posts, and of accounts against groups.

Everything that reaches torch is here, and runs in one thread of one process.
"""

from collections.abc import Sequence

from casework.measure import Measured, measure
from casework.office import Office
from policy.records import Post
from policy.scores import Association, PostScore
from policy.words import Id, Value
from serving.bodies import KnownAccount

_FIRST_WORDS = {
    "en": "The library is open again on Tuesday morning.",
    "es": "La biblioteca abre de nuevo el martes por la mañana.",
}


class ScoredPosts(Value):
    """Scores in the order of the posts."""

    model: str
    scores: tuple[PostScore, ...]


class AccountsToScore(Value):
    """Accounts, and the groups to measure them against."""

    accounts: tuple[KnownAccount, ...]
    group_ids: tuple[Id, ...]


class ScoredAccounts(Value):
    """For each account, in their order, one association for each group that could be measured."""

    model: str
    associations: tuple[tuple[Association, ...], ...]
    not_measured: dict[str, str]
    """Group id to the reason."""


class Desk:
    """Scores with an office's models; keeps each group's yardstick until something changes it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._measured: dict[str, Measured] = {}

    def load(self) -> None:
        """Load the models and the encoder, so that the first caller does not wait for torch.

        Raises:
            PackError, EncoderError: a model is missing, damaged, or not for this encoder.
        """
        # A language for each encoder that may be asked for.
        self.posts(
            [
                Post(post_id=lang, account_id="-", text=text, lang=lang)
                for lang, text in _FIRST_WORDS.items()
            ]
        )
        _ = self._office.models.association

    def posts(self, posts: Sequence[Post]) -> ScoredPosts:
        """Score posts; any text gets a score."""
        harm = self._office.models.harm
        return ScoredPosts(model=harm.manifest.model, scores=tuple(harm.score(posts)))

    def accounts(self, asked: AccountsToScore) -> ScoredAccounts:
        """Score accounts by the posts that came with them.

        Raises:
            NotFound: there is no such group.
        """
        from models.activity import AccountActivity

        model = self._office.models.association
        read = model.read(
            [
                AccountActivity(account_id=one.id, posts=one.posts, profile=one.profile)
                for one in asked.accounts
            ]
        )
        found: list[list[Association]] = [[] for _ in asked.accounts]
        not_measured: dict[str, str] = {}
        for group_id in dict.fromkeys(asked.group_ids):
            try:
                group = self._yardstick(group_id)
            except ValueError as error:
                not_measured[group_id] = str(error)
                continue
            scored = model.score(read, group.index, lane=group.lane)
            for ties, association in zip(found, scored, strict=True):
                ties.append(association)
        return ScoredAccounts(
            model=model.manifest.model,
            associations=tuple(tuple(ties) for ties in found),
            not_measured=not_measured,
        )

    def _yardstick(self, group_id: str) -> Measured:
        kept = self._measured.get(group_id)
        fresh = measure(self._office, group_id, kept.basis if kept else None)
        if fresh is not None:
            self._measured[group_id] = fresh
            return fresh
        assert kept is not None
        return kept
