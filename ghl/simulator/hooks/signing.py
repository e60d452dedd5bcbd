"""The key that the simulator signs app webhooks with: made up, the same everywhere, and nobody's secret.

A hub trusts it only where its operator says so (`HUB_WEBHOOK_PUBLIC_KEYS`), as the demo and tests do.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HEADER = "X-GHL-Signature"
_KEY = Ed25519PrivateKey.from_private_bytes(
    hashlib.sha256(b"Church Connect Hub: the simulator's test key, no secret").digest()
)


def sign(body: bytes) -> str:
    """The signature over the raw bytes, as the header carries it."""
    return base64.b64encode(_KEY.sign(body)).decode()


def public_key_pem() -> str:
    """The key to check it with."""
    return _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
