"""What is said about people of a team. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.formatting import when
from ghl.people.help import Help
from ghl.people.team import Member
from ghl.statuses import HelpState, Role

ROLE_NAMES: Mapping[Role, str] = {Role.STAFF: "Staff", Role.ADMIN: "Admin", Role.VIEWER: "Viewer"}
"""In the order in which they are offered: what most people are comes first."""

ROLE_MEANS: Mapping[Role, str] = {
    Role.STAFF: "adds, reviews and mends cards",
    Role.ADMIN: "does all that, sets up the church and its team",
    Role.VIEWER: "looks at cards and changes nothing",
}

PRAYERS = "May read prayer requests"
PRAYERS_HELP = "A right of its own, beside any role. Each reading is noted in the change log."


def role_offered(role: Role) -> str:
    """A role with what it may do, for a choice."""
    return f"{ROLE_NAMES[role]}: {ROLE_MEANS[role]}"


def seen(member: Member, *, now: datetime, zone: ZoneInfo) -> str:
    """When somebody was last here, or that they were not yet."""
    if member.seen_at is None:
        return f"Invited {when(member.added_at, now=now, zone=zone)}. Has not signed in yet."
    return f"Last here: {when(member.seen_at, now=now, zone=zone)}"


def handed(name: str, address: str, *, mailed: bool) -> tuple[str, str]:
    """What is said of an invitation: what was done, and what comes next."""
    if mailed:
        return (f"{name} is in the team. A link is on its way to {address}.", "It works once.")
    return (
        f"{name} is in the team. Send this link to {address}, and to nobody else.",
        "It signs them in once, within 15 minutes, and is shown only now. You can make a new one at any time.",
    )


def asked(one: Help) -> str:
    """Who asks, by name and address: nobody should let in somebody they cannot place."""
    return f"{one.name} ({one.email})" if one.name else one.email


def what_became(one: Help, *, now: datetime, zone: ZoneInfo) -> str:
    """What who asked is told about their question."""
    if one.open:
        return f"Asked {when(one.asked_at, now=now, zone=zone)}. An admin of the church has not answered yet."
    if one.on and one.ends_at:
        return f"Agreed. You may look until {when(one.ends_at, now=now, zone=zone)}."
    if one.state is HelpState.DECLINED:
        return "An admin of the church said no."
    return "The last help access is over."
