"""What the reconciler remembers of the server, where ids come back and times do not move."""

from datetime import UTC, datetime, timedelta

import pytest

from labeling.desk import TaskKey
from labeling.index import Index
from labeling.studio import Mark, SeenAnnotation, SeenTask
from policy.cases import CaseKind

AT = datetime(2026, 1, 5, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
ONE, TWO = TaskKey("one", 1), TaskKey("two", 1)
ANSWER = SeenAnnotation(
    *(7, AT.isoformat(), AT, 1, 1),
    lead_time=None,
    skipped=False,
    result=[],
)


def task(
    key: TaskKey | None, *annotations: SeenAnnotation, owner: str = "us", at: datetime = AT
) -> SeenTask:
    mark = Mark(owner, key, CaseKind.ASSOCIATION, 2) if key else None
    return SeenTask(31, 20, at, mark, annotations)


@pytest.mark.parametrize(
    ("then", "new"),
    [
        pytest.param(task(ONE), False, id="as it was"),
        pytest.param(task(ONE, at=LATER), True, id="later"),
        pytest.param(task(ONE, ANSWER), True, id="an answer, and no time of change"),
        pytest.param(task(TWO), True, id="the same id for another"),
        pytest.param(task(ONE, owner="them"), False, id="the same id for others"),
    ],
)
def test_what_is_new_about_a_task(then: SeenTask, new: bool) -> None:
    seen = Index().of(20)
    assert seen.take(task(ONE), owner="us")
    seen.deal(task(ONE))
    assert seen.take(then, owner="us") == new


@pytest.mark.parametrize(
    "then", [task(TWO, at=LATER), task(None, at=LATER), task(ONE, owner="them", at=LATER)]
)
def test_an_id_that_comes_back_stands_for_what_it_stands_for_now(then: SeenTask) -> None:
    index = Index()
    index.of(20).take(task(ONE), owner="us")
    index.of(20).take(then, owner="us")
    assert index.tasks_for(ONE) == []
    assert not index.stands_for(ONE, 20, 31)
    ours = then.mark is not None and then.mark.owner == "us"
    assert index.tasks_for(TWO) == ([(20, 31)] if ours else [])
    assert list(index.doubled()) == []
