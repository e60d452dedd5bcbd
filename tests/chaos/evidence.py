"""What is there when a run is over: rows, contacts, calls, logs, what Redis keeps. Read once, judged by `checks`."""

import base64
import dataclasses
import json
import re
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import create_engine, make_url, text

from jobs.supervisor.binaries import postgres_programs
from tests.chaos.installation import Installation
from tests.chaos.people import Person
from tests.chaos.watching import Seen, Watch

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request that the simulator saw."""

    number: int
    at: float
    location: str
    operation: str
    contact: str | None = None
    fault: str | None = None
    refused: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int | None = None
    ended: float | None = None
    done: tuple[int, str | None] | None = None
    """The status with which it truly took effect, and the contact; None where it never did."""

    @property
    def text(self) -> str:
        """All that it says, in one text."""
        return self.body + "".join(self.query.values())


@dataclass
class Evidence:
    """Everything the checks look at. Rows are those of the database, by church slug or all together."""

    cards: list[Row] = field(default_factory=list)
    """`church, id, status, cause, facts, revision, synced_revision, received_at, number, contact_id, marker,
    fields, state, tries, attempts, deaths, leased_until, position`; `marker` is that of revision 1."""

    attempts: list[Row] = field(default_factory=list)
    """`card_id, number, outcome, cause, http_status, calls, started_at, ended_at, revision`."""

    revisions: list[Row] = field(default_factory=list)
    """`card_id, no, fields`."""

    messages: list[Row] = field(default_factory=list)
    """Those of the hub: `church, location, id, card_id, marker, template_id, channel, address, again, state, cause,
    subject, body, contact_id, ghl_message_id, sending_at, work, due_at`."""

    message_attempts: list[Row] = field(default_factory=list)
    """`message_id, kind, outcome, cause, http_status, calls, started_at, ended_at`."""

    said: list[Row] = field(default_factory=list)
    """The log of consent, in its order: `id, church, channel, address, kind, source, recorded_at, signed_at`."""

    doubts: list[Row] = field(default_factory=list)
    """`id, church, channel, address, state, received_at`."""

    opt_outs: list[Row] = field(default_factory=list)
    """`church, channel, address, state, cause, asked_at, confirmed_at`."""

    seen: dict[int, Seen] = field(default_factory=dict)
    """When entries of the log of consent could be seen, by their ids."""

    doubted: dict[str, Seen] = field(default_factory=dict)
    decided: dict[str, Seen] = field(default_factory=dict)
    """The same of doubts, and that somebody had decided about them."""

    inbound: list[Row] = field(default_factory=list)
    """What people wrote, as the simulator keeps it; `at` is when, in seconds."""

    outbox: list[Row] = field(default_factory=list)
    """Texts and e-mails that GoHighLevel took from the hub, as the simulator keeps them; `at` is when, in seconds."""

    deliveries: list[Row] = field(default_factory=list)
    """What the simulator told the hub, and how it was answered."""

    person_keys: int = 0
    held_leases: int = 0
    counted: dict[str, dict[str, int]] = field(default_factory=dict)
    """Cards by status as the tiles show them, by church."""

    audit: list[Row] = field(default_factory=list)
    """`church, action, subject, facts`."""

    contacts: dict[str, list[Row]] = field(default_factory=dict)
    """By location, as GoHighLevel shows them."""

    calls: list[Call] = field(default_factory=list)
    stalls: list[tuple[float, float, float]] = field(default_factory=list)
    """From when to when the simulator was late because the machine had no time for it, and by how much: what came
    meanwhile was counted so much too late at most."""

    texts: dict[str, str] = field(default_factory=dict)
    """Logs, what Redis held, texts of errors, the change log and metrics, by where it stood."""

    dump: str = ""
    """What `pg_dump` writes of the whole database."""


def read_calls(path: Path) -> list[Call]:
    """The simulator's log. A line that a stop cut off is left out."""
    calls: dict[int, Call] = {}
    with path.open("rb") as file:
        for line in file:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "arrived" in said:
                number = said.pop("arrived")
                calls[number] = Call(number, **said)
            elif "performed" in said:
                number = said["performed"]
                calls[number] = dataclasses.replace(calls[number], done=(said["status"], said["contact"]))
            else:
                number = said["ended"]
                calls[number] = dataclasses.replace(calls[number], status=said["status"], ended=said["at"])
    return sorted(calls.values(), key=lambda call: call.number)


def stalls_of(calls: list[Call], *, latency: float) -> list[tuple[float, float, float]]:
    """When answers came late: calls that should have taken `latency` seconds at most took longer."""
    return [
        (call.at, call.ended, call.ended - call.at - latency)
        for call in calls
        if call.fault is None and call.ended is not None and call.ended - call.at > latency
    ]


