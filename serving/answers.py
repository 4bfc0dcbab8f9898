"""From what a use case raises to an answer in the one shape, for BentoML's calls and FastAPI's."""

import re
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from bentoml.exceptions import BentoMLException
from pydantic import ValidationError
from starlette.responses import JSONResponse

from policy.settings import SettingsError
from policy.words import Refusal
from serving.errors import Detail, Problem, Wrong, from_pydantic, problem_response
from store.errors import (
    AlreadyThere,
    LostUpdate,
    NotFound,
    NotStorable,
    StoreBusy,
    StoreUnavailable,
)

T = TypeVar("T")

_FIELD_FIRST = re.compile(r"([a-z_]+(?:\.\w+)*): (.+)", re.DOTALL)
_LATER = {"Retry-After": "2"}

KNOWN = (
    Wrong,
    Refusal,
    ValidationError,
    NotFound,
    AlreadyThere,
    LostUpdate,
    NotStorable,
    StoreBusy,
    StoreUnavailable,
    SettingsError,
)
"""What a caller is told; anything else is a fault of ours, 500, and told to the log alone."""

_STATUS: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((ValidationError, NotStorable), 400),
    ((NotFound,), 404),
    ((Refusal, AlreadyThere, LostUpdate), 409),
)


async def answered(work: Awaitable[T]) -> T | JSONResponse:
    """What the work gives, or the answer that tells why it gave nothing."""
    try:
        return await work
    except KNOWN as error:
        return answer_for(error)
    except BentoMLException as error:
        # Of the process that holds the models: 429 is its queue, 503 and 504 its absence.
        if error.error_code.value in (429, 503, 504):
            return _models_away()
        raise
    except (aiohttp.ClientError, TimeoutError):
        return _models_away()


def answer_for(error: Exception) -> JSONResponse:
    """The answer for one of the known errors."""
    if isinstance(error, Wrong):
        return error.response()
    status = next((code for kinds, code in _STATUS if isinstance(error, kinds)), 503)
    return problem_response(status, _problem(error), _LATER if status == 503 else None)


def _problem(error: Exception) -> Problem:
    match error:
        case Refusal():
            return _of_refusal(error)
        case ValidationError():
            return from_pydantic(error.errors())
        case NotFound():
            field = f"{error.kind.removesuffix('s')}_id"
            message = f"there is no {error.key!r}"
            detail = [Detail(field=field, message=message)]
            return Problem(error=f"{field}: {message}", detail=detail)
        case _:
            return Problem(error=str(error))


def _of_refusal(refusal: Refusal) -> Problem:
    """What a rule refused, with its name; and the field, where the reason begins with one."""
    named = _FIELD_FIRST.fullmatch(refusal.reason)
    detail = [Detail(field=named[1], message=named[2])] if named else []
    return Problem(error=str(refusal), detail=detail)


def _models_away() -> JSONResponse:
    return problem_response(
        503, Problem(error="the models cannot answer just now; try again shortly"), _LATER
    )
