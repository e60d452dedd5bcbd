"""`hub user add` and `hub sign-in-link`."""

import json
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from ghl.clock import SystemClock
from ghl.people import sessions
from ghl.people.links import redeem
from ghl.statuses import Role


def test_a_person_is_let_in_and_signs_in_once_by_the_link(hub, grace, database):
    added = hub("user", "add", "Ann@Example.org", "--church", "grace", "--role", "staff", "--name", "Ann")
    assert added.code == 0, added.err
    linked = hub("sign-in-link", "ann@example.org", "--json", HUB_PUBLIC_URL="https://hub.example.org")
    url = urlsplit(json.loads(linked.out)["url"])
    assert url.netloc == "hub.example.org"
    cookie = redeem(database, parse_qs(url.query)["t"][0], user_agent="test", clock=SystemClock())
    person = sessions.current(database, cookie, clock=SystemClock())
    assert person is not None
    assert person.role is Role.STAFF


def test_the_prayer_team_is_named_one_by_one(hub, grace, database):
    def reads(*more):
        added = hub("user", "add", "ann@example.org", "--church", "grace", "--role", "viewer", *more)
        assert added.code == 0, added.err
        with database.identity() as session:
            return session.execute(text("SELECT reads_prayers FROM memberships")).scalar_one()

    assert reads() is False
    assert reads("--reads-prayers") is True
    assert reads() is True
    assert reads("--no-reads-prayers") is False
    refused = hub("user", "add", "ops@example.org", "--ops", "--reads-prayers")
    assert refused.code == 2
    assert "--church" in refused.err


def test_who_runs_the_installation_needs_no_church(hub):
    assert hub("user", "add", "ops@example.org", "--ops").code == 0
    assert hub("sign-in-link", "ops@example.org").out.startswith("http")


def test_who_may_sign_in_is_listed(hub, grace):
    assert json.loads(hub("user", "list", "--json").out) == []
    hub("user", "add", "ann@example.org", "--church", "grace", "--role", "staff", "--name", "Ann")
    hub("user", "add", "ops@example.org", "--ops")
    people = json.loads(hub("user", "list", "--json").out)
    assert [(one["email"], one["church"], one["role"], one["is_ops"]) for one in people] == [
        ("ann@example.org", "grace", "staff", False),
        ("ops@example.org", "", None, True),
    ]
    assert hub("user", "list", "--church", "grace").out == "ann@example.org  Ann  grace: staff\n"
    assert hub("user", "list", "--church", "nowhere").code == 1


def test_half_a_role_or_an_unknown_one_is_told(hub, grace):
    for arguments in (
        ("--church", "grace"),
        ("--role", "staff"),
        ("--church", "grace", "--role", "boss"),
        (),
    ):
        refused = hub("user", "add", "ann@example.org", *arguments)
        assert refused.code in (1, 2), arguments
        assert refused.err.count("\n") == 1


def test_a_link_for_nobody_is_told(hub):
    refused = hub("sign-in-link", "nobody@example.org")
    assert refused.code == 1
    assert "hub user add" in refused.err


def test_a_role_is_changed_and_somebody_removed(hub, grace):
    for name, role in (("ann", "admin"), ("ben", "staff")):
        hub("user", "add", f"{name}@example.org", "--church", "grace", "--role", role)

    def team():
        people = json.loads(hub("user", "list", "--church", "grace", "--json").out)
        return {one["email"][:3]: (one["role"], one["reads_prayers"]) for one in people}

    def change(*more):
        return hub("user", "role", "Ben@example.org", "--church", "grace", *more)

    assert "is changed" in change("--role", "viewer").out
    assert "is changed" in change("--reads-prayers").out
    assert "Nothing was different" in change("--role", "viewer", "--reads-prayers").out
    assert team() == {"ann": ("admin", False), "ben": ("viewer", True)}
    assert "is out of grace" in hub("user", "remove", "ben@example.org", "--church", "grace").out
    assert list(team()) == ["ann"]
    for refused in (
        hub("user", "remove", "ben@example.org", "--church", "grace"),
        hub("user", "remove", "nobody@example.org", "--church", "grace"),
        hub("user", "remove", "ann@example.org", "--church", "grace"),
        hub("user", "role", "ann@example.org", "--church", "grace", "--role", "staff"),
    ):
        assert refused.code == 1
        assert refused.err.count("\n") == 1
    assert "last admin" in refused.err
    assert team() == {"ann": ("admin", False)}


def test_who_runs_the_installation_may_end_that(hub):
    hub("user", "add", "ops@example.org", "--ops")
    assert hub("user", "remove", "ops@example.org", "--ops").code == 0
    assert [one["is_ops"] for one in json.loads(hub("user", "list", "--json").out)] == [False]
    assert hub("user", "remove", "ops@example.org").code == 2
    assert hub("user", "role", "ops@example.org", "--church", "grace").code == 2


def test_an_account_of_the_provider_is_forgotten_and_the_next_one_taken(hub, grace, database):
    from ghl.people.identities import Turned, TurnedAway, enter
    from ghl.people.links import Entry
    from ghl.people.oidc.proof import Proven

    def come(subject):
        who = Proven("https://id.example.org", subject, "ann@example.org")
        return enter(database, who, next_path="", user_agent="", clock=SystemClock())

    hub("user", "add", "ann@example.org", "--church", "grace", "--role", "staff")
    assert "no account so far" in hub("user", "unlink", "ann@example.org").out
    assert isinstance(come("old"), Entry)
    assert come("new") == TurnedAway(Turned.OTHER_ACCOUNT)
    assert hub("user", "unlink", "ann@example.org").code == 0
    assert isinstance(come("new"), Entry)
    assert hub("user", "unlink", "who@example.org").code == 1
