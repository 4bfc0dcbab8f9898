"""Evidence as HTML that a person can read: the page of a task."""

from datetime import UTC, datetime

from labeling.evidence import Evidence
from labeling.markup import bullets, day, facts, moment, paragraph, section, text
from labeling.render_dossier import (
    answers_html,
    earlier_html,
    findings_html,
    harms_html,
    incidents_html,
    timeline_html,
)
from labeling.shown import ShownGroup, ShownOpinion, ShownPost, ShownProfile
from policy.care import Blur
from policy.cases import CaseKind
from policy.words import Severity

MOST_POSTS = 40
MOST_PLACES = 6
_NEVER = datetime.min.replace(tzinfo=UTC)


def title_of(kind: CaseKind, evidence: Evidence) -> str:
    """The question, with the names it is about."""
    profile, group = evidence.profile, evidence.group
    account = "the account"
    if profile:
        account = f"@{profile.handle.removeprefix('@')}" if profile.handle else profile.account_id
    name = group.name if group else "it"
    questions = {
        CaseKind.ASSOCIATION: f"Is {account} associated with {name}?",
        CaseKind.POST_HARM: "Does this post break a policy?",
        CaseKind.COORDINATION: "Did these accounts act in concert?",
        CaseKind.ASSESSMENT: f"Does {name} act in concert, and does that cause harm?",
        CaseKind.DESIGNATION: f"Is the proposal on {name} right?",
        CaseKind.SUSPENSION: f"Is {account} to be suspended?",
        CaseKind.REAPPLICATION: f"Is {account} associated with {name} again?",
        CaseKind.APPEAL: "Does the measure stand?",
        CaseKind.SUPPORT: "Does the author need help?",
    }
    return questions[kind]


def evidence_html(evidence: Evidence, *, blind: bool) -> str:
    """The evidence as one HTML fragment, evidence first, the policy's clause last.

    Without the model's opinion, and without what the rules make of the evidence, if blind.
    """
    parts = [
        *_question(evidence),
        *_subject(evidence),
        *_found(evidence),
        *([] if blind else _counted(evidence)),
        *_clause(evidence),
    ]
    # Focus comes here when the page opens, so that Tab goes through the evidence to the answer.
    return f'<div class="c-evidence" tabindex="-1" autofocus="autofocus">{"".join(parts)}</div>'


def _question(of: Evidence) -> list[str]:
    return _sections(
        ("Why you are asked", paragraph(of.why_here) + _where(of.places)),
        ("The measure" if of.statement else "What is proposed", paragraph(of.proposal)),
        ("What the affected person says", paragraph(of.statement)),
        ("The answers so far", earlier_html(of.earlier)),
    )


def _where(places: tuple[str, ...]) -> str:
    if not places:
        return ""
    more = len(places) - MOST_PLACES
    rest = f" and {more} more" if more > 0 else ""
    return f"<p class='c-by'>Where: {text('; '.join(places[:MOST_PLACES]) + rest)}</p>"


def _subject(of: Evidence) -> list[str]:
    who = _sections(
        (f"The {of.group.kind}" if of.group else "", _group(of.group) if of.group else ""),
        ("The account", _profile(of.profile) if of.profile else ""),
    )
    pair = [f'<div class="c-pair">{"".join(who)}</div>'] if who else []
    return [*pair, *_sections(("What stood before", facts(of.before)))]


def _found(of: Evidence) -> list[str]:
    thread = _thread(of.post, of.thread, of.blur) if of.post else ""
    return _sections(
        ("The post in its thread", thread),
        ("Who did what when", timeline_html(of.timeline)),
        (f"Coordination ({len(of.findings)})", findings_html(of.findings)),
        (f"Incidents ({len(of.incidents)})", incidents_html(of.incidents)),
        (f"Posts ({len(of.posts)})", _posts(of.posts, of.blur)),
        ("What was found", facts(of.facts)),
        ("The policy's questions, as answered", answers_html(of.answers)),
    )


def _counted(of: Evidence) -> list[str]:
    """What rules and model make of the evidence: never shown to whoever answers blind."""
    return _sections(
        ("What the rules count for each form of harm", harms_html(of.harms)),
        ("Activism and the like", paragraph(of.guard)),
        ("What the model thinks", _opinion(of.opinion) if of.opinion else ""),
    )


