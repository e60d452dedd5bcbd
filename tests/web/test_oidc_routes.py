"""Signing in with an account of a real provider on this machine: who gets in, who does not, and what went wrong."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from dashboard import services
from dashboard.cookies import Cookies
from dashboard.doors import Doors
from dashboard.oidc import CALLBACK_PATH, OIDC_PATH
from dashboard.sign_in import sign_in_routes
from ghl.clock import SystemClock
from ghl.config import Settings, load_settings
from ghl.doctor_sign_in import sign_in as examine_sign_in
from ghl.people.oidc import provider as provider_module
from ghl.people.oidc.provider import Provider, ProviderSettings
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.mailbox import mail_server
from tests.support.provider import User, identity_provider

HUB = "http://hub.example"

# What the mock stands on will be gone from a later authlib.
pytestmark = pytest.mark.filterwarnings(
    "ignore:get_jwt_config:DeprecationWarning", "ignore::DeprecationWarning:authlib"
)


@pytest.fixture(scope="module")
def _accounts():
    verified = {"email_verified": True}
    with identity_provider(
        User(sub="ruth", claims={"email": "Ruth@example.org", **verified}),
        User(sub="ruth-2", claims={"email": "ruth@example.org", **verified}),
        User(sub="pat", claims={"email": "pat@example.org", **verified}),
        User(sub="unsure", claims={"email": "ruth@example.org", "email_verified": False}),
        User(sub="silent", claims={"email": "ruth@example.org", "preferred_username": "ruth@example.org"}),
    ) as accounts:
        yield accounts


@pytest.fixture
def accounts(_accounts):
    _accounts.twist, _accounts.fail, _accounts.published = {}, 0, None
    _accounts.asked.clear()
    yield _accounts
    _accounts.hang.set()


@pytest.fixture
def ruth(database, church):
    return add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")


@pytest.fixture
def later():
    """A clock that runs ahead of the machine's."""

    class Later(SystemClock):
        ahead = 0.0

        def monotonic(self):
            return super().monotonic() + self.ahead

    return Later()


@pytest.fixture
def app(settings_in_environment, accounts, later):
    secret = SecretStr("geheim")
    settings = ProviderSettings(issuer=accounts.url, client_id="hub", client_secret=secret, name="Google")
    provider = Provider(settings, redirect_uri=f"{HUB}{CALLBACK_PATH}", clock=later)
    doors = Doors(services.container, slow_seconds=0)
    cookies = Cookies(load_settings(public_url=HUB))
    return Starlette(
        routes=sign_in_routes(services.container, cookies=cookies, doors=doors, provider=provider)
    )


@pytest.fixture
def browser(app):
    class Browser:
        """A browser at the hub. `go` follows our link to the provider and returns where that is."""

        def __init__(self):
            transport = httpx.ASGITransport(app, client=("192.0.2.7", 1))
            self._client = httpx.AsyncClient(transport=transport, base_url=HUB, follow_redirects=False)
            self.cookies = self._client.cookies

        def get(self, address):
            return asyncio.run(self._client.get(address))

        def go(self, next_path=""):
            answer = self.get(f"{OIDC_PATH}?next={next_path}")
            assert answer.status_code == 303, answer.text
            return answer.headers["location"]

    return Browser


@pytest.fixture
def signed_in(database):
    """Who an answer signed in."""

    def signed_in(answer):
        cookie = answer.cookies.get(Cookies(load_settings()).session)
        return current(database, cookie, clock=SystemClock())

    return signed_in


@pytest.fixture
def noted(sql):
    return lambda: [row[0] for row in sql("SELECT action FROM audit_entries ORDER BY id")]


