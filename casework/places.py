"""Which places whoever answers a case should know: taken from the dossier and from profiles.

What a dossier says of a corroborated harm off the platform is a place, and its case waits for
somebody who knows it. What stands in a profile, with a harm on the platform, or with one that is
only submitted may be a joke or the name of a page: it counts only where a reviewer names that very
place, so that nobody can write a case out of everybody's reach.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from casework.reviewers import roster
from policy.incidents import Incident, IncidentStatus
from policy.places import knows
from policy.reviewers import ANY
from store.work import Reading


def places_of(
    work: Reading, group_id: str | None, evidence: Mapping[str, Any], *also: str
) -> tuple[str, ...]:
    """The places of a case, as they were written: to know one of them is enough.

    Args:
        group_id: the group whose harms say where.
        evidence: what is shown; the location of its profile may say where.
        also: what else may be a place, such as the location of a post's author.
    """
    harms = _harms(work, group_id) if group_id else []
    profile = evidence.get("profile")
    location = profile.get("location") if isinstance(profile, Mapping) else None
    stated = [one.where for one in harms if one.corroborated and not one.on_platform]
    said = [*(one.where for one in harms), location, *also]
    named = {name for one in roster(work) for name in one.places if name != ANY}
    sure = [place for place in said if isinstance(place, str) and knows(named, [place])]
    places = (" ".join(place.split()) for place in (*stated, *sure))
    return tuple(dict.fromkeys(place for place in places if place))


_READ: WeakKeyDictionary[Reading, dict[str, list[Incident]]] = WeakKeyDictionary()
"""One pass opens cases on hundreds of accounts of one group: its dossier is read once for them."""


def _harms(work: Reading, group_id: str) -> list[Incident]:
    known = _READ.setdefault(work, {})
    if group_id not in known:
        found = work.incidents.find(group_id=group_id)
        known[group_id] = [one for one in found if one.status is IncidentStatus.STANDING]
    return known[group_id]
