"""Secrets that the hub makes for itself, in `<data>/keys`: outside the database's folder, readable by its owner
alone, so that a copy of the database is no copy of the keys.
"""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from jobs.supervisor.folders import make_folder


def secret(data_dir: Path, name: str, make: Callable[[], str]) -> str:
    """The secret of this name, made once by `make`."""
    return secret_file(data_dir, name, make).read_text().strip()


def secret_file(data_dir: Path, name: str, make: Callable[[], str]) -> Path:
    """The file (0600) that holds the secret of this name, made once by `make`."""
    path = make_folder(data_dir / "keys") / name
    if not path.exists():
        write_private(path, make() + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Writes a file (0600) that is whole or not there, and on the disk when this returns."""
    half = path.with_name(path.name + ".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def new_password() -> str:
    """192 random bits that need no escaping in a URL."""
    return secrets.token_urlsafe(24)


def new_encryption_key() -> str:
    """A key ring with one key, version 1: `1:` and 32 random bytes in base64 (AES-256)."""
    return "1:" + base64.b64encode(secrets.token_bytes(32)).decode()


def encryption_key_file(data_dir: Path) -> Path:
    """The hub's own key ring, for installations that bring none by the environment."""
    return secret_file(data_dir, "encryption.keys", new_encryption_key)
