"""One life in which every rule happens, told by hand; random ones need luck for that."""

from collections.abc import Callable

from policy.cases import CaseKind
from policy.verdicts import (
    AssociationChoice,
)
from policy.words import Lane
from tests.life.lives import ALL, HOUR, MAINLY, MEASURES, Lives
from tests.life.reference import Reference
from tests.life.world import World


def tell(life: Lives) -> None:
    """One life in which every rule happens, told by hand; random lives need luck for that."""

    done = set()

    def step(do: Callable[..., None], **given: object) -> None:
        done.add(do.__name__)
        do(**given)
        life.what_is_shown_is_what_ought_to_be()

    def of(account: str, *kinds: CaseKind) -> int:
        waiting = [one for one in life.world.open_cases(*kinds) if one.id not in life.stuck]
        return [one.subject_id for one in waiting].index(account)

    def answered(account: str, choice: AssociationChoice, *, mainly: bool = False) -> None:
        pick = of(account, CaseKind.ASSOCIATION, CaseKind.REAPPLICATION)
        step(life.answer, pick=pick, choice=choice, mainly=mainly)

    def suspended(account: str) -> None:
        step(life.suspend, pick=of(account, CaseKind.SUSPENSION))

    def one_of(account: str) -> int:
        """One that stands, if one does."""
        found = life._contestable()
        theirs = [at for at, one in enumerate(found) if one.subject_id == account]
        return next((at for at in theirs if found[at].stands(life.now)), theirs[0])

    def released() -> None:
        while any(one.released is None for one in life.told.brakes):
            step(life.release, pick=0)

    step(life.begin, measures=ALL)
    # Two are the most of a day: the brake keeps the others from being limited.
    step(life.seen_all)
    step(life.asked_about, chosen=["a2", MAINLY])
    answered("a2", AssociationChoice.ASSOCIATED)
    answered(MAINLY, AssociationChoice.ASSOCIATED, mainly=True)
    suspended(MAINLY)
    released()
    step(life.contest, pick=one_of("a0"), overturn=True)
    step(life.free, chosen=["a1"])
    # By hand is by hand, for thirty days; a won appeal shields for ninety.
    step(life.seen_after_a_while, chosen=["a0", "a1"], span=6 * 24 * HOUR)
    step(life.wait, span=31 * 24 * HOUR)
    step(life.seen, account="a0", lane=Lane.ACT, ago=HOUR)
    step(life.seen_just_now, chosen=["a1"])
    step(life.asked_about, chosen=["a2"])
    answered("a2", AssociationChoice.NOT_ASSOCIATED)
    step(life.contest, pick=one_of("a1"), overturn=False)
    step(life.free, chosen=["a1", MAINLY])
    step(life.undo)
    step(life.free, chosen=["a1"])
    # Objected to, and freed by mistake: what is undone leaves it alone.
    step(life.object, pick=one_of(MAINLY))
    step(life.free, chosen=[MAINLY])
    step(life.undo)
    step(life.judge, pick=0, overturn=True)
    step(life.pull, where=("surface", "search"), lift=True)
    step(life.seen_after_a_while, chosen=["a0", "a1", "a2"], span=6 * 24 * HOUR)
    step(life.release, pick=0)
    step(life.ring, pair=["a0", "a1"], decided=False)
    suspended("a1")
    step(life.remove_three, account="a2")
    suspended("a2")
    # The answer on a2 is old enough to ask again, the shield of a0 is over.
    step(life.wait, span=31 * 24 * HOUR)
    step(life.wait, span=31 * 24 * HOUR)
    step(life.review, measures=None)
    # What lies before the last limit ended is no reason for another one.
    step(life.seen, account="a1", lane=Lane.ACT, ago=70 * 24 * HOUR)
    step(life.seen_just_now, chosen=["a0", "a1", "a2"])
    released()
    step(life.seen_just_now, chosen=["a2"])
    # Nobody decides this appeal in time: the limit ends by itself.
    step(life.object, pick=one_of("a2"))
    step(life.wait, span=16 * 24 * HOUR)
    step(life.protect, account="a1")
    step(life.seen_just_now, chosen=["a1", "a2"])
    step(life.review, measures=MEASURES[1])
    # Limits of 30 days end between the two.
    step(life.wait, span=14 * 24 * HOUR - HOUR)
    step(life.wait, span=2 * HOUR)
    step(life.evidence_falls)
    step(life.seen_just_now, chosen=["a2"])
    step(life.review, measures=MEASURES[1])
    step(life.seen_just_now, chosen=["a0", "a2"])
    step(life.withdraw)
    step(life.designate_again, measures=ALL)
    step(life.wait, span=16 * 24 * HOUR)
    step(life.designate_again, measures=ALL)
    step(life.seen_just_now, chosen=["a0", "a2"])
    step(life.limited_and_again, account="a0", end="left", after=31 * 24 * HOUR, ago=0 * HOUR)
    assert done >= {one.function.__name__ for one in life.rules}


def told_by_hand(make_world: Callable[[], World], reference: type[Reference] = Reference) -> None:
    """The life told by hand, against a reference."""
    told = type("ThisLife", (Lives,), {"make_world": staticmethod(make_world)})
    told.reference = reference
    life = told()
    try:
        tell(life)
    finally:
        life.teardown()
