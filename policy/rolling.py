"""Rolling work: an association rests on recent behaviour, and what went quiet is closed.

Source: "We identify accounts associated with a group on an ongoing and rolling basis … taking into
consideration things such as recent on Twitter behavior or profile information".
"""

from datetime import timedelta

from policy.life_rules import LifeRule
from policy.scores import Association
from policy.words import UtcDatetime

QUIET_AFTER = timedelta(days=60)
"""Without a new post for so long, an association is closed; limits run out by themselves."""


def close_if_quiet(association: Association, now: UtcDatetime) -> Association:
    """The association, closed where the account has not been seen posting for a while."""
    seen = association.seen_at
    if association.closed_at is not None or seen is None or now < seen + QUIET_AFTER:
        return association
    return association.close(at=now, why=f"no new posts since {seen:%F} [{LifeRule.QUIET}]")
