"""The words of *Import a list*: where columns go, what the counts mean, and the sample file. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from dashboard.components.card_form import LABELS
from dashboard.formatting import cards, number, one_line
from ghl.cards.columns import FULL_NAME
from ghl.cards.fields import CardFields
from ghl.cards.import_preview import Preview, Said
from ghl.cards.imports import Counts, ImportView
from ghl.cards.suggest import KEEP, LEAVE
from ghl.cards.table import RawRow

TARGETS: Mapping[str, str] = (
    {
        "first_name": LABELS["first_name"],
        "last_name": LABELS["last_name"],
        FULL_NAME: "First and last name together",
        "phone": LABELS["phone"],
        "email": LABELS["email"],
    }
    | dict(LABELS)
    | {
        "interests": "Interests",
        "sms_consent": "May we text this person? (yes or no)",
        "email_consent": "May we e-mail this person? (yes or no)",
        "consent_wording": "Words beside the boxes",
        "guardian_phone": "Phone of the parent or guardian",
        "guardian_consent": "Parent or guardian agrees",
    }
    | {KEEP: "Keep as an answer of its own", LEAVE: "Leave out"}
)
"""Where a column may go, in the order in which it is offered."""

STEPS = ("Choose a file", "Match the columns", "Check", "Save")

UNCLEAR = "Not clear: refuse these rows"
MEANINGS: Mapping[str, bool | str | None] = {
    UNCLEAR: UNCLEAR,
    "Yes": True,
    "No": False,
    "Left blank": None,
}

WHERE = ("Paper card", "Form on a website", "Sign-up sheet", "Told us in person", "Another way")

SAMPLE_COLUMNS: Sequence[tuple[str, str, str, str]] = (
    ("First name", "Maria", "Sam", "A card needs at least a name, a phone or an e-mail."),
    ("Last name", "Example", "Sample", "Or one column *Name* with both: we take it apart."),
    (
        "Mobile phone",
        "(615) 555-0142",
        "615-555-0143",
        "As people write it. A wrong one is kept to be mended.",
    ),
    ("E-mail", "maria@example.org", "", "As people write it."),
    ("Date on the card", "2026-11-22", "11/22/2026", "The day of the visit."),
    ("Service", "9:00 am", "11:00 am", "Which service they came to."),
    ("First time here?", "yes", "no", "Yes, no, or blank."),
    ("Interests", "Choir; Small group", "", "Several with ; between them."),
    ("May we text this person?", "yes", "", "Yes, no, or blank. **A blank changes nothing.**"),
    ("May we e-mail this person?", "yes", "no", "Yes, no, or blank. **A blank changes nothing.**"),
    ("Words beside the boxes", "", "", "What the box on the card said. One answer for all is asked later."),
    ("Prayer request", "", "", "Kept apart. It never leaves the hub by itself."),
    ("Notes", "", "Came with a friend", "Anything else on the card."),
)
"""Heading, two rows of an example, and what the column is for (constant words, drawn as Markdown)."""


def sample_file() -> bytes:
    """A small list that imports without a question, to fill in."""
    text = io.StringIO()
    csv.writer(text).writerows([column[place] for column in SAMPLE_COLUMNS] for place in range(3))
    return text.getvalue().encode("utf-8-sig")


def explained() -> str:
    """The columns of the sample file as Markdown; constant words."""
    lines = [f"- **{heading}**: {what}" for heading, _, _, what in SAMPLE_COLUMNS]
    lines.append("- Any other column is kept as an answer to a question of your own.")
    return "\n".join(lines)


def rows(count: int) -> str:
    """`1 row`, `60 rows`."""
    return f"{number(count)} row{'' if count == 1 else 's'}"


def counted(shown: Preview) -> str:
    """`57 will be saved · 3 will be refused · 2 are already here`."""
    parts = [f"{cards(shown.new)} will be saved"]
    if shown.refused:
        parts.append(f"{rows(len(shown.refused))} will be refused")
    if shown.here:
        parts.append(f"{number(shown.here)} {_are(shown.here)} already here")
    if shown.twice:
        parts.append(f"{number(shown.twice)} {'stands' if shown.twice == 1 else 'stand'} twice in the list")
    return " · ".join(parts)


def consent(kind: str, said: Said) -> str:
    """`Texts: 12 said yes, 5 said no, 40 left it blank. A blank changes nothing.`"""
    if not (said.yes or said.no):
        return f"{kind}: nobody said yes or no. A blank changes nothing."
    blank = f", {number(said.blank)} left it blank. A blank changes nothing." if said.blank else "."
    return f"{kind}: {number(said.yes)} said yes, {number(said.no)} said no{blank}"


def trouble(found: ImportView) -> str:
    """What came in the way, in words; empty where nothing did."""
    return SILENT if found.silent else found.trouble


def mending(found: ImportView) -> int:
    """How many of the new cards wait to be mended, as far as it was seen before they were saved."""
    return min(found.to_mend, found.counts.created) if found.finished and not found.review else 0


def result(found: ImportView) -> list[str]:
    """What came of a list, a sentence a line."""
    counts, lines = found.counts, []
    if not found.finished and not trouble(found) and found.total is not None:
        left = found.total - counts.received
        lines.append(
            f"{rows(left)} {'was' if left == 1 else 'were'} not looked at. Import the same list again to go on: "
            "nothing is saved twice."
        )
    lines.append(outcome(counts))
    if counts.created:
        lines.append(
            "They wait in To review: somebody looks at each before it is sent."
            if found.review
            else "They go to GoHighLevel by themselves."
        )
    if to_mend := mending(found):
        one = to_mend == 1
        lines.append(
            f"{number(to_mend)} of them {'needs' if one else 'need'} mending first: "
            f"{'it stands' if one else 'they stand'} under Needs attention."
        )
    return lines + others(counts)


def outcome(report: Counts) -> str:
    """The first sentence of the result."""
    if report.created:
        one = report.created == 1
        return f"{number(report.created)} new {'card is' if one else 'cards are'} saved."
    return "No new card was saved."


def others(report: Counts) -> list[str]:
    """What became of the rows that made no new card."""
    lines = []
    if report.duplicates:
        one = report.duplicates == 1
        lines.append(
            f"{number(report.duplicates)} {'was' if one else 'were'} here already or twice in the list: "
            "not saved again."
        )
    if report.refused:
        one = report.refused == 1
        lines.append(
            f"{rows(report.refused)} {'was' if one else 'were'} refused. Download "
            f"{'it' if one else 'them'}, mend what the last column says, and import the file here: "
            "it is known again."
        )
    return lines


SILENT = (
    "The hub was started anew while this list was being saved. What was saved until then is safe. Import the same "
    "list again: nothing is saved twice."
)


def share(found: ImportView) -> float:
    """How much of a list is done, from 0 to 1."""
    return min(1.0, found.counts.received / found.total) if found.total else 0.0


def how_far(found: ImportView) -> str:
    """`12 of 60 rows done.`"""
    done = number(found.counts.received)
    return (
        f"{done} of {rows(found.total)} done."
        if found.total is not None
        else f"{rows(found.counts.received)} done."
    )


def in_one_line(counts: Counts) -> str:
    """`57 new cards · 2 were here already · 3 rows refused`"""
    parts = [f"{number(counts.created)} new card{'' if counts.created == 1 else 's'}"]
    if counts.duplicates:
        parts.append(
            f"{number(counts.duplicates)} {'was' if counts.duplicates == 1 else 'were'} here already"
        )
    if counts.refused:
        parts.append(f"{rows(counts.refused)} refused")
    return " · ".join(parts)


def download(count: int) -> str:
    """What the button for the refused rows says."""
    return "Download the refused row" if count == 1 else f"Download the {number(count)} refused rows"


def refused_name(name: str) -> str:
    """What the file of refused rows is called: `visitors-refused.csv`."""
    stem = name.rpartition(".")[0] or name
    kept = "".join(sign if sign.isalnum() or sign in " _-" else " " for sign in stem)
    return f"{' '.join(kept.split())[:80] or 'list'}-refused.csv"


def in_short(row: RawRow, hidden: Sequence[int], limit: int = 90) -> str:
    """The beginning of a row as written, so that somebody finds it; `hidden` columns are left out."""
    cells = [
        one_line(str(cell), 40)
        for place, cell in enumerate(row.cells)
        if place not in hidden and cell is not None and str(cell).strip()
    ]
    return one_line(" · ".join(cells), limit) or "Nothing readable"


def as_saved(first: Sequence[tuple[int, CardFields]]) -> dict[str, list[str]]:
    """The first cards as a table of texts, with only the fields that any of them has."""
    table: dict[str, list[str]] = {"Row": [str(row) for row, _ in first]}
    for name, label in TARGETS.items():
        if name in CardFields.model_fields:
            column = [_shown(getattr(fields, name)) for _, fields in first]
            if any(column):
                table[label] = column
    questions = dict.fromkeys(question for _, fields in first for question in fields.custom_answers)
    for question in questions:
        name = one_line(question, 60)
        table[name if name not in table else f"{name} (own)"] = [
            one_line(fields.custom_answers.get(question, ""), 200) for _, fields in first
        ]
    return table


def _shown(value: object) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case date():
            return f"{value:%b} {value.day}, {value.year}"
        case tuple():
            return one_line("; ".join(map(str, value)), 200)
        case None:
            return ""
    return one_line(str(value), 200)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
