"""How a church sends: when texts may leave, how long one may be taken back, from where they come. Church transactions."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.email import EmailError, normal_email
from ghl.cards.phone import PhoneError, e164
from ghl.cards.values import clean
from ghl.db.models import Church, MessagingSettings

EARLIEST, LATEST = time(8), time(21)
"""No text before 8 am or after 9 pm at the person's place (47 CFR 64.1200(c)(1))."""

LEAST_UNDO, MOST_UNDO = 10, 3600
MAX_SENDER = 200


class RulesError(ValueError):
    """The rules can't be so. `problems` has each reason by field, in words; no value stands in the text."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {said}" for name, said in problems.items()))
        self.problems = problems


@dataclass(frozen=True)
class MessagingRules:
    """The rules as they are; times are the church's own. `sunday_from` is a later start on Sundays."""

    texts_from: time = time(8)
    texts_until: time = time(20)
    sunday_from: time | None = None
    undo_seconds: int = 60
    email_sends_again: bool = False
    from_number: str | None = None
    email_from: str | None = None
    ramp_level: int = 1
    ramp_since: datetime | None = None


CHANGEABLE = (
    "texts_from",
    "texts_until",
    "sunday_from",
    "undo_seconds",
    "email_sends_again",
    "from_number",
    "email_from",
)
"""What an admin decides; the ramp climbs by itself."""


def rules_of(session: Session, church_id: UUID) -> MessagingRules:
    """The church's rules; one that changed nothing has the defaults."""
    names = [field.name for field in fields(MessagingRules)]
    row = session.execute(
        select(*(getattr(MessagingSettings, name) for name in names)).where(
            MessagingSettings.church_id == church_id
        )
    ).one_or_none()
    return MessagingRules(**dict(zip(names, row, strict=True))) if row else MessagingRules()


def change_rules(
    session: Session, church_id: UUID, change: Mapping[str, Any], *, actor: str, now: datetime
) -> tuple[str, ...]:
    """Changes what `change` names (of `CHANGEABLE`) and returns the names that are different now, audited.

    Raises `RulesError`; then nothing is changed.
    """
    if strange := set(change) - set(CHANGEABLE):
        raise ValueError(f"No admin decides about {sorted(strange)}.")
    # The row is there from now on and locked: of two admins one waits.
    session.execute(
        insert(MessagingSettings)
        .values(church_id=church_id, changed_by=actor, changed_at=now)
        .on_conflict_do_nothing()
    )
    session.execute(
        select(MessagingSettings.church_id).where(MessagingSettings.church_id == church_id).with_for_update()
    )
    old = rules_of(session, church_id)
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    problems: dict[str, str] = {}
    new = replace(old, **{name: _read(name, value, region, problems) for name, value in change.items()})
    _judge(new, problems)
    if problems:
        raise RulesError(problems)
    different = tuple(name for name in CHANGEABLE if getattr(new, name) != getattr(old, name))
    if different:
        session.execute(
            update(MessagingSettings)
            .where(MessagingSettings.church_id == church_id)
            .values({name: getattr(new, name) for name in different})
            .values(changed_by=actor, changed_at=now)
        )
        audit.record(
            session,
            church_id=church_id,
            actor=actor,
            action="messaging.changed",
            facts={"fields": list(different)},
        )
    return different


def _read(name: str, value: Any, region: str, problems: dict[str, str]) -> Any:
    if name == "from_number":
        try:
            return e164(value, region) if value and value.strip() else None
        except PhoneError:
            problems[name] = "That is no phone number. Write it with its area code, or leave it empty."
    elif name == "email_from":
        return _sender(value or "", problems)
    return value


def _sender(value: str, problems: dict[str, str]) -> str | None:
    """`Name <address>` or the address alone."""
    text = clean(value)
    if not text:
        return None
    name, bracket, rest = text.partition("<")
    try:
        address = normal_email(rest.rstrip("> ") if bracket else text)
    except EmailError:
        problems["email_from"] = (
            "That is no e-mail address. Write hello@church.org or Grace <hello@church.org>."
        )
        return None
    sender = f"{name.strip()} <{address}>" if bracket and name.strip() else str(address)
    if len(sender) > MAX_SENDER or '"' in sender:
        problems["email_from"] = "That sender is too long or has a quotation mark in it."
    return sender


def _judge(new: MessagingRules, problems: dict[str, str]) -> None:
    if new.texts_from < EARLIEST:
        problems["texts_from"] = "No text leaves before 8 am."
    if new.texts_until > LATEST:
        problems["texts_until"] = "No text leaves after 9 pm."
    if new.texts_from >= new.texts_until:
        problems["texts_until"] = "The end has to be later than the start."
    if new.sunday_from is not None and not new.texts_from <= new.sunday_from < new.texts_until:
        problems["sunday_from"] = "The start on Sunday lies between the start and the end of the other days."
    if not LEAST_UNDO <= new.undo_seconds <= MOST_UNDO:
        problems["undo_seconds"] = "Between 10 seconds and one hour."
