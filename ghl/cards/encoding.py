"""The letters of a text file, whatever program wrote it: UTF-8, UTF-16, Windows or an old Mac. Pure."""

import re
from collections.abc import Mapping

ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "cp1252": "Windows, Western Europe and America",
    "mac-roman": "Mac, Western Europe and America",
    "cp1250": "Windows, Central Europe",
    "cp1251": "Windows, Cyrillic",
    "cp1253": "Windows, Greek",
    "cp1254": "Windows, Turkish",
    "cp949": "Korean",
    "gb18030": "Chinese, simplified",
    "big5": "Chinese, traditional",
    "cp932": "Japanese",
}
"""What a person may choose where the letters look wrong, with its name."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_COMMON = frozenset("áàâäåæçèéêëíïñóôöøúüßœ")
_RARE = frozenset("ãìîòõùûýÿ")
_CAPITALS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ")
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_OPENING = frozenset("\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}")
_CLOSING = frozenset(f"\N{RIGHT DOUBLE QUOTATION MARK}{_APOSTROPHE}")
_SIGNS = frozenset("\N{EN DASH}—…•€£©®™°§«»½¼¡¿\xa0\N{DOUBLE LOW-9 QUOTATION MARK}")
_SHORTENED = re.compile(r"(?:s|t|d|m|ll|re|ve)(?![a-z])")
"""What follows an apostrophe within a word: Ann's, don't, I'd."""
LOOKED_AT = 200_000
"""Bytes from which the writer of a text is guessed."""


class EncodingError(ValueError):
    """The text cannot be read; the message is a sentence for people."""


def decoded(content: bytes, chosen: str | None = None) -> tuple[str, str | None]:
    """The text, and the encoding that was guessed; None where the file itself says it.

    `chosen` is one of `ENCODINGS`; what cannot be read in it becomes �. Raises `EncodingError`.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), None
            except UnicodeDecodeError:
                raise EncodingError("The file is damaged: some of its letters can't be read.") from None
    if b"\x00" in content:
        if (text := _utf_16_without_mark(content)) is not None:
            return text, None
        if content.count(0) * 50 > len(content):
            raise EncodingError("This is not a list. Save it as .csv or .xlsx first.")
        content = content.replace(b"\x00", b"")
    if chosen is not None and chosen in ENCODINGS:
        return content.decode(chosen, errors="replace"), chosen
    try:
        return content.decode("utf-8"), None if content.isascii() else "utf-8"
    except UnicodeDecodeError:
        encoding = _windows_or_mac(content[:LOOKED_AT])
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        return content.decode("latin-1"), encoding


def _utf_16_without_mark(content: bytes) -> str | None:
    """Latin text in UTF-16 has a zero in every second byte; other files with zeros are no lists."""
    head = content[:1000]
    for encoding, zeros, letters in (
        ("utf-16-le", head[1::2], head[0::2]),
        ("utf-16-be", head[0::2], head[1::2]),
    ):
        if zeros.count(0) > 0.8 * len(zeros) and 0 not in letters:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                break
    return None


def _windows_or_mac(content: bytes) -> str:
    """Which of the two makes words of the bytes: each reads the other's accents as signs within words."""
    windows = content.decode("cp1252", errors="replace")
    mac = content.decode("mac-roman")
    return "mac-roman" if _sense(mac) > _sense(windows) else "cp1252"


def _sense(text: str) -> float:
    """How much the signs beyond ASCII look like those of names and sentences."""
    padded = f" {text} "
    return sum(
        _likely(sign, padded[place - 1], padded[place + 1 : place + 4])
        for place, sign in enumerate(padded)
        if not sign.isascii()
    )


def _likely(sign: str, before: str, after: str) -> float:
    within = before.isalpha() or after[:1].isalpha()
    if sign in _COMMON or sign in _RARE:
        # A small letter before a capital, or on its own, is as odd as a capital within a word.
        odd = after[:1].isupper() or not within
        return -1 if odd else (1 if sign in _COMMON else 0.4)
    if sign in _CAPITALS:
        return -2 if before.islower() else 1
    if sign == _APOSTROPHE and before.isalpha() and (after[:1].isupper() or _SHORTENED.match(after)):
        return 1.5
    if sign in _OPENING:
        return -0.5 if before.isalpha() else 1.2
    if sign in _CLOSING:
        return -0.5 if after[:1].isalpha() else 1.2
    if sign in _SIGNS:
        return -1 if before.isalpha() and after[:1].isalpha() else 0.5
    return -2
