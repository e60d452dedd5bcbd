"""The simulator as the demo finds it: the church's location, contacts from before the hub, and lasting faults.

Everything may be done again: what is there already stays as it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ghl.client.client import GHLClient
from ghl.client.errors import DuplicateContactError, GHLError
from ghl.client.models import ContactWrite
from ghl.client.pool import make_http_client
from ghl.clock import Clock
from ghl.forms import FormChange
from ghl.messages.templates import Draft
from ghl.simulator.control_client import ControlError, SimulatorControl, ask
from ghl.simulator.loopback import is_loopback
from jobs.connecting import budgeted_client, patiently
from jobs.container import Container
from jobs.demo.errors import DemoError

LOCATION = "demoGraceChurch00001"
TOKEN = "pit-00000000-0000-4000-8000-00000000d3e0"  # noqa: S105 - made up; the simulator takes no other kind
NAME = "Grace Church (demo)"

CUSTOM_FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "First visit", "data_type": "DATE"},
    {
        "name": "Service",
        "data_type": "SINGLE_OPTIONS",
        "options": ["Saturday 6 pm", "Sunday 9 am", "Sunday 11 am"],
    },
    {
        "name": "Interests",
        "data_type": "MULTIPLE_OPTIONS",
        "options": ["Small groups", "Kids", "Youth", "Music"],
    },
)

FORM = FormChange(
    legal_name="Grace Church",
    welcome="Welcome to Grace Church! We would love to get to know you.",
    services=("Saturday 6 pm", "Sunday 9 am", "Sunday 11 am"),
    interests=("Small groups", "Kids", "Youth", "Music"),
)
"""The card form; its choices are those of the fields above."""

WORDS: Mapping[str, Draft] = {
    "documents_email": Draft(
        body=(
            "Hello {first_name|friend},\n\n"
            "Thank you for wanting to help at {church_name}. These are the papers we need from you:\n\n"
            "How we work together: https://gracechurch.example/volunteers/handbook.pdf\n"
            "Background check: https://gracechurch.example/volunteers/check\n\n"
            "Do you have a question? Just answer this e-mail.\n\n"
            "{church_name}"
        )
    )
}
"""What the church says otherwise than the hub's own words: they have a gap where the links go."""

CONTACTS = (
    ContactWrite(first_name="William", last_name="Hartley", phone="+15125550181"),
    ContactWrite(first_name="Elizabeth", last_name="Tanner", email="elizabeth.tanner@example.org"),
    ContactWrite(
        first_name="Katherine", last_name="Moreland", email="k.moreland@example.com", phone="+15125550182"
    ),
    # Not the people on the cards that share an address with them.
    ContactWrite(first_name="Susan", last_name="Ortiz", email="ortiz.family@example.com"),
    ContactWrite(first_name="Harold", last_name="Ellsworth", phone="+15125550185"),
    ContactWrite(first_name="Gordon", last_name="Petrie", email="petrie@example.net"),
    ContactWrite(first_name="Joyce", last_name="Petrie", phone="+15125550186"),
)
"""Contacts that a church would have in GoHighLevel before it had the hub."""

BUSY_CARDS = ("conrad.blackwell@", "odessa.finch@")
ODD_SIGN = "Rol@nd"
LOCKED_CARDS = ("edwin.lockhart@", "frances.moody@", "gerald.pike@")

FAULTS: tuple[Mapping[str, Any], ...] = (
    *({"status": 409, "times": 8, "body_contains": part} for part in BUSY_CARDS),
    {"status": 500, "body_contains": ODD_SIGN},
    *(
        {"status": 400, "times": 1, "body_contains": part, "message": "Contact is locked by another update"}
        for part in LOCKED_CARDS
    ),
    {"status": 400, "body_contains": "+15125550194", "message": "Phone number is not assigned"},
    {"status": 400, "body_contains": "clifford.nash@example.orgg", "message": "email must be an email"},
    {"status": 400, "body_contains": "Tejas", "message": "state must be one of the known states"},
)
"""Each strikes one card alone, and none for ever: what somebody corrects, or asks for once more, goes through.

A refusal is counted as one of its eight tries; a 5xx is not.
"""


def furnish(hub: Container, url: str, timezone: str) -> Mapping[str, str]:
    """Makes the simulator at `url` what the demo needs; returns its contacts' ids by name. Raises `DemoError`."""
    try:
        _add_location(url, timezone)
        _add_faults(url)
    except ControlError as error:
        raise DemoError(str(error)) from error
    with make_http_client(clock=hub.clock, connections=1) as http:
        client = budgeted_client(hub, http=http, base_url=url, token=SecretStr(TOKEN), location_id=LOCATION)
        return {
            f"{contact.first_name} {contact.last_name}": _add_contact(client, contact, hub.clock)
            for contact in CONTACTS
        }


def reaches(intake_url: str) -> bool:
    """Whether the simulator may speak to that address: it stays on its machine."""
    return is_loopback(urlsplit(intake_url).hostname or "")


def tells(url: str, hook: str, endings: Sequence[str]) -> bool:
    """Whether the simulator at `url` tells `hook` what happens, with a secret that ends so. Raises `DemoError`."""
    try:
        listeners = ask(url, "GET", "webhooks")["listeners"]
    except ControlError as error:
        raise DemoError(str(error)) from error
    return any(
        one["location_id"] == LOCATION and one["url"] == hook and str(one["secret"])[-4:] in endings
        for one in listeners
    )


def tell(url: str, hook: str, secret: SecretStr) -> None:
    """Has the church's workflow in the simulator tell `hook`, and nobody else. Raises `DemoError`."""
    control = SimulatorControl(url)
    try:
        control.remove_hooks(LOCATION)
        control.workflow_hook(LOCATION, hook, secret.get_secret_value())
    except ControlError as error:
        raise DemoError(str(error)) from error


def _add_contact(client: GHLClient, contact: ContactWrite, clock: Clock) -> str:
    try:
        return patiently(lambda: client.contacts.create(contact), clock=clock).id
    except DuplicateContactError as error:
        return error.contact_id or ""
    except GHLError as error:
        raise DemoError(f"The simulator did not take a contact: {error}") from error


def _add_location(url: str, timezone: str) -> None:
    known = {location["id"]: location for location in ask(url, "GET", "locations")["locations"]}
    if TOKEN in known.get(LOCATION, {}).get("tokens", ()):
        return
    fields = [] if known.get(LOCATION, {}).get("custom_fields") else list(CUSTOM_FIELDS)
    settings = {"name": NAME, "timezone": timezone, "custom_fields": fields}
    ask(url, "POST", "locations", {"id": LOCATION, "token": TOKEN, **settings})


def _add_faults(url: str) -> None:
    there = {fault["body_contains"] for fault in ask(url, "GET", "faults")["faults"]}
    for fault in FAULTS:
        if fault["body_contains"] not in there:
            where = {"location": LOCATION, "operation": "contacts.*"}
            ask(url, "POST", "faults", {"kind": "server_error", **where, **fault})
