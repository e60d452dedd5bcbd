"""Correcting a card: revisions, where it goes in each state, consent, and two people at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from ghl.cards.correct import (
    CardChangedError,
    CardMissingError,
    Change,
    ConsentSealedError,
    changes_between,
    confirm_number,
    correct,
)
from ghl.cards.fields import CardFields, parse_card
from ghl.consent import ledger
from ghl.delivery.claim import claim
from ghl.delivery.settle import LinkedContact, Settlement, settle
from ghl.ids import new_id
from ghl.statuses import AttemptOutcome, CardSource, CardStatus, Channel
from tests.support.churches import card_values, church, connected_church, key_ring, save

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
WORDS = {"sms_consent": "yes", "consent_wording": "You may text me.", "consent_at": "2026-11-22"}


@pytest.fixture
def church_id(database):
    return connected_church(database, key_ring())


class Desk:
    """One church's cards, corrected and looked at."""

    def __init__(self, database, church_id):
        self._database, self._church_id = database, church_id

    def save(self, **values):
        how = {name: values.pop(name) for name in ("review", "source") if name in values}
        (saved,) = save(self._database, self._church_id, card_values(1, **values), now=NOW, **how)
        return saved.id

    def correct(self, card_id, *, base=1, actor="user:ruth", was=None, **values):
        how = {name: values.pop(name) for name in ("release", "keep_prayer", "on_the_card") if name in values}
        parsed = parse_card(card_values(1, **(was or {}), **values))
        with self._database.church(self._church_id) as session:
            return correct(
                session,
                self._church_id,
                card_id,
                parsed,
                base_revision=base,
                actor=actor,
                now=NOW + timedelta(hours=1),
                **how,
            )

    def confirm(self, card_id):
        with self._database.church(self._church_id) as session:
            return confirm_number(
                session, self._church_id, card_id, actor="user:ruth", now=NOW + timedelta(hours=2)
            )

    def stop(self, address):
        with self._database.church(self._church_id) as session:
            ledger.record_stop(
                session,
                self._church_id,
                channel=Channel.SMS,
                address=address,
                source="spoken",
                recorded_by="user:ruth",
                now=NOW + timedelta(hours=1, minutes=30),
            )

    def is_stopped(self, address):
        with self._database.church(self._church_id) as session:
            return ledger.is_stopped(session, self._church_id, Channel.SMS, address)

    def ask(self, sql, **values):
        with self._database.church(self._church_id) as session:
            return [tuple(row) for row in session.execute(text(sql), values)]

    def take(self):
        with self._database.church(self._church_id) as session:
            return claim(session, self._church_id, token=new_id(), most=10)

    def settle(self, row, status, outcome, **facts):
        with self._database.church(self._church_id) as session:
            return settle(session, self._church_id, [Settlement(row, outcome, status, **facts)])

    def location(self):
        return self.ask("SELECT id FROM locations")[0][0]


@pytest.fixture
def desk(database, church_id):
    return Desk(database, church_id)


def deliver(desk):
    (row,) = desk.take()
    contact = LinkedContact(desk.location(), "C1", "Anna1", "Keller", row.phone, row.email)
    desk.settle(row, CardStatus.SYNCED, AttemptOutcome.DELIVERED, contact=contact)


