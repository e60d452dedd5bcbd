"""The doors of the web and of the intake, built from the settings: who knocks too often, and by which names we are called."""

import hashlib

from ghl.config import Settings
from ghl.guard.door import SLOW_SECONDS, Door, Offload
from ghl.guard.guesses import Guesses, Limit
from ghl.guard.hosts import LOOPBACK, Hosts, hosts_of, name_of
from ghl.guard.trail import noted_in
from ghl.intake.webhooks import WebhookDoors
from ghl.redis import connect_redis
from ghl.webhooks.signature import PUBLISHED, PublicKeys, WebhookKeysError, read_keys
from jobs.container import Container

ASK_WITHIN = 0.2
"""Seconds that Redis may take to say how often somebody tried; without an answer only this process counts."""

KEYS = Limit(slow_after=60, refuse_after=200)
"""A website with an old key tries it with each card, and is slowed elsewhere already; this is for what goes on for long."""


def door(
    hub: Container,
    what: str,
    *,
    actor: str,
    offload: Offload,
    limit: Limit | None = None,
    slow_seconds: float = SLOW_SECONDS,
) -> Door:
    """A door for tries of one kind. `actor` is its name in the change log. Nothing connects here."""
    url = hub.settings.redis_url
    guesses = Guesses(
        connect_redis(url.get_secret_value(), timeout=ASK_WITHIN) if url else None,
        clock=hub.clock,
        what=what,
        # Known to all processes of the installation, and to nobody who only sees Redis.
        pepper=hashlib.sha256(hub.database_url.encode()).digest(),
        limit=limit,
    )
    return Door(guesses, noted_in(hub.database, actor=actor), offload=offload, slow_seconds=slow_seconds)


def key_door(hub: Container, *, offload: Offload) -> Door:
    """The intake's, for source keys."""
    return door(hub, "key", actor="cards API", offload=offload, limit=KEYS)


def webhook_doors(hub: Container) -> WebhookDoors:
    """Who may tell us anything. Raises `WebhookKeysError`."""
    return WebhookDoors(
        webhook_keys(hub.settings),
        lambda threads: door(
            hub, "workflow_secret", actor="workflow webhook", offload=threads.run, limit=KEYS
        ),
    )


def webhook_keys(settings: Settings) -> PublicKeys:
    """The keys that sign app webhooks: those of the file that is named, else GoHighLevel's. Raises `WebhookKeysError`."""
    path = settings.webhook_public_keys
    if path is None:
        return read_keys(PUBLISHED, rsa=settings.webhook_rsa)
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise WebhookKeysError(
            f"HUB_WEBHOOK_PUBLIC_KEYS names {path}, which cannot be read: {error.strerror}."
        ) from error
    return read_keys(pem, rsa=settings.webhook_rsa)


def intake_hosts(settings: Settings) -> Hosts | None:
    """The names the intake answers to. Any, while no address of a name of its own is set: it has no cookies to guard."""
    own = name_of(settings.form_url.partition("://")[2].partition("/")[0])
    if not settings.allowed_hosts and (not own or own in LOOPBACK):
        return None
    return hosts_of([settings.form_url, settings.public_url], settings.allowed_hosts)
