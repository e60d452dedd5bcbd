"""Whose cards go: the decision by itself."""

import itertools
from uuid import UUID

import pytest

from ghl.cards.person import Person
from ghl.erasing.people import PersonCard, same_name, sort_out

_numbers = itertools.count(1)


def card(first, last="Keller", phone=None, email=None):
    number = next(_numbers)
    return PersonCard(UUID(int=number), number, Person(first, last, phone, email))


def test_cards_that_share_an_address_and_the_name_are_theirs():
    anna = card("Anna", phone="+16155550101")
    again = card("anna", phone="+16155550101", email="anna@example.org")
    assert sort_out(anna, [anna, again]).theirs == (anna, again)


def test_a_card_that_shares_nothing_with_the_first_is_found_by_one_between():
    first = card("Anna", phone="+16155550101")
    between = card("Anna", phone="+16155550101", email="anna@example.org")
    last = card("Anna", email="anna@example.org")
    assert sort_out(first, [last, between]).theirs == (first, between, last)


def test_a_household_stays():
    anna = card("Anna", phone="+16155550101")
    tom = card("Tom", phone="+16155550101")
    found = sort_out(anna, [anna, tom])
    assert (found.theirs, found.others) == ((anna,), (tom,))


def test_who_shares_only_with_somebody_who_stays_is_not_shown():
    anna = card("Anna", phone="+16155550101")
    tom = card("Tom", phone="+16155550101", email="tom@example.org")
    toms_boss = card("Bea", last="Boss", email="tom@example.org")
    found = sort_out(anna, [anna, tom, toms_boss])
    assert (found.theirs, found.others) == ((anna,), (tom,))


def test_strangers_are_left_out():
    anna = card("Anna", phone="+16155550101")
    other_anna = card("Anna", phone="+16155550999")
    found = sort_out(anna, [other_anna])
    assert (found.theirs, found.others) == ((anna,), ())


@pytest.mark.parametrize(
    ("typed", "name", "same"),
    [
        ("Anna Keller", "Anna Keller", True),
        ("anna  keller", "Anna Keller", True),
        ("Zoe O'Hara", "Zoë OHara", True),
        ("Anna", "Anna Keller", False),
        ("", "Anna Keller", False),
        ("", "", False),
    ],
)
def test_the_name_that_is_typed(typed, name, same):
    assert same_name(typed, name) is same
