"""What the failures that are foreseen are called on the command line: which line, which exit code.

An error's class is looked up by name among the modules that are loaded: an error that was raised has its
module loaded, and none is imported only to be compared with.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

REFUSED, SET_UP = 1, 2


@dataclass(frozen=True)
class Failure:
    """One line without a line break, and the exit code."""

    line: str
    code: int


SPEAKING = {
    ("jobs.container", "NotConfiguredError"): SET_UP,
    ("jobs.running", "NoHubError"): SET_UP,
    ("jobs.supervisor.errors", "StartError"): SET_UP,
    ("ghl.db.errors", "DatabaseSetupError"): SET_UP,
    ("ghl.crypto", "KeyRingError"): SET_UP,
    ("ghl.crypto", "UnsealError"): SET_UP,
    ("ghl.keys.rotation", "RotationRefusedError"): REFUSED,
    ("ghl.churches", "ChurchError"): REFUSED,
    ("ghl.chain.anchors", "AnchorError"): REFUSED,
    ("ghl.connection", "ConnectionRefusedByUsError"): REFUSED,
    ("ghl.people.errors", "PersonError"): REFUSED,
    ("ghl.sources", "SourceKeyError"): REFUSED,
    ("ghl.cards.importing", "ImportStoppedError"): REFUSED,
    ("ghl.cards.table", "TableError"): REFUSED,
    ("ghl.simulator.control_client", "ControlError"): REFUSED,
    ("jobs.demo.errors", "DemoError"): REFUSED,
}
"""Errors whose text is a line for people already."""


def failure_of(error: Exception) -> Failure | None:
    """The line and code of a foreseen failure, or None."""
    for (module, name), code in SPEAKING.items():
        if _is(error, module, name):
            return Failure(_one_line(str(error)), code)
    for module, name, tell in TOLD:
        if _is(error, module, name):
            return tell(error)
    return None


def _is(error: Exception, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _command(error: Any) -> Failure:
    return Failure(_one_line(str(error)), error.code)


def _abort(_error: Any) -> Failure:
    return Failure("Stopped, nothing was done.", REFUSED)


def _usage(error: Any) -> Failure:
    """Asked wrongly. Where nothing was asked, the help is the answer."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if "\n" in message or context is None:
        sys.stderr.write(message + "\n")
        return Failure("", SET_UP)
    return Failure(f"{_one_line(message)} See: {context.command_path} --help", SET_UP)


def _settings(error: Any) -> Failure | None:
    """A setting that cannot be read, by the name of its variable. The value is not shown: it may be a secret."""
    if error.title != "Settings":
        return None
    problems = (f"HUB_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
    return Failure(f"A setting is wrong. {_one_line('; '.join(problems))}", SET_UP)


def _database_away(error: Any) -> Failure:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return Failure(f"PostgreSQL does not answer: {said[0] if said else 'no reason given'}", SET_UP)


def _database_wrong(error: Any) -> Failure | None:
    """A database that was never migrated, or a login without the hub's roles. Anything else is a fault of ours."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    if state in {"42P01", "42703", "42883", "3F000"}:
        return Failure("The database is not up to date. Run: hub db migrate", SET_UP)
    if state in {"42501", "22023"}:
        return Failure("The database login may not use the hub's roles. Run: hub db migrate", SET_UP)
    return None


def _redis_away(error: Any) -> Failure:
    return Failure(f"Redis does not answer: {_one_line(str(error))}", SET_UP)


def _address(_error: Any) -> Failure:
    return Failure("HUB_DATABASE_URL or HUB_REDIS_URL is not an address that can be read.", SET_UP)


TOLD: tuple[tuple[str, str, Callable[[Any], Failure | None]], ...] = (
    ("jobs.cli.base", "CommandError", _command),
    ("typer", "Abort", _abort),
    ("typer.exceptions", "TyperException", _usage),
    ("pydantic", "ValidationError", _settings),
    ("sqlalchemy.exc", "OperationalError", _database_away),
    ("sqlalchemy.exc", "ProgrammingError", _database_wrong),
    ("sqlalchemy.exc", "DataError", _database_wrong),
    ("sqlalchemy.exc", "ArgumentError", _address),
    ("sqlalchemy.exc", "TimeoutError", _database_away),
    ("psycopg", "OperationalError", _database_away),
    ("psycopg", "Error", _database_wrong),
    ("redis.exceptions", "RedisError", _redis_away),
)
"""SQLSTATE codes: PostgreSQL's appendix A. 22023 is what `SET role` answers for a role that does not exist."""
