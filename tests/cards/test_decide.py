"""Who is who: remembered for person and contact, once, and the card that waited for it goes."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ghl.cards.decide import decide, take_back
from ghl.cards.fields import parse_card
from ghl.cards.fingerprint import person_key
from ghl.delivery.claim import claim
from ghl.delivery.outgoing import outgoing
from ghl.delivery.settle import Settlement, settle
from ghl.ids import new_id
from ghl.statuses import AttemptOutcome, CardStatus
from tests.support.churches import card_values, church, connected_church, key_ring, save

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
FACTS = {"contact_id": "mary", "contact_name": "Mary Smith", "name": "Anna1 Keller", "field": "phone"}


@pytest.fixture
def church_id(database):
    return connected_church(database, key_ring())


@pytest.fixture
def ask(database, church_id):
    def ask(sql):
        with database.church(church_id) as session:
            return [tuple(row) for row in session.execute(text(sql))]

    return ask


@pytest.fixture
def choose(database, church_id):
    def choose(card_id, verdict, contact_id="mary", church_id=church_id):
        with database.church(church_id) as session:
            return decide(
                session,
                church_id,
                card_id,
                contact_id=contact_id,
                verdict=verdict,
                actor="user:ruth",
                now=NOW,
            )

    return choose


@pytest.fixture
def held(database, church_id):
    """Makes a card that waits for a decision."""

    def held(cause="same_person_doubt", status=CardStatus.HELD, facts=FACTS, **values):
        (saved,) = save(database, church_id, card_values(1, **values))
        with database.church(church_id) as session:
            (row,) = claim(session, church_id, token=new_id(), most=1)
            held = Settlement(row, AttemptOutcome.HELD, status, cause=cause, facts=facts, attempts=3)
            settle(session, church_id, [held])
        return saved.id

    return held


@pytest.mark.parametrize("verdict", ["same", "different"])
def test_the_card_goes_again_with_the_answer(held, choose, ask, verdict):
    card_id = held()
    assert choose(card_id, verdict)
    assert ask("SELECT contact_id, verdict, decided_by FROM person_decisions") == [
        ("mary", verdict, "user:ruth")
    ]
    assert ask("SELECT status, cause, facts FROM cards") == [("waiting", None, {})]
    assert ask("SELECT state, attempts FROM outbox") == [("due", 0)]
    assert ask("SELECT actor, subject, facts FROM audit_entries WHERE action = 'card.decided'") == [
        ("user:ruth", str(card_id), {"verdict": verdict})
    ]


def test_the_person_is_the_one_that_deliveries_remember(held, choose, ask):
    values = card_values(1, last_name="", email="")
    choose(held(last_name="", email=""), "same")
    person = outgoing(parse_card(values).fields, "US", written_at=NOW).person
    assert ask("SELECT person FROM person_decisions") == [(person_key(person),)]


def test_a_second_click_does_nothing(held, choose, ask):
    card_id = held()
    assert [choose(card_id, "same"), choose(card_id, "same")] == [True, False]
    assert len(ask("SELECT 1 FROM audit_entries WHERE action = 'card.decided'")) == 1


def test_a_card_that_waits_although_it_was_decided_goes(held, choose, ask):
    """Another card of the same person was decided meanwhile."""
    card_id = held()
    choose(card_id, "same")
    ask(
        "WITH o AS (UPDATE outbox SET state = 'parked') UPDATE cards SET status = 'held',"
        " cause = 'same_person_doubt', facts = '{\"contact_id\": \"mary\"}' RETURNING 1"
    )
    assert choose(card_id, "same")
    assert ask("SELECT status FROM cards") == [("waiting",)]


def test_minds_may_be_changed(held, choose, ask):
    card_id = held()
    assert choose(card_id, "same")
    assert choose(card_id, "different")
    assert ask("SELECT verdict FROM person_decisions") == [("different",)]


def test_two_people_are_two_questions(held, choose, ask):
    card_id = held("two_people_match", facts=FACTS | {"other_id": "kim"})
    assert choose(card_id, "different", "kim")
    assert ask("SELECT status FROM cards") == [("waiting",)]


def test_without_an_address_of_its_own_another_answer_lets_it_go(held, choose, ask):
    card_id = held("no_address_of_its_own", CardStatus.NEEDS_ATTENTION)
    assert choose(card_id, "same")
    assert ask("SELECT status FROM cards") == [("waiting",)]


@pytest.mark.parametrize(
    ("cause", "contact_id"), [("held_by_staff", "mary"), ("same_person_doubt", "somebody")]
)
def test_what_waits_for_something_else_goes_on_waiting(held, choose, ask, cause, contact_id):
    card_id = held(cause)
    assert choose(card_id, "same", contact_id)
    assert ask("SELECT status FROM cards") == [("held",)]
    assert not choose(card_id, "same", contact_id)


def test_in_review_it_is_only_remembered(database, church_id, choose, ask):
    (saved,) = save(database, church_id, card_values(1), review=True)
    assert choose(saved.id, "different")
    assert not choose(saved.id, "different")
    assert ask("SELECT status FROM cards") == [("to_review",)]
    assert ask("SELECT verdict FROM person_decisions") == [("different",)]


def test_another_church_has_no_such_card(database, held, choose, ask):
    card_id = held()
    other = connected_church(database, key_ring(), location_id="OTHER")
    assert not choose(card_id, "same", church_id=other)
    assert ask("SELECT status FROM cards") == [("held",)]
    assert ask("SELECT 1 FROM person_decisions") == []


def test_without_a_location_there_is_nobody_to_compare_with(database, choose):
    lonely = church(database)
    (saved,) = save(database, lonely, card_values(1), review=True)
    assert not choose(saved.id, "same", church_id=lonely)


def test_a_decision_is_taken_back_by_who_made_it_while_the_card_is_to_be_reviewed(
    database, church_id, choose, ask
):
    (card,) = save(database, church_id, card_values(1), review=True)
    (gone,) = save(database, church_id, card_values(2))

    def back(card_id, actor="user:ruth"):
        with database.church(church_id) as session:
            return take_back(session, church_id, card_id, contact_id="mary", actor=actor)

    choose(card.id, "same")
    choose(gone.id, "same")
    assert not back(card.id, "user:ben")
    assert back(card.id)
    assert not back(card.id), "once"
    assert not back(gone.id), "what went out by it is not called back"
    assert ask("SELECT count(*) FROM person_decisions") == [(1,)]
    verdicts = ask("SELECT facts ->> 'verdict' FROM audit_entries WHERE action = 'card.decided' ORDER BY id")
    assert verdicts == [("same",), ("same",), ("taken_back",)]
