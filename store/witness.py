"""What the anchor bears witness to: which heads were announced, and which were seen committed."""

from collections import defaultdict
from dataclasses import dataclass, field

from store.anchor import Anchor
from store.chain import GENESIS, Head
from store.problems import ProblemKind, Problems


@dataclass
class Witness:
    """An anchor, read."""

    announced: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Hashes of intents, by row number."""
    seen: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Hashes of rows that somebody saw committed: by a `done`, or as the base of an intent."""
    first: tuple[int, str] | None = None
    """The head that the first line follows."""
    strange: int = 0
    """Lines of another store."""
    unreadable: list[int] = field(default_factory=list)
    """Numbers of lines that cannot be read."""

    @classmethod
    def of(cls, anchor: Anchor, store: str) -> "Witness":
        """Read an anchor's lines about one store."""
        witness = cls()
        for number, line in enumerate(anchor.lines(), start=1):
            if isinstance(line, str):
                witness.unreadable.append(number)
                continue
            if line.store != store:
                witness.strange += 1
                continue
            if witness.first is None:
                witness.first = (line.base_seq, line.base_hash)
            if line.base_seq:
                witness.seen[line.base_seq].add(line.base_hash)
            side = witness.announced if line.did == "intent" else witness.seen
            side[line.seq].add(line.hash)
        return witness

    @property
    def last_seen(self) -> int:
        """The highest row that was seen committed."""
        return max(self.seen, default=0)

    @property
    def unfinished(self) -> int:
        """How many intents nobody saw committed; the latest may still be at it."""
        return sum(
            len(hashes - self.seen.get(seq, set())) for seq, hashes in self.announced.items()
        )


def check_witness(before: Witness, after: Witness, last: Head, problems: Problems) -> None:
    """Hold the log's end against the anchor.

    Args:
        before: the anchor as read before the log: what it saw must be in the log.
        after: the anchor as read after it: it must announce whatever the log holds by now.
        last: the last row of the log.
        problems: where to note what is wrong.
    """
    for number in before.unreadable:
        problems.add(ProblemKind.ANCHOR, f"line {number} of the anchor cannot be read")
    if before.strange:
        problems.add(ProblemKind.ANCHOR, f"{before.strange} lines tell of another database")
    if after.first is None:
        if last.seq:
            problems.add(
                ProblemKind.ANCHOR, f"the anchor does not know this log of {last.seq} rows"
            )
        return
    if after.first != (0, GENESIS):
        problems.add(
            ProblemKind.ANCHOR,
            f"the anchor begins after row {after.first[0]}: what stands before it is not anchored",
            seq=after.first[0],
        )
    if before.last_seen > last.seq:
        gone = f"{last.seq + 1} to {before.last_seen}"
        problems.add(
            ProblemKind.CUT_OFF,
            f"rows {gone}, which the anchor saw, are gone from the end",
            seq=last.seq + 1,
        )
    for seq, hashes in sorted(before.seen.items()):
        if len(hashes) > 1:
            problems.add(
                ProblemKind.SET_BACK,
                f"the anchor saw {len(hashes)} different rows {seq}: the database was put back to "
                "an earlier state and written on",
                seq=seq,
            )
        unannounced = hashes - after.announced.get(seq, set())
        if unannounced and (seq, *hashes) != after.first:
            problems.add(ProblemKind.ADDED, f"row {seq} was written past the store", seq=seq)
    known = after.announced.get(last.seq, set()) | after.seen.get(last.seq, set())
    if last.seq > before.last_seen and last.hash not in known:
        problems.add(
            ProblemKind.ADDED,
            f"rows up to {last.seq} were written past the store: the anchor does not know them",
            seq=last.seq,
        )
