"""Workers that lack a key: a token is left to who can open it, and a church whose key was lost is connected anew."""

from sqlalchemy import text

from ghl.crypto import KeyRing, new_key_line
from ghl.sealed_box import BoxOpener
from ghl.statuses import TrialState
from tests.connection.conftest import Admin
from tests.support.churches import card_values, save
from tests.support.hub import running_hub, wait_for


def test_a_church_whose_key_was_lost_is_connected_anew_on_the_page(hub, database_urls, redis_url):
    church_id = hub.church()
    save(hub.database, church_id, card_values(1))
    with running_hub(database_urls, redis_url, hub.sim) as newer:
        newer.start_worker()
        newer.start_sweep()
        pat = Admin(newer, church_id)
        trial_id = pat.paste(newer.sim.token())
        assert pat.tested().state is TrialState.PASSED
        pat.switch(trial_id)
        newer.arrived(church_id, 1)


def test_what_a_worker_cannot_open_is_left_to_another_and_stops_no_card(hub, admin):
    church_id = hub.church()
    (public,) = BoxOpener(KeyRing.parse(new_key_line(9))).public_keys()
    with hub.database.system() as session:
        session.execute(
            text("INSERT INTO sealing_keys (version, public_key, seen_at) VALUES (9, :key, now())"),
            {"key": public.key},
        )
    hub.start_worker()
    hub.start_sweep()
    pat = admin(church_id)
    pat.paste(hub.sim.token())
    save(hub.database, church_id, card_values(1))
    hub.arrived(church_id, 1)
    wait_for(lambda: not hub.query(church_id, "SELECT 1 FROM questions WHERE due_at <= now() LIMIT 1"))
    assert pat.trial().state is TrialState.TESTING
    assert hub.query(church_id, "SELECT DISTINCT state, tries FROM questions") == [("waiting", 0)]
    assert hub.sim.stats.operations() == {"contacts.create": 1}
