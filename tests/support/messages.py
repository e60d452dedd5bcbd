"""A church that sends messages, and a worker's turns one by one, so that a test decides what happens between them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from ghl.clock import SystemClock
from ghl.consent import ledger
from ghl.db.models import MessageTemplate, MessageTemplateVersion
from ghl.ids import new_id
from ghl.messages import ask, asked
from ghl.statuses import Channel
from jobs.dispatcher.caller import Caller
from jobs.dispatcher.church_run import ChurchRun
from jobs.dispatcher.connections import Connections
from jobs.dispatcher.parts import Job, Tools, Turned
from tests.support.churches import card_values, save
from tests.support.hub import TestHub

WORDS = "Welcome to Grace. Reply STOP to end, HELP for help."
AGREED = {
    "sms_consent": "yes",
    "email_consent": "yes",
    "consent_wording": "You may text and e-mail me about my visit.",
    "adult": "yes",
}


def by_day(now: datetime | None = None) -> str:
    """A time zone in which it is about noon, so that quiet hours play no part. A text is not a matter of the hour at
    which somebody runs the tests.
    """
    hour = (now or datetime.now(UTC)).hour
    east = 12 - hour
    return "Etc/GMT" if east == 0 else f"Etc/GMT{-east:+d}"


class Sender:
    """One church with its messages, and the way of a worker through them."""

    def __init__(self, hub: TestHub, slug: str = "grace", location: str | None = None) -> None:
        self.hub = hub
        self.location = location or hub.sim.location_id
        self.church_id = hub.church(slug, location=location, timezone=by_day())
        self.sms = self._template("welcome_sms", Channel.SMS)
        self.email = self._template("welcome_email", Channel.EMAIL, onboarding=False)
        self.settings(undo_seconds=10)
        self._desks: list[Connections] = []

    # -- what a person does ------------------------------------------------------------------------------

    def card(self, number: int = 1, *, arrived: bool = True, **changes: Any) -> UUID:
        """A card whose person agreed to messages; by default it has arrived in GoHighLevel."""
        (saved,) = save(self.hub.database, self.church_id, card_values(number, **AGREED | changes))
        if arrived:
            self.work()
        return saved.id

    def ask(self, *cards: UUID, actor: str = "anna", now: datetime | None = None) -> list[asked.Asked]:
        """Presses *Send onboarding materials*."""
        with self.hub.database.church(self.church_id) as session:
            return ask.send_onboarding(
                session, self.church_id, cards, actor=actor, now=now or datetime.now(UTC)
            )

    def do(self, act: Callable[..., Any], message_id: UUID, **more: Any) -> Any:
        """Presses one of the buttons of a message."""
        with self.hub.database.church(self.church_id) as session:
            return act(session, self.church_id, message_id, actor="anna", now=datetime.now(UTC), **more)

    def stop(self, number: int = 1, channel: Channel = Channel.SMS) -> ledger.Stopped:
        """The person says stop."""
        values = card_values(number)
        with self.hub.database.church(self.church_id) as session:
            return ledger.record_stop(
                session,
                self.church_id,
                channel=channel,
                address=str(values["phone" if channel is Channel.SMS else "email"]),
                source="spoken",
                recorded_by="anna",
                now=datetime.now(UTC),
            )

    def settings(self, **values: Any) -> None:
        """How the church sends."""
        with self.hub.database.church(self.church_id) as session:
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            changes = ", ".join(f"{name} = :{name}" for name in values)
            session.execute(
                text(
                    f"INSERT INTO messaging_settings (church_id, changed_by, {names})"
                    f" VALUES (:church, 'test', {places}) ON CONFLICT (church_id) DO UPDATE SET {changes}"
                ),
                {"church": self.church_id, **values},
            )

    # -- what a worker does ------------------------------------------------------------------------------

    def worker(self, holder: str = "me") -> tuple[ChurchRun, Caller]:
        """A worker's part for this church; whoever holds it gives the turns."""
        parts = self.hub.container
        clock = SystemClock()
        tools = Tools(
            database=self.hub.database,
            throttle=parts.throttle,
            breakers=parts.breakers,
            key_ring=parts.key_ring,
            clock=clock,
            holder=holder,
            jitter=lambda: 0.0,
        )
        connections = Connections(threads=4, clock=clock)
        self._desks.append(connections)
        caller = Caller(
            connections=connections, key_ring=parts.key_ring, base_url=self.hub.sim.url, clock=clock
        )
        return ChurchRun(self.church_id, tools), caller

    def work(self, *, turns: int = 50, calls: int = 200) -> None:
        """Turns and calls until nothing is due."""
        run, caller = self.worker()
        for _ in range(turns):
            turned = run.turn(50)
            calls -= len(turned.jobs)
            assert calls >= 0, "it never ends"
            for job in turned.jobs:
                run.put(caller.work(job))
            if turned.finished:
                return
        raise AssertionError("it never ends")

    def due(self) -> None:
        """Time passes until everything that waits is due."""
        self.query("UPDATE outbox SET due_at = now() WHERE state = 'due' AND kind = 'message' RETURNING 1")

    def later(self, by: timedelta) -> None:
        """So much time has passed since everything that happened to messages."""
        self.query(
            "UPDATE messages SET requested_at = requested_at - :by, not_before = not_before - :by,"
            " sending_at = sending_at - :by, sent_at = sent_at - :by, too_late_at = too_late_at - :by,"
            " follow_until = follow_until - :by RETURNING 1",
            by=by,
        )
        self.query(
            "UPDATE outbox SET due_at = due_at - :by, first_system_error_at = first_system_error_at - :by"
            " WHERE kind = 'message' RETURNING 1",
            by=by,
        )
        self.query(
            "UPDATE messaging_settings SET ramp_since = ramp_since - :by WHERE ramp_since IS NOT NULL RETURNING 1",
            by=by,
        )

    def until_sent(self) -> tuple[ChurchRun, Caller, Job]:
        """The turns of a worker up to the moment at which one message is marked, and its request has not left."""
        run, caller = self.worker()
        for _ in range(10):
            turned: Turned = run.turn(50)
            for job in turned.jobs:
                if getattr(job.errand, "sending", False):
                    return run, caller, job
                run.put(caller.work(job))
        raise AssertionError("nothing was marked")

    def close(self) -> None:
        for connections in self._desks:
            connections.close()

    # -- what came of it ---------------------------------------------------------------------------------

    def query(self, sql: str, **values: object) -> list[Any]:
        return self.hub.query(self.church_id, sql, **values)

    def states(self) -> list[tuple[str, str | None]]:
        """Where the messages stand, in the order in which they were asked for."""
        return [
            (state, cause) for state, cause in self.query("SELECT state, cause FROM messages ORDER BY id")
        ]

    def state(self) -> tuple[str, str | None]:
        """Where the only message stands."""
        (only,) = self.states()
        return only

    def sent(self, channel: str | None = None) -> list[dict[str, Any]]:
        """What of ours is in the simulator's outbox."""
        narrowed = {"channel": channel} if channel else {}
        return self.hub.sim.control.sent(self.location, **narrowed)

    def calls(self, operation: str) -> int:
        """How often the simulator was asked for it."""
        return self.hub.sim.stats.requests(operation, self.location)

    def _template(self, key: str, channel: Channel, *, onboarding: bool = True) -> UUID:
        template_id = new_id()
        with self.hub.database.church(self.church_id) as session:
            session.execute(
                insert(MessageTemplate).values(
                    id=template_id,
                    church_id=self.church_id,
                    key=key,
                    name=key,
                    channel=channel,
                    purpose="follow-up",
                    send_within_hours=72,
                    onboarding=onboarding,
                    version=1,
                    published_version=1,
                    changed_by="test",
                )
            )
            session.execute(
                insert(MessageTemplateVersion).values(
                    template_id=template_id,
                    version=1,
                    church_id=self.church_id,
                    subject="Welcome to Grace" if channel is Channel.EMAIL else "",
                    body=WORDS,
                    created_by="test",
                )
            )
        return template_id

    def onboarding(self, *templates: UUID) -> None:
        """These templates go with *Send onboarding materials*, and no others."""
        self.query(
            "UPDATE message_templates SET onboarding = id = ANY(:ids) RETURNING 1", ids=list(templates)
        )
