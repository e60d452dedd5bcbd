"""What a page learns of GoHighLevel and the keys about writing to somebody: the answer is that of a send."""

import pytest
from sqlalchemy import text

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.consent import ask, ledger
from ghl.consent.may_send import VerdictKind
from ghl.consent.reasons import Reason
from ghl.erasing import proofs
from ghl.questions.kind import QuestionError
from ghl.questions.kinds import KINDS
from ghl.questions.may_we import asked_there
from ghl.statuses import CardSource, Channel, QuestionState
from tests.support.hub import wait_for
from tests.webhooks.world import MARY, PHONE


class World:
    """A church that never sleeps, with Mary's card."""

    def __init__(self, hub, asking, came):
        self.hub, self.asking, self.came = hub, asking, came
        self.church = hub.church()
        self.change("UPDATE churches SET timezone = 'UTC'")

    def change(self, sql, **values):
        with self.hub.database.church(self.church) as session:
            session.execute(text(sql), values)

    def card(self, **changes):
        card = NewCard(parse_card(MARY | changes), CardSource.TYPED, recorded_by="user:1")
        with self.hub.database.church(self.church) as session:
            [saved] = save_cards(session, self.church, [card], now=SystemClock().now())
        self.change("UPDATE outbox SET state = 'parked'")
        return saved.id

    def at(self, card_id, contact_id):
        self.change("UPDATE cards SET contact_id = :contact WHERE id = :id", contact=contact_id, id=card_id)

    def ask(self, card_id):
        return self.came(self.church, self.asking(self.church, "may_we", card=str(card_id)))

    def answers(self, card_id):
        """The page's answers, with what GoHighLevel and the keys say."""
        there = asked_there(self.ask(card_id).answer)
        with self.hub.database.church(self.church) as session:
            person = ask.of_card(session, self.church, card_id, there=there, now=SystemClock().now())
        return {one.channel: one for one in person.answers}


@pytest.fixture
def world(hub, asking, came):
    world = World(hub, asking, came)
    hub.start_worker()
    return world


