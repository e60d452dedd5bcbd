"""The running parts: each that dies starts again after a while, and all stop in order. Knows no part by name."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ghl.clock import Clock
from jobs.supervisor.backoff import Backoff
from jobs.supervisor.children import Child
from jobs.supervisor.errors import StartError

Launch = Callable[[], Child]
"""Starts a part and returns at once."""


@dataclass
class _Member:
    kind: str
    name: str
    launch: Launch
    child: Child | None
    started: float
    backoff: Backoff = field(default_factory=Backoff)
    start_at: float = 0.0
    once: bool = False


class Fleet:
    """Parts by kind. One thread looks after it: call `tend` several times a second."""

    def __init__(self, *, clock: Clock, say: Callable[[str], None]) -> None:
        self._clock = clock
        self._say = say
        self._members: list[_Member] = []

    def add(self, kind: str, name: str, launch: Launch, *, child: Child | None = None) -> None:
        """Adds a part, and starts it unless it already runs as `child`."""
        member = _Member(kind, name, launch, child, self._clock.monotonic())
        self._members.append(member)
        if child is None:
            self._start(member)

    def run_once(self, kind: str, name: str, launch: Launch) -> None:
        """Starts something that ends by itself. It is told of when it fails, and not started again."""
        self._members.append(_Member(kind, name, launch, launch(), self._clock.monotonic(), once=True))

    def tend(self) -> None:
        """Notices parts that died and starts those whose wait is over. Never waits itself."""
        for member in list(self._members):
            if member.child is not None:
                code = member.child.poll()
                if code is not None:
                    self._ended(member, code, member.child.last_words())
            elif self._clock.monotonic() >= member.start_at:
                self._start(member)

    def all_run(self, kinds: Sequence[str]) -> bool:
        """Whether every part of these kinds has a living process."""
        return all(
            member.child is not None and member.child.poll() is None
            for member in self._members
            if member.kind in kinds
        )

    def stop(self, order: Sequence[str], *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stops everything, kind after kind; those of one kind together. Kills what does not end in time, and
        everything at once when `hurry` says so.
        """
        for kind in order:
            running = [
                (member.name, member.child)
                for member in self._members
                if member.kind == kind and member.child is not None
            ]
            for _, child in running:
                child.signal(child.spec.stop_signal)
            begun = self._clock.monotonic()
            for name, child in running:
                self._wait_for_end(name, child, begun + child.spec.stop_seconds, hurry)
        self._members.clear()

    def _wait_for_end(self, name: str, child: Child, deadline: float, hurry: Callable[[], bool]) -> None:
        while child.wait(0.1) is None:
            if hurry() or self._clock.monotonic() >= deadline:
                self._say(f"{name} does not stop by itself in time: it is ended now.")
                child.wait_or_kill(0)

    def _ended(self, member: _Member, code: int, words: str) -> None:
        member.child = None
        reason = f"{how_it_ended(code)}{f' ({words})' if words else ''}"
        if not member.once:
            self._schedule(member, reason)
            return
        self._members.remove(member)
        if code != 0:
            self._say(f"{member.name} {reason}.")

    def _start(self, member: _Member) -> None:
        try:
            member.child = member.launch()
            member.started = self._clock.monotonic()
        except StartError as error:
            member.started = self._clock.monotonic()
            self._schedule(member, f"could not start ({error})")

    def _schedule(self, member: _Member, reason: str) -> None:
        now = self._clock.monotonic()
        member.backoff = member.backoff.after_death(ran_for=now - member.started)
        member.start_at = now + member.backoff.wait
        self._say(f"{member.name} {reason}. It starts again in {member.backoff.wait:g} s.")


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"stopped with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
