"""Links by mail, against a real SMTP server: who gets one, what is tried again, what is kept meanwhile."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from ghl.mail import MailError, send, smtp_server
from ghl.people.invite import invite
from ghl.people.links import use_up
from ghl.people.mails import MOST_TO_ONE, ask_for_link, prune, send_due
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.mailbox import link_in, mail_server

HUB = "https://hub.example.org"


@pytest.fixture
def mailbox():
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def ruth(database, church):
    return add_user(database, "ruth@example.org", church_id=church, role=Role.STAFF, actor="test")


@pytest.fixture
def postman(database, clock, mailbox):
    server = smtp_server(mailbox.url, sender="hub@example.org")
    return partial(send_due, database, partial(send, server), public_url=HUB, clock=clock)


@pytest.fixture
def kept(database_urls):
    """All that the tables hold, as text."""

    def kept(*tables):
        engine = create_engine(database_urls.admin)
        with engine.connect() as connection:
            found = [str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in tables]
        engine.dispose()
        return " ".join(found)

    return kept


def test_who_asks_gets_a_link_that_signs_in_once_at_the_page_they_asked_for(
    database, clock, ruth, mailbox, postman
):
    ask_for_link(database, " Ruth@Example.org ", next_path="/cards?status=held", clock=clock)
    postman()
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("ruth@example.org", "Church Connect Hub <hub@example.org>")
    url = link_in(mail)
    assert url.startswith(f"{HUB}/sign-in?t=")
    entry = use_up(database, url.partition("?t=")[2], user_agent="", clock=clock)
    assert entry.next_path == "/cards?status=held"
    assert current(database, entry.cookie, clock=clock).user_id == ruth
    assert postman() == 0, "sent once"


def test_an_unknown_address_is_noted_like_a_known_one_and_gets_nothing(
    database, clock, ruth, mailbox, postman, kept
):
    ask_for_link(database, "who@example.org", next_path="", clock=clock)
    assert "who@example.org" in kept("mails")
    assert postman() == 1
    assert mailbox.mails == []
    assert kept("mails") == "[]"


def test_no_link_lies_in_the_database(database, clock, ruth, mailbox, postman, kept):
    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    assert "t=" not in kept("mails")
    postman()
    token = link_in(mailbox.mails[0]).partition("?t=")[2]
    assert token not in kept("mails", "sign_in_links", "audit_entries")
    assert "ruth@example.org" not in kept("mails", "sign_in_links", "audit_entries")


def test_a_server_that_says_later_is_asked_again_later(database, clock, ruth, mailbox, postman, kept):
    mailbox.refuse = "450 later"
    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    postman()
    assert postman() == 0, "not at once"
    mailbox.refuse = ""
    clock.pass_by(seconds=15)
    assert postman() == 1
    assert len(mailbox.mails) == 1
    assert "user.link_not_mailed" in kept("audit_entries")
    assert "recipient_450" in kept("audit_entries")


def test_a_mailbox_that_does_not_exist_is_given_up(database, clock, ruth, mailbox, postman, kept):
    mailbox.refuse = "550 no such mailbox"
    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    postman()
    assert kept("mails") == "[]"


def test_a_postman_that_died_is_followed_by_another(database, clock, ruth, mailbox, postman):
    def die(**_):
        raise KeyboardInterrupt

    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    with pytest.raises(KeyboardInterrupt):
        send_due(database, die, public_url=HUB, clock=clock)
    assert postman() == 0, "the other may still be at it"
    clock.pass_by(minutes=2)
    postman()
    assert len(mailbox.mails) == 1


def test_what_nobody_waits_for_any_more_is_not_sent(database, clock, ruth, mailbox, postman, kept):
    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    clock.pass_by(minutes=16)
    assert postman() == 0
    with database.identity() as session:
        prune(session, clock=clock)
    assert kept("mails") == "[]"


def test_nobody_s_mailbox_is_filled(database, clock, ruth, mailbox, postman, kept):
    for _ in range(MOST_TO_ONE + 3):
        ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
        ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
        postman()
    assert len(mailbox.mails) == MOST_TO_ONE
    assert "user.link_withheld" in kept("audit_entries")
    clock.pass_by(minutes=15)
    ask_for_link(database, "ruth@example.org", next_path="", clock=clock)
    postman()
    assert len(mailbox.mails) == MOST_TO_ONE + 1


@pytest.mark.parametrize(
    "typed", ["", "ruth", "a@b", "x" * 10_000, "a@b.org\r\nBcc: c@d.org", "\x00@example.org"]
)
def test_what_is_no_address_is_not_noted(database, clock, typed, kept):
    ask_for_link(database, typed, next_path="", clock=clock)
    assert kept("mails") == "[]"


def test_with_a_mail_server_an_invitation_is_mailed(database, clock, church, ruth, mailbox, postman, kept):
    server = smtp_server(mailbox.url)
    invited = invite(
        database, user_id=ruth, church_id=church, public_url=HUB, smtp=server, clock=clock, actor="user:a"
    )
    assert (invited.url, invited.mailed) == (None, True)
    postman()
    (mail,) = mailbox.mails
    assert "Grace Church" in mail.get_content()
    assert f"{HUB}/sign-in" in mail.get_content().splitlines()
    assert use_up(database, link_in(mail).partition("?t=")[2], user_agent="", clock=clock).cookie
    assert "user:a" in kept("audit_entries")


def test_without_a_mail_server_the_admin_gets_the_link(database, clock, church, ruth):
    invited = invite(
        database, user_id=ruth, church_id=church, public_url=HUB, smtp=None, clock=clock, actor="user:a"
    )
    assert not invited.mailed
    assert invited.url not in repr(invited)
    assert use_up(database, invited.url.partition("?t=")[2], user_agent="", clock=clock).cookie


class TestTheServer:
    def test_a_password_goes_to_a_server_that_asks_for_it(self):
        with mail_server(login=True) as mailbox:
            at = mailbox.url.removeprefix("smtp://")
            letter = {"to": "ruth@example.org", "subject": "x", "text": "y"}
            send(smtp_server(f"smtp://hub%40example.org:right@{at}"), **letter)
            assert mailbox.logins == [(b"hub@example.org", b"right")]
            assert mailbox.mails[0]["From"].endswith("<hub@example.org>")
            with pytest.raises(MailError, match="login_535"):
                send(smtp_server(f"smtp://hub:wrong@{at}"), **letter)

    def test_a_password_is_never_sent_in_the_clear_to_another_machine(self):
        assert smtp_server("smtp://u:p@mail.example.org").security == "starttls"
        assert smtp_server("smtps://u:p@mail.example.org").port == 465
        assert smtp_server("smtp://mail.example.org:25?starttls=no").security == "none"
        with pytest.raises(ValueError, match="in the clear") as caught:
            smtp_server("smtp://u:geheim@mail.example.org?starttls=no")
        assert "geheim" not in str(caught.value)

    def test_a_server_without_starttls_gets_no_mail(self, mailbox):
        server = replace(smtp_server(mailbox.url), security="starttls")
        with pytest.raises(MailError, match="no_starttls"):
            send(server, to="ruth@example.org", subject="x", text="y")
        assert mailbox.mails == []

    def test_a_server_that_is_away_is_an_error_that_names_nobody(self):
        with pytest.raises(MailError) as caught:
            send(smtp_server("smtp://127.0.0.1:1"), to="ruth@example.org", subject="x", text="y")
        assert "ruth" not in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://h:port"]
    )
    def test_what_is_no_address_of_a_server_is_said(self, url):
        with pytest.raises(ValueError, match="is no address"):
            smtp_server(url)
