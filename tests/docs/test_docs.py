"""The documents say what the code says: what lags behind fails here."""

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from ghl.causes import CauseCode
from ghl.config import Settings
from ghl.db.roles import ERASER_ROLE, IDENTITY_ROLE, SYSTEM_ROLE, TENANT_ROLE
from ghl.statuses import CardStatus
from jobs.cli.app import command
from tests.docs.render import causes_page

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted([PROJECT / "README.md", PROJECT / "CHANGELOG.md", *DOCS.rglob("*.md")])
SETTINGS = {f"HUB_{name.upper()}" for name in Settings.model_fields}


def read(name):
    return (PROJECT / name).read_text(encoding="utf-8")


def commands(tree, *above):
    """Every command's words, those of hidden groups left out."""
    for name, found in sorted(tree.commands.items()):
        if found.hidden:
            continue
        if hasattr(found, "commands"):
            yield from commands(found, *above, name)
        else:
            yield " ".join((*above, name))


ALL_COMMANDS = tuple(commands(typer.main.get_command(command())))


class TestSettings:
    def test_the_example_has_every_setting_and_no_other(self):
        assert set(re.findall(r"^#(HUB_\w+)=", read(".env.example"), re.MULTILINE)) == SETTINGS

    def test_each_has_a_sentence_above_it(self):
        for block in read(".env.example").split("\n\n")[1:]:
            *sentences, setting = block.strip().splitlines()
            assert sentences, setting
            assert all(line.startswith("# ") for line in sentences), setting
            assert sentences[-1].endswith("."), setting

    def test_its_values_are_the_defaults(self, tmp_path, monkeypatch):
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        taken = [
            line.removeprefix("#")
            for line in read(".env.example").splitlines()
            if line.startswith("#HUB_")
            and not line.endswith("=")
            and not re.search("_URL=(postgres|redis)|DATA_DIR=", line)
        ]
        file = tmp_path / "env"
        file.write_text("\n".join(taken))
        assert taken
        assert Settings(_env_file=file) == Settings(_env_file=None)

    def test_operations_names_each(self):
        named = set(re.findall(r"`(HUB_\w+)` \|", read("docs/operations.md")))
        assert named == SETTINGS


class TestCommands:
    @pytest.mark.parametrize("words", [words for words in ALL_COMMANDS if not words.startswith("simulator")])
    def test_operations_names_each(self, words):
        assert re.search(rf"^\| `hub {words}\b", read("docs/operations.md"), re.MULTILINE), words

    def test_commands_in_documents_exist(self):
        groups = {words.split()[0] for words in ALL_COMMANDS if " " in words}
        for page in PAGES:
            for first, second in re.findall(
                r"(?:`|^\.venv/bin/)hub ([a-z][a-z-]*)(?: ([a-z]+))?", page.read_text("utf-8"), re.MULTILINE
            ):
                asked = f"{first} {second}" if first in groups else first
                assert any(f"{known} ".startswith(f"{asked} ") for known in ALL_COMMANDS), (page.name, asked)


def test_every_dependency_is_explained_and_no_other():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[a-z0-9-]+", entry).group() for entry in wanted}
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", read("docs/dependencies.md"), re.MULTILINE)) == names | {
        "library"
    }


def test_causes_are_those_of_the_catalogue():
    assert read("docs/causes.md") == causes_page(), "Write it anew: python -m tests.docs.render"
    assert all(f"`{code}`" in read("docs/causes.md") for code in CauseCode)


def test_the_life_of_a_card_has_every_status():
    states = read("docs/architecture.md").split("stateDiagram-v2")[1].split("```")[0]
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", states)) >= {str(status) for status in CardStatus}


def test_the_roles_are_explained():
    roles = (TENANT_ROLE, SYSTEM_ROLE, IDENTITY_ROLE, ERASER_ROLE)
    assert all(f"`{role}`" in read("docs/security.md") for role in roles)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_named_exist(page):
    for path in re.findall(
        r"`((?:ghl|jobs|dashboard|pages|tests|docs)/[\w/.-]*)`", page.read_text(encoding="utf-8")
    ):
        assert (PROJECT / path).exists(), path


def test_decisions_are_numbered_and_have_the_same_parts():
    decisions = sorted((DOCS / "adr").glob("*.md"))
    for number, page in enumerate(decisions, start=1):
        assert page.name.startswith(f"{number:04d}-")
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), page.name
        for part in ("## Context", "## Decision", "## Consequences"):
            assert part in text, (page.name, part)


def test_the_continuous_integration_can_be_run():
    run = PROJECT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    assert "make check" in run.read_text()
    assert "make test" in run.read_text()
