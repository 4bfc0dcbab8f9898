"""The posts behind any edge, from Python and from the shell."""

import json
import random
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.main import app
from coordination.opening import open_edge
from coordination.source import InputError

WINDOWS = {"url": timedelta(seconds=60), "hashtag": timedelta(seconds=30)}


def _posts(path: Path) -> Path:
    rng = random.Random(8)
    count = 120
    table = pa.table(
        {
            "post_id": [f"p{at % 110}" for at in range(count)],
            "account_id": [f"a{at % 110 % 7}" for at in range(count)],
            "created_at": [1_760_000_000 + rng.randrange(900) for _ in range(count)],
            "urls": [rng.choice(["", "http://x.example/1", "x.example/2"]) for _ in range(count)],
            "hashtags": [rng.choice(["", "one", "one two", "Two"]) for _ in range(count)],
        }
    )
    pacsv.write_csv(table, path)
    return path


def test_every_edge_opens_into_as_many_pairs_as_it_weighs(tmp_path: Path) -> None:
    path = _posts(tmp_path / "posts.csv")
    out = tmp_path / "out"
    asked = ["--on", "url,hashtag", "--window", "60s,hashtag=30s", "--out", str(out)]
    done = CliRunner().invoke(app, ["detect", str(path), *asked])
    assert done.exit_code == 0, done.output
    edges = pq.read_table(out / "edges.parquet").to_pylist()
    assert len(edges) == 21
    for edge in edges[::10]:
        told = CliRunner().invoke(
            app, ["pairs", str(out), edge["target"], edge["source"], "--json"]
        )
        assert told.exit_code == 0, told.output
        found = json.loads(told.stdout)
        assert len(found) == edge["weight"]
        assert {pair["layer"] for pair in found} == set(edge["layers"])
        for pair in found:
            assert pair["post_id"] != pair["other_post_id"]
            assert {pair["account_id"], pair["other_account_id"]} == {
                edge["source"],
                edge["target"],
            }
    one = open_edge(path, (edges[0]["source"], edges[0]["target"]), windows=WINDOWS, threads=1)
    assert len(one) == edges[0]["weight"]
    assert all(timedelta(0) <= pair.other_at - pair.at <= WINDOWS[pair.layer] for pair in one)
    assert min(pair.at for pair in one) == edges[0]["first"]


@pytest.mark.parametrize(
    ("accounts", "says"), [(("a1", "a1"), "two accounts"), (("a1", "nobody"), "nobody")]
)
def test_what_is_no_edge_is_told(tmp_path: Path, accounts: tuple[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        open_edge(_posts(tmp_path / "posts.csv"), accounts, windows=WINDOWS, threads=1)


def test_a_folder_of_no_run_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["pairs", str(tmp_path), "a", "b"])
    assert isinstance(told.exception, InputError)
    assert "no folder of concert detect" in str(told.exception)
