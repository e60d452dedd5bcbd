"""Checks of what the hub stands on: each says what is so, and what to do where it is wrong.

A finding has an id that never changes, so that a page, a test and a support answer mean the same. No finding
holds a secret or a person's data.
"""

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import redis
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from ghl.causes import cause
from ghl.clock import Clock
from ghl.config import GHL_BASE_URL, Settings
from ghl.crypto import KeyRingError
from ghl.db.engine import ENTER, Database
from ghl.db.migrate import alembic_config
from ghl.db.roles import SYSTEM_ROLE
from ghl.db.url import database_url
from ghl.doctor_hearing import hearing
from ghl.keys.check import check_keys, read_standings
from ghl.keys.sources import load_key_ring
from ghl.keys.standing import lost
from ghl.redis import connect_redis
from ghl.status import ALIVE_SECONDS
from ghl.webhooks.signature import PUBLISHED, WebhookKeysError, read_keys

CLOCK_TOLERANCE_SECONDS = 5.0
"""A machine this far off its database shows times that puzzle people; leases go by the database's clock alone."""

MOST_NAMED = 20
"""Churches that stand still and are named one by one."""

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


ROLE_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")


class Level(StrEnum):
    """How bad it is: `error` keeps the hub from its work, `warning` will hurt one day."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    id: str
    level: Level
    text: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """For other programs."""
        return {name: str(value) for name, value in asdict(self).items()}


def examine(settings: Settings, *, clock: Clock) -> list[Finding]:
    """All checks, in the order in which one rests on another. Never raises for what it is there to find."""
    found = [*database(settings, clock=clock), *redis_server(settings), *keys(settings)]
    return [*found, *webhooks(settings), *data_folder(settings.data_dir), *address(settings)]


def database(settings: Settings, *, clock: Clock) -> Iterable[Finding]:
    """The database: reachable, migrated, with a login that row-level security binds; clock and workers."""
    if settings.database_url is None:
        yield Finding(
            "database.missing",
            Level.ERROR,
            "No database is named and no hub is running here.",
            "Start a hub with `hub up`, or set HUB_DATABASE_URL.",
        )
        return
    url = database_url(settings.database_url.get_secret_value())
    engine = create_engine(url, connect_args={"connect_timeout": 3, "application_name": "hub-doctor"})
    try:
        with engine.connect() as connection:
            asked = clock.monotonic()
            yield from _clocks(connection, clock.now(), lambda: clock.monotonic() - asked)
            yield from _login(connection)
            migrated = list(_migrated(connection))
            yield from migrated
            if all(finding.level is Level.OK for finding in migrated):
                yield from _workers(connection)
                yield from _standing_still(connection)
                yield from _change_log(connection)
                yield from hearing(connection)
    except SQLAlchemyError as error:
        first = (str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason given"])[0]
        yield Finding(
            "database.unreachable",
            Level.ERROR,
            f"PostgreSQL does not answer: {first}",
            "Check HUB_DATABASE_URL and that the server runs. Cards cannot be saved meanwhile.",
        )
    finally:
        engine.dispose()


def webhooks(settings: Settings) -> Iterable[Finding]:
    """The keys that sign GoHighLevel's app webhooks."""
    path = settings.webhook_public_keys
    try:
        keys = read_keys(path.read_bytes() if path else PUBLISHED, rsa=settings.webhook_rsa)
    except (OSError, WebhookKeysError) as error:
        reason = (
            str(error) if isinstance(error, WebhookKeysError) else f"It cannot be read: {error.strerror}."
        )
        yield Finding(
            "webhooks.keys",
            Level.ERROR,
            f"HUB_WEBHOOK_PUBLIC_KEYS names {path}. {reason}",
            "Name a PEM file with GoHighLevel's public keys, or leave the setting out.",
        )
        return
    whose = "of the file" if path else "that GoHighLevel published"
    count = len(keys.ed25519) + len(keys.rsa)
    yield Finding("webhooks.keys.read", Level.OK, f"Public keys for app webhooks, {whose}: {count}.")


