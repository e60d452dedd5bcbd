"""Each check sees the world that it is there for: a good one passes all, and one broken in one place does not."""

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos import checks
from tests.chaos.case import Case
from tests.chaos.checks import check
from tests.chaos.evidence import Call, Evidence
from tests.chaos.faults import GHL, MACHINE, draw_faults
from tests.chaos.ledger import Ledger, Night, Pressed, Renumbered, Stop, Told, Undone, Wrong
from tests.chaos.people import CONSENT, PRAYER, Feed, Person, WrittenCard, churches, draw_feed
from tests.chaos.stop_checks import nobody_is_written_to_after_a_stop, nothing_is_asked_of_ghl_after_a_stop
from tests.chaos.watching import Seen

CHURCHES = churches(2)
T = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKEN = "pit-00000000-0000-4000-8000-000000000001"


def person(first_name: str, number: int, **more: Any) -> Person:
    return Person(
        CHURCHES[0],
        first_name,
        f"Chaosfolk{'abcdef'[number]}",
        (f"+161520000{number:02d}",),
        (f"p{number}@chaosfolk.example",),
        **more,
    )


def written(who: Person, marker: str, bad: str | None = None, **more: Any) -> WrittenCard:
    values = {
        "phone": who.phones[0],
        "email": who.emails[0],
        "address": marker,
        "city": f"Home of {who.name}",
        "interests": [f"tag {marker}"],
        **more,
    }
    return WrittenCard(who, marker, values, bad)


ANN, BEA, DAN, EVE = (person(name, number) for number, name in enumerate(("Ann", "Bea", "Dan", "Eve")))
"""Eve said stop and then START; staff corrected her phone, and took a message back."""

EVES_OLD_PHONE = "+16152000099"


def row(number: int, card: WrittenCard, **more: Any) -> dict[str, Any]:
    return {
        "church": "church-0",
        "id": f"id{number}",
        "status": "synced",
        "cause": None,
        "facts": {},
        "revision": 1,
        "synced_revision": 1,
        "received_at": T + timedelta(seconds=number),
        "number": number,
        "contact_id": "ANN",
        "marker": card.marker,
        "fields": dict(card.values),
        "state": "done",
        "tries": 1,
        "attempts": 0,
        "deaths": 0,
        "leased_until": None,
        "position": number,
        **more,
    }


def attempt(card_id: str, at: float, **more: Any) -> dict[str, Any]:
    return {
        "card_id": card_id,
        "number": 1,
        "outcome": "delivered",
        "cause": None,
        "http_status": None,
        "calls": [],
        "started_at": T + timedelta(seconds=at),
        "ended_at": T + timedelta(seconds=at + 1),
        "revision": 1,
        **more,
    }


def noted(call: str, **more: Any) -> dict[str, Any]:
    return {"call": call, "status": None, "error": None, **more}


def message(number: int, **more: Any) -> dict[str, Any]:
    return {
        "church": "church-0",
        "location": "CHAOS0",
        "id": f"m{number}",
        "card_id": "id1",
        "marker": "c1",
        "template_id": f"t{number}",
        "channel": "sms",
        "address": ANN.phones[0],
        "again": 0,
        "state": "delivered",
        "cause": None,
        "subject": None,
        "body": "Welcome!",
        "contact_id": "ANN",
        "ghl_message_id": f"ghl{number}",
        "sending_at": T + timedelta(seconds=40),
        "work": "done",
        "due_at": T,
        **more,
    }


def went_out(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"ghl{number}",
        "location_id": "CHAOS0",
        "contact_id": "ANN",
        "channel": "SMS",
        "address": ANN.phones[0],
        "asked": "Welcome!",
        "subject": None,
        "at": T.timestamp() + 41,
        **more,
    }


def said(kind: str, number: int = 0, **more: Any) -> dict[str, Any]:
    at = T + timedelta(seconds=5)
    return {
        "id": number,
        "church": "church-0",
        "channel": "sms",
        "address": ANN.phones[0],
        "kind": kind,
        "source": "card",
        "recorded_at": at,
        "signed_at": None,
        **more,
    }


