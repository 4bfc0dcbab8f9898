"""`concert train`, `concert evaluate`, `concert promote`: offline runs on labelled data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.edge import AsJson, emit, settings

if TYPE_CHECKING:
    from models.packs import PackKind

train = typer.Typer(no_args_is_help=True, help="Train a model on labelled data.")
evaluate = typer.Typer(no_args_is_help=True, help="Measure a model on data it never saw.")

Data = Annotated[
    Path, typer.Option(help="The folder of labelled data, see its DATA.md.", show_default=False)
]
Out = Annotated[Path, typer.Option(help="The folder to write the pack into.", show_default=False)]
Report = Annotated[
    Path, typer.Option(help="The folder for report.html and metrics.json.", show_default=False)
]
Pack = Annotated[
    Path | None, typer.Option("--model", help="The pack; else the one that serves now.")
]
State = Annotated[
    bool, typer.Option("--state", help="Write the figures into the pack, for `promote` to compare.")
]
Seed = Annotated[int, typer.Option(help="The same seed and data give the same result.")]
Version = Annotated[str, typer.Option("--name-version", help="The version that it will bear.")]
AllRows = Annotated[
    bool,
    typer.Option(
        "--all-rows", help="Also rows whose licence forbids shipping weights trained on them."
    ),
]
Decisions = Annotated[
    Path | None,
    typer.Option(help="Answers of reviewers, as `concert review export` writes them."),
]


@train.command("harm")
def train_harm(
    *,
    data: Data,
    out: Out,
    encoders: Annotated[str, typer.Option(help="A head for each.")] = "minilm,use",
    limit: Annotated[
        int, typer.Option(min=1, help="English rows of a source for a head that reads all.")
    ] = 3000,
    tuned: Annotated[
        bool, typer.Option("--tuned/--frozen", help="Tune MiniLM's upper layers first, or not.")
    ] = True,
    seed: Seed = 0,
    version: Version = "1",
    decisions: Decisions = None,
    all_rows: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """Train the harm model. A run that was killed goes on where it was.

    Example: concert train harm --data data --out packs/harm-2 --name-version 2
    """
    from cli.progress import bars
    from training.harm import train_harm as run

    names = [name.strip() for name in encoders.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter("name at least one encoder", param_hint="--encoders")
    with bars() as tell:
        made = run(
            data,
            out,
            seed=seed,
            limit=limit,
            encoders=names,
            tuned=tuned,
            cache=_cache(),
            shippable_only=not all_rows,
            version=version,
            decisions=decisions,
            progress=tell,
        )
    emit(made, as_json=as_json, text=f"{made.model} is in {out}; its card is {out}/MODEL_CARD.md")


@train.command("recalibrate")
def recalibrate(
    *,
    data: Data,
    out: Out,
    model: Pack = None,
    version: Version = "1",
    as_json: AsJson = False,
) -> None:
    """Calibrate a harm model anew: lanes, likelihoods and what they mean elsewhere. Its weights
    stay as they are.

    Example: concert train recalibrate --data data --out packs/harm-2 --name-version 2
    """
    from cli.progress import bars
    from training.harm import recalibrate_harm as run

    pack = model or _serving("harm")
    with bars() as tell:
        made = run(pack, data, out, cache=_cache(), version=version, progress=tell)
    emit(made, as_json=as_json, text=f"{made.model} is in {out}; its card is {out}/MODEL_CARD.md")


@train.command("int8")
def train_int8(*, data: Data, model: Pack = None, as_json: AsJson = False) -> None:
    """Make the eight-bit form of a tuned encoder, and use it from now on if it loses nothing.

    It is put into the data folder's models; a model with other weights does not take it.

    Example: concert train int8 --data data
    """
    from cli.progress import bars
    from training.compress import compress

    chosen = settings()
    pack = model or _serving("harm")
    with bars() as tell:
        made = compress(pack, data, chosen.home / "models", cache=_cache(), progress=tell)
    lost = max(made.lost.values(), default=0.0)
    text = f"{made.file}, {made.megabytes:.1f} MB; at most {100 * lost:.2f} points are lost"
    emit(made, as_json=as_json, text=text)


@train.command("association")
def train_association(
    *,
    data: Data,
    out: Out,
    encoder: Annotated[str, typer.Option(help="What reads the posts.")] = "use",
    seed: Seed = 0,
    version: Version = "1",
    decisions: Decisions = None,
    all_rows: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """Train the association model across groups, calibrated on groups that were left out.

    Example: concert train association --data data --out packs/association-2 --name-version 2
    """
    from cli.progress import bars
    from training.association import train_association as run

    with bars() as tell:
        made = run(
            data,
            out,
            seed=seed,
            encoder=encoder,
            cache=_cache(),
            shippable_only=not all_rows,
            version=version,
            decisions=decisions,
            progress=tell,
        )
    emit(made, as_json=as_json, text=f"{made.model} is in {out}; its card is {out}/MODEL_CARD.md")


@evaluate.command("harm")
def evaluate_harm(
    *,
    data: Data,
    report: Report,
    model: Pack = None,
    all_rows: AllRows = False,
    state: State = False,
    as_json: AsJson = False,
) -> None:
    """Measure the harm model on the test part: by policy, source and language.

    Example: concert evaluate harm --data data --report out/harm
    """
    from cli.progress import bars
    from training.evaluate import evaluate_harm as run

    serving = _serving("harm")
    pack = model or serving
    with bars() as tell:
        metrics = run(
            pack,
            data,
            report,
            encoder=settings().encoder,
            cache=_cache(),
            shippable_only=not all_rows,
            against=serving if state and pack != serving else None,
            progress=tell,
        )
    _emit(metrics, report, pack, state=state, as_json=as_json)


@evaluate.command("association")
def evaluate_association(
    *,
    data: Data,
    report: Report,
    model: Pack = None,
    seed: Seed = 1,
    state: State = False,
    as_json: AsJson = False,
) -> None:
    """Measure the association model on each group by a model that never saw it.

    Example: concert evaluate association --data data --report out/association
    """
    from cli.progress import bars
    from training.evaluate_accounts import evaluate_association as run

    pack = model or _serving("association")
    with bars() as tell:
        metrics = run(pack, data, report, cache=_cache(), seed=seed, progress=tell)
    _emit(metrics, report, pack, state=state, as_json=as_json)


@evaluate.command("routing")
def evaluate_routing(
    *,
    data: Data,
    report: Report,
    model: Pack = None,
    seed: Seed = 1,
    decisions: Decisions = None,
    as_json: AsJson = False,
) -> None:
    """Whether act lanes open on blind decisions, and hold their precision where nobody looked.
    With --decisions also what people's blind answers say about the lanes that stood.

    Example: concert evaluate routing --data data --report out/routing
    """
    from cli.progress import bars
    from training.evaluate_accounts import evaluate_routing as run

    pack = model or _serving("association")
    with bars() as tell:
        metrics = run(
            pack, data, report, cache=_cache(), seed=seed, decisions=decisions, progress=tell
        )
    _emit(metrics, report, pack, state=False, as_json=as_json)


def promote(
    model: Annotated[
        Path | None, typer.Argument(help="The folder of a pack.", show_default=False)
    ] = None,
    back: Annotated[
        str, typer.Option("--back", help="harm or association: take the last promotion back.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Let a model in: only whole, and only where it is no worse on what is guarded.

    It is put into the data folder's models; what it replaces is kept beside, and --back lets
    that serve again.

    Example: concert promote packs/harm-2
    """
    from datetime import UTC, datetime

    from training.promote import go_back
    from training.promote import promote as run

    chosen = settings()
    now = datetime.now(UTC)
    if (model is None) == (not back):
        raise typer.BadParameter("name a pack to let in, or --back and the kind of model")
    if model is not None:
        done = run(model, chosen.home, now=now)
    elif back in ("harm", "association"):
        done = go_back("harm" if back == "harm" else "association", chosen.home, now=now)
    else:
        raise typer.BadParameter("harm or association", param_hint="--back")
    folder = (chosen.home / "models").resolve()
    lines = [f"{done.model} takes the place of {done.replaces} in {folder}", *done.reasons]
    if chosen.models is None or chosen.models.resolve() != folder:
        lines.append(f"To serve from there, set CONCERT_MODELS={folder} and start again")
    emit(done, as_json=as_json, text="\n".join(lines))


def _serving(kind: "PackKind") -> Path:
    from models.packs import locate

    return locate(kind, settings().models)


def _cache() -> Path:
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    return home / "embeddings.db"


def _emit(metrics: dict[str, Any], report: Path, pack: Path, *, state: bool, as_json: bool) -> None:
    if state:
        from training.promote import state_metrics

        state_metrics(pack, metrics)
    emit(metrics, as_json=as_json, text=f"{report / 'report.html'}, {report / 'metrics.json'}")
