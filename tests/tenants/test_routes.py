"""Every HTTP route of the web and of the intake, with another church's ids and keys."""

import asyncio
import re

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard import services
from dashboard.cookies import Cookies
from dashboard.doors import Doors
from dashboard.scripts import script_routes
from dashboard.sign_in import sign_in_routes
from ghl.clock import SystemClock
from ghl.config import load_settings
from ghl.intake.app import create_app
from ghl.people.invite import invite
from ghl.people.oidc.provider import Provider, ProviderSettings
from ghl.people.sessions import current
from ghl.people.team import add_member, members
from ghl.statuses import Role
from tests.intake.conftest import running
from tests.tenants.conftest import SIGN, TEAM_SIGN

HUB = "http://hub.example"
INTAKE = {
    "/healthz": "of no church",
    "/readyz": "of no church",
    "/openapi.json": "of no church",
    "/problems/{slug}": "names of problems",
    "/api/v1/cards": "tried below",
    "/api/v1/cards/{id}": "tried below",
    "/webhooks/ghl": "the location of a signed event is the church: tests/webhooks/test_receiving.py",
    "/webhooks/workflow/{public_id}": "tried there with another church's secret, public id and location",
    "/c/{public_id}": "open to everybody; tried below with the id of a church, which is not its public one",
    "/c/{public_id}/thanks": "the same",
    "/c/{public_id}/print": "the same",
}
WEB = {
    "/sign-in": "a secret for one person; tried below with a link that one church made for another one's person",
    "/sign-in/mail": "tried below with another church's people",
    "/sign-in/account": "sends to the provider; takes a path of ours alone, tried below",
    "/sign-in/account/back": "of no church: what it brings back is of one person (tests/web/test_oidc_routes.py)",
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


@pytest.fixture
def web(settings_in_environment):
    """One request to the routes of signing in, as a browser without cookies sends it; to any way out is not gone."""
    routes = sign_in_routes(
        services.container,
        cookies=Cookies(load_settings(public_url=HUB)),
        doors=Doors(services.container, slow_seconds=0),
        mails=True,
    )

    def web(method, path, **how):
        async def ask():
            transport = httpx.ASGITransport(Starlette(routes=routes))
            async with httpx.AsyncClient(transport=transport, base_url=HUB) as client:
                return await client.request(method, path, headers={"Origin": HUB}, **how)

        return asyncio.run(ask())

    return web


def paths(routes):
    return {route.path for route in routes if isinstance(route, Route)}


def test_no_route_is_forgotten(app):
    """A new one fails here until it is tried, or has its reason above."""
    assert paths(app.routes) == set(INTAKE)
    settings = load_settings(public_url=HUB)
    provider = Provider(
        ProviderSettings(issuer="https://accounts.example", client_id="hub", client_secret=SecretStr("x")),
        redirect_uri=f"{HUB}/sign-in/account/back",
        clock=SystemClock(),
    )
    every_way = sign_in_routes(
        services.container,
        cookies=Cookies(settings),
        doors=Doors(services.container),
        provider=provider,
        mails=True,
    )
    assert paths([*every_way, *script_routes()]) == set(WEB)


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


def test_who_asks_for_a_link_learns_of_nobody(world, web, sql):
    """Another church's people, one's own, and nobody: the same answer, and the same row."""
    addresses = ["ruth@hope.example.org", "ruth@grace.example.org", "nobody@example.org"]
    answers = [told(web("POST", "/sign-in/mail", data={"email": one}), one) for one in addresses]
    assert answers[0][0] == 200
    assert answers[0] == answers[1] == answers[2]
    rows = sql("SELECT kind, user_id, church_id, next_path, actor FROM mails")
    assert len(rows) == len(addresses)
    assert len(set(map(tuple, rows))) == 1


def test_where_somebody_lands_says_nothing_of_another_church(world, web):
    """The way in takes another church's ids as it takes any: the page they lead to asks who comes."""
    answers = [
        told(web("GET", "/sign-in", params={"next": f"/card?number={ids.number}"}), ids.number)
        for ids in (world.ids["theirs"], world.ids["nobody's"])
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


def test_a_link_that_one_church_made_for_another_ones_person(database, world, web):
    """Grace lets hope's admin into its team and copies the link: it opens grace alone, and tells nothing of hope."""
    theirs = world.ids["theirs"]
    told_of = []
    for email in ("ruth@hope.example.org", "nobody@example.org"):
        let_in = add_member(
            database,
            world.grace,
            name="Somebody",
            email=email,
            role=Role.VIEWER,
            reads_prayers=False,
            actor=world.reader.actor,
        )
        (member,) = (one for one in members(database, world.grace) if one.user_id == let_in)
        told_of.append((member.name, member.role, member.reads_prayers, member.seen_at))
        link = invite(
            database,
            user_id=let_in,
            church_id=world.grace,
            public_url=HUB,
            smtp=None,
            clock=SystemClock(),
            actor=world.reader.actor,
        )
        answer = web("POST", "/sign-in", data={"t": link.url.partition("t=")[2]})
        assert answer.status_code in (200, 303), answer.text
        (cookie,) = answer.cookies.jar
        here = current(database, cookie.value, clock=SystemClock())
        told_of.append((here.name, here.is_ops, [one.church_id for one in here.churches]))
    assert told_of[:2] == told_of[2:]
    assert told_of[1][2] == [world.grace]
    assert TEAM_SIGN not in str(told_of)
    assert theirs.user in {one.user_id for one in members(database, world.grace)}
