"""The truth table in docs/may-we-text.md is what the rule does, row by row."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.consent.may_send import Facts, SeenContact, VerdictKind, may_send
from ghl.consent.reasons import Reason, sentence
from ghl.consent.recipient import Recipient
from ghl.consent.standing import Entry, standing
from ghl.erasing.proofs import ERASED
from ghl.statuses import Channel, ConsentKind

DOCUMENT = Path(__file__).parents[2] / "docs" / "may-we-text.md"
PLACE = ZoneInfo("America/New_York")
PHONE, OTHER = "+16155550101", "+16155550102"
PURPOSE = "follow-up"
CARDS = {
    "Anna": Recipient(PHONE, "anna"),
    "Bob": Recipient(PHONE, "bob"),
    "another number": Recipient(OTHER, "anna"),
    "under 18": Reason.UNDER_AGE,
    "guardian unknown": Reason.GUARDIAN_UNKNOWN,
    "guardian": Recipient(PHONE, "anna", child="kim"),
    "test": None,
}
CONTACTS = {
    "-": None,
    "clear": SeenContact(PHONE),
    "stopped": SeenContact(PHONE, blocks=True, stops=True),
    "carrier": SeenContact(PHONE, blocks=True),
    "other number": SeenContact(OTHER),
    "no number": SeenContact(None),
}


def rows() -> list[tuple[str, ...]]:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in lines]
    return [row for row in cells if row[0] != "the log" and not row[0].startswith("---")]


def day(number: str | int) -> datetime:
    return datetime(2026, 11, int(number), tzinfo=UTC)


def entry(written: str, number: int) -> Entry:
    kind, source, said, *more = written.split()
    words = iter(more)
    signed, person, purpose, worded, child = day(said), "anna", PURPOSE, True, None
    for word in words:
        match word:
            case "unsigned":
                signed = None
            case "signed":
                signed = day(next(words))
            case "of":
                person = {"Bob": "bob", "nobody": ""}[next(words)]
            case "for":
                purpose = next(words)
            case "unworded":
                worded = False
            case "erased":
                person = ERASED
            case "as":
                assert next(words) == "guardian"
                child = "kim"
            case _:
                raise AssertionError(word)
    if source in {"keyword", "spoken", "ghl"}:
        signed, worded, purpose = None, False, "all"
    return Entry(
        number,
        ConsentKind(kind),
        source,
        person,
        day(said) + timedelta(hours=17),
        signed,
        purpose,
        worded,
        child,
    )


def facts_of(row: tuple[str, ...]) -> tuple[Facts, datetime]:
    log, card, contact, at, *_ = row
    said = [one.strip() for one in log.split(";") if one.strip()]
    doubts = [one.split()[1] for one in said if one.startswith("doubt")]
    now = datetime.combine(day(20).date(), time.fromisoformat(at), PLACE)
    facts = Facts(
        log=tuple(entry(one, n) for n, one in enumerate(said) if not one.startswith("doubt")),
        doubted_at=day(doubts[0]) if doubts else None,
        card=CARDS[card],
        contact=CONTACTS[contact],
        zones=(PLACE,),
        is_test=card == "test",
    )
    return facts, now


@pytest.mark.parametrize("row", rows(), ids=" | ".join)
def test_the_rule(row: tuple[str, ...]):
    facts, now = facts_of(row)
    *_, kind, reason, why = row
    verdict = may_send(Channel.SMS, PHONE, "anna", PURPOSE, now, facts=facts)
    assert (verdict.kind, verdict.reason or "") == (kind, reason), why
    assert (verdict.later_at is not None) == (kind == "later")
    assert bool(verdict.facts.get("record_stop")) == (reason == "dnd_in_ghl" and row[2] == "stopped")
    assert (kind == "yes") == (verdict.reason is None)


def test_every_reason_stands_in_the_table_and_has_its_words():
    told = {row[5] for row in rows()} - {""}
    assert told == set(Reason) - {Reason.CARD_UNREADABLE}
    assert len(rows()) >= 60
    for reason in Reason:
        for channel in Channel:
            said = sentence(reason, {"channel": channel}, name="Anna Keller")
            assert said.endswith(".")
            assert "{" not in said
            assert sentence(reason, {}, name="")


def test_the_words_tell_when_and_what_helps():
    facts = {"channel": "sms", "at": "2026-11-05T23:30:00+00:00"}
    said = sentence(Reason.STOPPED, facts, name="Anna", zone=PLACE)
    assert said.startswith("Anna asked for no more texts on Nov 5, 2026.")
    assert "START" in said
    later = {"what": "text", "later_at": "2026-11-21T13:00:00+00:00"}
    assert sentence("quiet_hours", later, zone=PLACE).endswith(
        "on Saturday, Nov 21, 2026 at 8 am, by itself."
    )


KINDS = st.sampled_from(list(ConsentKind))
SOURCES = st.sampled_from(["form", "typed", "import", "api", "correction", "keyword", "spoken", "ghl"])
ENTRIES = st.builds(
    Entry,
    id=st.just(0),
    kind=KINDS,
    source=SOURCES,
    person=st.sampled_from(["anna", "bob", ""]),
    recorded_at=st.integers(1, 19).map(day),
    signed_at=st.none() | st.integers(1, 25).map(day),
    purpose=st.sampled_from([PURPOSE, "all", "giving"]),
    worded=st.booleans(),
    child=st.sampled_from([None, "kim"]),
)
NOON = datetime(2026, 11, 20, 12, tzinfo=PLACE)


def asked(log, *, now=NOON, **more):
    facts = Facts(log=tuple(log), card=CARDS["Anna"], zones=(PLACE,), **more)
    return may_send(Channel.SMS, PHONE, "anna", PURPOSE, now, facts=facts)


@given(
    st.lists(ENTRIES, max_size=8),
    st.sampled_from(["import", "api", "correction", "spoken", "ghl"]),
    st.data(),
)
def test_after_a_stop_nothing_that_staff_or_programs_write_ever_permits(log, source, data):
    stop = data.draw(
        st.builds(
            Entry, st.just(0), st.just(ConsentKind.STOP), SOURCES, st.just(""), st.just(day(9)), st.none()
        )
    )
    after = data.draw(
        st.lists(ENTRIES.filter(lambda one: one.source not in {"form", "typed", "keyword"}), max_size=6)
    )
    assert asked([*log, stop, *after]).reason in {Reason.STOPPED, Reason.SAID_NO}


@given(st.lists(ENTRIES, max_size=8))
def test_a_stop_at_the_end_always_wins(log):
    stop = Entry(0, ConsentKind.STOP, "keyword", "", day(19), None)
    assert asked([*log, stop]).kind is VerdictKind.NO


@given(st.lists(ENTRIES, max_size=8))
def test_a_yes_always_rests_on_something_that_was_said(log):
    verdict = asked(log)
    if verdict.kind is VerdictKind.YES:
        assert verdict.entry in log
        assert verdict.entry.kind is ConsentKind.YES
        assert verdict.entry.purpose in {PURPOSE, "all"}


@given(st.lists(ENTRIES, max_size=8))
def test_what_waits_for_the_morning_rests_on_the_same_as_by_day(log):
    by_day, at_night = asked(log), asked(log, now=NOON.replace(hour=23))
    assert at_night.entry is by_day.entry
    assert (at_night.kind is VerdictKind.LATER) is (by_day.kind is VerdictKind.YES)


@given(st.lists(ENTRIES, max_size=8), st.sampled_from(list(CONTACTS.values())))
def test_what_ghl_blocks_or_somebody_doubts_never_leaves(log, contact):
    if contact is not None and (contact.blocks or contact.address != PHONE):
        assert asked(log, contact=contact).kind in {VerdictKind.NO, VerdictKind.HELD}
    assert asked(log, contact=contact, doubted_at=day(3)).kind in {VerdictKind.NO, VerdictKind.HELD}


def test_the_day_of_a_stop_is_that_of_the_church():
    """A stop in the evening, when it is tomorrow in UTC already: a card of that tomorrow lifts it, one of today does not."""
    stop = Entry(0, ConsentKind.STOP, "keyword", "", datetime(2026, 11, 6, 3, tzinfo=UTC), None)
    recorded = datetime(2026, 11, 9, 17, tzinfo=UTC)
    today = Entry(1, ConsentKind.YES, "typed", "anna", recorded, day(5))
    tomorrow = Entry(1, ConsentKind.YES, "typed", "anna", recorded, day(6))
    assert standing([stop, today], person="anna", purpose="all", zone=PLACE).stop is stop
    assert standing([stop, tomorrow], person="anna", purpose="all", zone=PLACE).stop is None


def test_a_card_typed_on_the_day_of_the_stop_with_tomorrows_date_lifts_nothing():
    """Saturday: STOP at 9 am, and at 10 am somebody types a card with the date of Sunday's visit."""
    stop_at = datetime(2026, 11, 28, 15, tzinfo=UTC)
    stop = Entry(1, ConsentKind.STOP, "keyword", "", stop_at, None)
    card = Entry(
        2,
        ConsentKind.YES,
        "typed",
        "anna",
        stop_at + timedelta(hours=1),
        datetime(2026, 11, 29, tzinfo=UTC),
        purpose=PURPOSE,
    )
    stands = standing([stop, card], person="anna", purpose=PURPOSE, zone=ZoneInfo("America/Chicago"))
    assert stands.stop is stop
