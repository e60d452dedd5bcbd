"""Notes in the change log that somebody was slowed or refused, and from where: once each time, not for every try."""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl import audit
from ghl.db.engine import Database
from ghl.guard.guesses import Standing
from ghl.intake.sender import network_of


def noted_in(database: Database, *, actor: str) -> Callable[[str, Standing, str], None]:
    """What a `Door` notes with; `actor` is the door's name. Where from is the address, of IPv6 its network."""

    def note(what: str, standing: Standing, address: str) -> None:
        facts = {"what": what, "from": network_of(address)}
        try:
            with database.identity() as session:
                audit.record(
                    session, church_id=None, actor=actor, action=f"wrong_tries.{standing}", facts=facts
                )
        except SQLAlchemyError as error:
            # A guesser is still slowed; that the change log does not know is said to whoever reads the logs.
            structlog.get_logger(__name__).warning(
                "wrong tries not noted", what=what, standing=str(standing), error=type(error).__name__
            )

    return note
