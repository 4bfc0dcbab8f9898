"""Who calls: what a key or a token says of its bearer, and in whose name they may decide."""

from dataclasses import dataclass

from policy.people import is_person
from policy.roles import Role
from serving.errors import Wrong


@dataclass(frozen=True)
class Caller:
    """Who calls, as the audit log and the request log name them; never the key itself."""

    key_id: str
    label: str
    roles: tuple[str, ...]
    person: str | None = None
    """`person:<name>`, where the key or token belongs to one person."""
    on_behalf: bool = False
    """Whether it may name the person who decides: a platform's own review tool may."""

    @property
    def actor(self) -> str:
        """Who changed something, as the audit log says it: `person:<name>` or `api:<label>`."""
        return self.person or f"api:{self.label}"

    def decides_as(self, by: str | None) -> str:
        """The person who takes a step, given what the request says.

        Raises:
            Wrong: 403 where the request names another than the caller may speak for; 400 where it
                names nobody, and the caller is nobody in particular.
        """
        if self.person is not None:
            if by is not None and by.casefold() != self.person.casefold():
                message = f"this key is {self.person}'s, who decides in no other name"
                raise Wrong(403, f"by: {message}", ("by", message))
            return self.person
        if not (self.on_behalf or Role.ADMIN in self.roles):
            raise Wrong(403, "this key belongs to no person, and a person has to decide this")
        if by is None:
            message = "is required: this key belongs to no person"
            raise Wrong(400, f"by: {message}", ("by", message))
        if not is_person(by):
            message = "a person decides this: person:<name>"
            raise Wrong(400, f"by: {message}", ("by", message))
        return by

    def speaks_for(self, other: str) -> str:
        """A further person whose part in a step the request tells of, such as a second.

        Raises:
            Wrong: 403 where the caller is one person, who speaks for nobody else.
        """
        if self.person is not None:
            message = f"this key is {self.person}'s; the other person calls with a key of their own"
            raise Wrong(403, f"seconded_by: {message}", ("seconded_by", message))
        return self.decides_as(other)


NOBODY = Caller(key_id="none", label="unknown", roles=())
"""Whoever came to a path that needs no key."""
