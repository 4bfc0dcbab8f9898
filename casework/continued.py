"""Whether a finding is one that is known, grown or shrunk since.

A ring that gains a member has another id in the next run. Kept as another finding it would count
twice, be asked about every day, and come back with each new member after a person refuted it.
"""

from collections.abc import Iterable, Mapping, Sequence

from policy.findings import Finding

OVERLAP = 0.5
"""Least share, of all the accounts of two findings, that are in both (Jaccard) where they are one.
Below, most of it is new to whoever knew the other."""


def overlap(some: Iterable[str], others: Iterable[str]) -> float:
    """Accounts in both, of the accounts in either (0 to 1); 1 where there are none at all."""
    here, there = set(some), set(others)
    return len(here & there) / len(here | there) if here or there else 1.0


def continued(made: Sequence[Finding], known: Iterable[Finding]) -> Mapping[str, Finding]:
    """For each finding by its id the known one that it continues, where there is one.

    That of its own id; else one by machine of the same kind and the same rule (in any version), on
    no other layers, of which at least OVERLAP is in both. Each known one is continued once, by what
    is most like it.
    """
    standing = {one.id: one for one in known}
    found = {one.id: standing.pop(one.id) for one in made if one.id in standing}
    left = [one for one in made if one.id not in found and one.account_ids]
    alike = [
        (overlap(one.account_ids, other.account_ids), one.id, other.id)
        for one in left
        for other in standing.values()
        if _same_claim(one, other)
    ]
    for share, one, other in sorted(alike, key=lambda pair: (-pair[0], pair[1:])):
        if share >= OVERLAP and one not in found and other in standing:
            found[one] = standing.pop(other)
    return found


def _same_claim(one: Finding, other: Finding) -> bool:
    return (
        other.origin == "machine"
        and not other.imported_from
        and other.kind is one.kind
        and other.rule.partition("/")[0] == one.rule.partition("/")[0]
        # Another layer is other evidence, on which nobody has judged yet.
        and set(one.layers) <= set(other.layers)
    )
