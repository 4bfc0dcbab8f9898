"""The edge of the command line: what people and machines see, and errors as sentences.

Exit codes: 0 done, 1 failed with the reason, 2 wrong use. No bad input ends in a traceback; a
fault of our own is written whole to the log and named in one line.
"""

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console

from policy.settings import Settings, SettingsError, read_settings
from policy.words import Refusal

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for machines.")]


class Failed(Exception):
    """The command could not do its work; the message is the reason, for the person who ran it."""


def settings() -> Settings:
    """The settings of this run.

    Raises:
        SettingsError: names the wrong setting.
    """
    return read_settings()


def emit(value: BaseModel | dict[str, Any] | list[Any], *, as_json: bool, text: str) -> None:
    """Print a result: `value` as JSON for machines, or `text` for people."""
    if as_json:
        sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False) + "\n")
    else:
        out.print(text, highlight=False, soft_wrap=True)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def read_values(path: Path, what: type[BaseModel]) -> list[Any]:
    """Read a JSON file of one value or a list of them.

    Raises:
        Failed: names the file, and the item and field that are wrong.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Failed(f"{path}: no such file") from None
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Failed(f"{path}: not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Failed(
            f"{path}: broken JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
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


def guarded(run: Callable[[], None]) -> int:
    """Run the command line and turn what it raises into a sentence and an exit code."""
    try:
        run()
    except (Failed, Refusal, SettingsError) as error:
        err.print(f"[bold red]error:[/] {_escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    except typer.Exit as leave:
        return int(leave.exit_code)
    except KeyboardInterrupt:
        err.print("stopped")
        return 1
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - the last guard: our own fault, told in one line
        err.print(
            f"[bold red]internal error:[/] {_escape(f'{type(error).__name__}: {error}')}\n"
            f"The whole of it is in {_keep_traceback()}",
            highlight=False,
            soft_wrap=True,
        )
        return 1
    return 0


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def _keep_traceback() -> Path:
    folder = Path.cwd() / ".concert"
    with contextlib.suppress(SettingsError):
        folder = read_settings().home
    path = folder / "logs" / f"fault-{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc(), encoding="utf-8")
    return path
