"""A real OpenID Connect provider on this machine: oidc-provider-mock, with PKCE asked for and its answers bendable.

In front of it stands what the mock lacks: it checks the code verifier, signs with keys that can be changed, and can hang,
fail, or say something else than the truth.
"""

import base64
import hashlib
import io
import json
import logging
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import RSAKey

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports a module that authlib will drop
    from oidc_provider_mock import User
    from oidc_provider_mock._app import app as mock_app

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BendableProvider:
    """The provider. `twist` is put into each ID token (None takes a claim away), `fail` is a status for every answer."""

    def __init__(self, users: Iterable[User]) -> None:
        app = mock_app(user_claims=list(users))
        self._mock: Wsgi = app.wsgi_app
        self._challenges: dict[str, str] = {}
        self.keys = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})]
        self.published: list[RSAKey] | None = None
        self.twist: dict[str, Any] = {}
        self.fail = 0
        self.hang = threading.Event()
        self.hang.set()
        self.url = ""
        self.asked: list[str] = []
        self.tokens: list[str] = []

    def rotate(self) -> None:
        """From now on another key signs, and the old one is gone."""
        self.keys = [RSAKey.generate_key(2048, {"kid": f"key{time.monotonic_ns()}", "use": "sig"})]

    def consent(self, address: str, sub: str) -> str:
        """Somebody signs in there; the address they are sent back to."""
        answer = httpx.post(address, data={"sub": sub}, timeout=20, trust_env=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def refuse(self, address: str) -> str:
        """Somebody presses Cancel there."""
        answer = httpx.post(address, data={"action": "deny"}, timeout=20, trust_env=False)
        assert answer.status_code == 302, answer.text
        # The mock forgets the state here, which RFC 6749 (4.1.2.1) asks for.
        state = parse_qs(urlsplit(address).query)["state"][0]
        return f"{answer.headers['location']}&state={state}"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        self.hang.wait(60)
        if self.fail:
            return _answer(start_response, f"{self.fail} Trouble", b"<html>trouble</html>", "text/html")
        if path == "/jwks":
            keys = self.keys if self.published is None else self.published
            described = {"keys": [key.as_dict(private=False) for key in keys]}
            return _json(start_response, "200 OK", described)
        if path == "/oauth2/authorize" and environ["REQUEST_METHOD"] == "POST":
            return self._authorize(environ, start_response)
        if path == "/oauth2/token":
            return self._token(environ, start_response)
        return self._mock(environ, start_response)

    def _authorize(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = parse_qs(environ["QUERY_STRING"])
        assert asked["code_challenge_method"] == ["S256"]

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            location = dict(headers).get("Location", "")
            if code := re.search(r"[?&]code=([^&]+)", location):
                self._challenges[code[1]] = asked["code_challenge"][0]
            return start_response(status, headers, *more)

        return self._mock(environ, start)

    def _token(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self._challenges.pop(form.get("code", ""), None) != challenge:
            return _json(start_response, "400 Bad Request", {"error": "invalid_grant"})
        said: list[Any] = []
        environ["wsgi.input"] = io.BytesIO(body)
        pieces = self._mock(environ, lambda status, headers, *_: said.append(status))
        answer = json.loads(b"".join(pieces))
        if "id_token" in answer:
            answer["id_token"] = self._signed(answer["id_token"])
            self.tokens.append(answer["id_token"])
        return _json(start_response, said[0], answer)

    def _signed(self, token: str) -> str:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | self.twist
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[0]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@contextmanager
def identity_provider(*users: User) -> Iterator[BendableProvider]:
    """A started provider that knows these people, gone afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    provider = BendableProvider(users)
    # By this name alone authlib, which the mock stands on, forgives the lack of HTTPS.
    server = werkzeug.serving.make_server("localhost", 0, provider, threaded=True)  # type: ignore[arg-type]
    server.daemon_threads = True  # type: ignore[attr-defined]
    provider.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield provider
    finally:
        provider.hang.set()
        server.shutdown()
        thread.join(10)
        server.server_close()


def _json(start_response: Callable[..., Any], status: str, said: Any) -> Iterable[bytes]:
    return _answer(start_response, status, json.dumps(said).encode(), "application/json")


def _answer(start_response: Callable[..., Any], status: str, body: bytes, kind: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


__all__ = ["BendableProvider", "User", "identity_provider"]
