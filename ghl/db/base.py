"""What all tables share: names of constraints, and the column types that are used again and again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PGUUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base; every table of the hub is in its metadata."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        str: Text(),
        datetime: DateTime(timezone=True),
        UUID: PGUUID(as_uuid=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


Id = Annotated[UUID, mapped_column(primary_key=True)]
ChurchId = Annotated[UUID, mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))]
Created = Annotated[datetime, mapped_column(server_default=text("now()"))]


def one_of(column: str, values: type[Any]) -> str:
    """The CHECK that lets only the members of a `StrEnum` into a text column.

    Text with CHECK and not an enum type: enum equality is not leakproof, so under row-level security an
    index could not be used for it.
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def table_of(model: type[Base]) -> Table:
    """A model's table, for statements on many rows: without the work that objects bring."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
