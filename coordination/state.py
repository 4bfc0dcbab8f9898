"""Rolling: what a run keeps, so that the next one sweeps only what new posts change.

Kept are the actions, and for each layer the counts of its objects and its edges, by name. The next
run takes its new actions in, sweeps the objects on which anything is new and the accounts that
acted there, and leaves the rest as it was; tests, q-values and clusters are computed again from the
whole, and so are the families of near texts. Counts, weights and p-values equal those of one run
over everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordination.layer import Known, Layer
from coordination.near_text import LAYER as NEAR_TEXT
from coordination.source import InputError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from coordination.workspace import Workspace

FORMAT = 3
_FILE = "state.json"
_ACTION = ("layer", "object", "account", "post")
_EDGE = ("weight", "occasions", "avg_delta", "leads", "first", "last")


@dataclass(frozen=True)
class Asked:
    """What a state was made for; another question needs another state."""

    windows_us: Mapping[str, int]
    max_pairs: int


class State:
    """The state of a rolling run in a folder, opened for one run."""

    def __init__(self, con: Backend, folder: Path, asked: Asked) -> None:
        """Raises InputError: made for other layers or windows, or no state of this format."""
        self._con, self._folder, self._asked = con, folder, asked
        self._turn, self._files = _opened(folder, asked)
        self._changed: ir.Table | None = None

    def all_with(self, new: ir.Table) -> ir.Table:
        """All actions: those of the state and the new ones, each at its earliest time.

        As they came: the object of a near text is its own words.
        """
        if self._files:
            old = self._old().mutate(
                object=lambda t: (t.layer == NEAR_TEXT).ifelse(t.text, t.object)
            )
            new = old.select(*_ACTION, "time").union(new.select(*_ACTION, "time"))
        every = new.group_by(*_ACTION).agg(time=new.time.min())
        return self._con.create_table("actions_all", every, overwrite=True)

    def compare(self, acts: ir.Table) -> ir.Table:
        """Note on which objects anything is other than it was, families of near texts included.

        `acts` are all actions, as `near_texts` gives them; they are returned. An object from
        which texts went to another family is one too. Nothing is lost where it is gone
        altogether: whoever acted on it acts on the one that took it in.
        """
        columns = [*_ACTION, "time"]
        gathered = NEAR_TEXT in self._asked.windows_us
        if gathered:
            acts = self._con.create_table("actions_gathered", acts, overwrite=True)
        if self._files:
            now, old = acts.select(columns), self._old().select(columns)
            moved = now.anti_join(old, columns)
            if gathered:
                moved = moved.union(old.anti_join(now, columns))
            changed = moved.select("layer", "object").distinct()
            self._changed = self._con.create_table("actions_changed", changed, overwrite=True)
        return acts

    def known(self, work: Workspace, layer: str) -> Known | None:
        """What the state knows of a layer; None in the first run."""
        if self._changed is None:
            return None
        names = work.objects.filter(work.objects.layer == layer).select("name", object="code")
        counts = self._con.read_parquet(self._path(f"counts-{self._number(layer)}"))
        edges = self._con.read_parquet(self._path(f"edges-{self._number(layer)}"))
        a = work.accounts.select(source_name="name", source="code")
        b = work.accounts.select(target_name="name", target="code")
        key = work.key(layer)
        changed = self._changed.filter(self._changed.layer == layer).select(name="object")
        edges = edges.inner_join(a, "source_name").inner_join(b, "target_name")
        return Known(
            changed=work.store(
                f"{key}_changed", changed.inner_join(names, "name").select("object")
            ),
            counts=counts.inner_join(names, "name").select("object", "n", "k"),
            edges=work.store(f"{key}_known", edges.select("source", "target", *_EDGE)),
        )

    def save(self, work: Workspace, acts: ir.Table, layers: Sequence[Layer]) -> None:
        """Keep this run's tables for the next; a killed run leaves the last state whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        turn = self._turn + 1
        written = {"actions": acts.select(*_ACTION, "time", "text")}
        for layer in layers:
            number = self._number(layer.name)
            objects = work.objects.select(object="code", name="name")
            a = work.accounts.select(source="code", source_name="name")
            b = work.accounts.select(target="code", target_name="name")
            counts = layer.counts.inner_join(objects, "object").select("name", "n", "k")
            written[f"counts-{number}"] = counts
            edges = layer.edges.inner_join(a, "source").inner_join(b, "target")
            written[f"edges-{number}"] = edges.select("source_name", "target_name", *_EDGE)
        files = {}
        for name, table in written.items():
            files[name] = f"{name}-{turn}.parquet"
            self._con.to_parquet(table, self._folder / files[name])
        part = self._folder / f".{_FILE}.part"
        said = {"format": FORMAT, "turn": turn, **_plain(self._asked), "files": files}
        with part.open("w", encoding="utf-8") as file:
            json.dump(said, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / _FILE)
        for old in self._files.values():
            (self._folder / old).unlink(missing_ok=True)

    def _old(self) -> ir.Table:
        return self._con.read_parquet(self._path("actions"), table_name="actions_old")

    def _number(self, layer: str) -> int:
        """Layers are told apart by place: their names may hold what no file name can."""
        return list(self._asked.windows_us).index(layer)

    def _path(self, name: str) -> str:
        return str(self._folder / self._files[name])


def kept_actions(con: Backend, folder: Path) -> ir.Table:
    """The actions of a state: layer, object, account, post, time.

    Raises InputError where there is no whole state.
    """
    path = folder / _FILE
    if not path.exists():
        raise InputError(f"{path}: not there: no state of a rolling run")
    _, files = _read(path)
    return con.read_parquet(str(folder / files["actions"]), table_name="actions_kept")


def _opened(folder: Path, asked: Asked) -> tuple[int, dict[str, str]]:
    path = folder / _FILE
    if not path.exists():
        return 0, {}
    said, files = _read(path)
    if {name: said.get(name) for name in _plain(asked)} != _plain(asked):
        raise InputError(
            f"{path}: made for other layers or windows ({said.get('windows_us')}): a state answers "
            "one question; take another folder"
        )
    return int(said["turn"]), files


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What a state says, and its files."""
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = dict(said["files"])
        whole = said["format"] == FORMAT and isinstance(said["turn"], int)
        whole = whole and all((path.parent / name).exists() for name in files.values())
    except (ValueError, KeyError, TypeError) as wrong:
        raise InputError(f"{path}: no state of a rolling run: {wrong}") from None
    if not whole:
        raise InputError(f"{path}: no whole state of format {FORMAT}: start a new one")
    return said, files


def _plain(asked: Asked) -> dict[str, Any]:
    return {"windows_us": dict(asked.windows_us), "max_pairs": asked.max_pairs}
