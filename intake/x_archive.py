"""The X/Twitter information-operations archive: its CSV of tweets and its CSV of users.

Column names and meanings are those of the archive's own readme ("Information Operations", 2018
to 2021). Its times are UTC by that readme. Accounts under 5,000 followers carry a hash for an id,
which is an id like any other. Each row repeats its author's profile, which becomes an account
snapshot wherever it differs from the last one of that account.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from intake.items import Bad, Item, Kind
from intake.tables import Table

POST_COLUMNS = {
    "tweetid": "post_id",
    "userid": "account_id",
    "tweet_text": "text",
    "tweet_time": "created_at",
    "tweet_language": "lang",
    "retweet_tweetid": "reposted_post_id",
    "retweet_userid": "reposted_account_id",
    "in_reply_to_tweetid": "replied_to_post_id",
    "in_reply_to_userid": "replied_to_account_id",
    "quoted_tweet_tweetid": "quoted_post_id",
    "urls": "urls",
    "hashtags": "hashtags",
    "user_mentions": "mentions",
    "tweet_client_name": "client",
}
ACCOUNT_COLUMNS = {
    "userid": "account_id",
    "user_screen_name": "handle",
    "user_display_name": "display_name",
    "user_profile_description": "description",
    "user_reported_location": "location",
    "account_creation_date": "created_at",
    "follower_count": "followers",
    "following_count": "following",
}
_OF_TWEETS = {"tweetid", "userid", "tweet_text", "tweet_time"}
_OF_USERS = {"userid", "user_screen_name", "account_creation_date"}
_REMEMBERED = 1_000_000


def recognises(columns: Iterable[str]) -> bool:
    """Whether these are the columns of one of the archive's files."""
    names = set(columns)
    return names >= _OF_TWEETS or names >= _OF_USERS


def read(table: Table) -> Iterator[Item | Bad]:
    """The posts and account snapshots of one archive file, in its order."""
    has_posts = "tweetid" in table.columns
    kind = Kind.POSTS if has_posts else Kind.ACCOUNTS
    used = [name for name in table.columns if name in POST_COLUMNS or name in ACCOUNT_COLUMNS]
    of_post = [(POST_COLUMNS[name], at) for at, name in enumerate(used) if name in POST_COLUMNS]
    of_account = [
        (ACCOUNT_COLUMNS[name], at) for at, name in enumerate(used) if name in ACCOUNT_COLUMNS
    ]
    last_seen: dict[Any, int] = {}
    for row in table.rows([table.columns.index(name) for name in used], kind):
        if isinstance(row, Bad):
            yield row
            continue
        number, place, cells = row
        if has_posts:
            yield Item(Kind.POSTS, number, place, {field: cells[at] for field, at in of_post})
        profile = {field: cells[at] for field, at in of_account}
        if has_posts and not _is_new(profile, last_seen):
            continue
        yield Item(Kind.ACCOUNTS, number, place, profile)


def _is_new(profile: Mapping[str, Any], last_seen: dict[Any, int]) -> bool:
    account = profile.get("account_id")
    # Without an id the post is rejected for it already; with the id alone there is no profile.
    if not account or len(profile) < 2:
        return False
    look = hash(tuple(profile.values()))
    if last_seen.get(account) == look:
        return False
    if len(last_seen) >= _REMEMBERED:
        last_seen.clear()
    last_seen[account] = look
    return True
