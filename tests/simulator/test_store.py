"""The store's indexes against a plain list, after any row of changes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.store import ContactStore

START = datetime(2026, 3, 1, tzinfo=UTC)
EMAILS = ["a@x.example", "b@x.example", None]
PHONES = ["+16155550100", "+16155550101", None]

change = st.tuples(
    st.sampled_from(["1", "2", "3", "4"]),
    st.booleans(),
    st.sampled_from(EMAILS),
    st.sampled_from(PHONES),
    st.lists(st.sampled_from(EMAILS[:2]), max_size=2),
    st.integers(0, 3),
)


@given(st.lists(change, max_size=40))
def test_indexes_agree_with_a_plain_list(changes):
    store, plain = ContactStore(), {}
    for step, (contact_id, keep, email, phone, extra, lag) in enumerate(changes):
        now = START + timedelta(seconds=step)
        if keep:
            added = plain[contact_id].added_at if contact_id in plain else now
            contact = Contact(
                contact_id, "L", added, now, email=email, phone=phone, additional_emails=tuple(extra)
            )
            plain[contact_id] = contact
            store.put(contact, lag=lag)
        elif contact_id in plain:
            del plain[contact_id]
            store.remove(contact_id, now=now, lag=lag)

        def oldest(fits):
            return min(filter(fits, plain.values()), key=lambda one: one.added_at, default=None)

        for wanted in EMAILS[:2]:
            assert store.by_email(wanted) == oldest(
                lambda one, w=wanted: w in (one.email, *one.additional_emails)
            )
        for wanted in PHONES[:2]:
            assert store.by_phone(wanted) == oldest(lambda one, w=wanted: one.phone == w)
        assert len(store) == len(plain)
    if changes:
        settled = START + timedelta(seconds=len(changes) + 3)
        assert sorted(one.id for one in store.searchable(settled)) == sorted(plain)
        assert all(plain[one.id] == one for one in store.searchable(settled))
