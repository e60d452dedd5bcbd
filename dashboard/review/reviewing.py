"""What the page *Review new cards* reads and saves, each in one transaction. It draws nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from dashboard.components.card_form import start_values
from dashboard.components.number_question import NumberOnCard
from dashboard.desk.typed import STAYS, STAYS_FOR, Typist, carried
from ghl.cards import drafts, review
from ghl.cards.actions import Action, act
from ghl.cards.correct import Corrected, correct
from ghl.cards.decide import decide, take_back
from ghl.cards.drafts import KEPT_IN_REVIEW, place_of
from ghl.cards.fields import CardFields, CardFieldsError, ParsedCard, parse_card
from ghl.cards.find import Choices, choices
from ghl.cards.lookalikes import LikeContact, Lookalikes, lookalikes
from ghl.cards.review import CardAtHand, OnIt, Reviewed
from ghl.db.engine import Database
from ghl.forms import form_of
from ghl.messages.ask import send_onboarding
from ghl.messages.asked import Asked
from ghl.statuses import CardStatus


class TakenError(Exception):
    """Somebody else is on the card now (`by`), or it is reviewed already, by the actor `done_by`.

    `card` says how it stands, where it is still there.
    """

    def __init__(self, card: CardAtHand | None, by: UUID | None, done_by: str | None = None) -> None:
        super().__init__("The card is with somebody else.")
        self.card = card
        self.by = by
        self.done_by = done_by


@dataclass(frozen=True)
class OnTheDesk:
    """A card that is open, with what was typed into it before and what looks like it.

    `base` is the revision into which it is typed, and `began` what that said, where others saved another since.
    """

    card: CardAtHand
    start: Mapping[str, object] = field(repr=False)
    base: int
    draft_at: datetime | None = None
    began: CardFields | None = field(default=None, repr=False)
    alike: Lookalikes = field(default_factory=Lookalikes)

    @property
    def number(self) -> NumberOnCard:
        """What the card says, for the question about a new number."""
        return NumberOnCard(self.card.source, self.card.fields, self.card.region)


@dataclass(frozen=True)
class Put:
    """What came of putting a card back or away: whether it was `done`, and what was `saved` of what was typed."""

    done: bool
    saved: Corrected | None = None


@dataclass(frozen=True)
class Standing:
    """How far the church is: cards left, who else is on some, what was reviewed today."""

    left: int
    others: Sequence[OnIt] = ()
    today: Reviewed = field(default_factory=Reviewed)


def next_card(
    database: Database, typist: Typist, *, now: datetime, skipped: Collection[UUID], settled: Collection[UUID]
) -> OnTheDesk | None:
    """The next card for this person, reserved for them; None where nobody needs to look at any."""
    with database.church(typist.church_id) as session:
        found = review.reserve_next(session, typist.church_id, typist.user_id, skipped=skipped)
        return _opened(session, typist, found, now=now, settled=settled) if found else None


def this_card(
    database: Database, typist: Typist, card_id: UUID, *, now: datetime, settled: Collection[UUID] = ()
) -> OnTheDesk:
    """A card that somebody asked for: reserved where it is to be reviewed, else opened for a correction.

    Raises `TakenError` where somebody else is on it, or it is not there any more.
    """
    with database.church(typist.church_id) as session:
        opened = _opened(session, typist, card_id, now=now, settled=settled)
        if opened is None:
            raise TakenError(None, None)
        if opened.card.status is CardStatus.TO_REVIEW:
            _hold_on(session, typist, opened.card)
        return opened


def number_to_card(database: Database, typist: Typist, number: int) -> UUID | None:
    """The church's card with this number, or None."""
    with database.church(typist.church_id) as session:
        return review.card_of_number(session, typist.church_id, number)


def offers(database: Database, typist: Typist) -> Choices:
    """What the fields for service and campus offer while somebody types."""
    with database.church(typist.church_id) as session:
        form, used = form_of(session, typist.church_id), choices(session, typist.church_id)
    return Choices(
        services=tuple(dict.fromkeys((*form.services, *used.services))),
        campuses=tuple(dict.fromkeys((*form.campuses, *used.campuses))),
    )


