"""Two churches with everything that has an id, the ids of the other one, and ids that nobody has."""

import hashlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from ghl.cards import drafts, imports
from ghl.cards.fields import parse_card
from ghl.cards.imports import Counts, RefusedRows
from ghl.cards.notes import add_note
from ghl.cards.review import reserve
from ghl.cards.save import NewCard, save_cards
from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.connection.asking import ask_about
from ghl.connection.paste import read_paste
from ghl.connection.trials import publish_sealing_keys
from ghl.crypto import KeyRing, new_key_line
from ghl.ids import new_id
from ghl.people import help as helping
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.policy import SignedIn
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.questions.ask import ask
from ghl.sources import create_source_key
from ghl.statuses import CardSource, CardStatus, Role
from tests.cli.conftest import (  # noqa: F401 - fixtures
    _compiled,
    _logs_as_before,
    bare_environment,
    environment,
    hub,
    simulator,
)
from tests.support.cards import CardMaker
from tests.support.churches import TOKEN, connected_church
from tests.web.conftest import main_module, open_page, settings_in_environment  # noqa: F401 - fixtures

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)
KEYS = new_key_line(1)
"""The encryption keys of this world, for commands as well."""

SIGN = "Zerubbabel"
"""Part of every name and text on the other church's cards: nobody but that church may see it."""
TEAM_SIGN = "Jehoshaphat"
"""Part of the names of the other church's people: its own pages show them, and those of who runs the installation."""


@dataclass(frozen=True)
class Ids:
    """One of everything. `card` is to review, `stopped` needs somebody; `helper` runs the installation and asks to help."""

    church: UUID
    name: str
    card: UUID
    stopped: UUID
    contact: str
    number: int
    import_id: UUID
    question: UUID
    request: UUID
    outage: int
    event: int
    difference: UUID
    key: UUID
    credential: UUID
    location: UUID
    user: UUID
    member: UUID
    session: UUID
    helper: UUID
    help: UUID
    trial: UUID
    message: UUID
    template: UUID
    cursor: tuple[datetime, UUID]
    public_id: str
    slug: str


@dataclass(frozen=True)
class World:
    """`grace` asks; `hope` is the other church. `ids` by whose they are: own, theirs, nobody's."""

    grace: UUID
    hope: UUID
    reader: SignedIn
    cookie: str
    source_key: str
    keys: KeyRing
    ids: dict[str, Ids]


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def snapshot(sql):
    """What stands in every table now, but when somebody was last seen: two alike mean that nothing was done."""
    tables = [
        row[0]
        for row in sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        if row[0] not in {"heartbeats", "alembic_version"}
    ]
    every = " UNION ALL ".join(
        f"SELECT '{name}', (to_jsonb(t) - 'seen_at')::text FROM {name} AS t" for name in tables
    )

    def snapshot():
        rows = sorted(map(tuple, sql(every)))
        return hashlib.sha256(repr(rows).encode()).hexdigest(), len(rows)

    return snapshot


@pytest.fixture
def world(database, sql):
    return build(database, sql)


def build(database, sql) -> World:
    sql(
        "INSERT INTO heartbeats (id, kind, host, pid, started_at, seen_at)"
        " SELECT gen_random_uuid(), kind, 'test', 1, now(), now() + interval '1 hour'"
        " FROM unnest(ARRAY['worker', 'scheduler']) AS kind"
    )
    keys = KeyRing.parse(KEYS)
    with database.system() as session:
        publish_sealing_keys(session, keys)
    grace, own, secret = furnish(database, sql, keys, "grace", "Anna", "Ruth", cards=0)
    hope, theirs, _ = furnish(database, sql, keys, "hope", SIGN, TEAM_SIGN, cards=40)
    nobody = Ids(
        **{field.name: new_id() for field in fields(Ids) if field.type is UUID},
        name="Nobody",
        contact="CNOBODY",
        number=987_654,
        outage=987_654,
        event=987_654,
        cursor=(theirs.cursor[0], new_id()),
        public_id="nobody-has-this1",
        slug="nobody",
    )
    seal(database)
    watch(database)
    link = create_sign_in_link(database, "ruth@grace.example.org", clock=SystemClock(), actor="test")
    cookie = redeem(database, link, user_agent="test", clock=SystemClock())
    reader = current(database, cookie, clock=SystemClock())
    assert isinstance(reader, SignedIn)
    return World(
        grace, hope, reader, cookie, secret, keys, {"own": own, "theirs": theirs, "nobody's": nobody}
    )


