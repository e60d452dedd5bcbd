"""What the intake does not take: wrong keys, wrong forms, too large, too slow, and nothing that makes it stumble."""

import json
import logging
import socket
import time
from contextlib import closing

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghl.cards.fields import COLUMNS
from ghl.erasing.church import request
from ghl.intake.app import IntakeLimits
from ghl.intake.cards import MAX_BODY
from ghl.intake.problems import BY_SLUG, MEDIA_TYPE
from ghl.intake.wrong_keys import FREE
from ghl.sources import KnownSources, revoke_source_key
from tests.intake.conftest import running

CARD = {"first_name": "Anna", "email": "anna@example.org"}


def problem(response):
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["type"].removeprefix("/problems/")


def post(intake, sender, content, **headers):
    return intake.client.post(
        f"{intake.url}/api/v1/cards",
        content=content,
        headers={"Content-Type": "application/json", **sender.headers, **headers},
    )


class TestForm:
    def test_bodies_that_are_no_json_or_of_another_kind(self, intake, grace):
        good = json.dumps(CARD)
        for content in (
            "",
            "{",
            "Anna",
            "{'a': 1}",
            b"\xff\xfe\xff",
            "[" * 60_000,
            '{"notes": NaN}',
            "1" * 5000,
        ):
            assert problem(post(intake, grace, content)) == (400, "broken-json"), content[:20]
        for content in ("[]", '"Anna"', "null", "7", '{"email": "a@b.org", "email": "c@d.org"}'):
            assert problem(post(intake, grace, content)) == (422, "card-invalid"), content
        for headers in (
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": ""},
            {"Content-Encoding": "gzip"},
        ):
            assert problem(post(intake, grace, good, **headers)) == (415, "wrong-media-type"), headers
        assert (
            post(intake, grace, good, **{"Content-Type": "Application/JSON;charset=UTF-8"}).status_code == 202
        )

    def test_a_name_that_stands_twice_is_named(self, intake, grace):
        response = post(intake, grace, '{"email": "a@b.org", "sms_consent": true, "sms_consent": false}')

        assert response.json()["errors"] == [
            {"field": "sms_consent", "message": "This name stands there twice."}
        ]

    def test_a_large_body_is_refused_before_it_is_read(self, intake, grace):
        large = json.dumps({**CARD, "notes": "x" * MAX_BODY})

        assert problem(post(intake, grace, large)) == (413, "too-large")
        assert problem(post(intake, grace, iter([large.encode()] * 50))) == (413, "too-large")
        assert post(intake, grace, json.dumps(CARD) + " " * (MAX_BODY - 100)).status_code == 202

    def test_addresses_and_methods_that_do_not_exist(self, intake, grace):
        for path in (
            "/",
            "/api/v1/cards/",
            "/api/v1/cards/a/b",
            "/api/v2/cards",
            "/%2e%2e/",
            "/problems/none",
        ):
            assert problem(intake.client.get(intake.url + path, headers=grace.headers)) == (
                404,
                "not-found",
            ), path
        refused = intake.client.put(f"{intake.url}/api/v1/cards", json=CARD, headers=grace.headers)
        assert problem(refused) == (405, "method-not-allowed")
        assert refused.headers["allow"] == "POST"

    def test_what_a_problem_means_is_explained_at_its_address(self, intake):
        for slug, found in BY_SLUG.items():
            response = intake.client.get(f"{intake.url}/problems/{slug}")
            assert response.status_code == 200
            assert found.meaning in response.text

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200)))
    def test_no_body_makes_it_stumble(self, intake, grace, body):
        content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        response = post(intake, grace, content)

        assert response.status_code in {202, 400, 422}

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        card=st.dictionaries(
            st.one_of(st.sampled_from(COLUMNS), st.text(max_size=120)),
            st.recursive(
                st.one_of(
                    st.none(),
                    st.booleans(),
                    st.integers(),
                    st.floats(),
                    st.text(),
                    st.sampled_from(["yes", "a@b.org"]),
                ),
                lambda inner: (
                    st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
                ),
                max_leaves=8,
            ),
            max_size=12,
        ),
        key=st.one_of(st.none(), st.text("abc", min_size=1, max_size=2)),
    )
    def test_no_card_makes_it_stumble(self, intake, grace, card, key):
        headers = {"Idempotency-Key": key} if key else {}
        response = post(intake, grace, json.dumps(card), **headers)

        assert response.status_code in {202, 400, 422}
        if response.status_code == 202:
            assert intake.read(grace, response.json()["id"]).status_code == 200
        else:
            assert problem(response)[1] in {"broken-json", "card-invalid", "key-reused"}


