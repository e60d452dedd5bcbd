"""What a batch's order of outcomes says."""

from hypothesis import given
from hypothesis import strategies as st

from ghl.client.breaker_rules import Run, runs


def test_runs() -> None:
    assert runs([]) == Run(0, 0, 0)
    assert runs([True, True]) == Run(0, 0, 0)
    assert runs([False, False]) == Run(2, 2, 2)
    assert runs([False, True, False, False, False, True, False, False]) == Run(1, 3, 2)


@given(st.lists(st.booleans()))
def test_runs_are_those_of_the_letters(outcomes: list[bool]) -> None:
    letters = "".join("g" if good else "b" for good in outcomes)
    pieces = letters.split("g")
    assert runs(outcomes) == Run(len(pieces[0]), max(map(len, pieces)), len(pieces[-1]))
