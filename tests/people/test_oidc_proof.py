"""What a provider's answer proves, and where a sign-in ends: decisions without any provider."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.config import LOOPBACK, Settings
from ghl.people.landing import own_path
from ghl.people.oidc.flow import LIFE, SKEW, begin, resume
from ghl.people.oidc.proof import issuer_fault, proven

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
TENANT = "https://login.microsoftonline.com/6c1d2a3b-0000-4000-8000-000000000000/v2.0"
GOOGLE = "https://accounts.google.com"
OTHER = "https://id.example.org"


@pytest.mark.parametrize(
    ("issuer", "claims", "owned"),
    [
        (OTHER, {"email_verified": True}, True),
        (OTHER, {"email_verified": "true"}, True),
        (OTHER, {"email_verified": False}, False),
        (OTHER, {"email_verified": "false"}, False),
        (OTHER, {"email_verified": ["true"]}, False),
        (OTHER, {}, False),
        (OTHER, {"xms_edov": True}, False),
        (OTHER, {"preferred_username": "ruth@grace.org"}, False),
        # Entra ID: only `xms_edov`; `email_verified` is a claim that an app's own admin can map.
        (TENANT, {"xms_edov": True}, True),
        (TENANT, {"xms_edov": 1}, True),
        (TENANT, {"xms_edov": "1"}, True),
        (TENANT, {"xms_edov": False}, False),
        (TENANT, {"email_verified": True}, False),
        (TENANT, {"preferred_username": "ruth@grace.org", "upn": "ruth@grace.org"}, False),
        # Google vouches for its own addresses alone.
        (GOOGLE, {"email_verified": True, "hd": "grace.org"}, True),
        (GOOGLE, {"email_verified": True}, False),
        (GOOGLE, {"hd": "grace.org"}, False),
    ],
)
def test_which_address_is_proven(issuer, claims, owned):
    who = proven(
        {"iss": issuer, "sub": "1", "email": "Ruth@Grace.org", **claims}, trusted_domains=frozenset()
    )
    assert who.email == ("ruth@grace.org" if owned else None)


def test_a_mailbox_at_google_itself():
    claims = {"iss": GOOGLE, "sub": "1", "email": "ruth@gmail.com", "email_verified": True}
    assert proven(claims, trusted_domains=frozenset()).email == "ruth@gmail.com"


def test_a_domain_that_the_admin_trusts_needs_no_more():
    claims = {"iss": TENANT, "sub": "1", "email": "ruth@grace.org"}
    assert proven(claims, trusted_domains={"grace.org"}).email == "ruth@grace.org"
    assert proven(claims, trusted_domains={"race.org"}).email is None
    assert proven(claims | {"email": "ruth@x.grace.org"}, trusted_domains={"grace.org"}).email is None


@pytest.mark.parametrize(
    "email",
    [None, 7, "", "ruth", "ruth@grace.org, pat@grace.org", "Ruth <ruth@grace.org>", "ru\u200bth@grace.org"],
)
def test_what_is_no_plain_address_proves_nothing(email):
    claims = {"iss": OTHER, "sub": "1", "email": email, "email_verified": True}
    assert proven(claims, trusted_domains={"grace.org"}).email is None


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256, "ü"])
def test_who_has_no_name_at_the_provider_is_nobody(subject):
    assert proven({"iss": OTHER, "sub": subject, "email": "a@b.org"}, trusted_domains=frozenset()) is None


class TestTheFlow:
    def test_only_the_browser_that_began_goes_on(self):
        flow, other = begin("/cards", now=NOW), begin("/cards", now=NOW)
        resumed = resume(flow.state, flow.cookie_value, now=NOW)
        assert (resumed.nonce, resumed.verifier, resumed.next_path) == (flow.nonce, flow.verifier, "/cards")
        assert resume(flow.state, other.cookie_value, now=NOW) is None
        assert resume(other.state, flow.cookie_value, now=NOW) is None

    def test_it_lasts_ten_minutes(self):
        flow = begin("", now=NOW)
        assert resume(flow.state, flow.cookie_value, now=NOW + LIFE)
        assert resume(flow.state, flow.cookie_value, now=NOW + LIFE + timedelta(seconds=1)) is None
        assert resume(flow.state, flow.cookie_value, now=NOW - SKEW)
        assert resume(flow.state, flow.cookie_value, now=NOW - SKEW - timedelta(seconds=1)) is None

    def test_nothing_secret_goes_through_the_provider(self):
        flow = begin("", now=NOW)
        assert len({flow.state, flow.secret, flow.nonce, flow.verifier, flow.challenge}) == 5
        assert flow.secret not in repr(flow)

    @given(st.text(max_size=60), st.text(max_size=200))
    def test_any_text_is_refused(self, state, cookie):
        assert resume(state, cookie, now=NOW) is None

    @given(st.text(max_size=80))
    def test_a_cookie_that_somebody_changed_never_lands_elsewhere(self, landing):
        flow = begin("/cards", now=NOW)
        cookie = ".".join([*flow.cookie_value.split(".")[:3], landing])
        resumed = resume(flow.state, cookie, now=NOW)
        assert resumed is None or resumed.next_path == own_path(resumed.next_path)


class TestTheLanding:
    @pytest.mark.parametrize(
        "path", ["/cards", "/cards?status=held&page=2", "/card?number=1042", "/?status=waiting"]
    )
    def test_pages_of_ours(self, path):
        assert own_path(path) == path

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "cards",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "https:evil.example",
            "/\tevil",
            "/cards\r\nSet-Cookie: x=y",
            "/a//evil.example",
            "/../x",
            "/sign-in",
            "/sign-in/account/back?code=1",
            "/sign-out",
            "/_stcore/upload_file",
            "/cards#x",
            "/ümlaut",
            "/" + "x" * 600,
        ],
    )
    def test_everything_else_is_nowhere(self, path):
        assert own_path(path) == ""

    @given(st.text(max_size=60))
    def test_whatever_comes_stays_here(self, path):
        from urllib.parse import urljoin, urlsplit

        kept = own_path(path)
        assert urlsplit(urljoin("https://hub.example/sign-in", kept)).netloc == "hub.example"


class TestTheSettings:
    @pytest.mark.parametrize(
        "issuer",
        ["https://accounts.google.com", TENANT, "http://localhost:9400", "https://id.example.org/realms/x"],
    )
    def test_providers(self, issuer):
        assert issuer_fault(issuer, loopback=LOOPBACK) is None

    @pytest.mark.parametrize(
        "issuer",
        [
            "http://id.example.org",
            "id.example.org",
            "https://id.example.org/?x=1",
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com/Organizations/v2.0",
        ],
    )
    def test_what_is_none(self, issuer):
        assert issuer_fault(issuer, loopback=LOOPBACK)

    def test_all_that_belongs_together_is_asked_for(self):
        with pytest.raises(ValueError, match="HUB_PUBLIC_URL"):
            Settings(_env_file=None, oidc_issuer=OTHER, oidc_client_id="hub", public_url="")
        given = Settings(
            _env_file=None,
            oidc_issuer=OTHER,
            oidc_client_id="hub",
            public_url="https://hub.example",
            oidc_trusted_domains="Grace.org, hope.org",
        )
        assert given.oidc_trusted_domains == ("grace.org", "hope.org")

    def test_a_wrong_mail_server_is_told_without_its_password(self):
        with pytest.raises(ValueError, match="in the clear") as caught:
            Settings(_env_file=None, smtp_url="smtp://u:geheim@mail.example.org?starttls=no")
        assert "geheim" not in str(caught.value)
