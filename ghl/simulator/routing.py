"""The table of endpoints: which call a method and path mean, and what it needs to be let in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ghl.simulator.locations import Location
from ghl.simulator.state import State
from ghl.simulator.wire import Request


class Names(Enum):
    """Where a call says which location it means."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    CONTACT = "contact"
    TOKEN = "token"  # noqa: S105  (the token's own location, where a call names none)


@dataclass(slots=True)
class Call:
    """One request let in by the gate, as handlers get it."""

    request: Request
    params: dict[str, str]
    body: dict[str, Any]
    location: Location
    state: State
    v3: bool


Handler = Callable[[Call], tuple[int, dict[str, Any]]]
"""Does the work under the state's lock; returns status and JSON body, or raises Refusal."""


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `operation` is its name in faults, latency and statistics: family.verb."""

    method: str
    path: str
    operation: str
    scope: str
    names: Names
    handler: Handler
    reads_body: bool = False
    agency: bool = False
    """Whether an agency's token is let in."""


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    parameter: tuple[str, "_Node"] | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """Finds the route of a request in one step a path segment; fixed words win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for part in _parts(route.path):
                if part.startswith("{"):
                    if node.parameter is None:
                        node.parameter = (part[1:-1], _Node())
                    node = node.parameter[1]
                else:
                    node = node.children.setdefault(part, _Node())
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters; a closing slash makes no difference."""
        node, params = self._root, {}
        for part in _parts(path):
            if part in node.children:
                node = node.children[part]
            elif node.parameter is not None:
                name, node = node.parameter
                params[name] = part
            else:
                return None
        route = node.routes.get(method)
        return (route, params) if route else None


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]
