"""Evidence as HTML that a person can read, and that hostile text cannot break out of.

Everything that came from outside passes through `_text`: Label Studio puts the HTML into its page.
"""

import html
from collections.abc import Iterable
from datetime import UTC, datetime

from labeling.evidence import Evidence, ShownGroup, ShownOpinion, ShownPost, ShownProfile
from policy.cases import CaseKind

LONGEST_TEXT = 4_000
MOST_POSTS = 40
_NEVER = datetime.min.replace(tzinfo=UTC)


def title_of(kind: CaseKind, evidence: Evidence) -> str:
    """The question, with the names it is about."""
    profile, group = evidence.profile, evidence.group
    account = "the account"
    if profile:
        account = f"@{profile.handle.removeprefix('@')}" if profile.handle else profile.account_id
    questions = {
        CaseKind.ASSOCIATION: f"Is {account} associated with {group.name if group else 'it'}?",
        CaseKind.POST_HARM: "Does this post break a policy?",
        CaseKind.COORDINATION: "Did these accounts act in concert?",
        CaseKind.SUSPENSION: f"Is {account} to be suspended?",
        CaseKind.APPEAL: "Does the measure stand?",
        CaseKind.SUPPORT: "Does the author need help?",
    }
    return questions[kind]


def evidence_html(evidence: Evidence, *, blind: bool) -> str:
    """The evidence as one HTML fragment; without the model's opinion if blind."""
    parts: list[str] = []
    if evidence.why_here:
        parts.append(_section("Why you are asked", _paragraph(evidence.why_here)))
    if evidence.proposal:
        parts.append(_section("What is proposed", _paragraph(evidence.proposal)))
    if evidence.statement:
        parts.append(_section("What the affected person says", _paragraph(evidence.statement)))
    who = [
        *([_section(f"The {group.kind}", _group(group))] if (group := evidence.group) else []),
        *([_section("The account", _profile(profile))] if (profile := evidence.profile) else []),
    ]
    if who:
        parts.append(f'<div class="c-pair">{"".join(who)}</div>')
    if evidence.post:
        parts.append(_section("The post in its thread", _thread(evidence.post, evidence.thread)))
    if evidence.posts:
        parts.append(_section(f"Posts ({len(evidence.posts)})", _posts(evidence.posts)))
    if evidence.facts:
        parts.append(_section("What was found", _facts(evidence.facts)))
    if evidence.opinion and not blind:
        parts.append(_section("What the model thinks", _opinion(evidence.opinion)))
    if evidence.clause:
        name = f" ({evidence.clause.id})" if evidence.clause.id else ""
        clause = f"<blockquote>{_text(evidence.clause.text)}</blockquote>"
        parts.append(_section(f"The policy's clause{name}", clause))
    return f'<div class="c-evidence">{"".join(parts)}</div>'


def _text(text: str) -> str:
    more = len(text) - LONGEST_TEXT
    note = f" <em>… and {more:,} more characters</em>" if more > 0 else ""
    escaped = html.escape(text[:LONGEST_TEXT]).replace("\n", "<br>")
    # Isolated, so that right-to-left text cannot rearrange what stands around it.
    return f'<bdi dir="auto">{escaped}</bdi>{note}'


def _section(title: str, body: str) -> str:
    return f"<section><h4>{_text(title)}</h4>{body}</section>"


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts
    )
    return f'<table class="c-facts"><tbody>{rows}</tbody></table>'


def _group(group: ShownGroup) -> str:
    facts = [
        ("Name", group.name),
        ("Purpose", group.purpose or "not stated"),
        ("Narratives", "\n".join(group.narratives)),
        ("Hashtags", " ".join(f"#{tag.removeprefix('#')}" for tag in group.hashtags)),
        ("Domains", " ".join(group.domains)),
    ]
    return _facts((name, value) for name, value in facts if value)


