"""Heads of chains that were kept outside the database, as `hub audit verify --json` printed them."""

from pathlib import Path
from uuid import UUID

import orjson

from ghl.chain.verify import Head


class AnchorError(ValueError):
    """The file holds no heads; the message says so in one line."""


def read_anchors(path: Path) -> dict[UUID, Head]:
    """The heads by chain; those of chains that were empty are left out. Raises `AnchorError`."""
    try:
        heads = orjson.loads(path.read_bytes())["heads"]
        read = {UUID(one["chain"]): Head(int(one["position"]), bytes.fromhex(one["hash"])) for one in heads}
    except OSError as error:
        raise AnchorError(f"{path} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise AnchorError(
            f"{path} holds no heads of chains: it must be what `hub audit verify --json` printed."
        ) from error
    return {chain: head for chain, head in read.items() if head.position}
