"""Migrations: they make what the models say, can be undone, and may be run at once and again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import create_engine, make_url, text

from ghl.db.errors import DatabaseSetupError
from ghl.db.migrate import alembic_config, upgrade
from tests.support.churches import card_values, church, connected_church, key_ring, save
from tests.support.filling import fill


def test_models_and_migrations_agree(database_urls):
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.check(alembic_config(connection))
    engine.dispose()


def test_down_and_up_again(database_urls):
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "base")
        connection.commit()
        left = connection.execute(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        ).all()
    engine.dispose()
    assert left == []
    upgrade(database_urls.admin, database_urls.app)


def test_cards_that_are_there_already_are_filled(database, database_urls):
    """More of them than one batch, saved by the hub before it knew the words of cards."""
    grace, hope = church(database, slug="grace"), connected_church(database, key_ring(), slug="hope")
    (kept,) = save(database, hope, card_values(1))
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0003")
        connection.commit()
        connection.execute(text("UPDATE churches SET review_all = slug = 'grace'"))
        connection.execute(
            text(
                "WITH made AS (INSERT INTO cards (id, church_id, number, status, source, fingerprint, first_name,"
                "   last_name, received_at, status_changed_at)"
                " SELECT gen_random_uuid(), :church, n, 'dismissed', 'api', n::text::bytea, 'Zoë' || n, 'O''Hara',"
                "   now(), now() FROM generate_series(1, 5003) AS n RETURNING id, church_id)"
                " INSERT INTO card_revisions (card_id, no, church_id, fields, created_at, created_by)"
                ' SELECT id, 1, church_id, \'{"campus": "North", "first_time": true}\', now(), \'api\' FROM made'
            ),
            {"church": grace},
        )
        connection.execute(
            text(
                "UPDATE cards SET status = 'needs_attention', cause = 'phone_kept_different',"
                ' facts = \'{"contact_id": "C1"}\' WHERE church_id = :church'
            ),
            {"church": hope},
        )
        connection.commit()
        upgrade(database_urls.admin, database_urls.app)
        filled = connection.execute(
            text(
                "SELECT c.search, w.words, c.campus, c.first_time, c.facts ->> 'was' FROM cards c"
                " JOIN card_words w ON w.card_id = c.id WHERE c.number IN (1, 5003) AND c.church_id = :church"
                " ORDER BY c.number"
            ),
            {"church": grace},
        ).all()
        assert [tuple(row) for row in filled] == [
            (f" zoe{n} ohara", f" zoe{n} ohara #{n} ", "North", True, "to_review") for n in (1, 5003)
        ]
        counted = (
            "SELECT count(*), count(*) FILTER (WHERE search <> '') FROM card_words JOIN cards ON card_id = id"
        )
        assert tuple(connection.execute(text(counted)).one()) == (5004, 5004)
        made = "SELECT c.id, l.contact_id FROM cards c JOIN contact_links l ON l.contact_id = c.contact_id"
        assert [tuple(row) for row in connection.execute(text(made))] == [(kept.id, "C1")]
    engine.dispose()


def test_churches_that_are_at_work_already_are_closed_to_who_runs_the_installation(database, database_urls):
    """Also where no session tells of an admin any more: by the change log, by a token, by a card."""
    connected_church(database, key_ring(), slug="token")
    save(database, church(database, slug="card"), card_values(1))
    for slug in ("signed-in", "came", "was-admin", "staff", "new"):
        church(database, slug=slug)
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0008")
        connection.execute(
            text("INSERT INTO users (id, email) SELECT md5(slug)::uuid, slug || '@example.org' FROM churches")
        )
        connection.execute(
            text(
                "INSERT INTO memberships (user_id, church_id, role) SELECT md5(slug)::uuid, id,"
                " CASE WHEN slug IN ('staff', 'was-admin') THEN 'staff' ELSE 'admin' END FROM churches"
            )
        )
        for slug, action, facts in (
            ("signed-in", "user.signed_in", "{}"),
            ("came", "user.came", "{}"),
            ("was-admin", "user.signed_in", "{}"),
            ("was-admin", "user.changed", '{"was": "admin"}'),
            ("staff", "user.signed_in", "{}"),
            ("new", "user.added", "{}"),
        ):
            connection.execute(
                text(
                    "INSERT INTO audit_entries (church_id, actor, action, subject, facts) SELECT id, 'x', :action,"
                    " 'user:' || md5(slug)::uuid, CAST(:facts AS jsonb) FROM churches WHERE slug = :slug"
                ),
                {"slug": slug, "action": action, "facts": facts},
            )
        connection.commit()
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
        open_to_ops = connection.scalars(
            text("SELECT slug FROM churches WHERE admin_came_at IS NULL ORDER BY slug")
        ).all()
    engine.dispose()
    assert open_to_ops == ["new", "staff"]


def test_two_hubs_migrating_at_once_take_turns(database_urls):
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(upgrade, database_urls.admin, database_urls.app) for _ in range(4)]:
            done.result(30)


def test_a_server_that_does_not_answer_is_one_clear_line():
    url = "postgresql+psycopg://hub:secret@127.0.0.1:1/hub"
    with pytest.raises(
        DatabaseSetupError, match=r"PostgreSQL does not answer at 127\.0\.0\.1:1/hub"
    ) as caught:
        upgrade(url, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_imports_come_to_a_filled_database(database_urls):
    """Cards of before have no list; all of them stay, and lists find theirs from then on."""
    fill(database_urls, cards=2_000, churches=3)
    engine = create_engine(make_url(database_urls.admin))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0006_core")
        connection.commit()
        assert connection.scalar(text("SELECT count(*) FROM cards")) == 2_000
    upgrade(database_urls.admin, database_urls.app)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), count(import_id) FROM cards")).one() == (2_000, 0)
        assert connection.scalar(text("SELECT count(*) FROM card_imports")) == 0
    engine.dispose()


def test_teams_that_are_there_already_keep_their_names_and_when_they_were_seen(database, database_urls):
    grace, hope = church(database, slug="grace"), church(database, slug="hope")
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0006_questions")
        connection.execute(
            text(
                "INSERT INTO users (id, email, name) VALUES (md5('r')::uuid, 'ruth@example.org', 'Ruth'),"
                " (md5('p')::uuid, 'pat@example.org', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO memberships (user_id, church_id, role) SELECT id, :grace, 'admin' FROM users"
                " UNION ALL SELECT id, :hope, 'viewer' FROM users WHERE name <> ''"
            ),
            {"grace": grace, "hope": hope},
        )
        connection.execute(
            text(
                "INSERT INTO web_sessions (token_hash, user_id, church_id, seen_at, expires_at)"
                " SELECT md5(n::text)::bytea, md5('r')::uuid, :grace, timestamptz '2026-11-20' + n * interval '1 day',"
                " now() FROM generate_series(1, 3) AS n"
            ),
            {"grace": grace},
        )
        connection.commit()
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
        found = connection.execute(
            text(
                "SELECT c.slug, m.name, m.seen_at::date::text FROM memberships AS m JOIN churches AS c ON c.id = m.church_id"
                " ORDER BY 1, 2"
            )
        ).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [
        ("grace", "", None),
        ("grace", "Ruth", "2026-11-23"),
        ("hope", "Ruth", None),
    ]
