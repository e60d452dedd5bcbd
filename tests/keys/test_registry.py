"""No sealed column is forgotten: what the tables and the code have is what the registry has."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, create_engine, select, text
from sqlalchemy.exc import ProgrammingError

from ghl.db.models import Base
from ghl.keys.check import keyed_rows, sealed_rows
from ghl.keys.registry import KEYED, SEALED

ROOT = Path(__file__).parents[2]

OPEN = {
    "audit_checks.again_hash": "a hash",
    "audit_checks.hash": "a hash",
    "audit_seals.hash": "a hash",
    "audit_seals.previous": "a hash",
    "card_revisions.salt": "random, for the hashes of the change log",
    "consent_proofs.address_hash": "a hash",
    "consent_proofs.wording_hash": "a hash",
    "sealing_keys.public_key": "public",
    "token_trials.box": "sealed with a public key, for an hour: its key's version is registered, and it is not sealed anew",
    "used_states.state_hash": "a hash",
    "card_imports.refused_rows": "rows of a list, removed after 30 days",
    "cards.fingerprint": "a hash",
    "consent_events.wording_hash": "a hash",
    "consent_wordings.wording_hash": "a hash",
    "encryption_keys.check_value": "tells one key from another",
    "idempotency_keys.body_hash": "a hash",
    "messages.idempotency_key": "a hash",
    "questions.key": "a hash",
    "sign_in_links.token_hash": "a hash",
    "source_keys.key_hash": "a hash",
    "webhook_events.body": "what GoHighLevel told us, as it came, for 30 days",
    "webhook_secrets.secret_hash": "a hash",
    "web_sessions.token_hash": "a hash",
}
"""Columns of bytes in which nothing is sealed, and why not."""

REGISTERED = {f"{column.table.name}.{column.column}" for column in SEALED}


def test_each_column_of_bytes_is_registered_or_known_to_be_none():
    """A new one fails here until it has its line in `ghl/keys/registry.py`, or in the list above."""
    of_bytes = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert of_bytes == REGISTERED | set(OPEN)
    assert not REGISTERED & set(OPEN)


def test_the_database_has_no_other(database_urls):
    engine = create_engine(database_urls.admin)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT table_name || '.' || column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'bytea'"
            )
        ).scalars()
        assert set(found) == REGISTERED | set(OPEN)
    engine.dispose()


def test_each_key_version_belongs_to_one_registered_column():
    versions = [f"{column.table.name}.{column.version}" for column in (*SEALED, *KEYED)]
    assert len(set(versions)) == len(versions)
    named = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("key_version")
    }
    assert named == set(versions)


@pytest.mark.parametrize("column", SEALED, ids=lambda column: column.table.name)
def test_a_registered_table_has_what_re_sealing_needs(column):
    assert [key.name for key in column.table.primary_key] == ["id"]
    assert "church_id" in column.table.c
    assert column.sealed.nullable == column.key_version.nullable


def test_the_system_may_count_them_and_see_none(database):
    with database.system() as session:
        assert sealed_rows(session) == keyed_rows(session) == {}
    for column in SEALED:
        with pytest.raises(ProgrammingError, match="permission denied"), database.system() as session:
            session.execute(select(column.sealed))


def test_places_are_made_by_the_registry_alone():
    """Nobody seals for a place that rotating would not find, but for those that are known to be none of its."""
    files = [
        file for folder in ("ghl", "jobs", "dashboard", "pages") for file in (ROOT / folder).rglob("*.py")
    ]
    made = {
        ".".join(str(getattr(one, "value", "?")) for one in node.args[:2]) if node.args else "?"
        for file in files
        if file != ROOT / "ghl" / "keys" / "registry.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Context"
    }
    assert made <= set(OPEN)
