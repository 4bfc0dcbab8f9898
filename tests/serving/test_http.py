"""The service over HTTP, as a caller meets it: real models, a real store, a process of its own."""

import json
import threading
import time
from typing import Any

import httpx
import pytest

from casework.office import Office
from policy.harms import POLICIES_UNDER
from policy.words import Harm, Lane, Policy
from serving.hook import HEADER, PATH, hook_secret
from tests.serving.conftest import KEY, Server

pytestmark = pytest.mark.server

JSON = {"Content-Type": "application/json"}


def post(api: httpx.Client, path: str, body: Any) -> httpx.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    return api.post(path, content=text.encode("utf-8", "surrogatepass"), headers=JSON)


def check_problem(answer: httpx.Response, status: int, field: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem.keys() == {"error", "detail"}
    assert problem["error"]
    if field is not None:
        assert field in [one["field"] for one in problem["detail"]], problem


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_needs_no_key(server: Server, path: str) -> None:
    with server.client(key=None) as nobody:
        assert nobody.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/docs.json", "/schema.json", "/v1/groups", "/v1/openapi.json", "/nothing"],
)
@pytest.mark.parametrize("header", [None, "Bearer concert_unknown-unknown", "Basic x", KEY])
def test_everything_else_needs_one(server: Server, path: str, header: str | None) -> None:
    with server.client(key=None) as nobody:
        answer = nobody.get(path, headers={"Authorization": header} if header else {})
    check_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert KEY not in answer.text


def test_a_request_id_is_given_or_kept(api: httpx.Client) -> None:
    assert api.get("/v1/groups", headers={"X-Request-ID": "mine-1"}).headers["X-Request-ID"] == (
        "mine-1"
    )
    assert len(api.get("/v1/groups", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/score_posts", "", 400, "posts"),
        ("/score_posts", "{", 400, "body"),
        ("/score_posts", "[" * 200_000, 400, "body"),
        ("/score_posts", [], 400, "body"),
        ("/score_posts", {"posts": []}, 400, "posts"),
        ("/score_posts", {"posts": [{"id": "1", "text": "a", "x": 1}]}, 400, "posts.0.x"),
        ("/score_posts", {"posts": [{"id": "1", "text": "a"}], "y": 1}, 400, "y"),
        ("/score_posts", {"posts": [{"id": "1", "text": "a"}] * 2}, 400, "posts"),
        ("/score_posts", {"posts": [{"id": "\ud800", "text": "a"}]}, 400, "posts.0.id"),
        (
            "/score_posts",
            {"posts": [{"id": str(n), "text": ""} for n in range(1001)]},
            400,
            "posts",
        ),
        ("/score_posts", {"posts": [{"id": "1", "text": "a" * 10_000_000}]}, 413, "body"),
        ("/score_accounts", {"accounts": []}, 400, "accounts"),
        (
            "/score_accounts",
            {"accounts": [{"id": "a", "posts": []}], "groups": ["owls", "no such"]},
            404,
            "groups.1",
        ),
        ("/assess_group", {"group_id": "no such"}, 404, "group_id"),
        ("/assess_group", {"group_id": ["owls"]}, 400, "group_id"),
        ("/v1/restrictions/lookup", "{", 400, "body"),
        ("/v1/restrictions/lookup", "[" * 200_000, 400, None),
        ("/v1/restrictions/lookup", {"accounts": ["a"], "surface": "moon"}, 400, "surface"),
        ("/v1/restrictions/lookup", {"accounts": [1]}, 400, "accounts.0"),
        ("/v1/restrictions/lookup", {"accounts": ["\ud800"]}, 400, "accounts.0"),
        ("/v1/restrictions/lookup", {"accounts": ["\x00"]}, 400, "accounts.0"),
        ("/v1/restrictions/lookup", {"account": ["a"]}, 400, "account"),
        ("/v1/groups", {"id": "g"}, 400, "name"),
        ("/v1/groups", {"id": "g", "name": "G", "narrative": []}, 400, "narrative"),
        ("/v1/groups", {"id": "g", "name": "\ud800"}, 400, "name"),
        ("/v1/incidents", {"id": "i", "group_id": "owls"}, 400, "when"),
        (
            "/v1/incidents",
            {
                "id": "i",
                "group_id": "no such",
                "when": "2026-01-02",
                "harm": "physical",
                "policy": "violence",
                "severity": "high",
                "submitted_by": "person:ada",
            },
            409,
            None,
        ),
        ("/v1/designations", {"assessment_id": "no such"}, 404, "assessment_id"),
        (
            "/v1/designations/no such/withdraw",
            {"by": "person:ada", "reason": "it ended"},
            404,
            "designation_id",
        ),
        ("/v1/designations/d/withdraw", {"by": "person:ada"}, 400, "reason"),
        ("/v1/appeals", {"restriction_id": "no such", "text": "I object"}, 404, "restriction_id"),
        ("/v1/appeals", {"restriction_id": "r_search", "text": ""}, 400, "text"),
        (
            "/v1/queue/no such/decision",
            {
                "verdict": {"kind": "support", "support": "no_sign"},
                "round": 1,
                "by": "person:ada",
                "source": "s1",
            },
            404,
            "case_id",
        ),
        ("/v1/queue/c/decision", {"verdict": {"kind": "x"}}, 400, "verdict"),
        ("/nothing", {}, 404, None),
        ("/v1/nothing", {}, 404, None),
        ("/livez", {}, 405, None),
    ],
)
def test_bad_input(api: httpx.Client, path: str, body: Any, status: int, field: str | None) -> None:
    check_problem(post(api, path, body), status, field)


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/restrictions/accounts/a1?surface=moon", 400, "surface"),
        ("/v1/restrictions/people/a1", 400, "subjects"),
        ("/v1/restrictions/accounts/%00", 400, "subject_id"),
        ("/v1/restrictions/no-such", 404, "restriction_id"),
        ("/v1/groups/no-such", 404, "group_id"),
        ("/v1/groups?limit=0", 400, "limit"),
        ("/v1/groups?limit=many", 400, "limit"),
        ("/v1/designations?state=perhaps", 400, "state"),
        ("/v1/audit?after=-1", 400, "after"),
        ("/score_posts", 405, None),
    ],
)
def test_bad_paths(api: httpx.Client, path: str, status: int, field: str | None) -> None:
    check_problem(api.get(path), status, field)


