from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.causes import CAUSES, CauseCode
from ghl.client.errors import (
    AgencyTokenError,
    AnswerError,
    AnswerLostError,
    GHLError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    ScopeMissingError,
    ServerError,
    TokenRefusedError,
    UnreadableAnswerError,
    VersionHeaderError,
    WrongLocationError,
)
from ghl.client.models import Contact
from ghl.delivery.backoff import (
    Counters,
    Died,
    NextStep,
    next_step,
    wait_after_answer,
    wait_after_system_error,
)
from ghl.delivery.steps import Attention, Decide, Delivered
from ghl.statuses import CardStatus

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
JITTER = st.floats(0, 1)
NONE = Counters()
SYSTEM_ERRORS = (ServerError(), UnreadableAnswerError(), AnswerLostError(), NotSentError(system_error=True))


def step(result: object, counters: Counters = NONE, *, now: datetime = NOW, **more: object) -> NextStep:
    return next_step(result, counters, now=now, **{"jitter": 0.0, **more})


class TestSystemErrors:
    @pytest.mark.parametrize("error", SYSTEM_ERRORS, ids=lambda error: type(error).__name__)
    def test_they_wait_longer_and_longer_and_spend_nothing(self, error: GHLError):
        counters, waits = Counters(), []
        for _ in range(12):
            after = step(error, counters)
            assert (after.state, after.cause) == (CardStatus.WAITING, CauseCode.GHL_NOT_ANSWERING)
            assert not after.spends_attempt
            counters = after.counters
            waits.append(after.due_in.total_seconds())
        assert waits[:8] == [5, 10, 20, 40, 80, 160, 320, 640]
        assert waits[-1] == 720
        assert counters.attempts == 0

    @given(st.integers(1, 10_000), JITTER)
    def test_the_wait_is_bounded(self, errors: int, jitter: float):
        wait = wait_after_system_error(errors, jitter)
        assert timedelta(seconds=5) <= wait <= timedelta(minutes=15)
        assert wait >= wait_after_system_error(errors, 0.0)

    def test_after_72_hours_a_person_looks(self):
        first = step(ServerError()).counters
        early = step(ServerError(), first, now=NOW + timedelta(hours=71, minutes=59))
        late = step(ServerError(), first, now=NOW + timedelta(hours=72))
        assert early.state == CardStatus.WAITING
        assert (late.state, late.cause) == (CardStatus.NEEDS_ATTENTION, CauseCode.GAVE_UP_AFTER_72_HOURS)

    def test_eight_while_others_pass_are_the_cards_own_fault(self):
        seven = Counters(system_errors=6, first_system_error_at=NOW, others_passed=True)
        assert step(ServerError(), seven).state == CardStatus.WAITING
        eighth = step(ServerError(), step(ServerError(), seven).counters)
        assert (eighth.state, eighth.cause) == (CardStatus.NEEDS_ATTENTION, CauseCode.REFUSED_ALONE)

    def test_eight_while_nobody_passes_are_an_outage(self):
        eight = Counters(system_errors=50, first_system_error_at=NOW, others_passed=False)
        assert step(ServerError(), eight).state == CardStatus.WAITING

    def test_a_call_that_never_left_is_nobodys_fault(self):
        eight = Counters(system_errors=50, first_system_error_at=NOW, others_passed=True)
        assert step(NotSentError(system_error=True), eight).state == CardStatus.WAITING

    def test_an_answer_ends_the_row_of_errors(self):
        counters = Counters(system_errors=5, first_system_error_at=NOW)
        after = step(AnswerError(), counters).counters
        assert (after.system_errors, after.first_system_error_at) == (0, None)


class TestLookFirst:
    @pytest.mark.parametrize(
        ("error", "look"),
        [
            (AnswerLostError(), True),
            (ServerError(), True),
            (UnreadableAnswerError(), True),
            (NotSentError(), False),
            (NotSentError(system_error=True), False),
            (RateLimitedError(), False),
            (NotFoundError(), False),
            (TokenRefusedError(), False),
        ],
    )
    def test_after_an_unsure_try(self, error: GHLError, look: bool):
        assert step(error).must_look_up is look
        assert step(error, unsure=True).must_look_up
        assert step(error, Counters(must_look_up=True)).must_look_up

    @pytest.mark.parametrize(
        "outcome", [Delivered("c1", False, (), Contact(id="c1")), Decide(CauseCode.TWO_PEOPLE_MATCH)]
    )
    def test_not_once_it_is_known(self, outcome: object):
        assert not step(outcome, Counters(must_look_up=True)).must_look_up


