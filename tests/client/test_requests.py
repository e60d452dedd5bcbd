"""Every request the client can make, as it goes over the wire, against GHL's own OpenAPI files."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from openapi_schema_validator import OAS30Validator
from pydantic import SecretStr

from ghl.client import operations
from ghl.client.client import GHLClient
from ghl.client.messages import MessageWrite
from ghl.client.models import ContactWrite
from ghl.client.pool import make_http_client
from tests.support.clients import LOCATION, TOKEN, ghl_client
from tests.support.nasty_server import Exchange, NastyServer, Request

OPENAPI = Path(__file__).resolve().parents[3] / "shared" / "openapi"

FULL = ContactWrite(
    first_name="Ann",
    last_name="Lee",
    email="ann+x@example.org",
    phone="+16155550100",
    address1="1 Main St",
    city="Nashville",
    state="TN",
    postal_code="37201",
    date_of_birth=date(1990, 9, 25),
    source="connect card",
    tags=("first time", "choir"),
    custom_fields={"f1": "yes", "f2": ["a", "b"], "f3": 3, "blank": "", "none": None, "empty": []},
)
START, END = datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)

CALLS: dict[str, Callable[[GHLClient], object]] = {
    "contacts.create": lambda client: client.contacts.create(FULL),
    "contacts.get": lambda client: client.contacts.get("c1"),
    "contacts.update": lambda client: client.contacts.update("c1", FULL),
    "contacts.set_dnd": lambda client: client.contacts.set_dnd("c1", "SMS", message="asked for no more"),
    "contacts.delete": lambda client: client.contacts.remove("c1"),
    "contacts.find_duplicate": lambda client: client.contacts.find_duplicate(
        phone=FULL.phone, email=FULL.email
    ),
    "contacts.add_tags": lambda client: client.contacts.add_tags("c1", ["choir"]),
    "locations.get": lambda client: client.locations.get(),
    "locations.custom_fields": lambda client: client.locations.custom_fields(),
    "locations.tags": lambda client: client.locations.tags(),
    "conversations.send": lambda client: client.conversations.send(
        MessageWrite(
            type="Email", contact_id="c1", subject="Welcome", html="<p>Hi</p>", email_from="a@example.org"
        )
    ),
    "conversations.get": lambda client: client.conversations.get("m1"),
    "conversations.email": lambda client: client.conversations.get_email("e1"),
    "conversations.messages": lambda client: client.conversations.messages("v1"),
    "conversations.export": lambda client: client.conversations.export(
        contact_id="c1", channel="SMS", start=START, end=END, cursor="next"
    ),
    "conversations.search": lambda client: client.conversations.search("c1"),
}


def answer(exchange: Exchange) -> None:
    exchange.answer(
        {
            "contact": {"id": "c1"},
            "location": {"id": LOCATION},
            "id": "m1",
            "messageId": "m1",
            "tags": [],
            "customFields": [],
            "messages": [],
        }
    )


@pytest.fixture(scope="module")
def sent() -> Iterator[Callable[[str], Request]]:
    """`sent(operation)` makes that call and gives the request as it arrived."""
    with NastyServer(answer) as server, make_http_client() as http:

        def make(name: str) -> Request:
            CALLS[name](ghl_client(http, server.url, deadline=5.0))
            return server.requests[-1]

        yield make


def test_every_operation_is_called_here() -> None:
    assert set(CALLS) == {operation.name for operation in operations.ALL}


@pytest.mark.parametrize("name", CALLS)
def test_headers_of_every_call(name: str, sent: Callable[[str], Request]) -> None:
    request = sent(name)
    headers = request.headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["version"] == ("2021-04-15" if name.startswith("conversations.") else "2021-07-28")
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("church-connect-hub/")
    assert ("content-type" in headers) is bool(request.body)
    assert "cookie" not in headers


def test_create_says_everything_once_and_nothing_blank(sent: Callable[[str], Request]) -> None:
    assert sent("contacts.create").json() == {
        "locationId": LOCATION,
        "firstName": "Ann",
        "lastName": "Lee",
        "email": "ann+x@example.org",
        "phone": "+16155550100",
        "address1": "1 Main St",
        "city": "Nashville",
        "state": "TN",
        "postalCode": "37201",
        "dateOfBirth": "1990-09-25",
        "source": "connect card",
        "tags": ["first time", "choir"],
        "customFields": [
            {"id": "f1", "field_value": "yes"},
            {"id": "f2", "field_value": ["a", "b"]},
            {"id": "f3", "field_value": 3},
        ],
    }


def test_update_never_sends_tags_source_or_location(sent: Callable[[str], Request]) -> None:
    body = sent("contacts.update").json()
    assert isinstance(body, dict)
    assert not {"tags", "source", "locationId"} & set(body)
    assert body["firstName"] == "Ann"


def test_search_escapes_the_plus_of_a_phone_number(sent: Callable[[str], Request]) -> None:
    target = sent("contacts.find_duplicate").target
    assert "number=%2B16155550100" in target
    assert "email=ann%2Bx%40example.org" in target


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "a?b", "a#b", "a b", "ä", "a%2Fb", "x" * 300, "a\n"])
def test_an_id_cannot_change_the_path(bad: str, connect: Callable[..., GHLClient]) -> None:
    client = connect("http://127.0.0.1:9")
    with pytest.raises(ValueError, match="An id of GHL") as caught:
        client.contacts.get(bad)
    assert len(str(caught.value)) < 100
    with pytest.raises(ValueError, match="An id of GHL"):
        connect("http://127.0.0.1:9", location_id=bad, token=SecretStr("x"))


def test_a_contact_without_phone_and_email_is_not_made(connect: Callable[..., GHLClient]) -> None:
    with pytest.raises(ValueError, match="phone number or an e-mail"):
        connect("http://127.0.0.1:9").contacts.create(ContactWrite(first_name="Ann", phone=" "))
    with pytest.raises(ValueError, match="phone number or an e-mail"):
        connect("http://127.0.0.1:9").contacts.find_duplicate()


def test_the_environment_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", "/nonexistent")
    with NastyServer(answer) as server, make_http_client() as http:
        assert isinstance(http, httpx.Client)
        assert ghl_client(http, server.url).contacts.get("c1").id == "c1"


@pytest.mark.skipif(not OPENAPI.is_dir(), reason="GHL's OpenAPI files are not beside this repository")
class TestOpenAPI:
    """Against the files GHL publishes (CC0), with the artefacts taken out that real traffic contradicts."""

    @pytest.mark.parametrize("name", CALLS)
    def test_request_is_documented(self, name: str, sent: Callable[[str], Request]) -> None:
        request = sent(name)
        document = _document(name.split(".", maxsplit=1)[0])
        url = urlsplit(request.target)
        operation = _operation(document, request.method.lower(), url.path)

        query = dict(parse_qsl(url.query))
        parameters = operation["parameters"]
        known = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
        assert set(query) <= set(known)
        assert {key for key, parameter in known.items() if parameter.get("required")} <= set(query)
        for key, value in query.items():
            _check(document, _relaxed(known[key]["schema"]), _typed(value, known[key]["schema"]))

        # The page of one e-mail names no version; what the others of its family want is sent all the same.
        for version in (parameter for parameter in parameters if parameter["name"] == "Version"):
            assert request.headers["version"] in version["schema"]["enum"]

        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = request.json()
            _check(document, schema, body)
            properties = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
            assert isinstance(body, dict)
            assert set(body) <= set(properties)
        else:
            assert "requestBody" not in operation


def _document(family: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((OPENAPI / f"{family}.json").read_text())
    schemas = document["components"]["schemas"]
    if family == "conversations":
        # Older revisions require `type` and `contactId` alone, and real clients send no more.
        schemas["SendMessageBodyDto"]["required"] = ["type", "contactId"]
    if family == "contacts":
        # Typed `object` with the example "1990-09-25".
        for name in ("CreateContactDto", "UpdateContactDto"):
            schemas[name]["properties"]["dateOfBirth"] = {"type": "string", "format": "date"}
        # Typed `object` with the examples 100 and 100.5.
        for name in ("NumericField", "MonetoryField"):
            schemas[name]["properties"]["field_value"] = {"type": "number"}
    return document


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The documented operation of a path; one written out comes before one with a placeholder."""
    for pattern in sorted(document["paths"], key=lambda text: text.count("{")):
        if (
            re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), path)
            and method in document["paths"][pattern]
        ):
            found: dict[str, Any] = document["paths"][pattern][method]
            return found
    raise AssertionError(f"{method} {path} is not documented")


def _relaxed(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in {"example", "default"}}


def _typed(value: str, schema: dict[str, Any]) -> str | float:
    return float(value) if schema.get("type") == "number" else value


def _check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    OAS30Validator({**schema, "components": document["components"]}).validate(value)
