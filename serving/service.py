"""The service: a front that never waits on torch, and the models in a process of their own.

`Concert` answers the scoring calls, mounts the case API under /v1 and is what `bentoml serve`
starts. `Scoring` alone loads the models; it listens on a socket that only this user can reach.
"""

import threading
from typing import Any

import aiohttp
import bentoml
from _bentoml_impl.client import RemoteProxy
from _bentoml_sdk import Service
from bentoml.exceptions import BentoMLConfigException
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp

from casework.assess import assess
from casework.office import Office, opened
from casework.standing import all_standing
from models.packs import PackError
from policy.assessment import Assessment
from policy.records import Post
from policy.settings import SettingsError, read_settings
from serving.answers import answered
from serving.appeals import build_page
from serving.bodies import (
    AccountScores,
    AssessGroup,
    ItemError,
    PostScores,
    ScoreAccounts,
    ScoredAccount,
    ScoredPost,
    ScorePosts,
)
from serving.edge import Edge, RealPath
from serving.errors import Wrong
from serving.gate import BearableBody, KeyRequired, Limits
from serving.keys import Keyring
from serving.metrics import count_scores
from serving.paths import Templates
from serving.process import announce_parent, configure_logs, end_with_parent, settle
from serving.review_gauges import keep_fresh
from serving.scoring import AccountsToScore, Desk, ScoredAccounts, ScoredPosts
from serving.standing import StandingRestrictions
from serving.tokens import Tokens
from serving.v1.app import build_api
from serving.watch import watch
from store.errors import StoreError
from store.store import asked_by

TIMEOUT_S = 300
"""1,000 long posts take a minute and more on one core."""

WAITING = 16
"""Scoring calls that may wait for their turn; the next is told 503 at once."""

_PROBED_WITHIN_S = 2

_KEPT: Any = {"max_requests": 2**53, "max_age": 1e9}
"""By default BentoML closes its connections to the models after 100 calls: those under way too."""

_TRACES: Any = {"excluded_urls": ["/v1/restrictions/"]}
"""A span costs a look-up more than the look-up itself."""

_LOGS: Any = {"access": {"enabled": False}}
"""BentoML's own access log repeats paths, and with them account ids; ours has templates."""

# Only a worker of the server has an index: a test that makes a service does not end with it.
if bentoml.server_context.worker_index is not None:
    end_with_parent()


@bentoml.service(
    name="Scoring",
    workers=1,
    threads=1,
    traffic={"timeout": TIMEOUT_S, "max_concurrency": WAITING},
    runner_connection=_KEPT,
    logging=_LOGS,
)
class Scoring:
    """The models. One process, one thread: torch on more falls below its speed on one."""

    def __init__(self) -> None:
        settings = read_settings()
        configure_logs(settings.log_level)
        self.office = Office.open(settings)
        self.desk = Desk(self.office)
        self.desk.load()

    @bentoml.api
    def posts(self, posts: list[Post], /) -> ScoredPosts:
        """Score posts."""
        return self.desk.posts(posts)

    @bentoml.api
    def accounts(self, asked: AccountsToScore) -> ScoredAccounts:
        """Score accounts against groups that exist."""
        return self.desk.accounts(asked)

    @bentoml.on_shutdown
    def close(self) -> None:
        """Give back the connections to the store."""
        self.office.close()


