import pytest

from ghl.cards.fields import parse_card
from ghl.cards.fingerprint import fingerprint, person_key
from ghl.cards.person import Person

CARD = {
    "first_name": "Zoë",
    "last_name": "O'Brien",
    "phone": "(615) 555-0100",
    "email": "Zoe@Example.org",
    "visit_date": "2026-11-22",
    "service": "9:00 am",
    "interests": ["Choir", "Kids"],
    "notes": "Met Ruth",
    "Baptism?": "This year",
    "prayer_request": "For my mother",
}


def print_of(changes: dict[str, object], *, region: str = "US") -> bytes:
    return fingerprint(parse_card({**CARD, **changes}), region=region)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"first_name": "zoe", "last_name": "OBRIEN"},
        {"phone": "+1 615 555 0100"},
        {"phone": 6155550100},
        {"email": " zoe@example.org "},
        {"visit_date": "11/22/2026"},
        {"interests": "kids; choir"},
        {"notes": "met  ruth"},
        {"Baptism?": None, "baptism?": "this year"},
        {"city": "", "sms_consent": None, "custom": " "},
    ],
)
def test_the_same_card_written_otherwise(changes: dict[str, object]):
    assert print_of(changes) == print_of({})


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Ann"},
        {"phone": "615-555-0101"},
        {"phone": ""},
        {"email": "zoe@example.com"},
        {"visit_date": "2026-11-29"},
        {"service": "11:00 am"},
        {"sms_consent": "no"},
        {"interests": "Choir"},
        {"notes": "Met Ruth again"},
        {"Baptism?": "next year"},
        {"prayer_request": "For my father"},
    ],
)
def test_another_card(changes: dict[str, object]):
    assert print_of(changes) != print_of({})


def test_a_wrong_address_counts_as_written():
    assert print_of({"phone": "555 01"}) == print_of({"phone": "55501"}) != print_of({"phone": "55502"})


def test_it_has_32_bytes_and_stays_what_it_is():
    """Fingerprints are stored: a change of the form would let every card of the past in again."""
    assert print_of({}).hex() == "2f4185739fc1bf75a7fee7dafc01965b40b87ab13f16765b4063234939f38f68"


def test_a_person_is_remembered_by_the_whole_name():
    zoe = Person("Zoë", "O'Brien", "+16155550100", None)
    assert person_key(zoe) == person_key(Person("ZOE", "Obrien", None, "zoe@example.org"))
    assert person_key(zoe) != person_key(Person("Ann", "O'Brien", "+16155550100", None))


def test_half_a_name_needs_an_address():
    zoe = Person("Zoë", "", "+16155550100", None)
    assert person_key(zoe) == person_key(Person("zoe", "", "+16155550100", None))
    assert person_key(zoe) != person_key(Person("Zoë", "", "+16155550101", None))
