"""Tokens that change while cards go out: no call fails across the switch, and a refused token loses nothing."""

from ghl.connection.switch import disconnect, finish, roll_back
from ghl.statuses import TrialState
from tests.connection.conftest import ADMIN
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

EACH = 12
"""Cards that are saved before each change of the token; every third is of a guest who is there already."""


def test_no_call_fails_while_the_token_is_switched_and_back_and_forth(hub, admin):
    church_id, sim = hub.church(), hub.sim
    pat = admin(church_id)
    old = sim.token()
    new = sim.state.rotate_token(old)
    sim.set_latency("0.2-0.5")
    hub.start_worker()
    hub.start_sweep()
    saved = 0

    def on_their_way():
        nonlocal saved
        numbers = range(saved + 1, saved + EACH + 1)
        for number in numbers[::3]:
            known = card_values(number)
            sim.state.add_contact(
                sim.location_id,
                firstName=known["first_name"],
                lastName=known["last_name"],
                phone=known["phone"],
                email=known["email"],
            )
        save(hub.database, church_id, *[card_values(number) for number in numbers])
        hub.container.waker.wake(church_id)
        saved += EACH
        wait_for(lambda: sim.stats.snapshot()["in_flight"], what="cards on their way")

    on_their_way()
    trial_id = pat.paste(new)
    assert pat.tested().state is TrialState.PASSED
    on_their_way()
    assert pat.switch(trial_id).rotated
    on_their_way()
    with hub.database.church(church_id) as session:
        assert roll_back(session, church_id, actor=ADMIN) == old[-4:]
    on_their_way()
    with hub.database.church(church_id) as session:
        assert roll_back(session, church_id, actor=ADMIN) == new[-4:]
        assert finish(session, church_id, actor=ADMIN)
    hub.arrived(church_id, saved)
    # 400: the probes about a contact that is not there, and guests who are there already.
    assert set(sim.stats.statuses()) <= {200, 201, 400}
    assert len(hub.contacts()) == saved, "nobody is there twice"
    failed = "SELECT count(*) FROM attempts WHERE http_status IS NOT NULL OR outcome = 'died'"
    assert hub.query(church_id, failed) == [(0,)], "none was refused, and none was let go of"
    assert hub.query(church_id, "SELECT count(*) FROM outbox WHERE attempts > 0") == [(0,)]
    assert hub.query(church_id, "SELECT count(*) FROM credentials WHERE last_used_at IS NOT NULL") == [(1,)]
    assert pat.actions() == [
        "connection.tested",
        "connection.stored",
        "connection.tested",
        "connection.switched",
        "connection.rolled_back",
        "connection.switched",
        "connection.finished",
    ]


def test_a_refused_token_stops_the_church_and_everything_goes_out_after_the_new_one(hub, admin):
    church_id, other = hub.church(), hub.church("hope", location="second00000000000001")
    pat = admin(church_id)
    hub.start_worker()
    hub.start_sweep()
    hub.sim.state.revoke_token(hub.sim.token())
    save(hub.database, church_id, *[card_values(number) for number in range(1, 31)])
    save(hub.database, other, card_values(1))
    wait_for(lambda: hub.query(church_id, "SELECT hold_cause FROM churches") == [("token_refused",)])
    hub.wait_until(church_id, 30, waiting=30)
    hub.arrived(other, 1)
    assert hub.query(church_id, "SELECT max(attempts) FROM outbox") == [(0,)]
    calls = hub.sim.stats.operations(hub.sim.location_id)
    trial_id = pat.paste(hub.sim.state.add_token(hub.sim.location_id))
    assert pat.tested().state is TrialState.PASSED
    pat.switch(trial_id)
    hub.arrived(church_id, 30)
    assert calls.get("contacts.create", 0) <= 30, "each card met the refusal once at most"
    assert len(hub.contacts()) == 30


def test_a_disconnected_churchs_cards_wait_until_it_is_connected_again(hub, admin):
    church_id = hub.church()
    pat = admin(church_id)
    hub.start_worker()
    hub.start_sweep()
    save(hub.database, church_id, card_values(1))
    hub.arrived(church_id, 1)
    with hub.database.church(church_id) as session:
        assert disconnect(session, church_id, typed_name="Grace", actor=ADMIN) == hub.sim.location_id
    save(hub.database, church_id, card_values(2))
    before = hub.sim.stats.total
    trial_id = pat.paste(hub.sim.token())
    assert pat.tested().state is TrialState.PASSED
    assert hub.sim.stats.total == before + 7, "the test alone called"
    assert hub.query(church_id, "SELECT count(*) FROM cards WHERE status = 'waiting'") == [(1,)]
    pat.switch(trial_id)
    hub.arrived(church_id, 2)
