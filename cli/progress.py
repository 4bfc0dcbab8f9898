"""Progress of long work: a bar where a person looks on, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.edge import err


@contextmanager
def bars() -> Iterator[Callable[[str, float, float], None]]:
    """A call that is told (what, done, of) and keeps one bar for each `what`, on standard error."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    if not err.is_terminal:
        yield lambda _what, _done, _of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as progress:
        tasks = {}

        def tell(what: str, done: float, of: float) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of)
            progress.update(tasks[what], completed=done, total=of)

        yield tell
