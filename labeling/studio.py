"""Label Studio through its SDK, narrowed to what Concert does with it.

Answers of the server become small values here, and its failures two exceptions: it is away for
now, or it says no.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import JsonValue

from labeling.configs import LabelingConfig, Lane
from labeling.desk import TaskKey
from labeling.server import Connection
from policy.cases import CaseKind

PAGE = 1_000
MARK = "concert"
"""The key in a task's meta under which Concert writes what the task stands for."""

_KINDS = frozenset(kind.value for kind in CaseKind)
_FIELDS = ",".join(
    (
        *("id", "meta", "updated_at", "annotations", "result", "completed_by", "updated_by"),
        *("was_cancelled", "created_at", "lead_time"),
    )
)
_ORDER = "Most urgent first"
_BY_PRIORITY = "tasks:data.priority"
_TIMEOUT_S = 120.0
RETRIES = 2
"""Within a few seconds: a hiccup must not cost a whole pass. An outage is the caller's affair."""
# What a list of tasks need not show; the evidence is for the task's own page.
_HIDDEN = tuple(
    f"tasks:{name}"
    for name in (
        *("id", "inner_id", "completed_at", "cancelled_annotations", "total_predictions"),
        *("annotators", "annotations_results", "annotations_ids", "predictions_score"),
        *("predictions_model_versions", "predictions_results", "file_upload", "storage_filename"),
        *("created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists"),
        *("comments", "state", "data.evidence", "data.notice"),
    )
)
_HOOKED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")


class StudioAwayError(RuntimeError):
    """Label Studio does not answer, or fails: try again later."""


class StudioRefusedError(RuntimeError):
    """Label Studio refused a request (4xx): asking again will not help."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Label Studio refused ({status}): {reason}")
        self.status = status


@dataclass(frozen=True)
class Mark:
    """What a task stands for, written into its meta when it is created."""

    owner: str
    """Which Concert made it: several may share a Label Studio."""
    key: TaskKey
    kind: CaseKind
    config: int

    def as_meta(self) -> dict[str, JsonValue]:
        return {
            MARK: {
                "owner": self.owner,
                "case": self.key.case_id,
                "round": self.key.round,
                "kind": self.kind.value,
                "config": self.config,
            }
        }

    @classmethod
    def read(cls, meta: object) -> "Mark | None":
        """The mark in a task's meta; None where it has none that we could have written."""
        match meta:
            case {
                "concert": {
                    "owner": str(owner),
                    "case": str(case_id),
                    "round": int(round_),
                    "kind": str(kind),
                    "config": int(config),
                }
            } if kind in _KINDS:
                return cls(owner, TaskKey(case_id, round_), CaseKind(kind), config)
            case _:
                return None


@dataclass(frozen=True)
class SeenAnnotation:
    """One annotation as the server has it now."""

    id: int
    version: str
    at: datetime
    user_id: int
    """In whose name it is. The server lets any user write any name here."""
    written_by: int
    """Who wrote this version, by the server's own word: nobody can choose it."""
    lead_time: float | None
    skipped: bool
    result: list[dict[str, Any]]


TaskState = tuple[datetime, tuple[tuple[int, str], ...]]
"""When a task changed last, and which version of which annotations it has."""


@dataclass(frozen=True)
class SeenTask:
    """One task as the server has it now; `mark` is None for tasks that Concert did not make."""

    id: int
    project_id: int
    updated_at: datetime
    mark: Mark | None
    annotations: tuple[SeenAnnotation, ...]

    @property
    def state(self) -> TaskState:
        """What differs whenever something about the task is new.

        The time of change alone does not tell: the server writes an annotation, and that its task
        changed, in two transactions, and may be killed between them.
        """
        return self.updated_at, tuple((one.id, one.version) for one in self.annotations)

    @property
    def answers(self) -> tuple[SeenAnnotation, ...]:
        """The annotations that answer; a skipped one does not."""
        return tuple(annotation for annotation in self.annotations if not annotation.skipped)


@dataclass(frozen=True)
class SeenProject:
    """One project; `tasks` is how many it has."""

    id: int
    title: str
    tasks: int
    label_config: str


