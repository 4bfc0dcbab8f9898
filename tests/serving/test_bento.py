"""The Bento builds without a network, holds what it needs, and its service starts from it."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from casework.installation import prepare
from serving.launch import ROOT, SERVICE, launch
from tests.serving.conftest import make_settings, start_as

pytestmark = pytest.mark.server

ROOMS = {"policy", "intake", "coordination", "models", "store", "casework", "serving"}
FILES = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE"}


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Bento built just now."""
    home = tmp_path_factory.mktemp("bentoml")
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    bentoml = Path(sys.executable).with_name("bentoml")
    done = subprocess.run(
        [bentoml, "build", "--output", "tag"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name, version = done.stdout.split("__tag__:")[1].strip().split(":")
    return home / "bentos" / name / version


def test_it_holds_the_rooms_it_stands_on(bento: Path) -> None:
    found = {path.name for path in (bento / "src").iterdir()} - {"bentofile.yaml"}
    assert found == ROOMS | {name for name in FILES if (ROOT / name).exists()}
    assert list((bento / "src" / "models" / "packs").glob("*/*.safetensors"))
    assert not list(bento.rglob("__pycache__"))


def test_its_requirements_are_exact(bento: Path) -> None:
    wanted = (bento / "env" / "python" / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("torch==2.13.0") for line in wanted)
    assert all("==" in line for line in wanted if line and not line.startswith("#"))


def test_its_service_starts_from_it(bento: Path, tmp_path: Path) -> None:
    """From its own files: it lies elsewhere, where the project's folder is not to be found."""
    elsewhere = tmp_path / "bento"
    shutil.copytree(bento, elsewhere)
    settings = make_settings(tmp_path / "home")
    prepare(settings)
    what = launch(settings, env=os.environ)
    command = [str(elsewhere) if word == SERVICE else word for word in what.command]
    server = start_as(
        settings,
        tmp_path / "service.log",
        replace(what, command=tuple(command), folder=tmp_path),
    )
    try:
        workers = {one.cwd() for one in server.family() if "--service-name" in one.cmdline()}
        assert workers == {str(elsewhere / "src")}
        with server.client() as caller:
            answer = caller.post("/score_posts", json={"posts": [{"id": "1", "text": "hello"}]})
            assert answer.status_code == 200, answer.text
            assert 'service_name="concert"' in caller.get("/metrics").text
    finally:
        assert server.stop(signal.SIGTERM) == []
