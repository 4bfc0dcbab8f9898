"""Statements of reasons: the person's words in each language, and the record for the public."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.dsa import MOST_AT_ONCE, About, Record, problems, record, schema
from casework.export_statements import export
from casework.notices import accepted, language_for, languages, notice
from casework.office import Office
from policy.restrictions import Cause, Ground, GroundKind, Restriction
from policy.statements import Found, StatementOfReasons, state_reasons
from policy.words import RestrictionKind, SubjectKind
from store.store import Store
from store.work import Reading

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

_K, _S, _G = RestrictionKind, SubjectKind, GroundKind
CLAUSES = {
    _K.SUSPEND_ACCOUNT: "enforcement.suspension",
    _K.REQUIRE_REMOVAL: "enforcement.violation.removal",
    _K.BLOCK_TREND: "enforcement.trends",
}
ACCOUNT = "an-account-that-nobody-may-see"


def laid(
    kind: RestrictionKind,
    subject: SubjectKind = _S.ACCOUNT,
    ground: GroundKind = _G.DESIGNATION,
    *,
    by: str = "person:ada",
    policy: str | None = None,
    found: Found = Found.MACHINE,
    name: str = "Owls of the North",
) -> tuple[Restriction, StatementOfReasons]:
    endless = kind in (_K.SUSPEND_ACCOUNT, _K.REQUIRE_REMOVAL)
    restriction = Restriction(
        id=f"r_{kind.value}",
        subject_kind=subject,
        subject_id=ACCOUNT,
        kind=kind,
        ground=Ground(kind=ground, ref="d1", group_id="owls", policy=policy),
        cause=Cause(by=by, rule="x.v1", clause=CLAUSES.get(kind, "enforcement.visibility")),
        starts_at=NOW,
        expires_at=None if endless else NOW.replace(month=4),
    )
    made = state_reasons(
        restriction, statement_id=f"s_{kind.value}", notice_at=NOW, found=found, group_name=name
    )
    return restriction, made


def of(office: Office, *given_: Any, about: About | None = None, **named: Any) -> Record:
    with office.store.reading() as work:
        return record(work, *laid(*given_, **named), about or About())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (_K.LIMIT_SEARCH, {"decision_visibility": ["DECISION_VISIBILITY_CONTENT_DEMOTED"]}),
        (
            _K.LIMIT_REPLIES,
            {
                "decision_visibility": [
                    "DECISION_VISIBILITY_CONTENT_DEMOTED",
                    "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
                ],
                "end_date_visibility_restriction": "2026-04-01",
            },
        ),
        (_K.SUSPEND_ACCOUNT, {"decision_account": "DECISION_ACCOUNT_SUSPENDED"}),
    ],
)
def test_what_was_decided(office: Office, kind: _K, expected: dict[str, Any]) -> None:
    made = of(office, kind)
    assert {name: made[name] for name in expected} == expected
    assert ("decision_visibility" in made) != ("decision_account" in made)
    assert problems(made) == []


@pytest.mark.parametrize(
    ("by", "found", "detection", "decision"),
    [
        ("model:a", Found.MACHINE, "Yes", "AUTOMATED_DECISION_FULLY"),
        ("person:a", Found.MACHINE, "Yes", "AUTOMATED_DECISION_PARTIALLY"),
        ("person:a", Found.PERSON, "No", "AUTOMATED_DECISION_NOT_AUTOMATED"),
    ],
)
def test_how_far_it_was_automated(
    office: Office, by: str, found: Found, detection: str, decision: str
) -> None:
    made = of(office, _K.LIMIT_SEARCH, by=by, found=found)
    assert (made["automated_detection"], made["automated_decision"]) == (detection, decision)


def test_grounds_and_categories(office: Office) -> None:
    made = of(office, _K.SUSPEND_ACCOUNT, ground=_G.TECHNICAL)
    assert made["category"] == "STATEMENT_CATEGORY_VIOLENCE"
    assert made["category_specification"] == [
        "KEYWORD_COORDINATED_HARM",
        "KEYWORD_INAUTHENTIC_ACCOUNTS",
    ]
    removal = of(
        office, _K.REQUIRE_REMOVAL, _S.POST, _G.VIOLATION, policy="hate", about=About(None, "de")
    )
    assert removal["category"] == "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
    assert removal["content_type"] == ["CONTENT_TYPE_TEXT"]
    assert removal["content_language"] == "DE"
    assert problems(removal) == []


@pytest.mark.parametrize(
    ("since", "content_date"),
    [
        (date(2015, 5, 4), "2015-05-04"),
        (None, "2026-03-01"),
        # Nothing is older than the decision on it.
        (date(2027, 1, 1), "2026-03-01"),
    ],
)
def test_since_when_it_exists(office: Office, since: date | None, content_date: str) -> None:
    assert of(office, _K.LIMIT_SEARCH, about=About(since))["content_date"] == content_date


@pytest.mark.parametrize(
    ("lang", "sent"),
    [
        ("de", "DE"),
        ("PT", "PT"),
        # As platforms spell Hebrew and Indonesian since before 1989.
        ("iw", "HE"),
        ("in", "ID"),
        # Two letters, and no language of ISO 639-1: the statement goes without.
        ("xx", None),
        ("und", None),
        (None, None),
    ],
)
def test_the_language_is_one_that_the_database_knows(
    office: Office, lang: str | None, sent: str | None
) -> None:
    made = of(office, _K.LIMIT_SEARCH, about=About(None, lang))
    assert made.get("content_language") == sent
    assert problems(made) == []


def test_nobody_is_named(office: Office) -> None:
    text = json.dumps(of(office, _K.LIMIT_SEARCH))
    assert ACCOUNT not in text
    assert "Owls" not in text
    assert "ada" not in text.replace("database", "")


GOOD: Record = {
    "puid": "s_1",
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DEMOTED"],
    "decision_facts": "It was found.",
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    "incompatible_content_ground": "rules",
    "incompatible_content_explanation": "they say so",
    "content_type": ["CONTENT_TYPE_TEXT"],
    "category": "STATEMENT_CATEGORY_VIOLENCE",
    "content_date": "2020-02-29",
    "application_date": "2026-01-01",
    "source_type": "SOURCE_VOLUNTARY",
    "automated_detection": "Yes",
    "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
}


def test_the_schema_takes_a_good_record() -> None:
    assert problems(GOOD) == []
    assert problems(GOOD | {"decision_monetary": "DECISION_MONETARY_SUSPENSION"}) == []
    without = {name: value for name, value in GOOD.items() if name != "decision_visibility"}
    assert problems(without | {"decision_account": "DECISION_ACCOUNT_SUSPENDED"}) == []


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in GOOD),
        {"puid": "a b"},
        {"puid": "x" * 501},
        {"unknown": "x"},
        {"decision_visibility": []},
        {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]},
        {"decision_monetary": "DECISION_MONETARY_OTHER"},
        {"content_type": ["CONTENT_TYPE_OTHER"]},
        {"decision_facts": "x" * 5001},
        {"decision_facts": "Write to someone@example.org"},
        {"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"},
        {"illegal_content_legal_ground": "x"},
        {"incompatible_content_explanation": "x" * 2001},
        {"category": "STATEMENT_CATEGORY_NONE"},
        {"category_specification": ["COORDINATED_HARM"]},
        {"content_date": "1999-12-31"},
        {"content_date": "2026-02-30"},
        {"application_date": "2019-12-31"},
        {"content_language": "de"},
        {"territorial_scope": ["US"]},
        {"source_identity": "somebody"},
        {"automated_detection": True},
        {"automated_decision": "Yes"},
        {"source_type": "SOURCE_OTHER_NOTIFICATION"},
        {"category": "STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT"},
        {"category_specification": ["KEYWORD_DISINFORMATION"]},
        {"category_addition": ["STATEMENT_CATEGORY_VIOLENCE"]},
        {"content_language": "XX"},
        {"content_id": {"ISBN": "9780000000002"}},
        {"end_date_visibility_restriction": "2025-12-31"},
        {"end_date_account_restriction": "2026-12-31"},
        # What the database would drop.
        {"decision_visibility_other": "x"},
        {"decision_monetary_other": "x"},
        {"content_type_other": "x"},
        {"category_specification_other": "x"},
        {"incompatible_content_illegal": "no"},
    ],
)
def test_the_schema_refuses_what_the_database_would(change: dict[str, Any]) -> None:
    changed = {name: value for name, value in (GOOD | change).items() if value is not None}
    assert problems(changed)


VALUES = {
    "decision_visibility": """CONTENT_REMOVED CONTENT_DISABLED CONTENT_DEMOTED
        CONTENT_AGE_RESTRICTED CONTENT_INTERACTION_RESTRICTED CONTENT_LABELLED OTHER""",
    "decision_monetary": "SUSPENSION TERMINATION OTHER",
    "decision_provision": """PARTIAL_SUSPENSION TOTAL_SUSPENSION PARTIAL_TERMINATION
        TOTAL_TERMINATION""",
    "decision_account": "SUSPENDED TERMINATED",
    "account_type": "BUSINESS PRIVATE",
    "decision_ground": "ILLEGAL_CONTENT INCOMPATIBLE_CONTENT",
    "content_type": "APP AUDIO IMAGE PRODUCT SYNTHETIC_MEDIA TEXT VIDEO OTHER",
    "source_type": """SOURCE_ARTICLE_16 SOURCE_TRUSTED_FLAGGER SOURCE_TYPE_OTHER_NOTIFICATION
        SOURCE_VOLUNTARY""",
    "automated_decision": "FULLY PARTIALLY NOT_AUTOMATED",
    "automated_detection": "Yes No",
    "incompatible_content_illegal": "Yes No",
}
"""What the reference lists for each field, without the field's own name before it."""


