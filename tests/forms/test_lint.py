"""What the words of a consent box must say: each lack is told, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.forms.lint import address_problem, addresses_in, lacks
from ghl.forms.wordings import default_words
from ghl.statuses import Channel

PRIVACY, TERMS = "https://grace.example.org/privacy", "https://grace.example.org/terms"
SMS = default_words(Channel.SMS, name="Grace Church", privacy_url=PRIVACY, terms_url=TERMS)
NAMES = st.text(
    st.characters(categories=("L", "N", "Zs"), exclude_characters="\n"), min_size=1, max_size=60
).filter(lambda name: name.strip())


def of(words, channel=Channel.SMS, name="Grace Church", **links):
    return lacks(channel, words, names=(name,), **({"privacy_url": PRIVACY, "terms_url": TERMS} | links))


def codes(words, channel=Channel.SMS):
    return [lack.code for lack in of(words, channel)]


@given(NAMES)
def test_the_default_words_of_any_church_lack_nothing_that_they_must_say(name):
    for channel in Channel:
        words = default_words(channel, name=name)
        found = lacks(channel, words, names=(name,))
        # A church whose name itself speaks of advertising or e-mail is told so, and nothing more.
        assert {lack.code for lack in found if lack.must} <= {"30931"}


def test_the_default_words_with_links_lack_nothing():
    assert of(SMS) == ()
    assert of("Yes, Grace Church may e-mail me.", Channel.EMAIL) == ()
    assert [lack.must for lack in of(default_words(Channel.SMS, name="Grace Church"), privacy_url="")] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("part", "told", "code"),
    [
        ("Grace Church", "name the church", "30924"),
        ("About 4 messages a month.", "how often", "30924"),
        ("Message and data rates may apply.", "data rates", "30924"),
        ("Reply STOP to stop, ", "how to end", "30924"),
        ("HELP for help.", "where help", "30924"),
        ("I can be a guest or member without agreeing.", "nobody has to agree", "30925"),
        ("text me", "may text", "30924"),
        (f"Privacy: {PRIVACY}", "privacy policy", "30924"),
        (f"Terms: {TERMS}", "terms", "30924"),
    ],
)
def test_each_part_that_is_left_out_is_told(part, told, code):
    assert part in SMS
    [lack] = of(SMS.replace(part, ""))
    assert told in lack.text
    assert lack.code == code
    assert lack.must is ("http" not in part)


@pytest.mark.parametrize(
    ("added", "code"),
    [
        ("By submitting this card I agree.", "30923"),
        ("I agree to the terms of use.", "30923"),
        ("It may e-mail me as well.", "30931"),
        ("You may send me marketing.", "30913"),
    ],
)
def test_what_should_not_be_there_is_told(added, code):
    assert codes(f"{SMS} {added}") == [code]


def test_e_mail_has_words_of_its_own():
    assert codes("Yes, Grace Church may e-mail and text me.", Channel.EMAIL) == ["30931"]
    assert codes("Yes, Grace Church may write to me.", Channel.EMAIL) == [None]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://grace.example.org", "www.grace.example.org", "data:text/html,x"]
)
def test_links_in_the_words_are_safe_ones(link):
    assert any("https://" in lack.text for lack in of(f"{SMS} See {link}."))


@pytest.mark.parametrize(
    "words",
    [
        SMS.replace("About 4 messages a month", "Message frequency varies"),
        SMS.replace("About 4 messages a month", "Up to 2 msgs/week"),
        SMS.replace("Message and data rates may apply", "Msg & data rates may apply"),
        SMS.replace("I can be a guest or member without agreeing", "Consent is not a condition of anything"),
        SMS.replace("Grace Church", "GRACE  church"),
    ],
)
def test_other_ways_to_say_it_are_understood(words):
    assert of(words) == ()


@given(st.text(max_size=3000), st.sampled_from(list(Channel)))
def test_any_text_is_judged(words, channel):
    for lack in of(words, channel):
        assert lack.text.endswith((".", "”", "”."))
    addresses_in(words)


@given(st.text(max_size=60))
def test_no_address_but_https_passes(text):
    if address_problem(text) is None and text:
        assert text.startswith("https://") or text.lower().startswith("https://")


@pytest.mark.parametrize(
    "url",
    [
        "http://grace.example.org",
        "javascript:alert(1)",
        "https://",
        "https://localhost",
        "https://user@grace.example.org",
        "https://grace.example.org/a b",
        "https://grace.example.org/<script>",
        'https://grace.example.org/"onclick=',
        "https://grace.example.org:99999/",
        "https://[::1",
        "//grace.example.org",
        "grace.example.org",
        "https://grace.example.org/" + "a" * 300,
    ],
)
def test_addresses_that_will_not_do(url):
    assert address_problem(url)


@pytest.mark.parametrize(
    "url",
    ["", "https://grace.example.org", "https://grace.example.org:8443/privacy?a=b#c", "https://größe.de/"],
)
def test_addresses_that_will_do(url):
    assert address_problem(url) is None
