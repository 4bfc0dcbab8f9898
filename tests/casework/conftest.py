"""An office on both databases with the example loaded, and a clock that tests turn."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from casework import example
from casework.backup import backup, restore
from casework.cases import open_case
from casework.office import Office, opened
from casework.review import decide
from intake.lake import Lake
from policy.cases import Case, CaseKind, Decision
from policy.settings import Settings
from policy.verdicts import Verdict
from policy.words import SubjectKind
from store.store import Store

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class TurnedClock:
    """Stands still until a test turns it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Desk:
    """Hands in answers as reviewers would."""

    office: Office
    handed: int = field(default=0)

    def answer(
        self,
        case: Case,
        verdict: Verdict,
        by: str = "person:first reviewer",
        ahead: timedelta = timedelta(0),
    ) -> Decision:
        """`ahead`: how far the clock of where they answer goes ahead."""
        self.handed += 1
        source = f"test:{self.handed}"
        return self.office.store.transact(
            lambda work: decide(
                work,
                case.id,
                verdict,
                round_=case.round,
                by=by,
                at=work.now + ahead,
                source=source,
                periods=self.office.periods,
            ),
            actor="system:test",
            now=self.office.now(),
        )


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture(scope="session")
def loaded_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an office's home, the example loaded, and a backup of it; made once."""
    folder = tmp_path_factory.mktemp("example")
    settings = Settings(home=folder / "home", _env_file=None)
    with opened(settings, TurnedClock()) as made:
        example.load(made)
        backup(made, folder / "example.tar")
    return folder


@pytest.fixture
def office(
    store_url: str, tmp_path: Path, clock: TurnedClock, loaded_example: Path
) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", database_url=store_url, _env_file=None)
    file = make_url(store_url).database
    if store_url.startswith("sqlite") and file is not None:
        # As the files lie: a restore checks each of them, every time.
        shutil.copytree(loaded_example / "home", settings.home)
        (settings.home / "concert.db").rename(file)
    else:
        restore(settings, loaded_example / "example.tar")
    made = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    yield made
    made.close()


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


@pytest.fixture
def ask(office: Office) -> Callable[..., Case]:
    """Open a case about an account of the example's designated group."""

    def opened(account_id: str, **changes: object) -> Case:
        evidence = {
            "profile": {"account_id": account_id},
            "posts": [
                {"post_id": f"{account_id}-01", "created_at": office.now().isoformat()},
            ],
        }
        asked = {
            "kind": CaseKind.ASSOCIATION,
            "subject_kind": SubjectKind.ACCOUNT,
            "subject_id": account_id,
            "group_id": "weigh-it-again",
            "rule": "routing.association.review.v1",
            "evidence": evidence,
            **changes,
        }
        return office.store.transact(
            lambda work: open_case(work, **asked),  # type: ignore[arg-type]
            actor="system:test",
            now=office.now(),
        )

    return opened
