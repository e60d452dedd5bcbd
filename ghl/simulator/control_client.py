"""Talks to a running simulator's control API, for the command line, the demo and tests."""

from typing import Any
from urllib.parse import urlencode

import httpx

from ghl.simulator.loopback import check_loopback


class ControlError(Exception):
    """The simulator is not there, or said no; the text is one clear line."""


def ask(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that `{url}/__control/{path}` answers.

    Raises ControlError: no simulator answers there, it refused, or the address is not on this machine.
    """
    try:
        check_loopback(httpx.URL(url).host)
        with httpx.Client(base_url=f"{url.rstrip('/')}/__control/", trust_env=False, timeout=10) as client:
            response = client.request(method, path, json=body)
            answer = response.json()
    except httpx.HTTPError as error:
        raise ControlError(f"No simulator answers at {url}. Start one with: hub simulator serve") from error
    except (ValueError, httpx.InvalidURL) as error:
        raise ControlError(f"{url} is not a simulator on this machine.") from error
    if response.is_error:
        said = answer.get("error") if isinstance(answer, dict) else None
        raise ControlError(str(said or f"The simulator answered {response.status_code}."))
    return answer


class SimulatorControl:
    """Everything a test or the demo wants of the simulator at `url`. Each method raises ControlError."""

    def __init__(self, url: str) -> None:
        self._url = url

    # Messages

    def messages(self, location: str | None = None, **narrowed: str) -> list[dict[str, Any]]:
        """All messages, in and out, oldest first. `narrowed`: contact, address, channel (SMS, Email), direction.

        Of each: id, contact_id, channel, direction, status, address, body (as it went out), asked (as it was sent
        to GoHighLevel), subject, source, automatic, added_at, updated_at and more (see messages/record.py).
        """
        chosen = {"location": location, "limit": "10000", **narrowed}
        query = urlencode({name: value for name, value in chosen.items() if value})
        found: list[dict[str, Any]] = self._ask("GET", f"messages?{query}")["messages"]
        return found

    def sent(self, location: str | None = None, **narrowed: str) -> list[dict[str, Any]]:
        """What the hub sent: messages that go out, without the simulator's automatic answers."""
        found = self.messages(location, direction="outbound", **narrowed)
        return [message for message in found if message["source"] == "api"]

    def reply(
        self, location: str | None, address: str, text: str, *, subject: str | None = None
    ) -> dict[str, Any]:
        """A person writes from that phone (or e-mail); STOP, START and HELP are obeyed. Returns the message."""
        fields = {"location": location, "address": address, "text": text, "subject": subject}
        return dict(self._ask("POST", "reply", fields)["message"])

    def unsubscribe(self, location: str | None, email: str) -> None:
        """A person uses the unsubscribe link of an e-mail."""
        self._ask("POST", "unsubscribe", {"location": location, "email": email})

    def set_dnd(
        self, contact: str, status: str, *, channel: str = "SMS", message: str = ""
    ) -> dict[str, Any]:
        """Sets do-not-disturb of a contact (active, inactive, permanent) as on GoHighLevel's screen.

        `channel` may be `all`. Returns the contact; a permanent setting stays what it is.
        """
        fields = {"contact": contact, "channel": channel, "status": status, "message": message}
        return dict(self._ask("POST", "dnd", fields)["contact"])

    def carrier(self, location: str | None, address: str, outcome: str) -> None:
        """What becomes of messages to that phone or e-mail; `outcome` is one of messages/life.py's Outcome."""
        self._ask("POST", "carrier", {"location": location, "address": address, "outcome": outcome})

    def merge(self, kept: str, gone: str) -> dict[str, Any]:
        """Merges two contacts as on GoHighLevel's screen; returns the one that is kept."""
        return dict(self._ask("POST", "merge", {"kept": kept, "gone": gone})["contact"])

    # Webhooks

    def app_hook(
        self, location: str | None, url: str, *, about: list[str] | None = None, **habits: Any
    ) -> None:
        """Sends signed app webhooks to `url` from now on: `about` are event types, `habits` those of hooks/listening.

        Such as `times=2` (each twice), `late=[0, 5]` (up to 5 s late, so out of order), `pace=0.01` (short waits).
        """
        fields = {"location": location, "url": url, "about": about, "habits": habits}
        self._ask("POST", "webhooks", fields)

    def workflow_hook(
        self, location: str | None, url: str, secret: str, *, about: list[str] | None = None, **habits: Any
    ) -> None:
        """Has a church's workflow tell `url`, with the secret in its header. `about`: dnd, replied; else both."""
        fields = {"location": location, "url": url, "secret": secret, "about": about, "habits": habits}
        self._ask("POST", "webhooks", fields)

    def remove_hooks(self, location: str) -> None:
        """Tells nobody any more what happens in a location."""
        self._ask("DELETE", f"webhooks/{location}")

    def public_key(self) -> str:
        """The PEM of the test key that app webhooks are signed with, for HUB_WEBHOOK_PUBLIC_KEYS."""
        return str(self._ask("GET", "webhooks/key")["pem"])

    def emit(
        self,
        *events: dict[str, Any],
        location: str | None = None,
        times: int = 1,
        late: float | list[float] = 0,
        order: str = "given",
    ) -> None:
        """Tells the apps of a location these events, each so often and so much later.

        `order` is given, reversed or shuffled. An event has its `type` and fields; what GoHighLevel puts around it is
        added: `timestamp` and `webhookId` stay what they are where given.
        """
        fields = {"location": location, "events": events, "times": times, "late": late, "order": order}
        self._ask("POST", "emit", fields)

    def deliveries(self) -> list[dict[str, Any]]:
        """What was told to whom, oldest first: kind, event, url, tries, answered (statuses), over."""
        found: list[dict[str, Any]] = self._ask("GET", "webhooks")["deliveries"]
        return found

    def all_told(self) -> bool:
        """Whether nothing waits that is due by now."""
        return bool(self._ask("GET", "webhooks")["waiting"] == 0)

    # Settings and faults

    def settings(self, location: str, **changes: Any) -> None:
        """Changes settings of a location, such as `export_lag=[0, 5]` or `message_delays=[0, 0]`."""
        self._ask("PATCH", f"locations/{location}", changes)

    def token(self, location: str | None, scopes: list[str] | None = None) -> str:
        """A further token of a location, with those scopes or with all."""
        fields: dict[str, Any] = {"location": location}
        if scopes is not None:
            fields["scopes"] = scopes
        return str(self._ask("POST", "tokens", fields)["token"])

    def fault(self, kind: str, **fields: Any) -> str:
        """Adds a fault, such as `fault("cut_after", operation="conversations.send", times=1)`; returns its id."""
        return str(self._ask("POST", "faults", {"kind": kind, **fields})["id"])

    def clear_faults(self, fault_id: str = "") -> None:
        """Takes one fault away, or all."""
        self._ask("DELETE", f"faults/{fault_id}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return ask(self._url, method, path, body)