class TestRevision:
    def test_the_new_one_stands_beside_the_old(self, desk):
        card_id = desk.save(city="Nashvile")
        corrected = desk.correct(card_id, city="Nashville", phone="(615) 555-0199")
        assert (corrected.revision, corrected.status) == (2, CardStatus.WAITING)
        assert corrected.changes == (
            Change("phone", "+16155550001", "(615) 555-0199"),
            Change("city", "Nashvile", "Nashville"),
        )
        assert desk.ask(
            "SELECT no, fields ->> 'city', created_by, created_at FROM card_revisions ORDER BY no"
        ) == [(1, "Nashvile", "", NOW), (2, "Nashville", "user:ruth", NOW + timedelta(hours=1))]
        ((revision, phone, search),) = desk.ask("SELECT revision, phone, search FROM cards")
        assert (revision, phone) == (2, "+16155550199")
        assert "16155550199" in search
        assert desk.ask("SELECT phone FROM outbox") == [("+16155550199",)]

    def test_the_change_log_names_fields_and_no_more(self, desk):
        card_id = desk.save()
        desk.correct(card_id, first_name="Hanna", prayer_request="For my knee", keep_prayer=False)
        ((subject, facts),) = desk.ask(
            "SELECT subject, facts FROM audit_entries WHERE action = 'card.corrected'"
        )
        assert subject == str(card_id)
        assert len(facts.pop("digest")) == 64, "salted: nobody finds out what it is of"
        assert facts == {"fields": ["first_name", "prayer_request"], "revision": 2}

    def test_nothing_changed_makes_no_revision(self, desk):
        card_id = desk.save()
        corrected = desk.correct(card_id)
        assert (corrected.revision, corrected.changes) == (1, ())
        assert desk.ask("SELECT count(*) FROM card_revisions") == [(1,)]
        assert desk.ask("SELECT 1 FROM audit_entries WHERE action LIKE 'card.%'") == []

    def test_a_second_click_changes_nothing_more(self, desk):
        card_id = desk.save()
        assert desk.correct(card_id, city="Franklin").revision == 2
        assert desk.correct(card_id, city="Franklin").revision == 2
        assert desk.ask("SELECT count(*) FROM card_revisions") == [(2,)]

    def test_the_same_list_again_does_not_bring_the_mistake_back(self, desk):
        card_id = desk.save(city="Nashvile")
        desk.correct(card_id, city="Nashville")
        assert desk.save(city="Nashvile") == desk.save(city="Nashvile")
        assert desk.ask("SELECT id FROM cards") == [(card_id,)]

    def test_nothing_personal_in_reprs(self, desk):
        corrected = desk.correct(desk.save(), first_name="Hanna", phone="12")
        assert not any(word in repr(corrected) for word in ("Hanna", "Anna", "12", "555"))


class TestTwoAtOnce:
    def test_who_comes_second_is_told(self, desk):
        card_id = desk.save()
        desk.correct(card_id, city="Franklin")
        with pytest.raises(CardChangedError) as told:
            desk.correct(card_id, city="Memphis", actor="user:pat")
        assert told.value.revision == 2
        assert desk.correct(card_id, base=2, city="Memphis", actor="user:pat").revision == 3

    def test_at_the_same_moment_one_wins(self, desk):
        card_id = desk.save()

        def one(number):
            try:
                return desk.correct(card_id, city=f"City {number}").revision
            except CardChangedError as told:
                return f"changed to {told.revision}"

        with ThreadPoolExecutor(6) as pool:
            came = list(pool.map(one, range(6)))
        assert sorted(map(str, came)) == ["2"] + ["changed to 2"] * 5

    def test_another_church_has_no_such_card(self, database, desk):
        card_id = desk.save()
        with pytest.raises(CardMissingError):
            Desk(database, church(database)).correct(card_id, city="Franklin")


