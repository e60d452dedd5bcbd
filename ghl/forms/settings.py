"""What an admin decides about the card form, and changing it: each problem told at its field, nothing half saved."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.fields import LENGTHS, MAX_INTEREST, MAX_INTERESTS
from ghl.cards.values import clean
from ghl.churches import ChurchNotFoundError
from ghl.db.models import CardForm, Church
from ghl.forms.lint import Lack, address_problem, lacks
from ghl.forms.wordings import add_version, default_words, newest
from ghl.statuses import Channel

MAX_NAME = 200
MAX_WELCOME = 600
MAX_CHOICES = 30
LISTS: Mapping[str, tuple[int, int]] = {
    "services": (MAX_CHOICES, LENGTHS["service"]),
    "campuses": (MAX_CHOICES, LENGTHS["campus"]),
    "interests": (MAX_INTERESTS, MAX_INTEREST),
}
"""The lists of the form: how many choices, and how long each may be."""
TEXTS: Mapping[str, int] = {"legal_name": MAX_NAME, "welcome": MAX_WELCOME}
ADDRESSES = ("privacy_url", "terms_url")
WORDS: Mapping[Channel, str] = {Channel.SMS: "sms_wording", Channel.EMAIL: "email_wording"}
"""The name of each box's words among the fields of a change."""


class FormError(ValueError):
    """The form can't be changed so. `problems` has each reason by field, in words; no value stands in the text."""

    def __init__(self, problems: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(said)}" for name, said in problems.items()))
        self.problems = problems


@dataclass(frozen=True)
class FormSettings:
    """The form as it is. A church that changed nothing has the defaults."""

    church_name: str
    is_open: bool = True
    legal_name: str = ""
    privacy_url: str = ""
    terms_url: str = ""
    welcome: str = ""
    services: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the form calls the church: its legal name where an admin gave one."""
        return self.legal_name or self.church_name

    def default_words(self, channel: Channel) -> str:
        """The words of a box for a church that writes none of its own."""
        return default_words(channel, name=self.name, privacy_url=self.privacy_url, terms_url=self.terms_url)

    def lacks(self, channel: Channel, words: str) -> tuple[Lack, ...]:
        """What these words of a box lack on this form."""
        return lacks(
            channel, words, names=(self.name,), privacy_url=self.privacy_url, terms_url=self.terms_url
        )

    def must_say(self, channel: Channel, words: str) -> tuple[str, ...]:
        """What keeps these words from being saved, in sentences."""
        return tuple(lack.text for lack in self.lacks(channel, words) if lack.must)


NAMES = tuple(field.name for field in fields(FormSettings) if field.name != "church_name")
"""What is stored of the form; the church's own name stands with the church."""


@dataclass(frozen=True)
class FormChange:
    """What is to become different; None leaves a field as it is."""

    is_open: bool | None = None
    legal_name: str | None = None
    privacy_url: str | None = None
    terms_url: str | None = None
    welcome: str | None = None
    services: tuple[str, ...] | None = None
    campuses: tuple[str, ...] | None = None
    interests: tuple[str, ...] | None = None
    sms_wording: str | None = None
    email_wording: str | None = None


def form_of(session: Session, church_id: UUID) -> FormSettings:
    """The church's form. A transaction of the church. Raises `ChurchNotFoundError`."""
    # Columns and not the object: after a lock the newest row counts, not the one this session read before.
    row = session.execute(
        select(Church.name, CardForm.church_id, *(getattr(CardForm, name) for name in NAMES))
        .outerjoin(CardForm, CardForm.church_id == Church.id)
        .where(Church.id == church_id)
    ).one_or_none()
    if row is None:
        raise ChurchNotFoundError("There is no such church.")
    if row.church_id is None:
        return FormSettings(row.name)
    stored = {name: getattr(row, name) for name in NAMES}
    return FormSettings(row.name, **(stored | {name: tuple(stored[name]) for name in LISTS}))


