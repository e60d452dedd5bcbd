"""Each column that can hold text is known: it goes with a person, or there is a reason why it may stay.

A new column fails here until somebody has thought about what erasing does with it.
"""

from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import INET, JSONB

from ghl.db.models import Base

GOES = {
    "cards": {"facts", "fingerprint", "first_name", "last_name", "phone", "email", "search", "contact_id"},
    "card_words": {"words"},
    "card_revisions": {"fields", "salt"},
    "prayer_requests": {"text"},
    "card_notes": {"text"},
    "card_drafts": {"values"},
    "card_imports": {"refused_rows"},
    "outbox": {"phone", "email"},
    "person_keys": {"key"},
    "attempts": {"calls", "trace_id"},
    "contact_links": {"contact_id", "first_name", "last_name", "phone", "email"},
    "person_decisions": {"person", "contact_id"},
    "questions": {"answer", "params"},
    "consent_events": {"address", "person", "ip", "user_agent", "note", "contact_id", "child"},
    "consent_addresses": {"address"},
    "consent_doubts": {"address", "contact_id", "said"},
    "idempotency_keys": {"body_hash"},
    "messages": {
        "address",
        "person",
        "facts",
        "subject",
        "body",
        "idempotency_key",
        "contact_id",
        "conversation_id",
        "ghl_message_id",
        "ghl_email_message_id",
    },
    "message_attempts": {"calls", "trace_id"},
    "webhook_events": {"body", "facts"},
    "opt_outs": {"address", "contacts"},
    "dnd_differences": {"contact_id", "address"},
}
"""A person's: taken away, or emptied, when they are erased."""

STAYS = {
    ("dnd_checks", "after"): "an id in GoHighLevel: where the comparison of this night goes on",
    ("consent_proofs", "address_hash"): "the proof of consent: found by the address, and no way back to it",
    ("consent_proofs", "wording"): "the proof: the church's words, the same for everybody",
    (
        "contact_removals",
        "contact_id",
    ): "an id in GoHighLevel, needed until the contact is gone; then it names nothing",
    (
        "idempotency_keys",
        "key",
    ): "a program's own mark for its request, for 30 days, so that it brings nothing back",
    ("idempotency_keys", "answer"): "the id and number of a card that is no more, for 30 days",
    ("erasures", "card_ids"): "ids of cards, emptied when they are gone",
    ("audit_entries", "facts"): "names of fields, counts, codes",
    ("audit_entries", "subject"): "ids",
    ("users", "email"): "of staff, while they belong to a church; it goes with the church",
    ("users", "name"): "of staff, as above",
    ("web_sessions", "user_agent"): "of staff; it goes with the session",
    ("audit_entries", "origin"): "from which address staff made a change: the change log is kept",
    ("churches", "paused_reason"): "words of who runs the hub, about the church",
    ("card_imports", "name"): "the name of a file that staff chose",
    ("help_access", "reason"): "words of who runs the hub, about the church",
    ("mails", "address"): "of somebody who wants to sign in; gone once the mail is sent, or after an hour",
    ("memberships", "name"): "of staff, while they belong to the church",
    (
        "user_identities",
        "subject",
    ): "of staff: their number at the identity provider; it goes with their account",
}
"""Of people, or could be, and kept all the same: why."""

