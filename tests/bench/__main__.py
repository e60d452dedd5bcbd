"""Measures what docs/performance.md promises and prints it as a table: `make bench`, or `make bench ARGS="scale"`.

Each part starts servers of its own. It wants the machine to itself, and takes about ten minutes.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from tests.bench import attention, audit, delivery, lists, pages, save, scale, throttle, typing, webhooks

PARTS: Mapping[str, tuple[tuple[str, str, Callable[[], Any]], ...]] = {
    "save": (("save by HTTP, 1,000 a minute from 50 clients", "p95 ≤ 50 ms; Redis down ≤ 150 ms", save.run),),
    "webhooks": (("webhooks, signed and of workflows, from 50 clients", "p95 ≤ 50 ms", webhooks.run),),
    "typing": (
        ("a typed card: check, commit, wake", "p95 ≤ 50 ms", typing.save_in_script),
        (
            "click to message, 50 people typing on 3 web processes",
            "p95 ≤ 500 ms",
            typing.click_to_message,
        ),
    ),
    "delivery": (
        ("first call after a save, idle", "p95 ≤ 1 s", delivery.first_call),
        ("200 new guests of one church, 0.5-2 s a call", "≤ 13.5 s, no 429", delivery.new_guests),
        ("10 cards of a small church behind 600 of a big one", "≤ 5 s", delivery.small_behind_big),
        ("200 churches with 3 cards each, 2 workers", "≤ 10 s", delivery.many_churches),
        ("100 churches with 60 cards each, 20-60 ms, 2 workers", "≥ 600 calls/s", delivery.throughput),
        ("Redis emptied with 10,000 cards waiting, 100 churches, 2 workers", "≤ 60 s", delivery.emptied),
        ("budget used with a backlog, 1 worker", "≥ 97 of 100, no 429", lambda: delivery.budget(1)),
        ("budget used with a backlog, 4 workers", "≥ 97 of 100, no 429", lambda: delivery.budget(4)),
    ),
    "throttle": (("4 processes, 60 s, one clock 5 min off", "≤ 100 in any 10 s, ≥ 97 used", throttle.run),),
    "lists": (("a list of 5,000 rows, 1,000 of them there already", "preview ≤ 2 s", lists.run),),
    "pages": (
        (
            "script runs at 1,000,000 cards, 200 churches; beside 1,000 cards; seen in a browser",
            "p95 ≤ 250 ms; ≤ 1.3 x; ≤ 1.5 s",
            pages.run,
        ),
    ),
    "attention": (
        (
            "Needs attention with 100,000 cards in one church of 1,000,000; beside 100",
            "p95 ≤ 250 ms; as fast as 100",
            attention.run,
        ),
    ),
    "audit": (("the change log at 1,000,000 entries", "bounded memory, p95 ≤ 250 ms a page", audit.run),),
    "scale": (("queries at 1,000,000 cards, 200 churches", "p95 ≤ 250 ms a page", scale.run),),
}


def main() -> int:
    """Runs the parts that were asked for and prints a row for each figure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"there is no part {unknown[0]!r}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    print("| what | target | measured |\n|---|---|---|")
    for part in chosen:
        for what, target, measure in PARTS[part]:
            print(f"| {what} | {target} | {_in_words(measure())} |", flush=True)
    return 0


def _in_words(found: Any) -> str:
    if is_dataclass(found) and not isinstance(found, type):
        found = asdict(found)
    if isinstance(found, Mapping):
        return "; ".join(f"{name}: {_in_words(value)}" for name, value in found.items())
    return str(found)


if __name__ == "__main__":
    sys.exit(main())
