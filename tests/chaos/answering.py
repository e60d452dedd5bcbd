"""Messages as staff ask for them, and what people answer: by phone, by e-mail, to staff, on GoHighLevel's screen, on paper.

Staff's part is done by the functions of the pages, the people's by what the simulator lets a phone do.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.cards.correct import CardMissingError, confirm_number
from ghl.churches import find_church
from ghl.consent.by_hand import How, record_by_hand
from ghl.messages.afterwards import undo
from ghl.messages.ask import send_onboarding
from ghl.statuses import Channel
from tests.chaos.installation import Installation
from tests.chaos.ledger import Ledger, Pressed, Stop, Told, Undone
from tests.chaos.people import (
    SENTENCES,
    START,
    UNCLEAR,
    Answer,
    Blocked,
    ChurchPlan,
    Cleared,
    Confirm,
    Forged,
    Person,
    Says,
    Tells,
    Undo,
    Unsubscribes,
    Welcome,
)

Found = TypeVar("Found")

REFUSED = frozenset({401, 429, 503})
"""What a door may say to somebody who proves nothing: no, too often, or that it is away."""


class Answering:
    """Takes steps from many threads. `again` waits a little, and says whether there is time for one more try."""

    def __init__(
        self, installation: Installation, ledger: Ledger, http: httpx.Client, *, again: Callable[[], bool]
    ) -> None:
        self._installation = installation
        self._ledger = ledger
        self._http = http
        self._again = again

    def take(self, step: Answer) -> None:
        """Does what the step says, as often as it takes."""
        match step:
            case Welcome():
                self._welcome(step)
            case Undo():
                self._undo(step)
            case Confirm():
                self._confirm(step)
            case Says():
                self._say(step)
            case Tells():
                self._tell(step)
            case Unsubscribes():
                self._unsubscribe(step)
            case Blocked():
                self._block(step)
            case Cleared():
                self._clear(step)
            case Forged():
                self._forge(step)

    # Staff

    def _welcome(self, step: Welcome) -> None:
        told = self._ledger.cards.get(step.of)
        if told is None or not told.ids:
            return
        started = threading.Barrier(2 if step.twice else 1)

        def press() -> None:
            started.wait()
            self._press(told)

        with ThreadPoolExecutor(2) as staff:
            for future in [staff.submit(press) for _ in range(2 if step.twice else 1)]:
                future.result()

    def _press(self, told: Told) -> None:
        church = told.card.person.church
        asked = self._written(
            church,
            lambda session, church_id: send_onboarding(
                session, church_id, [UUID(told.ids[0])], actor="chaos", now=datetime.now(UTC)
            ),
        )
        if asked is None:
            return
        outcomes = tuple((str(one.message_id) if one.message_id else None, str(one.outcome)) for one in asked)
        self._ledger.pressed.append(Pressed(told.card.marker, outcomes, time.time()))

    def _undo(self, step: Undo) -> None:
        asked_for = {
            message
            for press in self._ledger.pressed
            if press.marker == step.of
            for message, outcome in press.outcomes
            if message and outcome == "queued"
        }
        church = self._ledger.cards[step.of].card.person.church
        for message in sorted(asked_for):

            def take_back(session: Session, church_id: UUID, message: str = message) -> bool:
                return undo(session, church_id, UUID(message), actor="chaos", now=datetime.now(UTC))

            if self._written(church, take_back):
                self._ledger.undone.append(Undone(message, time.time()))

    def _confirm(self, step: Confirm) -> None:
        told = self._ledger.cards[step.of]
        known = self._ledger.renumbered.get(step.of)
        if known is None:
            return
        began = time.time()

        def confirm(session: Session, church_id: UUID) -> int | None:
            try:
                return confirm_number(
                    session, church_id, UUID(told.ids[0]), actor="chaos", now=datetime.now(UTC)
                )
            except CardMissingError:
                return None

        self._ledger.confirm(step.of, began)
        self._written(told.card.person.church, confirm)

    def _tell(self, step: Tells) -> None:
        person = step.person
        channel = Channel.EMAIL if step.by_email else Channel.SMS
        address = person.emails[0] if step.by_email else person.phones[0]
        began = time.time()
        recorded = self._written(
            person.church,
            lambda session, church_id: record_by_hand(
                session,
                church_id,
                channel=channel,
                address=address,
                how=How.EMAIL if step.by_email else How.SPOKEN,
                note="",
                actor="chaos",
                now=datetime.now(UTC) - timedelta(days=step.days_ago),
            ),
        )
        if recorded is not None:
            left = recorded.stopped.on_its_way is not None
            self._ledger.stops.append(
                Stop(person, "staff", began, time.time(), on_its_way=left, channel=str(channel))
            )

    def _written(self, church: ChurchPlan, work: Callable[[Session, UUID], Found]) -> Found | None:
        """What the work gives, tried again while the database is away; None where it stays away.

        It may have been written although no answer came: then it is done twice, which is no harm.
        """
        hub, church_id = self._installation.hub, self._installation.ids[church.slug]
        while True:
            try:
                with hub.database.church(church_id) as session:
                    found = work(session, church_id)
            except SQLAlchemyError:
                if not self._again():
                    return None
                continue
            hub.background_waker.wake(church_id)
            return found

    # People

    def _say(self, step: Says) -> None:
        contact = self._known(step.person)
        if contact is None:
            return
        began = time.time()
        location, phone = step.person.church.location, step.person.phones[0]
        self._installation.simulator(
            "POST", "reply", {"location": location, "address": phone, "text": step.text}
        )
        if step.text == START:
            self._ledger.started.append((step.person, began))
        elif step.text not in UNCLEAR:
            how = "sentence" if step.text in SENTENCES else "keyword"
            self._ledger.stops.append(Stop(step.person, how, began, time.time(), contact_id=contact))

    def _unsubscribe(self, step: Unsubscribes) -> None:
        contact = self._known(step.person)
        if contact is None:
            return
        began = time.time()
        self._installation.simulator(
            "POST",
            "unsubscribe",
            {"location": step.person.church.location, "email": step.person.emails[0]},
        )
        self._ledger.stops.append(
            Stop(step.person, "link", began, time.time(), contact_id=contact, channel="email")
        )

    def _block(self, step: Blocked) -> None:
        contact = self._known(step.person)
        if contact is None:
            return
        began = time.time()
        self._installation.simulator(
            "POST", "dnd", {"contact": contact, "channel": "SMS", "status": "active"}
        )
        self._ledger.stops.append(Stop(step.person, "screen", began, time.time(), contact_id=contact))

    def _clear(self, step: Cleared) -> None:
        contact = self._known(step.person)
        if contact is not None:
            self._installation.simulator(
                "POST", "dnd", {"contact": contact, "channel": "SMS", "status": "inactive"}
            )

    # Somebody who is none of them

    def _forge(self, step: Forged) -> None:
        contact = self._known(step.person)
        if contact is None:
            return
        person, intake = step.person, self._installation.intake_url
        self._ledger.forged.append(person)
        try:
            public_id = find_church(self._installation.hub.database, person.church.slug).public_id
        except SQLAlchemyError:
            return
        hint = {
            "contact_id": contact,
            "phone": person.phones[0],
            "location": {"id": person.church.location},
            "message": {"type": 2, "body": START},
            "customData": {"message": START},
        }
        event = {
            "type": "InboundMessage",
            "locationId": person.church.location,
            "contactId": contact,
            "messageType": "SMS",
            "direction": "inbound",
            "body": START,
            "from": person.phones[0],
            "dateAdded": datetime.now(UTC).isoformat(),
        }
        workflow, secret = f"{intake}/webhooks/workflow/{public_id}", self._installation.workflow_secrets
        self._told(workflow, hint, {"X-Hub-Secret": secret[person.church.slug]}, taken=True)
        self._told(workflow, hint, {"X-Hub-Secret": "not-the-secret"}, taken=False)
        self._told(f"{intake}/webhooks/ghl", event, {}, taken=False)
        self._told(f"{intake}/webhooks/ghl", event, {"X-GHL-Signature": "bm90IHNpZ25lZA=="}, taken=False)

    def _told(self, url: str, body: dict[str, object], headers: dict[str, str], *, taken: bool) -> None:
        try:
            answer = self._http.post(url, json=body, headers=headers)
        except httpx.HTTPError:
            return
        allowed = {200, 429, 503} if taken else REFUSED
        if answer.status_code not in allowed:
            self._ledger.note_wrong(
                "an event that nobody proved was answered wrongly",
                status=answer.status_code,
                expected=sorted(allowed),
            )

    def _known(self, person: Person) -> str | None:
        """The person's contact, once it is there; None where it does not come in time."""
        query = f"contacts?location={person.church.location}&phone={quote(person.phones[0])}"
        while True:
            found = self._installation.simulator("GET", query)["contacts"]
            if found:
                return str(found[0]["id"])
            if not self._again():
                return None
