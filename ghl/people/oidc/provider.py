"""Speaks to the identity provider: finds it, sends people there, redeems what they bring back, checks its signature.

On the event loop, each call within one deadline, so that a provider that hangs holds no thread. Its description and its
keys are kept for an hour; a signature by an unknown key fetches the keys anew, at most once a minute.
"""

import asyncio
import base64
import json
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from pydantic import SecretStr

from ghl.clock import Clock
from ghl.config import Settings
from ghl.people.oidc.flow import SKEW, Flow
from ghl.people.oidc.proof import Proven, asks_who, proven

WITHIN = 8.0
"""Seconds that one step may take in all; somebody looks at a white page meanwhile."""
FRESH_SECONDS = 3600.0
KEYS_AGAIN_AFTER = 60.0
LARGEST = 1024 * 1024
"""Bytes of one answer. Tokens of people in hundreds of groups have tens of thousands."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a key pair alone: with a shared secret, or none, anybody could sign."""
SCOPE = "openid email"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ProviderError(Exception):
    """No sign-in came of it. `code` says why in a word for the log and names nobody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProviderAwayError(ProviderError):
    """The provider did not answer as it should: trying again may help."""


class AnswerRefusedError(ProviderError):
    """The provider answered, and what it said must not be believed, or it refused."""


@dataclass(frozen=True)
class ProviderSettings:
    """Which provider, and who the hub is there. `trusted_domains`: see `ghl.people.oidc.proof`."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None = field(default=None, repr=False)
    name: str = "your account"
    trusted_domains: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Found:
    """The provider's description of itself."""

    authorization: str
    token: str
    keys: str
    basic: bool
    at: float


class _Large(JWSRegistry):
    """Somebody in hundreds of groups has a large token; it is checked like any other and kept nowhere."""

    max_header_length = 16 * 1024
    max_payload_length = LARGEST
    max_signature_length = 4096


