"""Each check sees the world that it is there for: a good one passes all, and one broken in one place does not."""

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos import checks
from tests.chaos.checks import Case, check
from tests.chaos.evidence import Call, Evidence
from tests.chaos.faults import GHL, MACHINE, draw_faults
from tests.chaos.ledger import Ledger, Told, Wrong
from tests.chaos.people import PRAYER, Feed, Person, WrittenCard, churches, draw_feed

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


ANN, BEA, DAN = person("Ann", 0), person("Bea", 1), person("Dan", 2)


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
    first, second = written(ANN, "c1"), written(ANN, "c2")
    corrected = written(ANN, "c2r2")
    bad, nothing = written(BEA, "c3", "phone_invalid", phone="12"), written(DAN, "c4")
    ledger = Ledger()
    ledger.cards = {
        "c1": Told(first, ["id1", "id1"]),
        "c2": Told(second, ["id2"], corrections=[corrected]),
        "c3": Told(bad, imported=True),
        "c4": Told(nothing, gave_up=True),
    }
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
                }
            ],
            "CHAOS1": [],
        },
        calls=[
            call(1, 10.5, "contacts.create", {"address1": "c1", "tags": ["tag c1"]}),
            call(2, 20.2, "contacts.update", {"address1": "c2"}, "ANN"),
            call(3, 20.5, "contacts.add_tags", {"tags": ["tag c2"]}, "ANN"),
            call(4, 30.5, "contacts.update", {"address1": "c2r2"}, "ANN"),
            dataclasses.replace(call(5, 105, "locations.get", {}), refused=True),
        ],
        texts={"worker-1.log": '{"event": "worker.started", "at": 1763800000.123456}', "redis": "wake:1"},
        dump="COPY public.credentials (id, sealed) FROM stdin;",
    )
    people = (ANN, BEA, DAN)
    return Case(CHURCHES, Feed((), (), (ANN,), people), ledger, evidence, (TOKEN,))


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
    case.evidence.calls[4] = dataclasses.replace(case.evidence.calls[4], at=T.timestamp() + 50)


def late_429(case: Case) -> None:
    case.evidence.calls[4] = dataclasses.replace(case.evidence.calls[4], at=T.timestamp() + 120)


def spent_on_401(case: Case) -> None:
    card_of(case, 1)["attempts"] = 1
    case.evidence.attempts[0]["calls"].append(noted("GetContact", status=401, error="TokenRefusedError"))


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
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_world_is_seen_by_the_check_that_is_there_for_it(name: str) -> None:
    kind, break_it = BROKEN[name]
    case = good_world()
    break_it(case)
    function = getattr(checks, name.partition(":")[0])
    assert function in checks.CHECKS
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
    case.evidence.calls[4] = dataclasses.replace(case.evidence.calls[4], number=300)
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