@dataclass(frozen=True)
class Webhook:
    """What the server calls when answers come or go: nothing more than a hint.

    It waits a second for a reply, is never repeated, and anyone could forge it.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Studio:
    """A client of one Label Studio. Not for two threads at once. Close it after use.

    Every method raises StudioAwayError or StudioRefusedError.
    """

    def __init__(self, connection: Connection, *, retries: int = RETRIES) -> None:
        """`retries`: how often a request that fails by chance is made once more at once."""
        self.connection = connection
        self._retries = retries
        # A proxy of the environment has no business between us and our own server.
        self._http = httpx.Client(timeout=_TIMEOUT_S, trust_env=False)
        self._made: Any = None
        self._emails: dict[int, str] = {}

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @property
    def _client(self) -> Any:
        if self._made is None:
            # Imported here: it takes two seconds, and the command line must start at once.
            from label_studio_sdk.client import LabelStudio

            # Through Any: the SDK is typed in part, and this constructor not at all.
            make: Any = LabelStudio
            self._made = make(
                base_url=self.connection.url,
                api_key=self.connection.token,
                httpx_client=self._http,
                max_retries=self._retries,
            )
        return self._made

    def projects(self) -> list[SeenProject]:
        """All projects, oldest first."""
        with _named_failures():
            listed = self._client.projects.list(
                include="id,title,task_number,label_config", page_size=PAGE
            )
            found = [
                SeenProject(
                    int(project.id),
                    project.title or "",
                    project.task_number or 0,
                    project.label_config or "",
                )
                for project in listed
            ]
        return sorted(found, key=lambda project: project.id)

    def create_project(self, lane: Lane, config: LabelingConfig) -> int:
        """A project for a lane: its id."""
        with _named_failures():
            made = self._client.projects.create(
                title=lane.title,
                description=lane.description,
                label_config=config.xml,
                # The browser may not hand in nothing; the check that counts is at receipt.
                enable_empty_annotation=False,
                show_skip_button=False,
                show_collab_predictions=not lane.blind,
                maximum_annotations=1,
                sampling="Sequential sampling",
            )
        return int(made.id)

    def order_by_priority(self, project_id: int) -> None:
        """Give a project's list of tasks the order of priority. Asked twice, made once.

        The server orders a stream of tasks by their ids, which never change; a list in the browser
        has any order, and this one is its first tab.
        """
        with _named_failures():
            tabs = self._client.views.list(project=project_id)
            if any((tab.data or {}).get("title") == _ORDER for tab in tabs):
                return
            self._client.views.create(
                project=project_id,
                data={
                    "title": _ORDER,
                    "type": "list",
                    "target": "tasks",
                    "ordering": [f"-{_BY_PRIORITY}"],
                    # As text, 10 would come before 9.
                    "columnsDisplayType": {_BY_PRIORITY: "Number"},
                    "hiddenColumns": {"explore": list(_HIDDEN), "labeling": list(_HIDDEN)},
                },
            )

    def set_priority(self, task_id: int, priority: float) -> None:
        """Show a task with another priority; one that is gone already is fine."""
        with _named_failures(gone_is_fine=True):
            task = self._client.tasks.get(id=str(task_id))
            self._client.tasks.update(
                id=str(task_id), data={**dict(task.data or {}), "priority": priority}
            )

    def restore_config(self, project_id: int, config: LabelingConfig) -> None:
        """Put a project's labeling config back to what it must be."""
        with _named_failures():
            self._client.projects.update(id=project_id, label_config=config.xml)

    def delete_project(self, project_id: int) -> None:
        """Delete a project; one that is gone already is fine."""
        with _named_failures(gone_is_fine=True):
            self._client.projects.delete(id=project_id)

    def tasks(
        self, project_id: int, *, since: datetime | None = None, after_id: int = 0
    ) -> Iterator[SeenTask]:
        """The tasks changed at or after `since` (the server's time), all if None, by id.

        Creating, editing and deleting an annotation each count as a change of its task.
        """
        last = after_id
        while True:
            with _named_failures():
                page = self._client.tasks.list(
                    project=project_id,
                    include=_FIELDS,
                    page_size=PAGE,
                    query=_query(last, since),
                    resolve_uri=False,
                )
                items = page.items
            if items is None:
                # The SDK reads any JSON as a page: taken for an empty one, it would lose all tasks.
                raise StudioAwayError("Label Studio sent what is no list of tasks")
            for item in items:
                yield _seen_task(project_id, item)
            if len(items) < PAGE:
                return
            # By id and not by page number: tasks that vanish meanwhile shift no page.
            last = int(items[-1].id)

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, JsonValue]]) -> None:
        """Create tasks. Doing this twice makes them twice: look first, and sweep after."""
        with _named_failures():
            self._client.projects.import_tasks(
                id=project_id,
                request=[dict(task) for task in tasks],
                request_options={"max_retries": 0},
            )

    def task(self, task_id: int) -> SeenTask | None:
        """One task as it is now; None if it is gone."""
        try:
            with _named_failures():
                found = self._client.tasks.get(id=str(task_id))
        except StudioRefusedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return _seen_task(_int(found.project or 0), found)

    def delete_task(self, task_id: int) -> None:
        """Delete a task; one that is gone already is fine."""
        with _named_failures(gone_is_fine=True):
            self._client.tasks.delete(id=str(task_id))

    def reopen(self, task_id: int, annotation: SeenAnnotation, notice: str) -> bool:
        """Show why an answer did not count, and open its task again.

        Returns:
            False where the annotation is not that version any more: it must be read anew.
        """
        with _named_failures(gone_is_fine=True):
            task = self._client.tasks.get(id=str(task_id))
            self._client.tasks.update(
                id=str(task_id), data={**dict(task.data or {}), "notice": notice}
            )
            now = self._client.annotations.get(id=annotation.id)
            if _version(now.updated_at) != annotation.version:
                return False
            self._client.annotations.delete(id=annotation.id)
        return True

    def email_of(self, user_id: int) -> str:
        """The e-mail of a user, or `user:<id>` where the server does not tell."""
        if user_id not in self._emails:
            with _named_failures():
                users = self._client.users.list()
            self._emails = {int(user.id): user.email or "" for user in users}
        return self._emails.get(user_id) or f"user:{user_id}"

    def user_of(self, email: str) -> int | None:
        """The user with this e-mail, in whatever case it is written; None if there is none."""
        with _named_failures():
            users = self._client.users.list()
        wanted = email.casefold()
        return next((int(one.id) for one in users if (one.email or "").casefold() == wanted), None)

    def invitation(self) -> str:
        """The token that lets somebody sign up. Good until it is reset: not to be handed round."""
        with _named_failures():
            return str(self._client.organizations.invites.get_invite_link().token)

    def register_webhook(self, project_id: int, hook: Webhook) -> None:
        """Have the server call when answers of a project come or go. Asked twice, made once."""
        with _named_failures():
            for there in self._client.webhooks.list(project=str(project_id)):
                if there.url != hook.url:
                    continue
                if dict(there.headers or {}) != dict(hook.headers) or not there.is_active:
                    self._client.webhooks.update(
                        id=there.id, url=hook.url, headers=dict(hook.headers), is_active=True
                    )
                return
            self._client.webhooks.create(
                project=project_id,
                url=hook.url,
                headers=dict(hook.headers),
                actions=list(_HOOKED),
                send_for_all_actions=False,
                send_payload=False,
                is_active=True,
            )


