"""The embedded PostgreSQL: closed to everybody else, the same after each kind of end."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.engine import URL

from jobs.supervisor.postgres import EmbeddedPostgres
from tests.supervisor.support import mode_of, processes_in, wait_until


def connect(url: str, **changes: object) -> psycopg.Connection:
    plain: URL = make_url(url).set(drivername="postgresql", **changes)
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@pytest.fixture(scope="module")
def server(shared_data_dir: Path) -> Iterator[EmbeddedPostgres]:
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


def test_a_second_start_finds_the_data(data_dir):
    with EmbeddedPostgres(data_dir) as first:
        urls = first.admin_url, first.app_url
        with connect(first.admin_url) as admin:
            admin.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    assert processes_in(data_dir) == []
    with EmbeddedPostgres(data_dir) as second:
        assert (second.admin_url, second.app_url) == urls
        with connect(second.admin_url) as admin:
            assert admin.execute("SELECT answer FROM kept").fetchone() == (7,)


@pytest.mark.parametrize("end", ["postmaster", "keeper", "immediate"])
def test_what_was_committed_survives_every_end(data_dir, end):
    server = EmbeddedPostgres(data_dir)
    server.start()
    with connect(server.admin_url) as admin:
        admin.execute("CREATE TABLE kept AS SELECT 7 AS answer")
    if end == "immediate":
        server.stop("immediate")
    else:
        child = server._running()
        os.kill(child.pid if end == "postmaster" else child.keeper_pid, signal.SIGKILL)
        wait_until(lambda: child.poll() is not None)
        wait_until(lambda: processes_in(data_dir) == [])
    server.start()
    with connect(server.admin_url) as admin:
        assert admin.execute("SELECT answer FROM kept").fetchone() == (7,)
    server.stop()


def test_a_half_made_cluster_is_made_anew(data_dir):
    half = data_dir / "postgres" / "cluster.new"
    with EmbeddedPostgres(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "cluster").rename(half)
    (half / "PG_VERSION").unlink()
    with EmbeddedPostgres(data_dir, durable=False) as server, connect(server.app_url):
        assert not half.exists()


def test_a_stale_pid_file_that_names_another_process_is_harmless(data_dir):
    with EmbeddedPostgres(data_dir, durable=False):
        pass
    note = data_dir / "postgres" / "cluster" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n/somewhere\n")
    with EmbeddedPostgres(data_dir, durable=False) as server, connect(server.app_url):
        pass


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
