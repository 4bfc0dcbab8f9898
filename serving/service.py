"""The service: a front that never waits on torch, and the models in a process of their own.

`Concert` answers the scoring calls, mounts the case API under /v1 and is what `bentoml serve`
starts. `Scoring` alone loads the models; it listens on a socket that only this user can reach.
"""

import threading
from typing import Any

import bentoml
from _bentoml_sdk import Service
from anyio import to_thread
from bentoml.exceptions import BentoMLConfigException
from starlette.responses import Response
from starlette.types import ASGIApp

from casework.assess import assess
from casework.office import Office
from policy.assessment import Assessment
from policy.records import Post
from policy.scores import PostScore
from policy.settings import SettingsError, read_settings
from policy.words import Lane, Value
from serving.answers import answered
from serving.bodies import AssessGroup, ItemError, PostScores, ScoredPost, ScorePosts
from serving.edge import Edge, RealPath
from serving.gate import BearableBody, KeyRequired
from serving.keys import Keyring
from serving.metrics import SCORES
from serving.paths import Templates
from serving.process import announce_parent, configure_logs, end_with_parent
from serving.standing import StandingRestrictions
from serving.v1.app import build_api
from store.errors import StoreError

TIMEOUT_S = 300
"""1,000 long posts take a minute and more on one core."""

WAITING = 16
"""Scoring calls that may wait for their turn; the next is told 503 at once."""

_LOGS: Any = {"access": {"enabled": False}}
"""BentoML's own access log repeats paths, and with them account ids; ours has templates."""

# Only a worker of the server has an index: a test that makes a service does not end with it.
if bentoml.server_context.worker_index is not None:
    end_with_parent()


class Scored(Value):
    """What `Scoring` answers for posts."""

    model: str
    scores: tuple[PostScore, ...]


@bentoml.service(
    name="Scoring",
    workers=1,
    threads=1,
    traffic={"timeout": TIMEOUT_S, "max_concurrency": WAITING},
    logging=_LOGS,
)
class Scoring:
    """The models. One process, one thread: torch on more falls below its speed on one."""

    def __init__(self) -> None:
        settings = read_settings()
        configure_logs(settings.log_level)
        self.office = Office.open(settings)
        # Loads the encoder too, so that the first caller does not wait for torch.
        self.office.models.harm.score([Post(post_id="-", account_id="-", text="ready")])

    @bentoml.api
    def posts(self, posts: list[Post], /) -> Scored:
        """Score posts; any text gets a score."""
        harm = self.office.models.harm
        return Scored(model=harm.manifest.model, scores=tuple(harm.score(posts)))

    @bentoml.on_shutdown
    def close(self) -> None:
        """Give back the connections to the store."""
        self.office.close()


API = build_api()


class _Front(Service[Any]):
    """A service whose every answer passes the edge: even BentoML's own timeouts and 404."""

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        return Edge(super().to_asgi(is_main), Templates(API.openapi()["paths"]))


@bentoml.service(
    name="Concert",
    service_class=_Front,
    workers=1,
    traffic={"timeout": TIMEOUT_S},
    logging=_LOGS,
)
@bentoml.asgi_app(API, path="/v1", name="v1")
class Concert:
    """Scores posts and accounts, assesses groups, keeps cases and answers look-ups."""

    scoring = bentoml.depends(Scoring)

    def __init__(self) -> None:
        settings = read_settings()
        configure_logs(settings.log_level)
        self.office = Office.open(settings)
        self.standing = StandingRestrictions(self.office.store)
        self._stopping = threading.Event()
        self._refresher = threading.Thread(
            target=self.standing.keep_fresh, args=(self._stopping,), name="suspensions", daemon=True
        )
        self._refresher.start()
        API.state.office = self.office
        API.state.standing = self.standing
        API.state.keyring = Keyring(self.office.store)

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Find wrong settings, and bring the store up to date, before any process starts."""
        try:
            Office.open(read_settings()).close()
        except (SettingsError, StoreError) as error:
            raise BentoMLConfigException(str(error)) from None
        announce_parent()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Stop what runs beside the requests."""
        self._stopping.set()
        self._refresher.join()
        self.office.close()

    @bentoml.api(route="/score_posts", output_spec=PostScores)
    async def score_posts(self, body: ScorePosts, /) -> PostScores | Response:
        """How likely each policy applies to each post, each harm with it, and the lane."""
        return await answered(self._score_posts(body))

    @bentoml.api(route="/assess_group", output_spec=Assessment)
    async def assess_group(self, body: AssessGroup, /) -> Assessment | Response:
        """Coordination and harm of a group, and what the policy proposes."""
        return await answered(self._assess(body))

    async def _score_posts(self, body: ScorePosts) -> PostScores:
        problems = {post.id: problem for post in body.posts if (problem := post.problem())}
        good = [post.post() for post in body.posts if post.id not in problems]
        scored: Scored = await self.scoring.to_async.posts(good)
        scores = {score.post_id: score for score in scored.scores}
        for lane in Lane:
            count = sum(score.lane is lane for score in scored.scores)
            SCORES.labels(what="post", lane=lane.value).inc(count)
        SCORES.labels(what="post", lane="error").inc(len(problems))
        return PostScores(
            model=scored.model,
            results=[
                ItemError(id=post.id, error=problems[post.id])
                if post.id in problems
                else ScoredPost.of(scores[post.id])
                for post in body.posts
            ],
        )

    async def _assess(self, body: AssessGroup) -> Assessment:
        return await to_thread.run_sync(
            lambda: assess(self.office, body.group_id, actor="api:assess_group")
        )


Concert.add_asgi_middleware(RealPath)
Concert.add_asgi_middleware(KeyRequired, keyring=lambda: API.state.keyring)
Concert.add_asgi_middleware(BearableBody)
