"""Rate headers come from another system: every value may be missing or nonsense."""

from hypothesis import given
from hypothesis import strategies as st

from ghl.client.rate_headers import RateHeaders


def test_all_values_are_read_whatever_the_case_of_the_names() -> None:
    headers = {
        "x-ratelimit-limit-daily": "200000",
        "X-RateLimit-Daily-Remaining": "199998",
        "X-RATELIMIT-INTERVAL-MILLISECONDS": "10000",
        "X-RateLimit-Max": "100",
        "X-RateLimit-Remaining": " 98 ",
        "x-ratelimit-daily-reset": "3600000",
        "Content-Type": "application/json",
    }
    assert RateHeaders.from_headers(headers) == RateHeaders(100, 98, 10_000, 200_000, 199_998, 3_600_000)


def test_missing_headers_are_unknown() -> None:
    assert RateHeaders.from_headers({}) == RateHeaders()


@given(st.text())
def test_nonsense_is_unknown_and_never_raises(text: str) -> None:
    read = RateHeaders.from_headers({"X-RateLimit-Remaining": text}).remaining
    assert read is None or (read >= 0 and text.strip().isdecimal())


def test_signs_fractions_and_endless_numbers_are_unknown() -> None:
    for text in ("-1", "+1", "1.5", "1e3", "٣", "9" * 16, "", " "):
        assert RateHeaders.from_headers({"X-RateLimit-Remaining": text}).remaining is None
