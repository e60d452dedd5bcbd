"""A real SMTP server on this machine that keeps what it is handed, and can be told to refuse."""

import email
import email.policy
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Mailbox:
    """What arrived, and how the server behaves: `refuse` is an answer such as `450 later`."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.refuse = ""
        self.logins: list[tuple[bytes, bytes]] = []
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - the server asks for it by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, email.message.EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, how: str, given: object
    ) -> AuthResult:
        self.logins.append((given.login, given.password))  # type: ignore[attr-defined]
        return AuthResult(success=given.password == b"right", handled=False)  # type: ignore[attr-defined]


@contextmanager
def mail_server(*, login: bool = False) -> Iterator[Mailbox]:
    """A started server, gone afterwards."""
    mailbox = Mailbox()
    more = {"authenticator": mailbox.login, "auth_require_tls": False} if login else {}
    server = Controller(mailbox, hostname="127.0.0.1", port=_free_port(), **more)
    server.start()
    mailbox.url = f"smtp://127.0.0.1:{server.port}"
    try:
        yield mailbox
    finally:
        server.stop()


def link_in(mail: email.message.EmailMessage) -> str:
    """The sign-in link of a letter."""
    found = re.search(r"\S+/sign-in\?t=(\S+)", mail.get_content())
    assert found
    return found[0]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
