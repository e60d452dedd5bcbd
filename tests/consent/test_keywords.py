"""What people write back, and what it means."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.consent.keywords import HELPS, LONGEST_EXCERPT, STARTS, STOPS, Heard, excerpt, read_reply

KEYWORDS = [(word, Heard.STOP) for word in (*STOPS, "opt out", "stop all", "opt-out")]
KEYWORDS += [(word, Heard.START) for word in STARTS] + [(word, Heard.HELP) for word in HELPS]
SIGNS = st.text(" \t\n.,!?…*\"'“”()-\u200b", max_size=6)


@pytest.mark.parametrize(
    "word", ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "opt out"]
)
def test_each_word_of_a_stop(word):
    assert read_reply(word) is Heard.STOP


@given(st.sampled_from(KEYWORDS), st.data(), SIGNS, SIGNS)
def test_case_spacing_and_punctuation_play_no_part(keyword, data, before, after):
    word, heard = keyword
    written = "".join(sign.upper() if data.draw(st.booleans()) else sign for sign in word)
    assert read_reply(f"{before}{written}{after}") is heard


@given(st.sampled_from(KEYWORDS))
def test_letters_may_stand_apart_and_the_word_twice(keyword):
    word, heard = keyword
    assert read_reply(" ".join(word.replace(" ", "").replace("-", ""))) is heard
    assert read_reply(f"{word.replace(' ', '')} {word.replace(' ', '')}!") is heard or "-" in word


@pytest.mark.parametrize(
    "text",
    [
        "STOP 🛑",
        "\uff53\uff54\uff4f\uff50",
        "Stop.\n",
        "STOP\n\nOn Sun, Nov 22, 2026 Grace wrote:\n> Welcome",
        "s.t.o.p",
    ],
)
def test_a_stop_all_the_same(text):
    assert read_reply(text) is Heard.STOP


@pytest.mark.parametrize(
    "text",
    [
        "please stop texting me",
        "Stop it!",
        "Please STOP",
        "don't text me anymore",
        "Don\u2019t message me",
        "do not contact me",
        "no more texts please",
        "take me off your list",
        "Remove me",
        "unsubscribe me please",
        "wrong number",
        "Who is this?",
        "I want to opt out of this",
        "lose my number",
        "leave me alone",
        "not interested",
        "yes, stop",
        "I never want to hear from you again",
        "no más mensajes",
    ],
)
def test_a_sentence_is_for_a_person_to_read(text):
    assert read_reply(text) is Heard.DOUBT


@pytest.mark.parametrize(
    "text",
    [
        "YES",
        "yes please",
        "Y",
        "ok",
        "Thank you, see you Sunday!",
        "Can I stop by tomorrow?",
        "What time does it end?",
        "When do you start?",
        "Can you help me find the room?",
        "",
        "👍",
        "Liked “Welcome to Grace. Reply STOP to end.”",
        "Reacted 👍 to “Reply STOP to end”",
        "Thanks!\n\nOn Sun, Nov 22, 2026 at 9:00 Grace wrote:\n> Reply STOP to unsubscribe",
    ],
)
def test_what_says_nothing_about_messages(text):
    assert read_reply(text) is Heard.NOTHING


@given(st.text(max_size=400))
def test_it_reads_everything_and_starts_nothing_by_chance(text):
    heard = read_reply(text)
    letters = "".join(sign for sign in text.casefold() if sign.isalpha())
    assert heard is not Heard.START or any(word in letters for word in STARTS) or not letters.isascii()


@given(st.text(max_size=200), st.sampled_from(["stop texting me", "unsubscribe", "wrong number"]))
def test_a_stop_in_a_sentence_is_never_passed_over(text, phrase):
    said = f"{text.replace('>', ' ').replace(chr(34), ' ')}\n{phrase}"
    if "wrote:" not in said.lower() and "original" not in said.lower():
        assert read_reply(said) in {Heard.STOP, Heard.DOUBT}


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('Disliked "Welcome to Grace" stop texting me', Heard.DOUBT),
        ('Liked "the service" but please stop texting me', Heard.DOUBT),
        ('Questioned "Welcome to Grace. Reply STOP to end"\nSTOP', Heard.STOP),
        ("Disliked “Welcome to Grace. Reply STOP to end” thank you", Heard.NOTHING),
        ("Disliked “Welcome to Grace. Reply STOP to", Heard.DOUBT),
        ("Liked “Reply START to hear from us” start", Heard.NOTHING),
    ],
)
def test_what_stands_behind_a_reaction_is_their_own(text, heard):
    assert read_reply(text) is heard


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_of_a_long_reply_the_part_that_may_be_a_stop_is_shown(before, after):
    said = f"{before.replace('>', ' ').replace(':', ' ').replace('-', ' ')} please unsubscribe me {after}"
    shown = excerpt(said)
    assert len(shown) <= LONGEST_EXCERPT
    assert len(said) > LONGEST_EXCERPT or shown == said


def test_the_words_far_behind_in_a_long_reply_are_among_those_shown():
    assert "stop texting me" in excerpt(
        "Thank you for the coffee. " * 90 + "Please stop texting me." + " Bye." * 90
    )


@pytest.mark.parametrize("sign", [" ", "\n", '"', "“", "stop ", "don't "])
def test_the_longest_body_is_read_in_a_moment(sign):
    began = time.perf_counter()
    read_reply(sign * (256 * 1024 // len(sign.encode())))
    assert time.perf_counter() - began < 5
