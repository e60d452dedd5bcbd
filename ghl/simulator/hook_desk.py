"""The control API's part about webhooks: who listens, what was told, and what shall be told."""

from collections.abc import Callable
from typing import Any, get_args

from ghl.simulator.hooks.deliveries import Deliveries
from ghl.simulator.hooks.listening import Order, listener_from, shown
from ghl.simulator.hooks.signing import public_key_pem
from ghl.simulator.mail_desk import the_only
from ghl.simulator.state import State
from ghl.simulator.wire import Request

Handler = Callable[[Request, str], Any]


class HookDesk:
    """Handlers of the control API; whoever calls them holds the state's lock."""

    def __init__(self, state: State, deliveries: Deliveries) -> None:
        self._state = state
        self._deliveries = deliveries

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """By method and first part of the path."""
        return {
            ("GET", "webhooks"): self._show,
            ("POST", "webhooks"): self._listen,
            ("DELETE", "webhooks"): lambda _request, rest: {"removed": self._state.remove_listeners(rest)},
            ("POST", "emit"): self._emit,
        }

    def _show(self, _request: Request, rest: str) -> dict[str, Any]:
        """`webhooks/key` is the public key."""
        if rest == "key":
            return {"pem": public_key_pem()}
        return {
            "listeners": [shown(one) for several in self._state.listeners.values() for one in several],
            "waiting": self._deliveries.waiting(self._state.clock.monotonic()),
            "deliveries": self._deliveries.all(),
        }

    def _listen(self, request: Request, _rest: str) -> dict[str, Any]:
        """An app's address, or with `secret` a church's workflow."""
        fields = {name: value for name, value in request.json().items() if value is not None}
        fields["location_id"] = self._where(fields.pop("location", None))
        listener = listener_from(fields)
        self._state.add_listener(listener)
        return shown(listener)

    def _emit(self, request: Request, _rest: str) -> dict[str, Any]:
        fields = request.json()
        location, late = self._where(fields.get("location")), fields.get("late", 0)
        order: Order = fields.get("order", "given")
        if order not in get_args(Order):
            raise ValueError(f"order is one of {', '.join(get_args(Order))}")
        clock, made = self._state.clock, 0
        for listener in self._state.listeners.get(location, ()):
            if listener.is_app:
                events = [{"locationId": location, **event} for event in fields["events"]]
                made += len(
                    self._deliveries.add(
                        listener,
                        events,
                        at=clock.monotonic(),
                        now=clock.now(),
                        times=int(fields.get("times", 1)),
                        late=(late[0], late[1]) if isinstance(late, list) else (late, late),
                        order=order,
                    )
                )
        return {"deliveries": made}

    def _where(self, location: Any) -> str:
        return self._state.locations[str(location)].id if location else the_only(self._state).id
