"""Webhooks: hints that something may have changed, never the truth of it.

A hint has a secret of its own in a header, because whoever sends it keeps no API key. It leaves a
row in the store that hastens the next pass of the reconciler; what is true, that pass asks.
"""

from typing import Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from serving.errors import Wrong
from serving.hook import HEADER, is_believed
from serving.metrics import HINTS
from serving.v1.desk import TheOffice
from store.work import Writing

router = APIRouter(tags=["hooks"])

_WITH_IDS = ("project", "task", "annotation")


class Taken(BaseModel):
    taken: bool = True


@router.post("/hooks/label-studio", status_code=202)
async def hint(
    request: Request,
    office: TheOffice,
    x_concert_hook: str = Header(default="", max_length=200),
) -> Taken:
    """Leave a hint that Label Studio has something new."""
    if not is_believed(x_concert_hook, office.secrets):
        HINTS.labels(believed="no").inc()
        raise Wrong(401, f"the header {HEADER} does not bear the webhook's secret")
    HINTS.labels(believed="yes").inc()
    body = _ids(await request.json())

    def do(work: Writing) -> None:
        work.hints.add({"from": "label-studio", **body}, at=work.now)

    await run_in_threadpool(
        office.store.transact, do, actor="webhook:label-studio", now=office.now()
    )
    return Taken()


def _ids(said: Any) -> dict[str, Any]:
    """The ids in a webhook's body: never the texts that it repeats."""
    if not isinstance(said, dict):
        return {}
    found: dict[str, Any] = {}
    if isinstance(said.get("action"), str):
        found["action"] = said["action"][:100]
    for name in _WITH_IDS:
        part = said.get(name)
        if isinstance(part, dict) and isinstance(part.get("id"), int):
            found[name] = part["id"]
    return found