def _clocks(connection: Connection, here: datetime, took: Callable[[], float]) -> Iterable[Finding]:
    there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    off = max(0.0, abs((there - here).total_seconds()) - took())
    if off > CLOCK_TOLERANCE_SECONDS:
        yield Finding(
            "clock.off",
            Level.WARNING,
            f"This machine's clock and the database's are {off:.0f} seconds apart.",
            "Let both follow a time server (NTP).",
        )
    else:
        yield Finding("clock.right", Level.OK, "This machine's clock and the database's agree.")


def _login(connection: Connection) -> Iterable[Finding]:
    row = connection.execute(
        text(
            """
            SELECT r.rolsuper OR r.rolbypassrls AS sees_all,
                   EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relkind = 'r') AS owns
            FROM pg_roles AS r WHERE r.rolname = session_user
            """
        )
    ).one()
    if row.sees_all or row.owns:
        what = "sees everything" if row.sees_all else "owns the tables"
        yield Finding(
            "database.login",
            Level.ERROR,
            f"The hub's database login {what}: nothing would keep churches apart.",
            "Make a login of its own (docs/operations.md) and name it in HUB_DATABASE_URL; the owner's belongs"
            " in HUB_DATABASE_ADMIN_URL.",
        )
    else:
        yield Finding(
            "database.login.bound", Level.OK, "The database login owns nothing and sees no church by itself."
        )


def _migrated(connection: Connection) -> Iterable[Finding]:
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if _version(connection) == newest:
        yield Finding("database.new", Level.OK, "The database is in the newest form.")
    else:
        yield Finding(
            "database.old",
            Level.ERROR,
            "The database is not in the newest form.",
            "Run: hub db migrate",
        )


def _version(connection: Connection) -> str | None:
    """The form the database is in; None where it was never migrated, or not for this login."""
    try:
        if not connection.execute(ROLE_EXISTS, {"role": SYSTEM_ROLE}).scalar_one():
            return None
        connection.execute(ENTER, {"role": SYSTEM_ROLE, "church": "", "origin": ""})
        version: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
    except ProgrammingError:
        connection.rollback()
        return None
    return version


def _workers(connection: Connection) -> Iterable[Finding]:
    rows = connection.execute(
        text(
            "SELECT kind, count(*) AS n FROM heartbeats"
            " WHERE seen_at > now() - make_interval(secs => :alive) GROUP BY kind"
        ),
        {"alive": ALIVE_SECONDS},
    ).all()
    alive = {row.kind: int(row.n) for row in rows}
    if not alive.get("worker"):
        yield Finding(
            "workers.none",
            Level.WARNING,
            "No worker is alive: cards are saved and wait.",
            "Start one: hub up, or python worker.py",
        )
    else:
        yield Finding("workers.alive", Level.OK, f"Workers alive: {alive['worker']}.")
    if not alive.get("scheduler"):
        yield Finding(
            "scheduler.none",
            Level.WARNING,
            "No scheduler is alive: retries and lost wake-ups are not picked up.",
            "Start one: hub up, or hub scheduler",
        )
    else:
        yield Finding("scheduler.alive", Level.OK, "A scheduler is alive.")


def _standing_still(connection: Connection) -> Iterable[Finding]:
    """Churches whose cards all wait: paused by somebody, or held because GoHighLevel lets nobody in."""
    rows = connection.execute(
        text(
            "SELECT slug, hold_cause, paused_at FROM churches"
            " WHERE hold_cause IS NOT NULL OR paused_at IS NOT NULL ORDER BY slug LIMIT :most"
        ),
        {"most": MOST_NAMED},
    ).all()
    for row in rows:
        if row.hold_cause:
            why = cause(row.hold_cause)
            yield Finding(
                "church.held",
                Level.WARNING,
                f"Cards of {row.slug} wait: {why.title}.",
                f"Say it to an admin of the church, or run: hub connect {row.slug} --location ID",
            )
        if row.paused_at:
            yield Finding(
                "church.paused",
                Level.WARNING,
                f"Cards of {row.slug} wait: somebody paused it.",
                f"When it may go on, run: hub resume {row.slug}",
            )


