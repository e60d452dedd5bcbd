"""Which of what GoHighLevel lists is the message that may have gone out."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.client.errors import NotFoundError
from ghl.client.messages import Message, MessagePage
from ghl.client.models import Contact
from ghl.delivery.steps import FindDuplicate
from ghl.messages.errand import look_for
from ghl.messages.look import AFTER, Found, Sought, candidates, is_ours, looked, plain, unread
from ghl.statuses import Channel

SENT_AT = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
TEXT = Sought(Channel.SMS, "", "Hi Ann, it\u2019s good that you came!", SENT_AT)
MAIL = Sought(Channel.EMAIL, "Welcome", "Hi Ann & all", SENT_AT)


def message(number=1, **changes):
    values = {"id": f"m{number}", "direction": "outbound", "body": TEXT.text, "date_added": SENT_AT}
    values |= changes
    return Message(**values | {"date_added": at.isoformat() if (at := values["date_added"]) else None})


@pytest.mark.parametrize(
    "body",
    [
        "Hi Ann, it's good that you came!",
        "Hi Ann, it\u2019s good that you came!\n\nThanks, Grace. Reply STOP to unsubscribe",
        "  Hi  Ann,\nit's good that you came! ",
    ],
)
def test_words_that_gohighlevel_adds_are_no_difference(body):
    assert is_ours(message(body=body), TEXT)


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "inbound"},
        {"direction": None},
        {"body": "Hi Ann"},
        {"body": None},
        {"date_added": None},
        {"date_added": SENT_AT - timedelta(seconds=61)},
    ],
)
def test_what_is_not_ours(changes):
    assert not is_ours(message(**changes), TEXT)


def test_a_clock_that_is_a_minute_behind_is_no_difference():
    assert is_ours(message(date_added=SENT_AT - timedelta(seconds=59)), TEXT)


def test_an_email_is_known_by_its_subject_and_its_words():
    assert is_ours(message(subject="welcome", body="<p>Hi <b>Ann</b> &amp; all</p>"), MAIL)
    assert not is_ours(message(subject="welcome", body="<p>An automation of the church.</p>"), MAIL)
    assert not is_ours(message(subject="Goodbye", body=MAIL.text), MAIL)
    assert is_ours(message(subject=None, body="<p>Hi Ann &amp; all</p>"), MAIL)


def test_the_export_and_the_conversation_name_the_same_one():
    assert len(candidates([message(1), message(1), message(2)], TEXT)) == 2


def test_one_is_taken_two_are_for_a_person_and_none_is_looked_for_again():
    one, two = message(1), message(2)
    assert looked([one], taken=(), looks=0, sent_at=SENT_AT).hit is one
    assert looked([one, two], taken=(), looks=0, sent_at=SENT_AT).found is Found.TWO
    assert looked([one, two], taken={"m1"}, looks=0, sent_at=SENT_AT).hit is two
    assert looked([one], taken={"m1"}, looks=0, sent_at=SENT_AT).again_at == SENT_AT + AFTER[1]
    assert looked([], taken=(), looks=1, sent_at=SENT_AT).again_at == SENT_AT + AFTER[2]
    assert looked([], taken=(), looks=2, sent_at=SENT_AT).found is Found.NONE


def test_an_email_whose_words_nobody_tells_is_for_a_person():
    bare = message(subject="Welcome", body=None)
    assert candidates([bare], MAIL) == ()
    assert unread([bare, message(2, subject="Goodbye", body=None)], MAIL) == (bare,)
    assert looked([], taken=(), looks=1, sent_at=SENT_AT, unread=[bare]).again_at == SENT_AT + AFTER[2]
    assert looked([], taken=(), looks=2, sent_at=SENT_AT, unread=[bare]).found is Found.PERHAPS
    assert looked([], taken={"m1"}, looks=2, sent_at=SENT_AT, unread=[bare]).found is Found.NONE


@given(st.text(), st.text(), st.text())
def test_what_stands_around_our_words_never_hides_them(before, ours, after):
    if plain(ours):
        sought = Sought(Channel.SMS, "", ours, SENT_AT)
        assert is_ours(message(body=f"{before}\n{ours}\n{after}"), sought)


def test_where_a_contact_is_gone_the_one_that_has_the_address_is_looked_at():
    row = SimpleNamespace(sought=TEXT, contact_id="gone", channel=Channel.SMS, address="+16155550101")
    look = look_for(row, now=SENT_AT + timedelta(minutes=1))
    assert next(look).contact_id == "gone"
    missing = NotFoundError("Contact not found", status=404)
    assert look.throw(missing) == FindDuplicate(phone=row.address)
    assert look.send(Contact(id="kept")).contact_id == "kept"
    with pytest.raises(StopIteration) as ended:
        look.send(MessagePage(messages=(message(1),)))
    assert [hit.id for hit in ended.value.value.messages] == ["m1"]
