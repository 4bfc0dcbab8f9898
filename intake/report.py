"""What an ingest tells about itself: for each file, what was taken, rejected, already there."""

from pydantic import Field

from intake.commits import Tally
from intake.items import Kind
from policy.words import Value


class FileReport(Value):
    """How one file fared. For each kind the tallies add up to the rows that were read."""

    path: str
    format: str | None = None
    tallies: dict[Kind, Tally] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    repeated: bool = False
    """The lake has this very file already: nothing was read again."""
    error: str | None = None
    """Why the file, or its rest, could not be read; what was taken before stays taken."""

    @property
    def total(self) -> Tally:
        """All kinds together."""
        return sum(self.tallies.values(), Tally())


class IngestReport(Value):
    """How a whole ingest fared."""

    files: tuple[FileReport, ...] = ()

    @property
    def total(self) -> Tally:
        """All files and kinds together."""
        return sum((file.total for file in self.files), Tally())

    @property
    def tallies(self) -> dict[Kind, Tally]:
        """All files together, by kind."""
        kinds = dict.fromkeys(kind for file in self.files for kind in file.tallies)
        return {
            kind: sum((file.tallies.get(kind, Tally()) for file in self.files), Tally())
            for kind in kinds
        }

    @property
    def errors(self) -> tuple[str, ...]:
        """One message for each file that could not be read to its end."""
        return tuple(file.error for file in self.files if file.error)
