"""Whether the words of a consent box will do: what carriers and HighLevel ask for, one sentence for each lack. Pure.

The codes are those with which HighLevel turns down a church's registration for texting. They are not law;
a church that has questions about the law asks its counsel.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ghl.statuses import Channel

MAX_WORDING = 2000
MAX_ADDRESS = 300

_FREQUENCY = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b[^.\n]{0,20}?\b(?:messages?|msgs?|texts?)\b\s*"
    r"(?:a|an|per|each|every|/)\s*(?:day|week|month|year|mo|wk)\b"
    r"|\b(?:message|msg|text)\s+frequency\b|\bfrequency\s+(?:varies|may\s+vary)\b",
    re.IGNORECASE,
)
_RATES = re.compile(
    r"\b(?:messages?|msgs?|texts?)\s*(?:and|&)\s*data\s+rates?\s+(?:may|might)\s+apply\b", re.IGNORECASE
)
_STOP = re.compile(r"\bSTOP\b")
_HELP = re.compile(r"\bHELP\b")
_FREE = re.compile(
    r"\bwithout\s+(?:agreeing|consenting|this|ticking|checking)\b"
    r"|\b(?:not|isn.t|never)\s+(?:a\s+|an\s+)?(?:condition|requirement|required)\b"
    r"|\b(?:don.t|do\s+not|needn.t|need\s+not)\s+(?:have\s+to|need\s+to)?\s*(?:agree|consent)\b"
    r"|\boptional\b",
    re.IGNORECASE,
)
_E_MAIL = re.compile(r"\be-?mails?\b", re.IGNORECASE)
_TEXTS = re.compile(r"\b(?:texts?|text\s+messages?|sms)\b", re.IGNORECASE)
_BUNDLED = re.compile(
    r"\b(?:agree|accept|consent)\w*\s+(?:to|with)?\s*(?:the|our|your|its|all)?\s*"
    r"(?:terms|conditions|privacy|polic(?:y|ies))\b"
    r"|\bby\s+(?:submitting|sending|signing|clicking|providing)\b",
    re.IGNORECASE,
)
_MARKETING = re.compile(
    r"\b(?:marketing|promotions?|promotional|advertis\w+|discounts?|sales)\b", re.IGNORECASE
)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*:(?://)?[^\s<>\"]+|\bwww\.[^\s<>\"]+", re.IGNORECASE)
_SCHEMES = ("http", "https", "javascript", "data", "vbscript", "file", "ftp", "www.")


@dataclass(frozen=True)
class Lack:
    """What is wrong with the words. `code` is HighLevel's for it; `must` means that they can't be saved so."""

    text: str
    code: str | None = None
    must: bool = True


def lacks(
    channel: Channel, words: str, *, names: tuple[str, ...], privacy_url: str = "", terms_url: str = ""
) -> tuple[Lack, ...]:
    """Everything that the words lack; empty when they will do. `names`: the church's, of which one must be there."""
    if not words.strip():
        return (Lack("There are no words. Without words nobody can agree to anything."),)
    if len(words) > MAX_WORDING:
        return (Lack(f"The words are {len(words)} characters long; {MAX_WORDING} fit."),)
    found = [*_common(words, names)]
    if channel is Channel.SMS:
        found += _of_texts(words, privacy_url, terms_url)
    else:
        found += _of_e_mail(words)
    return tuple(found)


def address_problem(url: str) -> str | None:
    """Why this address of a page won't do as a link on the form, or None. An empty one is no problem."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port_is_fine = parts.port != 0
    except ValueError:
        return "This is no address of a page. One looks like https://gracechurch.org/privacy."
    if scheme != "https":
        return "A link must begin with https://, such as https://gracechurch.org/privacy."
    if len(url) > MAX_ADDRESS:
        return f"This address is {len(url)} characters long; {MAX_ADDRESS} fit."
    strange = any(sign.isspace() or not sign.isprintable() or sign in "<>\"'`{}|\\^" for sign in url)
    if strange or "." not in host.strip(".") or parts.username is not None or not port_is_fine:
        return "This is no address of a page. One looks like https://gracechurch.org/privacy."
    return None


def _common(words: str, names: tuple[str, ...]) -> Iterator[Lack]:
    plain = _plain(words)
    known = [name for name in names if name.strip()]
    if not any(_plain(name) in plain for name in known):
        yield Lack(f"They don't name the church as “{known[0] if known else 'its legal name'}”.", "30924")
    if _BUNDLED.search(words):
        yield Lack(
            "They ask to agree to terms or a policy in the same breath. Agreeing to messages must stand alone;"
            " name the pages at the end, as in “Privacy: https://…”.",
            "30923",
        )
    for url in addresses_in(words):
        if address_problem(url):
            yield Lack("A link in the words must begin with https:// and lead to a page.")
            break


_TEXTS_MUST_SAY = (
    (_TEXTS, Lack("They don't say that the church may text.", "30924")),
    (_FREQUENCY, Lack("They don't say how often texts come, as in “About 4 messages a month.”", "30924")),
    (_RATES, Lack("They don't say “Message and data rates may apply.”", "30924")),
    (_STOP, Lack("They don't say how to end it, as in “Reply STOP to stop.”", "30924")),
    (_HELP, Lack("They don't say where help is, as in “Reply HELP for help.”", "30924")),
    (
        _FREE,
        Lack(
            "They don't say that nobody has to agree, as in “I can be a guest or member without agreeing.”",
            "30925",
        ),
    ),
)


def _of_texts(words: str, privacy_url: str, terms_url: str) -> Iterator[Lack]:
    yield from (lack for pattern, lack in _TEXTS_MUST_SAY if not pattern.search(words))
    if _E_MAIL.search(words):
        yield Lack("They speak of e-mail as well. E-mail has a box and words of its own.", "30931")
    if _MARKETING.search(words):
        yield Lack(
            "They speak of advertising. HighLevel wants a box of its own for that; leave it out here.",
            "30913",
            must=False,
        )
    pages = (("privacy policy", "Privacy: https://…", privacy_url), ("terms", "Terms: https://…", terms_url))
    for page, example, url in pages:
        if not url or url not in words:
            yield Lack(f"They don't link to the church's {page}, as in “{example}”.", "30924", must=False)


def _of_e_mail(words: str) -> Iterator[Lack]:
    if not _E_MAIL.search(words):
        yield Lack("They don't say that the church may e-mail.")
    if _TEXTS.search(words):
        yield Lack("They speak of texts as well. Texts have a box and words of their own.", "30931")


def addresses_in(words: str) -> list[str]:
    """What stands in the words like the address of a page, without the stop at a sentence's end."""
    found = (match.group().rstrip(".,;:!?)") for match in _ADDRESS.finditer(words))
    return [address for address in found if address.lower().startswith(_SCHEMES)]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
