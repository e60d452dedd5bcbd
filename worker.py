"""Starts the workers of the hub: `python worker.py [--processes N]`. All else is in `jobs.worker`."""

import argparse
import sys

from ghl.config import load_settings
from ghl.crypto import KeyRingError
from jobs.running import NoHubError, with_running_hub
from jobs.worker import run_worker, run_workers


def main() -> int:
    """Reads the arguments and works until it is told to stop."""
    parser = argparse.ArgumentParser(description="Delivers cards to GoHighLevel until it is stopped.")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="worker processes (default: 1)")
    processes = parser.parse_args().processes
    if processes < 1:
        parser.error("--processes must be at least 1")
    try:
        settings = with_running_hub(load_settings())
        return run_worker(settings) if processes == 1 else run_workers(settings, processes)
    except (NoHubError, KeyRingError) as error:
        print(f"worker: {error}", file=sys.stderr)  # noqa: T201 (the one line for whoever started it)
        return 2


if __name__ == "__main__":
    sys.exit(main())
