"""Help: quick, and with an example in each command that the command itself understands."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cli.main import app
from tests.cli.conftest import ROOT, Concert

HEAVY = (
    *("bentoml", "duckdb", "httpx", "ibis", "label_studio_sdk", "numpy", "pandas", "pyarrow"),
    *("pydantic", "sentence_transformers", "sklearn", "sqlalchemy", "structlog", "torch"),
)


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in getattr(command, "commands", {}).items():
        if hasattr(one, "commands"):
            yield from _commands(one, (*words, name))
        else:
            yield (*words, name), one


COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_every_command_of_the_contract_is_there() -> None:
    first = {words[0] for words in COMMANDS}
    assert first >= {
        *("ingest", "detect", "score", "train", "evaluate", "promote", "group", "incident"),
        *(
            "assess",
            "designate",
            "appeal",
            "review",
            "roll",
            "serve",
            "audit",
            "doctor",
            "up",
            "key",
        ),
    }
    review = {words[1] for words in COMMANDS if words[0] == "review"}
    assert review == {
        *("start", "sync", "status", "ask", "quality", "export", "errors", "rules", "gold"),
    }


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_help_has_an_example_of_this_very_command(
    words: tuple[str, ...], concert: Concert
) -> None:
    said = concert(*words, "--help")
    assert said.code == 0
    assert "Example: " in said.out

    text = COMMANDS[words].help.partition("Example: ")[2]
    given = shlex.split(text)
    at = given.index("concert")
    assert tuple(given[at + 1 : at + 1 + len(words)]) == words
    known = {option for parameter in COMMANDS[words].params for option in parameter.opts}
    assert {word for word in given if word.startswith("--")} <= known


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_ends_speaks_json(words: tuple[str, ...]) -> None:
    known = {option for parameter in COMMANDS[words].params for option in parameter.opts}
    assert ("--json" in known) is (words not in {("up",), ("serve",), ("review", "start")})


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, json; sys.argv = ['concert', '--help']; from cli.main import main; main();"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage: concert" in done.stdout
    assert json.loads(done.stderr) == []
