"""A whole year of one group's life on a turned clock, by the HTTP API and the real Label Studio.

Founded, documented, proposed, designated; 300 accounts found over months; limits laid, expired and
laid again; a review that was late; 12 appeals, one shield; a withdrawal. Each day what the service
shows is what a slow, plain reference says.
"""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from casework.reassess import reassess_on_new_evidence
from casework.roll import roll
from labeling.server import LocalServer
from labeling.studio import SeenTask
from policy.words import RestrictionKind
from store.audit import verify
from tests.life.reference import LIMITS, Laid, Reference
from tests.life.world import dossier, grave, questions
from tests.life.year import DAY, START, Town, outcome, tie

pytestmark = pytest.mark.server

WAVES = {22: 60, 40: 40, 60: 40, 75: 30, 95: 30, 113: 25, 135: 25, 170: 25, 210: 25}
"""By day: so many members who post for the first time; 300 in all."""
AGAIN = {125: (0, 30), 190: (0, 40), 250: (100, 30)}
"""By day: which members post again; their limits have expired by then."""
MEASURES = [*LIMITS, "block_trend", "suspend_account"]
ANA = {"by": "person:ana", "reason": "as the file shows"}
BEN = {"by": "person:ben", "reason": "I have read it all"}


@pytest.fixture
def town(tmp_path: Path, label_studio: LocalServer) -> Iterator[Town]:
    built = Town.build(tmp_path / "town", label_studio)
    yield built
    built.close(signal.SIGTERM)


