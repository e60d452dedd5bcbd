"""The words a church may send: its templates, their versions, which one is published. Transactions of the church.

A version is only ever added: a message names the one that it said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.values import clean
from ghl.churches import ChurchNotFoundError
from ghl.db.models import Church, MessageTemplate, MessageTemplateVersion
from ghl.ids import new_id
from ghl.messages.defaults import DEFAULTS
from ghl.messages.lint import MAX_BODY, MAX_SUBJECT, Problem, problems
from ghl.messages.render import Words
from ghl.statuses import Channel, Purpose

MAX_NAME = 80
MAX_HOURS = 8760
MOST_TEMPLATES = 50
MOST_VERSIONS = 50
HUB = "hub"
"""Who wrote the default words."""


class TemplateNotFoundError(Exception):
    """The church has no such template, or no such version."""


class TemplateError(ValueError):
    """The template can't be saved or published so. `problems` says why, by field, in sentences."""

    def __init__(self, found: tuple[Problem, ...]) -> None:
        super().__init__(" ".join(one.text for one in found))
        self.problems = found


@dataclass(frozen=True)
class Template:
    """A template with its newest words, which may not be the published ones."""

    id: UUID
    key: str | None
    name: str
    channel: Channel
    purpose: Purpose
    send_within_hours: int | None
    onboarding: bool
    version: int
    published_version: int | None
    subject: str
    body: str
    changed_by: str
    changed_at: datetime
    archived_at: datetime | None = None

    @property
    def words(self) -> Words:
        """The newest words."""
        return Words(self.subject, self.body)

    @property
    def published(self) -> bool:
        """Whether anything of it may leave."""
        return self.published_version is not None

    @property
    def is_draft(self) -> bool:
        """Whether its newest words are not the published ones."""
        return self.published_version != self.version


@dataclass(frozen=True)
class Version:
    """What a template once said."""

    number: int
    words: Words
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class Draft:
    """What is to become of a template; a field that is None stays."""

    name: str | None = None
    purpose: Purpose | None = None
    send_within_hours: int | None = None
    any_time: bool = False
    onboarding: bool | None = None
    subject: str | None = None
    body: str | None = None


def ensure_defaults(session: Session, church_id: UUID, *, now: datetime) -> None:
    """Gives the church the hub's own templates as drafts, where it has not got them. Asked again it changes nothing."""
    known = set(
        session.scalars(
            select(MessageTemplate.key).where(
                MessageTemplate.church_id == church_id, MessageTemplate.key.is_not(None)
            )
        )
    )
    for key, default in DEFAULTS.items():
        if key not in known:
            _add(
                session,
                church_id,
                key=key,
                name=default.name,
                channel=default.channel,
                purpose=Purpose.FOLLOW_UP,
                send_within_hours=default.send_within_hours,
                onboarding=True,
                words=default.words,
                actor=HUB,
                now=now,
            )


def templates_of(session: Session, church_id: UUID, *, archived: bool = False) -> list[Template]:
    """The church's templates with their newest words: the hub's own first, then by name."""
    rows = session.execute(
        select(MessageTemplate, MessageTemplateVersion.subject, MessageTemplateVersion.body)
        .join(
            MessageTemplateVersion,
            (MessageTemplateVersion.template_id == MessageTemplate.id)
            & (MessageTemplateVersion.version == MessageTemplate.version),
        )
        .where(
            MessageTemplate.church_id == church_id,
            MessageTemplate.archived_at.is_not(None) if archived else MessageTemplate.archived_at.is_(None),
        )
        .order_by(MessageTemplate.name, MessageTemplate.id)
        .limit(MOST_TEMPLATES)
        .execution_options(populate_existing=True)
    )
    found = [_read(row, subject, body) for row, subject, body in rows]
    order = list(DEFAULTS)
    return sorted(found, key=lambda one: order.index(one.key) if one.key in order else len(order))


