"""The note a running `hub up` leaves in its data folder, by which commands in another terminal find it.

The note holds addresses with passwords, so only its owner may read it. It is advice, not a lock: what it
names is tried, and whoever is gone is told as gone.
"""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import SecretStr

from ghl.config import Settings

NOTE = "hub.json"


class NoHubError(Exception):
    """There is no hub to talk to. The message is one line that says how to start or name one."""


@dataclass(frozen=True)
class RunningHub:
    """What `hub up` started, and what it was given."""

    pid: int
    database_url: str
    redis_url: str
    encryption_keys_file: str
    web_url: str = ""
    intake_url: str = ""
    simulator_url: str = ""
    database_admin_url: str = ""
    ghl_base_url: str = ""

    def __repr__(self) -> str:
        return f"RunningHub(pid={self.pid}, web_url={self.web_url!r})"


def write_note(data_dir: Path, hub: RunningHub) -> None:
    """Leaves the note, readable by its owner alone, all of it or nothing."""
    path = data_dir / NOTE
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(hub), file, indent=2)
    draft.replace(path)


def remove_note(data_dir: Path) -> None:
    """Takes the note away when the hub stops."""
    (data_dir / NOTE).unlink(missing_ok=True)


def read_note(data_dir: Path) -> RunningHub | None:
    """The hub that runs from this folder, or None. Raises `NoHubError` where the note may not be read."""
    try:
        found = json.loads((data_dir / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise NoHubError(
            f"The hub in {data_dir} was started by another user: run this as that user."
        ) from error
    except (OSError, ValueError) as error:
        raise NoHubError(
            f"The note {data_dir / NOTE} cannot be read: stop the hub and start it again."
        ) from error
    if not isinstance(found, dict) or not _alive(found.get("pid")):
        return None
    names = {field.name for field in fields(RunningHub)}
    return RunningHub(**{name: value for name, value in found.items() if name in names})


def with_running_hub(settings: Settings) -> Settings:
    """The settings, filled with the running hub's where no database is named. Raises `NoHubError`."""
    if settings.database_url is not None:
        return settings
    hub = read_note(settings.data_dir)
    if hub is None:
        raise NoHubError(
            f"No hub is running from {settings.data_dir}. Start one with `hub up`, or set HUB_DATABASE_URL"
            " (and HUB_DATA_DIR, where the hub has another data folder)."
        )
    filled = {
        "database_url": SecretStr(hub.database_url),
        "database_admin_url": SecretStr(hub.database_admin_url) if hub.database_admin_url else None,
        "redis_url": settings.redis_url or SecretStr(hub.redis_url),
        "encryption_keys_file": settings.encryption_keys_file
        or (None if _names_other_keys(settings) else _path(hub.encryption_keys_file)),
        "public_url": settings.public_url or hub.web_url,
        "form_url": settings.form_url or hub.intake_url,
        # What the hub's own workers use, so that a token is tested at the place where it will be used.
        "ghl_base_url": hub.ghl_base_url or settings.ghl_base_url,
        "demo_simulator_url": settings.demo_simulator_url or hub.simulator_url,
    }
    return settings.model_copy(update=filled)


def as_environment(settings: Settings) -> dict[str, str]:
    """What `with_running_hub` filled in, as variables for another program of the hub."""
    values = {
        "HUB_DATABASE_URL": settings.database_url and settings.database_url.get_secret_value(),
        "HUB_REDIS_URL": settings.redis_url and settings.redis_url.get_secret_value(),
        # The other sources stand in the environment already: they are never found in a note.
        "HUB_ENCRYPTION_KEYS_FILE": settings.encryption_keys_file and str(settings.encryption_keys_file),
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_PUBLIC_URL": settings.public_url,
        "HUB_FORM_URL": settings.form_url,
    }
    return {name: value for name, value in values.items() if value}


def _names_other_keys(settings: Settings) -> bool:
    """Whether the environment says itself where the encryption keys are; two places would be refused."""
    return bool(settings.encryption_keys or settings.encryption_keys_vault or settings.encryption_keys_aws)


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
