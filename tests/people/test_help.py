"""Help access: asked by who runs the installation, agreed to by the church, over after a day."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from ghl.people import help as helping
from ghl.people.errors import PersonError
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.names import member_names
from ghl.people.sessions import choose_church, current
from ghl.people.users import add_user
from ghl.statuses import HelpState, Role


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def olga(database):
    return add_user(database, "olga@example.org", name="Olga", ops=True, actor="test")


@pytest.fixture
def pat(database, church):
    return add_user(database, "pat@example.org", name="Pat", church_id=church, role=Role.ADMIN, actor="test")


@pytest.fixture
def cookie(database, clock, olga):
    link = create_sign_in_link(database, "olga@example.org", clock=clock, actor="test")
    return redeem(database, link, user_agent="", clock=clock)


@pytest.fixture
def asked(database, church, olga):
    return helping.ask(database, church, olga, reason="Cards wait since Sunday.")


def test_a_church_is_seen_only_after_an_admin_agreed_and_was_entered(
    database, church, clock, cookie, asked, pat
):
    assert asked.open
    assert not choose_church(database, cookie, church, clock=clock)
    assert helping.answer(database, church, asked.id, by=pat, agrees=True)
    before = current(database, cookie, clock=clock)
    assert before.church is None, "it is not entered by itself"
    assert choose_church(database, cookie, church, clock=clock)
    inside = current(database, cookie, clock=clock)
    assert (inside.role, inside.church.reads_prayers) == (Role.VIEWER, False)
    assert inside.church.help_until == helping.of_person(database, church, inside.user_id).ends_at
    assert inside.is_ops
    assert choose_church(database, cookie, None, clock=clock)
    assert current(database, cookie, clock=clock).church is None


@pytest.mark.parametrize("how", ["time", "admin", "ops", "no ops any more"])
def test_it_is_over_at_the_next_run(database, church, clock, cookie, asked, pat, olga, sql, how):
    helping.answer(database, church, asked.id, by=pat, agrees=True)
    choose_church(database, cookie, church, clock=clock)
    assert current(database, cookie, clock=clock).church
    if how == "time":
        sql(
            "UPDATE help_access SET answered_at = answered_at - interval '24 hours',"
            " ends_at = ends_at - interval '24 hours'"
        )
    elif how == "no ops any more":
        sql("UPDATE users SET is_ops = false WHERE id = :id", id=olga)
    else:
        assert helping.end(database, church, asked.id, by=pat if how == "admin" else olga)
    assert current(database, cookie, clock=clock).church is None
    assert not choose_church(database, cookie, church, clock=clock)
    if how != "no ops any more":
        assert helping.of_church(database, church) == []
        again = helping.ask(database, church, olga, reason="Once more.")
        assert again.open
        assert again.id != asked.id


@pytest.mark.parametrize("how", ["time", "admin"])
def test_a_second_agreement_lets_nobody_in_who_does_not_choose_again(
    database, church, clock, cookie, asked, pat, olga, sql, how
):
    helping.answer(database, church, asked.id, by=pat, agrees=True)
    choose_church(database, cookie, church, clock=clock)
    if how == "time":
        sql(
            "UPDATE help_access SET answered_at = answered_at - interval '24 hours',"
            " ends_at = ends_at - interval '24 hours'"
        )
    else:
        helping.end(database, church, asked.id, by=pat)
        assert sql("SELECT church_id FROM web_sessions") == [(None,)]
    again = helping.ask(database, church, olga, reason="Once more.")
    assert helping.answer(database, church, again.id, by=pat, agrees=True)
    assert current(database, cookie, clock=clock).church is None
    assert choose_church(database, cookie, church, clock=clock)
    entered = "SELECT count(*) FROM audit_entries WHERE action = 'help.entered'"
    assert sql(entered) == [(2,)]


def test_others_in_the_church_stay_there_when_help_begins_and_ends(database, church, clock, asked, pat):
    link = create_sign_in_link(database, "pat@example.org", clock=clock, actor="test")
    cookie = redeem(database, link, user_agent="", clock=clock)
    helping.answer(database, church, asked.id, by=pat, agrees=True)
    helping.end(database, church, asked.id, by=pat)
    assert current(database, cookie, clock=clock).church.church_id == church


def test_one_question_at_a_time(database, church, asked, olga):
    again = helping.ask(database, church, olga, reason="Something else")
    assert (again.id, again.reason) == (asked.id, "Cards wait since Sunday.")


def test_a_no_is_told_and_may_be_asked_again(database, church, asked, olga, pat):
    assert helping.answer(database, church, asked.id, by=pat, agrees=False)
    assert not helping.answer(database, church, asked.id, by=pat, agrees=True), "it was answered"
    assert helping.of_person(database, church, olga).state is HelpState.DECLINED
    assert helping.ask(database, church, olga, reason="Please").open


def test_only_an_admin_of_this_church_answers(database, church, other_church, asked, olga):
    for name, where, role in (("ruth", church, Role.STAFF), ("jo", other_church, Role.ADMIN)):
        who = add_user(database, f"{name}@example.org", church_id=where, role=role, actor="test")
        with pytest.raises(PersonError, match="Only an admin"):
            helping.answer(database, church, asked.id, by=who, agrees=True)
        with pytest.raises(PersonError, match="Only an admin"):
            helping.end(database, church, asked.id, by=who)
    jo = add_user(database, "jo@example.org", church_id=other_church, role=Role.ADMIN, actor="test")
    assert not helping.answer(database, other_church, asked.id, by=jo, agrees=True), "not this church's"
    with pytest.raises(PersonError, match="Only an admin"):
        helping.answer(database, church, asked.id, by=olga, agrees=True)
    assert helping.of_church(database, church)[0].open


def test_who_may_not_ask(database, church, olga, pat):
    with pytest.raises(PersonError, match="runs the installation"):
        helping.ask(database, church, pat, reason="x")
    with pytest.raises(PersonError, match="Say why"):
        helping.ask(database, church, olga, reason="  ")
    add_user(database, "olga@example.org", church_id=church, role=Role.STAFF, actor="test")
    with pytest.raises(PersonError, match="belong to this church"):
        helping.ask(database, church, olga, reason="x")


def test_a_question_of_long_ago_is_not_agreed_to(database, church, asked, pat, sql):
    sql("UPDATE help_access SET asked_at = asked_at - interval '8 days'")
    assert helping.of_church(database, church) == []
    assert not helping.answer(database, church, asked.id, by=pat, agrees=True)


@pytest.mark.parametrize(
    "values",
    [
        "state = 'agreed', answered_at = now(), ends_at = now() + interval '25 hours'",
        "state = 'agreed', answered_at = now()",
        "state = 'agreed', ends_at = now() + interval '1 hour'",
        "state = 'agreed', answered_at = now(), ends_at = now(), answered_by = user_id",
        "state = 'ended'",
        "state = 'for ever'",
    ],
)
def test_the_table_keeps_the_rules(database, asked, values):
    with pytest.raises(IntegrityError, match="ck_help_access"), database.identity() as session:
        session.execute(text(f"UPDATE help_access SET {values} WHERE id = :id"), {"id": asked.id})


def test_each_step_stands_in_the_church_s_change_log(database, church, clock, cookie, asked, olga, pat, sql):
    helping.answer(database, church, asked.id, by=pat, agrees=True)
    choose_church(database, cookie, church, clock=clock)
    choose_church(database, cookie, None, clock=clock)
    helping.end(database, church, asked.id, by=pat)
    rows = sql(
        "SELECT action, actor, facts::text FROM audit_entries WHERE church_id = :id AND action LIKE 'help.%'"
        " ORDER BY id",
        id=church,
    )
    assert [(row.action, row.actor) for row in rows] == [
        ("help.asked", f"user:{olga}"),
        ("help.agreed", f"user:{pat}"),
        ("help.entered", f"user:{olga}"),
        ("help.left", f"user:{olga}"),
        ("help.ended", f"user:{pat}"),
    ]
    assert "Sunday" not in str(rows)
    assert member_names(database, church)[f"user:{olga}"] == "Olga"
