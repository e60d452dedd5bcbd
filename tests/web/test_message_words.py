"""The words about texts and e-mails: why one stands where it stands, and what came of asking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.message_words import asked_in_words, in_short, to_do, why
from ghl.causes import CauseCode
from ghl.consent.reasons import Reason
from ghl.messages.asked import Asked, AskedOutcome
from ghl.messages.shown import Shown, badge_code
from ghl.statuses import Channel, MessageState

NOON = datetime(2026, 11, 22, 18, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
ID = UUID(int=1)
NAMES = {"user:ruth": "Ruth"}
MORNING = NOON + timedelta(hours=20)


def shown(state, cause=None, **more):
    return Shown(
        message_id=ID,
        card_id=ID,
        template_id=ID,
        template="Welcome text",
        channel=more.pop("channel", Channel.SMS),
        code=badge_code(state, cause),
        state=state,
        cause=cause,
        requested_by="user:ruth",
        requested_at=NOON,
        changed_at=NOON,
        **more,
    )


def told(one, name="Anna"):
    return why(one, name=name, names=NAMES, now=NOON, zone=CHICAGO)


def short(one, name="Anna"):
    return in_short(one, name=name, names=NAMES, now=NOON, zone=CHICAGO)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (shown(MessageState.WAITING), "Leaves in a moment."),
        (shown(MessageState.WAITING, leaves_at=NOON + timedelta(minutes=3)), "Leaves at 12:03 pm."),
        (shown(MessageState.WAITING, leaves_at=MORNING), "Leaves tomorrow 8:00 am."),
        (
            shown(MessageState.WAITING, CauseCode.QUIET_HOURS, leaves_at=MORNING),
            "Waits until tomorrow 8:00 am (quiet hours).",
        ),
        (
            shown(MessageState.WAITING, waits_for_card=True),
            "Waits for the card. It leaves once the card is in GoHighLevel.",
        ),
        (shown(MessageState.SENDING), "On its way now."),
        (
            shown(MessageState.UNSURE),
            "We got no answer, and look in GoHighLevel whether this text went out. Nothing to do.",
        ),
        (
            shown(MessageState.SENT, sent_at=NOON),
            "GoHighLevel has it since 12:00 pm. Not confirmed by the phone company yet.",
        ),
        (
            shown(MessageState.SENT, channel=Channel.EMAIL),
            "GoHighLevel has it. Not confirmed by the mail server yet.",
        ),
        (shown(MessageState.DELIVERED, delivered_at=NOON), "Delivered 12:00 pm."),
        (shown(MessageState.NOT_SENT), "This text was not sent."),
    ],
)
def test_why_it_stands_where_it_stands(one, words):
    assert told(one) == words


def test_a_stop_is_told_with_its_day_and_the_way_back():
    one = shown(MessageState.NOT_SENT, Reason.STOPPED, facts={"at": NOON.isoformat()})
    assert told(one).startswith("Anna asked for no more texts on Nov 22")
    assert "START" in told(one)
    assert told(replace(one, cause=CauseCode.ASKED_FOR_NO_TEXTS)) == told(one)


def test_a_row_says_the_first_sentence_and_how_many_stand_behind_it():
    one = shown(MessageState.NOT_SENT, Reason.NOT_ASKED, others=2)
    assert short(one) == "We have no yes from Anna for texts. And 2 more."
    assert short(one, name="Dr. A. Keller") == "We have no yes from Dr. A. Keller for texts. And 2 more."
    assert short(one, name=" ") == "We have no yes from this person for texts. And 2 more."


def test_only_what_needs_somebody_says_what_to_do():
    assert "It went out" in to_do(shown(MessageState.UNSURE, CauseCode.UNSURE_TWO_FOUND))
    assert to_do(shown(MessageState.HELD, Reason.OTHER_NUMBER)) == "", "its sentence says it"
    assert to_do(shown(MessageState.NOT_SENT, CauseCode.TOO_OLD)) == ""
    assert to_do(shown(MessageState.DELIVERED)) == ""


@given(
    st.sampled_from(list(MessageState)),
    st.none() | st.sampled_from([*CauseCode, *Reason]),
    st.sampled_from(list(Channel)),
    st.text(max_size=40),
)
def test_whatever_the_cause_there_is_a_sentence(state, cause, channel, name):
    one = shown(state, cause, channel=channel)
    assert told(one, name)
    assert "{" not in told(one, "Anna") + short(one, "Anna") + to_do(one)
    assert "\x00" not in short(one, name.replace("\x00", ""))


def asked(outcome, channel=Channel.SMS, **more):
    return Asked(ID, ID, channel, ID, outcome, **more)


def said(*some):
    return asked_in_words(some, name="Anna", now=NOON, zone=CHICAGO)


def test_several_that_leave_at_once_are_counted():
    leaving = (
        asked(AskedOutcome.QUEUED, at=MORNING),
        asked(AskedOutcome.QUEUED, Channel.EMAIL),
        asked(AskedOutcome.QUEUED, Channel.EMAIL),
    )
    assert said(*leaving) == (
        True,
        ["The text leaves tomorrow 8:00 am.", "2 e-mails leave in a moment."],
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (asked(AskedOutcome.QUEUED), "The text leaves in a moment."),
        (asked(AskedOutcome.QUEUED, at=MORNING), "The text leaves tomorrow 8:00 am."),
        (
            asked(AskedOutcome.ALREADY_SENT, at=NOON),
            "The text was already sent at 12:00 pm. It was not sent again.",
        ),
        (
            asked(AskedOutcome.ALREADY_SENT, at=NOON, reason=CauseCode.CARRIER_REFUSED),
            "The text was asked for before. What came of it stands beside it. It was not sent again.",
        ),
        (
            asked(AskedOutcome.ALREADY_SENT, at=NOON, state=MessageState.FAILED),
            "The text was asked for before. What came of it stands beside it. It was not sent again.",
        ),
        (
            asked(AskedOutcome.ALREADY_SENT, at=NOON, state=MessageState.SENDING),
            "The text is being sent right now. Nothing goes twice.",
        ),
        (
            asked(AskedOutcome.ALREADY_SENT, Channel.EMAIL, at=NOON, state=MessageState.UNSURE),
            "We do not know yet whether the e-mail went out, and look in GoHighLevel. It was not sent again.",
        ),
        (
            asked(
                AskedOutcome.ALREADY_SENT,
                at=NOON,
                state=MessageState.UNSURE,
                reason=CauseCode.UNSURE_NONE_FOUND,
            ),
            "Nobody knows yet whether the text went out. Answer that beside it first. It was not sent again.",
        ),
        (
            asked(AskedOutcome.ALREADY_WAITING, at=NOON),
            "The text is already on its way. Nothing goes twice.",
        ),
        (
            asked(AskedOutcome.NO_ADDRESS, Channel.EMAIL),
            "No e-mail: the card has no e-mail address that works.",
        ),
        (
            asked(AskedOutcome.TOO_OLD),
            "No text: it is meant for the first days after a visit, and they are over.",
        ),
    ],
)
def test_what_came_of_asking(one, words):
    assert said(one) == (one.outcome is AskedOutcome.QUEUED, [words])


def test_the_same_is_said_once():
    one = asked(AskedOutcome.ALREADY_WAITING, Channel.EMAIL)
    assert said(one, one) == (False, ["The e-mail is already on its way. Nothing goes twice."])


def test_without_words_or_a_yes_it_says_who_can_help():
    assert "An admin publishes them on Messages." in said(asked(AskedOutcome.NO_TEMPLATE, None))[1][0]
    assert said(asked(AskedOutcome.NOT_ALLOWED))[1][0].startswith("No text: We have no yes from Anna")
