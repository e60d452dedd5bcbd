"""Every column that holds something sealed, or hangs on a key. Counting, re-sealing and checking keys go over these
lists and no others.

A new column needs its line here, and the right for `hub_system` to read its key version and, sealed, `church_id`.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table

from ghl.crypto import Context
from ghl.db.base import Base, table_of
from ghl.db.models import ConsentProof, Credential, TokenTrial


@dataclass(frozen=True)
class SealedColumn:
    """A column with ciphertext and the one with its key's version. The table has `id` and `church_id`."""

    model: type[Base]
    column: str
    version: str
    what: str
    """What it holds, in the plural, for people: `tokens`."""
    place_of: "SealedColumn | None" = None
    """Sealed for the row of another column that will have the same id, such as a token on trial."""

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
        of = self.place_of or self
        return Context(of.table.name, of.column, church_id, row_id)


@dataclass(frozen=True)
class KeyedColumn:
    """A column that names a key without which its row is worth nothing, though nothing of it can be sealed anew."""

    model: type[Base]
    version: str
    what: str
    lost: str
    """What becomes of it without its key, for people: `can't be looked up`."""

    @property
    def table(self) -> Table:
        """Its table."""
        return table_of(self.model)

    @property
    def key_version(self) -> "Column[Any]":
        """The key."""
        return self.table.c[self.version]


TOKENS = SealedColumn(Credential, "sealed", "key_version", "tokens")

TRIALS = SealedColumn(TokenTrial, "sealed", "key_version", "tested tokens", place_of=TOKENS)

SEALED: tuple[SealedColumn, ...] = (TOKENS, TRIALS)

KEYED: tuple[KeyedColumn, ...] = (
    # Sealed with a public key of that version; gone within the hour.
    KeyedColumn(TokenTrial, "box_key_version", "pasted tokens", "have to be pasted again"),
    # A hash cannot be made anew from itself: its key is kept as long as it is.
    KeyedColumn(ConsentProof, "key_version", "proofs of consent", "can't be looked up"),
)
