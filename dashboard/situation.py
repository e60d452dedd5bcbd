"""How a church stands at this moment, for the banner, the menu and Home: a few numbers, read once for all tabs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ghl import heartbeat, outages
from ghl.cards.counts import counts
from ghl.cards.view import church_state
from ghl.cards.why import ChurchState, Outage
from ghl.consent.by_hand import count_doubts
from ghl.db.engine import Database
from ghl.delivery.drain import Budget
from ghl.messages import counts as message_counts
from ghl.outages import Episode
from ghl.statuses import CardStatus


@dataclass(frozen=True)
class Situation:
    """What every page of a church may have to say. `outage` is set while GoHighLevel is known not to answer.

    `episode` is the newest one that PostgreSQL knows, open or over. `coordinator_away`: Redis does not answer, so
    nothing new is sent, and what the breakers say is not known.
    """

    state: ChurchState = field(default_factory=ChurchState)
    outage: Outage | None = None
    counts: Mapping[CardStatus, int] = field(default_factory=lambda: dict.fromkeys(CardStatus, 0))
    workers: int = 1
    schedulers: int = 1
    episode: Episode | None = None
    budget: Budget = field(default_factory=Budget)
    messages_for_people: int = 0
    replies_to_read: int = 0
    coordinator_away: bool = False

    @property
    def waiting(self) -> int:
        """Cards that are safe here and not in GoHighLevel yet, though nobody has to do anything about them."""
        return self.counts[CardStatus.WAITING] + self.counts[CardStatus.SENDING]

    @property
    def for_people(self) -> int:
        """Cards that stay where they are until somebody mends them or decides about them."""
        return self.counts[CardStatus.NEEDS_ATTENTION] + self.counts[CardStatus.HELD]

    @property
    def to_mend(self) -> int:
        """All that *Needs attention* shows: cards, texts and e-mails, and replies that may be a stop."""
        return self.for_people + self.messages_for_people + self.replies_to_read

    @property
    def delayed(self) -> bool:
        """Whether a card that is saved now goes later than usual."""
        return bool(self.state.held_by or self.outage or not self.workers or self.coordinator_away)


def read_situation(
    database: Database,
    church_id: UUID,
    *,
    outage: Outage | None,
    budget: Budget,
    coordinator_away: bool,
) -> Situation:
    """The church's numbers and who is at work, in two short transactions."""
    with database.system() as session:
        workers = heartbeat.alive(session, "worker")
        schedulers = heartbeat.alive(session, "scheduler")
    with database.church(church_id) as session:
        return Situation(
            state=church_state(session, church_id),
            outage=outage,
            counts=counts(session, church_id),
            workers=workers,
            schedulers=schedulers,
            episode=outages.latest(session, church_id),
            budget=budget,
            messages_for_people=message_counts.for_people(session, church_id),
            replies_to_read=count_doubts(session, church_id),
            coordinator_away=coordinator_away,
        )
