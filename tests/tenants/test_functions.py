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
from ghl.attention import messages as waiting
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
from ghl.causes import CauseCode
from ghl.chain.verify import seals_after
from ghl.chain.watch import checked
from ghl.changes.log import card_subject
from ghl.clock import SystemClock
from ghl.connection import asking, switch, trials
from ghl.connection.probes import PROBES
from ghl.consent import ask as consent_ask
from ghl.consent import decide as consents
from ghl.consent import ledger
from ghl.consent.differences import mark_seen as mark_difference_seen
from ghl.crypto import Sealed
from ghl.db.engine import Database
from ghl.delivery import claim, settle
from ghl.delivery.facts import note_use
from ghl.erasing import ask as erasing
from ghl.ids import new_id
from ghl.intake.standing import standing_of
from ghl.messages import afterwards, templates, trial
from ghl.messages import ask as messages
from ghl.messages import log as message_log
from ghl.messages import rows as message_rows
from ghl.messages.after_all import not_after_all
from ghl.messages.claim import claim as claim_messages
from ghl.messages.heard import heard_status
from ghl.messages.shown import all_of_card, badges_of, messages_of
from ghl.messages.standing import standing_of as message_standing
from ghl.messages.story import message_story
from ghl.messages.wanted import load_cards
from ghl.messages.words import words_for
from ghl.outages import follow_cards
from ghl.people import help as helping
from ghl.people import sessions, team
from ghl.people.invite import invite
from ghl.questions import ask
from ghl.questions.take import explain_wait, take
from ghl.sources import revoke_source_key
from ghl.statuses import Channel, Role
from ghl.webhooks.replay import replay
from ghl.webhooks.results import Place
from ghl.webhooks.seen import mark_seen as mark_news_seen
from ghl.webhooks.stops import addresses_of
from tests.tenants.conftest import NOW, SIGN, TEAM_SIGN

WHO = {"actor": "user:grace"}
CAUSE = "phone_invalid"


def _alike(session, world, ids):
    card = review.look_at(session, world.grace, world.ids["own"].card)
    return lookalikes.lookalikes(session, world.grace, card, now=NOW, settled=[ids.card])


def _ask(session, world, ids):
    params = {"trial": str(ids.trial), "probe": next(iter(PROBES))}
    asked = ask.ask(session, world.grace, "token_probe", params, **WHO)
    return asked.state, asked.cause


def _about(ids):
    """A text because of somebody's card."""
    return {
        "channel": Channel.SMS,
        "address": "+16155550100",
        "person": "",
        "purpose": "follow-up",
        "card_id": ids.card,
        "contact": None,
        "is_test": False,
        "now": NOW,
    }


