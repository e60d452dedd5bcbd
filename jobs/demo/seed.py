"""Fills the demo church by the same services that real cards go through; workers do the rest. No status is written.

Run again it adds what is missing, and points the church to where the simulator listens now.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ghl.cards.actions import Action, act
from ghl.cards.decide import decide
from ghl.cards.fields import parse_card
from ghl.cards.import_preview import preview
from ghl.cards.importing import import_table
from ghl.cards.save import NewCard, save_cards
from ghl.cards.table import Row
from ghl.churches import ChurchNotFoundError, ChurchView, add_church, find_church
from ghl.connection import ConnectionRefusedByUsError, connect
from ghl.db.models import Card, Church
from ghl.forms import FormSettings, change_form, form_of
from ghl.messages import templates
from ghl.statuses import CardSource, CardStatus
from ghl.webhooks.secrets import new_secret, secrets_of
from jobs.connecting import token_test
from jobs.container import Container
from jobs.demo import world
from jobs.demo.errors import DemoError
from jobs.demo.people import DemoCard, Pile, piles, read_cards
from jobs.demo.place import where_it_is_day

SLUG = "demo"
ACTOR = "demo"
SOURCES = {"typed": CardSource.TYPED, "api": CardSource.API, "form": CardSource.FORM}
SOURCE_NAMES = {"api": "Website", "form": "Public form"}


@dataclass(frozen=True)
class _ClockAt:
    """The time at which a pile came in."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


def seed_demo(hub: Container, simulator_url: str, intake_url: str = "") -> str:
    """Fills the demo church and returns a sentence about it. Raises `DemoError`.

    `intake_url`: where the simulator's workflow tells the hub of replies and stops; without it, it tells nobody.
    """
    timezone = _timezone(hub)
    contacts = world.furnish(hub, simulator_url, timezone)
    church = _church(hub, simulator_url, timezone)
    _connect(hub, church)
    if intake_url and world.reaches(intake_url):
        _listen(hub, church, simulator_url, f"{intake_url}/webhooks/workflow/{church.public_id}")
    _open_form(hub, church)
    _publish_words(hub, church)
    with hub.database.system() as session:
        opened = session.execute(select(Church.created_at).where(Church.id == church.id)).scalar_one()
    added = sum(
        _save(hub, church.id, pile, contacts)
        for pile in piles(read_cards(), opened=opened, now=hub.clock.now(), timezone=church.timezone)
    )
    hub.background_waker.wake(church.id)
    if not added:
        return f"{church.name} is there already."
    place = church.timezone.rpartition("/")[2].replace("_", " ")
    return (
        f"{church.name} has {added} new cards. They are on their way to the simulator. Its clocks are those of {place},"
        " where it was day when the demo was first started: texts leave from 8 am to 8 pm there."
    )


def _timezone(hub: Container) -> str:
    """That of the demo church; for a new one where it is day now."""
    try:
        return find_church(hub.database, SLUG).timezone
    except ChurchNotFoundError:
        return where_it_is_day(hub.clock.now())


def _church(hub: Container, simulator_url: str, timezone: str) -> ChurchView:
    try:
        church = find_church(hub.database, SLUG)
    except ChurchNotFoundError:
        add_church(
            hub.database,
            slug=SLUG,
            name=world.NAME,
            timezone=timezone,
            actor=ACTOR,
            is_demo=True,
            ghl_base_url=simulator_url,
        )
        return find_church(hub.database, SLUG)
    if not church.is_demo:
        raise DemoError(f"There is a real church called {SLUG!r}: the demo leaves it alone.")
    # The simulator may listen on another port than the last time: for every church of the demo.
    with hub.database.system() as session:
        session.execute(
            update(Church)
            .where(Church.is_demo, Church.ghl_base_url.is_distinct_from(simulator_url))
            .values(ghl_base_url=simulator_url)
        )
    return find_church(hub.database, SLUG)


def _connect(hub: Container, church: ChurchView) -> None:
    if church.location_ghl_id == world.LOCATION:
        return
    try:
        with token_test(hub, church) as test:
            connect(
                hub.database,
                hub.key_ring,
                church,
                location_id=world.LOCATION,
                token=world.TOKEN,
                test=test,
                actor=ACTOR,
            )
    except ConnectionRefusedByUsError as error:
        raise DemoError(str(error)) from error


