"""Fault injection: `make chaos`, or `make chaos ARGS="--seed 7 --minutes 3 --runs 20"`. See docs/chaos.md.

Prints a line for each run as a table and one for all; exit code 1 where anything did not hold.
"""

import argparse
import logging
import signal
import sys
import time
from pathlib import Path

import structlog

from tests.chaos.run import Plan, Result, run

COLUMNS = (
    "duplicates",
    "doubled messages",
    "after a stop",
    "lost",
    "lost consents",
    "stuck",
    "wrong",
    "429",
    "secrets",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=None, help="of the first run; the next has the next number"
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long cards and faults come")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of everything a second")
    parser.add_argument("--short", action="store_true", help="the run of the test suite")
    parser.add_argument("--evidence", type=Path, default=Path(".chaos"), help="where failures are left")
    given = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # However it is ended, what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    first = int(time.time()) % 100_000 if given.seed is None else given.seed
    print(
        "| seed | cards | messages | stops | starts | calls | faults | struck | decided | sent again | "
        + " | ".join(COLUMNS)
        + " | 429, machine late | seconds to quiet |"
    )
    print("|" + "---|" * (12 + len(COLUMNS)))
    results: list[Result] = []
    for seed in range(first, first + given.runs):
        plan = Plan.short(seed) if given.short else Plan.draw(seed, minutes=given.minutes, scale=given.scale)
        result = run(plan, evidence=given.evidence)
        results.append(result)
        _print(str(seed), [result])
        for violation in result.violations[:20]:
            print(f"  {violation.kind}: {violation.what} {' '.join(violation.cards[:5])}", file=sys.stderr)
        if result.folder:
            print(f"  evidence: {result.folder}", file=sys.stderr)
    if len(results) > 1:
        _print(f"all {len(results)}", results)
    kinds = sorted({kind for result in results for kind in result.faults})
    print("\nfaults: " + ", ".join(f"{kind} {sum(one.faults[kind] for one in results)}" for kind in kinds))
    return 1 if any(result.violations for result in results) else 0


def _print(name: str, results: list[Result]) -> None:
    quiet = [one.quiet_seconds for one in results]
    worst = "never" if None in quiet else f"{max(one for one in quiet if one is not None):.0f}"
    cells = [
        name,
        sum(one.cards for one in results),
        sum(one.messages for one in results),
        sum(one.stops for one in results),
        sum(one.starts for one in results),
        sum(one.calls for one in results),
        sum(one.faults.total() for one in results),
        sum(one.struck.total() for one in results),
        sum(one.decided for one in results),
        sum(one.retried for one in results),
        *(sum(one.count(kind) for one in results) for kind in COLUMNS),
        sum(one.excused for one in results),
        worst,
    ]
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
