"""The intake as an ASGI app: its parts put together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Never
from uuid import UUID

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.guard.door import Door
from ghl.guard.hosts import Hosts, OwnHosts
from ghl.intake.cards import Cards
from ghl.intake.form.limits import ADDRESS_FREE, Limits
from ghl.intake.form.routes import CardForms
from ghl.intake.gate import Gate
from ghl.intake.health import Health
from ghl.intake.middleware import Requests
from ghl.intake.openapi import describe
from ghl.intake.problems import Problem, ProblemError, explain
from ghl.intake.threads import Threads
from ghl.intake.webhooks import WebhookDoors, Webhooks
from ghl.intake.wrong_keys import WrongKeys
from ghl.sources import KnownSources


@dataclass(frozen=True)
class IntakeLimits:
    """How much the intake takes on. `threads` is not more than the database's pool has connections.

    `cards_at_once` are taken by the card form of one church from one address; see `ghl.intake.form.limits`.
    """

    threads: int = 10
    most_waiting: int = 200
    wait_seconds: float = 5.0
    body_seconds: float = 10.0
    cards_at_once: int = ADDRESS_FREE


def create_app(
    *,
    database: Database,
    clock: Clock,
    on_saved: Callable[[UUID], None],
    limits: IntakeLimits | None = None,
    form_url: str = "",
    hosts: Hosts | None = None,
    door: Callable[[Threads], Door] | None = None,
    webhooks: WebhookDoors | None = None,
) -> Starlette:
    """The app. `on_saved(church_id)` is called after each saved card, from any thread; it must return at once.

    `hosts` are the names it answers to, any if none are given. `door` counts wrong keys for all processes together.
    `form_url` is where people reach the card form, without a slash at its end; else a request's own address counts.
    `webhooks` says whose signatures are taken; GoHighLevel's own, if nothing is given.
    """
    limits = limits or IntakeLimits()
    threads = Threads(limits.threads, most_waiting=limits.most_waiting, wait_seconds=limits.wait_seconds)
    sources = KnownSources(database, clock)
    gate = Gate(sources, WrongKeys(clock), threads, door=door(threads) if door else None)
    cards = Cards(database, clock, on_saved, gate=gate, threads=threads, body_seconds=limits.body_seconds)
    forms = CardForms(
        database,
        clock,
        threads=threads,
        limits=Limits(clock, address_free=limits.cards_at_once),
        body_seconds=limits.body_seconds,
        form_url=form_url,
    )

    hooks = Webhooks(
        database,
        clock,
        threads=threads,
        doors=webhooks or WebhookDoors(),
        body_seconds=limits.body_seconds,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with hooks.counting():
            yield
        threads.close()

    app = Starlette(
        routes=[
            *Health(database, clock, threads).routes(),
            *cards.routes(),
            *forms.routes(),
            *hooks.routes(),
            Route("/openapi.json", describe, methods=["GET"]),
            Route("/problems/{slug}", explain, methods=["GET"]),
        ],
        middleware=[Middleware(Requests), *_own_hosts(hosts)],
        # Starlette would answer these in plain text; passed on, they become problems like all others.
        exception_handlers={HTTPException: _pass_on},
        lifespan=lifespan,
    )
    # An address that is almost right is told so (404), not redirected: redirects drop the body.
    app.router.redirect_slashes = False
    return app


def _own_hosts(hosts: Hosts | None) -> list[Middleware]:
    if hosts is None:
        return []
    return [Middleware(OwnHosts, hosts=hosts, refuse=_wrong_host, open_paths=("/healthz", "/readyz"))]


def _wrong_host(_request: Request) -> Never:
    raise ProblemError(Problem.WRONG_HOST)


async def _pass_on(_request: Request, error: Exception) -> Never:
    raise error
