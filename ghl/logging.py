"""Structured logs, one JSON object a line, for every process of the hub; set up once at its edge.

What names a person or opens a door is taken out here as well, should it ever get this far: nothing may rely
on that. Modules ask `structlog.get_logger()`; code that logs through the standard library comes out the same.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import structlog

HIDDEN = "[hidden]"

SECRET_NAMES = re.compile(
    r"token|secret|password|authorization|cookie|api_?key|source_?key|encryption_?keys?$|(^|_)url$|dsn",
    re.IGNORECASE,
)
"""Names of values that are never written, whatever they hold. Database and Redis addresses hold passwords."""

PERSONAL_NAMES = re.compile(
    r"^(first_?name|last_?name|full_?name|name_on_card|contact_name|guardian_\w+|e?-?mail|phone|address\d?|city"
    r"|postal_?code|birthday|date_?of_?birth|prayer\w*|notes|custom_?answers|fields|body)$",
    re.IGNORECASE,
)
"""Names of values that are on a card."""

# Patterns are tried in this order: an address with a password in it holds what looks like an e-mail address.
PATTERNS = (
    re.compile(r"\b(?:pit-|hubk_)[A-Za-z0-9][A-Za-z0-9_-]{7,}"),
    re.compile(r"\bBearer\s+\S+", re.IGNORECASE),
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(r"\b[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"(?<![\w.:-])\+\d[\d\s().-]{6,}\d(?![\w:])"),
    re.compile(r"(?<![\w.:+-])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?![\w:-])"),
    re.compile(r"(?<![\w.:+-])1?\d{10}(?![\w.:-])"),
)
"""Tokens, keys, passwords in addresses, e-mail addresses, phone numbers."""

DATABASE_DETAILS = ("DETAIL:", "CONTEXT:", "[parameters:", "LINE ")
"""How the lines begin in which PostgreSQL and SQLAlchemy quote values."""

LONGEST_TEXT = 2000
DEEPEST = 4


def redact(text: str) -> str:
    """The text without tokens, keys, passwords, e-mail addresses and phone numbers."""
    for pattern in PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def redact_traceback(text: str) -> str:
    """A traceback without the rows that PostgreSQL quotes in its details; its end is kept, where the error is."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(DATABASE_DETAILS)]
    for pattern in PATTERNS:
        kept = [pattern.sub(HIDDEN, line) for line in kept]
    return "\n".join(kept)[-2 * LONGEST_TEXT :]


def set_up_logging(process: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Writes the logs of this process to `stream` (standard error unless told otherwise) from `level` on.

    An unknown level is INFO: a hub does not stay down because of its log. Safe to call again.
    """
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    target = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _Stamp(process),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # These tell every request and every statement, with addresses; at DEBUG too they are not for a log.
    for noisy in ("httpx", "httpcore", "sqlalchemy", "rq", "asyncio", "urllib3", "watchdog", "faker"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))


@contextmanager
def bound(**ids: UUID | str | int) -> Iterator[None]:
    """Within it every log line of this thread carries these ids, such as `church`, `card`, `job`, `request`."""
    with structlog.contextvars.bound_contextvars(**{name: str(value) for name, value in ids.items()}):
        yield


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last processor before a line is written: hides by name and by pattern, at every depth."""
    for name, value in event.items():
        if name == "exception":
            event[name] = redact_traceback(str(value))
        elif name not in {"timestamp", "level", "logger", "process", "pid"}:
            event[name] = _hidden(name, value, DEEPEST)
    return event


def _hidden(name: str, value: Any, depth: int) -> Any:
    if SECRET_NAMES.search(name) or PERSONAL_NAMES.search(name):
        return HIDDEN if value not in (None, "") else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID | datetime | timedelta | Path):
        return str(value)
    if isinstance(value, BaseException):
        return redact(f"{type(value).__name__}: {value}")
    if depth and isinstance(value, Mapping):
        return {redact(str(key)): _hidden(str(key), inner, depth - 1) for key, inner in value.items()}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_hidden("", inner, depth - 1) for inner in value]
    return redact(value) if isinstance(value, str) else type(value).__name__


class _Stamp:
    """Adds when (UTC) and from which process."""

    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        event["process"] = self._process
        return event
