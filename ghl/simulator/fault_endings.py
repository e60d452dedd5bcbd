"""What each kind of fault makes of an answer, and whether the effect happens. Pure: bytes go out elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ghl.simulator.answers import token_unknown, too_many, unprocessable
from ghl.simulator.faults import Fault, Kind
from ghl.simulator.wire import Response

Perform = Callable[[], Response]

HTML = "text/html; charset=UTF-8"
_IDS_OF_A_MESSAGE = ("messageId", "emailMessageId")


class Manner(Enum):
    """How the answer goes onto the wire."""

    WHOLE = "whole"
    RESET = "reset"
    CLOSE = "close"
    SILENT = "silent"
    DRIP_HEAD = "drip_head"
    DRIP_BODY = "drip_body"
    CUT_BODY = "cut_body"


@dataclass(slots=True)
class Ending:
    """An answer, and the manner it is sent in. `from_edge`: the proxy speaks, so there are no rate headers."""

    response: Response | None
    manner: Manner = Manner.WHOLE
    pace: float = 0.0
    """Seconds a byte when dripping."""
    effect_later: float | None = None
    """Seconds until the effect happens after all."""
    from_edge: bool = False
    rate_headers: bool = True
    budget: str | None = None
    """Which budget the rate headers shall show as spent: `burst` or `daily`."""


def end_with(fault: Fault, perform: Perform) -> Ending:
    """The ending that `fault` brings about; `perform` does the effect and gives the true answer."""
    return _ENDINGS[fault.kind](fault, perform)


def _outage(_fault: Fault, _perform: Perform) -> Ending:
    return Ending(None, Manner.RESET)


def _server_error(fault: Fault, perform: Perform) -> Ending:
    if fault.effect:
        perform()
    status = fault.status or 500
    messages = {
        500: "Internal server error",
        502: "Bad gateway",
        503: "Service unavailable",
        504: "Gateway timeout",
    }
    message = fault.message or messages.get(status, "Internal server error")
    return Ending(Response(status, {"statusCode": status, "message": message}))


def _html_error(fault: Fault, perform: Perform) -> Ending:
    if fault.effect:
        perform()
    status = fault.status or 502
    title = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
    heading = title.get(status, f"{status} Error")
    page = f"<html>\r\n<head><title>{heading}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n"
    page += "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return Ending(Response(status, raw=page.encode(), content_type=HTML), from_edge=True)


def _cloudflare(fault: Fault, _perform: Perform) -> Ending:
    page = (
        b'<!DOCTYPE html>\n<html lang="en-US">\n<head><title>Access denied</title></head>\n<body>\n'
        b"<h1>Error 1010</h1>\n<p>The owner of this website has banned your access based on your browser's "
        b"signature.</p>\n</body>\n</html>\n"
    )
    return Ending(
        Response(fault.status or 403, raw=page, content_type=HTML, headers={"server": "cloudflare"}),
        from_edge=True,
    )


def _hang(fault: Fault, perform: Perform) -> Ending:
    if fault.effect:
        perform()
    return Ending(None, Manner.SILENT)


def _slow(_fault: Fault, perform: Perform) -> Ending:
    # The application waited already: this fault is part of the latency.
    return Ending(perform())


def _drip_header(fault: Fault, perform: Perform) -> Ending:
    return Ending(perform(), Manner.DRIP_HEAD, pace=fault.seconds or 0.1)


def _drip_body(fault: Fault, perform: Perform) -> Ending:
    return Ending(perform(), Manner.DRIP_BODY, pace=fault.seconds or 0.1)


def _cut_before(_fault: Fault, _perform: Perform) -> Ending:
    return Ending(None, Manner.CLOSE)


def _cut_after(_fault: Fault, perform: Perform) -> Ending:
    perform()
    return Ending(None, Manner.CLOSE)


def _cut_in_body(_fault: Fault, perform: Perform) -> Ending:
    return Ending(perform(), Manner.CUT_BODY)


def _late_effect(fault: Fault, _perform: Perform) -> Ending:
    return Ending(None, Manner.SILENT, effect_later=fault.seconds or 8.0)


def _created_but_422(_fault: Fault, perform: Perform) -> Ending:
    true = perform()
    if not 200 <= true.status < 300:
        return Ending(true)
    refusal = unprocessable("Unprocessable Entity")
    return Ending(Response(422, refusal.body))


def _too_many(fault: Fault, _perform: Perform) -> Ending:
    response = Response(429, too_many().body)
    if fault.seconds is not None:
        response.headers["Retry-After"] = f"{fault.seconds:g}"
    budget = "daily" if fault.kind is Kind.DAILY_429 else "burst"
    return Ending(response, rate_headers=fault.headers, budget=budget)


def _broken_json(_fault: Fault, perform: Perform) -> Ending:
    true = perform()
    body = true.body()
    return Ending(Response(true.status, raw=body[: len(body) // 2]))


def _empty_200(_fault: Fault, perform: Perform) -> Ending:
    perform()
    return Ending(Response(200, raw=b""))


def _no_id(_fault: Fault, perform: Perform) -> Ending:
    true = perform()
    if not 200 <= true.status < 300:
        return Ending(true)
    without = {name: value for name, value in true.payload.items() if name not in _IDS_OF_A_MESSAGE}
    if isinstance(without.get("contact"), dict):
        contact = without["contact"]
        without["contact"] = {name: value for name, value in contact.items() if name != "id"}
    return Ending(Response(true.status, without))


def _token_refused(_fault: Fault, _perform: Perform) -> Ending:
    refusal = token_unknown()
    return Ending(Response(refusal.status, refusal.body))


_ENDINGS: dict[Kind, Callable[[Fault, Perform], Ending]] = {
    Kind.REFUSE: _outage,
    Kind.OUTAGE: _outage,
    Kind.SERVER_ERROR: _server_error,
    Kind.HTML_ERROR: _html_error,
    Kind.CLOUDFLARE: _cloudflare,
    Kind.HANG: _hang,
    Kind.SLOW: _slow,
    Kind.DRIP_HEADER: _drip_header,
    Kind.DRIP_BODY: _drip_body,
    Kind.CUT_BEFORE: _cut_before,
    Kind.CUT_AFTER: _cut_after,
    Kind.CUT_IN_BODY: _cut_in_body,
    Kind.LATE_EFFECT: _late_effect,
    Kind.CREATED_BUT_422: _created_but_422,
    Kind.BURST_429: _too_many,
    Kind.DAILY_429: _too_many,
    Kind.BROKEN_JSON: _broken_json,
    Kind.EMPTY_200: _empty_200,
    Kind.NO_ID: _no_id,
    Kind.TOKEN_REFUSED: _token_refused,
}
