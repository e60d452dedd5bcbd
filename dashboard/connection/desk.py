"""What the buttons of *Connection* do: each one transaction, and a sentence about what came of it. No Streamlit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dashboard.connection.words import NO_SENDER, UNDONE
from dashboard.reading import Trouble, guarded
from ghl.connection import ConnectionRefusedByUsError
from ghl.connection.asking import ask_about, ask_again, still_wanted
from ghl.connection.paste import PasteError, read_paste
from ghl.connection.standing import Standing, standing
from ghl.connection.switch import disconnect, finish, roll_back, switch, taken
from ghl.connection.trials import NoSealingKeyError, Trial, drop_trial, open_trial
from ghl.db.engine import Database
from ghl.questions.ask import Asked


@dataclass
class Said:
    """What came of a press. `problems` are by field of the form: `location`, `token`."""

    text: str = ""
    good: bool = False
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """The connection as the page draws it, with the questions of its test that are not answered yet."""

    standing: Standing
    asked: dict[str, Asked] = field(default_factory=dict)


class Desk:
    """One admin at work on one church's connection."""

    def __init__(
        self,
        database: Database,
        church_id: UUID,
        *,
        actor: str,
        wake: Callable[[UUID], None],
        forget: Callable[[str], None],
    ) -> None:
        self._database = database
        self._church_id = church_id
        self._actor = actor
        self._wake = wake
        self._forget = forget

    def see(self) -> Seen | Trouble:
        """Reads it; while a test runs its questions are kept wanted, and workers woken for those that are due."""

        def read() -> Seen:
            with self._database.church(self._church_id) as session:
                now = standing(session, self._church_id)
                asked = (
                    still_wanted(session, self._church_id, now.trial, actor=self._actor) if now.trial else {}
                )
            return Seen(now, dict(asked))

        return guarded(read)

    def paste(self, location: str, token: str) -> Said:
        """Looks at what was pasted, keeps it sealed, and asks for its test."""
        try:
            pasted = read_paste(location, token)
        except PasteError as error:
            return Said(problems=dict(error.problems))
        try:
            return self._do(
                lambda session: ask_about(session, self._church_id, pasted, actor=self._actor), ""
            )
        except NoSealingKeyError:
            return Said(NO_SENDER)

    def test_again(self, trial_id: UUID) -> Said:
        """Tries what was not good once more."""

        def again(session: Session) -> None:
            if not ask_again(session, self._church_id, trial_id, actor=self._actor):
                raise ConnectionRefusedByUsError("This token is no longer kept here. Paste it again.")

        return self._do(again, "")

    def forget_trial(self) -> Said:
        """Forgets the token that was pasted."""
        return self._do(
            lambda session: drop_trial(session, self._church_id), "The pasted token is forgotten."
        )

    def switch(self, trial_id: UUID, *, from_location: str | None) -> Said:
        """The token that was tried becomes the church's own."""
        trial = guarded(self._trial)
        location = trial.location_id if isinstance(trial, Trial) else ""
        try:
            said = self._do(
                lambda session: switch(
                    session, self._church_id, trial_id, actor=self._actor, from_location=from_location
                ),
                "Done. Cards go out with this token from now on.",
            )
        except IntegrityError:
            return Said(str(taken(location)))
        if said.good and from_location and from_location != location:
            self._forget(from_location)
        return said

    def roll_back(self) -> Said:
        """The token that is kept is used again."""
        used: list[str] = []
        said = self._do(
            lambda session: used.append(roll_back(session, self._church_id, actor=self._actor)), ""
        )
        if not said.good:
            return said
        return Said(
            f"Cards go out with the token that ends in {used[-1]} again. The other one is kept for 7 days.",
            good=True,
        )

    def finish(self) -> Said:
        """Erases the old token."""
        return self._do(
            lambda session: finish(session, self._church_id, actor=self._actor),
            "The token that was kept is erased here. Where it is your old one, now also press Expire Now in GoHighLevel: "
            "Private Integrations, your integration, the three dots.",
        )

    def disconnect(self, typed_name: str) -> Said:
        """Ends the connection."""
        gone: list[str | None] = []
        said = self._do(
            lambda session: gone.append(
                disconnect(session, self._church_id, typed_name=typed_name, actor=self._actor)
            ),
            "Disconnected. The token is erased, and your cards wait here.",
        )
        for location in gone:
            if said.good and location:
                self._forget(location)
        return said

    def _trial(self) -> Trial | None:
        with self._database.church(self._church_id) as session:
            return open_trial(session, self._church_id)

    def _do(self, act: Callable[[Session], object], done: str) -> Said:
        """One transaction, then a wake-up."""

        def commit() -> None:
            with self._database.church(self._church_id) as session:
                act(session)

        try:
            result = _guarded(commit)
        except ConnectionRefusedByUsError as error:
            return Said(str(error))
        if isinstance(result, Trouble):
            return Said(UNDONE.format(number=result.number))
        self._wake(self._church_id)
        return Said(done, good=True)


def _guarded(commit: Callable[[], None]) -> Trouble | None:
    """As `guarded`, but a location that is another church's is an answer and no trouble."""
    refused: list[IntegrityError] = []

    def run() -> None:
        try:
            commit()
        except IntegrityError as error:
            refused.append(error)

    result = guarded(run)
    if refused:
        raise refused[0]
    return result
