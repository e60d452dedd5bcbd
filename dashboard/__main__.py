"""`python -m dashboard`: the web process by itself, which `hub web` becomes."""

import argparse
import sys

from pydantic import ValidationError

from dashboard.web import PortTakenError, run
from ghl.config import load_settings
from ghl.logging import set_up_logging


def main(arguments: list[str] | None = None) -> int:
    """Serves the pages until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="Serve the hub's pages.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8501, help="the port")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        set_up_logging("web", level=settings.log_level)
        run(settings, options.host, options.port)
    except PortTakenError as error:
        print(error, file=sys.stderr)  # noqa: T201 (a command's answer)
        return 2
    except ValidationError as error:
        wrong = ", ".join(f"HUB_{str(one['loc'][0]).upper()}" for one in error.errors() if one["loc"])
        print(f"These settings can't be read: {wrong}.", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
