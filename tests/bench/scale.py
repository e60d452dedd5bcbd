"""What the queries of pages and workers take in a full installation: a million cards, 200 churches.

Each figure is the median and p95 of repeated runs in the biggest church (200,000 cards), without drawing, beside the
same in a church of 200 cards.
"""

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from ghl.attention import after, groups, retries
from ghl.attention.wanted import Wanted
from ghl.cards.actions import Action, Chosen, dry_run
from ghl.cards.counts import counts
from ghl.cards.drafts import half_typed
from ghl.cards.find import CardFilter, choices, count_found, count_newer_found, find, period_counts
from ghl.cards.lookalikes import lookalikes
from ghl.cards.review import _oldest, last_hand, look_at, said_in
from ghl.cards.view import Cursor, rows
from ghl.churches import find_church
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.db.models import Card
from ghl.delivery.claim import claim, due_churches
from ghl.erasing import ask as erasures
from ghl.erasing import contacts, erase, retention
from ghl.ids import new_id
from ghl.statuses import CardSource, CardStatus
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.support.database import DatabaseUrls
from tests.support.filling import fill

WORDS: Mapping[str, str] = {
    "a rare word": "zebedee",
    "a common word": "anna",
    "part of a common word": "kel",
    "two letters": "li",
    "two common words": "keller anna",
    "a phone": "(615) 555-0123",
    "the end of a phone": "0123",
    "a number": "#1000",
    "a bare number": "1000",
    "an e-mail": "@example.org",
    "nobody": "nobodyatall",
    "letters without parts": "김철수",
}
"""What is typed into the search."""


OLD_LIST = UUID(hashlib.md5(b"import1-0", usedforsecurity=False).hexdigest())
"""A list of the first church, as `tests.support.filling` makes it."""


def filters(now: datetime) -> Mapping[str, CardFilter]:
    """Every filter, and what is hard together: common words that meet on few cards."""
    statuses, sources = CardStatus, CardSource
    return {
        **{f"search: {name}": CardFilter(words=words) for name, words in WORDS.items()},
        "no filter": CardFilter(),
        "one status": CardFilter(statuses=frozenset({statuses.NEEDS_ATTENTION})),
        "two rare statuses": CardFilter(statuses=frozenset({statuses.HELD, statuses.TO_REVIEW})),
        "two services": CardFilter(services=frozenset({"9:00 am", "Wednesday"})),
        "service and campus": CardFilter(services=frozenset({"9:00 am"}), campuses=frozenset({"Eastside"})),
        "a service of nobody": CardFilter(services=frozenset({"midnight"})),
        "one source": CardFilter(sources=frozenset({sources.FORM})),
        "not for the first time": CardFilter(first_time=False),
        "last 7 days": CardFilter(received_from=now - timedelta(days=7)),
        "a common word in a rare status": CardFilter(words="anna", statuses=frozenset({statuses.HELD})),
        "a common word, needs attention": CardFilter(
            words="anna", statuses=frozenset({statuses.NEEDS_ATTENTION})
        ),
        "one list": CardFilter(import_id=OLD_LIST),
        "one list, needs attention": CardFilter(
            import_id=OLD_LIST, statuses=frozenset({statuses.NEEDS_ATTENTION})
        ),
        "one list, a rare word": CardFilter(import_id=OLD_LIST, words="zebedee"),
        "a list of another church": CardFilter(import_id=UUID(int=7)),
        "everything at once": CardFilter(
            words="anna",
            services=frozenset({"9:00 am"}),
            first_time=True,
            received_before=now - timedelta(days=100),
        ),
    }


