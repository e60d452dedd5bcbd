"""What `hub doctor` says of stops that GoHighLevel does not have, and of news that is not handled. Counts and short names."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from ghl.doctor import Finding

MOST_NAMED = 20

# By the church's own day; the table of time zones is PostgreSQL's.
OVERDUE = text(
    """
    SELECT c.slug, count(*) AS stops, min(o.due_on) AS first
    FROM opt_outs AS o JOIN churches AS c ON c.id = o.church_id
    WHERE o.state IN ('waiting', 'sent') AND o.due_on < (now() AT TIME ZONE c.timezone)::date
    GROUP BY c.slug ORDER BY 3, 1 LIMIT :most
    """
)

NEWS = text(
    """
    SELECT c.slug, count(*) FILTER (WHERE e.state = 'failed') AS failed,
           count(*) FILTER (WHERE e.state = 'waiting' AND e.received_at < now() - interval '5 minutes') AS late
    FROM webhook_events AS e JOIN churches AS c ON c.id = e.church_id
    WHERE e.state IN ('failed', 'waiting') AND e.seen_at IS NULL
    GROUP BY c.slug ORDER BY c.slug LIMIT :most
    """
)


def hearing(connection: Connection) -> Iterable["Finding"]:
    """Findings about both, with the churches they are of."""
    from ghl.doctor import Finding, Level  # noqa: PLC0415 - it asks for these

    late = connection.execute(OVERDUE, {"most": MOST_NAMED}).all()
    for row in late:
        stops = "1 stop is" if row.stops == 1 else f"{row.stops:,} stops are"
        yield Finding(
            "stops.overdue",
            Level.WARNING,
            f"{stops} not in GoHighLevel after ten business days at {row.slug}, since {row.first}."
            " Here nothing is sent to these people.",
            "See why on the church's page News from GoHighLevel; or turn on Do Not Disturb in GoHighLevel by hand.",
        )
    if not late:
        yield Finding("stops.brought", Level.OK, "No stop is overdue in GoHighLevel.")
    for row in connection.execute(NEWS, {"most": MOST_NAMED}).all():
        if row.failed:
            yield Finding(
                "webhooks.failed",
                Level.WARNING,
                f"{row.failed:,} of what GoHighLevel told {row.slug} could not be handled.",
                f"Look: hub webhooks list {row.slug} --state failed. Again: hub webhooks replay {row.slug} --failed",
            )
        if row.late:
            yield Finding(
                "webhooks.waiting",
                Level.WARNING,
                f"{row.late:,} of what GoHighLevel told {row.slug} have waited for more than five minutes.",
                "A worker handles them. Is one alive, and does GoHighLevel answer?",
            )
