"""May we write to the person of a card? What a send asks beside our own log: the contact that it would go to, and what
people said who were erased since. The web can look up neither: it has no token and no keys.

It only brings what is so; the page asks the rule (`ghl.consent.may_send`), as a send does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.client.errors import NotFoundError
from ghl.client.models import Contact
from ghl.consent.decide import erased_said, recipients_of
from ghl.consent.dnd import There, there_of
from ghl.consent.recipient import Recipient
from ghl.consent.standing import Entry
from ghl.crypto import KeyRing
from ghl.db.models import Card, Church
from ghl.erasing.proofs import ERASED
from ghl.questions.contact_dnd import there_read, there_shown
from ghl.questions.kind import MOST_CALLS, Answer, Kind, Make, Params, QuestionError
from ghl.statuses import Channel, ConsentKind


@dataclass(frozen=True, repr=False)
class AskedThere:
    """What was said of one address. `contact` is None where nobody in GoHighLevel has it. `erased`: what people said
    who were erased since, oldest first.
    """

    address: str
    contact: There | None
    timezone: str | None
    erased: tuple[Entry, ...]


def asked_there(answer: Mapping[str, Any]) -> Mapping[Channel, AskedThere]:
    """The answer as values, by channel."""
    return {
        Channel(name): AskedThere(
            one["address"],
            there_read(one["contact"]) if one["contact"] is not None else None,
            one["timezone"],
            tuple(_entry(entry) for entry in one["erased"]),
        )
        for name, one in answer["channels"].items()
    }


def _checked(params: Params) -> dict[str, Any]:
    if set(params) != {"card"}:
        raise QuestionError("One card is asked about, by its id.")
    try:
        return {"card": str(UUID(str(params["card"])))}
    except ValueError:
        raise QuestionError("That is no id of a card.") from None


def _gather(session: Session, church_id: UUID, params: Params, ring: KeyRing) -> Params | None:
    """Whom a text and an e-mail would go to now, and at which contact; as a send finds them."""
    card_id = UUID(params["card"])
    card = session.execute(
        select(Card.contact_id, Card.phone, Card.email, Church.region, func.now().label("now"))
        .join(Church, Church.id == Card.church_id)
        .where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    if card is None:
        return None
    whom: dict[Channel, dict[str, Any]] = {}
    for channel, to in recipients_of(session, church_id, card_id, now=card.now).items():
        if isinstance(to, Recipient):
            theirs = card.contact_id if to.address in {card.phone, card.email} else None
            said = erased_said(session, ring, church_id, channel, to.address)
            whom[channel] = {
                "address": to.address,
                "contact_id": theirs,
                "erased": [_shown(one) for one in said],
            }
    return {"region": card.region, "whom": whom}


def _read(params: Params, make: Make) -> Answer:
    seen: dict[str, Contact | None] = {}
    channels: dict[str, Answer] = {}
    for channel, to in params["whom"].items():
        contact_id, address = to["contact_id"], to["address"]
        if contact_id is not None and contact_id not in seen:
            seen[contact_id] = _contact(contact_id, make)
        contact = seen.get(contact_id)
        if contact is None:
            # One that was merged or removed is looked up by its address, as a send does.
            contact = _holder(channel, address, make)
        channels[channel] = {
            "address": address,
            "contact": there_shown(there_of(contact, region=params["region"])) if contact else None,
            "timezone": contact.timezone if contact else None,
            "erased": to["erased"],
        }
    return {"channels": channels}


def _contact(contact_id: str, make: Make) -> Contact | None:
    try:
        return make(lambda client: client.contacts.get(contact_id))
    except NotFoundError:
        return None


def _holder(channel: str, address: str, make: Make) -> Contact | None:
    if channel == Channel.SMS:
        return make(lambda client: client.contacts.find_duplicate(phone=address))
    return make(lambda client: client.contacts.find_duplicate(email=address))


def _shown(entry: Entry) -> Answer:
    return {
        "kind": str(entry.kind),
        "source": entry.source,
        "purpose": entry.purpose,
        "worded": entry.worded,
        "recorded_at": entry.recorded_at.isoformat(),
        "signed_at": entry.signed_at.isoformat() if entry.signed_at is not None else None,
    }


def _entry(shown: Mapping[str, Any]) -> Entry:
    signed = shown["signed_at"]
    return Entry(
        id=0,
        kind=ConsentKind(shown["kind"]),
        source=shown["source"],
        person=ERASED,
        recorded_at=datetime.fromisoformat(shown["recorded_at"]),
        signed_at=datetime.fromisoformat(signed) if signed is not None else None,
        purpose=shown["purpose"],
        worded=shown["worded"],
    )


MAY_WE = Kind("may_we", _checked, lambda _params: MOST_CALLS, _read, gather=_gather)
"""What a send would look up about the person of a card: `{"card": id}`."""
