"""The whole way of a card, from its save to the contact in the simulator, by a real worker."""

from tests.support.churches import card_values, save


def test_cards_become_contacts(hub):
    church_id = hub.church()
    hub.start_worker()
    hub.start_sweep()
    save(hub.database, church_id, *(card_values(n) for n in range(20)))
    hub.arrived(church_id, 20)
    assert len(hub.contacts()) == 20
    assert hub.sim.stats.requests("contacts.create") == 20
    assert hub.sim.stats.total == 20
