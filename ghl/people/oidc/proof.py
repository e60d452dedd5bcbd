"""What an identity provider's answer proves about somebody. Pure decisions, without any I/O.

An address counts only where the provider vouches that its owner stands behind it. Names that people choose themselves
(`preferred_username`, `upn`, `name`) prove nothing and are never looked at.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ghl.cards.email import EmailError, normal_email

GOOGLE = "https://accounts.google.com"
MICROSOFT = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}
)
ANY_TENANT = frozenset({"common", "organizations", "consumers"})

MAX_SUBJECT = 255
"""OpenID Connect Core 1.0, section 2: a subject has at most 255 ASCII signs."""


@dataclass(frozen=True)
class Proven:
    """Who somebody is at the provider, for good, and the address they were shown to own, if they were."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(repr=False)


def proven(claims: Mapping[str, Any], *, trusted_domains: AbstractSet[str]) -> Proven | None:
    """What these checked claims prove; None without a subject that could be kept.

    `trusted_domains` are those for which this provider itself gives out the addresses, as the admin says.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isascii():
        return None
    return Proven(str(claims["iss"]), subject, _owned_address(claims, trusted_domains))


def asks_who(issuer: str) -> bool:
    """Whether this provider lets people choose their account when asked to; others may refuse what they don't know."""
    return issuer == GOOGLE or urlsplit(issuer).hostname in MICROSOFT


def _owned_address(claims: Mapping[str, Any], trusted_domains: AbstractSet[str]) -> str | None:
    given = claims.get("email")
    if not isinstance(given, str):
        return None
    try:
        address = normal_email(given)
    except EmailError:
        return None
    # As it was given, save for capitals: what has to be repaired first is not what the provider vouched for.
    if address != given.lower():
        return None
    if address.rpartition("@")[2] in trusted_domains:
        return address
    return address if _vouched_for(claims, address) else None


def _vouched_for(claims: Mapping[str, Any], address: str) -> bool:
    issuer = str(claims["iss"])
    if urlsplit(issuer).hostname in MICROSOFT:
        # Entra ID has no `email_verified`, and an admin of any tenant may write any address into `email`. The optional
        # claim `xms_edov` says that the tenant owns the address's domain.
        return _true(claims.get("xms_edov"))
    if not _true(claims.get("email_verified")):
        return False
    if issuer == GOOGLE:
        # Google vouches for today's owner of its own addresses alone; of others, for who owned them once.
        return address.endswith("@gmail.com") or bool(claims.get("hd"))
    return True


def _true(claim: object) -> bool:
    """Some providers write their yes as a text or a number."""
    return claim is True or claim in ("true", "1") or (type(claim) is int and claim == 1)


def issuer_fault(issuer: str, *, loopback: AbstractSet[str]) -> str | None:
    """What is wrong with the address of a provider, in words, or None."""
    parts = urlsplit(issuer)
    if parts.query or parts.fragment or not parts.hostname:
        return "is no address of a provider, such as https://accounts.google.com"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in loopback):
        return "must begin with https:// (http:// only for this machine)"
    if parts.hostname in MICROSOFT and parts.path.strip("/").split("/")[0].lower() in ANY_TENANT:
        return "must name your own directory (tenant), not everybody's: https://login.microsoftonline.com/<directory id>/v2.0"
    return None
