"""Small parts, by literal cases: the one shape of errors, templates of paths, keys in headers."""

import json

import pytest
from pydantic import SecretStr, ValidationError

from policy.settings import Settings
from serving.bodies import MAX_TEXT_BYTES, AssessGroup, ScoreAccounts, ScorePosts
from serving.edge import as_problem
from serving.errors import from_pydantic
from serving.hook import hook_secret, is_believed
from serving.keys import bearer
from serving.launch import launch
from serving.paths import Templates

TEMPLATES = Templates(
    [
        "/restrictions/{subjects}/{id}",
        "/restrictions/lookup",
        "/groups/{group_id}",
        "/designations/{designation_id}/keep",
    ]
)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/livez", "/livez"),
        ("/score_posts", "/score_posts"),
        ("/v1/groups", "/v1/groups"),
        ("/v1/groups/owls", "/v1/groups/{id}"),
        ("/v1/designations/d1/keep", "/v1/designations/{id}/keep"),
        ("/v1/restrictions/lookup", "/v1/restrictions/lookup"),
        ("/v1/restrictions/accounts/4711", "/v1/restrictions/accounts/{id}"),
        ("/v1/restrictions/posts/at://did/1/2", "/v1/restrictions/posts/{id}"),
        ("/v1/restrictions/r1", "/v1/restrictions/{id}"),
        ("/v1/nothing/4711", "/{other}"),
        ("/v1/", "/{other}"),
        ("/wp-login.php", "/{other}"),
        ("/v1/groups/a/b/c/d/e/f/g", "/v1/groups/{id}/{id}/{id}"),
    ],
)
def test_paths_are_told_without_ids(path: str, template: str) -> None:
    assert TEMPLATES.of(path) == template


@pytest.mark.parametrize(
    ("status", "body", "error", "fields"),
    [
        (404, b"Not Found", "there is nothing at this path", []),
        (405, b"Method Not Allowed", "this path does not take this method", []),
        (504, b'{"error": "Not able to process"}', "it took too long", []),
        (400, b'[{"error": "broken"}]', "broken", []),
        (400, b'{"detail": "cannot be parsed"}', "cannot be parsed", []),
        (500, b'{"error": "secret path"}', "it failed; the log of the service says why", []),
        (500, b"\xff", "it failed; the log of the service says why", []),
        (
            400,
            b'{"error":"x","detail":[{"loc":["posts",0,"id"],"type":"missing","msg":"m"}]}',
            "posts.0.id: is required",
            ["posts.0.id"],
        ),
        (409, b'{"error":"no","detail":[{"field":"by","message":"m"}]}', "no", ["by"]),
    ],
)
def test_errors_of_all_makers_have_one_shape(
    status: int, body: bytes, error: str, fields: list[str]
) -> None:
    problem = as_problem(status, body)
    assert problem.error == error
    assert [one.field for one in problem.detail] == fields


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer concert_abcdefgh", "concert_abcdefgh"),
        ("bearer concert_abc-DEF_9", "concert_abc-DEF_9"),
        ("Bearer abc", None),
        ("concert_abcdefgh", None),
        ("Bearer concert_", None),
        ("Bearer concert_é", None),
        ("Basic concert_abcdefgh", None),
        ("Bearer concert_a b", None),
    ],
)
def test_key_in_the_header(header: str, key: str | None) -> None:
    assert bearer(header) == key


