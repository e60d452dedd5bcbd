"""The database away, and everybody busy: a sender is told to come back, and everything goes on by itself."""

import threading
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ghl.intake.app import IntakeLimits
from ghl.intake.webhooks import WebhookDoors
from ghl.webhooks.signature import read_keys
from tests.intake.conftest import make_sender, running
from tests.intake.own_server import own_server
from tests.webhooks.conftest import Signer, pem_of

CARD = {"first_name": "Anna", "email": "anna@example.org"}


def is_unavailable(response):
    assert response.status_code == 503
    assert response.json()["type"] == "/problems/unavailable"
    assert int(response.headers["retry-after"]) > 0
    return True


def test_the_database_stopped_and_started(tmp_path):
    key = Ed25519PrivateKey.generate()
    doors = WebhookDoors(read_keys(pem_of(key)))
    with own_server() as (server, database), running(database, webhooks=doors) as intake:
        grace = make_sender(database, "grace")
        headers = {"Idempotency-Key": "k"}
        assert intake.client.get(f"{intake.url}/readyz").json() == {"status": "ready"}
        first = intake.send(grace, CARD, **headers)
        assert first.status_code == 202

        server.stop("immediate")
        intake.clock.ahead += 60
        for _ in range(3):
            assert is_unavailable(intake.send(grace, {**CARD, "notes": "while away"}))
            assert is_unavailable(Signer(key, intake).send({"type": "ContactUpdate", "locationId": "LOC1"}))
        assert is_unavailable(intake.read(grace, first.json()["id"]))
        assert is_unavailable(intake.client.get(f"{intake.url}/readyz"))
        assert intake.client.get(f"{intake.url}/healthz").json() == {"status": "alive"}

        server.start()
        deadline = time.monotonic() + 10
        while intake.client.get(f"{intake.url}/readyz").status_code != 200:
            assert time.monotonic() < deadline
        assert intake.send(grace, CARD, **headers).content == first.content
        assert intake.send(grace, {**CARD, "notes": "while away"}).status_code == 202


def test_more_than_can_wait_are_sent_away_and_nothing_is_half_done(database, rows):
    limits = IntakeLimits(threads=2, most_waiting=2, wait_seconds=0.2)
    entered, go_on = threading.Semaphore(0), threading.Event()

    def hang(_church):
        entered.release()
        go_on.wait(20)

    with running(database, on_saved=hang, limits=limits) as intake:
        grace = make_sender(database, "grace")
        answers = []

        def send(number):
            answers.append(intake.send(grace, {**CARD, "notes": str(number)}))

        senders = [threading.Thread(target=send, args=(number,)) for number in range(2)]
        for sender in senders:
            sender.start()
        assert entered.acquire(timeout=10)
        assert entered.acquire(timeout=10)

        assert is_unavailable(intake.send(grace, {**CARD, "notes": "too many"}))
        assert intake.client.get(f"{intake.url}/healthz").status_code == 200

        go_on.set()
        for sender in senders:
            sender.join(10)
        assert [answer.status_code for answer in answers] == [202, 202]
        assert rows("SELECT count(*) FROM cards") == [(2,)]


def test_waking_may_fail(database):
    def fail(_church):
        raise ConnectionError("Redis is away")

    with running(database, on_saved=fail) as intake:
        assert intake.send(make_sender(database, "grace"), CARD).status_code == 202


def test_stopping_lets_a_request_end(database, rows):
    entered, go_on = threading.Event(), threading.Event()
    answers = []

    def hang(_church):
        entered.set()
        go_on.wait(20)

    grace = make_sender(database, "grace")
    with running(database, on_saved=hang) as intake:
        sender = threading.Thread(target=lambda: answers.append(intake.send(grace, CARD)))
        sender.start()
        assert entered.wait(10)
        intake.stop()
        go_on.set()
        sender.join(10)

    assert [answer.status_code for answer in answers] == [202]
    assert rows("SELECT count(*) FROM cards") == [(1,)]
