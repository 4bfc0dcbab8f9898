"""What the scoring calls take and give, by the design's contract.

The form of a request (its fields, their types, its ids) is checked as a whole, and a wrong one is
refused with the field's name. What a single post says (too long, no text at all in Unicode's eyes,
a language code that is none) is an error of that post alone: a batch is never lost for it.
"""

import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from policy.records import Account, Post
from policy.scores import Association, PostScore
from policy.words import Harm, Id, Lane, Likelihood, Policy, UtcDatetime, Value

MAX_ITEMS = 1000
MAX_TEXT_BYTES = 100_000
MAX_GROUPS = 100

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _as_text(given: Any) -> str:
    # Pydantic's own string refuses lone surrogates, and with them the whole batch; they are
    # found in real exports (an emoji cut in half) and are that post's error alone.
    if not isinstance(given, str):
        raise PydanticCustomError("string_type", "should be a text")
    return given


Text = Annotated[str, PlainValidator(_as_text, json_schema_input_type=str)]
"""A text as it came, which `text_problem` judges."""


def text_problem(name: str, text: str) -> str | None:
    """What is wrong with one text, by the name of its field, or None."""
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        return f"{name}: holds a lone surrogate at character {error.start}, which is no character"
    if size > MAX_TEXT_BYTES:
        return f"{name}: is {size} bytes long; at most {MAX_TEXT_BYTES} are read"
    return None


class Body(BaseModel):
    """A request's body: closed to unknown fields; what is in it is never repeated in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **kwargs: Any) -> Self:
        """Read JSON as Python does: a lone surrogate in one text must not void the whole body.

        Raises:
            ValidationError: broken JSON, or a form other than this.
        """
        try:
            given = json.loads(json_data, parse_constant=_no_constant)
        except RecursionError:
            raise _not_json(cls, "nested too deeply") from None
        except ValueError as error:
            reason = (
                f"{error.msg} at line {error.lineno}, column {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else "not UTF-8"
                if isinstance(error, UnicodeDecodeError)
                else str(error)
            )
            raise _not_json(cls, reason) from None
        return cls.model_validate(given, **kwargs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _not_json(body: type[BaseModel], reason: str) -> ValidationError:
    error = PydanticCustomError("not_json", "is not JSON: {reason}", {"reason": reason})
    return ValidationError.from_exception_data(
        body.__name__, [InitErrorDetails(type=error, loc=(), input=None)], hide_input=True
    )


def _once(name: str) -> Callable[[list[Any]], list[Any]]:
    """A check that no id stands twice in the list of this name."""

    def check(items: list[Any]) -> list[Any]:
        seen: dict[str, int] = {}
        for at, item in enumerate(items):
            first = seen.setdefault(item.id, at)
            if first != at:
                raise PydanticCustomError(
                    "duplicate_id",
                    "{name}.{at}.id is the same id as {name}.{first}.id; each may stand once",
                    {"name": name, "at": at, "first": first},
                )
        return items

    return check


class PostIn(Body):
    """A post to score."""

    id: Id
    text: Text
    lang: Text | None = None
    """ISO 639-1, as the platform tells it; without it, the language is found from the text."""

    def problem(self) -> str | None:
        """Why this post cannot be scored, or None."""
        return text_problem("text", self.text) or language_problem(self.lang)

    def post(self) -> Post:
        """The post as the models take it."""
        return Post(post_id=self.id, account_id="-", text=self.text, lang=self.lang or None)


def language_problem(lang: str | None) -> str | None:
    """What is wrong with a language code, or None."""
    if lang and not _LANGUAGE.fullmatch(lang):
        return "lang: is not a language code such as en or pt-BR"
    return None


class ScorePosts(Body):
    """Posts to score, each with an id of its own."""

    posts: Annotated[list[PostIn], AfterValidator(_once("posts"))] = Field(
        min_length=1, max_length=MAX_ITEMS
    )


class ScoredPost(BaseModel):
    """One post's likelihoods, by the ids of policies and harms."""

    id: str
    policies: dict[Policy, Likelihood]
    harms: dict[Harm, Likelihood]
    uncalibrated: list[Policy]
    """Policies whose likelihood is a guess in this language: a person decides, always."""
    lang: str
    lane: Lane
    rule: str
    """The routing rule that chose the lane."""

    @classmethod
    def of(cls, score: PostScore) -> Self:
        return cls(
            id=score.post_id,
            policies=score.policies,
            harms=score.harms,
            uncalibrated=list(score.uncalibrated),
            lang=score.lang,
            lane=score.lane,
            rule=score.rule,
        )