class TestWhereItGoes:
    def test_to_review_stays_there(self, desk):
        card_id = desk.save(review=True)
        corrected = desk.correct(card_id, phone="12")
        assert (corrected.status, corrected.cause) == (CardStatus.TO_REVIEW, "phone_invalid")
        assert desk.take() == []

    @pytest.mark.parametrize("city", ["", "Franklin"])
    def test_released_it_goes(self, desk, city):
        card_id = desk.save(review=True)
        corrected = desk.correct(card_id, city=city, release=True, actor="user:ruth")
        assert (corrected.status, corrected.revision) == (CardStatus.WAITING, 2 if city else 1)
        (row,) = desk.take()
        assert row.fields.get("city", "") == city
        assert desk.ask("SELECT requested_by FROM attempts") == [("user:ruth",)]
        ((actor,),) = desk.ask("SELECT actor FROM audit_entries WHERE action = 'card.reviewed'")
        assert actor == "user:ruth"

    def test_released_with_a_wrong_address_it_needs_attention(self, desk):
        card_id = desk.save(review=True)
        corrected = desk.correct(card_id, phone="12", release=True)
        assert (corrected.status, corrected.cause) == (CardStatus.NEEDS_ATTENTION, "phone_invalid")
        assert corrected.facts["phone"] == "12"

    def test_needs_attention_is_mended(self, desk):
        card_id = desk.save(phone="12", email="")
        assert desk.ask("SELECT status FROM cards") == [("needs_attention",)]
        corrected = desk.correct(card_id)
        assert (corrected.status, corrected.cause, corrected.facts) == (CardStatus.WAITING, None, {})
        assert [row.phone for row in desk.take()] == ["+16155550001"]

    def test_waiting_starts_anew_behind_the_others(self, desk):
        card_id = desk.save()
        (row,) = desk.take()
        facts = {"attempts": 7, "system_errors": 3, "due_in": 600, "must_look_up": True}
        desk.settle(row, CardStatus.WAITING, AttemptOutcome.WAITS, cause="going_slowly", **facts)
        desk.correct(card_id, city="Franklin")
        (again,) = desk.take()
        assert (again.attempts, again.system_errors, again.must_look_up) == (0, 0, True)
        assert again.position > row.position

    @pytest.mark.parametrize(
        ("cause", "status"),
        [("same_person_doubt", CardStatus.WAITING), ("held_by_staff", CardStatus.HELD)],
    )
    def test_held_is_asked_again_unless_staff_keep_it(self, desk, cause, status):
        card_id = desk.save()
        (row,) = desk.take()
        desk.settle(row, CardStatus.HELD, AttemptOutcome.HELD, cause=cause, facts={"reason": "ask Pat"})
        assert desk.correct(card_id, city="Franklin").status == status
        assert desk.ask("SELECT fields ->> 'city' FROM card_revisions WHERE no = 2") == [("Franklin",)]

    def test_held_by_staff_goes_when_it_is_released(self, desk):
        card_id = desk.save()
        (row,) = desk.take()
        desk.settle(row, CardStatus.HELD, AttemptOutcome.HELD, cause="held_by_staff")
        assert desk.correct(card_id, release=True).status == CardStatus.WAITING

    def test_set_aside_stays_so(self, desk):
        card_id = desk.save()
        desk.ask(
            "WITH o AS (UPDATE outbox SET state = 'parked') UPDATE cards SET status = 'dismissed' RETURNING 1"
        )
        assert desk.correct(card_id, city="Franklin").status == CardStatus.DISMISSED
        assert desk.take() == []

    def test_in_ghl_it_goes_again_with_its_contact(self, desk):
        card_id = desk.save(city="Nashvile")
        deliver(desk)
        corrected = desk.correct(card_id, city="Nashville", phone="615 555 0188", email="new@example.org")
        assert corrected.status == CardStatus.WAITING
        (row,) = desk.take()
        assert (row.contact_id, row.revision) == ("C1", 2)

    def test_in_ghl_and_corrected_to_something_wrong_it_needs_attention(self, desk):
        card_id = desk.save()
        deliver(desk)
        assert desk.correct(card_id, phone="12").status == CardStatus.NEEDS_ATTENTION
        assert desk.take() == []


