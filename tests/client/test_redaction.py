"""What is kept of GoHighLevel's raw answers: enough to see what went wrong, and nobody in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.client.redaction import ANSWER_CHARACTERS, answer_without_people, excerpt

DUPLICATE = {
    "statusCode": 400,
    "message": "This location does not allow duplicated contacts. See Ann Lee.",
    "meta": {"contactId": "nmFm", "matchingField": "email", "contactName": "Ann Lee"},
    "traceId": "abc-def",
}


def test_a_duplicate_answer_without_the_name():
    kept = json.loads(answer_without_people(json.dumps(DUPLICATE).encode()))
    assert kept == {
        **DUPLICATE,
        "message": "This location does not allow duplicated contacts. See [name].",
        "meta": {"contactId": "nmFm", "matchingField": "email", "contactName": "[name]"},
    }


def test_a_contact_in_an_answer_says_nothing():
    contact = {
        "id": "c1",
        "firstName": "Ann",
        "fullNameLowerCase": "ann lee",
        "email": "ann@example.org",
        "phone": "+16155550101",
        "postalCode": "37201",
        "dateOfBirth": "1990-05-01",
        "tags": ["choir"],
        "customFields": [{"id": "f1", "value": "secret"}],
        "dndSettings": {"SMS": {"status": "active"}},
    }
    kept = answer_without_people(json.dumps({"contact": contact}).encode())
    said = ("Ann", "ann", "example", "555", "37201", "1990", "choir", "secret")
    assert not any(word in kept for word in said)
    assert '"status":"active"' in kept


@pytest.mark.parametrize(
    "text",
    [
        "phone +1 615-555-0101 is taken",
        "ann@example.org is taken",
        "Bearer pit-00000000-0000-4000-8000-000000000001",
    ],
)
@pytest.mark.parametrize("form", [lambda text: text, lambda text: json.dumps({"message": [text]})])
def test_numbers_addresses_and_tokens_go_wherever_they_stand(text, form):
    kept = answer_without_people(form(text).encode())
    assert not any(word in kept for word in ("0101", "example", "pit-0"))


CONTACT = {
    "contact": {
        "id": "c1",
        "firstName": "Wilhelmina",
        "lastName": 'Zimmer"mann\\',
        "city": "Home of Wilhelmina Zimmermann",
        "tags": ["choir of Wilhelmina"],
        "customFields": [{"id": "f1", "value": "Zimmermann secret"}],
    },
    "message": "Wilhelmina is there",
}


@pytest.mark.parametrize("kept_of", [answer_without_people, excerpt])
def test_an_answer_that_was_cut_anywhere_says_nothing_either(kept_of):
    body = json.dumps(CONTACT).encode()
    for cut in range(len(body)):
        kept = kept_of(body[:cut])
        assert not any(word in kept for word in ("Wilhelm", "Zimmer", "mann", "choir", "secret")), kept
    for broken in (body + b"}", body.replace(b"}", b"", 1), b" [" + body, body.replace(b": ", b":\n")[:-1]):
        assert "Wilhelm" not in kept_of(broken)


def test_a_broken_answer_still_tells_what_happened():
    body = b'{"statusCode": 400, "message": "phone is not a mobile number", "traceId": "abc", "contact": {"firstName":'
    kept = excerpt(body)
    assert "phone is not a mobile number" in kept
    assert "400" in kept
    assert excerpt(b"<html><title>502 Bad Gateway</title></html>") == "502 Bad Gateway"


def test_it_is_bounded():
    assert len(answer_without_people(b"word " * 5000)) <= ANSWER_CHARACTERS
    assert len(answer_without_people(json.dumps({"a": ["word " * 50] * 500}).encode())) <= ANSWER_CHARACTERS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_answer_can_be_kept(body):
    assert len(answer_without_people(body, secret="pit-x")) <= ANSWER_CHARACTERS
