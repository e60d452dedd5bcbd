"""Names for those who did something, and words for those who have none."""

import pytest

from ghl.churches import add_church
from ghl.ids import new_id
from ghl.people.names import GONE, PROGRAMS, member_names, name_of, name_within
from ghl.people.users import add_user
from ghl.statuses import Role


def test_a_team_has_names_or_the_first_part_of_an_address(database, church, other_church):
    ruth = add_user(
        database, "ruth@example.org", name=" Ruth ", church_id=church, role=Role.STAFF, actor="test"
    )
    pat = add_user(database, "pat.lee@example.org", church_id=church, role=Role.VIEWER, actor="test")
    zoe = add_user(database, "zoe@example.org", church_id=other_church, role=Role.ADMIN, actor="test")
    olga = add_user(database, "olga@example.org", name="Olga", ops=True, actor="test")
    runs = {f"user:{olga}": "Whoever runs the hub"}
    assert member_names(database, church) == {f"user:{ruth}": "Ruth", f"user:{pat}": "pat.lee"} | runs
    assert member_names(database, other_church) == {f"user:{zoe}": "zoe"} | runs
    assert member_names(database, new_id()) == runs


def test_who_runs_the_installation_is_named_in_its_demo_church(database):
    demo = add_church(
        database, slug="demo", name="Demo Church", timezone="America/Chicago", actor="test", is_demo=True
    )
    olga = add_user(database, "olga@example.org", name="Olga", ops=True, actor="test")
    assert member_names(database, demo) == {f"user:{olga}": "Olga"}


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("user:1", "Ruth"),
        ("user:2", GONE),
        ("source:0190", PROGRAMS["api"]),
        ("command line", "Whoever runs the hub"),
        ("system", "The hub"),
        ("", "Somebody"),
        ("A new program", "A new program"),
    ],
)
def test_every_actor_has_words(actor, words):
    assert name_of(actor, {"user:1": "Ruth"}) == words


def test_in_the_middle_of_a_sentence_only_names_have_a_capital():
    assert name_within("user:1", {"user:1": "Ruth"}) == "Ruth"
    assert name_within("user:2", {"user:1": "Ruth"}) == "somebody who is no longer in your team"
    assert name_within("form", {}) == "the web form"
