"""How the keys stand as the database knows it, for who has no key: the dashboard. Nothing here could open anything."""

from dataclasses import dataclass

from ghl.db.engine import Database
from ghl.heartbeat import worker_keys
from ghl.keys.check import keyed_rows, known_keys, sealed_rows
from ghl.keys.standing import KeyStanding, standings


@dataclass(frozen=True)
class Overview:
    """The keys, and how many workers that live have all of them, or lack the newest."""

    keys: tuple[KeyStanding, ...]
    workers: int
    lacking: int


def overview(database: Database) -> Overview:
    """A key counts as there when every worker that lives has it; without a worker, when any process ever had it."""
    with database.system() as session:
        known, sealed, keyed = known_keys(session), sealed_rows(session), keyed_rows(session)
        workers = worker_keys(session)
    here = set(known).intersection(*workers) if workers else set(known)
    anywhere = set(known).intersection(set().union(*workers)) if workers else here
    newest = max(anywhere, default=0)
    return Overview(
        standings({version: known[version].check_value for version in here}, known, sealed, keyed),
        workers=len(workers),
        lacking=sum(newest not in keys for keys in workers),
    )
