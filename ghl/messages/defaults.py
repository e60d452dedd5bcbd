"""The templates that every church has from the start, and their words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ghl.messages.lint import PLACEHOLDER
from ghl.messages.render import Words
from ghl.statuses import Channel

WELCOME_TEXT = "welcome_sms"


@dataclass(frozen=True)
class Default:
    """A template that every church has from the start, as a draft."""

    name: str
    channel: Channel
    send_within_hours: int
    words: Words


DEFAULTS: Mapping[str, Default] = MappingProxyType(
    {
        WELCOME_TEXT: Default(
            "Welcome text",
            Channel.SMS,
            72,
            Words(
                "",
                "Hi {first_name|friend}, this is {church_name}. Thank you for coming! Any questions? Just answer."
                " Reply STOP to stop, HELP for help.",
            ),
        ),
        "welcome_email": Default(
            "Welcome e-mail",
            Channel.EMAIL,
            72,
            Words(
                "Welcome to {church_name}",
                "Hello {first_name|friend},\n\nThank you for coming to {church_name}. We are glad that you were with"
                " us.\n\nDo you have a question, or would you like to join in? Just answer this e-mail.\n\n"
                "{church_name}",
            ),
        ),
        "documents_email": Default(
            "Documents e-mail",
            Channel.EMAIL,
            168,
            Words(
                "For volunteers at {church_name}",
                "Hello {first_name|friend},\n\nThank you for wanting to help at {church_name}. These are the papers"
                f" we need from you:\n\n{PLACEHOLDER}\n\n"
                "Do you have a question? Just answer this e-mail.\n\n{church_name}",
            ),
        ),
    }
)
