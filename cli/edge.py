"""The edge of the command line: what people and machines see, and errors as sentences.

Exit codes: 0 done, 1 failed with the reason, 2 wrong use. No bad input ends in a traceback; a
fault of our own is written whole to the log and named in one line.
"""

import contextlib
import getpass
import io
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from pydantic import BaseModel

    from casework.office import Office
    from policy.settings import Settings

    V = TypeVar("V", bound=BaseModel)

T = TypeVar("T")

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for machines.")]
ByPerson = Annotated[str, typer.Option("--by", help="Who decides.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, in a few words.", show_default=False)]
GroupId = Annotated[str, typer.Argument(help="The group's id.", show_default=False)]

_ROOMS = frozenset(
    {
        *("casework", "cli", "coordination", "intake", "labeling"),
        *("models", "policy", "serving", "store", "training"),
    }
)


class Failed(Exception):
    """The command could not do its work; the message is the reason, for the person who ran it."""


def settings() -> "Settings":
    """The settings of this run.

    Raises:
        SettingsError: names the wrong setting.
    """
    # Imported here, as all that is heavy: `concert --help` must answer at once.
    from policy.settings import read_settings

    return read_settings()


@contextlib.contextmanager
def office() -> Iterator["Office"]:
    """An office for the length of a block; see `casework.office.opened`."""
    from casework.office import opened

    with opened(settings()) as one:
        yield one


def person(by: str | None) -> str:
    """The actor that a change is written down under: `person:<name>`; without a name, the login."""
    if by is not None and not by.removeprefix("person:").strip():
        raise typer.BadParameter("a name, such as ana", param_hint="--by")
    name = (by or getpass.getuser()).strip()
    return name if name.startswith("person:") else f"person:{name}"


def take(
    step: "Callable[..., V]",
    id_: str,
    by: str,
    reason: str,
    *,
    as_json: bool,
    line: "Callable[[V], str]",
    **more: Any,
) -> None:
    """Take one step as a person who gives a reason, and print what came of it.

    Args:
        step: of casework: called with the office, the id, `by`, `reason` and whatever else.
        line: the result in a line, for people.
    """
    with office() as here:
        made = step(here, id_, by=person(by), reason=reason, **more)
    emit(made, as_json=as_json, text=line(made))


def emit_list(
    found: "Sequence[V]", *, as_json: bool, line: "Callable[[V], str]", none: str
) -> None:
    """Print a list: JSON for machines, or a line for each, and `none` where there is nothing."""
    emit(list(found), as_json=as_json, text="\n".join(map(line, found)) or none)


def emit(
    value: "BaseModel | dict[str, Any] | list[Any] | tuple[Any, ...]", *, as_json: bool, text: str
) -> None:
    """Print a result: `value` as JSON for machines, or `text` for people."""
    if as_json:
        sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False) + "\n")
    else:
        out.print(text, markup=False, highlight=False, soft_wrap=True)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else value


def read_moment(text: str, option: str) -> datetime:
    """A day or an RFC 3339 time; without a zone it is taken in UTC, as everywhere.

    Raises:
        BadParameter: names the option.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a day such as 2026-12-31 nor an RFC 3339 time",
            param_hint=option,
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_text(path: Path) -> str:
    """A file of UTF-8 text.

    Raises:
        Failed: names the file and what is wrong with it.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Failed(f"{path}: no such file") from None
    except IsADirectoryError:
        raise Failed(f"{path}: is a folder; name the file in it") from None
    except UnicodeDecodeError as error:
        raise Failed(f"{path}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from None


def read_values(path: Path, what: "type[V]") -> "list[V]":
    """Read a JSON file of one value or a list of them.

    Raises:
        Failed: names the file, and the item and field that are wrong.
    """
    from pydantic import ValidationError

    text = read_text(path)
    if not text.strip():
        raise Failed(f"{path}: is empty")
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise Failed(
            f"{path}: broken JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise Failed(f"{path}: JSON nested too deeply") from None
    values = []
    for number, item in enumerate(raw if isinstance(raw, list) else [raw], start=1):
        try:
            values.append(what.model_validate(item))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, one['loc'])) or what.__name__}: {one['msg']}"
                for one in error.errors()[:5]
            )
            raise Failed(f"{path}: item {number}: {wrong}") from None
    return values


def is_reason(error: BaseException) -> bool:
    """Whether an error is a refusal to be told in its own words: one that our rooms named."""
    return type(error).__module__.partition(".")[0] in _ROOMS


def guarded(run: Callable[[], None]) -> int:
    """Run the command line and turn what it raises into a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # An argument may hold bytes that are no text: shown as an escape, in JSON a valid one.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run()
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except KeyboardInterrupt:
        err.print("stopped")
        return 1
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - the last guard: our own fault, told in one line
        return _told(error)
    return 0


def _told(error: Exception) -> int:
    if is_reason(error):
        said = str(error)
    elif isinstance(error, OSError) and error.strerror:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        err.print(
            f"[bold red]internal error:[/] {escape(f'{type(error).__name__}: {error}')}\n"
            f"The whole of it is in {escape(str(_keep_traceback()))}",
            highlight=False,
            soft_wrap=True,
        )
        return 1
    err.print(f"[bold red]error:[/] {escape(said)}", highlight=False, soft_wrap=True)
    return 1


def _keep_traceback() -> Path:
    from policy.settings import SettingsError

    folder = Path.cwd() / ".concert"
    with contextlib.suppress(SettingsError):
        folder = settings().home
    path = folder / "logs" / f"fault-{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc(), encoding="utf-8", errors="backslashreplace")
    return path
