"""How the keys stand: which are there, what is sealed with each, and what to do next. Pure decisions and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ghl.keys.registry import KEYED

LOST = {column.what: column.lost for column in KEYED}


class Place(StrEnum):
    """What a key is good for here."""

    SEALS = "seals"
    OPENS = "opens"
    MISSING = "missing"
    ANOTHER = "another"


@dataclass(frozen=True)
class Known:
    """A key that this hub has worked with."""

    check_value: bytes
    since: datetime


@dataclass(frozen=True)
class KeyStanding:
    """One key. `rows` says how many secrets it seals, by what they are; `keyed` what hangs on it and cannot be
    sealed anew.
    """

    version: int
    place: Place
    rows: Mapping[str, int]
    keyed: Mapping[str, int] = field(default_factory=dict)
    known_since: datetime | None = None

    @property
    def sealed(self) -> int:
        """All that is sealed with it."""
        return sum(self.rows.values())

    @property
    def needed(self) -> int:
        """All that is lost without it."""
        return self.sealed + sum(self.keyed.values())


def standings(
    check_values: Mapping[int, bytes],
    known: Mapping[int, Known],
    rows: Mapping[int, Mapping[str, int]],
    keyed: Mapping[int, Mapping[str, int]] = MappingProxyType({}),
) -> tuple[KeyStanding, ...]:
    """Every key that is in the ring, or that something hangs on, oldest first.

    `check_values` are those of the ring.
    """
    newest = max(check_values, default=0)
    found = []
    for version in sorted({*check_values, *rows, *keyed}):
        remembered = known.get(version)
        if version not in check_values:
            place = Place.MISSING
        elif remembered is not None and remembered.check_value != check_values[version]:
            place = Place.ANOTHER
        else:
            place = Place.SEALS if version == newest else Place.OPENS
        since = remembered.since if remembered else None
        found.append(KeyStanding(version, place, rows.get(version, {}), keyed.get(version, {}), since))
    return tuple(found)


def trouble(keys: Sequence[KeyStanding], source: str) -> str | None:
    """What is wrong with the ring, in one line that names the setting, or None.

    A key that is gone for good stops the hub for what is sealed with it alone: see `lost` for the rest.
    """
    where = f"{source}: " if source else ""
    for key in keys:
        if key.place is Place.MISSING and key.sealed:
            return (
                f"{where}encryption key {key.version} is missing, and {_needed(key.sealed)} it."
                " Put it back beside the others."
            )
        if key.place is Place.ANOTHER:
            return (
                f"{where}encryption key {key.version} is another one than this hub has worked with. A number belongs"
                " to one key for ever: put the right one back, and give a new key the next number (hub keys new)."
            )
    return None


def lost(keys: Sequence[KeyStanding]) -> str | None:
    """What cannot be used for want of a key, though the hub does its work without; None where there is no such."""
    told = []
    for key in keys:
        if key.place is Place.MISSING and key.keyed:
            of = (
                f"{what} made with key {key.version} {LOST.get(what, 'are lost')} ({count:,})"
                for what, count in sorted(key.keyed.items())
            )
            told.append(
                f"Encryption key {key.version} is missing: {', '.join(of)}."
                " If you have it still, put it back beside the others."
            )
    return " ".join(told) or None


def counted(rows: Mapping[str, int]) -> str:
    """What hangs on a key: `tokens (12), proofs of consent (3)`, or `nothing`."""
    return ", ".join(f"{what} ({count:,})" for what, count in sorted(rows.items())) or "nothing"


def to_reseal(keys: Sequence[KeyStanding]) -> int:
    """How many secrets are not sealed with the newest key yet."""
    return sum(key.sealed for key in keys if key.place is not Place.SEALS)


def next_step(keys: Sequence[KeyStanding], source: str) -> str:
    """What to do next, in words, and what is lost meanwhile."""
    if wrong := trouble(keys, source):
        return wrong[:1].upper() + wrong[1:]
    without = lost(keys)
    return f"{_next_step(keys, idle='')} {without}" if without else _next_step(keys, idle=" Nothing to do.")


def _next_step(keys: Sequence[KeyStanding], *, idle: str) -> str:
    seals = next((key.version for key in keys if key.place is Place.SEALS), None)
    if seals is None:
        return "No encryption key is here, and nothing is sealed yet. Make one: hub keys new"
    if waiting := to_reseal(keys):
        return (
            f"Key {seals} seals from now on; {_secrets(waiting)} still sealed with an older key. Seal them anew,"
            " while the hub runs: hub keys rotate"
        )
    done = f"Everything is sealed with key {seals}."
    old = [key for key in keys if key.place is Place.OPENS]
    if kept := [key for key in old if key.keyed]:
        done += f" {_named(kept)} has to stay: {_needed(sum(key.needed for key in kept))} it and cannot be sealed anew."
    if free := [key for key in old if not key.keyed]:
        done += (
            f" {_named(free)} is needed for older backups alone: keep a copy with those, then take it out of the keys"
            " and start the hub anew."
        )
    return done if old else f"{done}{idle}"


def _secrets(count: int) -> str:
    return "1 secret is" if count == 1 else f"{count:,} secrets are"


def _needed(count: int) -> str:
    return "1 secret needs" if count == 1 else f"{count:,} secrets need"


def _named(keys: Sequence[KeyStanding]) -> str:
    numbers = [str(key.version) for key in keys]
    return f"Key {numbers[0]}" if len(numbers) == 1 else f"Each of the keys {', '.join(numbers)}"
