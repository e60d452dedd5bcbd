"""Where columns of lists that churches really have are thought to belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.columns import FULL_NAME
from ghl.cards.fields import COLUMNS
from ghl.cards.suggest import KEEP, LEAVE, SEVERAL, How, suggest

VALUES = {
    "mail": ["anna@example.org"],
    "emai": ["anna@example.org"],
    "phone": ["(615) 555-0100"],
    "cell": ["615.555.0100"],
    "mobile": ["6155550100"],
}


def targets(*headings, **values):
    return [one.target for one in suggestions(*headings, **values)]


def suggestions(*headings, **values):
    def of(heading):
        name = heading.casefold()
        return values.get(name) or next((found for word, found in VALUES.items() if word in name), ["x"])

    return suggest(headings, [of(heading) for heading in headings])


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("Given name", "first_name"), ("Cell", "phone"), ("E-Mail Address", "email"), ("Zip", "postal_code"),
        ("Opt in", "sms_consent"), ("Surname", "last_name"), ("Name", FULL_NAME), ("Your name", FULL_NAME),
        ("Teléfono", "phone"), ("DOB", "birthday"), ("Timestamp", "consent_at"), ("Cell Phone #", "phone"),
        ("Fist Name", "first_name"), ("Emai Adress", "email"), ("Zip Cod", "postal_code"), ("Moblie phone", "phone"),
        ("What is your first name?", "first_name"), ("Best phone number to reach you?", "phone"),
        ("How can we pray for you this week?", "prayer_request"), ("Can we text you?", "sms_consent"),
        ("SMS ok?", "sms_consent"), ("OK to e-mail?", "email_consent"), ("Attended on", "visit_date"),
        ("Phone Type", KEEP), ("Emergency phone", KEEP), ("Spouse Email", KEEP), ("State of mind", KEEP),
        ("Child First Name", KEEP), ("How did you hear about us?", KEEP), ("T-Shirt", KEEP), ("Nickname", KEEP),
        ("Person ID", LEAVE), ("Breeze ID", LEAVE), ("#", KEEP), ("Why it was refused", LEAVE),
    ],
)  # fmt: skip
def test_names(heading, target):
    assert targets(heading) == [target]


def test_an_export_of_planning_center():
    assert targets(
        "Person ID", "Given Name", "First Name", "Nickname", "Last Name", "Birthdate", "Home Phone Number",
        "Mobile Phone Number", "Home Email", "Home Address Street Line 1", "Home Address City",
        "Home Address State", "Home Address Zip Code",
    ) == [
        LEAVE, KEEP, "first_name", KEEP, "last_name", "birthday", KEEP,
        "phone", "email", "address", "city", "state", "postal_code",
    ]  # fmt: skip


def test_an_export_of_breeze():
    assert targets("Breeze ID", "First Name", "Last Name", "Street Address", "Zip", "Home", "Mobile", "Email") == [
        LEAVE, "first_name", "last_name", "address", "postal_code", KEEP, "phone", "email",
    ]  # fmt: skip


def test_a_home_phone_is_better_than_none():
    assert targets("Name", "Home Phone Number") == [FULL_NAME, "phone"]


def test_the_parts_of_a_name_say_more_than_the_whole():
    assert targets("Name", "First Name", "Last Name") == [LEAVE, "first_name", "last_name"]


def test_values_tell_what_a_name_hides():
    [one] = suggestions("Contact", contact=["anna@example.org", "bob@example.org"])
    assert (one.target, one.how) == ("email", How.VALUES)
    assert targets("E-mails sent", **{"e-mails sent": ["3", "4"]}) == [KEEP]


def test_a_column_without_values_is_left_out():
    assert [one.target for one in suggest(["Phone", "First name"], [[], ["Ann"]])] == [LEAVE, "first_name"]


@given(
    st.lists(
        st.tuples(st.text(max_size=120), st.lists(st.one_of(st.text(max_size=30), st.integers(), st.none())))
    )
)
def test_any_columns_have_one_place_each(columns):
    found = suggest([heading for heading, _ in columns], [values for _, values in columns])
    assert len(found) == len(columns)
    single = [one.target for one in found if one.target not in {KEEP, LEAVE, *SEVERAL}]
    assert len(single) == len(set(single))
    assert set(single) <= {*COLUMNS, FULL_NAME}
