"""A tab of the driver is shown what a browser is shown: only then does the search for it mean something."""

import os
import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

from pydantic import SecretStr
from sqlalchemy import func, select

from dashboard.cookies import Cookies
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.config import Settings
from ghl.db.models import Card
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.users import add_user
from ghl.sources import create_source_key
from ghl.statuses import Role
from tests.chaos.people import PRAYER
from tests.chaos.prying import Tab, ask_wrongly
from tests.intake.conftest import running
from tests.support.churches import card_values, save
from tests.support.hub import ROOT, wait_for


def test_a_tab_sees_a_prayer_request_and_types_into_fields(database, database_urls, redis_url, tmp_path):
    church_id = add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")
    add_user(
        database, "r@example.org", church_id=church_id, role=Role.ADMIN, reads_prayers=True, actor="test"
    )
    save(database, church_id, card_values(1, prayer_request=f"For {PRAYER}"))
    link = create_sign_in_link(database, "r@example.org", clock=SystemClock(), actor="test")
    secret = redeem(database, link, user_agent="test", clock=SystemClock())
    cookie = f"{Cookies(Settings(database_url=SecretStr(database_urls.app))).session}={secret}"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {
        "HUB_DATABASE_URL": database_urls.app,
        "HUB_REDIS_URL": redis_url,
        "HUB_DATA_DIR": str(tmp_path),
    }
    log = tmp_path / "web.log"
    command = (sys.executable, "-m", "dashboard", "--port", str(port))
    with log.open("w") as output:
        web = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def answers():
        try:
            with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return web.poll() is not None

    try:
        wait_for(answers, within=120, what="the dashboard starts")
        prayers = Tab(f"127.0.0.1:{port}", cookie, "prayers")
        prayers.open("")
        prayers.close()
        assert f"For {PRAYER}" in prayers.seen
        cards = Tab(f"127.0.0.1:{port}", cookie, "cards")
        cards.open("source=api")
        assert cards.fields
        cards.type("Anna1")
        cards.close()
    finally:
        web.terminate()
        web.wait(20)
    assert PRAYER not in log.read_text()


def test_what_the_intake_is_asked_wrongly_it_refuses(database):
    church_id = add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")
    key = create_source_key(database, church_id, name="Website", actor="test").key.get_secret_value()
    with running(database) as intake:
        words = ("Ann Chaosfolka", "+16152000001", "ann@chaosfolk.example")
        ask_wrongly(intake.url, key=key, token="pit-00000000-0000-4000-8000-000000000001", words=words)
    with database.church(church_id) as session:
        assert session.scalar(select(func.count()).select_from(Card)) == 0
