"""Asks workers to try a pasted token: one question a probe, so that each result shows as it comes."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ghl.connection.paste import Pasted
from ghl.connection.probes import PROBES
from ghl.connection.switch import ConnectionRefusedByUsError
from ghl.connection.trials import MOST_PASTES, Trial, begin_again, file_trial, pasted_lately
from ghl.questions.ask import Asked, ask
from ghl.questions.kinds import TOKEN_PROBE
from ghl.statuses import TrialState

TOO_MANY = (
    "Your church has pasted ten tokens within a quarter of an hour, and that is enough for now. Nothing was changed. "
    "Wait a few minutes, and paste the token again."
)


def ask_about(session: Session, church_id: UUID, pasted: Pasted, *, actor: str) -> UUID:
    """Keeps the token sealed and asks for its test; the caller wakes a worker. A transaction of the church.

    Raises `NoSealingKeyError`, and `ConnectionRefusedByUsError` where too many were pasted lately.
    """
    trial_id = file_trial(session, church_id, pasted, actor=actor)
    # With this one, and behind the church's lock: of two who paste at once the second counts the first.
    if pasted_lately(session, church_id) > MOST_PASTES:
        raise ConnectionRefusedByUsError(TOO_MANY)
    for name in PROBES:
        _ask(session, church_id, trial_id, name, actor=actor)
    return trial_id


def ask_again(session: Session, church_id: UUID, trial_id: UUID, *, actor: str) -> bool:
    """Tries once more what was not good; False where the token is no longer kept."""
    names = begin_again(session, church_id, trial_id)
    for name in names:
        _ask(session, church_id, trial_id, name, actor=actor)
    return bool(names)


def still_wanted(session: Session, church_id: UUID, trial: Trial, *, actor: str) -> Mapping[str, Asked]:
    """The questions that are not answered yet, kept wanted by who looks at the page."""
    if trial.state is not TrialState.TESTING:
        return {}
    asked = {
        name: _ask(session, church_id, trial.id, name, actor=actor, same_within=timedelta(hours=1))
        for name in PROBES
        if name not in trial.checks
    }
    return {name: one for name, one in asked.items() if one is not None}


def _ask(
    session: Session,
    church_id: UUID,
    trial_id: UUID,
    probe: str,
    *,
    actor: str,
    same_within: timedelta = timedelta(),
) -> Asked | None:
    """Files one probe; without `same_within` it is asked anew, also where it was answered a moment ago."""
    params = {"trial": str(trial_id), "probe": probe}
    return ask(session, church_id, TOKEN_PROBE.name, params, actor=actor, same_within=same_within)
