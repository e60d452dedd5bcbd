"""A salted hash of what a card says, for the change log. Pure.

The salt stands with the revision and goes with it: without it nobody can try out what the hash may be of.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SALT_BYTES = 16


def digest(fields: Mapping[str, Any], salt: bytes) -> str:
    """SHA-256 in hex of the salt and the fields as they are stored."""
    written = json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(len(salt).to_bytes(8) + salt + written.encode("ascii")).hexdigest()
