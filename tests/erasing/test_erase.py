"""Erasing a person: nothing of them is left but the proof, whatever runs at the same moment."""

import threading
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from ghl.cards import drafts
from ghl.cards.correct import CardMissingError, correct
from ghl.cards.fields import parse_card
from ghl.chain.seal import seal
from ghl.chain.verify import verify
from ghl.crypto import new_key_line
from ghl.delivery.claim import claim
from ghl.delivery.settle import LinkedContact, Settlement, settle
from ghl.erasing import ask, contacts
from ghl.erasing.proofs import proofs_of
from ghl.ids import new_id
from ghl.intake.receive import Sent
from ghl.questions.take import take
from ghl.statuses import AttemptOutcome, CardStatus, Channel, ConsentKind
from jobs.container import build_container
from jobs.housekeeping import tasks
from tests.erasing.conftest import ANNA, ask_to_erase, carry_out, number_of, scatter, send, traces_in
from tests.support.churches import card_values, save
from tests.support.hub import wait_for


def run_task(hub, *names):
    by_name = {task.name: task for task in tasks(hub.container)}
    for name in names:
        by_name[name].run()


def test_nothing_is_left_but_the_proof(hub, dump, owner):
    """A person who was received, delivered, decided about, corrected, noted, half typed, and refused in a list."""
    church_id = hub.church()
    (other,) = save(hub.database, church_id, card_values(1))
    _, _, received = send(hub, church_id, dict(ANNA), key="once")
    card_id = received.card_id
    hub.start_worker()
    hub.container.waker.wake(church_id)
    hub.arrived(church_id, 2)
    with hub.database.church(church_id) as session:
        changed = parse_card(ANNA | {"phone": "(615) 555-0188", "first_name": "Annabel"})
        correct(session, church_id, card_id, changed, base_revision=1, actor="user:x", now=datetime.now(UTC))
    hub.container.waker.wake(church_id)
    hub.arrived(church_id, 2)
    scatter(hub, church_id, card_id)
    with hub.database.church(church_id) as session:
        session.execute(
            text(
                "UPDATE cards SET status = 'held', cause = 'same_person_doubt', facts = jsonb_build_object("
                "'contact_id', (SELECT contact_id FROM cards WHERE id = :anna), 'contact_name', 'Annabel Quastel',"
                " 'name', 'Anna1 Keller') WHERE id = :other"
            ),
            {"anna": card_id, "other": other.id},
        )
    found = {table for table, _ in traces_in(dump(), "6155550188")}
    assert found >= {
        "cards",
        "card_revisions",
        "card_words",
        "card_notes",
        "card_drafts",
        "card_imports",
        "consent_events",
        "contact_links",
        "outbox",
        "person_keys",
        "prayer_requests",
        "questions",
    }
    number = number_of(hub, church_id, card_id)
    ask_to_erase(hub, church_id, number)
    assert carry_out(hub, church_id) == 1
    assert traces_in(dump(), "6155550188") == set()
    left = dump()
    assert "203.0.113.9" not in str(left)
    assert left["card_imports"].count("first,phone") == 1, "the lists of others stay"
    assert "615.555.0177" not in left["card_imports"]
    assert hub.query(church_id, "SELECT facts ->> 'name', facts ? 'contact_name' FROM cards") == [
        ("Anna1 Keller", False)
    ]
    assert [row.channel for row in owner("SELECT channel FROM consent_proofs ORDER BY id")][:2] == [
        "sms",
        "email",
    ]
    seal(hub.database)
    assert all(report.good for report in verify(hub.database))


def test_the_proof_is_found_by_the_number_alone(hub):
    church_id = hub.church()
    _, _, received = send(hub, church_id, dict(ANNA))
    ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
    carry_out(hub, church_id)
    ring = hub.container.key_ring
    with hub.database.church(church_id) as session:
        (proof,) = proofs_of(session, ring, church_id, Channel.SMS, "+16155550177")
        assert (proof.kind, proof.wording) == (ConsentKind.YES, "Yes, text me")
        assert proofs_of(session, ring, church_id, Channel.SMS, "+16155550178") == []
        assert len(proofs_of(session, ring, church_id, Channel.EMAIL, "annabel.quastel@example.org")) == 1
    other = hub.church("hope", location="simLocation000000002")
    with hub.database.church(other) as session:
        assert proofs_of(session, ring, other, Channel.SMS, "+16155550177") == []


