"""Which right each call needs: one table over methods and paths, first match decides.

What the table does not name needs the right to manage, so a route that somebody adds and forgets
here is shut to all but administrators.
"""

import re
from collections.abc import Iterable

from policy.roles import Right, rights_of

_READS = ("GET", "HEAD")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ANY = (*_READS, *_WRITES)

_TABLE: tuple[tuple[tuple[str, ...], str, Right], ...] = (
    (_ANY, r"/score_(posts|accounts)", Right.SCORE),
    (_ANY, r"/assess_group", Right.DESIGNATE),
    (_READS, r"/metrics", Right.AUDIT),
    # Whoever has a key may read how the API is used.
    (_READS, r"/|/docs\.json|/schema\.json|/v1/openapi\.json|/static_content/.*", Right.LOOK_UP),
    (_READS, r"/v1/restrictions/(accounts|posts|trends)/.+", Right.LOOK_UP),
    (("POST",), r"/v1/restrictions/lookup", Right.LOOK_UP),
    (_READS, r"/v1/(events|me)", Right.LOOK_UP),
    (_READS, r"/v1/statements/[^/]+/notice", Right.LOOK_UP),
    (_WRITES, r"/v1/appeals(/.*)?", Right.APPEAL),
    (_READS, r"/v1/audit(/.*)?", Right.AUDIT),
    (_READS, r"/v1/reports(/.*)?", Right.AUDIT),
    (_WRITES, r"/v1/(groups|incidents|findings)(/.*)?", Right.DOSSIER),
    (_WRITES, r"/v1/(assessments|designations)(/.*)?", Right.DESIGNATE),
    (_WRITES, r"/v1/(restrictions|bulk|brakes)(/.*)?", Right.RESTRICT),
    (_READS, r"/v1/(bulk|brakes)(/.*)?", Right.READ),
    (_WRITES, r"/v1/queue(/.*)?", Right.ANSWER),
    (_READS, r"/v1/queue(/.*)?", Right.READ),
    (_ANY, r"/v1/review/(next|mine)(/.*)?", Right.ANSWER),
    (_READS, r"/v1/review(/.*)?", Right.READ),
    (_WRITES, r"/v1/review(/.*)?", Right.SETTLE),
    (
        _READS,
        (
            r"/v1/(groups|incidents|findings|assessments|designations|associations|restrictions"
            r"|statements|appeals)(/.*)?"
        ),
        Right.READ,
    ),
)

_MATCHED = tuple((methods, re.compile(path), right) for methods, path, right in _TABLE)


def right_for(method: str, path: str) -> Right:
    """The right that a call needs; `path` as the client asked it, without its query."""
    for methods, pattern, right in _MATCHED:
        if method in methods and pattern.fullmatch(path):
            return right
    return Right.MANAGE


def may(roles: Iterable[str], method: str, path: str) -> bool:
    """Whether a caller with these roles may make a call."""
    return right_for(method, path) in rights_of(roles)
