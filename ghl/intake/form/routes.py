"""The routes of the card form: from a request to a page. Whatever goes wrong is a page in words, never a blank one."""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ghl.clock import Clock
from ghl.db.availability import is_away
from ghl.db.engine import Database
from ghl.forms import Wording
from ghl.forms.address import form_address
from ghl.forms.wordings import wording
from ghl.intake.body import read_body
from ghl.intake.form.checks import EntryError, check
from ghl.intake.form.entry import BOXES, CHILD, MAX_BODY, MEDIA_TYPE, Entry, read_entry
from ghl.intake.form.known import KnownForm, KnownForms
from ghl.intake.form.limits import Limits, Looks
from ghl.intake.form.pages import HEADERS, Pages
from ghl.intake.form.saving import OldWordsError, SentForm, save
from ghl.intake.middleware import as_problem
from ghl.intake.problems import Problem, ProblemError
from ghl.intake.sender import address_of, agent_of
from ghl.intake.threads import BusyError, Threads
from ghl.statuses import Channel

PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUERY: dict[Channel, str] = {Channel.SMS: "texts", Channel.EMAIL: "mails"}
"""In the address of the last page: which words were agreed to, by version. Nothing of the card stands there."""

AWAY = "We can't save your card at this moment. Everything you wrote is still here: press Send again in a minute."
MISTAKE = (
    "Something went wrong on our side, and your card is not saved yet. Everything you wrote is still here:"
    " press Send again, or hand in a paper card."
)
MANY = "Very many cards come in at this moment. Everything you wrote is still here: press Send again in a minute."
TOO_MANY_LOOKS = (
    "Too many forms that are not there were asked for.",
    "Open the form from the code or the link of your church, or load this page again in a minute.",
)
OLD_WORDS = "The church has new words here. Read them and tick again, if you agree."


class _UnknownFormError(Exception):
    """No church has this public id."""


class _TooManyLooksError(Exception):
    """One address asks for more forms that are not there than anybody mistypes."""

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