class Year:
    """The tale, told day by day, with the reference beside it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.group = dossier(START)[0].id
        self.told = Reference(self.group)
        self.members = [f"member{number:03}" for number in range(sum(WAVES.values()))]
        self.seeds = [f"host{number}" for number in range(8)]
        self.blind = [f"known{number:02}" for number in range(52)]
        # Members are few among all, as anywhere: else the background would be the group itself.
        self.others = [f"other{number:04}" for number in range(1200)]
        self.everybody = [*self.members, *self.seeds, *self.blind, *self.others[:500]]
        self.came = 0
        self.designation = ""
        self.appeals: list[tuple[str, bool]] = []
        self.limited_again = 0
        self.answered = 0

    @property
    def now(self) -> datetime:
        return self.town.clock.now()

    def day(self, number: int) -> None:
        self.town.clock.turn_to(START + number * DAY)
        tale = {
            0: self.found,
            5: self.document,
            20: self.propose,
            21: self.designate,
            118: self.review_late,
            205: self.narrow,
            290: self.keep,
            330: self.withdraw,
        }
        if number in tale:
            tale[number]()
        if number in WAVES or number in AGAIN or number == 335:
            self.wave(number)
        if number in (24, 62, 97, 137, 212):
            self.reviewer()
        if number in (30, 64, 100, 140, 175, 215):
            self.contest(number)
        self.look()

    def found(self) -> None:
        """The dossier, with members that people confirmed and blind decisions."""
        group, finding = dossier(self.now)
        told = group.model_dump(mode="json") | {
            "members": self.seeds,
            "hashtags": ["quaywatch"],
            "narratives": ["Flood her replies until she quits the paper and leaves the harbour."],
            "decisions": [
                {"account_id": one, "member": at < 48} for at, one in enumerate(self.blind)
            ],
        }
        self.town.ask("POST", "groups", told)
        self.town.ask("POST", "findings", finding.model_dump(mode="json"))
        known = [*self.seeds, *self.blind[:48]]
        self.town.post(self.now, members=known, others=self.blind[48:])
        self.town.post(self.now, members=[], others=self.others, each=1)
        made = self.town.ask("POST", "assessments", {"group_id": self.group})
        assert made["outcome"] == "do_not_designate"
        assert made["missing"]

    def document(self) -> None:
        for incident in grave(self.now, 1):
            self.town.ask("POST", "incidents", incident.model_dump(mode="json"))

    def assess(self) -> str:
        asked = {"group_id": self.group, "questions": questions().model_dump(mode="json")}
        made = self.town.ask("POST", "assessments", asked)
        assert made["outcome"] == "designate", made["why"]
        return str(made["id"])

    def propose(self) -> None:
        made = self.town.ask("POST", "designations", {"assessment_id": self.assess()})
        self.designation = made["id"]

    def designate(self) -> None:
        """Two people: one signs, the other puts it in force."""
        path = f"designations/{self.designation}"
        body = ANA | {"questions": questions().model_dump(mode="json"), "measures": MEASURES}
        signed = self.town.ask("POST", f"{path}/designate", body)
        assert signed["state"] == "proposed"
        assert "designation.second.v1" in self.town.refused(f"{path}/second", ANA)
        assert self.town.ask("POST", f"{path}/second", BEN)["state"] == "designated"
        self.told.designate(self.designation, tuple(MEASURES), self.now)

    def wave(self, number: int) -> None:
        """Some post for the first time, some again; then the rolling work."""
        fresh = self.members[self.came : self.came + WAVES.get(number, 0)]
        self.came += len(fresh)
        first, count = AGAIN.get(number, (0, 10 if number == 335 else 0))
        again = self.members[first : first + count]
        self.town.post(self.now, members=[*fresh, *again], others=self.others[:10])
        report = roll(self.town.office)
        assert report.problems == []
        self.take_note()

    def take_note(self) -> None:
        """What the machine thinks of each account is its own; what follows from it is not."""
        if self.told.designation is None:
            return
        for one in self.town.all("associations", group_id=self.group):
            if one["closed_at"] is not None:
                continue
            carried = [each["ref"] for each in one["evidence"] if each["kind"] == "post"]
            seen = max((self.town.posted[ref] for ref in carried), default=START - DAY)
            if any(each["kind"] == "object" for each in one["evidence"]):
                # Every call bears the hashtag.
                seen = self.town.last[one["account_id"]]
            if one["account_id"] in self.seeds and one["account_id"] not in self.told.answers:
                continue
            calibrated = one["calibrated"]
            lane = one["lane"] if calibrated or one["lane"] == "dismiss" else "review"
            by = f"model:{one['model']}"
            before = len(self.told.laid)
            had = any(laid.subject == one["account_id"] for laid in self.told.laid)
            self.told.machine(one["account_id"], lane, seen, by, self.now)
            self.limited_again += had and len(self.told.laid) > before

    def reviewer(self) -> None:
        """A person answers what waits in Label Studio: members are, others are not."""
        self.town.reconcile()
        ties = [
            task
            for task in self.town.tasks()
            if task.mark is not None and self.case(task)["kind"] in ("association", "reapplication")
        ][:8]
        asked = []
        for task in ties:
            case = self.case(task)
            member = not case["subject_id"].startswith("other")
            self.town.annotate(task, tie(member))
            asked.append((case, member))
        self.town.reconcile()
        for case, member in sorted(asked, key=lambda one: str(one[0]["id"])):
            posts = [one["created_at"] for one in case["evidence"]["posts"]]
            shown = [datetime.fromisoformat(at) for at in posts if at]
            answer = "associated" if member else "not_associated"
            agreed = self.told.answered(case["subject_id"], answer, shown, self.now)
            ended = self.town.ask("GET", f"queue/{case['id']}")
            assert (ended["state"] == "decided") is agreed, ended
        self.answered += len(asked)

    def case(self, task: SeenTask) -> dict[str, Any]:
        assert task.mark is not None
        found: dict[str, Any] = self.town.ask("GET", f"queue/{task.mark.key.case_id}")
        return found

    def contest(self, number: int) -> None:
        """Two people appeal; the reviewer decides in Label Studio, by the first letter of luck."""
        standing = [
            one
            for one in self.told.laid
            if one.stands(self.now) and one.by.startswith("model:") and one.kind == "limit_search"
        ]
        contested = [standing[0], standing[-1]]
        opened = {}
        for at, one in enumerate(contested):
            body = {
                "restriction_id": self.real(one),
                "text": "I only asked what had happened at the harbour.",
            }
            made = self.town.ask("POST", "appeals", body)
            # The first appeal of day 30 is won, and one more in June.
            opened[made["id"]] = (one, at == 0 and number in (30, 140))
        self.town.reconcile()
        appeals = {one["ref"]: one for one in map(self.case, self.town.tasks()) if one["ref"]}
        for task in self.town.tasks():
            ref = self.case(task)["ref"]
            if ref in opened:
                self.town.annotate(task, outcome(opened[ref][1]))
        self.town.reconcile()
        for id_, (one, overturn) in opened.items():
            assert id_ in appeals
            ended = self.town.ask("GET", f"appeals/{id_}")
            assert ended["state"] == ("overturned" if overturn else "upheld")
            self.appeals.append((id_, overturn))
            if overturn:
                self.told.overturn(one, of_account=True, now=self.now)

    def real(self, one: Laid) -> str:
        (found,) = [
            each["id"]
            for each in self.town.all("restrictions", subject_id=one.subject, kind=one.kind)
            if datetime.fromisoformat(each["starts_at"]) == one.start
        ]
        return str(found)

    def review_late(self) -> None:
        """The review was due on day 111; until now nothing new was laid."""
        path = f"designations/{self.designation}"
        self.fresh_harm(2)
        self.town.ask("POST", f"{path}/start_review", ANA)
        self.town.ask("POST", f"{path}/keep", BEN | {"assessment_id": self.assess()})
        self.told.keep(self.now)
        # What was held is taken up without a new post.
        assert roll(self.town.office).problems == []
        self.take_note()

    def fresh_harm(self, batch: int) -> None:
        for incident in grave(self.now, batch):
            self.town.ask("POST", "incidents", incident.model_dump(mode="json"))
        assert reassess_on_new_evidence(self.town.office) == 1

    def narrow(self) -> None:
        path = f"designations/{self.designation}"
        self.fresh_harm(3)
        self.town.ask("POST", f"{path}/start_review", ANA)
        fewer = [kind for kind in MEASURES if kind != "no_email_recommendation"]
        body = BEN | {"assessment_id": self.assess(), "measures": fewer}
        assert self.town.ask("POST", f"{path}/modify", body)["state"] == "modified"
        self.told.modify(tuple(fewer), self.now)

    def keep(self) -> None:
        path = f"designations/{self.designation}"
        self.fresh_harm(4)
        self.town.ask("POST", f"{path}/start_review", ANA)
        self.town.ask("POST", f"{path}/keep", BEN | {"assessment_id": self.assess()})
        self.told.keep(self.now)
        self.wave_of_last_members()

    def wave_of_last_members(self) -> None:
        """So that something stands when the designation is withdrawn."""
        late = self.members[150:180]
        self.town.clock.turn_to(self.now + timedelta(minutes=1))
        self.town.post(self.now, members=late, others=[])
        assert roll(self.town.office).problems == []
        self.take_note()

    def withdraw(self) -> None:
        path = f"designations/{self.designation}"
        self.town.ask("POST", f"{path}/start_review", ANA)
        self.town.ask("POST", f"{path}/withdraw", ANA)
        self.told.withdraw(self.now)

    def look(self) -> None:
        """What the platform is told today is what ought to stand."""
        reply = self.town.ask("POST", "restrictions/lookup", {"accounts": self.everybody[:1000]})
        assert not reply["degraded"]
        shown = {
            (account, found["kind"])
            for account, on in reply["accounts"].items()
            for found in on["restrictions"]
        }
        wanted = {(one.subject, one.kind) for one in self.told.laid if one.stands(self.now)}
        assert shown == wanted, f"{self.now:%F}: {sorted(shown ^ wanted)[:10]}"


def ended(restriction: dict[str, Any]) -> datetime:
    """When a limit let go: it ran out, or somebody lifted it before."""
    return datetime.fromisoformat(restriction["lifted_at"] or restriction["expires_at"])


def test_a_year(town: Town) -> None:
    year = Year(town)
    stood = []
    for number in range(365):
        year.day(number)
        stood.append(len({one.subject for one in year.told.laid if one.stands(year.now)}))

    found = {one.subject for one in year.told.laid}
    assert len([one for one in found if one.startswith("member")]) >= 250
    assert not [one for one in found if one.startswith("other")]
    assert max(stood) >= 60
    assert stood[-1] == 0
    assert len(year.appeals) == 12
    assert sum(overturned for _, overturned in year.appeals) == 2
    assert len(year.told.shields) >= 1
    assert year.limited_again >= 20
    assert year.answered >= 10
    report = verify(town.office.store)
    assert not report.problems
    laid = list(town.all("restrictions", group_id=year.group))
    again = [one for one in laid if one["cause"]["clause"] == "enforcement.reapply"]
    assert again
    for one in again:
        evidence = [town.posted[ref] for ref in one["cause"]["evidence"] if ref in town.posted]
        start = datetime.fromisoformat(one["starts_at"])
        before = [ended(each) for each in laid if each["subject_id"] == one["subject_id"]]
        before = [at for at in before if at <= start]
        assert before, one
        assert max(evidence) > max(before), one
    assert RestrictionKind.LIMIT_SEARCH in {one["kind"] for one in again}