class Provider:
    """One identity provider. Used from the event loop of its process alone."""

    def __init__(self, settings: ProviderSettings, *, redirect_uri: str, clock: Clock) -> None:
        self.name = settings.name
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._found: _Found | None = None
        self._keys: Sequence[Key] = ()
        self._keys_at: float | None = None
        self._tls: ssl.SSLContext | None = None

    async def address(self, flow: Flow) -> str:
        """Where this browser signs in. Raises `ProviderAwayError`."""
        async with _deadline():
            found = await self._description()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        if asks_who(self._settings.issuer):
            # Sunday's computer is shared: whoever sits there says who they are.
            asked["prompt"] = "select_account"
        return f"{found.authorization}{'&' if '?' in found.authorization else '?'}{urlencode(asked)}"

    async def check(self) -> int:
        """Reads the provider's description and keys; how many keys. Raises `ProviderAwayError`."""
        async with _deadline():
            await self._fetch_keys(await self._description())
        return len(self._keys)

    async def redeem(self, flow: Flow, *, code: str, issuer: str = "") -> Proven:
        """Who came back with this code. `issuer` is what the address says of itself (RFC 9207).

        Raises `ProviderAwayError` or `AnswerRefusedError`.
        """
        if issuer and issuer != self._settings.issuer:
            raise AnswerRefusedError("other_issuer")
        async with _deadline():
            found = await self._description()
            answer = await self._token(found, flow, code)
            claims = await self._checked(found, answer, flow)
        who = proven(claims, trusted_domains=self._settings.trusted_domains)
        if who is None:
            raise AnswerRefusedError("no_subject")
        return who

    async def _description(self) -> _Found:
        if self._found and self._clock.monotonic() - self._found.at < FRESH_SECONDS:
            return self._found
        said = await self._get(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        # OpenID Connect Discovery 1.0, 4.3: it must be the very same, or another provider answers here.
        if said.get("issuer") != self._settings.issuer:
            raise ProviderAwayError("description_of_another")
        names = "authorization_endpoint", "token_endpoint", "jwks_uri"
        authorization, token, keys = (str(said.get(name)) for name in names)
        if not all(map(_safe, (authorization, token, keys))):
            raise ProviderAwayError("description_unsafe")
        methods = said.get("token_endpoint_auth_methods_supported")
        # Where nothing is said, Discovery 1.0 (section 3) means client_secret_basic.
        basic = not (isinstance(methods, list) and "client_secret_post" in methods)
        self._found = _Found(authorization, token, keys, basic=basic, at=self._clock.monotonic())
        return self._found

    async def _token(self, found: _Found, flow: Flow, code: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
            "client_id": self._settings.client_id,
        }
        secret, basic = self._settings.client_secret, None
        if secret is not None and found.basic:
            # RFC 6749, 2.3.1: both are encoded as in a form first.
            basic = httpx.BasicAuth(
                quote_plus(self._settings.client_id), quote_plus(secret.get_secret_value())
            )
        elif secret is not None:
            form["client_secret"] = secret.get_secret_value()
        status, answer = await self._ask("POST", found.token, data=form, auth=basic)
        if status != 200:
            reason = answer.get("error")
            known = isinstance(reason, str) and re.fullmatch(r"[a-z_]{1,60}", reason)
            raise AnswerRefusedError(f"token_{reason if known else status}")
        return answer

    async def _checked(self, found: _Found, answer: Mapping[str, Any], flow: Flow) -> Mapping[str, Any]:
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise AnswerRefusedError("no_id_token")
        try:
            signed = await self._verified(found, token)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                options={
                    "iss": {"essential": True, "value": self._settings.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                    "nonce": {"essential": True, "value": flow.nonce},
                },
                params={
                    "client_id": self._settings.client_id,
                    "nonce": flow.nonce,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock.now().timestamp()), leeway=int(SKEW.total_seconds()))
        except JoseError as error:
            raise AnswerRefusedError(f"id_token_{error.error}") from None
        except (TypeError, ValueError):
            raise AnswerRefusedError("id_token_unreadable") from None
        return dict(claims)

    async def _verified(self, found: _Found, token: str) -> jwt.Token:
        if self._keys_at is None or self._clock.monotonic() - self._keys_at >= FRESH_SECONDS:
            await self._fetch_keys(found)
        try:
            return self._opened(token)
        except BadSignatureError:
            if self._keys_at is not None and self._clock.monotonic() - self._keys_at < KEYS_AGAIN_AFTER:
                raise
        await self._fetch_keys(found)
        return self._opened(token)

    def _opened(self, token: str) -> jwt.Token:
        """The token, if one of the provider's keys signed it. Raises `JoseError`."""
        kid = _header(token).get("kid")
        for key in self._keys:
            if kid is not None and key.kid is not None and key.kid != kid:
                continue
            try:
                return jwt.decode(
                    token, key, registry=_Large(algorithms=ALGORITHMS, strict_check_header=False)
                )
            except BadSignatureError:
                continue
            except ValueError:  # a key of another kind than the signature
                continue
        raise BadSignatureError

    async def _fetch_keys(self, found: _Found) -> None:
        said = await self._get(found.keys)
        keys = said.get("keys")
        self._keys = [key for key in map(_key, keys if isinstance(keys, list) else ()) if key is not None]
        self._keys_at = self._clock.monotonic()

    async def _get(self, url: str) -> Mapping[str, Any]:
        status, said = await self._ask("GET", url)
        if status != 200:
            raise ProviderAwayError(f"status_{status}")
        return said

    async def _ask(self, method: str, url: str, **how: Any) -> tuple[int, Mapping[str, Any]]:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            async with (
                httpx.AsyncClient(verify=self._tls, timeout=WITHIN, follow_redirects=False) as client,
                client.stream(method, url, headers={"Accept": "application/json"}, **how) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise ProviderAwayError("too_large")
        except httpx.HTTPError as error:
            raise ProviderAwayError(type(error).__name__) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ProviderAwayError(f"status_{answer.status_code}")
        try:
            said = json.loads(body)
        except ValueError:
            raise ProviderAwayError("no_json") from None
        if not isinstance(said, dict):
            raise ProviderAwayError("no_json")
        return answer.status_code, said


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    """The whole of a step within `WITHIN` seconds; httpx's own timeouts begin anew with each byte."""
    try:
        async with asyncio.timeout(WITHIN):
            yield
    except TimeoutError:
        raise ProviderAwayError("timeout") from None


def _key(described: object) -> Key | None:
    """A key for signatures; one that is of no kind we know is none of ours."""
    if not isinstance(described, dict) or described.get("use") not in (None, "sig"):
        return None
    try:
        key = import_key(described)
    except (JoseError, TypeError, ValueError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _header(token: str) -> Mapping[str, Any]:
    try:
        first = token.partition(".")[0]
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        raise BadSignatureError from None
    if not isinstance(header, dict):
        raise BadSignatureError
    return header


def _safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def provider_settings(settings: Settings) -> ProviderSettings | None:
    """The provider that the settings name, or None."""
    if not settings.oidc_issuer:
        return None
    return ProviderSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        name=settings.oidc_name or "your account",
        trusted_domains=frozenset(settings.oidc_trusted_domains),
    )
