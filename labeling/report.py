"""What one pass of the reconciler did."""

from dataclasses import dataclass, field

from labeling.desk import TaskKey


@dataclass
class PassReport:
    """Counts of what was done; all zero and empty when there was nothing to do."""

    created: int = 0
    """Tasks imported."""
    left: int = 0
    """Tasks that are another reconciler's to create: it is at it just now."""
    bound: int = 0
    """Tasks taken to stand for a case's round, made by this pass or by one that was cut off."""
    lost: int = 0
    """Bound tasks that are gone from the server."""
    doubles_removed: int = 0
    doubles_kept: int = 0
    """Doubles that carry a person's annotation: never deleted."""
    removed: int = 0
    """Tasks of closed or lapsed cases taken away."""
    sealed: int = 0
    """Answered tasks taken away, because whoever answers next must not see them."""
    moved: int = 0
    """Open tasks shown with another priority than before."""
    accepted: int = 0
    """Answers that stand; includes answers seen again."""
    noted: int = 0
    refused: int = 0
    withdrawn: int = 0
    """Accepted answers that are gone from the server."""
    configs_restored: int = 0
    failed: dict[TaskKey, str] = field(default_factory=dict)
    """Tasks that could not be created, each with the reason. All others went on."""
    swept: bool = False
    """Whether everything was read, not only what changed."""
    took_s: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether anything on either side is different now."""
        counts = (
            *(self.created, self.bound, self.lost, self.doubles_removed, self.removed),
            *(self.sealed, self.moved),
            *(self.refused, self.withdrawn, self.configs_restored),
        )
        return any(counts)

    def told(self) -> dict[str, object]:
        """What is not zero or empty, for the log."""
        return {name: value for name, value in vars(self).items() if value and name != "failed"}
