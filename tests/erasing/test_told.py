"""What GoHighLevel told us of a person goes with them; of others it stays."""

from datetime import UTC, datetime

from ghl.consent import ledger, opt_outs
from ghl.statuses import Channel
from tests.erasing.conftest import ask_to_erase, carry_out, number_of, send
from tests.support.hub import wait_for

PHONE, EMAIL = "+16155550177", "annabel.quastel@example.org"
ANNA = {"first_name": "Annabel", "last_name": "Quastel", "phone": PHONE, "email": EMAIL}
BODIES = (
    b'{"type": "ContactUpdate", "phone": "(615) 555-0177"}',
    b'{"type": "LCEmailStats", "recipient": "Annabel.Quastel@EXAMPLE.org"}',
    b'{"type": "ContactUpdate", "phone": "+16155550178", "email": "ben@example.org"}',
)


def test_events_that_name_the_person_are_emptied_and_no_others(hub, owner):
    church_id = hub.church()
    hub.start_worker()
    hub.start_sweep()
    _, _, received = send(hub, church_id, ANNA)
    hub.arrived(church_id, 1)
    [(contact,)] = owner("SELECT contact_id FROM cards")
    mine = f'{{"type": "InboundMessage", "contactId": "{contact}", "body": "hello"}}'.encode()
    for number, body in enumerate((*BODIES, mine)):
        owner(
            "INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state)"
            " VALUES (:c, 'app', :key, 'ContactUpdate', :body, 'done')",
            c=church_id,
            key=str(number),
            body=body,
        )
    for address, contact_id in ((PHONE, contact), ("+16155550178", "other")):
        owner(
            "INSERT INTO dnd_differences (id, church_id, contact_id, channel, address, kind)"
            " VALUES (gen_random_uuid(), :c, :contact, 'sms', :a, 'other_number')",
            c=church_id,
            contact=contact_id,
            a=address,
        )
        owner(
            "INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on, state)"
            " VALUES (gen_random_uuid(), :c, 'sms', :a, 987654, now(), current_date, 'confirmed')",
            c=church_id,
            a=address,
        )

    ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
    wait_for(lambda: carry_out(hub, church_id))

    kept = owner("SELECT dedupe_key FROM webhook_events WHERE body IS NOT NULL")
    assert [row.dedupe_key for row in kept] == ["2"]
    for table in ("dnd_differences", "opt_outs"):
        assert [row.address for row in owner(f"SELECT address FROM {table}")] == ["+16155550178"]


def tell(owner, church_id, key, body, state="done"):
    owner(
        "INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state)"
        " VALUES (:c, 'app', :key, 'ContactUpdate', :body, :state)",
        c=church_id,
        key=key,
        body=body,
        state=state,
    )


def left(owner):
    return {row.dedupe_key for row in owner("SELECT dedupe_key FROM webhook_events WHERE body IS NOT NULL")}


def test_an_address_is_found_however_json_writes_it(hub, owner):
    church_id = hub.church()
    _, _, received = send(hub, church_id, ANNA)
    for key, body in {
        "escaped": b'{"email": "annabel.quastel\\u0040EXAMPLE.org"}',
        "inside": b'{"payload": {"to": ["x", "annabel.quastel\\u0040example.org"]}}',
        "number": b'{"phone": "\\u002b1\\u0036155550177"}',
        "utf-16": '{"email": "annabel.quastel@example.org"}'.encode("utf-16"),
        "other": '{"email": "bj\u00f6rn@example.org", "phone": "\\u002b16155550178"}'.encode(),
    }.items():
        tell(owner, church_id, key, body)
    ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
    wait_for(lambda: carry_out(hub, church_id))
    assert left(owner) == {"other"}


def test_news_that_waits_is_handled_before_its_person_is_forgotten(hub, owner):
    """It may be the stop of somebody else on the same phone."""
    church_id = hub.church()
    _, _, received = send(hub, church_id, ANNA)
    tell(owner, church_id, "waits", BODIES[0], "waiting")
    tell(owner, church_id, "over", BODIES[1])
    ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
    assert not carry_out(hub, church_id)
    assert left(owner) == {"waits"}
    owner("UPDATE webhook_events SET state = 'done' WHERE dedupe_key = 'waits'")
    wait_for(lambda: carry_out(hub, church_id))
    assert left(owner) == set()


def test_a_stop_is_brought_to_gohighlevel_before_the_address_of_who_was_erased_goes(hub, owner):
    church_id = hub.church()
    hub.start_worker()
    hub.start_sweep()
    _, _, received = send(hub, church_id, ANNA)
    hub.arrived(church_id, 1)
    [(contact,)] = owner("SELECT contact_id FROM cards")
    with hub.database.church(church_id) as session:
        ledger.record_stop(
            session, church_id, channel=Channel.SMS, address=PHONE, person="annabel quastel",
            source="spoken", recorded_by="user:1", now=datetime.now(UTC),
        )  # fmt: skip
    ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
    wait_for(lambda: carry_out(hub, church_id))
    assert owner("SELECT 1 FROM consent_events WHERE kind = 'stop'") == []
    assert [tuple(row) for row in owner("SELECT state, address FROM opt_outs")] == [("waiting", PHONE)]

    def brought():
        with hub.database.church(church_id) as session:
            asked = opt_outs.follow(session, church_id)
        if asked:
            hub.container.waker.wake(church_id)
        owner("UPDATE opt_outs SET due_at = now()")
        return owner("SELECT state FROM opt_outs")[0].state == "confirmed"

    wait_for(brought, what="the stop in GoHighLevel")
    assert [tuple(row) for row in owner("SELECT address, contacts FROM opt_outs")] == [("", [])]
    shown = next(one for one in hub.contacts(hub.sim.location_id) if one["id"] == contact)
    assert shown["dndSettings"]["SMS"]["status"] == "active"
