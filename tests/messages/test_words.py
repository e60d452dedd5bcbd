"""Filling in words and counting parts: pure rules."""

import html
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.fields import CardFields
from ghl.messages.render import FIELDS, RenderError, Words, as_html, render, values_of
from ghl.messages.segments import EXTENDED, GSM_7, count
from ghl.messages.settings import MessagingRules
from ghl.statuses import Channel

RULES = MessagingRules(from_number="+16155550100")
HOSTILE = "{last_name} <b>x</b> https://evil.example/a www.evil.example http://x.y"


def card(**values):
    return CardFields(
        **{"first_name": "Anna", "last_name": "Keller", "visit_date": date(2026, 11, 22)} | values
    )


def text_of(body, fields=None, *, first=False, channel=Channel.SMS, subject="S"):
    return render(
        Words(subject, body),
        values_of(fields or card(), "Grace Church", RULES),
        channel=channel,
        first_text=first,
    )


def test_fields_are_filled_in():
    body = "{first_name} {last_name|x} {church_name} {visit_date} {reply_number} {service|Sunday}"
    assert text_of(body).text == "Anna Keller Grace Church Sunday, November 22 +16155550100 Sunday"


def test_a_first_text_says_who_writes_and_how_to_stop():
    assert text_of("Hi", first=True).text == "Hi\nGrace Church: Reply STOP to stop, HELP for help."
    assert text_of("Hi. STOP ends it.", first=True).text == "Hi. STOP ends it."
    assert text_of("Hi").text == "Hi"


@pytest.mark.parametrize("body", ["", "{nickname}", "{first_name", "first_name}", "{{first_name}}"])
def test_words_that_cannot_be_filled_in_are_refused(body):
    with pytest.raises(RenderError):
        text_of(body)


def test_what_a_visitor_wrote_is_no_field_no_link_and_no_html():
    mail = text_of(
        "Hello {first_name}, see https://grace.org/a.", card(first_name=HOSTILE), channel=Channel.EMAIL
    )
    assert mail.html.count("<a ") == 1
    assert '<a href="https://grace.org/a">' in mail.html
    assert "<b>" not in mail.html
    assert "Keller" not in mail.text
    sms = text_of("Hello {first_name}", card(first_name=HOSTILE)).text
    assert not re.search(r"https?:|www\.|\w\.[a-z]{2,}", sms)


@given(st.text(max_size=200), st.text(max_size=80))
def test_no_value_breaks_out_of_an_email(first_name, service):
    mail = text_of(
        "A {first_name|b} c {service}", card(first_name=first_name, service=service), channel=Channel.EMAIL
    )
    assert set(re.findall(r"</?[a-z]+", mail.html)) <= {"<p", "</p", "<br"}
    assert html.unescape(re.sub(r"<[^>]+>", "", mail.html)).split() == mail.text.split()


@given(st.text(max_size=500))
def test_html_says_what_the_words_say(text):
    shown = html.unescape(re.sub(r"<br>|</p>", "\n", as_html(text)))
    assert (
        "".join(re.sub(r'<p>|<a href="[^"]*">|</a>', "", shown).split())
        == "".join(html.unescape(text).split())
        or "&" in text
        or "<" in text
    )


def test_every_field_has_a_value_or_a_fallback():
    for name in FIELDS:
        assert text_of(f"x {{{name}|none}}").text != "x "


class TestParts:
    @pytest.mark.parametrize(
        ("text", "encoding", "parts"),
        [
            ("", "GSM-7", 0),
            ("a" * 160, "GSM-7", 1),
            ("a" * 161, "GSM-7", 2),
            ("a" * 306, "GSM-7", 2),
            ("a" * 307, "GSM-7", 3),
            ("€" * 80, "GSM-7", 1),
            ("€" * 81, "GSM-7", 2),
            ("ő" * 70, "UCS-2", 1),
            ("ő" * 71, "UCS-2", 2),
            ("ő" * 134, "UCS-2", 2),
            ("ő" * 135, "UCS-2", 3),
            ("🙂" * 35, "UCS-2", 1),
            ("🙂" * 36, "UCS-2", 2),
        ],
    )
    def test_bounds(self, text, encoding, parts):
        found = count(text)
        assert (found.encoding, found.parts) == (encoding, parts)

    def test_the_signs_that_cost_are_named_once(self):
        assert count("Hi “you” 🙂🙂").costly == ("“", "”", "🙂")

    def test_no_sign_is_torn_apart(self):
        # 152 and an extended sign: its two halves both go into the second part.
        assert count("a" * 152 + "€" + "a" * 152).parts == 3

    @given(st.text(alphabet=sorted(GSM_7 | EXTENDED), max_size=700))
    def test_gsm_signs_alone_never_become_ucs2(self, text):
        found = count(text)
        assert found.encoding == "GSM-7"
        assert found.units == len(text) + sum(sign in EXTENDED for sign in text)
        assert found.left >= 0
        assert found.parts >= found.units / 160

    @given(st.text(max_size=300), st.text(max_size=20))
    def test_more_words_are_never_fewer_parts_of_the_same_alphabet(self, text, more):
        one, both = count(text), count(text + more)
        if one.encoding == both.encoding:
            assert both.parts >= one.parts
