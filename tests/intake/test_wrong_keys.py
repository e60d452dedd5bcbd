"""The rule that slows down whoever tries keys, by itself."""

from hypothesis import given
from hypothesis import strategies as st

from ghl.clock import SystemClock
from ghl.intake.wrong_keys import FREE, SECONDS_EACH, WrongKeys


class StillClock(SystemClock):
    seconds = 0.0

    def monotonic(self):
        return self.seconds


def test_a_few_are_free_then_one_every_few_seconds():
    clock = StillClock()
    wrong = WrongKeys(clock)
    for _ in range(FREE):
        assert wrong.wait_seconds("192.0.2.1") == 0
        wrong.add("192.0.2.1")

    assert wrong.wait_seconds("192.0.2.1") == SECONDS_EACH
    assert wrong.wait_seconds("192.0.2.2") == 0
    clock.seconds += SECONDS_EACH
    assert wrong.wait_seconds("192.0.2.1") == 0
    clock.seconds += FREE * SECONDS_EACH
    for _ in range(FREE):
        assert wrong.wait_seconds("192.0.2.1") == 0
        wrong.add("192.0.2.1")


def test_one_machine_has_many_addresses_of_ipv6():
    wrong = WrongKeys(StillClock())
    for n in range(FREE):
        wrong.add(f"2001:db8:1:2::{n:x}")

    assert wrong.wait_seconds("2001:db8:1:2:ffff::1") > 0
    assert wrong.wait_seconds("2001:db8:1:3::1") == 0


@given(st.lists(st.text(max_size=30) | st.ip_addresses().map(str), max_size=60))
def test_it_takes_anything_and_stays_small(addresses):
    wrong = WrongKeys(StillClock(), most_addresses=5)
    for address in addresses:
        wrong.add(address)
        assert wrong.wait_seconds(address) >= 0
    assert len(wrong._buckets._full_at) <= 5
