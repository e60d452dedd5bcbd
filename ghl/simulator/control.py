"""The control API under `/__control/`: faults, contacts, messages, statistics, tokens and settings as JSON.

For this machine only: it answers no page of a browser, and no name other than the loopback ones.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ghl.simulator.answers import Refusal
from ghl.simulator.application import Application
from ghl.simulator.contacts.showing import show_contact
from ghl.simulator.faults import FaultError, Kind
from ghl.simulator.hook_desk import HookDesk
from ghl.simulator.latency import Range
from ghl.simulator.locations import Location
from ghl.simulator.mail_desk import MailDesk
from ghl.simulator.messages.sending import advance
from ghl.simulator.records import token_to
from ghl.simulator.tokens import ALL_SCOPES, RealTokenError
from ghl.simulator.wire import Request, Response

PREFIX = "/__control"
MOST_CONTACTS = 10_000
"""Contacts shown in one answer."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

Handler = Callable[[Request, str], Any]


class ControlApi:
    """Every answer is JSON; what cannot be done is 400 or 404 with `{"error": sentence}`."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._state = application.state
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", ""): self._overview,
            ("GET", "faults"): lambda _request, _rest: {"faults": application.faults.list()},
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "stats"): lambda _request, _rest: application.stats.snapshot(),
            ("DELETE", "stats"): self._reset_stats,
            ("GET", "contacts"): self._contacts,
            ("GET", "locations"): self._locations,
            ("POST", "locations"): self._add_location,
            ("PATCH", "locations"): self._change_location,
            ("GET", "tokens"): self._tokens,
            ("POST", "tokens"): self._change_token,
            ("GET", "latency"): lambda _request, _rest: {"rules": application.latency.rules()},
            ("POST", "latency"): self._set_latency,
            ("GET", "state"): self._everything,
            **MailDesk(application.state, application.teller).handlers(),
            **HookDesk(application.state, application.deliveries).handlers(),
        }

    def handle(self, request: Request) -> Response:
        """Answers one request of the control API."""
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        if "origin" in request.headers or host not in _LOOPBACK:
            return Response(403, {"error": "The control API is for programs on this machine only."})
        name, _, rest = request.path.removeprefix(PREFIX).strip("/").partition("/")
        handler = self._handlers.get((request.method, name))
        if handler is None:
            return Response(404, {"error": f"The control API has no {request.method} {request.path}"})
        try:
            with self._state.lock:
                advance(self._state)
                result = handler(request, rest)
        except KeyError as error:
            return Response(404, {"error": f"There is no {error.args[0]!r} here."})
        except (FaultError, RealTokenError, TypeError, ValueError) as error:
            return Response(400, {"error": str(error)})
        except Refusal as refusal:
            return Response(400, {"error": refusal.body["message"]})
        return Response(200, result)

    def _overview(self, _request: Request, _rest: str) -> dict[str, Any]:
        state = self._state
        return {"simulator": "ready", "locations": len(state.locations), "contacts": state.count()}

    def _everything(self, request: Request, rest: str) -> dict[str, Any]:
        return {
            "locations": self._locations(request, rest)["locations"],
            "tokens": self._tokens(request, rest)["tokens"],
            "contacts": {
                location: self._state.contacts(location)[:MOST_CONTACTS] for location in self._state.locations
            },
            "faults": self._application.faults.list(),
            "latency": self._application.latency.rules(),
            "stats": self._application.stats.snapshot(),
        }

    def _add_fault(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        kind = fields.pop("kind", "")
        if kind == Kind.REFUSE and not fields.get("duration"):
            # Nobody is listened to then, and whoever wants to take it back neither.
            raise FaultError("The fault refuse needs a duration: until then nobody can take it back.")
        fault = self._application.faults.add(kind, **fields)
        return fault.show(self._state.clock.monotonic())

    def _clear_faults(self, _request: Request, rest: str) -> dict[str, Any]:
        return {"cleared": self._application.faults.clear(rest or None)}

    def _reset_stats(self, _request: Request, _rest: str) -> dict[str, Any]:
        self._application.stats.reset()
        return self._application.stats.snapshot()

    def _contacts(self, request: Request, rest: str) -> dict[str, Any]:
        if rest:
            found = self._state.contact(rest)
            if found is None:
                raise KeyError(rest)
            return {"contact": found}
        location = request.query.get("location")
        chosen = [location] if location else list(self._state.locations)
        if phone := request.query.get("phone"):
            found_there = [self._state.stores[one].by_phone(phone) for one in chosen]
            shown = [show_contact(contact, v3=False) for contact in found_there if contact]
            return {"count": len(shown), "contacts": shown}
        total = sum(self._state.count(one) for one in chosen)
        limit = min(int(request.query.get("limit", "100")), MOST_CONTACTS)
        skip = int(request.query.get("skip", "0"))
        shown = [contact for one in chosen for contact in self._state.contacts(one)] if limit else []
        return {"count": total, "contacts": shown[skip : skip + limit]}

    def _locations(self, _request: Request, _rest: str) -> dict[str, Any]:
        return {"locations": [self._show(location) for location in self._state.locations.values()]}

    def _show(self, location: Location) -> dict[str, Any]:
        return {
            "id": location.id,
            "contacts": self._state.count(location.id),
            "tokens": [token.value for token in self._state.tokens.all() if token.location_id == location.id],
            "settings": asdict(location.settings),
            "custom_fields": [asdict(field) for field in location.custom_fields.values()],
            "tags": list(location.tags),
        }

    def _add_location(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        location_id = str(fields.pop("id"))
        custom_fields = fields.pop("custom_fields", [])
        self._state.add_location(location_id, **fields)
        for custom in custom_fields:
            self._state.add_custom_field(location_id, **custom)
        return self._show(self._state.locations[location_id])

    def _change_location(self, request: Request, rest: str) -> dict[str, Any]:
        self._state.change_location(rest, **request.json())
        return self._show(self._state.locations[rest])

    def _tokens(self, _request: Request, _rest: str) -> dict[str, Any]:
        now = self._state.clock.now()
        tokens = self._state.tokens.all()
        return {"tokens": [{**token_to(token), "works": token.works(now)} for token in tokens]}

    def _change_token(self, request: Request, rest: str) -> dict[str, Any]:
        """`tokens` adds one; `tokens/rotate`, `tokens/revoke` and `tokens/restore` change a known one."""
        fields = request.json()
        state = self._state
        match rest:
            case "":
                scopes = fields.get("scopes", ALL_SCOPES)
                return {"token": state.add_token(fields.get("location"), fields.get("token"), scopes)}
            case "rotate":
                new, now = fields.get("new"), bool(fields.get("expire_now", False))
                return {"token": state.rotate_token(fields["token"], new, expire_now=now)}
            case "revoke":
                state.revoke_token(fields["token"])
            case "restore":
                state.restore_token(fields["token"])
            case _:
                raise KeyError(rest)
        return {"token": fields["token"]}

    def _set_latency(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        self._application.latency.set(
            Range.parse(str(fields["seconds"])),
            location=fields.get("location"),
            operation=fields.get("operation"),
        )
        return {"rules": self._application.latency.rules()}
