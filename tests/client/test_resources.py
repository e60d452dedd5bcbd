"""What the resources make of GHL's answers, beyond the happy path that the simulator covers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.messages import MessageWrite
from tests.support.clients import ANN, outcome
from tests.support.nasty_server import NastyServer

Connect = Callable[..., GHLClient]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ask(connect: Connect, answer: Any, call: Callable[[GHLClient], Any]) -> Any:
    with NastyServer(lambda exchange: exchange.answer(answer)) as server:
        return outcome(lambda: call(connect(server.url)))


@pytest.mark.parametrize("answer", [{"contact": None}, {}, {"contact": {}}, {"traceId": "t"}])
def test_nobody_found(answer: Any, connect: Connect) -> None:
    assert ask(connect, answer, lambda client: client.contacts.find_duplicate(phone="+16155550100")) is None


def test_somebody_found_without_an_id_is_unreadable(connect: Connect) -> None:
    error = ask(
        connect, {"contact": {"phone": "+1"}}, lambda client: client.contacts.find_duplicate(phone="+1")
    )
    assert isinstance(error, errors.UnreadableAnswerError)


@pytest.mark.parametrize("answer", [{"contact": {"id": "c1"}}, {"id": "c1"}])
def test_contact_wrapped_or_bare(answer: Any, connect: Connect) -> None:
    assert ask(connect, answer, lambda client: client.contacts.get("c1")).id == "c1"


@pytest.mark.parametrize(
    "answer", [{"succeded": True}, {"succeeded": True}, {"succeded": True, "contact": {"id": "c1"}}]
)
def test_update_may_answer_without_the_contact(answer: Any, connect: Connect) -> None:
    assert ask(connect, answer, lambda client: client.contacts.update("c1", ANN)).id == "c1"


@pytest.mark.parametrize(
    "answer", [{"succeded": False}, {}, {"contact": None}, {"succeded": True, "contact": {}}]
)
def test_update_that_says_nothing_is_unsure(answer: Any, connect: Connect) -> None:
    error = ask(connect, answer, lambda client: client.contacts.update("c1", ANN))
    assert isinstance(error, errors.UnreadableAnswerError)
    assert error.unsure


def test_custom_fields_without_an_id_are_passed_over(connect: Connect) -> None:
    answer = {
        "customFields": [{"id": "f1", "name": "Campus", "dataType": "SIGNATURE"}, {"name": "x"}, 7, None]
    }
    fields = ask(connect, answer, lambda client: client.locations.custom_fields())
    assert [(field.id, field.data_type) for field in fields] == [("f1", "SIGNATURE")]


@pytest.mark.parametrize("answer", [{"customFields": {}}, {"tags": "x"}, {}])
def test_lists_that_are_none_are_empty(answer: Any, connect: Connect) -> None:
    assert ask(connect, answer, lambda client: client.locations.custom_fields()) == ()
    assert ask(connect, answer, lambda client: client.locations.tags()) == ()


def test_tags_come_back_as_ghl_keeps_them(connect: Connect) -> None:
    assert ask(connect, {"tags": ["choir", 7]}, lambda client: client.contacts.add_tags("c1", ["Choir"])) == (
        "choir",
    )


def test_message_sent_without_an_id_is_unsure(connect: Connect) -> None:
    message = MessageWrite(type="SMS", contact_id="c1", message="Hi")
    error = ask(
        connect, {"msg": "Message queued successfully."}, lambda client: client.conversations.send(message)
    )
    assert isinstance(error, errors.UnreadableAnswerError)
    assert error.unsure


@pytest.mark.parametrize(
    "answer", [{"id": "m1", "status": "sent"}, {"message": {"id": "m1", "status": "sent"}}]
)
def test_message_wrapped_or_bare(answer: Any, connect: Connect) -> None:
    assert ask(connect, answer, lambda client: client.conversations.get("m1")).status == "sent"


@pytest.mark.parametrize(
    "answer",
    [
        {"messages": [{"id": "m1"}], "nextCursor": "next"},
        {"messages": {"messages": [{"id": "m1"}, 7]}, "nextCursor": "next"},
    ],
)
def test_messages_flat_or_nested(answer: Any, connect: Connect) -> None:
    page = ask(
        connect,
        answer,
        lambda client: client.conversations.export(contact_id="c1", channel="SMS", start=NOON, end=NOON),
    )
    assert [message.id for message in page.messages] == ["m1"]
    assert page.next_cursor == "next"


def test_conversations_found(connect: Connect) -> None:
    answer = {"conversations": [{"id": "v1", "contactId": "c1"}, None]}
    found = ask(connect, answer, lambda client: client.conversations.search("c1"))
    assert [conversation.id for conversation in found] == ["v1"]
