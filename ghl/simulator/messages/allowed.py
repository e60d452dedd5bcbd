"""Whether GoHighLevel sends a message to a contact: each refusal with the words and code that were measured.

Source: `reference/ghl_api.md` 2.10. Pure, apart from the contact and the lists that come in.
"""

from collections.abc import Set as AbstractSet

from ghl.simulator.answers import bad_request, message_refused
from ghl.simulator.contacts.record import Contact
from ghl.simulator.messages.reading import SendRequest
from ghl.simulator.messages.record import Channel

BOUNCED = "EMAIL_BOUNCED"


def address_for(
    contact: Contact, sent: SendRequest, unsubscribed: AbstractSet[str], *, from_number: bool
) -> str:
    """Where the message goes: the contact's phone or e-mail, whatever the client had in mind.

    `from_number`: whether the church has a number that texts can go out from.

    Raises Refusal: there is no such address, the contact has do-not-disturb, or it has unsubscribed.
    """
    if sent.channel is Channel.SMS:
        return _phone(contact, sent, unsubscribed, from_number=from_number)
    return _email(contact, sent, unsubscribed)


def blocks(contact: Contact, channel: Channel) -> bool:
    """Whether do-not-disturb is on for a channel: for all, or for this one."""
    status = contact.dnd_settings.get(channel.value, {}).get("status")
    return bool(contact.dnd) or status in {"active", "permanent"}


def _phone(contact: Contact, sent: SendRequest, unsubscribed: AbstractSet[str], *, from_number: bool) -> str:
    phone = contact.phone
    if not phone:
        raise message_refused("Missing phone number")
    if sent.to_number is not None and not sent.to_number.startswith("+"):
        raise message_refused("Invalid country calling code")
    if phone in unsubscribed:
        raise message_refused(f"Cannot send message as {phone} has unsubscribed", "UNSUBSCRIBED_SMS")
    _check_dnd(contact, Channel.SMS)
    if not from_number:
        raise bad_request("No phone number is set up for this location.")
    return phone


def _email(contact: Contact, sent: SendRequest, unsubscribed: AbstractSet[str]) -> str:
    setting = contact.dnd_settings.get(Channel.EMAIL.value, {})
    if not contact.email or setting.get("message") == BOUNCED:
        raise message_refused("Unable to send e-mail, contact's e-mail is invalid", "INVALID_EMAIL")
    address = contact.email
    if sent.email_to is not None:
        # Compared as it is kept: GoHighLevel does not lower the client's letters here.
        if sent.email_to not in (contact.email, *contact.additional_emails):
            raise message_refused("emailTo is not an e-mail of the contact", "INVALID_EMAILTO")
        address = sent.email_to
    if address in unsubscribed:
        raise message_refused(f"Cannot send email as {address} has unsubscribed", "UNSUBSCRIBED")
    _check_dnd(contact, Channel.EMAIL)
    return address


def _check_dnd(contact: Contact, channel: Channel) -> None:
    if contact.dnd:
        raise message_refused("Cannot send message as DND is active.")
    if blocks(contact, channel):
        raise message_refused(
            f"Cannot send message as DND is active for {channel.value}.",
            f"DND_ACTIVE_{channel.value.upper()}",
        )
