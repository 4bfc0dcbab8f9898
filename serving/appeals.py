"""The page by which a person reads what was decided about them, and objects, without any key.

A signed link is all that opens it. It needs no script, loads nothing from elsewhere, and holds
nothing back from whoever has the link: so it says what was done and why, but never about whom.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from casework.appeal import add_to_appeal, appeal
from casework.appeal_links import PATH, Link, read_token
from casework.notices import Language, accepted, day, language_for, languages, notice
from casework.office import Office
from policy.appeals import Appeal, AppealState
from policy.rules import Rule
from policy.words import Refusal
from serving.errors import too_often
from serving.gate import Limits
from store.errors import StoreBusy, StoreError, StoreUnavailable

MOST_CHARACTERS = 20_000
_MOST_BYTES = 6 * MOST_CHARACTERS + 1000
"""Six bytes of a form for a character of three, and the name of the field."""

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
_TEMPLATE = _PAGES.get_template("appeal.html")


def _style_hash() -> str:
    """The hash by which the policy below lets the page's own style in, and no other."""
    source = (Path(__file__).resolve().parent / "page" / "appeal.html").read_text("utf-8")
    found = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert found is not None
    return base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_style_hash()}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # The address itself is the right to object: it must not travel to another site.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def build_page() -> Starlette:
    """The app. Whoever mounts it sets `state.office` and `state.limits` before it is asked."""
    return Starlette(routes=[Route("/{link}", _page, methods=["GET", "POST"])])


async def _page(request: Request) -> Response:
    office: Office = request.app.state.office
    limits: Limits = request.app.state.limits
    asked = request.query_params.getlist("lang") or accepted(
        request.headers.get("accept-language", "")
    )
    language = language_for(asked)
    address = request.client.host if request.client else "unknown"
    wait = limits.pages.wait_for(address)
    if wait:
        return _plain(language, 429, language.page["too_often"], too_often(wait).headers)
    token = request.path_params["link"]
    link = read_token(token, office.secrets, office.now())
    if link is None:
        return _plain(language, 404, None)
    text = await _text_of(request) if request.method == "POST" else None
    if text is not None and text.strip():
        wait = limits.letters.wait_for(link.restriction_id)
        if wait:
            return _plain(language, 429, language.page["too_often"], too_often(wait).headers)
    try:
        return await run_in_threadpool(_answer, office, link, language, text, token)
    except (StoreUnavailable, StoreBusy):
        # Nothing of what the person wrote is lost to them: their browser keeps the form.
        return _plain(language, 503, language.page["too_often"], {"Retry-After": "60"})
    except StoreError:
        return _plain(language, 404, None)


async def _text_of(request: Request) -> str:
    """What the form says; longer than the most where it is longer than can be read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return "x" * (MOST_CHARACTERS + 1)
    form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    return form.get("text", [""])[0].replace("\r\n", "\n").replace("\x00", "")


def _answer(
    office: Office, link: Link, language: Language, text: str | None, token: str
) -> Response:
    words = language.page
    problem = None
    if text is not None:
        problem = _wrong(text, words) or _take(office, link, text.strip(), words)
        if problem is None:
            # Shown by a request of its own, so that going back sends nothing again.
            return RedirectResponse(f"{PATH}{token}?lang={language.code}", 303, headers=_HEADERS)
    with office.store.reading() as work:
        now = office.now()
        restriction = work.restrictions.need(link.restriction_id)
        statement = work.statements.find(restriction_id=restriction.id)[0]
        appeals = work.appeals.find(restriction_id=restriction.id)
        told = notice(work, restriction, statement, language)
    latest = max(appeals, key=lambda one: one.opened_at, default=None)
    open_ = latest is not None and latest.state is AppealState.OPEN
    return HTMLResponse(
        _TEMPLATE.render(
            **_common(language),
            parts=told.parts,
            problem=problem,
            draft=text or "",
            appeal=latest,
            ended=restriction.ended_at(now) is not None,
            due=day(restriction.appeal_due, language) if restriction.appeal_due and open_ else None,
            form=open_ or (latest is None and now <= statement.appeal_until),
        ),
        status_code=400 if problem else 200,
        headers=_HEADERS,
    )


def _wrong(text: str, words: Mapping[str, str]) -> str | None:
    if not text.strip():
        return words["empty"]
    return words["too_long"] if len(text) > MOST_CHARACTERS else None


def _take(office: Office, link: Link, text: str, words: Mapping[str, str]) -> str | None:
    """Open the appeal, or add to the one that is open; why not, where a rule refuses."""
    actor = "page:appeal"
    with office.store.reading() as work:
        standing: list[Appeal] = work.appeals.find(restriction_id=link.restriction_id)
    open_ = next((one for one in standing if one.state is AppealState.OPEN), None)
    try:
        if open_ is not None:
            add_to_appeal(office, open_.id, text, actor=actor)
        elif standing:
            return words["over"]
        else:
            appeal(office, link.restriction_id, text, actor=actor)
    except Refusal as refusal:
        if refusal.rule == Rule.APPEAL_STEP:
            # Sent twice at once: the first one stands.
            return None
        return words["over"]
    return None


def _common(language: Language) -> dict[str, Any]:
    return {
        "language": language,
        "words": language.page,
        "languages": tuple(languages().values()),
    }


def _plain(
    language: Language,
    status: int,
    problem: str | None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    html = _TEMPLATE.render(**_common(language), parts=(), problem=problem)
    return HTMLResponse(html, status_code=status, headers={**_HEADERS, **(headers or {})})
