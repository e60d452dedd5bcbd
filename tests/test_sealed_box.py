"""Sealing by who cannot open: only holders of the ring open it, and only in its place."""

import pytest
from pydantic import SecretStr

from ghl.crypto import Context, KeyRing, UnsealError, new_key_line
from ghl.ids import new_id
from ghl.sealed_box import Box, BoxOpener, seal_for

PLACE = Context("token_trials", "box", new_id(), new_id())
SECRET = SecretStr("pit-00000000-0000-4000-8000-000000000001")
OLD, NEW = new_key_line(1), new_key_line(2)


def opener(*lines):
    return BoxOpener(KeyRing.parse(",".join(lines)))


def test_it_opens_with_the_version_it_was_sealed_for_also_after_a_newer_came():
    (public,) = opener(OLD).public_keys()
    box = seal_for(public, SECRET, PLACE)
    assert box.key_version == 1
    assert SECRET.get_secret_value().encode() not in box.data
    assert opener(OLD, NEW).open(box, PLACE) == SECRET
    assert seal_for(public, SECRET, PLACE).data != box.data


def test_elsewhere_changed_or_with_other_keys_it_does_not_open():
    public = opener(OLD, NEW).public_keys()[-1]
    box = seal_for(public, SECRET, PLACE)
    moved = Context(PLACE.table, PLACE.column, PLACE.church_id, new_id())
    cases = [
        (opener(OLD, NEW), box, moved),
        (opener(OLD, NEW), Box(box.data[:-1] + bytes([box.data[-1] ^ 1]), 2), PLACE),
        (opener(OLD, NEW), Box(b"short", 2), PLACE),
        (opener(OLD, NEW), Box(box.data, 1), PLACE),
        (opener(OLD, new_key_line(2)), box, PLACE),
        (opener(OLD), box, PLACE),
    ]
    for who, what, where in cases:
        with pytest.raises(UnsealError) as caught:
            who.open(what, where)
        assert SECRET.get_secret_value() not in str(caught.value)


def test_what_is_told_to_everybody_is_not_the_key():
    ring = KeyRing.parse(OLD)
    (public,) = BoxOpener(ring).public_keys()
    assert public.key not in {ring.derived(1, b"x"), ring.derived(1, b"church-connect-hub sealed box")}
    assert BoxOpener(KeyRing.parse(OLD)).public_keys() == (public,), "always the same"
