"""`hub keys`: what it says, that it never says a key, and the way from one key to the next."""

import json

import pytest
from pydantic import SecretStr

from ghl.churches import find_church
from ghl.crypto import KeyRing, new_key_line
from tests.cli.conftest import LOCATION
from tests.support.proofs import keep_proof

ONE, TWO, OTHER = new_key_line(1), new_key_line(2), new_key_line(1)


@pytest.fixture
def keys(hub, grace, token, environment, tmp_path):
    """`hub keys …` of an installation with one church, whose keys stand in a file."""
    path = tmp_path / "keys"
    path.write_text(f"{ONE}\n")
    path.chmod(0o600)
    environment.pop("HUB_ENCRYPTION_KEYS")

    def keys(*words, given=""):
        said = hub(*words, HUB_ENCRYPTION_KEYS_FILE=str(path), given=given)
        for line in path.read_text().splitlines():
            assert line.partition(":")[2] not in said.out + said.err
        return said

    connected = keys("connect", grace, "--location", LOCATION, given=f"{token}\n")
    assert connected.code == 0, connected.err
    keys.path = path
    return keys


def test_from_one_key_to_the_next(keys):
    before = json.loads(keys("keys", "status", "--json").out)
    assert before["keys"][0]["rows"] == {"tokens": 1}
    assert (before["seals"], before["to_reseal"], before["source"]) == (1, 0, "HUB_ENCRYPTION_KEYS_FILE")

    made = keys("keys", "new").out
    assert KeyRing.parse(made).versions == (2,)
    with keys.path.open("a") as file:
        file.write(made)
    planned = json.loads(keys("keys", "plan", "--json").out)
    assert planned == {
        "to": 2,
        "reseal": 1,
        "from": [{"key": 1, "rows": {"tokens": 1}}],
        "workers_without_key": [],
    }
    assert "From key 1 to key 2: tokens (1)." in keys("keys", "plan").out
    assert "still sealed with an older key" in keys("keys", "status").out

    turned = json.loads(keys("keys", "rotate", "--json").out)
    assert turned == {"key": 2, "of": 1, "resealed": 1, "locked": 0}
    assert "Nothing to do" in keys("keys", "rotate").out
    after = json.loads(keys("keys", "status", "--json").out)
    assert [(key["key"], key["state"], key["rows"]) for key in after["keys"]] == [
        (1, "opens", {}),
        (2, "seals", {"tokens": 1}),
    ]
    assert "Key 1 is needed for older backups alone" in keys("keys", "status").out
    # The old key may go now.
    keys.path.write_text(keys.path.read_text().splitlines()[1])
    assert keys("keys", "status").code == 0
    assert keys("doctor").out.count("They are the keys that this hub has worked with.") == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TWO, "encryption key 1 is missing"),
        (OTHER, "encryption key 1 is another one than this hub has worked with"),
    ],
    ids=["missing", "another"],
)
def test_wrong_keys(keys, text, says):
    keys.path.write_text(text)
    for command in (("plan",), ("rotate",)):
        refused = keys("keys", *command)
        assert refused.code == 2
        assert says in refused.err
    shown = keys("keys", "status")
    assert shown.code == 1
    assert says in shown.out.replace("Encryption", "encryption").replace("HUB_encryption", "HUB_ENCRYPTION")
    assert says in keys("doctor").out


def test_a_key_that_proofs_alone_hang_on_is_lost_and_the_hub_goes_on(keys, grace, token, database):
    keep_proof(database, KeyRing.parse(f"{ONE},{TWO}"), find_church(database, grace).id)
    shown = keys("keys", "status")
    assert shown.code == 0, shown.out
    assert "proofs of consent made with key 2 can't be looked up (1)" in shown.out
    examined = json.loads(keys("doctor", "--json").out)
    assert {one["id"]: one["level"] for one in examined}["keys.lost"] == "warning"
    assert keys("connect", grace, "--location", LOCATION, given=f"{token}\n").code == 0


def test_the_first_key_needs_no_hub(hub):
    made = hub("keys", "new", "--number", "1")
    assert made.code == 0
    assert KeyRing.parse(SecretStr(made.out).get_secret_value()).versions == (1,)


def test_no_key_is_one_line(hub):
    refused = hub("keys", "status", HUB_ENCRYPTION_KEYS="")
    assert refused.code == 2
    assert refused.err.startswith("hub: No encryption key is set")
    assert refused.err.count("\n") == 1


def test_the_hub_does_not_start_with_keys_that_cannot_be_had(real_hub, tmp_path):
    refused = real_hub("up", "--data-dir", str(tmp_path / "data"), HUB_ENCRYPTION_KEYS="1:hunter2")
    assert refused.code == 2
    assert refused.err == "HUB_ENCRYPTION_KEYS: Encryption key 1 is not base64.\n"