def inbound(phone: str, at: float, body: str, contact_id: str = "EVE") -> dict[str, Any]:
    return {
        "location_id": "CHAOS0",
        "address": phone,
        "channel": "SMS",
        "body": body,
        "contact_id": contact_id,
        "at": T.timestamp() + at,
    }


def opt_out(phone: str, at: float, **more: Any) -> dict[str, Any]:
    return {
        "church": "church-0",
        "channel": "sms",
        "address": phone,
        "state": "confirmed",
        "asked_at": T + timedelta(seconds=at),
        "confirmed_at": T + timedelta(seconds=at + 1),
        **more,
    }


def asks_to_send(at: float, contact_id: str, body: str = "Welcome!") -> Call:
    """A request for a text, which GoHighLevel did not take."""
    asked = {"type": "SMS", "contactId": contact_id, "message": body}
    return dataclasses.replace(call(50, at, "conversations.send", asked), status=400, done=None)


def call(number: int, at: float, operation: str, body: dict[str, Any], contact: str | None = None) -> Call:
    return Call(
        number,
        T.timestamp() + at,
        "CHAOS0",
        operation,
        contact=contact,
        body=json.dumps(body),
        status=201,
        done=(201, contact or "ANN"),
    )


def good_world() -> Case:
    """Ann handed in two cards and corrected the second; Bea's card is bad on purpose; Dan's sender gave up."""
    first, second = written(ANN, "c1", **CONSENT), written(ANN, "c2")
    corrected = written(ANN, "c2r2")
    bad, nothing = written(BEA, "c3", "phone_invalid", phone="12"), written(DAN, "c4")
    ledger = Ledger()
    ledger.cards = {
        "c1": Told(first, ["id1", "id1"]),
        "c2": Told(second, ["id2"], corrections=[corrected]),
        "c3": Told(bad, imported=True),
        "c4": Told(nothing, gave_up=True),
    }
    ledger.pressed = [
        Pressed("c1", (("m1", "queued"), ("m2", "queued"))),
        Pressed("c1", (("m1", "already_sent"), ("m2", "already_sent"))),
    ]
    at = T.timestamp()
    ledger.stops = [
        Stop(ANN, "staff", at + 60, at + 61),
        Stop(ANN, "keyword", at + 70, at + 71, contact_id="ANN"),
    ]
    ledger.started = [(EVE, at + 104)]
    ledger.undone = [Undone("m4", at + 50)]
    ledger.renumbered = {"c1": Renumbered("c1", CHURCHES[0], EVES_OLD_PHONE, EVE.phones[0], at + 30, at + 35)}
    ledger.nights = [Night(CHURCHES[0], at + 200, at + 230)]
    ledger.decisions, ledger.retries = ["id1"], ["id2"]
    ledger.forgotten = [(T.timestamp() + 100, T.timestamp() + 101)]
    evidence = Evidence(
        cards=[
            row(1, first),
            row(2, second, revision=2, synced_revision=2, tries=2, fields=dict(corrected.values)),
            row(
                3,
                bad,
                status="needs_attention",
                cause="phone_invalid",
                state="parked",
                tries=0,
                contact_id=None,
            ),
        ],
        attempts=[
            attempt("id1", 10, calls=[noted("CreateContact", contact_id="ANN")]),
            attempt("id2", 20, calls=[noted("UpdateContact"), noted("AddTags")]),
            attempt("id2", 30, number=2, revision=2, calls=[noted("UpdateContact")]),
            attempt("id2", 25, number=2, revision=1, outcome="not_sent"),
        ],
        revisions=[
            {"card_id": "id1", "no": 1, "fields": {"address": "c1"}},
            {"card_id": "id2", "no": 1, "fields": {"address": "c2"}},
            {"card_id": "id2", "no": 2, "fields": {"address": "c2r2"}},
            {"card_id": "id3", "no": 1, "fields": {"address": "c3"}},
        ],
        counted={"church-0": {"synced": 2, "needs_attention": 1, "waiting": 0}},
        audit=[
            {"church": "church-0", "action": action, "subject": card, "facts": {}}
            for action, card in (
                ("card.corrected", "id2"),
                ("card.decided", "id1"),
                ("card.sent_again", "id2"),
            )
        ],
        contacts={
            "CHAOS0": [
                {
                    "id": "ANN",
                    "firstName": "ann",
                    "lastName": ANN.last_name,
                    "phone": ANN.phones[0],
                    "email": ANN.emails[0],
                    "address1": "c2r2",
                    "city": f"Home of {ANN.name}",
                    "tags": ["member", "tag c1", "tag c2"],
                    "dndSettings": {"SMS": {"status": "permanent"}},
                },
                {"id": "EVE", "firstName": "Eve", "lastName": EVE.last_name, "phone": EVE.phones[0]},
            ],
            "CHAOS1": [],
        },
        calls=[
            call(1, 10.5, "contacts.create", {"address1": "c1", "tags": ["tag c1"]}),
            call(2, 20.2, "contacts.update", {"address1": "c2"}, "ANN"),
            call(3, 20.5, "contacts.add_tags", {"tags": ["tag c2"]}, "ANN"),
            call(4, 30.5, "contacts.update", {"address1": "c2r2"}, "ANN"),
            dataclasses.replace(
                call(4, 62, "contacts.update", {}, "ANN"), body='{"dndSettings":{"SMS":{"status":"active"}}}'
            ),
            dataclasses.replace(call(5, 105, "locations.get", {}), refused=True),
        ],
        messages=[
            message(1),
            message(
                2, channel="email", address=ANN.emails[0], subject="Papers", body="Hello", template_id="t2"
            ),
            message(
                3, state="not_sent", cause="stopped", sending_at=None, ghl_message_id=None, card_id="id2"
            ),
            message(
                4,
                state="not_sent",
                cause="undone",
                sending_at=None,
                ghl_message_id=None,
                body="Taken back",
            ),
        ],
        message_attempts=[
            {
                "message_id": "m1",
                "kind": "send",
                "outcome": "sent",
                "started_at": T + timedelta(seconds=40),
                "ended_at": T + timedelta(seconds=42),
            }
        ],
        said=[
            said("yes", 1),
            said("yes", 2, channel="email", address=ANN.emails[0]),
            said("stop", 3),
            said("stop", 4, address=EVE.phones[0]),
            said("yes", 5, address=EVE.phones[0], source="keyword"),
        ],
        seen={number: Seen(at + 55 + 10 * number, at + 56 + 10 * number) for number in (3, 4, 5)},
        doubts=[
            {"id": "d1", "church": "church-0", "channel": "sms", "address": EVE.phones[0], "state": "no_stop"}
        ],
        doubted={"d1": Seen(at + 109, at + 110)},
        decided={"d1": Seen(at + 118, at + 119)},
        opt_outs=[opt_out(EVE.phones[0], 95)],
        inbound=[inbound(EVE.phones[0], 94, "Stop"), inbound(EVE.phones[0], 104, "START")],
        outbox=[
            went_out(1),
            went_out(2, channel="Email", address=ANN.emails[0], subject="Papers", asked="<p>Hello</p>"),
        ],
        deliveries=[
            {
                "location": "CHAOS0",
                "kind": "Workflow",
                "event": {"contact_id": "ANN"},
                "answered": [503, 200],
                "made_at": (T + timedelta(seconds=71)).isoformat(),
            },
            {
                "location": "CHAOS0",
                "kind": "InboundMessage",
                "event": {"contactId": "EVE", "body": "START"},
                "answered": [200],
                "made_at": (T + timedelta(seconds=104)).isoformat(),
            },
        ],
        texts={"worker-1.log": '{"event": "worker.started", "at": 1763800000.123456}', "redis": "wake:1"},
        dump="COPY public.credentials (id, sealed) FROM stdin;",
    )
    people = (ANN, BEA, DAN)
    return Case(CHURCHES, Feed((), (), (ANN, EVE), people), ledger, evidence, (TOKEN,))


