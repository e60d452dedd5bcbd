"""The day on which something was said: a signed day is the same everywhere, a moment is told by the church's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard.consent.words import answer_line
from ghl.consent.ask import Answer
from ghl.consent.lines import Said
from ghl.consent.may_send import Facts, Verdict, VerdictKind, may_send
from ghl.consent.reasons import sentence
from ghl.consent.standing import Entry
from ghl.messages.facts import told
from ghl.statuses import Channel, ConsentKind

PHONE = "+16155550101"
EVENING = datetime(2026, 11, 27, 3, tzinfo=UTC)
"""Five in the afternoon of Nov 26 in Honolulu."""
SIGNED = datetime(2026, 11, 26, tzinfo=UTC)
"""Nov 26, as a day without an hour is kept."""
HONOLULU, KIRITIMATI = ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Kiritimati")


def said(source, signed_at):
    return Said(
        1, Channel.SMS, PHONE, "anna", ConsentKind.YES, "follow-up", None, None, None, source, "", None,
        signed_at, EVENING, None, None, None, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "signed_at", "zone", "day"),
    [
        ("typed", None, HONOLULU, "Nov 26"),
        ("keyword", None, HONOLULU, "Nov 26"),
        ("typed", SIGNED, HONOLULU, "Nov 26"),
        ("typed", None, KIRITIMATI, "Nov 27"),
        ("typed", SIGNED, KIRITIMATI, "Nov 26"),
    ],
)
def test_the_day_of_a_yes(source, signed_at, zone, day):
    answer = Answer(Channel.SMS, PHONE, Verdict(VerdictKind.YES), said(source, signed_at))
    assert f" on {day}, 2026" in answer_line(answer, name="Anna", zone=zone)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(
    ("signed_at", "zone", "day"),
    [(SIGNED, HONOLULU, "Nov 26"), (None, HONOLULU, "Nov 26"), (None, KIRITIMATI, "Nov 27")],
)
def test_the_day_of_a_no(signed_at, zone, day, stored):
    no = Entry(1, ConsentKind.NO, "typed", "anna", EVENING, signed_at)
    facts = Facts(log=(no,), zones=(zone,), is_test=True)
    verdict = may_send(Channel.SMS, PHONE, "anna", "follow-up", EVENING, facts=facts)
    known = told(verdict.facts) if stored else verdict.facts
    assert f"on a card on {day}, 2026" in sentence(verdict.reason, known, name="Anna", zone=zone)
