"""Who acts in concert in a set of posts: the whole run, from a source to findings and files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coordination.actions import SHARES_LAYER, shared_keys, without_time
from coordination.clusters import partition
from coordination.copying import audience
from coordination.engine import arrow, connect
from coordination.evidence import evidence, read_pairs, told
from coordination.findings import NO_LAYER_DATA, TOO_FEW_OCCASIONS, CoordinationFinding, Kind
from coordination.gather import clusters, membership
from coordination.judge import MIN_GROUP, by_chance, judge, nothing
from coordination.layer import MAX_PAIRS, Layer, meet
from coordination.level import MAX_ROUNDS, sample
from coordination.near_text import near_texts
from coordination.nulls import run_tests
from coordination.outputs import write_files, write_outputs
from coordination.reading import read
from coordination.result import Cluster, DetectReport
from coordination.social import LAYER as SWARM
from coordination.social import Social, find_social
from coordination.source import InputError, Source, Tabular
from coordination.state import Asked, State
from coordination.swarm_harm import Score
from coordination.tested import Tested, together
from coordination.workspace import Workspace, workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from coordination.chance import Ints

LEVEL = 0.01
"""Expected share of false edges among those reported."""
MAX_CHANCE_FINDINGS = 20
"""Groups that chance explains are named, largest first, and no more than these."""

Progress = Callable[[str, float], None]
"""Told the step that begins and the share of the run that is done (0 to 1)."""


def detect(
    source: Tabular,
    *,
    on: Sequence[str],
    window: timedelta | Mapping[str, timedelta],
    out: Path | str,
    engine: str = "duckdb",
    seed: int = 0,
    level: float = LEVEL,
    fields: Mapping[str, str] | None = None,
    linkages: Tabular | None = None,
    threads: int | None = None,
    memory: str = "3GB",
    max_pairs: int = MAX_PAIRS,
    rounds: int = MAX_ROUNDS,
    score: Score | None = None,
    state: Path | str | None = None,
    progress: Progress | None = None,
) -> DetectReport:
    """Find accounts that act in concert, with evidence, against chance.

    source: a lake, Parquet or CSV file, Arrow table, Ibis table or DuckDB relation of posts
    (contract columns), or a table of shares (fields object, account, post, time).
    on: layers: repost, quote, url, domain, hashtag, hashtag_sequence, text, near_text, reply,
    reply_account, media, linkage, column:<name>; and swarm (see `social`), which writes
    swarms.parquet, and alone only that and the report. For a table of shares nothing: its one
    layer is `object`.
    window: how far apart two posts may be, one for all layers or one for each.
    out: a folder; edges.parquet, evidence.parquet, clusters.parquet, network.graphml and
    report.html are written into it, each whole or not at all.
    level: expected share of false edges among those reported (Benjamini-Hochberg).
    score: likelihoods of harm of the posts of a swarm, in place of their columns h_<harm>.
    state: a folder of what earlier runs with the same layers and windows saw; `source` then needs
    to hold only what is new, and the result is that of one run over everything (see `state`).
    rounds: shuffles, at most, that tell the chance level; they decide nothing.

    Raises InputError (a file, column or layer), EngineError, ValueError (a window).
    """
    tell = progress or (lambda _step, _done: None)
    with tempfile.TemporaryDirectory(prefix="concert-") as scratch:
        con = connect(engine, scratch=Path(scratch), threads=threads, memory=memory)
        try:
            tell("reading", 0.0)
            reading = read(
                con,
                source,
                engine=engine,
                scratch=Path(scratch),
                threads=threads,
                fields=fields,
                linkages=linkages,
            )
            opened = reading.here
            social = None
            if SWARM in on:
                social = find_social(
                    con,
                    opened,
                    scratch=Path(scratch),
                    lake=source,
                    window=None if isinstance(window, timedelta) else window.get(SWARM),
                    level=level,
                    score=score,
                )
            names = _layers(opened, on)
            windows = _windows(names, window)
            if social is not None and not names:
                return social.alone(opened, Path(out), level=level, seed=seed)
            rolling = None
            if state is not None:
                asked = Asked({name: _micros(windows[name]) for name in names}, max_pairs)
                rolling = State(con, Path(state), asked)
            acts = reading.actions(names)
            if rolling is not None:
                acts = rolling.all_with(acts)
            texts = near_texts(acts, names)
            acts, notes = texts.acts, (texts.note,) if texts.note else ()
            if rolling is not None:
                acts = rolling.compare(acts)
            work = workspace(con, acts)
            run = _Run(
                work, opened, names, windows, seed, level, max_pairs, rounds, tell, notes, social,
                rolling,
            )  # fmt: skip
            report, layers = run.report(Path(out))
            if rolling is not None:
                rolling.save(work, acts, layers)
            return report
        finally:
            con.disconnect()


def _layers(source: Source, on: Sequence[str]) -> tuple[str, ...]:
    if "linkage" in on and source.linkages is None:
        raise InputError("layer 'linkage' asked for, and the source has no linkages")
    if source.shares is not None:
        return (SHARES_LAYER,)
    return tuple(layer for layer in dict.fromkeys(on) if layer not in {"linkage", SWARM})


def _windows(
    layers: Sequence[str], window: timedelta | Mapping[str, timedelta]
) -> dict[str, timedelta]:
    given = dict.fromkeys(layers, window) if isinstance(window, timedelta) else dict(window)
    for layer in layers:
        if layer not in given:
            raise ValueError(f"no window for the layer {layer!r}")
        if given[layer] < timedelta(0):
            raise ValueError(f"the window of the layer {layer!r} is negative")
    return {layer: given[layer] for layer in layers}


def _micros(window: timedelta) -> int:
    return round(window / timedelta(microseconds=1))


def _groups(tested: Tested, members: Ints, community: Ints) -> list[tuple[Ints, float]]:
    """The largest groups of at least MIN_GROUP, all of one size or none, with their least q."""
    size = np.bincount(community)
    least = np.ones(len(size))
    of_source = community[np.searchsorted(members, tested.source)]
    inside = of_source == community[np.searchsorted(members, tested.target)]
    np.minimum.at(least, of_source[inside], tested.q[inside])
    enough = max([MIN_GROUP, *np.sort(size)[::-1][MAX_CHANCE_FINDINGS - 1 :][:1].tolist()])
    by_group = np.split(members[np.argsort(community, kind="stable")], np.cumsum(size)[:-1])
    return [(by_group[at], float(least[at])) for at in np.flatnonzero(size >= enough)]


def _first_sure(finding: CoordinationFinding) -> int:
    return list(Kind).index(finding.kind)


@dataclass(frozen=True)
class _Run:
    work: Workspace
    source: Source
    names: tuple[str, ...]
    windows: Mapping[str, timedelta]
    seed: int
    level: float
    max_pairs: int
    rounds: int
    tell: Progress
    notes: tuple[str, ...]
    social: Social | None
    state: State | None

    def report(self, out: Path) -> tuple[DetectReport, list[Layer]]:
        layers, tested, circles = self._test()
        reported = tested.where(tested.q <= self.level)
        wanted = self.work.keep("reported", reported.columns())
        shown = self.work.store("evidence", evidence(self.work, layers, wanted))
        accounts: list[Any] = self.work.account_names().to_pylist()
        member = membership(reported, len(accounts), self.seed)
        self.tell("shuffling", 0.6)
        samples = [sample(self.work, layer, member.of, self.seed, self.rounds) for layer in layers]
        self.tell("judging", 0.8)
        seconds = [self.windows[name].total_seconds() for name in self.names]
        shuffles = [(inside, shuffled) for _, inside, shuffled in samples]
        pairs = read_pairs(shown)
        found = clusters(
            reported,
            member,
            accounts,
            pairs=pairs,
            layers=self.names,
            windows_s=seconds,
            shuffles=shuffles,
        )
        findings = self._findings(layers, found, shown)
        findings += self._chance(tested, circles, accounts) + self._too_little(layers, tested)
        if self.social is not None:
            findings = sorted([*findings, *self.social.findings], key=_first_sure)
        report = DetectReport(
            findings=tuple(findings),
            levels=tuple(level for level, _, _ in samples),
            clusters=tuple(found),
            layers=self.names,
            windows_s=dict(zip(self.names, seconds, strict=True)),
            level=self.level,
            actions=sum(int(layer.n.sum()) for layer in layers),
            accounts=len(accounts),
            edges=sum(level.edges for level, _, _ in samples),
            tested=len(tested),
            significant=len(reported),
            without_time=self._without_time(),
            left_out={layer.name: layer.left_out for layer in layers if layer.left_out},
            seed=self.seed,
            notes=self.notes,
            files={},
        )
        self.tell("writing", 0.9)
        texts = told(self.source, "text", shown)
        if self.social is not None:
            texts = {**texts, **self.social.texts}
        report = write_outputs(
            report,
            self.work,
            out,
            layers=layers,
            tested=tested,
            shown=shown,
            texts=texts,
        )
        if self.social is not None:
            report = write_files(report, out, {"swarms.parquet": self.social.write})
        self.tell("done", 1.0)
        return report, layers

    def _without_time(self) -> int:
        missing = without_time(self.source).name("rows").as_table()
        return arrow(self.work.con, missing)["rows"][0].as_py() or 0

    def _test(self) -> tuple[list[Layer], Tested, list[tuple[Ints, Ints]]]:
        layers, tests = [], []
        for at, name in enumerate(self.names):
            self.tell(f"pairs on {name}", 0.1 + 0.5 * at / len(self.names))
            known = self.state.known(self.work, name) if self.state is not None else None
            width = _micros(self.windows[name])
            layers.append(meet(self.work, name, width, self.max_pairs, known))
            self.tell(f"chance on {name}", 0.1 + 0.5 * (at + 0.5) / len(self.names))
            tests.append(run_tests(self.work, layers[-1], self.seed))
        return layers, together(tests), [one.circles for one in tests]

    def _findings(
        self,
        layers: Sequence[Layer],
        found: Sequence[Cluster],
        shown: ir.Table,
    ) -> list[CoordinationFinding]:
        keys: list[tuple[str, str, str]] = []
        linked = shared_keys(self.source)
        if linked is not None and found:
            keys = [
                (row["kind"], row["key_hash"], row["account_id"])
                for row in linked.to_pyarrow().to_pylist()
            ]
        clients = told(self.source, "client", shown)
        posted = audience(self.work, layers, shown)
        findings = [one for cluster in found for one in judge(cluster, keys, clients, posted)]
        findings.sort(key=_first_sure)
        return findings

    def _chance(
        self, tested: Tested, circles: Sequence[tuple[Ints, Ints]], accounts: Sequence[str]
    ) -> list[CoordinationFinding]:
        """Groups whose members met repeatedly, as often as chance gives."""
        findings = []
        for at, name in enumerate(self.names):
            here = tested.where(tested.layer == at)
            rest = here.where(here.q > self.level)
            # Where nobody is reported, these are the circles that the tests stand on.
            known = len(rest) == len(here)
            groups = circles[at] if known else partition(rest.source, rest.target, self.seed)
            for some, q in _groups(rest, *groups):
                who = [accounts[code] for code in some]
                findings.append(by_chance(who, (name,), q, self.windows[name].total_seconds()))
        findings.sort(key=lambda finding: (-len(finding.account_ids), finding.id))
        return findings[:MAX_CHANCE_FINDINGS]

    def _too_little(self, layers: Sequence[Layer], tested: Tested) -> list[CoordinationFinding]:
        """Layers about which this input says nothing."""
        findings = []
        for at, layer in enumerate(layers):
            if (tested.layer == at).any():
                continue
            seconds = layer.window / 1e6
            rule, why = TOO_FEW_OCCASIONS, "no two accounts met on at least two occasions"
            if not layer.n.any():
                rule, why = NO_LAYER_DATA, "there is no action with a time in it"
            text = (
                f"On {layer.name} within {seconds:g} s {why}: too little to tell whether anybody "
                "acts in concert. It shows neither concert nor its absence."
            )
            findings.append(nothing(Kind.INSUFFICIENT, rule, (layer.name,), seconds, text))
        return findings
