"""Saving a list while its person looks on, stops it, or is somewhere else. It draws nothing.

A thread of the web process saves, so leaving the page stops nothing; how far it is and what came of it stands in
the database. Ending the process ends it; then the list can be imported again, and nothing is saved twice.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dashboard.reading import support_number
from ghl.cards import imports
from ghl.cards.columns import prays
from ghl.cards.importing import ImportReport, ImportStoppedError, import_table
from ghl.cards.list_file import ListFile
from ghl.cards.list_plan import ListPlan
from ghl.cards.refused import refused_file
from ghl.cards.table import RawRow, filled
from ghl.db.availability import is_away
from jobs.container import Container

AT_ONCE = 2
"""Lists that one web process saves at the same time; others wait, so that the pages stay quick."""
HEARD_EVERY = 5.0
"""Seconds after which a list that waits for its turn says so."""
TRY_AGAIN = 2.0
TRIES = 300
"""Where the database went away, what came of the list is noted as soon as it is back, for ten minutes."""

_places = threading.BoundedSemaphore(AT_ONCE)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class List:
    """A list that is ready to be saved, and how."""

    opened: ListFile = field(repr=False)
    plan: ListPlan = field(repr=False)
    name: str = field(repr=False)
    today: date
    review: bool = False
    to_mend: int = 0


def start(hub: Container, church_id: UUID, wanted: List, *, actor: str) -> UUID:
    """Notes that the list is being saved, begins, and returns the import's id at once."""
    with hub.database.church(church_id) as session:
        import_id = imports.start(
            session,
            church_id,
            name=wanted.name,
            actor=actor,
            now=hub.clock.now(),
            total=len(wanted.opened.rows),
            review=wanted.review,
            to_mend=wanted.to_mend,
        )
    saving = _Saving(hub, church_id, import_id, wanted, actor)
    threading.Thread(target=saving.run, name="import", daemon=True).start()
    return import_id


def refused_rows(opened: ListFile, reasons: Mapping[int, str]) -> bytes:
    """The refused rows of a list as a file to mend; empty where there are none."""
    if not reasons:
        return b""
    rows: list[RawRow] = [row for row in opened.rows if row.number in reasons]
    return refused_file(opened.written_headings(), rows, reasons, separator=opened.separator)


class _Saving:
    """One list while its thread saves it."""

    def __init__(
        self,
        hub: Container,
        church_id: UUID,
        import_id: UUID,
        wanted: List,
        actor: str,
    ) -> None:
        self._hub = hub
        self._church_id = church_id
        self._import_id = import_id
        self._list = wanted
        self._actor = actor

    def run(self) -> None:
        """Waits for its turn, saves, and notes what came of it."""
        while not _places.acquire(timeout=HEARD_EVERY):
            if self._told_to_stop():
                return self._end(ImportReport(finished=False))
        try:
            report, trouble = self._save()
        finally:
            _places.release()
        return self._end(report, trouble)

    def _save(self) -> tuple[ImportReport, str]:
        opened, plan = self._list.opened, self._list.plan
        try:
            report = import_table(
                self._hub.database,
                self._church_id,
                plan.rows(opened.rows, today=self._list.today),
                source_name=self._list.name,
                actor=self._actor,
                clock=self._hub.clock,
                on_saved=self._hub.background_waker.wake,
                review=self._list.review,
                heading_of=plan.heading_of,
                import_id=self._import_id,
            )
        except ImportStoppedError as stopped:
            return replace(stopped.report, finished=False), str(stopped)
        except Exception as error:  # noqa: BLE001 - the page tells it; a thread has nobody else to tell
            number = support_number()
            structlog.get_logger(__name__).error(
                "import failed", support_number=number, error=type(error).__name__
            )
            return self._so_far(), (
                "Something we have not seen before came in the way. What was saved until then is safe. Import the "
                f"same file again: nothing is saved twice. If it stays, tell support the number {number}."
            )
        return report, ""

    def _end(self, report: ImportReport, trouble: str = "") -> None:
        """Notes how it ended, as soon as the database takes it: the refused rows are nowhere else."""
        opened, plan = self._list.opened, self._list.plan
        reasons = {rejected.row: rejected.reason for rejected in report.rejected}
        content = refused_rows(opened, reasons)
        refused = imports.RefusedRows(content, _hold_prayers(opened, plan, reasons)) if content else None
        counts = imports.Counts(report.created, report.duplicates, len(report.rejected))
        for _ in range(TRIES):
            try:
                with self._hub.database.church(self._church_id) as session:
                    imports.end(
                        session,
                        self._church_id,
                        self._import_id,
                        counts,
                        now=self._hub.clock.now(),
                        finished=report.finished,
                        trouble=trouble,
                        refused=refused,
                    )
            except (SQLAlchemyError, PoolTimeoutError) as error:
                if not is_away(error):
                    log.error("import's end not noted", error=type(error).__name__)  # noqa: TRY400
                    return
                log.warning("import's end not noted yet", error=type(error).__name__)
                threading.Event().wait(TRY_AGAIN)
            else:
                return

    def _told_to_stop(self) -> bool:
        try:
            with self._hub.database.church(self._church_id) as session:
                return imports.go_on(session, self._church_id, self._import_id)
        except SQLAlchemyError as error:
            log.warning("import not heard of", error=type(error).__name__)
            return False

    def _so_far(self) -> ImportReport:
        """What the record says: what stopped it has taken the count away."""
        try:
            with self._hub.database.church(self._church_id) as session:
                found = imports.look(session, self._church_id, self._import_id)
        except SQLAlchemyError:
            found = None
        counts = found.counts if found else imports.Counts()
        return ImportReport(counts.received, counts.created, counts.duplicates, (), finished=False)


def _hold_prayers(opened: ListFile, plan: ListPlan, reasons: Mapping[int, str]) -> bool:
    """Whether any of these rows says what somebody asked prayer for, wherever that column goes."""
    places = [
        place
        for place, (target, heading) in enumerate(zip(plan.targets, opened.headings, strict=True))
        if target == "prayer_request" or prays(heading)
    ]
    return any(
        place < len(row.cells) and filled(row.cells[place])
        for row in opened.rows
        if row.number in reasons
        for place in places
    )
