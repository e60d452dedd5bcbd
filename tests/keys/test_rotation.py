"""Everything is sealed anew while the hub runs: no read fails, no write is lost, and a run that was killed goes on."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, select, text, update

from ghl.churches import find_church
from ghl.client.models import Location
from ghl.connection import connect
from ghl.crypto import KeyRing, new_key_line
from ghl.db.models import Credential
from ghl.delivery.facts import load_facts
from ghl.heartbeat import beat
from ghl.ids import new_id
from ghl.keys.check import sealed_rows
from ghl.keys.rotation import RotationRefusedError, lacking_workers, prepare, rotate
from ghl.simulator.tokens import fake_token
from tests.support.churches import connected_church
from tests.support.hub import ROOT, wait_for

ONE, TWO, THREE = new_key_line(1), new_key_line(2), new_key_line(3)


def ring(*lines: str) -> KeyRing:
    return KeyRing.parse(",".join(lines))


def no_pause(_seconds: float) -> None:
    pass


@pytest.fixture
def sql(database_urls):
    engine = create_engine(database_urls.admin)

    def sql(statement, **values):
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    yield sql
    engine.dispose()


@pytest.fixture
def churches(database):
    """Connected with the first key; the second of them has an old token as well."""
    ids = [
        connected_church(database, ring(ONE), location_id=f"L{n}", slug=f"church-{n}", token=fake_token(n))
        for n in range(5)
    ]
    again(database, ring(ONE), 1, token=fake_token(1))
    return ids


def again(database, keys, number, *, token):
    """The church is connected anew, as an admin does who pastes a token."""
    seen = Location(id=f"L{number}", name="x", country="US", allow_duplicate_contact=False)
    connect(
        database,
        keys,
        find_church(database, f"church-{number}"),
        location_id=f"L{number}",
        token=token,
        test=lambda *_: seen,
        actor="test",
    )


def token_of(database, keys, church_id):
    with database.church(church_id) as session:
        facts = load_facts(session, church_id)
    return keys.open(facts.sealed, facts.context).get_secret_value()


def counted(database):
    with database.system() as session:
        return {version: sum(rows.values()) for version, rows in sealed_rows(session).items()}


def test_everything_is_sealed_with_the_newest_key_and_opens(database, churches, sql):
    both = ring(ONE, TWO)
    assert prepare(database, both).total == 6
    seen = []
    done = rotate(database, both, actor="test", progress=lambda now: seen.append(now.done), batch=1)
    assert (done.newest, done.total, done.done, done.locked) == (2, 6, 6, [])
    assert seen == [1, 2, 3, 4, 5, 6]
    assert counted(database) == {2: 6}
    alone = ring(TWO)
    assert [token_of(database, alone, church) for church in churches] == [fake_token(n) for n in range(5)]
    assert rotate(database, both, actor="test").total == 0
    noted = sql(
        "SELECT church_id, actor, action, facts FROM audit_entries WHERE action LIKE 'keys.%' ORDER BY id"
    )
    assert (noted[0].action, noted[-1].action) == ("keys.rotation_began", "keys.rotation_ended")
    assert noted[-1].facts == {"key": 2, "of": 6, "resealed": 6, "locked": 0}
    assert {row.church_id for row in noted if row.action == "keys.resealed"} == set(churches)
    assert all(row.actor == "test" for row in noted)


def test_the_old_tokens_of_a_church_stay_with_their_row(database, churches, sql):
    before = sql("SELECT id, sealed, last4, tested_at, state FROM credentials ORDER BY id")
    rotate(database, ring(ONE, TWO), actor="test")
    after = sql("SELECT id, sealed, last4, tested_at, state FROM credentials ORDER BY id")
    assert [(row.id, row.last4, row.tested_at, row.state) for row in before] == [
        (row.id, row.last4, row.tested_at, row.state) for row in after
    ]
    assert not {bytes(row.sealed) for row in before} & {bytes(row.sealed) for row in after}


def test_a_secret_that_no_key_opens_stays_and_is_told(database, churches, sql):
    sql("UPDATE credentials SET sealed = decode(repeat('00', 60), 'hex') WHERE church_id = :c", c=churches[3])
    done = rotate(database, ring(ONE, TWO), actor="test")
    assert (done.done, done.locked) == (5, [("tokens", churches[3])])
    assert counted(database) == {1: 1, 2: 5}


def test_it_does_not_begin_while_a_worker_lacks_the_key(database, churches):
    worker = new_id()

    def say(*versions):
        with database.system() as session:
            beat(session, worker, kind="worker", host="box", pid=7, key_versions=versions or None)

    say()
    both = ring(ONE, TWO)
    assert lacking_workers(database, both) == [("box", 7)], "one that tells no keys has none"
    say(1)
    assert lacking_workers(database, both) == [("box", 7)]
    with pytest.raises(RotationRefusedError, match=r"1 worker has no key 2 yet: box \(process 7\)"):
        rotate(database, both, actor="test", pause=no_pause)
    assert counted(database) == {1: 6}

    def reads_it_again(_seconds):
        say(1, 2)

    assert rotate(database, both, actor="test", pause=reads_it_again).done == 6


def test_while_it_runs_no_read_fails_and_no_write_is_lost(database, churches):
    """Readers as the workers are, and admins who paste new tokens, some still with the older key."""
    all_keys = ring(ONE, TWO, THREE)
    over = threading.Event()
    newest = {n: fake_token(n) for n in range(5)}
    reads = 0

    def read():
        nonlocal reads
        while not over.is_set():
            for number, church in enumerate(churches):
                token = token_of(database, all_keys, church)
                assert token.startswith("pit-"), number
                reads += 1

    def write(number):
        pasted = 0
        while not over.is_set():
            pasted += 1
            token = fake_token(1000 * (number + 1) + pasted)
            again(database, ring(ONE) if pasted % 2 else ring(ONE, TWO), number, token=token)
            newest[number] = token

    def turn():
        try:
            for keys in (ring(ONE, TWO), all_keys, all_keys, all_keys):
                rotate(database, keys, actor="test", batch=2)
        finally:
            over.set()

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(read), *(pool.submit(write, number) for number in range(3)), pool.submit(turn)]
        for one in work:
            one.result(120)
    assert reads
    rotate(database, all_keys, actor="test")
    assert set(counted(database)) == {3}
    assert [token_of(database, ring(THREE), church) for church in churches] == [newest[n] for n in range(5)]


def test_a_run_that_is_killed_in_the_middle_goes_on(database, database_urls, churches, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {
        "HUB_DATABASE_URL": database_urls.app,
        "HUB_ENCRYPTION_KEYS": f"{ONE},{TWO}",
        "HUB_DATA_DIR": str(tmp_path),
    }
    command = (sys.executable, "-m", "jobs.cli", "keys", "rotate", "--json")
    # Churches come in the order of their ids; the last one's row is held, so it stands still in the middle.
    with database.church(max(churches)) as session:
        session.execute(select(Credential.id).where(Credential.church_id == max(churches)).with_for_update())
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        wait_for(lambda: counted(database).get(2, 0) >= 4, within=60, what="nothing was sealed anew")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        session.execute(update(Credential).values(tested_at=Credential.tested_at))
    assert counted(database)[1] >= 1
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert counted(database) == {2: 6}
    assert [token_of(database, ring(TWO), church) for church in churches] == [fake_token(n) for n in range(5)]