def _profile(profile: ShownProfile) -> str:
    handle = f"@{profile.handle.removeprefix('@')}" if profile.handle else ""
    size = [
        f"{count:,} {name}"
        for count, name in ((profile.followers, "followers"), (profile.following, "following"))
        if count is not None
    ]
    facts = [
        ("Protected", profile.protected),
        ("Name", " ".join(part for part in (profile.display_name, handle) if part)),
        ("Describes itself", profile.description or "nothing"),
        ("Location", profile.location),
        ("Reach", ", ".join(size)),
        ("Since", _day(profile.created_at)),
        ("Seen", _day(profile.observed_at)),
        ("Id", profile.account_id),
    ]
    return _facts((name, value) for name, value in facts if value)


def _posts(posts: tuple[ShownPost, ...]) -> str:
    rows = "".join(
        f"<tr><td class='c-when'>{_when(post.created_at).replace(' ', '<br>')}</td>"
        f"<td>{_post_text(post)}</td><td>{_matched(post)}</td></tr>"
        for post in posts[:MOST_POSTS]
    )
    left = len(posts) - MOST_POSTS
    more = f"<p><em>and {left} more posts</em></p>" if left > 0 else ""
    head = "<thead><tr><th>Time (UTC)</th><th>Text</th><th>What matched, and why</th></tr></thead>"
    return f'<table class="c-posts">{head}<tbody>{rows}</tbody></table>{more}'


def _thread(post: ShownPost, thread: tuple[ShownPost, ...]) -> str:
    # A conversation reads in the order of time; a post without one stands where it was given.
    around = [(other, "c-around") for other in thread]
    whole = [*around, (post, "c-this")]
    if all(shown.created_at for shown, _ in whole):
        whole.sort(key=lambda item: item[0].created_at or _NEVER)
    return "".join(
        f'<div class="c-post {style}"><div class="c-by">{_by(shown)}</div>{_post_text(shown)}'
        f"{_matched(shown)}</div>"
        for shown, style in whole
    )


def _by(post: ShownPost) -> str:
    known = [post.account, _when(post.created_at), post.lang]
    return " · ".join(_text(part) for part in known if part)


def _post_text(post: ShownPost) -> str:
    if not post.text:
        return "<em>no text</em>"
    if not post.severe:
        return f"<p>{_text(post.text)}</p>"
    return (
        '<p class="c-severe" tabindex="0" title="Point at it, or move to it with Tab, to read">'
        f"{_text(post.text)}</p>"
    )


def _matched(post: ShownPost) -> str:
    if not post.matched:
        return ""
    return f"<ul>{''.join(f'<li>{_text(why)}</li>' for why in post.matched)}</ul>"


def _opinion(opinion: ShownOpinion) -> str:
    likely = f"{likelihood_words(opinion.likelihood)} that {opinion.statement}"
    share = f"about {round(opinion.likelihood * 100)} in 100"
    if opinion.low is not None and opinion.high is not None:
        share += f", and hardly less than {round(opinion.low * 100)}"
        share += f" or more than {round(opinion.high * 100)}"
    doubt = (
        ""
        if opinion.calibrated
        else "<p><strong>This figure was never checked against cases like this one: "
        "give it little weight.</strong></p>"
    )
    reasons = "".join(f"<li>{_text(reason)}</li>" for reason in opinion.reasons)
    model = f"<p class='c-by'>{_text(opinion.model)}</p>" if opinion.model else ""
    return (
        f"<p>It is {_text(likely)} ({share}).</p>{doubt}"
        f"{f'<ul>{reasons}</ul>' if reasons else ''}{model}"
    )


def likelihood_words(likelihood: float) -> str:
    """A likelihood in words; the cuts follow the IPCC's scale of likelihood (2010).

    >>> likelihood_words(0.72)
    'likely'
    """
    scale = (
        (0.01, "exceptionally unlikely"),
        (0.10, "very unlikely"),
        (0.33, "unlikely"),
        (0.66, "about as likely as not"),
        (0.90, "likely"),
        (0.99, "very likely"),
    )
    return next((words for cut, words in scale if likelihood < cut), "virtually certain")


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