def test_a_person_gets_in_and_lands_on_the_page_they_asked_for(browser, accounts, ruth, signed_in, noted):
    client = browser()
    assert "Sign in with Google" in client.get("/sign-in").text
    answer = client.get(accounts.consent(client.go("/cards%3Fstatus=held"), "ruth"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/cards?status=held")
    assert signed_in(answer).user_id == ruth
    assert "user.identity_bound" in noted()
    assert not [name for name in client.cookies if "flow" in name], "nothing of the way there is left"


def test_the_provider_is_told_no_more_than_it_must_know(browser, accounts):
    asked = parse_qs(urlsplit(browser().go("/card%3Fid=7")).query)
    assert asked.keys() == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
    assert "card" not in str(asked)


def test_who_signed_in_once_is_known_by_the_account_and_not_by_the_address(
    browser, accounts, ruth, signed_in, sql
):
    client = browser()
    client.get(accounts.consent(client.go(), "ruth"))
    accounts.twist = {"email": "new@example.org", "email_verified": False}
    assert signed_in(client.get(accounts.consent(client.go(), "ruth"))).user_id == ruth

    accounts.twist = {}
    other = client.get(accounts.consent(client.go(), "ruth-2"))
    assert other.status_code == 403
    assert "another Google account" in other.text
    assert sql("SELECT count(*) FROM user_identities")[0][0] == 1


def test_nobody_makes_an_account_for_themselves(browser, accounts, ruth, signed_in, noted, sql):
    client = browser()
    answer = client.get(accounts.consent(client.go(), "pat"))
    assert answer.status_code == 403
    assert "Ask an admin of your church" in answer.text
    assert signed_in(answer) is None
    assert "sign_in.turned_away" in noted()
    assert sql("SELECT email FROM users") == [("ruth@example.org",)]


@pytest.mark.parametrize("sub", ["unsure", "silent"])
def test_an_address_that_the_provider_does_not_vouch_for_proves_nothing(
    browser, accounts, ruth, signed_in, sub
):
    client = browser()
    answer = client.get(accounts.consent(client.go(), sub))
    assert answer.status_code == 403
    assert "not confirmed" in answer.text
    assert signed_in(answer) is None


def test_a_return_works_once(browser, accounts, ruth, signed_in):
    client = browser()
    address = client.go()
    kept = dict(client.cookies)
    back = accounts.consent(address, "ruth")
    assert signed_in(client.get(back))
    client.cookies.update(kept)
    again = client.get(back)
    assert again.status_code == 403
    assert signed_in(again) is None


def test_of_many_returns_at_once_one_gets_in(app, browser, accounts, ruth, signed_in):
    client = browser()
    back = accounts.consent(client.go(), "ruth")
    kept = dict(client.cookies)

    def come(_):
        other = browser()
        other.cookies.update(kept)
        return signed_in(other.get(back))

    with ThreadPoolExecutor(6) as pool:
        assert len([who for who in pool.map(come, range(6)) if who]) == 1


def test_a_return_belongs_to_the_browser_that_was_sent(browser, accounts, ruth, signed_in):
    attacker, victim = browser(), browser()
    back = accounts.consent(attacker.go(), "ruth")
    assert signed_in(victim.get(back)) is None
    victim.go()
    assert signed_in(victim.get(back)) is None, "not with a way of its own under way either"


def test_two_tabs_that_sign_in_at_once_do_not_disturb_each_other(browser, accounts, ruth, signed_in):
    client = browser()
    first, second = client.go("/home"), client.go("/cards")
    assert client.get(accounts.consent(first, "ruth")).headers["location"] == "/home"
    assert client.get(accounts.consent(second, "ruth")).headers["location"] == "/cards"


@pytest.mark.parametrize(
    "twist",
    [
        {"nonce": "somebody else's"},
        {"nonce": None},
        {"aud": "another-app"},
        {"aud": ["hub", "another-app"], "azp": "another-app"},
        {"iss": "https://accounts.example.net"},
        {"exp": 1_700_000_000, "iat": 1_699_999_000},
        {"exp": None},
        {"sub": None},
        {"sub": "x" * 300},
        {"sub": ["ruth"]},
    ],
    ids="-".join,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(browser, accounts, ruth, signed_in, twist):
    client = browser()
    accounts.twist = twist
    answer = client.get(accounts.consent(client.go(), "ruth"))
    assert answer.status_code == 403
    assert signed_in(answer) is None


@pytest.mark.parametrize(("ago", "good"), [(20, True), (300, False)])
def test_clocks_may_differ_by_a_minute(browser, accounts, ruth, signed_in, ago, good):
    client = browser()
    accounts.twist = {"exp": int(time.time()) - ago}
    assert bool(signed_in(client.get(accounts.consent(client.go(), "ruth")))) is good


def test_a_token_signed_by_somebody_else_is_refused(browser, accounts, ruth, signed_in):
    client = browser()
    accounts.published = list(accounts.keys)
    accounts.rotate()
    assert signed_in(client.get(accounts.consent(client.go(), "ruth"))) is None


def test_a_token_as_large_as_those_of_people_in_many_groups(browser, accounts, ruth, signed_in):
    client = browser()
    accounts.twist = {"groups": [f"group-{n:05d}-of-a-large-church" for n in range(2000)]}
    answer = client.get(accounts.consent(client.go(), "ruth"))
    assert len(accounts.tokens[-1]) > 60_000
    assert signed_in(answer).user_id == ruth
    assert all(len(cookie) < 400 for cookie in answer.headers.get_list("set-cookie"))


def test_new_keys_of_the_provider_are_taken_and_the_old_ones_kept_no_longer(
    browser, accounts, ruth, signed_in, later
):
    client = browser()
    assert signed_in(client.get(accounts.consent(client.go(), "ruth")))
    asked = accounts.asked.count("/jwks")
    assert signed_in(client.get(accounts.consent(client.go(), "ruth")))
    assert accounts.asked.count("/jwks") == asked, "keys are kept"

    accounts.rotate()
    later.ahead += 61
    assert signed_in(client.get(accounts.consent(client.go(), "ruth")))
    assert accounts.asked.count("/jwks") == asked + 1


def test_unknown_keys_do_not_make_us_ask_over_and_over(browser, accounts, ruth, signed_in, later):
    client = browser()
    signed_in(client.get(accounts.consent(client.go(), "ruth")))
    accounts.published = list(accounts.keys)
    accounts.rotate()
    later.ahead += 61
    asked = accounts.asked.count("/jwks")
    for _ in range(3):
        assert signed_in(client.get(accounts.consent(client.go(), "ruth"))) is None
    assert accounts.asked.count("/jwks") == asked + 1


def test_a_provider_in_trouble_gets_a_plain_page_with_a_way_on(browser, accounts, ruth):
    accounts.fail = 503
    client = browser()
    answer = client.get(OIDC_PATH)
    assert answer.status_code == 503
    assert "Try again" in answer.text
    accounts.fail = 0
    back = accounts.consent(client.go(), "ruth")
    accounts.fail = 502
    answer = client.get(back)
    assert (answer.status_code, "set-cookie" in answer.headers) == (503, True)
    assert "Google doesn" in answer.text


def test_a_provider_that_hangs_holds_no_thread_and_ends_in_the_same_page(
    browser, accounts, ruth, monkeypatch
):
    monkeypatch.setattr(provider_module, "WITHIN", 0.3)
    client = browser()
    accounts.hang.clear()
    before = threading.active_count()
    assert client.get(OIDC_PATH).status_code == 503
    assert threading.active_count() <= before + 1, "the provider's own thread alone"
    accounts.hang.set()


def test_a_provider_that_is_gone(browser, ruth, accounts, settings_in_environment):
    settings = ProviderSettings(issuer="http://localhost:9", client_id="hub", name="Google")
    provider = Provider(settings, redirect_uri=f"{HUB}{CALLBACK_PATH}", clock=SystemClock())
    routes = sign_in_routes(
        services.container,
        cookies=Cookies(load_settings(public_url=HUB)),
        doors=Doors(services.container),
        provider=provider,
    )
    client = httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url=HUB)
    assert asyncio.run(client.get(OIDC_PATH)).status_code == 503


def test_who_presses_cancel_is_told_that_nothing_happened(browser, accounts, ruth, signed_in):
    client = browser()
    answer = client.get(accounts.refuse(client.go()))
    assert "was not finished" in answer.text
    assert signed_in(answer) is None


def test_nobody_is_sent_to_another_site(browser, accounts, ruth):
    client = browser()
    for asked in (
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/sign-out",
        "/..//evil.example",
        "%00",
    ):
        answer = client.get(accounts.consent(client.go(asked), "ruth"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), asked
        assert "evil" not in client.get(f"/sign-in?next={asked}").text


def test_made_up_returns_are_counted_and_refused_and_a_right_one_still_gets_in(
    browser, accounts, ruth, signed_in, noted
):
    client = browser()
    states = [f"{n:043d}" for n in range(31)]
    answers = [client.get(f"{CALLBACK_PATH}?state={state}&code=x").status_code for state in states]
    assert answers[0] == 403
    assert answers[-1] == 429
    assert noted().count("wrong_tries.slowed") == 1
    assert noted().count("wrong_tries.refused") == 1
    assert signed_in(client.get(accounts.consent(client.go(), "ruth"))), "Sunday goes on"


def test_a_return_of_somebody_s_own_making(browser):
    for query in ("", "?state=", "?state=x", "?code=1", "?state=%00&code=%FF", "?iss=x&error=y"):
        assert browser().get(f"{CALLBACK_PATH}{query}").status_code == 403, query


def test_the_doctor_looks_at_the_mail_server_and_the_provider(accounts, later):
    def found(**more):
        settings = Settings(_env_file=None, public_url=HUB, **more)
        return [finding.id for finding in examine_sign_in(settings, clock=later)]

    provider = {"oidc_client_id": "hub", "oidc_issuer": accounts.url}
    with mail_server() as mailbox:
        assert found(smtp_url=mailbox.url, **provider) == ["mail.right", "provider.right"]
        assert mailbox.mails == []
    accounts.fail = 500
    assert found(smtp_url="smtp://127.0.0.1:1", **provider) == ["mail.refused", "provider.away"]
    assert found() == []
    unnamed = Settings(_env_file=None, smtp_url="smtp://127.0.0.1:1")
    assert [one.id for one in examine_sign_in(unnamed, clock=later)] == ["mail.no_address"]
