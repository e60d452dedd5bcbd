"""Brings a database to the newest form: roles, then tables, then what the application's login may do.

Runs with the owner's URL. The application's login owns nothing and may only step into the narrow roles.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from ghl.db.errors import DatabaseSetupError
from ghl.db.roles import ERASER_ROLE, IDENTITY_ROLE, SYSTEM_ROLE, TENANT_ROLE
from ghl.db.url import database_url

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 14
INHERIT_OPTION_SINCE = 16

OWNS_DATABASE = "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"

# Roles belong to the whole server: two hubs that migrate at once must not both create them.
MIGRATION_LOCK = 0x43_43_48


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration in code; there is no ini file to forget in an image."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option(
        "file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.attributes["connection"] = connection
    return config


def upgrade(admin_url: str, app_url: str) -> None:
    """Migrates the database and grants the application's login its roles. Safe to run again and at once.

    Raises `DatabaseSetupError` with one clear line when the server cannot be reached or is too old.
    """
    admin, app = database_url(admin_url), database_url(app_url)
    engine = create_engine(admin, connect_args={"connect_timeout": 3, "application_name": "hub-migrate"})
    try:
        with engine.connect() as connection:
            check_server(connection)
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
            try:
                for role in (TENANT_ROLE, SYSTEM_ROLE, IDENTITY_ROLE, ERASER_ROLE):
                    _create_role(connection, role)
                connection.commit()
                command.upgrade(alembic_config(connection), "head")
                _grant_login(connection, app)
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": MIGRATION_LOCK})
                connection.commit()
    except OperationalError as error:
        raise DatabaseSetupError(
            f"PostgreSQL does not answer at {where(admin)}: {first_line(error)}"
        ) from error
    finally:
        engine.dispose()


def check_server(connection: Connection) -> None:
    """Raises `DatabaseSetupError` where the server is older than the hub knows."""
    version = server_version(connection)
    if version < OLDEST_SERVER:
        raise DatabaseSetupError(
            f"PostgreSQL {version} is too old: the hub needs version {OLDEST_SERVER} or newer."
        )


def server_version(connection: Connection) -> int:
    """The server's major version, such as 18."""
    number = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    return int(number) // 10000


def where(url: URL) -> str:
    """A URL's host, port and database, without user and password."""
    host = url.host or url.query.get("host") or "the local socket"
    return f"{host}:{url.port or 5432}/{url.database or ''}"


def first_line(error: Exception) -> str:
    """The first line of what a driver says; the rest names files and addresses that help nobody."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0]


def _create_role(connection: Connection, role: str) -> None:
    connection.execute(
        text(
            f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$
            """
        )
    )


def _grant_login(connection: Connection, app: URL) -> None:
    if not app.username:
        raise DatabaseSetupError(
            "HUB_DATABASE_URL names no user: the hub cannot tell whom to grant its roles."
        )
    quote = connection.dialect.identifier_preparer.quote
    login = quote(app.username)
    option = " WITH INHERIT FALSE, SET TRUE" if server_version(connection) >= INHERIT_OPTION_SINCE else ""
    for role in (TENANT_ROLE, SYSTEM_ROLE, IDENTITY_ROLE, ERASER_ROLE):
        connection.execute(text(f"GRANT {role} TO {login}{option}"))
    database = quote(connection.execute(text("SELECT current_database()")).scalar_one())
    connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {login}"))
    # Nothing of the hub needs temporary tables, and what nobody can make cannot stand in for a table of ours.
    if connection.execute(text(OWNS_DATABASE)).scalar_one():
        connection.execute(text(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"))
