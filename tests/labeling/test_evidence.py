"""What a reviewer is shown: complete, readable, and nothing that breaks out of the page."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.configs import ConfigError, labeling_config, newest_version
from labeling.evidence import NEEDED, Evidence, EvidenceError, read_evidence
from labeling.markup import LONGEST_TEXT
from labeling.render import MOST_POSTS, evidence_html, likelihood_words, title_of
from labeling.tasks import task_of
from policy.care import Blur
from policy.cases import CaseKind
from policy.words import Policy
from tests.labeling.cases import ASSOCIATION_DATA, POST_DATA, association

OURS = {
    *("div", "section", "h4", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("blockquote", "bdi", "br", "em", "strong", "details", "summary", "span", "i"),
}
ATTRIBUTES = {"autofocus", "class", "dir", "tabindex", "title", "style"}


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def everywhere(text: str) -> Evidence:
    """Evidence with the same text in every place that takes any."""
    post = {"post_id": text, "text": text, "account": text, "lang": text, "matched": [text]}
    return Evidence.model_validate(
        {
            "clause": {"id": text, "text": text},
            "why_here": text,
            "places": [text],
            "proposal": text,
            "statement": text,
            "group": {
                **dict.fromkeys(("name", "kind", "purpose"), text),
                **{key: [text] for key in ("narratives", "hashtags", "domains")},
            },
            "profile": dict.fromkeys(
                ("account_id", "handle", "display_name", "description", "location", "protected"),
                text,
            ),
            "post": post,
            "thread": [{**post, "severe": True}],
            "posts": [post],
            "facts": [(text, text)],
            "timeline": [{"at": "2026-01-01T00:00:00Z", "account": text, "what": text}],
            "incidents": [
                {
                    "id": text,
                    **dict.fromkeys(("where", "harm", "policy", "severity", "actors"), text),
                    **dict.fromkeys(("submitted_by", "interest", "status"), text),
                    "effects": {"physical": text},
                    "sources": [{"publisher": text, "url": text, "credibility": text}],
                }
            ],
            "findings": [
                {
                    "id": text,
                    **dict.fromkeys(("kind", "summary", "found_by"), text),
                    **{key: [text] for key in ("account_ids", "layers", "proofs")},
                    "significance": 0.2,
                }
            ],
            "harms": [
                {
                    **dict.fromkeys(("harm", "severity", "why"), text),
                    **{
                        test: {"level": text, "why": text}
                        for test in ("documented", "sources", "likelihood")
                    },
                }
            ],
            "guard": text,
            "answers": [(text, text)],
            "before": [(text, text)],
            "earlier": [{"round": 1, "answer": text, "details": {text: text}, "reason": text}],
            "opinion": {
                "statement": text,
                "likelihood": 0.5,
                "reasons": [text],
                "model": text,
                "calibrated": False,
            },
        }
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "<style>*{display:none}</style>",
    "</View><Choices name='x'/>",
    "&lt;script&gt;",
    "<a href='javascript:alert(1)'>x</a>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markup_is_only_ever_text(text: str) -> None:
    page = Tags()
    page.feed(evidence_html(everywhere(text), blind=False))
    assert page.tags <= OURS
    assert page.attributes <= ATTRIBUTES


@given(st.text(alphabet=st.characters(categories=None), min_size=1, max_size=80))
def test_any_text_is_only_ever_text_and_can_be_stored(text: str) -> None:
    html = evidence_html(everywhere(text), blind=False)
    page = Tags()
    page.feed(html)
    assert page.tags <= OURS
    assert page.attributes <= ATTRIBUTES
    assert "\0" not in html
    html.encode()


def test_text_that_would_show_other_words_than_it_has_is_defused() -> None:
    html = evidence_html(everywhere("safe \u202egnp.exe"), blind=False)
    assert "\u202e" not in html
    assert "safe \ufffdgnp.exe" in html


def test_a_blind_task_holds_no_opinion_of_the_model() -> None:
    evidence = read_evidence(CaseKind.ASSOCIATION, ASSOCIATION_DATA)
    assert "72 in 100" in evidence_html(evidence, blind=False)
    assert "72" not in evidence_html(evidence, blind=True)
    counted = everywhere("A mark").model_copy(update={"clause": None})
    shown = (evidence_html(counted, blind=False), evidence_html(counted, blind=True))
    for hidden in ("What the rules count", "Activism and the like", "What the model thinks"):
        assert [hidden in html for html in shown] == [True, False]
    task = task_of(
        association("c", blind=True, prediction={"association": "associated"}), owner="o"
    )
    assert "predictions" not in task


def test_long_evidence_is_cut_and_says_so() -> None:
    post: dict[str, Any] = {"post_id": "p", "text": "a" * (LONGEST_TEXT + 1_234)}
    html = evidence_html(Evidence(posts=[post] * (MOST_POSTS + 2)), blind=False)
    assert "and 1,234 more characters" in html
    assert "and 2 more posts" in html
    assert f"Posts ({MOST_POSTS + 2})" in html


def test_severe_text_is_covered_and_can_be_reached_by_keyboard() -> None:
    shown = {
        (gravity, blur): evidence_html(
            Evidence.model_validate(
                {"posts": [{"post_id": "p", "text": "x", "severity": gravity}], "blur": blur}
            ),
            blind=False,
        )
        for gravity in ("low", "moderate", "high")
        for blur in Blur
    }
    for (gravity, blur), html in shown.items():
        folded = gravity == "high"
        blurred = not folded and (gravity == "moderate" or blur is Blur.ALL_POSTS)
        assert ("<details class='c-fold'>" in html) == folded
        assert ('class="c-severe" tabindex="0"' in html) == blurred
    old = evidence_html(read_evidence(CaseKind.ASSOCIATION, ASSOCIATION_DATA), blind=False)
    assert "<details class='c-fold'>" in old
    for kind in NEEDED:
        xml = labeling_config(kind, newest_version(kind)).xml
        assert ".c-severe:focus" in xml
        # Pointing at it is not yet asking for it.
        assert ".c-severe:hover" not in xml


def test_a_time_line_stands_in_the_order_of_time_and_on_one_scale() -> None:
    moments = [
        {"at": "2026-01-01T12:00:30Z", "account": "third", "what": "shares it"},
        {"at": "2026-01-01T12:00:00Z", "account": "first", "what": "shares it"},
        {"at": "2026-01-01T12:00:15Z", "account": "second", "what": "shares it"},
    ]
    html = evidence_html(Evidence.model_validate({"timeline": moments}), blind=True)
    assert html.index("first") < html.index("second") < html.index("third")
    for place in ("left: 0.0%", "left: 50.0%", "left: 100.0%", "15 s", "30 s"):
        assert place in html


def test_a_thread_is_read_in_the_order_of_time() -> None:
    post = {"post_id": "2", "text": "answer", "created_at": "2026-01-01T12:00:00Z"}
    around = [
        {"post_id": "3", "text": "later", "created_at": "2026-01-01T13:00:00Z"},
        {"post_id": "1", "text": "earlier", "created_at": "2026-01-01T11:00:00Z"},
    ]
    html = evidence_html(Evidence.model_validate({"post": post, "thread": around}), blind=False)
    assert html.index("earlier") < html.index("answer") < html.index("later")


@pytest.mark.parametrize(
    ("likelihood", "words"),
    [
        (0.0, "exceptionally unlikely"),
        (0.01, "very unlikely"),
        (0.33, "about as likely as not"),
        (0.66, "likely"),
        (0.9, "very likely"),
        (1.0, "virtually certain"),
    ],
)
def test_a_likelihood_in_words_leaves_no_gap(likelihood: float, words: str) -> None:
    assert likelihood_words(likelihood) == words


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        (CaseKind.ASSOCIATION, {}, "needs group, profile"),
        (CaseKind.LEGAL, POST_DATA, "never shown"),
        (CaseKind.POST_HARM, {"post": {"text": "x"}}, "post.post_id: Field required"),
        (
            CaseKind.POST_HARM,
            {**POST_DATA, "opinion": {"likelihood": 1.2}},
            "opinion.likelihood: Input should be less than or equal to 1",
        ),
        (
            CaseKind.POST_HARM,
            {"post": {"post_id": "p", "created_at": "2026-01-01T00:00:00"}},
            "post.created_at",
        ),
    ],
)
def test_wrong_evidence_names_the_field(kind: CaseKind, data: Any, problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        read_evidence(kind, data)


def test_titles_ask_about_somebody() -> None:
    evidence = read_evidence(CaseKind.ASSOCIATION, ASSOCIATION_DATA)
    title = title_of(CaseKind.ASSOCIATION, evidence)
    assert title == "Is @tidewatcher associated with Harbour Watch?"


@pytest.mark.parametrize("kind", NEEDED)
def test_configs_use_aliases_and_hotkeys_that_do_not_collide(kind: CaseKind) -> None:
    config = labeling_config(kind, newest_version(kind))
    hotkeys: list[str] = []
    for control in config.interface.controls:
        if control.tag != "Choices":
            continue
        for alias, label in control.labels_attrs.items():
            assert label.attr["alias"] == alias
            hotkeys += [label.attr["hotkey"]] if "hotkey" in label.attr else []
    assert len(set(hotkeys)) == len(hotkeys)


@pytest.mark.parametrize("version", [1, 2])
def test_each_policy_can_be_chosen_and_given_a_severity(version: int) -> None:
    choices = labeling_config(CaseKind.POST_HARM, version).choices
    assert choices["policies"] == {*Policy, "none_of_these"}
    for policy in Policy:
        assert choices[f"severity_{policy}"] == {"low", "moderate", "high"}


def test_there_is_no_config_for_sealed_cases_nor_for_versions_to_come() -> None:
    for kind, version in ((CaseKind.LEGAL, 1), (CaseKind.ASSOCIATION, 99)):
        with pytest.raises(ConfigError):
            labeling_config(kind, version)
    with pytest.raises(ConfigError):
        newest_version(CaseKind.LEGAL)
