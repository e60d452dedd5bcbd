import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.fields import CardFields
from ghl.causes import CAUSES, WHO_ACTS, Cause, CauseCode, advice, cause, of_many, sentence, to_be_mended
from ghl.client import errors

NOT_ON_SCREEN = (
    "dead letter", "failed", "failure", "error", "invalid", "illegal", "reject", "sync", "push", "circuit",
    "throttle", "429", "queue", "worker", "opt-in", "opt-out", "payload", "response", "webhook", "tenant",
    "organization", "PIT", "credential", "secret", "retry attempt", "please", "must", "you should", "dismiss",
)  # fmt: skip
"""The left column of the word list for screens."""


def test_each_code_has_exactly_one_entry():
    assert set(CAUSES) == set(CauseCode)
    assert all(entry.code == code for code, entry in CAUSES.items())


@pytest.mark.parametrize("entry", CAUSES.values(), ids=list(CAUSES))
def test_each_entry_speaks_a_volunteers_words(entry: Cause):
    text = f"{entry.title} {entry.what_happened} {entry.what_to_do} {entry.of_many}"
    for word in NOT_ON_SCREEN:
        assert not re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE if word.islower() else 0), word
    assert entry.what_to_do
    assert entry.who in WHO_ACTS
    assert not entry.title.endswith(".")


def test_what_nobody_has_to_mend_mends_itself():
    assert all(entry.automatic for entry in CAUSES.values() if entry.who == "nobody")


def test_a_held_church_goes_on_by_itself():
    assert all(entry.automatic for entry in CAUSES.values() if entry.holds_church)


def test_facts_are_told():
    facts = {"phone": "(615) 555-01", "problem": "A US number has ten digits; this one has eight."}
    assert sentence(CauseCode.PHONE_INVALID, facts) == (
        "GoHighLevel won't take (615) 555-01. A US number has ten digits; this one has eight."
    )


@given(
    code=st.one_of(st.sampled_from(list(CauseCode)), st.text()),
    facts=st.dictionaries(st.one_of(st.sampled_from(["phone", "name", "answer"]), st.text()), st.text()),
)
def test_a_sentence_never_fails(code: str, facts: dict[str, str]):
    for text in (sentence(code, facts), advice(code, facts), sentence(code, None)):
        assert text
    assert cause(code).code in CAUSES


@pytest.mark.parametrize("code", CauseCode)
def test_a_sentence_without_facts_has_no_gaps(code: CauseCode):
    assert not re.search(r"[{}]|  |\.\.", sentence(code) + advice(code))


def test_braces_in_a_fact_are_just_text():
    assert "{name!r:>9999999}" in sentence(CauseCode.PHONE_INVALID, {"phone": "{name!r:>9999999}"})


def _kinds(of: type[Exception]) -> list[type[Exception]]:
    return [of, *(deeper for kind in of.__subclasses__() for deeper in _kinds(kind))]


@pytest.mark.parametrize("kind", _kinds(errors.GHLError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_client_has_a_cause(kind: type[errors.GHLError]):
    assert kind.cause in CAUSES
    if kind is not errors.GHLError:
        assert kind.cause is not CauseCode.UNKNOWN
    assert kind("as it came").user_message == sentence(kind.cause)


def test_the_list_of_errors_in_the_docstring_is_whole():
    assert errors.__doc__
    named = set(re.findall(r"\b\w+Error\b", errors.__doc__))
    assert {kind.__name__ for kind in _kinds(errors.GHLError) if kind.__module__ == errors.__name__} == named


def test_what_is_to_be_mended_is_a_field_of_a_card():
    for entry in CAUSES.values():
        assert set(entry.fields) <= set(CardFields.model_fields)
        assert not set(entry.fields) & {"sms_consent", "email_consent", "consent_wording"}
        if entry.first == "mend":
            assert entry.fields, entry.code
    assert to_be_mended(None) == to_be_mended("") == ()


def test_a_cause_that_waits_for_nobody_names_nothing_to_do_first():
    for entry in CAUSES.values():
        if entry.automatic:
            assert (entry.first, entry.fields) == ("nothing", ()), entry.code


SAID_OF_ONE = {CauseCode.FIELD_GONE, CauseCode.CHOICE_GONE, CauseCode.CONSENT_WORDS_MISSING}
"""Told of cards that have arrived, which stand in no group."""


def test_what_happened_to_several_cards_speaks_of_none_of_them():
    for code, entry in CAUSES.items():
        assert "{" not in entry.of_many, code
        told = of_many(code)
        for hole in ("this person", "someone else", "a field", "this phone number", "this e-mail address"):
            assert hole not in told or entry.automatic or entry.code in SAID_OF_ONE, (code, told)
