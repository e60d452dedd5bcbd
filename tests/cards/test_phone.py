import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.phone import PhoneError, e164, shown

US_EXAMPLE = "+16155550100"


@pytest.mark.parametrize(
    "typed",
    [
        "6155550100",
        "(615) 555-0100",
        "615.555.0100",
        "1-615-555-0100",
        " +1 615 555 0100 ",
        "tel:+16155550100",
        "cell: 615 555 0100",
        "(615) 555-0100 (cell)",
        "\u202a+1 615\u2011555\u20110100\u202c",
        "\N{FULLWIDTH DIGIT SIX}15 555 0100",
        "615 555\x000100",
    ],
)
def test_ways_to_write_a_us_number_give_one_form(typed: str):
    assert e164(typed) == US_EXAMPLE


def test_the_region_decides_about_numbers_without_a_country_code():
    assert e164("020 7946 0958", "GB") == "+442079460958"
    assert e164("+44 20 7946 0958", "US") == "+442079460958"
    with pytest.raises(PhoneError):
        e164("020 7946 0958", "US")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("(615) 555-01", "A US number has ten digits; this one has eight."),
        ("12", "A US number has ten digits; this one has two."),
        (
            "0044 20 7946 0958",
            "A US number has ten digits; this one has 14. From another country, begin with + and its code.",
        ),
        ("", "It has no digits in it."),
        ("none", "It has no digits in it."),
        ("615-555-O100", "It has the letter O in it. Perhaps it is a 0?"),
        ("1-800-FLOWERS", "It has the letter F in it."),
        ("615-555-0100 ext. 12", "It has an extension (12). Leave the number without it."),
        ("615-555-0100 / 615-555-0101", "These look like two numbers. Leave the one to use."),
        ("615-555-0100 or 615-555-0101", "These look like two numbers. Leave the one to use."),
        ("(123) 456-7890", "There is no area code 123."),
        ("555-555-5555", "There is no area code 555."),
        ("615 155 0100", "After the area code, no number begins with 1."),
        ("+999 123456", "It begins with a country code that no country has."),
        ("9" * 100, "It has 100 digits; a phone number has at most 15."),
    ],
)
def test_a_problem_says_what_is_wrong(typed: str, problem: str):
    with pytest.raises(PhoneError) as caught:
        e164(typed)
    assert caught.value.message == problem


def test_digits_are_counted_for_a_canadian_church():
    with pytest.raises(PhoneError, match=r"A Canadian number has ten digits; this one has seven\."):
        e164("555 0100", "CA")


def test_an_unknown_region_asks_for_the_country_code():
    with pytest.raises(PhoneError, match=r"Begin with \+ and the country code"):
        e164("6155550100", "XX")
    assert e164(US_EXAMPLE, "XX") == US_EXAMPLE


@given(
    typed=st.one_of(st.text(), st.from_regex(r"[+(]?[0-9]{1,4}[ )./-]{0,2}[0-9 .-]{0,12}", fullmatch=True))
)
def test_any_text_gives_one_form_or_a_sentence(typed: str):
    try:
        number = e164(typed)
    except PhoneError:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
    assert e164(number) == number
    assert e164(shown(number)) == number


def test_numbers_are_shown_as_people_write_them():
    assert shown(US_EXAMPLE) == "(615) 555-0100"
    assert shown(US_EXAMPLE, "GB") == "+1 615-555-0100"
    assert shown("+18765550123") == "+1 876-555-0123"
    assert shown("+14165550123") == "+1 416-555-0123"
    assert shown("+14165550123", "CA") == "(416) 555-0123"
    assert shown("+18005550199") == "(800) 555-0199"
    assert shown("not a number") == "not a number"