def test_a_contact_that_blocks_nothing(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    answers = world.answers(card_id)
    assert all(one.yes and one.there.contact for one in answers.values())
    assert world.hub.sim.stats.total == 1, "one contact is read once"


@pytest.mark.parametrize("status", ["active", "permanent"])
def test_do_not_disturb_is_a_no_of_its_channel(world, mary, status):
    card_id = world.card()
    contact = mary()
    world.at(card_id, contact)
    world.hub.sim.control.set_dnd(contact, status)
    answers = world.answers(card_id)
    assert answers[Channel.SMS].verdict.reason is Reason.DND_IN_GHL
    assert answers[Channel.EMAIL].yes


def test_do_not_disturb_for_all_is_a_no_of_both(world, mary):
    card_id = world.card()
    contact = mary()
    world.at(card_id, contact)
    world.hub.sim.control.set_dnd(contact, "active", channel="all")
    assert {one.verdict.reason for one in world.answers(card_id).values()} == {Reason.DND_IN_GHL}


def test_another_number_in_gohighlevel_is_held(world, mary):
    card_id = world.card()
    world.at(card_id, mary(phone="+16155550199"))
    answers = world.answers(card_id)
    assert answers[Channel.SMS].verdict.kind is VerdictKind.HELD
    assert answers[Channel.SMS].verdict.reason is Reason.OTHER_NUMBER


def test_nobody_has_the_address_yet(world):
    answers = world.answers(world.card())
    assert all(one.there is not None and one.there.contact is None for one in answers.values())


def test_a_contact_that_was_merged_is_found_by_its_address(world, mary):
    card_id = world.card()
    world.at(card_id, "gone")
    contact = mary()
    world.hub.sim.control.set_dnd(contact, "active")
    answers = world.answers(card_id)
    assert answers[Channel.SMS].there.contact.contact_id == contact
    assert answers[Channel.SMS].verdict.reason is Reason.DND_IN_GHL
    assert world.hub.sim.stats.total == 3


def test_the_stop_of_somebody_who_was_erased_is_known(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    hub = world.hub
    with hub.database.church(world.church) as session:
        ledger.record_stop(
            session, world.church, channel=Channel.SMS, address=PHONE, source="keyword", recorded_by="x",
            now=SystemClock().now(),
        )  # fmt: skip
    with hub.database.erasing(world.church) as session:
        columns = ", ".join(proofs.STAYS)
        gone = session.execute(
            text(f"DELETE FROM consent_events WHERE kind = 'stop' RETURNING id, address, {columns}")
        ).all()
        proofs.keep(session, hub.container.key_ring, world.church, gone, now=SystemClock().now())
    with hub.database.church(world.church) as session:
        before = ask.of_card(session, world.church, card_id, now=SystemClock().now())
    assert all(one.yes for one in before.answers), "the web has no keys"
    answers = world.answers(card_id)
    assert answers[Channel.SMS].verdict.reason is Reason.STOPPED
    assert answers[Channel.EMAIL].yes


def test_a_stop_that_comes_after_the_answer_counts(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    there = asked_there(world.ask(card_id).answer)
    with world.hub.database.church(world.church) as session:
        now = SystemClock().now()
        ledger.record_stop(
            session, world.church, channel=Channel.SMS, address=PHONE, source="keyword", recorded_by="x", now=now
        )  # fmt: skip
        person = ask.of_card(session, world.church, card_id, there=there, now=now)
    assert person.answers[0].verdict.reason is Reason.STOPPED


def test_an_answer_about_another_address_says_nothing(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    there = asked_there(world.ask(card_id).answer)
    other = world.card(phone="+16155550111")
    with world.hub.database.church(world.church) as session:
        person = ask.of_card(session, world.church, other, there=there, now=SystemClock().now())
    text_to, email_to = person.answers
    assert text_to.there is None
    assert email_to.there is not None


def test_a_guardians_phone_is_looked_up(world, mary):
    card_id = world.card(
        adult="no", guardian_name="Ruth Smith", guardian_phone="+16155550144", guardian_consent="yes"
    )
    guardian = mary(firstName="Ruth", phone="+16155550144", email=None)
    world.hub.sim.control.set_dnd(guardian, "active")
    answers = world.answers(card_id)
    assert answers[Channel.SMS].there.contact.contact_id == guardian
    assert answers[Channel.SMS].verdict.reason is Reason.DND_IN_GHL


def test_a_card_that_is_gone_fails(world):
    card_id = world.card()
    asked = world.asking(world.church, "may_we", wake=False, card=str(card_id))
    with world.hub.database.erasing(world.church) as session:
        session.execute(text("DELETE FROM cards"))
    world.hub.container.waker.wake(world.church)
    assert world.came(world.church, asked).state is QuestionState.FAILED


def test_a_token_that_is_refused_is_told(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    world.hub.sim.state.revoke_token(world.hub.sim.token(world.hub.sim.location_id))
    asked = world.ask(card_id)
    assert (asked.state, asked.cause) == (QuestionState.FAILED, "token_refused")


def test_gohighlevel_that_does_not_answer_leaves_it_open(world, mary):
    card_id = world.card()
    world.at(card_id, mary())
    world.hub.sim.control.fault("server_error", operation="contacts.get")
    world.asking(world.church, "may_we", card=str(card_id))
    wait_for(
        lambda: world.hub.query(
            world.church, "SELECT 1 FROM questions WHERE state = 'waiting' AND cause = 'ghl_not_answering'"
        ),
        within=15,
    )


@pytest.mark.parametrize("params", [{}, {"card": "x"}, {"card": PHONE}, {"card": None, "more": 1}])
def test_only_a_card_can_be_asked_about(params):
    with pytest.raises(QuestionError):
        KINDS["may_we"].checked(params)
