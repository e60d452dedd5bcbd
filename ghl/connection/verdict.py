"""What the test of a token found, in sentences for an admin, with GoHighLevel's own menu names. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ghl.causes import CauseCode, sentence
from ghl.connection.paste import WHERE_LOCATION
from ghl.connection.probes import PROBES, Probe

GOOD = "good"
"""What stands in `checks` for a probe that passed; for one that did not, the code of its cause."""

Mark = Literal["good", "missing", "refused", "open"]

STOPS = frozenset({CauseCode.TOKEN_REFUSED, CauseCode.AGENCY_TOKEN, CauseCode.WRONG_LOCATION})
"""With one of these the other probes have nothing to add."""

REFUSED = (
    "GoHighLevel doesn't know this token. Perhaps it was rotated, expired or deleted there. In GoHighLevel open Settings, "
    "Private Integrations, rotate the token of your integration or make a new one, and paste that one here."
)
AGENCY = (
    "This token belongs to an agency, so it may not work on your church's contacts. Make one inside your church's own "
    "account: in GoHighLevel switch to that account first, then Settings, Private Integrations, Create new Integration."
)
LOCATION = (
    f"The token is good, but not for this location id. {WHERE_LOCATION}: copy it again from there, in the same account "
    "in which the token was made."
)
PERHAPS_AGENCY = (
    "Where all of them are ticked, this is an agency's token: make one inside your church's own account."
)
WHERE_TICKED = "In GoHighLevel open Settings, Private Integrations, your integration, and tick {what}."
SAME_TOKEN = "The token stays the same."  # noqa: S105  a sentence, no secret


@dataclass(frozen=True)
class Line:
    """One probe as it stands: what it tries, how it went, and what to do where it did not go well."""

    probe: Probe
    mark: Mark
    text: str


def lines(checks: Mapping[str, str]) -> tuple[Line, ...]:
    """Every probe in its order."""
    return tuple(_line(probe, checks.get(probe.name)) for probe in PROBES.values())


def passed(checks: Mapping[str, str]) -> bool:
    """Whether all probes were good."""
    return all(checks.get(name) == GOOD for name in PROBES)


def decided(checks: Mapping[str, str]) -> bool:
    """Whether nothing more has to be asked: all answered, or one says that the others have nothing to add."""
    return all(name in checks for name in PROBES) or any(found in STOPS for found in checks.values())


def missing(checks: Mapping[str, str]) -> tuple[Probe, ...]:
    """The probes for which a box is not ticked."""
    return tuple(probe for probe in PROBES.values() if checks.get(probe.name) == CauseCode.SCOPE_MISSING)


def reasons(checks: Mapping[str, str]) -> tuple[str, ...]:
    """Why the token will not do, one sentence or two each: the one that explains the most comes alone."""
    found = set(checks.values())
    for cause, told in (
        (CauseCode.AGENCY_TOKEN, AGENCY),
        (CauseCode.WRONG_LOCATION, LOCATION),
        (CauseCode.TOKEN_REFUSED, REFUSED),
    ):
        if cause in found:
            return (told,)
    lacking = missing(checks)
    told_of = [scope_missing(probe) for probe in lacking]
    if len(lacking) == 1:
        told_of = [f"{told_of[0]} {WHERE_TICKED.format(what='it')} {SAME_TOKEN}"]
    elif lacking:
        told_of.append(f"{WHERE_TICKED.format(what='these')} {SAME_TOKEN}")
    if checks.get("location") == GOOD and len(lacking) == len(PROBES) - 1:
        told_of.append(PERHAPS_AGENCY)
    others = found - {GOOD, CauseCode.SCOPE_MISSING}
    return (*told_of, *(sentence(CauseCode(cause)) for cause in sorted(others)))


def scope_missing(probe: Probe) -> str:
    """The sentence about one box that is not ticked."""
    return (
        f"The token may not yet {probe.does[0].lower()}{probe.does[1:]}: "
        f"“{probe.box}” ({probe.scope}) is not ticked."
    )


def _line(probe: Probe, found: str | None) -> Line:
    if found is None:
        return Line(probe, "open", "not answered yet")
    if found == GOOD:
        return Line(probe, "good", "works")
    if found == CauseCode.SCOPE_MISSING:
        return Line(probe, "missing", f"“{probe.box}” is not ticked in GoHighLevel")
    return Line(probe, "refused", "refused")
