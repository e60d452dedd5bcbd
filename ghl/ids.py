"""Identifiers of our own: time-ordered UUIDs (RFC 9562, version 7), which keep indexes compact."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new time-ordered identifier."""
    return uuid7()
