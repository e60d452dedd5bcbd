"""A pasted token from its paste to its switch: tried by real workers through the real budget, sealed all the way."""

import pytest
from sqlalchemy import text

from ghl.causes import CauseCode
from ghl.churches import add_church
from ghl.connection.paste import read_paste
from ghl.connection.switch import ConnectionRefusedByUsError
from ghl.connection.trials import NoSealingKeyError, file_trial, prune_trials
from ghl.connection.verdict import AGENCY, LOCATION, PERHAPS_AGENCY, REFUSED, passed, reasons
from ghl.crypto import Sealed
from ghl.delivery.facts import token_context
from ghl.simulator.tokens import ALL_SCOPES, fake_token
from ghl.statuses import TrialState
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

SCOPES = {
    "locations.readonly": "View Locations",
    "locations/customFields.readonly": "View Custom Fields",
    "contacts.readonly": "View Contacts",
    "contacts.write": "Edit Contacts",
    "conversations.readonly": "View Conversations",
    "conversations/message.readonly": "View Conversation Messages",
    "conversations/message.write": "Edit Conversation Messages",
}


def test_a_church_that_is_not_connected_tries_a_token_and_is_connected_with_it(hub, bare, admin):
    save(hub.database, bare, card_values(1))
    hub.start_worker()
    hub.start_sweep()
    pat = admin(bare)
    trial_id = pat.paste(hub.sim.token())
    trial = pat.tested()
    assert trial.state is TrialState.PASSED, trial.checks
    assert passed(trial.checks)
    assert trial.location_name
    assert not hub.query(bare, "SELECT 1 FROM credentials"), "tested is not stored yet"
    done = pat.switch(trial_id)
    assert (done.location_id, done.rotated) == (hub.sim.location_id, False)
    hub.arrived(bare, 1)
    assert pat.actions() == ["connection.tested", "connection.stored"]
    [(row_id, sealed, version, checks)] = hub.query(
        bare, "SELECT id, sealed, key_version, checks FROM credentials"
    )
    assert row_id == trial_id, "the very row that was tested"
    opened = hub.container.key_ring.open(Sealed(bytes(sealed), version), token_context(bare, row_id))
    assert opened.get_secret_value() == hub.sim.token()
    assert passed(checks)
    assert hub.sim.stats.total == len(SCOPES) + 1, "seven probes, one card"


def test_the_token_that_is_used_already_is_known_and_not_taken_as_a_new_one(hub, admin):
    church_id = hub.church()
    hub.start_worker()
    hub.start_sweep()
    pat = admin(church_id)
    trial_id = pat.paste(hub.sim.token())
    assert pat.tested().in_use
    with pytest.raises(ConnectionRefusedByUsError, match="uses already"):
        pat.switch(trial_id)
    assert hub.query(church_id, "SELECT state FROM credentials") == [("current",)]
    pat.paste(hub.sim.state.rotate_token(hub.sim.token()))
    assert not pat.tested().in_use


def test_the_token_is_nowhere_in_the_clear_and_not_stored_before_its_test(hub, bare, admin, redis_client):
    """No worker runs that could try it: it lies there for as long as it can."""
    with pytest.raises(NoSealingKeyError), hub.database.church(bare) as session:
        file_trial(session, bare, read_paste(hub.sim.location_id, hub.sim.token()), actor="x")
    worker = hub.start_worker()
    pat = admin(bare)
    wait_for(pat._keys)
    worker.stop()
    hub._workers[0][1].join(10)
    token = hub.sim.token()
    trial_id = pat.paste(token)
    with pytest.raises(ConnectionRefusedByUsError):
        pat.switch(trial_id)
    rows = hub.query(
        bare,
        "SELECT row_to_json(t)::text FROM token_trials AS t UNION ALL SELECT row_to_json(q)::text FROM questions AS q"
        " UNION ALL SELECT row_to_json(a)::text FROM audit_entries AS a",
    )
    assert len(rows) >= 1 + len(SCOPES)
    assert not [row for (row,) in rows if token in row or token.encode().hex() in row]
    for key in redis_client.scan_iter():
        kept = redis_client.dump(key) or b""
        assert token.encode() not in kept
        assert token.encode() not in key


