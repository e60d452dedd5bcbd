"""What the buttons of texts and e-mails do. Each click asks anew who it is, commits first, and counts once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from dashboard import gate, services
from dashboard.clicks import Clicked
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.texts.deeds import Button, Deed
from ghl.attention.messages import number_is_right
from ghl.messages import afterwards


class _Act(Protocol):
    def __call__(
        self, session: Session, church_id: UUID, message_id: UUID, /, *, actor: str, now: datetime
    ) -> bool: ...


ACTS: Mapping[Deed, _Act] = {
    Deed.UNDO: afterwards.undo,
    Deed.ARRIVED: afterwards.it_arrived,
    Deed.AGAIN: afterwards.send_again,
    Deed.NUMBER: number_is_right,
    Deed.LEAVE: afterwards.leave_unsent,
}


@dataclass(frozen=True)
class MessageHands:
    """The callbacks of one run of a page, for the person it was drawn for. `complain` tells what did not work."""

    viewer: gate.Viewer
    clicks: Clicked
    complain: Callable[[str], None]

    def press(self, message_id: UUID, button: Button) -> None:
        """The button of a row: does it to that message, once."""
        person, hub = gate.acting(self.viewer, *WRITERS), services.container()
        now = hub.clock.now()
        if isinstance(person, gate.Refused):
            self.complain(person.why)
            return
        if not self.clicks.click(message_id, button.done, now=now):
            return
        church_id, act = person.church.church_id, ACTS[button.deed]

        def transaction() -> bool:
            with hub.database.church(church_id) as session:
                return act(session, church_id, message_id, actor=person.person.actor, now=now)

        done = guarded(transaction)
        if isinstance(done, Trouble):
            self.clicks.said.pop(message_id, None)
            self.complain(f"That didn't work; nothing was changed. Tell support the number {done.number}.")
        elif done:
            self.complain("")
            services.wake(church_id)
        else:
            self.clicks.say(message_id, button.late)
