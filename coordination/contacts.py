"""Who names whom, and who is tied to whom, from posts and follows.

Every step is a join on equal keys, whose size is that of what really happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import ibis

from coordination.calls import Asked, asks
from coordination.engine import extract_all
from coordination.source import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

MENTION = r"[@\x{ff20}]([\p{L}\p{N}_]+)"
REPOSTED = r"^\s*(?i:rt)\s+@([\p{L}\p{N}_]+)"
HARM_COLUMNS = ("h_physical", "h_psychological", "h_informational")
"""Likelihoods of harm as `concert score posts` writes them, where the posts carry them."""
DAY = 86_400_000_000
ALWAYS = -(1 << 62)
"""The time of a tie that stood all along: a follow, whose beginning nobody records."""


@dataclass(frozen=True)
class Contacts:
    """Stored tables; accounts and targets are ids as text, times int64 microseconds."""

    named: ir.Table
    """post, account, time, target, how (reply, quote, mention), toward (whether it is an act
    towards the target rather than a word to somebody else), one column for each `Asked`."""
    ties: ir.Table
    """account, caller, time, how, of (the caller's post it is about, or null)."""
    active: ir.Table
    """account, day, posts."""


def talk(posts: ir.Table) -> ir.Table:
    """What of each post tells whom it names and whom it repeats; one row for each post.

    Columns: post, account, time, text, lang, reposted_post, reposted_account, reply_post,
    reply_account, quoted_post, repost (whether it is one), mentions, and of HARM_COLUMNS those
    there are. Where mentions have no column they are read in the text; `RT @name` marks a repost
    in old exports.
    Raises InputError where posts have no time.
    """
    if "created_at" not in posts.columns:
        raise InputError("no column for created_at: without times there is no burst")

    def column(name: str) -> ir.StringValue:
        if name not in posts.columns:
            return ibis.null("string")
        return posts[name].cast("string").strip().nullif("")

    text = column("text").fill_null("")
    mentions = extract_all(text, MENTION, 1)
    if "mentions" in posts.columns:
        listed = posts.mentions
        if not listed.type().is_array():
            listed = listed.cast("string").re_split(r"[\s|,]+")
        mentions = ibis.coalesce(listed, mentions)
    of_account = ibis.coalesce(
        column("reposted_account_id"), text.re_extract(REPOSTED, 1).nullif("")
    )
    rows = posts.select(
        post=posts.post_id,
        account=posts.account_id,
        time=posts.created_at,
        text=text,
        lang=column("lang"),
        reposted_post=column("reposted_post_id"),
        reposted_account=of_account,
        reply_post=column("replied_to_post_id"),
        reply_account=column("replied_to_account_id"),
        quoted_post=column("quoted_post_id"),
        repost=column("reposted_post_id").notnull() | of_account.notnull(),
        mentions=mentions,
        **{name: posts[name].cast("float64") for name in HARM_COLUMNS if name in posts.columns},
    )
    rows = rows.filter(rows.post.notnull(), rows.account.notnull(), rows.time.notnull())
    return rows.distinct(on="post", keep="first")


def contacts(
    con: Backend, told: ir.Table, handles: ir.Table | None, follows: ir.Table | None
) -> Contacts:
    """Who named whom, and who is tied to whom. `told` is `talk`, stored in `con`.

    `handles` (account_id, handle) tells whose handle a mention is; without it a mention is the
    account of that id, or a name of its own. `follows`: follower_id, followed_id.
    """
    who = _store(con, "who", _who(told, handles))
    authors = told.select(of="post", found="account")

    def known(column: str) -> ir.Table:
        """Rows with `found`: the account that a column of ids or handles means."""
        rows = told.filter(told[column].notnull())
        rows = rows.mutate(key=_key(rows[column])).left_join(who, "key")
        return rows.mutate(found=ibis.coalesce(rows.id, rows[column]))

    def written(column: str) -> ir.Table:
        """Rows with `found`: who wrote the post that a column names."""
        return told.filter(told[column].notnull()).inner_join(authors, [(column, "of")])

    names = told.filter(~told.repost).mutate(name=told.mentions).unnest("name")
    names = names.mutate(key=_key(names.name)).filter(lambda t: t.key != "")
    names = names.left_join(who, "key")
    names = names.mutate(found=ibis.coalesce(names.id, names.key))
    answers = [known("reply_account"), written("reply_post")]
    quotes, reposts = written("quoted_post"), [known("reposted_account"), written("reposted_post")]
    answered = _union([rows.select("post", to="found") for rows in answers]).distinct()
    answered = _store(con, "answered", answered)
    named = _union(
        [rows.select("post", target="found", how=ibis.literal("1 reply")) for rows in answers]
        + [quotes.select("post", target="found", how=ibis.literal("2 quote"))]
        + [names.select("post", target="found", how=ibis.literal("3 mention"))]
    )
    ties = [
        *(_tie(rows, "reply", rows.reply_post) for rows in answers),
        _tie(quotes, "quote", quotes.quoted_post),
        *(_tie(rows, "repost", rows.reposted_post) for rows in reposts),
        _tie(names, "mention", ibis.null("string")),
    ]
    if follows is not None:
        ties.append(
            follows.select(
                account=follows.follower_id.cast("string"),
                caller=follows.followed_id.cast("string"),
                time=ibis.literal(ALWAYS, "int64"),
                how=ibis.literal("follow"),
                of=ibis.null("string"),
            )
        )
    tied = _union(ties)
    active = told.mutate(day=told.time // DAY).group_by("account", "day")
    return Contacts(
        named=_store(con, "named", _named(told, named, answered)),
        ties=_store(con, "ties", tied.filter(tied.account != tied.caller).distinct()),
        active=_store(con, "active", active.agg(posts=lambda t: t.count())),
    )


def _store(con: Backend, name: str, expression: ir.Table) -> ir.Table:
    return con.create_table(f"swarm_{name}", expression, overwrite=True)


def _union(tables: Sequence[ir.Table]) -> ir.Table:
    return reduce(lambda one, other: one.union(other), tables)


def _key(name: ir.StringValue) -> ir.StringValue:
    """A handle or id as compared: no sign before it, no case."""
    return name.strip().re_replace(r"^[@\x{ff20}]+", "").lower()


def _who(told: ir.Table, handles: ir.Table | None) -> ir.Table:
    """key → id. A handle comes before an account whose id reads the same."""
    own = told.select(id="account").distinct()
    rows = own.mutate(key=_key(own.id), rank=ibis.literal(1))
    if handles is not None:
        named = handles.filter(handles.handle.notnull(), handles.account_id.notnull())
        named = named.select(id=named.account_id.cast("string"), key=_key(named.handle))
        rows = named.mutate(rank=ibis.literal(0)).union(rows)
    rows = rows.filter(rows.key != "")
    best = rows.group_by("key").agg(rank=rows["rank"].min())
    return rows.inner_join(best, ["key", "rank"]).group_by("key").agg(id=lambda t: t.id.min())


def _tie(rows: ir.Table, how: str, of: ir.StringValue) -> ir.Table:
    return rows.select("account", "time", caller=rows.found, how=ibis.literal(how), of=of).select(
        "account", "caller", "time", "how", "of"
    )


def _named(told: ir.Table, named: ir.Table, answered: ir.Table) -> ir.Table:
    """One row for each post and account it names, by the strongest of how it does.

    A mention in an answer to somebody else is no act towards the one mentioned: platforms carry
    the names of a whole thread along.
    """
    one = named.group_by("post", "target").agg(how=named.how.min())
    rows = told.select("post", "account", "time", **asks(told.text)).inner_join(one, "post")
    rows = rows.filter(rows.account != rows.target)
    elsewhere = answered.select("post").distinct().mutate(answers=ibis.literal(True))
    rows = rows.left_join(elsewhere, "post")
    return rows.select(
        "post", "account", "time", "target", *Asked,
        how=rows.how.substr(2),
        toward=(rows.how != "3 mention") | rows.answers.isnull(),
    )  # fmt: skip
