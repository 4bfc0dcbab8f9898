"""What shadows see: the same accounts as the rolling pass, by their own settings and models.

They write down what they would do and what was done; nobody is touched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from casework.office import Office
from casework.shadow import running
from casework.yardstick import Yardstick, candidate_manifest, known_accounts, yardstick
from models.packs import PackError
from policy.cases import CaseState
from policy.groups import Group
from policy.life_rules import LifeRule
from policy.scores import Association
from policy.shadow import Shadow, ShadowOutcome, Would, would
from policy.words import Refusal
from store.work import Writing

CHUNK = 200

Tell = Callable[[str, int, int], None]
Beside = Mapping[str, Mapping[str, Association]]
"""By shadow, then by account: what the shadow's own model says."""


@dataclass(frozen=True)
class Shadows:
    """The shadows of one group that stand on models of their own, made ready for a pass."""

    office: Office
    yardsticks: Mapping[str, Yardstick] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Why some of them cannot look; the others do, and the pass goes on."""

    @classmethod
    def of(cls, office: Office, group: Group) -> Self:
        """Make ready; loads each model once."""
        with office.store.reading() as work:
            found = [one for one in running(work, group.id) if one.knobs.models is not None]
        ready: dict[str, Yardstick] = {}
        made: dict[str, Yardstick] = {}
        problems = []
        for shadow in found:
            folder = shadow.knobs.models or ""
            try:
                _check_same(shadow)
                if folder not in made:
                    made[folder] = yardstick(office, group, folder)
            except (Refusal, ValueError) as error:
                problems.append(f"shadow {shadow.id} does not look: {error}")
                continue
            ready[shadow.id] = made[folder]
        return cls(office, ready, tuple(problems))

    def measure(self, account_ids: Sequence[str]) -> Beside:
        """Some accounts, by each shadow's own model."""
        if not self.yardsticks or not account_ids:
            return {}
        accounts = known_accounts(self.office, account_ids)
        scored = {
            id(one): {found.account_id: found for found in one.score(accounts)}
            for one in self.yardsticks.values()
        }
        return {shadow: scored[id(one)] for shadow, one in self.yardsticks.items()}


def look(
    work: Writing, shadows: Sequence[Shadow], scored: Sequence[Association], beside: Beside
) -> int:
    """Write down what each shadow would do about some accounts, and what was done; how many.

    Args:
        scored: what the model in use says of them.
        beside: what the shadows' own models say; one that is not in it does not look.
    """
    looking = [one for one in shadows if one.knobs.models is None or one.id in beside]
    if not looking or not scored:
        return 0
    did = _did(work, scored)
    for shadow in looking:
        own = beside.get(shadow.id, {})
        work.shadow_outcomes.get_many([(shadow.id, one.account_id) for one in scored])
        work.save_all(
            [
                _outcome(work, shadow, one, own.get(one.account_id, one), did[one.account_id])
                for one in scored
            ],
            action="shadow.looked",
            why=shadow.id,
        )
    return len(scored)


def look_now(office: Office, shadow_id: str, *, tell: Tell = lambda *_: None) -> int:
    """Let a shadow look at everybody who posted, without waiting for a pass; how many.

    What the last pass kept of an account stands beside the shadow's likelihood; who was never kept
    is measured by the model in use too, for the shadow may find whom it dismisses. Cut off, it
    may be asked again: an account's last look counts.

    Raises:
        NotFound: there is no such shadow.
        PackError: its models cannot be read any more.
        Refusal: it has ended, its folder holds another model by now, or the group cannot be
            measured.
    """
    with office.store.reading() as work:
        shadow = work.shadows.need(shadow_id)
        group = work.groups.need(shadow.group_id)
    if shadow.ended_at is not None:
        raise Refusal(LifeRule.SHADOW, f"shadow {shadow.id} has ended")
    _check_same(shadow)
    try:
        in_use = yardstick(office, group)
        folder = shadow.knobs.models
        own = in_use if folder is None else yardstick(office, group, folder)
    except PackError:
        raise
    except ValueError as error:
        raise Refusal(LifeRule.SHADOW, str(error)) from None
    everybody = office.lake.active_after(0)
    for at in range(0, len(everybody), CHUNK):
        tell(f"accounts in shadow against {group.name}", at, len(everybody))
        ids = everybody[at : at + CHUNK]
        accounts = known_accounts(office, ids)
        with office.store.reading() as work:
            kept = work.associations.find(group_id=group.id, account_id=ids, closed_at=None)
        known = {one.account_id: one for one in kept}
        unknown = [one for one in accounts if one.account_id not in known]
        known |= {one.account_id: one for one in in_use.score(unknown)}
        scored = [known[account_id] for account_id in ids]
        found = scored if own is in_use else own.score(accounts)
        beside = {shadow.id: {one.account_id: one for one in found}}
        office.store.transact(
            partial(_look_at, shadow.id, scored, beside), actor="system:shadow", now=office.now()
        )
    return len(everybody)


def _look_at(shadow_id: str, scored: Sequence[Association], beside: Beside, work: Writing) -> int:
    return look(work, [work.shadows.need(shadow_id)], scored, beside)


def _check_same(shadow: Shadow) -> None:
    """Check that the folder still holds what the shadow was started with."""
    if shadow.knobs.models is None:
        return
    now = candidate_manifest(shadow.knobs.models).model
    if now != shadow.model:
        raise Refusal(
            LifeRule.SHADOW,
            f"models: {shadow.knobs.models} holds {now} by now, not {shadow.model}; start another",
        )


def _outcome(
    work: Writing, shadow: Shadow, in_use: Association, own: Association, did: Would
) -> ShadowOutcome:
    return ShadowOutcome(
        shadow_id=shadow.id,
        account_id=in_use.account_id,
        at=work.now,
        probability=own.probability,
        in_use=in_use.probability,
        lang=own.lang,
        would=would(own, shadow.knobs),
        did=did,
    )


def _did(work: Writing, scored: Sequence[Association]) -> Mapping[str, Would]:
    ids = [one.account_id for one in scored]
    group_id = scored[0].group_id
    limited = {
        one.subject_id
        for one in work.restrictions.find(group_id=group_id, subject_id=ids)
        if one.stands(work.now)
    }
    asked = {
        case.subject_id
        for case in work.cases.find(group_id=group_id, subject_id=ids, state=CaseState.OPEN.value)
    }
    return {
        id_: Would.LIMIT if id_ in limited else Would.ASK if id_ in asked else Would.NOTHING
        for id_ in ids
    }
