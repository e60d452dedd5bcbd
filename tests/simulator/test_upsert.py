"""Upsert and update: which contact is meant, what is ignored in silence, what is wiped."""


def upsert(api, location, **properties):
    return api.post("/contacts/upsert", json={"locationId": location, **properties}).json()


def test_new_and_then_not(api, location, sim):
    first = upsert(api, location, firstName="Ann", email="ann@example.org")
    second = upsert(api, location, lastName="Lee", email="ANN@example.org")
    assert (first["new"], second["new"]) == (True, False)
    assert second["contact"]["id"] == first["contact"]["id"]
    assert second["contact"]["name"] == "Ann Lee"
    assert sim.state.count() == 1


def test_tags_that_are_sent_wipe_all_others(api, location):
    contact = upsert(api, location, email="ann@example.org", tags=["member", "choir"])["contact"]
    assert upsert(api, location, email="ann@example.org")["contact"]["tags"] == ["member", "choir"]
    assert upsert(api, location, email="ann@example.org", tags=["New"])["contact"]["tags"] == ["new"]
    api.put(f"/contacts/{contact['id']}", json={"tags": []})
    assert api.get(f"/contacts/{contact['id']}").json()["contact"]["tags"] == []


def test_two_contacts_match_and_the_second_field_is_ignored(api, location, sim):
    ann = upsert(api, location, email="ann@example.org")["contact"]["id"]
    bob = upsert(api, location, phone="+16155550100")["contact"]["id"]
    hit = upsert(api, location, email="ann@example.org", phone="+16155550100", firstName="Ann")
    assert hit["contact"]["id"] == ann
    assert "phone" not in hit["contact"]
    assert sim.state.contact(bob)["phone"] == "+16155550100"
    sim.state.change_location(location, unique_fields=["phone", "email"])
    hit = upsert(api, location, email="ann@example.org", phone="+16155550100", firstName="Bob")
    assert hit["contact"]["id"] == bob
    assert "email" not in hit["contact"]


def test_the_second_field_is_written_when_it_is_nobodys(api, location):
    upsert(api, location, email="ann@example.org")
    assert (
        upsert(api, location, email="ann@example.org", phone="615 555 0100")["contact"]["phone"]
        == "+16155550100"
    )


def test_create_new_if_duplicate_allowed(api, location, sim):
    upsert(api, location, email="ann@example.org")
    assert not upsert(api, location, email="ann@example.org", createNewIfDuplicateAllowed=True)["new"]
    sim.state.change_location(location, allow_duplicate_contact=True)
    assert upsert(api, location, email="ann@example.org", createNewIfDuplicateAllowed=True)["new"]
    assert not upsert(api, location, email="ann@example.org")["new"]


def test_a_match_by_an_additional_address_drops_the_first_one(api, location, sim):
    sim.state.add_contact(location, email="ann@home.example", additional_emails=["ann@work.example"])
    assert upsert(api, location, email="ann@work.example")["contact"]["email"] == "ann@work.example"


def test_without_phone_and_email_each_time_another_contact(api, location, sim):
    assert upsert(api, location, firstName="Ann")["new"]
    assert upsert(api, location, firstName="Ann")["new"]


def test_update_changes_what_is_sent_and_clears_null(api, location, sim):
    contact_id = sim.state.add_contact(location, firstName="Ann", city="Nashville", phone="+16155550100")
    answer = api.put(f"/contacts/{contact_id}", json={"lastName": "Lee", "city": None, "phone": None})
    assert answer.status_code == 200
    assert answer.json()["succeded"] is True
    contact = answer.json()["contact"]
    assert contact["name"] == "Ann Lee"
    assert "city" not in contact
    assert "phone" not in contact
    found = api.get("/contacts/search/duplicate", params={"locationId": location, "number": "+16155550100"})
    assert found.json()["contact"] is None


def test_update_takes_no_property_it_does_not_know(api, location, sim):
    contact_id = sim.state.add_contact(location, firstName="Ann")
    for name in ("locationId", "gender", "companyName", "customField"):
        answer = api.put(f"/contacts/{contact_id}", json={name: "x"})
        assert answer.status_code == 422
        assert answer.json()["message"] == [f"property {name} should not exist"]
        assert answer.json()["error"] == "Unprocessable Entity"


def test_update_may_not_take_anothers_phone(api, location, sim):
    ann = sim.state.add_contact(location, firstName="Ann", phone="+16155550100")
    bob = sim.state.add_contact(location, firstName="Bob")
    answer = api.put(f"/contacts/{bob}", json={"phone": "6155550100"})
    assert answer.status_code == 400
    assert answer.json()["meta"] == {"contactId": ann, "matchingField": "phone", "contactName": "Ann"}
    assert api.put(f"/contacts/{ann}", json={"phone": "6155550100"}).status_code == 200
    sim.state.change_location(location, allow_duplicate_contact=True)
    assert api.put(f"/contacts/{bob}", json={"phone": "6155550100"}).status_code == 200


def test_delete_and_what_is_not_there(api, location, sim):
    contact_id = sim.state.add_contact(location, email="ann@example.org")
    assert api.delete(f"/contacts/{contact_id}").json()["succeded"] is True
    gone = api.get(f"/contacts/{contact_id}")
    assert (gone.status_code, gone.json()["message"]) == (400, "Contact not found")
    sim.state.change_location(location, not_found_status=404)
    assert api.put(f"/contacts/{contact_id}", json={}).status_code == 404
    assert upsert(api, location, email="ann@example.org")["new"]