@pytest.mark.parametrize(
    ("body", "text", "field"),
    [
        (ScorePosts, "", "body"),
        (ScorePosts, "{", "body"),
        (ScorePosts, "[]", "body"),
        (ScorePosts, "null", "body"),
        (ScorePosts, '{"posts": NaN}', "body"),
        (ScorePosts, "[" * 100_000, "body"),
        (ScorePosts, "{}", "posts"),
        (ScorePosts, '{"posts": []}', "posts"),
        (ScorePosts, '{"posts": {}}', "posts"),
        (ScorePosts, '{"posts": [1]}', "posts.0"),
        (ScorePosts, '{"posts": [{"id": "1"}]}', "posts.0.text"),
        (ScorePosts, '{"posts": [{"id": 1, "text": "a"}]}', "posts.0.id"),
        (ScorePosts, '{"posts": [{"id": "", "text": "a"}]}', "posts.0.id"),
        (ScorePosts, '{"posts": [{"id": "\\ud800", "text": "a"}]}', "posts.0.id"),
        (ScorePosts, '{"posts": [{"id": "1", "text": 5}]}', "posts.0.text"),
        (ScorePosts, '{"posts": [{"id": "1", "text": null}]}', "posts.0.text"),
        (ScorePosts, '{"posts": [{"id": "1", "text": "a", "lang": 5}]}', "posts.0.lang"),
        (ScorePosts, '{"posts": [{"id": "1", "text": "a", "x": 1}]}', "posts.0.x"),
        (ScorePosts, '{"posts": [{"id": "1", "text": "a"}], "y": 1}', "y"),
        (ScorePosts, json.dumps({"posts": [{"id": "1", "text": "a"}] * 2}), "posts"),
        (
            ScorePosts,
            json.dumps({"posts": [{"id": str(n), "text": "a"} for n in range(1001)]}),
            "posts",
        ),
        (AssessGroup, '{"group_id": 5}', "group_id"),
        (AssessGroup, '{"group": "g"}', "group_id"),
        (ScoreAccounts, '{"accounts": [{"id": "a"}]}', "accounts.0.posts"),
        (
            ScoreAccounts,
            '{"accounts": [{"id": "a", "posts": [{"id": "1", "text": "", "created_at": "noon"}]}]}',
            "accounts.0.posts.0.created_at",
        ),
        (ScoreAccounts, '{"accounts": [{"id": "a", "posts": []}], "groups": []}', "groups"),
    ],
)
def test_malformed_bodies_name_the_field(
    body: type[ScorePosts | ScoreAccounts | AssessGroup], text: str, field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        body.model_validate_json(text.encode("utf-8", "surrogatepass"))
    assert from_pydantic(caught.value.errors()).detail[0].field == field
    # What was sent may be anything: it must not come back out of a log.
    assert "input_value" not in str(caught.value)


@pytest.mark.parametrize(
    ("post", "problem"),
    [
        ({"text": "a"}, None),
        ({"text": ""}, None),
        ({"text": "a", "lang": ""}, None),
        ({"text": "a", "lang": "pt-BR"}, None),
        ({"text": "a" * MAX_TEXT_BYTES}, None),
        (
            {"text": "a" * (MAX_TEXT_BYTES + 1)},
            "text: is 100001 bytes long; at most 100000 are read",
        ),
        (
            {"text": "ab\ud800"},
            "text: holds a lone surrogate at character 2, which is no character",
        ),
        (
            {"text": "a", "lang": "the language"},
            "lang: is not a language code such as en or pt-BR",
        ),
    ],
)
def test_a_bad_post_is_its_own_problem(post: dict[str, str], problem: str | None) -> None:
    body = ScorePosts.model_validate_json(json.dumps({"posts": [{"id": "1", **post}]}))
    assert body.posts[0].problem() == problem


def test_webhook_secrets_rotate() -> None:
    old, new = b"an older secret", b"a newer secret"
    assert is_believed(hook_secret(old), (new, old))
    assert is_believed(hook_secret(new), (new, old))
    assert not is_believed(hook_secret(b"another"), (new, old))
    assert not is_believed("", (new, old))


def test_launch_carries_every_setting_and_no_key_in_the_command() -> None:
    settings = Settings(
        port=3111,
        api_key=SecretStr("concert_0123456789"),
        limit_days=7,
        database_url="sqlite:///here.db",
        _env_file=None,
    )
    what = launch(settings, env={"PATH": "/bin"})
    assert "concert_0123456789" not in " ".join(what.command)
    assert what.command[-6:-2] == ("--host", "127.0.0.1", "--port", "3111")
    assert what.environment["CONCERT_API_KEY"] == "concert_0123456789"
    assert what.environment["CONCERT_LIMIT_DAYS"] == "7"
    assert what.environment["PATH"] == "/bin"
    assert what.environment["CONCERT_HOME"].startswith("/")
    assert what.environment["CONCERT_DATABASE_URL"].startswith("sqlite:////")
