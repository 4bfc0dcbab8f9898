"""OpenID Connect: bearer tokens of the team's own identity provider, checked by its public keys.

A token must be signed by a key of the issuer (asymmetric algorithms alone), name this installation
as its audience, and bear the roles in a claim. Source: OpenID Connect Core 1.0, RFC 7519, RFC 9068
(a token whose subject is its own client was given to a program, not to a person).
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import structlog

from policy.roles import Role
from policy.settings import Settings
from serving.callers import Caller

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
LEEWAY_S = 30
KEYS_KEPT_S = 600.0
ASKED_AGAIN_S = 10.0
"""A token with an unknown key makes us ask for the keys anew, but not more often than this."""
_TIMEOUT_S = 5.0

log = structlog.get_logger("concert.tokens")


class IssuerAway(Exception):
    """The issuer's keys cannot be had, and none are known."""


class Tokens:
    """Tells callers by their tokens. Safe to share between threads."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        assert settings.oidc_issuer is not None
        assert settings.oidc_audience is not None
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._jwks_url = settings.oidc_jwks_url
        self._role_claim = settings.oidc_role_claim.split(".")
        self._person_claim = settings.oidc_person_claim
        self._monotonic = monotonic
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None
        self._lock = threading.Lock()

    def find(self, token: str) -> Caller | None:
        """The caller; None for a token that is not valid here and now.

        Raises:
            IssuerAway: the issuer's keys were never had, and cannot be had now.
        """
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name] if key.algorithm_name in ALGORITHMS else [],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            log.info("token refused", reason=type(error).__name__)
            return None
        return self._caller(claims)

    def _caller(self, claims: dict[str, Any]) -> Caller:
        name = str(claims.get(self._person_claim) or claims["sub"])
        program = claims["sub"] in (claims.get("client_id"), claims.get("azp"))
        return Caller(
            key_id=f"oidc_{claims['sub']}"[:100],
            label=f"oidc:{name}",
            roles=_roles(_in(claims, self._role_claim)),
            person=None if program else f"person:{name}",
        )

    def _key(self, kid: str | None) -> jwt.PyJWK | None:
        with self._lock:
            since = float("inf")
            if self._asked_at is not None:
                since = self._monotonic() - self._asked_at
            if since > KEYS_KEPT_S or (kid not in self._keys and since > ASKED_AGAIN_S):
                self._asked_at = self._monotonic()
                self._refresh()
            if kid is None and len(self._keys) == 1:
                return next(iter(self._keys.values()))
            return self._keys.get(kid or "")

    def _refresh(self) -> None:
        try:
            with httpx.Client(timeout=_TIMEOUT_S) as client:
                url = self._jwks_url or self._discovered(client)
                answer = client.get(url)
                answer.raise_for_status()
                found = jwt.PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, jwt.PyJWTError) as error:
            log.warning("the issuer's keys cannot be had", reason=type(error).__name__)
            if not self._keys:
                raise IssuerAway from None
            return
        self._keys = {key.key_id or "": key for key in found.keys}

    def _discovered(self, client: httpx.Client) -> str:
        answer = client.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        answer.raise_for_status()
        self._jwks_url = str(answer.json()["jwks_uri"])
        return self._jwks_url


def _in(claims: dict[str, Any], path: list[str]) -> Any:
    """A claim by its path: identity providers nest roles, such as `realm_access.roles`."""
    found: Any = claims
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _roles(claim: Any) -> tuple[str, ...]:
    """The roles among a claim's values: others are other programs' words, and give nothing."""
    values = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    given = {str(value).replace("-", "_").removeprefix("concert_") for value in values}
    return tuple(role.value for role in Role if role.value in given)
