"""Sending one e-mail by SMTP, within a bounded time and never with a password in the clear.

It knows no person and no database; whoever calls it has no transaction open.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS = {"smtp": 587, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 10.0
"""Seconds that the server may take for each answer; a mail has about eight."""


class MailError(Exception):
    """The mail was not taken. `code` says why without naming anybody; `final` that it never will be."""

    def __init__(self, code: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.final = final


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed in, and from whom it comes."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


def smtp_server(url: str, *, sender: str = "") -> SmtpServer:
    """The server that `HUB_SMTP_URL` names. Raises `ValueError`, whose text repeats no password.

    `smtps://` speaks TLS from the start. `smtp://` asks for STARTTLS and goes no further without it, except on this
    machine, or where the address ends with `?starttls=no` and names no password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise ValueError("is no address such as smtp://user:password@mail.example.org:587") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("is no address such as smtp://user:password@mail.example.org:587")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    security: Literal["tls", "starttls", "none"] = "tls" if parts.scheme == "smtps" else "starttls"
    unasked = parts.hostname in LOOPBACK or parse_qs(parts.query).get("starttls") == ["no"]
    if parts.scheme == "smtp" and unasked:
        security = "none"
    if security == "none" and password and parts.hostname not in LOOPBACK:
        raise ValueError("would send a password in the clear: leave ?starttls=no away, or use smtps://")
    address = sender or (user if "@" in user else f"hub@{_mail_domain(parts.hostname)}")
    return SmtpServer(parts.hostname, port, security, address, user, password)


def send(server: SmtpServer, *, to: str, subject: str, text: str, timeout: float = TIMEOUT) -> None:
    """Hands one mail in. Raises `MailError`."""
    message = EmailMessage()
    message["From"] = Address("Church Connect Hub", addr_spec=server.sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office note answers it
    message.set_content(text)
    with _spoken_to(server, timeout) as smtp:
        smtp.send_message(message)


def check(server: SmtpServer, *, timeout: float = TIMEOUT) -> None:
    """Signs in at the server and sends nothing. Raises `MailError`."""
    with _spoken_to(server, timeout) as smtp:
        smtp.noop()


@contextmanager
def _spoken_to(server: SmtpServer, timeout: float) -> Iterator[smtplib.SMTP]:
    try:
        with _connected(server, timeout) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            yield smtp
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise MailError(f"recipient_{codes[0]}", final=all(code >= 500 for code in codes)) from None
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(f"login_{error.smtp_code}") from None
    except smtplib.SMTPNotSupportedError:
        raise MailError("no_starttls" if server.security == "starttls" else "not_supported") from None
    except smtplib.SMTPResponseException as error:
        raise MailError(f"server_{error.smtp_code}") from None
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise MailError(type(error).__name__) from None


def _connected(server: SmtpServer, timeout: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
    try:
        if server.security == "starttls":
            smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _mail_domain(host: str) -> str:
    """A domain for our own address; a bare IP address is none."""
    return host if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,63}", host) else "localhost"
