"""Each format by a tiny file and the exact rows that it becomes."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from intake.commits import Tally
from intake.items import Kind
from intake.lake import Lake
from policy.records import Account, Follow, Linkage, Post
from policy.words import LinkageKind

from .conftest import Write

NOON = datetime(2018, 3, 5, 12, tzinfo=UTC)

X_RESPONSE: dict[str, Any] = {
    "data": [
        {
            "id": "11",
            "author_id": "1",
            "text": "hello @two https://t.co/a #One",
            "created_at": "2018-03-05T12:00:00.000Z",
            "lang": "en",
            "source": "Some App",
            "entities": {
                "urls": [
                    {"url": "https://t.co/a", "expanded_url": "https://example.org/a"},
                    {"url": "https://t.co/p", "expanded_url": "https://x/photo", "media_key": "3"},
                ],
                "hashtags": [{"start": 1, "end": 2, "tag": "One"}],
                "mentions": [{"username": "two", "id": "2"}],
            },
        },
        {
            "id": "12",
            "author_id": "2",
            "text": "RT @one: hello @two https://t.co/\u2026",
            "created_at": "2018-03-05T12:00:00.000Z",
            "lang": "qme",
            "referenced_tweets": [{"type": "retweeted", "id": "11"}],
        },
        {
            "id": "13",
            "author_id": "2",
            "text": "a reply",
            "in_reply_to_user_id": "9",
            "referenced_tweets": [
                {"type": "replied_to", "id": "90"},
                {"type": "quoted", "id": "91"},
            ],
            "note_tweet": {"text": "a reply, whole #Long"},
        },
    ],
    "includes": {
        "users": [
            {
                "id": "1",
                "username": "one",
                "name": "One",
                "description": "made up",
                "location": "Nowhere",
                "created_at": "2010-01-01T00:00:00.000Z",
                "public_metrics": {"followers_count": 3, "following_count": 4},
            }
        ],
        "tweets": [{"id": "91", "author_id": "9", "text": "quoted #Tag"}],
    },
    "meta": {"result_count": 3},
}
X_POSTS = [
    Post(
        post_id="11",
        account_id="1",
        text="hello @two https://t.co/a #One",
        created_at=NOON,
        lang="en",
        urls=("https://example.org/a",),
        hashtags=("one",),
        mentions=("2",),
        client="Some App",
    ),
    Post(
        post_id="12",
        account_id="2",
        text="RT @one: hello @two https://t.co/a #One",
        created_at=NOON,
        reposted_post_id="11",
        reposted_account_id="1",
        urls=("https://example.org/a",),
        hashtags=("one",),
        mentions=("2",),
    ),
    Post(
        post_id="13",
        account_id="2",
        text="a reply, whole #Long",
        replied_to_post_id="90",
        replied_to_account_id="9",
        quoted_post_id="91",
    ),
    Post(post_id="91", account_id="9", text="quoted #Tag", hashtags=("tag",)),
]


def posts_of(lake: Lake) -> list[Post]:
    return sorted(lake.posts(), key=lambda post: post.post_id)


def test_a_response_of_the_x_api(lake: Lake, write: Write) -> None:
    report = lake.ingest([write("x.json", X_RESPONSE)])
    assert report.files[0].format == "x-api"
    assert report.tallies == {Kind.POSTS: Tally(taken=4), Kind.ACCOUNTS: Tally(taken=1)}
    assert posts_of(lake) == X_POSTS
    assert lake.accounts() == {
        "1": Account(
            account_id="1",
            handle="one",
            display_name="One",
            description="made up",
            location="Nowhere",
            created_at=datetime(2010, 1, 1, tzinfo=UTC),
            followers=3,
            following=4,
        )
    }


def test_x_pages_as_lines_as_an_array_and_as_bare_posts_are_the_same(
    tmp_path: Path, write: Write
) -> None:
    import json

    line = json.dumps(X_RESPONSE)
    flattened = [
        {**post, "author": X_RESPONSE["includes"]["users"][0]} if post["author_id"] == "1" else post
        for post in [*X_RESPONSE["data"], *X_RESPONSE["includes"]["tweets"]]
    ]
    flattened[1] = {
        **flattened[1],
        "referenced_tweets": [{"type": "retweeted", "id": "11", **X_RESPONSE["data"][0]}],
    }
    shapes: dict[str, object] = {
        "lines.jsonl": f"{line}\n\n{line}\n",
        "array.json": f"\ufeff[{line},\n {line}]",
        "pretty.json": json.dumps(X_RESPONSE, indent=2),
        "packed.jsonl.gz": gzip.compress(line.encode()),
        "bare.jsonl": "\n".join(json.dumps(post) for post in flattened),
        "bare.json": flattened,
    }
    for name, content in shapes.items():
        lake = Lake(tmp_path / f"lake-{name}")
        report = lake.ingest([write(name, content)])
        assert report.files[0].format == "x-api", name
        assert report.total.rejected == 0, name
        assert posts_of(lake) == X_POSTS, name
        assert list(lake.accounts()) == ["1"], name


def test_an_x_response_without_results_has_no_rows(lake: Lake, write: Write) -> None:
    report = lake.ingest([write("none.json", {"meta": {"result_count": 0}})])
    assert report.files[0].notes == ("the file has no rows",)
    assert report.errors == ()


ARCHIVE = (
    "tweetid,userid,user_display_name,user_screen_name,user_reported_location,"
    "user_profile_description,user_profile_url,follower_count,following_count,"
    "account_creation_date,account_language,tweet_language,tweet_text,tweet_time,"
    "tweet_client_name,in_reply_to_userid,in_reply_to_tweetid,quoted_tweet_tweetid,is_retweet,"
    "retweet_userid,retweet_tweetid,latitude,longitude,quote_count,reply_count,like_count,"
    "retweet_count,hashtags,urls,user_mentions,poll_choices\n"
    '"11","aB+c=","One","aB+c=","Nowhere","made up","","3","4","2010-01-01","en","en",'
    '"hello\n""there""","2018-03-05 12:00","Some App","","","","False","","","absent","absent",'
    '"0","0","0","0","[One, Two]","[https://example.org/a, https://example.org/b]","[aB+c=]",""\n'
    '"12","aB+c=","One","aB+c=","Nowhere","made up","","3","4","2010-01-01","en","und",'
    '"RT @one: again","2018-03-05 12:00","Some App","","","","True","22","21","absent","absent",'
    '"0","0","0","0","","","",""\n'
    '"13","aB+c=","One","aB+c=","Nowhere","changed","","3","5","2010-01-01","en","en",'
    '"@x a reply","2018-03-05 12:00","Some App","9","90","91","False","","","absent","absent",'
    '"0","0","0","0","[]","[]","[]",""\n'
)