def test_each_missing_scope_has_its_own_sentence(hub, bare, admin):
    hub.start_worker()
    pat = admin(bare)
    for scope, box in SCOPES.items():
        pat.paste(hub.sim.state.add_token(hub.sim.location_id, scopes=ALL_SCOPES - {scope}))
        trial = pat.tested()
        assert trial.state is TrialState.FAILED
        (told,) = reasons(trial.checks)
        assert f"“{box}” ({scope})" in told
        assert "Settings, Private Integrations" in told
    pat.paste(hub.sim.state.add_token(hub.sim.location_id, scopes=["locations.readonly"]))
    told = reasons(pat.tested().checks)
    assert len(told) == len(SCOPES) - 1 + 2, "six boxes, where they are, and what it may be instead"
    assert "Settings, Private Integrations" in told[-2]
    assert told[-1] == PERHAPS_AGENCY


def test_a_box_that_is_ticked_meanwhile_needs_no_second_paste(hub, bare, admin):
    token = hub.sim.state.add_token(hub.sim.location_id, scopes=ALL_SCOPES - {"contacts.write"})
    hub.start_worker()
    pat = admin(bare)
    trial_id = pat.paste(token)
    failed = pat.tested()
    assert failed.again
    before = hub.sim.stats.total
    hub.sim.state.add_token(hub.sim.location_id, token)
    assert pat.again(trial_id)
    assert pat.tested().state is TrialState.PASSED
    assert hub.sim.stats.total == before + 1, "what was good is not asked again"
    pat.switch(trial_id)
    assert pat.actions() == ["connection.tested", "connection.tested", "connection.stored"]


def test_what_explains_the_most_is_told_alone_and_a_failed_test_changes_nothing(hub, admin):
    church_id = hub.church()
    before = hub.query(church_id, "SELECT id, state FROM credentials")
    hub.start_worker()
    hub.start_sweep()
    pat = admin(church_id)
    for token, location, told in (
        (hub.sim.state.add_token(None), None, AGENCY),
        (hub.sim.token(), "elsewhere0000000001", LOCATION),
        (fake_token(99), None, REFUSED),
    ):
        trial_id = pat.paste(token, location)
        trial = pat.tested()
        assert trial.state is TrialState.FAILED
        assert reasons(trial.checks) == (told,)
        assert not trial.again
        assert not hub.query(church_id, "SELECT 1 FROM token_trials WHERE num_nonnulls(box, sealed) > 0")
        with pytest.raises(ConnectionRefusedByUsError, match="no longer kept"):
            pat.switch(trial_id)
    assert hub.query(church_id, "SELECT id, state FROM credentials") == before
    assert hub.query(church_id, "SELECT hold_cause FROM churches") == [(None,)]
    save(hub.database, church_id, card_values(1))
    hub.arrived(church_id, 1)


def test_a_token_for_another_location_is_tried_in_its_own_budget_until_it_has_read_it(hub, admin):
    church_id = hub.church()
    hub.sim.state.add_location("second00000000000001")
    token = hub.sim.token("second00000000000001")
    hub.start_worker()
    pat = admin(church_id)
    trial_id = pat.paste(token, "second00000000000001")
    assert pat.tested().state is TrialState.PASSED
    assert hub.query(church_id, "SELECT DISTINCT location_id FROM questions") == [(None,)]
    used = [hub.container.throttle.usage(key).today for key in (f"trial:{trial_id}", "second00000000000001")]
    assert used[0] >= 1
    assert sum(used) == len(SCOPES)
    assert pat.switch(trial_id, from_location=hub.sim.location_id).rotated is False