CARDS = text(
    """
    SELECT h.slug AS church, c.id, c.status, c.cause, c.facts, c.revision, c.synced_revision, c.received_at, c.number,
           c.contact_id, f.fields ->> 'address' AS marker, r.fields, o.state, o.tries, o.attempts, o.deaths,
           o.leased_until, o.position
    FROM cards AS c
    JOIN churches AS h ON h.id = c.church_id
    LEFT JOIN card_revisions AS f ON f.card_id = c.id AND f.no = 1
    LEFT JOIN card_revisions AS r ON r.card_id = c.id AND r.no = c.revision
    LEFT JOIN outbox AS o ON o.card_id = c.id
    ORDER BY c.number
    """
)
ATTEMPTS = text(
    "SELECT card_id, number, outcome, cause, http_status, calls, started_at, ended_at, revision FROM attempts ORDER BY id"
)
MESSAGES = text(
    """
    SELECT h.slug AS church, l.ghl_id AS location, m.id, m.card_id, f.fields ->> 'address' AS marker, m.template_id,
           m.channel, m.address, m.again, m.state, m.cause, m.subject, m.body, m.contact_id, m.ghl_message_id,
           m.sending_at, o.state AS work, o.due_at
    FROM messages AS m
    JOIN churches AS h ON h.id = m.church_id
    LEFT JOIN locations AS l ON l.church_id = m.church_id AND l.active
    LEFT JOIN card_revisions AS f ON f.card_id = m.card_id AND f.no = 1
    LEFT JOIN outbox AS o ON o.message_id = m.id
    ORDER BY m.id
    """
)
MESSAGE_ATTEMPTS = text(
    "SELECT message_id, kind, outcome, cause, http_status, calls, started_at, ended_at FROM message_attempts ORDER BY id"
)
SAID = text(
    "SELECT e.id, h.slug AS church, channel, address, kind, source, recorded_at, signed_at FROM consent_events AS e"
    " JOIN churches AS h ON h.id = e.church_id ORDER BY e.id"
)
DOUBTS = text(
    "SELECT d.id, h.slug AS church, channel, address, state, received_at FROM consent_doubts AS d"
    " JOIN churches AS h ON h.id = d.church_id ORDER BY d.received_at"
)
OPT_OUTS = text(
    "SELECT h.slug AS church, channel, address, state, cause, asked_at, confirmed_at FROM opt_outs AS o"
    " JOIN churches AS h ON h.id = o.church_id ORDER BY o.id"
)
COUNTED = text(
    """
    SELECT slug, status, sum(n) AS n FROM (
        SELECT church_id, status, cards AS n FROM card_counts
        UNION ALL SELECT church_id, status, delta FROM card_count_deltas) AS x
    JOIN churches ON churches.id = x.church_id GROUP BY slug, status
    """
)


ERRORS = {
    "the change log": "SELECT a::text FROM audit_entries AS a",
    "attempts": "SELECT a::text FROM attempts AS a",
    "tries of messages": "SELECT a::text FROM message_attempts AS a",
    "why messages stand": "SELECT concat_ws(' ', id, state, cause, facts) FROM messages",
    "questions": "SELECT concat_ws(' ', kind, params, cause, state, asked_by) FROM questions",
    "retries": "SELECT r::text FROM retry_requests AS r",
    "imports": "SELECT concat_ws(' ', id, trouble, started_by) FROM card_imports",
    "causes": "SELECT concat_ws(' ', id, status, cause) FROM cards",
    "outages": "SELECT o::text FROM outages AS o",
    "heartbeats": "SELECT h::text FROM heartbeats AS h",
    "encryption keys": "SELECT version::text FROM encryption_keys",
}
"""What is told of errors and of who did what: texts that outlive the card and are read by more people."""