API = build_api()
PAGE = build_page()


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
    tracing=_TRACES,
    # BentoML's own probe raises while the other process is not there yet, and then never answers.
    runner_probe={"enabled": False},
)
@bentoml.asgi_app(API, path="/v1", name="v1")
@bentoml.asgi_app(PAGE, path="/appeal", name="appeal")
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
        self._watcher = threading.Thread(
            target=watch, args=(self.office, self._stopping), name="watch", daemon=True
        )
        self._refresher.start()
        self._watcher.start()
        self._gauges = threading.Thread(
            target=keep_fresh, args=(self.office, self._stopping), name="gauges", daemon=True
        )
        self._gauges.start()
        API.state.office = self.office
        API.state.standing = self.standing
        tokens = Tokens(settings) if settings.oidc_issuer else None
        API.state.keyring = Keyring(self.office.store, tokens=tokens)
        API.state.limits = Limits.of(settings)
        PAGE.state.office, PAGE.state.limits = self.office, API.state.limits
        settle()

    async def __is_ready__(self) -> bool:
        """Whether the models are loaded; the front itself answers as soon as it is there."""
        scoring: Any = self.scoring
        if not isinstance(scoring, RemoteProxy):
            return True
        try:
            return bool(await scoring.is_ready(_PROBED_WITHIN_S))
        except (aiohttp.ClientError, TimeoutError):
            return False

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Find wrong settings, and bring the store up to date, before any process starts."""
        try:
            with opened(read_settings()) as office:
                # A pack that cannot be read would end the models' process at each of its starts.
                _ = office.models.harm, office.models.association
        except (SettingsError, StoreError, PackError) as error:
            raise BentoMLConfigException(str(error)) from None
        announce_parent()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Stop what runs beside the requests."""
        self._stopping.set()
        self._refresher.join()
        self._watcher.join()
        self._gauges.join()
        self.office.close()

    @bentoml.api(route="/score_posts", output_spec=PostScores)
    async def score_posts(self, body: ScorePosts, /) -> PostScores | Response:
        """How likely each policy applies to each post, each harm with it, and the lane."""
        return await answered(self._score_posts(body))

    @bentoml.api(route="/score_accounts", output_spec=AccountScores)
    async def score_accounts(self, body: ScoreAccounts, /) -> AccountScores | Response:
        """How likely each account is tied to each group, with evidence and lane."""
        return await answered(self._score_accounts(body))

    @bentoml.api(route="/assess_group", output_spec=Assessment)
    async def assess_group(self, body: AssessGroup, /) -> Assessment | Response:
        """Coordination and harm of a group, and what the policy proposes."""
        return await answered(self._assess(body))

    async def _score_posts(self, body: ScorePosts) -> PostScores:
        problems = {post.id: problem for post in body.posts if (problem := post.problem())}
        good = [post.post() for post in body.posts if post.id not in problems]
        scored: ScoredPosts = await self._models("posts", good)
        scores = {score.post_id: score for score in scored.scores}
        count_scores("post", (score.lane for score in scored.scores), errors=len(problems))
        return PostScores(
            model=scored.model,
            results=[
                ItemError(id=post.id, error=problems[post.id])
                if post.id in problems
                else ScoredPost.of(scores[post.id])
                for post in body.posts
            ],
        )

    async def _score_accounts(self, body: ScoreAccounts) -> AccountScores:
        group_ids = await run_in_threadpool(self._groups, body.groups)
        problems = {one.id: problem for one in body.accounts if (problem := one.problem())}
        good = tuple(one.known() for one in body.accounts if one.id not in problems)
        scored: ScoredAccounts = await self._models(
            "accounts", asked=AccountsToScore(accounts=good, group_ids=group_ids)
        )
        ties = {one.id: list(found) for one, found in zip(good, scored.associations, strict=True)}
        lanes = (tie.lane for found in ties.values() for tie in found)
        count_scores("account", lanes, errors=len(problems))
        return AccountScores(
            model=scored.model,
            not_measured=[
                ItemError(id=group_id, error=why) for group_id, why in scored.not_measured.items()
            ],
            results=[
                ItemError(id=one.id, error=problems[one.id])
                if one.id in problems
                else ScoredAccount(id=one.id, associations=ties[one.id])
                for one in body.accounts
            ],
        )

    async def _models(self, call: str, *args: Any, **named: Any) -> Any:
        """Ask the models; again where their process died on it, for scoring changes nothing."""
        ask = getattr(self.scoring.to_async, call)
        try:
            return await ask(*args, **named)
        except aiohttp.ClientConnectionError:
            return await ask(*args, **named)

    def _groups(self, asked: list[str] | None) -> tuple[str, ...]:
        """The groups to measure against: those asked for, or all that are designated."""
        with self.office.store.reading() as work:
            if asked is None:
                return tuple(one.group_id for one in all_standing(work))
            known = work.groups.get_many(asked)
        for at, group_id in enumerate(asked):
            if group_id not in known:
                field, message = f"groups.{at}", f"there is no group {group_id!r}"
                raise Wrong(404, f"{field}: {message}", (field, message))
        return tuple(asked)

    async def _assess(self, body: AssessGroup) -> Assessment:
        return await run_in_threadpool(
            assess, self.office, body.group_id, actor=asked_by.get() or "api:assess_group"
        )


# The decorator makes a service of the class, which the types do not tell.
front: Any = Concert
front.add_asgi_middleware(RealPath)
front.add_asgi_middleware(
    KeyRequired, keyring=lambda: API.state.keyring, limits=lambda: API.state.limits
)
front.add_asgi_middleware(BearableBody)
