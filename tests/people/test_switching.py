"""Working in several churches: which one is in the session's row, and is checked at every run."""

from uuid import uuid4

import pytest

from ghl.people.links import create_sign_in_link, redeem
from ghl.people.sessions import choose_church, current, sign_out
from ghl.people.team import members, remove_member
from ghl.people.users import add_user
from ghl.statuses import Role


@pytest.fixture
def ruth(database, church, other_church):
    add_user(database, "ruth@example.org", church_id=church, role=Role.ADMIN, actor="test")
    return add_user(database, "ruth@example.org", church_id=other_church, role=Role.VIEWER, actor="test")


@pytest.fixture
def cookie(database, clock, ruth):
    link = create_sign_in_link(database, "ruth@example.org", clock=clock, actor="test")
    return redeem(database, link, user_agent="", clock=clock)


def test_the_choice_is_kept_and_brings_the_role_of_that_church(database, church, other_church, clock, cookie):
    assert current(database, cookie, clock=clock).church.church_id == church
    assert choose_church(database, cookie, other_church, clock=clock)
    person = current(database, cookie, clock=clock)
    assert (person.church.church_id, person.role) == (other_church, Role.VIEWER)
    assert members(database, other_church)[0].seen_at == clock.now()


def test_another_browser_keeps_its_own(database, church, other_church, clock, cookie):
    link = create_sign_in_link(database, "ruth@example.org", clock=clock, actor="test")
    other = redeem(database, link, user_agent="", clock=clock)
    choose_church(database, cookie, other_church, clock=clock)
    assert current(database, other, clock=clock).church.church_id == church


@pytest.mark.parametrize("cookie_sent", [None, "", "nonsense"])
def test_nobody_chooses_nothing(database, church, clock, cookie_sent):
    assert not choose_church(database, cookie_sent, church, clock=clock)


def test_a_church_of_others_and_one_that_is_none_answer_alike(database, church, clock, cookie, ruth):
    remove = add_user(database, "pat@example.org", church_id=church, role=Role.ADMIN, actor="test")
    assert remove
    remove_member(database, church, ruth, actor="test")
    now = current(database, cookie, clock=clock)
    assert not choose_church(database, cookie, church, clock=clock)
    assert not choose_church(database, cookie, uuid4(), clock=clock)
    assert current(database, cookie, clock=clock) == now


def test_who_is_signed_out_or_was_away_too_long_chooses_nothing(
    database, other_church, clock, cookie, church
):
    clock.pass_by(hours=13)
    assert not choose_church(database, cookie, other_church, clock=clock)
    sign_out(database, cookie, clock=clock)
    assert not choose_church(database, cookie, other_church, clock=clock)
