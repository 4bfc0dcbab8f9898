"""Lives of a group and its accounts, each step held against a slow, plain reference.

One life is told by hand, so that every rule happens; random ones find what nobody thought of. They
are steered (few accounts, one of them most often; long spans, so that limits end; a rule that
follows one limit to its end and beyond) until they find something: each of `WRONG` is the
reference with one rule left out, and with CATCH_WRONG=1 set
`test_random_lives_alone_catch_what_is_wrong` gives each of them the random lives of
`test_lives_on_sqlite`, without the one told by hand. Three of the five have to be caught.
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import Phase
from sqlalchemy import make_url

from tests.life import world as worlds
from tests.life.by_hand import told_by_hand
from tests.life.lives import LIVES, STEPS, live
from tests.life.reference import Laid, Reference
from tests.life.world import World


@pytest.fixture
def small(tmp_path: Path) -> Callable[[], World]:
    """Makes worlds on SQLite, each from a copy of the first."""
    first = worlds.template(tmp_path / "template")
    return lambda: worlds.copied(first, Path(tempfile.mkdtemp(dir=tmp_path)))


def test_a_life_told_by_hand_on_sqlite(small: Callable[[], World]) -> None:
    told_by_hand(small)


def test_lives_on_sqlite(small: Callable[[], World]) -> None:
    live(small, lives=LIVES, steps=STEPS)


class NoShield(Reference):
    """A won appeal does not shield."""

    def overturn(self, one: Laid, *, of_account: bool, now: datetime) -> None:
        super().overturn(one, of_account=False, now=now)


class NothingByHand(Reference):
    """What a person lifted by hand, the machine lays again at once."""

    def free(self, accounts: list[str], now: datetime) -> list[Laid]:
        freed = super().free(accounts, now)
        for one in freed:
            one.by_hand = False
        return freed


class OldReasons(Reference):
    """A limit is laid again on behaviour from before the last one ended."""

    def machine(self, account: str, lane: str, seen: datetime, by: str, now: datetime) -> str:
        return super().machine(account, lane, now, by, now)


class NoBrake(Reference):
    """No brake pulls itself."""

    def _brake_by_itself(self, now: datetime) -> None:
        return


class AllFalls(Reference):
    """With a designation falls what stands on other grounds."""

    def withdraw(self, now: datetime) -> None:
        super().withdraw(now)
        for one in self.laid:
            if one.kind == "suspend_account" and one.stands(now):
                one.lifted = now


WRONG = (NoShield, NothingByHand, OldReasons, NoBrake, AllFalls)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_life_told_by_hand_catches_what_is_wrong(
    small: Callable[[], World], wrong: type[Reference]
) -> None:
    with pytest.raises(AssertionError):
        told_by_hand(small, wrong)


@pytest.mark.skipif("CATCH_WRONG" not in os.environ, reason="CATCH_WRONG=1: minutes")
def test_random_lives_alone_catch_what_is_wrong(small: Callable[[], World]) -> None:
    caught = []
    for wrong in WRONG:
        try:
            live(small, lives=LIVES, steps=STEPS, reference=wrong, phases=(Phase.generate,))
        except AssertionError:
            caught.append(wrong.__name__)
    assert len(caught) >= 3, caught


@pytest.mark.server
def test_lives_on_postgresql(postgres_server: str, tmp_path: Path) -> None:
    schemas: list[str] = []

    def make() -> World:
        name = f"life_{uuid4().hex}"
        schemas.append(name)
        with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        url = make_url(postgres_server).update_query_dict({"options": f"-c search_path={name}"})
        home = Path(tempfile.mkdtemp(dir=tmp_path))
        return worlds.made(home, url.render_as_string(hide_password=False))

    told_by_hand(make)
    live(make, lives=2, steps=20)
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        for name in schemas:
            connection.execute(f"DROP SCHEMA {name} CASCADE")
