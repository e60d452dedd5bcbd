"""Checks of what signing in stands on, where it is set: the mail server and the identity provider. They send nothing."""

import asyncio
from collections.abc import Iterable

from ghl.clock import Clock
from ghl.config import Settings
from ghl.doctor import Finding, Level
from ghl.mail import MailError, check, smtp_server
from ghl.people.oidc.provider import Provider, ProviderAwayError, provider_settings


def sign_in(settings: Settings, *, clock: Clock) -> Iterable[Finding]:
    """Both checks; nothing where neither is set."""
    yield from _mail(settings)
    yield from _provider(settings, clock)


def _mail(settings: Settings) -> Iterable[Finding]:
    if settings.smtp_url is None:
        return
    if not settings.public_url:
        yield Finding(
            "mail.no_address",
            Level.WARNING,
            "A mail server is set, and no address that a link could lead to.",
            "Set HUB_PUBLIC_URL for the workers too. Until then nothing is mailed.",
        )
        return
    server = smtp_server(settings.smtp_url.get_secret_value(), sender=settings.mail_from)
    try:
        check(server)
    except MailError as error:
        yield Finding(
            "mail.refused",
            Level.WARNING,
            f"The mail server takes no mail: {error.code}.",
            "Check HUB_SMTP_URL. Links made by hand work meanwhile.",
        )
    else:
        yield Finding("mail.right", Level.OK, "The mail server answers and knows the hub.")


def _provider(settings: Settings, clock: Clock) -> Iterable[Finding]:
    found = provider_settings(settings)
    if found is None:
        return
    provider = Provider(found, redirect_uri=settings.public_url, clock=clock)
    try:
        keys = asyncio.run(provider.check())
    except ProviderAwayError as error:
        yield Finding(
            "provider.away",
            Level.WARNING,
            f"The identity provider does not answer as it should: {error.code}.",
            "Check HUB_OIDC_ISSUER and the way there. Links work meanwhile.",
        )
    else:
        yield Finding("provider.right", Level.OK, f"The identity provider answers, with {keys} keys.")
