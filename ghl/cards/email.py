"""An e-mail address as a visitor wrote it, in the lower-case form GHL keeps, or a sentence why not.

It looks at the writing alone: no name server is asked, so a mailbox that does not exist passes.
"""

import re
import unicodedata

MAX_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3: a path has 256 octets, two of them the angle brackets."""
MAX_LOCAL = 64
"""RFC 5321, 4.5.3.1.1."""
MAX_LABEL = 63
"""RFC 1035, 2.3.4."""

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_ENDING = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{2,59}")
_SLIPS = {"con": "com", "comm": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "nte": "net"}
"""Endings that no address has (IANA root zone) and the one that was meant."""


class EmailError(ValueError):
    """What is wrong with an address and what a right one looks like, in words; never the address itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def normal_email(typed: str) -> str:
    """The address lower-cased, without `mailto:` and the spaces around it. Raises `EmailError`."""
    address = _cleaned(typed)
    if not address:
        raise EmailError("It is empty.")
    if len(address) > MAX_ADDRESS:
        raise EmailError(f"It has {len(address)} signs; an address has at most {MAX_ADDRESS}.")
    _check_slips(address)
    local, _, domain = address.partition("@")
    _check_local(local)
    _check_domain(domain)
    return address


def _cleaned(typed: str) -> str:
    visible = "".join(sign for sign in typed if unicodedata.category(sign) not in {"Cf", "Cc"})
    address = unicodedata.normalize("NFKC", visible).strip().lower()
    if inner := re.fullmatch(r"[^<>]*<([^<>]+)>", address):
        address = inner[1].strip()
    return address.removeprefix("mailto:").strip()


def _check_slips(address: str) -> None:
    signs = address.count("@")
    if not signs:
        raise EmailError("The @ is missing. An address looks like anna@example.org.")
    if signs > 1:
        two = re.search(r"@.*[\s,;/].*@", address)
        raise EmailError(
            "These look like two addresses. Leave the one to use." if two else "It has more than one @."
        )
    local, _, domain = address.partition("@")
    if not local:
        raise EmailError("The part before the @ is missing.")
    if not domain:
        raise EmailError("The part after the @ is missing, such as gmail.com.")
    if re.search(r"\s", address):
        raise EmailError("It has a space in it.")
    if "," in domain:
        raise EmailError("It has a comma after the @. Perhaps a dot is meant, as in gmail.com.")
    if foreign := next((sign for sign in address if not sign.isascii()), None):
        raise EmailError(f"It has the sign {foreign} in it, which an address can't have.")


def _check_local(local: str) -> None:
    if len(local) > MAX_LOCAL:
        raise EmailError(f"The part before the @ has {len(local)} signs; it can have at most {MAX_LOCAL}.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise EmailError("Before the @, a dot stands at the beginning or the end, or two stand together.")
    if not _LOCAL.fullmatch(local):
        strange = next(sign for sign in local if not _LOCAL.fullmatch(sign))
        raise EmailError(f"It has the sign {strange} in it, which an address can't have.")


def _check_domain(domain: str) -> None:
    if domain.endswith("."):
        raise EmailError("It ends with a dot.")
    if domain.startswith(".") or ".." in domain:
        raise EmailError("After the @, a dot stands at the beginning, or two stand together.")
    labels = domain.split(".")
    if len(labels) == 1:
        raise EmailError("After the @ the ending is missing, such as .com or .org.")
    if not all(len(label) <= MAX_LABEL and _LABEL.fullmatch(label) for label in labels):
        raise EmailError("After the @ stands something that is no name of a mail service, such as gmail.com.")
    ending = labels[-1]
    if meant := _SLIPS.get(ending):
        raise EmailError(f"It ends with .{ending}. Perhaps .{meant} is meant.")
    if not _ENDING.fullmatch(ending):
        raise EmailError(f"It ends with .{ending}, which no address does. Most end with .com or .org.")
