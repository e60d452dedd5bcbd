"""A church with a sealed change log, and the database's owner, who can do anything to it."""

import pytest
from sqlalchemy import create_engine, text

from ghl import audit
from ghl.chain.seal import seal
from ghl.chain.verify import verify
from ghl.db.url import database_url
from tests.support.churches import church


@pytest.fixture
def owner(database_urls):
    """Runs statements as the database's owner, past triggers and rights."""
    engine = create_engine(database_url(database_urls.admin))

    def run(statement, **values):
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    yield run
    engine.dispose()


@pytest.fixture
def grace(database):
    """A church with some entries, and some of the installation, all sealed."""
    church_id = church(database, slug="grace")
    for number in range(5):
        add(database, church_id, number)
    with database.system() as session:
        audit.record(session, church_id=None, actor="command line", action="user.added")
    seal(database)
    return church_id


def add(database, church_id, number=0):
    with database.church(church_id) as session:
        audit.record(
            session,
            church_id=church_id,
            actor="user:1",
            action="card.noted",
            subject=f"card {number}",
            facts={"fields": ["phone"], "n": number},
        )


def ids(owner, church_id):
    return [
        row.id for row in owner("SELECT id FROM audit_entries WHERE church_id = :c ORDER BY id", c=church_id)
    ]


def report_of(database, church_id, **how):
    return next(one for one in verify(database, **how) if one.chain == church_id)


def kinds(report):
    return [problem.kind for problem in report.problems]
