"""`concert serve` and `concert up`: the service alone, or the whole of Concert."""

import os

from cli.edge import settings


def serve() -> None:
    """Serve the API in the foreground; INT and TERM end it cleanly.

    Address and port are settings: CONCERT_HOST, CONCERT_PORT.

    Example: CONCERT_PORT=3001 concert serve
    """
    from casework import installation
    from serving.launch import launch

    chosen = settings()
    installation.prepare(chosen)
    started = launch(chosen)
    os.chdir(started.folder)
    # In this process' place: signals reach the server itself, and its exit code is ours.
    os.execve(started.command[0], started.command, dict(started.environment))  # noqa: S606


def up() -> None:
    """Run everything in the foreground: Label Studio, service, rolling pass, reconciler.

    Prints addresses, the API key and the reviewer's log-in; Ctrl-C or TERM stops all of it.

    Example: CONCERT_HOME=/data/concert concert up
    """
    from cli import up as whole

    whole.run(settings())
