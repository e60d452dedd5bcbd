"""Adding people, their roles, and the admin a church cannot lose."""

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from ghl.churches import add_church
from ghl.people.errors import PersonError, PersonNotFoundError
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.statuses import Role


def signed_in(database, clock, email):
    token = create_sign_in_link(database, email, clock=clock, actor="test")
    return current(database, redeem(database, token, user_agent="", clock=clock), clock=clock)


def test_a_person_signs_in_with_the_role_they_were_given(database, clock, church):
    add_user(database, " Ruth@Example.ORG ", name="Ruth", church_id=church, role=Role.STAFF, actor="test")
    ruth = signed_in(database, clock, "ruth@example.org")
    assert (ruth.email, ruth.name, ruth.role, ruth.is_ops) == ("ruth@example.org", "Ruth", Role.STAFF, False)
    assert ruth.church.name == "Grace Church"
    assert ruth.church.timezone == "America/Chicago"


def test_adding_again_gives_the_new_role_and_keeps_the_person(database, clock, church, other_church):
    first = add_user(database, "pat@example.org", church_id=church, role=Role.ADMIN, actor="test")
    add_user(database, "ruth@example.org", church_id=church, role=Role.ADMIN, actor="test")
    assert add_user(database, "pat@example.org", church_id=church, role=Role.VIEWER, actor="test") == first
    assert add_user(database, "pat@example.org", church_id=other_church, role=Role.STAFF, actor="x") == first
    pat = signed_in(database, clock, "pat@example.org")
    assert [(c.slug, c.role) for c in pat.churches] == [("grace", Role.VIEWER), ("hope", Role.STAFF)]


def test_a_church_keeps_its_last_admin(database, church, other_church):
    add_user(database, "pat@example.org", church_id=church, role=Role.ADMIN, actor="test")
    add_user(database, "jo@example.org", church_id=other_church, role=Role.ADMIN, actor="test")
    with pytest.raises(PersonError, match="last admin"):
        add_user(database, "pat@example.org", church_id=church, role=Role.STAFF, actor="test")


def test_reading_prayer_requests_is_a_right_of_its_own(database, clock, church, other_church):
    def add(where=church, role=Role.STAFF, **rights):
        add_user(database, "ruth@example.org", church_id=where, role=role, actor="test", **rights)
        ruth = signed_in(database, clock, "ruth@example.org")
        return [(c.slug, c.role, c.reads_prayers) for c in ruth.churches]

    assert add() == [("grace", Role.STAFF, False)]
    assert add(reads_prayers=True) == [("grace", Role.STAFF, True)]
    assert add(role=Role.VIEWER) == [("grace", Role.VIEWER, True)], "another role leaves it as it was"
    assert add(other_church) == [("grace", Role.VIEWER, True), ("hope", Role.STAFF, False)]
    assert add(reads_prayers=False)[0] == ("grace", Role.STAFF, False)
    with pytest.raises(PersonError, match="belong to a church"):
        add_user(database, "olga@example.org", ops=True, reads_prayers=True, actor="test")


@pytest.mark.parametrize("email", ["", "anna", "anna@", "anna@example", "a b@example.org"])
def test_a_wrong_address_is_refused(database, church, email):
    with pytest.raises(PersonError, match="won't do"):
        add_user(database, email, church_id=church, role=Role.STAFF, actor="test")


def test_what_makes_no_sense_is_refused_and_nobody_is_added(database, church, clock):
    with pytest.raises(PersonError, match="no such church"):
        add_user(database, "anna@example.org", church_id=uuid4(), role=Role.STAFF, actor="test")
    with pytest.raises(PersonError, match="needs a church"):
        add_user(database, "anna@example.org", role=Role.STAFF, actor="test")
    with pytest.raises(PersonError, match="in which church"):
        add_user(database, "anna@example.org", actor="test")
    with pytest.raises(PersonNotFoundError):
        create_sign_in_link(database, "anna@example.org", clock=clock, actor="test")


def test_ops_works_in_demo_churches_and_in_no_other(database, clock, church):
    add_church(
        database, slug="demo", name="Demo Church", timezone="America/Chicago", actor="test", is_demo=True
    )
    add_user(database, "olga@example.org", ops=True, actor="test")
    olga = signed_in(database, clock, "olga@example.org")
    assert olga.is_ops
    assert [(c.slug, c.role) for c in olga.churches] == [("demo", Role.ADMIN)]


def test_staff_sees_no_demo_church(database, clock, church):
    add_church(
        database, slug="demo", name="Demo Church", timezone="America/Chicago", actor="test", is_demo=True
    )
    add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")
    assert [c.slug for c in signed_in(database, clock, "ruth@example.org").churches] == ["grace"]


def test_the_change_log_tells_of_it_without_an_address(database, database_urls, clock, church):
    add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="command line")
    signed_in(database, clock, "ruth@example.org")
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT action, actor, subject, facts::text FROM audit_entries ORDER BY id")
        ).all()
    engine.dispose()
    assert [row.action for row in rows] == [
        "church.added",
        "user.added",
        "user.link_made",
        "user.signed_in",
    ]
    assert not any("ruth" in str(row) for row in rows)


def test_a_church_s_transaction_sees_no_person(database, church):
    with pytest.raises(ProgrammingError, match="permission denied"), database.church(church) as session:
        session.execute(text("SELECT * FROM web_sessions"))
