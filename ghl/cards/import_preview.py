"""What would become of each row of a list, found out without saving anything."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.addresses import read_addresses
from ghl.cards.fields import CardFields, CardFieldsError
from ghl.cards.fingerprint import fingerprint
from ghl.cards.importing import Rejected, card_of, refusal
from ghl.cards.table import Row
from ghl.causes import CauseCode, cause
from ghl.churches import ChurchNotFoundError
from ghl.db.engine import Database
from ghl.db.models import Card, Church

FIRST = 10
"""Cards that are shown as they will be saved."""
ASK_FOR = 1000
"""Cards that are looked for in one question to the database."""


@dataclass(frozen=True)
class ToMend:
    """A row that makes a card which cannot be sent before somebody mends it, and why, in words."""

    row: int
    reason: str


@dataclass(frozen=True)
class Said:
    """What the cards say about messages of one kind, those that are here already not among them."""

    yes: int = 0
    no: int = 0
    blank: int = 0
    yes_without_words: int = 0


@dataclass(frozen=True)
class Preview:
    """What would become of a list. `rows` is `new` + `here` + `twice` + the refused ones.

    `here`: saved before. `twice`: the same card stands further up in the list. Of the `new` ones those
    `to_mend` will wait for a person, and with `review_all` every one. `first` are the first new cards by the
    number of their row.
    """

    rows: int = 0
    new: int = 0
    here: int = 0
    twice: int = 0
    refused: tuple[Rejected, ...] = ()
    to_mend: tuple[ToMend, ...] = ()
    texts: Said = field(default_factory=Said)
    emails: Said = field(default_factory=Said)
    prayers: int = 0
    review_all: bool = False
    first: tuple[tuple[int, CardFields], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Judged:
    number: int
    fields: CardFields = field(repr=False)
    prays: bool
    fingerprint: bytes = field(repr=False)


def preview(
    database: Database,
    church_id: UUID,
    rows: Iterable[Row],
    *,
    now: datetime,
    heading_of: Callable[[str], str] | None = None,
) -> Preview:
    """What importing these rows would do. Saves nothing. Raises `ChurchNotFoundError`."""
    with database.church(church_id) as session:
        church = session.execute(
            select(Church.region, Church.review_all).where(Church.id == church_id)
        ).one_or_none()
    if church is None:
        raise ChurchNotFoundError("There is no such church.")
    region = church.region
    refused: list[Rejected] = []
    cards: dict[bytes, _Judged] = {}
    count = 0
    for row in rows:
        count += 1
        if row.problem:
            refused.append(Rejected(row.number, row.problem))
            continue
        try:
            parsed, said = card_of(row, today=now.date())
        except CardFieldsError as error:
            refused.append(Rejected(row.number, refusal(error, heading_of)))
            continue
        mark = fingerprint(said or parsed, region=region)
        cards.setdefault(mark, _Judged(row.number, parsed.fields, bool(parsed.prayer_request), mark))
    with database.church(church_id) as session:
        here = _known(session, church_id, tuple(cards))
    new = [card for card in cards.values() if card.fingerprint not in here]
    return Preview(
        rows=count,
        new=len(new),
        here=len(here),
        twice=count - len(refused) - len(cards),
        refused=tuple(refused),
        to_mend=tuple(filter(None, (_to_mend(card, region) for card in new))),
        texts=_said([(card.fields.sms_consent, card.fields) for card in new]),
        emails=_said([(card.fields.email_consent, card.fields) for card in new]),
        prayers=sum(card.prays for card in new),
        review_all=church.review_all,
        first=tuple((card.number, card.fields) for card in new[:FIRST]),
    )


def _known(session: Session, church_id: UUID, marks: Sequence[bytes]) -> set[bytes]:
    """Which of these cards the church has already."""
    found: set[bytes] = set()
    for start in range(0, len(marks), ASK_FOR):
        asked = marks[start : start + ASK_FOR]
        found.update(
            session.scalars(
                select(Card.fingerprint).where(Card.church_id == church_id, Card.fingerprint.in_(asked))
            )
        )
    return found


def _to_mend(card: _Judged, region: str) -> ToMend | None:
    addresses = read_addresses(card.fields, region)
    if addresses.cause is None:
        return None
    if addresses.cause is CauseCode.NO_USABLE_ADDRESS:
        return ToMend(card.number, cause(CauseCode.NO_USABLE_ADDRESS).title)
    return ToMend(card.number, addresses.facts.get("problem", cause(addresses.cause).title))


def _said(answers: Sequence[tuple[bool | None, CardFields]]) -> Said:
    return Said(
        yes=sum(answer is True for answer, _ in answers),
        no=sum(answer is False for answer, _ in answers),
        blank=sum(answer is None for answer, _ in answers),
        yes_without_words=sum(answer is True and not fields.consent_wording for answer, fields in answers),
    )
