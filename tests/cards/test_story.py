"""One card in full, and the order and words of what happened to it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, text

from ghl.cards.actions import Action, act
from ghl.cards.correct import correct
from ghl.cards.fields import CardFields, parse_card
from ghl.cards.notes import add_note
from ghl.cards.outlook import BY_ITSELF, outlook
from ghl.cards.save import NewCard, save_cards
from ghl.cards.story import (
    MOST_OTHERS,
    MOST_TRIES,
    CallMade,
    CardInFull,
    Entry,
    Revision,
    Try,
    card_in_full,
)
from ghl.cards.timeline import EventKind, seconds, timeline
from ghl.cards.why import CardState, ChurchState, Outage
from ghl.causes import WHO_ACTS, CauseCode
from ghl.ids import new_id
from ghl.statuses import AttemptOutcome, CardSource, CardStatus, Role
from tests.support.churches import church

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
ANNA = {"first_name": "Anna", "last_name": "Keller", "phone": "(615) 555-0123", "email": "anna@example.org"}
NAMES = {"user:1": "Ruth", "user:2": "Pat"}


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def save(database, church_id):
    def save(values=ANNA, *, source=CardSource.TYPED, of=church_id, now=NOW, **how):
        card = NewCard(parse_card(values), source, recorded_by="user:1", **how)
        with database.church(of) as session:
            (saved,) = save_cards(session, of, [card], now=now)
        return saved

    return save


@pytest.fixture
def look(database, church_id):
    def look(number):
        with database.church(church_id) as session:
            return card_in_full(session, church_id, number)

    return look


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            connection.execute(text(statement), values)

    yield sql
    engine.dispose()


def attempt(sql, card_id, number=1, *, started_at=NOW, outcome="delivered", **values):
    sql(
        "INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, started_at, ended_at,"
        " outcome, cause, http_status, trace_id, requested_by, calls)"
        " SELECT church_id, id, card_id, gen_random_uuid(), :number, :started_at, :ended_at, :outcome, :cause,"
        " :http_status, :trace_id, :requested_by, CAST(:calls AS jsonb) FROM outbox WHERE card_id = :card",
        **{"cause": None, "http_status": None, "trace_id": None, "requested_by": None, "calls": "[]"}
        | {"card": card_id, "number": number, "started_at": started_at, "outcome": outcome}
        | {"ended_at": started_at + timedelta(seconds=1.2)}
        | values,
    )


class TestReading:
    def test_a_card_in_full(self, save, look, sql, database, church_id):
        saved = save({**ANNA, "prayer_request": "For my mother", "notes": "Likes to sing"})
        calls = (
            '[{"call": "CreateContact", "ms": 1200, "status": 422, "trace_id": "t-1", "error": "X",'
            ' "reason": "no", "answer": "{}", "new": 1}]'
        )
        attempt(sql, saved.id, outcome="waits", cause="ghl_not_answering", http_status=503, calls=calls)
        attempt(sql, saved.id, 2, started_at=NOW + timedelta(minutes=1), requested_by="user:2")
        with database.church(church_id) as session:
            add_note(session, church_id, saved.id, "She called", actor="user:2", now=NOW)
        card = look(saved.number)
        assert (card.id, card.number, card.name) == (saved.id, saved.number, "Anna Keller")
        assert (card.state.status, card.state.source) == (CardStatus.WAITING, CardSource.TYPED)
        assert (card.fields.notes, card.has_prayer, card.region) == ("Likes to sing", True, "US")
        assert [(one.no, one.by) for one in card.revisions] == [(1, "user:1")]
        assert card.written == card.revisions[0]
        assert [(one.number, one.outcome, one.requested_by) for one in card.tries] == [
            (2, AttemptOutcome.DELIVERED, "user:2"),
            (1, AttemptOutcome.WAITS, None),
        ]
        assert card.tries[1].calls == (CallMade("CreateContact", 1200, 422, "t-1", "X", "no", "{}"),)
        assert [note.text for note in card.notes] == ["She called"]
        assert [entry.action for entry in card.entries] == ["card.noted"]

    def test_nobody_sees_a_visitor_s_words_in_a_log_line(self, save, look):
        shown = repr(look(save({**ANNA, "notes": "Likes to sing"}).number))
        assert not any(word in shown for word in ("Anna", "Keller", "sing", "615", "example.org"))

    def test_another_church_s_card_and_none_are_the_same(self, database, save, look, church_id):
        hope = church(database, slug="hope")
        save()
        theirs = [save(of=hope), save({**ANNA, "first_name": "Zoe"}, of=hope)]
        assert look(max(card.number for card in theirs) + 1) is None
        with database.church(church_id) as session:
            assert card_in_full(session, hope, theirs[0].number) is None

    def test_other_cards_of_the_person_are_the_newest_with_the_same_phone_or_e_mail(self, save, look):
        mine = save()
        for n in range(MOST_OTHERS + 2):
            save({"first_name": f"N{n}", "phone": "+16155550123"}, now=NOW + timedelta(minutes=n))
        by_email = save({"first_name": "Mail", "email": "ANNA@example.org"}, now=NOW + timedelta(hours=1))
        save({"first_name": "Other", "email": "other@example.org"})
        card = look(mine.number)
        assert len(card.others) == MOST_OTHERS
        assert card.more_others
        assert card.others[0].number == by_email.number
        assert [one.name for one in card.others[1:3]] == ["N11", "N10"]
        assert mine.number not in {one.number for one in card.others}
        assert look(save({"first_name": "Nobody", "phone": "12"}).number).others == ()

    def test_tries_are_bounded_and_the_newest_are_kept(self, save, look, sql):
        saved = save()
        for n in range(MOST_TRIES + 3):
            attempt(sql, saved.id, n + 1, started_at=NOW + timedelta(seconds=n))
        card = look(saved.number)
        assert len(card.tries) == MOST_TRIES
        assert card.more_tries
        assert card.tries[0].number == MOST_TRIES + 3

    def test_the_words_of_a_prayer_are_not_read_and_the_questions_are_few(
        self, save, database, church_id, sql
    ):
        saved = save({**ANNA, "prayer_request": "For my mother"})
        sql("UPDATE cards SET contact_id = 'c1', facts = '{\"contact_id\": \"c2\"}'")
        sql(
            "INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)"
            " VALUES (gen_random_uuid(), :church, 'loc', true, false, now())",
            church=church_id,
        )
        asked = []
        with database.church(church_id) as session:
            event.listen(session.connection(), "before_cursor_execute", lambda *told: asked.append(told[2]))
            card = card_in_full(session, church_id, saved.number)
        assert card.has_prayer
        assert len(asked) <= 7, asked
        assert not any("prayer_requests.text" in one.split("FROM")[0] for one in asked)

    def test_a_card_of_a_newer_version_shows_what_this_one_knows(self, save, look, sql):
        saved = save()
        sql('UPDATE card_revisions SET fields = fields || \'{"hologram": 1, "birthday": "never"}\'')
        card = look(saved.number)
        assert card.name == "Anna Keller"
        assert card.fields.birthday is None


def made(**values):
    return CardInFull(
        **{
            "id": new_id(),
            "number": 1042,
            "state": CardState(CardStatus.WAITING, CardSource.TYPED),
            "church": ChurchState(location="loc"),
            "region": "US",
            "is_demo": False,
            "source_name": None,
            "revision": 1,
            "received_at": NOW,
            "contact_id": None,
            "has_prayer": False,
            "revisions": (Revision(1, CardFields.model_validate(ANNA), NOW, "user:1"),),
        }
        | values
    )


def told(card, *, now=NOW, outage=None):
    return timeline(card, now=now, names=NAMES, outage=outage)


def kinds(events):
    return [str(one.kind) for one in events]


class TestTheTimeline:
    def test_from_the_save_to_the_arrival(self, save, look, sql):
        saved = save()
        attempt(
            sql, saved.id, outcome="waits", cause="ghl_not_answering", started_at=NOW + timedelta(seconds=1)
        )
        attempt(sql, saved.id, 2, started_at=NOW + timedelta(minutes=1), requested_by="user:2")
        sql("UPDATE cards SET status = 'synced', synced_at = now()")
        received, checked, queued, first, second, arrived = told(look(saved.number))
        assert kinds((received, checked, queued, first, second, arrived)) == [
            "received",
            "checked",
            "queued",
            "tried",
            "tried",
            "arrived",
        ]
        assert (received.details, received.by) == (("Typed in.",), "Ruth")
        assert checked.details == ("The phone number and the e-mail address are in order.",)
        assert first.details == ("Try 1 · by itself · took 1.2 seconds", "GoHighLevel isn't answering.")
        assert first.by == ""
        assert second.details == ("Try 2 · asked for by hand · took 1.2 seconds",)
        assert second.by == "Pat"
        assert arrived.at == NOW + timedelta(minutes=1, seconds=1.2)

    def test_an_answer_that_the_delivery_made_sense_of_is_told_with_its_status(self):
        asked = Try(
            1,
            NOW,
            NOW + timedelta(seconds=2),
            AttemptOutcome.HELD,
            CauseCode.PHONE_ON_OTHER_CONTACT,
            calls=(
                CallMade("CreateContact", 300, 400, "t-1", "DuplicateContactError"),
                CallMade("GetContact", 90),
            ),
        )
        *_, tried = told(made(state=CardState(CardStatus.HELD, CardSource.TYPED), tries=(asked,)))
        assert tried.details[0] == "Try 1 · by itself · took 2.0 seconds · GoHighLevel answered 400"

    def test_who_was_not_sure_is_told(self):
        entry = Entry(NOW + timedelta(minutes=1), "user:2", "card.not_sure")
        *_, looked = told(made(state=CardState(CardStatus.HELD, CardSource.TYPED), entries=(entry,)))
        assert (looked.title, looked.by) == ("Looked at, and not sure: kept here", "Pat")

    def test_a_correction_says_what_was_and_what_is(self, save, look, database, church_id):
        saved = save({**ANNA, "phone": "(615) 555-01"})
        with database.church(church_id) as session:
            correct(
                session,
                church_id,
                saved.id,
                parse_card(ANNA),
                base_revision=1,
                actor="user:2",
                now=NOW + timedelta(minutes=5),
            )
        _, checked, corrected = told(look(saved.number))
        assert "A US number has ten digits" in checked.details[0]
        assert corrected.by == "Pat"
        assert [(one.field, one.old, one.new) for one in corrected.changes] == [
            ("phone", "(615) 555-01", "(615) 555-0123")
        ]
        assert corrected.details == ("Checked again: The phone number and the e-mail address are in order.",)

    @pytest.mark.parametrize(
        ("source", "name", "words"),
        [
            (CardSource.TYPED, None, "Typed in."),
            (CardSource.IMPORT, "Sunday.csv", "From the list Sunday.csv"),
            (CardSource.API, "Website", "Sent by another program: Website"),
            (CardSource.FORM, None, "From the web form."),
        ],
    )
    def test_how_it_came(self, source, name, words):
        events = told(made(state=CardState(CardStatus.TO_REVIEW, source), source_name=name))
        assert events[0].details == (words,)
        assert kinds(events) == ["received", "checked"]

    def test_what_people_did_has_their_name_and_the_last_reason(self):
        def entry(minute, action, by="user:1", **facts):
            return Entry(NOW + timedelta(minutes=minute), by, action, facts)

        entries = (
            entry(9, "card.dismissed"),
            entry(8, "card.decided", "user:2", verdict="different"),
            entry(7, "prayer.read", "user:3"),
            entry(6, "card.corrected", fields=["prayer_request"], revision=1),
            entry(5, "card.sent_again"),
            entry(4, "card.noted"),
            entry(3, "card.held"),
            entry(2, "card.reviewed", "user:2"),
            entry(1, "card.of_a_newer_version"),
        )
        state = CardState(CardStatus.DISMISSED, CardSource.FORM, facts={"reason": "A child drew on it"})
        events = told(made(state=state, entries=entries))
        assert [(one.title, one.by, one.details) for one in events[2:]] == [
            ("Reviewed", "Pat", ()),
            ("Put in line for GoHighLevel", "", ()),
            ("Kept back", "Ruth", ()),
            ("Sent again", "Ruth", ()),
            ("Prayer request changed", "Ruth", ()),
            ("Prayer request read", "Somebody who is no longer in your team", ()),
            ("Decided: it is someone else", "Pat", ()),
            ("Set aside", "Ruth", ("A child drew on it",)),
        ]

    def test_the_last_try_has_its_whole_reason_and_earlier_ones_their_title(self):
        state = CardState(
            CardStatus.NEEDS_ATTENTION, CardSource.TYPED, "phone_refused", {"phone": "555", "answer": "bad."}
        )
        tries = tuple(
            Try(n, NOW, NOW, AttemptOutcome.NEEDS_ATTENTION, "phone_refused", http_status=422) for n in (2, 1)
        )
        first, second = (one for one in told(made(state=state, tries=tries)) if one.kind is EventKind.TRIED)
        assert {first.details[1], second.details[1]} == {
            "GoHighLevel won't take the phone number 555. Its answer: bad.",
            "GoHighLevel won't take this phone number.",
        }
        assert "GoHighLevel answered 422" in first.details[0]

    def test_a_try_whose_worker_died_says_what_follows(self):
        (died,) = (
            one
            for one in told(made(tries=(Try(1, NOW, NOW, AttemptOutcome.DIED),)))
            if one.kind is EventKind.TRIED
        )
        assert died.title == "Broken off in the middle"
        assert "looks first" in died.details[-1]

    def test_the_next_try_stands_last(self):
        at = NOW + timedelta(minutes=15)
        card = made(state=CardState(CardStatus.WAITING, CardSource.TYPED, due_at=at, tries=1))
        assert (told(card)[-1].kind, told(card)[-1].at) == (EventKind.NEXT_TRY, at)
        test_at = NOW + timedelta(minutes=1)
        assert told(card, outage=Outage(test_at))[-1].at == test_at
        assert EventKind.NEXT_TRY not in {one.kind for one in told(card, now=at)}

    def test_a_card_whose_tries_are_long_gone_still_arrived(self):
        state = CardState(CardStatus.SYNCED, CardSource.TYPED, synced_at=NOW + timedelta(days=1))
        assert kinds(told(made(state=state)))[-1] == "arrived"

    moments = st.integers(-50, 50).map(lambda minutes: NOW + timedelta(minutes=minutes))
    outcomes = st.sampled_from([None, *AttemptOutcome])
    codes = st.sampled_from([None, *CauseCode, "of_a_newer_version"])
    actions = ("card.reviewed", "card.held", "card.dismissed", "card.decided", "prayer.read", "card.x", "odd")

    @given(
        tries=st.lists(
            st.builds(Try, st.integers(1, 9), moments, st.none() | moments, outcomes, codes), max_size=8
        ),
        entries=st.lists(
            st.builds(Entry, moments, st.sampled_from(["user:1", "x"]), st.sampled_from(actions))
        ),
        stamps=st.lists(moments, min_size=1, max_size=4),
        status=st.sampled_from(CardStatus),
        code=codes,
    )
    def test_it_is_in_order_and_each_try_is_there_once(self, tries, entries, stamps, status, code):
        fields = CardFields.model_validate(ANNA)
        revisions = tuple(
            Revision(no, fields.model_copy(update={"city": str(no)}), at, "")
            for no, at in enumerate(stamps, start=1)
        )[::-1]
        card = made(
            state=CardState(status, CardSource.IMPORT, code, due_at=NOW),
            tries=tuple(tries),
            entries=tuple(entries),
            revisions=revisions,
            revision=len(revisions),
        )
        events = told(card)
        assert [one.at for one in events] == sorted(one.at for one in events)
        seen = [id(one.tried) for one in events if one.tried]
        assert sorted(seen) == sorted(id(one) for one in tries)
        assert kinds(events).count("received") == 1
        assert kinds(events).count("corrected") == len(stamps) - 1
        assert all(one.title and all(one.details) for one in events)


@pytest.mark.parametrize(
    ("passed", "words"),
    [(0, "0.1 seconds"), (1.24, "1.2 seconds"), (12.4, "12 seconds"), (150, "2 minutes"), (300, "5 minutes")],
)
def test_durations_in_words(passed, words):
    assert seconds(passed) == words


class TestTheOutlook:
    def look(self, status, *, cause=None, reader=Role.STAFF, outage=None, **values):
        facts = values.pop("facts", {})
        card = made(state=CardState(status, CardSource.TYPED, cause, facts, synced_at=NOW), **values)
        return outlook(card, now=NOW, outage=outage, names=NAMES, when=lambda _at: "9:00 am", reader=reader)

    @pytest.mark.parametrize("status", list(CardStatus))
    @pytest.mark.parametrize("cause", [None, *CauseCode, "of_a_newer_version"])
    @pytest.mark.parametrize("reader", list(Role))
    def test_every_card_has_a_sentence_what_follows_and_who_acts(self, status, cause, reader):
        told = self.look(status, cause=cause, reader=reader)
        assert all((told.why, told.following, told.who))
        assert not told.why.endswith(tuple(WHO_ACTS.values())), "who acts is said once"
        if reader is Role.VIEWER:
            assert "You can" not in told.who

    def test_a_church_that_is_stopped_says_who_mends_it(self):
        told = self.look(CardStatus.WAITING, church=ChurchState(location="loc", hold_cause="token_refused"))
        assert told.who == "An admin of your church can mend this."
        assert self.look(CardStatus.WAITING, outage=Outage()).who == BY_ITSELF

    def test_who_keeps_a_card_back_has_a_name(self):
        told = self.look(CardStatus.HELD, cause="held_by_staff", facts={"by": "user:1", "reason": "Ask him."})
        assert told.why == "Ruth keeps this card here: Ask him."
        aside = self.look(CardStatus.DISMISSED, facts={"by": "user:2", "reason": "A test"})
        assert aside.why == "By Pat: A test. Not sent."


def test_a_card_kept_back_before_its_review_was_not_put_in_line_as_it_came(save, look, database, church_id):
    saved = save(review=True)
    with database.church(church_id) as session:
        act(session, church_id, Action.HOLD, saved.id, reason="Ask", actor="user:2", now=NOW)
    with database.church(church_id) as session:
        correct(
            session,
            church_id,
            saved.id,
            parse_card(ANNA),
            base_revision=1,
            actor="user:1",
            now=NOW,
            release=True,
        )
    found = [event.kind for event in timeline(look(saved.number), now=NOW, names=NAMES)]
    assert sorted(found) == sorted(
        [EventKind.RECEIVED, EventKind.CHECKED, EventKind.HELD, EventKind.REVIEWED, EventKind.QUEUED]
    )


def test_a_changed_prayer_request_is_told_once(save, look, database, church_id):
    saved = save({**ANNA, "prayer_request": "For my knee"})
    with database.church(church_id) as session:
        parsed = parse_card({**ANNA, "prayer_request": "For both"})
        how = {"base_revision": 1, "actor": "user:1", "now": NOW, "keep_prayer": False}
        correct(session, church_id, saved.id, parsed, **how)
    found = timeline(look(saved.number), now=NOW, names=NAMES)
    assert [one.title for one in found if one.kind is EventKind.CORRECTED] == ["Prayer request changed"]
