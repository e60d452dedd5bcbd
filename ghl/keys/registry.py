"""Every column that holds something sealed. Counting, re-sealing and checking keys go over this list and no other.

A new sealed column needs its line here, and the right for `hub_system` to read `church_id` and its key version.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table

from ghl.crypto import Context
from ghl.db.base import Base, table_of
from ghl.db.models import Credential


@dataclass(frozen=True)
class SealedColumn:
    """A column with ciphertext and the one with its key's version. The table has `id` and `church_id`."""

    model: type[Base]
    column: str
    version: str
    what: str
    """What it holds, in the plural, for people: `tokens`."""

    @property
    def table(self) -> Table:
        """Its table."""
        return table_of(self.model)

    @property
    def sealed(self) -> "Column[Any]":
        """Nonce and ciphertext."""
        return self.table.c[self.column]

    @property
    def key_version(self) -> "Column[Any]":
        """Which key opens it."""
        return self.table.c[self.version]

    def place(self, church_id: UUID, row_id: UUID) -> Context:
        """The place of one secret, which is sealed into it."""
        return Context(self.table.name, self.column, church_id, row_id)


TOKENS = SealedColumn(Credential, "sealed", "key_version", "tokens")

SEALED: tuple[SealedColumn, ...] = (TOKENS,)
