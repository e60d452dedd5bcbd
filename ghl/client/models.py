"""GHL's things as values. Reading is forgiving: unknown fields are ignored, both dialects (dated versions and v3)
are understood, and an odd optional value counts as absent. Only a missing id makes an answer unreadable.

No model shows what it holds in its repr: contacts are people.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from ghl.client import reading
from ghl.client.operations import ID_PATTERN

BLOCKING = frozenset({"active", "permanent"})
"""`dndSettings` states in which nothing may be sent: GHL's "active" means do-not-disturb is on."""


def _written(value: str | None) -> str | None:
    """Blank is left out, like None: a blank card field must never wipe what GHL holds."""
    return value if value and value.strip() else None


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, strict=True)]
Text = Annotated[str | None, BeforeValidator(reading.as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(reading.as_texts)]
Day = Annotated[date | None, BeforeValidator(reading.as_date)]
Moment = Annotated[datetime | None, BeforeValidator(reading.as_moment)]
Flag = Annotated[bool, BeforeValidator(reading.as_flag)]
Written = Annotated[str | None, AfterValidator(_written)]


class Model(BaseModel):
    """Frozen, forgiving, and silent about its content."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        coerce_numbers_to_str=False,
    )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self, 'id', '') or ''})"

    __str__ = __repr__


class DndSetting(Model):
    """Do-not-disturb of one channel. `permanent` was set by a STOP or a carrier and is not ours to lift."""

    status: Text = None
    message: Text = None
    code: Text = None

    @property
    def blocks(self) -> bool:
        """Whether nothing may be sent on this channel."""
        return (self.status or "").lower() in BLOCKING


class Contact(Model):
    """A person as GHL holds it."""

    id: Id
    location_id: Text = Field(None, validation_alias=AliasChoices("locationId", "location_id"))
    first_name: Text = Field(None, validation_alias=AliasChoices("firstName", "first_name"))
    last_name: Text = Field(None, validation_alias=AliasChoices("lastName", "last_name"))
    email: Text = None
    phone: Text = None
    additional_emails: Annotated[tuple[str, ...], BeforeValidator(reading.as_emails)] = Field(
        (), validation_alias=AliasChoices("additionalEmails", "additional_emails")
    )
    tags: Texts = ()
    dnd: Flag = False
    dnd_settings: Annotated[dict[str, DndSetting], BeforeValidator(reading.as_channels)] = Field(
        {}, validation_alias=AliasChoices("dndSettings", "dnd_settings")
    )
    address1: Text = None
    city: Text = None
    state: Text = None
    postal_code: Text = Field(None, validation_alias=AliasChoices("postalCode", "postal_code"))
    country: Text = None
    timezone: Text = None
    date_of_birth: Day = Field(None, validation_alias=AliasChoices("dateOfBirth", "date_of_birth"))
    source: Text = None
    custom_fields: Annotated[dict[str, Any], BeforeValidator(reading.as_custom_values)] = Field(
        {}, validation_alias=AliasChoices("customFields", "custom_fields", "customField")
    )
    date_added: Moment = Field(None, validation_alias=AliasChoices("dateAdded", "date_added"))
    date_updated: Moment = Field(None, validation_alias=AliasChoices("dateUpdated", "date_updated"))

    def blocks(self, channel: str) -> bool:
        """Whether GHL holds back messages on `channel` (`SMS`, `Email`, …), by the switch for all or its own."""
        setting = self.dnd_settings.get(channel.lower())
        return self.dnd or (setting is not None and setting.blocks)


_API_NAMES: Mapping[str, str] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "address1": "address1",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "date_of_birth": "dateOfBirth",
}
"""What of a contact a card can change, by the names that GHL has for it."""


class ContactWrite(Model):
    """What a card says about a person. None and blank are left out of the call, so nothing is wiped by chance:
    only what is named in `cleared` is emptied.
    """

    model_config = ConfigDict(extra="forbid")

    first_name: Written = None
    last_name: Written = None
    email: Written = None
    phone: Written = None
    address1: Written = None
    city: Written = None
    state: Written = None
    postal_code: Written = None
    date_of_birth: date | None = None
    source: Written = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, Any] = {}
    cleared: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"ContactWrite({', '.join(sorted(self.to_update()))})"

    __str__ = __repr__

    def to_update(self) -> dict[str, Any]:
        """The body of `PUT /contacts/{id}`: never tags (GHL would replace them all), source or location."""
        body: dict[str, Any] = {api: getattr(self, name) for name, api in _API_NAMES.items()}
        if self.date_of_birth:
            body["dateOfBirth"] = self.date_of_birth.isoformat()
        body = {name: value for name, value in body.items() if value is not None}
        for name in self.cleared:
            # GHL's schema takes null for all of them but this one.
            body[_API_NAMES[name]] = "" if name == "postal_code" else None
        custom = [
            {"id": field, "field_value": value}
            for field, value in self.custom_fields.items()
            if value is not None and value not in ("", [], ())
        ]
        return {**body, "customFields": custom} if custom else body

    def to_create(self, location_id: str) -> dict[str, Any]:
        """The body of `POST /contacts/`; tags are safe here, a new contact has none to lose."""
        body = self.to_update()
        if self.source:
            body["source"] = self.source
        if self.tags:
            body["tags"] = list(self.tags)
        return {"locationId": location_id, **body}


class Location(Model):
    """A sub-account: one church's own account in GHL."""

    id: Id
    name: Text = None
    country: Text = None
    timezone: Text = None
    allow_duplicate_contact: bool = True

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Lifts the one setting we need out of `settings`. Raises `pydantic.ValidationError` without an id.

        An unknown setting counts as *duplicates allowed*: then we look before we create, which is always safe.
        """
        settings = answer.get("settings")
        allowed = settings.get("allowDuplicateContact") if isinstance(settings, dict) else None
        return cls.model_validate({**answer, "allow_duplicate_contact": allowed is not False})


class CustomField(Model):
    """A field a church made up itself. Keys and names change; the id stays. Unknown data types are kept."""

    id: Id
    name: Text = None
    field_key: Text = Field(None, validation_alias=AliasChoices("fieldKey", "field_key"))
    data_type: Text = Field(None, validation_alias=AliasChoices("dataType", "data_type"))
    model: Text = None
    options: Annotated[tuple[str, ...], BeforeValidator(reading.as_options)] = Field(
        (), validation_alias=AliasChoices("picklistOptions", "options")
    )


class Tag(Model):
    """A tag a location knows. GHL keeps tags in lower case."""

    id: Text = None
    name: Annotated[str, StringConstraints(min_length=1, strict=True)]
