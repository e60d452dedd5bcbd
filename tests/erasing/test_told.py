"""What GoHighLevel told us of a person goes with them; of others it stays."""

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