class CardForms:
    """`/c/{public id}`: the form, the page after it, and the sheet to print."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        threads: Threads,
        limits: Limits,
        body_seconds: float,
        form_url: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._threads = threads
        self._body_seconds = body_seconds
        self._form_url = form_url
        self._known = KnownForms(database, clock)
        self._limits = limits
        self._looks = Looks(clock)
        self._pages = Pages()

    def routes(self) -> list[Route]:
        """The routes under `/c`. They are for people and not part of the OpenAPI description."""
        return [
            Route("/c/{public_id}", self.form, methods=["GET", "POST"]),
            Route("/c/{public_id}/thanks", self.thanks, methods=["GET"]),
            Route("/c/{public_id}/print", self.sheet, methods=["GET"]),
        ]

    async def form(self, request: Request) -> Response:
        """The empty form; or the card somebody sent with it, saved or with what to mend."""
        return await self._in_words(request, self._take if request.method == "POST" else self._show)

    async def thanks(self, request: Request) -> Response:
        """After a card: what happens next, and the words that were agreed to."""
        return await self._in_words(request, self._show_thanks)

    async def sheet(self, request: Request) -> Response:
        """The sheet with the code, for whoever prints it."""
        return await self._in_words(request, self._show_sheet)

    async def _show(self, request: Request) -> Response:
        form = await self._find(request)
        if not form.settings.is_open:
            return self._pages.closed(form)
        return self._pages.form(form, Entry(), now=self._clock.now())

    async def _take(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise ProblemError(Problem.WRONG_MEDIA_TYPE)
        # The body first: what was written must be at hand when the form is shown again.
        entry = read_entry(await read_body(request, most=MAX_BODY, seconds=self._body_seconds))
        form = await self._find(request)
        if not form.settings.is_open:
            return self._pages.closed(form, entry)
        if entry["age"] == CHILD:
            return self._pages.too_young(form)
        now = self._clock.now()
        again = partial(self._pages.form, form, now=now)
        try:
            card = check(entry, form, now=now)
        except EntryError as error:
            return again(entry, problems=error.problems, status=422)
        address = address_of(request)
        if wait := self._limits.wait_seconds(form.church_id, address or ""):
            return again(entry, notice=MANY, status=429, headers={"Retry-After": str(wait)})
        agreed = {
            channel: entry.number(f"{box}_version") for channel, box in BOXES.items() if entry.ticked(box)
        }
        try:
            await self._threads.run(
                self._save, form, SentForm(card, agreed, address, agent_of(request)), request
            )
        except OldWordsError as error:
            boxes = [BOXES[channel] for channel in error.channels]
            form = await self._find(request, fresh=False)
            return self._pages.form(
                form, entry.without(*boxes), now=now, problems=dict.fromkeys(boxes, OLD_WORDS), status=422
            )
        except Exception as error:  # noqa: BLE001 - told to the log; the person keeps what they wrote
            problem = as_problem(error)
            notice = AWAY if problem.problem is Problem.UNAVAILABLE else MISTAKE
            return again(entry, notice=notice, status=problem.problem.status, headers=problem.headers)
        self._limits.add(form.church_id, address or "")
        query = "&".join(f"{QUERY[channel]}={version}" for channel, version in agreed.items())
        # Seen from the form's own address: a proxy may have it below a path that only the browser knows.
        place = f"{form.public_id}/thanks"
        return RedirectResponse(f"{place}?{query}" if query else place, 303, HEADERS)

    async def _show_thanks(self, request: Request) -> Response:
        form = await self._find(request)
        asked = {channel: request.query_params.get(name, "") for channel, name in QUERY.items()}
        versions = {
            channel: int(value)
            for channel, value in asked.items()
            if value.isascii() and value.isdigit() and len(value) <= 9
        }
        agreed = await self._threads.run(self._read_words, form, versions) if versions else ()
        return self._pages.thanks(form, agreed)

    async def _show_sheet(self, request: Request) -> Response:
        form = await self._find(request)
        return self._pages.sheet(
            form, form_address(self._form_url or str(request.base_url).rstrip("/"), form.public_id)
        )

    async def _find(self, request: Request, *, fresh: bool = True) -> KnownForm:
        """The form of the address. While the database is away, as it was last known; `fresh=False` asks anew."""
        public_id = request.path_params["public_id"]
        if not PUBLIC_ID.fullmatch(public_id):
            raise _UnknownFormError
        found = self._known.fresh(public_id) if fresh else None
        if found is None:
            self._count_look(public_id, address_of(request) or "")
            try:
                found = await self._threads.run(self._known.look_up, public_id)
            except Exception as error:
                found = self._known.remembered(public_id)
                if found is None or not (is_away(error) or isinstance(error, BusyError)):
                    raise
        if found is None:
            raise _UnknownFormError
        request.state.log["church_id"] = str(found.church_id)
        return found

    def _count_look(self, public_id: str, address: str) -> None:
        # A form that was there before is always looked for: behind one address may sit a whole church.
        if self._known.remembered(public_id):
            return
        if wait := self._looks.wait_seconds(address):
            raise _TooManyLooksError(wait)
        self._looks.add(address)

    def _save(self, form: KnownForm, sent: SentForm, request: Request) -> None:
        with self._database.church(form.church_id) as session:
            saved = save(session, form.church_id, sent, now=self._clock.now())
        request.state.log.update(card_id=str(saved.id), duplicate=saved.duplicate)

    def _read_words(self, form: KnownForm, versions: dict[Channel, int]) -> tuple[Wording, ...]:
        with self._database.church(form.church_id) as session:
            found = [
                wording(session, form.church_id, channel, version) for channel, version in versions.items()
            ]
        return tuple(words for words in found if words)

    async def _in_words(self, request: Request, make: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await make(request)
        except _UnknownFormError:
            return self._pages.unknown()
        except _TooManyLooksError as error:
            return self._pages.trouble(429, *TOO_MANY_LOOKS, {"Retry-After": str(error.wait)})
        except Exception as error:  # noqa: BLE001 - told to the log by `as_problem`, and to the person in words
            problem = as_problem(error)
            title, text = _words(problem.problem, request.method)
            return self._pages.trouble(problem.problem.status, title, text, problem.headers)


def _words(problem: Problem, method: str) -> tuple[str, str]:
    if problem is Problem.UNAVAILABLE and method == "POST":
        return (
            "We can't save your card at this moment.",
            "Load this page again in a minute: your phone then sends what you wrote once more.",
        )
    if problem is Problem.UNAVAILABLE:
        return "The form can't be shown at this moment.", "Load this page again in a minute."
    if problem is Problem.TOO_LARGE:
        return "This card is too long.", "Go back, shorten what you wrote, and press Send again."
    if problem is Problem.TOO_SLOW:
        return "Your card did not arrive whole.", "Go back and press Send again. Nothing was saved."
    if problem is Problem.OUR_MISTAKE:
        return "Something went wrong on our side.", "Load this page again, or ask at the welcome desk."
    return "This could not be read.", "Open the form again from the code or the link, and send it from there."