def test_a_token_that_was_proved_takes_from_its_locations_budget(hub, bare, admin):
    token = hub.sim.state.add_token(hub.sim.location_id, scopes=ALL_SCOPES - {"contacts.write"})
    hub.start_worker()
    pat = admin(bare)
    trial_id = pat.paste(token)
    pat.tested()
    before = hub.container.throttle.usage(hub.sim.location_id).today
    assert pat.again(trial_id)
    pat.tested()
    assert hub.container.throttle.usage(hub.sim.location_id).today == before + 1


@pytest.mark.parametrize(("fault", "told"), [("burst_429", 1), ("server_error", len(SCOPES))])
def test_a_location_id_that_was_only_pasted_has_nothing_noted_under_it(hub, bare, admin, fault, told):
    """Nobody shuts another church off by trying tokens for its location."""
    theirs = hub.sim.location_id
    hub.sim.faults.add(fault)
    hub.start_worker()
    pat = admin(bare)
    trial_id = pat.paste(fake_token(99))
    came = "SELECT 1 FROM questions WHERE kind = 'token_probe' AND cause IS NOT NULL"
    wait_for(lambda: len(hub.query(bare, came)) >= told, what="what came of it")
    usage = hub.container.throttle.usage(theirs)
    assert (usage.today, usage.others, usage.blocked_seconds) == (0, 0, 0)
    assert theirs not in [state.location_id for state in hub.container.breakers.states()]
    assert hub.container.throttle.usage(f"trial:{trial_id}").today


def test_a_church_pastes_only_so_many_tokens_in_a_quarter_of_an_hour(hub, bare, admin):
    hub.start_worker()
    pat = admin(bare)
    last = [pat.paste(fake_token(n + 20)) for n in range(10)][-1]
    with pytest.raises(ConnectionRefusedByUsError, match="ten tokens within a quarter of an hour"):
        pat.paste(fake_token(10))
    assert pat.trial().id == last, "nothing was changed"
    other = add_church(hub.database, slug="grace2", name="Grace", timezone="UTC", actor="test")
    assert admin(other).paste(fake_token(11)), "each church has its own"
    with hub.database.church(bare) as session:
        session.execute(text("UPDATE token_trials SET created_at = created_at - interval '15 minutes'"))
    assert pat.paste(fake_token(12))


def test_a_newer_paste_takes_the_place_of_the_older_and_is_forgotten_after_an_hour(hub, bare, admin):
    hub.start_worker()
    pat = admin(bare)
    older = pat.paste(hub.sim.token())
    pat.tested()
    newer = pat.paste(hub.sim.state.add_token(hub.sim.location_id))
    with pytest.raises(ConnectionRefusedByUsError):
        pat.switch(older)
    assert pat.tested().state is TrialState.PASSED
    assert hub.query(bare, "SELECT count(*) FROM token_trials WHERE sealed IS NOT NULL") == [(1,)]
    with hub.database.church(bare) as session:
        session.execute(text("UPDATE token_trials SET created_at = now() - interval '61 minutes'"))
    assert pat.trial() is None
    with pytest.raises(ConnectionRefusedByUsError):
        pat.switch(newer)
    with hub.database.system() as session:
        assert prune_trials(session) == 2
    assert not hub.query(bare, "SELECT 1 FROM token_trials")


def test_gohighlevel_being_away_is_told_and_the_test_goes_on_when_it_is_back(hub, bare, admin):
    hub.sim.faults.add("server_error", operation="contacts.update", times=1)
    hub.start_worker()
    hub.start_sweep()
    pat = admin(bare)
    pat.paste(hub.sim.token())
    wait_for(
        lambda: hub.query(bare, "SELECT 1 FROM questions WHERE cause = 'ghl_not_answering' LIMIT 1"),
        what=CauseCode.GHL_NOT_ANSWERING,
    )
    assert pat.tested().state is TrialState.PASSED