def test_a_household_stays_and_so_does_what_it_said(hub):
    church_id = hub.church()
    _, _, received = send(hub, church_id, dict(ANNA))
    tom = {"first_name": "Tom", "last_name": "Quastel", "phone": ANNA["phone"], "sms_consent": "yes"}
    save(hub.database, church_id, tom)
    number = number_of(hub, church_id, received.card_id)
    with hub.database.church(church_id) as session:
        foreseen = ask.foresee(session, church_id, number)
    assert [card.name for card in foreseen.cards] == ["Annabel Quastel"]
    assert [card.name for card in foreseen.others] == ["Tom Quastel"]
    assert foreseen.statements == 2
    ask_to_erase(hub, church_id, number)
    carry_out(hub, church_id)
    assert hub.query(church_id, "SELECT first_name FROM cards") == [("Tom",)]
    assert hub.query(church_id, "SELECT person FROM consent_events") == [("tom quastel",)]


def test_all_cards_of_the_person_go_by_any_of_them(hub):
    church_id = hub.church()
    by_phone = {"first_name": "Annabel", "last_name": "Quastel", "phone": ANNA["phone"]}
    by_mail = {"first_name": "Annabel", "last_name": "Quastel", "email": ANNA["email"]}
    (first,) = save(hub.database, church_id, by_phone)
    save(hub.database, church_id, dict(ANNA), by_mail, card_values(1))
    ask_to_erase(hub, church_id, first.number)
    carry_out(hub, church_id)
    assert hub.query(church_id, "SELECT last_name FROM cards") == [("Keller",)]


@pytest.mark.parametrize("typed", ["", "Annabel", "Somebody Else"])
def test_another_name_erases_nothing(hub, typed):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    with pytest.raises(ask.NameDiffersError):
        ask_to_erase(hub, church_id, card.number, typed=typed)
    assert carry_out(hub, church_id) == 0
    assert hub.query(church_id, "SELECT status FROM cards") == [("waiting",)]


def test_a_card_that_came_meanwhile_is_shown_first(hub):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    save(hub.database, church_id, {**ANNA, "notes": "another"})
    with pytest.raises(ask.ChangedError), hub.database.church(church_id) as session:
        ask.request(
            session,
            church_id,
            card.number,
            shown=[card.id],
            typed="Annabel Quastel",
            contacts_too=False,
            actor="x",
            now=datetime.now(UTC),
        )


def test_a_double_click_is_one_request(hub, owner):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    assert ask_to_erase(hub, church_id, card.number) == ask_to_erase(hub, church_id, card.number)
    assert owner("SELECT count(*) FROM erasures") == [(1,)]


def test_another_churchs_card_is_not_there(hub):
    church_id, other = hub.church(), hub.church("hope", location="simLocation000000002")
    (card,) = save(hub.database, church_id, dict(ANNA))
    with hub.database.church(other) as session:
        assert ask.foresee(session, other, card.number) is None
        assert ask.recent(session, other) == []


def test_asked_for_it_is_not_sent_any_more(hub):
    church_id = hub.church()
    (card,) = save(hub.database, church_id, dict(ANNA))
    ask_to_erase(hub, church_id, card.number)
    with hub.database.church(church_id) as session:
        assert claim(session, church_id, token=new_id(), most=10) == []


