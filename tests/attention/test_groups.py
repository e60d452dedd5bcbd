"""The groups of what waits for a person, their pages and their counts."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.attention import groups
from ghl.attention.wanted import Wanted
from ghl.cards.counts import counts_by_cause, fold
from ghl.statuses import CardSource, CardStatus

ATTENTION, HELD = CardStatus.NEEDS_ATTENTION, CardStatus.HELD


@pytest.fixture
def look(database, church):
    def look(wanted=None):
        with database.church(church) as session:
            return {group.cause: group for group in groups.groups(session, church, wanted or Wanted())}

    return look


def test_a_group_a_cause_with_both_ends_and_a_sample(look, cards, sql):
    for n in range(3):
        made = cards(ATTENTION, cause="phone_invalid", first_name=f"Nr{n}")
        sql(
            "UPDATE cards SET status_changed_at = now() - make_interval(hours => :n) WHERE id = :id",
            n=n,
            id=made,
        )
    cards(HELD, cause="two_people_match")
    cards(ATTENTION)
    cards(CardStatus.SYNCED, cause="field_gone")
    found = look()
    assert {cause: (group.count, group.held) for cause, group in found.items()} == {
        "phone_invalid": (3, 0),
        "two_people_match": (1, 1),
        "": (1, 0),
    }
    phones = found["phone_invalid"]
    assert phones.newest_at - phones.oldest_at > timedelta(hours=1)
    assert phones.sample.name == "Nr0 Keller"


def test_counts_hold_through_changes_and_folds(database, church, cards, sql):
    made = [cards(ATTENTION, cause="phone_invalid") for _ in range(3)]
    with database.system() as session:
        fold(session)
    sql("UPDATE cards SET cause = 'phone_refused' WHERE id = :id", id=made[0])
    sql("UPDATE cards SET status = 'waiting' WHERE id = :id", id=made[1])
    expected = {(ATTENTION, "phone_invalid"): 1, (ATTENTION, "phone_refused"): 1}
    for _ in range(2):
        with database.church(church) as session:
            assert counts_by_cause(session, church) == expected
        with database.system() as session:
            fold(session)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(sources=(CardSource.FORM,)), {"email_invalid": 1}),
        (Wanted(services=("9:00 am",)), {"phone_invalid": 1}),
        (Wanted(causes=("phone_invalid",)), {"phone_invalid": 2}),
        (Wanted(causes=("phone_invalid",), sources=(CardSource.FORM,)), {}),
        (Wanted(since=datetime.now(UTC) - timedelta(days=2)), {"phone_invalid": 1, "email_invalid": 1}),
        (Wanted(before=datetime.now(UTC) - timedelta(days=2)), {"phone_invalid": 1}),
    ],
)
def test_a_filter(look, cards, sql, wanted, found):
    old = cards(ATTENTION, cause="phone_invalid")
    sql(
        "UPDATE cards SET status_changed_at = now() - interval '3 days', service = '9:00 am' WHERE id = :id",
        id=old,
    )
    cards(ATTENTION, cause="phone_invalid")
    cards(ATTENTION, cause="email_invalid", source=CardSource.FORM)
    assert {cause: group.count for cause, group in look(wanted).items()} == found


@pytest.mark.parametrize("cause", ["phone_invalid", None])
def test_pages_by_key_leave_nobody_out(database, church, cards, cause):
    made = {cards(ATTENTION, cause=cause) for _ in range(23)}
    cards(ATTENTION, cause="email_invalid")
    seen, after = [], None
    with database.church(church) as session:
        while True:
            page = groups.page(session, church, cause or "", Wanted(), after=after)
            seen += page.ids
            after = page.last
            if not page.more:
                break
    assert len(seen) == 23
    assert set(seen) == made


def test_what_is_wanted_is_written_down_and_read_again():
    wanted = Wanted(("a", ""), (CardSource.API,), ("9:00 am",), datetime.now(UTC), None)
    assert Wanted.from_json(wanted.as_json()) == wanted
    assert Wanted.from_json({"causes": [], "sources": ["telepathy"]}) == Wanted()
