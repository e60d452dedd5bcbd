"""What the buttons of a card's texts and e-mails do: one transaction each, and a result in words. It draws nothing.

Each is safe to do twice: what was done already is told as such.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dashboard import services
from dashboard.card.work import Told
from dashboard.gate import Viewer
from dashboard.message_words import asked_in_words
from dashboard.reading import Answer, Trouble, guarded
from ghl.cards.correct import CardMissingError, confirm_number
from ghl.messages import afterwards, ask
from ghl.messages.asked import AskedOutcome
from jobs.container import Container

TOO_LATE = "Too late: it has left already, or is leaving now. What came of it stands beside it."
MOVED_ON = "Nothing was done: it has moved on meanwhile."
SAY_WHY = "Say in a few words why it is sent once more: somebody will ask one day."
LONGEST_REASON = 500
LOOKED_ALREADY = "Nothing was done: somebody said so already, or no more texts are to go there."
NO_CARD = "Nothing was done: this card is no longer there."


@dataclass(frozen=True)
class MessageDesk:
    """Who works on the messages of which card. `name` is of the person they go to."""

    hub: Container
    viewer: Viewer
    card_id: UUID
    name: str

    @property
    def zone(self) -> ZoneInfo:
        """The church's place."""
        return ZoneInfo(self.viewer.church.timezone)

    def send_onboarding(self) -> Told:
        """Asks for what every new volunteer gets. A second press is told that it is sent, and when."""
        now = self.hub.clock.now()
        asked = self._write(
            lambda session, church_id, actor: ask.send_onboarding(
                session, church_id, [self.card_id], actor=actor, now=now
            )
        )
        if isinstance(asked, Trouble):
            return _trouble(asked)
        good, lines = asked_in_words(asked, name=self.name, now=now, zone=self.zone)
        return self._woken(Told(good=good, text=" ".join(lines) or MOVED_ON))

    def send_late(self, template_id: UUID) -> Told:
        """Asks for one message that is too old for its time, because it is wanted all the same."""
        now = self.hub.clock.now()
        asked = self._write(
            lambda session, church_id, actor: ask.send_template(
                session, church_id, template_id, [self.card_id], actor=actor, now=now, late=True
            )
        )
        if isinstance(asked, Trouble):
            return _trouble(asked)
        good, lines = asked_in_words(asked, name=self.name, now=now, zone=self.zone)
        return self._woken(Told(good=good, text=" ".join(lines) or MOVED_ON))

    def undo(self, message_id: UUID) -> Told:
        """Takes a message back that waits."""
        return self._one(afterwards.undo, message_id, "Taken back. It was not sent.", TOO_LATE)

    def send_again(self, message_id: UUID) -> Told:
        """Sends one again that did not go out, or was not taken."""
        return self._one(afterwards.send_again, message_id, "It goes once more, by itself.", MOVED_ON)

    def it_arrived(self, message_id: UUID) -> Told:
        """Notes that an unsure one went out."""
        return self._one(
            afterwards.it_arrived, message_id, "Noted: it went out. It is not sent again.", MOVED_ON
        )

    def send_once_more(self, message_id: UUID, reason: str) -> Told:
        """Sends one deliberately once more, for a reason."""
        why = " ".join(reason.split())[:LONGEST_REASON]
        if not why:
            return Told(good=False, text=SAY_WHY)
        now = self.hub.clock.now()
        asked = self._write(
            lambda session, church_id, actor: afterwards.send_once_more(
                session, church_id, message_id, actor=actor, reason=why, now=now
            )
        )
        if isinstance(asked, Trouble):
            return _trouble(asked)
        good, lines = asked_in_words([asked], name=self.name, now=now, zone=self.zone)
        return self._woken(
            Told(good=good or asked.outcome is AskedOutcome.ALREADY_WAITING, text=" ".join(lines))
        )

    def confirm_number(self) -> Told:
        """Somebody looked: the corrected number is the one on the card. What waited for that goes on."""
        now = self.hub.clock.now()
        try:
            let_go = self._write(
                lambda session, church_id, actor: confirm_number(
                    session, church_id, self.card_id, actor=actor, now=now
                )
            )
        except CardMissingError:
            return Told(good=False, text=NO_CARD)
        if isinstance(let_go, Trouble):
            return _trouble(let_go)
        if let_go is None:
            return Told(good=False, text=LOOKED_ALREADY)
        rest = f" {let_go} that waited for this can leave now." if let_go else ""
        return self._woken(Told(good=True, text=f"Noted: it is the number on the card.{rest}"))

    def _one(self, act: Callable[..., bool], message_id: UUID, done: str, otherwise: str) -> Told:
        now = self.hub.clock.now()
        came = self._write(
            lambda session, church_id, actor: act(session, church_id, message_id, actor=actor, now=now)
        )
        if isinstance(came, Trouble):
            return _trouble(came)
        return self._woken(Told(good=True, text=done)) if came else Told(good=False, text=otherwise)

    def _woken(self, told: Told) -> Told:
        if told.good:
            services.wake(self.viewer.church.church_id)
        return told

    def _write(self, write: Callable[[Session, UUID, str], Answer]) -> Answer | Trouble:
        church_id, actor = self.viewer.church.church_id, self.viewer.person.actor

        def transaction() -> Answer:
            with self.hub.database.church(church_id) as session:
                return write(session, church_id, actor)

        return guarded(transaction)


def _trouble(trouble: Trouble) -> Told:
    return Told(
        good=False,
        text=f"That did not work; nothing was changed. Try again. If it stays, tell support the number {trouble.number}.",
    )
