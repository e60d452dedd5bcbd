"""The simulator's answers against GoHighLevel's own OpenAPI files."""

import httpx
import pytest

from tests.support.ghl_openapi import complaints, needs_openapi

pytestmark = needs_openapi


@pytest.fixture
def checked(sim):
    """A client whose every exchange is checked on the way."""
    wrong = []

    def check(response: httpx.Response) -> None:
        response.read()
        wrong.extend(complaints(response.request, response))

    headers = {"Authorization": f"Bearer {sim.token()}", "Version": "2021-07-28"}
    hooks = {"response": [check]}
    with httpx.Client(base_url=sim.url, headers=headers, event_hooks=hooks, trust_env=False) as client:
        yield client
    assert wrong == []


def test_everything_a_contact_can_go_through(checked, location, sim):
    fields = {field.name: field.id for field in sim.state.locations[location].custom_fields.values()}
    body = {
        "locationId": location,
        "firstName": "Rosan",
        "lastName": "Deo",
        "email": "rosan@deos.example",
        "phone": "+1 888-888-8888",
        "address1": "3535 1st St N",
        "city": "Dolomite",
        "state": "AL",
        "postalCode": "35061",
        "country": "US",
        "website": "https://deos.example",
        "timezone": "America/Chicago",
        "dateOfBirth": "1990-09-25",
        "source": "connect card",
        "companyName": "Deo",
        "gender": "male",
        "dnd": False,
        "dndSettings": {"SMS": {"status": "inactive"}},
        "inboundDndSettings": {"all": {"status": "inactive"}},
        "tags": ["guest"],
        "customFields": [
            {"id": fields["Prayer request"], "field_value": "Peace"},
            {"id": fields["Interests"], "field_value": ["Kids", "Music"]},
            {"id": fields["Children"], "field_value": 2},
        ],
    }
    created = checked.post("/contacts/", json=body)
    assert created.status_code == 201
    path = f"/contacts/{created.json()['contact']['id']}"
    assert checked.post("/contacts/", json=body).status_code == 400
    assert (
        checked.post("/contacts/upsert", json={**body, "createNewIfDuplicateAllowed": False}).status_code
        == 200
    )
    assert checked.get(path).status_code == 200
    assert checked.put(
        path, json={"lastName": "Deo-Lee", "dndSettings": {"Email": {"status": "active"}}}
    ).is_success
    assert checked.post(f"{path}/tags", json={"tags": ["choir"]}).status_code == 201
    assert checked.request("DELETE", f"{path}/tags", json={"tags": ["choir"]}).status_code == 200
    assert checked.post("/contacts/search", json={"locationId": location, "pageLimit": 20}).status_code == 200
    duplicate = {"locationId": location, "email": "rosan@deos.example", "number": "+18888888888"}
    assert checked.get("/contacts/search/duplicate", params=duplicate).status_code == 200
    assert checked.get("/contacts/", params={"locationId": location, "limit": 5}).status_code == 200
    assert checked.delete(path).status_code == 200
    assert checked.get(path).status_code == 400
    assert checked.get(f"/locations/{location}").status_code == 200
    assert checked.get(f"/locations/{location}/customFields", params={"model": "contact"}).status_code == 200
    assert checked.get(f"/locations/{location}/tags").status_code == 200
    assert checked.get("/locations/nowhere").status_code == 403


def test_refusals_have_the_documented_shape(checked, location):
    checked.headers["Authorization"] = "Bearer x"
    assert checked.get(f"/locations/{location}").status_code == 401
    assert checked.post("/contacts/", json={"locationId": location}).status_code == 401


def test_the_check_itself_finds_mistakes(api, location):
    """A check that passes everything would prove nothing."""
    answer = api.post("/contacts/", json={"locationId": location, "nonsense": 1}, headers={"Version": "v3"})
    assert [sentence.split(": ", 1)[1] for sentence in complaints(answer.request, answer)] == [
        "Version is v3, not one of ['2021-07-28']",
        "unknown property nonsense",
    ]
    answer = api.post("/contacts/", json={"firstName": 1})
    assert len(complaints(answer.request)) == 2
    wrong = httpx.Response(201, json={"contact": {"id": 7}}, request=answer.request)
    assert any("$.contact.id" in sentence for sentence in complaints(answer.request, wrong))
