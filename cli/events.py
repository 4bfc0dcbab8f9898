"""`concert events`: what the platform is told, pushed to its webhook."""

from typing import Annotated

import typer

from cli.edge import AsJson, Failed, emit, office
from cli.group import By

app = typer.Typer(no_args_is_help=True, help="What the platform is told.")


@app.command()
def push(
    watch: Annotated[bool, typer.Option("--watch", help="Go on until it is told to stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand events on to CONCERT_WEBHOOK_URL: signed, in order for each account, until taken.

    Example: concert events push --watch
    """
    import structlog

    from casework.events import Pusher
    from cli import logs
    from cli.waiting import until_stopped
    from store.errors import StoreError

    with office() as here:
        if here.settings.webhook_url is None:
            raise Failed("CONCERT_WEBHOOK_URL: set it to where the platform takes events")
        pusher = Pusher(here)
        try:
            if not watch:
                done = pusher.run()
                emit(
                    {"delivered": done.delivered, "parked": done.waiting, "away": done.away},
                    as_json=as_json,
                    text=f"{done.delivered} delivered, {done.waiting} wait"
                    + (f"; the platform {done.away}" if done.away else ""),
                )
                if done.away:
                    raise typer.Exit(1)
                return
            logs.configure(here.settings.log_level)
            log, stop = structlog.get_logger("concert.events"), until_stopped()
            while not stop.is_set():
                try:
                    done = pusher.run(stop.is_set)
                except StoreError as error:
                    # A store that is away is waited for.
                    log.warning("the store cannot answer", reason=str(error))
                else:
                    if done.delivered or done.parked or done.away:
                        log.info("events", **vars(done))
                stop.wait(pusher.wait_s)
        finally:
            pusher.close()


@app.command()
def status(as_json: AsJson = False) -> None:
    """How far delivery has come, and what waits for another try.

    Example: concert events status --json
    """
    from casework.events import CURSOR

    with office() as here, here.store.reading() as work:
        cursor, last = int(work.cursors.get(CURSOR) or 0), work.events.last()
        parked = work.deliveries.all()
    lines = [f"delivered up to event {cursor} of {last}", f"{len(parked)} wait for another try"]
    lines += [
        f"  {one.seq}  {one.attempts} tries  {'given up' if one.failed_at else 'next at'} "
        f"{one.failed_at or one.next_at:%Y-%m-%d %H:%M}  {one.reason}"
        for one in parked[:50]
    ]
    value = {
        "cursor": cursor,
        "last": last,
        "parked": [one.model_dump(mode="json", exclude={"subject_id"}) for one in parked],
    }
    emit(value, as_json=as_json, text="\n".join(lines))


@app.command()
def retry(by: By = None, as_json: AsJson = False) -> None:
    """Make everything that waits due at once, what was given up too.

    Example: concert events retry
    """
    from cli.edge import person

    with office() as here:
        now = here.now()
        count = here.store.transact(
            lambda work: work.deliveries.retry_all(now), actor=person(by), now=now
        )
    emit({"due": count}, as_json=as_json, text=f"{count} events are due again")
