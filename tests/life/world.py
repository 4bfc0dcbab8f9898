"""A small world for lives to be lived in: one group, a few accounts, a clock that is turned."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from casework import designate
from casework.appeal import appeal
from casework.assess import assess
from casework.cases import open_case
from casework.decide_appeal import decide_appeal
from casework.dossier import save_findings, save_groups, save_incidents
from casework.office import Office
from casework.outcomes import Candidate, Circumstances, Outcome, follow_up
from casework.review import decide
from casework.standing import standing_of
from intake.lake import Lake
from policy.appeals import Appeal
from policy.assessment import Assessment
from policy.brake import Rate
from policy.cases import Case, CaseKind, CaseState
from policy.designation import Designation
from policy.findings import Coordination, Finding, Proof
from policy.groups import Group
from policy.incidents import Actors, Incident
from policy.lookup import visible
from policy.protected import ProtectedAccount, ProtectedKind
from policy.questions import Answer, FourQuestions
from policy.records import Post
from policy.restrictions import Restriction
from policy.scores import Association, Evidence, Share
from policy.settings import Settings
from policy.sources import Source
from policy.verdicts import Verdict
from policy.words import (
    Harm,
    Lane,
    LinkageKind,
    Nature,
    Policy,
    RestrictionKind,
    Severity,
    SubjectKind,
    Surface,
)
from store.store import Store
from store.work import Reading, Writing

T = TypeVar("T")

START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
GROUP = "harbour-watch"
MODEL = "test-1"
RATE = 2
WHY = "as the file shows"

_TEXTS = {
    "purpose": "A closed chat with named hosts exists to drive one journalist out of her job.",
    "coordination": "Hosts post a target each morning and members answer within minutes.",
    "harm": "Two women left the platform and one moved house after her address was published.",
    "risks": "Critics of the newspaper use similar words, so ordinary criticism could be caught.",
    "people_affected": "Eleven reporters and their families, and some forty members of the chat.",
    "lesser_measure": "Removing single replies was tried in January; new ones came every day.",
}


@dataclass
class TurnedClock:
    """Stands still until a test turns it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def turn(self, by: timedelta) -> None:
        self.moment += by


def questions() -> FourQuestions:
    answers = {name: Answer(text=text, evidence_ids=("f1",)) for name, text in _TEXTS.items()}
    return FourQuestions(**answers, nature=Nature.OTHER)


def dossier(now: datetime) -> tuple[Group, Finding]:
    group = Group(
        id=GROUP,
        name="Harbour Watch",
        nature=Nature.OTHER,
        narratives=("She must go.",),
    )
    finding = Finding(
        id="f1",
        group_id=GROUP,
        kind=Coordination.SOCIAL,
        summary="Replies to one account in bursts after a call in a chat.",
        sources=("https://court.example/file/1",),
        found_at=now,
        found_by="person:ana",
        origin="person",
        rule="entered.by_hand.v1",
    )
    return group, finding


def grave(now: datetime, batch: int) -> list[Incident]:
    """Three extreme incidents in six papers: high severity."""
    return [
        Incident(
            id=f"i{batch}-{number}",
            group_id=GROUP,
            when=now,
            where=f"place {number}",
            harm=Harm.PSYCHOLOGICAL,
            policy=Policy.ABUSE,
            severity=Severity.HIGH,
            finding_ids=("f1",),
            actors=Actors.ORGANISER,
            sources=tuple(
                Source(
                    url=f"https://paper{each}.example/{batch}",
                    publisher=f"Paper {each}",
                    credibility="B2",
                )
                for each in (2 * number, 2 * number + 1)
            ),
            submitted_by="person:ana",
        )
        for number in range(3)
    ]


