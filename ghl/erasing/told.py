"""Taking away what GoHighLevel told us of a person, and what was compared and brought there for them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from ghl.db.models import ConsentEvent, DndDifference, OptOut

# The body as it came, in lower case; numbers are written in many ways, so of those the digits alone are compared.
FORGET_BODIES = text(
    """
    UPDATE webhook_events SET body = NULL, facts = '{}'
    WHERE church_id = :church AND body IS NOT NULL
      AND (EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS w
                   WHERE position(w IN lower(encode(body, 'escape'))) > 0)
           OR EXISTS (SELECT FROM unnest(CAST(:digits AS text[])) AS d
                      WHERE position(d IN regexp_replace(encode(body, 'escape'), '[^0-9]', '', 'g')) > 0))
    """
)

NATIONAL_DIGITS = 10
"""How many digits of a number tell it apart, also where it is written without its country."""


def take_away(
    session: Session,
    church_id: UUID,
    *,
    phones: Collection[str],
    emails: Collection[str],
    contact_ids: Collection[str],
) -> None:
    """Forgets the person, whose statements have become proofs already. An erasing transaction.

    A stop that speaks for others on the same phone stays, and so does its way into GoHighLevel.
    """
    values = {
        "church": church_id,
        "words": sorted({one.lower() for one in (*emails, *contact_ids)}),
        "digits": sorted({one.lstrip("+")[-NATIONAL_DIGITS:] for one in phones}),
    }
    session.execute(FORGET_BODIES, values)
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
        delete(OptOut).where(OptOut.church_id == church_id, OptOut.address.in_({*phones, *emails}), ~said)
    )
