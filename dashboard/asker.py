"""One visit's question to GoHighLevel: filed when a page opens and on demand, then only read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from dashboard import services
from dashboard.reading import Trouble
from ghl.questions.ask import Asked
from ghl.questions.kind import QuestionError

FRESH_FOR = timedelta(seconds=60)
"""A page that is opened shows an answer of the last minute; a click asks anew."""


@dataclass
class Asker:
    """What is asked, and what came of it."""

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    asked_id: UUID | None = None
    _came: Asked | None = field(default=None, repr=False)

    def about(self, church_id: UUID, params: Mapping[str, Any], *, actor: str) -> Asked | Trouble | None:
        """What is known of the question, which is filed first where it was not. While it waits it is kept wanted."""
        if self.params != params or self.asked_id is None:
            self.params = params
            return self.ask(church_id, actor=actor, same_within=FRESH_FOR)
        if self._came is not None:
            return self._came
        asked = services.look(church_id, self.asked_id)
        if asked is None or (isinstance(asked, Asked) and not asked.over):
            return self.ask(church_id, actor=actor, same_within=FRESH_FOR)
        return self._kept(asked)

    def ask(
        self, church_id: UUID, *, actor: str, same_within: timedelta = timedelta(seconds=3)
    ) -> Asked | Trouble | None:
        """Asks anew, unless the same was answered just now."""
        try:
            asked = services.ask(church_id, self.kind, self.params, actor=actor, same_within=same_within)
        except QuestionError:
            # GoHighLevel's own ids can be asked for; what is none was written into the card by something else.
            return None
        self._came = None
        if isinstance(asked, Asked):
            self.asked_id = asked.id
        return self._kept(asked)

    def _kept(self, asked: Asked | Trouble | None) -> Asked | Trouble | None:
        """What came stays as it is, so it is not read again every second."""
        if isinstance(asked, Asked) and asked.answered_at:
            self._came = asked
        return asked
