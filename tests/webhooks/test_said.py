"""What a person wrote, taken out of an event, by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.consent.keywords import Heard, read_reply
from ghl.statuses import Channel
from ghl.webhooks.said import own_words, said_in


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("STOP", "STOP"),
        ("<p>Unsubscribe</p>", "Unsubscribe"),
        ("Thanks!\n> Reply STOP to stop", "Thanks!"),
        ("Thanks!\n\nOn Sun, Nov 22 Grace wrote:\nReply STOP", "Thanks!"),
        ('Hi<div class="gmail_quote">Reply <b>STOP</b><div>x</div></div>STOP', "Hi"),
        ("<blockquote>STOP</blockquote><div>Hello</div>", "Hello"),
        ("<style>stop</style>Yes &amp; no", "Yes & no"),
        ("Yes\n-----Original Message-----\nSTOP", "Yes"),
    ],
)
def test_only_their_own_words(body, own):
    assert own_words(body) == own


def test_what_goes_out_and_calls_are_nothing():
    assert said_in({"messageType": "SMS", "direction": "outbound", "body": "STOP"}) is None
    assert said_in({"messageType": "CALL", "direction": "inbound"}) is None


def test_each_way_of_writing_is_heard_and_only_a_text_can_start():
    text = said_in({"messageType": "SMS", "body": "STOP", "from": "+16155550100"})
    assert (text.channel, text.words, text.address, text.sms) == (Channel.SMS, "STOP", "+16155550100", True)
    chat = said_in({"messageType": "WhatsApp", "direction": "inbound", "body": "STOP"})
    assert (chat.channel, chat.sms) == (Channel.SMS, False)
    mail = said_in({"messageType": "Email", "body": "", "subject": "Unsubscribe", "from": "Ann <A@x.org>"})
    assert (mail.channel, mail.words, mail.address) == (Channel.EMAIL, "Unsubscribe", "A@x.org")
    answer = said_in({"messageType": "Email", "body": "", "subject": "Re: how to STOP", "from": "a@x.org"})
    assert read_reply(answer.words) is Heard.NOTHING


@given(st.text(max_size=2000))
def test_any_text_is_taken(text):
    assert len(said_in({"messageType": "Email", "body": text}).words) <= len(text)
    assert said_in({"messageType": "SMS", "body": text}).words == text


def test_a_stop_at_the_end_of_a_long_text_is_read():
    body = "Thank you for the lovely service and the coffee. " * 11 + "But please stop texting me."
    said = said_in({"messageType": "SMS", "direction": "inbound", "body": body})
    assert read_reply(said.words) is Heard.DOUBT