CALLS = {
    "ghl.attention.messages.page": lambda s, w, i: waiting.page(
        s, w.grace, "unsure_none_found", after=i.cursor
    ),
    "ghl.attention.messages.send_many_again": lambda s, w, i: waiting.send_many_again(
        s, w.grace, [i.message], now=NOW, **WHO
    ),
    "ghl.messages.afterwards.leave_unsent": lambda s, w, i: afterwards.leave_unsent(
        s, w.grace, i.message, now=NOW, **WHO
    ),
    "ghl.messages.log.find": lambda s, w, i: message_log.find(
        s, w.grace, message_log.LogFilter(template_id=i.template)
    ),
    "ghl.messages.log.rows": lambda s, w, i: message_log.rows(s, w.grace, [i.message]),
    "ghl.messages.log.count_newer": lambda s, w, i: message_log.count_newer(
        s, w.grace, message_log.LogFilter(template_id=i.template), than=i.cursor
    ),
    "ghl.messages.ask.send_onboarding": lambda s, w, i: messages.send_onboarding(
        s, w.grace, [i.card], now=NOW, **WHO
    ),
    "ghl.messages.ask.preview_bulk": lambda s, w, i: (
        messages.preview_bulk(s, w.grace, [i.card], now=NOW).cards
    ),
    "ghl.messages.ask.send_template": lambda s, w, i: messages.send_template(
        s, w.grace, i.template, [w.ids["own"].card], now=NOW, **WHO
    ),
    "ghl.messages.trial.send_test": lambda s, w, i: trial.send_test(
        s, w.grace, i.template, phone_or_email="6155550100", now=NOW, **WHO
    ),
    "ghl.messages.rows.lock": lambda s, w, i: message_rows.lock(s, w.grace, i.message),
    "ghl.messages.afterwards.undo": lambda s, w, i: afterwards.undo(s, w.grace, i.message, now=NOW, **WHO),
    "ghl.messages.afterwards.send_now": lambda s, w, i: afterwards.send_now(
        s, w.grace, i.message, now=NOW, **WHO
    ),
    "ghl.messages.afterwards.send_again": lambda s, w, i: afterwards.send_again(
        s, w.grace, i.message, now=NOW, **WHO
    ),
    "ghl.messages.afterwards.it_arrived": lambda s, w, i: afterwards.it_arrived(
        s, w.grace, i.message, now=NOW, **WHO
    ),
    "ghl.messages.afterwards.send_once_more": lambda s, w, i: afterwards.send_once_more(
        s, w.grace, i.message, reason="x", now=NOW, **WHO
    ),
    "ghl.messages.claim.claim": lambda s, w, i: claim_messages(
        s, w.grace, token=i.request, most=9, credential_id=i.credential
    ),
    "ghl.messages.heard.heard_status": lambda s, w, i: heard_status(
        s, w.grace, ghl_message_id=str(i.message), status="delivered", at=NOW
    ),
    "ghl.messages.standing.standing_of": lambda s, w, i: message_standing(s, w.grace, i.message),
    "ghl.messages.templates.template": lambda s, w, i: templates.template(s, w.grace, i.template),
    "ghl.messages.templates.words_of": lambda s, w, i: templates.words_of(s, i.template, 1),
    "ghl.messages.templates.versions_of": lambda s, w, i: templates.versions_of(s, w.grace, i.template),
    "ghl.messages.templates.save_draft": lambda s, w, i: templates.save_draft(
        s, w.grace, i.template, templates.Draft(body="New"), now=NOW, **WHO
    ),
    "ghl.messages.templates.bring_back": lambda s, w, i: templates.bring_back(
        s, w.grace, i.template, 1, now=NOW, **WHO
    ),
    "ghl.messages.templates.publish": lambda s, w, i: templates.publish(
        s, w.grace, i.template, now=NOW, **WHO
    ),
    "ghl.messages.templates.withdraw": lambda s, w, i: templates.withdraw(
        s, w.grace, i.template, now=NOW, **WHO
    ),
    "ghl.messages.templates.archive": lambda s, w, i: templates.archive(
        s, w.grace, i.template, now=NOW, **WHO
    ),
    "ghl.messages.wanted.load_cards": lambda s, w, i: load_cards(s, w.grace, [i.card]),
    "ghl.messages.words.words_for": lambda s, w, i: words_for(
        s, w.grace, template_id=i.template, version=1, channel=Channel.SMS, card_id=i.card, first_text=False
    ),
    "ghl.attention.groups.page": lambda s, w, i: groups.page(s, w.grace, CAUSE, Wanted(), after=i.cursor),
    "ghl.attention.groups.oldest_first": lambda s, w, i: groups.oldest_first(
        s, w.grace, CAUSE, Wanted(), until=SystemClock().now(), after=i.cursor, limit=9
    ),
    "ghl.attention.mend.where_it_went": lambda s, w, i: mend.where_it_went(s, w.grace, i.stopped),
    "ghl.attention.messages.number_is_right": lambda s, w, i: waiting.number_is_right(
        s, w.grace, i.message, now=NOW, **WHO
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
    "ghl.cards.correct.confirm_number": lambda s, w, i: correct.confirm_number(
        s, w.grace, i.card, now=NOW, **WHO
    ),
    "ghl.consent.decide.decide": lambda s, w, i: consents.decide(s, None, w.grace, **_about(i)).reason,
    "ghl.consent.decide.gather": lambda s, w, i: (
        consents.gather(
            s,
            w.grace,
            **{name: value for name, value in _about(i).items() if name not in {"person", "purpose"}},
        ).card
    ),
    "ghl.consent.decide.recipients_of_all": lambda s, w, i: list(
        consents.recipients_of_all(s, w.grace, [i.card], now=NOW).values()
    ),
    "ghl.messages.after_all.not_after_all": lambda s, w, i: not_after_all(s, w.grace, [i.message], now=NOW),
    "ghl.consent.decide.recipients_of": lambda s, w, i: consents.recipients_of(s, w.grace, i.card, now=NOW),
    "ghl.consent.ledger.decide_doubt": lambda s, w, i: ledger.decide_doubt(
        s, w.grace, i.request, stop=True, now=NOW, **WHO
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
    "ghl.cards.imports.stop": lambda s, w, i: imports.stop(s, w.grace, i.import_id, **WHO),
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
    "ghl.messages.ask.foresee_onboarding": lambda s, w, i: messages.foresee_onboarding(
        s, w.grace, [i.card], now=NOW
    ),
    "ghl.messages.shown.badges_of": lambda s, w, i: badges_of(s, w.grace, [i.card]),
    "ghl.messages.shown.messages_of": lambda s, w, i: messages_of(s, w.grace, [i.card]),
    "ghl.messages.shown.all_of_card": lambda s, w, i: all_of_card(s, w.grace, i.card),
    "ghl.messages.story.message_story": lambda s, w, i: message_story(s, w.grace, i.card),
    "ghl.cards.story.card_in_full": lambda s, w, i: card_in_full(s, w.grace, i.number),
    "ghl.cards.view.rows": lambda s, w, i: view.rows(s, w.grace, [i.card, i.stopped], now=NOW),
    "ghl.chain.verify.seals_after": lambda s, w, i: seals_after(s, i.church, 0),
    "ghl.chain.watch.checked": lambda s, w, i: checked(s, i.church),
    "ghl.changes.log.card_subject": lambda s, w, i: card_subject(s, w.grace, i.number),
    "ghl.connection.asking.ask_again": lambda s, w, i: asking.ask_again(s, w.grace, i.trial, **WHO),
    "ghl.connection.switch.switch": lambda s, w, i: switch.switch(s, w.grace, i.trial, **WHO),
    "ghl.connection.trials.begin_again": lambda s, w, i: trials.begin_again(s, w.grace, i.trial),
    "ghl.connection.trials.note": lambda s, w, i: trials.note(
        s, w.grace, i.trial, next(iter(PROBES)), cause=None, seen={}, sealed=Sealed(b"x", 1)
    ),
    "ghl.connection.trials.way_of": lambda s, w, i: trials.way_of(
        s, w.grace, i.trial, region="US", ring=w.keys
    ),
    "ghl.consent.ask.of_card": lambda s, w, i: consent_ask.of_card(s, w.grace, i.card, now=NOW),
    "ghl.consent.ask.of_number": lambda s, w, i: consent_ask.of_number(s, w.grace, i.number, now=NOW),
    "ghl.consent.ask.again": lambda s, w, i: consent_ask.again(s, w.grace, [i.card], None, now=NOW),
    "ghl.delivery.claim.claim": lambda s, w, i: claim.claim(
        s, w.grace, token=new_id(), most=5, credential_id=i.credential
    ),
    "ghl.delivery.facts.note_use": lambda s, w, i: note_use(s, i.credential),
    "ghl.delivery.settle.hold": lambda s, w, i: settle.hold(s, w.grace, i.credential, cause="token_refused"),
    "ghl.delivery.settle.end_hold": lambda s, w, i: settle.end_hold(s, w.grace, i.credential),
    "ghl.erasing.ask.foresee": lambda s, w, i: erasing.foresee(s, w.grace, i.number),
    "ghl.erasing.ask.request": lambda s, w, i: erasing.request(
        s,
        w.grace,
        i.number,
        shown=[i.card],
        typed=f"{i.name} {i.name}",
        contacts_too=True,
        now=NOW,
        **WHO,
    ),
    "ghl.intake.standing.standing_of": lambda s, w, i: standing_of(s, w.grace, i.card, now=NOW),
    "ghl.outages.follow_cards": lambda s, w, i: follow_cards(s, w.grace, i.outage),
    "ghl.questions.ask.look": lambda s, w, i: ask.look(s, w.grace, i.question),
    "ghl.questions.ask.ask": _ask,
    "ghl.questions.take.explain_wait": lambda s, w, i: explain_wait(
        s, w.grace, i.location, CauseCode.TOKEN_REFUSED
    ),
    "ghl.webhooks.replay.replay": lambda s, w, i: replay(s, w.grace, i.event, **WHO),
    "ghl.webhooks.seen.mark_seen": lambda s, w, i: mark_news_seen(s, w.grace, i.event, now=NOW, **WHO),
    "ghl.consent.differences.mark_seen": lambda s, w, i: mark_difference_seen(
        s, w.grace, i.difference, now=NOW, **WHO
    ),
    "ghl.webhooks.stops.addresses_of": lambda s, w, i: addresses_of(
        s, Place(w.grace, "US", w.ids["own"].location), i.contact, Channel.SMS
    ),
    "ghl.questions.take.take": lambda s, w, i: take(s, w.grace, i.location, token=new_id(), calls=9),
}
"""In a transaction of grace, by grace's person, with somebody's ids."""


def _invite(database, world, ids):
    handed = invite(
        database,
        user_id=ids.member,
        church_id=world.grace,
        public_url="https://hub.example",
        smtp=None,
        clock=SystemClock(),
        **WHO,
    )
    return handed.mailed


WITH_THE_DATABASE = {
    "ghl.people.help.answer": lambda d, w, i: helping.answer(
        d, w.grace, i.help, by=w.reader.user_id, agrees=True
    ),
    "ghl.people.help.end": lambda d, w, i: helping.end(d, w.grace, i.help, by=w.reader.user_id),
    "ghl.people.help.of_person": lambda d, w, i: helping.of_person(d, w.grace, i.helper),
    "ghl.people.invite.invite": _invite,
    "ghl.people.sessions.choose_church": lambda d, w, i: sessions.choose_church(
        d, w.cookie, i.church, clock=SystemClock()
    ),
    "ghl.people.sessions.end_session": lambda d, w, i: sessions.end_session(
        d, w.reader.user_id, i.session, clock=SystemClock()
    ),
    "ghl.people.team.change_member": lambda d, w, i: team.change_member(
        d, w.grace, i.member, role=Role.VIEWER, **WHO
    ),
    "ghl.people.team.remove_member": lambda d, w, i: team.remove_member(d, w.grace, i.member, **WHO),
    "ghl.sources.revoke_source_key": lambda d, w, i: revoke_source_key(
        d, w.grace, i.key, clock=SystemClock(), **WHO
    ),
}
"""In transactions of their own. In this order each still finds what is grace's."""

OF_THE_SYSTEM = {
    "ghl.messages.claim.put_off": "a worker's own: rows that it has just locked",
    "ghl.messages.guardian.remember": "a worker's own: the location is of its facts",
    "ghl.messages.guardian.take_address": "a worker's own: the row that it holds",
    "ghl.messages.tries.end_open": "a part of letting go: the messages were just locked",
    "ghl.erasing.told.forget_events": "a part of carrying out a request: what is looked for is of the person's own cards",
    "ghl.erasing.told.take_away": "a part of carrying out a request: the ids are of the person's own cards",
    "ghl.consent.lines.said_once": "the number of a line that was just read; a transaction of the church finds its own alone",
    "ghl.consent.dnd_check.compare": "the housekeeper's: the location is the church's own, read in the same transaction",
    **dict.fromkeys(
        (
            "ghl.consent.ledger.obey",
            "ghl.consent.ledger.open_doubt",
            "ghl.consent.ledger.record_start",
            "ghl.consent.ledger.record_stop",
            "ghl.consent.ledger.stop_at",
            "ghl.webhooks.stops.doubt",
            "ghl.webhooks.stops.start",
            "ghl.webhooks.stops.stop",
        ),
        "the id in GoHighLevel is only noted beside what the person said",
    ),
    "ghl.chain.verify.verify": "a command's, over all chains; test_commands tries it with one church",
    "ghl.delivery.facts.remember_location": "a worker's own, the id is of its facts",
    "ghl.delivery.stale.claim_refresh": "the system's, over all churches",
    "ghl.delivery.stale.church_of_location": "the system's, over all churches",
    "ghl.heartbeat.beat": "a process of this installation",
    "ghl.heartbeat.end": "a process of this installation",
    "ghl.intake.idempotency.earlier_answer": "the source is the key's own, see test_routes",
    "ghl.intake.idempotency.remember": "the source is the key's own",
    "ghl.people.identities.forget": "a command's: an account at the provider is a person's, of no church",
    "ghl.people.links.new_link": "who calls it has found the person in the team, or at their address: see invite",
    "ghl.people.mails.file_invitation": "the same",
    "ghl.people.sessions.end_others": "the person's own",
    "ghl.people.sessions.open_sessions": "the person's own",
    "ghl.people.sessions.start": "the person who signs in",
    "ghl.people.trail.note": "writes what was done already",
    "ghl.people.users.churches_of": "the person's own",
}
OF_A_PERSON = {
    "ghl.people.help.ask": "who asks, and runs the installation: any church may be asked, and answers by itself",
    "ghl.cards.drafts.keep": "keeps what the person typed, in their church",
    "ghl.cards.review.release": "gives back what the person has",
    "ghl.cards.review.reserved_by_others": "counts what others of the church have",
    "ghl.outages.tell_once": "who is told; the episode comes from the church's own rows",
}
AT_THE_DATABASE = {
    "ghl.connection.switch.connect": "tells of a location that is another church's to who has a good token of it alone:"
    " tests/db/test_isolation.py",
    "ghl.cards.importing.import_table": "its own import",
    "ghl.intake.app.create_app": "no repository",
}
NO_OTHER_LIKE_IT = {
    "ghl.cards.actions.dry_run",
    "ghl.cards.find.count_found",
    "ghl.people.sessions.choose_church",
    "ghl.questions.ask.ask",
}
"""Take ids within something else, or a church's."""


def with_ids():
    """Every function of the core that works in a transaction and takes an id, or a card's number, beside the church's."""
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
                if key != "church_id"
                and ("UUID" in str(one.annotation) or re.search(r"(^|_)ids?$|^number$", key))
            ]
            if works and ids:
                yield f"{module.name}.{name}"


def test_no_function_that_takes_an_id_is_forgotten():
    """A new one fails here until it is tried below, or has its reason above."""
    found = set(with_ids())
    known = set(CALLS) | set(WITH_THE_DATABASE) | set(OF_THE_SYSTEM) | set(OF_A_PERSON) | set(AT_THE_DATABASE)
    assert found - known == set()
    assert known - found - NO_OTHER_LIKE_IT == set()


def outcome(database, world, call, ids, *, keep=True) -> str:
    """What it gives or raises, and whether it wrote, without the ids that were asked for. Undone unless `keep`."""

    def run():
        with database.church(world.grace) as session:
            found = repr(call(session, world, ids))
            wrote = session.scalar(text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"))
            if not keep:
                session.rollback()
        return f"{'wrote' if wrote else 'read'} {found}"

    return told(run, ids)


def told(run, ids) -> str:
    """What it gives or raises, without the ids that were asked for."""
    try:
        found = run()
    except (TypeError, AttributeError, SQLAlchemyError):
        raise
    except Exception as error:  # noqa: BLE001 - the same refusal is the same outcome
        found = f"{type(error).__name__}: {error}"
    for mine in vars(ids).values():
        if isinstance(mine, UUID):
            found = found.replace(str(mine), "ID").replace(mine.hex, "ID")
    return found


def test_another_churchs_ids_at_the_database(database, world, snapshot):
    """The same of those that open their own transactions; then what is grace's own, to see that there was something."""
    before = snapshot()
    wrong = []
    for name, call in WITH_THE_DATABASE.items():
        theirs, nobodys = (
            told(lambda ids=world.ids[whose], call=call: repr(call(database, world, ids)), world.ids[whose])
            for whose in ("theirs", "nobody's")
        )
        if theirs != nobodys:
            wrong.append(f"{name}: {theirs} and {nobodys}")
        if tells(theirs):
            wrong.append(f"{name} tells of the other church: {theirs}")
        if snapshot() != before:
            wrong.append(f"{name} changed something")
            before = snapshot()
    for name, call in WITH_THE_DATABASE.items():
        own, nobodys = (
            told(lambda ids=world.ids[whose], call=call: repr(call(database, world, ids)), world.ids[whose])
            for whose in ("own", "nobody's")
        )
        if own == nobodys:
            wrong.append(f"{name}: their own gives {own} as well: this test could find nothing")
    assert not wrong, "\n".join(map(str, wrong))


def tells(found) -> bool:
    return any(sign.lower() in found.lower() for sign in (SIGN, TEAM_SIGN))


def test_another_churchs_tried_token_is_not_taken(database, world, sql, snapshot):
    """`switch` wants a token that has passed: each church has one here."""
    sql(
        "UPDATE token_trials SET state = 'passed', ended_at = now(), box = NULL, box_key_version = NULL,"
        " sealed = 'x', key_version = 1 WHERE state = 'testing'"
    )
    call, before = CALLS["ghl.connection.switch.switch"], snapshot()
    theirs, nobodys = (outcome(database, world, call, world.ids[whose]) for whose in ("theirs", "nobody's"))
    assert theirs == nobodys
    assert snapshot() == before
    assert outcome(database, world, call, world.ids["own"]) != nobodys


def test_another_churchs_ids_are_like_ids_that_nobody_has(database, world, snapshot):
    """One world for all: what changes nothing leaves it as it was."""
    before = snapshot()
    wrong = []
    for name, call in CALLS.items():
        theirs = outcome(database, world, call, world.ids["theirs"])
        nobodys = outcome(database, world, call, world.ids["nobody's"])
        if theirs != nobodys:
            wrong.append(f"{name}: {theirs} and {nobodys}")
        if tells(theirs):
            wrong.append(f"{name} tells of the other church: {theirs}")
        after = snapshot()
        if after != before and name not in MAY_CHANGE_ITS_OWN:
            wrong.append(f"{name} changed something")
        before = after
    assert not wrong, "\n".join(map(str, wrong))


MAY_CHANGE_ITS_OWN = {
    "ghl.consent.decide.decide",
    "ghl.cards.prayers.open_prayers",
    "ghl.cards.review.reserve_next",
    "ghl.delivery.settle.hold",
    "ghl.delivery.settle.end_hold",
    "ghl.questions.ask.ask",
}
"""These do something for their own church whatever place or card they are given."""


NOTHING_OWN = {
    "ghl.consent.ledger.decide_doubt",
    "ghl.attention.messages.send_many_again",
    "ghl.messages.afterwards.leave_unsent",
    "ghl.messages.afterwards.undo",
    "ghl.messages.afterwards.send_now",
    "ghl.messages.claim.claim",
    # Of grace's messages none was left unsent or waits for a look at its number: tests/web has those.
    "ghl.attention.messages.number_is_right",
    "ghl.messages.after_all.not_after_all",
    # Grace has asked for no message: that another church's are not shown is tried in tests/messages/test_many.py.
    "ghl.messages.shown.all_of_card",
    "ghl.messages.shown.badges_of",
    "ghl.messages.shown.messages_of",
    "ghl.messages.story.message_story",
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
    "ghl.connection.switch.switch",
    "ghl.delivery.claim.claim",
    "ghl.delivery.settle.end_hold",
    "ghl.outages.follow_cards",
    "ghl.questions.ask.ask",
    "ghl.cards.imports.go_on",
    "ghl.webhooks.stops.addresses_of",
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
