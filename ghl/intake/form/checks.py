"""Whether a card may be saved as it was written, and what to say at which field when not. Pure.

Whoever writes is still there to mend it, so a wrong number is told now. It is told once: sent again unchanged it is
taken as it is, because our rules may be wrong and the person right.
"""

from datetime import datetime

from ghl.cards.email import EmailError, normal_email
from ghl.cards.fields import CardFieldsError, ParsedCard, parse_card
from ghl.cards.phone import PhoneError, e164
from ghl.forms import FormSettings
from ghl.intake.form.entry import ADULT, TEEN, TRAP, Entry
from ghl.intake.form.known import KnownForm

QUICKEST_SECONDS = 2
"""Nobody reads and fills in the form faster; who does is asked to press Send once more, and nothing is lost."""

TEXTS = (
    "first_name",
    "last_name",
    "phone",
    "email",
    "service",
    "campus",
    "prayer_request",
    "notes",
    "guardian_name",
    "guardian_phone",
)


class EntryError(Exception):
    """The card can't be saved so. `problems` has a sentence for each field, in the order of the page."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def check(entry: Entry, form: KnownForm, *, now: datetime) -> ParsedCard:
    """The card. Raises `EntryError`. The same card sent twice on one day is the same card: see the fingerprint."""
    problems: dict[str, str] = {}
    _who(entry, problems)
    _reach(entry, form.region, problems)
    _choices(entry, form.settings, problems)
    _boxes(entry, problems)
    try:
        card = parse_card(_values(entry, form, now), today=now.date())
    except CardFieldsError as error:
        for problem in error.problems:
            if problem.field != "card":
                problems.setdefault(problem.field, problem.message)
        raise EntryError(_in_order(problems)) from None
    opened = entry.number("opened")
    if not problems and (entry[TRAP] or not opened or now.timestamp() - opened < QUICKEST_SECONDS):
        problems["form"] = "Please look your card over and press Send once more."
    if problems:
        raise EntryError(_in_order(problems))
    return card


def _who(entry: Entry, problems: dict[str, str]) -> None:
    if not entry["first_name"].strip():
        problems["first_name"] = "Write your first name."
    if entry["age"] not in {ADULT, TEEN}:
        problems["age"] = "Choose your age: it decides what we may ask you."


def _reach(entry: Entry, region: str, problems: dict[str, str]) -> None:
    phone, email = entry["phone"].strip(), entry["email"].strip()
    if not (phone or email or entry["prayer_request"].strip() or entry["notes"].strip()):
        problems["phone"] = "Write a phone number or an e-mail address, so that the church can answer you."
    if entry.ticked("sms") and not phone:
        problems["phone"] = "You ticked texts: write the number they go to, or take the tick away."
    if entry.ticked("mail") and not email:
        problems["email"] = "You ticked e-mail: write the address it goes to, or take the tick away."
    if phone:
        try:
            e164(phone, region)
        except PhoneError as error:
            if entry.ticked("sms") or phone != entry["told_phone"].strip():
                problems["phone"] = _told(error.message, ticked=entry.ticked("sms"))
    if email:
        try:
            normal_email(email)
        except EmailError as error:
            if entry.ticked("mail") or email != entry["told_email"].strip():
                problems["email"] = _told(error.message, ticked=entry.ticked("mail"))


def _told(message: str, *, ticked: bool) -> str:
    way_out = "correct it, or take the tick away" if ticked else "correct it, or send it again as it is"
    return f"{message} Please {way_out}."


def _choices(entry: Entry, settings: FormSettings, problems: dict[str, str]) -> None:
    for name, choices in (("service", settings.services), ("campus", settings.campuses)):
        if entry[name] and entry[name] not in choices:
            problems[name] = "This choice is gone. Choose again, or leave it open."
    if not set(entry.interests) <= set(settings.interests):
        problems["interests"] = "These choices were changed meanwhile. Choose again."


def _boxes(entry: Entry, problems: dict[str, str]) -> None:
    if entry.ticked("sms") and entry["age"] == TEEN:
        problems["sms"] = (
            "The church texts people of 18 or older. Take the tick away; your card arrives without it."
        )


def _values(entry: Entry, form: KnownForm, now: datetime) -> dict[str, object]:
    return {
        **{name: entry[name] for name in TEXTS},
        "interests": list(entry.interests),
        "first_time": {"yes": True, "no": False}.get(entry["first_time"]),
        "volunteer": True if entry.ticked("volunteer") else None,
        # No tick is no answer: nobody said no.
        "sms_consent": True if entry.ticked("sms") else None,
        "email_consent": True if entry.ticked("mail") else None,
        "adult": entry["age"] == ADULT,
        # The day of the signature also keeps next week's card of the same person from passing for this one.
        "consent_at": now.astimezone(form.zone).date(),
    }


ORDER = (
    "form",
    *("first_name", "last_name", "phone", "email", "age", "guardian_name", "guardian_phone"),
    *("first_time", "service", "campus", "interests", "volunteer", "prayer_request", "notes", "sms", "mail"),
)


def _in_order(problems: dict[str, str]) -> dict[str, str]:
    return {name: problems[name] for name in ORDER if name in problems}
