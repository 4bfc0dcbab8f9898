"""The rules of review: who answers what, how many answers count, and how reviewers are cared for.

Beside rules.py, with which they make up RULES; a rule whose meaning changes gets a new version.
"""

from policy.clauses import Clause
from policy.rule import NamedRule


class ReviewRule(NamedRule):
    """The rules of review."""

    ROLE = ("role.right.v1", Clause.DUTY_PERSON, "Everybody does only what one of their roles may.")
    ROSTER = (
        "review.roster.v1",
        Clause.DUTY_PERSON,
        "Once there is a roster of reviewers, only who is on it answers cases.",
    )
    REVIEWER_ROLE = (
        "review.role.v1",
        Clause.DUTY_PERSON,
        "Each kind of case, and a third opinion, goes to who has the role for it.",
    )
    REVIEWER_LANGUAGE = (
        "review.language.v1",
        Clause.DUTY_PERSON,
        "A case goes only to reviewers who read its language.",
    )
    REVIEWER_PLACE = (
        "review.place.v1",
        Clause.DUTY_PERSON,
        "A case goes only to reviewers who know its place.",
    )
    REVIEWER_OTHER = (
        "review.other_person.v1",
        Clause.DUTY_PERSON,
        "A further opinion, a second look and an appeal are another person's.",
    )
    REVIEWER_BREAK = (
        "review.break.v1",
        Clause.DUTY_REVIEWERS,
        "Severe material pauses during a break.",
    )
    REVIEWER_OPT_OUT = (
        "review.opt_out.v1",
        Clause.DUTY_REVIEWERS,
        "Nobody is served material on a policy that they opted out of.",
    )
    REVIEWER_IN_A_ROW = (
        "review.severe_in_a_row.v1",
        Clause.DUTY_REVIEWERS,
        "Only so many severe cases are served in a row.",
    )
    REVIEWER_IN_A_DAY = (
        "review.severe_in_a_day.v1",
        Clause.DUTY_REVIEWERS,
        "Only so many severe cases are served in a day.",
    )
    ONE_OPINION = (
        "opinions.one.v1",
        Clause.DUTY_PERSON,
        "One person's answer decides what limits nobody for good.",
    )
    TWO_ALWAYS = (
        "opinions.two_always.v1",
        Clause.DUTY_PERSON,
        "Two people, blind to each other and the model, answer suspensions and designations.",
    )
    TWO_REMOVAL = (
        "opinions.two_removal.v1",
        Clause.DUTY_PERSON,
        "A removal is decided by two people, blind to each other.",
    )
    TWO_PROTECTED = (
        "opinions.two_protected.v1",
        Clause.DUTY_PERSON,
        "A restriction of a protected account is decided by two people, blind to each other.",
    )
    TWO_SAMPLED = (
        "opinions.two_sampled.v1",
        Clause.DUTY_PERSON,
        "A random share of all other cases is answered twice, to measure agreement.",
    )
    THIRD_LEAD = (
        "opinions.third_lead.v1",
        Clause.DUTY_PERSON,
        "Where two differ, a lead who gave neither answer decides.",
    )
    LONE_VOICE = (
        "opinions.lone_voice.v1",
        Clause.DUTY_PERSON,
        "Where two are needed, nobody is restricted on one voice alone.",
    )

    GOLD = (
        "review.gold.v1",
        Clause.DUTY_PERSON,
        "Gold is made of decided cases, by a lead, and its copies decide nothing.",
    )
    LABEL_ERROR = (
        "review.label_error.v1",
        Clause.DUTY_PERSON,
        "An answer that looks mistaken beside all others is looked at again by another person.",
    )
