"""What the buttons of a card's page do: one transaction each, and a result in words. It draws nothing.

Each is safe to do twice: what was done already is told as such.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import services
from dashboard.consent.words import NUMBER_TO_CHECK, too_late_for
from dashboard.gate import Viewer
from dashboard.reading import Answer, Trouble, guarded
from ghl.cards import drafts
from ghl.cards.actions import Action, ActionError, Chosen, act, dry_run
from ghl.cards.correct import CardChangedError, Corrected, CorrectionError, PrayerChangedError, correct
from ghl.cards.decide import decide, look_anew, not_sure
from ghl.cards.fields import CardFieldsError, parse_card
from ghl.cards.notes import NoteError, add_note
from ghl.cards.prayers import PrayerRefusedError, read_prayer
from ghl.db.models import Card
from ghl.statuses import CardStatus
from jobs.container import Container

NO_PRAYERS = "You may no longer read prayer requests, so nothing was saved. Close this and begin anew."
NOTHING_TO_DO = "Nothing was done: the card has moved on meanwhile."

DONE: Mapping[Action, str] = {
    Action.SEND_NOW: "It is in line and goes to GoHighLevel now.",
    Action.HOLD: "Kept back. It is not sent until somebody sends it.",
    Action.SET_ASIDE: "Set aside. It is kept, and not sent.",
    Action.PUT_BACK: "Put back.",
}

STILL_TO_MEND = "It can't go yet: something on the card has to be mended first."

SAVED: Mapping[CardStatus, str] = {
    CardStatus.TO_REVIEW: "Saved. The card still waits for its review.",
    CardStatus.WAITING: "Saved. It goes to GoHighLevel in a few seconds.",
    CardStatus.SENDING: "Saved. It is being sent at this moment; the correction goes right after.",
    CardStatus.NEEDS_ATTENTION: "Saved. Something on it still has to be mended before it can go.",
    CardStatus.HELD: "Saved. The card stays here until somebody sends it.",
    CardStatus.DISMISSED: "Saved. The card stays set aside.",
}


@dataclass(frozen=True)
class Told:
    """What came of a click, in our own words."""

    good: bool
    text: str


@dataclass(frozen=True)
class Refused:
    """A correction that was not saved: problems by field, or `newer`, the revision that others saved meanwhile."""

    problems: Mapping[str, str] = field(default_factory=dict)
    newer: int | None = None


@dataclass(frozen=True)
class Desk:
    """Who works on which card, and with what."""

    hub: Container
    viewer: Viewer
    card_id: UUID

    @property
    def church_id(self) -> UUID:
        """The church of the person at work."""
        return self.viewer.church.church_id

    @property
    def draft_place(self) -> str:
        """Where a half-typed correction of this card is kept."""
        return drafts.correction_of(self.card_id)

    @property
    def note_place(self) -> str:
        """Where a half-typed note about this card is kept."""
        return f"note:{self.card_id}"

    def do(self, action: Action, reason: str = "") -> Told:
        """Send now, keep back, set aside or put back."""
        now = self.hub.clock.now()

        def acted(session: Session) -> Told:
            actor = self.viewer.person.actor
            if act(session, self.church_id, action, self.card_id, reason=reason, actor=actor, now=now):
                stands = session.scalars(
                    select(Card.status).where(Card.church_id == self.church_id, Card.id == self.card_id)
                ).one()
                if action is Action.SEND_NOW and stands == CardStatus.NEEDS_ATTENTION:
                    return Told(good=False, text=STILL_TO_MEND)
                return Told(good=True, text=DONE[action])
            left = dry_run(session, self.church_id, action, Chosen(ids=(self.card_id,))).left
            return Told(good=False, text=f"Nothing was done: {next(iter(left), 'there is no such card')}.")

        try:
            came = self._write(acted)
        except ActionError as error:
            return Told(good=False, text=str(error))
        if isinstance(came, Trouble):
            return _trouble(came)
        if came.good:
            services.wake(self.church_id)
        return came

    def decide(self, contact_ids: Sequence[str], verdict: Literal["same", "different"], then: str) -> Told:
        """The same person as this contact, or someone else than all of these; `then` is what follows from that."""
        now = self.hub.clock.now()

        def decided(session: Session) -> bool:
            news = [self._decide(session, contact_id, verdict, now) for contact_id in contact_ids]
            return any(news)

        done = self._write(decided)
        if isinstance(done, Trouble):
            return _trouble(done)
        if not done:
            return Told(good=False, text=NOTHING_TO_DO)
        services.wake(self.church_id)
        same = "Noted: the same person. The card goes into that contact."
        return Told(good=True, text=same if verdict == "same" else f"Noted: someone else. {then}")

    def look_anew(self, contact_id: str) -> Told:
        """Lets the card go again, because the contact it asks about is gone."""
        now = self.hub.clock.now()
        done = self._write(
            lambda session: look_anew(
                session,
                self.church_id,
                self.card_id,
                contact_id=contact_id,
                actor=self.viewer.person.actor,
                now=now,
            )
        )
        if isinstance(done, Trouble):
            return _trouble(done)
        if not done:
            return Told(good=False, text=NOTHING_TO_DO)
        services.wake(self.church_id)
        return Told(good=True, text="It is in line. We look anew who has this phone and e-mail.")

    def not_sure(self) -> Told:
        """Leaves the card where it is, and notes that somebody looked."""
        done = self._write(
            lambda session: not_sure(session, self.church_id, self.card_id, actor=self.viewer.person.actor)
        )
        if isinstance(done, Trouble):
            return _trouble(done)
        if not done:
            return Told(good=False, text=NOTHING_TO_DO)
        return Told(good=True, text="Nothing was sent. The card stays here until somebody decides.")

    def note(self, text: str) -> Told:
        """Keeps a note of staff; its draft goes in the same transaction."""

        def keep(session: Session) -> None:
            actor, now = self.viewer.person.actor, self.hub.clock.now()
            add_note(session, self.church_id, self.card_id, text, actor=actor, now=now)
            drafts.remove(session, self.church_id, self.viewer.person.user_id, self.note_place)

        try:
            done = self._write(keep)
        except NoteError as error:
            return Told(good=False, text=str(error))
        return _trouble(done) if isinstance(done, Trouble) else Told(good=True, text="The note is kept.")

    def note_draft(self) -> drafts.Draft | None:
        """What this person typed as a note and did not keep; None also without an answer."""
        found = self._write(
            lambda session: drafts.load(session, self.church_id, self.viewer.person.user_id, self.note_place)
        )
        return None if isinstance(found, Trouble) else found

    def keep_note_draft(self, text: str) -> None:
        """Keeps what stands in the field for a note; where that fails, the next change tries again."""
        church_id, user_id, place = self.church_id, self.viewer.person.user_id, self.note_place

        def keep(session: Session) -> None:
            if text.strip():
                drafts.keep(session, church_id, user_id, place, {"text": text}, now=self.hub.clock.now())
            else:
                drafts.remove(session, church_id, user_id, place)

        self._write(keep)

    def prayer(self) -> str | Told:
        """The prayer request; the reading is noted."""
        try:
            found = self._write(lambda session: read_prayer(session, self.viewer.person, self.card_id))
        except PrayerRefusedError as error:
            return Told(good=False, text=str(error))
        if isinstance(found, Trouble):
            return _trouble(found)
        return found or Told(good=False, text="There is no prayer request any more.")

    def draft(self) -> drafts.Draft | None:
        """What this person typed into a correction of the card and did not save; None also without an answer."""
        found = self._write(
            lambda session: drafts.load(session, self.church_id, self.viewer.person.user_id, self.draft_place)
        )
        return None if isinstance(found, Trouble) else found

    def keep_draft(self, values: Mapping[str, object], *, revision: int) -> None:
        """Keeps what is typed so far; where that fails, the next change tries again."""
        self._write(
            lambda session: drafts.keep(
                session,
                self.church_id,
                self.viewer.person.user_id,
                self.draft_place,
                values,
                now=self.hub.clock.now(),
                revision=revision,
            )
        )

    def drop_draft(self) -> None:
        """Forgets what was typed and not saved."""
        self._write(self._remove_draft)

    def correct(
        self,
        values: Mapping[str, object],
        *,
        base_revision: int,
        zone: ZoneInfo,
        prayer: bool = False,
        prayer_was: str | None = None,
        on_the_card: bool = False,
    ) -> Told | Refused:
        """Saves what stands in the form as a new revision; the prayer request too, where `prayer` says so.

        `on_the_card`: somebody says of a new number that it is the one on the card.
        """
        if prayer and not self.viewer.church.reads_prayers:
            return Refused({"card": NO_PRAYERS})
        now = self.hub.clock.now()
        try:
            parsed = parse_card(values, today=now.astimezone(zone).date())
        except CardFieldsError as error:
            return Refused({problem.field: problem.message for problem in error.problems})

        def save(session: Session) -> Corrected:
            corrected = correct(
                session,
                self.church_id,
                self.card_id,
                parsed,
                base_revision=base_revision,
                actor=self.viewer.person.actor,
                now=now,
                keep_prayer=not prayer,
                prayer_was=prayer_was,
                on_the_card=on_the_card,
            )
            self._remove_draft(session)
            return corrected

        try:
            saved = self._write(save)
        except CardChangedError as error:
            return Refused(newer=error.revision)
        except PrayerChangedError as error:
            return Refused({"prayer_request": str(error)})
        except CorrectionError as error:
            return Refused({"card": str(error)})
        if isinstance(saved, Trouble):
            return Refused({"card": _trouble(saved).text})
        services.wake(self.church_id)
        return Told(good=True, text=_saved(saved, zone))

    def _decide(
        self, session: Session, contact_id: str, verdict: Literal["same", "different"], now: datetime
    ) -> bool:
        return decide(
            session,
            self.church_id,
            self.card_id,
            contact_id=contact_id,
            verdict=verdict,
            actor=self.viewer.person.actor,
            now=now,
        )

    def _remove_draft(self, session: Session) -> None:
        drafts.remove(session, self.church_id, self.viewer.person.user_id, self.draft_place)

    def _write(self, write: Callable[[Session], Answer]) -> Answer | Trouble:
        def transaction() -> Answer:
            with self.hub.database.church(self.church_id) as session:
                return write(session)

        return guarded(transaction)


def _saved(saved: Corrected, zone: ZoneInfo) -> str:
    if saved.prayer_changed and not saved.changes:
        return "Saved. A prayer request stays here, so nothing is sent."
    if not saved.changes:
        return "Nothing was changed, so nothing is sent."
    besides = (too_late_for(saved.on_its_way, zone=zone), NUMBER_TO_CHECK if saved.number_asked else "")
    return " ".join(part for part in (SAVED.get(saved.status, "Saved."), *besides) if part)


def _trouble(trouble: Trouble) -> Told:
    return Told(
        good=False,
        text=f"That did not work; nothing was changed. Try again. If it stays, tell support the number {trouble.number}.",
    )
