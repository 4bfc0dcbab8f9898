"""What a dossier holds, as HTML: findings, their time line, incidents, severities, answers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from labeling.markup import bullets, day, facts, moment, paragraph, table, text, words
from labeling.shown import (
    ShownEarlier,
    ShownFinding,
    ShownHarm,
    ShownIncident,
    ShownMoment,
    ShownSource,
    ShownTest,
)

MOST_ROWS = 20
MOST_INCIDENTS = 30

_RELIABILITY = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "reliability unknown",
}
_CREDIBILITY = {
    "1": "confirmed",
    "2": "probably true",
    "3": "possibly true",
    "4": "doubtful",
    "5": "improbable",
    "6": "truth unknown",
}


def timeline_html(moments: Sequence[ShownMoment]) -> str:
    """One row for each account, a mark for each thing it did, all on one scale of time."""
    if not moments:
        return ""
    ordered = sorted(moments, key=lambda one: one.at)
    first, last = ordered[0].at, ordered[-1].at
    rows: dict[str, list[ShownMoment]] = defaultdict(list)
    for one in ordered:
        rows[one.account].append(one)
    shown = list(rows.items())[:MOST_ROWS]
    body = "".join(
        f"<tr><th>{text(account)}</th><td class='c-lag'>{_lag(first, of[0].at)}</td>"
        f"<td><div class='c-track'>{''.join(_mark(one, first, last) for one in of)}</div></td>"
        f"<td>{text(of[0].what)}</td></tr>"
        for account, of in shown
    )
    left = len(rows) - len(shown)
    more = f"<p><em>and {left} more accounts</em></p>" if left > 0 else ""
    span = f"{moment(first)} to {moment(last)} UTC"
    head = f"<th>Account</th><th>After the first</th><th>{span}</th><th>What</th>"
    return (
        f'<table class="c-line"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}'
    )


def _mark(one: ShownMoment, first: datetime, last: datetime) -> str:
    whole = (last - first).total_seconds() or 1.0
    part = (one.at - first).total_seconds() / whole
    return f'<i class="c-mark" style="left: {part * 100:.1f}%" title="{moment(one.at)}"></i>'


def _lag(first: datetime, at: datetime) -> str:
    seconds = (at - first).total_seconds()
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def findings_html(findings: Sequence[ShownFinding]) -> str:
    """What was seen, with what chance has to say about it."""
    return "".join(_finding(one) for one in findings)


def _finding(one: ShownFinding) -> str:
    span = " to ".join(part for part in (day(one.started_at), day(one.ended_at)) if part)
    known = facts(
        [
            ("Kind", words(one.kind) + ("" if one.on_platform else ", off the platform")),
            ("Accounts", f"{len(one.account_ids)}" if one.account_ids else ""),
            ("Shared", ", ".join(words(layer) for layer in one.layers)),
            ("When", span),
            ("By chance", chance_words(one.significance)),
            ("Proof", ", ".join(words(part) for part in (*one.proofs, *one.linkage_kinds))),
            ("Found by", one.found_by),
        ]
    )
    return f'<div class="c-item">{paragraph(one.summary)}{known}</div>'


def chance_words(significance: float | None) -> str:
    """How often chance alone would show as much, in words.

    >>> chance_words(0.004)
    'about 4 in 1,000 times'
    """
    if significance is None:
        return ""
    if significance < 0.001:
        return "less than once in 1,000 times"
    if significance < 0.1:
        return f"about {significance * 1000:.0f} in 1,000 times"
    return f"about {significance * 100:.0f} in 100 times: it may well be chance"


def incidents_html(incidents: Sequence[ShownIncident]) -> str:
    """Each harm with its date, place, what it did, and where that can be read."""
    rows = [
        (
            f"<span class='c-day'>{text(day(one.when))}</span><br>{text(one.where)}",
            f"<strong>{text(_what(one))}</strong>{_effects(one)}",
            "".join(_source(source) for source in one.sources) or "<em>no source</em>",
        )
        for one in incidents[:MOST_INCIDENTS]
    ]
    left = len(incidents) - len(rows)
    more = f"<p><em>and {left} more incidents</em></p>" if left > 0 else ""
    return table("c-posts c-why", ("When, where", "What happened", "Sources"), rows) + more


def _what(one: ShownIncident) -> str:
    where = "" if one.on_platform else ", off the platform"
    kind = f"{words(one.policy)}: {one.severity} {one.harm} harm{where}"
    return kind if one.status in ("", "standing") else f"{one.status} · {kind}"


def _effects(one: ShownIncident) -> str:
    entered = f"entered by {one.submitted_by}" if one.submitted_by else ""
    stake = f", who has a stake: {one.interest}" if one.interest else ""
    actors = {"organiser": "by organisers", "member": "by members"}.get(one.actors, "")
    notes = " · ".join(part for part in (actors, entered + stake) if part)
    return bullets(one.effects.values()) + (
        f'<div class="c-by">{text(notes)}</div>' if notes else ""
    )


def _source(source: ShownSource) -> str:
    code = source.credibility.upper()
    known = [_RELIABILITY.get(code[:1], ""), _CREDIBILITY.get(code[1:], "")]
    worth = ", ".join(part for part in known if part)
    judged = f"{code}: {worth}" if worth else "not judged"
    taken = " · retracted" if source.retracted else ""
    lines = [part for part in (source.publisher, source.url) if part]
    return f'<div class="c-source">{text(" · ".join(lines))}<br>{text(judged + taken)}</div>'


def harms_html(harms: Sequence[ShownHarm]) -> str:
    """The three tests for each form of harm, and what they come to by the rules' table."""
    rows = [
        (
            f"<strong>{text(one.harm)}</strong>",
            _test(one.documented),
            _test(one.sources),
            _test(one.likelihood),
            f"<strong>{text(one.severity)}</strong><br>{text(one.why)}",
        )
        for one in harms
    ]
    heads = ("Harm", "Documented", "Sources", "Likelihood of more", "Severity")
    return table("c-tests", heads, rows)


def _test(one: ShownTest) -> str:
    return f"{text(one.level)}<br><span class='c-by'>{text(one.why)}</span>"


def answers_html(answers: Sequence[tuple[str, str]]) -> str:
    """Questions and answers."""
    return "".join(
        f'<div class="c-item"><strong>{text(question)}</strong>{paragraph(answer)}</div>'
        for question, answer in answers
    )


def earlier_html(earlier: Sequence[ShownEarlier]) -> str:
    """What the first two answered, without their names."""
    return "".join(
        f'<div class="c-item"><strong>{text(f"Answer {one.round}: {words(one.answer)}")}</strong>'
        f"{facts(_details(one))}{paragraph(one.reason or 'no reason given')}</div>"
        for one in earlier
    )


def _details(one: ShownEarlier) -> list[tuple[str, str]]:
    left_out = {"kind", "reason"}
    return [
        (words(name).capitalize(), _plain(value))
        for name, value in one.details.items()
        if name not in left_out and value not in (None, "", [], {}, one.answer)
    ]


def _plain(value: object) -> str:
    match value:
        case dict():
            return "; ".join(f"{words(str(key))}: {_plain(of)}" for key, of in value.items())
        case list() | tuple():
            return ", ".join(_plain(one) for one in value)
        case bool():
            return "yes" if value else "no"
    return words(str(value))
