"""The service as a class, without a server: what it answers, and what it refuses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from casework.dossier import save_groups
from serving.bodies import (
    AssessGroup,
    ItemError,
    PostScores,
    ScoreAccounts,
    ScoredPost,
    ScorePosts,
)
from tests.serving.values import GROUP

pytestmark = [
    pytest.mark.server,
    # BentoML and what it imports use what others have deprecated; our own code does not.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def concert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The front with the models in this process."""
    home: Path = tmp_path_factory.mktemp("direct") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCERT_HOME", str(home))
        from serving.service import Concert

        made = Concert()
        save_groups(made.office, [GROUP], actor="person:ada")
        yield made
        made.scoring.close()
        made.close()


@pytest.mark.anyio
async def test_posts(concert: Any) -> None:
    body = ScorePosts.model_validate(
        {"posts": [{"id": "1", "text": "The library is open."}, {"id": "2", "text": "\ud800"}]}
    )
    scores = await concert.score_posts(body)
    assert isinstance(scores, PostScores)
    first, second = scores.results
    assert isinstance(first, ScoredPost)
    assert isinstance(second, ItemError)
    assert (first.id, second.id) == ("1", "2")


@pytest.mark.anyio
async def test_all_bad_is_still_an_answer(concert: Any) -> None:
    body = ScorePosts.model_validate({"posts": [{"id": "1", "text": "\ud800"}]})
    scores = await concert.score_posts(body)
    assert [one.id for one in scores.results] == ["1"]
    assert scores.model


@pytest.mark.anyio
async def test_unknown_groups_are_refused_by_name(concert: Any) -> None:
    accounts = [{"id": "a", "posts": [{"id": "1", "text": "hello"}]}]
    body = ScoreAccounts.model_validate({"accounts": accounts, "groups": ["owls", "cats"]})
    answer = await concert.score_accounts(body)
    assert isinstance(answer, JSONResponse)
    assert answer.status_code == 404
    assert b'"groups.1"' in answer.body
    answer = await concert.assess_group(AssessGroup(group_id="cats"))
    assert answer.status_code == 404


@pytest.mark.anyio
async def test_an_assessment_is_kept(concert: Any) -> None:
    assessment = await concert.assess_group(AssessGroup(group_id="owls"))
    with concert.office.store.reading() as work:
        assert work.assessments.need(assessment.id) == assessment


@pytest.mark.anyio
async def test_it_is_ready_without_another_process(concert: Any) -> None:
    assert await concert.__is_ready__()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
