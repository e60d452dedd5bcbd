import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.email import EmailError, normal_email


@pytest.mark.parametrize(
    "typed",
    ["anna@example.org", " Anna@Example.ORG ", "<anna@example.org>", "mailto:anna@example.org",
     "Anna Keller <anna@example.org>", "anna\u200b@example.org", "\N{FULLWIDTH LATIN CAPITAL LETTER A}nna@example.org"],
)  # fmt: skip
def test_ways_to_write_an_address_give_one_form(typed: str):
    assert normal_email(typed) == "anna@example.org"


@pytest.mark.parametrize(
    "typed",
    ["o'brien@example.org", "a.b+c_d-e@mail.example.co.uk", "1@2.io", "x@xn--bcher-kva.example",
     "a@example.xn--p1ai", f"{'a' * 64}@example.org"],
)  # fmt: skip
def test_unusual_addresses_pass(typed: str):
    assert normal_email(typed) == typed


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "empty"),
        ("anna", "The @ is missing"),
        ("anna at example.org", "The @ is missing"),
        ("anna@@example.org", "more than one @"),
        ("anna@example.org; bob@example.org", "two addresses"),
        ("anna@example.org bob@example.org", "two addresses"),
        ("@example.org", "before the @ is missing"),
        ("anna@", "after the @ is missing"),
        ("anna keller@example.org", "a space in it"),
        ("anna@gmail,com", "comma after the @"),
        ("anna@gmail.com.", "ends with a dot"),
        ("anna@gmail..com", "two stand together"),
        ("anna..k@gmail.com", "two stand together"),
        (".anna@gmail.com", "at the beginning"),
        ("anna@gmail", "ending is missing"),
        ("anna@gmail.con", r"Perhaps \.com is meant"),
        ("anna@example.1", "which no address does"),
        ("anna@[127.0.0.1]", "no name of a mail service"),
        ("anna@-example.org", "no name of a mail service"),
        ("anna@exa_mple.org", "no name of a mail service"),
        ("anna(k)@example.org", r"the sign \( in it"),
        ("änna@example.org", "the sign ä in it"),
        (f"{'a' * 65}@example.org", "65 signs; it can have at most 64"),
        (f"a@{'b' * 64}.org", "no name of a mail service"),
        (f"a@{'b.' * 130}org", "at most 254"),
    ],
)
def test_a_problem_says_what_is_wrong(typed: str, problem: str):
    with pytest.raises(EmailError, match=problem) as caught:
        normal_email(typed)
    assert caught.value.message.endswith(".")


@given(typed=st.one_of(st.text(), st.emails()))
def test_any_text_gives_one_form_or_a_sentence(typed: str):
    try:
        address = normal_email(typed)
    except EmailError:
        return
    assert address == address.lower() == normal_email(address)
    assert address.isascii()
    assert len(address) <= 254
