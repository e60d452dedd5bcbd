"""What is kept beside a cause so that its sentence can be told. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ghl.statuses import Channel

FOR_US = frozenset({"record_stop"})
"""What a verdict says to the delivery, and not to people."""


def what(channel: str) -> str:
    """What a message is called in a sentence."""
    return "text" if channel == Channel.SMS else "e-mail"


def told(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts of a verdict as they are stored: as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in facts.items()
        if name not in FOR_US and value is not None
    }