def test_a_good_world_passes() -> None:
    assert check(good_world()) == []


def card_of(case: Case, number: int) -> dict[str, Any]:
    return next(one for one in case.evidence.cards if one["number"] == number)


def change(number: int, **values: Any) -> Callable[[Case], None]:
    return lambda case: card_of(case, number).update(values)


def change_contact(**values: Any) -> Callable[[Case], None]:
    return lambda case: case.evidence.contacts["CHAOS0"][0].update(values)


def change_attempt(place: int, **values: Any) -> Callable[[Case], None]:
    return lambda case: case.evidence.attempts[place].update(values)


def add_text(found: str) -> Callable[[Case], None]:
    return lambda case: case.evidence.texts.update({"worker-1.log": found})


def add_dump(found: str) -> Callable[[Case], None]:
    return lambda case: setattr(case.evidence, "dump", case.evidence.dump + found)


def twice(case: Case) -> None:
    case.evidence.cards.append(row(9, written(ANN, "c1"), id="id9"))


def without(number: int) -> Callable[[Case], None]:
    return lambda case: case.evidence.cards.remove(card_of(case, number))


def second_contact(case: Case) -> None:
    case.evidence.contacts["CHAOS0"].append({**case.evidence.contacts["CHAOS0"][0], "id": "ANN2"})


