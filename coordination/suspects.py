"""Which posts may have called for a burst: narrowed down before any burst is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coordination.calls import Asked

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from coordination.contacts import Contacts

MIN_TIED = 3
"""Tied accounts below which nothing is a swarm: the least group."""
MOST_FOR_A_TARGET = 60
"""Posts looked at for each target, most borne out first; the rest count as tests all the same."""


def suspects(con: Backend, found: Contacts, reach: int) -> tuple[ir.Table, int]:
    """Posts that may have called: post, account, time, target, each `Asked`, tied, looked_at.

    Either their words call and at least MIN_TIED accounts tied to the author acted towards the
    target at any time; or at least MIN_TIED accounts acted so within `reach` microseconds after
    they had reposted, quoted or answered the very post. `looked_at`: all posts naming that target
    that anybody could have looked at, the number of tests that the choice stands for. Beside them
    the number of targets that any such post names.
    """
    named = found.named
    worded = named.filter(named[Asked.SPEAK] | named[Asked.REPORT] | named[Asked.OFF_PLATFORM])
    chosen = _by_words(con, found, worded).union(_by_deed(con, found, reach))
    chosen = chosen.group_by("post", "target").agg(tied=chosen.tied.max())
    engaged = found.ties.filter(found.ties.of.notnull()).select(post="of").distinct()
    tests = worded.select("post", "target").union(
        named.select("post", "target").semi_join(engaged, "post")
    )
    tests = tests.distinct().group_by("target").agg(looked_at=lambda t: t.count())
    rows = named.inner_join(chosen, ["post", "target"]).inner_join(tests, "target")
    table = con.create_table(
        "swarm_suspects",
        rows.select("post", "account", "time", "target", *Asked, "tied", "looked_at"),
        overwrite=True,
    )
    return table, tests.target.nunique().to_pyarrow().as_py()


def _by_words(con: Backend, found: Contacts, worded: ir.Table) -> ir.Table:
    called = worded.select("target", caller="account").distinct()
    actors = found.named.filter(found.named.toward).select("target", "account").distinct()
    tied = found.ties.select("account", "caller").distinct()
    # Stored, so that no engine joins callers with actors on the target alone: on a hot one that is
    # their product.
    audience = con.create_table("swarm_audience", called.inner_join(tied, "caller"), overwrite=True)
    borne = audience.inner_join(actors, ["account", "target"])
    borne = borne.group_by("caller", "target").agg(tied=borne.account.nunique())
    borne = borne.filter(borne.tied >= MIN_TIED)
    rows = worded.select("post", "target", caller="account").inner_join(borne, ["caller", "target"])
    return rows.select("post", "target", "tied")


def _by_deed(con: Backend, found: Contacts, reach: int) -> ir.Table:
    ties, named = found.ties, found.named
    engaged = ties.filter(ties.of.notnull()).select(post="of", by="account", at="time")
    acts = named.filter(named.toward).select("target", by="account", acted="time")
    told = named.select("post", "target", said="time").inner_join(engaged, "post")
    told = con.create_table("swarm_engaged", told, overwrite=True)
    told = told.inner_join(acts, ["target", "by"])
    told = told.filter(
        told["at"] >= told.said, told.acted > told["at"], told.acted <= told.said + reach
    )
    told = told.group_by("post", "target").agg(tied=told.by.nunique())
    return told.filter(told.tied >= MIN_TIED).select("post", "target", "tied")
