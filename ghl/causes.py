"""The catalogue of causes: why a card, a message or a church stands where it stands, in a volunteer's words.

One code for each cause, used by the client's errors, the delivery rules, the database and the screens.
It knows no card: facts such as a phone number come in as arguments, and the page escapes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ghl.statuses import Role

Who = Literal["staff", "admin", "nobody", "support"]
"""Who can mend it: whoever works on cards, an admin of the church, nobody (it mends itself), support."""

First = Literal["nothing", "mend", "answer", "choose"]
"""What has to come before the card may go once more.

`mend`: as it is, it would only come back, and GoHighLevel is not even asked. `answer`: somebody says who is who.
`choose`: sending it is one of two answers, so nobody sends it along with others by mistake.
"""

Over = Literal["never", "others arrive", "connected anew"]
"""What shows that the trouble is over: cards received meanwhile arrive, a new token was stored, or nothing does."""


class CauseCode(StrEnum):
    """The code that is stored. A code is never renamed or given another meaning once it was released."""

    NO_USABLE_ADDRESS = "no_usable_address"
    PHONE_INVALID = "phone_invalid"
    EMAIL_INVALID = "email_invalid"
    PHONE_REFUSED = "phone_refused"
    EMAIL_REFUSED = "email_refused"
    PHONE_KEPT_DIFFERENT = "phone_kept_different"
    EMAIL_KEPT_DIFFERENT = "email_kept_different"
    REFUSED_BY_GHL = "refused_by_ghl"
    REFUSED_ALONE = "refused_alone"
    CRASHED_THREE_TIMES = "crashed_three_times"
    GAVE_UP_AFTER_72_HOURS = "gave_up_after_72_hours"
    TRIES_USED_UP = "tries_used_up"

    TOKEN_REFUSED = "token_refused"  # noqa: S105  a code, no secret
    SCOPE_MISSING = "scope_missing"
    AGENCY_TOKEN = "agency_token"  # noqa: S105  a code, no secret
    WRONG_LOCATION = "wrong_location"
    PROGRAM_ERROR = "program_error"
    NOT_CONNECTED = "not_connected"
    CHURCH_PAUSED = "church_paused"

    GHL_NOT_ANSWERING = "ghl_not_answering"
    GOING_SLOWLY = "going_slowly"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    CHECKING_FOR_EXISTING = "checking_for_existing"
    CONTACT_GONE = "contact_gone"

    SAME_PERSON_DOUBT = "same_person_doubt"
    TWO_PEOPLE_MATCH = "two_people_match"
    PHONE_ON_OTHER_CONTACT = "phone_on_other_contact"
    EMAIL_ON_OTHER_CONTACT = "email_on_other_contact"
    NO_ADDRESS_OF_ITS_OWN = "no_address_of_its_own"
    SAME_CARD_AGAIN = "same_card_again"
    HELD_BY_STAFF = "held_by_staff"

    FIELD_GONE = "field_gone"
    CHOICE_GONE = "choice_gone"
    ASKED_FOR_NO_TEXTS = "asked_for_no_texts"
    CONSENT_WORDS_MISSING = "consent_words_missing"

    WAITS_FOR_CARD = "waits_for_card"
    QUIET_HOURS = "quiet_hours"
    RAMP_TOMORROW = "ramp_tomorrow"
    UNDONE = "undone"
    TOO_OLD = "too_old"
    TEST_ON_A_CARD = "test_on_a_card"
    TESTS_USED_UP = "tests_used_up"
    CARD_SET_ASIDE = "card_set_aside"
    WORDS_GONE = "words_gone"
    WORDS_INCOMPLETE = "words_incomplete"
    MESSAGE_CONTACT_GONE = "message_contact_gone"
    MESSAGE_SCOPE_MISSING = "message_scope_missing"
    MESSAGE_REFUSED = "message_refused"
    MESSAGE_TRIES_USED_UP = "message_tries_used_up"
    MESSAGE_GAVE_UP = "message_gave_up"
    MESSAGE_STOPS_PROGRAM = "message_stops_program"
    CARRIER_REFUSED = "carrier_refused"
    MAIL_REFUSED = "mail_refused"
    UNSURE_NONE_FOUND = "unsure_none_found"
    UNSURE_TWO_FOUND = "unsure_two_found"
    LOOK_SCOPE_MISSING = "look_scope_missing"
    SAID_ARRIVED = "said_arrived"
    SAID_NOT_SENT = "said_not_sent"
    LEFT_UNSENT = "left_unsent"

    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Cause:
    """One entry: `what_happened` may hold `{facts}`, each with a wording for when the fact is missing.

    `automatic`: the hub tries again by itself. `holds_church`: all cards of the church wait, because the
    next one would meet the same answer; none of them spends an attempt. `fields` are those of the card that a
    person mends, and `first` what has to come before the card may go once more. `over_when` says what shows that
    the trouble has passed, for a trouble that leaves cards behind. `of_many` is what happened to several cards, where
    the sentence about one speaks of that one.
    """

    code: CauseCode
    title: str
    what_happened: str
    who: Who
    what_to_do: str
    automatic: bool = False
    holds_church: bool = False
    fields: tuple[str, ...] = ()
    first: First = "nothing"
    over_when: Over = "never"
    of_many: str = ""


_FALLBACKS: Mapping[str, str] = {
    "phone": "this phone number",
    "email": "this e-mail address",
    "name": "this person",
    "contact_name": "someone else",
    "kept": "a different one",
    "answer": "it gave no reason",
    "problem": "It isn't complete.",
    "field": "a field",
    "choice": "One of the answers",
    "when": "soon",
    "day": "an earlier day",
    "reason": "no reason was noted",
    "support": "on this card",
    "by": "Somebody of your team",
    "what": "message",
}

_ALL = (
    Cause(
        CauseCode.NO_USABLE_ADDRESS,
        "No phone and no e-mail",
        "This card has no phone number and no e-mail address, so GoHighLevel can't tell who it is.",
        "staff",
        "Add a phone number or an e-mail address, then retry.",
        fields=("phone", "email"),
        first="mend",
    ),
    Cause(
        CauseCode.PHONE_INVALID,
        "A phone number to mend",
        "GoHighLevel won't take {phone}. {problem}",
        "staff",
        "Correct it here. Where the card has an e-mail address as well, the phone may be left empty.",
        fields=("phone",),
        first="mend",
        of_many="GoHighLevel won't take the phone number. What is wrong stands beside each card.",
    ),
    Cause(
        CauseCode.EMAIL_INVALID,
        "An e-mail address to mend",
        "GoHighLevel won't take {email}. {problem}",
        "staff",
        "Correct it here. Where the card has a phone as well, the e-mail address may be left empty.",
        fields=("email",),
        first="mend",
        of_many="GoHighLevel won't take the e-mail address. What is wrong stands beside each card.",
    ),
    Cause(
        CauseCode.PHONE_REFUSED,
        "GoHighLevel won't take this phone number",
        "GoHighLevel won't take the phone number {phone}. Its answer: {answer}",
        "staff",
        "Check the number with the card and correct it. Where the card has an e-mail address as well, the phone may be "
        "left empty.",
        fields=("phone",),
        of_many="GoHighLevel won't take the phone number. Its answer stands beside each card.",
    ),
    Cause(
        CauseCode.EMAIL_REFUSED,
        "GoHighLevel won't take this e-mail address",
        "GoHighLevel won't take the e-mail address {email}. Its answer: {answer}",
        "staff",
        "Check the address with the card and correct it. Where the card has a phone as well, it may be left empty.",
        fields=("email",),
        of_many="GoHighLevel won't take the e-mail address. Its answer stands beside each card.",
    ),
    Cause(
        CauseCode.PHONE_KEPT_DIFFERENT,
        "GoHighLevel kept a different phone",
        "The card says {phone}. GoHighLevel kept {kept}.",
        "admin",
        "Open the contact in GoHighLevel, put the right number there, then retry.",
        fields=("phone",),
        of_many="GoHighLevel kept another phone number than the card says.",
    ),
    Cause(
        CauseCode.EMAIL_KEPT_DIFFERENT,
        "GoHighLevel kept a different e-mail address",
        "The card says {email}. GoHighLevel kept {kept}.",
        "admin",
        "Open the contact in GoHighLevel, put the right address there, then retry.",
        fields=("email",),
        of_many="GoHighLevel kept another e-mail address than the card says.",
    ),
    Cause(
        CauseCode.REFUSED_BY_GHL,
        "GoHighLevel won't take this card",
        "GoHighLevel won't take this card. Its answer: {answer}",
        "staff",
        "Compare GoHighLevel's answer with the card, correct the card, then retry.",
        of_many="GoHighLevel won't take these cards. Its answer stands beside each card.",
    ),
    Cause(
        CauseCode.REFUSED_ALONE,
        "GoHighLevel stumbles over this card",
        "Eight times GoHighLevel broke off over this card, while other cards of your church went through.",
        "staff",
        "Look for something unusual on the card, for example odd signs in a name. Correct it, then retry.",
    ),
    Cause(
        CauseCode.CRASHED_THREE_TIMES,
        "This card stops our program",
        "Three times our program stopped while it was sending this card. Other cards go on.",
        "support",
        "Tell support the number {support}. The card is safe.",
    ),
    Cause(
        CauseCode.GAVE_UP_AFTER_72_HOURS,
        "GoHighLevel didn't answer for three days",
        "We tried for 72 hours and GoHighLevel didn't answer. The card is safe.",
        "staff",
        "When GoHighLevel is back, retry: one click sends them all.",
        over_when="others arrive",
    ),
    Cause(
        CauseCode.TRIES_USED_UP,
        "Tried eight times",
        "We tried eight times. GoHighLevel's last answer: {answer}",
        "staff",
        "Read GoHighLevel's answer, correct the card where it helps, then retry.",
        over_when="connected anew",
        of_many="We tried eight times. GoHighLevel's last answer stands beside each card.",
    ),
    Cause(
        CauseCode.TOKEN_REFUSED,
        "We can't get into GoHighLevel",
        "GoHighLevel no longer takes your church's token. Your cards are safe and waiting.",
        "admin",
        "Paste a new token on the Connection page. The cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.SCOPE_MISSING,
        "The token may not do everything yet",
        "GoHighLevel knows the token, but a box for it is not ticked. Your cards are safe and waiting.",
        "admin",
        "In GoHighLevel open Settings, Private Integrations, your integration, and tick every box that the Connection "
        "page names. The token stays the same; the cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.AGENCY_TOKEN,
        "This is an agency's token",
        "The token belongs to an agency, not to your church's own account. Your cards are safe and waiting.",
        "admin",
        "Make a token inside your church's own account in GoHighLevel (Settings, Private Integrations) and "
        "paste it on the Connection page. The cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.WRONG_LOCATION,
        "Token and location id don't belong together",
        "GoHighLevel takes the token, but not for this location id. Your cards are safe and waiting.",
        "admin",
        "Copy the location id again from GoHighLevel (Settings, Business Profile) and paste it on the Connection page, "
        "with a token of that account. The cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.PROGRAM_ERROR,
        "Our program asked the wrong way",
        "GoHighLevel didn't understand our program. That is ours to mend. Your cards are safe and waiting.",
        "support",
        "Tell support. The cards go out by themselves once it is mended.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.NOT_CONNECTED,
        "Not connected yet",
        "Your church isn't connected to GoHighLevel yet. Your cards are safe and waiting.",
        "admin",
        "Paste the location id and a token on the Connection page. The cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.CHURCH_PAUSED,
        "Paused",
        "Sending is paused for your church: {reason}. Your cards are safe and waiting.",
        "admin",
        "Tell whoever looks after this hub when it may go on (hub resume). The cards then go out by themselves.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.GHL_NOT_ANSWERING,
        "GoHighLevel isn't answering",
        "GoHighLevel isn't answering. The card is safe and waiting.",
        "nobody",
        "Nothing to do. It goes by itself when GoHighLevel is back.",
        automatic=True,
    ),
    Cause(
        CauseCode.GOING_SLOWLY,
        "Going slowly on purpose",
        "Going slowly on purpose: GoHighLevel takes 100 requests in 10 seconds.",
        "nobody",
        "Nothing to do. It goes by itself in a moment.",
        automatic=True,
    ),
    Cause(
        CauseCode.DAILY_LIMIT_REACHED,
        "GoHighLevel takes no more today",
        "Your church's account has used up all requests GoHighLevel allows in a day. "
        "Your cards are safe and waiting.",
        "nobody",
        "Nothing to do. The cards go by themselves when the new day begins at GoHighLevel.",
        automatic=True,
        holds_church=True,
    ),
    Cause(
        CauseCode.CHECKING_FOR_EXISTING,
        "Checking whether GoHighLevel already has this person",
        "Checking whether GoHighLevel already has {name}.",
        "nobody",
        "Nothing to do. We look first, so that nobody is there twice.",
        automatic=True,
    ),
    Cause(
        CauseCode.CONTACT_GONE,
        "This contact was merged or removed in GoHighLevel",
        "The contact of {name} was merged or removed in GoHighLevel. We look the person up again.",
        "nobody",
        "Nothing to do. It goes by itself.",
        automatic=True,
    ),
    Cause(
        CauseCode.SAME_PERSON_DOUBT,
        "Same person?",
        "GoHighLevel already has {contact_name} with this {field}. The card says {name}. "
        "Is it the same person?",
        "staff",
        "Choose: same person, someone else, or not sure.",
        first="answer",
        of_many="GoHighLevel already has somebody with this phone or e-mail, and the names differ. Is it the same person?",
    ),
    Cause(
        CauseCode.TWO_PEOPLE_MATCH,
        "Phone and e-mail belong to two people",
        "In GoHighLevel this phone is on {contact_name} and this e-mail is on {other_name}. "
        "The card says {name}.",
        "staff",
        "Choose who the card is for. If it is one person, merge the two contacts in GoHighLevel, then retry.",
        first="answer",
        of_many="In GoHighLevel the phone is on one person and the e-mail on another.",
    ),
    Cause(
        CauseCode.PHONE_ON_OTHER_CONTACT,
        "This phone is on someone else",
        "This phone is already on {contact_name} in GoHighLevel. The card says {name}. "
        "Is it the same person?",
        "staff",
        "Choose: same person, someone else (the card then goes without this phone), or not sure.",
        first="answer",
        of_many="The phone is already on somebody else in GoHighLevel. Is it the same person?",
    ),
    Cause(
        CauseCode.EMAIL_ON_OTHER_CONTACT,
        "This e-mail is on someone else",
        "This e-mail is already on {contact_name} in GoHighLevel. The card says {name}. "
        "Is it the same person?",
        "staff",
        "Choose: same person, someone else (the card then goes without this e-mail), or not sure.",
        first="answer",
        of_many="The e-mail is already on somebody else in GoHighLevel. Is it the same person?",
    ),
    Cause(
        CauseCode.NO_ADDRESS_OF_ITS_OWN,
        "No phone or e-mail of their own",
        "{name} is someone else than {contact_name}, and the card has no other {field}. "
        "GoHighLevel needs one to tell them apart.",
        "staff",
        "Add a phone number or an e-mail address of their own, then retry.",
        fields=("phone", "email"),
        first="mend",
        of_many="The phone or e-mail on the card is somebody else's, and the card has no other. GoHighLevel needs one to tell them apart.",
    ),
    Cause(
        CauseCode.SAME_CARD_AGAIN,
        "Looks like the same card",
        "{name} already has a card for {day} that says the same. This one was kept and not sent.",
        "staff",
        "Same card: set this one aside. Two different cards: send it.",
        first="choose",
        of_many="There is already a card that says the same. This one was kept and not sent.",
    ),
    Cause(
        CauseCode.HELD_BY_STAFF,
        "Kept back by your team",
        "{by} keeps this card here: {reason}",
        "staff",
        "Send it when the question is answered, or set it aside.",
        first="choose",
        of_many="Somebody of your team keeps these cards here. The reason stands beside each card.",
    ),
    Cause(
        CauseCode.FIELD_GONE,
        "A field is gone in GoHighLevel",
        "The field {field} is gone in GoHighLevel. It alone was left out.",
        "admin",
        "Choose another field on the Fields page, then retry.",
    ),
    Cause(
        CauseCode.CHOICE_GONE,
        "A choice is missing in GoHighLevel",
        "{choice} isn't a choice of the field {field} in GoHighLevel. It alone was left out.",
        "admin",
        "Add the choice in GoHighLevel, or map it on the Fields page, then retry.",
    ),
    Cause(
        CauseCode.ASKED_FOR_NO_TEXTS,
        "Sent, without texting",
        "{name} asked for no more texts on {day}. The card went to GoHighLevel, no text was sent.",
        "nobody",
        "Nothing to do.",
        automatic=True,
    ),
    Cause(
        CauseCode.CONSENT_WORDS_MISSING,
        "The card had no texting words",
        "The card doesn't say what {name} said yes to. Nobody is texted because of it.",
        "admin",
        "Put the texting words on the form this card came from.",
    ),
    Cause(
        CauseCode.WAITS_FOR_CARD,
        "Waits for its card",
        "This message leaves after the card is in GoHighLevel.",
        "nobody",
        "Nothing to do. Where the card needs somebody, see to the card first.",
        automatic=True,
    ),
    Cause(
        CauseCode.QUIET_HOURS,
        "Waits for the day",
        "Nobody is texted at this hour. This text leaves {when}.",
        "nobody",
        "Nothing to do. It goes by itself.",
        automatic=True,
    ),
    Cause(
        CauseCode.RAMP_TOMORROW,
        "Leaves tomorrow",
        "GoHighLevel lets a new number send only so many texts a day. Today's are used up. This one leaves {when}.",
        "nobody",
        "Nothing to do. It goes by itself.",
        automatic=True,
    ),
    Cause(
        CauseCode.UNDONE,
        "Taken back",
        "{by} took this {what} back before it left. It was not sent.",
        "nobody",
        "Nothing to do. It can be asked for again on the card.",
        automatic=True,
    ),
    Cause(
        CauseCode.TOO_OLD,
        "Too late for this message",
        "This {what} is meant for the first days after a visit, and they are over. It was not sent.",
        "staff",
        "Send it singly where it still makes sense.",
    ),
    Cause(
        CauseCode.TEST_ON_A_CARD,
        "A test goes to your own phone",
        "This number is on a card. A test goes to your own phone.",
        "nobody",
        "Write your own number or address.",
        automatic=True,
    ),
    Cause(
        CauseCode.TESTS_USED_UP,
        "Ten tests a day",
        "You sent ten tests in 24 hours. That is all for now.",
        "nobody",
        "Wait until tomorrow, or look at the preview.",
        automatic=True,
    ),
    Cause(
        CauseCode.CARD_SET_ASIDE,
        "The card was set aside",
        "The card was set aside before this {what} left. It was not sent.",
        "nobody",
        "Nothing to do. Put the card back and ask for it again, where that was a mistake.",
        automatic=True,
    ),
    Cause(
        CauseCode.WORDS_GONE,
        "The words are gone",
        "The words of this {what} were put away before it left. It was not sent.",
        "admin",
        "Publish them again on the Messages page. Then ask for it again on the card.",
    ),
    Cause(
        CauseCode.WORDS_INCOMPLETE,
        "The words have a gap",
        "The words of this {what} can't be filled in. {problem}",
        "admin",
        "Mend the words on the Messages page, then send it again.",
        of_many="The words of these messages can't be filled in.",
    ),
    Cause(
        CauseCode.MESSAGE_CONTACT_GONE,
        "Nobody there with this address",
        "GoHighLevel has nobody with the number or address of this {what} any more. It was not sent.",
        "staff",
        "Look the person up in GoHighLevel. Once they are there again, send it again.",
    ),
    Cause(
        CauseCode.MESSAGE_SCOPE_MISSING,
        "The token may not send messages yet",
        "GoHighLevel knows the token, but the box that lets it send messages is not ticked. The {what} waits.",
        "admin",
        "In GoHighLevel open Settings, Private Integrations, your integration, and tick conversations/message.write. "
        "The messages then go by themselves.",
        automatic=True,
    ),
    Cause(
        CauseCode.MESSAGE_REFUSED,
        "GoHighLevel won't send it",
        "GoHighLevel won't send this {what}. Its answer: {answer}",
        "staff",
        "Check the number or address in GoHighLevel, then send it again.",
        of_many="GoHighLevel won't send these messages. Its answer stands beside each.",
    ),
    Cause(
        CauseCode.MESSAGE_TRIES_USED_UP,
        "Tried eight times",
        "We tried eight times. The {what} was not sent. GoHighLevel's last answer: {answer}",
        "staff",
        "Read GoHighLevel's answer, then send it again.",
        of_many="We tried eight times. GoHighLevel's last answer stands beside each message.",
    ),
    Cause(
        CauseCode.MESSAGE_GAVE_UP,
        "GoHighLevel didn't answer for three days",
        "We tried for 72 hours and GoHighLevel didn't answer. The {what} was not sent.",
        "staff",
        "When GoHighLevel is back, send it again where it still makes sense.",
    ),
    Cause(
        CauseCode.MESSAGE_STOPS_PROGRAM,
        "This message stops our program",
        "Three times our program stopped over this {what}. Other messages go on.",
        "support",
        "Tell support the number {support}.",
    ),
    Cause(
        CauseCode.CARRIER_REFUSED,
        "The phone company did not deliver it",
        "GoHighLevel sent this text, and the phone company did not deliver it.",
        "staff",
        "Check the number with the person. Once it is right, send it again.",
    ),
    Cause(
        CauseCode.MAIL_REFUSED,
        "The e-mail came back",
        "GoHighLevel sent this e-mail, and the mail server of the address did not take it.",
        "staff",
        "Check the address with the person. Once it is right, send it again.",
    ),
    Cause(
        CauseCode.UNSURE_NONE_FOUND,
        "Did it go out?",
        "We could not find out whether this {what} went out.",
        "staff",
        "Look into the conversation in GoHighLevel. Choose *It arrived* or *Send again*.",
        first="choose",
    ),
    Cause(
        CauseCode.UNSURE_TWO_FOUND,
        "There twice?",
        "GoHighLevel has this {what} twice, and we can't tell which one is ours.",
        "staff",
        "Look into the conversation in GoHighLevel. Then choose *It went out* or *It did not: send it*.",
        first="choose",
    ),
    Cause(
        CauseCode.LOOK_SCOPE_MISSING,
        "We may not look whether it went out",
        "We don't know whether this {what} went out. The token may not read messages in GoHighLevel.",
        "admin",
        "In GoHighLevel open Settings, Private Integrations, your integration, and tick "
        "conversations/message.readonly and conversations.readonly. We then look by ourselves.",
        automatic=True,
    ),
    Cause(
        CauseCode.SAID_ARRIVED,
        "Arrived, as your team says",
        "{by} looked in GoHighLevel: this {what} went out.",
        "nobody",
        "Nothing to do.",
        automatic=True,
    ),
    Cause(
        CauseCode.SAID_NOT_SENT,
        "Sent again, as your team says",
        "{by} looked in GoHighLevel: this {what} did not go out. It is sent again.",
        "nobody",
        "Nothing to do.",
        automatic=True,
    ),
    Cause(
        CauseCode.LEFT_UNSENT,
        "Left unsent by your team",
        "{by} left this {what} unsent.",
        "nobody",
        "Nothing to do. It can be asked for again on the card.",
        automatic=True,
    ),
    Cause(
        CauseCode.UNKNOWN,
        "Something we have not seen before",
        "Something we have not seen before came in the way. The card is safe.",
        "support",
        "Retry. If it stays, tell support the number {support}.",
        over_when="connected anew",
    ),
)

CAUSES: Mapping[CauseCode, Cause] = {cause.code: cause for cause in _ALL}
"""Every cause by its code; a test proves it complete."""

WHO_ACTS: Mapping[Who, str] = {
    "staff": "You can mend this.",
    "admin": "An admin of your church can mend this.",
    "nobody": "Nothing to do.",
    "support": "Support can mend this.",
}
"""The sentence that follows the reason where nobody knows who reads it."""


def who_acts(who: Who, reader: Role | None) -> str:
    """The same sentence for a reader of this role: nobody is told to do what they may not do."""
    if who == "staff" and reader is Role.VIEWER:
        return "Somebody of your team can mend this."
    if who == "admin" and reader is Role.ADMIN:
        return WHO_ACTS["staff"]
    return WHO_ACTS[who]


def to_be_mended(code: str | None) -> tuple[str, ...]:
    """The fields of a card that this cause asks to mend; none where it asks for none."""
    return cause(code).fields if code else ()


def with_first(*wanted: First) -> frozenset[CauseCode]:
    """The causes that ask for one of these before the card may go once more."""
    return frozenset(entry.code for entry in _ALL if entry.first in wanted)


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _FALLBACKS.get(name, "someone else")


def cause(code: str) -> Cause:
    """The entry of a code; a code nobody knows (from a newer version, say) is `unknown`."""
    try:
        return CAUSES[CauseCode(code)]
    except ValueError:
        return CAUSES[CauseCode.UNKNOWN]


def sentence(code: str, facts: Mapping[str, str] | None = None) -> str:
    """The reason in words. Missing or empty facts are worded around; it never fails. Not escaped."""
    return _filled(cause(code).what_happened, facts)


def of_many(code: str) -> str:
    """The reason that several cards share, in words, without what is on one of them."""
    entry = cause(code)
    return entry.of_many or _filled(entry.what_happened, None)


def advice(code: str, facts: Mapping[str, str] | None = None) -> str:
    """What can be done about it, in words, filled like `sentence`."""
    return _filled(cause(code).what_to_do, facts)


def _filled(text: str, facts: Mapping[str, str] | None) -> str:
    known = {name: str(value).strip() for name, value in (facts or {}).items()}
    return text.format_map(_Facts({name: value for name, value in known.items() if value}))
