"""Puts the parts of a simulator together; the only place that knows all of them."""

from pathlib import Path
from random import Random

from ghl.clock import Clock
from ghl.simulator.application import Application
from ghl.simulator.faults import Faults
from ghl.simulator.hooks.deliveries import Deliveries
from ghl.simulator.journal import Journal
from ghl.simulator.latency import Latency, Range
from ghl.simulator.replay import replay_all
from ghl.simulator.state import State
from ghl.simulator.stats import Stats
from ghl.simulator.tokens import fake_token
from ghl.simulator.visit_log import VisitLog

EXAMPLE_LOCATION = "ve9EPM428h8vShlRW1KT"
"""The location of the examples in GoHighLevel's OpenAPI files."""

CHURCH_FIELDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("First visit", "DATE", ()),
    ("Service", "SINGLE_OPTIONS", ("Saturday 6 pm", "Sunday 9 am", "Sunday 11 am")),
    ("Campus", "RADIO", ("Downtown", "Northside")),
    ("Interests", "MULTIPLE_OPTIONS", ("Small groups", "Kids", "Youth", "Music", "Serving", "Baptism")),
    ("Prayer request", "LARGE_TEXT", ()),
    ("How did you hear about us", "TEXT", ()),
    ("Children", "NUMERICAL", ()),
    ("Wants a visit", "CHECKBOX", ("Yes",)),
)
"""Custom fields as a church would make them: name, type, options."""


def numbered_location(number: int) -> tuple[str, str]:
    """Id and token of the `number`th of many locations, always the same."""
    return f"simLocation{number:09d}", fake_token(1_000_000 + number)


def furnish(state: State, location_id: str, token: str | None = None) -> str:
    """Adds a location with a church's custom fields; returns its token. Raises RealTokenError."""
    given = state.add_location(location_id, token=token)
    if not state.locations[location_id].custom_fields:
        for name, data_type, options in CHURCH_FIELDS:
            state.add_custom_field(location_id, name, data_type, options=options)
    return given


def assemble(
    clock: Clock,
    *,
    seed: int | None = None,
    latency: str = "0",
    journal: Path | None = None,
    log: VisitLog | None = None,
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
    state = State(clock, ids)
    if journal is not None:
        replay_all(Journal(journal), state)
    faults = Faults(clock, chances, state.lock)
    deliveries = Deliveries(Random(seed))  # noqa: S311
    return Application(state, faults, Latency(span, waits), Stats(state.lock), deliveries=deliveries, log=log)
