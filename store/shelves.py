"""Which type of value stands in which table, under which id, with which columns beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Table

from policy.appeals import Appeal, Shield, Strike
from policy.assessment import Assessment
from policy.brake import Brake
from policy.bulk import BulkAction
from policy.care import Served
from policy.cases import Case, CaseState, Decision
from policy.designation import Designation
from policy.findings import Finding
from policy.gold import GoldItem
from policy.groups import Group
from policy.house import HouseRules
from policy.incidents import Incident
from policy.protected import ProtectedAccount
from policy.restrictions import Restriction
from policy.reviewers import Reviewer
from policy.scores import Association
from policy.shadow import Shadow, ShadowOutcome
from policy.statements import StatementOfReasons
from policy.words import Value
from store import tables
from store.errors import NotStorable
from store.records import ApiKey, Task

V = TypeVar("V", bound=Value)

Columns = dict[str, Any]


@dataclass(frozen=True)
class Shelf(Generic[V]):
    """Where the values of one type stand."""

    type: type[V]
    table: Table
    key: Callable[[V], tuple[str, ...]]
    """What tells one value from another: one part, or several."""
    columns: Callable[[V], Columns]
    dated: bool = False
    """Whether a column `at` says when it was written, because the value itself does not."""

    @property
    def kind(self) -> str:
        """The shelf's name, as the table has it and as the audit log says it."""
        return self.table.name

    def id(self, value: V) -> str:
        """The document's id."""
        return key_of(*self.key(value))

    def row(self, value: V, at: datetime) -> Columns:
        """The columns beside the document, all but id, version and doc."""
        return self.columns(value) | ({"at": at} if self.dated else {})


