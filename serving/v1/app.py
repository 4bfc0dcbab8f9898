"""The case API as one FastAPI app, to be mounted under /v1, with every error in the one shape."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from serving.answers import KNOWN, answer_for
from serving.errors import PROBLEMS, Problem, from_pydantic, problem_response
from serving.v1 import (
    audit,
    controls,
    designations,
    dossier,
    events,
    exchange,
    hooks,
    lookups,
    queue,
    restrictions,
    review,
    statements,
)

TITLE = "Concert: the case API"


def build_api() -> FastAPI:
    """The app. Whoever mounts it sets `state.office` and `state.standing` before it is asked."""
    api = FastAPI(
        title=TITLE,
        version="1",
        description="Groups, incidents, assessments, designations, associations, restrictions, "
        "appeals, statements, the queue and the audit log. Every path needs an API key.",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS
        | {
            404: {"model": Problem, "description": "There is nothing with this id"},
            409: {"model": Problem, "description": "The policy, or what stands, forbids it"},
        },
    )
    # Look-ups stand first: their paths are longer than those of the lists.
    for part in (
        lookups,
        exchange,
        dossier,
        designations,
        controls,
        restrictions,
        statements,
        queue,
        review,
        audit,
        events,
        hooks,
    ):
        api.include_router(part.router)
    api.add_exception_handler(RequestValidationError, _malformed)
    for error in KNOWN:
        api.add_exception_handler(error, _known)
    api.openapi = lambda: _openapi(api)  # type: ignore[method-assign]
    return api


def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem_response(400, from_pydantic(error.errors()))


def _known(_: Request, error: Exception) -> JSONResponse:
    return answer_for(error)


def _openapi(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        schema = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            servers=[{"url": "/v1"}],
        )
        for path in schema["paths"].values():
            for operation in path.values():
                # FastAPI foretells its own 422; here a malformed request is 400, as in the rest.
                operation["responses"].pop("422", None)
        for unused in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(unused, None)
        schema["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "bearerFormat": "concert_…"}
        }
        schema["security"] = [{"key": []}]
        api.openapi_schema = schema
    return api.openapi_schema
