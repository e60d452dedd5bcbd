"""Every function of the core that takes an id: another church's is like one that does not exist, and changes nothing."""

import importlib
import inspect
import pkgutil
import re
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

import ghl
from ghl.attention import groups, mend, retries
from ghl.attention.wanted import Wanted
from ghl.cards import (
    actions,
    correct,
    decide,
    drafts,
    find,
    imports,
    lookalikes,
    notes,
    prayers,
    queueing,
    review,
    view,
)
from ghl.cards.actions import Action, Chosen
from ghl.cards.fields import parse_card
from ghl.cards.imports import Counts
from ghl.cards.story import card_in_full
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.delivery import claim, settle
from ghl.ids import new_id
from ghl.intake.standing import standing_of
from ghl.outages import follow_cards
from ghl.questions import ask
from ghl.questions.take import take
from ghl.sources import revoke_source_key
from tests.tenants.conftest import NOW, SIGN

WHO = {"actor": "user:grace"}
CAUSE = "phone_invalid"


def _alike(session, world, ids):
    card = review.look_at(session, world.grace, world.ids["own"].card)
    return lookalikes.lookalikes(session, world.grace, card, now=NOW, settled=[ids.card])


CALLS = {
    "ghl.attention.groups.page": lambda s, w, i: groups.page(s, w.grace, CAUSE, Wanted(), after=i.cursor),
    "ghl.attention.groups.oldest_first": lambda s, w, i: groups.oldest_first(
        s, w.grace, CAUSE, Wanted(), until=SystemClock().now(), after=i.cursor, limit=9
    ),
    "ghl.attention.mend.to_mend": lambda s, w, i: mend.to_mend(s, w.grace, i.stopped),
    "ghl.attention.mend.mend": lambda s, w, i: mend.mend(
        s, w.grace, i.stopped, {"phone": "6155550100"}, revision=1, now=NOW, **WHO
    ),
    "ghl.attention.retries.stop": lambda s, w, i: retries.stop(s, w.grace, i.request, **WHO),
    "ghl.attention.retries.progress": lambda s, w, i: retries.progress(s, w.grace, i.request),
    "ghl.cards.actions.act": lambda s, w, i: actions.act(
        s, w.grace, Action.SEND_NOW, i.stopped, now=NOW, **WHO
    ),
    "ghl.cards.actions.act_on": lambda s, w, i: actions.act_on(
        s, w.grace, Action.SET_ASIDE, [i.card, i.stopped], reason="x", now=NOW, priority=5, **WHO
    ),
    "ghl.cards.actions.dry_run": lambda s, w, i: actions.dry_run(
        s, w.grace, Action.SEND_NOW, Chosen(ids=(i.card, i.stopped))
    ),
    "ghl.cards.correct.correct": lambda s, w, i: correct.correct(
        s, w.grace, i.stopped, parse_card({"first_name": "New"}), base_revision=1, now=NOW, **WHO
    ),
    "ghl.cards.decide.decide": lambda s, w, i: decide.decide(
        s, w.grace, i.stopped, contact_id=i.contact, verdict="same", now=NOW, **WHO
    ),
    "ghl.cards.decide.take_back": lambda s, w, i: decide.take_back(
        s, w.grace, i.card, contact_id=i.contact, **WHO
    ),
    "ghl.cards.decide.look_anew": lambda s, w, i: decide.look_anew(
        s, w.grace, i.card, contact_id=i.contact, now=NOW, **WHO
    ),
    "ghl.cards.decide.not_sure": lambda s, w, i: decide.not_sure(s, w.grace, i.card, **WHO),
    "ghl.cards.drafts.load": lambda s, w, i: drafts.load(s, w.grace, i.user, f"card {i.card}"),
    "ghl.cards.drafts.half_typed": lambda s, w, i: drafts.half_typed(s, w.grace, i.user),
    "ghl.cards.drafts.move": lambda s, w, i: drafts.move(s, w.grace, i.user, f"card {i.card}", "elsewhere"),
    "ghl.cards.drafts.remove": lambda s, w, i: drafts.remove(s, w.grace, i.user, f"card {i.card}"),
    "ghl.cards.find.find": lambda s, w, i: find.find(s, w.grace, find.CardFilter(), after=i.cursor),
    "ghl.cards.find.count_newer_found": lambda s, w, i: find.count_newer_found(
        s, w.grace, find.CardFilter(), than=i.cursor
    ),
    "ghl.cards.find.count_found": lambda s, w, i: find.count_found(
        s, w.grace, find.CardFilter(import_id=i.import_id)
    ),
    "ghl.cards.imports.go_on": lambda s, w, i: imports.go_on(s, w.grace, i.import_id, Counts(created=9)),
    "ghl.cards.imports.end": lambda s, w, i: imports.end(
        s, w.grace, i.import_id, Counts(), now=NOW, finished=True
    ),
    "ghl.cards.imports.stop": lambda s, w, i: imports.stop(s, w.grace, i.import_id),
    "ghl.cards.imports.close": lambda s, w, i: imports.close(s, w.grace, i.import_id),
    "ghl.cards.imports.look": lambda s, w, i: imports.look(s, w.grace, i.import_id),
    "ghl.cards.imports.refused_rows": lambda s, w, i: imports.refused_rows(s, w.reader, i.import_id),
    "ghl.cards.lookalikes.lookalikes": _alike,
    "ghl.cards.notes.add_note": lambda s, w, i: notes.add_note(s, w.grace, i.card, "x", now=NOW, **WHO),
    "ghl.cards.notes.notes_of": lambda s, w, i: notes.notes_of(s, w.grace, i.card),
    "ghl.cards.prayers.read_prayer": lambda s, w, i: prayers.read_prayer(s, w.reader, i.card),
    "ghl.cards.prayers.open_prayers": lambda s, w, i: prayers.open_prayers(s, w.reader, before=i.cursor),
    "ghl.cards.prayers.marks": lambda s, w, i: prayers.marks(s, w.reader, [i.card]),
    "ghl.cards.prayers.mark": lambda s, w, i: prayers.mark(s, w.reader, i.card, prayed=True),
    "ghl.cards.queueing.lock": lambda s, w, i: queueing.lock(s, w.grace, i.card),
    "ghl.cards.review.reserve": lambda s, w, i: review.reserve(s, w.grace, w.reader.user_id, i.card),
    "ghl.cards.review.reserve_next": lambda s, w, i: review.reserve_next(
        s, w.grace, w.reader.user_id, skipped=[i.card]
    ),
    "ghl.cards.review.who_is_on": lambda s, w, i: review.who_is_on(s, w.grace, [i.card]),
    "ghl.cards.review.look_at": lambda s, w, i: review.look_at(s, w.grace, i.card),
    "ghl.cards.review.said_in": lambda s, w, i: review.said_in(s, w.grace, i.card, 1),
    "ghl.cards.review.last_hand": lambda s, w, i: review.last_hand(s, w.grace, i.card),
    "ghl.cards.review.card_of_number": lambda s, w, i: review.card_of_number(s, w.grace, i.number),
    "ghl.cards.story.card_in_full": lambda s, w, i: card_in_full(s, w.grace, i.number),
    "ghl.cards.view.rows": lambda s, w, i: view.rows(s, w.grace, [i.card, i.stopped], now=NOW),
    "ghl.delivery.claim.claim": lambda s, w, i: claim.claim(
        s, w.grace, token=new_id(), most=5, credential_id=i.credential
    ),
    "ghl.delivery.settle.hold": lambda s, w, i: settle.hold(s, w.grace, i.credential, cause="token_refused"),
    "ghl.delivery.settle.end_hold": lambda s, w, i: settle.end_hold(s, w.grace, i.credential),
    "ghl.intake.standing.standing_of": lambda s, w, i: standing_of(s, w.grace, i.card, now=NOW),
    "ghl.outages.follow_cards": lambda s, w, i: follow_cards(s, w.grace, i.outage),
    "ghl.questions.ask.look": lambda s, w, i: ask.look(s, w.grace, i.question),
    "ghl.questions.take.take": lambda s, w, i: take(s, w.grace, i.location, token=new_id(), calls=9),
}
"""In a transaction of grace, by grace's person, with somebody's ids."""