class TestWhileItIsSent:
    """What came of the old revision is kept, and the new one goes right after."""

    def test_delivered(self, desk):
        card_id = desk.save()
        (row,) = desk.take()
        assert desk.correct(card_id, city="Franklin", actor="user:ruth").status == CardStatus.SENDING
        contact = LinkedContact(desk.location(), "C1", "Anna1", "Keller", row.phone, row.email)
        desk.settle(row, CardStatus.SYNCED, AttemptOutcome.DELIVERED, contact=contact)
        assert desk.ask("SELECT status, contact_id, synced_revision FROM cards") == [("waiting", "C1", 1)]
        assert desk.ask("SELECT contact_id FROM contact_links") == [("C1",)]
        (again,) = desk.take()
        assert (again.fields["city"], again.contact_id, again.revision) == ("Franklin", "C1", 2)
        assert desk.ask("SELECT revision, outcome, requested_by FROM attempts ORDER BY id") == [
            (1, "delivered", None),
            (2, None, "user:ruth"),
        ]
        desk.settle(again, CardStatus.SYNCED, AttemptOutcome.DELIVERED, contact=contact)
        assert desk.ask("SELECT status, synced_revision FROM cards") == [("synced", 2)]

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            (CardStatus.NEEDS_ATTENTION, AttemptOutcome.NEEDS_ATTENTION),
            (CardStatus.HELD, AttemptOutcome.HELD),
        ],
    )
    def test_what_the_old_one_met_does_not_stop_the_new_one(self, desk, status, outcome):
        card_id = desk.save()
        (row,) = desk.take()
        desk.correct(card_id, city="Franklin")
        desk.settle(row, status, outcome, cause="phone_refused", facts={"phone": "x"}, attempts=1)
        assert desk.ask("SELECT status, cause, facts FROM cards") == [("waiting", None, {})]
        (again,) = desk.take()
        assert (again.fields["city"], again.attempts) == ("Franklin", 0)

    def test_an_outage_goes_on_being_waited_for(self, desk):
        card_id = desk.save()
        (row,) = desk.take()
        desk.correct(card_id, city="Franklin")
        desk.settle(
            row,
            CardStatus.WAITING,
            AttemptOutcome.WAITS,
            cause="ghl_not_answering",
            due_in=60,
            system_errors=1,
            must_look_up=True,
        )
        assert desk.take() == []
        assert desk.ask("SELECT status, cause FROM cards") == [("waiting", "ghl_not_answering")]

    def test_a_wrong_address_is_found_when_it_is_the_new_ones_turn(self, desk):
        card_id = desk.save()
        (row,) = desk.take()
        desk.correct(card_id, phone="12")
        desk.settle(row, CardStatus.SYNCED, AttemptOutcome.DELIVERED)
        (again,) = desk.take()
        assert again.fields["phone"] == "12"

    def test_settling_that_waited_for_the_correction_sees_it(self, database, church_id, desk):
        """The correction holds the row while the worker settles: the worker must not miss what was saved."""
        card_id = desk.save()
        (row,) = desk.take()
        parsed = parse_card(card_values(1, city="Franklin"))
        with ThreadPoolExecutor(1) as pool:
            with database.church(church_id) as session:
                correct(session, church_id, card_id, parsed, base_revision=1, actor="user:1", now=NOW)
                settled = pool.submit(desk.settle, row, CardStatus.SYNCED, AttemptOutcome.DELIVERED)
                waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
                while not session.scalar(waits) and not settled.done():
                    pass
            assert settled.result(10) == {row.id}
        assert desk.ask("SELECT status, revision, synced_revision FROM cards") == [("waiting", 2, 1)]
        assert [one.fields["city"] for one in desk.take()] == ["Franklin"]


