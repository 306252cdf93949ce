"""Signing in with OpenID Connect: the authorization code flow with PKCE, at the provider of the settings."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx2
import structlog

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.settings import Settings

try:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    INSTALLED = True
except ImportError:  # the extra `oidc` has it
    INSTALLED = False

log = structlog.get_logger(__name__)

LASTS: Final = timedelta(minutes=10)
"""How long one may take at the provider."""
_SECONDS: Final = 10
"""How long the provider may take to answer us."""
_LEEWAY: Final = 60
"""Seconds that the clocks of provider and gateway may differ."""
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures by a key of the provider alone: none at all, and one by a shared secret, prove nothing."""


class Fault(StrEnum):
    """What can go wrong, and is told to who signs in."""

    REFUSED = "openid-geweigerd"
    STALE = "openid-verlopen"
    PROVIDER = "openid-aanbieder"
    PROOF = "openid-bewijs"
    UNKNOWN = "openid-onbekend"


FAULTS: Final = {
    Fault.REFUSED: "De aanbieder heeft u niet aangemeld. Probeer het opnieuw.",
    Fault.STALE: "Deze aanmelding is hier niet begonnen, of duurde langer dan tien minuten. Probeer het opnieuw.",
    Fault.PROVIDER: "De aanbieder van OpenID Connect antwoordt nu niet goed. Probeer het later, of gebruik een token.",
    Fault.PROOF: "Wat de aanbieder over u zegt, is niet te vertrouwen: aanmelden kan zo niet. Zeg het de beheerder.",
    Fault.UNKNOWN: "Uw organisatie kent u, maar deze gateway nog niet. Geef uw kenmerk aan de beheerder.",
}


class OpenIDError(Exception):
    """Ends signing in."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Started:
    """What only the browser that began knows, and must bring back."""

    state: str
    nonce: str
    verifier: str
    naar: str
    at: float

    @classmethod
    def now(cls, naar: str, now: datetime) -> "Started":
        """A new one, to go on to this page afterwards."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, naar, now.timestamp())

    def fits(self, state: str, now: datetime) -> bool:
        """Whether this is what was begun, not too long ago."""
        age = now.timestamp() - self.at
        return secrets.compare_digest(state.encode(), self.state.encode()) and 0 <= age < LASTS.total_seconds()


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider, and by what it knows this gateway."""

    issuer: str
    client_id: str
    secret: str | None

    def address(self, started: Started, redirect_uri: str) -> str:
        """Where to send who signs in. Raises OpenIDError where the provider does not tell."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(started.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        with self._client() as client:
            endpoint = self._told(client)["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def subject(self, code: str, started: Started, redirect_uri: str, now: datetime) -> str:
        """Who the provider says this is (`sub`). Raises OpenIDError where it does not say so, or cannot be believed."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": started.verifier,
        }
        with self._client() as client:
            told = self._told(client)
            answer = _json(client, "POST", told["token_endpoint"], **self._as_client(told, asked))
            keys = _json(client, "GET", told["jwks_uri"])
        try:
            return self._believed(str(answer["id_token"]), keys, started, now)
        except (JoseError, KeyError, ValueError, TypeError) as error:
            log.warning("openid_not_believed", error=type(error).__name__)
            raise OpenIDError(Fault.PROOF) from None

    def _believed(self, id_token: str, keys: Any, started: Started, now: datetime) -> str:
        claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            azp={"value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": started.nonce},
            sub={"essential": True},
        )
        registry.validate(claims)
        subject = claims["sub"]
        if not isinstance(subject, str):
            raise ValueError("sub")
        return subject

    def _as_client(self, told: Mapping[str, Any], asked: dict[str, str]) -> dict[str, Any]:
        """The form that asks for a token, with what shows that it is this gateway that asks."""
        if self.secret is None:
            return {"data": asked | {"client_id": self.client_id}}
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            return {"data": asked, "auth": (quote(self.client_id, safe=""), quote(self.secret, safe=""))}
        return {"data": asked | {"client_id": self.client_id, "client_secret": self.secret}}

    def _told(self, client: httpx2.Client) -> Mapping[str, Any]:
        """What the provider tells of itself, asked anew each time: nobody signs in often, and keys change."""
        told = _json(client, "GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if told.get("issuer") != self.issuer or not all(isinstance(told.get(name), str) for name in wanted):
            log.warning("openid_provider_failed", error="wrong configuration")
            raise OpenIDError(Fault.PROVIDER)
        return told

    def _client(self) -> httpx2.Client:
        return httpx2.Client(timeout=_SECONDS, follow_redirects=False)


def provider_of(settings: Settings) -> Provider | None:
    """The provider of the settings; None where one signs in with tokens alone.

    Raises ConfigurationError where it is told by half, or what it takes is not installed.
    """
    if settings.oidc_issuer is None:
        return None
    if not settings.oidc_client_id:
        raise ConfigurationError("IWMO_OIDC_ISSUER needs IWMO_OIDC_CLIENT_ID beside it")
    if not INSTALLED:
        raise ConfigurationError("IWMO_OIDC_ISSUER needs the extra: install iwmo-gateway[oidc]")
    secret = settings.oidc_client_secret
    return Provider(settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None)


def _json(client: httpx2.Client, method: str, url: str, **more: Any) -> Mapping[str, Any]:
    """What the provider answers. Raises OpenIDError for anything but an object of JSON."""
    try:
        answer = client.request(method, url, **more)
        answer.raise_for_status()
        said = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError, UnicodeDecodeError) as error:
        log.warning("openid_provider_failed", error=type(error).__name__)
        raise OpenIDError(Fault.PROVIDER) from None
    if not isinstance(said, dict):
        raise OpenIDError(Fault.PROVIDER)
    return said
