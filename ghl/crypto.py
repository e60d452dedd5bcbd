"""Sealing of tokens: AES-256-GCM, a fresh nonce each time, bound to the one row the secret belongs to.

It knows nothing of the database; a sealed secret that is moved to another row, column or church does not open.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from ghl.config import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
"""NIST SP 800-38D section 8.2: 96 bits; random ones are safe for 2^32 seals with one key."""


class KeyRingError(Exception):
    """The keys are missing or wrong; the message says which and what a right one looks like, never a key."""


class UnsealError(Exception):
    """A sealed secret does not open: another key, another row, or changed bytes."""


@dataclass(frozen=True)
class Context:
    """The place a secret belongs to. It is authenticated with the secret (AAD)."""

    table: str
    column: str
    church_id: UUID
    row_id: UUID

    def as_bytes(self) -> bytes:
        """A form in which two different places never look the same."""
        return f"{self.table}\0{self.column}\0{self.church_id}\0{self.row_id}".encode()


@dataclass(frozen=True)
class Sealed:
    """Nonce and ciphertext, with the version of the key that sealed it."""

    data: bytes
    key_version: int


class KeyRing:
    """Keys by version. The newest one seals; each opens what it sealed."""

    def __init__(self, keys: Mapping[int, bytes], *, random: Callable[[int], bytes] = os.urandom) -> None:
        if not keys:
            raise KeyRingError("No encryption key is set.")
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        # A key of its own for hashes (RFC 5869): what seals must not be what is compared.
        self._hashing = {version: _hash_key(key) for version, key in keys.items()}
        self._random = random
        self.newest = max(keys)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Reads `version:base64`, several with commas or line breaks between; `#` begins a comment.

        Raises `KeyRingError`.
        """
        keys: dict[int, bytes] = {}
        for entry in re.split(r"[,\n]", text):
            entry = entry.split("#")[0].strip()  # noqa: PLW2901
            if not entry:
                continue
            version, found, encoded = entry.partition(":")
            if not found or not version.strip().isdigit():
                raise KeyRingError(
                    "An encryption key must look like 1:base64, with a number before the colon."
                )
            number = int(version)
            if number in keys:
                raise KeyRingError(f"Encryption key {number} is given twice.")
            keys[number] = _decode(number, encoded.strip())
        return cls(keys)

    def __repr__(self) -> str:
        return f"KeyRing(versions={sorted(self._ciphers)})"

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that this ring can open."""
        return tuple(sorted(self._ciphers))

    def seal(self, plain: str, context: Context) -> Sealed:
        """Seals a secret for one place with the newest key."""
        nonce = self._random(NONCE_BYTES)
        encrypted = self._ciphers[self.newest].encrypt(nonce, plain.encode(), context.as_bytes())
        return Sealed(nonce + encrypted, self.newest)

    def keyed_hash(self, said: str, *, version: int | None = None) -> bytes:
        """HMAC-SHA256 of a text by the newest key, or by that of `version`: without the key nobody can guess it.

        Raises `UnsealError` for a key that is not among those of the hub.
        """
        key = self._hashing.get(self.newest if version is None else version)
        if key is None:
            raise UnsealError(f"Encryption key {version} is not among the keys of this hub.")
        made = hmac.HMAC(key, hashes.SHA256())
        made.update(said.encode())
        return made.finalize()

    def open(self, sealed: Sealed, context: Context) -> SecretStr:
        """The secret, where the place is the one it was sealed for. Raises `UnsealError`."""
        cipher = self._ciphers.get(sealed.key_version)
        if cipher is None:
            raise UnsealError(f"Encryption key {sealed.key_version} is not among the keys of this hub.")
        nonce, encrypted = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return SecretStr(cipher.decrypt(nonce, encrypted, context.as_bytes()).decode())
        except InvalidTag:
            raise UnsealError(
                f"A secret in {context.table} does not open with encryption key {sealed.key_version}."
            ) from None


def _hash_key(key: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"hub keyed hash").derive(key)


def new_key_line(version: int) -> str:
    """A fresh random key as it stands in a key file, such as `1:…`."""
    return f"{version}:{base64.b64encode(AESGCM.generate_key(KEY_BYTES * 8)).decode()}"


def load_key_ring(settings: Settings) -> KeyRing:
    """The ring from `HUB_ENCRYPTION_KEYS`, else from the file `HUB_ENCRYPTION_KEYS_FILE`.

    Raises `KeyRingError` when there is none, a key is malformed, or others may read the file.
    """
    if settings.encryption_keys is not None:
        return KeyRing.parse(settings.encryption_keys.get_secret_value())
    path = settings.encryption_keys_file
    if path is None:
        raise KeyRingError(
            "Set HUB_ENCRYPTION_KEYS or HUB_ENCRYPTION_KEYS_FILE: tokens cannot be kept without."
        )
    return KeyRing.parse(_read_private(path))


def _decode(version: int, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise KeyRingError(f"Encryption key {version} is not base64.") from None
    if len(key) != KEY_BYTES:
        raise KeyRingError(f"Encryption key {version} has {len(key)} bytes; it must have {KEY_BYTES}.")
    return key


def _read_private(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except OSError as error:
        raise KeyRingError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise KeyRingError(f"The key file {path} may be read by others; make it private (mode 600).")
    return text
