"""How long an answer takes: a range in seconds, by location and operation, from a seeded source of chance."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds, evenly spread from `low` to `high`."""

    low: float = 0.0
    high: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Range":
        """Reads `0.5` or `0.5-2`. Raises ValueError for anything else, or for a range upside down."""
        low, _, high = text.partition("-")
        made = cls(float(low), float(high or low))
        if not 0 <= made.low <= made.high:
            raise ValueError("a latency is a number of seconds or a range such as 0.5-2")
        return made

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}-{self.high:g}"


class Latency:
    """The range that holds for a call; the most particular rule wins."""

    def __init__(self, default: Range, random: Random) -> None:
        self._random = random
        self._rules: dict[tuple[str | None, str | None], Range] = {(None, None): default}

    def set(self, span: Range, *, location: str | None = None, operation: str | None = None) -> None:
        """`span` holds from now on for that location and operation; None means every one."""
        self._rules[location, operation] = span

    def seconds(self, location: str, operation: str) -> float:
        """How long this call takes."""
        rules = self._rules
        if len(rules) == 1:
            span = rules[None, None]
        else:
            keys = ((location, operation), (location, None), (None, operation), (None, None))
            span = next(rules[key] for key in keys if key in rules)
        return span.low if span.low == span.high else self._random.uniform(span.low, span.high)

    def rules(self) -> list[dict[str, str | None]]:
        """All rules, for the control API."""
        return [
            {"location": loc, "operation": op, "seconds": str(span)}
            for (loc, op), span in self._rules.items()
        ]