def test_the_fields_and_values_are_those_of_the_reference(shared: Path) -> None:
    reference = (shared / "reference" / "statement-of-reasons.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", reference, flags=re.MULTILINE)[2:]
    said = {name: rule for names, rule in rows for name in _fields(names)}
    properties = schema()["properties"]
    # It stands in the row of the source's type.
    assert set(properties) == {*said, "source_identity"}
    required = {name for name, rule in said.items() if re.match(r"required(?! with| if)", rule)}
    assert set(schema()["required"]) == required
    for name, values in VALUES.items():
        about = properties[name]
        wanted = [
            one if one.startswith("SOURCE") or one in ("Yes", "No") else f"{name.upper()}_{one}"
            for one in values.split()
        ]
        assert about.get("items", about)["enum"] == wanted
        # The table here was not made up either.
        parts = [part for one in values.split() for part in one.split("_")]
        assert all(re.search(rf"(?<![A-Za-z]){part}(?![A-Za-z])", reference) for part in parts)
    assert len(schema()["$defs"]["category"]["enum"]) == 16
    for names, rule in rows:
        limit = re.search(r"at most (\d+)(?:, (\d+))?", rule)
        if limit is None or names in ("puid", "source_type"):
            continue
        for name, longest in zip(_fields(names), limit.groups(), strict=False):
            assert _longest(properties[name]) == int(longest or limit[1])
    mapping = re.findall(r"\b(?:KEYWORD|STATEMENT_CATEGORY)_[A-Z_]{4,}\b", reference)
    known = set(schema()["$defs"]["keyword"]["enum"] + schema()["$defs"]["category"]["enum"])
    assert mapping
    assert {one for one in mapping if not one.endswith("_")} <= known


