"""Each action that the code records has words, and what they say."""

import ast
from pathlib import Path

import pytest

from ghl.changes.words import ACTIONS, choices, from_where, sentence
from ghl.guard.guesses import Standing

PROJECT = Path(__file__).parents[2]


def recorded() -> set[str]:
    """Every text that is given as an action somewhere in the code, also by way of a variable."""
    found = set()
    for folder in ("ghl", "jobs", "dashboard", "pages"):
        for path in (PROJECT / folder).rglob("*.py"):
            if "simulator" in path.parts or path.parts[-2:] == ("changes", "words.py"):
                continue
            source = path.read_text()
            if "record" not in source and "note(" not in source:
                continue
            for node in ast.walk(ast.parse(source)):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and _looks_like_one(node.value)
                ):
                    found.add(node.value)
    return found


def _looks_like_one(text: str) -> bool:
    first, dot, second = text.partition(".")
    known = {action.partition(".")[0] for action in ACTIONS}
    return bool(dot) and first in known and second.replace("_", "").isalpha() and second.islower()


NOT_ENTRIES = {"cards.id"}


def test_every_action_in_the_code_has_words():
    assert recorded() - NOT_ENTRIES <= set(ACTIONS)


def test_all_entries_of_a_whole_test_run_have_words():
    """Those that are written under the name `action` or as its value."""
    for folder in ("ghl", "jobs", "dashboard", "pages"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    for keyword in node.keywords:
                        if (
                            keyword.arg == "action"
                            and isinstance(keyword.value, ast.Constant)
                            and isinstance(keyword.value.value, str)
                            and "." in keyword.value.value
                        ):
                            assert keyword.value.value in ACTIONS, path


def test_no_action_has_words_for_nothing():
    made = {f"wrong_tries.{standing}" for standing in (Standing.SLOWED, Standing.REFUSED)}
    assert set(ACTIONS) <= recorded() | made


@pytest.mark.parametrize(
    ("action", "it", "facts", "said"),
    [
        ("card.sent_again", "card 1042", {}, "sent card 1042 again"),
        (
            "card.corrected",
            "card 7",
            {"fields": ["phone", "sms_consent", "prayer_request"], "revision": 2},
            "corrected card 7: phone, may text, prayer request",
        ),
        ("card.decided", "card 7", {"verdict": "same"}, "decided about card 7: the same person"),
        (
            "cards.imported",
            "",
            {"created": 1200, "duplicates": 3},
            "imported a list: 1,200 saved, 3 there already",
        ),
        ("connection.stored", "", {"last4": "ab12"}, "connected GoHighLevel: the token that ends in ab12"),
        (
            "user.added",
            "Tom",
            {"role": "staff", "ops": False},
            "added Tom to the team, or changed their role: as staff",
        ),
        ("of.tomorrow", "", {}, "did something that this version of the hub has no words for"),
    ],
)
def test_what_is_said(action, it, facts, said):
    assert sentence(action, it=it, facts=facts) == said


def test_the_filter_offers_each_action_once():
    offered = choices()
    assert sorted(action for actions in offered.values() for action in actions) == sorted(ACTIONS)
    assert list(offered) == sorted(offered)


def test_where_from():
    assert from_where("192.0.2.1") == "from 192.0.2.1"
    assert from_where("command line") == "on the command line"
    assert from_where("") == ""