@dataclass
class World:
    """The system, as a test acts on it."""

    office: Office
    clock: TurnedClock
    mainly: frozenset[str] = frozenset()
    """Accounts whose primary use is the harmful activity, as a model would measure it."""
    counted: int = 0
    batches: list[list[Incident]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def number(self) -> int:
        self.counted += 1
        return self.counted

    def transact(self, do: Callable[[Writing], T]) -> T:
        return self.office.store.transact(do, actor="system:test", now=self.now)

    # The designation

    def assess(self) -> Assessment:
        """Assess on fresh, grave evidence."""
        batch = grave(self.now, self.number())
        self.batches.append(batch)
        save_incidents(self.office, batch, actor="person:ana")
        return assess(self.office, GROUP, actor="person:ana", questions=questions())

    def propose(self) -> Designation:
        made = self.assess()
        return designate.propose_designation(self.office, made.id, actor="model:policy")

    def designate(self, measures: tuple[str, ...]) -> Designation:
        proposed = self.propose()
        signed = designate.designate(
            self.office,
            proposed.id,
            questions(),
            by="person:ana",
            reason=WHY,
            measures=tuple(RestrictionKind(one) for one in measures),
        )
        return designate.second(self.office, signed.id, by="person:ben", reason=WHY)

    def review(self, designation_id: str) -> None:
        designate.start_review(self.office, designation_id, by="person:ana", reason=WHY)

    # Accounts

    def seen(self, account: str, lane: Lane, at: datetime) -> Outcome:
        """A model measures an account by one post of a moment; what came of it."""
        candidate = self.candidate(account, lane, at)

        def do(work: Writing) -> Mapping[Outcome, int]:
            here = self.circumstances(work)
            assert here is not None
            return follow_up(work, here, [candidate])

        counts = self.transact(do)
        return next(outcome for outcome, count in counts.items() if count)

    def candidate(self, account: str, lane: Lane, at: datetime) -> Candidate:
        """An account as a model would have measured it by one post of a moment."""
        post = Post(post_id=f"p{self.number()}", account_id=account, created_at=at)
        share = (0.9, 0.8, 0.95, 40) if account in self.mainly else (0.5, 0.3, 0.7, 10)
        association = Association(
            account_id=account,
            group_id=GROUP,
            probability=0.9,
            low=0.8,
            high=0.95,
            primary_use=Share(share=share[0], low=share[1], high=share[2], posts=int(share[3])),
            calibrated=True,
            evidence=(Evidence(kind="post", ref=post.post_id, why="It calls for the flood."),),
            lang="en",
            lane=lane,
            rule=f"routing.association.{lane}.v1",
            model=MODEL,
        )
        return Candidate(association, [post], None, language_calibrated=True)

    def circumstances(self, work: Reading) -> Circumstances | None:
        """What a pass over the group stands on; None where it is not designated."""
        designation = standing_of(work, GROUP)
        if designation is None:
            return None
        return Circumstances(
            group=work.groups.need(GROUP),
            designation=designation,
            lane_open=True,
            periods=self.office.periods,
            secret=b"x" * 32,
            rate=Rate(accounts=RATE),
        )

    def protect(self, account: str) -> None:
        entry = self.protection(account)
        self.transact(lambda work: work.save(entry, action="protected.added"))

    def protection(self, account: str) -> ProtectedAccount:
        return ProtectedAccount(
            account_id=account,
            kind=ProtectedKind.PRESS,
            added_by="person:ana",
            added_at=self.now,
            reason="a reporter",
        )

    def ring(self, accounts: tuple[str, ...]) -> Finding:
        """A proven technical finding about some accounts."""
        finding = Finding(
            id=f"ring{self.number()}",
            kind=Coordination.TECHNICAL,
            account_ids=accounts,
            summary="They are run from one telephone.",
            proofs=(Proof.LINKAGE,),
            linkage_kinds=(LinkageKind.PHONE,),
            post_pairs=(("p1", "p2"),),
            found_at=self.now,
            found_by="model:detect",
            rule="coordination.linked.v1",
        )
        save_findings(self.office, [finding], actor="model:detect")
        return finding

    def report(self, author: str) -> Case:
        """A case on a post of an author."""
        post = f"post{self.number()}"
        evidence = {
            "post": {"post_id": post, "account": author, "created_at": self.now.isoformat()},
            "thread": [],
        }
        return self.transact(
            lambda work: open_case(
                work,
                kind=CaseKind.POST_HARM,
                subject_kind=SubjectKind.POST,
                subject_id=post,
                rule="routing.harm.review.v1",
                evidence=evidence,
            )
        )

    # People

    def open_cases(self, *kinds: CaseKind) -> list[Case]:
        with self.office.store.reading() as work:
            return work.cases.find(state=CaseState.OPEN.value, kind=[one.value for one in kinds])

    def answer(self, case: Case, verdict: Verdict) -> Case:
        """As many people as are asked give the same answer, each another person."""
        while True:
            number = self.number()
            current = case

            def do(work, case=current, number=number):  # type: ignore[no-untyped-def]
                decide(
                    work,
                    case.id,
                    verdict,
                    round_=case.round,
                    by=f"person:r{number}",
                    at=work.now,
                    source=f"test:{number}",
                    periods=self.office.periods,
                )
                return work.cases.need(case.id)

            case = self.transact(do)
            if case.state is not CaseState.OPEN:
                return case

    def restrictions(self) -> list[Restriction]:
        with self.office.store.reading() as work:
            return work.restrictions.find()

    def object(self, restriction: Restriction) -> Appeal:
        return appeal(self.office, restriction.id, "I only quoted them.", actor="person:affected")

    def judge(self, appeal_id: str, *, overturn: bool) -> None:
        decide_appeal(
            self.office,
            appeal_id,
            overturn=overturn,
            by=f"person:judge{self.number()}",
            reason="a quotation, no praise",
        )

    # What is shown

    def shown(self, kind: SubjectKind, ids: list[str]) -> dict[tuple[str, str], str]:
        standing = self.office.store.lookups.many(kind, ids, self.now)
        return {
            (id_, surface.value): visible(standing[id_], surface, self.now).verdict.value
            for id_ in ids
            for surface in Surface
        }

    def close(self) -> None:
        self.office.close()


def template(folder: Path) -> Path:
    """A data folder with the dossier in a SQLite store, to be copied for each life."""
    world = made(folder, f"sqlite:///{folder / 'concert.db'}")
    world.close()
    return folder


def made(home: Path, url: str) -> World:
    """A new world: a store with the dossier in it."""
    clock = TurnedClock()
    settings = Settings(home=home, database_url=url, brake_accounts=RATE, _env_file=None)
    office = Office(settings, Store.open(settings), Lake(settings.lake), clock)
    group, finding = dossier(START)
    save_groups(office, [group], actor="person:ana")
    save_findings(office, [finding], actor="person:ana")
    return World(office, clock)


def copied(from_: Path, home: Path) -> World:
    """A world of its own out of a template."""
    shutil.copytree(from_, home, dirs_exist_ok=True)
    clock = TurnedClock()
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'concert.db'}",
        brake_accounts=RATE,
        _env_file=None,
    )
    return World(Office(settings, Store.open(settings), Lake(settings.lake), clock), clock)
