"""E-mails, most of them with sign-in links: asked for by a row, sent by a worker, gone once they are sent.

The row holds no link: it is made when the mail is sent, so that none lies anywhere in the clear. Asking writes one
row for every address, known or not, and so takes the same time for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.email import EmailError, normal_email
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import Church, Mail, Membership, SignInLink, User
from ghl.ids import new_id
from ghl.mail import MailError
from ghl.people import stop_mails
from ghl.people.landing import own_path
from ghl.people.links import new_link, sign_in_url
from ghl.people.policy import LINK_LIFE
from ghl.people.trail import note
from ghl.statuses import Role

WANTED_FOR = timedelta(minutes=15)
"""A link that comes later than this after it was asked for surprises more than it helps."""
INVITATION_WANTED_FOR = timedelta(hours=24)

LEASE = timedelta(seconds=120)
"""How long one try may take before another worker takes the mail; longer than SMTP may take in all."""
AT_ONCE = 1
"""The next one is looked for at once; of several, the last would wait for a slow server longer than its lease."""
MOST_WAITING = 2_000
"""More than that was never asked for by people; what comes on top is dropped, and answered as always."""
MOST_TO_ONE = 5
"""Links that one person is sent within `LINK_LIFE`, whoever asks for them: nobody's mailbox is filled from here."""

Send = Callable[..., None]
"""`ghl.mail.send` with its server: takes `to`, `subject` and `text`, raises `MailError`."""


@dataclass(frozen=True)
class _Taken:
    id: UUID
    kind: str
    address: str | None
    user_id: UUID | None
    church_id: UUID | None
    next_path: str
    actor: str
    tries: int
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Letter:
    user_id: UUID
    to: str
    subject: str
    text: str


def ask_for_link(database: Database, typed: str, *, next_path: str, clock: Clock) -> None:
    """Notes that somebody asked for a link at this address. It does not look whether anybody has it.

    What cannot be an address is not noted. While a mail to
    an address waits, asking for one more changes nothing.
    """
    try:
        address = normal_email(typed)
    except EmailError:
        return
    now = clock.now()
    with database.identity() as session:
        waiting = session.scalar(
            select(func.count()).select_from(select(Mail.id).limit(MOST_WAITING).subquery())
        )
        if (waiting or 0) >= MOST_WAITING:
            return
        session.execute(
            upsert(Mail)
            .values(
                id=new_id(),
                kind="link",
                address=address,
                next_path=own_path(next_path),
                actor="sign-in page",
                asked_at=now,
                due_at=now,
                wanted_until=now + WANTED_FOR,
            )
            .on_conflict_do_nothing()
        )


def file_invitation(
    session: Session, user_id: UUID, *, church_id: UUID | None, actor: str, clock: Clock
) -> None:
    """Notes that this person is to be told, by e-mail, that they may sign in."""
    now = clock.now()
    session.execute(
        insert(Mail).values(
            id=new_id(),
            kind="invitation",
            user_id=user_id,
            church_id=church_id,
            actor=actor,
            asked_at=now,
            due_at=now,
            wanted_until=now + INVITATION_WANTED_FOR,
        )
    )


def send_due(database: Database, send: Send, *, public_url: str, clock: Clock) -> int:
    """Sends what is due, at most `AT_ONCE`, and returns how many were looked at. Any number may run at once.

    A mail that the server did not take is tried again, later each time, as long as it is wanted. No transaction is
    open while the server is spoken to. A worker killed after the server took it sends it once more.
    """
    taken = _take(database, clock)
    for mail in taken:
        letter = _written(database, mail, public_url=public_url, clock=clock)
        if letter is not None:
            try:
                send(to=letter.to, subject=letter.subject, text=letter.text)
            except MailError as error:
                _not_sent(database, mail, letter.user_id, error, clock=clock)
                continue
        with database.identity() as session:
            session.execute(delete(Mail).where(Mail.id == mail.id))
            if letter is not None:
                facts = {"kind": mail.kind}
                note(
                    session,
                    _action(mail, sent=True),
                    letter.user_id,
                    actor=mail.actor,
                    church_id=mail.church_id,
                    facts=facts,
                )
    return len(taken)


def prune(session: Session, *, clock: Clock) -> None:
    """Removes what nobody waits for any more."""
    session.execute(delete(Mail).where(Mail.wanted_until < clock.now()))


