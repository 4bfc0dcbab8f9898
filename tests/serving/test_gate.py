"""Keys at the door of the real service: what each opens, and in whose name it changes something."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from casework.office import Office, opened
from policy.roles import Role
from policy.settings import Settings
from serving.gate import STRANGERS_AT_ONCE, KeyRequired, Limits
from serving.keys import Keyring
from store.keys import make_key
from store.store import Store
from tests.serving.conftest import Server

pytestmark = pytest.mark.server

Maker = Callable[..., httpx.Client]


@pytest.fixture
def office(server: Server) -> Iterator[Office]:
    with opened(server.settings) as one:
        yield one


@pytest.fixture
def caller(server: Server, office: Office) -> Iterator[Maker]:
    """Makes a client with a key of its own."""
    made: list[httpx.Client] = []

    def make(*roles: Role, person: str | None = None, on_behalf: bool = False) -> httpx.Client:
        key, _ = office.store.transact(
            lambda work: make_key(
                work, label=f"tests {len(made)}", roles=roles, person=person, on_behalf=on_behalf
            ),
            actor="system:test",
            now=office.now(),
        )
        made.append(server.client(key))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize(
    ("role", "opens", "shut"),
    [
        (Role.PLATFORM, ["/v1/restrictions/accounts/a1", "/docs.json"], ["/v1/groups", "/metrics"]),
        (Role.REVIEWER, ["/v1/groups", "/v1/queue"], ["/v1/audit", "/metrics"]),
        (Role.READ_ONLY, ["/v1/groups", "/v1/audit", "/metrics"], ["/v1/keys"]),
    ],
)
def test_a_key_opens_what_its_role_may(
    caller: Maker, role: Role, opens: list[str], shut: list[str]
) -> None:
    client = caller(role)
    assert [client.get(path).status_code for path in opens] == [200] * len(opens)
    assert [client.get(path).status_code for path in shut] == [403] * len(shut)
    for path in ("/score_posts", "/v1/groups", "/v1/designations/x/withdraw"):
        status = client.post(path, json={}).status_code
        assert status == (400 if (role, path) == (Role.PLATFORM, "/score_posts") else 403), path
    assert client.get(shut[0]).json().keys() == {"error", "detail"}


def test_a_persons_key_decides_in_that_name_alone(caller: Maker, office: Office) -> None:
    ada = caller(Role.POLICY, person="person:ada")
    saved = ada.post("/v1/groups", json={"id": "by_ada", "name": "By Ada"})
    assert saved.status_code == 200, saved.text
    path = "/v1/designations/none/withdraw"
    assert ada.post(path, json={"by": "person:ben", "reason": "a few words"}).status_code == 403
    assert ada.post(path, json={"reason": "a few words"}).status_code == 404
    desk = caller(Role.POLICY, on_behalf=True)
    assert desk.post(path, json={"reason": "a few words"}).status_code == 400
    assert desk.post(path, json={"by": "person:ben", "reason": "a few words"}).status_code == 404
    nobody = caller(Role.POLICY)
    assert nobody.post(path, json={"by": "person:ben", "reason": "few words"}).status_code == 403
    with office.store.reading() as work:
        (row,) = [row for row in work.history.after(0, limit=10_000) if row.id == "by_ada"]
    assert row.actor == "person:ada"


def test_a_name_that_a_key_gave_is_written_beside_the_key(caller: Maker, office: Office) -> None:
    desk = caller(Role.PLATFORM, Role.POLICY, Role.REVIEWER, on_behalf=True)
    opened_ = desk.post(
        "/v1/appeals", json={"restriction_id": "r_post", "text": "I wrote about birds."}
    )
    assert opened_.status_code == 201, opened_.text
    (case,) = [
        one
        for one in desk.get("/v1/queue", params={"kind": "appeal"}).json()["items"]
        if one["subject_id"] == "at://did:plc:x/post/1"
    ]
    answer = {
        "verdict": {"kind": "appeal", "decision": "uphold", "reason": "It was about people."},
        "round": case["round"],
        "by": "person:grace",
        "source": "desk:gate",
    }
    decided = desk.post(f"/v1/queue/{case['id']}/decision", json=answer)
    assert decided.status_code == 201, decided.text
    with office.store.reading() as work:
        rows = [row for row in work.history.after(0, limit=10_000) if row.id == case["id"]]
    assert [row.actor.partition(" via ")[0] for row in rows][-1] == "person:grace"
    assert " via api:tests" in rows[-1].actor


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("in")(scope, receive, send)


@pytest.mark.anyio
async def test_guessing_keys_is_slowed_down_and_good_keys_go_on(store: Store) -> None:
    with store.writing("system:test", datetime.now(UTC)) as work:
        good, _ = make_key(work, label="tests", roles=(Role.ADMIN,))
    limits = Limits.of(Settings(rate_limit=20, _env_file=None))
    app = KeyRequired(_nothing, lambda: Keyring(store), lambda: limits)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tests") as client:

        async def ask(key: str) -> httpx.Response:
            return await client.get("/v1/groups", headers={"Authorization": f"Bearer {key}"})

        said = [await ask(f"concert_guess-{n:08}") for n in range(STRANGERS_AT_ONCE + 5)]
        codes = [one.status_code for one in said]
        assert codes[:STRANGERS_AT_ONCE] == [401] * STRANGERS_AT_ONCE
        assert codes[-1] == 429
        assert int(said[-1].headers["Retry-After"]) >= 1
        # A good key behind the same address is let in, as often as it may ask.
        known = [(await ask(good)).status_code for _ in range(60)]
    assert known[:40] == [200] * 40
    assert 429 in known


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