def stranger(case: Case) -> None:
    case.evidence.contacts["CHAOS1"].append({"id": "X", "firstName": "Who", "lastName": "Ever"})


def foreign_tag(case: Case) -> None:
    case.evidence.contacts["CHAOS0"][0]["tags"].append("tag c3")


def lost_contact(case: Case) -> None:
    case.evidence.contacts["CHAOS0"].clear()


def late_call(case: Case) -> None:
    case.evidence.calls[1] = dataclasses.replace(case.evidence.calls[1], at=T.timestamp() + 50)


def unknown_call(case: Case) -> None:
    case.evidence.calls.append(call(6, 11, "contacts.create", {"address1": "c99"}))


def unseen_call(case: Case) -> None:
    case.evidence.attempts[0]["calls"].append(noted("UpdateContact"))


def not_its_contact(case: Case) -> None:
    case.evidence.attempts[0]["calls"][0]["contact_id"] = "BEA"


def early_429(case: Case) -> None:
    case.evidence.calls[-1] = dataclasses.replace(case.evidence.calls[-1], at=T.timestamp() + 50)


def late_429(case: Case) -> None:
    case.evidence.calls[-1] = dataclasses.replace(case.evidence.calls[-1], at=T.timestamp() + 120)


def spent_on_401(case: Case) -> None:
    card_of(case, 1)["attempts"] = 1
    case.evidence.attempts[0]["calls"].append(noted("GetContact", status=401, error="TokenRefusedError"))


def change_message(place: int, **values: Any) -> Callable[[Case], None]:
    return lambda case: case.evidence.messages[place].update(values)


def another_text(at: float, **more: Any) -> Callable[[Case], None]:
    """A text of the hub's that GoHighLevel took so many seconds after the beginning."""

    def add(case: Case) -> None:
        begun = T + timedelta(seconds=more.pop("begun", at))
        case.evidence.messages.append(message(9, sending_at=begun, body="Again", **more))
        to = more.get("address", ANN.phones[0])
        case.evidence.outbox.append(went_out(9, asked="Again", address=to, at=T.timestamp() + at))

    return add


def unsaid(number: int) -> Callable[[Case], None]:
    """The entry with this number is not in the log."""

    def take(case: Case) -> None:
        case.evidence.said[:] = [one for one in case.evidence.said if one["id"] != number]

    return take


def nobodys_dnd(case: Case) -> None:
    unsaid(3)(case)


def add_call(one: Call) -> Callable[[Case], None]:
    return lambda case: case.evidence.calls.append(one)


