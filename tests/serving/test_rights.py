"""Who may do what: every role against every route, keys of people, tokens, and how often."""

import itertools
from typing import Any

import pytest

from policy.roles import RIGHTS, Right, Role
from serving.callers import Caller
from serving.errors import Wrong
from serving.limits import Limiter
from serving.rights import may, right_for
from serving.v1.app import build_api

_R, _L, _P, _O, _F, _A = Role  # reviewer, lead, policy, read_only, platform, admin
EVERYBODY = {*Role}
READERS = {_R, _L, _P, _O, _A}

TABLE: tuple[tuple[str, str, set[Role]], ...] = (
    ("POST", "/score_posts", {_P, _F, _A}),
    ("POST", "/score_accounts", {_P, _F, _A}),
    ("POST", "/assess_group", {_P, _A}),
    ("GET", "/metrics", {_L, _P, _O, _A}),
    ("GET", "/", EVERYBODY),
    ("GET", "/docs.json", EVERYBODY),
    ("GET", "/schema.json", EVERYBODY),
    ("GET", "/v1/openapi.json", EVERYBODY),
    ("GET", "/v1/restrictions/accounts/a", EVERYBODY),
    ("GET", "/v1/restrictions/posts/at://did/x/1", EVERYBODY),
    ("POST", "/v1/restrictions/lookup", EVERYBODY),
    ("GET", "/v1/restrictions", READERS),
    ("GET", "/v1/restrictions/r1", READERS),
    ("GET", "/v1/events", EVERYBODY),
    ("GET", "/v1/me", EVERYBODY),
    ("GET", "/v1/groups", READERS),
    ("GET", "/v1/groups/g1", READERS),
    ("POST", "/v1/groups", {_P, _A}),
    ("GET", "/v1/incidents", READERS),
    ("GET", "/v1/incidents/i1", READERS),
    ("POST", "/v1/incidents", {_P, _A}),
    ("POST", "/v1/incidents/i1/retract", {_P, _A}),
    ("POST", "/v1/incidents/i1/disprove", {_P, _A}),
    ("GET", "/v1/findings", READERS),
    ("GET", "/v1/findings/f1", READERS),
    ("POST", "/v1/findings", {_P, _A}),
    ("GET", "/v1/assessments", READERS),
    ("GET", "/v1/assessments/a1", READERS),
    ("POST", "/v1/assessments", {_P, _A}),
    ("GET", "/v1/designations", READERS),
    ("GET", "/v1/designations/d1", READERS),
    ("POST", "/v1/designations", {_P, _A}),
    *(
        ("POST", f"/v1/designations/d1/{step}", {_P, _A})
        for step in (
            *("designate", "second", "decline", "start_review", "keep", "modify", "withdraw"),
        )
    ),
    ("GET", "/v1/groups/g1/dossier", READERS),
    ("POST", "/v1/groups/import", {_P, _A}),
    *(("GET", path, READERS) for path in ("/v1/brakes", "/v1/bulk", "/v1/bulk/k1")),
    *(
        ("POST", f"/v1/{path}", {_P, _A})
        for path in (
            *("brakes", "brakes/b1/release", "bulk"),
            *("bulk/k1/approve", "bulk/k1/decline", "bulk/k1/undo"),
        )
    ),
    ("POST", "/v1/findings/f1/confirm", {_P, _A}),
    ("GET", "/v1/associations", READERS),
    ("GET", "/v1/statements", READERS),
    ("GET", "/v1/statements/s1", READERS),
    ("GET", "/v1/statements/s1/notice", EVERYBODY),
    ("GET", "/v1/appeals", READERS),
    ("GET", "/v1/appeals/a1", READERS),
    ("POST", "/v1/appeals", {_F, _A}),
    ("POST", "/v1/appeals/a1/more", {_F, _A}),
    ("GET", "/v1/queue", READERS),
    ("GET", "/v1/queue/c1", READERS),
    ("POST", "/v1/queue/c1/decision", {_R, _L, _P, _A}),
    ("GET", "/v1/audit", {_L, _P, _O, _A}),
    # Whatever the table forgets, and whatever is not there.
    ("DELETE", "/v1/groups/g1/everything", {_P, _A}),
    ("POST", "/metrics", {_A}),
    ("GET", "/v1/keys", {_A}),
    ("GET", "/nothing", {_A}),
    ("GET", "/v1/groupsx", {_A}),
    ("GET", "//v1/groups", {_A}),
)


@pytest.mark.parametrize(
    ("method", "path", "roles", "role"),
    [(*row, role) for row, role in itertools.product(TABLE, Role)],
)
def test_each_role_on_each_route(method: str, path: str, roles: set[Role], role: Role) -> None:
    assert may([role], method, path) == (role in roles)


def test_no_route_is_forgotten() -> None:
    """Each route of the API has a right of its own, and those who hold only that may call it."""
    for path, operations in build_api().openapi()["paths"].items():
        for method in operations:
            asked = "/v1" + path.replace("{subjects}", "accounts").replace("{", "").replace("}", "")
            if not asked.startswith("/v1/hooks/"):
                right = right_for(method.upper(), asked)
                assert right is not Right.MANAGE, (method, path)


def test_nobody_without_a_role_may_do_anything() -> None:
    for method, path, _ in TABLE:
        assert not may([], method, path)
        assert not may(["king"], method, path)


def test_each_right_is_somebodys() -> None:
    assert set().union(*RIGHTS.values()) == set(Right)


ADA = Caller("key_1", "Ada", (Role.POLICY,), person="person:ada")
DESK = Caller("key_2", "desk", (Role.REVIEWER,), on_behalf=True)
BOT = Caller("key_3", "bot", (Role.POLICY,))
FIRST = Caller("key_4", "first", (Role.ADMIN,))


@pytest.mark.parametrize(
    ("caller", "by", "decides"),
    [
        (ADA, None, "person:ada"),
        (ADA, "person:ada", "person:ada"),
        (ADA, "person:Ada", "person:ada"),
        (ADA, "person:ben", 403),
        (ADA, "model:x", 403),
        (DESK, "person:ben", "person:ben"),
        (DESK, None, 400),
        (DESK, "model:x", 400),
        (DESK, "person:", 400),
        (BOT, "person:ben", 403),
        (BOT, None, 403),
        (FIRST, "person:ben", "person:ben"),
        (FIRST, None, 400),
    ],
)
def test_in_whose_name(caller: Caller, by: str | None, decides: Any) -> None:
    if isinstance(decides, str):
        assert caller.decides_as(by) == decides
    else:
        with pytest.raises(Wrong) as refused:
            caller.decides_as(by)
        assert refused.value.status == decides


def test_a_bucket_fills_again() -> None:
    at = [0.0]
    limiter = Limiter(2.0, 3, lambda: at[0])
    assert [limiter.wait_for("a") for _ in range(3)] == [0.0] * 3
    assert limiter.wait_for("a") == 0.5
    assert limiter.wait_for("b") == 0.0
    at[0] = 0.5
    assert limiter.wait_for("a") == 0.0
    assert limiter.wait_for("a") == 0.5
    assert Limiter(0, 0).wait_for("a") == 0.0