def kept_from_before(database: Database, typist: Typist, *, now: datetime) -> Mapping[str, object]:
    """Service, campus and date of the card that this person reviewed last, while that is one sitting."""
    with database.church(typist.church_id) as session:
        kept = drafts.load(session, typist.church_id, typist.user_id, KEPT_IN_REVIEW)
    return carried(kept.values, STAYS) if kept and now - kept.changed_at < STAYS_FOR else {}


def standing(database: Database, typist: Typist, *, since: datetime | None = None) -> Standing:
    """How far the church is. With `since` also what was reviewed from then on."""
    with database.church(typist.church_id) as session:
        return Standing(
            left=review.left_to_review(session, typist.church_id),
            others=review.reserved_by_others(session, typist.church_id, typist.user_id),
            today=review.reviewed_since(session, typist.church_id, since) if since else Reviewed(),
        )


def keep_typed(
    database: Database, typist: Typist, open_: OnTheDesk, values: Mapping[str, object], *, now: datetime
) -> bool:
    """Keeps what stands in the fields and renews the reservation. False: somebody else is on the card by now."""
    card = open_.card
    with database.church(typist.church_id) as session:
        # First the card, as a save does, which then ends the draft.
        still = card.status is not CardStatus.TO_REVIEW or review.reserve(
            session, typist.church_id, typist.user_id, card.id
        )
        drafts.keep(
            session,
            typist.church_id,
            typist.user_id,
            place_of(card.id),
            values,
            now=now,
            revision=open_.base,
        )
        return still


def forget_typed(database: Database, typist: Typist, card: CardAtHand) -> None:
    """Forgets what this person typed into the card and did not save."""
    with database.church(typist.church_id) as session:
        drafts.remove(session, typist.church_id, typist.user_id, place_of(card.id))


def save_reviewed(
    database: Database,
    typist: Typist,
    open_: OnTheDesk,
    values: Mapping[str, object],
    *,
    send: bool = False,
    stays: Mapping[str, object] = {},
    on_the_card: bool = False,
    now: datetime,
    welcome: list[Asked] | None = None,
) -> Corrected:
    """Saves what the form says, lets a card to review go, and ends its draft and reservation, all or nothing.

    A card that is kept back stays so, unless its reviewer says to `send` it; one that is set aside stays so. With
    `welcome` its onboarding texts and e-mails are asked for in the same transaction, and what came of it stands there.
    `on_the_card`: somebody says of a new number that it is the one on the card.
    Raises `TakenError`, `CardFieldsError`, and what `correct` raises.
    """
    card = open_.card
    parsed = _parsed(typist, values, now)
    with database.church(typist.church_id) as session:
        _hold_on(session, typist, card)
        release = send or card.status is CardStatus.TO_REVIEW
        done = _correct(session, typist, open_, parsed, now=now, release=release, on_the_card=on_the_card)
        _leave(session, typist, card)
        if stays:
            drafts.keep(session, typist.church_id, typist.user_id, KEPT_IN_REVIEW, stays, now=now)
        asked = (
            []
            if welcome is None
            else send_onboarding(session, typist.church_id, [card.id], actor=typist.actor, now=now)
        )
    if welcome is not None:
        welcome.extend(asked)
    return done


def put_back(
    database: Database,
    typist: Typist,
    open_: OnTheDesk,
    values: Mapping[str, object],
    *,
    on_the_card: bool = False,
    now: datetime,
) -> Put:
    """Puts back what was kept back or set aside, with what was typed into it; not `done` where it has moved on.

    Raises `CardFieldsError`, and what `correct` raises.
    """
    card = open_.card
    parsed = _parsed(typist, values, now)
    with database.church(typist.church_id) as session:
        saved = _correct(session, typist, open_, parsed, now=now, on_the_card=on_the_card)
        done = act(session, typist.church_id, Action.PUT_BACK, card.id, actor=typist.actor, now=now)
        drafts.remove(session, typist.church_id, typist.user_id, place_of(card.id))
    return Put(done, saved)


def put_away(
    database: Database,
    typist: Typist,
    open_: OnTheDesk,
    values: Mapping[str, object],
    action: Action,
    *,
    reason: str,
    on_the_card: bool = False,
    now: datetime,
) -> Put:
    """Holds the card or sets it aside, with what was typed into it so far; not `done` where it has moved on.

    What can't be saved as it is stays behind as a draft. Raises `TakenError`, `ActionError`, and what `correct`
    raises.
    """
    card = open_.card
    try:
        parsed = _parsed(typist, values, now)
    except CardFieldsError:
        parsed = None
    saved = None
    with database.church(typist.church_id) as session:
        _hold_on(session, typist, card)
        if parsed:
            saved = _correct(session, typist, open_, parsed, now=now, on_the_card=on_the_card)
        done = act(session, typist.church_id, action, card.id, reason=reason, actor=typist.actor, now=now)
        if parsed:
            _leave(session, typist, card)
        else:
            review.release(session, typist.church_id, typist.user_id)
    return Put(done, saved)


