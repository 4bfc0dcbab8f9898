"""The lake: a folder of Parquet that holds posts, account snapshots, linkages and follows.

Layout: `posts/`, `accounts/`, `linkages/`, `follows/` and `rejects/` hold parts
`part-<number>.parquet`; `commits/<number>.json` is the log that says which parts there are. Times
are microseconds in UTC, ids are strings. Readers need no lock and see whole commits only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import SecretStr

from intake import parts
from intake.commits import Log
from intake.errors import FileError, RequestError
from intake.ingest import Progress, Request, ingest_file, newest_secret
from intake.items import Kind
from intake.reading import check_request
from intake.report import IngestReport
from policy.records import Account, Follow, Linkage, Post
from policy.words import Value


class Part(Value):
    """One part of the lake: what one commit brought of one kind."""

    number: int
    """The cursor: a pass that has seen this part asks next for what comes after it."""
    kind: Kind
    path: Path
    rows: int


class Lake:
    """The lake in `folder`; a folder that is not there yet is an empty lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = Log(folder)

    def ingest(
        self,
        paths: Iterable[Path],
        *,
        format: str | None = None,  # noqa: A002  (the name of the option)
        column_map: Mapping[str, str] | None = None,
        kind: str | None = None,
        secret: SecretStr | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Bring files into the lake.

        Args:
            paths: the files; one that cannot be read does not keep out the others.
            format: one of `intake.reading.Format`; without it the content tells.
            column_map: field of the contract → column of the file (see `parse_column_map`).
            kind: posts, accounts, linkages or follows; without it the columns tell.
            secret: CONCERT_SECRET, newest first; hashes the keys of linkages.
            progress: told the file, the share read and the rows read, every few thousand rows.

        Raises:
            RequestError: a wrong format, kind or map, before any file is touched.
            FileError: the lake itself cannot be written.
        """
        found_format, found_kind = check_request(format, kind, column_map)
        if found_kind is Kind.SHARES:
            raise RequestError("--kind: shares are for detection only and not kept in the lake")
        request = Request(
            form=found_format,
            column_map=column_map,
            kind=found_kind,
            secret=newest_secret(secret.get_secret_value() if secret else None),
        )
        try:
            files = tuple(
                ingest_file(self.folder, self._log, path, request, progress) for path in paths
            )
        except OSError as error:
            reason = f"the lake cannot be written: {error.strerror or error}"
            raise FileError(self.folder, reason) from None
        return IngestReport(files=files)

    def head(self) -> int:
        """The number of the newest commit, 0 for an empty lake."""
        return len(self._log.commits())

    def counts(self) -> dict[str, int]:
        """Rows in the lake by folder: the kinds and `rejects`."""
        commits = self._log.commits()
        return {
            str(folder): sum(commit.parts.get(folder, 0) for commit in commits)
            for folder in parts.SCHEMAS
        }

    def parts_after(self, cursor: int = 0, kind: Kind = Kind.POSTS) -> list[Part]:
        """The parts of `kind` that commits after `cursor` brought, oldest first."""
        return [
            Part(
                number=commit.number,
                kind=kind,
                path=parts.part_path(self.folder, kind, commit.number),
                rows=commit.parts[kind],
            )
            for commit in self._log.commits()[cursor:]
            if kind in commit.parts
        ]

    def active_after(self, cursor: int) -> list[str]:
        """The accounts whose posts came after `cursor`, sorted."""
        rows = self._query(
            Kind.POSTS, "SELECT DISTINCT account_id FROM found ORDER BY 1", cursor=cursor
        )
        return [row["account_id"] for row in rows]

    def posts(self, *, after: int = 0, batch_rows: int = 10_000) -> Iterator[Post]:
        """All posts that came after the cursor `after`, in order of arrival, streamed."""
        for part in self.parts_after(after):
            yield from self.posts_in(part, batch_rows=batch_rows)

    def posts_in(self, part: Part, *, batch_rows: int = 10_000) -> Iterator[Post]:
        """The posts of one part, in order of arrival, streamed."""
        for batch in parts.batches_of(part.path, batch_rows):
            yield from map(Post.model_validate, batch)

    def posts_of(
        self, account_ids: Sequence[str], *, limit: int = 200, since: datetime | None = None
    ) -> dict[str, list[Post]]:
        """The most recent `limit` posts of each account, newest first.

        Posts without a time come last, and are left out where `since` (inclusive) is given. An
        account without posts has an empty list.
        """
        rows = self._query(
            Kind.POSTS,
            """
            SELECT found.* EXCLUDE (filename) FROM found JOIN wanted ON account_id = wanted.id
            WHERE $since IS NULL OR created_at >= $since
            QUALIFY row_number() OVER (
                PARTITION BY account_id ORDER BY created_at DESC NULLS LAST, post_id DESC
            ) <= $limit
            ORDER BY account_id, created_at DESC NULLS LAST, post_id DESC
            """,
            wanted=account_ids,
            parameters={"since": since, "limit": limit},
        )
        posts: dict[str, list[Post]] = {account: [] for account in account_ids}
        for row in rows:
            posts[row["account_id"]].append(Post.model_validate(row))
        return posts

    def post(self, post_ids: Sequence[str]) -> dict[str, Post]:
        """The posts with these ids; those that the lake lacks are absent."""
        rows = self._query(
            Kind.POSTS,
            "SELECT found.* EXCLUDE (filename) FROM found JOIN wanted ON post_id = wanted.id",
            wanted=post_ids,
        )
        return {row["post_id"]: Post.model_validate(row) for row in rows}

    def posts_tagged(
        self, tags: Sequence[str], *, since: datetime, until: datetime
    ) -> dict[str, list[Post]]:
        """The posts that bear each hashtag within a time, oldest first.

        Tags are as intake keeps them: without their sign, case-folded.
        """
        rows = self._query(
            Kind.POSTS,
            """
            SELECT found.* EXCLUDE (filename), wanted.id AS tagged FROM found
            JOIN wanted ON list_contains(hashtags, wanted.id)
            WHERE created_at >= $since AND created_at < $until
            ORDER BY tagged, created_at, post_id
            """,
            wanted=tags,
            parameters={"since": since, "until": until},
        )
        posts: dict[str, list[Post]] = {tag: [] for tag in tags}
        for row in rows:
            posts[row.pop("tagged")].append(Post.model_validate(row))
        return posts

    def active_between(self, since: datetime, until: datetime) -> list[str]:
        """The accounts that posted within a time (`until` exclusive), sorted."""
        rows = self._query(
            Kind.POSTS,
            """
            SELECT DISTINCT account_id FROM found
            WHERE created_at >= $since AND created_at < $until ORDER BY 1
            """,
            parameters={"since": since, "until": until},
        )
        return [row["account_id"] for row in rows]

    def accounts(self, account_ids: Sequence[str] | None = None) -> dict[str, Account]:
        """The latest snapshot of each account (of all, without ids).

        Latest by `observed_at`; among those that were never dated, by arrival.
        """
        rows = self._query(
            Kind.ACCOUNTS,
            """
            SELECT found.* EXCLUDE (filename) FROM found
            WHERE $every OR account_id IN (SELECT id FROM wanted)
            QUALIFY row_number() OVER (
                PARTITION BY account_id
                ORDER BY observed_at DESC NULLS LAST, filename DESC, row_digest DESC
            ) = 1
            ORDER BY account_id
            """,
            wanted=account_ids,
            parameters={"every": account_ids is None},
        )
        return {row["account_id"]: Account.model_validate(row) for row in rows}

    def snapshots(self, account_id: str) -> list[Account]:
        """Every snapshot of one account, oldest first."""
        rows = self._query(
            Kind.ACCOUNTS,
            """
            SELECT found.* EXCLUDE (filename) FROM found JOIN wanted ON account_id = wanted.id
            ORDER BY observed_at NULLS FIRST, filename, row_digest
            """,
            wanted=[account_id],
        )
        return [Account.model_validate(row) for row in rows]

    def linkages(self, account_ids: Sequence[str] | None = None) -> list[Linkage]:
        """The linkages of these accounts (of all, without ids)."""
        rows = self._query(
            Kind.LINKAGES,
            """
            SELECT found.* EXCLUDE (filename) FROM found
            WHERE $every OR account_id IN (SELECT id FROM wanted)
            ORDER BY account_id, kind, key_hash, observed_at
            """,
            wanted=account_ids,
            parameters={"every": account_ids is None},
        )
        return [Linkage.model_validate(row) for row in rows]

    def follows(self, account_ids: Sequence[str] | None = None) -> list[Follow]:
        """Whom these accounts follow (all follows, without ids)."""
        rows = self._query(
            Kind.FOLLOWS,
            """
            SELECT found.* EXCLUDE (filename) FROM found
            WHERE $every OR follower_id IN (SELECT id FROM wanted)
            ORDER BY follower_id, followed_id, observed_at
            """,
            wanted=account_ids,
            parameters={"every": account_ids is None},
        )
        return [Follow.model_validate(row) for row in rows]

    def rejects(self, *, after: int = 0) -> list[dict[str, Any]]:
        """What was rejected: file, source, row, place, kind, field, reason, account_id, raw."""
        return self._query(
            parts.REJECTS,
            "SELECT * EXCLUDE (filename) FROM found ORDER BY filename, row, place",
            cursor=after,
        )

    def _query(
        self,
        folder: str,
        query: str,
        *,
        cursor: int = 0,
        wanted: Sequence[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The rows of `query` over `found` (the folder's rows) and `wanted` (a table of ids)."""
        files = [
            str(parts.part_path(self.folder, folder, commit.number))
            for commit in self._log.commits()[cursor:]
            if folder in commit.parts
        ]
        if not files:
            return []
        with duckdb.connect() as database:
            ids = pa.table({"id": pa.array(sorted(set(wanted or ())), type=pa.string())})
            database.register("wanted", ids)
            try:
                database.read_parquet(files, filename=True).create_view("found")
                result = database.execute(query, dict(parameters or {}))
                return parts.rows_of(result.to_arrow_table())
            except duckdb.Error as error:
                reason = f"a part of the lake cannot be read: {str(error).splitlines()[0]}"
                raise FileError(self.folder, reason) from None
