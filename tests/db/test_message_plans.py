"""The queries of messages and of consent find their rows by an index, also under row-level security."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, text

from ghl.churches import find_church
from ghl.consent import dnd_check, ledger, opt_outs
from ghl.consent.decide import About, gather, known_here, recipients_of
from ghl.ids import new_id
from ghl.messages import afterwards, ask, claim, guardian, prepare, ramp, recent, settle, trial
from ghl.messages.after_all import not_after_all
from ghl.messages.call_off import call_off
from ghl.messages.heard import heard_status
from ghl.messages.let_go import let_go
from ghl.messages.standing import standing_of
from ghl.messages.templates import published_onboarding
from ghl.messages.words import WordsError, words_for
from ghl.statuses import Channel
from ghl.webhooks import handle, reading
from tests.support.filling import fill

# Not the keys of persons: that table has a row for each call on its way, and no more.
TABLES = (
    "cards",
    "card_revisions",
    "outbox",
    "contact_links",
    "messages",
    "message_attempts",
    "consent_events",
    "consent_addresses",
    "consent_doubts",
    "consent_proofs",
    "opt_outs",
    "webhook_events",
)
SMS = Channel.SMS
NOW = datetime.now(UTC)


class Explained:
    """What was asked of the server, by the name of who asks, with the plan for each statement."""

    def __init__(self) -> None:
        self.plans: dict[str, list[tuple[str, str]]] = {}

    def by(self, transaction, **asks) -> None:
        for name, one in asks.items():
            with transaction() as session:
                said, connection = [], session.connection()

                def note(_connection, _cursor, statement, parameters, *_, said=said):
                    said.append((statement, parameters))

                event.listen(connection, "before_cursor_execute", note)
                with suppress(WordsError):
                    one(session)
                event.remove(connection, "before_cursor_execute", note)
                session.rollback()
            with transaction() as session:
                for statement, parameters in said:
                    if not re.match(r"\s*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", statement):
                        continue
                    rows = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
                    plan = "\n".join(row[0] for row in rows)
                    self.plans.setdefault(name, []).append((statement, plan))
                session.rollback()


@pytest.fixture
def explained(database, database_urls):
    fill(database_urls, cards=20_000, churches=20, messages=True)
    church_id = find_church(database, "church-1").id

    def church():
        return database.church(church_id)

    with church() as session:
        first = session.execute(
            text(
                "SELECT m.id, m.address, m.card_id, m.contact_id, m.ghl_message_id, l.id AS location_id, t.id AS template"
                " FROM messages AS m, locations AS l, message_templates AS t"
                " WHERE m.channel = 'sms' AND m.state = 'delivered' LIMIT 1"
            )
        ).one()
        row_id = session.scalar(text("SELECT id FROM outbox WHERE message_id = :id"), {"id": first.id})
    address, token = first.address, new_id()
    about = {"channel": SMS, "address": address}
    found = Explained()
    found.by(
        church,
        claim=lambda s: s.execute(claim.DUE, {"church": church_id, "most": 20, "credential": token}),
        is_due=lambda s: claim.is_due(s, church_id),
        lease=lambda s: s.execute(
            claim.LEASE, {"church": church_id, "token": token, "lease": 20, "ids": [row_id]}
        ),
        put_off=lambda s: claim.put_off(s, [row_id], NOW, "waits_for_card"),
        expired=lambda s: claim.free_expired(s, church_id),
        ramp=lambda s: ramp.room_for_texts(s, church_id, now=NOW),
        texts_of_the_day=lambda s: ramp.texts_of_the_day(s, church_id, now=NOW),
        mine=lambda s: s.execute(prepare.MINE, {"row": row_id, "token": token}),
        number=lambda s: guardian.take_address(s, church_id, row_id, Channel.SMS, address),
        give_back=lambda s: s.execute(settle.GIVE_BACK, {"ids": [row_id], "tokens": [token]}),
        settle=lambda s: s.execute(settle.SETTLE, settled(row_id, token)),
        adopt=lambda s: s.execute(
            settle.ADOPT,
            {"message": first.id, "message_id": "m", "email_message_id": None, "conversation_id": None},
        ),
        taken_ids=lambda s: s.execute(
            text("SELECT id FROM messages WHERE church_id = :c AND ghl_message_id = ANY(:ids)"),
            {"c": church_id, "ids": ["m1", "m2"]},
        ),
        words=lambda s: words_for(
            s,
            church_id,
            template_id=first.template,
            version=1,
            channel=SMS,
            card_id=first.card_id,
            first_text=True,
        ),
        call_off=lambda s: call_off(s, church_id, SMS, address, cause="stopped", now=NOW),
        let_go=lambda s: let_go(s, church_id, SMS, address, cause="doubt", now=NOW),
        heard=lambda s: heard_status(
            s, church_id, ghl_message_id=first.ghl_message_id, status="opt_out", at=NOW
        ),
        heard_email=lambda s: heard_status(s, church_id, ghl_email_message_id="e7", status="read", at=NOW),
        heard_either=lambda s: heard_status(
            s, church_id, ghl_message_id="m7", ghl_email_message_id="e7", status="read", at=NOW
        ),
        standing=lambda s: standing_of(s, church_id, first.id),
        recent=lambda s: recent.recent_cards(s, church_id),
        onboarding=lambda s: published_onboarding(s, church_id),
        asked=lambda s: ask.send_onboarding(s, church_id, [first.card_id], actor="x", now=NOW),
        test=lambda s: trial.send_test(
            s, church_id, first.template, phone_or_email=address, actor="x", now=NOW
        ),
        undo=lambda s: afterwards.undo(s, church_id, first.id, actor="x", now=NOW),
        once_more=lambda s: afterwards.send_once_more(s, church_id, first.id, actor="x", reason="y", now=NOW),
        history=lambda s: ledger.history(s, church_id, SMS, address),
        gather=lambda s: gather(
            s, church_id, card_id=first.card_id, contact=None, is_test=False, now=NOW, **about
        ),
        known_here=lambda s: known_here(s, church_id, [About(SMS, address, first.card_id)] * 25, now=NOW),
        after_all=lambda s: not_after_all(s, church_id, [first.id], now=NOW),
        recipients=lambda s: recipients_of(s, church_id, first.card_id, now=NOW),
        stop=lambda s: ledger.record_stop(s, church_id, source="spoken", recorded_by="x", now=NOW, **about),
        start=lambda s: ledger.record_start(
            s, church_id, source="keyword", recorded_by="x", now=NOW, **about
        ),
        doubt=lambda s: ledger.open_doubt(s, church_id, said="hm", source="ghl", now=NOW, **about),
        doubts_open=lambda s: s.execute(
            text("SELECT id FROM consent_doubts WHERE state = 'open' ORDER BY received_at, id LIMIT 26")
        ),
        unconfirmed=lambda s: opt_outs.unconfirmed(s, church_id, today=NOW.date()),
        push_again=lambda s: opt_outs.push_again(s, church_id, SMS, address),
        follow=lambda s: opt_outs.follow(s, church_id),
        try_now=lambda s: opt_outs.try_now(s, church_id),
        night=lambda s: s.execute(
            dnd_check.NEXT,
            {"location": first.location_id, "church": church_id, "after": "5", "most": 3, "through": 2000},
        ),
        events=lambda s: reading.read(s, church_id, reading.Wanted()),
        events_failed=lambda s: reading.read(s, church_id, reading.Wanted(state="failed")),
        event_next=lambda s: s.execute(
            text(
                "SELECT id FROM webhook_events WHERE church_id = :c AND state = 'waiting' AND due_at <= now()"
                " ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
            ),
            {"c": church_id},
        ),
        health=lambda s: reading.health(s, church_id),
    )
    found.by(
        database.system,
        events_due=handle.churches_due,
        stops_due=opt_outs.churches_due,
        overdue=lambda s: opt_outs.overdue(s, today=NOW.date()),
        checks_due=dnd_check.churches_due,
        pruned=lambda s: reading.prune(s, now=NOW + timedelta(days=1)),
    )
    return found.plans


def settled(row_id: int, token: UUID) -> dict[str, object]:
    """What a worker writes of a message that waits."""
    names = re.findall(r"(?<!:):(\w+)", settle.SETTLE.text)
    said = {
        "row": row_id,
        "token": token,
        "attempt": 1,
        "work": "due",
        "due_in": 1.0,
        "attempts": 0,
        "system_errors": 0,
        "deaths": 0,
        "outcome": "waits",
        "calls": "[]",
        "state": "waiting",
        "facts": "{}",
        "counts_look": False,
    }
    return dict.fromkeys(names) | said


def test_none_reads_a_whole_table(explained):
    assert len(explained) >= 45
    whole = [
        f"{name}: {statement}\n{plan}"
        for name, asked in explained.items()
        for statement, plan in asked
        if any(re.search(rf"Seq Scan on {table}\b", plan) for table in TABLES)
    ]
    assert not whole, "\n\n".join(whole)
