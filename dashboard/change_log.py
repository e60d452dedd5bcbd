"""The page *Change log*: what it was asked for, who may see which log, and the words of its lines. It draws nothing."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dashboard.formatting import clock_time, number, one_line, when
from dashboard.periods import midnight
from ghl.chain.hashing import chain_of
from ghl.chain.watch import Checked, checked
from ghl.changes.log import Change, Page, Place, Wanted, actors, card_subject, read
from ghl.changes.words import choices, from_where, sentence
from ghl.db.engine import Database
from ghl.people.names import name_of, user_names

ANYBODY, ANYTHING = "", ""


@dataclass
class Asked:
    """A filter as its fields say it. Days are the church's own, both included."""

    what: str = ANYTHING
    who: str = ANYBODY
    card: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def empty(self) -> bool:
        """Whether it leaves everything."""
        return self == Asked()


@dataclass
class Desk:
    """What one tab remembers of the page: where in the log it is, page by page."""

    asked: Asked = field(default_factory=Asked)
    trail: list[Place | None] = field(default_factory=lambda: [None])

    def show(self, asked: Asked) -> None:
        """Another filter, from the newest entry."""
        self.asked, self.trail = asked, [None]

    def older(self, page: Page) -> None:
        """On to the next page."""
        if page.entries:
            self.trail.append(page.entries[-1].place)

    def newer(self) -> None:
        """Back to the page before."""
        if len(self.trail) > 1:
            self.trail.pop()


@dataclass(frozen=True)
class Shot:
    """What the page shows at this moment. `missing` is a card number that the church has no card of."""

    page: Page
    people: Mapping[str, str]
    check: Checked
    names: Mapping[str, str]
    missing: int | None = None


@dataclass(frozen=True)
class Log:
    """One log: a church's, or (None) the installation's."""

    database: Database
    church_id: UUID | None
    zone: ZoneInfo

    def opened(self) -> AbstractContextManager[Session]:
        """A transaction that sees this log and no other church's."""
        return self.database.system() if self.church_id is None else self.database.church(self.church_id)

    def look(self, desk: Desk, team: Mapping[str, str]) -> Shot:
        """What the page shows. `team` are the names that are known already."""
        with self.opened() as session:
            wanted = self.wanted(session, desk.asked)
            page = (
                Page([], more=False)
                if wanted is None
                else read(session, self.church_id, wanted, after=desk.trail[-1])
            )
            check = checked(session, chain_of(self.church_id))
            who = actors(session, self.church_id)
        names = dict(team) if self.church_id else self._named(who, page)
        people = {actor: one_line(name_of(actor, names)) for actor in who}
        return Shot(page, people, check, names, desk.asked.card if wanted is None else None)

    def wanted(self, session: Session, asked: Asked) -> Wanted | None:
        """The filter with moments and ids; None where it asks for a card that is not there."""
        subject = ""
        if asked.card is not None and self.church_id is not None:
            found = card_subject(session, self.church_id, asked.card)
            if found is None:
                return None
            subject = found
        return Wanted(
            actions=choices().get(asked.what, ()),
            actor=asked.who,
            subject=subject,
            since=midnight(asked.since, self.zone),
            before=midnight(asked.until + timedelta(days=1) if asked.until else None, self.zone),
        )

    def _named(self, who: Sequence[str], page: Page) -> Mapping[str, str]:
        """The installation's log is about people of all churches; whom it is about is named as well."""
        return user_names(self.database, {*who, *(one.subject or "" for one in page.entries)})


def it(change: Change, names: Mapping[str, str]) -> str:
    """What an entry is about: `card 1042`, a person of the team, or nothing that has a name."""
    if change.number is not None:
        return f"card {change.number}"
    subject = change.subject or ""
    if subject.startswith("user:"):
        return one_line(name_of(subject, names))
    about_a_card = change.action.startswith(("card.", "cards.added", "prayer."))
    return "a card that was erased" if about_a_card and subject else ""


def line(change: Change, names: Mapping[str, str]) -> str:
    """One entry as a sentence: `Ruth sent card 1042 again`. Names in it are people's: show it with `st.text`."""
    who = one_line(name_of(change.actor, names))
    return f"{who} {sentence(change.action, it=it(change, names), facts=change.facts)}"


def moment(change: Change, *, now: datetime, zone: ZoneInfo) -> str:
    """When and from where: `9:14:05 am, from 192.0.2.1`."""
    at = when(change.at, now=now, zone=zone)
    return ", ".join(part for part in (at, from_where(change.origin)) if part)


def verified(check: Checked, *, now: datetime, zone: ZoneInfo) -> str:
    """The line that says up to where the log is unbroken."""
    if check.checked_at is None or not check.position:
        return "Not checked yet. Each new entry is checked within some minutes."
    at = when(check.checked_at, now=now, zone=zone)
    day = "at " if at == clock_time(check.checked_at, zone) else ""
    waiting = check.sealed - check.position
    behind = f" {number(waiting)} newer ones are next." if waiting > 0 else ""
    return f"Checked up to entry {number(check.position)} {day}{at}: unbroken.{behind}"


def broken(check: Checked, *, now: datetime, zone: ZoneInfo) -> str:
    """What to say where the log was changed from outside; empty where it was not."""
    if check.problem is None or check.problem_since is None:
        return ""
    at = when(check.problem_since, now=now, zone=zone)
    return (
        f"This log was changed from outside the hub, found {at}: {check.problem}"
        " Cards are not touched by that. Whoever runs the hub finds more with: hub audit verify"
    )