class TestAtTheSameMoment:
    def settled(self, row):
        contact = LinkedContact(
            self.location, "C1", "Annabel", "Quastel", "+16155550177", "annabel.quastel@example.org"
        )
        return Settlement(row, AttemptOutcome.DELIVERED, CardStatus.SYNCED, contact=contact)

    @pytest.fixture
    def church_id(self, hub):
        church_id = hub.church()
        [(self.location,)] = hub.query(church_id, "SELECT id FROM locations")
        return church_id

    def claimed(self, hub, church_id):
        (card,) = save(hub.database, church_id, dict(ANNA))
        with hub.database.church(church_id) as session:
            (row,) = claim(session, church_id, token=new_id(), most=10)
        return card, row

    def test_a_card_that_is_being_sent_is_waited_for(self, hub, church_id, dump):
        card, row = self.claimed(hub, church_id)
        ask_to_erase(hub, church_id, card.number, contacts_too=True)
        assert carry_out(hub, church_id) == 0
        with hub.database.church(church_id) as session:
            settle(session, church_id, [self.settled(row)])
        assert carry_out(hub, church_id) == 1
        assert traces_in(dump()) == set()
        assert hub.query(church_id, "SELECT contact_id FROM contact_removals") == [("C1",)]

    def test_what_comes_too_late_brings_nothing_back(self, hub, church_id, dump, owner):
        """The worker was lost, its lease is over, the person is erased: then it comes back and settles."""
        card, row = self.claimed(hub, church_id)
        ask_to_erase(hub, church_id, card.number)
        owner("UPDATE outbox SET leased_until = now() - interval '1 second'")
        assert carry_out(hub, church_id) == 1
        with hub.database.church(church_id) as session:
            settle(session, church_id, [self.settled(row)])
        assert traces_in(dump()) == set()

    def test_settling_and_erasing_in_one_moment(self, hub, church_id, dump, owner):
        for _ in range(5):
            card, row = self.claimed(hub, church_id)
            ask_to_erase(hub, church_id, card.number)
            owner("UPDATE outbox SET leased_until = now() - interval '1 second'")
            start = threading.Barrier(2)

            def late(row=row, start=start):
                start.wait()
                with hub.database.church(church_id) as session:
                    settle(session, church_id, [self.settled(row)])

            thread = threading.Thread(target=late)
            thread.start()
            start.wait()
            wait_for(lambda: carry_out(hub, church_id) == 1)
            thread.join()
            assert traces_in(dump()) == set()

    def test_a_page_that_is_open_brings_nothing_back(self, hub, church_id, dump):
        (card,) = save(hub.database, church_id, dict(ANNA))
        user = scatter(hub, church_id, card.id)
        ask_to_erase(hub, church_id, card.number)
        carry_out(hub, church_id)
        now = datetime.now(UTC)
        with hub.database.church(church_id) as session:
            place = drafts.correction_of(card.id)
            assert not drafts.keep(session, church_id, user, place, {"first_name": "Annabel"}, now=now)
            with pytest.raises(CardMissingError):
                correct(session, church_id, card.id, parse_card(ANNA), base_revision=1, actor="x", now=now)
        assert traces_in(dump()) == set()

    def test_a_program_that_sends_it_again_brings_nothing_back(self, hub, church_id, dump):
        source, reception, received = send(hub, church_id, dict(ANNA), key="once")
        ask_to_erase(hub, church_id, number_of(hub, church_id, received.card_id))
        carry_out(hub, church_id)
        again = reception.receive(source, Sent(dict(ANNA), "once", None, None))
        assert (again.replayed, again.answer) == (True, received.answer)
        assert traces_in(dump()) == set()

    def test_a_later_card_is_a_new_one(self, hub, church_id):
        (card,) = save(hub.database, church_id, dict(ANNA))
        ask_to_erase(hub, church_id, card.number)
        carry_out(hub, church_id)
        (new,) = save(hub.database, church_id, dict(ANNA))
        assert (new.duplicate, new.status) == (False, CardStatus.WAITING)
        assert new.number > card.number


