"""`concert review`: the reviewers' queue in Label Studio."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import gold, review_lines, studio
from cli.edge import AsJson, Failed, emit, office, out, person, settings
from cli.group import By

if TYPE_CHECKING:
    from casework.office import Office
    from labeling.studio import Webhook
    from policy.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The reviewers' queue in Label Studio.")
app.add_typer(gold.app, name="gold")

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
        _enrol(server.credentials.email)
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
    from labeling.forget import forget_tasks
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
            # What was erased while it did not answer: before anything else is shown there.
            forget_tasks(here, client)
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
    """What waits for a person, against its service level; agreement; whether Label Studio answers.

    Example: concert review status --json
    """
    from casework.queue import queue_state

    chosen = settings()
    url = chosen.label_studio_url or f"http://127.0.0.1:{chosen.label_studio_port}"
    with office() as here:
        queue = queue_state(here)
    reachable = studio.answers(url)
    lines = [
        line
        for kind, waits in queue.waiting.items()
        for line in review_lines.waiting(kind, waits, queue.waits_for.get(kind, {}))
    ] or ["No case waits for a person."]
    lines.append(f"{queue.decided} decided, {queue.ended} lapsed or closed")
    lines.append(f"{queue.answered_a_day} answers in a day, {queue.answered_a_week} in a week")
    lines += [review_lines.agreement(kind, one) for kind, one in queue.agreement.items()]
    lines.append(f"Label Studio at {url} {'answers' if reachable else 'does not answer'}")
    emit(
        {**queue.model_dump(mode="json"), "label_studio": {"url": url, "answers": reachable}},
        as_json=as_json,
        text="\n".join(lines),
    )


@app.command()
def ask(
    group_id: Annotated[str, typer.Argument(help="The group's id.", show_default=False)],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Put a group's assessment before a reviewer: the four questions, with its dossier.

    Example: concert review ask weigh-it-again
    """
    from casework.group_cases import ask_about_group

    with office() as here:
        case = ask_about_group(here, group_id, actor=person(by))
    emit(case, as_json=as_json, text=f"{case.id} asks about {group_id}")


@app.command()
def quality(as_json: AsJson = False) -> None:
    """Each reviewer's accuracy, gold, drift and time; agreement by kind. Takes some seconds.

    Example: concert review quality --json
    """
    from casework.quality import measure_quality

    with office() as here:
        found = measure_quality(here)
    lines = [review_lines.reviewer(one) for one in found.reviewers]
    lines += [review_lines.agreement(kind, one) for kind, one in found.agreement.items()]
    emit(found, as_json=as_json, text="\n".join(lines) or "Nobody has answered anything yet.")


@app.command()
def export(
    out_file: Annotated[
        Path, typer.Argument(metavar="OUT", help="A .parquet or .jsonl file.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Write every answer that was ever given, without a cap: who, when, which lane, which odds.

    `concert train harm --decisions OUT` learns from it.

    Example: concert review export decisions.parquet
    """
    from casework.decisions_export import export_decisions
    from cli.progress import bars

    with office() as here, bars() as tell:
        rows = export_decisions(here, out_file, progress=tell)
    emit(
        {"rows": rows, "out": str(out_file)}, as_json=as_json, text=f"{rows} answers in {out_file}"
    )


@app.command()
def errors(
    send: Annotated[
        bool, typer.Option("--send", help="Send them to another person for a look.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answers that look mistaken beside the model and all other answers (confident learning).

    Example: concert review errors --send
    """
    from casework.label_errors import find_label_errors, send_back

    with office() as here:
        found = find_label_errors(here)
        sent = send_back(here, found) if send else 0
    lines = [
        f"{one.decision_id}  {one.answer}, likelier {one.likelier} ({one.quality:.2f})"
        for one in found
    ]
    lines.append(f"{len(found)} look mistaken, {sent} sent back for a look")
    emit({"found": [*found], "sent": sent}, as_json=as_json, text="\n".join(lines))


@app.command()
def rules(
    *,
    second_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of cases answered twice.")
    ] = None,
    gold_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of open cases that is gold.")
    ] = None,
    severe_in_a_row: Annotated[
        int | None, typer.Option(min=1, max=100, help="Severe cases in a row.")
    ] = None,
    severe_a_day: Annotated[
        int | None, typer.Option(min=0, max=10_000, help="Severe cases in a day.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is changed.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """The house's rules of review; with options, changed.

    Example: concert review rules --second-share 0.2 --reason "agreement is measured too seldom"
    """
    from casework.house import change_rules, house_rules

    given = {
        "second_share": second_share,
        "gold_share": gold_share,
        "severe_in_a_row": severe_in_a_row,
        "severe_a_day": severe_a_day,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with office() as here:
        if changes:
            found = change_rules(here, changes, by=person(by), reason=reason or "")
        else:
            with here.store.reading() as work:
                found = house_rules(work)
    lines = [f"{name:<16} {value}" for name, value in found.model_dump(exclude={"id"}).items()]
    emit(found, as_json=as_json, text="\n".join(lines))


def _enrol(email: str) -> None:
    """Put who sets the installation up on the roster, if nobody is on it yet."""
    from casework.reviewers import ensure_first

    with office() as here:
        ensure_first(here, email)


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
