"""What an account does, in numbers: the sum of its posts' meaning, words, objects and habits.

All are sums over posts, so that what a single post carried is found by taking it out again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from models.encoder import Encoder, Vectors
from models.habits import HABITS, HASHTAG, LINK, MENTION, habits_of
from models.language import language_of
from models.text import normalise
from policy.records import Account, Linkage, Post

BUCKETS = 2**16
"""For hashed words, and as many for hashed objects."""

RECENT = 200
"""Posts of an account that are read: its latest."""

_SHORTENERS = frozenset({"t.co", "bit.ly", "ow.ly", "goo.gl", "dlvr.it", "tinyurl.com", "buff.ly"})


@dataclass(frozen=True)
class AccountActivity:
    """An account with what is known of it; posts in any order."""

    account_id: str
    posts: tuple[Post, ...]
    profile: Account | None = None
    linkages: tuple[Linkage, ...] = ()


def objects_of(post: Post) -> frozenset[str]:
    """What a post shares with others: `hashtag:…`, `link:…`, `domain:…`, `mention:…`,
    `repost:…` (an account), `media:…`; lower case."""
    text = post.text
    names = (*post.mentions, *MENTION.findall(text))
    links = {*post.urls, *LINK.findall(text)}
    hosts = {_host(link) for link in links} - {""} - _SHORTENERS
    return frozenset(
        {f"hashtag:{tag.lower().lstrip('#')}" for tag in (*post.hashtags, *HASHTAG.findall(text))}
        | {f"mention:{name.lower().lstrip('@')}" for name in names}
        | {f"link:{link.lower().rstrip('.,)/')}" for link in links}
        | {f"domain:{host}" for host in hosts}
        | {f"media:{each}" for each in post.media_hashes}
        | ({f"repost:{post.reposted_account_id.lower()}"} if post.reposted_account_id else set())
    )


def _host(link: str) -> str:
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:  # a broken IPv6 literal; the link as such still counts
        return ""


@dataclass(frozen=True)
class Activities:
    """Posts of many accounts, row by row, and which rows are whose.

    vectors: (posts, dimensions). words, objects: sparse counts (posts, BUCKETS), at most one for
    each word or object of a post. habits: (posts, len(HABITS)). owner: (posts,) the row of the
    account in `accounts`. A profile text counts as one more post, without objects.
    """

    accounts: tuple[AccountActivity, ...]
    posts: tuple[Post | None, ...]
    """None stands for the profile text."""
    owner: NDArray[np.int64]
    vectors: Vectors
    words: Any
    objects: Any
    habits: NDArray[np.float32]

    def only(self, account_ids: Collection[str]) -> "Activities":
        """The accounts of these ids, in their order here."""
        wanted = set(account_ids)
        kept = [at for at, each in enumerate(self.accounts) if each.account_id in wanted]
        return self.rows(kept)

    def without(self, account_ids: Collection[str]) -> "Activities":
        """All accounts but these."""
        dropped = set(account_ids)
        kept = [at for at, each in enumerate(self.accounts) if each.account_id not in dropped]
        return self.rows(kept)

    def rows(self, kept: Sequence[int]) -> "Activities":
        """The accounts at these places, in this order, each with its posts together."""
        place = np.full(len(self.accounts), -1, dtype=np.int64)
        place[np.asarray(kept, dtype=np.int64)] = np.arange(len(kept))
        rows = np.flatnonzero(place[self.owner] >= 0)
        rows = rows[np.argsort(place[self.owner[rows]], kind="stable")]
        return Activities(
            accounts=tuple(self.accounts[at] for at in kept),
            posts=tuple(self.posts[row] for row in rows),
            owner=place[self.owner[rows]],
            vectors=self.vectors[rows],
            words=self.words[rows],
            objects=self.objects[rows],
            habits=self.habits[rows],
        )

    def summed(self, of: Any) -> Any:
        """Rows of posts summed to rows of accounts: (accounts, columns)."""
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.owner), dtype=np.float32)
        places = (self.owner, np.arange(len(self.owner)))
        return csr_matrix((ones, places), shape=(len(self.accounts), len(self.owner))) @ of

    def counts(self) -> NDArray[np.float64]:
        """Posts of each account, profile text included, shape (accounts,)."""
        return np.bincount(self.owner, minlength=len(self.accounts)).astype(np.float64)


def recent(posts: Sequence[Post]) -> list[Post]:
    """The latest posts; those without a time count as oldest."""
    dated = sorted(
        posts, key=lambda post: post.created_at.timestamp() if post.created_at else -np.inf
    )
    return dated[-RECENT:]


def read_activities(accounts: Sequence[AccountActivity], encoder: Encoder) -> Activities:
    """Read accounts; each text is embedded once, whoever posted it."""
    from scipy.sparse import csr_matrix

    owner: list[int] = []
    posts: list[Post | None] = []
    raw: list[str] = []
    for row, account in enumerate(accounts):
        said: list[tuple[Post | None, str]] = [(post, post.text) for post in recent(account.posts)]
        if account.profile is not None and account.profile.description:
            said.append((None, account.profile.description))
        for post, text in said:
            owner.append(row)
            posts.append(post)
            raw.append(text)
    texts = [normalise(text) for text in raw]
    unique = sorted(set(texts))
    place = {text: at for at, text in enumerate(unique)}
    vectors = encoder.encode(unique)[[place[text] for text in texts]] if texts else None
    found = [objects_of(post) if post is not None else frozenset() for post in posts]
    habits = [habits_of(post) if post is not None else (0.0,) * len(HABITS) for post in posts]
    return Activities(
        accounts=tuple(accounts),
        posts=tuple(posts),
        owner=np.asarray(owner, dtype=np.int64),
        vectors=np.zeros((0, encoder.dimensions), np.float32) if vectors is None else vectors,
        words=hashed_words(texts) if texts else csr_matrix((0, BUCKETS), dtype=np.float32),
        objects=hashed_objects(found),
        habits=np.asarray(habits, dtype=np.float32).reshape(len(posts), len(HABITS)),
    )


def hashed_words(texts: Sequence[str]) -> Any:
    """Sparse 0/1 counts of words and pairs of words of normalised texts, (texts, BUCKETS)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    # Links and names are objects; here they would only say how often somebody links.
    plain = [text.replace("@user", " ").replace("http", " ") for text in texts]
    hasher = HashingVectorizer(
        n_features=BUCKETS, ngram_range=(1, 2), alternate_sign=False, norm=None, binary=True
    )
    return hasher.transform(plain).astype(np.float32)


def hashed_objects(found: Sequence[frozenset[str]]) -> Any:
    """Sparse 0/1 counts of shared objects, (rows, BUCKETS)."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction import FeatureHasher

    if not found:
        return csr_matrix((0, BUCKETS), dtype=np.float32)
    hasher = FeatureHasher(n_features=BUCKETS, input_type="string", alternate_sign=False)
    return hasher.transform([sorted(each) for each in found]).astype(np.float32)


def main_language(account: AccountActivity) -> str:
    """The language of most of an account's posts, `und` where none can be told."""
    spoken = [language_of(post.text, post.lang) for post in recent(account.posts)[-30:]]
    told = [lang for lang in spoken if lang != "und"]
    return max(sorted(set(told)), key=told.count) if told else "und"
