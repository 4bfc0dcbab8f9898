"""Which project holds the tasks of which lane, and that its config stays as it is."""

from collections.abc import Iterable

import structlog

from labeling.configs import ConfigError, Lane, labeling_config
from labeling.studio import SeenProject, Studio, StudioRefusedError, Webhook

log = structlog.get_logger(__name__)


class Projects:
    """Finds, makes and mends the projects of a Concert."""

    def __init__(self, studio: Studio, hook: Webhook | None = None) -> None:
        self._studio = studio
        self._hook = hook
        self._by_title: dict[str, int] = {}

    def own(self, also: Iterable[int] = ()) -> list[SeenProject]:
        """The projects that hold our tasks, oldest first.

        `also` names projects known to hold some: where a person changed a title, they still do.
        """
        known = frozenset(also)
        listed = self._studio.projects()
        titled = {project.id for project in listed if Lane.titled(project.title) is not None}
        # Of two with one title, the older one is used: all who look agree on that.
        self._by_title = {
            project.title: project.id for project in reversed(listed) if project.id in titled
        }
        return [project for project in listed if project.id in titled | known]

    def id_of(self, lane: Lane) -> int:
        """The lane's project, made if there is none. Two who make it at once end with one."""
        if lane.title not in self._by_title:
            mine = self._studio.create_project(lane, labeling_config(lane.kind, lane.version))
            self.own()
            if self._by_title[lane.title] != mine:
                # Another was first, and whoever looked since uses that one.
                self._studio.delete_project(mine)
            self.ready(self._by_title[lane.title])
            log.info("project.ready", title=lane.title, project=self._by_title[lane.title])
        return self._by_title[lane.title]

    def restore(self, projects: Iterable[SeenProject]) -> int:
        """Put edited configs back: answers are read by ours alone. How many were put back."""
        restored = 0
        for project in projects:
            lane = Lane.titled(project.title)
            if lane is None:
                continue
            try:
                config = labeling_config(lane.kind, lane.version)
                if project.label_config.strip() != config.xml.strip():
                    self._studio.restore_config(project.id, config)
                    restored += 1
                    log.warning("config.restored", project=project.id, title=project.title)
            except (StudioRefusedError, ConfigError) as error:
                log.error("config.differs", project=project.id, reason=str(error))
        return restored

    def ready(self, project_id: int) -> None:
        """What a project needs beside its config: its order, and the webhook."""
        try:
            self._studio.order_by_priority(project_id)
        except StudioRefusedError as error:
            log.warning("order.refused", project=project_id, reason=str(error))
        self._hook_up(project_id)

    def _hook_up(self, project_id: int) -> None:
        """Register the webhook, if there is one; polling does without where it is refused."""
        if self._hook is None:
            return
        try:
            self._studio.register_webhook(project_id, self._hook)
        except StudioRefusedError as error:
            # Another's server may forbid calls to private addresses.
            log.warning("webhook.refused", project=project_id, reason=str(error))
