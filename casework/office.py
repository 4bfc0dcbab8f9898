"""The office: the store, the lake, the models and the clock that the use cases work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Self

from casework.keys import secret_ring
from casework.scoring import Models
from intake.lake import Lake
from policy.brake import Rate
from policy.clock import Clock
from policy.lay import Periods
from policy.settings import Settings
from store.store import Store


class SystemClock:
    """The real time, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """What a use case works with. Each process opens its own; threads may share it."""

    settings: Settings
    store: Store
    lake: Lake
    clock: Clock

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Self:
        """Open the store (brought up to this program's schema) and the lake.

        Raises:
            StoreError: the store cannot be opened; the message says which setting to mend.
        """
        return cls(
            settings=settings,
            store=Store.open(settings),
            lake=Lake(settings.lake),
            clock=clock or SystemClock(),
        )

    @cached_property
    def models(self) -> Models:
        """The models, each loaded at first use: torch takes seconds."""
        return Models(self.settings)

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets of this installation, newest first."""
        return secret_ring(self.settings)

    @property
    def periods(self) -> Periods:
        """How long limits last."""
        return Periods(
            usual=timedelta(days=self.settings.limit_days),
            shield=timedelta(days=self.settings.shield_days),
        )

    @property
    def rate(self) -> Rate:
        """How many accounts machines may limit for one group."""
        return Rate(accounts=self.settings.brake_accounts)

    def now(self) -> datetime:
        """The present moment, from the office's clock."""
        return self.clock.now()

    def close(self) -> None:
        """Give back the connections to the store."""
        self.store.close()


@contextmanager
def opened(settings: Settings, clock: Clock | None = None) -> Iterator[Office]:
    """An office for the length of a block."""
    office = Office.open(settings, clock)
    try:
        yield office
    finally:
        office.close()
