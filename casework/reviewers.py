"""The roster: reviewers are invited by Concert, with roles that Concert keeps.

Label Studio knows users but no roles; which answers count is decided here.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from casework.office import Office
from policy.cases import Case
from policy.review_rules import ReviewRule
from policy.reviewers import Reviewer, barred, decided_before, other_person
from policy.roles import Role
from policy.words import Refusal
from store.work import Reading, Writing

FIRST_ROLES = (Role.REVIEWER, Role.LEAD, Role.POLICY)


def roster(work: Reading) -> list[Reviewer]:
    """Everybody who is on the roster, by e-mail."""
    return [one for one in work.reviewers.find() if one.active]


def invite(office: Office, email: str, *, roles: Iterable[Role], by: str, **about: Any) -> Reviewer:
    """Put somebody on the roster, or back on it.

    Args:
        about: further fields of `Reviewer`: name, languages, places, opt_outs, severe_a_day.

    Raises:
        Refusal: they are on the roster already, or a field is wrong: names it.
    """

    def do(work: Writing) -> Reviewer:
        made = _checked(
            {"id": email, "roles": tuple(roles), "invited_by": by, "invited_at": work.now, **about}
        )
        earlier = work.reviewers.get(made.id)
        if earlier is not None:
            if earlier.active:
                raise Refusal(ReviewRule.ROSTER, f"{made.id} is on the roster already")
            made = made.model_copy(update={"studio_user": earlier.studio_user})
        return work.save(made, action="reviewer.invited", why=", ".join(made.roles))

    return office.store.transact(do, actor=by, now=office.now())


def ensure_first(office: Office, email: str, *, studio_user: int | None = None) -> Reviewer | None:
    """Put the user that Label Studio was started with on an empty roster; None where there is one.

    Who sets an installation up reviews, leads and decides on policy until others are invited, and
    is taken to read every language and know every place until somebody says otherwise.
    """

    def do(work: Writing) -> Reviewer | None:
        if work.reviewers.count():
            return None
        first = _checked(
            {
                "id": email,
                "roles": FIRST_ROLES,
                "invited_by": work.actor,
                "invited_at": work.now,
                "studio_user": studio_user,
            }
        )
        return work.save(first, action="reviewer.invited", why="the first reviewer")

    return office.store.transact(do, actor="system:start", now=office.now())


def change(office: Office, email: str, *, by: str, why: str, **changes: Any) -> Reviewer:
    """Change what is known of a reviewer: roles, languages, places, opt-outs, own limit.

    Raises:
        NotFound: nobody with this e-mail was ever invited.
        Refusal: a field is wrong: names it.
    """

    def do(work: Writing) -> Reviewer:
        standing = work.reviewers.need(email.casefold())
        changed = _checked(standing.model_dump() | changes)
        return work.save(changed, action="reviewer.changed", why=why)

    return office.store.transact(do, actor=by, now=office.now())


def leave(office: Office, email: str, *, by: str, why: str) -> Reviewer:
    """Take somebody off the roster; what they decided stands.

    Raises:
        NotFound, Refusal: they were never on it, or have left already.
    """

    def do(work: Writing) -> Reviewer:
        gone = work.reviewers.need(email.casefold()).leave(at=work.now)
        return work.save(gone, action="reviewer.left", why=why)

    return office.store.transact(do, actor=by, now=office.now())


def take_break(office: Office, email: str, *, minutes: int) -> Reviewer:
    """Serve only what is not severe for a while. Nobody asks why.

    Raises:
        NotFound: nobody with this e-mail is on the roster.
    """

    def do(work: Writing) -> Reviewer:
        standing = work.reviewers.need(email.casefold())
        resting = standing.model_copy(update={"break_until": work.now + timedelta(minutes=minutes)})
        return work.save(resting, action="reviewer.break", why=f"{minutes} minutes")

    return office.store.transact(do, actor=f"person:{email.casefold()}", now=office.now())


def link_studio(office: Office, email: str, user_id: int) -> Reviewer:
    """Keep which user of Label Studio a reviewer is.

    Raises:
        NotFound: nobody with this e-mail was ever invited.
    """

    def do(work: Writing) -> Reviewer:
        standing = work.reviewers.need(email.casefold())
        if standing.studio_user == user_id:
            return standing
        linked = standing.model_copy(update={"studio_user": user_id})
        return work.save(linked, action="reviewer.linked", why=f"user {user_id} of Label Studio")

    return office.store.transact(do, actor="system:reconciler", now=office.now())


def check_may_answer(work: Reading, case: Case, by: str) -> None:
    """Check, where an answer is received, that this person may give it.

    A page may promise it, and Label Studio does not even promise: any of its users can open any
    task. While nobody is on the roster everybody may, but nobody twice.

    Raises:
        Refusal: names the rule that bars them.
    """
    if decided_before(case, by):
        raise Refusal(
            other_person(case), f"by: {by} decided before; a further look is another person's"
        )
    if not work.reviewers.count():
        return
    reviewer = work.reviewers.get(by.removeprefix("person:").casefold())
    if reviewer is None:
        raise Refusal(ReviewRule.ROSTER, f"by: {by} is not on the roster of reviewers")
    bar = barred(reviewer, case)
    if bar is not None:
        raise Refusal(bar.rule, f"by: {bar.reason}")


def _checked(fields: dict[str, Any]) -> Reviewer:
    try:
        return Reviewer.model_validate(fields)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        )
        raise Refusal(ReviewRule.ROSTER, wrong) from None
