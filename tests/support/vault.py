"""Vault for tests: a real OpenBao or Vault where one is installed, and a strict server with the same API.

The strict one speaks KV version 2 and the two ways of signing in as their documentation says, refuses what a real one
refuses, and can be nasty: sealed, hanging, answering nonsense.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hvac
import requests

BINARY = shutil.which("bao") or shutil.which("vault")
SERVERS = ("strict", "real")


@dataclass
class Vault:
    """What a test may use: where it answers, how to sign in, and what lies there (`put`, `delete`)."""

    url: str
    token: str
    role_id: str = ""
    secret_id: str = ""
    secrets: dict[str, dict[str, str] | None] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    nasty: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    client: hvac.Client | None = None

    def put(self, path: str, **values: str) -> None:
        if self.client:
            self.client.secrets.kv.v2.create_or_update_secret(path=path, secret=values, mount_point="secret")
        self.secrets[path] = values

    def delete(self, path: str) -> None:
        if self.client:
            self.client.secrets.kv.v2.delete_latest_version_of_secret(path=path, mount_point="secret")
        self.secrets[path] = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vault: Vault
    handed_out: set[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if not self._nasty():
            self._answer(*self._read(self.path.partition("?")[0]))

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        if not self._nasty():
            self._answer(*self._sign_in(said))

    def _read(self, path: str) -> tuple[int, object]:
        prefix = "/v1/secret/data/"
        name = path.removeprefix(prefix)
        if self.headers["X-Vault-Request"] != "true":
            return 400, {"errors": ["required header missing"]}
        if self.headers["X-Vault-Token"] not in {self.vault.token, *self.handed_out}:
            return 403, {"errors": ["permission denied"]}
        if not path.startswith(prefix) or name not in self.vault.secrets:
            return 404, {"errors": []}
        found = self.vault.secrets[name]
        metadata = {
            "created_time": "2026-11-26T00:00:00Z",
            "deletion_time": "" if found else "2026-11-26T00:00:01Z",
            "destroyed": False,
            "version": 1,
        }
        body = {"request_id": "r", "lease_id": "", "renewable": False, "lease_duration": 0}
        return (200 if found else 404), {**body, "data": {"data": found, "metadata": metadata}}

    def _sign_in(self, said: object) -> tuple[int, object]:
        good = {
            "/v1/auth/approle/login": {"role_id": self.vault.role_id, "secret_id": self.vault.secret_id},
            "/v1/auth/kubernetes/login": {"role": "hub", "jwt": self.vault.accounts.get("hub")},
        }.get(self.path)
        if good is None:
            return 404, {"errors": []}
        if said != good:
            return 400, {"errors": ["invalid role or secret ID"]}
        self.handed_out.add(token := f"hvs.{secrets.token_hex(8)}")
        auth = {"client_token": token, "lease_duration": 60, "renewable": True, "policies": ["hub"]}
        return 200, {"auth": auth}

    def _answer(self, status: int, body: object, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _nasty(self) -> bool:
        match self.vault.nasty:
            case "sealed":
                self._answer(503, {"errors": ["Vault is sealed"]})
            case "html":
                self._answer(200, b"<html>Sign in to the hotel</html>", **{"Content-Type": "text/html"})
            case "error":
                self._answer(500, {"errors": ["internal error"]})
            case "redirect":
                self._answer(307, b"", Location="http://127.0.0.1:1/elsewhere")
            case "hangs":
                self.vault.over.wait(20)
                self.close_connection = True
            case _:
                return False
        return True


@contextmanager
def strict_vault() -> Iterator[Vault]:
    vault = Vault("", "root-token", role_id="role-1", secret_id="secret-1")
    handler = type("Handler", (_Handler,), {"vault": vault, "handed_out": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vault.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield vault
    finally:
        vault.over.set()
        server.shutdown()
        server.server_close()


@contextmanager
def real_vault(folder: Path) -> Iterator[Vault]:
    """`bao server -dev` or `vault server -dev`, in memory, gone afterwards."""
    assert BINARY is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, token = f"http://127.0.0.1:{port}", f"root-{secrets.token_hex(8)}"
    process = subprocess.Popen(
        [
            *(BINARY, "server", "-dev", "-dev-no-store-token"),
            *(f"-dev-root-token-id={token}", f"-dev-listen-address=127.0.0.1:{port}"),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with requests.Session() as session:
            session.trust_env = False
            client = hvac.Client(url=url, token=token, session=session, timeout=20)
            deadline = time.monotonic() + 60
            while True:
                try:
                    if (
                        not client.sys.is_sealed()
                        and "secret/" in client.sys.list_mounted_secrets_engines()["data"]
                    ):
                        break
                except (requests.RequestException, hvac.exceptions.VaultError):
                    assert time.monotonic() < deadline, "Vault did not start"
                time.sleep(0.05)
            client.sys.create_or_update_policy("hub", 'path "secret/data/hub/*" { capabilities = ["read"] }')
            client.sys.enable_auth_method("approle")
            client.auth.approle.create_or_update_approle("hub", token_policies=["hub"])
            role_id = client.auth.approle.read_role_id("hub")["data"]["role_id"]
            secret_id = client.auth.approle.generate_secret_id("hub")["data"]["secret_id"]
            yield Vault(url, token, role_id=role_id, secret_id=secret_id, client=client)
    finally:
        process.terminate()
        process.wait(20)
