"""The postman of a worker: what is asked for arrives, also after the database or the mail server was away."""

import threading
import time

import pytest

from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.config import Settings
from ghl.db.engine import Database
from ghl.mail import smtp_server
from ghl.people.mails import ask_for_link
from ghl.people.users import add_user
from ghl.statuses import Role
from jobs.container import build_container
from jobs.housekeeping import tasks
from jobs.postman import Postman
from tests.support.browser import poll
from tests.support.mailbox import link_in, mail_server

HUB = "https://hub.example.org"


@pytest.fixture
def ruth(database):
    church = add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")
    return add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")


def test_a_mail_that_is_asked_for_arrives(database, ruth):
    stop = threading.Event()
    with mail_server() as mailbox:
        postman = Postman(database, smtp_server(mailbox.url), public_url=HUB, clock=SystemClock())
        thread = threading.Thread(target=postman.run, args=(stop,))
        thread.start()
        try:
            ask_for_link(database, "ruth@example.org", next_path="", clock=SystemClock())
            poll(lambda: mailbox.mails)
            assert link_in(mailbox.mails[0]).startswith(f"{HUB}/sign-in?t=")
        finally:
            stop.set()
            thread.join(20)
    assert not thread.is_alive()
    assert database.open_transactions == 0


def test_the_database_away_ends_no_postman():
    away = Database("postgresql+psycopg://hub_app@127.0.0.1:1/hub")
    postman = Postman(away, smtp_server("smtp://127.0.0.1:1"), public_url=HUB, clock=SystemClock())
    assert postman._turn() > 1
    away.close()


@pytest.mark.parametrize(("server", "url"), [(None, HUB), ("smtp://127.0.0.1:1", "")])
def test_without_a_server_or_an_address_there_is_nothing_to_do(database, ruth, server, url):
    ask_for_link(database, "ruth@example.org", next_path="", clock=SystemClock())
    began = time.monotonic()
    Postman(database, smtp_server(server) if server else None, public_url=url, clock=SystemClock()).run(
        threading.Event()
    )
    assert time.monotonic() - began < 60, "it returned"


def test_what_is_too_old_is_swept_up(database, database_urls, redis_url, ruth):
    from sqlalchemy import create_engine, text

    ask_for_link(database, "ruth@example.org", next_path="", clock=SystemClock())
    engine = create_engine(database_urls.admin)
    with engine.begin() as owner:
        owner.execute(text("UPDATE mails SET wanted_until = now() - interval '1 second'"))
        owner.execute(
            text("INSERT INTO used_states VALUES ('\\x01', now() - interval '1 hour'), ('\\x02', now())")
        )
    settings = Settings(_env_file=None, database_url=database_urls.app, redis_url=redis_url)
    container = build_container(settings, name="test")
    (prune,) = [task for task in tasks(container) if task.name == "prune sign-in links and sessions"]
    prune.run()
    container.close()
    with engine.connect() as connection:
        left = connection.execute(
            text("SELECT (SELECT count(*) FROM mails), (SELECT count(*) FROM used_states)")
        )
        assert tuple(left.one()) == (0, 1)
    engine.dispose()
