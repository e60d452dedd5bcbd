"""The routes that set and take the cookie, and the headers of every answer, as a browser meets them."""

import asyncio
import re
from functools import partialmethod

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard import services
from dashboard.cookies import Cookies
from dashboard.doors import Doors
from dashboard.headers import SecurityHeaders, script_hash, security_headers, streamlit_inline_scripts
from dashboard.plain_page import ONCE
from dashboard.sign_in import sign_in_routes
from ghl.clock import SystemClock
from ghl.config import load_settings
from ghl.guard.guesses import Limit
from ghl.people.links import create_sign_in_link
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.statuses import Role


class Browser:
    """Speaks to the routes without a socket, and keeps cookies."""

    def __init__(self, app):
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://hub.example", follow_redirects=False
        )
        self.cookies = self._client.cookies

    def request(self, method, path, **how):
        return asyncio.run(self._client.request(method, path, **how))

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")


@pytest.fixture
def browser(settings_in_environment):
    def browser(*, https=False, **parts):
        settings = load_settings(public_url="https://hub.example" if https else "http://hub.example")
        app = Starlette(
            routes=sign_in_routes(
                services.container,
                cookies=Cookies(settings),
                doors=Doors(services.container, slow_seconds=0),
                **parts,
            ),
            middleware=[Middleware(SecurityHeaders, headers=security_headers(https=https))],
        )
        return Browser(app)

    return browser


@pytest.fixture
def cookie(settings_in_environment):
    """The name of the session's cookie."""
    return Cookies(load_settings(public_url="http://hub.example")).session


@pytest.fixture
def link(database, church):
    add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")
    return create_sign_in_link(database, "ruth@example.org", clock=SystemClock(), actor="test")


def test_opening_a_link_any_number_of_times_uses_nothing_up(browser, link):
    client = browser()
    for method in ("GET", "HEAD", "GET"):
        answer = client.request(method, "/sign-in", params={"t": link})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert client.post("/sign-in", data={"t": link}).status_code == 303


def test_the_button_signs_in(browser, database, link, cookie):
    answer = browser().post("/sign-in", data={"t": link}, headers={"user-agent": "Firefox"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    given = answer.headers["set-cookie"]
    assert re.search(r"; httponly", given, re.IGNORECASE)
    assert re.search(r"; samesite=lax", given, re.IGNORECASE)
    assert "secure" not in given.lower()
    assert "max-age" not in given.lower()
    assert current(database, answer.cookies[cookie], clock=SystemClock())


def test_who_asks_for_it_stays_signed_in_when_the_browser_is_closed(browser, link):
    client = browser()
    page = client.get("/sign-in", params={"t": link}).text
    assert 'type="checkbox" name="stay"' in page
    assert "checked" not in page.replace('type="checkbox"', "")
    answer = client.post("/sign-in", data={"t": link, "stay": "1"})
    assert re.search(r"; max-age=604800\b", answer.headers["set-cookie"], re.IGNORECASE)


def test_behind_https_the_cookie_stays_there(browser, link):
    answer = browser(https=True).post("/sign-in", data={"t": link})
    given = answer.headers["set-cookie"]
    assert re.search(r"; secure", given, re.IGNORECASE)
    assert given.startswith("__Host-hub_session_")
    assert "; path=/;" in given.lower()
    assert "domain" not in given.lower()
    assert "strict-transport-security" in answer.headers


def test_a_used_link_says_so_and_sets_nothing(browser, link):
    client = browser()
    client.post("/sign-in", data={"t": link})
    client.cookies.clear()
    answer = client.post("/sign-in", data={"t": link})
    assert answer.status_code == 403
    assert "Ask for a new one" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("data", [{}, {"t": ""}, {"t": "x" * 10_000}, {"x": "1"}])
def test_a_form_of_somebody_s_own_making_is_refused(browser, link, data):
    assert browser().post("/sign-in", data=data).status_code == 403


def test_bytes_that_are_no_form_are_refused(browser, link):
    assert browser().post("/sign-in", content=b"\xff\xfe%00&&&&&&&&").status_code in {400, 403}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://hub.example"}, 303),
        ({"origin": "null"}, 303),
        ({}, 303),
    ],
)
def test_another_site_cannot_sign_its_own_person_in_here(browser, link, headers, status):
    assert browser().post("/sign-in", data={"t": link}, headers=headers).status_code == status


