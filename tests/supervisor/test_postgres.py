"""The embedded PostgreSQL: closed to everybody else, the same after each kind of end."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.engine import URL

from jobs.supervisor.postgres import EmbeddedPostgres
from tests.supervisor.support import mode_of, processes_in, wait_until

STARTER = """
import sys
from pathlib import Path
from jobs.supervisor.postgres import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
"""


def connect(url: str, **changes: object) -> psycopg.Connection:
    plain: URL = make_url(url).set(drivername="postgresql", **changes)
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@pytest.fixture
def server(shared_data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server whose folder, made once, the tests share one after the other."""
    with EmbeddedPostgres(shared_data_dir, durable=False) as server:
        yield server


def test_the_application_owns_nothing(server):
    with connect(server.app_url) as app:
        assert app.execute("SELECT current_setting('is_superuser'), current_user").fetchone() == (
            "off",
            "hub_app",
        )
        row = app.execute(
            "SELECT rolinherit, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'hub_app'"
        ).fetchone()
        assert row == (False, False, False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (id int)")


def test_sorts_and_folds_unicode_on_every_machine(server):
    with connect(server.admin_url) as admin:
        assert admin.execute("SELECT lower('ÄÖÉ'), current_setting('server_encoding')").fetchone() == (
            "äöé",
            "UTF8",
        )


def test_nobody_gets_in_without_the_password(server):
    for url in (server.app_url, server.admin_url):
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(url, password="wrong")


def test_everything_is_closed_to_others(server, shared_data_dir):
    data_dir = shared_data_dir
    assert mode_of(data_dir / "postgres") == 0o700
    assert mode_of(data_dir / "sockets" / "postgres") == 0o700
    assert mode_of(data_dir / "keys") == 0o700
    secrets = sorted((data_dir / "keys").iterdir())
    assert [path.name for path in secrets] == ["postgres-hub_admin", "postgres-hub_app"]
    assert {mode_of(path) for path in secrets} == {0o600}
    assert [path.name for path in (data_dir / "postgres").iterdir()] == ["cluster"]
    with connect(server.admin_url) as admin:
        assert admin.execute("SHOW listen_addresses").fetchone() == ("",)


def test_no_values_in_the_log(server, shared_data_dir):
    with connect(server.admin_url) as admin:
        admin.execute("CREATE TABLE person (email text UNIQUE)")
        admin.execute("INSERT INTO person VALUES ('anna@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("INSERT INTO person VALUES ('anna@example.org')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            admin.execute("SELECT 'anna@example.org'::int")
    assert "anna" not in (shared_data_dir / "logs" / "postgres.log").read_text()


@pytest.mark.parametrize("end", ["stop", "immediate", "postmaster", "keeper"])
def test_what_was_committed_survives_every_end(shared_data_dir, end):
    server = EmbeddedPostgres(shared_data_dir)
    urls = server.start()
    with connect(server.admin_url) as admin:
        admin.execute("DROP TABLE IF EXISTS kept")
        admin.execute("CREATE TABLE kept AS SELECT %s AS end", [end])
    if end in ("stop", "immediate"):
        server.stop("fast" if end == "stop" else "immediate")
    else:
        child = server._running()
        os.kill(child.pid if end == "postmaster" else child.keeper_pid, signal.SIGKILL)
        wait_until(lambda: child.poll() is not None)
    wait_until(lambda: processes_in(shared_data_dir) == [])
    assert server.start() == urls
    with connect(server.admin_url) as admin:
        assert admin.execute("SELECT * FROM kept").fetchone() == (end,)
    server.stop()


def test_a_start_killed_in_the_middle_is_begun_anew(data_dir):
    half = data_dir / "postgres" / "cluster.new"
    first = subprocess.Popen([sys.executable, "-c", STARTER, str(data_dir)])
    wait_until((half / "PG_VERSION").exists)
    first.kill()
    first.wait()
    wait_until(lambda: processes_in(data_dir) == [])
    assert not (data_dir / "postgres" / "cluster").exists()
    with EmbeddedPostgres(data_dir, durable=False) as server, connect(server.app_url):
        assert not half.exists()


def test_a_stale_pid_file_that_names_another_process_is_harmless(server, shared_data_dir):
    server.stop()
    note = shared_data_dir / "postgres" / "cluster" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n/somewhere\n")
    server.start()
    with connect(server.app_url):
        assert not note.read_text().startswith(f"{os.getpid()}\n")


def test_a_path_too_long_for_a_socket(data_dir):
    deep = data_dir / ("long-" * 20)
    with EmbeddedPostgres(deep, durable=False) as server, connect(server.app_url):
        link = deep / "sockets" / "postgres"
        elsewhere = link.readlink()
        assert mode_of(elsewhere) == 0o700
    assert not elsewhere.exists()
    assert not link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")
def test_a_folder_closed_to_the_servers_user_stays_closed(data_dir):
    """Root's own folder keeps its mode, and the database works in it all the same."""
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "data") as server, connect(server.admin_url) as admin:
        admin.execute("CREATE TABLE kept AS SELECT 7 AS answer")
        owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner != 0
    assert mode_of(closed) == 0o700
    assert closed.stat().st_uid == 0
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o711
    with EmbeddedPostgres(closed / "data") as server, connect(server.admin_url) as admin:
        assert admin.execute("SELECT answer FROM kept").fetchone() == (7,)
