"""Scoring a file of posts without a store: exactly one row out for each row in.

A row that intake would reject is scored as far as it can be read and goes to a person: whoever
counts rows must find every one of them again, and a broken row is no reason to look away.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from intake.errors import FieldError, FileError
from intake.items import Bad, Item, Kind, printable
from intake.opening import Source
from intake.reading import check_request, read
from intake.rows import Cleaner
from policy.records import Post
from policy.words import Harm, Lane, Policy

if TYPE_CHECKING:
    from casework.score_post_groups import PostGroups
    from models.harm import HarmModel

BATCH = 2048
TROUBLES_TOLD = 100
_MENDED_TEXT = 100_000
"""Characters of a text too long to be taken that are read all the same."""

SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in (
            ("post_id", pa.string()),
            ("lang", pa.string()),
            *((f"p_{policy}", pa.float64()) for policy in Policy),
            *((f"h_{harm}", pa.float64()) for harm in Harm),
            # Ids joined by `|`, in the order of the p_ columns; empty where all are calibrated.
            ("uncalibrated", pa.string()),
            ("lane", pa.string()),
            ("model", pa.string()),
        )
    ]
)

WITH_GROUPS = pa.schema(
    [
        *SCHEMA,
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("association", pa.float64(), nullable=False),
        pa.field("association_lane", pa.string(), nullable=False),
    ]
)

Progress = Callable[[float, int], None]
"""Told the share of the file that is read (0 to 1) and the rows written."""


@dataclass
class PostsScored:
    """What was written."""

    rows: int = 0
    lanes: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    troubled: int = 0
    """Rows that could not be read whole; each was scored as far as it could, for a person."""
    troubles: list[str] = field(default_factory=list)
    """The first of them: the row, the field and the reason."""


@dataclass(frozen=True)
class _Given:
    id: str
    post: Post
    trouble: str = ""


def score_posts(
    model: "HarmModel",
    path: Path,
    out: Path,
    *,
    form: str | None = None,
    column_map: Mapping[str, str] | None = None,
    groups: "PostGroups | None" = None,
    progress: Progress | None = None,
) -> PostsScored:
    """Score each post of a file of any format that intake reads, and write Parquet (`SCHEMA`).
    With `groups` (casework/score_post_groups.py) a row for each post and group, and three columns
    more (`WITH_GROUPS`).

    `out` appears whole or not at all.

    Raises:
        IntakeError: a wrong format or map, or a file that is not posts or cannot be read.
    """
    found = PostsScored()
    form_, _ = check_request(form, None, column_map)
    schema = SCHEMA if groups is None else WITH_GROUPS
    with Source(path) as source, written_whole(out, schema) as write:
        reading = read(source, form=form_, column_map=column_map)
        cleaner = Cleaner(naive_is_utc=reading.naive_is_utc)
        others = 0

        def posts() -> Iterator[_Given]:
            nonlocal others
            for item in reading.items:
                if item.kind is Kind.POSTS:
                    yield _given(item, cleaner)
                else:
                    others += 1

        for batch in _batches(posts()):
            rows = _rows(model, batch, found)
            write(rows if groups is None else _by_group(rows, groups([one.post for one in batch])))
            if progress is not None:
                progress(reading.done(), found.rows)
        if others and not found.rows:
            raise FileError(path, "holds no posts")
    return found


def _batches(posts: Iterator[_Given]) -> Iterator[list[_Given]]:
    held: list[_Given] = []
    for one in posts:
        held.append(one)
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held


def _rows(model: "HarmModel", batch: list[_Given], found: PostsScored) -> list[dict[str, Any]]:
    rows = []
    for given, score in zip(batch, model.score([one.post for one in batch]), strict=True):
        lane = Lane.REVIEW if given.trouble else score.lane
        found.lanes[lane] += 1
        if given.trouble:
            found.troubled += 1
            if len(found.troubles) < TROUBLES_TOLD:
                found.troubles.append(given.trouble)
        rows.append(
            {
                "post_id": given.id,
                "lang": score.lang,
                **{f"p_{policy}": score.policies[policy] for policy in Policy},
                **{f"h_{harm}": score.harms[harm] for harm in Harm},
                "uncalibrated": "|".join(score.uncalibrated),
                "lane": lane.value,
                "model": score.model,
            }
        )
    found.rows += len(rows)
    return rows


def _by_group(
    rows: list[dict[str, Any]], ties: list[dict[str, tuple[float, str]]]
) -> list[dict[str, Any]]:
    return [
        row | {"group_id": group, "association": likelihood, "association_lane": lane}
        for row, of in zip(rows, ties, strict=True)
        for group, (likelihood, lane) in of.items()
    ]


def _given(item: Item | Bad, cleaner: Cleaner) -> _Given:
    # The model's Post bears a number: what stands in the file may be no id that a Post can have.
    stand_in = str(item.row)
    if isinstance(item, Bad):
        said = f"row {item.row} ({item.place}): {item.field}: {item.reason}"
        return _Given(f"row:{item.row}", _post(stand_in, ""), said)
    try:
        row = cleaner.clean(item)
    except FieldError as error:
        said = f"row {item.row} ({item.place}): {error}"
        return _mended(item, stand_in, said)
    return _Given(row["post_id"], _post(stand_in, row["text"], row["lang"]))


def _mended(item: Item, stand_in: str, trouble: str) -> _Given:
    id_ = item.fields.get("post_id")
    text = item.fields.get("text")
    plain = printable(text)[:_MENDED_TEXT] if isinstance(text, str) else ""
    name = f"row:{item.row}" if id_ is None or id_ == "" else printable(id_)
    return _Given(name, _post(stand_in, plain), trouble)


def _post(id_: str, text: str, lang: str | None = None) -> Post:
    return Post(post_id=id_, account_id="-", text=text, lang=lang)


Write = Callable[[list[dict[str, Any]]], None]


@contextmanager
def written_whole(out: Path, schema: pa.Schema) -> Iterator[Write]:
    """A call that appends rows to a Parquet file, which appears at the end of the block.

    Raises:
        FileError: it cannot be written there.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        if out.is_dir():
            raise FileError(out, "is a folder; name the file to write")
        out.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(part, schema) as writer:
            yield lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        part.replace(out)
    except OSError as error:
        raise FileError(out, error.strerror or str(error)) from None
    finally:
        part.unlink(missing_ok=True)
