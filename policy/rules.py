"""Every rule of this room: its name and version, the clause it carries out, and what it says.

A result or a refusal names one of these; a rule whose meaning changes gets a new version.
"""

from policy.clauses import Clause
from policy.life_rules import LifeRule
from policy.review_rules import ReviewRule
from policy.rule import NamedRule


class Rule(NamedRule):
    """The rules of the framework and of what follows from it."""

    # Cases (see cases.py)
    CASE_LAPSE = ("case.lapse.v1", Clause.DUTY_PERSON, "A case does not lapse before its time.")
    CASE_OPEN = ("case.open.v1", Clause.DUTY_PERSON, "Only an open case can end.")

    # Incidents and what of them counts
    INCIDENT_STATUS = (
        "incident.status.v1",
        Clause.EVIDENCE,
        "An incident stands until retracted or disproved, with a reason, and does not come back.",
    )
    COUNTS = ("incident.counts.v1", Clause.BOTH, "Documented harm that coordination led to counts.")
    FALLEN = ("incident.fallen.v1", Clause.EVIDENCE, "What was retracted or disproved is no harm.")
    FUTURE = (
        "incident.future.v1",
        Clause.EVIDENCE,
        "Harm that lies in the future is not yet harm.",
    )
    UNCORROBORATED = (
        "incident.uncorroborated.v1",
        Clause.EVIDENCE,
        "What is only submitted counts for nothing until independent sources confirm it.",
    )
    SECOND_HARM = (
        "incident.second_harm.v1",
        Clause.EVIDENCE,
        "An incident counts under a second harm only with an effect of its own, stated.",
    )
    ACTOR_UNCLEAR = (
        "incident.actor_unclear.v1",
        Clause.BOTH,
        "Harm that nobody of the group is shown to have done is not the group's.",
    )
    NO_LINK = (
        "incident.no_link.v1",
        Clause.BOTH,
        "Harm that cites no standing coordination of this group is not its result.",
    )
    BEFORE_CAUSE = (
        "incident.before_cause.v1",
        Clause.BOTH,
        "Harm from before the coordination began is not its result.",
    )
    SELF_HARM_OWN = (
        "incident.own_crisis.v1",
        Clause.DUTY_AT_RISK,
        "A person's own crisis never counts as harm done.",
    )

    # Severity
    DOCUMENTED = ("severity.documented.v1", Clause.SEVERITY_HIGH, "How many and how grave.")
    SOURCES = ("severity.sources.v1", Clause.SEVERITY_HIGH, "How many independent sources confirm.")
    LIKELIHOOD = ("severity.likelihood.v1", Clause.SEVERITY_HIGH, "How likely more is, unchecked.")
    SEVERITY_TABLE = (
        "severity.table.v1",
        Clause.SEVERITY_HIGH,
        "The three tests together, by a table of all 27 cases.",
    )
    OUTLOOK = (
        "severity.outlook.v1",
        Clause.SEVERITY_MODERATE,
        "An outlook that replaces the counted likelihood is a person's, with a reason.",
    )

    # Coordination
    COORDINATED = ("coordination.found.v1", Clause.BOTH, "At least one finding is coordination.")
    NOT_COORDINATED = (
        "coordination.none.v1",
        Clause.BOTH,
        "Chance, too little data or no evidence is not coordination.",
    )
    TECHNICAL_PROVEN = (
        "technical.proven.v1",
        Clause.TECHNICAL_PROVEN,
        "Common control or automation is proven; the platform manipulation rules are enforced.",
    )
    TECHNICAL_UNPROVEN = (
        "technical.unproven.v1",
        Clause.TECHNICAL_PROVEN,
        "Timing and same text alone prove no common control; nothing is enforced by itself.",
    )
    TECHNICAL_NETWORK = (
        "technical.network_alone.v1",
        Clause.TECHNICAL_PROVEN,
        "A shared network, client or time of creation alone proves no common control.",
    )
    TECHNICAL_CLOSE = (
        "technical.close.v1",
        Clause.TECHNICAL_PROVEN,
        "A proven case is not closed before every account in it was acted on.",
    )

    # Designation
    DESIGNATE_ONE_HIGH = (
        "designation.one_high.v1",
        Clause.DESIGNATION,
        "Coordination and, as its result, one high severity.",
    )
    DESIGNATE_MODERATES = (
        "designation.several_moderate.v1",
        Clause.DESIGNATION,
        "Coordination and, as its result, several moderate severities.",
    )
    HARM_TOO_LOW = (
        "designation.harm_too_low.v1",
        Clause.DESIGNATION,
        "Neither one high nor several moderate severities.",
    )
    QUESTIONS = (
        "designation.questions.v1",
        Clause.QUESTIONS,
        "The four questions, the people affected and the lesser measure are answered in earnest.",
    )
    ACTIVISM = (
        "activism.guard.v1",
        Clause.ACTIVISM,
        "Activism is designated only on harm by organisers that two independent sources attribute.",
    )
    CONFLICT = (
        "designation.conflict.v1",
        Clause.CONFLICT,
        "Physical and psychological safety come first where harms or rights conflict.",
    )
    DESIGNATION_STEP = (
        "designation.step.v1",
        Clause.REVIEW,
        "proposed, designated, under review, then kept, modified or withdrawn; no other way.",
    )
    DESIGNATION_EVIDENCE = (
        "designation.evidence.v1",
        Clause.BOTH,
        "Nobody designates what the assessment does not carry.",
    )
    REVIEW_DATE = (
        "designation.review_date.v1",
        Clause.REVIEW,
        "A designation has a date of review, not too far off.",
    )
    REVIEW_OVERDUE = (
        "designation.review_overdue.v1",
        Clause.REVIEW,
        "An overdue review blocks new and renewed limits until it is done.",
    )

    # What needs a person
    PERSON_NAMED = ("person.named.v1", Clause.DUTY_PERSON, "A person with a name decides.")
    PERSON_REASON = ("person.reason.v1", Clause.DUTY_PERSON, "A decision has a reason.")
    PERSON_DESIGNATES = (
        "person.designation.v1",
        Clause.DUTY_PERSON,
        "A person decides each step of a designation.",
    )
    PERSON_SUSPENDS = ("person.suspension.v1", Clause.DUTY_PERSON, "A person decides suspensions.")
    PERSON_REMOVES = ("person.removal.v1", Clause.DUTY_PERSON, "A person decides removals.")
    PERSON_APPEAL = ("person.appeal.v1", Clause.DUTY_PERSON, "A person decides appeals.")
    PERSON_UNCALIBRATED = (
        "person.uncalibrated.v1",
        Clause.DUTY_PERSON,
        "A likelihood that was never calibrated decides nothing.",
    )
    PERSON_LANGUAGE = (
        "person.language.v1",
        Clause.DUTY_PERSON,
        "A language that was never calibrated goes to a person.",
    )
    PERSON_PROTECTED = (
        "person.protected.v1",
        Clause.DUTY_PERSON,
        "Accounts on the protected list get a second look, never an exemption.",
    )
    PERSON_UNSURE = (
        "person.unsure.v1",
        Clause.ROLLING,
        "Outside the act lane a person decides first.",
    )

    # Restrictions
    GROUND = (
        "restriction.ground.v1",
        Clause.ACTOR,
        (
            "Nothing is laid without a standing designation, proven technical coordination or a "
            "violation of one's own."
        ),
    )
    SUBJECT = (
        "restriction.subject.v1",
        Clause.VISIBILITY,
        "Each kind of restriction fits certain subjects and grounds only.",
    )
    TREND_ONLY = ("restriction.trend.v1", Clause.TRENDS, "Only trends are blocked as trends.")
    MEASURES = (
        "restriction.measures.v1",
        Clause.REVIEW,
        "A designation carries only the measures that it was given.",
    )
    EVIDENCE_CITED = (
        "restriction.evidence.v1",
        Clause.DUTY_REASONS,
        "What is laid cites the evidence it rests on.",
    )
    LIMIT = (
        "restriction.limit.v1",
        Clause.VISIBILITY,
        "Accounts and posts associated with a designated group are shown less.",
    )
    NOT_RECOMMENDED = (
        "restriction.not_recommended.v1",
        Clause.RECOMMENDATION,
        "Accounts and posts associated with a designated group are not recommended.",
    )
    TREND_BLOCKED = (
        "restriction.trend_blocked.v1",
        Clause.TRENDS,
        "A trend directly linked with a designated group does not appear.",
    )
    PERIOD = (
        "restriction.period.v1",
        Clause.EXPIRY,
        "Limits have a period within the cap; removal and suspension have none.",
    )
    STANDS_ALREADY = (
        "restriction.stands_already.v1",
        Clause.EXPIRY,
        "What stands is not laid twice.",
    )
    REAPPLY = (
        "restriction.reapply.v1",
        Clause.REAPPLY,
        "A limit is laid again only on behaviour seen since the last one ended.",
    )
    PRIMARY_USE = (
        "restriction.primary_use.v1",
        Clause.SUSPENSION,
        "Only accounts used mainly to propagate or encourage the harmful activity are suspended.",
    )
    REMOVAL = (
        "restriction.removal.v1",
        Clause.VIOLATION_REMOVAL,
        "Removal cites the rule that the post breaks; association alone never suffices.",
    )
    VIOLATIONS = (
        "restriction.violations.v1",
        Clause.VIOLATION_SUSPENSION,
        "Suspension for violations needs a severe one or repeated ones.",
    )
    LIFT = ("restriction.lift.v1", Clause.REVIEW, "What has ended is not lifted again.")
    LIFT_WITHDRAWN = (
        "restriction.lift_withdrawn.v1",
        Clause.REVIEW,
        "A withdrawal lifts what hung on that ground, and only that.",
    )
    SHIELDED = (
        "restriction.shielded.v1",
        Clause.DUTY_APPEAL,
        "An appeal won shields the account from the machine for a while.",
    )

    # Look-up, in the order in which it asks
    LOOKUP_SUSPENDED = (
        "lookup.suspended.v1",
        Clause.SUSPENSION,
        "A suspended account is shown nowhere.",
    )
    LOOKUP_REMOVED = (
        "lookup.removed.v1",
        Clause.VIOLATION_REMOVAL,
        "A post that must be removed is withheld everywhere.",
    )
    LOOKUP_SEARCH = ("lookup.search.v1", Clause.VISIBILITY, "Limited in search results.")
    LOOKUP_REPLIES = ("lookup.replies.v1", Clause.VISIBILITY, "Limited in replies.")
    LOOKUP_TIMELINES = ("lookup.timelines.v1", Clause.VISIBILITY, "Limited on timelines.")
    LOOKUP_EMAIL = ("lookup.email.v1", Clause.RECOMMENDATION, "Not recommended by email.")
    LOOKUP_PRODUCT = ("lookup.product.v1", Clause.RECOMMENDATION, "Not recommended in the product.")
    LOOKUP_TREND = ("lookup.trend.v1", Clause.TRENDS, "Kept out of trends.")
    LOOKUP_NOTHING = ("lookup.nothing.v1", Clause.EXPIRY, "Nothing stands here, so it is shown.")

    # People at risk
    SUPPORT_LANE = (
        "at_risk.support.v1",
        Clause.DUTY_AT_RISK,
        "Self-harm about the author goes to the support lane.",
    )
    LEGAL_LANE = (
        "at_risk.legal.v1",
        Clause.DUTY_CHILD,
        "Suspected child exploitation goes sealed to the legal-reporting lane.",
    )
    SEALED = (
        "at_risk.sealed.v1",
        Clause.DUTY_CHILD,
        "Sealed content is never shown to ordinary reviewers.",
    )
    LIFE_FIRST = (
        "at_risk.life_first.v1",
        Clause.DUTY_AT_RISK,
        "Imminent threats to life go first.",
    )
    SAFETY_FIRST = (
        "at_risk.safety_first.v1",
        Clause.CONFLICT,
        "Physical and psychological harm go before informational harm.",
    )

    # Reasons, appeals, strikes
    STATEMENT = (
        "statement.plain.v1",
        Clause.DUTY_REASONS,
        "A statement of reasons has every part, and nobody's personal data.",
    )
    APPEAL_OPEN = (
        "appeal.open.v1",
        Clause.DUTY_APPEAL,
        "Appeals are open for 184 days from notice.",
    )
    APPEAL_OTHER = (
        "appeal.other_person.v1",
        Clause.DUTY_APPEAL,
        "Whoever took the decision does not decide the appeal.",
    )
    APPEAL_STEP = ("appeal.step.v1", Clause.DUTY_APPEAL, "An appeal is decided once.")


RULES: dict[str, NamedRule] = {rule.value: rule for rule in (*Rule, *LifeRule, *ReviewRule)}
"""Every rule by its name."""
