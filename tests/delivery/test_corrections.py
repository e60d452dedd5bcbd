"""A correction goes all the way: the same contact is changed, and what was wrong does not stay there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ghl.cards.actions import Action, act
from ghl.cards.correct import correct
from ghl.cards.decide import decide
from ghl.cards.fields import parse_card
from tests.support.churches import card_values, save
from tests.support.hub import wait_for

BOTH = pytest.mark.parametrize("duplicates", [False, True], ids=["forbids", "allows"])


class Parish:
    """A church with a worker, its cards and what stands in GoHighLevel."""

    def __init__(self, hub):
        self.hub, self.church_id, self.sim = hub, None, hub.sim

    def open(self, *, duplicates=False):
        self.church_id = self.hub.church(duplicates=duplicates)
        self.hub.start_worker()
        self.hub.start_sweep()
        return self

    def save(self, **values):
        (saved,) = save(self.hub.database, self.church_id, card_values(1, **values))
        self.hub.container.waker.wake(self.church_id)
        return saved.id

    def correct(self, card_id, *, base=1, **values):
        with self.hub.database.church(self.church_id) as session:
            corrected = correct(
                session,
                self.church_id,
                card_id,
                parse_card(card_values(1, **values)),
                base_revision=base,
                actor="user:ruth",
                now=datetime.now(UTC),
            )
        self.hub.container.waker.wake(self.church_id)
        return corrected

    def decide(self, card_id, contact_id, verdict):
        with self.hub.database.church(self.church_id) as session:
            assert decide(
                session,
                self.church_id,
                card_id,
                contact_id=contact_id,
                verdict=verdict,
                actor="user:ruth",
                now=datetime.now(UTC),
            )
        self.hub.container.waker.wake(self.church_id)

    def send_now(self, card_id):
        with self.hub.database.church(self.church_id) as session:
            now = datetime.now(UTC)
            assert act(session, self.church_id, Action.SEND_NOW, card_id, actor="user:ruth", now=now)
        self.hub.container.waker.wake(self.church_id)

    def keeps(self, **otherwise):
        """From now on GoHighLevel keeps these addresses whatever it is sent; returns how to end that."""
        state = self.sim.state
        put = state.put
        state.put = lambda one: put(replace(one, **{k: v for k, v in otherwise.items() if getattr(one, k)}))
        return lambda: setattr(state, "put", put)

    def stopped(self, tries):
        """Waits until the one card needs attention after so many tries."""
        asked = "SELECT c.status, o.tries FROM cards c JOIN outbox o ON o.card_id = c.id"
        wait_for(lambda: self.ask(asked) == [("needs_attention", tries)], what=f"{tries} tries")

    def arrived(self, cards=1):
        self.hub.arrived(self.church_id, cards)

    def contact(self):
        (contact,) = self.hub.contacts()
        return contact

    def by_name(self, first_name):
        (contact,) = [one for one in self.hub.contacts() if one.get("firstName") == first_name]
        return contact

    def add(self, **values):
        return self.sim.state.add_contact(self.sim.location_id, **values)

    def change(self, **values):
        """Somebody changes the one contact in GoHighLevel itself."""
        contact = self.sim.state.find(self.contact()["id"])
        fields = {name: values.pop(name) for name in ("phone", "email") if name in values}
        self.sim.state.put(replace(contact, text={**contact.text, **values}, **fields))

    def remove(self):
        self.sim.state.remove(self.sim.state.find(self.contact()["id"]))

    def ask(self, sql):
        return [tuple(row) for row in self.hub.query(self.church_id, sql)]

    def calls(self):
        return self.ask("SELECT calls FROM attempts ORDER BY id")[-1][0]


@pytest.fixture
def parish(hub):
    return Parish(hub)


@BOTH
def test_phone_email_and_name_are_changed_in_the_same_contact(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save(city="Nashvile", interests="Choir")
    parish.arrived()
    before = parish.contact()["id"]
    parish.correct(
        card_id,
        first_name="Hanna",
        last_name="Kellner",
        phone="+16155550199",
        email="hanna@example.org",
        city="Nashville",
        interests="Kids",
    )
    parish.arrived()
    contact = parish.contact()
    assert contact["id"] == before
    assert [contact[name] for name in ("firstName", "lastName", "phone", "email", "city")] == [
        "Hanna",
        "Kellner",
        "+16155550199",
        "hanna@example.org",
        "Nashville",
    ]
    assert sorted(contact["tags"]) == ["choir", "connect-card", "kids"], "tags are only added"
    assert parish.ask("SELECT synced_revision, contact_id FROM cards") == [(2, before)]
    ((link_phone, link_name),) = parish.ask("SELECT phone, first_name FROM contact_links")
    assert (link_phone, link_name) == ("+16155550199", "Hanna")


@BOTH
def test_one_call_for_another_city_and_nothing_else_is_touched(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save(city="Nashvile", address="1 Main St")
    parish.arrived()
    parish.change(address1="2 Main St", firstName="Annie")
    parish.correct(card_id, city="Nashville", address="1 Main St")
    parish.arrived()
    contact = parish.contact()
    assert (contact["city"], contact["address1"], contact["firstName"]) == ("Nashville", "2 Main St", "Annie")
    assert [one["call"] for one in parish.calls()] == ["UpdateContact"]


@pytest.mark.parametrize(("taken", "left"), [("phone", "email"), ("email", "phone")])
def test_what_is_taken_off_the_card_is_taken_off_the_contact(parish, taken, left):
    parish.open()
    card_id = parish.save(city="Nashville", postal_code="37201", birthday="1990-05-01")
    parish.arrived()
    parish.correct(card_id, **{taken: ""})
    parish.arrived()
    contact = parish.contact()
    gone = {taken, "city", "postalCode", "dateOfBirth"}
    assert gone & {name for name, value in contact.items() if value} == set()
    assert contact[left]
    assert [one["call"] for one in parish.calls()] == ["GetContact", "UpdateContact"]


def test_what_staff_changed_in_ghl_is_not_taken_off(parish):
    parish.open()
    card_id = parish.save(city="Nashville")
    parish.arrived()
    parish.change(phone="+16155550777", city="Memphis")
    parish.correct(card_id, phone="")
    parish.arrived()
    assert (parish.contact()["phone"], parish.contact()["city"]) == ("+16155550777", "Memphis")


def test_corrected_while_it_is_sent_both_go_in_order(parish):
    parish.sim.set_latency("0.8-1.0")
    parish.open()
    card_id = parish.save(city="First")
    wait_for(lambda: parish.hub.standing(parish.church_id) == {"sending": 1})
    assert parish.correct(card_id, city="Second", phone="+16155550199").status == "sending"
    assert parish.correct(card_id, base=2, city="Third", phone="+16155550198").status == "sending"
    parish.arrived()
    assert (parish.contact()["city"], parish.contact()["phone"]) == ("Third", "+16155550198")
    assert parish.ask("SELECT revision, outcome FROM attempts ORDER BY id") == [
        (1, "delivered"),
        (3, "delivered"),
    ]


def test_corrected_while_it_waits(parish):
    parish.church_id = parish.hub.church()
    card_id = parish.save(city="First", phone="+16155550777")
    parish.correct(card_id, city="Second")
    parish.hub.start_worker()
    parish.hub.start_sweep()
    parish.arrived()
    assert (parish.contact()["city"], parish.contact()["phone"]) == ("Second", "+16155550001")
    assert parish.sim.stats.total == 1


@BOTH
def test_a_deleted_contact_is_made_again(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save()
    parish.arrived()
    before = parish.contact()["id"]
    parish.remove()
    parish.correct(card_id, phone="+16155550199", city="Nashville")
    parish.arrived()
    contact = parish.contact()
    assert contact["id"] != before
    assert (contact["phone"], contact["email"], contact["city"]) == (
        "+16155550199",
        "anna1@example.org",
        "Nashville",
    )


@BOTH
def test_a_merged_contact_is_found_by_what_the_card_said_before(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save()
    parish.arrived()
    parish.remove()
    merged = parish.add(firstName="Anna1", lastName="Keller", phone="+16155550001")
    parish.correct(card_id, phone="+16155550199", email="other@example.org")
    parish.arrived()
    assert (parish.contact()["id"], parish.contact()["phone"]) == (merged, "+16155550199")


@BOTH
def test_another_persons_phone_is_a_question_and_different_leaves_it_there(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save()
    parish.arrived()
    mary = parish.add(firstName="Mary", lastName="Smith", phone="+16155550199")
    parish.correct(card_id, phone="+16155550199", city="Nashville")
    parish.hub.wait_until(parish.church_id, held=1)
    ((cause, facts),) = parish.ask("SELECT cause, facts FROM cards")
    assert (cause, facts["contact_id"], facts["contact_name"]) == (
        "phone_on_other_contact",
        mary,
        "Mary Smith",
    )
    parish.decide(card_id, mary, "different")
    parish.arrived()
    anna = parish.by_name("Anna1")
    assert not anna.get("phone"), "the wrong phone does not stay"
    assert (anna["email"], anna["city"]) == ("anna1@example.org", "Nashville")
    assert not parish.by_name("Mary").get("city")
    assert parish.ask("SELECT facts ->> 'left_out' FROM cards") == [("phone",)]


@BOTH
def test_another_contact_of_the_same_person_is_where_it_goes(parish, duplicates):
    parish.open(duplicates=duplicates)
    card_id = parish.save()
    parish.arrived()
    mary = parish.add(firstName="Mary", lastName="Smith", phone="+16155550199")
    parish.correct(card_id, phone="+16155550199", city="Nashville")
    parish.hub.wait_until(parish.church_id, held=1)
    parish.decide(card_id, mary, "same")
    parish.arrived()
    anna = parish.by_name("Anna1")
    assert (not anna.get("phone"), anna["email"], anna.get("city")) == (True, "anna1@example.org", None)
    assert (parish.by_name("Mary")["city"], parish.by_name("Mary")["phone"]) == ("Nashville", "+16155550199")
    assert parish.ask("SELECT contact_id FROM cards") == [(mary,)]


def test_a_name_of_somebody_else_is_not_written_over_a_contact_that_was_there(parish):
    parish.open()
    bob = parish.add(firstName="Bob", lastName="Lee", phone="+16155550001")
    card_id = parish.save(first_name="Bob", last_name="Lee")
    parish.arrived()
    parish.correct(card_id, first_name="Mary", last_name="Lee")
    parish.hub.wait_until(parish.church_id, held=1)
    assert parish.contact()["firstName"] == "Bob"
    parish.decide(card_id, bob, "same")
    parish.arrived()
    assert (parish.contact()["id"], parish.contact()["firstName"]) == (bob, "Mary")


def test_the_newer_card_of_the_person_stays_the_newest(parish):
    parish.open()
    older = parish.save(city="Nashvile", address="1 Main St", notes="older")
    parish.arrived()
    parish.save(city="Memphis", notes="newer")
    parish.arrived(2)
    parish.correct(older, city="Nashville", address="", notes="older", phone="")
    parish.arrived(2)
    contact = parish.contact()
    assert contact["city"] == "Memphis", "the newer card says so"
    assert contact["phone"] == "+16155550001", "the newer card still says it"


def test_a_lost_answer_to_a_create_and_a_correction_make_one_contact(parish):
    parish.open()
    parish.sim.faults.add("cut_after", location=parish.sim.location_id, times=1)
    card_id = parish.save()
    wait_for(lambda: parish.ask("SELECT must_look_up FROM outbox") == [(True,)])
    parish.correct(card_id, phone="+16155550199", email="right@example.org")
    parish.arrived()
    assert (parish.contact()["phone"], parish.contact()["email"]) == ("+16155550199", "right@example.org")


def test_the_raw_answer_of_a_failed_call_is_kept_without_people(parish):
    parish.open()
    parish.add(firstName="Mary", lastName="Smith", phone="+16155550001")
    parish.save()
    parish.hub.wait_until(parish.church_id, held=1)
    refused = parish.calls()[0]
    assert (refused["call"], refused["status"]) == ("CreateContact", 400)
    assert "does not allow duplicated contacts" in refused["answer"]
    assert not any(word in refused["answer"] for word in ("Mary", "Smith", "555"))


WRONG = {"phone": "+16155550177", "email": "annn@example.org"}
SENT = {"phone": "+16155550123", "email": "ann.new@example.org"}


@BOTH
@pytest.mark.parametrize(("only", "blank"), [("phone", "email"), ("email", "phone")])
def test_an_address_that_was_kept_differently_makes_no_second_contact(parish, duplicates, only, blank):
    """It cannot be found by what the card says, so the card has to know which contact it made."""
    parish.open(duplicates=duplicates)
    mended = parish.keeps(**{only: WRONG[only]})
    card_id = parish.save(**{blank: ""})
    parish.stopped(1)
    made = parish.contact()["id"]
    assert parish.ask("SELECT contact_id FROM cards") == [(made,)]
    parish.send_now(card_id)
    parish.stopped(2)
    parish.correct(card_id, **{blank: "", only: SENT[only]})
    parish.stopped(3)
    assert parish.contact()["id"] == made
    mended()
    parish.send_now(card_id)
    parish.arrived()
    contact = parish.contact()
    assert (contact["id"], contact[only]) == (made, SENT[only])
    assert contact["tags"] == ["connect-card"]


def test_a_contact_that_was_mended_by_hand_takes_the_card(parish):
    parish.open()
    mended = parish.keeps(phone=WRONG["phone"])
    card_id = parish.save(email="")
    parish.stopped(1)
    mended()
    parish.change(firstName="Annie")
    parish.correct(card_id, email="", first_name="Anne")
    parish.arrived()
    contact = parish.contact()
    assert contact["phone"] == card_values(1)["phone"], "what never arrived is written, corrected or not"
    assert contact["firstName"] == "Annie"
