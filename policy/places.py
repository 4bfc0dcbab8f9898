"""Places, as dossiers and profiles write them, and who knows them.

A place is free text that goes from narrow to wide: `school office, Hollin Vale`. There is no
gazetteer: who says that they know Hollin Vale knows it, and every place within it that is written
so. The policy asks for it: harm differs "from group to group, and across geographies and cultures".
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

_PARTS = re.compile(r"[,;/|·]")
_TOLD = 3


@lru_cache(maxsize=4096)
def names_in(place: str) -> frozenset[str]:
    """The names by which a place may be known: itself, and each of its parts; in lower case.

    >>> sorted(names_in("School office,  Hollin Vale"))
    ['hollin vale', 'school office', 'school office, hollin vale']
    """
    found = {_plain(part) for part in (place, *_PARTS.split(place))}
    return frozenset(found - {""})


def knows(held: Iterable[str], places: Iterable[str]) -> bool:
    """Whether somebody who knows the places `held` knows one of these."""
    mine = {_plain(one) for one in held}
    return any(mine & names_in(place) for place in places)


def told(places: Collection[str]) -> str:
    """Places in a sentence; of a great many the first few.

    >>> told(["A", "B", "C", "D", "E"])
    'A or B or C or 2 more'
    """
    listed = list(places)
    more = len(listed) - _TOLD
    return " or ".join([*listed[:_TOLD], *([f"{more} more"] if more > 0 else [])])


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
