"""Sealing of tokens: AES-256-GCM, a fresh nonce each time, bound to the one row the secret belongs to.

It knows nothing of the database; a sealed secret that is moved to another row, column or church does not open.
"""

import base64
import os
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

KEY_BYTES = 32
WHICH_KEY, CHECK_BYTES = b"church-connect-hub: which key is this", 16
HASHES = b"hub keyed hash"
VERSION = re.compile(r"[1-9][0-9]{0,5}")
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
    """Keys by version. The newest one seals; each opens what it sealed. Thread-safe.

    `source` is the setting that names them. `again` reads them once more from where they came from, so that a key
    that was added while the process runs comes in by `look_again`.
    """

    def __init__(
        self,
        keys: Mapping[int, bytes],
        *,
        random: Callable[[int], bytes] = os.urandom,
        source: str = "",
        again: Callable[[], "KeyRing | None"] | None = None,
    ) -> None:
        if not keys:
            raise KeyRingError("No encryption key is set.")
        self.source = source
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._keys = dict(keys)
        self._random = random
        self._again = again
        self._lock = threading.Lock()

    @classmethod
    def parse(
        cls, text: str, *, source: str = "", again: Callable[[], "KeyRing | None"] | None = None
    ) -> "KeyRing":
        """Reads `version:base64`, several with commas or line breaks between; `#` begins a comment.

        Raises `KeyRingError`.
        """
        keys: dict[int, bytes] = {}
        for line in text.splitlines():
            for entry in line.split("#")[0].split(","):
                if not entry.strip():
                    continue
                version, found, encoded = entry.partition(":")
                if not found or not VERSION.fullmatch(version.strip()):
                    raise KeyRingError(
                        "An encryption key must look like 1:base64, with a number from 1 to 999999 before the colon."
                    )
                number = int(version)
                if number in keys:
                    raise KeyRingError(f"Encryption key {number} is given twice.")
                keys[number] = _decode(number, encoded.strip())
        return cls(keys, source=source, again=again)

    def __repr__(self) -> str:
        return f"KeyRing(versions={sorted(self._ciphers)})"

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that this ring can open."""
        return tuple(sorted(self._ciphers))

    @property
    def newest(self) -> int:
        """The version that seals."""
        return max(self._ciphers)

    @property
    def check_values(self) -> Mapping[int, bytes]:
        """A value by version that is always the same for one key, differs for any other, and tells nothing of it."""
        return {version: self.derived(version, WHICH_KEY)[:CHECK_BYTES] for version in self._keys}

    def derived(self, version: int, purpose: bytes) -> bytes:
        """A key of 32 bytes for another purpose, from which the ring's own cannot be found. Raises `UnsealError`."""
        key = self._keys.get(version)
        if key is None:
            raise UnsealError(f"Encryption key {version} is not among the keys of this hub.")
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)

    def seal(self, plain: str, context: Context) -> Sealed:
        """Seals a secret for one place with the newest key."""
        nonce = self._random(NONCE_BYTES)
        version = self.newest
        encrypted = self._ciphers[version].encrypt(nonce, plain.encode(), context.as_bytes())
        return Sealed(nonce + encrypted, version)

    def keyed_hash(self, said: str, *, version: int | None = None) -> bytes:
        """HMAC-SHA256 of a text by the newest key, or by that of `version`: without the key nobody can guess it.

        Raises `UnsealError` for a key that is not among those of the hub.
        """
        made = hmac.HMAC(self.derived(self.newest if version is None else version, HASHES), SHA256())
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

    def look_again(self, *, right: Callable[[Mapping[int, bytes]], Collection[int]]) -> None:
        """Takes in keys that were added meanwhile; those that are known stay as they are.

        `right` is given the check values of all that was found, and says which versions are the hub's own: no other
        comes in. It may ask a server: not for a thread that holds a transaction open.
        """
        found = self._again() if self._again is not None else None
        if found is None:
            return
        own = right(found.check_values)
        keys = {version: key for version, key in found._keys.items() if version in own}  # noqa: SLF001
        ciphers = {version: AESGCM(key) for version, key in keys.items()}
        with self._lock:
            # New dictionaries in one assignment each: others read without the lock. `newest` goes by the last one.
            self._keys = {**keys, **self._keys}
            self._ciphers = {**ciphers, **self._ciphers}


def new_key_line(version: int) -> str:
    """A fresh random key as it stands in a key file, such as `1:…`."""
    return f"{version}:{base64.b64encode(AESGCM.generate_key(KEY_BYTES * 8)).decode()}"


def _decode(version: int, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        # Also what is no ASCII, for which there is no `binascii.Error`.
        raise KeyRingError(f"Encryption key {version} is not base64.") from None
    if len(key) != KEY_BYTES:
        raise KeyRingError(f"Encryption key {version} has {len(key)} bytes; it must have {KEY_BYTES}.")
    return key