class TestConsent:
    def events(self, desk):
        return desk.ask("SELECT channel, address, person, kind FROM consent_events ORDER BY id")

    FIRST = ("sms", "+16155550001", "anna1 keller", "yes")

    def test_the_same_answer_is_never_said_again(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, city="Franklin", **WORDS)
        assert self.events(desk) == [self.FIRST]

    def test_a_wrong_number_loses_the_yes_and_the_right_one_gets_it(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, on_the_card=True, **WORDS | {"phone": "615 555 0199"})
        assert self.events(desk) == [
            self.FIRST,
            ("sms", "+16155550001", "anna1 keller", "unknown"),
            ("sms", "+16155550199", "anna1 keller", "yes"),
        ]
        last = desk.ask(
            "SELECT wording, signed_at::date, recorded_at, recorded_by, card_id FROM consent_events ORDER BY id"
        )[-1]
        assert last == (
            "You may text me.",
            date(2026, 11, 22),
            NOW + timedelta(hours=1),
            "user:ruth",
            card_id,
        )

    def test_blank_instead_of_yes_takes_it_back(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id)
        assert self.events(desk)[1:] == [("sms", "+16155550001", "anna1 keller", "unknown")]

    def test_blank_instead_of_no_takes_it_back(self, desk):
        card_id = desk.save(sms_consent="no")
        desk.correct(card_id)
        assert [kind for *_, kind in self.events(desk)] == ["no", "unknown"]

    def test_another_answer_is_said(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, **WORDS | {"sms_consent": "no"})
        assert [kind for *_, kind in self.events(desk)] == ["yes", "no"]

    def test_another_person_said_it(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, first_name="Hanna", **WORDS)
        assert [(person, kind) for _, _, person, kind in self.events(desk)] == [
            ("anna1 keller", "yes"),
            ("anna1 keller", "unknown"),
            ("hanna keller", "yes"),
        ]

    def test_each_channel_by_itself(self, desk):
        card_id = desk.save(email_consent="yes", **WORDS)
        desk.correct(card_id, email_consent="yes", **WORDS | {"email": "right@example.org"})
        assert [(channel, address, kind) for channel, address, _, kind in self.events(desk)[2:]] == [
            ("email", "anna1@example.org", "unknown"),
            ("email", "right@example.org", "yes"),
        ]

    def test_a_corrected_number_is_asked_about_before_its_yes_counts(self, desk):
        """*Is this the number on the card?* Also when the card is corrected once more before somebody says so."""
        card_id = desk.save(**WORDS)
        desk.correct(card_id, **WORDS | {"phone": "615 555 0199"})
        desk.correct(card_id, base=2, **WORDS | {"phone": "615 555 0199", "last_name": "Kellner"})
        assert self.events(desk)[2:] == [
            ("sms", "+16155550199", "anna1 keller", "asked"),
            ("sms", "+16155550199", "anna1 keller", "unknown"),
            ("sms", "+16155550199", "anna1 kellner", "asked"),
        ]
        assert desk.confirm(card_id) == 0
        assert self.events(desk)[5:] == [("sms", "+16155550199", "anna1 kellner", "yes")]
        said = desk.ask(
            "SELECT wording, signed_at::date, source FROM consent_events ORDER BY id DESC LIMIT 1"
        )
        assert said == [("You may text me.", date(2026, 11, 22), "correction")]
        assert desk.confirm(card_id) is None, "there is nothing to ask any more"

    def test_saying_so_is_no_yes_after_a_stop(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, **WORDS | {"phone": "615 555 0199"})
        desk.stop("+16155550199")
        assert desk.confirm(card_id) is None
        assert self.events(desk)[-1][3] == "stop"

    def test_the_number_with_which_it_came_needs_no_question(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, **WORDS | {"last_name": "Kellner"})
        assert self.events(desk)[-1] == ("sms", "+16155550001", "anna1 kellner", "yes")

    def test_a_written_no_is_brought_to_gohighlevel_once(self, desk):
        card_id = desk.save(sms_consent="no")
        assert desk.ask("SELECT channel, address, state FROM opt_outs") == [
            ("sms", "+16155550001", "waiting")
        ]
        desk.correct(card_id, sms_consent="no", city="Franklin")
        desk.save(sms_consent="no", visit_date="2026-11-15")
        assert desk.ask("SELECT count(*) FROM opt_outs") == [(1,)]
        assert desk.ask("SELECT count(*) FROM consent_events WHERE kind = 'no'") == [(2,)]

    def test_a_no_that_a_correction_adds_is_a_stop_too(self, desk):
        card_id = desk.save(**WORDS)
        desk.correct(card_id, **WORDS | {"sms_consent": "no"})
        assert desk.ask("SELECT count(*) FROM opt_outs") == [(1,)]
        desk.correct(card_id, base=2, **WORDS)
        assert desk.is_stopped("+16155550001"), "nobody here can undo it"

    def test_a_guardian_speaks_for_the_child_and_stops_nobody_else(self, desk):
        guarded = {"adult": "no", "guardian_name": "Kate Keller", "guardian_phone": "615 555 0177"}
        desk.save(**WORDS, **guarded, guardian_consent="yes")
        asked = "SELECT address, person, child, kind FROM consent_events WHERE child IS NOT NULL ORDER BY id"
        assert desk.ask(asked) == [("+16155550177", "katekeller", "anna1 keller", "yes")]
        desk.save(**WORDS, **guarded, guardian_consent="no", visit_date="2026-11-15")
        assert desk.ask(asked)[1:] == [("+16155550177", "katekeller", "anna1 keller", "no")]
        assert not desk.is_stopped("+16155550177")
        assert desk.ask("SELECT count(*) FROM opt_outs") == [(0,)]

    def test_what_another_card_says_too_is_not_taken_back(self, desk):
        first = desk.save(**WORDS)
        desk.save(**WORDS, visit_date="2026-11-15")
        desk.correct(first, **WORDS | {"phone": "(615) 555-0199"})
        assert self.events(desk)[2:] == [("sms", "+16155550199", "anna1 keller", "asked")]
        desk.correct(first, base=2, **WORDS | {"phone": "(615) 555-0188"})
        assert self.events(desk)[3:] == [
            ("sms", "+16155550199", "anna1 keller", "unknown"),
            ("sms", "+16155550188", "anna1 keller", "asked"),
        ], "what nobody else says is taken back"

    def said_by_others(self, desk, kind, *, person="", later=True):
        desk.ask(
            "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, source, recorded_by,"
            " recorded_at) SELECT id, 'sms', '+16155550001', :person, :kind, 'follow-up', 'api', 'ghl', :at"
            " FROM churches RETURNING 1",
            kind=kind,
            person=person,
            at=NOW + timedelta(minutes=30 if later else -30),
        )

    @pytest.mark.parametrize(
        ("kind", "person"), [("stop", ""), ("stop", "somebody else"), ("no", "anna1 keller")]
    )
    def test_nothing_of_staff_beats_what_was_said_after_the_card(self, desk, kind, person):
        """A name changed and changed back would else end in a fresh yes."""
        card_id = desk.save(**WORDS)
        self.said_by_others(desk, kind, person=person)
        desk.correct(card_id, first_name="Hanna", **WORDS)
        desk.correct(card_id, base=2, **WORDS)
        said = [row for row in self.events(desk) if row[2] in {"anna1 keller", person}]
        assert said[-1] == ("sms", "+16155550001", person, kind)
        if kind == "stop":
            assert self.events(desk)[-1][3] == "stop"

    def test_who_says_yes_on_a_card_after_a_stop_has_said_it(self, desk):
        self.said_by_others(desk, "stop", later=False)
        card_id = desk.save(**WORDS)
        desk.correct(card_id, first_name="Hanna", **WORDS)
        assert self.events(desk)[-1] == ("sms", "+16155550001", "hanna keller", "yes")

    def test_a_no_of_staff_is_always_taken(self, desk):
        card_id = desk.save(**WORDS)
        self.said_by_others(desk, "stop")
        desk.correct(card_id, **WORDS | {"sms_consent": "no"})
        assert self.events(desk)[-1][3] == "no"


