"""The hub's own script for the pages, as a file of its own: inline scripts are refused by our headers."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_KEYS = (Path(__file__).resolve().parent / "assets" / "keys.js").read_bytes()
_VERSION = hashlib.sha256(_KEYS).hexdigest()[:16]
KEYS_PATH = f"/assets/keys-{_VERSION}.js"
"""The name changes with the content, so that a browser may keep it for ever."""


def script_routes() -> list[Route]:
    """The route of the script. A page of another release gets this one's, and may not keep it."""

    async def keys(request: Request) -> Response:
        known = request.path_params["version"] == _VERSION
        return Response(
            _KEYS,
            media_type="text/javascript",
            headers={"Cache-Control": "public, max-age=31536000, immutable" if known else "no-store"},
        )

    return [Route("/assets/keys-{version}.js", keys)]