NOTHING = {
    "webhook_events": {"source", "dedupe_key", "type", "signed_by", "state", "cause", "seen_by"},
    "webhook_secrets": {"state", "secret_hash", "last4", "created_by"},
    "webhook_counts": {"source", "outcome"},
    "opt_outs": {"channel", "state", "cause"},
    "dnd_differences": {"channel", "kind", "seen_by"},
    "stop_warnings": {"told"},
    "audit_checks": {"hash", "again_hash", "problem"},
    "audit_seals": {"hash", "previous"},
    "audit_entries": {"actor", "action"},
    "churches": {
        "slug",
        "name",
        "timezone",
        "region",
        "public_id",
        "ghl_base_url",
        "hold_cause",
        "hold_facts",
    },
    "heartbeats": {"kind", "host"},
    "cards": {"status", "cause", "source", "source_name", "service", "campus"},
    "card_revisions": {"created_by"},
    "card_notes": {"written_by"},
    "prayer_requests": {"prayed_by"},
    "encryption_keys": {"check_value"},
    "sealing_keys": {"public_key"},
    "token_trials": {"ghl_location_id", "last4", "state", "box", "sealed", "checks", "seen", "created_by"},
    "help_access": {"state"},
    "mails": {"actor", "kind", "next_path", "facts"},
    "used_states": {"state_hash"},
    "user_identities": {"issuer"},
    "card_count_deltas": {"status", "cause"},
    "card_counts": {"status", "cause"},
    "card_drafts": {"place"},
    "card_forms": {
        "legal_name",
        "privacy_url",
        "terms_url",
        "welcome",
        "services",
        "campuses",
        "interests",
        "changed_by",
    },
    "card_imports": {"started_by", "trouble"},
    "consent_events": {
        "channel",
        "kind",
        "purpose",
        "wording",
        "wording_hash",
        "wording_version",
        "source",
        "recorded_by",
    },
    "consent_proofs": {
        "channel",
        "kind",
        "purpose",
        "wording_hash",
        "wording_version",
        "source",
        "recorded_by",
    },
    "consent_addresses": {"channel"},
    "consent_doubts": {"channel", "decided_by", "source", "state"},
    "message_templates": {"changed_by", "channel", "key", "name", "purpose"},
    "message_template_versions": {"body", "created_by", "subject"},
    "messaging_settings": {"changed_by", "email_from", "from_number"},
    "consent_wordings": {"channel", "wording", "wording_hash", "created_by"},
    "delivery_leases": {"holder"},
    "messages": {"channel", "purpose", "state", "cause", "requested_by"},
    "message_attempts": {"kind", "outcome", "cause", "requested_by"},
    "message_counts": {"channel", "state"},
    "message_count_deltas": {"channel", "state"},
    "erasures": {"asked_by", "state", "went"},
    "contact_removals": {"state", "cause"},
    "locations": {"ghl_id", "name", "country", "timezone"},
    "memberships": {"role"},
    "outages": {"scope", "ended"},
    "retry_requests": {
        "token",
        "requested_by",
        "wanted",
        "foreseen",
        "state",
        "place",
        "left_alone",
        "stopped_by",
    },
    "sign_in_links": {"token_hash", "next_path"},
    "source_keys": {"name", "key_hash", "last4"},
    "web_sessions": {"token_hash"},
    "credentials": {"state", "sealed", "last4", "created_by", "checks"},
    "outbox": {"kind", "state", "requested_by"},
    "attempts": {"requested_by", "outcome", "cause"},
    "person_decisions": {"verdict", "decided_by"},
    "questions": {"kind", "key", "asked_by", "state", "cause"},
}
"""Of nobody who hands in a card: codes, ids of staff, the church's own words and settings."""  # fmt: skip

COLUMNS = {
    (table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Text | LargeBinary | JSONB | INET)
}


def listed(tables):
    return {(table, column) for table, columns in tables.items() for column in columns}


def test_every_column_is_known_and_once():
    known = [*listed(GOES), *STAYS, *listed(NOTHING)]
    assert set(known) == COLUMNS, "think about what erasing a person does with it, and say so here"
    assert len(known) == len(set(known))


@pytest.mark.parametrize("table", sorted({table for table, _ in COLUMNS}))
def test_what_hangs_on_a_card_goes_with_it(table):
    """Whoever adds a table that points at cards lets the database take its rows away with the card."""
    for key in Base.metadata.tables[table].foreign_keys:
        if key.column.table.name == "cards":
            assert key.ondelete == "CASCADE", table


def test_nobody_else_may_take_rows_of_a_church_away():
    project = Path(__file__).parents[2]
    users = {
        path.relative_to(project).parent.as_posix()
        for folder in ("ghl", "jobs", "dashboard", "pages")
        for path in (project / folder).rglob("*.py")
        if ".erasing(" in path.read_text()
    }
    assert users == {"ghl/erasing"}
