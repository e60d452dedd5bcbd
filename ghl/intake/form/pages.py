"""The pages as HTML. Templates escape every value by themselves; the policy lets a page load and run nothing."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from ghl.cards.fields import LENGTHS, MAX_PRAYER
from ghl.forms import Wording
from ghl.forms.address import qr_svg
from ghl.forms.lint import address_problem, addresses_in
from ghl.intake.form.entry import BOXES, CHILD, TRAP, Entry
from ghl.intake.form.in_words import AGES, FIRST_TIME, LABELS, VOLUNTEER, in_words
from ghl.intake.form.known import KnownForm
from ghl.statuses import Channel

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "form.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            "img-src data:",
            "form-action 'self'",
            "base-uri 'none'",
            # Not in another page's frame: there nobody could tell whose form it is.
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    "Content-Security-Policy": _policy(STYLE),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}
"""What the browser may not do on these pages. `Cache-Control: no-store` comes from the middleware: on a tablet at the
welcome desk nobody finds the card of whoever wrote before."""


def linked(text: str) -> Markup:
    """The text with its addresses as links; everything else is escaped, and the words stay what they are."""
    out, rest = Markup(), text
    for address in addresses_in(text):
        before, _, rest = rest.partition(address)
        out += escape(before)
        if address_problem(address) is None:
            out += Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(address)
        else:
            out += escape(address)
    return out + escape(rest)


class Pages:
    """Makes the pages; each is whole in one answer."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["linked"] = linked
        environment.globals.update(
            style=Markup(STYLE),  # noqa: S704 - our own file
            lengths={**LENGTHS, "prayer_request": MAX_PRAYER},
            boxes=[(channel, BOXES[channel]) for channel in Channel],
            trap=TRAP,
            ages=tuple(AGES.items()),
            labels=LABELS,
            first_time=tuple(FIRST_TIME.items()),
            volunteer=VOLUNTEER,
        )
        self._environment = environment

    def form(
        self,
        form: KnownForm,
        entry: Entry,
        *,
        now: datetime,
        problems: Mapping[str, str] | None = None,
        notice: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The form with what was written so far. `notice` says what went wrong that nobody has to mend."""
        problems = problems or {}
        told = {
            f"told_{name}": entry[name] if name in problems else entry[f"told_{name}"]
            for name in ("phone", "email")
        }
        return self._page(
            "form.html",
            status,
            headers,
            form=form,
            entry=entry,
            problems=problems,
            notice=notice,
            told=told,
            opened=entry.number("opened") or int(now.timestamp()),
        )

    def thanks(self, form: KnownForm, agreed: tuple[Wording, ...]) -> Response:
        """After a card was saved: what happens next, and the words that were agreed to."""
        return self._page("thanks.html", 200, form=form, agreed=agreed)

    def too_young(self, form: KnownForm) -> Response:
        """For somebody under 13: nothing is kept, not even on the page."""
        return self._page("too_young.html", 200, form=form)

    def closed(self, form: KnownForm, entry: Entry | None = None) -> Response:
        """The church takes no cards this way at present; whoever wrote one meanwhile can copy it, a child excepted."""
        typed = in_words(entry) if entry and entry["age"] != CHILD else ""
        return self._page("closed.html", 403, form=form, typed=typed)

    def unknown(self) -> Response:
        """No church has this address."""
        title = "There is no form here."
        text = "Perhaps the address is not complete. Scan the code once more, or ask at the welcome desk."
        return self._page("message.html", 404, heading="", title=title, text=text)

    def trouble(self, status: int, title: str, text: str, headers: Mapping[str, str]) -> Response:
        """Something went wrong before the form itself could be shown again."""
        return self._page("message.html", status, headers, heading="", title=title, text=text)

    def sheet(self, form: KnownForm, address: str) -> Response:
        """The page to print and hang up."""
        code = Markup(qr_svg(address))  # noqa: S704 - made from an address of ours
        return self._page("print.html", 200, form=form, address=address, code=code)

    def _page(
        self, template: str, status: int, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        html = self._environment.get_template(template).render(**values)
        return HTMLResponse(html, status, {**HEADERS, **(headers or {})})
