"""What ought to stand, told slowly and plainly, for the system to be held against.

It imports nothing of the system's. Everything is a list that is looked through from the beginning,
each rule is written out where it is used, and times are compared as they come.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY = timedelta(days=1)
LIMITS = (
    "limit_search",
    "limit_replies",
    "limit_timelines",
    "no_email_recommendation",
    "no_product_recommendation",
)
SURFACE_OF = {
    "limit_search": "search",
    "limit_replies": "replies",
    "limit_timelines": "timelines",
    "no_email_recommendation": "email",
    "no_product_recommendation": "product",
    "block_trend": "trends",
}
SURFACES = ("search", "replies", "timelines", "email", "product", "trends")


@dataclass
class Laid:
    """One restriction, as it was laid and as it ended."""

    subject: str
    kind: str
    ground: str
    """`designation:<id>`, `technical:<id>` or `violation:<id>`."""
    group: str | None
    by: str
    start: datetime
    end: datetime | None
    lifted: datetime | None = None
    by_hand: bool = False
    due: datetime | None = None
    """When it ends because nobody decided the appeal against it."""
    objected: bool = False
    """An appeal against it is open, or was won."""

    def ended(self, now: datetime) -> datetime | None:
        ends = [at for at in (self.end, self.lifted, self.due) if at is not None and at <= now]
        return min(ends) if ends else None

    def stands(self, now: datetime) -> bool:
        return self.start <= now and self.ended(now) is None


@dataclass
class Pulled:
    scope: str
    key: str
    at: datetime
    released: datetime | None = None


@dataclass
class Reference:
    """One group's life, and that of the accounts around it."""

    group: str
    limit_for: timedelta = 30 * DAY
    shield_for: timedelta = 90 * DAY
    decide_for: timedelta = 14 * DAY
    """How long an appeal against a limit may wait before the limit ends."""
    most_accounts: int = 1000
    designation: str | None = None
    measures: tuple[str, ...] = ()
    review_at: datetime | None = None
    ended_at: datetime | None = None
    laid: list[Laid] = field(default_factory=list)
    answers: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By account: the last answer about its tie, and when."""
    shields: list[tuple[str, str | None, datetime, datetime]] = field(default_factory=list)
    protected: set[str] = field(default_factory=set)
    brakes: list[Pulled] = field(default_factory=list)
    strikes: list[tuple[str, str, datetime, datetime]] = field(default_factory=list)
    """Account, violation, from, until."""
    mainly: set[str] = field(default_factory=set)
    """Accounts whose primary use is the harmful activity."""

    # What is shown

    def shown(self, subject: str, surface: str, now: datetime) -> str:
        verdict = "show"
        for one in self.laid:
            if one.subject == subject and one.stands(now):
                if one.kind in ("suspend_account", "require_removal"):
                    return "withhold"
                if SURFACE_OF[one.kind] == surface:
                    verdict = "limit"
        return verdict

    # The designation

    def may_propose(self, now: datetime) -> bool:
        if self.designation is not None:
            return False
        return self.ended_at is None or now >= self.ended_at + 14 * DAY

    def designate(self, id_: str, measures: tuple[str, ...], now: datetime) -> None:
        self.designation, self.measures, self.review_at = id_, measures, now + 90 * DAY

    def keep(self, now: datetime) -> None:
        self.review_at = now + 90 * DAY

    def modify(self, measures: tuple[str, ...], now: datetime) -> None:
        self.measures, self.review_at = measures, now + 90 * DAY
        for one in self.laid:
            if self._hangs(one) and one.kind not in measures and one.stands(now):
                one.lifted = now

    def withdraw(self, now: datetime) -> None:
        for one in self.laid:
            if self._hangs(one) and one.stands(now):
                one.lifted = now
        self.designation, self.review_at, self.ended_at = None, None, now

    def evidence_falls(self, now: datetime) -> None:
        if self.designation is not None and self.review_at is not None:
            self.review_at = min(self.review_at, now)

    def in_force(self, now: datetime) -> bool:
        return self.designation is not None and self.review_at is not None and now < self.review_at

    def _hangs(self, one: Laid) -> bool:
        return one.ground == f"designation:{self.designation}"

    # Machines

    def machine(self, account: str, lane: str, seen: datetime, by: str, now: datetime) -> str:
        """What a machine does that has just seen an account do something at `seen`."""
        if lane == "dismiss":
            return "nothing"
        own = [one for one in self.laid if one.subject == account and one.group == self.group]
        if any(one.stands(now) for one in own):
            return "waiting"
        if account in self.answers:
            answer, at = self.answers[account]
            ends = [end for one in own if (end := one.ended(now)) is not None]
            if seen <= max([at, *ends]):
                return "waiting"
            if answer != "associated" and now < at + 30 * DAY:
                return "waiting"
        if lane == "review" or account in self.protected:
            return "asked"
        self._brake_by_itself(now)
        kinds = self._machine_may(account, seen, by, now)
        for kind in kinds:
            self._lay(account, kind, by, now)
        return "limited" if kinds else "held"

    def _machine_may(self, account: str, seen: datetime, by: str, now: datetime) -> list[str]:
        if not self.in_force(now):
            return []
        for pulled in self.brakes:
            if pulled.released is None and (
                (pulled.scope == "group" and pulled.key == self.group)
                or (pulled.scope == "model" and by == f"model:{pulled.key}")
            ):
                return []
        for who, group, since, until in self.shields:
            if who == account and group in (None, self.group) and since <= now < until:
                return []
        on_ground = [
            one
            for one in self.laid
            if one.subject == account
            and one.ground.startswith("designation:")
            and one.group == self.group
        ]
        for one in on_ground:
            if one.by_hand and one.lifted is not None and now < one.lifted + 30 * DAY:
                return []
        ends = [end for one in on_ground if one.kind in LIMITS and (end := one.ended(now))]
        if ends and not max(ends) < seen <= now:
            return []
        braked = [one.key for one in self.brakes if one.scope == "surface" and not one.released]
        return [kind for kind in LIMITS if kind in self.measures and SURFACE_OF[kind] not in braked]

    def _brake_by_itself(self, now: datetime) -> None:
        since = now - DAY
        for one in self.brakes:
            if one.scope == "group" and one.key == self.group:
                if one.released is None:
                    return
                since = max(since, one.released)
        limited = {
            one.subject
            for one in self.laid
            if one.group == self.group and one.by.startswith("model:") and one.start > since
        }
        if len(limited) >= self.most_accounts:
            self.brakes.append(Pulled("group", self.group, now))

    def pull(self, scope: str, key: str, now: datetime, *, lift: bool) -> None:
        if not any(
            one.scope == scope and one.key == key and one.released is None for one in self.brakes
        ):
            self.brakes.append(Pulled(scope, key, now))
        for one in self.laid if lift else ():
            meant = (
                (scope == "group" and one.group == key)
                or (scope == "model" and one.by == f"model:{key}")
                or (scope == "surface" and SURFACE_OF.get(one.kind) == key)
            )
            if meant and one.by.startswith("model:") and one.stands(now):
                one.lifted = now

    def release(self, scope: str, key: str, now: datetime) -> None:
        for one in self.brakes:
            if one.scope == scope and one.key == key and one.released is None:
                one.released = now

    # People

    def answered(self, account: str, answer: str, shown: list[datetime], now: datetime) -> bool:
        """Take an answer about an account's tie; False where the policy refuses it."""
        own = [one for one in self.laid if one.subject == account and one.group == self.group]
        if answer == "not_associated":
            for one in own:
                if one.stands(now):
                    one.lifted = now
        if answer == "associated":
            if self.designation is None:
                return False
            on_ground = [one for one in own if one.ground.startswith("designation:")]
            ends = [end for one in on_ground if one.kind in LIMITS and (end := one.ended(now))]
            wanted = [kind for kind in LIMITS if kind in self.measures]
            # Whether it may be laid at all is asked before whether it stands already.
            if wanted and not self.in_force(now):
                return False
            todo = [
                kind
                for kind in wanted
                if not any(one.kind == kind and one.stands(now) for one in on_ground)
            ]
            if todo and ends and not any(max(ends) < at <= now for at in shown):
                return False
            for kind in todo:
                self._lay(account, kind, "person", now)
        self.answers[account] = (answer, now)
        return True

    def suspend(self, account: str, now: datetime) -> bool:
        """Suspend for the primary use, on the designation; False where it is refused."""
        if not self.in_force(now) or "suspend_account" not in self.measures:
            return False
        if account not in self.mainly:
            return False
        ground = [
            one
            for one in self.laid
            if one.subject == account
            and one.kind == "suspend_account"
            and one.group == self.group
            and one.ground.startswith("designation:")
        ]
        if not any(one.stands(now) for one in ground):
            self._lay(account, "suspend_account", "person", now)
        return True

    def suspend_for_ring(self, account: str, finding: str, now: datetime) -> None:
        self._put(account, "suspend_account", f"technical:{finding}", now)

    def remove(self, post: str, author: str, violation: str, now: datetime) -> None:
        self._put(post, "require_removal", f"violation:{violation}", now)
        self.strikes.append((author, violation, now, now + 365 * DAY))

    def standing_strikes(self, account: str, now: datetime) -> int:
        return len(
            [1 for who, _, since, to in self.strikes if who == account and since <= now < to]
        )

    def suspend_for_strikes(self, account: str, violation: str, now: datetime) -> bool:
        if self.standing_strikes(account, now) < 3:
            return False
        self._put(account, "suspend_account", f"violation:{violation}", now)
        return True

    def object(self, one: Laid, now: datetime) -> None:
        one.objected = True
        if one.stands(now) and one.end is not None:
            one.due = now + self.decide_for

    def uphold(self, one: Laid, now: datetime) -> None:
        one.objected = False
        if one.ended(now) is None:
            one.due = None

    def overturn(self, one: Laid, *, of_account: bool, now: datetime) -> None:
        if one.stands(now):
            one.lifted = now
        if of_account:
            self.shields.append((one.subject, one.group, now, now + self.shield_for))
        kind, _, ref = one.ground.partition(":")
        if kind == "violation" and one.kind == "require_removal":
            self.strikes = [
                (who, violation, since, now if violation == ref else to)
                for who, violation, since, to in self.strikes
            ]

    def free(self, accounts: list[str], now: datetime) -> list[Laid]:
        """Lift by hand what stands on the group's ground; what was lifted."""
        freed = [
            one
            for one in self.laid
            if one.subject in accounts
            and one.group == self.group
            and one.ground.startswith("designation:")
            and one.stands(now)
        ]
        for one in freed:
            one.lifted, one.by_hand = now, True
        return freed

    def undo_free(self, freed: list[Laid], now: datetime) -> None:
        for one in freed:
            twin = any(
                other.subject == one.subject and other.kind == one.kind and other.stands(now)
                for other in self.laid
            )
            over = one.end is not None and one.end <= now
            if self._hangs(one) and not twin and not over and not one.objected:
                self.laid.append(
                    Laid(one.subject, one.kind, one.ground, one.group, one.by, now, one.end)
                )

    def _lay(self, account: str, kind: str, by: str, now: datetime) -> None:
        end = None if kind == "suspend_account" else now + self.limit_for
        ground = f"designation:{self.designation}"
        self.laid.append(Laid(account, kind, ground, self.group, by, now, end))

    def _put(self, subject: str, kind: str, ground: str, now: datetime) -> None:
        if not any(
            one.subject == subject and one.kind == kind and one.ground == ground and one.stands(now)
            for one in self.laid
        ):
            self.laid.append(Laid(subject, kind, ground, None, "person", now, None))
