"""Do-not-disturb as the API carries it. `active` means: do not send; `permanent`: the person said STOP."""

from typing import Any

from ghl.simulator.answers import unprocessable
from ghl.simulator.contacts.record import CHANNELS

STATUSES = ("active", "inactive", "permanent")
_V3_TO_KEPT = {v3: kept for kept, v3 in CHANNELS.items()}


def read_dnd(value: Any, *, v3: bool) -> dict[str, dict[str, str]]:
    """Channel (by its name in dated versions) to its setting.

    Raises Refusal: 422 for a channel that this version does not have, or a status that is none.
    """
    if not isinstance(value, dict):
        raise unprocessable("nested property dndSettings must be either object or array")
    names = _V3_TO_KEPT if v3 else {name: name for name in CHANNELS}
    kept: dict[str, dict[str, str]] = {}
    for name, setting in value.items():
        if name not in names:
            raise unprocessable(f"dndSettings.property {name} should not exist")
        kept[names[name]] = _setting(setting, f"dndSettings.{name}", STATUSES)
    return kept


def read_inbound_dnd(value: Any) -> dict[str, dict[str, str]]:
    """The setting for messages from the person, as sent. Raises Refusal (422) for any other shape."""
    if not isinstance(value, dict) or set(value) - {"all"}:
        raise unprocessable("nested property inboundDndSettings must be either object or array")
    return {
        name: _setting(setting, "inboundDndSettings.all", ("active", "inactive"))
        for name, setting in value.items()
    }


def show_dnd(kept: dict[str, dict[str, str]], *, v3: bool) -> dict[str, dict[str, str]]:
    """The settings in the names of the version that asked."""
    return {CHANNELS[name]: setting for name, setting in kept.items()} if v3 else kept


def merge_dnd(
    before: dict[str, dict[str, str]], sent: dict[str, dict[str, str]], *, clearable: bool
) -> dict[str, dict[str, str]]:
    """The settings after a change; a permanent one stays, without a word, unless `clearable`."""
    merged = dict(before)
    for channel, setting in sent.items():
        if clearable or merged.get(channel, {}).get("status") != "permanent":
            merged[channel] = setting
    return merged


def _setting(value: Any, path: str, statuses: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise unprocessable(f"nested property {path} must be either object or array")
    if value.get("status") not in statuses:
        raise unprocessable(f"{path}.status must be one of the following values: {', '.join(statuses)}")
    known = {"status", "message", "code"}
    if extra := next((name for name in value if name not in known), None):
        raise unprocessable(f"{path}.property {extra} should not exist")
    return {name: str(value[name]) for name in ("status", "message", "code") if value.get(name) is not None}
