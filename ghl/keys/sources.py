"""Where the encryption keys come from: one source of four, each read when it is asked and never at import.

Who reads gets a text as `KeyRing.parse` takes it, or a `KeyRingError` of one line that names the setting.
"""

import os
import stat
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from ghl.config import Settings
from ghl.crypto import KeyRing, KeyRingError

log = structlog.get_logger(__name__)

CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
"""A secrets manager answers at once or is away; a process that starts says so within seconds."""


class KeySource(Protocol):
    """Something that keeps the keys."""

    setting: str
    """The setting that names it, for what is told to people."""

    changes: bool
    """Whether a process that runs may find more keys there than when it started."""

    def read(self) -> str:
        """The keys as text. Raises `KeyRingError`, without the setting's name."""
        ...


class EnvironmentSource:
    """The keys themselves, in a variable."""

    setting = "HUB_ENCRYPTION_KEYS"
    changes = False

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> str:
        """The keys as they were when the process started."""
        return self._text


class FileSource:
    """A file that nobody else on the machine may read, such as a secret that Docker or Kubernetes puts there."""

    setting = "HUB_ENCRYPTION_KEYS_FILE"
    changes = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """The file's text. Raises `KeyRingError` where others may read it."""
        try:
            # What is behind a link counts: Kubernetes puts one there, whose own rights say nothing.
            found = self._path.stat()
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise KeyRingError(f"The key file {self._path} cannot be read: {reason}.") from error
        groups = {os.getegid(), *os.getgroups()}
        if open_to_others(
            found.st_mode, owner=found.st_uid, group=found.st_gid, us=os.geteuid(), groups=groups
        ):
            raise KeyRingError(
                f"The key file {self._path} may be read by others; make it private (mode 600)."
                " For a secret of Docker or Kubernetes set its mode to 0400 and its owner to the hub's user."
            )
        return text


def open_to_others(mode: int, *, owner: int, group: int, us: int, groups: Collection[int]) -> bool:
    """Whether somebody else may read or write a file with these rights.

    A file of root's that our own group may read counts as ours alone: so Kubernetes hands a secret to a pod that is
    not root (fsGroup), and the pod cannot change its rights.
    """
    handed_over = owner == 0 and us != 0 and group in groups
    return bool(stat.S_IMODE(mode) & (0o037 if handed_over else 0o077))


def named_source(settings: Settings) -> KeySource | None:
    """The source that the settings name, or None. Raises `KeyRingError` where they name several."""
    named: list[tuple[str, Callable[[], KeySource]]] = []
    if settings.encryption_keys is not None and settings.encryption_keys.get_secret_value().strip():
        text = settings.encryption_keys.get_secret_value()
        named.append((EnvironmentSource.setting, lambda: EnvironmentSource(text)))
    if settings.encryption_keys_file is not None:
        path = settings.encryption_keys_file
        named.append((FileSource.setting, lambda: FileSource(path)))
    if settings.encryption_keys_vault:
        named.append(("HUB_ENCRYPTION_KEYS_VAULT", lambda: _vault(settings)))
    if settings.encryption_keys_aws:
        named.append(("HUB_ENCRYPTION_KEYS_AWS", lambda: _aws(settings)))
    if len(named) > 1:
        names = " and ".join(name for name, _ in named)
        raise KeyRingError(f"{names} both name encryption keys. Keep one of them.")
    return named[0][1]() if named else None


def load_key_ring(settings: Settings) -> KeyRing:
    """The ring from the source that the settings name. Raises `KeyRingError`, one line that names the setting."""
    source = named_source(settings)
    if source is None:
        raise KeyRingError(
            "No encryption key is set: tokens cannot be kept without. Set HUB_ENCRYPTION_KEYS,"
            " HUB_ENCRYPTION_KEYS_FILE, HUB_ENCRYPTION_KEYS_VAULT or HUB_ENCRYPTION_KEYS_AWS."
        )
    return _read(source, again=partial(_again, source) if source.changes else None)


def _again(source: KeySource) -> KeyRing | None:
    try:
        return _read(source)
    except KeyRingError as error:
        # A process that runs goes on with the keys it has; it asks again when the new one is still wanted.
        log.warning("keys.not_read_again", reason=str(error))
        return None


def _read(source: KeySource, *, again: Callable[[], KeyRing | None] | None = None) -> KeyRing:
    try:
        return KeyRing.parse(source.read(), source=source.setting, again=again)
    except KeyRingError as error:
        raise KeyRingError(f"{source.setting}: {error}") from error


def _vault(settings: Settings) -> KeySource:
    from ghl.keys.vault import VaultSource  # noqa: PLC0415 - its library is an extra

    return VaultSource(
        settings.encryption_keys_vault,
        token=settings.vault_token,
        role_id=settings.vault_role_id,
        secret_id=settings.vault_secret_id,
        kubernetes_role=settings.vault_kubernetes_role,
        namespace=settings.vault_namespace,
        ca_file=settings.vault_ca_file,
    )


def _aws(settings: Settings) -> KeySource:
    from ghl.keys.aws import AwsSource  # noqa: PLC0415 - its library is an extra

    return AwsSource(settings.encryption_keys_aws)