class ItemError(BaseModel):
    """Why one item could not be scored; the others were."""

    id: str
    error: str


class PostScores(BaseModel):
    """One result for each post, in the order given."""

    results: list[ScoredPost | ItemError]
    model: str


class AccountPost(PostIn):
    """One of an account's posts, with what else is known of it; the columns of the design."""

    created_at: UtcDatetime | None = None
    reposted_post_id: Id | None = None
    reposted_account_id: Id | None = None
    replied_to_post_id: Id | None = None
    replied_to_account_id: Id | None = None
    quoted_post_id: Id | None = None
    urls: tuple[str, ...] = Field(default=(), max_length=100)
    hashtags: tuple[str, ...] = Field(default=(), max_length=100)
    mentions: tuple[str, ...] = Field(default=(), max_length=100)
    media_hashes: tuple[str, ...] = Field(default=(), max_length=100)
    client: str | None = None

    def of(self, account_id: str) -> Post:
        """The post as the models take it."""
        known = self.model_dump(exclude={"id"})
        return Post(post_id=self.id, account_id=account_id, **known)


class ProfileIn(Body):
    """What an account says of itself."""

    handle: Text = ""
    display_name: Text = ""
    description: Text = ""
    location: Text = ""
    created_at: UtcDatetime | None = None
    followers: int | None = Field(default=None, ge=0)
    following: int | None = Field(default=None, ge=0)
    observed_at: UtcDatetime | None = None


class AccountIn(Body):
    """An account to score by what it posts and says of itself."""

    id: Id
    profile: ProfileIn | None = None
    posts: Annotated[list[AccountPost], AfterValidator(_once("posts"))] = Field(
        max_length=MAX_ITEMS
    )

    def problem(self) -> str | None:
        """Why this account cannot be scored, or None."""
        for at, post in enumerate(self.posts):
            if problem := post.problem():
                return f"posts.{at}.{problem}"
        for name in ("handle", "display_name", "description", "location"):
            text = getattr(self.profile, name) if self.profile else ""
            if problem := text_problem(f"profile.{name}", text):
                return problem
        return None

    def known(self) -> "KnownAccount":
        """The account as the models take it."""
        profile = self.profile and Account(account_id=self.id, **self.profile.model_dump())
        return KnownAccount(
            id=self.id, profile=profile, posts=tuple(post.of(self.id) for post in self.posts)
        )


class KnownAccount(Value):
    """An account with its posts, checked."""

    id: Id
    profile: Account | None
    posts: tuple[Post, ...]


class ScoreAccounts(Body):
    """Accounts to score against groups."""

    accounts: Annotated[list[AccountIn], AfterValidator(_once("accounts"))] = Field(
        min_length=1, max_length=MAX_ITEMS
    )
    groups: list[Id] | None = Field(default=None, min_length=1, max_length=MAX_GROUPS)
    """Without it, every group whose designation is in force."""


class ScoredAccount(BaseModel):
    """One account's ties, one for each group that could be measured."""

    id: str
    associations: list[Association]


class AccountScores(BaseModel):
    """One result for each account, in the order given."""

    results: list[ScoredAccount | ItemError]
    not_measured: list[ItemError]
    """Groups that no account can be measured against yet, and why."""
    model: str


class AssessGroup(Body):
    """The group to assess by what is known at this moment."""

    group_id: Id
