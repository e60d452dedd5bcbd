"""Tags, custom fields and do-not-disturb: the three lists on a contact, each with rules of its own."""

import pytest


@pytest.fixture
def ann(sim, location):
    return sim.state.add_contact(location, firstName="Ann", tags=["Member"])


def fields(sim, location):
    return {field.name: field.id for field in sim.state.locations[location].custom_fields.values()}


def values(answer):
    return {item["id"]: item["value"] for item in answer.json()["contact"]["customFields"]}


def test_tags_are_added_and_removed_in_lower_case(api, sim, location, ann):
    added = api.post(f"/contacts/{ann}/tags", json={"tags": ["Choir", "MEMBER"]})
    assert (added.status_code, added.json()["tags"]) == (201, ["member", "choir"])
    removed = api.request("DELETE", f"/contacts/{ann}/tags", json={"tags": ["Member", "nobody"]})
    assert (removed.status_code, removed.json()["tags"]) == (200, ["choir"])
    listed = api.get(f"/locations/{location}/tags").json()["tags"]
    assert [tag["name"] for tag in listed] == ["member", "choir"]
    assert {tag["locationId"] for tag in listed} == {location}


@pytest.mark.parametrize("body", [{}, {"tags": "vip"}, {"tags": [1]}, {"tags": ["a"], "more": 1}])
def test_tags_of_a_wrong_shape(api, ann, body):
    assert api.post(f"/contacts/{ann}/tags", json=body).status_code == 422


def test_custom_fields_are_listed(api, location):
    listed = api.get(f"/locations/{location}/customFields", params={"model": "contact"}).json()[
        "customFields"
    ]
    service = next(field for field in listed if field["name"] == "Service")
    assert service["fieldKey"] == "contact.service"
    assert service["dataType"] == "SINGLE_OPTIONS"
    assert "Sunday 9 am" in service["picklistOptions"]
    none = api.get(f"/locations/{location}/customFields", params={"model": "opportunity"}).json()[
        "customFields"
    ]
    assert none == []
    assert api.get(f"/locations/{location}/customFields?model=other").status_code == 422


def test_custom_values_go_in_by_id_or_key_and_come_out_by_id(api, sim, location, ann):
    known = fields(sim, location)
    answer = api.put(
        f"/contacts/{ann}",
        json={
            "customFields": [
                {"id": known["Prayer request"], "field_value": "For my mother"},
                {"key": "service", "field_value": "Sunday 9 am"},
                {"id": known["Interests"], "field_value": ["Kids", "Music", "Chess"]},
                {"id": known["Children"], "field_value": "2"},
            ]
        },
    )
    assert values(answer) == {
        known["Prayer request"]: "For my mother",
        known["Service"]: "Sunday 9 am",
        known["Interests"]: ["Kids", "Music"],
        known["Children"]: 2,
    }
    cleared = api.put(
        f"/contacts/{ann}", json={"customFields": [{"id": known["Service"], "field_value": ""}]}
    )
    assert known["Service"] not in values(cleared)
    assert known["Interests"] in values(cleared)


def test_unknown_fields_and_options_are_ignored_without_a_word(api, sim, location, ann):
    known = fields(sim, location)
    items = [
        {"id": "noSuchField", "field_value": "x"},
        {"id": known["Campus"], "field_value": "Mars"},
        {"id": known["Children"], "field_value": "many"},
        {"id": known["Prayer request"]},
    ]
    answer = api.put(f"/contacts/{ann}", json={"customFields": items})
    assert answer.status_code == 200
    assert values(answer) == {}
    sim.state.change_location(location, refuse_unknown_fields=True)
    for item in items[:3]:
        assert api.put(f"/contacts/{ann}", json={"customFields": [item]}).status_code == 400


def test_a_removed_field_is_no_longer_known(api, sim, location, ann):
    campus = fields(sim, location)["Campus"]
    sim.state.remove_custom_field(location, campus)
    item = {"id": campus, "field_value": "Downtown"}
    assert values(api.put(f"/contacts/{ann}", json={"customFields": [item]})) == {}


def test_dnd_in_both_dialects(api, sim, ann):
    sms = {"status": "active", "message": "asked by mail"}
    dated = api.put(f"/contacts/{ann}", json={"dnd": False, "dndSettings": {"SMS": sms}})
    assert dated.json()["contact"]["dndSettings"] == {"SMS": sms}
    v3 = {"Version": "v3"}
    assert api.get(f"/contacts/{ann}", headers=v3).json()["contact"]["dndSettings"] == {"sms": sms}
    mail = {"status": "inactive"}
    changed = api.put(f"/contacts/{ann}", json={"dndSettings": {"email": mail}}, headers=v3).json()
    assert changed["succeeded"] is True
    assert sim.state.contact(ann)["dndSettings"] == {"SMS": sms, "Email": mail}


@pytest.mark.parametrize(
    "settings",
    [
        {"sms": {"status": "active"}},
        {"SMS": {"status": "on"}},
        {"SMS": "active"},
        {"SMS": {"status": "active", "x": 1}},
    ],
)
def test_dnd_of_a_wrong_shape(api, ann, settings):
    assert api.put(f"/contacts/{ann}", json={"dndSettings": settings}).status_code == 422


def test_stop_cannot_be_taken_back_by_the_api(api, sim, location):
    stop = {"status": "permanent", "message": "STOP_KEYWORD"}
    contact = sim.state.add_contact(location, firstName="Ann", dndSettings={"SMS": stop})
    again = {"dndSettings": {"SMS": {"status": "inactive"}}}
    assert api.put(f"/contacts/{contact}", json=again).json()["contact"]["dndSettings"]["SMS"] == stop
    sim.state.change_location(location, permanent_dnd_clearable=True)
    cleared = api.put(f"/contacts/{contact}", json=again).json()["contact"]["dndSettings"]["SMS"]
    assert cleared == {"status": "inactive"}


def test_inbound_dnd_is_kept(api, ann):
    inbound = {"all": {"status": "active", "message": "quiet"}}
    assert (
        api.put(f"/contacts/{ann}", json={"inboundDndSettings": inbound}).json()["contact"][
            "inboundDndSettings"
        ]
        == inbound
    )


def test_v3_takes_field_value_in_both_spellings(api, sim, location, ann):
    prayer = fields(sim, location)["Prayer request"]
    for spelling in ("fieldValue", "field_value"):
        body = {"customFields": [{"id": prayer, spelling: spelling}]}
        assert values(api.put(f"/contacts/{ann}", json=body, headers={"Version": "v3"})) == {prayer: spelling}