class TestWholeChurch:
    @pytest.mark.parametrize(
        "error",
        [
            TokenRefusedError(),
            ScopeMissingError(),
            AgencyTokenError(),
            WrongLocationError(),
            VersionHeaderError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_it_is_held_without_spending_an_attempt(self, error: GHLError):
        after = step(error, Counters(attempts=7))
        assert (after.state, after.hold_church) == (CardStatus.WAITING, error.cause)
        assert CAUSES[after.hold_church].holds_church
        assert (after.counters.attempts, after.spends_attempt) == (7, False)

    def test_one_cards_odd_answer_stops_that_card_alone(self):
        after = step(InvalidRequestError("property x should not exist", cause=CauseCode.PROGRAM_ERROR))
        assert (after.state, after.hold_church) == (CardStatus.NEEDS_ATTENTION, None)
        assert after.cause == CauseCode.REFUSED_BY_GHL


class TestRateLimits:
    def test_they_wait_as_told_and_spend_nothing(self):
        after = step(RateLimitedError(retry_after=42.0), Counters(attempts=7))
        assert (after.state, after.cause) == (CardStatus.WAITING, CauseCode.GOING_SLOWLY)
        assert (after.due_in, after.counters.attempts) == (timedelta(seconds=42), 7)

    def test_without_being_told(self):
        assert step(RateLimitedError()).due_in == timedelta(seconds=10)
        assert step(RateLimitedError(daily=True)).cause == CauseCode.DAILY_LIMIT_REACHED

    def test_a_call_held_back_is_nothing(self):
        after = step(NotSentError(), Counters(attempts=7))
        assert (after.state, after.cause, after.counters.attempts) == (
            CardStatus.WAITING,
            CauseCode.GOING_SLOWLY,
            7,
        )


class TestAnswers:
    def test_eight_attempts(self):
        counters, states = Counters(), []
        for _ in range(8):
            after = step(NotFoundError("Contact not found"), counters)
            counters = after.counters
            assert after.spends_attempt
            states.append(after.state)
        assert states == [CardStatus.WAITING] * 7 + [CardStatus.NEEDS_ATTENTION]
        assert (after.cause, after.facts) == (CauseCode.TRIES_USED_UP, {"answer": "Contact not found"})

    def test_waits_grow(self):
        assert [wait_after_answer(n, 0).total_seconds() for n in (1, 2, 3)] == [30, 60, 120]
        assert wait_after_answer(100, 1) == timedelta(hours=1)

    def test_a_refusal_is_not_asked_again(self):
        after = step(InvalidRequestError("phone", cause=CauseCode.PHONE_REFUSED))
        assert (after.state, after.cause) == (CardStatus.NEEDS_ATTENTION, CauseCode.PHONE_REFUSED)


class TestDeaths:
    def test_three_and_a_person_looks(self):
        counters, states = Counters(), []
        for _ in range(3):
            after = step(Died(), counters)
            counters = after.counters
            states.append(after.state)
            assert after.must_look_up
        assert states == [CardStatus.WAITING] * 2 + [CardStatus.NEEDS_ATTENTION]
        assert after.cause == CauseCode.CRASHED_THREE_TIMES


class TestOutcomes:
    def test_delivered(self):
        after = step(Delivered("c1", True, (), Contact(id="c1")), Counters(system_errors=3, deaths=1))
        assert (after.state, after.due_in, after.counters) == (CardStatus.SYNCED, None, Counters())

    def test_attention(self):
        after = step(Attention(CauseCode.PHONE_REFUSED, {"phone": "x"}), Counters(attempts=1))
        assert (after.state, after.cause, after.counters.attempts) == (
            CardStatus.NEEDS_ATTENTION,
            CauseCode.PHONE_REFUSED,
            2,
        )

    def test_decide(self):
        after = step(Decide(CauseCode.SAME_PERSON_DOUBT, {"name": "x"}), Counters(attempts=1))
        assert (after.state, after.cause, after.counters.attempts) == (
            CardStatus.HELD,
            CauseCode.SAME_PERSON_DOUBT,
            1,
        )


RESULTS = st.sampled_from(
    [*SYSTEM_ERRORS, NotSentError(), RateLimitedError(), RateLimitedError(retry_after=3), AnswerError(), NotFoundError(),
     InvalidRequestError(), TokenRefusedError(), GHLError(), Died(), Attention(CauseCode.PHONE_REFUSED),
     Decide(CauseCode.TWO_PEOPLE_MATCH), Delivered("c1", True, (), Contact(id="c1"))]
)  # fmt: skip


@given(
    st.lists(
        st.tuples(RESULTS, st.timedeltas(timedelta(0), timedelta(hours=9)), JITTER, st.booleans()),
        max_size=60,
    )
)
def test_any_history_ends_or_goes_on(history):
    """A card that waits has a next time; every other state ends the story; nothing waits for ever."""
    counters, now = Counters(), NOW
    for result, passed, jitter, others in history:
        now += passed
        after = next_step(result, counters, now=now, jitter=jitter)
        assert (after.due_in is not None) == (after.state == CardStatus.WAITING)
        assert (after.cause is not None) == (after.state != CardStatus.SYNCED)
        if after.state != CardStatus.WAITING:
            return
        assert timedelta(0) <= after.due_in <= timedelta(hours=1)
        counters = after.counters
        assert counters.attempts < 8
        assert counters.deaths < 3
        counters = Counters(**{**vars(counters), "others_passed": others})
