"""Finding contacts: at once by the duplicate search, late by the index, and the index's filters and pages."""

import pytest


def search(api, location, **body):
    return api.post("/contacts/search", json={"locationId": location, "pageLimit": 20, **body})


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [contact["id"] for contact in answer.json()["contacts"]]


def test_the_index_lags_and_the_duplicate_search_does_not(api, sim, location, clock):
    sim.state.change_location(location, search_lag=[5, 5])
    ann = sim.state.add_contact(location, firstName="Ann", email="ann@example.org")
    by_mail = {"field": "email", "operator": "eq", "value": "ann@example.org"}
    found = api.get("/contacts/search/duplicate", params={"locationId": location, "email": "Ann@Example.org"})
    assert found.json()["contact"]["id"] == ann
    clock.go_on(4.9)
    assert ids(search(api, location, filters=[by_mail])) == []
    clock.go_on(0.1)
    assert ids(search(api, location, filters=[by_mail])) == [ann]
    api.delete(f"/contacts/{ann}")
    assert ids(search(api, location)) == [ann]
    clock.go_on(5)
    assert ids(search(api, location)) == []


def test_duplicate_search_by_the_setting_of_the_location(api, sim, location, clock):
    sim.state.change_location(location, unique_fields=["phone", "email"])
    by_mail = sim.state.add_contact(location, email="ann@example.org")
    by_phone = sim.state.add_contact(location, phone="+16155550100")
    params = {"locationId": location, "email": "ann@example.org", "number": "(615) 555-0100"}
    assert api.get("/contacts/search/duplicate", params=params).json()["contact"]["id"] == by_phone
    sim.state.change_location(location, allow_duplicate_contact=True)
    assert api.get("/contacts/search/duplicate", params=params).json()["contact"]["id"] == by_mail
    clock.go_on(1)
    sim.state.add_contact(location, email="ann@example.org")
    assert api.get("/contacts/search/duplicate", params=params).json()["contact"]["id"] == by_mail


def test_duplicate_search_without_anything_to_look_for(api, location):
    answer = api.get("/contacts/search/duplicate", params={"locationId": location})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Pass at least one of number, email query parameter",
    )
    nothing = api.get("/contacts/search/duplicate", params={"locationId": location, "number": "no number"})
    assert nothing.json()["contact"] is None
    assert api.get("/contacts/search/duplicate", params={"email": "a@b.example"}).status_code == 422


@pytest.fixture
def people(sim, location, clock):
    """Five contacts, a second apart."""
    made = {}
    for number, (name, city) in enumerate(
        [
            ("Ann Lee", "Nashville"),
            ("Bob Ray", "Memphis"),
            ("Cid Lee", "Nashville"),
            ("Dot Fay", ""),
            ("Eve Ash", ""),
        ]
    ):
        more = {"city": city} if city else {}
        tags = ["guest"] if number % 2 else ["member", "choir"]
        made[name[:3]] = sim.state.add_contact(
            location, name=name, phone=f"+1615555010{number}", tags=tags, **more
        )
        clock.go_on(1)
    return made


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"field": "phone", "operator": "eq", "value": "+16155550101"}], "Bob"),
        ([{"field": "phone", "operator": "eq", "value": "615-555-0101"}], ""),
        ([{"field": "lastNameLowerCase", "operator": "eq", "value": "lee"}], "Cid Ann"),
        ([{"field": "lastName", "operator": "not_eq", "value": "Lee"}], "Eve Dot Bob"),
        ([{"field": "city", "operator": "exists"}], "Cid Bob Ann"),
        ([{"field": "city", "operator": "not_exists"}], "Eve Dot"),
        ([{"field": "tags", "operator": "contains", "value": "gues"}], "Dot Bob"),
        ([{"field": "tags", "operator": "not_contains", "value": ["gues"]}], "Eve Cid Ann"),
        ([{"field": "tags", "operator": "eq", "value": ["choir"]}], "Eve Cid Ann"),
        (
            [{"field": "dateAdded", "operator": "range", "value": {"gte": "2026-03-01T12:00:03.000Z"}}],
            "Eve Dot",
        ),
        (
            [
                {
                    "group": "OR",
                    "filters": [
                        {"field": "city", "operator": "eq", "value": "Memphis"},
                        {"field": "fullNameLowerCase", "operator": "eq", "value": "eve ash"},
                    ],
                }
            ],
            "Eve Bob",
        ),
    ],
)
def test_filters(api, location, people, filters, expected):
    assert ids(search(api, location, filters=filters)) == [people[name] for name in expected.split()]


def test_query_sort_and_pages(api, location, people):
    assert ids(search(api, location, query="LEE")) == [people["Cid"], people["Ann"]]
    by_name = [{"field": "firstName", "direction": "asc"}]
    assert ids(search(api, location, sort=by_name)) == list(people.values())
    first = search(api, location, sort=by_name, pageLimit=2)
    assert first.json()["total"] == 5
    assert ids(search(api, location, sort=by_name, pageLimit=2, page=2)) == [people["Cid"], people["Dot"]]
    after = first.json()["contacts"][-1]["searchAfter"]
    second = search(api, location, sort=by_name, pageLimit=2, searchAfter=after)
    assert ids(second) == [people["Cid"], people["Dot"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pageLimit": 501}, 422),
        ({"pageLimit": None}, 422),
        ({"page": 0}, 422),
        ({"page": 501}, 400),
        ({"page": 1, "searchAfter": [1, "x"]}, 400),
        ({"query": "x" * 76}, 422),
        ({"filters": [{"field": "shoe", "operator": "eq", "value": 1}]}, 400),
        ({"filters": [{"field": "email", "operator": "is", "value": 1}]}, 400),
        ({"filters": {}}, 422),
        ({"sort": [{"field": "shoe"}]}, 400),
    ],
)
def test_searches_that_gohighlevel_does_not_take(api, location, body, status):
    assert search(api, location, **body).status_code == status


def test_the_old_list(api, location, people):
    answer = api.get("/contacts/", params={"locationId": location, "limit": 2}).json()
    assert [contact["id"] for contact in answer["contacts"]] == [people["Eve"], people["Dot"]]
    rest = api.get(
        "/contacts/", params={"locationId": location, "startAfterId": answer["meta"]["startAfterId"]}
    ).json()
    assert len(rest["contacts"]) == 3
    assert api.get("/contacts/", params={"locationId": location, "limit": 101}).status_code == 422
