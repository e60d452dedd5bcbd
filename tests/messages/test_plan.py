"""The one rule: only what is certainly not sent waits to be sent; everything else is unsure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.causes import CAUSES
from ghl.client import errors
from ghl.client.messages import Message
from ghl.consent.reasons import Reason
from ghl.messages import plan
from ghl.messages.look import Found, Looked
from ghl.messages.plan import Counters
from ghl.statuses import Channel, MessageState, OutboxState

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)

ERRORS = [
    errors.NotSentError(),
    errors.NotSentError(system_error=True),
    errors.AnswerLostError("ReadTimeout"),
    errors.ServerError(status=502),
    errors.UnreadableAnswerError(status=200),
    errors.RateLimitedError(retry_after=7.0),
    errors.RateLimitedError(daily=True),
    errors.TokenRefusedError(status=401),
    errors.ScopeMissingError(status=401),
    errors.AgencyTokenError(status=401),
    errors.WrongLocationError(status=403),
    errors.VersionHeaderError(status=401),
    errors.NotFoundError(status=404),
    errors.InvalidRequestError(status=422),
    errors.MessageRefusedError(status=400),
    errors.MessageRefusedError(status=500, opted_out=True),
    errors.AnswerError(status=409),
]

counters = st.builds(
    Counters,
    attempts=st.integers(0, 8),
    system_errors=st.integers(0, 50),
    first_system_error_at=st.none() | st.integers(0, 100).map(lambda hours: NOW - timedelta(hours=hours)),
    deaths=st.integers(0, 3),
)


@given(st.sampled_from(ERRORS), counters, st.floats(0, 1))
def test_only_what_is_certainly_not_sent_is_sent_again(error, known, jitter):
    step = plan.after_send_error(error, known, now=NOW, jitter=jitter)
    if error.certainly_not_sent:
        assert step.state in {MessageState.WAITING, MessageState.FAILED, MessageState.NOT_SENT}
    else:
        assert step.state is MessageState.UNSURE
        assert step.due_in == timedelta(seconds=60)
        assert step.cause is None
    assert step.cause is None or step.cause in {*CAUSES, *Reason}
    assert (step.work is OutboxState.DUE) == (step.state in {MessageState.WAITING, MessageState.UNSURE})


def test_a_program_that_broke_while_it_sent_is_unsure():
    assert plan.after_send_error(None, Counters(), now=NOW, jitter=0).state is MessageState.UNSURE


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_whatever_a_look_meets_it_stays_unsure(error):
    step = plan.after_look_error(error, Counters(), now=NOW, jitter=0.5)
    assert step.state is MessageState.UNSURE
    assert step.work is OutboxState.DUE
    assert not step.counts_look


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_whatever_a_question_about_it_meets_it_stays_sent(error):
    step = plan.after_status_error(error, Counters(), sent_at=NOW, now=NOW, jitter=0.5)
    assert step.state is MessageState.SENT


def test_429_and_silence_spend_no_attempt():
    for error in (errors.RateLimitedError(), errors.NotSentError(), errors.NotSentError(system_error=True)):
        assert plan.after_send_error(error, Counters(), now=NOW, jitter=0).counters.attempts == 0


def test_system_errors_are_given_up_after_72_hours():
    known = Counters(system_errors=9, first_system_error_at=NOW - timedelta(hours=72))
    step = plan.not_sent(errors.ServerError(status=500), known, now=NOW, jitter=0)
    assert (step.state, step.cause) == (MessageState.FAILED, "message_gave_up")


def test_what_is_found_is_sent_at_its_own_time():
    hit = Message(id="m1", email_message_id="e1")
    step = plan.after_look(
        Looked(Found.ONE, hit=hit), Counters(), channel=Channel.EMAIL, sends_again=True, now=NOW
    )
    assert (step.state, step.message_id, step.email_message_id) == (MessageState.SENT, "m1", "e1")


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("sends_again", [False, True])
def test_only_an_email_goes_again_by_itself(channel, sends_again):
    step = plan.after_look(Looked(Found.NONE), Counters(), channel=channel, sends_again=sends_again, now=NOW)
    goes = channel is Channel.EMAIL and sends_again
    assert step.state is (MessageState.WAITING if goes else MessageState.UNSURE)
    assert (step.work is OutboxState.PARKED) != goes


@given(st.text(max_size=20), st.sampled_from(Channel))
def test_an_unknown_state_says_nothing(status, channel):
    known = plan.DELIVERED | plan.UNDELIVERED | plan.OPTED_OUT
    assert (plan.heard(status, channel) is None) == (status.strip().lower() not in known)


def test_it_is_followed_for_a_day_with_few_questions():
    at, asked = NOW, 0
    while (due := plan.next_follow(NOW, at)) is not None:
        assert due > at
        at, asked = due, asked + 1
    assert asked == len(plan.FOLLOW_AT) <= 8
    assert at <= NOW + plan.FOLLOW_FOR