def _change_log(connection: Connection) -> Iterable[Finding]:
    broken = connection.execute(
        text("SELECT count(*) FROM audit_checks WHERE problem IS NOT NULL")
    ).scalar_one()
    if broken:
        yield Finding(
            "change_log.broken",
            Level.ERROR,
            f"The change log was changed from outside the hub, in {broken} of its chains.",
            "See which entries: hub audit verify",
        )
    else:
        yield Finding(
            "change_log.unbroken", Level.OK, "The change log is unbroken, as far as it was checked."
        )


def redis_server(settings: Settings) -> Iterable[Finding]:
    """Redis or Valkey answers."""
    hint = "Check HUB_REDIS_URL and that the server runs. Cards are saved meanwhile and wait."
    if settings.redis_url is None:
        yield Finding("redis.missing", Level.ERROR, "No Redis is named.", hint)
        return
    try:
        with connect_redis(settings.redis_url.get_secret_value()) as client:
            client.ping()
    except (redis.RedisError, ValueError):
        yield Finding("redis.unreachable", Level.ERROR, "Redis does not answer.", hint)
    else:
        yield Finding("redis.answers", Level.OK, "Redis answers.")


def keys(settings: Settings) -> Iterable[Finding]:
    """The encryption keys can be read, nobody else can read their file, and they are the ones this hub works with."""
    hint = "Without them no token opens and no card goes out."
    try:
        ring = load_key_ring(settings)
    except KeyRingError as error:
        yield Finding("keys.missing", Level.ERROR, str(error), hint)
        return
    yield Finding("keys.read", Level.OK, f"Encryption keys are there; number {ring.newest} seals.")
    if settings.database_url is None:
        return
    database = Database(settings.database_url.get_secret_value(), name="hub-doctor", pool_size=1)
    try:
        check_keys(database, ring, remember=False)
        without = lost(read_standings(database, ring.check_values))
    except KeyRingError as error:
        yield Finding("keys.wrong", Level.ERROR, str(error), hint)
    except SQLAlchemyError:
        # What is wrong with the database was told before.
        return
    else:
        yield Finding("keys.right", Level.OK, "They are the keys that this hub has worked with.")
        if without:
            yield Finding(
                "keys.lost", Level.WARNING, without, "Cards go out all the same. See: hub keys status"
            )
    finally:
        database.close()


def data_folder(folder: Path) -> Iterable[Finding]:
    """What is secret in the data folder is readable by its owner alone."""
    if not folder.exists():
        return
    open_to_others = [path for path in _private(folder) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in open_to_others:
        yield Finding(
            "data.open",
            Level.ERROR,
            f"{path} may be read by other users of this machine.",
            f"Run: chmod go-rwx {path}",
        )
    if not open_to_others:
        yield Finding("data.closed", Level.OK, f"The data folder {folder} is closed to other users.")


def address(settings: Settings) -> Iterable[Finding]:
    """Where calls go: GoHighLevel itself, by an encrypted connection; a stand-in only on this machine."""
    url = urlsplit(settings.ghl_base_url)
    if settings.ghl_base_url == GHL_BASE_URL:
        yield Finding(
            "ghl.address",
            Level.OK,
            "Cards go to GoHighLevel itself, those of a demo church to its simulator.",
        )
    elif url.hostname in LOOPBACK:
        yield Finding(
            "ghl.simulator",
            Level.WARNING,
            f"Cards go to {settings.ghl_base_url} on this machine, not to GoHighLevel.",
        )
    else:
        yield Finding(
            "ghl.other", Level.WARNING, f"Cards go to {settings.ghl_base_url}, not to GoHighLevel itself."
        )


def _private(folder: Path) -> Iterable[Path]:
    for name in ("keys", "hub.json", "logs"):
        path = folder / name
        if path.exists() and os.access(path, os.R_OK):
            yield path
            if path.is_dir():
                yield from (inside for inside in path.iterdir() if inside.is_file())
