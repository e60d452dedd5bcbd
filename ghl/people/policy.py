"""How long links and sessions last, and which church a signed-in person works in. Pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ghl.statuses import Role

LINK_LIFE = timedelta(minutes=15)
"""Long enough to read an e-mail, short enough for a link that lies in a mailbox."""

SESSION_LIFE = timedelta(days=7)
"""However busy, a session ends then: somebody who left the team is out within a week."""

IDLE_LIFE = timedelta(hours=12)
"""A session nobody uses ends then: a Sunday is covered, a forgotten browser is not."""

SEEN_EVERY = timedelta(minutes=1)
"""How often a use is written down; a page that is clicked about writes one row a minute."""


@dataclass(frozen=True)
class ChurchRole:
    """A church that a person may work in, and as what.

    `called` is what its team calls them. `help_until` is set where an admin let them look for a while.
    """

    church_id: UUID
    slug: str
    name: str
    timezone: str
    is_demo: bool
    role: Role
    reads_prayers: bool = False
    called: str = field(default="", repr=False)
    help_until: datetime | None = None


@dataclass(frozen=True)
class SignedIn:
    """The person behind a request, as the database has them now. `church` is the one they work in.

    `one_church`: they came by a link that opens one church alone, and are nobody elsewhere.
    """

    user_id: UUID
    is_ops: bool
    churches: tuple[ChurchRole, ...]
    church: ChurchRole | None
    email: str = field(repr=False)
    name: str = field(repr=False)
    one_church: bool = False

    @property
    def role(self) -> Role | None:
        """The role in the church they work in."""
        return self.church.role if self.church else None

    @property
    def actor(self) -> str:
        """How the change log names this person."""
        return actor_name(self.user_id)


def actor_name(user_id: UUID) -> str:
    """How the change log names a person: by id, so that it keeps no address of somebody who was erased."""
    return f"user:{user_id}"


def is_over(*, seen_at: datetime, expires_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Whether a session has ended: by sign-out, by age, or because nobody used it."""
    return ended_at is not None or now >= expires_at or now >= seen_at + IDLE_LIFE


def church_in_use(chosen: UUID | None, churches: Sequence[ChurchRole]) -> ChurchRole | None:
    """The church of the session's row while the person still belongs to it, else their first, else none.

    Both come from the database. Nothing that a browser sends takes part in the choice. A church that somebody helps
    is never entered without being chosen.
    """
    by_id = {church.church_id: church for church in churches}
    if chosen in by_id:
        return by_id[chosen]
    return next((church for church in churches if church.help_until is None), None)
