"""Acting on many cards: what is asked, what is under way, and how it ended. The work runs beside the pages.

A run belongs to a person in a church of this process, so it goes on while they leave the page or load it anew.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID, uuid4

import structlog

from dashboard.formatting import cards, number
from dashboard.reading import Trouble, guarded, support_number
from ghl.cards.actions import Action, Chosen, Done, DryRun
from ghl.messages.many import MessageAction

Deed: TypeAlias = Action | MessageAction
"""What is done to many cards."""

Key: TypeAlias = tuple[UUID, UUID]
"""Whose run it is: the church, and the person."""

AT_ONCE = 0.8
"""Seconds a click waits for the end: most are done by then, and nobody sees a bar flash by."""

KEPT = timedelta(hours=12)
"""How long a result waits to be read by somebody who left."""

RESULTS = 2
"""So many of one person's last results wait to be read: two windows seldom become three."""


@dataclass(frozen=True)
class Wording:
    """What an action on many cards is called, before, while and after it happens. `{}` is a number of cards."""

    button: str
    icon: str
    title: str
    will: tuple[str, str]
    confirm: str
    doing: str
    did: tuple[str, str]
    asks_why: str = ""


WORDS: Mapping[Deed, Wording] = {
    Action.SEND_NOW: Wording(
        "Send now",
        ":material/send:",
        "Send these cards now?",
        ("{} goes to GoHighLevel now.", "{} go to GoHighLevel now."),
        "Send {} now",
        "Sending on",
        ("{} was put in line for GoHighLevel.", "{} were put in line for GoHighLevel."),
    ),
    Action.HOLD: Wording(
        "Keep back",
        ":material/front_hand:",
        "Keep these cards back?",
        (
            "{} is kept here and not sent, until somebody sends it.",
            "{} are kept here and not sent, until somebody sends them.",
        ),
        "Keep {} back",
        "Keeping back",
        ("{} was kept back.", "{} were kept back."),
        "Why are they kept back?",
    ),
    Action.SET_ASIDE: Wording(
        "Set aside",
        ":material/archive:",
        "Set these cards aside?",
        ("{} is set aside. It is kept, and not sent.", "{} are set aside. They are kept, and not sent."),
        "Set {} aside",
        "Setting aside",
        ("{} was set aside.", "{} were set aside."),
        "Why are they set aside?",
    ),
    Action.PUT_BACK: Wording(
        "Put back",
        ":material/undo:",
        "Put these cards back?",
        ("{} goes back to where it was before.", "{} go back to where they were before."),
        "Put {} back",
        "Putting back",
        ("{} was put back.", "{} were put back."),
    ),
    MessageAction.ONBOARDING: Wording(
        "Send onboarding materials",
        ":material/outgoing_mail:",
        "Send these people the onboarding materials?",
        ("{} gets a text or an e-mail.", "{} get a text or an e-mail."),
        "Send for {}",
        "Asking for texts and e-mails",
        ("A text or an e-mail is on its way for {}.", "Texts and e-mails are on their way for {}."),
    ),
}


@dataclass
class Ask:
    """A question that is open: do this to these cards? `token` makes two answers one."""

    action: Deed | None
    chosen: Chosen
    count: int
    token: str = field(default_factory=lambda: uuid4().hex)
    preview: DryRun | Trouble | None = None
    complaint: str = ""


def foreseen(action: Deed, preview: DryRun) -> list[str]:
    """What will happen, a sentence a line; `Nothing to do.` where nothing will."""
    if not preview.going:
        return ["Nothing to do with these cards.", *left_out(action, preview.left)]
    return [counted(WORDS[action].will, preview.going), *left_out(action, preview.left)]


def left_out(action: Deed, left: Mapping[str, int]) -> list[str]:
    """What does not happen, a line a reason: cards that stay as they are, or messages that do not go."""
    if isinstance(action, MessageAction):
        return [_unsent(why, count) for why, count in left.items() if count]
    return left_alone(left)


def _unsent(why: str, count: int) -> str:
    """`2 e-mails not sent: already sent.`, of `e-mail: already sent`; a reason without a kind is about all of them."""
    kind, colon, rest = why.partition(": ")
    return (
        f"{number(count)} {kind}{'' if count == 1 else 's'} not sent: {rest}."
        if colon
        else f"{number(count)} not sent: {why}."
    )


