"""Reviewers as users of Label Studio: made without a browser, and linked with the roster.

Label Studio knows users but no roles, and takes any e-mail from whoever has its invitation. So
Concert makes each reviewer's user itself and keeps its number; another user with the same e-mail
cannot be made, and one with another number is refused when it answers.
"""

import secrets
from dataclasses import dataclass, field

import httpx

from casework.office import Office
from casework.reviewers import link_studio, roster
from labeling.studio import Studio, StudioAwayError, StudioRefusedError

_SIGN_UP = "/user/signup/"


@dataclass(frozen=True)
class Enrolled:
    """A reviewer who has a user in Label Studio now."""

    email: str
    user_id: int
    password: str | None = field(repr=False)
    """Made once and kept nowhere: hand it over, to be changed at the first log-in. None where the
    user was there already."""


def enrol(office: Office, studio: Studio) -> list[Enrolled]:
    """Make the users of all reviewers on the roster who have none yet.

    A user with a reviewer's e-mail that is there already is taken for theirs.

    Raises:
        StudioAwayError, StudioRefusedError: Label Studio is away or refuses; whoever was enrolled
            before stays so, and the rest is for next time.
    """
    with office.store.reading() as work:
        waiting = [one.id for one in roster(work) if one.studio_user is None]
    return [_enrol(office, studio, email) for email in waiting]


def _enrol(office: Office, studio: Studio, email: str) -> Enrolled:
    user, password = studio.user_of(email), None
    if user is None:
        password = secrets.token_urlsafe(12)
        sign_up(studio, email, password)
        user = studio.user_of(email)
        if user is None:
            raise StudioRefusedError(httpx.codes.NOT_FOUND, f"no user was made for {email}")
    link_studio(office, email, user)
    return Enrolled(email, user, password)


def sign_up(studio: Studio, email: str, password: str) -> None:
    """Make a user as the invitation's own page does.

    Raises:
        StudioRefusedError: the e-mail or the password is not taken.
    """
    base, invitation = studio.connection.url, studio.invitation()
    try:
        with httpx.Client(base_url=base, timeout=30, trust_env=False) as http:
            page = http.get(_SIGN_UP, params={"token": invitation})
            reply = http.post(
                _SIGN_UP,
                params={"token": invitation},
                data={
                    "email": email,
                    "password": password,
                    "allow_newsletters": "false",
                    "csrfmiddlewaretoken": http.cookies["csrftoken"],
                },
                headers={"Referer": str(page.url)},
            )
    except httpx.HTTPError as error:
        raise StudioAwayError(f"Label Studio does not answer: {error}") from error
    # Whoever was made is sent on; a page with what is wrong comes as it is.
    if reply.status_code != httpx.codes.FOUND:
        raise StudioRefusedError(reply.status_code, f"no user was made for {email}")
