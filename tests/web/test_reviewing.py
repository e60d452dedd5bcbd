"""What the page *Review new cards* saves: no two windows of one person meet in a circle."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dashboard.desk.typed import Typist
from dashboard.review import reviewing
from ghl.cards import drafts, review
from ghl.people.users import add_user
from ghl.statuses import CardSource, Role
from tests.support.churches import card_values, church, save
from tests.support.hub import wait_for

NOW = datetime.now(UTC)
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('tuple', 'transactionid')"


def test_one_window_keeps_what_is_typed_while_another_one_saves(database):
    here = church(database)
    ruth = add_user(database, "r@example.org", name="Ruth", church_id=here, role=Role.STAFF, actor="test")
    typist = Typist(here, ruth, f"user:{ruth}", ZoneInfo("America/Chicago"))
    (saved,) = save(database, here, card_values(1), source=CardSource.FORM)
    opened = reviewing.this_card(database, typist, saved.id, now=NOW)
    card = opened.card
    typed = {"first_name": "Ann"}
    assert reviewing.keep_typed(database, typist, opened, typed, now=NOW)
    with ThreadPoolExecutor(1) as pool:
        with database.church(here) as session:
            assert review.reserve(session, here, ruth, card.id)
            keeping = pool.submit(reviewing.keep_typed, database, typist, opened, typed, now=NOW)
            wait_for(lambda: session.execute(text(WAITS)).scalar_one(), within=10)
            drafts.remove(session, here, ruth, drafts.place_of(card.id))
        assert keeping.result(30)