def test_the_information_operations_archive(lake: Lake, write: Write) -> None:
    report = lake.ingest([write("tweets.csv", ARCHIVE)])
    file = report.files[0]
    assert (file.format, file.notes, file.error) == ("x-archive", (), None)
    assert report.tallies == {Kind.POSTS: Tally(taken=3), Kind.ACCOUNTS: Tally(taken=2)}
    assert posts_of(lake) == [
        Post(
            post_id="11",
            account_id="aB+c=",
            text='hello\n"there"',
            created_at=NOON,
            lang="en",
            urls=("https://example.org/a", "https://example.org/b"),
            hashtags=("one", "two"),
            mentions=("aB+c=",),
            client="Some App",
        ),
        Post(
            post_id="12",
            account_id="aB+c=",
            text="RT @one: again",
            created_at=NOON,
            reposted_post_id="21",
            reposted_account_id="22",
            mentions=("one",),
            client="Some App",
        ),
        Post(
            post_id="13",
            account_id="aB+c=",
            text="@x a reply",
            created_at=NOON,
            lang="en",
            replied_to_post_id="90",
            replied_to_account_id="9",
            quoted_post_id="91",
            client="Some App",
        ),
    ]
    assert [(one.description, one.following) for one in lake.snapshots("aB+c=")] == [
        ("made up", 4),
        ("changed", 5),
    ]


def test_the_archive_of_users_alone(lake: Lake, write: Write) -> None:
    text = "userid,user_screen_name,account_creation_date,follower_count\n1,one,2010-01-01,3\n"
    assert lake.ingest([write("users.csv", text)]).files[0].format == "x-archive"
    assert lake.accounts()["1"].followers == 3


ONE, TWO = "did:plc:one", "did:plc:two"
BLUESKY_RECORD = {
    "$type": "app.bsky.feed.post",
    "text": "hello #One example.org @two",
    "createdAt": "2018-03-05T12:00:00.000Z",
    "langs": ["en"],
    "facets": [
        {
            "index": {"byteStart": 6, "byteEnd": 10},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "One"}],
        },
        {"features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org"}]},
        {"features": [{"$type": "app.bsky.richtext.facet#mention", "did": TWO}]},
    ],
    "embed": {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"record": {"uri": f"at://{TWO}/app.bsky.feed.post/q", "cid": "c"}},
        "media": {
            "$type": "app.bsky.embed.images",
            "images": [{"image": {"ref": {"$link": "bafy1"}}}],
        },
    },
    "reply": {
        "root": {"uri": f"at://{TWO}/app.bsky.feed.post/r", "cid": "c"},
        "parent": {"uri": f"at://{TWO}/app.bsky.feed.post/p", "cid": "c"},
    },
}
BLUESKY_POST = Post(
    post_id=f"at://{ONE}/app.bsky.feed.post/a",
    account_id=ONE,
    text="hello #One example.org @two",
    created_at=NOON,
    lang="en",
    replied_to_post_id=f"at://{TWO}/app.bsky.feed.post/p",
    replied_to_account_id=TWO,
    quoted_post_id=f"at://{TWO}/app.bsky.feed.post/q",
    urls=("https://example.org",),
    hashtags=("one",),
    mentions=(TWO,),
    media_hashes=("bafy1",),
)
BLUESKY_REPOST = Post(
    post_id=f"at://{TWO}/app.bsky.feed.repost/b",
    account_id=TWO,
    text="hello #One example.org @two",
    created_at=datetime(2018, 3, 6, tzinfo=UTC),
    lang="en",
    reposted_post_id=f"at://{ONE}/app.bsky.feed.post/a",
    reposted_account_id=ONE,
    urls=("https://example.org",),
    hashtags=("one",),
    mentions=(TWO,),
)