def change_form(
    session: Session, church_id: UUID, change: FormChange, *, actor: str, now: datetime
) -> tuple[str, ...]:
    """Changes the form and returns the names of the fields that are different now, audited in the same transaction.

    Words that are still the default ones follow the church's name and links. Changed words are a new version; the
    others stay for ever. Raises `FormError`, and `ChurchNotFoundError`; then nothing is changed.
    """
    form_of(session, church_id)
    # The row is there from now on and locked: of two admins one waits, and versions are counted one by one.
    session.execute(
        insert(CardForm)
        .values(church_id=church_id, changed_by=actor, changed_at=now)
        .on_conflict_do_nothing()
    )
    session.execute(select(CardForm.church_id).where(CardForm.church_id == church_id).with_for_update())
    old = form_of(session, church_id)
    problems: dict[str, tuple[str, ...]] = {}
    new = _changed(old, change, problems)
    words = {}
    for channel in Channel:
        known = newest(session, church_id, channel)
        given = getattr(change, WORDS[channel])
        before = known.text if known else old.default_words(channel)
        text = before if given is None else clean(given[:20_000])
        if text == old.default_words(channel):
            text = new.default_words(channel)
        if (text != before or new.name != old.name) and (musts := new.must_say(channel, text)):
            problems[WORDS[channel]] = musts
        if text != before:
            # The default words are written down when somebody first sees them; nobody has where none is known.
            words[channel] = (text, known.version + 1 if known else 1)
    if problems:
        raise FormError(problems)
    different = [name for name in NAMES if getattr(new, name) != getattr(old, name)]
    if different:
        session.execute(
            update(CardForm)
            .where(CardForm.church_id == church_id)
            .values({name: _stored(getattr(new, name)) for name in different})
            .values(changed_by=actor, changed_at=now)
        )
    versions = {}
    for channel, (text, number) in words.items():
        version = number
        if not add_version(session, church_id, channel, text, version=version, actor=actor, now=now):
            # At this moment the form was opened for the first time, and its default words became version 1.
            version += 1
            add_version(session, church_id, channel, text, version=version, actor=actor, now=now)
        different.append(WORDS[channel])
        versions[WORDS[channel]] = version
    if different:
        facts = {"fields": different, **({"versions": versions} if versions else {})}
        audit.record(session, church_id=church_id, actor=actor, action="form.changed", facts=facts)
    return tuple(different)


def _changed(old: FormSettings, change: FormChange, problems: dict[str, tuple[str, ...]]) -> FormSettings:
    new: dict[str, Any] = {} if change.is_open is None else {"is_open": change.is_open}
    for name, most in TEXTS.items():
        if (text := getattr(change, name)) is not None:
            new[name] = clean(text[: 10 * most], lines=name == "welcome")
            if len(new[name]) > most:
                problems[name] = (f"This is too long; {most} characters fit.",)
    for name in ADDRESSES:
        if (text := getattr(change, name)) is not None:
            if problem := address_problem(text.strip()):
                # The words are judged with the address that was there: one mistake is told once.
                problems[name] = (problem,)
            else:
                new[name] = text.strip()
    for name, (most, each) in LISTS.items():
        if (entries := getattr(change, name)) is not None:
            new[name] = tuple(dict.fromkeys(filter(None, (clean(entry[: 10 * each]) for entry in entries))))
            if said := _of_list(new[name], most, each):
                problems[name] = said
    return replace(old, **new)


def _of_list(entries: tuple[str, ...], most: int, each: int) -> tuple[str, ...]:
    said = []
    if len(entries) > most:
        said.append(f"There are {len(entries)} lines; {most} fit.")
    if any(len(entry) > each for entry in entries):
        said.append(f"A line is too long; {each} characters fit.")
    if any(";" in entry for entry in entries):
        said.append("A line has a ; in it, which lists of cards use between answers. Write a comma.")
    if len({entry.casefold() for entry in entries}) < len(entries):
        said.append("Two lines differ in capitals only.")
    return tuple(said)


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
