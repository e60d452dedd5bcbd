"""Every `hub` command that names a church: one that does not exist is refused in one line, and nothing is done.

Who runs commands on the machine works for every church; that one command works for one church alone is tried as well.
"""

import json

import click
import pytest
import typer.main

from jobs.cli.app import command
from tests.cli.conftest import LOCATION
from tests.tenants.conftest import SIGN

WITH_A_CHURCH = {
    "connect": ("connect", "{}", "--location", LOCATION),
    "pause": ("pause", "{}", "--reason", "x"),
    "resume": ("resume", "{}"),
    "source-key": ("source-key", "{}", "--name", "Website"),
    "import-cards": ("import-cards", "{}", "{file}"),
    "retry": ("retry", "{}", "--preview"),
    "status": ("status", "{}"),
    "user add": ("user", "add", "zoe@example.org", "--church", "{}", "--role", "staff"),
    "user list": ("user", "list", "--church", "{}"),
}
NEW = {"church add"}
"""Makes a church; the name of one that is there is refused (tests/cli/test_church.py)."""


def commands(tree, *above):
    for name, found in sorted(tree.commands.items()):
        if hasattr(found, "commands"):
            yield from commands(found, *above, name)
        else:
            yield " ".join((*above, name)), found


def names_a_church(found: click.Command) -> bool:
    names = {"slug", "church", "church_id", "id", "card", "number_of_card", "import_id", "user_id"}
    return any(one.name in names or one.metavar in {"CHURCH", "[CHURCH]"} for one in found.params)


def test_no_command_with_a_church_is_forgotten():
    """A new one fails here until it is tried below."""
    found = {words for words, one in commands(typer.main.get_command(command())) if names_a_church(one)}
    assert found - {"simulator serve"} == set(WITH_A_CHURCH) | NEW


@pytest.fixture
def ask(hub, tmp_path):
    path = tmp_path / "cards.csv"
    path.write_text("first_name,email\nZoe,zoe@example.org\n")

    def ask(words, slug):
        return hub(*(word.format(slug, file=path) for word in WITH_A_CHURCH[words]), given="pit-x\n")

    return ask


def test_a_church_that_does_not_exist(world, ask, snapshot):
    before = snapshot()
    told = {words: ask(words, "nobody") for words in WITH_A_CHURCH}
    for words, said in told.items():
        assert (words, said.code, said.out) == (words, 1, "")
        assert said.err == "hub: There is no church called 'nobody'. See: hub church list\n", words
    assert snapshot() == before


def test_what_is_told_of_one_church_holds_nothing_of_another(world, ask):
    for words in ("status", "user list", "retry"):
        said = ask(words, "grace")
        assert said.code == 0, said.err
        assert SIGN.lower() not in said.out.lower()
        assert "hope" not in said.out
    assert sum(json.loads(ask("status", "grace").out)["cards"].values()) == 2


def test_what_is_done_for_one_church_leaves_another_as_it_is(world, ask, sql):
    tables = sql(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name = 'church_id' ORDER BY 1"
    )

    def of_hope():
        return [
            sorted(map(tuple, sql(f"SELECT t::text FROM {row[0]} AS t WHERE church_id = :c", c=world.hope)))
            for row in tables
        ]

    before = of_hope()
    for words in ("pause", "resume", "source-key", "import-cards", "user add"):
        assert ask(words, "grace").code == 0, words
    assert of_hope() == before
