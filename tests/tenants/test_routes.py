"""Every HTTP route of the web and of the intake, with another church's ids and keys."""

import re

import httpx
import pytest
from starlette.routing import Route

from dashboard.scripts import script_routes
from dashboard.sign_in import sign_in_routes
from ghl.clock import SystemClock
from ghl.intake.app import create_app
from tests.intake.conftest import running
from tests.tenants.conftest import SIGN

INTAKE = {
    "/healthz": "of no church",
    "/readyz": "of no church",
    "/openapi.json": "of no church",
    "/problems/{slug}": "names of problems",
    "/api/v1/cards": "tried below",
    "/api/v1/cards/{id}": "tried below",
    "/c/{public_id}": "open to everybody; tried below with the id of a church, which is not its public one",
    "/c/{public_id}/thanks": "the same",
    "/c/{public_id}/print": "the same",
}
WEB = {
    "/sign-in": "a secret for one person; of no church",
    "/sign-out": "the cookie's own session",
    "/assets/keys-{version}.js": "a file",
}


@pytest.fixture
def app(database):
    return create_app(database=database, clock=SystemClock(), on_saved=lambda _: None)


@pytest.fixture
def intake(database):
    with running(database) as there, httpx.Client(base_url=there.url, timeout=30, trust_env=False) as client:
        yield client


def paths(routes):
    return {route.path for route in routes if isinstance(route, Route)}


def test_no_route_is_forgotten(app):
    """A new one fails here until it is tried, or has its reason above."""
    assert paths(app.routes) == set(INTAKE)
    assert paths([*sign_in_routes(lambda: None, https=False), *script_routes()]) == set(WEB)


def told(answer, *mine):
    body = answer.text
    for said in mine:
        body = body.replace(str(said), "ID")
    body = re.sub(r"/requests/[0-9a-f-]{36}", "/requests/ID", body)
    hidden = {"date", "x-request-id", "content-length", "etag"}
    headers = {key: value for key, value in answer.headers.items() if key not in hidden}
    return answer.status_code, headers, body


def test_another_churchs_card(world, intake, snapshot):
    ours = {"Authorization": f"Bearer {world.source_key}"}
    before = snapshot()
    answers = {}
    for whose, ids in world.ids.items():
        answers[whose] = told(intake.get(f"/api/v1/cards/{ids.card}", headers=ours), ids.card)
    assert answers["theirs"] == answers["nobody's"]
    assert answers["theirs"][0] == 404
    assert answers["own"][0] == 200
    assert SIGN not in str(answers)
    assert snapshot() == before


def test_another_churchs_idempotency_key_and_card(world, intake, sql):
    """What hope sent under a key is no answer for grace, and the same person at hope is no duplicate."""
    key = {"Idempotency-Key": "one-key"}
    card = {"first_name": SIGN, "last_name": SIGN, "email": f"{SIGN.lower()}@hope.example.org"}
    sql(
        "INSERT INTO idempotency_keys (source_key_id, key, church_id, body_hash, answer)"
        " VALUES (:id, 'one-key', :c, 'x', '{\"status\": 202, \"body\": \"hope\"}')",
        id=world.ids["theirs"].key,
        c=world.hope,
    )
    ours = {"Authorization": f"Bearer {world.source_key}"}
    first = intake.post("/api/v1/cards", json=card, headers=ours | key)
    assert first.status_code == 202
    assert "Idempotency-Replayed" not in first.headers
    found = sql("SELECT church_id FROM cards WHERE id = :id", id=first.json()["id"])
    assert [row.church_id for row in found] == [world.grace]


@pytest.mark.parametrize("way", ["GET /c/{}", "POST /c/{}", "GET /c/{}/thanks", "GET /c/{}/print"])
def test_a_form_is_found_by_its_public_id_alone(world, intake, snapshot, way):
    method, path = way.split()
    before = snapshot()
    theirs = world.ids["theirs"]
    wrong = [world.hope, theirs.slug, theirs.card, theirs.user, theirs.key]
    answers = [
        told(
            intake.request(
                method, path.format(one), data={"first_name": "Zoe"} if method == "POST" else None
            ),
            one,
        )
        for one in (*wrong, "nobody-has-this1")
    ]
    assert all(answer == answers[-1] for answer in answers)
    assert answers[-1][0] == 404
    assert snapshot() == before
