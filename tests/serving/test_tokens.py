"""Bearer tokens of an identity provider: a real one on loopback, with real keys."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr, ValidationError

from policy.settings import Settings
from serving.tokens import ASKED_AGAIN_S, IssuerAway, Tokens

AUDIENCE = "concert"


class Provider:
    """An issuer: its discovery document, its keys, and the tokens that it gives."""

    def __init__(self) -> None:
        self.keys = {"first": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                said = json.dumps(provider.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return {
            "keys": [
                jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
                | {"kid": kid, "alg": "RS256", "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ada",
            "iat": now,
            "exp": now + 60,
            "roles": ["policy", "unrelated"],
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def token(self, kid: str = "first", **changed: Any) -> str:
        return jwt.encode(self.claims(**changed), self.keys[kid], "RS256", headers={"kid": kid})


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def settings(provider: Provider, **more: Any) -> Settings:
    return Settings(
        home=Path("unused"),
        oidc_issuer=provider.issuer,
        oidc_audience=AUDIENCE,
        _env_file=None,
        **more,
    )


def test_a_token_tells_person_and_roles(provider: Provider) -> None:
    caller = Tokens(settings(provider)).find(provider.token())
    assert caller is not None
    assert (caller.person, caller.actor, caller.roles) == ("person:ada", "person:ada", ("policy",))
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]


def test_claims_may_be_elsewhere(provider: Provider) -> None:
    tokens = Tokens(
        settings(provider, oidc_role_claim="realm.roles", oidc_person_claim="preferred_username")
    )
    token = provider.token(realm={"roles": ["read-only"]}, roles=None, preferred_username="grace")
    caller = tokens.find(token)
    assert caller is not None
    assert (caller.person, caller.roles) == ("person:grace", ("read_only",))


def test_a_program_is_no_person(provider: Provider) -> None:
    caller = Tokens(settings(provider)).find(provider.token(sub="search", client_id="search"))
    assert caller is not None
    assert (caller.person, caller.actor) == (None, "api:oidc:search")


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"iat": None},
        {"nbf": 2**40},
    ],
)
def test_what_is_not_valid_opens_nothing(provider: Provider, changed: dict[str, Any]) -> None:
    assert Tokens(settings(provider)).find(provider.token(**changed)) is None


def test_forged_tokens_open_nothing(provider: Provider) -> None:
    tokens = Tokens(settings(provider))
    assert tokens.find("a.b.c") is None
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": "first"}
    claims = provider.claims()
    public = provider.answer("/keys")["keys"][0]["n"]
    forged = [
        jwt.encode(claims, stranger, "RS256", headers=headers),
        jwt.encode(claims, None, "none", headers=headers),
        # The public key taken for a shared secret: the oldest trick against tokens.
        jwt.encode(claims, public, "HS256", headers=headers),
        jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers=headers),
    ]
    assert [tokens.find(one) for one in forged] == [None] * 4


def test_keys_rotate_and_outlast_an_absent_issuer(provider: Provider) -> None:
    at = [0.0]
    tokens = Tokens(settings(provider), lambda: at[0])
    assert tokens.find(provider.token()) is not None
    provider.keys["second"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    asked = len(provider.asked)
    # Unknown keys do not make us ask at every request.
    assert tokens.find(provider.token("second")) is None
    assert len(provider.asked) == asked
    at[0] += ASKED_AGAIN_S + 1
    assert tokens.find(provider.token("second")) is not None
    token = provider.token("second")
    provider.server.shutdown()
    provider.server.server_close()
    at[0] += 10_000
    assert tokens.find(token) is not None
    with pytest.raises(IssuerAway):
        Tokens(settings(provider)).find(token)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"oidc_issuer": "https://id.example"}, "CONCERT_OIDC_AUDIENCE"),
        ({"webhook_url": "https://hook.example"}, "CONCERT_WEBHOOK_SECRET"),
    ],
)
def test_half_a_setting_is_refused_by_name(given: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings(_env_file=None, **given)
    whole = {"webhook_url": "https://hook.example", "webhook_secret": SecretStr("x" * 32)}
    assert Settings(_env_file=None, **whole).webhook_url is not None