def _fields(names: str) -> list[str]:
    """The fields of one row, written out: `a_{b,c}_d`, `a_content_b, _c`, `a[] (B_…)`."""
    found = []
    for name in re.split(r", (?![^{]*\})", re.sub(r"\[\]| \([^)]*\)", "", names)):
        if name.startswith("_"):
            found.append(found[-1].partition("_content")[0] + "_content" + name)
        elif parts := re.fullmatch(r"(\w+)\{([\w,]+)\}(\w+)", name):
            found += [parts[1] + middle + parts[3] for middle in parts[2].split(",")]
        else:
            found.append(name)
    return found


def _longest(about: Record) -> int:
    if "$ref" in about:
        about = schema()["$defs"][about["$ref"].rpartition("/")[2]]
    inner: list[Record] = about.get("allOf", [about])
    return next(_longest(one) if "$ref" in one else one["maxLength"] for one in inner)


@settings(deadline=None)
@given(
    kind=st.sampled_from([*_K]),
    ground=st.sampled_from([*_G]),
    policy=st.sampled_from(["violence", "spam", "no such rule", None]),
    found=st.sampled_from([*Found]),
    by=st.sampled_from(["person:a", "model:b"]),
)
def test_whatever_is_laid_can_be_told(
    empty: Reading, kind: _K, ground: _G, policy: str | None, found: Found, by: str
) -> None:
    subject = {_K.BLOCK_TREND: _S.TREND, _K.REQUIRE_REMOVAL: _S.POST}.get(kind, _S.ACCOUNT)
    restriction, made = laid(kind, subject, ground, policy=policy, found=found, by=by)
    assert problems(record(empty, restriction, made, About())) == []
    for language in languages().values():
        told = notice(empty, restriction, made, language)
        assert all(heading and said for heading, said in told.parts)
        assert "{" not in told.text
        assert ACCOUNT not in told.text


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A store in which neither the group nor its designation is left."""
    folder = tmp_path_factory.mktemp("empty")
    url, anchor = f"sqlite:///{folder / 'x.db'}", folder / "x.anchor"
    with Store.open(url, anchor) as store, store.reading() as work:
        yield work


def test_every_language_has_every_word() -> None:
    def shape(value: Any, at: str = "") -> dict[str, set[str]]:
        if isinstance(value, dict):
            found: dict[str, set[str]] = {}
            for name, inner in value.items():
                found |= shape(inner, f"{at}/{name}")
            return found
        assert value.strip(), at
        return {at: {field for _, field, _, _ in Formatter().parse(value) if field}}

    english = shape(languages()["en"].words)
    assert {"en", "de", "es", "fr", "tr", "ar", "ru"} <= set(languages())
    for code, language in languages().items():
        assert shape(language.words) == english, code
        assert language.direction == ("rtl" if code == "ar" else "ltr")


def test_english_says_what_the_statement_says(empty: Reading) -> None:
    restriction, made = laid(_K.SUSPEND_ACCOUNT)
    told = dict(notice(empty, restriction, made, languages()["en"]).parts)
    for said in (made.what, made.clause_says, made.how_found, made.how_decided, made.until):
        assert said in told.values()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("xx, ar;q=0.5, fr;q=0.7", "fr"),
        ("en;q=0.1, tr", "tr"),
        ("*;q=broken,;;;,\x00", "en"),
    ],
)
def test_the_browsers_language_is_taken(header: str, code: str) -> None:
    assert language_for(accepted(header)).code == code


def test_export_takes_a_hundred_a_call_and_leaves_out_what_is_wrong(
    office: Office, tmp_path: Path
) -> None:
    good = [laid(_K.LIMIT_SEARCH) for _ in range(MOST_AT_ONCE + 5)]
    good = [
        (
            one.model_copy(update={"id": f"r{n}"}),
            made.model_copy(update={"id": f"s{n}", "restriction_id": f"r{n}"}),
        )
        for n, (one, made) in enumerate(good)
    ]
    _, lost = laid(_K.LIMIT_REPLIES)
    with office.store.writing("system:test", NOW) as work:
        for restriction, made in good:
            work.save_all([restriction, made], action="test.laid")
        work.save(lost, action="test.lost")
    out = tmp_path / "statements.jsonl"
    done = export(office, out)
    assert done.written == MOST_AT_ONCE + 5
    assert list(done.refused) == [lost.id]
    calls = [json.loads(line)["statements"] for line in out.read_text().splitlines()]
    assert [len(call) for call in calls] == [MOST_AT_ONCE, 5]
    assert len({one["puid"] for call in calls for one in call}) == MOST_AT_ONCE + 5
    assert export(office, out, since=NOW.replace(year=2027)).written == 0
