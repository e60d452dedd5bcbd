"""E-mails to a church's admins about stops that GoHighLevel does not have: once when their last days come, once when they
are over, and once when all are there. Numbers and a link, nothing of a person.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.consent import pressing
from ghl.consent.pressing import Pressing, Word, next_word
from ghl.db.engine import Database
from ghl.db.models import Mail, Membership, StopWarning
from ghl.ids import new_id
from ghl.statuses import Role, StopWarned

KIND = "stops"
WANTED_FOR = timedelta(days=3)
"""A mail server that is away so long is no news any more; Home says the same."""

PAGE = "/news"
MOST_ADMINS = 50


def warn(database: Database, *, clock: Clock) -> int:
    """Files what is to be told now; returns how many e-mails. Several may run at once: each word is told by one."""
    now = clock.now()
    with database.system() as session:
        presses = pressing.of_all(session, now=now)
    with database.identity() as session:
        told = {
            church_id: StopWarned(word)
            for church_id, word in session.execute(select(StopWarning.church_id, StopWarning.told))
        }
    filed = 0
    for church_id in {*presses, *told}:
        if next_word(presses.get(church_id), told.get(church_id)) is not None:
            with database.identity() as session:
                filed += _tell(session, church_id, presses.get(church_id), clock)
    return filed


def _tell(session: Session, church_id: UUID, now: Pressing | None, clock: Clock) -> int:
    admins = session.scalars(
        select(Membership.user_id)
        .where(Membership.church_id == church_id, Membership.role == Role.ADMIN)
        .order_by(Membership.user_id)
        .limit(MOST_ADMINS)
    ).all()
    word = _turn(session, church_id, now) if admins else None
    if word is None:
        # Nobody is there to be told: whoever becomes an admin is.
        return 0
    # What a mail server did not take yet is not true any more.
    session.execute(delete(Mail).where(Mail.kind == KIND, Mail.church_id == church_id))
    at = clock.now()
    facts = {"word": word} | ({"stops": now.stops, "due_on": now.due_on.isoformat()} if now else {})
    for user_id in admins:
        session.execute(
            insert(Mail).values(
                id=new_id(),
                kind=KIND,
                user_id=user_id,
                church_id=church_id,
                actor="hub",
                asked_at=at,
                due_at=at,
                wanted_until=at + WANTED_FOR,
                facts=facts,
            )
        )
    return len(admins)


def _turn(session: Session, church_id: UUID, now: Pressing | None) -> Word | None:
    """The word that is to be told, noted as told. Whoever comes second finds it noted."""
    known = session.scalars(
        select(StopWarning.told).where(StopWarning.church_id == church_id).with_for_update()
    ).one_or_none()
    word = next_word(now, StopWarned(known) if known else None)
    if word is None:
        return None
    if word is Word.OVER:
        session.execute(delete(StopWarning).where(StopWarning.church_id == church_id))
        return word
    noted = session.execute(
        upsert(StopWarning)
        .values(church_id=church_id, told=word.value)
        .on_conflict_do_update(
            index_elements=["church_id"],
            set_={"told": word.value},
            where=StopWarning.told != word.value,
        )
    )
    return word if noted.rowcount else None  # type: ignore[attr-defined]


def letter(facts: Mapping[str, Any], *, church: str, public_url: str, site: str) -> tuple[str, str]:
    """Subject and text of what the facts say."""
    name = " ".join(church.split())
    if facts["word"] == Word.OVER:
        subject = "All stops are in GoHighLevel"
        said = f"GoHighLevel now has all stops of {name} of which we wrote to you. There is nothing to do."
    else:
        stops, day = int(facts["stops"]), date.fromisoformat(facts["due_on"])
        are = "1 stop is" if stops == 1 else f"{stops:,} stops are"
        subject = f"{are} not yet confirmed in GoHighLevel"
        when = f"{day:%A, %B} {day.day}"
        due = f"was due on {when}" if facts["word"] == Word.OVERDUE else f"is due on {when}"
        said = (
            f"{are} not yet confirmed in GoHighLevel at {name}. {'It' if stops == 1 else 'The first'} {due}.\n\n"
            "Here they are obeyed: the hub sends nothing to these people. This is about everything else that sends from\n"
            "your GoHighLevel account. The hub goes on telling GoHighLevel by itself. See on this page why it did not\n"
            "work, or turn on Do Not Disturb for them in GoHighLevel:"
        )
    return (
        subject,
        f"""Hello,

{said}

{public_url.rstrip("/")}{PAGE}

You get this as an admin of {name}.

Church Connect Hub at {site}
""",
    )
