"""What the pages of one web process share: its container, and a quick look at the circuit breakers.

Settings are read here, once; pages get values.
"""

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

import redis
import streamlit as st
import structlog

from dashboard.situation import Situation, read_situation
from ghl.cards.find import Choices
from ghl.cards.find import choices as find_choices
from ghl.cards.view import church_state
from ghl.cards.why import Outage
from ghl.client.breaker import Breakers
from ghl.config import load_settings
from ghl.people.names import member_names
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
def _breakers() -> Breakers | None:
    url = container().settings.redis_url
    if url is None:
        return None
    return Breakers(connect_redis(url.get_secret_value(), timeout=LOOK_WITHIN))


@st.cache_resource(ttl=LOOK_EVERY, max_entries=1000, show_spinner=False)
def outage(church_id: UUID) -> Outage | None:
    """Whether GoHighLevel is known not to answer this church. Not knowing is None: a page never waits for it."""
    with container().database.church(church_id) as session:
        location = church_state(session, church_id).location
    breakers = _breakers()
    if location is None or breakers is None:
        return None
    try:
        gate = breakers.gate(location)
    except redis.RedisError as error:
        structlog.get_logger(__name__).info("breakers not known", error=type(error).__name__)
        return None
    return None if gate.closed else Outage(gate.retry_at)


@st.cache_resource(ttl=LOOK_EVERY, max_entries=1000, show_spinner=False)
def situation(church_id: UUID) -> Situation:
    """How the church stands, at most two seconds old, so that many open tabs cost no more than one."""
    return read_situation(container().database, church_id, outage=outage(church_id))


@st.cache_resource(ttl=NAMES_EVERY, max_entries=1000, show_spinner=False)
def names(church_id: UUID) -> Mapping[str, str]:
    """What the team of a church calls each other, by actor; for `ghl.people.names.name_of`."""
    return member_names(container().database, church_id)


@st.cache_resource(ttl=CHOICES_EVERY, max_entries=1000, show_spinner=False)
def choices(church_id: UUID) -> Choices:
    """The services and campuses that stand on the church's cards, at most half a minute old."""
    with container().database.church(church_id) as session:
        return find_choices(session, church_id)


def wake(church_id: UUID) -> None:
    """Tells the workers that something is due. Never waits; without Redis the sweep finds it."""
    with suppress(NotConfiguredError):
        container().background_waker.wake(church_id)
