"""The rolling pass: new posts → associations → lanes → cases and restrictions.

Source: "We identify accounts associated with a group on an ongoing and rolling basis". Only what is
new is taken: each group and the screening keep a mark of how far they came, moved on when all
before it is done. A pass that was cut off goes on after its last part; two at once do some parts
twice, which changes nothing twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from casework.cases import lapse_cases
from casework.measure import Basis, Progress, measure
from casework.office import Office
from casework.outcomes import Candidate, Circumstances, Outcome, follow_up
from casework.reassess import reassess_on_new_evidence
from casework.screen import Screened, screen
from casework.shadow import running
from casework.shadow_look import Beside, Shadows, look
from casework.standing import all_standing
from casework.technical import pursue_proven
from casework.trends import block_trends
from models.routing import Opened
from policy.designation import Designation
from policy.life_rules import LifeRule
from policy.records import Post
from policy.rolling import QUIET_AFTER, close_if_quiet
from policy.scores import Association
from policy.words import Lane
from store import tables
from store.work import Writing

CHUNK = 200
"""Accounts in one transaction: few enough that other writers never wait long."""
READ = 2000
"""Accounts whose posts are read at once: to find them is a look through the whole lake."""
EARLIER_POSTS = 30
"""So many of an account's latest posts are screened when it comes under suspicion."""
POSTS = 1000
"""Posts screened in one transaction."""

_SCREENED = "roll.screened"

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and how many there are."""


@dataclass
class RollReport:
    """What one pass did."""

    accounts: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    lanes: dict[str, str] = field(default_factory=dict)
    """By group: whether its act lane is open, and why or why not."""
    posts: int = 0
    """New posts that were screened."""
    posts_again: int = 0
    """Earlier posts of accounts that came under suspicion, screened with that in view."""
    post_cases: int = 0
    over_budget: int = 0
    suspensions_proposed: int = 0
    lapsed: int = 0
    quiet: int = 0
    """Associations closed, because their accounts were not seen for a while."""
    reassessed: int = 0
    """Designations and proposals that were assessed on new evidence."""
    trends: int = 0
    """Trends blocked as a group's own."""
    shadowed: int = 0
    """Accounts that a shadow looked at."""
    problems: list[str] = field(default_factory=list)
    """What kept a group from being scored; the others were."""

    @property
    def changed(self) -> bool:
        """Whether anything was done that is worth telling."""
        return any(
            (
                self.accounts,
                self.posts,
                self.suspensions_proposed,
                self.lapsed,
                self.quiet,
                self.reassessed,
                self.trends,
            )
        )


def roll(office: Office, progress: Tell | None = None) -> RollReport:
    """One pass over all that is new. Safe to run twice, at once too, and to cut off anywhere."""
    report = RollReport()
    tell = progress or (lambda *_: None)
    report.lapsed = lapse_cases(office)
    report.suspensions_proposed = pursue_proven(office)
    report.reassessed = reassess_on_new_evidence(office)
    report.quiet = close_quiet(office)
    with office.store.reading() as work:
        designations = all_standing(work)
        tried = {one.group_id for one in running(work)} - {one.group_id for one in designations}
    for designation in designations:
        _roll_group(office, designation, report, tell)
        report.trends += block_trends(office, designation)
    for group_id in sorted(tried):
        _roll_shadow(office, group_id, report, tell)
    _screen_new(office, report, tell)
    return report


def close_quiet(office: Office) -> int:
    """Close the associations of accounts that were not seen for a while; how many."""
    column = tables.associations.c
    now = office.now()
    due = (column.seen_at <= now - QUIET_AFTER, column.closed_at.is_(None))
    closed = 0
    while True:
        with office.store.reading() as work:
            if not work.associations.count(*due):
                return closed

        def do(work: Writing) -> int:
            found = work.associations.find(*due, limit=CHUNK)
            ended = [close_if_quiet(one, work.now) for one in found]
            return work.save_all(ended, action="association.closed", why=LifeRule.QUIET)

        closed += office.store.transact(do, actor="system:roll", now=now)


def _roll_group(office: Office, designation: Designation, report: RollReport, tell: Tell) -> None:
    mark, doing = f"roll.group.{designation.id}", f"roll.doing.{designation.id}"
    with office.store.reading() as work:
        kept, begun = work.cursors.get(mark), work.cursors.get(doing)
    before = Basis.model_validate_json(kept) if kept else None
    try:
        measured = measure(
            office,
            designation.group_id,
            before,
            Progress.model_validate_json(begun) if begun else None,
        )
    except ValueError as error:
        report.problems.append(str(error))
        return
    if measured is None:
        return
    report.lanes[designation.group_id] = measured.told
    here = Circumstances(
        group=measured.group,
        designation=designation,
        lane_open=isinstance(measured.lane, Opened),
        periods=office.periods,
        secret=office.secrets[0],
        rate=office.rate,
    )
    accounts = measured.account_ids
    shadows = Shadows.of(office, measured.group)
    report.problems += shadows.problems
    for first in range(0, len(accounts), READ):
        tell(f"accounts against {measured.group.name}", first, len(accounts))
        read = measured.candidates(accounts[first : first + READ])
        beside = shadows.measure(accounts[first : first + READ])
        for at in range(0, len(read), CHUNK):
            chunk = read[at : at + CHUNK]
            # First, so that a pass that is cut off between the two does not forget it.
            _screen_suspects(office, designation.group_id, chunk, report)
            came = Progress(basis=measured.basis, last=chunk[-1].association.account_id)
            kept_at = (doing, came.model_dump_json())
            _follow_chunk(office, here, chunk, report, beside=beside, kept=kept_at)
            tell(f"accounts against {measured.group.name}", first + at, len(accounts))
    _move(office, mark, measured.basis)
    if begun or accounts:
        office.store.transact(
            lambda work: work.cursors.set(doing, ""), actor="system:roll", now=office.now()
        )


