"""The description that is served, held against what the intake really answers."""

import pytest
from openapi_schema_validator import OAS31Validator

from ghl.cards.fields import COLUMNS
from ghl.intake.openapi import card_schema, description

CARD = {"first_name": "Anna", "last_name": "Lee", "email": "anna@example.org", "Favourite hymn": 7}


def described(response, method, path):
    """Asserts that the description allows this answer."""
    spec = description()
    answers = spec["paths"][path][method]["responses"]
    answer = answers[str(response.status_code)]
    media_type = response.headers["content-type"]
    schema = {**answer["content"][media_type]["schema"], "components": spec["components"]}
    OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).validate(response.json())
    for name, header in answer.get("headers", {}).items():
        if name in response.headers:
            OAS31Validator(header["schema"]).validate(response.headers[name])
    return response


def test_it_is_served_and_valid(intake):
    served = intake.client.get(f"{intake.url}/openapi.json")

    assert served.headers["content-type"] == "application/json"
    assert served.json() == description()
    for schema in served.json()["components"]["schemas"].values():
        OAS31Validator.check_schema(schema)


def test_every_answer_is_as_described(intake, grace, hope):
    cards, card = "/api/v1/cards", "/api/v1/cards/{id}"
    saved = described(intake.send(grace, CARD, **{"Idempotency-Key": "k"}), "post", cards)
    described(intake.send(grace, CARD, **{"Idempotency-Key": "k"}), "post", cards)
    described(intake.send(grace, {**CARD, "adult": "?"}), "post", cards)
    described(intake.send(grace, {**CARD, "adult": True}, **{"Idempotency-Key": "k"}), "post", cards)
    described(intake.send(grace, CARD, **{"Idempotency-Key": "a b"}), "post", cards)
    described(intake.send(grace, CARD, **{"Content-Type": "text/plain"}), "post", cards)
    described(intake.send(grace, {**CARD, "notes": "x" * 70_000}), "post", cards)
    described(intake.client.post(intake.url + cards, json=CARD), "post", cards)
    described(intake.read(grace, saved.json()["id"]), "get", card)
    described(intake.read(hope, saved.json()["id"]), "get", card)
    for path in ("/healthz", "/readyz"):
        described(intake.client.get(intake.url + path), "get", path)


def test_the_routes_and_the_description_name_the_same(database):
    from ghl.clock import SystemClock
    from ghl.intake.app import create_app

    app = create_app(database=database, clock=SystemClock(), on_saved=lambda _church: None)
    # The card form is for people, not for programs.
    paths = {route.path for route in app.routes if not route.path.startswith("/c/")}

    assert set(description()["paths"]) == paths - {"/openapi.json", "/problems/{slug}"}


def test_the_card_has_every_column_and_its_example_is_taken(intake, grace):
    schema = card_schema()
    [example] = schema["examples"]

    assert set(schema["properties"]) == set(COLUMNS)
    OAS31Validator(schema).validate(example)
    assert intake.send(grace, example).status_code == 202


@pytest.mark.parametrize("bad", [{"adult": "?"}, {"first_name": "A" * 101}, {"interests": "A;B", "x": {}}])
def test_what_the_description_forbids_is_told_by_it(bad):
    assert not OAS31Validator(card_schema()).is_valid({**CARD, **bad})
