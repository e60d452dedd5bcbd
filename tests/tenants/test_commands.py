"""Every `hub` command that names a church: one that does not exist is refused in one line, and nothing is done.

Who runs commands on the machine works for every church; that one command works for one church alone is tried as well.
"""

import json

import click
import pytest
import typer.main

from jobs.cli.app import command
from tests.cli.conftest import LOCATION
from tests.tenants.conftest import KEYS, SIGN, TEAM_SIGN

WITH_A_CHURCH = {
    "connect": ("connect", "{}", "--location", LOCATION),
    "pause": ("pause", "{}", "--reason", "x"),
    "resume": ("resume", "{}"),
    "source-key": ("source-key", "{}", "--name", "Website"),
    "import-cards": ("import-cards", "{}", "{file}"),
    "audit verify": ("audit", "verify", "{}"),
    "audit receipt": ("audit", "receipt", "{}", "{file}"),
    "church keep": ("church", "keep", "{}", "--years", "7"),
    "church remove": ("church", "remove", "{}", "--name", "Grace"),
    "retry": ("retry", "{}", "--preview"),
    "status": ("status", "{}"),
    "user add": ("user", "add", "zoe@example.org", "--church", "{}", "--role", "staff"),
    "user list": ("user", "list", "--church", "{}"),
    "webhooks list": ("webhooks", "list", "{}", "--json"),
    "webhooks replay": ("webhooks", "replay", "{}", "--failed"),
    "user role": ("user", "role", "tom@grace.example.org", "--church", "{}", "--role", "viewer"),
    "user remove": ("user", "remove", "tom@grace.example.org", "--church", "{}"),
}
TELL = ("status", "user list", "retry", "audit verify", "webhooks list")
DO = (
    *(
        "webhooks replay",
        "pause",
        "resume",
        "source-key",
        "import-cards",
        "user add",
        "user role",
        "user remove",
        "church keep",
    ),
    "church remove",
)
"""In this order: the last leaves nothing to do it with. `connect` names a location as well: tests/cli/test_church.py;
`audit receipt` wants a receipt, and another church's is told to be none: tests/cli/test_audit.py."""
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
    assert set(WITH_A_CHURCH) == {*TELL, *DO, "connect", "audit receipt"}


@pytest.fixture
def ask(hub, tmp_path):
    path = tmp_path / "cards.csv"
    path.write_text("first_name,email\nZoe,zoe@example.org\n")

    def ask(words, slug):
        return hub(
            *(word.format(slug, file=path) for word in WITH_A_CHURCH[words]),
            given="pit-x\n",
            HUB_ENCRYPTION_KEYS=KEYS,
        )

    return ask


def test_a_church_that_does_not_exist(world, ask, snapshot):
    before = snapshot()
    told = {words: ask(words, "nobody") for words in WITH_A_CHURCH}
    for words, said in told.items():
        assert (words, said.code, said.out) == (words, 1, "")
        assert said.err == "hub: There is no church called 'nobody'. See: hub church list\n", words
    assert snapshot() == before


def test_what_is_told_of_one_church_holds_nothing_of_another(world, ask):
    for words in TELL:
        said = ask(words, "grace")
        assert said.code == 0, said.err
        assert not any(sign in said.out.lower() for sign in (SIGN.lower(), TEAM_SIGN.lower(), "hope")), words
    assert sum(json.loads(ask("status", "grace").out)["cards"].values()) == 2


def test_what_is_done_for_one_church_leaves_another_as_it_is(world, ask, sql):
    tables = sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (column_name IN ('church_id', 'chain') OR (table_name, column_name) = ('churches', 'id')) ORDER BY 1"
    )
    people = (
        "SELECT t::text FROM users AS t WHERE id IN (SELECT user_id FROM memberships WHERE church_id = :c)"
    )

    def of_hope():
        return [
            sorted(map(tuple, sql(statement, c=world.hope)))
            for statement in (
                *(f"SELECT t::text FROM {name} AS t WHERE {column} = :c" for name, column in tables),
                people,
            )
        ]

    before = of_hope()
    assert sum(map(len, before)) > 100
    for words in DO:
        said = ask(words, "grace")
        assert said.code == 0, (words, said.err)
        assert of_hope() == before, words


def test_another_churchs_person_is_none_of_this_one(world, hub, snapshot):
    """Whom the church has not, it neither changes nor lets go; the command's answer is for who runs the hub."""
    before = snapshot()
    for words in (("role", "--role", "viewer"), ("remove",)):
        said = hub("user", words[0], "tom@hope.example.org", "--church", "grace", *words[1:])
        assert (said.code, said.out) == (1, "")
        assert said.err == "hub: tom@hope.example.org does not belong to this church.\n"
    assert snapshot() == before
