"""The probes as `hub connect` runs them, one after the other: the same as the page's, with the same sentences."""

import pytest

from ghl.churches import find_church
from ghl.connection import ConnectionRefusedByUsError, connect
from ghl.connection.probes import PROBES
from ghl.connection.verdict import AGENCY, LOCATION, REFUSED
from ghl.simulator.tokens import ALL_SCOPES, fake_token
from jobs.connecting import token_test
from tests.connection.test_trials import SCOPES


@pytest.fixture
def connecting(hub, bare):
    def connecting(token, location=None):
        church = find_church(hub.database, "hope")
        with token_test(hub.container, church) as test:
            return connect(
                hub.database,
                hub.container.key_ring,
                church,
                location_id=location or hub.sim.location_id,
                token=token,
                test=test,
                actor="command line",
            )

    return connecting


def test_a_command_says_what_the_page_says(hub, bare, connecting):
    for token, location, told in (
        (hub.sim.state.add_token(None), None, AGENCY),
        (hub.sim.token(), "elsewhere0000000001", LOCATION),
        (fake_token(99), None, REFUSED),
    ):
        with pytest.raises(ConnectionRefusedByUsError) as caught:
            connecting(token, location)
        assert str(caught.value) == told
    for scope, box in SCOPES.items():
        weak = hub.sim.state.add_token(hub.sim.location_id, scopes=ALL_SCOPES - {scope})
        with pytest.raises(ConnectionRefusedByUsError, match=rf"“{box}” \({scope}\)"):
            connecting(weak)
    assert not hub.query(bare, "SELECT 1 FROM credentials")
    before = hub.sim.stats.total
    assert connecting(f"Bearer {hub.sim.token()}\n").last4 == hub.sim.token()[-4:]
    assert hub.sim.stats.total == before + len(PROBES)
    assert hub.sim.state.count() == 0, "no probe leaves anything behind"


def test_the_scopes_are_those_that_gohighlevel_lists():
    assert {probe.scope: probe.box for probe in PROBES.values()} == SCOPES


def test_a_contact_that_is_not_there_answered_with_404_is_as_good(hub, bare, connecting):
    hub.sim.state.change_location(hub.sim.location_id, not_found_status=404)
    assert connecting(hub.sim.token()).location_id == hub.sim.location_id


def test_a_wrong_location_answered_with_401_is_no_refused_token(hub, bare, connecting):
    hub.sim.state.change_location(hub.sim.location_id, wrong_location_as_401=True)
    with pytest.raises(ConnectionRefusedByUsError) as caught:
        connecting(hub.sim.token(), "elsewhere0000000001")
    assert str(caught.value) == LOCATION
