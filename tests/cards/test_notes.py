"""Notes of staff: kept with the card, newest first, only ever added, and of one church."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ghl.cards.notes import LONGEST_NOTE, NoteError, add_note, notes_of
from ghl.ids import new_id
from ghl.statuses import CardStatus
from tests.support.cards import CardMaker
from tests.support.churches import church

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def card_id(database, church_id):
    return CardMaker(database, church_id)(CardStatus.WAITING)


@pytest.fixture
def note(database, church_id, card_id):
    def note(words, *, actor="user:1", now=NOW, of=card_id):
        with database.church(church_id) as session:
            return add_note(session, church_id, of, words, actor=actor, now=now)

    return note


@pytest.fixture
def notes(database, church_id, card_id):
    def notes(limit=200):
        with database.church(church_id) as session:
            return [(one.text, one.by) for one in notes_of(session, church_id, card_id, limit=limit)]

    return notes


def test_the_newest_note_stands_first(note, notes):
    note("She called.\r\nShe comes on Sunday.\0")
    note("  Ruth drives her. ", actor="user:2", now=NOW + timedelta(minutes=1))
    assert notes() == [
        ("Ruth drives her.", "user:2"),
        ("She called.\nShe comes on Sunday.", "user:1"),
    ]
    assert notes(limit=1) == [("Ruth drives her.", "user:2")]


@pytest.mark.parametrize(("words", "told"), [("", "Write"), (" \n\t\0", "Write"), ("x" * 5000, "4000 fit")])
def test_an_empty_or_endless_note_is_told(note, notes, words, told):
    with pytest.raises(NoteError, match=told):
        note(words)
    assert notes() == []


def test_the_longest_note_fits(note, notes):
    note("ü" * LONGEST_NOTE)
    assert notes() == [("ü" * LONGEST_NOTE, "user:1")]


def test_a_double_click_writes_once_and_another_person_may_say_the_same(note, notes):
    threads = [threading.Thread(target=note, args=("She called.",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    note("She called.", actor="user:2")
    assert notes() == [("She called.", "user:2"), ("She called.", "user:1")]


def test_the_same_words_on_another_day_are_another_note(note, notes):
    note("No answer.")
    note("No answer.", now=NOW + timedelta(seconds=3))
    note("No answer.", now=NOW + timedelta(days=3))
    assert notes() == [("No answer.", "user:1")] * 2


def test_the_change_log_tells_of_it_without_the_words(note, database, church_id, card_id):
    note("Her mother is ill.")
    with database.church(church_id) as session:
        (entry,) = session.execute(text("SELECT * FROM audit_entries WHERE action = 'card.noted'")).all()
    assert (entry.actor, entry.subject) == ("user:1", str(card_id))
    assert "mother" not in str(entry)


def test_another_church_s_card_is_no_card(note, database):
    hope = church(database, slug="hope")
    theirs = CardMaker(database, hope)(CardStatus.WAITING)
    for of in (theirs, new_id()):
        with pytest.raises(NoteError, match="no such card"):
            note("Hello", of=of)


def test_a_note_is_never_changed_or_removed(note, database, church_id):
    note("She called.")
    for statement in ("UPDATE card_notes SET text = 'x'", "DELETE FROM card_notes"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.church(church_id) as session,
        ):
            session.execute(text(statement))
