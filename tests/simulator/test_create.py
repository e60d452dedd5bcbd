"""Creating contacts: what is kept, what is refused, and both settings for duplicates."""

import pytest

ANN = {"firstName": "Ann", "lastName": "Lee", "email": "Ann.Lee@Example.org", "phone": "(615) 555-0100"}


def create(api, location, **properties):
    return api.post("/contacts/", json={"locationId": location, **properties})


def test_a_contact_is_kept_in_the_form_of_gohighlevel(api, location, sim):
    answer = create(
        api,
        location,
        **ANN,
        tags=["First Visit", "VIP", "vip"],
        dateOfBirth="09/25/1990",
        postalCode="37201",
        source="connect card",
        gender="female",
    )
    assert answer.status_code == 201
    contact = answer.json()["contact"]
    assert contact["phone"] == "+16155550100"
    assert contact["email"] == "ann.lee@example.org"
    assert contact["tags"] == ["first visit", "vip"]
    assert contact["fullNameLowerCase"] == "ann lee"
    assert contact["country"] == "US"
    assert (contact["dateOfBirth"], contact["birthMonth"], contact["birthDay"]) == (
        "1990-09-25T00:00:00.000Z",
        9,
        25,
    )
    assert "gender" not in contact
    assert answer.json()["traceId"]
    read = api.get(f"/contacts/{contact['id']}").json()["contact"]
    assert read["dateOfBirth"] == "1990-09-25"
    assert sim.state.contact(contact["id"])["source"] == "connect card"


def test_a_full_name_is_split(api, location):
    contact = create(api, location, name="Ann Mary Lee").json()["contact"]
    assert (contact["firstName"], contact["lastName"]) == ("Ann", "Mary Lee")


@pytest.mark.parametrize(
    "text", ["1990/09/25", "09/25/1990", "1990-09-25", "09-25-1990", "1990.09.25", "09.25.1990", "1990_09_25"]
)
def test_birth_dates_in_every_documented_form(api, location, text):
    assert create(api, location, dateOfBirth=text).json()["contact"]["dateOfBirth"].startswith("1990-09-25")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"phone": "12"}, (400, "Invalid phone number")),
        ({"phone": "+999 123 456 789"}, (400, "Invalid country calling code")),
        ({"email": "ann at example"}, (422, ["email must be an email"])),
        ({"firstName": 7}, (422, ["firstName must be a string"])),
        ({"postalCode": None}, (422, ["postalCode must be a string"])),
        ({"tags": "vip"}, (422, ["each value in tags must be a string", "tags must be an array"])),
        ({"tags": [1]}, (422, ["each value in tags must be a string"])),
        ({"dnd": "yes"}, (422, ["dnd must be a boolean value"])),
        ({"dateOfBirth": "1990-02-31"}, (422, ["dateOfBirth must be a valid date"])),
        ({"country": "USA"}, (422, ["country must be a valid enum value"])),
        ({"additionalEmails": []}, (422, ["property additionalEmails should not exist"])),
        ({"customFields": {}}, (422, ["customFields must be an array"])),
    ],
)
def test_what_gohighlevel_would_not_take(api, location, sim, properties, expected):
    answer = create(api, location, **properties)
    assert (answer.status_code, answer.json()["message"]) == expected
    assert sim.state.count() == 0


def test_a_body_that_is_no_json(api):
    answer = api.post("/contacts/", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize(("order", "field"), [(("email", "phone"), "email"), (("phone", "email"), "phone")])
def test_a_duplicate_is_refused_and_named(api, location, sim, order, field):
    sim.state.change_location(location, unique_fields=order)
    first = create(api, location, **ANN).json()["contact"]
    answer = create(api, location, **{**ANN, "firstName": "Anna"})
    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": 400,
        "message": "This location does not allow duplicated contacts.",
        "meta": {"contactId": first["id"], "matchingField": field, "contactName": "Ann Lee"},
        "traceId": answer.json()["traceId"],
    }
    assert sim.state.count() == 1


def test_a_duplicate_by_an_additional_address(api, location, sim):
    kept = sim.state.add_contact(location, firstName="Ann", additional_emails=["Ann@Work.example"])
    meta = create(api, location, email="ann@work.example").json()["meta"]
    assert meta == {"contactId": kept, "matchingField": "additionalEmail", "contactName": "Ann"}


def test_a_field_that_is_not_unique_may_occur_twice(api, location, sim):
    sim.state.change_location(location, unique_fields=["phone"])
    create(api, location, email="ann@example.org", phone="+16155550100")
    assert create(api, location, email="ann@example.org", phone="+16155550101").status_code == 201


def test_duplicates_where_they_are_allowed(api, location, sim):
    sim.state.change_location(location, allow_duplicate_contact=True)
    assert [create(api, location, **ANN).status_code for _ in range(3)] == [201, 201, 201]
    assert sim.state.count(location) == 3


def test_a_number_nobody_gives_out_is_refused_only_where_asked(api, location, sim):
    assert create(api, location, phone="+1 555 555 0123").status_code == 201
    sim.state.change_location(location, strict_phones=True)
    assert create(api, location, phone="+1 555 555 0124").status_code == 400
