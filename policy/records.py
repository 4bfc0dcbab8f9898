"""Posts, accounts and linkages: what comes in from a platform, one value for each row.

The columns are those of the design's contract; any but the ids may be absent.
"""

from pydantic import ConfigDict, Field

from policy.words import Id, LinkageKind, UtcDatetime, Value


class Post(Value):
    """One post, as its author published it."""

    # White space is part of what was written: evaders and evidence both live in it.
    model_config = ConfigDict(str_strip_whitespace=False)

    post_id: Id
    account_id: Id
    text: str = ""
    created_at: UtcDatetime | None = None
    lang: str | None = None
    reposted_post_id: str | None = None
    reposted_account_id: str | None = None
    replied_to_post_id: str | None = None
    replied_to_account_id: str | None = None
    quoted_post_id: str | None = None
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    media_hashes: tuple[str, ...] = ()
    client: str | None = None


class Account(Value):
    """An account as it looked at `observed_at`; profiles change, so each look is kept."""

    account_id: Id
    handle: str = ""
    display_name: str = ""
    description: str = ""
    location: str = ""
    created_at: UtcDatetime | None = None
    followers: int | None = Field(default=None, ge=0)
    following: int | None = Field(default=None, ge=0)
    observed_at: UtcDatetime | None = None


class Linkage(Value):
    """A technical link of an account; `key_hash` is the link's key hashed with the secret."""

    account_id: Id
    kind: LinkageKind
    key_hash: str = Field(min_length=1)
    observed_at: UtcDatetime | None = None


class Follow(Value):
    """One account follows another."""

    follower_id: Id
    followed_id: Id
    observed_at: UtcDatetime | None = None