def test_a_token_in_the_address_cannot_write_into_the_page(browser):
    answer = browser().get("/sign-in", params={"t": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text


def test_the_page_s_own_script_is_the_only_one_allowed(browser, link):
    answer = browser().get("/sign-in", params={"t": link})
    assert f"<script>{ONCE}</script>" in answer.text
    assert f"script-src '{script_hash(ONCE)}';" in answer.headers["content-security-policy"]


def test_without_a_link_the_page_says_what_to_do(browser):
    text = browser().get("/sign-in").text
    assert "Open the sign-in link" in text
    assert "E-mail me a link" not in text
    assert browser().post("/sign-in/mail", data={"email": "ruth@example.org"}).status_code == 404
    assert browser().get("/sign-in/account").status_code == 404


class TestALinkByMail:
    @pytest.fixture
    def asked(self, sql):
        return lambda: sql("SELECT address, next_path FROM mails")

    def test_is_asked_for_on_the_page_and_leads_back(self, browser, link, asked):
        client = browser(mails=True)
        page = client.get("/sign-in", params={"next": "/cards?status=held"}).text
        assert 'name="next" value="/cards?status=held"' in page
        form = {"email": "Ruth@example.org ", "next": "/cards?status=held"}
        answer = client.post("/sign-in/mail", data=form)
        assert "Look into your mailbox" in answer.text
        assert asked() == [("ruth@example.org", "/cards?status=held")]

    def test_known_and_unknown_addresses_get_the_same_answer_and_leave_the_same(self, browser, link, asked):
        client = browser(mails=True)
        answers = [
            client.post("/sign-in/mail", data={"email": email})
            for email in ("ruth@example.org", "who@example.org", "nonsense", "")
        ]
        assert len({(answer.status_code, answer.text) for answer in answers}) == 1
        assert len({tuple(answer.headers.items()) for answer in answers}) == 1
        assert [row[0] for row in asked()] == ["ruth@example.org", "who@example.org"]

    def test_asking_leads_nowhere_else(self, browser, link, asked):
        client = browser(mails=True)
        client.post("/sign-in/mail", data={"email": "ruth@example.org", "next": "//evil.example"})
        assert asked() == [("ruth@example.org", "")]
        assert "evil" not in client.get("/sign-in", params={"next": "//evil.example"}).text

    def test_another_site_cannot_ask(self, browser, link, asked):
        answer = browser(mails=True).post(
            "/sign-in/mail", data={"email": "ruth@example.org"}, headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403
        assert asked() == []

    def test_only_so_many_are_asked_for_from_one_place(self, browser, link, asked, monkeypatch):
        monkeypatch.setattr("dashboard.sign_in.MAILS", Limit(slow_after=2, refuse_after=4))
        client = browser(mails=True)
        statuses = [
            client.post("/sign-in/mail", data={"email": f"p{n}@example.org"}).status_code for n in range(6)
        ]
        assert statuses == [200] * 4 + [429] * 2
        assert len(asked()) == 4


def test_wrong_links_are_slowed_refused_and_noted_and_a_right_one_still_gets_in(browser, link, sql):
    client = browser()
    statuses = [client.post("/sign-in", data={"t": f"{n:043d}"}).status_code for n in range(32)]
    assert statuses == [403] * 30 + [429] * 2
    told = [row[0] for row in sql("SELECT action FROM audit_entries WHERE action LIKE 'wrong%' ORDER BY id")]
    assert told == ["wrong_tries.slowed", "wrong_tries.refused"]
    assert client.post("/sign-in", data={"t": link}).status_code == 303


def test_with_redis_away_people_sign_in_and_guessers_are_counted_here(browser, link, monkeypatch):
    monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:1/0")
    services.container.clear()
    client = browser()
    statuses = [client.post("/sign-in", data={"t": f"{n:043d}"}).status_code for n in range(31)]
    assert statuses[-1] == 429
    assert client.post("/sign-in", data={"t": link}).status_code == 303


def test_two_hubs_on_one_machine_do_not_sign_each_other_out():
    def cookies(url, public_url="http://127.0.0.1:8501"):
        return Cookies(load_settings(database_url=url, public_url=public_url)).session

    one = cookies("postgresql+psycopg://hub_app:a@/hub?host=/data/one/run")
    other = cookies("postgresql+psycopg://hub_app:a@/hub?host=/data/two/run", "http://127.0.0.1:8601")
    assert one != other
    again = cookies("postgresql+psycopg://hub_app:new-password@/hub?host=/data/one/run")
    assert one == again, "web processes of one hub share it, and a new password signs nobody out"


def test_signing_out_ends_the_session_and_takes_the_cookie(browser, database, link, cookie):
    client = browser()
    secret = client.post("/sign-in", data={"t": link}).cookies[cookie]
    assert client.get("/sign-out").status_code == 200
    assert current(database, secret, clock=SystemClock()), "only the button signs out"
    refused = client.post("/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    answer = client.post("/sign-out")
    assert "You are signed out" in answer.text
    assert current(database, secret, clock=SystemClock()) is None
    assert cookie not in client.cookies
    assert client.post("/sign-out").status_code == 200


def test_a_browser_has_one_person_at_a_time(browser, database, church, link, cookie):
    add_user(database, "pat@example.org", church_id=church, role=Role.STAFF, actor="test")
    second = create_sign_in_link(database, "pat@example.org", clock=SystemClock(), actor="test")
    client = browser()
    ruth = client.post("/sign-in", data={"t": link}).cookies[cookie]
    assert client.post("/sign-in", data={"t": link}).status_code == 403
    assert current(database, ruth, clock=SystemClock()), "a link that does not work signs nobody out"
    pat = client.post("/sign-in", data={"t": second}).cookies[cookie]
    assert current(database, ruth, clock=SystemClock()) is None
    assert current(database, pat, clock=SystemClock())


def test_the_database_away_keeps_the_link(browser, link, monkeypatch):
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://hub_app@127.0.0.1:1/hub")
    services.container.clear()
    answer = browser().post("/sign-in", data={"t": link})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "stays good" in answer.text


def test_every_answer_forbids_frames_guessing_and_foreign_pictures(browser):
    headers = browser().get("/nowhere").headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"


def test_streamlit_s_own_inline_scripts_are_known():
    assert all(
        script_hash(script) in str(security_headers(https=False)) for script in streamlit_inline_scripts()
    )