class TestContacts:
    def erased(self, hub):
        church_id = hub.church()
        (card,) = save(hub.database, church_id, dict(ANNA))
        hub.start_worker()
        hub.start_sweep()
        hub.arrived(church_id, 1)
        assert len(hub.contacts()) == 1
        return church_id, card

    def go_on(self, hub):
        hub.query(self.church_id, "UPDATE contact_removals SET due_at = now() RETURNING 1")
        run_task(hub, "remove contacts")

    def states(self, hub):
        return [tuple(row) for row in hub.query(self.church_id, "SELECT state, cause FROM contact_removals")]

    def test_the_contact_goes_too_where_that_is_wanted(self, hub):
        self.church_id, card = self.erased(hub)
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people", "remove contacts")
        wait_for(lambda: self.go_on(hub) or self.states(hub) == [("done", None)])
        assert hub.contacts() == []
        actions = hub.query(self.church_id, "SELECT action FROM audit_entries ORDER BY id DESC LIMIT 3")
        assert [row.action for row in actions] == ["contact.removed", "person.erased", "person.erase_asked"]

    def test_it_stays_where_that_is_not_wanted(self, hub):
        self.church_id, card = self.erased(hub)
        ask_to_erase(hub, self.church_id, card.number)
        run_task(hub, "erase people", "remove contacts")
        assert self.states(hub) == []
        assert len(hub.contacts()) == 1

    def test_a_contact_that_another_persons_card_is_in_stays(self, hub):
        self.church_id, card = self.erased(hub)
        (other,) = save(hub.database, self.church_id, card_values(1))
        hub.query(
            self.church_id,
            "UPDATE cards SET contact_id = (SELECT contact_id FROM cards WHERE id = :anna) WHERE id = :other RETURNING 1",
            anna=card.id,
            other=other.id,
        )
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people", "remove contacts")
        assert self.states(hub) == []
        with hub.database.church(self.church_id) as session:
            (progress,) = ask.recent(session, self.church_id)
        assert (progress.over, progress.shared_contacts) == (True, 1)

    def test_one_that_was_asked_for_before_is_asked_for_again(self, hub, owner):
        self.church_id, card = self.erased(hub)
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people")
        (again,) = save(hub.database, self.church_id, dict(ANNA))
        hub.arrived(self.church_id, 1)
        assert len(hub.contacts()) == 1, "the later card went into the contact that was still there"
        owner("UPDATE contact_removals SET state = 'done'")
        ask_to_erase(hub, self.church_id, again.number, contacts_too=True)
        run_task(hub, "erase people")
        assert self.states(hub) == [("waiting", None)]
        wait_for(lambda: self.go_on(hub) or self.states(hub) == [("done", None)])
        assert hub.contacts() == []

    def test_a_contact_that_is_gone_already_is_gone(self, hub):
        self.church_id, card = self.erased(hub)
        [contact] = hub.contacts()
        hub.sim.state.stores[hub.sim.location_id].remove(contact["id"], now=datetime.now(UTC))
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people", "remove contacts")
        wait_for(lambda: self.go_on(hub) or self.states(hub) == [("done", None)])

    def test_a_refusal_is_shown_and_tried_again(self, hub):
        self.church_id, card = self.erased(hub)
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people")
        hub.query(
            self.church_id,
            "INSERT INTO questions (id, church_id, location_id, kind, params, key, asked_by, asked_at, wanted_until,"
            " state, due_at, cause, answered_at) SELECT :q, church_id, id, 'remove_contact', '{}', 'k', 'x', now(), now(),"
            " 'failed', now(), 'scope_missing', now() FROM locations RETURNING 1",
            q=(question := new_id()),
        )
        hub.query(self.church_id, "UPDATE contact_removals SET question_id = :q RETURNING 1", q=question)
        run_task(hub, "remove contacts")
        assert self.states(hub) == [("waiting", "scope_missing")]
        with hub.database.church(self.church_id) as session:
            (progress,) = ask.recent(session, self.church_id)
            assert not progress.over
            assert progress.removals[0].due_at > datetime.now(UTC)
            assert contacts.try_now(session, self.church_id) == 1
        wait_for(lambda: self.go_on(hub) or self.states(hub) == [("done", None)])
        assert hub.contacts() == []

    def later_card(self, hub, church_id):
        """A card that comes while the removal waits, and goes into the same contact."""
        (again,) = save(hub.database, church_id, dict(ANNA))
        hub.arrived(church_id, 1)
        assert len(hub.contacts()) == 1
        return again

    def test_a_contact_that_a_later_card_went_into_stays(self, hub):
        self.church_id, card = self.erased(hub)
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        run_task(hub, "erase people")
        self.later_card(hub, self.church_id)
        run_task(hub, "remove contacts")
        assert self.states(hub) == [("done", "in_use_again")]
        assert hub.query(self.church_id, "SELECT 1 FROM questions WHERE kind = 'remove_contact'") == []
        with hub.database.church(self.church_id) as session:
            (progress,) = ask.recent(session, self.church_id)
        assert (progress.over, progress.removals[0].in_use) == (True, True)
        assert len(hub.contacts()) == 1

    def test_what_no_worker_took_yet_is_taken_back(self, hub):
        self.church_id = hub.church()
        (card,) = save(hub.database, self.church_id, dict(ANNA))
        hub.query(self.church_id, "UPDATE cards SET contact_id = 'C1' RETURNING 1")
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        assert carry_out(hub, self.church_id) == 1
        with hub.database.church(self.church_id) as session:
            assert contacts.follow(session, self.church_id)
        save(hub.database, self.church_id, dict(ANNA))
        hub.query(self.church_id, "UPDATE cards SET contact_id = 'C1' RETURNING 1")
        hub.query(self.church_id, "UPDATE contact_removals SET due_at = now() RETURNING 1")
        with hub.database.church(self.church_id) as session:
            assert not contacts.follow(session, self.church_id)
        assert self.states(hub) == [("done", "in_use_again")]
        [(location,)] = hub.query(self.church_id, "SELECT id FROM locations")
        with hub.database.church(self.church_id) as session:
            assert not take(session, self.church_id, location, token=new_id(), calls=10).questions

    def test_of_a_location_that_was_left_a_contact_is_out_of_reach(self, hub, owner):
        self.church_id, card = self.erased(hub)
        owner("UPDATE locations SET active = false")
        owner(
            "INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)"
            " SELECT gen_random_uuid(), church_id, 'simElsewhere0000001', true, false, now() FROM locations"
        )
        ask_to_erase(hub, self.church_id, card.number, contacts_too=True)
        assert carry_out(hub, self.church_id) == 1
        assert self.states(hub) == []
        with hub.database.church(self.church_id) as session:
            (progress,) = ask.recent(session, self.church_id)
        assert (progress.over, progress.contacts_elsewhere) == (True, 1)

    def test_the_wait_grows_and_never_ends(self):
        waits = [contacts.wait_after(tries).total_seconds() for tries in (1, 2, 3, 50)]
        assert waits == [300, 600, 1200, 21600]


