"""`concert up`: the whole main job in the foreground, as `make run` starts it."""

import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from cli import studio
from cli.edge import Failed, out
from cli.supervisor import Part, Supervisor
from policy.settings import Settings

if TYPE_CHECKING:
    from casework.installation import Installed

_READY_WITHIN_S = 300.0


def run(settings: Settings) -> None:
    """Prepare, start every part, say where things are, and stay until Ctrl-C or TERM.

    Raises:
        Failed: a port is taken, or a part did not become ready; nothing is left running.
    """
    from casework import installation

    own_label_studio = settings.label_studio_url is None
    _refuse_taken_ports(settings, own_label_studio=own_label_studio)
    out.print("Preparing the data folder", settings.home.resolve(), highlight=False)
    installed = installation.prepare(settings)
    if settings.example:
        _load_example(settings)

    supervisor = Supervisor(say=lambda line: out.print(line, highlight=False))
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: supervisor.stopping.set())
    try:
        if own_label_studio:
            supervisor.start(_part(settings, "label-studio", ["review", "start"]))
        supervisor.start(_part(settings, "service", ["serve"]))
        supervisor.start(_part(settings, "roll", ["roll", "--watch"]))
        supervisor.start(_part(settings, "reconciler", ["review", "sync", "--watch"]))
        if settings.webhook_url is not None:
            supervisor.start(_part(settings, "events", ["events", "push", "--watch"]))
        _await_ready(supervisor, settings, own_label_studio=own_label_studio)
        if not supervisor.stopping.is_set():
            _welcome(settings, installed)
            supervisor.watch()
    finally:
        out.print("Stopping", highlight=False)
        supervisor.stop()
        out.print("Stopped; nothing is left running.", highlight=False)


def _part(settings: Settings, name: str, words: Sequence[str]) -> Part:
    return Part(
        name=name,
        command=[sys.executable, "-m", "cli", *words],
        log=settings.home / "logs" / f"{name}.log",
        environment={"PYTHONUNBUFFERED": "1"},
    )


def _refuse_taken_ports(settings: Settings, *, own_label_studio: bool) -> None:
    wanted = [("CONCERT_PORT", settings.port)]
    if own_label_studio:
        wanted.append(("CONCERT_LABEL_STUDIO_PORT", settings.label_studio_port))
    for name, port in wanted:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # A port whose last connections are still fading is free for a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise Failed(
                    f"{settings.host}:{port} cannot be used ({error.strerror}): stop what listens "
                    f"there, or set {name} to another port"
                ) from None


def _await_ready(supervisor: Supervisor, settings: Settings, *, own_label_studio: bool) -> None:
    waiting = {"service": f"http://{settings.host}:{settings.port}/readyz"}
    if own_label_studio:
        waiting["Label Studio"] = f"http://127.0.0.1:{settings.label_studio_port}/health"
    until = time.monotonic() + _READY_WITHIN_S
    with out.status("Starting") as status, httpx.Client(timeout=2.0) as client:
        while waiting and not supervisor.stopping.wait(0.5):
            status.update(f"Waiting for {' and '.join(waiting)}")
            for name, address in list(waiting.items()):
                if _answers(client, address):
                    del waiting[name]
            for part in supervisor.parts:
                if part.process is not None and part.process.poll() is not None:
                    raise Failed(f"{part.name} ended at its start:\n{_tail(part.log)}")
            if time.monotonic() > until:
                raise Failed(f"no answer from {' and '.join(waiting)} in {_READY_WITHIN_S:.0f} s")


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _load_example(settings: Settings) -> None:
    from casework import example
    from casework.office import opened

    with opened(settings) as office, out.status("Loading the example"):
        loaded = example.load(office)
    if loaded is not None:
        out.print(
            f"Loaded the example: {loaded.posts} posts and {loaded.groups} groups, all made up "
            "(CONCERT_EXAMPLE=0 leaves it out)",
            highlight=False,
        )


_LOOK_UP = "/v1/restrictions/accounts/{}?surface=search"


def _welcome(settings: Settings, installed: "Installed") -> None:
    account = "windy_ferry_83" if settings.example else "<account>"
    service = f"http://{settings.host}:{settings.port}"
    lines = [f"The API: {service} (what it can do: {service}/docs.json)"]
    if installed.new_key is not None:
        lines.append(f"Its key, shown this once: {installed.new_key}")
    else:
        lines.append("Its key: the one that was shown at the first start; `concert key make` more")
    if settings.label_studio_url is None:
        login = studio.own_server(settings).credentials
        lines += [
            f"For reviewers: http://127.0.0.1:{settings.label_studio_port}",
            f"Their log-in: {login.email}  {login.password.get_secret_value()}",
        ]
    else:
        lines.append(f"For reviewers: {settings.label_studio_url}")
    lines += [
        f"Logs: {(settings.home / 'logs').resolve()}",
        "",
        "Try next, in a second terminal (the first pass takes a minute or two):",
        "  .venv/bin/concert review status     who waits for a person",
        "  .venv/bin/concert group list        which groups have a dossier",
        "  .venv/bin/concert doctor            what is set up, reachable and versioned",
        f"  curl -H 'Authorization: Bearer <key>' '{service}{_LOOK_UP.format(account)}'",
        "Then log in to Label Studio, decide a case, and look its account up in the same way.",
        "Ctrl-C stops all of it.",
    ]
    out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