def test_a_feed_of_bluesky(lake: Lake, write: Write) -> None:
    feed = {
        "feed": [
            {
                "post": {
                    "uri": BLUESKY_POST.post_id,
                    "cid": "c",
                    "author": {"did": ONE, "handle": "one.example", "displayName": "One"},
                    "record": BLUESKY_RECORD,
                    "indexedAt": "2018-03-05T12:00:01.000Z",
                },
                "reason": {
                    "$type": "app.bsky.feed.defs#reasonRepost",
                    "by": {"did": TWO, "handle": "two.example"},
                    "uri": BLUESKY_REPOST.post_id,
                    "indexedAt": "2018-03-06T00:00:00Z",
                },
            }
        ],
        "cursor": "x",
    }
    report = lake.ingest([write("feed.json", feed)])
    assert report.files[0].format == "bluesky"
    assert report.total == Tally(taken=4)
    assert posts_of(lake) == [BLUESKY_POST, BLUESKY_REPOST]
    assert lake.accounts() == {
        ONE: Account(account_id=ONE, handle="one.example", display_name="One"),
        TWO: Account(account_id=TWO, handle="two.example"),
    }


def test_records_and_events_of_bluesky(lake: Lake, write: Write) -> None:
    def event(collection: str, key: str, record: object, operation: str = "create") -> object:
        commit = {"operation": operation, "collection": collection, "rkey": key, "record": record}
        return {"did": ONE, "time_us": 1, "kind": "commit", "commit": commit}

    events = [
        event("app.bsky.feed.post", "a", BLUESKY_RECORD),
        event(
            "app.bsky.feed.repost",
            "b",
            {
                "$type": "app.bsky.feed.repost",
                "subject": {"uri": f"at://{TWO}/app.bsky.feed.post/p", "cid": "c"},
                "createdAt": "2018-03-05T12:00:00Z",
            },
        ),
        event(
            "app.bsky.graph.follow",
            "c",
            {"subject": TWO, "createdAt": "2018-03-05T12:00:00Z"},
        ),
        event("app.bsky.actor.profile", "self", {"displayName": "One", "description": "made up"}),
        event("app.bsky.feed.like", "d", {"subject": {"uri": "at://x/y/z"}}),
        event("app.bsky.feed.post", "z", None, "delete"),
        {"did": ONE, "kind": "identity", "identity": {"did": ONE, "handle": "one.example"}},
    ]
    assert lake.ingest([write("events.json", events)]).total == Tally(taken=4)
    assert posts_of(lake) == [
        BLUESKY_POST,
        Post(
            post_id=f"at://{ONE}/app.bsky.feed.repost/b",
            account_id=ONE,
            created_at=NOON,
            reposted_post_id=f"at://{TWO}/app.bsky.feed.post/p",
            reposted_account_id=TWO,
        ),
    ]
    assert lake.follows() == [Follow(follower_id=ONE, followed_id=TWO, observed_at=NOON)]
    assert lake.accounts()[ONE].description == "made up"
    listed = {"records": [{"uri": BLUESKY_POST.post_id, "cid": "c", "value": BLUESKY_RECORD}]}
    view = {"uri": BLUESKY_POST.post_id, "author": {"did": ONE}, "record": BLUESKY_RECORD}
    thread = {"thread": {"post": view, "replies": [{"post": view}]}}
    for name, content in (("listed", listed), ("thread", thread), ("found", {"posts": [view]})):
        again = lake.ingest([write(f"{name}.json", content)])
        assert again.total.taken == 0, name
        assert again.total.already_there >= 1, name