OF_THE_SYSTEM = {
    "ghl.delivery.facts.remember_location": "a worker's own, the id is of its facts",
    "ghl.delivery.stale.claim_refresh": "the system's, over all churches",
    "ghl.delivery.stale.church_of_location": "the system's, over all churches",
    "ghl.heartbeat.beat": "a process of this installation",
    "ghl.heartbeat.end": "a process of this installation",
    "ghl.intake.idempotency.earlier_answer": "the source is the key's own, see test_routes",
    "ghl.intake.idempotency.remember": "the source is the key's own",
    "ghl.people.sessions.start": "the person who signs in",
    "ghl.people.sessions.sessions_of": "the person's own",
    "ghl.people.trail.note": "writes what was done already",
    "ghl.people.users.churches_of": "the person's own",
}
OF_A_PERSON = {
    "ghl.cards.drafts.keep": "keeps what the person typed, in their church",
    "ghl.cards.review.release": "gives back what the person has",
    "ghl.cards.review.reserved_by_others": "counts what others of the church have",
    "ghl.outages.tell_once": "who is told; the episode comes from the church's own rows",
}
AT_THE_DATABASE = {
    "ghl.connection.connect": "see tests/db/test_isolation.py: a location belongs to one church",
    "ghl.cards.importing.import_table": "its own import",
    "ghl.sources.revoke_source_key": "below",
    "ghl.intake.app.create_app": "no repository",
}
NO_OTHER_LIKE_IT = {"ghl.cards.actions.dry_run", "ghl.cards.find.count_found", "ghl.cards.story.card_in_full"}
NO_OTHER_LIKE_IT |= {"ghl.cards.review.card_of_number"}
"""Take ids within something else, or a number."""