def _listen(hub: Container, church: ChurchView, simulator_url: str, hook: str) -> None:
    """What a church's admin does once in GoHighLevel: a workflow that tells the hub, with a secret in its header.

    The simulator keeps the secret; the hub knows it again by its last letters.
    """
    with hub.database.church(church.id) as session:
        known = [one.last4 for one in secrets_of(session, church.id) if one.state == "current"]
    if world.tells(simulator_url, hook, known):
        return
    with hub.database.church(church.id) as session:
        secret = new_secret(session, church.id, actor=ACTOR)
    world.tell(simulator_url, hook, secret)


def _open_form(hub: Container, church: ChurchView) -> None:
    with hub.database.church(church.id) as session:
        if form_of(session, church.id) == FormSettings(church.name):
            change_form(session, church.id, world.FORM, actor=ACTOR, now=hub.clock.now())


def _publish_words(hub: Container, church: ChurchView) -> None:
    """What an admin does once: *Send onboarding materials* has something to send. What somebody changed stays theirs."""
    now = hub.clock.now()
    with hub.database.church(church.id) as session:
        templates.ensure_defaults(session, church.id, now=now)
        for one in templates.templates_of(session, church.id):
            if one.key is None or one.changed_by != templates.HUB:
                continue
            if words := world.WORDS.get(one.key):
                templates.save_draft(session, church.id, one.id, words, actor=ACTOR, now=now)
            templates.publish(session, church.id, one.id, actor=ACTOR, now=now)


def _save(hub: Container, church_id: UUID, pile: Pile, contacts: Mapping[str, str]) -> int:
    """Saves a pile the way it came in, and does what staff did with some of it; how many cards are new."""
    if pile.way == "import":
        rows = [Row(number, card.values) for number, card in enumerate(pile.cards, start=2)]
        added = 0
        # A start that brings nothing new leaves no import behind.
        if preview(hub.database, church_id, rows, now=pile.received_at).new:
            added = import_table(
                hub.database,
                church_id,
                rows,
                source_name="Sunday cards.csv",
                actor=ACTOR,
                clock=_ClockAt(pile.received_at),
                on_saved=hub.background_waker.wake,
            ).created
    else:
        with hub.database.church(church_id) as session:
            saved = save_cards(session, church_id, list(_new_cards(pile)), now=pile.received_at)
            # Before any worker sees them.
            for card, one in zip(pile.cards, saved, strict=True):
                if not one.duplicate:
                    _judge(session, church_id, card, one.id, contacts, now=hub.clock.now())
        hub.background_waker.wake(church_id)
        added = sum(not card.duplicate for card in saved)
    for card in pile.cards:
        if card.aside:
            _set_aside(
                hub, church_id, str(card.values["first_name"]), str(card.values["last_name"]), card.aside
            )
    return added


def _judge(
    session: Session,
    church_id: UUID,
    card: DemoCard,
    card_id: UUID,
    contacts: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """What staff decided about a card: it waits for somebody, or is not the person that GoHighLevel has."""
    if card.hold:
        act(session, church_id, Action.HOLD, card_id, reason=card.hold, actor=ACTOR, now=now)
    if contact_id := contacts.get(card.other):
        decide(session, church_id, card_id, contact_id=contact_id, verdict="different", actor=ACTOR, now=now)


def _new_cards(pile: Pile) -> Iterator[NewCard]:
    for card in pile.cards:
        yield NewCard(
            parse_card(card.values, today=pile.received_at.date()),
            SOURCES[pile.way],
            source_name=SOURCE_NAMES.get(pile.way),
            recorded_by=ACTOR,
        )


def _set_aside(hub: Container, church_id: UUID, first_name: str, last_name: str, reason: str) -> None:
    with hub.database.church(church_id) as session:
        cards = session.scalars(
            select(Card.id).where(
                Card.church_id == church_id,
                Card.first_name == first_name,
                Card.last_name == last_name,
                Card.status == CardStatus.NEEDS_ATTENTION,
            )
        ).all()
        for card_id in cards:
            act(
                session, church_id, Action.SET_ASIDE, card_id, reason=reason, actor=ACTOR, now=hub.clock.now()
            )