class TestOnlyTheirOwn:
    """What other people said stays, whoever is erased beside them."""

    ANNABEL: ClassVar = {"first_name": "Annabel", "last_name": "Quastel", "phone": ANNA["phone"]}

    def said(self, hub, church_id):
        return [
            tuple(row)
            for row in hub.query(church_id, "SELECT person, kind FROM consent_events ORDER BY person, kind")
        ]

    def stop(self, hub, church_id, person, kind="stop"):
        hub.query(
            church_id,
            "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, source, recorded_by,"
            " recorded_at) VALUES (:c, 'sms', '+16155550177', :person, :kind, 'follow-up', 'keyword', 'system', now())"
            " RETURNING 1",
            c=church_id,
            person=person,
            kind=kind,
        )

    def test_of_a_card_that_was_first_typed_as_another_person(self, hub, owner):
        church_id = hub.church()
        (typed,) = save(hub.database, church_id, self.ANNABEL | {"sms_consent": "yes"})
        maria = {"first_name": "Maria", "last_name": "Sol", "phone": "(615) 555-0199", "sms_consent": "yes"}
        with hub.database.church(church_id) as session:
            now = datetime.now(UTC)
            correct(session, church_id, typed.id, parse_card(maria), base_revision=1, actor="user:x", now=now)
        save(hub.database, church_id, self.ANNABEL | {"sms_consent": "no"})
        owner(
            "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone,"
            " newest_applied_at, seen_at) SELECT id, 'CA', church_id, 'Annabel', 'Quastel', '+16155550177', now(), now()"
            " FROM locations"
        )
        ask_to_erase(hub, church_id, typed.number, typed="Maria Sol", contacts_too=True)
        assert carry_out(hub, church_id) == 1
        assert self.said(hub, church_id) == [("annabel quastel", "no")]
        assert hub.query(church_id, "SELECT contact_id FROM contact_links") == [("CA",)]
        assert hub.query(church_id, "SELECT contact_id FROM contact_removals") == []

    def test_a_stop_on_a_number_that_another_card_has_stays_for_that_card(self, hub):
        church_id = hub.church()
        (card,) = save(hub.database, church_id, self.ANNABEL | {"sms_consent": "yes"})
        tom = {"first_name": "Tom", "last_name": "Quastel", "phone": ANNA["phone"], "sms_consent": "yes"}
        (other,) = save(hub.database, church_id, tom)
        self.stop(hub, church_id, "annabel quastel")
        ask_to_erase(hub, church_id, card.number)
        carry_out(hub, church_id)
        assert self.said(hub, church_id) == [("annabel quastel", "stop"), ("tom quastel", "yes")]
        ask_to_erase(hub, church_id, other.number, typed="Tom Quastel")
        carry_out(hub, church_id)
        assert self.said(hub, church_id) == [], "nobody has the number any more: it goes into a proof"
        with hub.database.church(church_id) as session:
            proofs = proofs_of(session, hub.container.key_ring, church_id, Channel.SMS, "+16155550177")
        assert sorted(proof.kind for proof in proofs) == ["stop", "yes", "yes"]

    def test_a_no_stays_while_a_card_of_the_same_name_has_the_number(self, hub):
        """It came after the request, so it is not erased with it."""
        church_id = hub.church()
        (card,) = save(hub.database, church_id, self.ANNABEL | {"sms_consent": "no"})
        ask_to_erase(hub, church_id, card.number)
        (later,) = save(hub.database, church_id, self.ANNABEL | {"sms_consent": "yes"})
        carry_out(hub, church_id)
        assert ("annabel quastel", "no") in self.said(hub, church_id)
        del later

    def test_a_stop_by_nobody_in_particular_is_not_that_of_a_card_without_a_name(self, hub):
        church_id = hub.church()
        (card,) = save(hub.database, church_id, {"phone": ANNA["phone"], "notes": "no name"})
        tom = {"first_name": "Tom", "last_name": "Quastel", "phone": ANNA["phone"]}
        save(hub.database, church_id, tom)
        self.stop(hub, church_id, "")
        self.stop(hub, church_id, "", kind="asked")
        ask_to_erase(hub, church_id, card.number, typed=str(card.number))
        carry_out(hub, church_id)
        assert self.said(hub, church_id) == [("", "asked"), ("", "stop")]