def _take(database: Database, clock: Clock) -> Sequence[_Taken]:
    now = clock.now()
    with database.identity() as session:
        due = (
            select(Mail.id)
            .where(Mail.due_at <= now, Mail.wanted_until > now)
            .order_by(Mail.due_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        rows = session.execute(
            update(Mail)
            .where(Mail.id.in_(due.scalar_subquery()))
            .values(due_at=now + LEASE, tries=Mail.tries + 1)
            .returning(
                Mail.id,
                Mail.kind,
                Mail.address,
                Mail.user_id,
                Mail.church_id,
                Mail.next_path,
                Mail.actor,
                Mail.tries,
                Mail.facts,
            )
            .execution_options(synchronize_session=False)
        ).all()
    return [
        _Taken(
            row.id,
            row.kind,
            row.address,
            row.user_id,
            row.church_id,
            row.next_path,
            row.actor,
            row.tries,
            row.facts,
        )
        for row in rows
    ]


def _written(database: Database, mail: _Taken, *, public_url: str, clock: Clock) -> _Letter | None:
    """The letter with a new link in it, or None where nobody gets one: unknown here, or asked too often."""
    with database.identity() as session:
        who = User.email == mail.address if mail.kind == "link" else User.id == mail.user_id
        user = session.execute(select(User.id, User.email).where(who)).one_or_none()
        if user is None:
            return None
        if mail.kind == stop_mails.KIND:
            return _about_stops(session, mail, user.id, user.email, public_url)
        if mail.kind == "link" and mail.tries == 1 and _too_many(session, user.id, clock):
            audit.record(
                session,
                church_id=None,
                actor="sign-in page",
                action="user.link_withheld",
                subject=f"user:{user.id}",
            )
            return None
        church = (
            session.scalar(select(Church.name).where(Church.id == mail.church_id)) if mail.church_id else None
        )
        token = new_link(
            session,
            user.id,
            clock=clock,
            actor=mail.actor,
            next_path=mail.next_path,
            by_mail=mail.kind == "link",
        )
    url = sign_in_url(public_url, token)
    subject, text = (
        _invitation(url, public_url, church) if mail.kind == "invitation" else _link(url, public_url)
    )
    return _Letter(user.id, user.email, subject, text)


def _about_stops(
    session: Session, mail: _Taken, user_id: UUID, address: str, public_url: str
) -> _Letter | None:
    """A word about stops, without a link that signs in; None for somebody who is no admin of the church any more."""
    church = session.scalar(
        select(Church.name)
        .join(Membership, Membership.church_id == Church.id)
        .where(Church.id == mail.church_id, Membership.user_id == user_id, Membership.role == Role.ADMIN)
    )
    if church is None:
        return None
    subject, text = stop_mails.letter(
        mail.facts, church=church, public_url=public_url, site=_site(public_url)
    )
    return _Letter(user_id, address, subject, text)


def _action(mail: _Taken, *, sent: bool) -> str:
    if mail.kind == stop_mails.KIND:
        return "stops.mailed" if sent else "stops.not_mailed"
    return "user.link_mailed" if sent else "user.link_not_mailed"


def _too_many(session: Session, user_id: UUID, clock: Clock) -> bool:
    sent = select(SignInLink.token_hash).where(
        SignInLink.user_id == user_id,
        SignInLink.created_at > clock.now() - LINK_LIFE,
        SignInLink.by_mail,
    )
    return (
        session.scalar(select(func.count()).select_from(sent.limit(MOST_TO_ONE).subquery())) or 0
    ) >= MOST_TO_ONE


def _not_sent(database: Database, mail: _Taken, user_id: UUID, error: MailError, *, clock: Clock) -> None:
    with database.identity() as session:
        facts = {"kind": mail.kind, "code": error.code, "tries": mail.tries}
        if error.final:
            session.execute(delete(Mail).where(Mail.id == mail.id))
        else:
            wait = timedelta(seconds=min(15 * 2 ** (mail.tries - 1), 900))
            session.execute(update(Mail).where(Mail.id == mail.id).values(due_at=clock.now() + wait))
        if error.final or mail.tries == 1:
            note(
                session,
                _action(mail, sent=False),
                user_id,
                actor="hub",
                church_id=mail.church_id,
                facts=facts,
            )


def _link(url: str, public_url: str) -> tuple[str, str]:
    return (
        "Your sign-in link",
        f"""Hello,

open this page and press the button there to sign in:

{url}

The link works once, for {_minutes()} minutes. If you did not ask for it, do nothing: nobody gets in without it.

Church Connect Hub at {_site(public_url)}
""",
    )


def _invitation(url: str, public_url: str, church: str | None) -> tuple[str, str]:
    where = f"the connect cards of {' '.join(church.split())}" if church else "Church Connect Hub"
    return (
        "You are invited to Church Connect Hub",
        f"""Hello,

you may now work on {where}. Open this page and press the button there to sign in:

{url}

The link works once, for {_minutes()} minutes. Later, or any other day, open this page and ask for a new link with this
e-mail address:

{public_url.rstrip("/")}/sign-in

Church Connect Hub at {_site(public_url)}
""",
    )


def _minutes() -> int:
    return int(LINK_LIFE.total_seconds()) // 60


def _site(public_url: str) -> str:
    return urlsplit(public_url).netloc
