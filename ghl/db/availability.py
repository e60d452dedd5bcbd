"""Whether a database error means "not now" or "not this": the one is tried again later, the other never works."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

CONFLICT = ("40", "55P03")
"""SQLSTATEs of a transaction that met another one: serialization, deadlock, lock not available."""

AWAY = ("08", "25006", "53", "57", "58", *CONFLICT)
"""SQLSTATEs that pass by themselves: connection, read-only standby, no room, stopping or cancelled, disk,
conflict (PostgreSQL documentation, appendix A).
"""


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code for an error of a statement, five signs, or None where there is none."""
    found = getattr(getattr(error, "orig", None), "sqlstate", None)
    return found if isinstance(found, str) else None


def is_away(error: BaseException) -> bool:
    """Whether the database cannot answer at this moment, so that the same may work in a while."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    if state:
        return state.startswith(AWAY)
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def is_conflict(error: BaseException) -> bool:
    """Whether a transaction only stood in another's way: it may be tried again at once."""
    return (sqlstate(error) or "").startswith(CONFLICT)
