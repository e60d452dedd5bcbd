"""The housekeeper's tasks around stops: what goes wrong in one church stays there."""

from types import SimpleNamespace

import pytest

from jobs.webhooks import _each
from tests.support.churches import connected_church, key_ring

OTHER_TOKEN = "pit-00000000-0000-4000-8000-000000000002"


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError])
def test_what_goes_wrong_in_one_church_keeps_no_other_waiting(database, error):
    ring = key_ring()
    first = connected_church(database, ring, location_id="LocGrace", slug="grace")
    second = connected_church(database, ring, location_id="LocHope", slug="hope", token=OTHER_TOKEN)
    followed = []

    def follow(_session, church_id):
        if church_id == first:
            raise error("not seen before")
        followed.append(church_id)
        return False

    _each(SimpleNamespace(database=database), lambda _session: [first, second], follow)
    assert followed == [second]