def eves_dnd(case: Case) -> None:
    case.evidence.contacts["CHAOS0"][1]["dndSettings"] = {"SMS": {"status": "active"}}


def workflow_alone(case: Case) -> None:
    """Nobody but the workflow told of Eve's START, when her stop had long been there."""
    unsaid(5)(case)
    case.evidence.deliveries[1].update(
        kind="Workflow", event={"contact_id": "EVE", "message": {"body": "START"}}
    )


BROKEN: dict[str, tuple[str, Callable[[Case], object]]] = {
    "every_card_is_there_once: gone": ("lost", without(3)),
    "every_card_is_there_once: twice": ("duplicates", twice),
    "every_card_is_there_once: another id": ("lost", lambda case: case.ledger.cards["c2"].ids.append("id8")),
    "every_card_is_there_once: nobody's": ("wrong", change(3, marker="c77")),
    "every_feed_was_taken: never": (
        "lost",
        lambda case: setattr(case.ledger.cards["c4"], "gave_up", False),
    ),
    "every_feed_was_taken: answer": (
        "wrong",
        lambda case: case.ledger.wrong.append(Wrong("the intake answered wrongly", {"status": 500})),
    ),
    "every_card_rests_where_it_belongs: waits": ("stuck", change(1, status="waiting")),
    "every_card_rests_where_it_belongs: row": ("stuck", change(1, state="due")),
    "every_card_rests_where_it_belongs: cause": ("wrong", change(3, cause="unknown")),
    "every_card_rests_where_it_belongs: bad but sent": ("wrong", change(3, status="synced", cause=None)),
    "every_card_rests_where_it_belongs: own address": (
        "wrong",
        change(1, status="needs_attention", cause="no_address_of_its_own"),
    ),
    "every_card_rests_where_it_belongs: old revision": ("wrong", change(2, synced_revision=1)),
    "nothing_is_held_on_to: lease": ("stuck", change(1, state="leased")),
    "nothing_is_held_on_to: open attempt": ("stuck", change_attempt(1, outcome=None)),
    "nothing_is_held_on_to: person": ("stuck", lambda case: setattr(case.evidence, "person_keys", 1)),
    "nothing_is_held_on_to: church": ("stuck", lambda case: setattr(case.evidence, "held_leases", 1)),
    "counts_equal_rows": ("wrong", lambda case: case.evidence.counted["church-0"].update(synced=3)),
    "counts_equal_rows: minus": (
        "wrong",
        lambda case: case.evidence.counted.update({"church-1": {"held": -1}}),
    ),
    "every_person_is_there_once: twice": ("duplicates", second_contact),
    "every_person_is_there_once: gone": ("lost", lost_contact),
    "every_person_is_there_once: stranger": ("wrong", stranger),
    "every_contact_says_what_its_newest_card_says: older": ("wrong", change_contact(address1="c2")),
    "every_contact_says_what_its_newest_card_says: home": ("wrong", change_contact(city="Home of Bea")),
    "every_contact_says_what_its_newest_card_says: phone": ("wrong", change_contact(phone=BEA.phones[0])),
    "every_contact_says_what_its_newest_card_says: no phone": ("wrong", change_contact(phone=None)),
    "every_contact_says_what_its_newest_card_says: email": ("wrong", change_contact(email=BEA.emails[0])),
    "every_contact_says_what_its_newest_card_says: lost tag": (
        "wrong",
        change_contact(tags=["member", "tag c2"]),
    ),
    "every_contact_says_what_its_newest_card_says: wiped tag": (
        "wrong",
        change_contact(tags=["tag c1", "tag c2"]),
    ),
    "every_contact_says_what_its_newest_card_says: foreign tag": ("wrong", foreign_tag),
    "attempts_are_numbered_and_end: number": ("wrong", change_attempt(2, number=3)),
    "attempts_are_numbered_and_end: tries": ("wrong", change(1, tries=2)),
    "attempts_are_numbered_and_end: none delivered": ("wrong", change_attempt(2, outcome="waits")),
    "only_answers_about_a_card_spend_attempts": ("wrong", spent_on_401),
    "every_call_belongs_to_an_attempt: late": ("wrong", late_call),
    "every_call_belongs_to_an_attempt: no card": ("wrong", unknown_call),
    "attempts_claim_only_what_was_seen: call": ("wrong", unseen_call),
    "attempts_claim_only_what_was_seen: contact": ("wrong", not_its_contact),
    "no_429_of_our_own_making: before": ("429", early_429),
    "no_429_of_our_own_making: long after": ("429", late_429),
    "the_change_log_is_true: missing": ("wrong", lambda case: case.evidence.audit.pop(0)),
    "the_change_log_is_true: undecided": ("wrong", lambda case: case.evidence.audit.pop(1)),
    "the_change_log_is_true: not sent again": ("wrong", lambda case: case.evidence.audit.pop(2)),
    "the_change_log_is_true: made up": (
        "wrong",
        lambda case: case.evidence.audit.append(case.evidence.audit[0]),
    ),
    "every_correction_is_kept": (
        "lost",
        lambda case: case.ledger.cards["c1"].corrections.append(written(ANN, "x")),
    ),
    "nothing_tells_of_people: phone": ("secrets", add_text('{"event": "sent to (615) 200-0000"}')),
    "nothing_tells_of_people: plain phone": ("secrets", add_text('"16152000001"')),
    "nothing_tells_of_people: email": ("secrets", add_text("p0@chaosfolk.example")),
    "nothing_tells_of_people: name": ("secrets", add_text("Ann CHAOSFOLKa")),
    "nothing_tells_of_people: prayer": ("secrets", add_text(f"for my mother in {PRAYER.upper()}")),
    "no_token_is_kept_open: plain": ("secrets", add_dump(TOKEN)),
    "no_token_is_kept_open: bytes": ("secrets", add_dump(f"\\\\x00{TOKEN.encode().hex()}")),
    "no_token_is_kept_open: base64": ("secrets", add_dump(base64.b64encode(TOKEN.encode()).decode())),
    "no_token_is_kept_open: no dump": ("secrets", lambda case: setattr(case.evidence, "dump", "")),
    "nothing_tells_of_people: token": ("secrets", add_text(f"Bearer {TOKEN}")),
    "every_call_belongs_to_an_attempt: stops nobody's": ("wrong", nobodys_dnd),
    "nobody_is_messaged_twice: text": (
        "doubled messages",
        lambda case: case.evidence.outbox.append(went_out(8)),
    ),
    "nobody_is_messaged_twice: email": (
        "doubled messages",
        lambda case: case.evidence.outbox.append({**case.evidence.outbox[1], "id": "ghl8"}),
    ),
    "nobody_is_messaged_twice: unknown": (
        "doubled messages",
        lambda case: case.evidence.outbox.append(went_out(8, asked="Buy now!")),
    ),
    "nobody_is_messaged_twice: one id": ("wrong", change_message(1, ghl_message_id="ghl1")),
    "one_press_is_one_message: rows": (
        "doubled messages",
        lambda case: case.evidence.messages.append(message(1, id="m8")),
    ),
    "one_press_is_one_message: told": (
        "wrong",
        lambda case: case.ledger.pressed.append(Pressed("c1", (("m2", "queued"),))),
    ),
    "what_was_sent_is_there: gone": ("lost", lambda case: case.evidence.outbox.pop(0)),
    "what_was_sent_is_there: another": ("wrong", change_message(0, body="Something else")),
    "every_message_rests_where_it_belongs: sending": ("stuck", change_message(0, state="sending")),
    "every_message_rests_where_it_belongs: unsure": (
        "stuck",
        change_message(0, state="unsure", cause="unsure_none_found"),
    ),
    "every_message_rests_where_it_belongs: our fault": (
        "wrong",
        change_message(2, state="failed", cause="message_stops_program"),
    ),
    "every_message_rests_where_it_belongs: why": ("wrong", change_message(2, cause=None)),
    "every_message_rests_where_it_belongs: answered": (
        "stuck",
        change_message(2, state="held", cause="doubt"),
    ),
    "every_message_rests_where_it_belongs: looked at": (
        "stuck",
        change_message(2, state="held", cause="number_unchecked", address=EVE.phones[0]),
    ),
    "every_message_rests_where_it_belongs: open": (
        "stuck",
        lambda case: case.evidence.message_attempts[0].update(outcome=None),
    ),
    "what_was_taken_back_never_leaves": (
        "wrong",
        lambda case: case.evidence.outbox.append(went_out(4, asked="Taken back")),
    ),
    "no_text_goes_to_a_number_that_was_corrected: old": (
        "wrong",
        change_message(0, address=EVES_OLD_PHONE),
    ),
    "no_text_goes_to_a_number_that_was_corrected: unseen": (
        "wrong",
        lambda case: (
            change_message(0, address=EVE.phones[0])(case),
            case.ledger.renumbered.update(
                c1=dataclasses.replace(case.ledger.renumbered["c1"], confirmed=None)
            ),
        ),
    ),
    "no_text_leaves_at_night": ("wrong", add_call(asks_to_send(220, "BEA"))),
    "nobody_is_written_to_after_a_stop: begun": ("after a stop", another_text(62)),
    "nobody_is_written_to_after_a_stop: not told": ("after a stop", another_text(62, begun=60.5)),
    "nobody_is_written_to_after_a_stop: too late": ("after a stop", another_text(90, begun=60.5)),
    "nobody_is_written_to_after_a_stop: seen": (
        "after a stop",
        lambda case: (case.ledger.stops.clear(), another_text(88)(case)),
    ),
    "nobody_is_written_to_after_a_stop: before START": (
        "after a stop",
        another_text(100, address=EVE.phones[0]),
    ),
    "nobody_is_written_to_after_a_stop: in doubt": (
        "after a stop",
        another_text(114, address=EVE.phones[0]),
    ),
    "nobody_is_written_to_after_a_stop: e-mail": (
        "after a stop",
        lambda case: case.ledger.stops.append(
            Stop(ANN, "staff", T.timestamp() + 30, T.timestamp() + 31, channel="email")
        ),
    ),
    "nothing_is_asked_of_ghl_after_a_stop": ("after a stop", add_call(asks_to_send(90, "ANN"))),
    "no_consent_is_lost: yes": ("lost consents", unsaid(1)),
    "no_consent_is_lost: yes to e-mails": ("lost consents", unsaid(2)),
    "no_consent_is_lost: stop": ("lost consents", nobodys_dnd),
    "no_consent_is_lost: no": (
        "lost consents",
        lambda case: case.ledger.cards.update(c5=Told(written(DAN, "c5", sms_consent=False), ["id5"])),
    ),
    "no_consent_is_lost: link": (
        "lost consents",
        lambda case: (
            case.ledger.stops.append(
                Stop(DAN, "link", T.timestamp() + 70, T.timestamp() + 71, channel="email")
            ),
            case.evidence.deliveries[0].update(
                event={"webhookPayload": {"event": "unsubscribed", "recipient": DAN.emails[0]}}
            ),
        ),
    ),
    "both_say_the_same_of_a_stop: not there": (
        "lost consents",
        change_contact(dndSettings={"SMS": {"status": "inactive"}}),
    ),
    "both_say_the_same_of_a_stop: not here": ("lost consents", eves_dnd),
    "a_start_lifts: app": ("lost consents", unsaid(5)),
    "a_start_lifts: workflow": ("lost consents", workflow_alone),
    "only_a_start_lifts: never": ("lost consents", lambda case: case.evidence.inbound.pop()),
    "only_a_start_lifts: later": ("lost consents", lambda case: case.evidence.inbound[1].update(at=9e9)),
}