def test_one_that_cannot_be_carried_out_keeps_no_later_one_waiting(hub, owner):
    church_id = hub.church()
    first, second = (save(hub.database, church_id, card_values(number))[0] for number in (1, 2))
    for card, name in ((first, "Anna1 Keller"), (second, "Anna2 Keller")):
        ask_to_erase(hub, church_id, card.number, typed=name)
    owner(
        "CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF OLD.first_name = 'Anna1' THEN RAISE 'broken'; END IF; RETURN OLD; END $$"
    )
    owner("CREATE TRIGGER refuse_one BEFORE DELETE ON cards FOR EACH ROW EXECUTE FUNCTION refuse_one()")
    assert carry_out(hub, church_id) == 1
    assert hub.query(church_id, "SELECT first_name FROM cards") == [("Anna1",)]
    owner("DROP TRIGGER refuse_one ON cards")
    assert carry_out(hub, church_id) == 1


def test_keys_are_looked_at_when_there_is_something_to_do_and_then_once(hub):
    """Not once a church: where they stand may be a server that has limits of its own."""
    church_id, other = hub.church(), hub.church("hope", location="simLocation000000002")
    wrong = hub.settings.model_copy(update={"encryption_keys": SecretStr(new_key_line(1))})
    container = build_container(wrong, name="test")
    try:
        by_name = {task.name: task for task in tasks(container)}
        with capture_logs() as logged:
            by_name["erase people"].run()
            by_name["remove churches"].run()
        assert logged == []
        for one in (church_id, other):
            (card,) = save(hub.database, one, dict(ANNA))
            ask_to_erase(hub, one, card.number)
        with capture_logs() as logged:
            by_name["erase people"].run()
        assert [entry["event"] for entry in logged] == ["erasing put off"]
    finally:
        container.close()
