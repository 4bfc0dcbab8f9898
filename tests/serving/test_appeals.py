"""The page to object on, over HTTP: a signed link, no key, no script."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from casework.appeal_links import PATH, make_token
from casework.notices import languages
from casework.office import Office, opened
from policy.words import RestrictionKind
from tests.serving.conftest import Server
from tests.serving.values import lay, restriction

pytestmark = pytest.mark.server

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def office(server: Server) -> Iterator[Office]:
    """With restrictions that only these tests object to."""
    with opened(server.settings) as one:
        now = one.now()
        for number in range(4):
            limit = restriction(
                f"page_{number}",
                f"page_account_{number}",
                RestrictionKind.LIMIT_SEARCH,
                starts_at=now - timedelta(days=1),
                expires_at=now + timedelta(days=29),
            )
            lay(one.store, limit, now=now)
        yield one


@pytest.fixture
def person(server: Server) -> Iterator[httpx.Client]:
    """A browser without a key."""
    with httpx.Client(base_url=server.url, timeout=60.0) as client:
        yield client


def link(office: Office, restriction_id: str, *, days: int = 184) -> str:
    until = office.now() + timedelta(days=days)
    return PATH + make_token(office.secrets[0], restriction_id, until)


def test_the_notice_bears_the_link(api: httpx.Client, office: Office, person: httpx.Client) -> None:
    told = api.get("/v1/statements/statement_page_0/notice", params={"lang": "de"}).json()
    assert told["language"] == "de"
    assert "Konto" in told["text"]
    page = person.get(urlsplit(told["appeal_url"]).path)
    assert page.status_code == 200
    assert api.get("/v1/statements/statement_page_0/dsa").json()["problems"] == []


def test_a_person_objects_adds_and_reads_the_outcome(
    office: Office, person: httpx.Client, api: httpx.Client
) -> None:
    at = link(office, "page_1")
    first = person.get(at, headers={"Accept-Language": "fr-CA,fr;q=0.9"})
    assert 'lang="fr"' in first.text
    assert "textarea" in first.text
    sent = person.post(f"{at}?lang=fr", data={"text": f"Je citais. {SCRIPT} é 猫"})
    assert sent.status_code == 303, sent.text
    page = person.get(sent.headers["Location"])
    assert "Je citais." in page.text
    assert "é 猫" in page.text
    assert SCRIPT not in page.text
    with office.store.reading() as work:
        due = work.restrictions.need("page_1").appeal_due
    assert due is not None
    assert f"{due:%Y-%m-%d %H:%M}" in page.text
    assert person.post(at, data={"text": "Et encore."}).status_code == 303
    (case,) = [
        one
        for one in api.get("/v1/queue", params={"kind": "appeal"}).json()["items"]
        if one["subject_id"] == "page_account_1"
    ]
    answer = {
        "verdict": {"kind": "appeal", "decision": "reject", "reason": "It was a quotation."},
        "round": case["round"],
        "by": "person:grace",
        "source": "desk:page",
    }
    decided = api.post(f"/v1/queue/{case['id']}/decision", json=answer)
    assert decided.status_code == 201, decided.text
    over = person.get(f"{at}?lang=en").text
    assert "It was a quotation." in over
    assert "Et encore." in over
    assert "has been taken back" in over
    assert "<form" not in over
    assert person.post(at, data={"text": "Again."}).status_code == 400
    stands = api.get("/v1/restrictions/accounts/page_account_1?surface=search").json()
    assert stands["verdict"] == "show"


def test_every_language_is_a_whole_page(office: Office, person: httpx.Client) -> None:
    at = link(office, "page_2")
    for code, language in languages().items():
        page = person.get(at, params={"lang": code})
        assert page.status_code == 200
        assert f'<html lang="{code}" dir="{language.direction}">' in page.text
        assert language.page["heading"] in page.text
        # Nothing is run and nothing is loaded from elsewhere.
        assert not re.search(r"<(script|img|link|iframe)|https?://|\son\w+=", page.text)
        assert "page_account_2" not in page.text
        assert 'for="text"' in page.text


def test_the_page_keeps_to_itself(office: Office, person: httpx.Client) -> None:
    headers = person.get(link(office, "page_2")).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy


def test_other_links_open_nothing(office: Office, person: httpx.Client) -> None:
    good = link(office, "page_2")
    wrong = [
        link(office, "page_2", days=-1),
        link(office, "no such restriction"),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good + "x",
        PATH + "x",
        PATH + "%00",
        PATH + "..%2f..%2fetc",
    ]
    for path in wrong:
        answer = person.get(path)
        assert answer.status_code == 404, path
        assert "<form" not in answer.text
    assert person.delete(good).status_code == 405
    # A link is no key, and a page is no way around one.
    assert person.get("/v1/appeals", headers={"Authorization": f"Bearer {good}"}).status_code == 401


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 20_001, "x" * 3_000_000])
def test_what_cannot_be_taken_is_said_on_the_page(
    office: Office, person: httpx.Client, text: str
) -> None:
    answer = person.post(f"{link(office, 'page_2')}?lang=en", data={"text": text})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    with office.store.reading() as work:
        assert work.appeals.find(restriction_id="page_2") == []


def test_what_is_sent_too_often_waits(office: Office, person: httpx.Client) -> None:
    at = link(office, "page_3")
    said = [person.post(at, data={"text": f"Line {n}"}).status_code for n in range(14)]
    assert set(said) == {303, 429}
    assert said[:10] == [303] * 10
    with office.store.reading() as work:
        (one,) = work.appeals.find(restriction_id="page_3")
    assert len(one.further) == said.count(303) - 1


def test_neither_links_nor_texts_are_logged(
    server: Server, office: Office, person: httpx.Client
) -> None:
    at = link(office, "page_3")
    person.post(at, data={"text": "an unmistakable sentence about herons"})
    log = server.log.read_text()
    assert "herons" not in log
    assert at.removeprefix(PATH) not in log
    assert "/appeal/{link}" in log
    assert "Traceback" not in log
