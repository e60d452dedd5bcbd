"""Saving a list while its person looks on, stops it, or is somewhere else. It draws nothing.

A thread of the web process saves, so leaving the page stops nothing. Ending the process does; then the list can
be imported again, and nothing is saved twice.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import structlog

from dashboard.reading import support_number
from ghl.cards.importing import ImportReport, ImportStoppedError, import_table
from ghl.cards.list_file import ListFile
from ghl.cards.list_plan import ListPlan
from ghl.cards.refused import refused_file
from ghl.cards.table import RawRow
from jobs.container import Container

AT_ONCE = 2
"""Lists that one web process saves at the same time; others wait, so that the pages stay quick."""

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass
class Run:
    """One import. Its thread writes, pages read; `done` is set last."""

    total: int
    name: str = field(repr=False)
    started_at: datetime
    review: bool = False
    to_mend: int = 0
    received: int = 0
    begun: bool = False
    report: ImportReport = field(default_factory=ImportReport)
    trouble: str = ""
    refused: bytes = field(default=b"", repr=False)
    stopping: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


def start(
    hub: Container,
    church_id: UUID,
    opened: ListFile,
    plan: ListPlan,
    *,
    name: str,
    review: bool,
    to_mend: int,
    actor: str,
    today: Callable[[], date],
) -> Run:
    """Starts saving the list and returns at once."""
    run = Run(total=len(opened.rows), name=name, started_at=hub.clock.now(), review=review, to_mend=to_mend)

    def save() -> None:
        with _places:
            run.begun = True
            _save(run, hub, church_id, opened, plan, actor=actor, today=today)

    threading.Thread(target=save, name="import", daemon=True).start()
    return run


def _save(
    run: Run,
    hub: Container,
    church_id: UUID,
    opened: ListFile,
    plan: ListPlan,
    *,
    actor: str,
    today: Callable[[], date],
) -> None:
    def progress(received: int) -> None:
        run.received = received

    try:
        run.report = import_table(
            hub.database,
            church_id,
            plan.rows(opened.rows, today=today()),
            source_name=run.name,
            actor=actor,
            clock=hub.clock,
            on_saved=hub.background_waker.wake,
            progress=progress,
            review=run.review,
            heading_of=plan.heading_of,
            stop=run.stopping.is_set,
        )
    except ImportStoppedError as stopped:
        run.report, run.trouble = stopped.report, str(stopped)
    except Exception as error:  # noqa: BLE001 - the page tells it; a thread has nobody else to tell
        number = support_number()
        structlog.get_logger(__name__).error(
            "import failed", support_number=number, error=type(error).__name__
        )
        run.trouble = (
            "Something we have not seen before came in the way. What was saved until then is safe. Import the "
            f"same file again: nothing is saved twice. If it stays, tell support the number {number}."
        )
    finally:
        run.refused = refused_rows(
            opened, {rejected.row: rejected.reason for rejected in run.report.rejected}
        )
        run.done.set()


def refused_rows(opened: ListFile, reasons: Mapping[int, str]) -> bytes:
    """The refused rows of a list as a file to mend; empty where there are none."""
    if not reasons:
        return b""
    rows: list[RawRow] = [row for row in opened.rows if row.number in reasons]
    return refused_file(opened.written_headings(), rows, reasons, separator=opened.separator)
