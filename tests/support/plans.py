"""How PostgreSQL would answer what the code asks: each statement with its plan."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session


def explained(
    transaction: AbstractContextManager[Session], *asks: Callable[[Session], Any]
) -> dict[str, str]:
    """Asks everything in one transaction, which is rolled back; the plans by statement, with the values of the time."""
    with transaction as session:
        said: list[tuple[str, Any]] = []
        connection = session.connection()

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            said.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        for one in asks:
            one(session)
        event.remove(connection, "before_cursor_execute", note)
        told = {}
        for statement, parameters in said:
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            told[statement] = "\n".join(row[0] for row in rows)
        session.rollback()
    return told
