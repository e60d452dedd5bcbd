"""How long an answer to a webhook takes: signed app events of GoHighLevel and hints of churches' workflows."""

import base64
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ghl.churches import view_church
from ghl.db.engine import Database
from ghl.webhooks.secrets import new_secret
from tests.bench.open_loop import database_server, measure
from tests.support.churches import connected_church, key_ring
from tests.support.servers import valkey_server

CHURCHES = 10


def run(*, seconds: float = 30.0, clients: int = 50) -> dict[str, dict[str, float]]:
    """Figures of both kinds at 1,000 a minute and at 6,000: each event another one; milliseconds."""
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    found: dict[str, dict[str, float]] = {}
    with database_server() as url, valkey_server() as valkey:
        hooks = _hooks(url)
        makers: dict[str, Callable[[random.Random], bytes]] = {
            "signed": partial(_signed, key),
            "of a workflow": partial(_hint, hooks),
        }
        for name, make in makers.items():
            for per_minute in (1000, 6000):
                found[f"{name}, {per_minute} a minute"] = measure(
                    url,
                    valkey,
                    make,
                    name=name,
                    seconds=seconds,
                    per_minute=per_minute,
                    clients=clients,
                    signing_keys=pem,
                )
    return found


def _hooks(url: str) -> list[tuple[str, str]]:
    """Churches with a location: the public id and the secret of each one's workflows."""
    database = Database(url)
    hooks = []
    try:
        for number in range(CHURCHES):
            church = connected_church(
                database, key_ring(), location_id=f"LOC{number}", slug=f"church-{number}"
            )
            with database.church(church) as session:
                secret = new_secret(session, church, actor="bench").get_secret_value()
                hooks.append((view_church(session, church).public_id, secret))
    finally:
        database.close()
    return hooks


def _signed(key: Ed25519PrivateKey, dice: random.Random) -> bytes:
    event = {
        "type": "InboundMessage",
        "locationId": f"LOC{dice.randrange(CHURCHES)}",
        "webhookId": str(uuid4()),
        "contactId": f"contact{dice.randrange(10**6)}",
        "conversationId": f"conversation{dice.randrange(10**6)}",
        "messageType": "SMS",
        "direction": "inbound",
        "body": "Thank you, see you on Sunday!",
        "dateAdded": datetime.now(UTC).isoformat(),
    }
    body = json.dumps(event).encode()
    return _post("/webhooks/ghl", body, "X-GHL-Signature", base64.b64encode(key.sign(body)).decode())


def _hint(hooks: list[tuple[str, str]], dice: random.Random) -> bytes:
    place = dice.randrange(len(hooks))
    public_id, secret = hooks[place]
    event = {
        "contact_id": f"contact{dice.randrange(10**6)}",
        "first_name": "Anna",
        "location": {"id": f"LOC{place}"},
        "message": {"type": 2, "body": "Thank you, see you on Sunday!"},
    }
    return _post(f"/webhooks/workflow/{public_id}", json.dumps(event).encode(), "X-Hub-Secret", secret)


def _post(path: str, body: bytes, header: str, value: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"{header}: {value}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    chosen = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    print(json.dumps(run(seconds=chosen), indent=2))