def test_only_json_is_taken(api: httpx.Client) -> None:
    check_problem(api.post("/score_posts", data={"posts": "[]"}), 415)
    pickled = {"Content-Type": "application/vnd.bentoml+pickle"}
    check_problem(api.post("/score_posts", content=b"\x80\x04N.", headers=pickled), 415)


def test_one_bad_post_never_loses_its_batch(api: httpx.Client) -> None:
    texts = {
        "good": "We meet at the library on Tuesday to plan the book sale.",
        "long": "a" * 1_000_000,
        "half": "half an emoji \ud83d",
        "empty": "",
        "last": "The road works on the north bridge begin next week.",
    }
    answer = post(
        api, "/score_posts", {"posts": [{"id": id_, "text": text} for id_, text in texts.items()]}
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told.keys() == {"results", "model"}
    assert [one["id"] for one in told["results"]] == list(texts)
    bad = {one["id"]: one["error"] for one in told["results"] if "error" in one}
    assert bad.keys() == {"long", "half"}
    assert all(error.startswith("text: ") for error in bad.values())
    for one in told["results"]:
        if one["id"] not in bad:
            check_score(one)


def check_score(score: dict[str, Any]) -> None:
    assert set(score["policies"]) == {policy.value for policy in Policy}
    assert set(score["harms"]) == {harm.value for harm in Harm}
    assert all(0 <= likelihood <= 1 for likelihood in score["policies"].values())
    for harm, under in POLICIES_UNDER.items():
        # What a post says of its author's own crisis is no harm done (policy/at_risk.py).
        others = [policy for policy in under if policy is not Policy.SELF_HARM]
        assert score["harms"][harm] == max(score["policies"][policy] for policy in others)
    assert set(score["uncalibrated"]) <= set(score["policies"])
    assert score["lane"] in list(Lane)
    assert score["lang"]


def test_scores_tell_texts_apart(api: httpx.Client) -> None:
    body = {
        "posts": [
            {
                "id": "calm",
                "text": "Thank you all for the lovely afternoon in the park.",
                "lang": "en",
            },
            {
                "id": "hard",
                "text": "You are a worthless idiot, shut up and disappear.",
                "lang": "en",
            },
        ]
    }
    calm, hard = post(api, "/score_posts", body).json()["results"]
    assert hard["policies"]["abuse"] > calm["policies"]["abuse"] + 0.2
    again = post(api, "/score_posts", body).json()["results"]
    assert again == [calm, hard]


def test_accounts_are_scored_or_the_reason_told(api: httpx.Client) -> None:
    body = {
        "accounts": [
            {
                "id": "a1",
                "profile": {"description": "night is ours"},
                "posts": [
                    {"id": str(n), "text": "the night is ours, owls", "hashtags": ["owls"]}
                    for n in range(5)
                ],
            },
            {"id": "a2", "posts": [{"id": "1", "text": "\ud800"}]},
        ],
        "groups": ["owls"],
    }
    answer = post(api, "/score_accounts", body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [one["id"] for one in told["results"]] == ["a1", "a2"]
    assert told["results"][1]["error"].startswith("posts.0.text: ")
    ties = told["results"][0]["associations"]
    assert [tie["group_id"] for tie in ties] + [one["id"] for one in told["not_measured"]] == [
        "owls"
    ]
    for tie in ties:
        assert 0 <= tie["low"] <= tie["probability"] <= tie["high"] <= 1
        assert tie["lane"] in list(Lane)


def test_without_a_designation_there_is_nothing_to_score_against(api: httpx.Client) -> None:
    body = {"accounts": [{"id": "a1", "posts": [{"id": "1", "text": "hello"}]}]}
    told = post(api, "/score_accounts", body).json()
    assert told["results"] == [{"id": "a1", "associations": []}]


def test_a_group_is_assessed_and_kept(api: httpx.Client) -> None:
    assessment = post(api, "/assess_group", {"group_id": "owls"}).json()
    assert assessment["group_id"] == "owls"
    assert assessment["outcome"] == "do_not_designate"
    assert api.get(f"/v1/assessments/{assessment['id']}").json() == assessment
    refused = post(api, "/v1/designations", {"assessment_id": assessment["id"]})
    check_problem(refused, 409)
    assert ".v1]" in refused.json()["error"]


@pytest.mark.parametrize(
    ("path", "verdict", "rule", "restrictions"),
    [
        ("accounts/a1?surface=search", "limit", "lookup.search.v1", ["r_search"]),
        ("accounts/a1?surface=replies", "limit", "lookup.replies.v1", ["r_replies"]),
        ("accounts/a1?surface=timelines", "show", "lookup.nothing.v1", []),
        ("accounts/a1", None, None, ["r_search", "r_replies"]),
        ("accounts/a2?surface=search", "show", "lookup.nothing.v1", []),
        ("accounts/a3?surface=search", "show", "lookup.nothing.v1", []),
        ("accounts/a4?surface=search", "show", "lookup.nothing.v1", []),
        ("accounts/a5?surface=email", "withhold", "lookup.suspended.v1", ["r_suspended"]),
        ("accounts/nobody?surface=search", "show", "lookup.nothing.v1", []),
        (
            "posts/at%3A%2F%2Fdid%3Aplc%3Ax%2Fpost%2F1?surface=search",
            "limit",
            "lookup.search.v1",
            ["r_post"],
        ),
        ("posts/at://did:plc:x/post/1?surface=search", "limit", "lookup.search.v1", ["r_post"]),
        ("posts/a1?surface=search", "show", "lookup.nothing.v1", []),
        ("trends/%23owls?surface=trends", "limit", "lookup.trend.v1", ["r_trend"]),
    ],
)
def test_look_up_one(
    api: httpx.Client, path: str, verdict: str | None, rule: str | None, restrictions: list[str]
) -> None:
    answer = api.get(f"/v1/restrictions/{path}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["verdict"], told["rule"], told["degraded"]) == (verdict, rule, False)
    assert [one["id"] for one in told["restrictions"]] == restrictions
    for one in told["restrictions"]:
        assert one.keys() == {
            "id",
            "kind",
            "surfaces",
            "ground",
            "clause",
            "since",
            "until",
            "statement_id",
        }
        assert one["ground"] == {"kind": "designation", "ref": "designation_1"}
        assert one["clause"] == "enforcement.visibility"
        statement = api.get(f"/v1/statements/{one['statement_id']}").json()
        assert statement["restriction_id"] == one["id"]


def test_look_up_many(api: httpx.Client) -> None:
    body = {
        "accounts": ["a1", "a2", "a5", "nobody", "a1"],
        "posts": ["at://did:plc:x/post/1"],
        "trends": ["#owls", "#weather"],
        "surface": "search",
    }
    told = post(api, "/v1/restrictions/lookup", body).json()
    assert {id_: one["verdict"] for id_, one in told["accounts"].items()} == {
        "a1": "limit",
        "a2": "show",
        "a5": "withhold",
        "nobody": "show",
    }
    assert told["posts"]["at://did:plc:x/post/1"]["verdict"] == "limit"
    # A blocked trend is kept out of the list of trends; search still finds it.
    assert {one["verdict"] for one in told["trends"].values()} == {"show"}
    assert post(api, "/v1/restrictions/lookup", {}).json()["accounts"] == {}
    thousand = [f"x{n}" for n in range(1000)]
    assert len(post(api, "/v1/restrictions/lookup", {"accounts": thousand}).json()["accounts"]) == (
        1000
    )
    check_problem(
        post(api, "/v1/restrictions/lookup", {"accounts": [*thousand, "y"]}), 400, "accounts"
    )


def test_look_ups_do_not_wait_for_scores(server: Server) -> None:
    """While the models are busy for seconds, look-ups go on."""
    busy = threading.Event()

    def score() -> None:
        # Texts that nobody scored before, so that none comes from the cache.
        posts = [
            {"id": str(n), "text": f"{n} {time.time_ns()} " + "word " * 60} for n in range(100)
        ]
        with server.client(timeout=120) as caller:
            busy.set()
            assert post(caller, "/score_posts", {"posts": posts}).status_code == 200

    scorer = threading.Thread(target=score)
    scorer.start()
    busy.wait()
    answered = 0
    with server.client() as caller:
        while scorer.is_alive():
            assert caller.get("/v1/restrictions/accounts/a1?surface=search").status_code == 200
            answered += 1
    scorer.join()
    assert answered >= 20


def test_groups_are_entered_and_listed_by_pages(api: httpx.Client) -> None:
    for name in ("page_a", "page_b", "page_c"):
        assert post(api, "/v1/groups", {"id": name, "name": name}).json() == {
            "id": name,
            "changed": True,
        }
    assert not post(api, "/v1/groups", {"id": "page_a", "name": "page_a"}).json()["changed"]
    seen, after = [], "page"
    while after is not None:
        page = api.get("/v1/groups", params={"limit": 2, "after": after}).json()
        assert len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert [one for one in seen if one.startswith("page_")] == ["page_a", "page_b", "page_c"]


def test_the_audit_log_names_the_key(api: httpx.Client) -> None:
    post(api, "/v1/groups", {"id": "audited", "name": "Audited"})
    rows, after = [], 0
    while after is not None:
        page = api.get("/v1/audit", params={"after": after, "limit": 50}).json()
        rows += page["items"]
        after = page["next"]
    (row,) = [row for row in rows if row["kind"] == "groups" and row["id"] == "audited"]
    assert row["actor"] == "api:CONCERT_API_KEY"
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))


def test_an_appeal_is_opened_once_and_waits_for_a_person(api: httpx.Client) -> None:
    body = {"restriction_id": "r_replies", "text": "I am a bird watcher."}
    opened = post(api, "/v1/appeals", body)
    assert opened.status_code == 201, opened.text
    check_problem(post(api, "/v1/appeals", body), 409)
    id_ = opened.json()["id"]
    more = post(api, f"/v1/appeals/{id_}/more", {"text": "Here is my life list."})
    assert more.json()["further"] == ["Here is my life list."]
    queue = api.get("/v1/queue", params={"kind": "appeal"}).json()["items"]
    (waiting,) = [case for case in queue if case["subject_id"] == "a1"]
    assert "evidence" not in waiting
    decided = post(
        api,
        f"/v1/queue/{waiting['id']}/decision",
        {
            "verdict": {"kind": "appeal", "decision": "reject", "reason": "A bird watcher indeed."},
            "round": waiting["round"],
            "by": "person:grace",
            "source": "desk:1",
        },
    )
    assert decided.status_code == 201, decided.text
    told = api.get("/v1/restrictions/accounts/a1?surface=replies").json()
    assert told["verdict"] == "show"
    assert api.get(f"/v1/appeals/{id_}").json()["state"] == "overturned"


def test_a_webhook_leaves_a_hint_and_no_text(server: Server) -> None:
    office = Office.open(server.settings)
    secret = hook_secret(office.secrets[0])
    body = {
        "action": "ANNOTATION_CREATED",
        "project": {"id": 1, "title": "x"},
        "task": {"id": 7, "data": {"text": "words of a post"}},
        "annotation": {"id": 9},
    }
    with server.client(key=None) as sender:
        check_problem(sender.post(PATH, json=body), 401)
        check_problem(sender.post(PATH, json=body, headers={HEADER: "wrong"}), 401)
        # An API key is not what a webhook is believed by.
        check_problem(sender.post(PATH, json=body, headers={"Authorization": KEY}), 401)
        assert sender.post(PATH, json=body, headers={HEADER: secret}).status_code == 202
    hints = office.store.transact(
        lambda work: work.hints.take(), actor="system:test", now=office.now()
    )
    assert [hint.body for hint in hints] == [
        {
            "from": "label-studio",
            "action": "ANNOTATION_CREATED",
            "project": 1,
            "task": 7,
            "annotation": 9,
        }
    ]
    office.close()


def test_documents_tell_every_path(api: httpx.Client) -> None:
    bento = api.get("/docs.json").json()
    assert {"/score_posts", "/score_accounts", "/assess_group", "/metrics"} <= set(bento["paths"])
    openapi = api.get("/v1/openapi.json").json()
    for path, operations in openapi["paths"].items():
        assert f"/v1{path}" in bento["paths"]
        for operation in operations.values():
            assert "422" not in operation["responses"]
            assert operation["responses"]["400"]["content"]["application/json"]["schema"] == {
                "$ref": "#/components/schemas/Problem"
            }


def test_metrics_count_and_hold_no_ids(api: httpx.Client) -> None:
    api.get("/v1/restrictions/accounts/a-very-secret-account?surface=search")
    told = api.get("/metrics").text
    assert 'concert_look_ups_total{found="clear",subject="accounts"}' in told
    assert "concert_scores_total" in told
    assert 'endpoint="/v1/restrictions/accounts/{id}"' in told
    assert 'runner_name="Scoring"' in told
    assert "a-very-secret-account" not in told


def test_logs_hold_ids_of_requests_and_neither_texts_nor_keys(
    server: Server, api: httpx.Client
) -> None:
    secret = "an unmistakable sentence about pelicans"
    headers = {"X-Request-ID": "pelican-1"}
    api.post("/score_posts", json={"posts": [{"id": "p", "text": secret}]}, headers=headers)
    api.post("/score_posts", json={"posts": [{"id": "p", "text": secret, "x": secret}]})
    api.post("/v1/groups", json={"id": secret, "x": secret})
    api.get("/v1/restrictions/accounts/a-very-secret-account")
    log = server.log.read_text()
    line = next(json.loads(line) for line in log.splitlines() if "pelican-1" in line)
    assert line["status"] == 200
    assert line["path"] == "/score_posts"
    assert line["key"].startswith("key_")
    for hidden in (secret, KEY, "a-very-secret-account", "Traceback"):
        assert hidden not in log
