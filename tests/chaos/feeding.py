"""Hands in the cards of a feed at their times: over HTTP as websites do, by the import command, and as corrections."""

import csv
import json
import queue
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ghl.cards.correct import CorrectionError, correct
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.db.models import Card
from ghl.statuses import CardSource
from tests.chaos.answering import Answering
from tests.chaos.installation import Installation
from tests.chaos.ledger import Ledger, Renumbered, Told
from tests.chaos.people import Correct, Feed, ListFile, Send, Signs, Visit, WrittenCard

NAMESPACE = UUID("6e0c0d5c-7c6b-4c37-9b8f-0b3d4a6f5e11")
AGAIN_AFTER = (0.2, 1.0)
"""Seconds until a sender tries again, from and to."""


class Feeder:
    """Runs a feed in threads of its own. Everything that was begun is brought to its end by `finish`."""

    def __init__(
        self, installation: Installation, ledger: Ledger, feed: Feed, *, seed: int, senders: int = 48
    ) -> None:
        self._installation = installation
        self._ledger = ledger
        self._feed = feed
        self._seed = seed
        self._pool = ThreadPoolExecutor(senders, thread_name_prefix="visit")
        self._errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
        self._give_up_at = float("inf")
        self._http = httpx.Client(
            timeout=6.0, trust_env=False, limits=httpx.Limits(max_keepalive_connections=senders)
        )
        self._dice = random.Random(f"{seed}/senders")
        self._answering = Answering(installation, ledger, self._http, again=self._again)

    def start(self) -> None:
        """Begins to feed, at the feed's own times from now on."""
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="feed")
        self._thread.start()

    def finish(self, *, within: float) -> bool:
        """Waits until every step was taken; whether that was so in time."""
        self._give_up_at = time.monotonic() + within
        self._thread.join(within + 5)
        self._pool.shutdown()
        self._http.close()
        if not self._errors.empty():
            raise self._errors.get()
        return not self._thread.is_alive()

    def _run(self) -> None:
        begin: list[tuple[float, Visit | ListFile]] = [
            (visit.steps[0][0], visit) for visit in self._feed.visits
        ]
        begin += [(one.at, one) for one in self._feed.lists]
        for at, one in sorted(begin, key=lambda entry: entry[0]):
            self._wait_until(at)
            self._pool.submit(self._caught, one)

    def _caught(self, one: Visit | ListFile) -> None:
        try:
            if isinstance(one, ListFile):
                self._import(one)
                return
            for at, step in one.steps:
                self._wait_until(at)
                match step:
                    case Send():
                        self._send(step)
                    case Correct():
                        self._correct(step)
                    case Signs():
                        self._type(step)
                    case _:
                        self._answering.take(step)
        except BaseException as error:  # noqa: BLE001 - told by `finish`
            self._errors.put(error)

    def _wait_until(self, at: float) -> None:
        time.sleep(max(0.0, self._began + at - time.monotonic()))

    def _again(self) -> bool:
        """Waits a little; False where there is no time left."""
        time.sleep(self._dice.uniform(*AGAIN_AFTER))
        return time.monotonic() < self._give_up_at

    # Over HTTP

    def _send(self, step: Send) -> None:
        sendings = [(card, copy) for card in step.cards for copy in range(2 if step.twice else 1)]
        for card, _ in sendings:
            self._ledger.told(card)
        if len(sendings) == 1:
            self._post(*sendings[0], gives_up=step.gives_up)
            return
        started = threading.Barrier(len(sendings))

        def post(card: WrittenCard, copy: int) -> None:
            started.wait()
            self._post(card, copy, gives_up=step.gives_up)

        # A pool of their own: whoever waits for the other must never wait for a thread.
        with ThreadPoolExecutor(len(sendings)) as senders:
            for future in [senders.submit(post, *sending) for sending in sendings]:
                future.result()

    def _post(self, card: WrittenCard, copy: int, *, gives_up: bool) -> None:
        told = self._ledger.told(card)
        church = card.person.church
        key = str(uuid5(NAMESPACE, f"{self._seed}/{card.marker}/{copy}"))
        headers = {
            "Authorization": f"Bearer {self._installation.source_keys[church.slug]}",
            "Idempotency-Key": key,
        }
        while True:
            try:
                answer = self._http.post(
                    f"{self._installation.intake_url}/api/v1/cards", json=dict(card.values), headers=headers
                )
            except httpx.HTTPError:
                answer = None
            if answer is not None and self._accepted(told, answer):
                return
            if gives_up or not self._again():
                told.gave_up = True
                return

    def _accepted(self, told: Told, answer: httpx.Response) -> bool:
        if answer.status_code == 202:
            told.ids.append(answer.json()["id"])
            return True
        if answer.status_code != 503 or "retry-after" not in answer.headers:
            self._ledger.note_wrong(
                "the intake answered wrongly",
                marker=told.card.marker,
                status=answer.status_code,
                body=answer.text[:500],
                headers=dict(answer.headers),
            )
        return False

    # By the import command

    def _import(self, one: ListFile) -> None:
        path = self._installation.folder / one.name
        names = [name for name in one.cards[0].values if name != "interests"] + ["interests"]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            for card in one.cards:
                writer.writerow({**card.values, "interests": ";".join(card.values["interests"])})
        told = [self._ledger.told(card) for card in one.cards]
        while True:
            said = self._installation.command("import-cards", one.church.slug, str(path))
            if said is not None:
                report = json.loads(said)
                if report["received"] != len(told) or report["rejected"]:
                    self._ledger.note_wrong("the import left rows out", file=one.name, report=report)
                for card in told:
                    card.imported = True
                return
            if not self._again():
                return

    # Corrections, as the card page saves them

    def _correct(self, step: Correct) -> None:
        told = self._ledger.cards[step.of]
        if not told.ids:
            return
        card_id = UUID(told.ids[0])
        hub, church_id = self._installation.hub, self._installation.ids[step.card.person.church.slug]
        while True:
            try:
                with hub.database.church(church_id) as session:
                    shown = session.scalars(select(Card.revision).where(Card.id == card_id)).one()
                    correct(
                        session,
                        church_id,
                        card_id,
                        parse_card(dict(step.card.values)),
                        base_revision=shown,
                        actor="chaos",
                        now=datetime.now(UTC),
                    )
            except (SQLAlchemyError, CorrectionError) as error:
                if not isinstance(error, SQLAlchemyError):
                    self._ledger.note_wrong("a correction was refused", marker=step.of, error=str(error))
                    return
                if not self._again():
                    return
                continue
            before = told.newest.values.get("phone", "")
            told.corrections.append(step.card)
            if told.card.values.get("sms_consent"):
                self._ledger.renumbered[step.of] = Renumbered(
                    step.of, step.card.person.church, before, step.card.values["phone"], time.time()
                )
            hub.background_waker.wake(church_id)
            return

    # On paper, as the page for typing saves it

    def _type(self, step: Signs) -> None:
        told = self._ledger.told(step.card)
        hub, church_id = self._installation.hub, self._installation.ids[step.card.person.church.slug]
        now = datetime.now(UTC)
        signed = now.astimezone(ZoneInfo(self._installation.timezone)).date()
        card = NewCard(
            parse_card({**step.card.values, "consent_at": signed.isoformat()}),
            CardSource.TYPED,
            recorded_by="chaos",
        )
        while True:
            try:
                with hub.database.church(church_id) as session:
                    # What was saved although no answer came is found again.
                    (saved,) = save_cards(session, church_id, [card], now=datetime.now(UTC))
            except SQLAlchemyError:
                if not self._again():
                    told.gave_up = True
                    return
                continue
            told.ids.append(str(saved.id))
            hub.background_waker.wake(church_id)
            return
