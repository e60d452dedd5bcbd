"""POST and GET of cards as a church's website sees them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from ghl.intake.problems import MEDIA_TYPE

ANNA = {
    "first_name": "Anna",
    "last_name": "Lee",
    "phone": "(615) 555-0142",
    "email": "Anna@Example.org",
    "visit_date": "2026-11-22",
    "sms_consent": True,
    "consent_wording": "Yes, you may text me.",
    "prayer_request": "For my mother.",
    "Favourite hymn": "Abide with me",
}


def is_problem(response, status, slug):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    body = response.json()
    assert body["status"] == status
    assert body["type"] == f"/problems/{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == f"/requests/{response.headers['x-request-id']}"
    return body


class TestSaving:
    def test_a_card_is_saved_with_its_outbox_row_before_it_is_answered(self, intake, grace, rows):
        response = intake.send(grace, ANNA)

        assert response.status_code == 202
        body = response.json()
        assert body == {"id": body["id"], "status": "waiting", "number": 1, "duplicate": False}
        assert response.headers["location"] == f"/api/v1/cards/{body['id']}"
        [card] = rows("SELECT * FROM cards")
        assert (card.id, card.church_id) == (UUID(body["id"]), grace.church_id)
        assert (card.phone, card.email) == ("+16155550142", "anna@example.org")
        assert (card.source, card.source_name) == ("api", "Website")
        [outbox] = rows("SELECT state, priority, phone FROM outbox")
        assert tuple(outbox) == ("due", 10, "+16155550142")
        assert intake.saved == [grace.church_id]

    def test_it_records_who_sent_the_consent_and_keeps_the_prayer_apart(self, intake, grace, rows):
        intake.send(grace, ANNA, **{"User-Agent": "church-website/1"})

        [consent] = rows(
            "SELECT kind, wording, source, recorded_by, host(ip) AS ip, user_agent FROM consent_events"
        )
        assert tuple(consent) == (
            "yes",
            "Yes, you may text me.",
            "api",
            f"source:{grace.key_id}",
            "127.0.0.1",
            "church-website/1",
        )
        assert rows("SELECT text FROM prayer_requests") == [("For my mother.",)]
        [revision] = rows("SELECT fields::text FROM card_revisions")
        assert "mother" not in revision[0]

    def test_the_same_card_again_is_recognised_and_said(self, intake, grace, rows):
        first = intake.send(grace, ANNA).json()
        again = intake.send(grace, {**ANNA, "phone": "615.555.0142", "first_name": "ANNA"})

        assert again.status_code == 202
        assert again.json() == {**first, "duplicate": True}
        assert rows("SELECT count(*) FROM cards") == [(1,)]
        assert len(intake.saved) == 1

    def test_a_card_nobody_can_be_reached_by_is_saved_and_waits_for_a_person(self, intake, grace):
        response = intake.send(grace, {"first_name": "Anna", "phone": "12"})

        assert response.status_code == 202
        assert response.json()["status"] == "needs_attention"
        assert not intake.saved

    def test_two_churches_may_get_the_same_card(self, intake, grace, hope, rows):
        first, second = intake.send(grace, ANNA).json(), intake.send(hope, ANNA).json()

        assert (first["duplicate"], second["duplicate"]) == (False, False)
        assert first["id"] != second["id"]
        assert rows("SELECT count(DISTINCT church_id) FROM cards") == [(2,)]

    def test_a_wrong_card_is_refused_naming_the_field(self, intake, grace, rows):
        for card, field in (
            ({**ANNA, "birthday": "31/31/2000"}, "birthday"),
            ({**ANNA, "sms_consent": "perhaps"}, "sms_consent"),
            ({**ANNA, "first_name": "A" * 101}, "first_name"),
            ({**ANNA, "interests": {"a": 1}}, "interests"),
            ({**ANNA, "last_name": {"deep": {"deeper": {"deepest": {}}}}}, "last_name"),
            ({}, "card"),
            ([ANNA], "card"),
            ("Anna", "card"),
        ):
            body = is_problem(intake.send(grace, card), 422, "card-invalid")
            assert field in {error["field"] for error in body["errors"]}
            assert all(error["message"] for error in body["errors"])
        assert rows("SELECT count(*) FROM cards") == [(0,)]

    def test_every_problem_is_told_at_once(self, intake, grace):
        response = intake.send(grace, {**ANNA, "birthday": "?", "adult": "?", "notes": "n" * 5000})

        body = is_problem(response, 422, "card-invalid")
        assert {error["field"] for error in body["errors"]} == {"birthday", "adult", "notes"}

    def test_half_an_emoji_and_nul_do_not_lose_a_card(self, intake, grace, rows):
        body = b'{"first_name": "Anna\\ud83d\\u0000", "email": "anna@example.org", "notes": "\\udc00"}'
        response = intake.client.post(
            f"{intake.url}/api/v1/cards",
            content=body,
            headers={**grace.headers, "Content-Type": "application/json; charset=utf-8"},
        )

        assert response.status_code == 202
        assert rows("SELECT first_name FROM cards") == [("Anna",)]


class TestIdempotency:
    def test_the_same_request_gets_the_same_answer_word_for_word(self, intake, grace, rows):
        key = str(uuid4())
        first = intake.send(grace, ANNA, **{"Idempotency-Key": key})
        reordered = dict(reversed(ANNA.items()))
        again = intake.send(grace, reordered, **{"Idempotency-Key": key})

        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert rows("SELECT count(*) FROM cards") == [(1,)]
        assert len(intake.saved) == 1

    def test_the_answer_stays_the_same_when_the_card_has_moved_on(self, intake, grace, rows):
        first = intake.send(grace, ANNA, **{"Idempotency-Key": "k"})
        rows("UPDATE cards SET status = 'synced'")

        assert intake.send(grace, ANNA, **{"Idempotency-Key": "k"}).content == first.content
        assert intake.send(grace, ANNA).json()["status"] == "synced"

    def test_another_body_with_the_key_is_refused(self, intake, grace, rows):
        intake.send(grace, ANNA, **{"Idempotency-Key": "k"})
        response = intake.send(grace, {**ANNA, "first_name": "Bob"}, **{"Idempotency-Key": "k"})

        is_problem(response, 422, "key-reused")
        assert rows("SELECT count(*) FROM cards") == [(1,)]

    def test_an_invalid_card_does_not_use_its_key_up(self, intake, grace):
        wrong = intake.send(grace, {**ANNA, "adult": "?"}, **{"Idempotency-Key": "k"})
        mended = intake.send(grace, ANNA, **{"Idempotency-Key": "k"})

        is_problem(wrong, 422, "card-invalid")
        assert mended.status_code == 202

    def test_sources_do_not_share_keys(self, intake, grace, hope):
        first = intake.send(grace, ANNA, **{"Idempotency-Key": "k"})
        other = intake.send(hope, {**ANNA, "first_name": "Bob"}, **{"Idempotency-Key": "k"})

        assert (first.status_code, other.status_code) == (202, 202)
        assert first.json()["id"] != other.json()["id"]

    def test_twenty_at_once_make_one_card_and_get_one_answer(self, intake, grace, rows):
        with ThreadPoolExecutor(20) as pool:
            answers = list(
                pool.map(lambda _: intake.send(grace, ANNA, **{"Idempotency-Key": "k"}), range(20))
            )

        assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
        assert answers[0].json()["duplicate"] is False
        assert rows("SELECT count(*) FROM cards") == [(1,)]
        assert len(intake.saved) == 1

    def test_two_bodies_at_once_with_one_key_make_one_card(self, intake, grace, rows):
        cards = [{**ANNA, "first_name": name} for name in ("Anna", "Bob")] * 5
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda card: intake.send(grace, card, **{"Idempotency-Key": "k"}), cards))

        assert sorted(answer.status_code for answer in answers) == [202] * 5 + [422] * 5
        assert rows("SELECT count(*) FROM cards") == [(1,)]

    def test_a_key_of_another_form_is_refused(self, intake, grace):
        for key in ("", "k" * 256, "two words", "schlüssel".encode()):
            body = is_problem(intake.send(grace, ANNA, **{"Idempotency-Key": key}), 400, "bad-request")
            assert body["errors"][0]["field"] == "Idempotency-Key"

    def test_keys_are_kept_thirty_days_and_hold_no_personal_data(self, intake, grace, rows, database):
        from datetime import UTC, datetime, timedelta

        from ghl.intake.idempotency import prune

        intake.send(grace, ANNA, **{"Idempotency-Key": "k"})
        [kept] = rows("SELECT answer::text, octet_length(body_hash) AS bytes FROM idempotency_keys")
        assert kept.bytes == hashlib.sha256().digest_size
        assert not any(word in kept[0] for word in ("Anna", "Lee", "6155550", "example"))

        now = datetime.now(UTC)
        with database.system() as session:
            assert prune(session, now=now + timedelta(days=29, hours=23)) == 0
        assert intake.send(grace, ANNA, **{"Idempotency-Key": "k"}).headers["idempotency-replayed"]
        with database.system() as session:
            assert prune(session, now=now + timedelta(days=30, hours=1)) == 1
        again = intake.send(grace, ANNA, **{"Idempotency-Key": "k"})
        assert again.json()["duplicate"] is True


class TestReading:
    def test_where_a_card_stands_and_why(self, intake, grace, rows):
        saved = intake.send(grace, ANNA).json()
        response = intake.read(grace, saved["id"])

        assert response.status_code == 200
        body = response.json()
        assert {**body, "received_at": ""} == {
            **{name: saved[name] for name in ("id", "number", "status")},
            "why": "Your church isn't connected to GoHighLevel yet. Your cards are safe and waiting.",
            "tries": 0,
            "attempts": 0,
            "received_at": "",
            "next_try_at": None,
            "synced_at": None,
        }
        rows("UPDATE cards SET status = 'synced', synced_at = now()")
        arrived = intake.read(grace, saved["id"]).json()
        assert (arrived["status"], arrived["why"]) == ("synced", "Arrived.")
        assert arrived["synced_at"]

    def test_what_to_mend_is_told_in_words(self, intake, grace):
        saved = intake.send(grace, {"first_name": "Anna", "phone": "12"}).json()

        assert intake.read(grace, saved["id"]).json()["why"].startswith("GoHighLevel won't take 12.")

    def test_a_paused_church_says_so(self, intake, grace, database):
        from ghl.churches import pause

        saved = intake.send(grace, ANNA).json()
        pause(database, grace.church_id, reason="Moving house", actor="test")

        assert "paused for your church: Moving house" in intake.read(grace, saved["id"]).json()["why"]

    def test_it_tells_neither_whose_phone_it_is_nor_what_staff_noted(self, intake, grace, rows):
        saved = intake.send(grace, ANNA).json()
        rows(
            "UPDATE cards SET status = 'held', cause = 'phone_on_other_contact',"
            """ facts = '{"contact_name": "Robert Secret", "name": "Anna Lee", "kept": "+16155550199"}'"""
        )
        held = intake.read(grace, saved["id"])
        rows(
            "UPDATE cards SET status = 'dismissed',"
            """ facts = '{"by": "Secret Staff", "reason": "Same as Robert Secret"}'"""
        )
        dismissed = intake.read(grace, saved["id"])

        assert "Anna Lee" in held.json()["why"]
        assert dismissed.json()["why"] == "Set aside. Not sent."
        assert not any(word in held.text + dismissed.text for word in ("Secret", "0199"))

    def test_another_churchs_card_is_answered_like_one_that_never_was(self, intake, grace, hope):
        saved = intake.send(grace, ANNA).json()

        theirs = is_problem(intake.read(hope, saved["id"]), 404, "not-found")
        never = is_problem(intake.read(hope, str(uuid4())), 404, "not-found")
        is_problem(intake.read(hope, "1"), 404, "not-found")
        assert {**theirs, "instance": ""} == {**never, "instance": ""}
