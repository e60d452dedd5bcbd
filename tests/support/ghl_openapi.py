"""Checks HTTP traffic against GoHighLevel's own OpenAPI files, where they lie beside the project.

Some of what the files say is known to be wrong of the real API; `_mend` names each such place.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator

FOLDER = Path(__file__).parents[2].parent / "shared" / "openapi"
UNDOCUMENTED_STATUSES = {403, 404, 429, 500, 502, 503, 504}

needs_openapi = pytest.mark.skipif(
    not (FOLDER / "contacts.json").exists(),
    reason="GoHighLevel's OpenAPI files are not there: put them into ../shared/openapi beside the project.",
)


def complaints(request: httpx.Request, response: httpx.Response | None = None) -> list[str]:
    """What is wrong with a request, and with its response, by the file of its family; nothing is good."""
    document = _document(request.url.path.split("/")[1])
    found = _operation(document, request.method, request.url.path)
    if found is None:
        return [f"{request.method} {request.url.path} is not documented"]
    operation = found
    wrong = [*_headers(operation, request), *_query(operation, request), *_body(document, operation, request)]
    if response is not None:
        wrong += _response(document, operation, response)
    return [f"{request.method} {request.url.path}: {sentence}" for sentence in wrong]


@cache
def _document(family: str) -> dict[str, Any]:
    return _mend(json.loads((FOLDER / f"{family}.json").read_text()))


def _mend(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        # The birth date is called an object; its own example is a text.
        born = schema.get("properties", {}).get("dateOfBirth")
        if born and born.get("type") == "object":
            born["type"] = "string"
    # So are the values of number fields, whose examples are numbers.
    for name in {"NumericField", "MonetoryField"} & set(schemas):
        schemas[name]["properties"]["field_value"] = {"anyOf": [{"type": "number"}, {"type": "string"}]}
    # Values of custom fields are called texts; lists and numbers come back as they went in.
    if "value" in schemas.get("CustomFieldSchema", {}).get("properties", {}):
        schemas["CustomFieldSchema"]["properties"]["value"] = {}
    _mend_messages(document, schemas)
    return document


def _mend_messages(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """What the file of conversations says otherwise than clients and issues of highlevel-api-docs report."""
    if "SendMessageBodyDto" not in schemas:
        return
    # Nobody sends these two, and the answer has no status.
    schemas["SendMessageBodyDto"]["required"] = ["type", "contactId"]
    schemas["SendMessageResponseDto"]["required"] = ["conversationId", "messageId"]
    # An export's last page says null.
    schemas["ExportMessagesResponseDto"]["properties"]["nextCursor"]["nullable"] = True
    # The list is nested in a list's object (issue 54).
    flat = {"$ref": "#/components/schemas/GetMessagesByConversationResponseDto"}
    nested = {"type": "object", "required": ["messages"], "properties": {"messages": flat}}
    listed = document["paths"]["/conversations/{conversationId}/messages"]["get"]["responses"]["200"]
    listed["content"]["application/json"]["schema"] = {"anyOf": [flat, nested]}
    # Sending answers 201 too, and 422 for a message without content.
    sent = document["paths"]["/conversations/messages"]["post"]["responses"]
    sent["201"], sent["422"] = sent["200"], {}


def _operation(document: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    matches = []
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if method.lower() in operations and re.fullmatch(pattern, path):
            matches.append((template.count("{"), template, operations[method.lower()]))
    return min(matches, key=lambda match: match[:2])[2] if matches else None


def _parameters(operation: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in operation.get("parameters", []) if one["in"] == place}


def _headers(operation: dict[str, Any], request: httpx.Request) -> list[str]:
    version = _parameters(operation, "header").get("Version")
    if version is None:
        return []
    allowed = version["schema"].get("enum", [])
    sent = request.headers.get("Version")
    return [] if sent in allowed else [f"Version is {sent}, not one of {allowed}"]


def _query(operation: dict[str, Any], request: httpx.Request) -> list[str]:
    known = _parameters(operation, "query")
    sent = dict(request.url.params)
    wrong = [f"unknown query parameter {name}" for name in sent if name not in known]
    return wrong + [
        f"query parameter {name} is missing"
        for name in known
        if known[name].get("required") and name not in sent
    ]


def _body(document: dict[str, Any], operation: dict[str, Any], request: httpx.Request) -> list[str]:
    schema = _json_schema(operation.get("requestBody", {}))
    if schema is None:
        return [] if not request.content else ["a body where none is documented"]
    body = json.loads(request.content)
    wrong = _errors(document, schema, body)
    known = _resolve(document, schema).get("properties", {})
    # The files never say that further properties are forbidden, and the real API refuses them.
    if known and isinstance(body, dict):
        wrong += [f"unknown property {name}" for name in body if name not in known]
    return wrong


def _response(document: dict[str, Any], operation: dict[str, Any], response: httpx.Response) -> list[str]:
    documented = operation["responses"].get(str(response.status_code))
    if documented is None:
        known = response.status_code in UNDOCUMENTED_STATUSES
        return [] if known else [f"status {response.status_code} is not documented"]
    schema = _json_schema(documented)
    return [] if schema is None else _errors(document, schema, response.json())


def _json_schema(part: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = part.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    resolved: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return resolved


def _errors(document: dict[str, Any], schema: dict[str, Any], instance: Any) -> list[str]:
    validator = OAS30Validator({**schema, "components": document["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
