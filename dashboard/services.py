"""What the pages of one web process share: its container, a quick look at the breakers, and the way to ask GoHighLevel.

Settings are read here, once; pages get values.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import redis
import streamlit as st
import structlog
from sqlalchemy import select

from dashboard.cookies import Cookies
from dashboard.reading import Trouble, guarded
from dashboard.situation import Situation, read_situation
from ghl import audit, outages
from ghl.cards.find import Choices
from ghl.cards.find import choices as find_choices
from ghl.cards.view import church_state
from ghl.cards.why import Outage
from ghl.client.breaker import Breakers, Gate
from ghl.client.throttle import Throttle
from ghl.config import load_settings
from ghl.db.models import Church
from ghl.delivery.drain import Budget
from ghl.people.names import member_names
from ghl.questions import ask as questions
from ghl.questions.ask import Asked
from ghl.redis import connect_redis
from jobs.container import Container, NotConfiguredError, build_container

POOL_SIZE = 20
"""Connections of a web process. A run of a page holds one for milliseconds, so 20 serve hundreds of tabs."""

LOOK_WITHIN = 0.2
"""Seconds a page waits for Redis at most; without an answer the page says what PostgreSQL knows."""

NAMES_EVERY = 60.0
"""Seconds for which the names of a team are good; who joins just now is named a minute later."""

CHOICES_EVERY = 30.0
"""Seconds for which the names of services are good; a new one can be chosen half a minute later."""

LOOK_EVERY = 2.0
"""Seconds for which an answer about the breakers is good, and for which a missing one is not asked again."""


@st.cache_resource(show_spinner=False)
def container() -> Container:
    """The parts of this process. Threads share it; nothing connects before it is needed."""
    return build_container(load_settings(), name="web", pool_size=POOL_SIZE)


@st.cache_resource(show_spinner=False)
def cookies() -> Cookies:
    """The names of this installation's cookies."""
    return Cookies(container().settings)


@dataclass(frozen=True)
class Coordination:
    """What Redis says about a church's way to GoHighLevel. `away`: it says nothing."""

    gate: Gate | None = None
    budget: Budget = field(default_factory=Budget)
    away: bool = False


@st.cache_resource(show_spinner=False)
def _redis() -> redis.Redis | None:
    url = container().settings.redis_url
    return connect_redis(url.get_secret_value(), timeout=LOOK_WITHIN) if url else None


@st.cache_resource(ttl=LOOK_EVERY, max_entries=1000, show_spinner=False)
def coordination(church_id: UUID) -> Coordination:
    """What is known in Redis, at most two seconds old. A page never waits long for it."""
    with container().database.church(church_id) as session:
        location = church_state(session, church_id).location
    client = _redis()
    if location is None or client is None:
        return Coordination()
    try:
        gate = Breakers(client).gate(location)
        used = Throttle(client, clock=container().clock).usage(location)
    except redis.RedisError as error:
        structlog.get_logger(__name__).info("breakers not known", error=type(error).__name__)
        return Coordination(away=True)
    return Coordination(gate, Budget(used.limit, used.others, used.free_today, used.blocked_seconds))


@st.cache_resource(ttl=LOOK_EVERY, max_entries=1000, show_spinner=False)
def outage(church_id: UUID) -> Outage | None:
    """Whether GoHighLevel is known not to answer this church: by Redis, else by what PostgreSQL last heard of it."""
    known = coordination(church_id)
    if known.away:
        with container().database.church(church_id) as session:
            episode = outages.latest(session, church_id)
        return Outage() if episode and episode.open else None
    return None if known.gate is None or known.gate.closed else Outage(known.gate.retry_at)


@st.cache_resource(ttl=LOOK_EVERY, max_entries=1000, show_spinner=False)
def situation(church_id: UUID) -> Situation:
    """How the church stands, at most two seconds old, so that many open tabs cost no more than one."""
    known = coordination(church_id)
    return read_situation(
        container().database,
        church_id,
        outage=outage(church_id),
        budget=known.budget,
        coordinator_away=known.away,
    )


def look_again(church_id: UUID) -> None:
    """What was known a moment ago is old: somebody changed something that all of it hangs on."""
    for known in (coordination, outage, situation):
        known.clear(church_id)


def request_test(church_id: UUID, *, actor: str) -> datetime | None:
    """Asks for a test of GoHighLevel now, which heals it for all; when it was asked for, by PostgreSQL's clock.

    None where there is nothing to test any more. Raises `redis.RedisError` when the breakers cannot be asked.
    """
    with container().database.church(church_id) as session:
        location = church_state(session, church_id).location
    client = _redis()
    if location is None or client is None:
        return None
    # Noted first: a test that ends before its request was noted would look like an older one.
    with container().database.church(church_id) as session:
        asked_at = outages.ask_for_test(session, church_id)
    asked = Breakers(client).request_test(location)
    look_again(church_id)
    if not asked:
        return None
    with container().database.church(church_id) as session:
        audit.record(session, church_id=church_id, actor=actor, action="outage.test_asked")
    return asked_at or container().clock.now()


def ask(
    church_id: UUID,
    kind: str,
    params: Mapping[str, Any] | None = None,
    *,
    actor: str,
    same_within: timedelta,
) -> Asked | Trouble | None:
    """Files a question to GoHighLevel, which a worker answers, and wakes one. None: the church is not connected."""

    def file() -> Asked | None:
        with container().database.church(church_id) as session:
            return questions.ask(session, church_id, kind, params, actor=actor, same_within=same_within)

    asked = guarded(file)
    if isinstance(asked, Asked) and not asked.over:
        wake(church_id)
    return asked


def look(church_id: UUID, question_id: UUID) -> Asked | Trouble | None:
    """What became of a question."""

    def read() -> Asked | None:
        with container().database.church(church_id) as session:
            return questions.look(session, church_id, question_id)

    return guarded(read)


def forget_breakers(location: str) -> None:
    """A church is no longer connected there: nobody tests that location any more. Without Redis there is nothing to forget."""
    client = _redis()
    if client is not None:
        try:
            Breakers(client).forget(location)
        except redis.RedisError as error:
            # The caretaker forgets it as well, when it finds no church there.
            structlog.get_logger(__name__).info("breakers not told", error=type(error).__name__)


@st.cache_resource(ttl=NAMES_EVERY, max_entries=1000, show_spinner=False)
def names(church_id: UUID) -> Mapping[str, str]:
    """What the team of a church calls each other, by actor; for `ghl.people.names.name_of`."""
    return member_names(container().database, church_id)


@st.cache_resource(ttl=CHOICES_EVERY, max_entries=1000, show_spinner=False)
def choices(church_id: UUID) -> Choices:
    """The services and campuses that stand on the church's cards, at most half a minute old."""
    with container().database.church(church_id) as session:
        return find_choices(session, church_id)


@st.cache_resource(ttl=NAMES_EVERY, max_entries=1000, show_spinner=False)
def kept_years(church_id: UUID) -> int | None:
    """For how many years the church's cards are kept; None without an end."""
    with container().database.church(church_id) as session:
        return session.scalar(select(Church.keep_cards_years).where(Church.id == church_id))


def wake(church_id: UUID) -> None:
    """Tells the workers that something is due. Never waits; without Redis the sweep finds it."""
    with suppress(NotConfiguredError):
        container().background_waker.wake(church_id)
