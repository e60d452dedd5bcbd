"""The OpenAPI 3.1 description of the intake. Field names and bounds come from the code that enforces them.

The card form (`/c/…`) is for people and stands not in it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ghl.cards.fields import LINES, MAX_INTEREST, MAX_PRAYER, CardFields
from ghl.intake import problems
from ghl.intake.problems import Problem
from ghl.statuses import CardStatus

JSON = "application/json"


async def describe(_request: Request) -> Response:
    """`GET /openapi.json`."""
    return Response(orjson.dumps(description()), media_type=JSON)


@cache
def description() -> Mapping[str, Any]:
    """The description as a JSON object."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Church Connect Hub: cards from other systems, and events from GoHighLevel",
            "version": "1",
            "description": "A card is saved before it is answered. It goes to GoHighLevel afterwards, by itself.",
        },
        "paths": {
            "/api/v1/cards": {"post": _post_card()},
            "/api/v1/cards/{id}": {"get": _get_card()},
            "/webhooks/ghl": {"post": _post_app_event()},
            "/webhooks/workflow/{public_id}": {"post": _post_workflow_event()},
            "/healthz": {"get": _health("healthz", "Whether the process lives", "Alive")},
            "/readyz": {"get": _health("readyz", "Whether cards can be saved now", "Ready")},
        },
        "components": {
            "securitySchemes": {
                "sourceKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A source key of the church, which begins with hubk_.",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-GHL-Signature",
                    "description": "Ed25519 over the bytes of the body, in base64. GoHighLevel makes it.",
                },
                "workflowSecret": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Hub-Secret",
                    "description": "The secret of the church, which begins with hubw_.",
                },
            },
            "schemas": {
                "Card": card_schema(),
                "Saved": _saved(),
                "Standing": _standing(),
                "Event": _event(),
                "WorkflowEvent": _workflow_event(),
                "Received": _word("received"),
                "Problem": _problem(),
                "Alive": _word("alive"),
                "Ready": _word("ready"),
            },
        },
    }


def card_schema() -> dict[str, Any]:
    """A card as JSON. Every name that is not listed is one of the church's own questions."""
    made = CardFields.model_json_schema()
    fields = made["properties"]
    answers = fields.pop("custom_answers")
    fields["prayer_request"] = {"type": "string", "default": "", "maxLength": MAX_PRAYER}
    for name, field in fields.items():
        field.pop("title", None)
        if field.get("type") == "string":
            field["type"] = ["string", "null"]
            if name in LINES:
                field["description"] = "May have several lines."
    fields["interests"]["items"]["maxLength"] = MAX_INTEREST
    return {
        "type": "object",
        "description": "One card. It needs a name, a phone or an e-mail address. All else may be left out.",
        "properties": fields,
        "additionalProperties": {
            "description": answers["description"],
            "type": ["string", "number", "boolean", "null", "array"],
        },
        "examples": [
            {
                "first_name": "Anna",
                "last_name": "Lee",
                "phone": "(615) 555-0142",
                "email": "anna@example.org",
                "visit_date": "2026-11-22",
                "interests": ["Small group", "Choir"],
                "sms_consent": True,
                "consent_wording": "Yes, you may text me.",
                "How did you hear about us?": "A friend",
            }
        ],
    }


def _post_card() -> dict[str, Any]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Recommended: a new UUID for each card. Sent again with the same card within 30 days, it "
        "gets the same answer and makes no second card.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }
    return {
        "operationId": "createCard",
        "summary": "Save a card",
        "security": [{"sourceKey": []}],
        "parameters": [key],
        "requestBody": {"required": True, "content": _content("Card")},
        "responses": {
            "202": {
                "description": "The card is saved. The same card sent before is found again: duplicate is true.",
                "content": _content("Saved"),
                "headers": {
                    "Location": {"description": "Where its status is.", "schema": {"type": "string"}},
                    "Idempotency-Replayed": {
                        "description": "There when this request was answered before.",
                        "schema": {"const": "true"},
                    },
                },
            },
            **_problems(400, 401, 408, 413, 415, 422, 429, 500, 503),
        },
    }


def _get_card() -> dict[str, Any]:
    return {
        "operationId": "readCard",
        "summary": "Where a card stands, and why",
        "security": [{"sourceKey": []}],
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            }
        ],
        "responses": {
            "200": {"description": "Where the card stands.", "content": _content("Standing")},
            **_problems(401, 404, 429, 500, 503),
        },
    }


