"""The truth table in docs/same-person.md is what the rule does, row by row."""

from pathlib import Path

import pytest

from ghl.cards.person import Person, same_as_named, same_person

DOCUMENT = Path(__file__).parents[2] / "docs" / "same-person.md"
PHONES = {"A": "+16155550101", "B": "+16155550102", "-": None}
EMAILS = {"A": "a@example.org", "B": "b@example.org", "-": None}


def rows(columns: int) -> list[tuple[str, ...]]:
    """The rows of the document's table with that many columns, without its head."""
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [row for row in cells if len(row) == columns and row[0] != "card" and not row[0].startswith("---")]


def person(name: str, phone: str = "-", email: str = "-") -> Person:
    first, last = ("" if part.strip() == "-" else part.strip() for part in name.split(" / "))
    return Person(first, last, PHONES[phone], EMAILS[email])


@pytest.mark.parametrize("row", rows(9), ids="|".join)
def test_the_rule(row: tuple[str, ...]):
    card, phone, email, contact, its_phone, its_email, matched, verdict, why = row
    one, other = person(card, phone, email), person(contact, its_phone, its_email)
    assert same_person(one, other, matched=matched == "yes") == verdict, why
    assert same_person(other, one, matched=matched == "yes") == verdict, "the same in both directions"


@pytest.mark.parametrize(("card", "name", "verdict", "why"), rows(4))
def test_the_rule_by_name_alone(card, name, verdict, why):
    assert same_as_named(person(card), "" if name == "-" else name) == verdict, why


def test_the_tables_are_there():
    assert len(rows(9)) >= 40
    assert len(rows(4)) >= 18