class TestPrayer:
    def test_who_changes_it_second_is_told(self, desk):
        card_id = desk.save(prayer_request="For my knee")
        corrected = desk.correct(card_id, prayer_request="For both knees", keep_prayer=False)
        assert (corrected.revision, corrected.changes, corrected.prayer_changed) == (2, (), True)
        with pytest.raises(CardChangedError):
            desk.correct(card_id, prayer_request="For my hip", keep_prayer=False)
        with pytest.raises(CardChangedError):
            desk.correct(card_id, city="Nashville")
        assert self.text(desk) == ["For both knees"]

    def text(self, desk):
        return [one for (one,) in desk.ask("SELECT text FROM prayer_requests")]

    def test_it_is_kept_by_who_may_not_see_it(self, desk):
        card_id = desk.save(prayer_request="For my knee")
        desk.correct(card_id, city="Franklin")
        assert self.text(desk) == ["For my knee"]

    @pytest.mark.parametrize("new", ["For my hip", ""])
    def test_it_is_replaced_by_who_may(self, desk, new):
        card_id = desk.save(prayer_request="For my knee")
        corrected = desk.correct(card_id, prayer_request=new, keep_prayer=False)
        assert (corrected.revision, corrected.prayer_changed, corrected.changes) == (2, True, ())
        assert self.text(desk) == ([new] if new else [])