def _roll_shadow(office: Office, group_id: str, report: RollReport, tell: Tell) -> None:
    """Measure accounts against a group that is tried in shadow; nobody is touched."""
    mark = f"roll.shadow.{group_id}"
    with office.store.reading() as work:
        kept = work.cursors.get(mark)
    try:
        measured = measure(office, group_id, Basis.model_validate_json(kept) if kept else None)
    except ValueError as error:
        report.problems.append(str(error))
        return
    if measured is None:
        return
    accounts = measured.account_ids
    shadows = Shadows.of(office, measured.group)
    report.problems += shadows.problems
    for at in range(0, len(accounts), CHUNK):
        tell(f"accounts in shadow against {measured.group.name}", at, len(accounts))
        ids = accounts[at : at + CHUNK]
        scored = [one.association for one in measured.candidates(ids)]
        beside = shadows.measure(ids)
        report.shadowed += office.store.transact(
            partial(_look, group_id, scored, beside), actor="system:roll", now=office.now()
        )
    _move(office, mark, measured.basis)


def _look(group_id: str, scored: Sequence[Association], beside: Beside, work: Writing) -> int:
    return look(work, running(work, group_id), scored, beside)


def _follow_chunk(
    office: Office,
    here: Circumstances,
    chunk: Sequence[Candidate],
    report: RollReport,
    *,
    beside: Beside,
    kept: tuple[str, str],
) -> None:
    def do(work: Writing) -> Mapping[Outcome, int]:
        found = follow_up(work, here, chunk)
        look(work, running(work, here.group.id), [one.association for one in chunk], beside)
        # In the same transaction: what is done is never done again after a kill.
        work.cursors.set(*kept)
        return found

    counts = office.store.transact(
        do, actor=f"model:{chunk[0].association.model}", now=office.now()
    )
    report.accounts += len(chunk)
    for outcome, count in counts.items():
        report.outcomes[outcome] += count


def _screen_suspects(
    office: Office, group_id: str, chunk: Sequence[Candidate], report: RollReport
) -> None:
    """Screen again what accounts posted before they came under suspicion."""
    suspected = [one for one in chunk if one.association.lane is not Lane.DISMISS]
    with office.store.reading() as work:
        if work.cursors.get(_SCREENED) is None:
            # Nothing was screened yet: all of it is still to come, in this very pass.
            return
        known = work.associations.get_many(
            [(one.association.account_id, group_id) for one in suspected]
        )
    before = {one.account_id for one in known.values() if one.lane is not Lane.DISMISS}
    fresh = [one for one in suspected if one.association.account_id not in before]
    posts = [post for one in fresh for post in one.posts[:EARLIER_POSTS]]
    associated = {one.association.account_id: [group_id] for one in fresh}
    for at in range(0, len(posts), POSTS):
        _screen_batch(office, posts[at : at + POSTS], associated, report)
        report.posts_again += len(posts[at : at + POSTS])


def _screen_new(office: Office, report: RollReport, tell: Tell) -> None:
    with office.store.reading() as work:
        parts = office.lake.parts_after(int(work.cursors.get(_SCREENED) or 0))
        if not parts:
            return
        suspects = work.associations.find(lane=[Lane.ACT.value, Lane.REVIEW.value])
    associated: dict[str, list[str]] = {}
    for one in suspects:
        associated.setdefault(one.account_id, []).append(one.group_id)
    for part in parts:
        batch: list[Post] = []
        done = 0
        for post in office.lake.posts_in(part):
            batch.append(post)
            if len(batch) == POSTS:
                tell("posts screened", done, part.rows)
                _screen_batch(office, batch, associated, report)
                done += len(batch)
                batch = []
        if batch:
            _screen_batch(office, batch, associated, report)
        report.posts += part.rows
        _screened_to(office, part.number)


def _screen_batch(
    office: Office,
    posts: Sequence[Post],
    associated: Mapping[str, Sequence[str]],
    report: RollReport,
) -> None:
    model = office.models.harm
    scores = model.score(posts)
    answered = [post.replied_to_post_id for post in posts if post.replied_to_post_id]
    threads = office.lake.post(answered)
    asked = {
        post.account_id
        for post, score in zip(posts, scores, strict=True)
        if score.lane is not Lane.DISMISS
    }
    authors = sorted(asked & associated.keys())
    profiles = office.lake.accounts(authors) if authors else {}
    locations = {id_: profile.location for id_, profile in profiles.items()}

    def do(work: Writing) -> Screened:
        return screen(
            work, posts, scores, threads=threads, associated=associated, locations=locations
        )

    done = office.store.transact(do, actor=f"model:{model.manifest.model}", now=office.now())
    report.post_cases += done.asked + done.support + done.legal
    report.over_budget += done.over_budget


def _move(office: Office, mark: str, to: Basis) -> None:
    def do(work: Writing) -> None:
        kept = work.cursors.get(mark)
        # Another pass may have come further meanwhile; a mark never goes back.
        if kept is None or Basis.model_validate_json(kept).head <= to.head:
            work.cursors.set(mark, to.model_dump_json())

    office.store.transact(do, actor="system:roll", now=office.now())


def _screened_to(office: Office, part: int) -> None:
    def do(work: Writing) -> None:
        if int(work.cursors.get(_SCREENED) or 0) < part:
            work.cursors.set(_SCREENED, str(part))

    office.store.transact(do, actor="system:roll", now=office.now())
