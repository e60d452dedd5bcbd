from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.fields import COLUMNS, LENGTHS, MAX_ANSWERS, CardFields, CardFieldsError, parse_card

TODAY = date(2026, 11, 22)


def problems(values: dict[str, object]) -> dict[str, str]:
    with pytest.raises(CardFieldsError) as caught:
        parse_card({"first_name": "Anna", **values}, today=TODAY)
    return {problem.field: problem.message for problem in caught.value.problems}


def fields(values: dict[str, object]) -> CardFields:
    return parse_card({"first_name": "Anna", **values}, today=TODAY).fields


def test_a_full_card_is_read():
    parsed = parse_card(
        {
            "first_name": " Anna ", "last_name": "Keller", "email": "Anna@Example.org", "phone": "(615) 555-0100",
            "address": "1 Main St", "city": "Nashville", "state": "TN", "postal_code": 37203,
            "birthday": "5/1/1990", "visit_date": "2026-11-22", "service": "9:00 am", "campus": "North",
            "first_time": "yes", "interests": "Choir; Kids;choir ;", "prayer_request": "For my mother\nplease",
            "notes": "met Ruth", "sms_consent": True, "email_consent": "no", "consent_wording": "Yes, …",
            "consent_at": "11/22/2026", "adult": "Y", "guardian_name": "", "guardian_phone": None,
            "guardian_consent": "", "volunteer": "x", "Baptism?": "this year", "T-shirt": 12.0, "Blank": " ",
        },
        today=TODAY,
    )  # fmt: skip
    assert parsed.prayer_request == "For my mother\nplease"
    assert parsed.fields == CardFields(
        first_name="Anna", last_name="Keller", email="Anna@Example.org", phone="(615) 555-0100",
        address="1 Main St", city="Nashville", state="TN", postal_code="37203", birthday=date(1990, 5, 1),
        visit_date=TODAY, service="9:00 am", campus="North", first_time=True, interests=("Choir", "Kids"),
        notes="met Ruth", sms_consent=True, email_consent=False, consent_wording="Yes, …", consent_at=TODAY,
        adult=True, volunteer=True, custom_answers={"Baptism?": "this year", "T-shirt": "12"},
    )  # fmt: skip


def test_the_prayer_request_is_in_no_field_and_no_repr():
    parsed = parse_card({"first_name": "Anna", "prayer_request": "secret sorrow"})
    assert "secret sorrow" not in parsed.fields.model_dump_json()
    assert "secret sorrow" not in repr(parsed)


def test_fields_come_back_from_json_as_they_were():
    card = fields({"birthday": "1990-05-01", "interests": ["Choir"], "sms_consent": None, "Own": "a"})
    assert CardFields.model_validate_json(card.model_dump_json()) == card


def test_every_problem_is_told_at_once():
    assert problems(
        {
            "last_name": ["Keller"],
            "city": "x" * 101,
            "birthday": "13/25/1990",
            "visit_date": "soon",
            "sms_consent": "maybe",
            "interests": 5,
            "notes": True,
            "Own question": {"a": 1},
        }
    ) == {
        "last_name": "Text is expected here.",
        "city": "This is 101 characters long; 100 fit.",
        "birthday": "This day is not in the calendar.",
        "visit_date": "Write the date as 2026-11-22 or 11/22/2026.",
        "sms_consent": "Write yes or no, or leave it blank.",
        "interests": "A list is expected here, or text with ; between the entries.",
        "notes": "Text is expected here, not yes or no.",
        "Own question": "Text is expected here.",
    }


def test_a_problem_keeps_values_out_of_its_own_text():
    with pytest.raises(CardFieldsError) as caught:
        parse_card({"first_name": "Anna", "birthday": "Private thing"})
    assert "Private" not in str(caught.value) + repr(caught.value.problems)
    assert caught.value.problems[0].value_excerpt == "Private thing"


def test_a_wrong_phone_or_email_is_saved():
    assert fields({"phone": "555", "email": "anna@gmail,com"}).email == "anna@gmail,com"


@pytest.mark.parametrize("values", [{}, {"first_name": " \x00\u200b", "email": None}, {"notes": "hello"}])
def test_a_card_with_nothing_in_it_is_refused(values: dict[str, object]):
    with pytest.raises(CardFieldsError, match=r"no name, no phone and no e-mail"):
        parse_card(values)


class TestYesNo:
    @pytest.mark.parametrize("value", ["yes", "Y", "TRUE", "t", "1", "x", "✓", 1, 1.0, True])
    def test_yes(self, value: object):
        assert fields({"sms_consent": value}).sms_consent is True

    @pytest.mark.parametrize("value", ["no", "N", "False", "f", "0", 0, False])
    def test_no(self, value: object):
        assert fields({"sms_consent": value}).sms_consent is False

    @pytest.mark.parametrize("value", ["", "  ", None, "\t"])
    def test_blank_is_not_no(self, value: object):
        assert fields({"sms_consent": value}).sms_consent is None

    @pytest.mark.parametrize("value", ["maybe", "yes please", 2, [], {}, "n/a", "-"])
    def test_nothing_is_guessed(self, value: object):
        assert problems({"email_consent": value}) == {"email_consent": "Write yes or no, or leave it blank."}


