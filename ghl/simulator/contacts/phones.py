"""A phone number as GoHighLevel keeps it: E.164, read in the location's country when it has no plus sign."""

from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from ghl.simulator.answers import bad_request


def to_e164(text: str, region: str, *, strict: bool) -> str:
    """The number in E.164.

    Raises Refusal: 400, when it is no possible number (or, if `strict`, none that an operator gives out).
    """
    number = _read(text, region, strict)
    if number is None:
        unknown_code = text.strip().startswith("+") and not _code_known(text, region)
        raise bad_request("Invalid country calling code" if unknown_code else "Invalid phone number")
    return number


def to_e164_or_none(text: str, region: str) -> str | None:
    """The number in E.164, or None when it is none; for searching."""
    return _read(text, region, False)


@lru_cache(maxsize=65_536)
def _read(text: str, region: str, strict: bool) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    fits = phonenumbers.is_valid_number(number) if strict else phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if fits else None


def _code_known(text: str, region: str) -> bool:
    try:
        phonenumbers.parse(text, region)
    except NumberParseException as error:
        return error.error_type != NumberParseException.INVALID_COUNTRY_CODE
    return True
