"""Puts the parts of a simulator together; the only place that knows all of them."""

from pathlib import Path
from random import Random

from ghl.clock import Clock
from ghl.simulator.application import Application
from ghl.simulator.faults import Faults
from ghl.simulator.journal import Journal
from ghl.simulator.latency import Latency, Range
from ghl.simulator.state import State
from ghl.simulator.stats import Stats

EXAMPLE_LOCATION = "ve9EPM428h8vShlRW1KT"
"""The location of the examples in GoHighLevel's OpenAPI files."""


def assemble(
    clock: Clock, *, seed: int | None = None, latency: str = "0", journal: Path | None = None
) -> Application:
    """A simulator with what its journal holds, and nothing otherwise.

    One `seed` gives the same ids, waiting times and faults by chance again; None gives others each time.

    Raises JournalError: the journal is broken.
    Raises ValueError: `latency` is no number of seconds and no range.
    Raises OSError: the journal cannot be opened.
    """
    span = Range.parse(latency)
    # Each use has its own source, so that a further fault does not change the ids that follow.
    ids, waits, chances = (Random(None if seed is None else seed * 3 + part) for part in range(3))  # noqa: S311
    state = State(clock, ids, Journal(journal) if journal else None)
    faults = Faults(clock, chances, state.lock)
    return Application(state, faults, Latency(span, waits), Stats(state.lock))
