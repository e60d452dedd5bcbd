"""A new key comes to a hub at work: a real worker takes it in by itself, and no card waits for it."""

import threading

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from ghl.crypto import KeyRing, new_key_line
from ghl.heartbeat import newest_key, worker_keys
from ghl.keys.check import check_keys, sealed_rows
from ghl.keys.rotation import RotationRefusedError, rotate
from ghl.keys.sources import load_key_ring
from ghl.simulator.server import SimulatorServer
from jobs.heart import Heart
from tests.support.churches import card_values, connected_church, save
from tests.support.hub import running_hub, wait_for

ONE, TWO, OTHER_TWO, THREE = (new_key_line(number) for number in (1, 2, 2, 3))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"{ONE}\n")
    path.chmod(0o600)
    return path


def test_a_heartbeat_tells_the_keys_and_takes_in_a_new_one(database, settings, path):
    ring = load_key_ring(settings(encryption_keys_file=path))
    check_keys(database, ring)
    heart = Heart(database, kind="worker", key_ring=ring)

    def told():
        with database.system() as session:
            return worker_keys(session)

    heart._beat()
    assert told() == [{1}]
    with path.open("a") as file:
        file.write(TWO)
    heart._beat()
    assert told() == [{1}], "nobody works with the new key yet, so nobody looks for it"
    check_keys(database, KeyRing.parse(f"{ONE},{TWO}"))
    heart._beat()
    assert told() == [{1, 2}]


def test_another_key_under_the_same_number_is_not_taken_in(database, settings, path):
    """Two machines each append a key 2 of their own; the first of them rotates."""
    ring = load_key_ring(settings(encryption_keys_file=path))
    check_keys(database, ring)
    connected_church(database, ring, location_id="L1")
    heart = Heart(database, kind="worker", key_ring=ring)
    heart._beat()
    path.write_text(f"{ONE}\n{OTHER_TWO}\n{THREE}\n")
    both = KeyRing.parse(f"{ONE},{TWO}")
    check_keys(database, both)
    with capture_logs() as lines:
        heart._beat()
    assert ring.versions == (1,)
    with database.system() as session:
        assert worker_keys(session) == [{1}]
    assert [(line["event"], line["versions"]) for line in lines] == [("keys.another", [2])]
    for key in (ONE, OTHER_TWO, THREE):
        assert key.partition(":")[2] not in str(lines)
    with pytest.raises(RotationRefusedError, match="1 worker has no key 2 yet"):
        rotate(database, both, actor="test", pause=lambda _: None)

    path.write_text(f"{ONE}\n{TWO}\n{THREE}\n")
    heart._beat()
    assert ring.versions == (1, 2), "nobody works with key 3 yet"
    assert rotate(database, both, actor="test").done == 1


def turned(database, ring):
    """What rotating did; nothing yet while a slow machine's worker has not told its keys."""
    try:
        return rotate(database, ring, actor="test")
    except RotationRefusedError:
        return None


def test_cards_go_out_while_everything_is_sealed_anew(database_urls, redis_url, path):
    both = KeyRing.parse(f"{ONE},{TWO}")
    with SimulatorServer() as sim, running_hub(database_urls, redis_url, sim) as hub:
        hub.settings = hub.settings.model_copy(
            update={"encryption_keys": None, "encryption_keys_file": path, "redis_url": SecretStr(redis_url)}
        )
        hub.container.key_ring = load_key_ring(hub.settings)
        church_id = hub.church()
        check_keys(hub.database, hub.container.key_ring)
        hub.start_worker()
        hub.start_sweep()
        over, sent = threading.Event(), 0

        def feed():
            nonlocal sent
            while not over.wait(0.05):
                save(hub.database, church_id, card_values())
                sent += 1
                hub.container.waker.wake(church_id)

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            wait_for(lambda: hub.standing(church_id).get("synced", 0) >= 5, what="cards arrive")
            with path.open("a") as file:
                file.write(TWO)
            done = wait_for(lambda: turned(hub.database, both), within=120, what="the worker has the new key")
            assert (done.newest, done.done) == (2, 1)
            with hub.database.system() as session:
                assert (newest_key(session), sealed_rows(session)) == (2, {2: {"tokens": 1}})
            arrived = hub.standing(church_id)["synced"]
            wait_for(lambda: hub.standing(church_id)["synced"] >= arrived + 5, what="cards go on to arrive")
        finally:
            over.set()
            feeder.join()
        hub.arrived(church_id, sent)
        with hub.database.church(church_id) as session:
            outcomes = session.execute(text("SELECT DISTINCT outcome FROM attempts")).scalars().all()
        assert set(outcomes) == {"delivered"}
