"""The one place where a command's failure becomes a line and an exit code. Nobody is shown a traceback.

1: what was asked was refused. 2: asked wrongly, or the hub cannot be reached or started. 70: a fault of the
hub itself (EX_SOFTWARE of sysexits.h). 130: stopped with Ctrl-C.
"""

import os
import sys
from typing import NoReturn

REFUSED, SET_UP, FAULT, STOPPED = 1, 2, 70, 130


def run(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command and ends the process."""
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: list[str]) -> int:
    """Runs the command; its failure is told on standard error in one line."""
    try:
        from jobs.cli.app import command

        result = command()(arguments, prog_name="hub", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output has gone (`hub church list | head`); Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except Exception as error:  # noqa: BLE001 - the boundary: every failure ends as a line
        return tell(error)
    return result if isinstance(result, int) else 0


def tell(error: Exception) -> int:
    """Tells a failure in one line and returns the exit code. What nobody foresaw leaves its traceback in a log."""
    from jobs.cli.failures import Failure, failure_of

    failure = failure_of(error) or Failure(_keep_traceback(error), FAULT)
    if failure.line:
        print(f"hub: {failure.line}", file=sys.stderr)  # noqa: T201 - this is what a command line is for
    return failure.code


def _keep_traceback(error: Exception) -> str:
    """Writes the traceback to the log of commands, or shows it where DEBUG was asked for; the line to print."""
    import traceback
    from datetime import UTC, datetime

    from ghl.config import load_settings
    from ghl.logging import redact_traceback

    told = redact_traceback("".join(traceback.format_exception(error)))
    line = f"Something failed that the hub did not foresee ({type(error).__name__})."
    try:
        settings = load_settings()
        if settings.log_level.upper() == "DEBUG":
            sys.stderr.write(told + "\n")
            return line
        # The data folder is made by `hub up` alone, with the rights it needs.
        folder = settings.data_dir / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / "commands.log"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{told}\n\n")
    except (OSError, ValueError):
        return f"{line} Run it again with HUB_LOG_LEVEL=DEBUG to see where."
    return f"{line} Details are in {path}."