def test_a_table_in_the_contracts_columns(lake: Lake, write: Write) -> None:
    text = (
        "post_id,account_id,text,created_at,lang,reposted_post_id,reposted_account_id,"
        "replied_to_post_id,replied_to_account_id,quoted_post_id,urls,hashtags,mentions,"
        "media_hashes,client\n"
        "11,1,hello #One,2018-03-05T12:00:00Z,en,21,2,31,3,41,,,,m1|m2,App\n"
        "12,1,,,,,,,,,,,,,\n"
    )
    report = lake.ingest([write("posts.csv", text)])
    assert (report.files[0].format, report.files[0].notes) == ("csv", ())
    assert posts_of(lake) == [
        Post(
            post_id="11",
            account_id="1",
            text="hello #One",
            created_at=NOON,
            lang="en",
            reposted_post_id="21",
            reposted_account_id="2",
            replied_to_post_id="31",
            replied_to_account_id="3",
            quoted_post_id="41",
            hashtags=("one",),
            media_hashes=("m1", "m2"),
            client="App",
        ),
        Post(post_id="12", account_id="1"),
    ]


MAP = {"post_id": "id", "account_id": "who", "text": "said", "created_at": "at"}
EXPECTED = [Post(post_id="11", account_id="1", text="hello", created_at=NOON)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", "id,who,said,at\n11,1,hello,2018-03-05 12:00\n"),
        ("windows.csv", "\ufeffid,who,said,at\r\n11,1,hello,2018-03-05 12:00\r\n"),
        ("semicolon.csv", 'id;who;said;at\n11;1;"hello";1520251200\n'),
        ("tab.tsv", "id\twho\tsaid\tat\n11\t1\thello\t1520251200000\n"),
        (
            "packed.csv.gz",
            gzip.compress(b"id,who,said,at\n11,1,hello,2018-03-05T12:00:00Z\n", mtime=0),
        ),
        ("rows.jsonl", '{"id": 11, "who": 1, "said": "hello", "at": 1520251200}\n'),
        ("rows.json", [{"id": "11", "who": "1", "said": "hello", "at": "2018-03-05T12:00:00Z"}]),
    ],
)
def test_a_table_with_a_column_map(lake: Lake, write: Write, name: str, content: object) -> None:
    report = lake.ingest([write(name, content)], column_map=MAP)
    assert report.total == Tally(taken=1)
    assert list(lake.posts()) == EXPECTED
    naive = name in {"comma.csv", "windows.csv"}
    assert report.files[0].notes == (("1 times without a zone were taken as UTC",) if naive else ())


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_parquet_with_any_timestamp(
    lake: Lake, tmp_path: Path, unit: str, zone: str | None
) -> None:
    at = pa.array([int(NOON.timestamp())], pa.int64()).cast(pa.timestamp("s"))
    columns = {
        "id": pa.array([11]),
        "who": pa.array(["1"]).dictionary_encode(),
        "said": pa.array(["hello"], pa.large_string()),
        "at": at.cast(pa.timestamp(unit)).cast(pa.int64()).cast(pa.timestamp(unit, zone)),
    }
    pq.write_table(pa.table(columns), tmp_path / "posts.parquet")
    report = lake.ingest([tmp_path / "posts.parquet"], column_map=MAP)
    assert list(lake.posts()) == EXPECTED
    assert bool(report.files[0].notes) == (zone is None)


def test_accounts_linkages_and_follows_are_told_by_their_columns(
    lake: Lake, write: Write, secret: SecretStr
) -> None:
    report = lake.ingest(
        [
            write("a.csv", "account_id,handle,followers,observed_at\n1,@one,3,2018-03-05T12:00Z\n"),
            write(
                "l.csv", "account_id,kind,key,observed_at\n1,Device,abc,1520251200\n2,phone,abc,\n"
            ),
            write("f.jsonl", '{"follower_id": 1, "followed_id": 2, "observed_at": null}'),
        ],
        secret=secret,
    )
    assert report.errors == ()
    assert lake.accounts() == {
        "1": Account(account_id="1", handle="one", followers=3, observed_at=NOON)
    }
    linkages = lake.linkages()
    # HMAC-SHA256 under "a secret" of "device" NUL "abc", as `openssl dgst` gives it.
    assert linkages[0] == Linkage(
        account_id="1",
        kind=LinkageKind.DEVICE,
        key_hash="e2d7b7d910fdb0ff79e2ff25ba7e92e11e84c776ce175f041761442b833e8051",
        observed_at=NOON,
    )
    assert linkages[1].key_hash != linkages[0].key_hash
    assert lake.follows(["1"]) == [Follow(follower_id="1", followed_id="2")]
    assert lake.follows(["2"]) == []


def test_a_kind_that_columns_do_not_tell_can_be_named(lake: Lake, write: Write) -> None:
    path = write("ids.csv", "account_id\n1\n")
    assert "no known kind" in lake.ingest([path]).errors[0]
    assert lake.ingest([path], kind="accounts").total == Tally(taken=1)
