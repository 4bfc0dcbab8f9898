"""One shape for every error that leaves the service: what is wrong, and in which field.

`{"error": "…", "detail": [{"field": "posts.3.text", "message": "…"}]}`, whether BentoML, FastAPI
or a rule of ours refused. A refusal by a rule names the rule in the field `rule`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

_HOLDERS = ("body", "query", "path", "header", "cookie")
"""Where FastAPI says that a parameter stood; a reader of the message knows that."""


class Detail(BaseModel):
    """One thing that is wrong."""

    field: str
    """Dotted path from the root of the request, such as `posts.3.text`; `body` for the whole."""
    message: str


class Problem(BaseModel):
    """The body of every answer with a status of 400 and above."""

    error: str
    detail: list[Detail] = []


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not well formed; `detail` names fields"},
    401: {"model": Problem, "description": "No key, or one that is not (or no longer) known"},
    403: {"model": Problem, "description": "The key's roles do not allow it"},
    413: {"model": Problem, "description": "The body is too large"},
    415: {"model": Problem, "description": "The body is not JSON"},
    429: {"model": Problem, "description": "Too often; `Retry-After` says when to try again"},
    503: {"model": Problem, "description": "The case store or the models cannot answer just now"},
}
"""What any call may answer, for the OpenAPI documents."""


class Wrong(Exception):
    """The request cannot be carried out; becomes a Problem with this status."""

    def __init__(
        self,
        status: int,
        error: str,
        *detail: tuple[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers
        self.problem = Problem(
            error=error, detail=[Detail(field=field, message=message) for field, message in detail]
        )

    def response(self) -> JSONResponse:
        """The answer to give."""
        return problem_response(self.status, self.problem, self.headers)


def too_often(wait_s: float) -> Wrong:
    """The answer to whoever asks more often than is allowed."""
    seconds = math.ceil(wait_s)
    return Wrong(
        429, f"too many requests; try again in {seconds} s", headers={"Retry-After": str(seconds)}
    )


def problem_response(
    status: int, problem: Problem, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer in the one shape."""
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers)


def from_pydantic(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """The problem behind pydantic's or FastAPI's list of errors (`loc`, `msg`, `type`)."""
    detail = [
        Detail(
            field=_field(error.get("loc", ()), str(error.get("type", ""))),
            message=_message(error),
        )
        for error in errors
    ]
    if len(detail) == 1:
        return Problem(error=f"{detail[0].field}: {detail[0].message}", detail=detail)
    return Problem(error=f"{len(detail)} fields of the request are wrong", detail=detail)


def _field(place: Sequence[str | int], kind: str) -> str:
    if kind == "json_invalid":
        # FastAPI gives the place in the text; the message tells it already.
        return "body"
    parts = [str(part) for part in place]
    if len(parts) > 1 and parts[0] in _HOLDERS:
        parts = parts[1:]
    return ".".join(parts) or "body"


_PLAIN = {
    "dict_type": "should be an object",
    "extra_forbidden": "there is no such field",
    "list_type": "should be a list",
    "missing": "is required",
    "model_attributes_type": "should be an object",
    "model_type": "should be an object",
    "string_type": "should be a text",
    "string_unicode": "holds a lone surrogate, which is no character",
    "too_long": "at most {max_length} are taken at once, not {actual_length}",
    "too_short": "at least {min_length} must be given",
}


def _message(error: Mapping[str, Any]) -> str:
    kind = str(error.get("type", ""))
    known: dict[str, Any] = error.get("ctx") or {}
    if kind == "json_invalid":
        return f"is not JSON: {known.get('error', 'broken')}"
    message = str(error.get("msg", "is not valid"))
    if kind in _PLAIN:
        try:
            return _PLAIN[kind].format_map(known)
        except KeyError:
            # BentoML leaves the context out; pydantic's own words hold its numbers.
            pass
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