def furnish(database, sql, keys, slug, name, person, *, cards) -> tuple[UUID, Ids, str]:
    church_id = connected_church(database, keys, slug=slug, location_id=f"LOC{slug}")
    actor = f"test {slug}"
    user = add_user(
        database,
        f"ruth@{slug}.example.org",
        name=person,
        church_id=church_id,
        role=Role.ADMIN,
        reads_prayers=True,
        actor=actor,
    )
    member = add_user(
        database,
        f"tom@{slug}.example.org",
        name=f"{person} Tom",
        church_id=church_id,
        role=Role.STAFF,
        actor=actor,
    )
    helper = add_user(database, f"helper@{slug}.example.org", name=f"{person} Helper", ops=True, actor=actor)
    asked = helping.ask(database, church_id, helper, reason=f"{name} asked for it")
    link = create_sign_in_link(database, f"ruth@{slug}.example.org", clock=SystemClock(), actor=actor)
    redeem(database, link, user_agent=f"{person} browser", clock=SystemClock())
    (browser,) = sql("SELECT id FROM web_sessions WHERE user_id = :u", u=user)
    maker = CardMaker(database, church_id)
    for n in range(cards):
        maker(CardStatus.SYNCED, first_name=f"{name}{n}", received_at=NOW - timedelta(days=1, minutes=n))
    stopped = maker(
        CardStatus.NEEDS_ATTENTION,
        cause="phone_invalid",
        first_name=name,
        received_at=NOW - timedelta(hours=2),
    )
    values = {
        "first_name": name,
        "last_name": name,
        "email": f"{name.lower()}@{slug}.example.org",
        "prayer_request": f"For {name}",
        "service": f"{name} service",
        "campus": f"{name} campus",
    }
    with database.church(church_id) as session:
        sql_id = imports.start(
            session, church_id, name=f"{name}.csv", actor=actor, now=NOW, total=1, review=True
        )
        (saved,) = save_cards(
            session,
            church_id,
            [NewCard(parse_card(values), CardSource.IMPORT, review=True, import_id=sql_id)],
            now=NOW - timedelta(hours=1),
        )
        imports.end(
            session,
            church_id,
            sql_id,
            Counts(created=1, refused=1),
            now=NOW,
            finished=True,
            refused=RefusedRows(name.encode(), prays=True),
        )
        add_note(session, church_id, saved.id, f"{name} called", actor=actor, now=NOW)
        drafts.keep(session, church_id, user, f"card {saved.id}", {"first_name": name}, now=NOW)
        question = ask(session, church_id, "location", {}, actor=actor)
        trial = ask_about(session, church_id, read_paste(f"NEW{slug}0000000000000000", TOKEN), actor=actor)
    assert question is not None
    (credential,) = sql("SELECT id, location_id FROM credentials WHERE church_id = :c", c=church_id)
    request, outage = new_id(), 1
    sql(
        "INSERT INTO retry_requests (id, church_id, token, requested_by, requested_at, wanted, until, foreseen, state, total)"
        " VALUES (:id, :c, :token, :by, now(), '{}', now(), '{}', 'running', 1)",
        id=request,
        c=church_id,
        token=str(request),
        by=actor,
    )
    (outage,) = sql(
        "INSERT INTO outages (church_id, scope, opened_at, closed_at, ended) VALUES"
        " (:c, 'location', now(), now(), 'answered') RETURNING id",
        c=church_id,
    )[0]
    (event,) = sql(
        "INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state) VALUES"
        " (:c, 'app', 'w:1', 'ContactUpdate', convert_to(:body, 'UTF8'), 'failed') RETURNING id",
        c=church_id,
        body=f'{{"type": "ContactUpdate", "id": "C{slug}", "firstName": "{name}"}}',
    )[0]
    (difference,) = sql(
        "INSERT INTO dnd_differences (id, church_id, contact_id, channel, address, kind) VALUES"
        " (gen_random_uuid(), :c, :contact, 'sms', '+16155550000', 'other_number') RETURNING id",
        c=church_id,
        contact=f"C{slug}",
    )[0]
    made = create_source_key(database, church_id, name="Website", actor=actor)
    view = find_church(database, slug)
    with database.church(church_id) as session:
        assert reserve(session, church_id, user, saved.id) if slug == "hope" else True
        prayers_at = session.execute(text("SELECT max(created_at) FROM prayer_requests")).scalar_one()
    template, message = new_id(), new_id()
    sql(
        "WITH made AS (INSERT INTO message_templates (id, church_id, name, channel, purpose, onboarding,"
        " published_version, changed_by) VALUES (:t, :c, 'Welcome', 'sms', 'follow-up', true, 1, 'test')),"
        " said AS (INSERT INTO message_template_versions (template_id, version, church_id, body, created_by)"
        " VALUES (:t, 1, :c, 'Welcome', 'test'))"
        " INSERT INTO messages (id, church_id, card_id, template_id, template_version, channel, purpose, address, person,"
        " idempotency_key, state, cause, requested_by, requested_at, not_before, status_changed_at, sending_at,"
        " ghl_message_id) VALUES (:m, :c, :card, :t, 1, 'sms', 'follow-up', '+16155550000', '', sha256(:key),"
        " 'unsure', 'unsure_none_found', 'test', now(), now(), now(), now(), :given)",
        t=template,
        m=message,
        c=church_id,
        card=saved.id,
        key=message.bytes,
        given=str(message),
    )
    sql(
        "INSERT INTO outbox (church_id, kind, message_id, state, priority, due_at)"
        " VALUES (:c, 'message', :m, 'parked', 10, now())",
        c=church_id,
        m=message,
    )
    ids = Ids(
        message=message,
        template=template,
        church=church_id,
        name=name,
        card=saved.id,
        stopped=stopped,
        contact=f"C{slug}",
        number=saved.number,
        import_id=sql_id,
        question=question.id,
        request=request,
        outage=outage,
        event=event,
        difference=difference,
        key=made.id,
        credential=credential.id,
        location=credential.location_id,
        user=user,
        member=member,
        session=browser.id,
        helper=helper,
        help=asked.id,
        trial=trial,
        cursor=(prayers_at, saved.id),
        public_id=view.public_id,
        slug=slug,
    )
    return church_id, ids, made.key.get_secret_value()
