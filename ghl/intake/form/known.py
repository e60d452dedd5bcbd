"""The form of a church by its public id, read from the database and remembered for a few seconds."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import Church
from ghl.forms import FormSettings, Wording, current_wordings, form_of
from ghl.statuses import Channel

FRESH_SECONDS = 5.0
"""How long a change of the form may take to be seen. A page shown before it stays good: it names its words' versions."""


@dataclass(frozen=True)
class KnownForm:
    """A church's form as people see it."""

    church_id: UUID
    public_id: str
    zone: ZoneInfo
    region: str
    settings: FormSettings
    wordings: Mapping[Channel, Wording]


class KnownForms:
    """Forms by public id. Thread-safe and bounded."""

    def __init__(self, database: Database, clock: Clock, *, most: int = 1000) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[KnownForm, float]] = OrderedDict()

    def fresh(self, public_id: str) -> KnownForm | None:
        """The form when it was looked up moments ago; asks no database."""
        with self._lock:
            found = self._known.get(public_id)
        if found is None or self._clock.monotonic() - found[1] > FRESH_SECONDS:
            return None
        return found[0]

    def remembered(self, public_id: str) -> KnownForm | None:
        """The form as it was last known, however long ago: for while the database is away."""
        with self._lock:
            found = self._known.get(public_id)
        return found[0] if found else None

    def look_up(self, public_id: str) -> KnownForm | None:
        """The form as it is now, or None where no church has this id."""
        found = self._read(public_id)
        with self._lock:
            self._known.pop(public_id, None)
            if found is not None:
                self._known[public_id] = (found, self._clock.monotonic())
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return found

    def _read(self, public_id: str) -> KnownForm | None:
        with self._database.system() as session:
            church = session.execute(
                select(Church.id, Church.timezone, Church.region).where(Church.public_id == public_id)
            ).one_or_none()
        if church is None:
            return None
        with self._database.church(church.id) as session:
            settings = form_of(session, church.id)
            wordings = current_wordings(session, church.id)
        return KnownForm(church.id, public_id, ZoneInfo(church.timezone), church.region, settings, wordings)
