import pytest

from ghl.cards.columns import ColumnsError, match_columns, names_somebody, split_name
from ghl.cards.fields import COLUMNS


def test_our_own_names_are_matched():
    assert match_columns(COLUMNS) == COLUMNS


def test_names_of_other_lists_are_matched():
    names = [
        "First Name",
        "LAST_NAME",
        "E-mail",
        "Mobile",
        "Zip",
        "Date of Birth",
        "Comments",
        "Prayer Requests",
    ]
    assert match_columns(names) == (
        "first_name", "last_name", "email", "phone", "postal_code", "birthday", "notes", "prayer_request",
    )  # fmt: skip


def test_the_exact_name_wins_and_the_other_stays_a_question():
    assert match_columns(["Mobile", "Phone", "Cell"]) == ("Mobile", "phone", "Cell")
    assert match_columns(["Mobile", "Cell"]) == ("phone", "Cell")


def test_unknown_names_stay_as_written():
    assert match_columns(["first_name", " T-Shirt size ", ""]) == ("first_name", "T-Shirt size", "")


def test_whatever_speaks_of_prayer_is_a_prayer_request():
    assert match_columns(["How can we pray for you?", "Prayer", "Pray daily"]) == ("prayer_request",) * 3


@pytest.mark.parametrize("names", [["Phone", "phone"], ["First Name", "first_name"], ["Shirt", "SHIRT "]])
def test_two_columns_of_one_name_are_told(names: list[str]):
    with pytest.raises(ColumnsError, match="Two columns are called"):
        match_columns(names)


def test_a_list_needs_a_column_that_names_somebody():
    assert names_somebody(match_columns(["Full name", "Shirt"]))
    assert not names_somebody(match_columns(["Shirt", "Notes"]))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ann Lee", ("Ann", "Lee")),
        ("Mary Ann Lee", ("Mary Ann", "Lee")),
        ("Mary Ann van der Berg", ("Mary Ann", "van der Berg")),
        ("Maria de la Cruz", ("Maria", "de la Cruz")),
        ("Lee, Ann", ("Ann", "Lee")),
        ("John Smith Jr.", ("John", "Smith Jr.")),
        ("John Smith, Jr", ("John", "Smith Jr")),
        ("Ann", ("Ann", "")),
        ("", ("", "")),
    ],
)
def test_whole_names_are_cut(name: str, parts: tuple[str, str]):
    assert split_name(name) == parts
