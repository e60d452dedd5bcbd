"""An intake with a test key, and somebody who signs with it as GoHighLevel does."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ghl.intake.webhooks import WebhookDoors
from ghl.webhooks.secrets import new_secret
from ghl.webhooks.signature import read_keys
from tests.intake.conftest import Intake, make_sender, rows, running  # noqa: F401 (a fixture)
from tests.support.churches import connected_church, key_ring
from tests.support.telling import LOCATION
from tests.webhooks.world import heard_world

OTHER_TOKEN = "pit-00000000-0000-4000-8000-000000000002"


def pem_of(key: Any) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@dataclass
class Signer:
    """GoHighLevel, with a key of its own."""

    key: Ed25519PrivateKey
    intake: Intake

    def sign(self, body: bytes) -> str:
        return base64.b64encode(self.key.sign(body)).decode()

    def send(self, event: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {"X-GHL-Signature": self.sign(body)} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.intake.client.post(f"{self.intake.url}/webhooks/ghl", content=body, headers=headers)


@pytest.fixture(scope="session")
def signing_key():
    return Ed25519PrivateKey.generate()


@pytest.fixture
def church(database):
    return connected_church(database, key_ring(), location_id=LOCATION, slug="grace")


@pytest.fixture
def other(database):
    return connected_church(database, key_ring(), location_id="LocHope", slug="hope", token=OTHER_TOKEN)


@pytest.fixture
def hooks(database, signing_key):
    with running(database, webhooks=WebhookDoors(read_keys(pem_of(signing_key)))) as intake:
        yield intake


@pytest.fixture
def signer(hooks, signing_key):
    return Signer(signing_key, hooks)


@pytest.fixture
def secret(database, church):
    with database.church(church) as session:
        return new_secret(session, church, actor="user:test").get_secret_value()


@pytest.fixture
def public_id(rows, church):  # noqa: F811
    [(found,)] = rows("SELECT public_id FROM churches WHERE id = :c", c=church)
    return found


@pytest.fixture
def workflow(hooks, public_id):
    """What a church's workflow sends."""

    def send(body, *, secret=None, place=None, **headers):
        if secret is not None:
            headers["X-Hub-Secret"] = secret
        return hooks.client.post(
            f"{hooks.url}/webhooks/workflow/{place or public_id}",
            content=body if isinstance(body, bytes) else json.dumps(body),
            headers=headers,
        )

    return send


@pytest.fixture
def world(database_urls, redis_url):
    with heard_world(database_urls, redis_url) as world:
        yield world
