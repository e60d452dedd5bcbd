"""The heart goes on beating, whatever the place is that the keys are read from again."""

import pytest
from structlog.testing import capture_logs

from ghl.crypto import KeyRing, KeyRingError, new_key_line
from ghl.heartbeat import alive
from ghl.keys.check import check_keys
from jobs.heart import Heart

ONE, TWO = new_key_line(1), new_key_line(2)


@pytest.mark.parametrize(
    "broken",
    [
        KeyRingError("Vault is sealed."),
        OSError("no such host"),
        ValueError(f"not to be understood: {TWO}"),
        KeyError(TWO),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_source_that_fails_is_logged_and_the_process_counts_as_alive(database, broken):
    def again():
        raise broken

    ring = KeyRing.parse(ONE, again=again)
    check_keys(database, KeyRing.parse(f"{ONE},{TWO}"))
    heart = Heart(database, kind="worker", key_ring=ring)
    with capture_logs() as lines:
        heart._beat()
        heart._beat()
    assert [line["event"] for line in lines] == ["keys.not_read_again"] * 2
    assert lines[0]["error"] == type(broken).__name__
    assert TWO not in str(lines)
    with database.system() as session:
        assert alive(session, "worker") == 1
