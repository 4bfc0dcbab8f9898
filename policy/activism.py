"""The guard of activism, awareness campaigns and speaking truth to power.

Source: "We are unlikely to apply this framework to groups, movements, and campaigns involved in
activism … unless we can establish evidence of harm". Held here: such a group is designated only on
harm that at least two independent sources, none of them hostile, attribute to its organisers.
Violence by hangers-on and allegations by opponents are kept in view and carry nothing. Until a
person has judged that a group is not of this kind, the guard applies: the benefit of the doubt.
"""

from collections.abc import Iterable

from policy.cause import LeftOut
from policy.incidents import Actors, Incident
from policy.rules import Rule
from policy.sources import independent
from policy.words import Nature

SOURCES_NEEDED = 2


def guard_applies(nature: Nature | None) -> bool:
    """Whether the guard applies: unless a person judged the group to be nothing of the kind."""
    return nature is not Nature.OTHER


def guarded(incidents: Iterable[Incident]) -> tuple[tuple[Incident, ...], tuple[LeftOut, ...]]:
    """Part the incidents that may count under the guard from those that may not.

    Those that may count keep only their sources that are not hostile.
    """
    kept: list[Incident] = []
    left_out: list[LeftOut] = []
    for incident in incidents:
        fair = tuple(one for one in incident.usable if not one.hostile)
        if incident.actors is not Actors.ORGANISER:
            why = "it is not attributed to organisers of the group"
        elif independent(fair) < SOURCES_NEEDED:
            why = "fewer than two independent sources without a stake attribute it to organisers"
        else:
            kept.append(incident.model_copy(update={"sources": fair}))
            continue
        left_out.append(
            LeftOut(
                incident_id=incident.id, rule=Rule.ACTIVISM, clause=Rule.ACTIVISM.clause, why=why
            )
        )
    return tuple(kept), tuple(left_out)
