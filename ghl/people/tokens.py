"""Random tokens for links and cookies. The database keeps only their hashes.

A token is found by its hash, so no comparison takes longer for a better guess; a plain SHA-256 is enough
for 256 random bits, where nothing can be tried out.
"""

import hashlib
import secrets

TOKEN_BYTES = 32
"""256 bits: four times the 64 bits of entropy that OWASP's session management sheet asks for."""


def new_token() -> str:
    """A new secret, safe in an address and in a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is stored of a token: SHA-256. Any text a browser may send has one."""
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).digest()