@pytest.mark.parametrize("told", [True, False])
def test_a_text_that_had_left_before_the_stop_is_no_harm(told: bool) -> None:
    case = good_world()
    another_text(62, begun=60.5)(case)
    if told:
        case.ledger.stops[0] = dataclasses.replace(case.ledger.stops[0], on_its_way=True)
    else:
        # It had been given up as unsure before the stop, and took effect afterwards.
        over = {
            "message_id": "m9",
            "kind": "send",
            "outcome": "unsure",
            "ended_at": T + timedelta(seconds=60.8),
        }
        case.evidence.message_attempts.append(over)
    assert list(nobody_is_written_to_after_a_stop(case)) == []


@pytest.mark.parametrize("at", [52, 106, 120])
def test_a_text_before_the_stop_and_after_it_was_lifted_is_no_harm(at: float) -> None:
    case = good_world()
    another_text(at, address=EVE.phones[0])(case)
    case.evidence.calls.append(asks_to_send(at + 8, "EVE"))
    assert [*nobody_is_written_to_after_a_stop(case), *nothing_is_asked_of_ghl_after_a_stop(case)] == []


def test_a_start_of_which_only_a_workflow_told_may_come_too_soon() -> None:
    """The stop was not there yet: whether it is lifted is the hub's business, as long as both say the same."""
    case = good_world()
    workflow_alone(case)
    eves_dnd(case)
    case.evidence.opt_outs[0]["confirmed_at"] = T + timedelta(seconds=103)
    assert check(case) == []


