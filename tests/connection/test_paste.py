"""What was pasted: cleaned of what copying adds, and each likely mistake by its name. Nothing is repeated."""

import pytest

from ghl.connection.paste import MOST_SIGNS, PasteError, clean, read_paste
from ghl.simulator.tokens import fake_token

TOKEN = fake_token(0xABC)
LOCATION = "ve9EPM428h8vShlRW1KT"


@pytest.mark.parametrize(
    "pasted",
    [
        TOKEN,
        f"  {TOKEN}\r\n",
        f'"{TOKEN}"',
        f"“{TOKEN}”",
        f"Bearer {TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"'bearer {TOKEN}',",
        f"\ufeff{TOKEN}\u200b",
        f"{TOKEN[:20]}\n{TOKEN[20:]}",
        TOKEN.replace("-", "\u2013"),
        f"Token: {TOKEN}",
    ],
)
def test_what_copying_adds_is_taken_off(pasted):
    read = read_paste(f" {LOCATION}\n", pasted)
    assert read.token.get_secret_value() == TOKEN
    assert (read.location_id, read.last4) == (LOCATION, TOKEN[-4:])
    assert TOKEN not in repr(read)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("", "missing"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJsb2MiOiJ4In0.c2lnbmF0dXJl", "begins with eyJ"),
        ("8c1f2a3b-1111-4222-8333-123456789abc", "client secret"),
        ("65f0c1d2e3a4b5c6d7e8f901-lts9xyz1", "client id"),
        (LOCATION, "location id"),
        (TOKEN[:-1], "1 of its 40 signs is missing"),
        (TOKEN[:20], "20 of its 40 signs are missing"),
        (f"{TOKEN}ab", "something behind"),
        (TOKEN.replace("c", "C"), "small letters"),
        ("something else", "begins with pit-"),
        ("x" * (MOST_SIGNS + 10), "far too long"),
    ],
)
def test_each_mistake_about_the_token_has_its_sentence(pasted, told):
    with pytest.raises(PasteError) as caught:
        read_paste(LOCATION, pasted)
    assert set(caught.value.problems) == {"token"}
    assert told in caught.value.problems["token"]
    assert not pasted or pasted not in str(caught.value)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("", "missing"),
        (TOKEN, "other field"),
        ("https://app.gohighlevel.com/v2/location/ve9EPM428h8vShlRW1KT/settings", "after /location/"),
        ("../contacts", "letters and digits"),
    ],
)
def test_each_mistake_about_the_location_has_its_sentence(pasted, told):
    with pytest.raises(PasteError) as caught:
        read_paste(pasted, TOKEN)
    assert set(caught.value.problems) == {"location"}
    assert told in caught.value.problems["location"]


def test_both_fields_swapped_are_told_both():
    with pytest.raises(PasteError) as caught:
        read_paste(TOKEN, LOCATION)
    assert set(caught.value.problems) == {"location", "token"}


def test_a_label_is_taken_off_and_what_only_begins_like_one_stays():
    assert clean("Location ID: ve9EPM") == "ve9EPM"
    assert clean("TokenLocation00000001") == "TokenLocation00000001"
    assert clean("Bearer") == "Bearer"
    assert clean(" Bearer ") == "Bearer"
