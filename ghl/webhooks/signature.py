"""Whether GoHighLevel signed a body: Ed25519 over the bytes as they came, with one of several public keys. Pure.

Its older RSA header is taken only where the installation says so, and never in place of a wrong Ed25519 one.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ED25519_HEADER = "x-ghl-signature"
RSA_HEADER = "x-wh-signature"

PUBLISHED = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSC
Frm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6
dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfB
csedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4nCpv
uxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF
3kvoV5rTnXV0IknLBXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKU
J062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/Juc+yjLjTXp
IocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzN
h/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhC
HULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJ
PQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB31IGKAyk
T1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ==
-----END PUBLIC KEY-----
"""
"""GoHighLevel's own: its Webhook Integration Guide, and docs/oauth/WebhookAuthentication.md."""

MAX_KEYS = 10
LONGEST_SIGNATURE = 2048
_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class WebhookKeysError(ValueError):
    """The file of public keys cannot be used; the message says why in one sentence."""


@dataclass(frozen=True)
class PublicKeys:
    """The keys that a signature may be of, by what they are called where somebody looks it up. No secret in them."""

    ed25519: Mapping[str, Ed25519PublicKey]
    rsa: Mapping[str, RSAPublicKey]

    def __repr__(self) -> str:
        return f"PublicKeys({', '.join([*self.ed25519, *self.rsa])})"


def read_keys(pem: bytes = PUBLISHED, *, rsa: bool = False) -> PublicKeys:
    """The keys of a PEM file, one below the other. RSA ones are left out unless `rsa`. Raises `WebhookKeysError`."""
    blocks = _BLOCK.findall(pem)
    if not 1 <= len(blocks) <= MAX_KEYS:
        raise WebhookKeysError(f"The file must hold 1 to {MAX_KEYS} public keys in PEM form.")
    ed25519: dict[str, Ed25519PublicKey] = {}
    old: dict[str, RSAPublicKey] = {}
    for block in blocks:
        try:
            key = serialization.load_pem_public_key(block)
        except (ValueError, UnsupportedAlgorithm):
            raise WebhookKeysError("One of the public keys in the file cannot be read.") from None
        if isinstance(key, Ed25519PublicKey):
            ed25519[f"ed25519:{_name(key)}"] = key
        elif isinstance(key, RSAPublicKey):
            old[f"rsa:{_name(key)}"] = key
        else:
            raise WebhookKeysError(
                "GoHighLevel signs with Ed25519, and once with RSA; a key of another kind is there."
            )
    if not ed25519 and not (rsa and old):
        raise WebhookKeysError("There is no Ed25519 key in the file.")
    return PublicKeys(ed25519, old if rsa else {})


def signed_by(body: bytes, *, ed25519: Sequence[str], rsa: Sequence[str], keys: PublicKeys) -> str | None:
    """The name of the key that signed exactly these bytes, or None. Takes the values of both headers as they came."""
    if ed25519:
        # Who sends this header is held to it: an older one beside it is no second chance.
        return _ed25519(body, ed25519, keys) if not _says_none(ed25519) else _rsa(body, rsa, keys)
    return _rsa(body, rsa, keys)


def _ed25519(body: bytes, given: Sequence[str], keys: PublicKeys) -> str | None:
    signature = _decoded(given)
    if signature is None or len(signature) != 64:
        return None
    for name, key in keys.ed25519.items():
        try:
            key.verify(signature, body)
        except InvalidSignature:
            continue
        return name
    return None


def _rsa(body: bytes, given: Sequence[str], keys: PublicKeys) -> str | None:
    signature = _decoded(given) if keys.rsa else None
    if signature is None:
        return None
    for name, key in keys.rsa.items():
        try:
            key.verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return name
    return None


def _says_none(given: Sequence[str]) -> bool:
    """GoHighLevel writes `N/A` where it did not sign."""
    return list(given) == ["N/A"]


def _decoded(given: Sequence[str]) -> bytes | None:
    if len(given) != 1 or len(given[0]) > LONGEST_SIGNATURE:
        return None
    try:
        return base64.b64decode(given[0].strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _name(key: Ed25519PublicKey | RSAPublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:12]
