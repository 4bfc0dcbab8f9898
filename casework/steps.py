"""One step of one document: read, changed by its own transition, and written, all at once."""

from collections.abc import Callable
from typing import TypeVar

from casework.office import Office
from policy.words import Value
from store.shelves import Shelf
from store.work import Writing

V = TypeVar("V", bound=Value)


def step(
    office: Office,
    shelf: Shelf[V],
    id_: str,
    change: Callable[[V, Writing], V],
    *,
    by: str,
    action: str,
    reason: str,
    then: Callable[[Writing, V], None] = lambda *_: None,
) -> V:
    """Take a document one step further.

    Args:
        change: the document's own transition; what else it needs it reads in the same work.
        by: whoever takes the step; the audit log names them, with the reason.
        then: what follows from the step, once it is written.

    Raises:
        NotFound: there is no such document.
        Refusal: as the transition says.
    """

    def do(work: Writing) -> V:
        changed = change(work.on(shelf).need(id_), work)
        work.save(changed, action=action, why=reason)
        then(work, changed)
        return changed

    return office.store.transact(do, actor=by, now=office.now())
