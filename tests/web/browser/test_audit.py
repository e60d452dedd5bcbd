"""The change log in a real browser: readable on a desk and a telephone."""

import pytest
from playwright.sync_api import expect

from ghl import audit
from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.statuses import Role
from tests.support.browser import poll, readable


@pytest.fixture
def filled(database, church):
    with database.church(church) as session:
        for action, facts in (
            ("form.changed", {"fields": ["welcome", "services"]}),
            ("cards.imported", {"created": 212, "duplicates": 3, "rejected": 1}),
            ("church.paused", {}),
            ("church.resumed", {}),
            ("source_key.created", {}),
        ):
            audit.record(session, church_id=church, actor="command line", action=action, facts=facts)


def test_the_change_log_is_readable(person, filled, database, at_home):
    del filled
    page = person("audit", role=Role.ADMIN)
    poll(lambda: not seal(database))
    watch(database)

    def settled():
        expect(page.get_by_text("changed the card form: welcome, services")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Checked up to entry")).to_be_visible(timeout=30_000)

    readable(page, settled, name="audit-admin")
    assert "unbroken" in page.get_by_text("Checked up to entry").inner_text()
    at_home(page)
