"""Key sources that are really asked, and churches with sealed tokens."""

import pytest
from moto.server import ThreadedMotoServer

from ghl.config import Settings
from tests.support.vault import BINARY, SERVERS, real_vault, strict_vault


@pytest.fixture(scope="session")
def _real_vault(tmp_path_factory):
    if BINARY is None:
        pytest.skip("No OpenBao or Vault on this machine; the strict server stands in for it.")
    with real_vault(tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture(params=SERVERS)
def any_vault(request):
    """The strict server, and where it is installed the real one."""
    if request.param == "real":
        yield request.getfixturevalue("_real_vault")
        return
    with strict_vault() as vault:
        yield vault


@pytest.fixture
def vault():
    with strict_vault() as vault:
        yield vault


@pytest.fixture(scope="session")
def aws():
    """Moto's server, which speaks AWS's API."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def settings(monkeypatch):
    """Settings as of a process with these alone."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HUB_{name.upper()}", raising=False)
    return lambda **named: Settings(_env_file=None, **named)