def test_a_form_card_keeps_the_version_of_its_words(database, church_id, desk):
    card_id = desk.save(source=CardSource.FORM, **WORDS)
    with database.church(church_id) as session:
        session.execute(
            text(
                "INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, wording, wording_hash,"
                " wording_version, source, recorded_by, card_id, recorded_at) SELECT church_id, channel, address, person,"
                " kind, purpose, 'The form says so.', wording_hash, '3', source, '', card_id, recorded_at"
                " FROM consent_events"
            )
        )
    desk.correct(card_id, first_name="Hanna", **WORDS)
    said = desk.ask(
        "SELECT person, wording, wording_version FROM consent_events WHERE kind = 'yes' ORDER BY id"
    )
    assert said[-1] == ("hanna keller", "The form says so.", "3")


class TestOnlyThePersonSaysYes:
    """On a card of the public form; staff may take a yes back and never add one."""

    def kinds(self, desk):
        return desk.ask("SELECT address, kind, source FROM consent_events ORDER BY id")

    @pytest.mark.parametrize(
        "change",
        [
            {"sms_consent": "yes"},
            {"email_consent": "yes"},
            {"consent_wording": "Anything at all."},
            {"consent_at": "2026-01-02"},
        ],
    )
    def test_a_blank_box_never_becomes_a_yes(self, desk, change):
        card_id = desk.save(source=CardSource.FORM)
        with pytest.raises(ConsentSealedError, match="Only the person can say yes"):
            desk.correct(card_id, **change)
        assert self.kinds(desk) == []
        assert desk.ask("SELECT count(*) FROM card_revisions") == [(1,)]

    @pytest.mark.parametrize("answer", ["no", None])
    def test_a_yes_can_be_taken_back_under_a_name_of_its_own_and_given_back(self, desk, answer):
        card_id = desk.save(source=CardSource.FORM, **WORDS)
        desk.correct(card_id, **WORDS | {"sms_consent": answer})
        assert self.kinds(desk)[-1][1:] == ("no" if answer else "unknown", "correction")
        desk.correct(card_id, base=2, **WORDS)
        assert self.kinds(desk)[-1][1:] == ("yes", "correction")

    def test_a_number_that_staff_wrote_has_no_yes(self, desk):
        card_id = desk.save(source=CardSource.FORM, **WORDS)
        desk.correct(card_id, **WORDS | {"phone": "615 555 0199"})
        assert self.kinds(desk) == [
            ("+16155550001", "yes", "form"),
            ("+16155550001", "unknown", "correction"),
        ]
        desk.correct(card_id, base=2, **WORDS)
        assert self.kinds(desk)[-1] == ("+16155550001", "yes", "correction"), (
            "the number they wrote themselves"
        )

    def test_a_paper_card_is_read_again_by_who_has_it(self, desk):
        card_id = desk.save(source=CardSource.TYPED)
        desk.correct(card_id, **WORDS)
        assert self.kinds(desk) == [("+16155550001", "yes", "correction")]


VALUES = {
    "first_name": st.sampled_from(["Ann", "Anna", ""]),
    "birthday": st.sampled_from([None, date(1990, 5, 1)]),
    "first_time": st.sampled_from([None, True, False]),
    "interests": st.lists(st.sampled_from(["Choir", "Kids"]), max_size=2).map(tuple),
    "custom_answers": st.dictionaries(st.sampled_from(["Shirt", "Bus"]), st.sampled_from(["L", "Yes"])),
}
FIELDS = st.fixed_dictionaries({}, optional=VALUES).map(CardFields.model_validate)


@given(FIELDS, FIELDS)
def test_changes_are_what_differs(old, new):
    changes = changes_between(old, new)
    assert bool(changes) == (old != new)
    assert [(one.field, one.new, one.old) for one in changes_between(new, old)] == sorted(
        ((one.field, one.old, one.new) for one in changes),
        key=lambda one: [change.field for change in changes_between(new, old)].index(one[0]),
    )


def test_changes_are_in_words():
    old = CardFields(first_name="Ann", first_time=True, birthday=date(1990, 5, 1), interests=("Choir",))
    new = CardFields(
        first_name="Ann", first_time=None, interests=("Choir", "Kids"), custom_answers={"Bus": "L"}
    )
    assert changes_between(old, new) == (
        Change("birthday", "May 1, 1990", ""),
        Change("first_time", "Yes", ""),
        Change("interests", "Choir", "Choir, Kids"),
        Change("Bus", "", "L"),
    )
