"""Loads the example: made-up posts, dossiers and decisions, moved so that they are fresh.

Associations rest on recent behaviour, so every moment in every file is moved by one and the same
span, such that the newest post is an hour old. The span is kept: a load that was cut off goes on
where it was, and a second load adds nothing.
"""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from casework.assess import assess
from casework.designate import designate, propose_designation
from casework.dossier import save_findings, save_groups, save_incidents
from casework.office import Office
from intake.items import Kind
from policy.assessment import Assessment, Outcome
from policy.findings import Finding
from policy.groups import Group
from policy.incidents import Incident
from policy.protected import ProtectedAccount
from policy.questions import FourQuestions
from policy.words import RestrictionKind, Value
from store.work import Writing

V = TypeVar("V", bound=Value)

FOLDER = Path(__file__).resolve().parent.parent / "example"
ACTOR = "system:example"
_SPAN = "example.span_s"
_DONE = "example.loaded"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@dataclass(frozen=True)
class Loaded:
    """What the example brought: nothing where it was loaded before."""

    posts: int
    groups: int
    assessments: tuple[Assessment, ...]


def load(office: Office, folder: Path = FOLDER) -> Loaded | None:
    """Load the example once; None where it is loaded already."""
    with office.store.reading() as work:
        if work.cursors.get(_DONE):
            return None
    span = _span(office, folder)
    report = office.lake.ingest(
        [_moved(office, folder / name, span) for name in _TABLES],
        secret=SecretStr(office.secrets[0].decode()),
    )
    groups = _values(folder / "groups.json", Group, span)
    save_groups(office, groups, actor=ACTOR)
    save_findings(office, _values(folder / "findings.json", Finding, span), actor=ACTOR)
    save_incidents(office, _values(folder / "incidents.json", Incident, span), actor=ACTOR)
    _protect(office, _values(folder / "protected.json", ProtectedAccount, span))
    made = tuple(_assess(office, item) for item in _read(folder / "assessments.json", span))

    def done(work: Writing) -> None:
        work.cursors.set(_DONE, "yes")

    office.store.transact(done, actor=ACTOR, now=office.now())
    return Loaded(posts=report.tallies[Kind.POSTS].taken, groups=len(groups), assessments=made)


_TABLES = ("posts.csv", "accounts.csv", "linkages.csv")


def _span(office: Office, folder: Path) -> timedelta:
    with (folder / "posts.csv").open(encoding="utf-8", newline="") as file:
        newest = max(row["created_at"] for row in csv.DictReader(file))
    fresh = office.now().replace(microsecond=0) - timedelta(hours=1)
    span = fresh - datetime.fromisoformat(newest)

    def keep(work: Writing) -> timedelta:
        kept = work.cursors.get(_SPAN)
        if kept is None:
            work.cursors.set(_SPAN, str(int(span.total_seconds())))
            return span
        return timedelta(seconds=int(kept))

    return office.store.transact(keep, actor=ACTOR, now=office.now())


def _moved(office: Office, path: Path, span: timedelta) -> Path:
    """A copy of a table with every moment moved; the same bytes each time."""
    copy = office.settings.home / "example" / path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(_move(path.read_text(encoding="utf-8"), span), encoding="utf-8")
    return copy


def _move(text: str, span: timedelta) -> str:
    def moved(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]).astimezone(UTC) + span
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

    return _MOMENT.sub(moved, text)


def _read(path: Path, span: timedelta) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(_move(path.read_text(encoding="utf-8"), span))
    return items


def _values(path: Path, what: Callable[..., V], span: timedelta) -> list[V]:
    return [what(**item) for item in _read(path, span)]


def _protect(office: Office, entries: list[ProtectedAccount]) -> None:
    def do(work: Writing) -> None:
        for entry in entries:
            if work.protected.get(entry.account_id) is None:
                work.save(entry, action="protected.added", why=entry.reason)

    office.store.transact(do, actor=ACTOR, now=office.now())


def _assess(office: Office, item: dict[str, Any]) -> Assessment:
    """Assess one group, and carry out what the example's policy lead decided."""
    questions = FourQuestions.model_validate(item["questions"])
    made = assess(office, item["group_id"], actor=ACTOR, questions=questions)
    decision = item["decision"]
    if made.outcome is not Outcome.DESIGNATE or decision is None:
        return made
    with office.store.reading() as work:
        standing = work.designations.find(group_id=made.group_id)
    designation = (
        standing[-1] if standing else propose_designation(office, made.id, actor="model:policy")
    )
    if designation.state == "proposed":
        designate(
            office,
            designation.id,
            questions,
            by=decision["by"],
            reason=decision["reason"],
            seconded_by=decision["seconded_by"],
            assessment_id=made.id,
            measures=tuple(RestrictionKind(kind) for kind in decision["measures"]),
        )
    return made
