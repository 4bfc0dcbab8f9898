"""The routes of review over HTTP, on a real service."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from casework.cases import open_case
from casework.house import change_rules
from casework.office import Office
from casework.reviewers import leave, roster
from policy.cases import Case, CaseKind, CaseState
from policy.words import Policy, Severity, SubjectKind
from store.records import Task
from store.work import Writing
from tests.serving.conftest import Server

ANA, BEN = "ana@desk.example", "ben@desk.example"


@pytest.fixture
def office(server: Server) -> Iterator[Office]:
    """The service's own store; who was put on the roster is taken off it again."""
    made = Office.open(server.settings)
    yield made
    with made.store.reading() as work:
        standing = roster(work)
    for one in standing:
        leave(made, one.id, by="person:lea", why="the test is over")
    made.close()


@pytest.fixture
def case(office: Office) -> Iterator[Case]:
    """A suspected removal with its task in Label Studio; closed again after the test."""

    def do(work: Writing) -> Case:
        made = open_case(
            work,
            kind=CaseKind.POST_HARM,
            subject_kind=SubjectKind.POST,
            subject_id=f"post-{datetime.now(UTC).timestamp()}",
            rule="routing.harm.review.v1",
            evidence={"post": {"post_id": "p", "account": "a", "lang": "en"}, "opinion": {"x": 1}},
            material=Severity.HIGH,
            severity=Severity.HIGH,
            policies=(Policy.HATE,),
        )
        task = Task(case_id=made.id, round=1, project_id=4, task_id=11)
        work.save(task, action="task.bound")
        return made

    made = office.store.transact(do, actor="system:test", now=office.now())
    yield made

    def close(work: Writing) -> None:
        standing = work.cases.need(made.id)
        if standing.state is CaseState.OPEN:
            gone = standing.close(at=work.now, why="the test is over")
            work.save(gone, action="case.closed")

    office.store.transact(close, actor="system:test", now=office.now())


def invite(api: httpx.Client, email: str, **about: object) -> httpx.Response:
    return api.post("/v1/review/reviewers", json={"email": email, **about})


def answer(api: httpx.Client, case_id: str, by: str, round_: int) -> httpx.Response:
    verdict = {
        "kind": "post_harm",
        "policies": {"hate": "high"},
        "action": "require_removal",
        "reason": "It breaks the rule.",
    }
    body = {"verdict": verdict, "round": round_, "by": by, "source": f"{case_id}:{by}:{round_}"}
    return api.post(f"/v1/queue/{case_id}/decision", json=body)


def test_the_way_of_a_case_through_two_reviewers(
    api: httpx.Client, server: Server, office: Office, case: Case
) -> None:
    for email in (ANA, BEN):
        assert invite(api, email, languages=["en"]).status_code == 201
    assert invite(api, ANA).status_code == 409
    assert [one["id"] for one in api.get("/v1/review/reviewers").json()["items"]] == [ANA, BEN]

    served = api.get("/v1/review/next", params={"reviewer": ANA}).json()
    port = server.settings.label_studio_port
    assert served["case_id"] == case.id
    assert served["link"] == f"http://127.0.0.1:{port}/projects/4/data?task=11"
    assert (served["severe"], served["blur"]) == (True, "all_posts")
    assert api.get("/v1/review/next", params={"reviewer": BEN}).json()["case_id"] is None

    assert answer(api, case.id, "person:stranger", 1).status_code == 409
    assert answer(api, case.id, f"person:{ANA}", 1).status_code == 201
    again = api.get(f"/v1/queue/{case.id}").json()
    assert (again["state"], again["round"], again["evidence"]) == (
        "open",
        2,
        {"post": {"post_id": "p", "account": "a", "lang": "en"}},
    )
    refused = answer(api, case.id, f"person:{ANA}", 2)
    assert refused.status_code == 409
    assert "review.other_person.v1" in refused.json()["error"]
    assert answer(api, case.id, f"person:{BEN}", 2).status_code == 201
    assert api.get(f"/v1/queue/{case.id}").json()["answer"] == "require_removal"


def test_the_list_says_what_waits_for_whom(api: httpx.Client, office: Office, case: Case) -> None:
    invite(api, ANA, languages=["tr"])
    items = api.get("/v1/queue", params={"kind": "post_harm"}).json()["items"]
    [found] = [one for one in items if one["id"] == case.id]
    assert found["waits_for"] == "waits for a reviewer who reads en"
    assert found["due_at"] > found["opened_at"]
    assert "gold" not in found
    state = api.get("/v1/review/status").json()
    assert state["waits_for"]["post_harm"]["waits for a reviewer who reads en"] >= 1
    assert state["waiting"]["post_harm"]["open"] >= 1


def test_a_break_and_the_rules(api: httpx.Client, office: Office, case: Case) -> None:
    invite(api, ANA, opt_outs=["spam"])
    assert api.get("/v1/review/next", params={"reviewer": ANA}).json()["case_id"] == case.id
    rest = api.post("/v1/review/mine/break", json={"reviewer": ANA, "minutes": 30})
    assert rest.status_code == 200
    served = api.get("/v1/review/next", params={"reviewer": ANA}).json()
    assert (served["case_id"], "review.break.v1" in served["held_back"]) == (None, True)
    assert api.get("/v1/review/mine", params={"reviewer": ANA}).json()["opt_outs"] == ["spam"]
    change = {"severe_a_day": 12, "by": "person:lea", "reason": "a quieter desk"}
    assert api.post("/v1/review/rules", json=change).json()["severe_a_day"] == 12
    assert api.get("/v1/review/rules").json()["severe_a_day"] == 12
    change_rules(office, {"severe_a_day": 30}, by="person:lea", reason="the test is over")


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/review/reviewers", {"email": "nobody"}, "id: an e-mail address"),
        ("/v1/review/reviewers", {"email": ANA, "roles": ["wizard"]}, "roles"),
        ("/v1/review/rules", {"severe_a_day": -1, "by": "person:a", "reason": "x y"}, "severe"),
        ("/v1/review/mine/break", {"minutes": 0}, "minutes"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, path: str, body: dict[str, object], says: str
) -> None:
    reply = api.post(path, json=body)
    assert reply.status_code in {400, 409}
    assert says in reply.text


def test_a_stranger_is_served_nothing(api: httpx.Client) -> None:
    reply = api.get("/v1/review/next", params={"reviewer": "stranger@desk.example"})
    assert reply.status_code == 404


def test_the_gauges_are_there(api: httpx.Client, case: Case) -> None:
    text = api.get("/metrics").text
    assert "concert_queue_open" in text
    assert "concert_answers_last_day" in text