def _post_app_event() -> dict[str, Any]:
    return {
        "operationId": "receiveEvent",
        "summary": "An event of a GoHighLevel app",
        "description": "It is stored as it came and answered; what follows from it is done afterwards. The same "
        "webhookId, or the same header deliveryId where there is none, is one event. An event of a location that no "
        "church here is connected to, and one of a type that nothing is done about, gets the same answer.",
        "security": [{"signature": []}],
        "requestBody": {"required": True, "content": _content("Event")},
        "responses": {
            "200": {"description": "The event is stored.", "content": _content("Received")},
            **_problems(400, 401, 408, 413, 500, 503),
        },
    }


def _post_workflow_event() -> dict[str, Any]:
    return {
        "operationId": "receiveWorkflowEvent",
        "summary": "What a workflow of the church says",
        "description": "A hint: it may stop texts at once, and never permits any.",
        "security": [{"workflowSecret": []}],
        "parameters": [
            {
                "name": "public_id",
                "in": "path",
                "required": True,
                "description": "The public id of the church. The page Connection shows the whole address.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {"required": True, "content": _content("WorkflowEvent")},
        "responses": {
            "200": {"description": "The event is stored.", "content": _content("Received")},
            **_problems(400, 401, 403, 408, 413, 429, 500, 503),
        },
    }


def _event() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "GoHighLevel's own form. Whatever else stands in it is kept.",
        "properties": {
            "type": {"type": "string"},
            "locationId": {"type": "string"},
            "webhookId": {"type": "string"},
            "timestamp": {"type": ["string", "integer"]},
        },
    }


def _workflow_event() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What GoHighLevel's action Webhook sends. Whatever else stands in it is kept.",
        "required": ["contact_id", "location"],
        "properties": {
            "contact_id": {"type": "string"},
            "location": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "message": {
                "type": ["object", "string"],
                "description": "What the person wrote, where they did.",
            },
            "customData": {"type": "object"},
        },
        "examples": [{"contact_id": "nmFmQEsNgz6AVpgLVUJ0", "location": {"id": "ve9EPM428h8vShlRW1KT"}}],
    }


def _health(operation: str, summary: str, schema: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": "It does.", "content": _content(schema)}, **_problems(503)},
    }


def _content(schema: str) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _problems(*statuses: int) -> dict[str, Any]:
    """The responses for these statuses, each with the titles of its problems."""
    found: dict[str, Any] = {}
    for status in statuses:
        titles = [problem.title for problem in Problem if problem.status == status]
        headers = {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}
        found[str(status)] = {
            "description": ". ".join(titles) + ".",
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            **({"headers": headers} if status in {429, 503} else {}),
        }
    return found


def _saved() -> dict[str, Any]:
    return _object(
        id={"type": "string", "format": "uuid"},
        status=_status(),
        number={"type": "integer", "minimum": 1, "description": "The card's number in its church."},
        duplicate={"type": "boolean", "description": "The same card was there already; nothing was added."},
    )


def _standing() -> dict[str, Any]:
    moment = {"type": ["string", "null"], "format": "date-time"}
    return _object(
        id={"type": "string", "format": "uuid"},
        number={"type": "integer", "minimum": 1},
        status=_status(),
        why={"type": "string", "description": "A sentence for people; its words may change."},
        tries={"type": "integer", "minimum": 0, "description": "How often sending it was begun."},
        attempts={"type": "integer", "minimum": 0, "description": "Tries that GoHighLevel answered, of 8."},
        received_at={"type": "string", "format": "date-time"},
        next_try_at=moment,
        synced_at=moment,
    )


def _problem() -> dict[str, Any]:
    schema = _object(
        type={"type": "string", "format": "uri-reference", "enum": [problem.type for problem in Problem]},
        title={"type": "string"},
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail={"type": "string"},
        instance={"type": "string", "format": "uri-reference"},
        errors={"type": "array", "items": _object(field={"type": "string"}, message={"type": "string"})},
    )
    schema["required"].remove("errors")
    schema["description"] = "RFC 9457."
    return schema


def _status() -> dict[str, Any]:
    return {"type": "string", "enum": [str(status) for status in CardStatus]}


def _word(word: str) -> dict[str, Any]:
    return _object(status={"const": word})


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
