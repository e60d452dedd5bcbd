"""A phone number as a visitor wrote it, turned into the one form GHL keeps (E.164), or a sentence why not.

It decides by number plans alone: it calls nobody and does not know whether the number is in service.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

MAX_TYPED = 64
"""No phone number with its brackets and spaces is longer; E.164 itself has at most 15 digits (ITU-T E.164)."""

_NANP_DIGITS = 10
_NAMES = {"US": "A US", "CA": "A Canadian", "GB": "A UK", "AU": "An Australian", "NZ": "A New Zealand"}
_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_LABEL = re.compile(r"\b(?:tel|phone|cell|mobile|home|work)\b[.:]?|\([a-z]{4,6}\)", re.IGNORECASE)
_EXTENSION = re.compile(r"\d\s*[,;]?\s*(?:ext|extension|x|#)\.?\s*(\d{1,7})\s*$", re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"\d{3}.*(?:/|\bor\b|\band\b|&|,|;).*\d{3}", re.IGNORECASE)


class PhoneError(ValueError):
    """What is wrong with a number and what a right one looks like, in words; never the number itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@lru_cache(maxsize=4096)
def e164(typed: str, region: str = "US") -> str:
    """The number in E.164, such as `+16155550100`.

    `region` (ISO 3166, two letters) is the country of numbers written without a country code: the
    church's own. Raises `PhoneError`. Reading a number takes a tenth of a millisecond, and each is read several
    times on its way, hence the memory.
    """
    text = _cleaned(typed)
    digits = sum(sign.isdigit() for sign in text)
    if not digits:
        raise PhoneError("It has no digits in it.")
    if len(text) > MAX_TYPED:
        raise PhoneError(f"It has {_count(digits)} digits; a phone number has at most 15.")
    if extension := _EXTENSION.search(text):
        raise PhoneError(f"It has an extension ({extension[1]}). Leave the number without it.")
    if _TWO_NUMBERS.search(text):
        raise PhoneError("These look like two numbers. Leave the one to use.")
    if letter := next((sign for sign in text if sign.isalpha()), None):
        hint = " Perhaps it is a 0?" if letter in "Oo" else ""
        raise PhoneError(f"It has the letter {letter} in it.{hint}")
    number = _parsed(text, region, digits)
    if not phonenumbers.is_valid_number(number):
        raise PhoneError(_why(number, region, digits))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown(number: str, region: str = "US") -> str:
    """An E.164 number as people of `region` write it: `(615) 555-0100`, or with country code from abroad.

    Countries that share a code, as Jamaica and the United States do, are abroad to each other all the same.
    """
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    home = phonenumbers.country_code_for_region(region) == parsed.country_code
    home = home and phonenumbers.region_code_for_number(parsed) in {region, None}
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def _cleaned(typed: str) -> str:
    """Without the invisible signs that phones and spreadsheets put around copied numbers, and labels."""
    visible = "".join(sign for sign in typed if unicodedata.category(sign) not in {"Cf", "Cc"})
    plain = unicodedata.normalize("NFKC", visible)
    return _LABEL.sub(" ", plain).strip()


def _parsed(text: str, region: str, digits: int) -> PhoneNumber:
    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    try:
        return phonenumbers.parse(text, known)
    except NumberParseException as problem:
        if problem.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise PhoneError(
                "It begins with a country code that no country has."
                if text.startswith("+")
                else "Begin with + and the country code, such as +1 for the United States."
            ) from None
        raise PhoneError(_length(region, digits)) from None


def _why(number: PhoneNumber, region: str, digits: int) -> str:
    code = number.country_code
    home = phonenumbers.country_code_for_region(region) == code
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        # A national prefix such as the 1 before a US number is not counted as one of its digits.
        national = len(phonenumbers.national_significant_number(number))
        return _length(region if home else phonenumbers.region_code_for_country_code(code or 0), national)
    if code == 1:
        national_number = phonenumbers.national_significant_number(number)
        area, exchange = national_number[:3], national_number[3:6]
        if area[0] in "01" or exchange[0] not in "01":
            return f"There is no area code {area}."
        return f"After the area code, no number begins with {exchange[0]}."
    return f"It has {_count(digits)} digits, but no number in that country begins like this."


def _length(region: str | None, digits: int) -> str:
    have = _count(digits)
    if region and phonenumbers.country_code_for_region(region) == 1:
        name = _NAMES.get(region, "A US")
        abroad = " From another country, begin with + and its code." if digits > _NANP_DIGITS + 1 else ""
        return f"{name} number has ten digits; this one has {have}.{abroad}"
    name = _NAMES.get(region or "", "A")
    return f"{name} phone number has another length; this one has {have} digits."


def _count(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)