def _query(after_id: int, since: datetime | None) -> str:
    items: list[dict[str, JsonValue]] = [
        {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after_id}
    ]
    if since is not None:
        items.append(
            {
                "filter": "filter:tasks:updated_at",
                "operator": "greater_or_equal",
                "type": "Datetime",
                # The server answers 500 to a time without microseconds.
                "value": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            }
        )
    return json.dumps({"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]})


def _seen_task(project_id: int, task: Any) -> SeenTask:
    return SeenTask(
        id=int(task.id),
        project_id=project_id,
        updated_at=_moment(task.updated_at),
        mark=Mark.read(task.meta),
        annotations=tuple(
            sorted(
                (_seen_annotation(_fields(one)) for one in task.annotations or ()),
                key=lambda annotation: annotation.id,
            )
        ),
    )


def _seen_annotation(fields: Mapping[str, Any]) -> SeenAnnotation:
    by = fields.get("completed_by")
    result = fields.get("result")
    return SeenAnnotation(
        id=_int(fields["id"]),
        version=_version(fields["updated_at"]),
        at=_moment(fields["updated_at"]),
        user_id=_int(by["id"] if isinstance(by, Mapping) else by or 0),
        written_by=_int(fields.get("updated_by") or 0),
        lead_time=fields.get("lead_time"),
        skipped=bool(fields.get("was_cancelled")),
        # Stored as anything JSON: only a list of regions can be an answer.
        result=[dict(part) for part in result if isinstance(part, Mapping)]
        if isinstance(result, list)
        else [],
    )


def _fields(item: Any) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = item if isinstance(item, Mapping) else item.dict()
    return fields


def _moment(given: datetime | str | None) -> datetime:
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    if given is None:
        raise StudioAwayError("Label Studio sent a task without its time of change")
    return given.astimezone(UTC)


def _version(given: datetime | str | None) -> str:
    return _moment(given).isoformat(timespec="microseconds")


def _int(given: Any) -> int:
    return int(given)


@contextmanager
def _named_failures(*, gone_is_fine: bool = False) -> Iterator[None]:
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except httpx.HTTPError as error:
        raise StudioAwayError(
            f"Label Studio does not answer: {error or type(error).__name__}"
        ) from error
    except ApiError as error:
        status = error.status_code or 0
        if gone_is_fine and status == httpx.codes.NOT_FOUND:
            return
        reason = json.dumps(error.body, default=str)[:500]
        if not httpx.codes.is_client_error(status):
            raise StudioAwayError(f"Label Studio fails ({status}): {reason}") from error
        raise StudioRefusedError(status, reason) from error