def bring_back(database: Database, typist: Typist, card_id: UUID, *, now: datetime) -> bool:
    """Puts a card back as it is; False where it has moved on."""
    with database.church(typist.church_id) as session:
        return act(session, typist.church_id, Action.PUT_BACK, card_id, actor=typist.actor, now=now)


def decide_on(
    database: Database, typist: Typist, card: CardAtHand, like: LikeContact, *, same: bool, now: datetime
) -> bool:
    """Remembers whether the card's person is this contact; False where nothing changed by it."""
    with database.church(typist.church_id) as session:
        return decide(
            session,
            typist.church_id,
            card.id,
            contact_id=like.contact_id,
            verdict="same" if same else "different",
            actor=typist.actor,
            now=now,
        )


def undecide(database: Database, typist: Typist, card: CardAtHand, like: LikeContact) -> bool:
    """Forgets what was decided about the card's person and this contact; False where the card has moved on."""
    with database.church(typist.church_id) as session:
        return take_back(session, typist.church_id, card.id, contact_id=like.contact_id, actor=typist.actor)


def who_has(database: Database, typist: Typist, card_id: UUID) -> TakenError:
    """Who is on the card, or has dealt with it, after this person lost it."""
    with database.church(typist.church_id) as session:
        return _taken(session, typist, card_id)


def _opened(
    session: Session, typist: Typist, card_id: UUID, *, now: datetime, settled: Collection[UUID]
) -> OnTheDesk | None:
    card = review.look_at(session, typist.church_id, card_id)
    if card is None:
        return None
    draft = drafts.load(session, typist.church_id, typist.user_id, place_of(card_id))
    start = start_values(card.fields)
    if draft and _said(draft.values) == _said(start):
        draft = None
    began = None
    if draft and draft.revision != card.revision:
        # What was typed into another revision is not mixed with this one: the person says which it shall be.
        began = review.said_in(session, typist.church_id, card_id, draft.revision)
        if began is None or _said(draft.values) == _said(start_values(began)):
            draft = began = None
    return OnTheDesk(
        card=card,
        start=draft.values if draft else start,
        base=draft.revision if draft else card.revision,
        draft_at=draft.changed_at if draft else None,
        began=began,
        alike=lookalikes(session, typist.church_id, card, now=now, settled=settled),
    )


def _correct(
    session: Session,
    typist: Typist,
    open_: OnTheDesk,
    parsed: ParsedCard,
    *,
    now: datetime,
    release: bool = False,
    on_the_card: bool = False,
) -> Corrected:
    """Saves what was typed into the card that is open."""
    return correct(
        session,
        typist.church_id,
        open_.card.id,
        parsed,
        base_revision=open_.base,
        actor=typist.actor,
        now=now,
        release=release,
        on_the_card=on_the_card,
    )


def _hold_on(session: Session, typist: Typist, card: CardAtHand) -> None:
    """Makes sure that nobody else is on the card, or has dealt with it since it was opened."""
    if card.status is not CardStatus.TO_REVIEW:
        return
    if not review.reserve(session, typist.church_id, typist.user_id, card.id):
        raise _taken(session, typist, card.id)


def _taken(session: Session, typist: Typist, card_id: UUID) -> TakenError:
    return TakenError(
        review.look_at(session, typist.church_id, card_id),
        review.who_is_on(session, typist.church_id, [card_id]).get(card_id),
        review.last_hand(session, typist.church_id, card_id),
    )


def _leave(session: Session, typist: Typist, card: CardAtHand) -> None:
    drafts.remove(session, typist.church_id, typist.user_id, place_of(card.id))
    review.release(session, typist.church_id, typist.user_id)


def _parsed(typist: Typist, values: Mapping[str, object], now: datetime) -> ParsedCard:
    return parse_card(values, today=now.astimezone(typist.zone).date())


def _said(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "")}
