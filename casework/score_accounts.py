"""Scoring accounts against groups from files, without a store: one row an account and group.

The files go through intake into a lake of their own that ends with the run, so that any format,
any column map and any number of rows will do.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from casework.act_lane import act_lane
from casework.score_posts import written_whole
from casework.scoring import BACKGROUND, activities
from casework.yardstick import POSTS_READ
from intake.errors import FileError
from intake.items import Kind
from intake.lake import Lake
from intake.opening import Source
from intake.report import IngestReport
from intake.rows import FIELDS
from intake.tables import open_table
from models.routing import Opened, Shut
from policy.groups import Group
from policy.words import Lane, Refusal

if TYPE_CHECKING:
    from models.activity import AccountActivity
    from models.association import AssociationModel, Index

CHUNK = 200
UNMEASURABLE = "score.group.v1"

SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in (
            ("account_id", pa.string()),
            ("group_id", pa.string()),
            ("probability", pa.float64()),
            ("low", pa.float64()),
            ("high", pa.float64()),
            ("lane", pa.string()),
            ("primary_use", pa.float64()),
            ("model", pa.string()),
        )
    ]
)

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass
class AccountsScored:
    """What was written."""

    accounts: int = 0
    rows: int = 0
    lanes: dict[str, dict[Lane, int]] = field(default_factory=dict)
    """By group."""
    act_lanes: dict[str, str] = field(default_factory=dict)
    """By group: from which likelihood its act lane is open, or why it is shut."""
    rejected: int = 0
    """Rows that could not be taken; their accounts were scored all the same."""
    troubles: list[str] = field(default_factory=list)
    """The first of them: the row, the field and the reason."""


def score_accounts(
    model: "AssociationModel",
    posts: Path,
    out: Path,
    *,
    groups: Sequence[Group],
    profiles: Path | None = None,
    form: str | None = None,
    column_map: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> AccountsScored:
    """Score each account that has a row in `posts` against each group; write Parquet (`SCHEMA`).

    A mapped column that `profiles` lacks is not asked of it. `out` appears whole or not at all.

    Raises:
        IntakeError: a wrong format or map, or a file that is not what it should be.
        Refusal: a group has neither posts of a confirmed member nor a narrative.
    """
    tell = progress or (lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="concert-score-") as scratch:
        lake = Lake(Path(scratch))
        report = lake.ingest(
            [posts],
            format=form,
            column_map=column_map,
            progress=lambda path, share, _: tell(f"read {path.name}", round(100 * share), 100),
        )
        _check(report, posts, Kind.POSTS)
        if profiles is not None:
            mapped = _known_to(profiles, column_map or {})
            _check(
                lake.ingest([profiles], column_map=mapped, kind=Kind.ACCOUNTS.value),
                profiles,
                Kind.ACCOUNTS,
            )
        return _Run(model, lake, groups, tell).write(out)


def _check(report: IngestReport, path: Path, kind: Kind) -> None:
    for error in report.errors:
        raise FileError(path, error.removeprefix(f"{path}: "))
    if report.tallies and kind not in report.tallies:
        raise FileError(path, f"holds {', '.join(report.tallies)}, not {kind}")


def _known_to(path: Path, column_map: Mapping[str, str]) -> dict[str, str]:
    """What of a column map speaks of this file of profiles: one map serves both files."""
    fields = {name: at for name, at in column_map.items() if name in FIELDS[Kind.ACCOUNTS]}
    with Source(path) as source:
        if not source.is_parquet and source.peek()[:1] in (b"{", b"["):
            return fields
        columns = open_table(source).columns
    return {name: at for name, at in fields.items() if at in columns}


@dataclass(frozen=True)
class _Ready:
    """A group that accounts can be measured against."""

    group: Group
    index: "Index"
    lane: Opened | Shut


class _Run:
    def __init__(
        self, model: "AssociationModel", lake: Lake, groups: Sequence[Group], tell: Progress
    ) -> None:
        self._model = model
        self._lake = lake
        self._tell = tell
        self._active = lake.active_after(0)
        rejects = lake.rejects()
        # An account whose rows were all rejected is still an account that was asked about.
        named = {row["account_id"] for row in rejects if row["kind"] == Kind.POSTS}
        self._accounts = sorted({*self._active, *named} - {""})
        self._found = AccountsScored(
            accounts=len(self._accounts),
            rejected=len(rejects),
            troubles=[
                f"{row['file']}: row {row['row']} ({row['place']}): {row['field']}: {row['reason']}"
                for row in rejects[:100]
            ],
        )
        self._groups = groups

    def write(self, out: Path) -> AccountsScored:
        ready = []
        for number, group in enumerate(self._groups):
            self._tell("groups made ready", number, len(self._groups))
            ready.append(self._make_ready(group))
        with written_whole(out, SCHEMA) as write:
            for at in range(0, len(self._accounts), CHUNK):
                self._tell("accounts", at, len(self._accounts))
                rows = self._rows(self._accounts[at : at + CHUNK], ready)
                write(rows)
                self._found.rows += len(rows)
        return self._found

    def _make_ready(self, group: Group) -> _Ready:
        model = self._model
        answers = {one.account_id: one.member for one in group.decisions}
        known = {member.account_id for member in group.members}
        known |= {account for account, member in answers.items() if member}
        others = [account for account in self._active if account not in known]
        drawn = sorted(others, key=lambda one: hashlib.sha256(one.encode()).digest())[:BACKGROUND]
        seeds = [account for account in self._known(group.seeds) if account.posts]
        read, background = model.read(seeds), model.read(self._known(drawn))
        try:
            index = model.index(group, read, background)
        except ValueError as error:
            raise Refusal(UNMEASURABLE, str(error)) from None
        shut = act_lane({}, {})
        decided = model.score(model.read(self._known(sorted(answers))), index, lane=shut)
        lane = act_lane(answers, {one.account_id: one.probability for one in decided})
        self._found.act_lanes[group.id] = (
            f"open from {lane.threshold:.3f}" if isinstance(lane, Opened) else lane.reason
        )
        self._found.lanes[group.id] = dict.fromkeys(Lane, 0)
        return _Ready(group, index, lane)

    def _rows(self, account_ids: Sequence[str], ready: Sequence[_Ready]) -> list[dict[str, object]]:
        read = self._model.read(self._known(account_ids))
        scored = [self._model.score(read, one.index, lane=one.lane) for one in ready]
        rows: list[dict[str, object]] = []
        # By account, then by group: a reader finds all about one account together.
        for of_account in zip(*scored, strict=True):
            for one in of_account:
                self._found.lanes[one.group_id][one.lane] += 1
                rows.append(
                    {
                        "account_id": one.account_id,
                        "group_id": one.group_id,
                        "probability": one.probability,
                        "low": one.low,
                        "high": one.high,
                        "lane": one.lane.value,
                        "primary_use": one.primary_use.share,
                        "model": one.model,
                    }
                )
        return rows

    def _known(self, account_ids: Sequence[str]) -> "list[AccountActivity]":
        return activities(
            account_ids,
            self._lake.posts_of(account_ids, limit=POSTS_READ),
            self._lake.accounts(account_ids),
            (),
        )
