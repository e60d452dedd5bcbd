"""What a church's staff do meanwhile and afterwards: answer questions, send again, paste a refused token anew.

By the functions that the pages use. Cards that were written wrongly on purpose are left where they stand.
"""

import threading
import time
from collections import Counter
from collections.abc import Container
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ghl.attention.messages import foresee, groups, send_many_again
from ghl.cards.actions import Action, Chosen, act
from ghl.cards.decide import decide
from ghl.causes import CauseCode
from ghl.consent.by_hand import open_doubts
from ghl.consent.ledger import decide_doubt
from ghl.consent.opt_outs import try_now
from ghl.messages.afterwards import it_arrived, send_again
from ghl.messages.many import send_to_all
from ghl.simulator.control_client import ControlError
from tests.chaos.installation import Installation
from tests.chaos.ledger import Ledger
from tests.chaos.people import BAD, UNCLEAR, ChurchPlan

QUESTIONS = {
    CauseCode.SAME_PERSON_DOUBT,
    CauseCode.TWO_PEOPLE_MATCH,
    CauseCode.PHONE_ON_OTHER_CONTACT,
    CauseCode.EMAIL_ON_OTHER_CONTACT,
}
STAYS = {*BAD, CauseCode.NO_ADDRESS_OF_ITS_OWN}

STOPPED = text(
    """
    SELECT id, status, cause, facts, first_name || ' ' || last_name AS name FROM cards
    WHERE status IN ('needs_attention', 'held') ORDER BY id LIMIT 500
    """
)

UNSURE = text(
    "SELECT id, channel, address, subject, body FROM messages WHERE state = 'unsure' AND cause IS NOT NULL"
    " AND cause IN ('unsure_none_found', 'unsure_two_found') ORDER BY id LIMIT 500"
)

LOOKS_AFTER = "ARRAY[20, 24, 30]"
"""Seconds after which the three looks are made here, instead of 60, 180 and 600: later than any effect of a fault."""

SOONER = text(
    f"""
    UPDATE outbox AS o SET due_at = now() FROM messages AS m
    WHERE m.id = o.message_id AND o.state = 'due' AND o.due_at > now()
      AND ((m.state = 'unsure' AND m.cause IS NULL
            AND now() - m.sending_at > make_interval(secs => ({LOOKS_AFTER})[least(m.looks, 2) + 1]))
        OR (m.state = 'waiting' AND m.cause = 'quiet_hours')
        OR (m.state = 'sent' AND now() - m.sent_at > make_interval(secs => 5)))
    """
)
"""Time passes quicker for what is looked up and followed, and what waits for the morning, once the faults are over."""

WORDS = text("SELECT id, channel, address, subject, body FROM messages WHERE id = ANY(:ids)")
MOST_AGAIN = 3
"""How often staff send one message again at most: some are refused for good."""

MANY_EVERY = 3
"""Rounds between two bulk requests of a church."""

log = structlog.get_logger()


