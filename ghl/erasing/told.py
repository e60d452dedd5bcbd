"""Taking away what GoHighLevel told us of a person, and what was compared and brought there for them."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from ghl.consent.opt_outs import OPEN
from ghl.db.models import ConsentEvent, DndDifference, OptOut, WebhookEvent
from ghl.statuses import WebhookState
from ghl.webhooks.event import BrokenEventError, read_object

# The body as it came, in lower case; numbers are written in many ways, so of those the digits alone are compared.
PLAIN_BODIES = text(
    """
    SELECT id FROM webhook_events
    WHERE church_id = :church AND body IS NOT NULL
      AND (EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS w
                   WHERE position(w IN lower(encode(body, 'escape'))) > 0)
           OR EXISTS (SELECT FROM unnest(CAST(:digits AS text[])) AS d
                      WHERE position(d IN regexp_replace(encode(body, 'escape'), '[^0-9]', '', 'g')) > 0))
    """
)

# A backslash here is one of the body's own, or any byte that is no ASCII: what it says shows only when it is read.
OTHER_BODIES = text(
    """
    SELECT id, body FROM webhook_events
    WHERE church_id = :church AND body IS NOT NULL AND id > :after
      AND position(chr(92) IN encode(body, 'escape')) > 0
    ORDER BY id LIMIT :most
    """
)
READ_AT_ONCE = 200

NATIONAL_DIGITS = 10
"""How many digits of a number tell it apart, also where it is written without its country."""


def forget_events(
    session: Session,
    church_id: UUID,
    *,
    phones: Collection[str],
    emails: Collection[str],
    contact_ids: Collection[str],
) -> bool:
    """Empties the events that name the person and are over; whether any still waits to be handled.

    One that waits keeps what it says until then: it may be the stop of somebody else on the same phone.
    """
    words = sorted({_folded(one) for one in (*emails, *contact_ids)})
    digits = sorted({one.lstrip("+")[-NATIONAL_DIGITS:] for one in phones})
    values = {"church": church_id, "words": words, "digits": digits}
    found = {*session.scalars(PLAIN_BODIES, values), *_read(session, church_id, words, digits)}
    if not found:
        return False
    theirs = (WebhookEvent.church_id == church_id) & WebhookEvent.id.in_(found)
    session.execute(
        update(WebhookEvent)
        .where(theirs, WebhookEvent.state != WebhookState.WAITING)
        .values(body=None, facts={})
        .execution_options(synchronize_session=False)
    )
    left = select(WebhookEvent.id).where(theirs, WebhookEvent.body.is_not(None)).limit(1)
    return session.scalar(left) is not None


def take_away(
    session: Session,
    church_id: UUID,
    *,
    phones: Collection[str],
    emails: Collection[str],
    contact_ids: Collection[str],
) -> None:
    """Forgets what was compared and brought for the person, whose statements have become proofs already.

    A stop that speaks for others on the same phone stays, and so does its way into GoHighLevel. One that GoHighLevel
    does not have yet goes when it has it (`ghl.consent.opt_outs`). An erasing transaction.
    """
    session.execute(
        delete(DndDifference).where(
            DndDifference.church_id == church_id,
            or_(
                DndDifference.contact_id.in_(contact_ids),
                DndDifference.address.in_({*phones, *emails}),
            ),
        )
    )
    said = select(ConsentEvent.id).where(ConsentEvent.id == OptOut.event_id).exists()
    session.execute(
        delete(OptOut).where(
            OptOut.church_id == church_id,
            OptOut.address.in_({*phones, *emails}),
            OptOut.state.not_in(OPEN),
            ~said,
        )
    )


def _read(session: Session, church_id: UUID, words: Sequence[str], digits: Sequence[str]) -> Iterator[int]:
    """Events that name the person in letters that are no ASCII, or that JSON writes in another way."""
    after = 0
    while rows := session.execute(
        OTHER_BODIES, {"church": church_id, "after": after, "most": READ_AT_ONCE}
    ).all():
        after = rows[-1].id
        for row in rows:
            try:
                values = read_object(bytes(row.body))
            except BrokenEventError:
                continue
            said = _folded("\n".join(_texts(values)))
            numbers = re.sub(r"[^0-9\n]", "", said)
            if any(word in said for word in words) or any(one in numbers for one in digits):
                yield row.id


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)


def _folded(given: str) -> str:
    return unicodedata.normalize("NFC", given).lower()
