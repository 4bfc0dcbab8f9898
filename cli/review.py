"""`concert review`: the reviewers' queue in Label Studio."""

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cli import studio
from cli.edge import AsJson, Failed, emit, office, out, settings

if TYPE_CHECKING:
    from casework.office import Office
    from labeling.studio import Webhook
    from policy.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The reviewers' queue in Label Studio.")

_LOOK_EVERY_S = 1.0


class _StoppedError(Exception):
    """Told to stop while the server was starting."""


@app.command()
def start() -> None:
    """Start Concert's own Label Studio and stay with it; INT and TERM stop it.

    Its environment is made by `make setup`; its port is CONCERT_LABEL_STUDIO_PORT.

    Example: concert review start
    """
    from cli.logs import configure
    from cli.waiting import until_stopped

    chosen = settings()
    configure(chosen.log_level)
    if chosen.label_studio_url is not None:
        raise Failed(
            f"CONCERT_LABEL_STUDIO_URL is set to {chosen.label_studio_url}: that one is used, and "
            "none is started"
        )
    stop = until_stopped()
    server = studio.own_server(chosen)

    def tell(line: str) -> None:
        if stop.is_set():
            raise _StoppedError
        out.print(line, markup=False, highlight=False)

    try:
        server.start(progress=tell)
        tell(f"{server.url}: log in as {server.credentials.email}")
        while not stop.is_set():
            status = server.wait(_LOOK_EVERY_S)
            if status is not None:
                raise Failed(f"Label Studio ended with status {status}; see {server.log_file}")
    except _StoppedError:
        pass
    finally:
        server.stop()
    out.print("stopped")


@app.command()
def sync(
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and keep both in step.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring open cases into Label Studio, and decisions back.

    With --watch it waits for a Label Studio that is not there yet; without, one pass is made.

    Example: concert review sync
    """
    from cli.logs import configure
    from cli.waiting import until_stopped
    from labeling.case_desk import CaseDesk
    from labeling.reconcile import Reconciler
    from labeling.studio import Studio

    chosen = settings()
    configure(chosen.log_level)
    with office() as here:
        stop = until_stopped() if watch else threading.Event()
        connection = studio.connection(chosen)
        if watch and not _await(connection.url, stop):
            return
        client = Studio(connection)
        try:
            reconciler = Reconciler(
                CaseDesk(here), client, owner=here.store.name, hook=_hook(here, chosen)
            )
            if watch:
                from casework.hints import take_hints

                out.print(f"In step with {connection.url}", markup=False, highlight=False)
                reconciler.run(stop, hint=lambda: take_hints(here))
                out.print("stopped")
                return
            report = reconciler.pass_once()
        finally:
            client.close()
    failed = {key.case_id: why for key, why in report.failed.items()}
    told = {**report.told(), "failed": failed}
    did = ", ".join(f"{name} {value}" for name, value in report.told().items() if name != "took_s")
    lines = [did, *(f"case {case}: {why}" for case, why in failed.items())]
    emit(told, as_json=as_json, text="\n".join(lines))
    if failed:
        raise typer.Exit(1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """How many cases wait for a person, by kind, and whether Label Studio answers.

    Example: concert review status --json
    """
    from casework.queue import count_queue

    chosen = settings()
    url = chosen.label_studio_url or f"http://127.0.0.1:{chosen.label_studio_port}"
    with office() as here:
        queue = count_queue(here)
    reachable = studio.answers(url)
    lines = [
        f"{kind:<14}{waits.open:>6} open{waits.with_task:>6} with a task"
        f"{waits.overdue:>6} past their time"
        for kind, waits in queue.waiting.items()
    ] or ["No case waits for a person."]
    lines.append(f"{queue.decided} decided, {queue.ended} lapsed or closed")
    lines.append(f"Label Studio at {url} {'answers' if reachable else 'does not answer'}")
    emit(
        {**queue.model_dump(mode="json"), "label_studio": {"url": url, "answers": reachable}},
        as_json=as_json,
        text="\n".join(lines),
    )


def _await(url: str, stop: threading.Event) -> bool:
    """Wait for Label Studio to answer; False when told to stop first."""
    told = False
    while not stop.is_set():
        if studio.answers(url):
            return True
        if not told:
            out.print(f"Waiting for Label Studio at {url}", markup=False, highlight=False)
            told = True
        stop.wait(_LOOK_EVERY_S)
    return False


def _hook(here: "Office", chosen: "Settings") -> "Webhook":
    """What Label Studio calls when answers come: our service, which leaves a hint in the store."""
    from labeling.studio import Webhook
    from serving.hook import HEADER, PATH, hook_secret

    # An address to listen on is not always one to speak to.
    host = "127.0.0.1" if chosen.host in {"0.0.0.0", "::"} else chosen.host  # noqa: S104
    return Webhook(f"http://{host}:{chosen.port}{PATH}", {HEADER: hook_secret(here.secrets[0])})
