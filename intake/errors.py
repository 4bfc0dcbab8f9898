"""What can be wrong with input: with a whole file, with how it was asked for, with one field."""

from pathlib import Path


class IntakeError(ValueError):
    """Base of all refusals of intake; the message is for the person who brought the input."""


class FileError(IntakeError):
    """A file as a whole cannot be read; the message names it and says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class RequestError(IntakeError):
    """The request itself is wrong, whatever the file: a column map, a format, a missing secret."""


class FieldError(IntakeError):
    """One field of one row cannot be taken; it rejects that row and no other."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
