"""A location (GoHighLevel's word for one church's account): settings, custom fields, tags, and how it is shown."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

MatchField = Literal["email", "phone"]
_SPANS = ("search_lag", "export_lag", "message_delays")


@dataclass(slots=True)
class LocationSettings:
    """What a location allows, and the switches for what is not known of the real GoHighLevel."""

    name: str = "Grace Church"
    timezone: str = "America/Chicago"
    country: str = "US"
    allow_duplicate_contact: bool = False
    unique_fields: tuple[MatchField, ...] = ("email", "phone")
    """Which fields make a person the same, the first one first."""

    search_lag: tuple[float, float] = (0.0, 0.0)
    """Seconds until a change shows in search, from and to."""

    error_key: Literal["statusCode", "status"] = "statusCode"
    wrong_location_as_401: bool = False
    not_found_status: Literal[400, 404] = 400
    refuse_unknown_fields: bool = False
    """Refuse custom field values with an unknown id or option; by default they are silently left out."""

    strict_phones: bool = False
    """Refuse numbers that no operator gives out; by default only impossible ones."""

    permanent_dnd_clearable: bool = False

    phone_number: str = "+16155550100"
    """The number that texts go out from; empty where the church has none yet."""

    email_address: str = "office@church.example"
    message_delays: tuple[float, float] = (1.0, 2.0)
    """Seconds until a queued message is sent, and from there until it is known what became of it."""

    export_lag: tuple[float, float] = (0.0, 0.0)
    """Seconds until the export knows of a message, from and to."""

    footer: bool = True
    """Put the church's name and how to opt out under the first text to a contact."""

    footer_days: int = 30
    """After so many days it is put there again."""

    newer_stop_words: bool = False
    """Take REVOKE and OPTOUT for STOP, which GoHighLevel's help does not list."""

    texts_a_day: int = 0
    """A new number's limit: texts above it fail. 0: none."""

    send_status: Literal[200, 201] = 200
    """The file says 200, clients have seen 201."""

    wraps_message: bool = False
    """Show a single message inside `message`."""

    flat_lists: bool = False
    """Show the messages of a conversation flat, as the file says."""

    repeats_cursor: bool = False
    """Give the same cursor again after an export's last page."""

    burst_limit: int = 100
    daily_limit: int = 200_000
    count_refused: bool = False
    retry_after_header: bool = False

    def changed(self, **changes: Any) -> "LocationSettings":
        """A copy with `changes`. Raises TypeError for an unknown name, ValueError for a wrong value."""
        values = {**asdict(self), **changes}
        for name in ("unique_fields", *_SPANS):
            values[name] = tuple(values[name])
        if not set(values["unique_fields"]) <= set(get_args(MatchField)):
            raise ValueError("unique_fields are email and phone, in the order that counts")
        for name in ("search_lag", "export_lag"):
            if len(values[name]) != 2 or not 0 <= values[name][0] <= values[name][1]:
                raise ValueError(f"{name} is two numbers of seconds, from and to")
        if len(values["message_delays"]) != 2 or min(values["message_delays"]) < 0:
            raise ValueError("message_delays is two numbers of seconds, until it is sent and from there on")
        if values["send_status"] not in {200, 201}:
            raise ValueError("send_status is 200 or 201")
        if values["error_key"] not in {"statusCode", "status"} or values["not_found_status"] not in {
            400,
            404,
        }:
            raise ValueError("error_key is statusCode or status; not_found_status is 400 or 404")
        return LocationSettings(**values)


@dataclass(frozen=True, slots=True)
class CustomField:
    """One custom field as GoHighLevel lists it."""

    id: str
    name: str
    field_key: str
    data_type: str = "TEXT"
    options: tuple[str, ...] = ()
    allows_custom_option: bool = False
    model: str = "contact"
    position: int = 0
    placeholder: str = ""


@dataclass(slots=True)
class Location:
    """One location; contacts are kept apart, in its store."""

    id: str
    settings: LocationSettings = field(default_factory=LocationSettings)
    custom_fields: dict[str, CustomField] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """Name to id, in the order they were first used."""

    company_id: str = "5DP4iH6HLkQsiKESj6rh"

    def field_by_key(self, key: str) -> CustomField | None:
        """The custom field with that key, given with or without `contact.`."""
        wanted = key if key.startswith("contact.") else f"contact.{key}"
        return next((known for known in self.custom_fields.values() if known.field_key == wanted), None)


def show_location(location: Location) -> dict[str, Any]:
    """`GET /locations/{id}` as GoHighLevel shows it."""
    settings = location.settings
    address = {"address": "100 Church Street", "city": "Nashville", "state": "TN", "postalCode": "37201"}
    website = "https://church.example"
    return {
        "id": location.id,
        "companyId": location.company_id,
        "name": settings.name,
        "domain": "",
        **address,
        "country": settings.country,
        "website": website,
        "timezone": settings.timezone,
        "firstName": "Pat",
        "lastName": "Miller",
        "email": "office@church.example",
        "phone": "+16155550100",
        "business": {
            "name": settings.name,
            **address,
            "country": settings.country,
            "website": website,
            "timezone": settings.timezone,
        },
        "social": {},
        "settings": {
            "allowDuplicateContact": settings.allow_duplicate_contact,
            "allowDuplicateOpportunity": False,
            "allowFacebookNameMerge": False,
            "disableContactTimezone": False,
        },
        "reseller": {},
    }


def show_custom_field(custom: CustomField, location_id: str) -> dict[str, Any]:
    """One entry of `GET /locations/{id}/customFields`."""
    shown: dict[str, Any] = {
        "id": custom.id,
        "name": custom.name,
        "fieldKey": custom.field_key,
        "placeholder": custom.placeholder,
        "dataType": custom.data_type,
        "position": custom.position,
        "locationId": location_id,
        "model": custom.model,
    }
    if custom.options:
        shown |= {
            "picklistOptions": list(custom.options),
            "isAllowedCustomOption": custom.allows_custom_option,
        }
    return shown
