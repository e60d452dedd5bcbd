"""The gate: token, Version header, scope, location, in this order and in GoHighLevel's words."""

import httpx
import pytest

from ghl.simulator.tokens import RealTokenError, fake_token

DAY = 24 * 3600


def body(answer):
    """Status and body without the trace id, which every answer has."""
    content = answer.json()
    assert content.pop("traceId")
    return answer.status_code, content


UNKNOWN = (401, {"statusCode": 401, "message": "Invalid Private Integration token"})


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer pit-00000000-0000-4000", "Basic abc", f"Bearer {fake_token(1)}x", "Bearer pit-x"],
)
def test_what_has_no_tokens_shape(api, location, header):
    answer = api.get(f"/locations/{location}", headers={"Authorization": header})
    assert body(answer) == (401, {"statusCode": 401, "message": "Invalid JWT"})


def test_an_unknown_token(api, location):
    answer = api.get(f"/locations/{location}", headers={"Authorization": f"Bearer {fake_token(99)}"})
    assert body(answer) == UNKNOWN


def test_the_version_header(api, location, sim):
    headers = {"Authorization": f"Bearer {sim.token()}"}
    missing = httpx.get(f"{sim.url}/locations/{location}", headers=headers, trust_env=False)
    assert body(missing) == (
        401,
        {"statusCode": 401, "message": "version header was not found.", "error": "Error"},
    )
    wrong = api.get(f"/locations/{location}", headers={"Version": "2020-01-01"})
    assert body(wrong) == (401, {"statusCode": 401, "message": "version header is invalid", "error": "Error"})
    sim.state.change_location(location, error_key="status")
    wrong = api.get(f"/locations/{location}", headers={"Version": "2020-01-01"})
    assert body(wrong) == (401, {"status": 401, "message": "version header is invalid", "error": "Error"})
    for version in ("v3", "2023-02-21", "2021-07-28", "2021-04-15"):
        assert api.get(f"/locations/{location}", headers={"Version": version}).status_code == 200


def test_a_scope_that_is_not_ticked(api, location, sim):
    token = sim.state.add_token(location, scopes=["locations.readonly"])
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get(f"/locations/{location}", headers=headers).status_code == 200
    answer = api.get(f"/locations/{location}/customFields", headers=headers)
    expected = "The token is not authorized for this scope."
    assert body(answer) == (401, {"statusCode": 401, "message": expected, "error": "Unauthorized"})


def test_the_tokens_of_an_agency_pass_the_location_test_and_nothing_else(api, location, sim):
    headers = {"Authorization": f"Bearer {sim.state.add_token(None)}"}
    assert api.get(f"/locations/{location}", headers=headers).status_code == 200
    for path in (
        f"/locations/{location}/customFields",
        f"/contacts/search/duplicate?locationId={location}&email=a",
    ):
        answer = api.get(path, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, "Token's user type mismatch!")


def test_another_location(api, sim):
    sim.state.add_location("otherLocation0000001")
    theirs = sim.state.add_contact("otherLocation0000001", firstName="Zoe")
    refused = (403, {"statusCode": 403, "message": "The token does not have access to this location."})
    assert body(api.get("/locations/otherLocation0000001")) == refused
    assert body(api.get("/locations/nowhere")) == refused
    assert body(api.get(f"/contacts/{theirs}")) == refused
    assert body(api.post("/contacts/", json={"locationId": "otherLocation0000001"})) == refused
    sim.state.change_location(sim.location_id, wrong_location_as_401=True)
    answer = api.get("/locations/otherLocation0000001")
    assert (answer.status_code, answer.json()["message"]) == (
        401,
        "This location is not accessible from this token!",
    )


def test_no_location_at_all(api):
    answer = api.post("/contacts/", json={"firstName": "Ann"})
    assert answer.status_code == 422
    assert "locationId should not be empty" in answer.json()["message"]


def test_the_order_of_the_checks(api, location, sim):
    """Everything is wrong at first; each mend shows the next complaint."""
    weak = sim.state.add_token(location, scopes=[])
    call = ("POST", "/contacts/")
    wrong = {"locationId": "elsewhere"}
    seen = [
        api.request(*call, json=wrong, headers={"Authorization": f"Bearer {fake_token(77)}", "Version": "x"}),
        api.request(*call, json=wrong, headers={"Authorization": f"Bearer {weak}", "Version": "x"}),
        api.request(*call, json=wrong, headers={"Authorization": f"Bearer {weak}"}),
        api.request(*call, json=wrong),
        api.request(*call, json={"locationId": location, "nonsense": 1}),
    ]
    assert [(answer.status_code, str(answer.json()["message"])[:26]) for answer in seen] == [
        (401, "Invalid Private Integratio"),
        (401, "version header is invalid"),
        (401, "The token is not authorize"),
        (403, "The token does not have ac"),
        (422, "['property nonsense should"),
    ]


def test_rotation_leaves_both_tokens_for_seven_days(api, location, sim, clock):
    old = sim.token()
    new = sim.state.rotate_token(old)

    def statuses():
        return [
            api.get(f"/locations/{location}", headers={"Authorization": f"Bearer {token}"}).status_code
            for token in (old, new)
        ]

    clock.go_on(7 * DAY - 1)
    assert statuses() == [200, 200]
    clock.go_on(1)
    assert statuses() == [401, 200]
    newest = sim.state.rotate_token(new, expire_now=True)
    assert statuses() == [401, 401]
    assert api.get(f"/locations/{location}", headers={"Authorization": f"Bearer {newest}"}).status_code == 200


def test_revoked_and_restored(api, location, sim):
    sim.state.revoke_token(sim.token())
    assert body(api.get(f"/locations/{location}")) == UNKNOWN
    sim.state.restore_token(sim.token())
    assert api.get(f"/locations/{location}").status_code == 200


def test_a_token_that_may_be_real_is_refused_and_not_repeated(sim, location):
    real = "pit-8c1f2a3b-1111-4222-8333-123456789abc"
    with pytest.raises(RealTokenError) as caught:
        sim.state.add_token(location, real)
    assert "8c1f" not in str(caught.value)
    assert sim.state.tokens.find(real) is None


def test_paths_that_there_are_not(api):
    answer = api.get("/opportunities/")
    assert body(answer) == (
        404,
        {"statusCode": 404, "message": "Cannot GET /opportunities/", "error": "Not Found"},
    )
    assert api.request("PATCH", "/contacts/").status_code == 404
