"""Sealed secrets open in their own place with their own key, and nowhere else; keys never show."""

import base64
import dataclasses
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.crypto import Context, KeyRing, KeyRingError, Sealed, UnsealError, new_key_line

HERE = Context("credentials", "sealed", UUID(int=1), UUID(int=2))
ONE, TWO = (f"{n}:{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))


@given(st.text(max_size=200))
def test_what_was_sealed_opens_again(secret):
    ring = KeyRing.parse(ONE)
    sealed = ring.seal(secret, HERE)
    assert ring.open(sealed, HERE).get_secret_value() == secret
    assert sealed.data != ring.seal(secret, HERE).data


@pytest.mark.parametrize(
    "place",
    [
        dataclasses.replace(HERE, table="other"),
        dataclasses.replace(HERE, column="other"),
        dataclasses.replace(HERE, church_id=UUID(int=9)),
        dataclasses.replace(HERE, row_id=UUID(int=9)),
    ],
)
def test_a_secret_moved_elsewhere_does_not_open(place):
    ring = KeyRing.parse(ONE)
    with pytest.raises(UnsealError):
        ring.open(ring.seal("secret", HERE), place)


def test_changed_bytes_and_missing_keys_do_not_open():
    ring = KeyRing.parse(ONE)
    sealed = ring.seal("secret", HERE)
    changed = bytes([*sealed.data[:-1], sealed.data[-1] ^ 1])
    with pytest.raises(UnsealError, match="does not open"):
        ring.open(Sealed(changed, 1), HERE)
    with pytest.raises(UnsealError, match="key 1 is not among"):
        KeyRing.parse(TWO).open(sealed, HERE)


def test_the_newest_key_seals_and_the_old_one_still_opens():
    old = KeyRing.parse(ONE).seal("secret", HERE)
    both = KeyRing.parse(f"# rotated\n{ONE}\n{TWO}\n")
    assert both.seal("secret", HERE).key_version == 2
    assert both.open(old, HERE).get_secret_value() == "secret"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "No encryption key"),
        ("abc", "must look like 1:base64"),
        ("0:c2hvcnQ=", "must look like 1:base64"),
        ("²:c2hvcnQ=", "must look like 1:base64"),
        ("1234567:c2hvcnQ=", "must look like 1:base64"),
        ("1:%%%", "is not base64"),
        ("1:c2hvcnQ=é", "^Encryption key 1 is not base64.$"),
        ("1:c2hvcnQ=", "has 5 bytes"),
        (f"{ONE},{ONE}", "given twice"),
    ],
)
def test_wrong_keys_are_told_and_never_shown(text, why):
    with pytest.raises(KeyRingError, match=why) as told:
        KeyRing.parse(text)
    assert "c2hvcnQ" not in str(told.value)
    assert ONE.partition(":")[2] not in repr(KeyRing.parse(ONE)) + str(told.value)


def test_new_keys_are_never_the_same():
    assert KeyRing.parse(new_key_line(3)).versions == (3,)
    assert new_key_line(3) != new_key_line(3)
