"""A receipt of what was said about one person's addresses: the exact words, their SHA-256, when, how, and from where.

It can be read by people (HTML, to print) and by programs (JSON). A checksum stands over the whole, and the change log,
which is chained, keeps it: so a receipt that is shown later can be held against what was handed out.
"""

import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.consent import wording_hash
from ghl.consent.ask import Person
from ghl.consent.lines import Said, said_about
from ghl.db.models import AuditEntry, Church
from ghl.ids import new_id

MOST_LINES = 500
"""Lines on one receipt, the newest. Nobody says more about a phone number."""

LARGEST = 5_000_000
"""Bytes that are read as a receipt."""

ACTION = "consent.receipt_made"
KIND = "church-connect-hub consent receipt 1"


@dataclass(frozen=True, repr=False)
class Receipt:
    """What a receipt holds, ready to be written. `content` has its checksum in it."""

    id: UUID
    content: Mapping[str, Any]

    @property
    def checksum(self) -> str:
        """SHA-256 over everything else that stands in it."""
        return str(self.content["checksum"])


@dataclass(frozen=True)
class Checked:
    """What a receipt is worth. `made_at` is when this hub noted that it made exactly this one; None: it did not."""

    readable: bool
    whole: bool = False
    words: bool = False
    made_at: datetime | None = None

    @property
    def good(self) -> bool:
        """Whether it is what was handed out."""
        return self.whole and self.words and self.made_at is not None


def make(
    session: Session,
    church_id: UUID,
    person: Person,
    *,
    actor: str,
    now: datetime,
    zone: tzinfo,
    name_of: Callable[[str], str],
) -> Receipt:
    """Makes the receipt for this person, and notes its checksum. A transaction of the church."""
    church = session.scalars(select(Church.name).where(Church.id == church_id)).one()
    said, more = said_about(session, church_id, person.pairs, most=MOST_LINES)
    receipt_id = new_id()
    content: dict[str, Any] = {
        "kind": KIND,
        "id": str(receipt_id),
        "church": church,
        "person": person.name,
        "card": person.number,
        "addresses": [{"channel": channel, "address": address} for channel, address in person.pairs],
        "made_at": _moment(now),
        "made_by": name_of(actor),
        "older_lines_left_out": more,
        "said": [_line(one, zone, name_of) for one in said],
    }
    content["checksum"] = _checksum(content)
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action=ACTION,
        subject=str(receipt_id),
        facts={"entries": len(said), "checksum": content["checksum"]},
    )
    return Receipt(receipt_id, content)


def as_json(receipt: Receipt) -> bytes:
    """The receipt for programs, and for `check`."""
    return orjson.dumps(receipt.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_html(receipt: Receipt) -> bytes:
    """The receipt for people: one file that needs nothing else, to open in a browser and print."""
    content = receipt.content
    head = [
        ("Church", content["church"]),
        ("Person", content["person"] or "no name"),
        ("Card", f"#{content['card']}"),
        ("Phone and e-mail", ", ".join(one["address"] for one in content["addresses"]) or "none"),
        ("Made", f"{content['made_at']} by {content['made_by']}"),
        ("Receipt", content["id"]),
        ("Checksum (SHA-256)", content["checksum"]),
    ]
    blocks = "".join(f"<section>{_rows(_shown(one))}</section>" for one in content["said"])
    older = "<p>Older lines are left out.</p>" if content["older_lines_left_out"] else ""
    return _PAGE.format(
        head=_rows(head), blocks=blocks or "<p>Nothing was said about these addresses.</p>", older=older
    ).encode()


def check(session: Session, church_id: UUID, raw: bytes) -> Checked:
    """Holds a receipt (JSON) against itself and against what the change log notes of it. Nothing in it is trusted."""
    try:
        content = orjson.loads(raw) if len(raw) <= LARGEST else None
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        return Checked(readable=False)
    try:
        receipt_id = str(UUID(str(content.get("id"))))
    except ValueError:
        return Checked(readable=False)
    given = content.pop("checksum", None)
    lines = content.get("said")
    return Checked(
        readable=True,
        whole=given == _checksum(content),
        words=isinstance(lines, list) and all(_words_hold(one) for one in lines),
        made_at=session.scalar(
            select(AuditEntry.at).where(
                AuditEntry.church_id == church_id,
                AuditEntry.subject == receipt_id,
                AuditEntry.action == ACTION,
                AuditEntry.facts["checksum"].as_string() == str(given),
            )
        ),
    )


def _line(one: Said, zone: tzinfo, name_of: Callable[[str], str]) -> dict[str, Any]:
    return {
        "entry": one.id,
        "channel": one.channel,
        "address": one.address,
        "person": one.person,
        "for_child": one.child,
        "said": one.kind,
        "purpose": one.purpose,
        "words": one.wording,
        "words_sha256": one.wording_hash.hex() if one.wording_hash else None,
        "words_version": one.wording_version,
        "source": one.source,
        "card": one.number,
        "signed_on": one.signed_at.astimezone(UTC).date().isoformat() if one.signed_at else None,
        "recorded_at": _moment(one.recorded_at),
        "recorded_at_church": one.recorded_at.astimezone(zone).isoformat(timespec="seconds"),
        "recorded_by": name_of(one.recorded_by),
        "ip": one.ip,
        "user_agent": one.user_agent,
        "note": one.note,
    }


def _words_hold(line: object) -> bool:
    if not isinstance(line, dict):
        return False
    words, given = line.get("words"), line.get("words_sha256")
    if words is None:
        return given is None
    return isinstance(words, str) and given == wording_hash(words).hex()


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_LABELS: Mapping[str, str] = {
    "said": "Said",
    "channel": "Channel",
    "address": "Address",
    "person": "Person",
    "for_child": "For",
    "purpose": "Purpose",
    "words": "Exact words",
    "words_sha256": "SHA-256 of the words",
    "words_version": "Version of the words",
    "source": "Source",
    "card": "Card",
    "signed_on": "Signed on",
    "recorded_at": "Recorded (UTC)",
    "recorded_at_church": "Recorded (church's time)",
    "recorded_by": "Recorded by",
    "ip": "IP address",
    "user_agent": "Browser",
    "note": "Note",
    "entry": "Entry of the log",
}


def _shown(line: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(label, line[name]) for name, label in _LABELS.items() if line.get(name) not in (None, "")]


def _rows(rows: list[tuple[str, Any]]) -> str:
    cells = "".join(
        f"<dt>{html.escape(label)}</dt><dd>{html.escape(str(value))}</dd>" for label, value in rows
    )
    return f"<dl>{cells}</dl>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Consent receipt</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff }}
dl {{ display: grid; grid-template-columns: 12rem 1fr; gap: .2rem 1rem; margin: 0 }}
dt {{ color: #444 }}
dd {{ margin: 0; overflow-wrap: anywhere; white-space: pre-wrap }}
section {{ border-top: 1px solid #999; padding: 1rem 0; margin-top: 1rem; break-inside: avoid }}
@media (max-width: 40rem) {{ dl {{ grid-template-columns: 1fr }} dd {{ margin-bottom: .5rem }} }}
</style>
</head>
<body>
<main>
<h1>Consent receipt</h1>
<p>All that was said about messages to these addresses, the newest first, as it stands in the consent log.</p>
{head}
{blocks}
{older}
</main>
</body>
</html>
"""
