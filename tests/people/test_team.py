"""The team of a church: who is let in, changed and removed, and the admin that always stays."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from ghl.people import team
from ghl.people.errors import PersonError, PersonNotFoundError
from ghl.people.invite import invite as invite_by_link
from ghl.people.links import create_sign_in_link, redeem
from ghl.people.sessions import choose_church, current
from ghl.people.users import add_user
from ghl.statuses import Role


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
def invite(database, church):
    def invite(email="ruth@example.org", *, where=None, name="Ruth", role=Role.STAFF, reads_prayers=False):
        return team.add_member(
            database,
            where or church,
            name=name,
            email=email,
            role=role,
            reads_prayers=reads_prayers,
            actor="user:test",
        )

    return invite


@pytest.fixture
def sign_in(database, clock):
    def sign_in(email):
        link = create_sign_in_link(database, email, clock=clock, actor="test")
        return redeem(database, link, user_agent="", clock=clock)

    return sign_in


def test_somebody_who_is_invited_is_there_and_was_not_seen_yet(database, church, clock, invite, sign_in):
    ruth = invite(" Ruth@Example.org ", name=" Ruth \n Adams ", reads_prayers=True)
    (before,) = team.members(database, church)
    assert (before.user_id, before.name, before.email) == (ruth, "Ruth Adams", "ruth@example.org")
    assert (before.role, before.reads_prayers, before.seen_at) == (Role.STAFF, True, None)
    cookie = sign_in("ruth@example.org")
    assert team.members(database, church)[0].seen_at == clock.now()
    clock.pass_by(hours=2)
    current(database, cookie, clock=clock)
    assert team.members(database, church)[0].seen_at == clock.now()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " "}, "Write the person's name"),
        ({"name": "R" * 201}, "too long"),
        ({"email": "ruth@"}, "won't do"),
        ({"email": ""}, "won't do"),
    ],
)
def test_what_is_typed_wrongly_lets_nobody_in(database, church, invite, typed, said):
    with pytest.raises(PersonError, match=said):
        invite(**typed)
    assert team.members(database, church) == []


def test_twice_is_told_and_changes_nothing(database, church, invite):
    invite()
    with pytest.raises(PersonError, match="in the team already"):
        invite("RUTH@example.org", name="Else", role=Role.ADMIN)
    (ruth,) = team.members(database, church)
    assert (ruth.name, ruth.role) == ("Ruth", Role.STAFF)


def test_an_account_of_another_church_is_added_and_nothing_tells_of_it(
    database, church, other_church, clock, invite, sign_in
):
    there = invite(where=other_church, name="Ruth Adams, Hope", role=Role.ADMIN)
    sign_in("ruth@example.org")
    clock.pass_by(hours=1)
    assert invite(name="Ruthie") == there
    (here,) = team.members(database, church)
    assert (here.name, here.role, here.reads_prayers) == ("Ruthie", Role.STAFF, False)
    assert here.seen_at is None, "seen in the other church"
    (other,) = team.members(database, other_church)
    assert (other.name, other.role) == ("Ruth Adams, Hope", Role.ADMIN)


def test_the_first_admin_s_invitation_is_made_anew_as_long_as_they_have_not_come_in(
    database, church, sign_in
):
    def ask(email="pat@example.org", **how):
        return team.add_member(
            database,
            church,
            **{"name": "Pat", "email": email, "role": Role.ADMIN, "reads_prayers": False, "actor": "user:ops"}
            | how,
            first=True,
        )

    pat = ask()
    assert ask(name="Somebody else", email="PAT@example.org") == pat
    (there,) = team.members(database, church)
    assert (there.name, there.role) == ("Pat", Role.ADMIN)
    sign_in("pat@example.org")
    with pytest.raises(PersonError):
        ask()


def handed_on(database, user_id, church_id, clock):
    """The token of a link that an admin copies."""
    made = invite_by_link(
        database,
        user_id=user_id,
        church_id=church_id,
        public_url="https://hub.example.org",
        smtp=None,
        clock=clock,
        actor="user:test",
    )
    return made.url.partition("?t=")[2]


class TestALinkThatAnAdminHandsOn:
    """Whoever holds a link is its person, so this one is worth no more than what the admin may give."""

    def test_it_opens_this_church_alone(self, database, church, other_church, clock, invite):
        add_user(database, "ruth@example.org", name="Ruth of Hope", ops=True, actor="test")
        ruth = invite(where=other_church, role=Role.ADMIN, name="Ruth of Hope")
        invite(name="Ruthie")
        cookie = redeem(database, handed_on(database, ruth, church, clock), user_agent="", clock=clock)
        person = current(database, cookie, clock=clock)
        assert [one.slug for one in person.churches] == ["grace"]
        assert (person.role, person.is_ops, person.name, person.one_church) == (
            Role.STAFF,
            False,
            "Ruthie",
            True,
        )
        assert not choose_church(database, cookie, other_church, clock=clock)
        team.remove_member(database, church, ruth, actor="test")
        gone = current(database, cookie, clock=clock)
        assert (gone.church, gone.churches, gone.is_ops, gone.name) == (None, (), False, "")

    def test_there_is_none_for_somebody_of_another_team(self, database, church, other_church, clock, invite):
        ruth = invite(where=other_church)
        with pytest.raises(PersonNotFoundError):
            handed_on(database, ruth, church, clock)

    def test_a_link_of_their_own_opens_all_of_theirs(self, database, other_church, clock, invite, sign_in):
        invite(where=other_church)
        invite()
        person = current(database, sign_in("ruth@example.org"), clock=clock)
        assert [one.slug for one in person.churches] == ["grace", "hope"]
        assert not person.one_church


def test_who_runs_the_installation_invites_until_an_admin_has_come_in(
    database, church, clock, invite, sign_in
):
    def first(email):
        return team.add_member(
            database,
            church,
            name="A",
            email=email,
            role=Role.ADMIN,
            reads_prayers=False,
            actor="t",
            first=True,
        )

    first("pat@exmaple.org")
    first("pat@example.org")
    sign_in("pat@example.org")
    with pytest.raises(PersonError, match="its admins invite"):
        first("olga@example.org")
    assert len(team.members(database, church)) == 2
    invite()


def test_an_admin_who_came_in_and_is_none_any_more_opens_the_church_to_nobody(
    database, church, clock, invite, sign_in
):
    pat = invite("pat@example.org", role=Role.ADMIN)
    invite("zoe@example.org", role=Role.ADMIN)
    sign_in("pat@example.org")
    team.change_member(database, church, pat, role=Role.STAFF, actor="test")
    for _ in range(2):
        with pytest.raises(PersonError, match="its admins invite"):
            team.add_member(
                database,
                church,
                name="A",
                email="olga@example.org",
                role=Role.ADMIN,
                reads_prayers=False,
                actor="t",
                first=True,
            )
        team.remove_member(database, church, pat, actor="test")


def test_staff_who_came_in_are_not_taken_for_an_admin(database, church, invite, sign_in, sql):
    invite()
    sign_in("ruth@example.org")
    assert sql("SELECT admin_came_at FROM churches WHERE id = :id", id=church) == [(None,)]


def test_another_role_holds_at_the_next_run(database, church, clock, invite, sign_in):
    ruth = invite()
    cookie = sign_in("ruth@example.org")
    assert team.change_member(database, church, ruth, role=Role.VIEWER, reads_prayers=True, actor="test")
    person = current(database, cookie, clock=clock)
    assert (person.role, person.church.reads_prayers) == (Role.VIEWER, True)
    assert not team.change_member(database, church, ruth, role=Role.VIEWER, actor="test"), "nothing new"


def test_removal_ends_it_in_every_tab(database, church, clock, invite, sign_in):
    ruth = invite()
    tabs = [sign_in("ruth@example.org") for _ in range(2)]
    assert team.remove_member(database, church, ruth, actor="test")
    assert [current(database, tab, clock=clock).church for tab in tabs] == [None, None]
    assert not team.remove_member(database, church, ruth, actor="test")
    with pytest.raises(PersonError, match="no longer in your team"):
        team.change_member(database, church, ruth, role=Role.ADMIN, actor="test")


def test_the_change_log_has_each_step_and_no_address(database, church, invite, sql):
    ruth = invite()
    team.change_member(database, church, ruth, role=Role.ADMIN, actor="user:pat")
    invite("pat@example.org", name="Pat", role=Role.ADMIN)
    team.remove_member(database, church, ruth, actor="user:pat")
    rows = sql("SELECT actor, action, subject, facts FROM audit_entries WHERE church_id = :id", id=church)
    told = [(row.action, row.facts) for row in rows if row.subject == f"user:{ruth}"]
    assert told == [
        ("user.added", {"role": "staff", "reads_prayers": False}),
        ("user.changed", {"role": "admin", "was": "staff"}),
        ("user.removed", {"was": "admin"}),
    ]
    assert "example.org" not in str(rows)


class TestTheLastAdmin:
    def test_is_neither_demoted_nor_removed(self, database, church, other_church, invite):
        ruth = invite(role=Role.ADMIN)
        invite("pat@example.org", name="Pat")
        invite("jo@example.org", name="Jo", role=Role.ADMIN, where=other_church)
        for attempt in (
            lambda: team.change_member(database, church, ruth, role=Role.STAFF, actor="test"),
            lambda: team.remove_member(database, church, ruth, actor="test"),
            lambda: add_user(database, "ruth@example.org", church_id=church, role=Role.VIEWER, actor="test"),
        ):
            with pytest.raises(PersonError, match="last admin"):
                attempt()
        assert {one.role for one in team.members(database, church)} == {Role.ADMIN, Role.STAFF}

    def test_not_even_a_statement_that_forgets_to_ask_takes_them(self, database, church, invite):
        invite(role=Role.ADMIN)
        for statement in (
            "UPDATE memberships SET role = 'staff'",
            "DELETE FROM memberships",
            "DELETE FROM users",
        ):
            with pytest.raises(IntegrityError, match="last admin"), database.identity() as session:
                session.execute(text(statement))

    def test_a_church_that_is_removed_takes_its_team_along(self, database, church, invite, sql):
        invite(role=Role.ADMIN)
        sql("ALTER TABLE audit_entries DROP CONSTRAINT fk_audit_entries_church_id")
        sql("DELETE FROM churches")
        assert team.members(database, church) == []

    @pytest.mark.parametrize("way", ["demote", "remove"])
    def test_of_two_who_take_each_other_s_place_at_once_one_stays(self, database, church, invite, way):
        two = [invite(f"{name}@example.org", name=name, role=Role.ADMIN) for name in ("ann", "ben")]
        begin = threading.Barrier(2)

        def act(user_id):
            begin.wait(10)
            try:
                if way == "demote":
                    return team.change_member(database, church, user_id, role=Role.STAFF, actor="test")
                return team.remove_member(database, church, user_id, actor="test")
            except PersonError as error:
                return str(error)

        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(act, two))
        assert sorted(one is True for one in ended) == [False, True], ended
        assert "last admin" in next(one for one in ended if one is not True)
        assert [one.role for one in team.members(database, church)].count(Role.ADMIN) == 1

    def test_many_races_leave_one(self, database, church, invite):
        """Five admins, each of whom removes the next, all at once."""
        all_of_them = [invite(f"a{n}@example.org", name=f"A{n}", role=Role.ADMIN) for n in range(5)]
        begin = threading.Barrier(5)

        def act(user_id):
            begin.wait(10)
            try:
                return team.remove_member(database, church, user_id, actor="test")
            except PersonError:
                return False

        with ThreadPoolExecutor(5) as pool:
            assert sum(pool.map(act, all_of_them)) == 4
        assert [one.role for one in team.members(database, church)] == [Role.ADMIN]