def run(cards: int = 1_000_000, churches: int = 200) -> dict[str, str]:
    """Milliseconds of each query, p50 and p95, and beside it p50 with a thousandth of the cards."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
    ):
        small = _figures(postgres, "small", cards=max(1_000, cards // 1000), churches=10)
        big = _figures(postgres, "big", cards=cards, churches=churches)
    return {
        name: f"p50 {took[0]:.1f} ms, p95 {took[1]:.1f} ms (at 1,000 cards {small[name][0]:.1f} ms)"
        for name, took in big.items()
    }


def _figures(
    postgres: EmbeddedPostgres, name: str, *, cards: int, churches: int
) -> dict[str, tuple[float, float]]:
    engine = create_engine(make_url(postgres.admin_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    urls = DatabaseUrls(
        *(
            make_url(url).set(database=name).render_as_string(hide_password=False)
            for url in (postgres.admin_url, postgres.app_url)
        )
    )
    upgrade(urls.admin, urls.app)
    fill(urls, cards=cards, churches=churches)
    database = Database(urls.app)
    try:
        return {name: _measured(question) for name, question in questions(database).items()}
    finally:
        database.close()


def questions(database: Database) -> dict[str, Callable[[], object]]:
    """What is asked, each in a transaction of its own."""
    church_id = find_church(database, "church-1").id
    now = datetime.now(UTC)

    with database.church(church_id) as session:
        deep = find(session, church_id, CardFilter(), limit=50_000).last

    def page(status: CardStatus | None = None, after: Cursor | None = None) -> object:
        with database.church(church_id) as session:
            wanted = CardFilter(statuses=frozenset({status} if status else ()))
            found = find(session, church_id, wanted, after=after)
            return rows(session, church_id, found.ids, now=now)

    def tiles() -> object:
        with database.church(church_id) as session:
            return counts(session, church_id)

    def sweep() -> object:
        with database.system() as session:
            return due_churches(session)

    def claiming() -> object:
        with database.church(church_id) as session:
            claimed = claim(session, church_id, token=new_id(), most=100)
            assert claimed
            session.rollback()
            return claimed

    return {
        **_lists(database, church_id, now),
        **_attention(database, church_id, now),
        **_erasing(database, church_id, now),
        "first page": page,
        "page 2,000": lambda: page(after=deep),
        "needs attention": lambda: page(CardStatus.NEEDS_ATTENTION),
        "tiles": tiles,
        "sweep of all churches": sweep,
        "claim of 100": claiming,
    }


def _lists(database: Database, church_id: UUID, now: datetime) -> dict[str, Callable[[], object]]:
    """What lists, their filters and their actions ask."""

    def asks(ask: Callable[..., object], *values: object, **named: object) -> Callable[[], object]:
        def question() -> object:
            with database.church(church_id) as session:
                return ask(session, church_id, *values, **named)

        return question

    def alike(session: Session, church_id: UUID, card_id: UUID) -> object:
        card = look_at(session, church_id, card_id)
        assert card is not None
        return lookalikes(session, church_id, card, now=now)

    with database.church(church_id) as session:
        newest_one = find(session, church_id, CardFilter(), limit=1)
    common = CardFilter(words="anna")
    found: dict[str, Callable[[], object]] = {}
    for name, wanted in filters(now).items():
        found[name] = asks(find, wanted)
        found[f"{name}, counted"] = asks(count_found, wanted)
    for action in Action:
        chosen = Chosen(wanted=CardFilter(), until=now)
        found[f"foreseen: {action}, all cards"] = asks(dry_run, action, chosen)
    return {
        **found,
        "foreseen: send_now, a common word": asks(dry_run, Action.SEND_NOW, Chosen(wanted=common, until=now)),
        "new ones of a common word": asks(count_newer_found, common, newest_one.first),
        "services and campuses": asks(choices),
        "counts of 7 days": asks(period_counts, now - timedelta(days=7)),
        "counts of 35 days": asks(period_counts, now - timedelta(days=35)),
        "look-alikes": asks(alike, newest_one.ids[0]),
        "next to review": asks(_oldest, new_id(), without=(), only=None),
        "what a revision said": asks(said_in, newest_one.ids[0], 1),
        "who had the card last": asks(last_hand, newest_one.ids[0]),
        "cards half typed": asks(half_typed, newest_one.ids[0]),
    }


def _attention(database: Database, church_id: UUID, now: datetime) -> dict[str, Callable[[], object]]:
    """What *Needs attention* asks, and the housekeeper that carries a retry on."""
    service = Wanted(services=("9:00 am",))

    def asks(ask: Callable[..., object], *values: object, **named: object) -> Callable[[], object]:
        def question() -> object:
            with database.church(church_id) as session:
                return ask(session, church_id, *values, **named)

        return question

    def under_way() -> object:
        with database.system() as session:
            return retries.churches_under_way(session)

    with database.church(church_id) as session:
        found = groups.groups(session, church_id, Wanted())
        deep = groups.page(session, church_id, "phone_invalid", Wanted(), limit=100).last
    return {
        "groups": asks(groups.groups, Wanted()),
        "groups of a service": asks(groups.groups, service),
        "groups of a source and a week": asks(
            groups.groups, Wanted(sources=(CardSource.FORM,), since=now - timedelta(days=7))
        ),
        "page of a group": asks(groups.page, "phone_invalid", Wanted()),
        "page of a group, deep": asks(groups.page, "phone_invalid", service, after=deep),
        "retry foreseen": asks(retries.foresee, Wanted()),
        "retry foreseen, a service": asks(retries.foresee, service),
        "next cards of a retry": asks(
            groups.oldest_first, "phone_invalid", service, until=now, after=deep, limit=200
        ),
        "last retries": asks(retries.recent),
        "retries under way": under_way,
        "what a trouble left behind": asks(after.offers, found),
        "last mended": asks(after.last_resolved),
    }


def _erasing(database: Database, church_id: UUID, now: datetime) -> dict[str, Callable[[], object]]:
    """What *Erase this person* asks, and the housekeeper that carries it out and lets old rows go."""
    with database.church(church_id) as session:
        (newest,) = session.scalars(select(Card.number).order_by(Card.received_at.desc()).limit(1))

    def foresee() -> object:
        with database.church(church_id) as session:
            return erasures.foresee(session, church_id, newest), erasures.recent(session, church_id)

    def turn() -> object:
        with database.system() as session:
            found = [erase.churches_waiting(session), contacts.churches_due(session)]
            retention.prune_proofs(session, now=now)
            retention.prune_requests(session, now=now)
            return found

    def expiring() -> object:
        return retention.expire_cards(database, church_id, 90, now=now)

    return {"erasing foreseen": foresee, "a turn of erasing": turn, "cards that are too old": expiring}


def _measured(question: Callable[[], object], times: int = 40) -> tuple[float, float]:
    question()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        question()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]
