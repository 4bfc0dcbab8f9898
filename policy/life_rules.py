"""The rules of a case's whole life: seconding, flapping, brakes, bulk actions, trends, imports."""

from policy.clauses import Clause
from policy.rule import NamedRule


class LifeRule(NamedRule):
    """What holds from designation to expiry, beside the framework's own rules."""

    # Designations
    SECOND = (
        "designation.second.v1",
        Clause.DUTY_PERSON,
        "Two people stand behind a designation: one signs, another seconds.",
    )
    AGAIN = (
        "designation.again.v1",
        Clause.REVIEW,
        "What was withdrawn or declined is proposed again after a while, on evidence since then.",
    )
    REASSESSED = (
        "designation.reassessed.v1",
        Clause.REVIEW,
        "New evidence is assessed at once; what it no longer carries comes up for review.",
    )

    # Associations
    QUIET = (
        "association.quiet.v1",
        Clause.ROLLING,
        "An association rests on recent behaviour; one gone quiet is closed.",
    )
    GROUND_GONE = (
        "association.ground_gone.v1",
        Clause.REVIEW,
        "An association with a group that is not designated any more is closed.",
    )

    # Machines under people
    BRAKE = (
        "brake.pulled.v1",
        Clause.DUTY_PERSON,
        "Where a brake is pulled, no machine lays anything.",
    )
    BRAKE_RATE = (
        "brake.rate.v1",
        Clause.DUTY_PERSON,
        "A machine that acts on more accounts than stated is stopped until a person has looked.",
    )
    BRAKE_STEP = (
        "brake.step.v1",
        Clause.DUTY_PERSON,
        "A brake is pulled with a reason, and released once, by a person.",
    )
    MANUAL = (
        "restriction.manual.v1",
        Clause.DUTY_PERSON,
        "What a person lifted by hand, no machine lays again for a while.",
    )

    SHADOW = (
        "shadow.step.v1",
        Clause.DUTY_PERSON,
        "A shadow is started and ended by a person, and touches nobody.",
    )

    # Many at once
    BULK_SECOND = (
        "bulk.second.v1",
        Clause.DUTY_PERSON,
        "Acting on more than a few at once needs a second person.",
    )
    BULK_CAP = (
        "bulk.cap.v1",
        Clause.DUTY_PERSON,
        "No action is on more accounts at once than can be looked at.",
    )
    BULK_STEP = (
        "bulk.step.v1",
        Clause.DUTY_PERSON,
        "A bulk action is proposed, carried out once, and undone once, as a whole.",
    )

    # Trends
    TREND_LINKED = (
        "trend.linked.v1",
        Clause.TRENDS,
        "Most posts come from associated accounts, and what it is about is the group's narrative.",
    )
    TREND_GENERAL = (
        "trend.general.v1",
        Clause.TRENDS,
        "A trend that others use for something else is not the group's, even when it is flooded.",
    )

    # What comes from elsewhere
    IMPORTED = (
        "dossier.imported.v1",
        Clause.EVIDENCE,
        "What others know counts for nothing here until a person here has corroborated it.",
    )