def template(session: Session, church_id: UUID, template_id: UUID) -> Template:
    """One template, archived or not. Raises `TemplateNotFoundError`."""
    row = session.execute(
        select(MessageTemplate, MessageTemplateVersion.subject, MessageTemplateVersion.body)
        .join(
            MessageTemplateVersion,
            (MessageTemplateVersion.template_id == MessageTemplate.id)
            & (MessageTemplateVersion.version == MessageTemplate.version),
        )
        .where(MessageTemplate.church_id == church_id, MessageTemplate.id == template_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise TemplateNotFoundError("There is no such template.")
    return _read(*row)


def published_onboarding(session: Session, church_id: UUID) -> list[Template]:
    """The templates that *Send onboarding materials* sends."""
    return [one for one in templates_of(session, church_id) if one.onboarding and one.published]


def published_templates(session: Session, church_id: UUID) -> list[Template]:
    """The templates with words that may leave."""
    return [one for one in templates_of(session, church_id) if one.published_version is not None]


def words_of(session: Session, template_id: UUID, version: int) -> Words | None:
    """What this version says; None where the church never had it."""
    row = session.execute(
        select(MessageTemplateVersion.subject, MessageTemplateVersion.body).where(
            MessageTemplateVersion.template_id == template_id, MessageTemplateVersion.version == version
        )
    ).one_or_none()
    return Words(row.subject, row.body) if row else None


def versions_of(session: Session, church_id: UUID, template_id: UUID) -> list[Version]:
    """What a template has said, newest first, at most `MOST_VERSIONS`."""
    rows = session.scalars(
        select(MessageTemplateVersion)
        .where(
            MessageTemplateVersion.church_id == church_id, MessageTemplateVersion.template_id == template_id
        )
        .order_by(MessageTemplateVersion.version.desc())
        .limit(MOST_VERSIONS)
    )
    return [
        Version(row.version, Words(row.subject, row.body), row.created_by, row.created_at) for row in rows
    ]


def create(
    session: Session, church_id: UUID, *, name: str, channel: Channel, actor: str, now: datetime
) -> UUID:
    """A template of the church's own, empty and unpublished; returns its id. Raises `TemplateError`."""
    name = _name(name)
    if len(templates_of(session, church_id)) >= MOST_TEMPLATES:
        raise TemplateError((Problem("name", f"There are {MOST_TEMPLATES} already. Archive one first."),))
    made = _add(
        session,
        church_id,
        key=None,
        name=name,
        channel=channel,
        purpose=Purpose.FOLLOW_UP,
        send_within_hours=None,
        onboarding=False,
        words=Words("", ""),
        actor=actor,
        now=now,
    )
    _record(session, church_id, made, actor, action="template.created", facts={"channel": channel})
    return made


def save_draft(
    session: Session, church_id: UUID, template_id: UUID, draft: Draft, *, actor: str, now: datetime
) -> tuple[str, ...]:
    """Saves what is different and returns its names. New words are a new version, which nobody is sent before it is
    published; what else changes counts at once. Raises `TemplateError`, `TemplateNotFoundError`.
    """
    old = _locked(session, church_id, template_id)
    new: dict[str, Any] = {}
    if draft.name is not None and (name := _name(draft.name)) != old.name:
        new["name"] = name
    if draft.purpose is not None and draft.purpose is not old.purpose:
        new["purpose"] = draft.purpose
    hours = None if draft.any_time else draft.send_within_hours or old.send_within_hours
    if hours != old.send_within_hours:
        if hours is not None and not 1 <= hours <= MAX_HOURS:
            raise TemplateError((Problem("send_within_hours", "Between one hour and one year."),))
        new["send_within_hours"] = hours
    if draft.onboarding is not None and draft.onboarding != old.onboarding:
        new["onboarding"] = draft.onboarding
    words = _bounded(
        Words(
            old.subject if draft.subject is None else clean(draft.subject),
            old.body if draft.body is None else clean(draft.body, lines=True),
        ),
        old.channel,
    )
    changed = [*new]
    if words != old.words:
        new["version"] = _add_version(session, church_id, template_id, words, actor=actor, now=now)
        changed.append("words")
    if new:
        _write(session, template_id, new, actor=actor, now=now)
        facts = {"fields": changed, **({"version": new["version"]} if "version" in new else {})}
        _record(session, church_id, template_id, actor, action="template.changed", facts=facts)
    return tuple(changed)


def publish(session: Session, church_id: UUID, template_id: UUID, *, actor: str, now: datetime) -> int:
    """Lets the newest words leave from now on; returns their version. Raises `TemplateError` with all that is wrong."""
    old = _locked(session, church_id, template_id)
    found = tuple(one for one in problems_of(session, church_id, old) if one.must)
    if found:
        raise TemplateError(found)
    if old.published_version != old.version:
        _write(session, template_id, {"published_version": old.version}, actor=actor, now=now)
        _record(
            session,
            church_id,
            template_id,
            actor,
            action="template.published",
            facts={"version": old.version},
        )
    return old.version


def withdraw(session: Session, church_id: UUID, template_id: UUID, *, actor: str, now: datetime) -> None:
    """Nothing of it can be asked for until it is published again. What waits already still leaves."""
    old = _locked(session, church_id, template_id)
    if old.published:
        _write(session, template_id, {"published_version": None}, actor=actor, now=now)
        _record(session, church_id, template_id, actor, action="template.withdrawn", facts={})


def bring_back(
    session: Session, church_id: UUID, template_id: UUID, version: int, *, actor: str, now: datetime
) -> int:
    """Makes the words of an old version the newest ones, as a new draft; returns its number."""
    old = _locked(session, church_id, template_id)
    words = words_of(session, template_id, version)
    if words is None:
        raise TemplateNotFoundError("There is no such version.")
    if words == old.words:
        return old.version
    number = _add_version(session, church_id, template_id, words, actor=actor, now=now)
    _write(session, template_id, {"version": number}, actor=actor, now=now)
    facts = {"version": number, "from": version}
    _record(session, church_id, template_id, actor, action="template.brought_back", facts=facts)
    return number


def archive(session: Session, church_id: UUID, template_id: UUID, *, actor: str, now: datetime) -> None:
    """Takes one of the church's own out of the list. The hub's own are withdrawn instead. Raises `TemplateError`."""
    old = _locked(session, church_id, template_id)
    if old.key is not None:
        raise TemplateError((Problem("name", "This one stays in the list. Stop sending it instead."),))
    if old.archived_at is None:
        _write(session, template_id, {"archived_at": now, "published_version": None}, actor=actor, now=now)
        _record(session, church_id, template_id, actor, action="template.archived", facts={})


def problems_of(session: Session, church_id: UUID, one: Template) -> tuple[Problem, ...]:
    """What is wrong with a template's newest words."""
    return problems(
        one.words,
        channel=one.channel,
        first=one.channel is Channel.SMS,
        church_name=_church(session, church_id),
    )


def _church(session: Session, church_id: UUID) -> str:
    name = session.scalars(select(Church.name).where(Church.id == church_id)).one_or_none()
    if name is None:
        raise ChurchNotFoundError("There is no such church.")
    return name


def _locked(session: Session, church_id: UUID, template_id: UUID) -> Template:
    session.execute(
        select(MessageTemplate.id)
        .where(MessageTemplate.church_id == church_id, MessageTemplate.id == template_id)
        .with_for_update()
    )
    return template(session, church_id, template_id)


def _name(typed: str) -> str:
    name = clean(typed[: 10 * MAX_NAME])
    if not name:
        raise TemplateError((Problem("name", "Give it a name."),))
    if len(name) > MAX_NAME:
        raise TemplateError((Problem("name", f"The name is too long; {MAX_NAME} characters fit."),))
    return name


def _bounded(words: Words, channel: Channel) -> Words:
    """A draft may be wrong, but not of any length."""
    if len(words.body) > 2 * MAX_BODY[channel] or len(words.subject) > 2 * MAX_SUBJECT:
        raise TemplateError((Problem("body", f"This is too long; {MAX_BODY[channel]} characters fit."),))
    return Words("" if channel is Channel.SMS else words.subject, words.body)


def _add(
    session: Session,
    church_id: UUID,
    *,
    key: str | None,
    name: str,
    channel: Channel,
    purpose: Purpose,
    send_within_hours: int | None,
    onboarding: bool,
    words: Words,
    actor: str,
    now: datetime,
) -> UUID:
    made = session.execute(
        insert(MessageTemplate)
        .values(
            id=new_id(),
            church_id=church_id,
            key=key,
            name=name,
            channel=channel,
            purpose=purpose,
            send_within_hours=send_within_hours,
            onboarding=onboarding,
            changed_by=actor,
            changed_at=now,
        )
        .on_conflict_do_nothing(index_elements=["church_id", "key"])
        .returning(MessageTemplate.id)
    ).scalar_one_or_none()
    if made is None:
        # At this moment somebody else gave the church its own templates.
        return session.scalars(
            select(MessageTemplate.id).where(
                MessageTemplate.church_id == church_id, MessageTemplate.key == key
            )
        ).one()
    _add_version(session, church_id, made, words, actor=actor, now=now, number=1)
    return made


def _add_version(
    session: Session,
    church_id: UUID,
    template_id: UUID,
    words: Words,
    *,
    actor: str,
    now: datetime,
    number: int | None = None,
) -> int:
    if number is None:
        newest = session.scalars(
            select(MessageTemplateVersion.version)
            .where(MessageTemplateVersion.template_id == template_id)
            .order_by(MessageTemplateVersion.version.desc())
            .limit(1)
        ).one()
        number = newest + 1
    session.execute(
        insert(MessageTemplateVersion).values(
            template_id=template_id,
            version=number,
            church_id=church_id,
            subject=words.subject,
            body=words.body,
            created_by=actor,
            created_at=now,
        )
    )
    return number


def _write(
    session: Session, template_id: UUID, values: Mapping[str, Any], *, actor: str, now: datetime
) -> None:
    session.execute(
        update(MessageTemplate)
        .where(MessageTemplate.id == template_id)
        .values(**values, changed_by=actor, changed_at=now)
        .execution_options(synchronize_session=False)
    )


def _record(
    session: Session, church_id: UUID, template_id: UUID, actor: str, *, action: str, facts: dict[str, Any]
) -> None:
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action=action,
        subject=f"template:{template_id}",
        facts=facts,
    )


def _read(row: MessageTemplate, subject: str, body: str) -> Template:
    return Template(
        id=row.id,
        key=row.key,
        name=row.name,
        channel=Channel(row.channel),
        purpose=Purpose(row.purpose),
        send_within_hours=row.send_within_hours,
        onboarding=row.onboarding,
        version=row.version,
        published_version=row.published_version,
        subject=subject,
        body=body,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        archived_at=row.archived_at,
    )
