"""The questions of the form as they stand on it, and a card in words: to be copied where it can't be sent. Pure."""

from collections.abc import Mapping

from ghl.intake.form.entry import ADULT, CHILD, TEEN, Entry

AGES: Mapping[str, str] = {ADULT: "18 or older", TEEN: "13 to 17", CHILD: "Under 13"}
FIRST_TIME: Mapping[str, str] = {"yes": "Yes", "no": "No"}
VOLUNTEER = "I would like to help"

LABELS: Mapping[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Mobile phone",
    "email": "E-mail",
    "age": "Your age",
    "guardian_name": "Name of a parent or guardian",
    "guardian_phone": "Their phone",
    "first_time": "Is this your first time here?",
    "service": "Which service?",
    "campus": "Which campus?",
    "interests": "What interests you?",
    "prayer_request": "How may we pray for you?",
    "notes": "Anything else?",
}
"""In the order of the form."""


def in_words(entry: Entry) -> str:
    """What was written, a question a line. The boxes for messages are left out: a copied tick agrees to nothing."""
    said = {
        name: entry[name].strip() for name in LABELS if name not in {"age", "first_time", "interests"}
    } | {
        "age": AGES.get(entry["age"], ""),
        "first_time": FIRST_TIME.get(entry["first_time"], ""),
        "interests": ", ".join(entry.interests),
    }
    lines = [
        f"{label}{'' if label.endswith('?') else ':'} {said[name]}"
        for name, label in LABELS.items()
        if said[name]
    ]
    if entry.ticked("volunteer"):
        lines.append(VOLUNTEER)
    return "\n".join(lines)
