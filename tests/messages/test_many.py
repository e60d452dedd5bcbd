"""Onboarding messages for many cards: foreseen, sent once, and told what was left; badges are read by an index."""

import pytest
from sqlalchemy import text

from ghl.cards.actions import Chosen
from ghl.cards.find import CardFilter
from ghl.clock import SystemClock
from ghl.messages import many
from ghl.messages.asked import Asked, AskedOutcome
from ghl.messages.shown import _newest, badges_of
from ghl.statuses import Channel, MessageState


def send(sender, chosen):
    return many.send_to_all(
        sender.hub.database, sender.church_id, chosen, actor="anna", clock=SystemClock(), total=0
    )


def test_what_is_foreseen_is_what_happens_and_twice_changes_nothing(sender):
    cards = [sender.card(number, arrived=False) for number in range(1, 4)]
    silent = sender.card(7, arrived=False, sms_consent="", email_consent="", consent_wording="")
    sender.ask(cards[0])
    chosen = Chosen(ids=(*cards, silent))
    foreseen = many.foresee(sender.hub.database, sender.church_id, chosen, clock=SystemClock())
    assert (foreseen.going, foreseen.left) == (2, {"text: already on its way": 1, "text: no yes": 1})
    done = send(sender, chosen)
    assert (done.done, done.left) == (foreseen.going, foreseen.left)
    again = send(sender, chosen)
    assert (again.done, again.left) == (0, {"text: already on its way": 3, "text: no yes": 1})
    assert sender.query("SELECT count(*) FROM outbox WHERE kind = 'message' AND state = 'due'") == [(3,)]


@pytest.mark.parametrize(
    ("channel", "outcome", "state", "words"),
    [
        (Channel.SMS, AskedOutcome.NO_ADDRESS, None, "text: no phone number that works"),
        (Channel.EMAIL, AskedOutcome.NO_ADDRESS, None, "e-mail: no e-mail address that works"),
        (Channel.SMS, AskedOutcome.ALREADY_SENT, MessageState.DELIVERED, "text: already sent"),
        (Channel.SMS, AskedOutcome.ALREADY_SENT, MessageState.SENDING, "text: already on its way"),
        (
            Channel.EMAIL,
            AskedOutcome.ALREADY_SENT,
            MessageState.UNSURE,
            "e-mail: nobody knows yet whether it went out",
        ),
        (Channel.SMS, AskedOutcome.ALREADY_SENT, MessageState.FAILED, "text: sent before, and not accepted"),
        (None, AskedOutcome.NO_TEMPLATE, None, "no published words"),
    ],
)
def test_why_one_is_left_is_true_of_its_kind(channel, outcome, state, words):
    assert many.why_left(Asked(None, None, channel, None, outcome, state=state)) == words


def test_all_that_match_goes_page_by_page(sender, monkeypatch):
    monkeypatch.setattr(many, "CHUNK", 2)
    for number in range(1, 6):
        sender.card(number, arrived=False)
    steps = []
    done = many.send_to_all(
        sender.hub.database,
        sender.church_id,
        Chosen(wanted=CardFilter()),
        actor="anna",
        clock=SystemClock(),
        total=5,
        progress=lambda dealt_with, total: steps.append((dealt_with, total)),
    )
    assert done.done == 5
    assert steps == [(2, 5), (4, 5), (5, 5)]


def test_another_church_s_cards_are_not_there(sender, hub):
    card = sender.card(arrived=False)
    other = hub.church("hope", location="locHope")
    done = many.send_to_all(
        hub.database, other, Chosen(ids=(card,)), actor="eve", clock=SystemClock(), total=1
    )
    assert done.done == 0
    sender.ask(card)
    with hub.database.church(other) as session:
        assert badges_of(session, other, [card]) == {}


def test_badges_are_read_by_an_index(sender):
    card = sender.card(arrived=False)
    sender.ask(card)
    with sender.hub.database.church(sender.church_id) as session:
        assert set(badges_of(session, sender.church_id, [card])[card]) == {Channel.SMS}
        # A table of one row is read whole otherwise, whatever its indexes.
        session.execute(text("SET LOCAL enable_seqscan = off"))
        query = str(
            _newest(sender.church_id, [card]).compile(
                session.connection(), compile_kwargs={"literal_binds": True}
            )
        )
        plan = "\n".join(row[0] for row in session.execute(text(f"EXPLAIN {query}")))
    assert "ix_messages_card" in plan, plan
    assert "Seq Scan on messages" not in plan
