"""Saving a card that somebody typed, and what stays on their desk from one card to the next. It draws nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl import audit
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
from ghl.statuses import CardSource, CardStatus, Channel
from jobs.wake import Wakes

STAYS = ("service", "campus", "visit_date")
"""What is the same on a pile of paper cards."""
SHARED = ("last_name", "phone", "address", "city", "state", "postal_code", *STAYS)
"""What people on one card share. The last name is there to be typed over: families mostly have one."""
WORDS, OWN_WORDS = "words", "own_words"
"""What is kept beside them: the words beside the boxes, and whether they are the church's own."""
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
class Beside:
    """What somebody says stands beside the boxes of their pile: the church's own words, others, or none at all."""

    text: str = ""
    own: bool = False


@dataclass(frozen=True)
class Opened:
    """What the page begins with: a draft or nothing, what stays, and what fields offer while typing.

    `beside` is None until the typist has said it for this pile. `more` counts other cards that were begun.
    """

    draft: Draft | None
    stays: Mapping[str, object] = field(repr=False)
    beside: Beside | None = None
    more: int = 0
    services: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()
    wording: Wording = field(default_factory=Wording)


@dataclass(frozen=True)
class Typed:
    """A card after its save, and how many this person typed today."""

    card: SavedCard
    today: int


@dataclass(frozen=True)
class Stands:
    """Where a card stands, and why."""

    status: CardStatus
    cause: str | None = None
    facts: dict[str, str] = field(default_factory=dict, repr=False)


def open_desk(
    database: Database, typist: Typist, form: str, *, elsewhere: Callable[[str], bool], now: datetime
) -> Opened:
    """What this person typed last and did not save, now with this form, and what stays from the card before.

    What somebody still types `elsewhere`, in another window, is left to that.
    """
    with database.church(typist.church_id) as session:
        begun = [
            one
            for one in drafts.half_typed(session, typist.church_id, typist.user_id)
            if says_anything(one.values) and not elsewhere(form_of_draft(one))
        ]
        place = drafts.place_of_form(form)
        draft = None
        while begun and draft is None:
            first = begun.pop(0)
            if drafts.move(session, typist.church_id, typist.user_id, first.place, place):
                draft = first
        kept = drafts.load(session, typist.church_id, typist.user_id, KEPT)
        offered = form_of(session, typist.church_id)
        used = choices(session, typist.church_id)
        wording = _wording(session, typist.church_id)
    fresh = kept is not None and now - kept.changed_at < STAYS_FOR
    before = dict(kept.values) if kept and fresh else {}
    return Opened(
        draft=draft,
        stays=carried(before, STAYS),
        beside=_beside(before, wording),
        more=len(begun),
        services=tuple(dict.fromkeys((*offered.services, *used.services))),
        campuses=tuple(dict.fromkeys((*offered.campuses, *used.campuses))),
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


def keep_stays(
    database: Database,
    typist: Typist,
    values: Mapping[str, object],
    beside: Beside | None,
    *,
    now: datetime,
) -> None:
    """Keeps what is the same on this pile."""
    with database.church(typist.church_id) as session:
        _keep_stays(session, typist, values, beside, now)


def start_again(database: Database, typist: Typist, form: str) -> None:
    """Forgets what this person typed into the form and did not save."""
    with database.church(typist.church_id) as session:
        drafts.remove(session, typist.church_id, typist.user_id, drafts.place_of_form(form))


def save_typed(
    database: Database,
    waker: Wakes,
    typist: Typist,
    values: Mapping[str, object],
    *,
    form: str,
    wording: Wording,
    beside: Beside | None,
    now: datetime,
) -> Typed:
    """Saves the card, ends its draft and keeps what stays, all or nothing; then wakes the workers.

    The words beside the boxes are those that the typist says are there, and go only with a box that is answered.
    Raises `CardFieldsError` where the card can't be saved as it is, and whatever the database raises.
    """
    said = {name: value for name, value in values.items() if name != "consent_wording"}
    own: Mapping[Channel, Words] = {}
    if beside and any(values.get(name) is not None for name in ("sms_consent", "email_consent")):
        said["consent_wording"] = beside.text
        # The church's own card has words of its own for each box, with their version.
        own = wording.words if beside.own else {}
    parsed = parse_card(said, today=now.astimezone(typist.zone).date())
    card = NewCard(parsed, CardSource.TYPED, recorded_by=typist.actor, words=own)
    church_id, user_id = typist.church_id, typist.user_id
    with database.church(church_id) as session:
        (saved,) = save_cards(session, church_id, [card], now=now)
        if not saved.duplicate:
            # Not "card.": whoever reviews asks who had a card in hand last, and typing it was before that.
            audit.record(
                session, church_id=church_id, actor=typist.actor, action="cards.added", subject=str(saved.id)
            )
        drafts.remove(session, church_id, user_id, drafts.place_of_form(form))
        _keep_stays(session, typist, values, beside, now)
        today = typed_today(session, typist, now=now)
    if not saved.duplicate:
        waker.wake(church_id)
    return Typed(saved, today)


def standing_of(session: Session, church_id: UUID, card_id: UUID) -> Stands | None:
    """Where a card stands now; None where it is gone."""
    row = session.execute(
        select(Card.status, Card.cause, Card.facts).where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    return Stands(CardStatus(row.status), row.cause, dict(row.facts)) if row else None


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
    idle = {*STAYS, "consent_wording"}
    return any(value not in (None, "") for name, value in values.items() if name not in idle)


def form_of_draft(draft: Draft) -> str:
    """The form into which it was typed."""
    return draft.place.removeprefix(ADD)


def _keep_stays(
    session: Session, typist: Typist, values: Mapping[str, object], beside: Beside | None, now: datetime
) -> None:
    kept = carried(values, STAYS)
    if beside:
        kept |= {WORDS: beside.text, OWN_WORDS: beside.own}
    drafts.keep(session, typist.church_id, typist.user_id, KEPT, kept, now=now)


def _beside(kept: Mapping[str, object], wording: Wording) -> Beside | None:
    """What was said of this pile. Of words that the church has replaced since it has to be said anew."""
    if WORDS not in kept:
        return None
    beside = Beside(str(kept[WORDS] or ""), kept.get(OWN_WORDS) is True)
    return None if beside.own and beside.text != wording.text else beside


def _wording(session: Session, church_id: UUID) -> Wording:
    found = {channel: newest(session, church_id, channel) for channel in Channel}
    return Wording({channel: Words(one.text, str(one.version)) for channel, one in found.items() if one})