def test_a_card_that_was_signed_later_lifts_here_alone() -> None:
    case = good_world()
    eves_dnd(case)
    case.evidence.said[-1].update(source="typed", signed_at=T)
    case.evidence.said[-2].update(recorded_at=T - timedelta(days=3))
    assert check(case) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_world_is_seen_by_the_check_that_is_there_for_it(name: str) -> None:
    kind, break_it = BROKEN[name]
    case = good_world()
    break_it(case)
    named = name.partition(":")[0]
    function = next(one for one in checks.CHECKS if one.__name__ == named)
    assert kind in {violation.kind for violation in function(case)}


@pytest.mark.parametrize(
    ("stall", "excused"),
    [
        (None, 0),
        # Seen where the window began, and long enough to have shifted the first call into it.
        ((109.5, 111.5, 1.2), 1),
        # Too short, or at another moment of the window.
        ((109.5, 111.5, 0.5), 0),
        ((113.0, 119.0, 5.0), 0),
    ],
)
def test_a_429_is_excused_only_by_what_the_simulator_was_late_when_its_window_began(
    stall: tuple[float, float, float] | None, excused: int
) -> None:
    case = good_world()
    late_429(case)
    began = T.timestamp()
    # The first of a hundred calls 9 s before the one too many at 120.
    hundred = [dataclasses.replace(call(100 + n, 111 + n / 20, "locations.get", {})) for n in range(100)]
    case.evidence.calls[-1] = dataclasses.replace(case.evidence.calls[-1], number=300)
    case.evidence.calls[4:4] = hundred
    if stall:
        case.evidence.stalls.append((began + stall[0], began + stall[1], stall[2]))
    assert checks.excused_429(case) == excused
    assert len(list(checks.no_429_of_our_own_making(case))) == 1 - excused


def test_every_check_has_a_broken_world() -> None:
    assert {name.partition(":")[0] for name in BROKEN} == {one.__name__ for one in checks.CHECKS}


def test_a_seed_draws_the_same_run_again() -> None:
    def drawn(seed: int) -> tuple[object, object]:
        return (
            draw_feed(seed, seconds=30, a_second=3, churches=CHURCHES, lists=1, list_size=5),
            draw_faults(seed, seconds=30, a_second=1, churches=CHURCHES),
        )

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


@pytest.mark.parametrize("short", [True, False])
def test_every_kind_of_fault_is_drawn(short: bool) -> None:
    drawn = draw_faults(3, seconds=60, a_second=0.1, churches=CHURCHES, short=short)
    assert {fault.kind for fault in drawn} == {*MACHINE, *GHL}
    assert all(0 < fault.at < 60 for fault in drawn)