def gather(installation: Installation, watch: Watch, *, metrics: str = "") -> Evidence:
    """Reads it all, with the owner's eyes, which see every church. `watch` has looked its last time."""
    engine = create_engine(installation.postgres.admin_url)
    found = Evidence(seen=watch.events, doubted=watch.doubts, decided=watch.decided)
    with engine.connect() as connection:

        def rows(statement: Any) -> list[Row]:
            return [dict(row) for row in connection.execute(statement).mappings()]

        found.cards = rows(CARDS)
        found.attempts = rows(ATTEMPTS)
        found.revisions = rows(text("SELECT card_id, no, fields FROM card_revisions"))
        found.messages, found.message_attempts = rows(MESSAGES), rows(MESSAGE_ATTEMPTS)
        found.said, found.doubts, found.opt_outs = rows(SAID), rows(DOUBTS), rows(OPT_OUTS)
        found.person_keys = connection.execute(text("SELECT count(*) FROM person_keys")).scalar_one()
        found.held_leases = connection.execute(
            text("SELECT count(*) FROM delivery_leases WHERE holder IS NOT NULL")
        ).scalar_one()
        for row in rows(COUNTED):
            found.counted.setdefault(row["slug"], {})[row["status"]] = int(row["n"])
        found.audit = rows(
            text(
                "SELECT h.slug AS church, action, subject, facts FROM audit_entries AS a"
                " LEFT JOIN churches AS h ON h.id = a.church_id ORDER BY a.id"
            )
        )
        for where, statement in ERRORS.items():
            found.texts[where] = "\n".join(connection.execute(text(statement)).scalars())
    engine.dispose()
    for church in installation.churches:
        found.contacts[church.location] = installation.contacts(church.location)
        found.outbox += installation.outbox(church.location)
        found.inbound += installation.inbound(church.location)
    found.deliveries = installation.simulator("GET", "webhooks")["deliveries"]
    found.calls = read_calls(installation.visits)
    found.stalls = stalls_of(found.calls, latency=installation.longest_latency)
    found.texts |= {**dict(_texts(installation)), "metrics": metrics}
    found.dump = dump(installation.postgres.admin_url)
    return found


def dump(admin_url: str) -> str:
    """The whole database as `pg_dump` writes it."""
    url = make_url(admin_url).set(drivername="postgresql")
    done = subprocess.run(
        [postgres_programs(None) / "pg_dump", url.render_as_string(hide_password=False)],
        capture_output=True,
        timeout=300,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


def _texts(installation: Installation) -> Iterator[tuple[str, str]]:
    folders = (installation.logs, installation.folder / "postgres" / "logs", installation.folder / "data")
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.exists() else ():
            if path.is_file():
                yield f"{path.parent.name}/{path.name}", path.read_text("utf-8", "replace")
    yield "redis", redis_content(installation.valkey.url)
    yield "redis before", "\n".join(installation.seen_in_redis)


def redis_content(url: str) -> str:
    """Every key and every value that Redis holds, as one text."""
    parts: list[str] = []
    read = {
        b"string": lambda client, key: client.get(key),
        b"list": lambda client, key: client.lrange(key, 0, -1),
        b"set": lambda client, key: client.smembers(key),
        b"zset": lambda client, key: client.zrange(key, 0, -1),
        b"hash": lambda client, key: client.hgetall(key),
        b"stream": lambda client, key: client.xrange(key),
    }
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            kind = client.type(key)
            # A key may have run out meanwhile.
            if kind != b"none":
                parts.append(f"{key!r} {unpacked(read[kind](client, key))!r}")
    return "\n".join(parts)


def unpacked(value: Any) -> Any:
    """A value with what RQ compressed in it made readable."""
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value)
        except zlib.error:
            return value
    if isinstance(value, dict):
        return {key: unpacked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [unpacked(inner) for inner in value]
    return value


def secrets_in(found: str, *, people: tuple[Person, ...], tokens: tuple[str, ...]) -> list[str]:
    """What of people or tokens stands in a text, without quoting it."""
    from tests.chaos.people import LAST_NAME, MAIL_DOMAIN, PRAYER

    kinds = []
    if PRAYER.lower() in found.lower():
        kinds.append("a prayer request")
    if MAIL_DOMAIN in found:
        kinds.append("an e-mail address")
    if LAST_NAME.lower() in found.lower():
        kinds.append("a name")
    if any(token in found for token in tokens) or re.search(r"pit-[0-9a-f]{8}-|hubk_[\w-]{20}", found):
        kinds.append("a token or a key")
    numbers = {phone[-10:] for person in people for phone in person.phones}
    digits = set(re.findall(r"\d{10,}", re.sub(r"(?<=\d)[-. )]{1,2}(?=\d)", "", found)))
    if any(digit in numbers or digit[-10:] in numbers for digit in digits):
        kinds.append("a phone number")
    return kinds


def kept_open(found: str, tokens: tuple[str, ...]) -> int:
    """How many of these secrets stand in a dump: as they are, or as bytes in hex or base64."""
    return sum(
        any(
            form in found
            for form in (one, one.encode().hex(), base64.b64encode(one.encode()).decode().rstrip("="))
        )
        for one in tokens
    )


def by_card(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows with a `card_id`, by it."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["card_id"])].append(row)
    return found


def as_json(value: Any) -> Any:
    """What json cannot write by itself."""
    if isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