class Staff:
    """`round` does what there is to do once; `start` goes round until `finish`."""

    def __init__(
        self,
        installation: Installation,
        ledger: Ledger,
        *,
        singly: Container[str] = frozenset(),
        every: float = 4.0,
    ) -> None:
        """`singly`: markers of cards for which nobody asks when they ask for many."""
        self._installation = installation
        self._singly = singly
        self._ledger = ledger
        self._every = every
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._rounds = 0
        self._again: Counter[UUID] = Counter()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="staff")
        self._thread.start()

    def finish(self) -> None:
        self._stop.set()
        self._thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.round()
            except (SQLAlchemyError, ControlError) as error:
                # A page that says "try again in a moment": they do.
                log.info("staff.waits", error=type(error).__name__)
            except BaseException as error:  # noqa: BLE001 - told by `finish`
                self._errors.append(error)
                return

    def round(self) -> int:
        """How much was done. While faults go on, staff ask for everything at once from time to time as well."""
        self._rounds += 1
        if not self._stop.is_set() and self._rounds % MANY_EVERY == 0:
            for church in self._installation.churches:
                self._for_many(church)
        return sum(self._church(church) for church in self._installation.churches)

    def _church(self, church: ChurchPlan) -> int:
        hub, church_id = self._installation.hub, self._installation.ids[church.slug]
        with hub.database.church(church_id) as session:
            stopped = session.execute(STOPPED).mappings().all()
            hold = session.scalar(text("SELECT hold_cause FROM churches"))
        done = 0
        if hold and not self._refused_now(church):
            done += self._installation.reconnect(church)
        names: dict[str, str] = {}
        for card in stopped:
            if card["cause"] in STAYS:
                continue
            if card["cause"] in QUESTIONS:
                if not names:
                    names = {
                        one["id"]: f"{one.get('firstName') or ''} {one.get('lastName') or ''}"
                        for one in self._installation.contacts(church.location)
                    }
                done += self._answer(church_id, card, names)
            else:
                done += self._send_again(church_id, card)
        done += self._decide_messages(church, church_id)
        done += self._read_replies(church_id)
        if done:
            hub.background_waker.wake(church_id)
        return done

    def _decide_messages(self, church: ChurchPlan, church_id: UUID) -> int:
        """Of messages that nobody could find out about they look into the conversation, and say what they see."""
        hub = self._installation.hub
        with hub.database.church(church_id) as session:
            unsure = session.execute(UNSURE).mappings().all()
        if not unsure:
            return 0
        went_out = self._installation.outbox(church.location)
        with hub.database.church(church_id) as session:
            known = set(session.scalars(text("SELECT ghl_message_id FROM messages")))
        done = 0
        for message in unsure:
            hits = [one for one in went_out if is_it(one, message) and one["id"] not in known]
            decided = it_arrived if hits else send_again
            with hub.database.church(church_id) as session:
                took = decided(session, church_id, message["id"], actor="chaos", now=datetime.now(UTC))
            done += int(took)
        return done

    def _read_replies(self, church_id: UUID) -> int:
        """Replies that may be a stop: they read what was written, and say what was meant."""
        hub, done = self._installation.hub, 0
        with hub.database.church(church_id) as session:
            doubts, _ = open_doubts(session, church_id, most=100)
        for doubt in doubts:
            with hub.database.church(church_id) as session:
                decided = decide_doubt(
                    session,
                    church_id,
                    doubt.id,
                    stop=doubt.said not in UNCLEAR,
                    actor="chaos",
                    now=datetime.now(UTC),
                )
            done += decided is not None
        return done

    def _for_many(self, church: ChurchPlan) -> None:
        """*Send onboarding materials* for every volunteer, and everything that waits for a person once more."""
        hub, church_id = self._installation.hub, self._installation.ids[church.slug]
        volunteers = tuple(
            UUID(told.ids[0])
            for marker, told in list(self._ledger.cards.items())
            if marker not in self._singly
            and told.card.person.church == church
            and told.ids
            and told.card.values.get("sms_consent")
        )
        self._send_groups_again(church, church_id)
        total = len(volunteers)
        began = time.time()
        send_to_all(
            hub.database, church_id, Chosen(ids=volunteers), actor="chaos", clock=hub.clock, total=total
        )
        self._ledger.many.append((church, began, time.time()))
        hub.background_waker.wake(church_id)

    def _send_groups_again(self, church: ChurchPlan, church_id: UUID) -> None:
        """Each group of messages under *Needs attention*, with its one button.

        GoHighLevel's 4xx counts as not sent. Where a fault makes it refuse a message and keep it all the same, staff see
        it in the conversation and leave it alone.
        """
        hub, now = self._installation.hub, datetime.now(UTC)
        went_out = self._installation.outbox(church.location)
        with hub.database.church(church_id) as session:
            waiting = [
                id_
                for group in groups(session, church_id)
                for id_ in foresee(session, church_id, group.cause, now=now).ids
            ]
            told = session.execute(WORDS, {"ids": waiting}).mappings().all()
        there = {one["id"] for one in told if any(is_it(sent, one) for sent in went_out)}
        wanted = [id_ for id_ in waiting if id_ not in there and self._again[id_] < MOST_AGAIN]
        self._again.update(wanted)
        with hub.database.church(church_id) as session:
            send_many_again(session, church_id, wanted, actor="chaos", now=datetime.now(UTC))

    def _refused_now(self, church: ChurchPlan) -> bool:
        tokens = self._installation.simulator("GET", "tokens")["tokens"]
        own = self._installation.tokens[church.location]
        works = all(token["works"] for token in tokens if own in token.values())
        faults = self._installation.simulator("GET", "faults")["faults"]
        return not works or any(
            fault["kind"] == "token_refused" and fault["active"] and fault["location"] == church.location
            for fault in faults
        )

    def _answer(self, church_id: UUID, card: Any, names: dict[str, str]) -> int:
        done = 0
        for fact in ("contact_id", "other_id"):
            contact = card["facts"].get(fact)
            if not contact or contact not in names:
                continue
            with self._installation.hub.database.church(church_id) as session:
                took = decide(
                    session,
                    church_id,
                    card["id"],
                    contact_id=contact,
                    verdict="same" if names[contact].casefold() == card["name"].casefold() else "different",
                    actor="chaos",
                    now=datetime.now(UTC),
                )
            if took:
                self._ledger.decisions.append(str(card["id"]))
                done += 1
        if not done:
            done = self._send_again(church_id, card)
        return done

    def _send_again(self, church_id: UUID, card: Any) -> int:
        with self._installation.hub.database.church(church_id) as session:
            took = act(session, church_id, Action.SEND_NOW, card["id"], actor="chaos", now=datetime.now(UTC))
        if took:
            self._ledger.retries.append(str(card["id"]))
        return int(took)


def is_it(went_out: Any, message: Any) -> bool:
    """Whether what GoHighLevel has is this message: GoHighLevel may have put lines below it."""
    if went_out["channel"].lower() != message["channel"] or went_out["address"] != message["address"]:
        return False
    if message["channel"] == "email":
        return bool(went_out["subject"] == message["subject"])
    return bool(went_out["asked"] == message["body"])


def wait_for_quiet(installation: Installation, staff: Staff, *, within: float) -> bool:
    """Until no card is on its way any more and staff has nothing left to do; whether that was in time."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        try:
            _hurry(installation)
            done = staff.round()
            if not done and not _under_way(installation):
                return True
        except (SQLAlchemyError, ControlError) as error:
            log.info("quiet.waits", error=type(error).__name__)
        time.sleep(0.3)
    return False


def _hurry(installation: Installation) -> None:
    for church_id in installation.ids.values():
        with installation.hub.database.church(church_id) as session:
            session.execute(SOONER)
            try_now(session, church_id)
        installation.hub.background_waker.wake(church_id)


def _under_way(installation: Installation) -> int:
    count = 0
    for church_id in installation.ids.values():
        with installation.hub.database.church(church_id) as session:
            count += session.scalar(
                text(
                    "SELECT (SELECT count(*) FROM outbox WHERE state IN ('due', 'leased'))"
                    " + (SELECT count(*) FROM delivery_leases WHERE holder IS NOT NULL)"
                    " + (SELECT count(*) FROM opt_outs WHERE state IN ('waiting', 'sent'))"
                    " + (SELECT count(*) FROM webhook_events WHERE state = 'waiting')"
                )
            )
    return count
