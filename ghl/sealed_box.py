"""Sealing without being able to open: HPKE (RFC 9180) to a public key that belongs to a version of the key ring.

The web seals a pasted token with it and holds no key of the ring; workers open it. It knows nothing of the database.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import SecretStr

from ghl.crypto import Context, KeyRing, UnsealError

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
PURPOSE = b"church-connect-hub sealed box"


@dataclass(frozen=True)
class PublicKey:
    """What anybody may know: with it a secret is sealed, and not opened again."""

    version: int
    key: bytes


@dataclass(frozen=True)
class Box:
    """A secret that only holders of this version of the ring's keys open."""

    data: bytes
    key_version: int


def seal_for(public: PublicKey, plain: SecretStr, context: Context) -> Box:
    """Seals a secret for one place; moved anywhere else it does not open."""
    key = X25519PublicKey.from_public_bytes(public.key)
    data = SUITE.encrypt(plain.get_secret_value().encode(), key, info=context.as_bytes())
    return Box(data, public.version)


class BoxOpener:
    """The ring's side: its public keys, and opening what was sealed for them."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def public_keys(self) -> tuple[PublicKey, ...]:
        """The public key of each version of the ring."""
        return tuple(
            PublicKey(version, self._private(version).public_key().public_bytes_raw())
            for version in self._ring.versions
        )

    def open(self, box: Box, context: Context) -> SecretStr:
        """The secret, where the place is the one it was sealed for. Raises `UnsealError`."""
        private = self._private(box.key_version)
        try:
            return SecretStr(SUITE.decrypt(box.data, private, info=context.as_bytes()).decode())
        except (InvalidTag, ValueError):
            # ValueError: bytes that are no box at all.
            raise UnsealError(
                f"A secret in {context.table} does not open with encryption key {box.key_version}."
            ) from None

    def _private(self, version: int) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self._ring.derived(version, PURPOSE))