def _clause(of: Evidence) -> list[str]:
    if of.clause is None:
        return []
    name = f" ({of.clause.id})" if of.clause.id else ""
    quote = f"<blockquote>{text(of.clause.text)}</blockquote>"
    return _sections((f"The policy's clause{name}", quote))


def _sections(*given: tuple[str, str]) -> list[str]:
    return [section(title, body) for title, body in given if body]


def _group(group: ShownGroup) -> str:
    return facts(
        [
            ("Name", group.name),
            ("Purpose", group.purpose or "not stated"),
            ("Narratives", "\n".join(group.narratives)),
            ("Hashtags", " ".join(f"#{tag.removeprefix('#')}" for tag in group.hashtags)),
            ("Domains", " ".join(group.domains)),
        ]
    )


def _profile(profile: ShownProfile) -> str:
    handle = f"@{profile.handle.removeprefix('@')}" if profile.handle else ""
    size = [
        f"{count:,} {name}"
        for count, name in ((profile.followers, "followers"), (profile.following, "following"))
        if count is not None
    ]
    return facts(
        [
            ("Protected", profile.protected),
            ("Name", " ".join(part for part in (profile.display_name, handle) if part)),
            ("Describes itself", profile.description or "nothing"),
            ("Location", profile.location),
            ("Reach", ", ".join(size)),
            ("Since", day(profile.created_at)),
            ("Seen", day(profile.observed_at)),
            ("Id", profile.account_id),
        ]
    )


def _posts(posts: tuple[ShownPost, ...], veil: Blur) -> str:
    if not posts:
        return ""
    # A column that says nothing takes room from the text.
    why = any(post.matched for post in posts)
    rows = "".join(
        f"<tr><td class='c-when'>{moment(post.created_at).replace(' ', '<br>')}</td>"
        f"<td>{_from(post)}{_post_text(post, veil)}</td>"
        f"{f'<td>{bullets(post.matched)}</td>' if why else ''}</tr>"
        for post in posts[:MOST_POSTS]
    )
    left = len(posts) - MOST_POSTS
    more = f"<p><em>and {left} more posts</em></p>" if left > 0 else ""
    matched = "<th>What matched, and why</th>" if why else ""
    head = f"<thead><tr><th>Time (UTC)</th><th>Text</th>{matched}</tr></thead>"
    style = "c-posts c-why" if why else "c-posts"
    return f'<table class="{style}">{head}<tbody>{rows}</tbody></table>{more}'


def _from(post: ShownPost) -> str:
    return f'<div class="c-by">{text(post.account)}</div>' if post.account else ""


def _thread(post: ShownPost, thread: tuple[ShownPost, ...], veil: Blur) -> str:
    # A conversation reads in the order of time; a post without one stands where it was given.
    around = [(other, "c-around") for other in thread]
    whole = [*around, (post, "c-this")]
    if all(shown.created_at for shown, _ in whole):
        whole.sort(key=lambda item: item[0].created_at or _NEVER)
    return "".join(
        f'<div class="c-post {style}"><div class="c-by">{_by(shown)}</div>'
        f"{_post_text(shown, veil)}{bullets(shown.matched)}</div>"
        for shown, style in whole
    )


def _by(post: ShownPost) -> str:
    known = [post.account, moment(post.created_at), post.lang]
    return " · ".join(text(part) for part in known if part)


def _post_text(post: ShownPost, veil: Blur) -> str:
    """A post's text, folded away if it is severe, blurred if it may be hard to read."""
    if not post.text:
        return "<em>no text</em>"
    if post.gravity is Severity.HIGH:
        return (
            "<details class='c-fold'><summary>Severe text: Space or a click shows it</summary>"
            f"<p>{text(post.text)}</p></details>"
        )
    if post.gravity is Severity.MODERATE or veil is Blur.ALL_POSTS:
        return (
            '<p class="c-severe" tabindex="0" title="Click it, or move to it with Tab, to read">'
            f"{text(post.text)}</p>"
        )
    return f"<p>{text(post.text)}</p>"


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
    model = f"<p class='c-by'>{text(opinion.model)}</p>" if opinion.model else ""
    return f"<p>It is {text(likely)} ({share}).</p>{doubt}{bullets(opinion.reasons)}{model}"


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
