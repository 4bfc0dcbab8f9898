"""A made-up platform of a few weeks, into which a test puts a call, a storm or a piece of news."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 21
FIELDS = {
    name: pa.string()
    for name in (
        "post_id", "account_id", "text", "reposted_post_id", "reposted_account_id",
        "replied_to_post_id", "replied_to_account_id", "quoted_post_id",
    )
} | {"created_at": pa.timestamp("us", "UTC"), "mentions": pa.list_(pa.string())}  # fmt: skip


@dataclass
class World:
    """Accounts u0…; every one posts now and then, some write to `target`, and `caller` has fans."""

    seed: int
    people: int = 400
    fans: int = 60
    rows: list[dict[str, object]] = field(default_factory=list)
    follows: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        for who in range(self.people):
            for hour in self.rng.uniform(0, 24 * DAYS, self.rng.poisson(8)):
                self.post(f"u{who}", hour, "what I had for lunch")
        # The target is written to all the time, by anybody.
        for hour in self.rng.uniform(0, 24 * DAYS, 4 * DAYS):
            self.post(self.anybody(), hour, "@target good morning", replied_to_account_id="target")
        for fan in range(self.fans):
            if fan % 2:
                self.follows.append({"follower_id": f"u{fan}", "followed_id": "caller"})
            else:
                self.post(
                    f"u{fan}", self.rng.uniform(0, 24), "so true", reposted_account_id="caller"
                )

    def anybody(self) -> str:
        return f"u{int(self.rng.integers(self.people))}"

    def post(self, who: str, hour: float, text: str, **more: object) -> str:
        name = f"p{len(self.rows)}"
        row = {"post_id": name, "account_id": who, "text": text, **more}
        self.rows.append(row | {"created_at": START + timedelta(hours=float(hour))})
        return name

    def call(self, hour: float, text: str = "Everyone, tell @target what you think of her") -> str:
        return self.post("caller", hour, text)

    def answers(
        self, who: list[str], hour: float, within: float, text: str = "@target shame"
    ) -> None:
        for one in who:
            at = hour + self.rng.uniform(0.01, within)
            self.post(one, at, text, replied_to_account_id="target")

    def fans_among(self, number: int) -> list[str]:
        return [f"u{fan}" for fan in self.rng.choice(self.fans, number, replace=False)]

    def strangers(self, number: int) -> list[str]:
        """Anybody, fans by their share."""
        return [f"u{who}" for who in self.rng.choice(self.people, number, replace=False)]

    def table(self) -> pa.Table:
        schema = pa.schema(list(FIELDS.items()))
        return pa.Table.from_pylist([{n: row.get(n) for n in FIELDS} for row in self.rows], schema)
