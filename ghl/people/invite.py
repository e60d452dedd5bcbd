"""Inviting somebody who may sign in already: a link by e-mail, or one for the admin to hand over."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import Membership, User
from ghl.mail import SmtpServer
from ghl.people.errors import PersonNotFoundError
from ghl.people.links import new_link, sign_in_url
from ghl.people.mails import file_invitation


@dataclass(frozen=True)
class Invitation:
    """How the person gets their link: `mailed`, or `url`, which is shown once to whoever invites, to hand over."""

    url: str | None = field(repr=False)
    mailed: bool


def invite(
    database: Database,
    *,
    user_id: UUID,
    church_id: UUID | None,
    public_url: str,
    smtp: SmtpServer | None,
    clock: Clock,
    actor: str,
) -> Invitation:
    """Gets a sign-in link to this person, who was added before. Raises `PersonNotFoundError`.

    With `smtp` (the container's `smtp`; None where no mail server is set) a worker mails them within seconds, and no
    link exists before: `Invitation(url=None, mailed=True)`. Otherwise the link itself comes back, to be copied:
    `Invitation(url="https://…", mailed=False)`. Either link works once, within 15 minutes of being made. `church_id` is
    the church they are invited to, named in the mail and in the change log; None for who runs the installation.
    `actor` is who invites. One short transaction; no mail server is spoken to here, so a callback may call it.

    A link that comes back opens that church alone: whoever holds a link is its person, and who invites may hold this
    one. It is good for nothing that another church, or the installation, gave that person.
    """
    with database.identity() as session:
        if not _may_come(session, user_id, church_id):
            raise PersonNotFoundError("This person may not sign in any more. Add them again.")
        if smtp is not None and public_url:
            file_invitation(session, user_id, church_id=church_id, actor=actor, clock=clock)
            return Invitation(url=None, mailed=True)
        token = new_link(
            session, user_id, clock=clock, actor=actor, church_id=church_id, alone=church_id is not None
        )
        return Invitation(url=sign_in_url(public_url, token), mailed=False)


def _may_come(session: Session, user_id: UUID, church_id: UUID | None) -> bool:
    """Whether this person is there, and in the church's team where one is named."""
    found = select(User.id).where(User.id == user_id)
    if church_id is not None:
        found = select(Membership.user_id).where(
            Membership.user_id == user_id, Membership.church_id == church_id
        )
    return session.execute(found).first() is not None