class TestTime:
    @pytest.fixture
    def hurried(self, database):
        with running(database, limits=IntakeLimits(body_seconds=0.3)) as intake:
            yield intake

    def test_a_body_that_drips_in_is_cut_off_and_others_are_not_held_up(self, hurried, grace):
        host, port = hurried.url.removeprefix("http://").split(":")
        head = (
            f"POST /api/v1/cards HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {grace.key}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        )
        with closing(socket.create_connection((host, int(port)), timeout=10)) as slow:
            slow.sendall(head.encode())
            began = time.monotonic()
            answered = b""
            slow.settimeout(0.05)
            while not answered:
                assert time.monotonic() - began < 5
                slow.sendall(b"{")
                assert hurried.send(grace, CARD).status_code == 202
                try:
                    answered = slow.recv(4096)
                except TimeoutError:
                    continue
            assert answered.startswith(b"HTTP/1.1 408 ")
            assert b"connection: close" in answered.lower()
            assert time.monotonic() - began < 2

    def test_headers_that_never_end_do_not_hold_a_connection(self, intake, monkeypatch):
        monkeypatch.setattr("ghl.intake.serve.REQUEST_SECONDS", 0.3)
        host, port = intake.url.removeprefix("http://").split(":")
        for opening in (b"", b"POST /api/v1/cards HTTP/1.1\r\nHost: x\r\nX-Long: "):
            with closing(socket.create_connection((host, int(port)), timeout=5)) as slow:
                slow.sendall(opening)
                assert slow.recv(100) == b""

    def test_what_is_not_http_is_answered_with_a_problem(self, intake):
        host, port = intake.url.removeprefix("http://").split(":")
        with closing(socket.create_connection((host, int(port)), timeout=5)) as odd:
            odd.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            answer = odd.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert MEDIA_TYPE.encode() in answer


class TestKeys:
    def test_without_a_right_key_nothing_is_said(self, intake, grace):
        url = f"{intake.url}/api/v1/cards"
        wrong = grace.key[:-4] + ("AAAA" if not grace.key.endswith("AAAA") else "BBBB")
        for given_header in (
            None,
            "",
            "Bearer",
            f"Basic {grace.key}",
            grace.key,
            f"Bearer {wrong}",
        ):
            headers = {} if given_header is None else {"Authorization": given_header}
            response = intake.client.post(url, json=CARD, headers=headers)
            assert problem(response) == (401, "key-wrong"), given_header
            assert response.headers["www-authenticate"].startswith("Bearer ")
            assert "hubk_" not in response.text.replace("hubk_…", "")
        assert (
            intake.client.post(url, json=CARD, headers={"Authorization": f"bearer {grace.key}"}).status_code
            == 202
        )

    def test_a_revoked_key_ends_within_seconds(self, intake, grace, database):
        assert intake.send(grace, CARD).status_code == 202
        revoke_source_key(database, grace.church_id, grace.key_id, actor="test", clock=intake.clock)
        intake.clock.ahead += KnownSources.FRESH_SECONDS + 0.1

        assert problem(intake.send(grace, CARD)) == (401, "key-wrong")

    def test_a_church_that_is_being_removed_takes_nothing(self, intake, grace, database, rows):
        """Its key is still remembered; the card is not saved, and nobody is told why."""
        assert post(intake, grace, json.dumps(CARD)).status_code == 202
        request(database, grace.church_id, typed="Grace", actor="test")
        told = problem(post(intake, grace, json.dumps(CARD | {"email": "ben@example.org"})))
        assert told in {(404, "not-found"), (401, "key-wrong")}
        assert rows("SELECT count(*) FROM cards") == [(1,)]

    def test_trying_keys_is_slowed_down_and_does_not_lock_out_a_right_one(self, intake, grace):
        assert intake.send(grace, CARD).status_code == 202
        url, headers = f"{intake.url}/api/v1/cards", {"Authorization": "Bearer hubk_" + "A" * 43}
        answers = [intake.client.post(url, json=CARD, headers=headers) for _ in range(FREE + 1)]

        assert [problem(answer)[0] for answer in answers] == [401] * FREE + [429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 3
        intake.clock.ahead += KnownSources.FRESH_SECONDS + 0.1
        assert intake.send(grace, CARD).status_code == 202

        intake.clock.ahead += 60
        assert problem(intake.client.post(url, json=CARD, headers=headers))[0] == 401


class TestLog:
    def test_a_line_for_each_request_with_ids_and_without_personal_data(self, intake, grace):
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
            saved = intake.send(
                grace, {**CARD, "phone": "615 555 0142"}, **{"X-Request-ID": "abc-1", "Idempotency-Key": "k1"}
            )
            intake.client.get(f"{intake.url}/anna@example.org?phone=6155550142")

        assert saved.headers["x-request-id"] == "abc-1"
        [line, other] = [line for line in lines if line["event"] == "request"]
        assert {**line, "milliseconds": 0} == {
            "event": "request",
            "log_level": "info",
            "method": "POST",
            "route": "create_card",
            "status": 202,
            "milliseconds": 0,
            "request_id": "abc-1",
            "church_id": str(grace.church_id),
            "source_id": str(grace.key_id),
            "card_id": saved.json()["id"],
            "replayed": False,
        }
        assert (other["route"], other["status"]) == ("none", 404)
        written = repr(lines).lower()
        assert not any(word in written for word in ("anna", "6155550142", "615 555", "example.org", "hubk_"))

    def test_a_request_id_of_another_form_is_replaced(self, intake):
        for odd in ("a b", "x" * 65, 'a"b', "-a"):
            response = intake.client.get(f"{intake.url}/healthz", headers={"X-Request-ID": odd})
            assert response.headers["x-request-id"] != odd
            assert len(response.headers["x-request-id"]) == 36

    def test_a_surprise_is_told_to_the_log_by_place_and_to_the_sender_not_at_all(
        self, intake, grace, rows, caplog
    ):
        rows("ALTER TABLE outbox ADD CONSTRAINT surprise CHECK (phone <> '+16155550142')")
        with (
            caplog.at_level(logging.DEBUG),
            structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines,
        ):
            response = intake.send(grace, {**CARD, "phone": "615 555 0142"})

        assert problem(response) == (500, "our-mistake")
        [line] = [line for line in lines if line["event"] == "request_failed"]
        assert (line["error"], line["sqlstate"]) == ("IntegrityError", "23514")
        assert any("save.py" in place for place in line["where"])
        told = (response.text + repr(lines) + caplog.text).lower()
        assert not any(word in told for word in ("0142", "example.org", "surprise"))
        assert rows("SELECT count(*) FROM cards") == [(0,)]

    def test_answers_name_no_server_and_are_not_kept(self, intake):
        headers = httpx.get(f"{intake.url}/healthz", trust_env=False).headers

        assert "server" not in headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
