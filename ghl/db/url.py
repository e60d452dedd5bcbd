"""Addresses of databases as people are given them, in the form that SQLAlchemy needs."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ghl.db.errors import DatabaseSetupError


def database_url(text: str) -> URL:
    """The URL with psycopg as its driver; `postgres://…` and `postgresql://…` are what most providers hand out.

    Raises `DatabaseSetupError` without repeating the text, which may hold a password.
    """
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError) as error:
        raise DatabaseSetupError("This is not the address of a database: postgresql://… is.") from error
    if url.get_backend_name() != "postgresql":
        raise DatabaseSetupError(f"It names {url.get_backend_name()}: the hub keeps its data in PostgreSQL.")
    return url.set(drivername="postgresql+psycopg")