def key_of(*parts: str) -> str:
    """One id out of several parts that no other parts give; a single part is its own id."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def _case(case: Case) -> Columns:
    return {
        "kind": case.kind.value,
        "subject_kind": case.subject_kind.value,
        "subject_id": case.subject_id,
        "group_id": case.group_id,
        "state": case.state.value,
        "round": case.round,
        "priority": case.priority,
        "blind": case.blind,
        "opened_at": case.opened_at,
        "lapses_at": case.lapses_at,
        "gold": case.gold,
        "open_key": case.open_key if case.state is CaseState.OPEN else None,
    }


def _restriction(restriction: Restriction) -> Columns:
    return {
        "subject_kind": restriction.subject_kind.value,
        "subject_id": restriction.subject_id,
        "kind": restriction.kind.value,
        "ground_kind": restriction.ground.kind.value,
        "ground_ref": restriction.ground.ref,
        "group_id": restriction.ground.group_id,
        "starts_at": restriction.starts_at,
        "expires_at": restriction.ends_at,
        "lifted_at": restriction.lifted_at,
        "laid_by": restriction.cause.by,
    }


GROUPS = Shelf(Group, tables.groups, lambda v: (v.id,), lambda _: {})
INCIDENTS = Shelf(Incident, tables.incidents, lambda v: (v.id,), lambda v: {"group_id": v.group_id})
FINDINGS = Shelf(Finding, tables.findings, lambda v: (v.id,), lambda v: {"group_id": v.group_id})
ASSESSMENTS = Shelf(
    Assessment,
    tables.assessments,
    lambda v: (v.id,),
    lambda v: {"group_id": v.group_id, "at": v.assessed_at},
)
DESIGNATIONS = Shelf(
    Designation,
    tables.designations,
    lambda v: (v.id,),
    lambda v: {"group_id": v.group_id, "state": v.state.value, "review_at": v.review_at},
)
ASSOCIATIONS = Shelf(
    Association,
    tables.associations,
    lambda v: (v.account_id, v.group_id),
    lambda v: {
        "account_id": v.account_id,
        "group_id": v.group_id,
        "probability": v.probability,
        "lane": v.lane.value,
        "seen_at": v.seen_at,
        "closed_at": v.closed_at,
        "held": v.held,
    },
    dated=True,
)
CASES = Shelf(Case, tables.cases, lambda v: (v.id,), _case)
TASKS = Shelf(
    Task,
    tables.tasks,
    lambda v: (v.case_id, str(v.round)),
    lambda v: {
        "case_id": v.case_id,
        "round": v.round,
        "project_id": v.project_id,
        "task_id": v.task_id,
        "bound": v.bound,
    },
)
DECISIONS = Shelf(
    Decision,
    tables.decisions,
    lambda v: (v.id,),
    lambda v: {"case_id": v.case_id, "round": v.round, "source": v.source, "at": v.at},
)
RESTRICTIONS = Shelf(Restriction, tables.restrictions, lambda v: (v.id,), _restriction)
STATEMENTS = Shelf(
    StatementOfReasons,
    tables.statements,
    lambda v: (v.id,),
    lambda v: {"restriction_id": v.restriction_id},
)
APPEALS = Shelf(
    Appeal,
    tables.appeals,
    lambda v: (v.id,),
    lambda v: {
        "restriction_id": v.restriction_id,
        "state": v.state.value,
        "opened_at": v.opened_at,
    },
)
SHIELDS = Shelf(
    Shield,
    tables.shields,
    lambda v: (v.account_id, v.appeal_id),
    lambda v: {"account_id": v.account_id, "group_id": v.group_id, "until": v.until},
)
STRIKES = Shelf(
    Strike,
    tables.strikes,
    lambda v: (v.id,),
    lambda v: {
        "account_id": v.account_id,
        "policy": v.policy.value,
        "at": v.at,
        "expires_at": v.expires_at,
    },
)
PROTECTED = Shelf(ProtectedAccount, tables.protected, lambda v: (v.account_id,), lambda _: {})
BRAKES = Shelf(
    Brake,
    tables.brakes,
    lambda v: (v.id,),
    lambda v: {"scope": v.scope.value, "key": v.key, "released_at": v.released_at},
)
BULK_ACTIONS = Shelf(
    BulkAction,
    tables.bulk_actions,
    lambda v: (v.id,),
    lambda v: {"group_id": v.group_id, "state": v.state.value},
)
SHADOWS = Shelf(
    Shadow,
    tables.shadows,
    lambda v: (v.id,),
    lambda v: {"group_id": v.group_id, "ended_at": v.ended_at},
)
SHADOW_OUTCOMES = Shelf(
    ShadowOutcome,
    tables.shadow_outcomes,
    lambda v: (v.shadow_id, v.account_id),
    lambda v: {
        "shadow_id": v.shadow_id,
        "account_id": v.account_id,
        "would": v.would.value,
        "did": v.did.value,
    },
)
REVIEWERS = Shelf(Reviewer, tables.reviewers, lambda v: (v.id,), lambda _: {})
REVIEW_RULES = Shelf(HouseRules, tables.review_rules, lambda v: (v.id,), lambda _: {})
GOLD_ITEMS = Shelf(GoldItem, tables.gold_items, lambda v: (v.id,), lambda v: {"kind": v.kind.value})
SERVINGS = Shelf(
    Served,
    tables.servings,
    lambda v: (v.reviewer_id, v.case_id, str(v.round)),
    lambda v: {"reviewer_id": v.reviewer_id, "case_id": v.case_id, "at": v.at},
)
API_KEYS = Shelf(ApiKey, tables.api_keys, lambda v: (v.id,), lambda v: {"sha256": v.sha256})

SHELVES: tuple[Shelf[Any], ...] = (
    GROUPS,
    INCIDENTS,
    FINDINGS,
    ASSESSMENTS,
    DESIGNATIONS,
    ASSOCIATIONS,
    CASES,
    TASKS,
    DECISIONS,
    RESTRICTIONS,
    STATEMENTS,
    APPEALS,
    SHIELDS,
    STRIKES,
    PROTECTED,
    REVIEWERS,
    REVIEW_RULES,
    GOLD_ITEMS,
    SERVINGS,
    BRAKES,
    BULK_ACTIONS,
    SHADOWS,
    SHADOW_OUTCOMES,
    API_KEYS,
)
_BY_TYPE: dict[type[Value], Shelf[Any]] = {shelf.type: shelf for shelf in SHELVES}


def shelf_of(type_: type[V]) -> Shelf[V]:
    """The shelf of a type.

    Raises:
        NotStorable: there is none.
    """
    try:
        return _BY_TYPE[type_]
    except KeyError:
        raise NotStorable(f"there is no shelf for {type_.__name__}") from None
