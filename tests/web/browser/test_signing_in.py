"""Signing in and out in a real browser: with an account of a provider, by a mailed link, and in the list of browsers."""

import threading
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.cookies import Cookies
from dashboard.doors import Doors
from dashboard.headers import SecurityHeaders, security_headers
from dashboard.oidc import CALLBACK_PATH
from dashboard.sign_in import sign_in_routes
from ghl.clock import SystemClock
from ghl.config import Settings
from ghl.intake.serve import listen
from ghl.people.oidc.provider import Provider, ProviderSettings
from ghl.people.users import add_user
from ghl.statuses import Role
from jobs.container import build_container
from tests.support.browser import poll, readable
from tests.support.provider import User, identity_provider

pytestmark = pytest.mark.filterwarnings(
    "ignore:get_jwt_config:DeprecationWarning", "ignore::DeprecationWarning:authlib"
)


@pytest.fixture
def ways_in(hub, _valkey_url, slug):
    """The address of the sign-in routes alone, with a provider and a mail server set."""
    claims = {"email": f"ruth@{slug}.example.org", "email_verified": True}
    with identity_provider(User(sub="ruth", claims=claims)) as accounts, listen("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(_env_file=None, database_url=hub.urls.app, redis_url=_valkey_url, public_url=url)
        container = build_container(settings, name="test")
        account = ProviderSettings(
            issuer=accounts.url, client_id="hub", client_secret=SecretStr("geheim"), name="Google"
        )
        app = Starlette(
            routes=sign_in_routes(
                lambda: container,
                cookies=Cookies(settings),
                doors=Doors(lambda: container),
                provider=Provider(account, redirect_uri=f"{url}{CALLBACK_PATH}", clock=SystemClock()),
                mails=True,
            ),
            middleware=[Middleware(SecurityHeaders, headers=security_headers(https=False))],
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        poll(lambda: server.started, 10)
        yield url
        server.should_exit = True
        thread.join(15)
        container.close()


@pytest.fixture
def visitor(chromium):
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def test_with_an_account_there_and_back(ways_in, visitor, database, church, slug):
    add_user(database, f"ruth@{slug}.example.org", church_id=church, role=Role.STAFF, actor="test")
    visitor.goto(f"{ways_in}/sign-in?next=/cards")
    readable(
        visitor,
        lambda: expect(visitor.get_by_role("link", name="Sign in with Google")).to_be_visible(),
        name="sign-in",
    )
    visitor.get_by_role("link", name="Sign in with Google").click()
    visitor.wait_for_url("http://localhost:*/oauth2/authorize**")
    visitor.get_by_role("button", name="ruth").click()
    visitor.wait_for_url(f"{ways_in}/cards")
    (cookie,) = visitor.context.cookies(ways_in)
    assert cookie["name"].startswith("hub_session_")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)


def test_nobody_of_that_name_here(ways_in, visitor):
    visitor.goto(f"{ways_in}/sign-in/account")
    visitor.get_by_role("button", name="ruth").click()
    expect(visitor.get_by_role("heading", name="You are not in a team here yet")).to_be_visible()
    readable(
        visitor,
        lambda: expect(visitor.get_by_role("link", name="Try again")).to_be_visible(),
        name="sign-in-unknown",
        reload=False,
    )


def test_asking_for_a_link(ways_in, visitor, sql, slug):
    visitor.goto(f"{ways_in}/sign-in")
    visitor.get_by_label("Your e-mail address").fill(f"ruth@{slug}.example.org")
    visitor.get_by_role("button", name="E-mail me a link").dblclick()
    expect(visitor.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    readable(
        visitor,
        lambda: expect(visitor.get_by_role("heading", name="Look into your mailbox")).to_be_visible(),
        name="sign-in-mailed",
        reload=False,
    )
    assert sql("SELECT count(*) FROM mails WHERE address = :email", email=f"ruth@{slug}.example.org") == [
        (1,)
    ]


def test_signing_out_another_browser_ends_it_in_all_its_tabs(person, at_home):
    here = person("signed_in")
    there = person("cards", user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) Version/18.1 Safari/604.1")
    expect(there.get_by_role("heading", name="All cards")).to_be_visible(timeout=30_000)

    def listed():
        expect(here.get_by_text("Safari on iPhone")).to_be_visible(timeout=30_000)
        expect(here.get_by_text("This browser")).to_be_visible()

    readable(here, listed, name="signed-in")
    here.get_by_test_id("stMain").get_by_role("button", name="Sign out", exact=True).click()
    expect(here.get_by_text("Signed out: Safari on iPhone.")).to_be_visible(timeout=30_000)
    expect(there.get_by_role("heading", name="You are signed out")).to_be_visible(timeout=30_000)
    # Back to the page they were on, by way of signing in.
    address = there.get_by_role("link", name="Sign in").get_attribute("href")
    assert address == "/sign-in?next=%2Fcards"
    at_home(here)


def test_the_menu_leads_there(person):
    page = person()
    page.get_by_role("link", name="Where you are signed in").click()
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible(timeout=30_000)


class TestTheServer:
    """The real web process, past all browsers."""

    def test_it_answers_to_its_own_names(self, web):
        assert httpx.get(f"{web}/sign-in", headers={"Host": "evil.example"}).status_code == 421
        assert httpx.get(f"{web}/", headers={"Host": "evil.example"}).status_code == 421
        assert httpx.get(f"{web}/sign-in").status_code == 200
        assert httpx.get(f"{web}/_stcore/health", headers={"Host": "10.1.2.3"}).status_code == 200

    def test_a_page_of_another_site_opens_no_connection(self, web):
        host = urlsplit(web).netloc
        address = f"ws://{host}/_stcore/stream"
        for origin in ("https://evil.example", "http://localhost:3000", "null"):
            with pytest.raises(InvalidStatus) as caught:
                connect(address, origin=origin, subprotocols=["streamlit"])
            assert caught.value.response.status_code == 403
        with connect(address, origin=web, subprotocols=["streamlit"]) as own:
            assert own.subprotocol == "streamlit"

    def test_nothing_is_uploaded_without_the_page_s_own_token(self, web):
        answer = httpx.put(f"{web}/_stcore/upload_file/session/file", files={"file": b"x"})
        assert answer.status_code == 403

    def test_every_answer_has_its_headers(self, web):
        for path in ("/", "/sign-in", "/_stcore/health", "/nowhere", "/static/none"):
            headers = httpx.get(f"{web}{path}").headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["permissions-policy"]
            assert "server" not in headers
