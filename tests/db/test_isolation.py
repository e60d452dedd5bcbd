"""Row-level security: what belongs to one church does not exist for another, even where a query forgets."""

from uuid import UUID

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from ghl import audit
from ghl.cards.find import CardFilter, find
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.db.models import Base, Card, CardRevision, ConsentEvent, Outbox
from ghl.ids import new_id
from tests.support.churches import card_values, church, connected_church, key_ring, save

CHURCH_TABLES = [table.name for table in Base.metadata.sorted_tables if "church_id" in table.c]


@pytest.fixture
def two(database):
    """Two churches with a card each; the first's is wanted by nobody but itself."""
    keys = key_ring()
    grace = connected_church(database, keys, slug="grace", location_id="GRACE")
    hope = connected_church(database, keys, slug="hope", location_id="HOPE")
    said = {"sms_consent": "yes", "consent_wording": "Yes, text me", "prayer_request": "For Tom"}
    (mine,) = save(database, grace, card_values(1, **said))
    (other,) = save(database, hope, card_values(2, **said))
    return grace, hope, mine, other


@pytest.mark.parametrize(
    "table",
    [name for name in CHURCH_TABLES if name not in ("mails", "memberships", "stop_warnings", "web_sessions")],
)
def test_a_raw_select_sees_only_the_church_of_the_transaction(database, two, table):
    grace, hope, *_ = two
    with database.church(grace) as session:
        seen = {row[0] for row in session.execute(text(f"SELECT DISTINCT church_id FROM {table}"))}
    assert hope not in seen


@pytest.mark.parametrize("model", [Card, CardRevision, Outbox, ConsentEvent])
def test_filled_tables_are_seen_by_their_own_church(database, two, model):
    grace, *_ = two
    with database.church(grace) as session:
        assert session.scalars(select(model)).all()


def test_without_a_church_nothing_is_seen(database, two):
    """A connection that served a church before, and a transaction whose church was never set."""
    del two
    with database.church("00000000-0000-7000-8000-000000000000") as session:
        assert session.execute(text("SELECT count(*) FROM cards")).scalar_one() == 0
    with database.church("00000000-0000-7000-8000-000000000000") as session:
        session.execute(text("SELECT set_config('app.org', '', true)"))
        assert session.execute(text("SELECT count(*) FROM cards")).scalar_one() == 0


def test_the_login_itself_may_read_nothing(database_urls):
    from sqlalchemy import create_engine

    engine = create_engine(database_urls.app)
    with engine.connect() as connection:
        for table in inspect(Base.metadata.tables["cards"]).metadata.tables:
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(f"SELECT * FROM {table}"))
            connection.rollback()
        role = connection.execute(
            text("SELECT rolsuper, rolbypassrls, rolinherit FROM pg_roles WHERE rolname = current_user")
        ).one()
    engine.dispose()
    assert tuple(role) == (False, False, False)


def test_another_churchs_row_cannot_be_written(database, two):
    grace, hope, _, other = two
    with database.church(grace) as session:
        changed = session.execute(
            text("UPDATE cards SET status = 'dismissed' WHERE id = :id"), {"id": other.id}
        )
        assert changed.rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"), database.church(grace) as session:
        audit.record(session, church_id=hope, actor="grace", action="forged")


@pytest.mark.parametrize(
    "table", ["cards", "card_revisions", "credentials", "prayer_requests", "consent_events"]
)
def test_system_work_never_reads_what_is_on_cards(database, two, table):
    del two
    with pytest.raises(ProgrammingError, match="permission denied"), database.system() as session:
        session.execute(text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("table", ["consent_events", "audit_entries"])
@pytest.mark.parametrize("change", ["UPDATE {} SET church_id = church_id", "DELETE FROM {}"])
def test_records_are_only_added_to_even_by_the_owner(database, database_urls, two, table, change):
    del database, two
    owner = Database(database_urls.admin)
    with pytest.raises(DBAPIError, match="only ever added to"), owner._engine.begin() as connection:
        connection.execute(text(change.format(table)))
    owner.close()


def test_numbers_are_each_churchs_own(database, two):
    grace, hope, mine, other = two
    assert (mine.number, other.number) == (1, 1)
    assert [saved.number for saved in save(database, grace, card_values(3), card_values(4))] == [2, 3]
    assert save(database, hope, card_values(3))[0].number == 2


def test_a_location_belongs_to_one_church(database, two):
    del two
    from ghl.connection import ConnectionRefusedByUsError

    with pytest.raises(ConnectionRefusedByUsError, match="already connected to another church"):
        connected_church(database, key_ring(), location_id="GRACE")


def test_a_transaction_that_fails_leaves_nothing(database):
    church_id = church(database)

    def fail():
        with database.church(church_id) as session:
            audit.record(session, church_id=church_id, actor="x", action="y")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert database.open_transactions == 0
    with database.church(church_id) as session:
        assert (
            session.execute(text("SELECT count(*) FROM audit_entries WHERE action = 'y'")).scalar_one() == 0
        )


def test_nobody_makes_temporary_tables(database, database_urls, two):
    grace, *_ = two
    # A copy of a database has none of its rights.
    upgrade(database_urls.admin, database_urls.app)
    with pytest.raises(ProgrammingError, match="temporary"), database.church(grace) as session:
        session.execute(text("CREATE TEMP TABLE card_words (card_id uuid)"))


def test_a_temporary_table_stands_in_for_none_of_ours(database, database_urls, two):
    """Even where the server lets the login make some: no function runs in it with the owner's rights."""
    grace, *_ = two
    owner = Database(database_urls.admin)
    with owner._engine.begin() as connection:
        name = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
        connection.execute(text(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC"))
    owner.close()
    with database.church(grace) as session:
        steal = "BEGIN INSERT INTO stolen SELECT current_user, count(*) FROM public.cards; RETURN NEW; END"
        for statement in (
            "CREATE TEMP TABLE stolen (who name, seen bigint)",
            f"CREATE FUNCTION pg_temp.steal() RETURNS trigger LANGUAGE plpgsql AS '{steal}'",
            "CREATE TEMP TABLE card_words (card_id uuid, church_id uuid, words text)",
            "CREATE TRIGGER steal BEFORE INSERT ON card_words FOR EACH ROW EXECUTE FUNCTION pg_temp.steal()",
            "CREATE TEMP TABLE cards (LIKE public.cards)",
            "GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC",
        ):
            session.execute(text(statement))
        fields = {"id": str(new_id()), "church": grace}
        session.execute(
            text(
                "INSERT INTO public.cards (id, church_id, status, source, fingerprint, received_at, status_changed_at,"
                " search) VALUES (:id, :church, 'waiting', 'api', 'x', now(), now(), ' zoe')"
            ),
            fields,
        )
        assert session.execute(text("SELECT count(*) FROM stolen")).scalar_one() == 0
        words = "SELECT words FROM public.card_words WHERE card_id = :id"
        assert session.execute(text(words), fields).scalar_one().startswith(" zoe #")
        assert find(session, grace, CardFilter(words="zoe")).ids == (UUID(fields["id"]),)


def test_functions_with_the_owners_rights_look_for_temporary_things_last(database_urls):
    owner = Database(database_urls.admin)
    with owner._engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'hub'::regnamespace"
            )
        ).all()
    owner.close()
    assert {row.proname for row in found} >= {"find_cards", "keep_card_words", "next_card_number"}
    assert {tuple(row.proconfig) for row in found} == {("search_path=pg_catalog, pg_temp",)}
