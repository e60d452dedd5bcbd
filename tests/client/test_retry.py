from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.retry import RetryPolicy, is_retryable, wait_seconds
from tests.support.clients import ANN, CONTACT, UNHURRIED, outcome
from tests.support.nasty_server import Exchange, NastyServer

UNREACHED = errors.NotSentError("ECONNREFUSED", system_error=True)
HELD_BACK = errors.NotSentError("the lease is gone")


class TestIsRetryable:
    @pytest.mark.parametrize(
        ("error", "again"),
        [
            (UNREACHED, True),
            (HELD_BACK, False),
            (errors.AnswerLostError("closed"), True),
            (errors.ServerError(status=500), False),
            (errors.ServerError(status=502), True),
            (errors.ServerError(status=503), True),
            (errors.ServerError(status=504), True),
            (errors.UnreadableAnswerError(status=403), False),
            (errors.RateLimitedError(retry_after=0.0), False),
            (errors.TokenRefusedError(status=401), False),
            (errors.InvalidRequestError(status=422), False),
            (ValueError(), False),
        ],
    )
    def test_reads(self, error: Exception, *, again: bool) -> None:
        assert is_retryable(error, idempotent=True) is again
        assert not is_retryable(error, idempotent=False)


class TestWaitSeconds:
    @UNHURRIED
    @given(attempt=st.integers(1, 50), chance=st.floats(0, 1))
    def test_half_is_left_to_chance_and_the_cap_holds(self, attempt: int, chance: float) -> None:
        policy = RetryPolicy(jitter=lambda: chance)
        full = min(policy.cap, policy.base * 2 ** (attempt - 1))
        assert full / 2 <= wait_seconds(attempt, policy=policy) <= full

    def test_doubles(self) -> None:
        policy = RetryPolicy(base=0.1, cap=10.0, jitter=lambda: 1.0)
        assert [wait_seconds(attempt, policy=policy) for attempt in (1, 2, 3)] == [0.1, 0.2, 0.4]


class Failing:
    """Answers like `status` or hangs up, `times` over, then properly."""

    def __init__(self, times: int, *, status: int | None) -> None:
        self.times = times
        self.status = status

    def __call__(self, exchange: Exchange) -> None:
        if exchange.request.number > self.times:
            exchange.answer(CONTACT)
        elif self.status is None:
            exchange.cut()
        else:
            exchange.answer(b"", status=self.status)


@pytest.mark.parametrize("status", [None, 502, 503, 504])
def test_a_read_survives_two_blips(status: int | None, connect: Callable[..., GHLClient]) -> None:
    with NastyServer(Failing(2, status=status)) as server:
        assert connect(server.url).contacts.get("c1").id == "c1"
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [None, 502])
def test_a_read_is_not_tried_a_fourth_time(status: int | None, connect: Callable[..., GHLClient]) -> None:
    with NastyServer(Failing(9, status=status)) as server:
        error = outcome(lambda: connect(server.url).contacts.get("c1"))
        assert len(server.requests) == 3
    assert isinstance(error, errors.AnswerLostError if status is None else errors.ServerError)


@pytest.mark.parametrize("status", [None, 500, 502, 503, 429])
def test_a_write_is_sent_once_whatever_happens(status: int | None, connect: Callable[..., GHLClient]) -> None:
    with NastyServer(Failing(9, status=status)) as server:
        client = connect(server.url)
        for write in (
            lambda: client.contacts.create(ANN),
            lambda: client.contacts.update("c1", ANN),
            lambda: client.contacts.add_tags("c1", ["new"]),
        ):
            before = len(server.requests)
            assert isinstance(outcome(write), errors.GHLError)
            assert len(server.requests) == before + 1


def test_a_repetition_is_asked_for_and_may_be_refused(connect: Callable[..., GHLClient]) -> None:
    asked: list[errors.GHLError] = []

    def no(error: errors.GHLError) -> bool:
        asked.append(error)
        return False

    with NastyServer(Failing(9, status=503)) as server:
        error = outcome(lambda: connect(server.url, may_repeat=no, deadline=5.0).contacts.get("c1"))
        assert len(server.requests) == 1
    assert asked == [error]


def test_no_repetition_where_the_wait_would_pass_the_deadline(connect: Callable[..., GHLClient]) -> None:
    slow = RetryPolicy(base=60.0, cap=60.0)
    with NastyServer(Failing(9, status=503)) as server:
        error = outcome(lambda: connect(server.url, retries=slow).contacts.get("c1"))
        assert len(server.requests) == 1
    assert isinstance(error, errors.ServerError)


def test_the_guard_is_asked_before_each_repetition(connect: Callable[..., GHLClient]) -> None:
    allowed = iter([True, True, False])

    def guard() -> None:
        if not next(allowed):
            raise errors.NotSentError("the grant is too old")

    with NastyServer(Failing(9, status=503)) as server:
        error = outcome(lambda: connect(server.url, guard=guard).contacts.get("c1"))
        assert len(server.requests) == 1
    assert isinstance(error, errors.NotSentError)