def with_ids():
    """Every function of the core that works in a transaction and takes an id beside the church's."""
    for module in pkgutil.walk_packages(ghl.__path__, "ghl."):
        if module.name.startswith(("ghl.simulator", "ghl.client", "ghl.db.migrations")):
            continue
        for name, function in vars(importlib.import_module(module.name)).items():
            if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != module.name:
                continue
            parameters = inspect.signature(function).parameters
            works = any(one.annotation in (Session, Database) for one in parameters.values())
            ids = [
                key
                for key, one in parameters.items()
                if key != "church_id" and ("UUID" in str(one.annotation) or re.search(r"(^|_)ids?$", key))
            ]
            if works and ids:
                yield f"{module.name}.{name}"


def test_no_function_that_takes_an_id_is_forgotten():
    """A new one fails here until it is tried below, or has its reason above."""
    found = set(with_ids())
    known = set(CALLS) | set(OF_THE_SYSTEM) | set(OF_A_PERSON) | set(AT_THE_DATABASE)
    assert found - known == set()
    assert known - found - NO_OTHER_LIKE_IT == set()


def outcome(database, world, call, ids, *, keep=True) -> str:
    """What it gives or raises, and whether it wrote, without the ids that were asked for. Undone unless `keep`."""
    try:
        with database.church(world.grace) as session:
            found = repr(call(session, world, ids))
            wrote = session.scalar(text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"))
            if not keep:
                session.rollback()
    except (TypeError, AttributeError, SQLAlchemyError):
        raise
    except Exception as error:  # noqa: BLE001 - the same refusal is the same outcome
        found, wrote = f"{type(error).__name__}: {error}", False
    for mine in vars(ids).values():
        if isinstance(mine, UUID):
            found = found.replace(str(mine), "ID").replace(mine.hex, "ID")
    return f"{'wrote' if wrote else 'read'} {found}"


def test_another_churchs_ids_are_like_ids_that_nobody_has(database, world, snapshot):
    """One world for all: what changes nothing leaves it as it was."""
    before = snapshot()
    wrong = []
    for name, call in CALLS.items():
        theirs = outcome(database, world, call, world.ids["theirs"])
        nobodys = outcome(database, world, call, world.ids["nobody's"])
        if theirs != nobodys:
            wrong.append(f"{name}: {theirs} and {nobodys}")
        if SIGN.lower() in theirs.lower():
            wrong.append(f"{name} tells of the other church: {theirs}")
        after = snapshot()
        if after != before and name not in MAY_CHANGE_ITS_OWN:
            wrong.append(f"{name} changed something")
        before = after
    assert wrong == []


MAY_CHANGE_ITS_OWN = {
    "ghl.cards.prayers.open_prayers",
    "ghl.cards.review.reserve_next",
    "ghl.delivery.settle.hold",
    "ghl.delivery.settle.end_hold",
}
"""These do something for their own church whatever place or card they are given."""


NOTHING_OWN = {
    "ghl.attention.groups.page",
    "ghl.attention.groups.oldest_first",
    "ghl.cards.decide.decide",
    "ghl.cards.decide.take_back",
    "ghl.cards.decide.look_anew",
    "ghl.cards.decide.not_sure",
    "ghl.cards.drafts.half_typed",
    "ghl.cards.find.find",
    "ghl.cards.find.count_newer_found",
    "ghl.cards.imports.end",
    "ghl.cards.imports.stop",
    "ghl.cards.lookalikes.lookalikes",
    "ghl.cards.prayers.open_prayers",
    "ghl.cards.prayers.marks",
    "ghl.cards.review.last_hand",
    "ghl.cards.review.who_is_on",
    "ghl.delivery.claim.claim",
    "ghl.delivery.settle.end_hold",
    "ghl.outages.follow_cards",
    "ghl.cards.imports.go_on",
}
"""What grace has of these gives the same as nothing: nobody asks about it, or a place in a list is only a place."""


def test_the_churchs_own_ids_are_not(database, world):
    """The test above would find nothing if nothing was there to be found."""
    alike = {
        name
        for name, call in CALLS.items()
        if outcome(database, world, call, world.ids["own"], keep=False)
        == outcome(database, world, call, world.ids["nobody's"], keep=False)
    }
    assert alike - NOTHING_OWN == set()


def test_another_churchs_source_key_is_not_taken_away(database, world, snapshot):
    before = snapshot()
    told = []
    for whose in ("theirs", "nobody's"):
        try:
            told.append(
                repr(
                    revoke_source_key(
                        database, world.grace, world.ids[whose].key, actor="user:grace", clock=SystemClock()
                    )
                )
            )
        except Exception as error:  # noqa: BLE001
            told.append(f"{type(error).__name__}: {error}")
    assert told[0] == told[1]
    assert snapshot() == before
