"""A wrong or missing key is told at the start, by each process that needs it."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ghl.config import Settings
from ghl.crypto import KeyRing, new_key_line
from ghl.doctor import Level
from ghl.doctor import keys as examine_keys
from ghl.keys.check import WrongKeysError, check_keys, read_standings
from ghl.keys.standing import Place, next_step, standings, to_reseal, trouble
from jobs.supervisor import up
from jobs.supervisor.errors import StartError
from tests.support.churches import connected_church
from tests.support.hub import ROOT
from tests.support.proofs import keep_proof

ONE, OTHER_ONE, TWO = new_key_line(1), new_key_line(1), new_key_line(2)


def ring(*lines: str) -> KeyRing:
    return KeyRing.parse("\n".join(lines), source="HUB_ENCRYPTION_KEYS")


def wrong(database, *lines: str) -> str:
    with pytest.raises(WrongKeysError) as told:
        check_keys(database, ring(*lines))
    line = str(told.value)
    assert line.startswith("HUB_ENCRYPTION_KEYS: encryption key ")
    assert "\n" not in line
    for text in lines:
        assert text.partition(":")[2] not in line
    return line


def test_the_right_keys_are_right_again_and_again(database):
    connected_church(database, ring(ONE), location_id="L1")
    check_keys(database, ring(ONE))
    check_keys(database, ring(ONE, TWO))
    check_keys(database, ring(TWO, ONE))


def test_a_missing_key_is_told_with_how_much_hangs_on_it(database):
    connected_church(database, ring(ONE), location_id="L1")
    assert "key 1 is missing, and 1 secret needs it" in wrong(database, TWO)


def test_a_lost_key_that_proofs_alone_hang_on_stops_nothing_and_is_told(database, database_urls):
    church_id = connected_church(database, ring(TWO), location_id="L1")
    keep_proof(database, ring(ONE), church_id)
    check_keys(database, ring(ONE, TWO))
    said = "proofs of consent made with key 1 can't be looked up (1)"
    with capture_logs() as lines:
        check_keys(database, ring(TWO))
    (told,) = lines
    assert (told["event"], told["log_level"]) == ("keys.lost", "warning")
    assert said in told["reason"]
    settings = Settings(_env_file=None, encryption_keys=TWO, database_url=database_urls.app)
    up.check_keys(settings, database_urls.app)
    found = {finding.id: finding for finding in examine_keys(settings)}
    assert found["keys.lost"].level is Level.WARNING
    assert said in found["keys.lost"].text
    assert "keys.right" in found


def test_another_key_under_a_number_that_was_used_is_told_by_opening_one(database):
    """Also where no process ever remembered the key."""
    connected_church(database, ring(ONE), location_id="L1")
    assert "key 1 is not the one that sealed this hub's tokens" in wrong(database, OTHER_ONE)


def test_another_key_is_told_before_anything_is_sealed_with_it(database):
    check_keys(database, ring(ONE, TWO))
    assert "key 1 is another one than this hub has worked with" in wrong(database, OTHER_ONE, TWO)
    check_keys(database, ring(TWO))


def test_looking_alone_remembers_nothing(database):
    check_keys(database, ring(ONE), remember=False)
    check_keys(database, ring(OTHER_ONE))


def test_two_processes_with_two_keys_of_one_number_are_not_both_right(database):
    from concurrent.futures import ThreadPoolExecutor

    def start(line):
        try:
            check_keys(database, ring(line))
        except WrongKeysError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        right = list(pool.map(start, [ONE, OTHER_ONE] * 4))
    assert set(zip([ONE, OTHER_ONE] * 4, right, strict=True)) in (
        {(ONE, True), (OTHER_ONE, False)},
        {(ONE, False), (OTHER_ONE, True)},
    )


@given(
    st.dictionaries(st.integers(1, 4), st.binary(min_size=1, max_size=1)),
    st.dictionaries(st.integers(1, 5), st.integers(1, 9)),
)
def test_whatever_stands_there_is_one_sentence_to_go_on_with(have, sealed):
    keys = standings(have, {}, {version: {"tokens": n} for version, n in sealed.items()})
    assert [key.version for key in keys] == sorted({*have, *sealed})
    missing = sealed.keys() - have.keys()
    assert bool(trouble(keys, "X")) is bool(missing)
    assert (f"key {min(missing)} is missing" if missing else "") in next_step(keys, "X").lower()
    newest = max(have, default=0)
    assert to_reseal(keys) == sum(n for version, n in sealed.items() if version != newest)
    assert sum(key.place is Place.SEALS for key in keys) == bool(have)


def test_what_to_do_next_in_words():
    def say(have, sealed):
        return next_step(
            standings(dict.fromkeys(have, b""), {}, {v: {"tokens": n} for v, n in sealed.items()}), ""
        )

    assert say([1], {1: 3}) == "Everything is sealed with key 1. Nothing to do."
    assert say([1, 2], {1: 3}).startswith(
        "Key 2 seals from now on; 3 secrets are still sealed with an older key."
    )
    assert say([1, 2], {2: 3}).startswith(
        "Everything is sealed with key 2. Key 1 is needed for older backups"
    )
    keys = standings({1: b"", 2: b""}, {}, {2: {"tokens": 1}}, {1: {"proofs of consent": 4}})
    assert next_step(keys, "") == (
        "Everything is sealed with key 2. Key 1 has to stay: 4 secrets need it and cannot be sealed anew."
    )
    assert to_reseal(keys) == 0
    keys = standings({2: b""}, {}, {2: {"tokens": 1}}, {1: {"proofs of consent": 4, "pasted tokens": 1}})
    assert trouble(keys, "") is None
    assert next_step(keys, "") == (
        "Everything is sealed with key 2. Encryption key 1 is missing: pasted tokens made with key 1 have to be pasted"
        " again (1), proofs of consent made with key 1 can't be looked up (4). If you have it still, put it back"
        " beside the others."
    )
    assert say([], {}).startswith("No encryption key is here")
    assert say([2], {1: 1}).startswith("Encryption key 1 is missing")


PROCESSES = {
    "worker": (sys.executable, "worker.py"),
    "workers": (sys.executable, "worker.py", "--processes", "2"),
    "connect": (sys.executable, "-m", "jobs.cli", "connect", "grace", "--location", "L1"),
}


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_that_needs_the_keys_says_so_and_ends(
    process, database, database_urls, redis_url, tmp_path
):
    connected_church(database, ring(ONE), location_id="L1", slug="grace")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment |= {
        "HUB_DATABASE_URL": database_urls.app,
        "HUB_REDIS_URL": redis_url,
        "HUB_ENCRYPTION_KEYS": OTHER_ONE,
        "HUB_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        PROCESSES[process],
        cwd=ROOT,
        env=environment,
        input="pit-00000000-0000-4000-8000-000000000001\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if "encryption key 1 is not the one" in line]
    assert len(told) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert OTHER_ONE.partition(":")[2] not in done.stdout + done.stderr


def test_the_standing_says_since_when_and_how_much(database):
    keys = ring(ONE)
    connected_church(database, keys, location_id="L1")
    check_keys(database, keys)
    (one,) = read_standings(database, keys.check_values)
    assert (one.version, one.place, dict(one.rows)) == (1, Place.SEALS, {"tokens": 1})
    assert one.known_since is not None


def test_the_whole_hub_does_not_start_with_another_key(database, database_urls):
    """What `hub up` asks before it starts any part."""
    connected_church(database, ring(ONE), location_id="L1")
    with pytest.raises(StartError, match="HUB_ENCRYPTION_KEYS: encryption key 1 is not the one that sealed"):
        up.check_keys(Settings(_env_file=None, encryption_keys=OTHER_ONE), database_urls.app)
    up.check_keys(Settings(_env_file=None, encryption_keys=ONE), database_urls.app)