class TestDates:
    @pytest.mark.parametrize(
        "value",
        ["2026-11-02", "11/2/2026", "11/02/2026", "11-2-2026", "2026-11-2", "2026-11-02T09:00:00Z",
         "2026-11-02 09:00:00", "11/2/2026 9:00 AM", date(2026, 11, 2), datetime(2026, 11, 2, 9)],  # noqa: DTZ001
    )  # fmt: skip
    def test_forms(self, value: object):
        assert fields({"visit_date": value}).visit_date == date(2026, 11, 2)

    @pytest.mark.parametrize(
        ("value", "problem"),
        [
            ("25/12/2026", "The month comes first, such as 11/22/2026."),
            ("11/22/26", "Write the year with four digits, such as 11/22/2026."),
            ("2026-02-30", "This day is not in the calendar."),
            ("22.11.2026", "Write the date as 2026-11-22 or 11/22/2026."),
            (45000, "Write the date as 2026-11-22 or 11/22/2026."),
            ("1999-12-31", "This date is before 1/1/2000."),
            ("0000-01-01", "This day is not in the calendar."),
        ],
    )
    def test_what_is_no_date(self, value: object, problem: str):
        assert problems({"visit_date": value}) == {"visit_date": problem}

    def test_nobody_is_born_or_signs_in_the_future(self):
        assert problems({"birthday": "11/24/2026", "consent_at": "11/24/2026"}) == {
            "birthday": "This date is after 11/23/2026.",
            "consent_at": "This date is after 11/23/2026.",
        }
        assert fields({"consent_at": "11/23/2026"}).consent_at == date(2026, 11, 23)


class TestText:
    def test_control_signs_are_stripped(self):
        card = fields(
            {"last_name": "Kel\x00ler\x07", "city": "New\nYork\t", "notes": "a\r\nb\x0bc", "state": "\ud800"}
        )
        assert (card.last_name, card.city, card.notes, card.state) == ("Keller", "New York", "a\nbc", "")

    def test_letters_have_one_form(self):
        assert fields({"last_name": "Mu\u0308ller"}).last_name == "M\u00fcller"

    def test_writing_direction_cannot_be_turned(self):
        assert fields({"last_name": "\u202eKeller\u202c\ufeff"}).last_name == "Keller"

    @pytest.mark.parametrize(
        ("value", "text"), [(6155550100, "6155550100"), (6155550100.0, "6155550100"), (1.5, "1.5"), (0, "0")]
    )
    def test_numbers_become_text(self, value: object, text: str):
        assert fields({"phone": value}).phone == text

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400], ids=["nan", "inf", "long"])
    def test_numbers_without_end_are_a_problem(self, value: object):
        assert problems({"phone": value}) == {"phone": "This number is too large."}

    @pytest.mark.parametrize("name", LENGTHS)
    def test_each_text_is_bounded(self, name: str):
        assert getattr(fields({name: "é" * LENGTHS[name]}), name)
        assert f"; {LENGTHS[name]} fit" in problems({name: "é" * (LENGTHS[name] + 1)})[name]
        assert "more than" in problems({name: "é" * 50_000})[name]


class TestOwnQuestions:
    def test_values_become_text(self):
        answers = fields(
            {"A": True, "B": False, "C": ["x", 2], "D": None, "E": date(2026, 1, 2), "F": "a\nb"}
        )
        assert answers.custom_answers == {"A": "yes", "B": "no", "C": "x; 2", "E": "2026-01-02", "F": "a\nb"}

    def test_their_number_is_bounded(self):
        assert len(fields({f"Q{n}": "a" for n in range(MAX_ANSWERS)}).custom_answers) == MAX_ANSWERS
        assert "60 fit" in problems({f"Q{n}": "a" for n in range(MAX_ANSWERS + 1)})["card"]
        assert "columns" in problems({f"Q{n}": None for n in range(1000)})["card"]

    def test_their_names_and_answers_are_bounded(self):
        assert problems({"Q" * 101: "a"}) == {"Q" * 40: "A question's name is too long; 100 fit."}
        assert problems({"Q": "a" * 2001}) == {"Q": "This is 2001 characters long; 2000 fit."}
        assert problems({" ": "a"}) == {
            "card": "An answer stands without a question: the column has no name."
        }

    def test_names_that_look_the_same_are_one(self):
        assert problems({"Q": "a", "Q ": "b"}) == {"Q": "This question is there twice."}


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes()
)
_VALUES = st.one_of(
    _SCALARS, st.lists(_SCALARS, max_size=4), st.dictionaries(st.text(), _SCALARS, max_size=2)
)


@given(st.dictionaries(st.one_of(st.sampled_from(COLUMNS), st.text()), _VALUES, max_size=12))
def test_any_mapping_is_a_card_or_a_list_of_problems(values: dict[str, object]):
    try:
        parsed = parse_card(values, today=TODAY)
    except CardFieldsError:
        return
    written = parsed.fields.model_dump_json()
    assert "\\u0000" not in written
    written.encode()
    assert CardFields.model_validate_json(written) == parsed.fields
    again = parse_card(parsed.fields.model_dump(exclude={"custom_answers"}), today=TODAY)
    assert again.fields == parsed.fields.model_copy(update={"custom_answers": {}})
