"""A test of a template's words to a phone or an address of one's own, in the caller's transaction of the church.

Nothing is sent here: a test goes through the outbox as every message does.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.email import EmailError, normal_email
from ghl.cards.phone import PhoneError, e164
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.decide import decide
from ghl.db.models import Church, Message
from ghl.messages.asked import Asked, AskedOutcome
from ghl.messages.key import idempotency_key
from ghl.messages.own_phone import TESTS_A_DAY, is_a_guests, tests_of
from ghl.messages.rows import NewMessage, add
from ghl.messages.templates import templates_of
from ghl.statuses import Channel, Purpose

TEST_WITHIN = timedelta(hours=1)
"""Whoever presses *Send a test* waits for it; much later it would only surprise them."""


def send_test(
    session: Session, church_id: UUID, template_id: UUID, *, phone_or_email: str, actor: str, now: datetime
) -> Asked:
    """Sends the newest words of a template to a phone or address of staff. Each press is another test; a person has
    `TESTS_A_DAY`. Texts keep the hours of all texts.

    NO_ADDRESS where it is none, NO_TEMPLATE where the church has no such template, NOT_ALLOWED where the address is a
    guest's or the day's tests are used up; `reason` says which.
    """
    template = next((one for one in templates_of(session, church_id) if one.id == template_id), None)
    if template is None:
        return Asked(None, template_id, None, None, AskedOutcome.NO_TEMPLATE)
    channel = Channel(template.channel)
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    try:
        address = e164(phone_or_email, region) if channel is Channel.SMS else normal_email(phone_or_email)
    except (PhoneError, EmailError):
        return Asked(None, template_id, channel, None, AskedOutcome.NO_ADDRESS)
    asked = tests_of(session, church_id, actor, now=now)
    if asked >= TESTS_A_DAY:
        return _no_test(template_id, channel, CauseCode.TESTS_USED_UP)
    # Tests of one address take turns, so that each gets a number of its own.
    ledger.lock(session, church_id, channel, address)
    purpose = Purpose(template.purpose)
    if is_a_guests(session, church_id, channel, address, purpose, now=now):
        return _no_test(template_id, channel, CauseCode.TEST_ON_A_CARD)
    verdict = decide(
        session,
        None,
        church_id,
        channel=channel,
        address=address,
        person="",
        purpose=purpose,
        card_id=None,
        contact=None,
        is_test=True,
        now=now,
    )
    leaves_at = verdict.later_at or now
    tests = session.scalar(
        select(func.max(Message.again)).where(
            Message.church_id == church_id,
            Message.channel == channel,
            Message.address == address,
            Message.template_id == template_id,
            Message.is_test,
        )
    )
    number = 0 if tests is None else tests + 1
    message_id = add(
        session,
        church_id,
        NewMessage(
            template=template,
            card_id=None,
            address=address,
            person="",
            key=idempotency_key(church_id, address, template_id, None, number),
            actor=actor,
            asked_at=now,
            not_before=now,
            too_late_at=leaves_at + TEST_WITHIN,
            again=number,
            is_test=True,
        ),
        due_at=now,
    )
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="message.tested",
        facts={"channel": channel, "of_the_day": asked + 1},
    )
    return Asked(None, template_id, channel, message_id, AskedOutcome.QUEUED, at=leaves_at)


def _no_test(template_id: UUID, channel: Channel, cause: CauseCode) -> Asked:
    return Asked(None, template_id, channel, None, AskedOutcome.NOT_ALLOWED, reason=cause)
