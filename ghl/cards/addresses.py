"""The phone and e-mail of a card in the form they are sent, or why the card cannot go as it is. Pure."""

from dataclasses import dataclass, field

from ghl.cards.email import EmailError, normal_email
from ghl.cards.fields import CardFields
from ghl.cards.phone import PhoneError, e164
from ghl.causes import CauseCode


@dataclass(frozen=True)
class Addresses:
    """`cause` is set where the card must be mended before it is sent; what is right stands here all the same.

    `guardian` is the phone of a parent or guardian. A wrong one holds no card back: it only means that nobody is texted.
    """

    phone: str | None
    email: str | None
    cause: CauseCode | None = None
    facts: dict[str, str] = field(default_factory=dict)
    guardian: str | None = None


def read_addresses(fields: CardFields, region: str) -> Addresses:
    """The card's addresses. A wrong one is not dropped in silence: a person decides what was meant."""
    phone = email = None
    cause: CauseCode | None = None
    facts: dict[str, str] = {}
    if fields.email:
        try:
            email = normal_email(fields.email)
        except EmailError as error:
            cause, facts = CauseCode.EMAIL_INVALID, {"email": fields.email, "problem": error.message}
    if fields.phone:
        try:
            phone = e164(fields.phone, region)
        except PhoneError as error:
            cause, facts = CauseCode.PHONE_INVALID, {"phone": fields.phone, "problem": error.message}
    if cause is None and phone is None and email is None:
        cause = CauseCode.NO_USABLE_ADDRESS
    return Addresses(phone, email, cause, facts, _guardian(fields, region))


def _guardian(fields: CardFields, region: str) -> str | None:
    try:
        return e164(fields.guardian_phone, region) if fields.guardian_phone else None
    except PhoneError:
        return None
