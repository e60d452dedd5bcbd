"""A hub with a simulator, a person with traces everywhere, and a look at everything that is stored."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, inspect, text

from ghl.cards import drafts
from ghl.clock import SystemClock
from ghl.erasing import ask, erase
from ghl.intake.receive import Reception, Sent
from ghl.people.users import add_user
from ghl.simulator.server import SimulatorServer
from ghl.sources import KnownSources, create_source_key
from ghl.statuses import Role
from tests.support.hub import running_hub

ANNA = {
    "first_name": "Annabel",
    "last_name": "Quastel",
    "phone": "(615) 555-0177",
    "email": "Annabel.Quastel@example.org",
    "prayer_request": "For my knee zqprayer",
    "notes": "zqnotes",
    "address": "12 Zqstreet",
    "sms_consent": "yes",
    "email_consent": "yes",
    "consent_wording": "Yes, text me",
}
TRACES = ("annabel", "quastel", "6155550177", "615) 555-0177", "zqprayer", "zqnotes", "zqstreet")


@pytest.fixture
def hub(database_urls, redis_url):
    with SimulatorServer() as simulator, running_hub(database_urls, redis_url, simulator) as hub:
        yield hub


@pytest.fixture
def owner(database_urls):
    engine = create_engine(database_urls.admin)

    def run(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    yield run
    engine.dispose()


@pytest.fixture
def dump(database_urls):
    """Every value of every table as text, by table."""
    engine = create_engine(database_urls.admin)

    def dump():
        with engine.connect() as connection:
            return {
                table: "\n".join(
                    json.dumps({name: _shown(value) for name, value in row._asdict().items()}, default=str)
                    for row in connection.execute(text(f'SELECT * FROM "{table}"'))
                ).lower()
                for table in inspect(engine).get_table_names()
            }

    yield dump
    engine.dispose()


def _shown(value):
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else value


def traces_in(dumped, *more):
    return {
        (table, trace) for table, content in dumped.items() for trace in (*TRACES, *more) if trace in content
    }


def send(hub, church_id, values, *, key=None):
    """A card by the HTTP intake's own door."""
    made = create_source_key(hub.database, church_id, name="Website", actor="test")
    source = KnownSources(hub.database, SystemClock()).church_of(made.key.get_secret_value())
    reception = Reception(hub.database, SystemClock(), lambda _church: None)
    return source, reception, reception.receive(source, Sent(values, key, "203.0.113.9", "zqbrowser"))


def number_of(hub, church_id, card_id):
    [(number,)] = hub.query(church_id, "SELECT number FROM cards WHERE id = :id", id=card_id)
    return number


def ask_to_erase(hub, church_id, number, *, contacts_too=False, typed="Annabel Quastel"):
    with hub.database.church(church_id) as session:
        shown = [card.id for card in ask.foresee(session, church_id, number).cards]
        return ask.request(
            session,
            church_id,
            number,
            shown=shown,
            typed=typed,
            contacts_too=contacts_too,
            actor="user:test",
            now=datetime.now(UTC),
        )


def carry_out(hub, church_id):
    return erase.carry_out(hub.database, hub.container.key_ring, church_id, now=datetime.now(UTC))


def scatter(hub, church_id, card_id):
    """Leaves traces of the person wherever the hub may keep some."""
    user = add_user(
        hub.database,
        "ruth@staff.example.net",
        name="Ruth",
        church_id=church_id,
        role=Role.ADMIN,
        actor="test",
    )
    now = datetime.now(UTC)
    with hub.database.church(church_id) as session:
        for place in (drafts.place_of(card_id), drafts.correction_of(card_id), f"note:{card_id}"):
            drafts.keep(session, church_id, user, place, {"first_name": "Annabel"}, now=now)
        drafts.keep(session, church_id, user, "add:1", {"phone": "615 555 0177", "notes": "zqnotes"}, now=now)
        drafts.keep(session, church_id, user, "add:2", {"email": "annabel.QUASTEL@example.org"}, now=now)
    hub.query(
        church_id,
        "INSERT INTO card_notes (church_id, card_id, text, written_by) VALUES (:c, :card, 'Annabel called', 'x')"
        " RETURNING 1",
        c=church_id,
        card=card_id,
    )
    for line in ("X,615.555.0177", "Quastel;Annabel", "x,annabel.quastel@EXAMPLE.org", "Zoe,1"):
        hub.query(
            church_id,
            "INSERT INTO card_imports (id, church_id, name, started_by, refused_rows, refused_until)"
            " VALUES (gen_random_uuid(), :c, 'list.csv', 'x', :rows, now()) RETURNING 1",
            c=church_id,
            rows=f"first,phone\n{line}\n".encode("utf-8-sig"),
        )
    hub.query(
        church_id,
        "INSERT INTO questions (id, church_id, location_id, kind, params, key, asked_by, asked_at, wanted_until, state,"
        " due_at, answer, answered_at) SELECT gen_random_uuid(), church_id, id, 'contact', '{}', 'k', 'x', now(),"
        ' now(), \'answered\', now(), \'{"contacts": [{"last_name": "Quastel"}]}\', now() FROM locations RETURNING 1',
    )
    hub.query(
        church_id,
        "INSERT INTO person_keys (church_id, key, outbox_id) SELECT church_id, 'phone:' || phone, id FROM outbox"
        " WHERE card_id = :card RETURNING 1",
        card=card_id,
    )
    hub.query(
        church_id,
        "INSERT INTO card_reservations (card_id, church_id, user_id, until) VALUES (:card, :c, :u, now()) RETURNING 1",
        card=card_id,
        c=church_id,
        u=user,
    )
    return user
