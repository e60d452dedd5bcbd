"""The number that people tell support: it stands on the card, and in the log."""

from structlog.testing import capture_logs

from ghl.causes import advice
from ghl.delivery.claim import free_expired
from ghl.statuses import CardStatus
from ghl.support import support_number


def test_a_card_that_stops_the_program_is_found_in_the_log(database, church, cards, sql):
    card = cards(CardStatus.SENDING)
    sql("UPDATE outbox SET deaths = 2, leased_until = now() - interval '1 minute'")
    with capture_logs() as lines, database.church(church) as session:
        assert free_expired(session, church) == 1
    (row,) = sql("SELECT status, cause, facts FROM cards")
    assert (row.status, row.cause) == ("needs_attention", "crashed_three_times")
    number = support_number(card)
    assert row.facts == {"support": number}
    assert number in advice(row.cause, row.facts)
    (told,) = [line for line in lines if line["event"] == "card.needs_support"]
    assert (told["support_number"], told["card_id"]) == (number, str(card))
    assert number.lower() in str(card).replace("-", ""), "the id itself is found by it as well"


def test_a_first_death_is_no_matter_for_support(database, church, cards, sql):
    cards(CardStatus.SENDING)
    sql("UPDATE outbox SET leased_until = now() - interval '1 minute'")
    with capture_logs() as lines, database.church(church) as session:
        free_expired(session, church)
    assert sql("SELECT status, facts FROM cards")[0] == ("waiting", {})
    assert lines == []
