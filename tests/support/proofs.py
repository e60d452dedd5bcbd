"""What stays of an erased guest's consent."""

from datetime import UTC, datetime

from sqlalchemy import insert

from ghl.db.models import ConsentProof


def keep_proof(database, keys, church_id):
    """One proof, which hangs on the newest of these keys."""
    now = datetime.now(UTC)
    with database.erasing(church_id) as session:
        session.execute(
            insert(ConsentProof).values(
                church_id=church_id,
                channel="sms",
                address_hash=keys.keyed_hash("+16155550177"),
                key_version=keys.newest,
                kind="stop",
                purpose="follow_up",
                source="sms",
                recorded_by="guest",
                recorded_at=now,
                erased_at=now,
            )
        )
