"""What somebody wrote into the form, exactly as it came: shown again on an error, so that nothing is typed twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ghl.cards.fields import MAX_INTERESTS
from ghl.intake.problems import Problem, ProblemError
from ghl.statuses import Channel

MAX_BODY = 160 * 1024
"""Two texts of 4,000 signs have at most 96 KiB in the form's coding, whatever the script; the rest is small."""
MAX_PARTS = 100
MEDIA_TYPE = "application/x-www-form-urlencoded"

BOXES: Mapping[Channel, str] = {Channel.SMS: "sms", Channel.EMAIL: "mail"}
"""The name of each consent box on the page."""
TRAP = "extra_answer"
"""A field that people don't see and programs fill in. Its name means nothing to a browser that fills in forms."""
ADULT, TEEN, CHILD = "18", "13", "under13"


@dataclass(frozen=True)
class Entry:
    """The values by name; a name that did not come is an empty text."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    interests: tuple[str, ...] = field(default=(), repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def ticked(self, name: str) -> bool:
        """Whether this box came with the form: browsers leave out those without a tick."""
        return self[name] == "yes"

    def without(self, *names: str) -> "Entry":
        """The same, with some values emptied."""
        return Entry(
            {name: value for name, value in self.values.items() if name not in names}, self.interests
        )

    def number(self, name: str) -> int:
        """A value as a whole number; what is none is 0."""
        value = self[name]
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 12 else 0


def read_entry(body: bytes) -> Entry:
    """The form in `body`. Of a name that came twice the first value counts. Raises `ProblemError`."""
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"),
            keep_blank_values=True,
            max_num_fields=MAX_PARTS,
            errors="replace",
        )
    except ValueError:
        raise ProblemError(Problem.BAD_REQUEST) from None
    values: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name, value)
    chosen = dict.fromkeys(value for name, value in pairs if name == "interests" and value)
    return Entry(values, tuple(chosen)[: 2 * MAX_INTERESTS])
