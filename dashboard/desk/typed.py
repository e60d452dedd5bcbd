"""Saving a card that somebody typed, and what stays on their desk from one card to the next. It draws nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.cards import drafts
from ghl.cards.consent import Words
from ghl.cards.drafts import ADD, KEPT, Draft
from ghl.cards.fields import parse_card
from ghl.cards.find import choices
from ghl.cards.save import NewCard, SavedCard, save_cards
from ghl.db.engine import Database
from ghl.db.models import Card, CardRevision
from ghl.forms import form_of
from ghl.forms.wordings import newest
from ghl.statuses import CardSource, Channel
from jobs.wake import Wakes

STAYS = ("service", "campus", "visit_date", "consent_wording")
"""What is the same on a pile of paper cards."""
SHARED = ("last_name", "phone", "address", "city", "state", "postal_code", *STAYS)
"""What people on one card share. The last name is there to be typed over: families mostly have one."""
STAYS_FOR = timedelta(hours=12)
"""A pile of cards is typed within a day; next Sunday's cards have another date."""


@dataclass(frozen=True)
class Typist:
    """Who types, for which church, and on which clock its day begins."""

    church_id: UUID
    user_id: UUID
    actor: str
    zone: ZoneInfo


@dataclass(frozen=True)
class Wording:
    """The words beside the boxes of the church's own card, by channel; none where it has no card of its own."""

    words: Mapping[Channel, Words] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of them as the field shows them."""
        return "\n".join(words.text for words in self.words.values())


@dataclass(frozen=True)
class Opened:
    """What the page begins with: a draft or nothing, what stays, and what fields offer while typing."""

    draft: Draft | None
    stays: Mapping[str, object] = field(repr=False)
    services: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()
    wording: Wording = field(default_factory=Wording)


@dataclass(frozen=True)
class Typed:
    """A card after its save, and how many this person typed today."""

    card: SavedCard
    today: int


def open_desk(database: Database, typist: Typist, *, now: datetime) -> Opened:
    """What this person typed last and did not save, and what stays from the card before."""
    with database.church(typist.church_id) as session:
        draft = drafts.load(session, typist.church_id, typist.user_id, ADD)
        kept = drafts.load(session, typist.church_id, typist.user_id, KEPT)
        form = form_of(session, typist.church_id)
        used = choices(session, typist.church_id)
        wording = _wording(session, typist.church_id)
    fresh = kept is not None and now - kept.changed_at < STAYS_FOR
    stays = {"consent_wording": wording.text} | (dict(kept.values) if kept and fresh else {})
    return Opened(
        draft=draft if draft and says_anything(draft.values) else None,
        stays=stays,
        services=tuple(dict.fromkeys((*form.services, *used.services))),
        campuses=tuple(dict.fromkeys((*form.campuses, *used.campuses))),
        wording=wording,
    )


def keep_draft(
    database: Database,
    typist: Typist,
    place: str,
    values: Mapping[str, object],
    *,
    now: datetime,
    revision: int = 0,
) -> bool:
    """Keeps what stands in the fields, in a transaction of its own. False where it is too long to keep."""
    with database.church(typist.church_id) as session:
        return drafts.keep(
            session, typist.church_id, typist.user_id, place, values, now=now, revision=revision
        )


def start_again(database: Database, typist: Typist) -> None:
    """Forgets what this person typed and did not save."""
    with database.church(typist.church_id) as session:
        drafts.remove(session, typist.church_id, typist.user_id, ADD)


def save_typed(
    database: Database,
    waker: Wakes,
    typist: Typist,
    values: Mapping[str, object],
    *,
    wording: Wording,
    now: datetime,
) -> Typed:
    """Saves the card, ends its draft and keeps what stays, all or nothing; then wakes the workers.

    Raises `CardFieldsError` where the card can't be saved as it is, and whatever the database raises.
    """
    said = without_idle_words(values)
    parsed = parse_card(said, today=now.astimezone(typist.zone).date())
    # The church's own card has words of its own for each box, with their version.
    own = wording.words if said.get("consent_wording") == wording.text else {}
    card = NewCard(parsed, CardSource.TYPED, recorded_by=typist.actor, words=own)
    church_id, user_id = typist.church_id, typist.user_id
    with database.church(church_id) as session:
        (saved,) = save_cards(session, church_id, [card], now=now)
        drafts.remove(session, church_id, user_id, ADD)
        drafts.keep(session, church_id, user_id, KEPT, carried(values, STAYS), now=now)
        today = typed_today(session, typist, now=now)
    if not saved.duplicate:
        waker.wake(church_id)
    return Typed(saved, today)


def typed_today(session: Session, typist: Typist, *, now: datetime) -> int:
    """How many cards this person typed since midnight on the church's wall."""
    midnight = datetime.combine(now.astimezone(typist.zone).date(), time.min, typist.zone)
    return session.execute(
        select(func.count())
        .select_from(Card)
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == 1))
        .where(
            Card.church_id == typist.church_id,
            Card.source == CardSource.TYPED,
            Card.received_at >= midnight,
            CardRevision.created_by == typist.actor,
        )
    ).scalar_one()


def carried(values: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    """Those of the values that go on to the next card."""
    return {name: values[name] for name in names if values.get(name)}


def says_anything(values: Mapping[str, object]) -> bool:
    """Whether somebody typed anything but what stays from card to card."""
    return any(value not in (None, "") for name, value in values.items() if name not in STAYS)


def without_idle_words(values: Mapping[str, object]) -> dict[str, object]:
    """The values; without the words beside the boxes where no box is answered, for then they prove nothing."""
    answered = any(values.get(name) is not None for name in ("sms_consent", "email_consent"))
    return {name: value for name, value in values.items() if answered or name != "consent_wording"}


def _wording(session: Session, church_id: UUID) -> Wording:
    found = {channel: newest(session, church_id, channel) for channel in Channel}
    return Wording({channel: Words(one.text, str(one.version)) for channel, one in found.items() if one})
