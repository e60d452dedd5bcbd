"""How a person who was let in gets their link: one place, for *Team* and for who runs the installation."""

from dataclasses import dataclass, field
from uuid import UUID

from ghl.people.errors import PersonError
from ghl.people.links import create_church_link, sign_in_url
from jobs.container import Container


@dataclass(frozen=True)
class Handed:
    """A link to be copied, shown once, or that one is on its way by mail."""

    url: str | None = field(repr=False)
    mailed: bool


def hand_over(hub: Container, user_id: UUID, church_id: UUID, *, actor: str) -> Handed:
    """Makes the link. Raises `PersonError` for somebody who is not in the team any more.

    The one that is copied opens this church alone: whoever holds a link is its person.
    """
    token = create_church_link(hub.database, user_id, church_id, clock=hub.clock, actor=actor)
    if token is None:
        raise PersonError("This person is no longer in the team. Nothing was changed.")
    return Handed(sign_in_url(hub.settings.public_url or "http://127.0.0.1:8501", token), mailed=False)