def left_alone(left: Mapping[str, int]) -> list[str]:
    """`3 cards stay as they are: already in GoHighLevel.`, a line a reason."""
    return [
        f"{cards(count)} {'stays as it is' if count == 1 else 'stay as they are'}: {why}."
        for why, count in left.items()
        if count
    ]


def counted(sentence: tuple[str, str], count: int) -> str:
    """A sentence with its number of cards, in the singular or the plural."""
    return sentence[count != 1].format(cards(count))


class Work(Protocol):
    """Does the action to the cards, telling how far it is and asking whether to stop."""

    def __call__(self, *, progress: Callable[[int, int], None], stop: Callable[[], bool]) -> Done: ...


class Run:
    """One action on many cards, in a thread of its own."""

    def __init__(self, token: str, action: Deed, total: int, *, started_at: datetime) -> None:
        self.token = token
        self.action = action
        self.total = total
        self.started_at = started_at
        self.dealt_with = 0
        self.outcome: Done | Trouble | None = None
        self._stop = threading.Event()
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._over.is_set()

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Lets it end with the cards it is busy with."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether it is over within so many seconds."""
        return self._over.wait(seconds)

    def work(self, work: Work) -> None:
        """Does it, and keeps how it ended."""
        try:
            self.outcome = guarded(lambda: work(progress=self._progress, stop=self._stop.is_set))
        except Exception as error:  # noqa: BLE001 (whatever happened, the person has to be told)
            trouble = Trouble(support_number())
            structlog.get_logger(__name__).error(
                "bulk action failed", support_number=trouble.number, error=type(error).__name__
            )
            self.outcome = trouble
        finally:
            self._over.set()

    def _progress(self, dealt_with: int, total: int) -> None:
        self.dealt_with, self.total = dealt_with, total


class Runs:
    """The runs of this process: one at a time for each person in a church. Thread-safe.

    Results stay side by side until they are read: what one window did must not hide what another one did.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[Key, tuple[Run, ...]] = {}

    def start(self, key: Key, token: str, action: Deed, work: Work, *, total: int, now: datetime) -> Run:
        """Begins the work and returns its run. The same token again, or a run under way: that run, nothing new."""
        with self._lock:
            self._forget(now)
            known = self._runs.get(key, ())
            for run in known:
                if run.token == token or not run.over:
                    return run
            run = Run(token, action, total, started_at=now)
            self._runs[key] = (run, *known[: RESULTS - 1])
            threading.Thread(target=run.work, args=(work,), name="bulk action", daemon=True).start()
            return run

    def of(self, key: Key) -> tuple[Run, ...]:
        """The newest first: the one that is under way, and those whose results were not read yet."""
        return self._runs.get(key, ())

    def read(self, key: Key, token: str) -> None:
        """The result of this run was read."""
        with self._lock:
            left = tuple(run for run in self._runs.get(key, ()) if run.token != token or not run.over)
            if left:
                self._runs[key] = left
            else:
                self._runs.pop(key, None)

    def _forget(self, now: datetime) -> None:
        kept = {
            key: tuple(run for run in runs if not run.over or now - run.started_at <= KEPT)
            for key, runs in self._runs.items()
        }
        self._runs = {key: runs for key, runs in kept.items() if runs}


def in_progress(run: Run) -> str:
    """`Setting aside: 12 of 28 done. You can leave this page.`"""
    if run.stopped:
        return f"Stopping after {number(run.dealt_with)} of {cards(run.total)}."
    doing = WORDS[run.action].doing
    return f"{doing}: {number(run.dealt_with)} of {cards(run.total)} done. You can leave this page."


def outcome(run: Run) -> list[str]:
    """How it ended, a sentence a line."""
    if isinstance(run.outcome, Done):
        lines = (
            [counted(WORDS[run.action].did, run.outcome.done)]
            if run.outcome.done
            else ["Nothing was changed."]
        )
        if run.outcome.broken:
            lines.append(
                f"It ended after {number(run.dealt_with)} of {cards(run.total)}; the others are as they were. Try again."
            )
        elif run.stopped and run.dealt_with < run.total:
            lines.append(f"You stopped it after {number(run.dealt_with)} of {cards(run.total)}.")
        return lines + left_out(run.action, run.outcome.left)
    told = f" Tell support the number {run.outcome.number}." if isinstance(run.outcome, Trouble) else ""
    return [
        f"It ended after {number(run.dealt_with)} of {cards(run.total)}; the others are as they were. Try again.{told}"
    ]
