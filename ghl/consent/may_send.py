"""May this message leave for this address now? One rule, asked directly before every send. Pure.

Its table stands in docs/may-we-text.md, and its tests are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import Any

from ghl.consent.quiet_hours import Window, next_allowed
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient
from ghl.consent.standing import ALL_PURPOSES, KEYWORD, Entry, Standing, counts, standing
from ghl.statuses import Channel, ConsentKind


class VerdictKind(StrEnum):
    """Whether it may leave. LATER leaves by itself; HELD waits until a person has looked."""

    YES = "yes"
    LATER = "later"
    NO = "no"
    HELD = "held"


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer. `facts` fill the sentence of the reason (`ghl.consent.reasons.sentence`).

    `facts["record_stop"]`: GoHighLevel says that the person stopped, and our log does not have it yet.
    `first_text`: nothing ever went to this address, so the message says how to stop. `entry` is what it rests on: the
    yes that counts, or the stop that is in force. While none is, `lifted` is the last one, and `lifted_by` what lifted it.
    """

    kind: VerdictKind
    reason: Reason | None = None
    later_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    first_text: bool = False
    entry: Entry | None = None
    lifted: Entry | None = None
    lifted_by: Entry | None = None


@dataclass(frozen=True, repr=False)
class SeenContact:
    """The contact as GoHighLevel has it this minute. `stops`: it is blocked because the person wanted it so."""

    address: str | None
    blocks: bool = False
    stops: bool = False


@dataclass(frozen=True, repr=False)
class Facts:
    """All that the rule looks at.

    `log`: what was said about the address, oldest first, with the proofs of erased people. `doubted_at`: a reply that
    may be a stop waits to be read since then. `card`: who is written to because of the card as it stands now; None where
    there is no card in play (a test), a `Reason` where nobody is. `contact` is None where GoHighLevel was not asked.
    `zones`: the church's place and, where known, the person's.
    """

    log: tuple[Entry, ...] = ()
    doubted_at: datetime | None = None
    card: Recipient | Reason | None = None
    contact: SeenContact | None = None
    window: Window = field(default_factory=Window)
    zones: tuple[tzinfo, ...] = (UTC,)
    is_test: bool = False
    written_before: bool = False


def may_send(
    channel: Channel, address: str, person: str, purpose: str, now: datetime, *, facts: Facts
) -> Verdict:
    """Whether it may leave, and why not. The first that holds counts: a stop goes before everything else."""
    child = facts.card.child if isinstance(facts.card, Recipient) else None
    stands = standing(facts.log, person=person, child=child, purpose=purpose, zone=facts.zones[0])
    verdict = (
        _stopped(channel, stands)
        or _not_theirs(channel, address, person, facts)
        or _blocked_there(channel, stands, facts)
        or _in_doubt(channel, facts)
        or _no_yes(channel, purpose, stands, facts)
        or _elsewhere(channel, address, facts)
        or _too_early_or_late(channel, now, stands, facts)
        or Verdict(
            VerdictKind.YES,
            facts={"channel": channel},
            first_text=not facts.written_before,
            entry=stands.yes,
        )
    )
    return replace(verdict, lifted=stands.lifted, lifted_by=stands.lifted_by)


def _stopped(channel: Channel, stands: Standing) -> Verdict | None:
    stop = stands.stop
    if stop is None:
        return None
    reason = Reason.SAID_NO if stop.kind is ConsentKind.NO else Reason.STOPPED
    at = _said_at(stop) if stop.kind is ConsentKind.NO else stop.recorded_at
    return _because(VerdictKind.NO, reason, channel, entry=stop, at=at, source=stop.source)


def _not_theirs(channel: Channel, address: str, person: str, facts: Facts) -> Verdict | None:
    """The card was corrected since: it is about somebody else now, another address, or one who is too young."""
    card = facts.card
    if facts.is_test:
        return None
    if isinstance(card, Reason):
        return _because(VerdictKind.NO, card, channel)
    if card is not None and (card.address, card.person) != (address, person):
        return _because(VerdictKind.NO, Reason.ADDRESS_CHANGED, channel)
    return None


def _blocked_there(channel: Channel, stands: Standing, facts: Facts) -> Verdict | None:
    if facts.contact is None or not facts.contact.blocks:
        return None
    lifted_by = stands.lifted_by
    if lifted_by is not None and lifted_by.source != KEYWORD:
        # It is the stop that we know, and that a newer card lifted here; only START lifts it there.
        return _because(VerdictKind.NO, Reason.STILL_BLOCKED, channel, at=_said_at(lifted_by))
    if facts.contact.stops:
        return _because(VerdictKind.NO, Reason.DND_IN_GHL, channel, record_stop=True)
    return _because(VerdictKind.NO, Reason.DND_IN_GHL, channel)


def _in_doubt(channel: Channel, facts: Facts) -> Verdict | None:
    if facts.doubted_at is None:
        return None
    return _because(VerdictKind.HELD, Reason.DOUBT, channel, at=facts.doubted_at)


def _no_yes(channel: Channel, purpose: str, stands: Standing, facts: Facts) -> Verdict | None:
    if facts.is_test or stands.yes is not None:
        return None
    said = stands.said
    if said is None:
        return _because(VerdictKind.NO, Reason.NOT_ASKED, channel)
    match said.kind:
        case ConsentKind.ASKED:
            return _because(VerdictKind.HELD, Reason.NUMBER_UNCHECKED, channel, entry=said)
        case ConsentKind.NO:
            # A guardian's, about the child; every other no is a stop.
            return _because(VerdictKind.NO, Reason.UNDER_AGE, channel, entry=said)
        case ConsentKind.UNKNOWN:
            return _because(VerdictKind.NO, Reason.TAKEN_BACK, channel, entry=said, at=said.recorded_at)
    if said.purpose in {purpose, ALL_PURPOSES} and not counts(said):
        return _because(VerdictKind.NO, Reason.NO_WORDING, channel, entry=said)
    return _because(VerdictKind.NO, Reason.OTHER_PURPOSE, channel, entry=said, purpose=purpose)


def _elsewhere(channel: Channel, address: str, facts: Facts) -> Verdict | None:
    """The contact's own number is the one that agreed, or nobody is written to: GoHighLevel sends to the contact."""
    if facts.contact is None or facts.contact.address == address:
        return None
    return _because(VerdictKind.HELD, Reason.OTHER_NUMBER, channel)


def _too_early_or_late(channel: Channel, now: datetime, stands: Standing, facts: Facts) -> Verdict | None:
    if channel is not Channel.SMS:
        return None
    at = next_allowed(now, facts.window, facts.zones)
    if at == now:
        return None
    told = {"channel": channel, "later_at": at}
    return Verdict(
        VerdictKind.LATER,
        Reason.QUIET_HOURS,
        later_at=at,
        facts=told,
        first_text=not facts.written_before,
        entry=stands.yes,
    )


def _said_at(entry: Entry) -> date:
    """The day of the signature, which is the same everywhere; else the moment at which it was written down."""
    # A day without an hour is kept as its midnight in UTC.
    return entry.signed_at.astimezone(UTC).date() if entry.signed_at else entry.recorded_at


def _because(
    kind: VerdictKind, reason: Reason, channel: Channel, *, entry: Entry | None = None, **facts: Any
) -> Verdict:
    return Verdict(kind, reason, facts={"channel": channel, **facts}, entry=entry)
