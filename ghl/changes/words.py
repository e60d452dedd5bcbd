"""What each entry of the change log says, in plain words. Pure: names and numbers of cards come in.

Every action that the code records has words here; a test reads the code to hold that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ghl.cards.fields import LENGTHS
from ghl.causes import CauseCode, cause


@dataclass(frozen=True)
class Kind:
    """One action: `what` as the filter names it, `done` as a sentence behind a name. `{it}` is what it was done to."""

    what: str
    done: str


ACTIONS: Mapping[str, Kind] = {
    "cards.added": Kind("Cards typed in", "typed in {it}"),
    "card.corrected": Kind("Cards corrected", "corrected {it}"),
    "card.mended": Kind("Cards mended", "mended {it}"),
    "card.number_confirmed": Kind("Numbers looked up on the card", "looked up the number of {it}"),
    "card.reviewed": Kind("Cards reviewed", "reviewed {it}"),
    "card.held": Kind("Cards kept back", "kept {it} back"),
    "card.released": Kind("Cards sent on", "sent {it} on"),
    "card.sent_again": Kind("Cards sent again", "sent {it} again"),
    "card.dismissed": Kind("Cards set aside", "set {it} aside"),
    "card.put_back": Kind("Cards put back", "put {it} back"),
    "card.decided": Kind("Same person or not", "decided about {it}"),
    "card.not_sure": Kind("Same person or not", "looked at {it} and was not sure"),
    "card.noted": Kind("Notes", "wrote a note on {it}"),
    "card.exported": Kind("Files of cards", "made a file of cards"),
    "cards.imported": Kind("Lists imported", "imported a list"),
    "import.refused_rows_downloaded": Kind("Lists imported", "downloaded the refused rows of a list"),
    "import.stopped": Kind("Lists imported", "stopped an import"),
    "prayers.opened": Kind("Prayer requests read", "opened the prayer requests"),
    "prayer.prayed_for": Kind("Prayer requests", "ticked the prayer request on {it} as prayed for"),
    "prayer.not_prayed_for": Kind(
        "Prayer requests", "took back that the prayer request on {it} was prayed for"
    ),
    "prayer.read": Kind("Prayer requests read", "read the prayer request on {it}"),
    "retry.requested": Kind("Many sent again", "asked to send many cards again"),
    "retry.stopped": Kind("Many sent again", "stopped sending many cards again"),
    "retry.ended": Kind("Many sent again", "finished sending many cards again"),
    "messages.asked": Kind("Messages", "asked for messages"),
    "message.undone": Kind("Messages", "took a message back before it left"),
    "message.sent_now": Kind("Messages", "let a message go at once"),
    "message.sent_again": Kind("Messages", "sent a message again"),
    "message.arrived": Kind("Messages", "found that a message arrived"),
    "message.left_unsent": Kind("Messages", "left a message unsent"),
    "messages.sent_again": Kind("Messages", "sent many messages again"),
    "messages.exported": Kind("Messages", "made a file of texts and e-mails"),
    "message.sent_once_more": Kind("Messages", "sent a message once more on purpose"),
    "message.tested": Kind("Messages", "sent a test of a message"),
    "outage.test_asked": Kind("Tests of GoHighLevel", "asked to test GoHighLevel"),
    "church.added": Kind("Church set up", "added the church"),
    "church.paused": Kind("Sending stopped or resumed", "paused sending"),
    "church.resumed": Kind("Sending stopped or resumed", "resumed sending"),
    "church.held": Kind("Sending stopped or resumed", "stopped sending, because GoHighLevel refuses"),
    "church.hold_ended": Kind("Sending stopped or resumed", "resumed sending, because the token works again"),
    "church.kept_for": Kind("Church set up", "changed how long cards are kept"),
    "church.removal_asked": Kind("Church removed", "began to remove the church"),
    "church.removed": Kind("Church removed", "removed the church"),
    "connection.stored": Kind("Connection", "connected GoHighLevel"),
    "connection.tested": Kind("Connection", "tested a token"),
    "connection.switched": Kind("Connection", "switched to a new token"),
    "connection.rolled_back": Kind("Connection", "went back to the old token"),
    "connection.finished": Kind("Connection", "erased the token that was kept"),
    "connection.disconnected": Kind("Connection", "disconnected GoHighLevel"),
    "keys.rotation_began": Kind("Encryption keys", "began to seal everything with the newest key"),
    "keys.rotation_ended": Kind("Encryption keys", "finished sealing everything with the newest key"),
    "keys.resealed": Kind("Encryption keys", "sealed the tokens with a newer key"),
    "webhook_secret.made": Kind("Keys", "made a secret for the workflow in GoHighLevel"),
    "webhook_secret.ended": Kind("Keys", "ended the secret before the one in use"),
    "webhook.replayed": Kind("News from GoHighLevel", "had news handled again"),
    "webhook.seen": Kind("News from GoHighLevel", "marked news as seen"),
    "difference.seen": Kind("News from GoHighLevel", "marked a difference as seen"),
    "doubt.decided": Kind("Stops", "said what a reply means"),
    "stops.mailed": Kind("Stops", "wrote to {it} about stops that were not in GoHighLevel"),
    "stops.not_mailed": Kind("Stops", "could not write to {it} about stops that were not in GoHighLevel"),
    "stop.brought": Kind("Stops", "brought a stop into GoHighLevel"),
    "source_key.created": Kind("Keys", "made a key for a website"),
    "source_key.revoked": Kind("Keys", "ended a key of a website"),
    "form.changed": Kind("Card form", "changed the card form"),
    "template.created": Kind("Messages", "made a new message"),
    "template.changed": Kind("Messages", "changed a message"),
    "template.published": Kind("Messages", "published a message"),
    "template.withdrawn": Kind("Messages", "stopped sending a message"),
    "template.brought_back": Kind("Messages", "brought back old words of a message"),
    "template.archived": Kind("Messages", "put a message away"),
    "messaging.changed": Kind("Messages", "changed the rules for sending"),
    "user.added": Kind("Team", "added {it} to the team, or changed their role"),
    "user.changed": Kind("Team", "changed what {it} may do"),
    "user.removed": Kind("Team", "removed {it} from the team"),
    "user.came": Kind("Signing in", "came over from another church"),
    "help.asked": Kind("Help access", "asked for help access"),
    "help.agreed": Kind("Help access", "agreed to help access for 24 hours"),
    "help.declined": Kind("Help access", "declined help access"),
    "help.ended": Kind("Help access", "ended help access"),
    "help.entered": Kind("Help access", "looked into the church, with help access"),
    "help.left": Kind("Help access", "left the church after help access"),
    "sign_in.turned_away": Kind("Signing in", "turned somebody away who has no access"),
    "wrong_tries.slowed": Kind("Wrong tries", "slowed somebody who tried wrong links or keys"),
    "wrong_tries.refused": Kind("Wrong tries", "refused somebody who tried wrong links or keys too often"),
    "user.identity_bound": Kind("Signing in", "signed in with an outside account for the first time"),
    "user.identity_forgotten": Kind("Signing in", "forgot the outside account of {it}"),
    "user.link_mailed": Kind("Signing in", "sent {it} a sign-in link"),
    "user.link_not_mailed": Kind("Signing in", "could not send {it} a sign-in link"),
    "user.link_withheld": Kind("Signing in", "sent no sign-in link, because too many were asked for"),
    "user.signed_out_elsewhere": Kind("Signing in", "signed out everywhere else"),
    "user.link_made": Kind("Signing in", "made a sign-in link for {it}"),
    "user.signed_in": Kind("Signing in", "signed in"),
    "user.signed_out": Kind("Signing in", "signed out"),
    "person.erase_asked": Kind("People erased", "asked to erase a person"),
    "person.erased": Kind("People erased", "erased a person"),
    "contact.removed": Kind("People erased", "removed a contact in GoHighLevel"),
    "cards.expired": Kind("Cards that were too old", "erased cards that were kept long enough"),
    "stop.recorded": Kind("Stops", "recorded that somebody asked for no more messages"),
    "consent.exported": Kind("Files of the consent log", "made a file of the consent log"),
    "consent.receipt_made": Kind("Consent receipts", "made a consent receipt"),
    "changes.exported": Kind("Files of this log", "made a file of this log"),
}

UNKNOWN = Kind("Other changes", "did something that this version of the hub has no words for")

SOMETHING = "something"

FIELD_WORDS: Mapping[str, str] = {
    "sms_consent": "may text",
    "email_consent": "may e-mail",
    "consent_wording": "the words beside the boxes",
    "consent_at": "date signed",
    "postal_code": "ZIP code",
    "first_time": "first time here",
    "custom_answers": "answers to your own questions",
}
"""Fields whose own names are no words."""

VERDICTS: Mapping[str, str] = {
    "same": "the same person",
    "different": "someone else",
    "taken_back": "the decision was taken back",
}


def kind_of(action: str) -> Kind:
    """The words of an action; one of a newer version has some as well."""
    return ACTIONS.get(action, UNKNOWN)


def choices() -> dict[str, tuple[str, ...]]:
    """What the filter offers: the words, and the actions behind them, in the order of the catalogue."""
    offered: dict[str, list[str]] = {}
    for action, kind in ACTIONS.items():
        offered.setdefault(kind.what, []).append(action)
    return {what: tuple(actions) for what, actions in sorted(offered.items())}


def sentence(action: str, *, it: str, facts: Mapping[str, Any]) -> str:
    """What was done, to stand behind a name: `corrected card 1042: phone, last name`."""
    done = kind_of(action).done.format(it=it or SOMETHING)
    more = details(action, facts)
    return f"{done}: {more}" if more else done


def details(action: str, facts: Mapping[str, Any]) -> str:
    """What the facts of an entry add, in words; empty where they add nothing for people."""
    parts: list[str] = []
    if fields := facts.get("fields"):
        parts += [field_words(str(name)) for name in fields]
    if action == "card.decided":
        parts.append(VERDICTS.get(str(facts.get("verdict")), ""))
    if code := facts.get("cause"):
        parts.append(_cause(str(code)))
    if "last4" in facts:
        parts.append(f"the token that ends in {facts['last4']}")
    if facts.get("role"):
        parts.append(f"as {facts['role']}")
    if facts.get("ops"):
        parts.append("runs the installation")
    if "years" in facts:
        parts.append(f"for {facts['years']} years" if facts["years"] else "without an end")
    parts += [
        f"{facts[name]:,} {ONE.get(name, word) if facts[name] == 1 else word}"
        for name, word in COUNTS.items()
        if isinstance(facts.get(name), int) and not isinstance(facts[name], bool)
    ]
    return ", ".join(part for part in parts if part)


COUNTS: Mapping[str, str] = {
    "cards": "cards",
    "rows": "rows",
    "entries": "entries",
    "messages": "texts and e-mails",
    "created": "saved",
    "duplicates": "there already",
    "rejected": "refused",
    "refused": "refused",
    "worked": "worked",
    "failed": "did not",
    "contacts": "contacts in GoHighLevel to remove",
}
"""Counts among the facts, and what they count."""

ONE: Mapping[str, str] = {
    "cards": "card",
    "rows": "row",
    "entries": "entry",
    "messages": "text or e-mail",
    "contacts": "contact in GoHighLevel to remove",
}
"""The same where there is one of them."""


def field_words(name: str) -> str:
    """A field's name as people say it."""
    known = name in LENGTHS or name in FIELD_WORDS or name.replace("_", "").isalpha()
    return FIELD_WORDS.get(name, name.replace("_", " ")) if known else SOMETHING


def from_where(origin: str) -> str:
    """Where a change came from: an address of the network, a part of the hub, or nothing where nobody noted it."""
    return {
        "": "",
        "command line": "on the command line",
        "worker": "by the worker",
        "scheduler": "by the scheduler",
        "dashboard": "on the dashboard",
        "intake": "by the web form or another program",
    }.get(origin, f"from {origin}")


def _cause(code: str) -> str:
    try:
        return cause(CauseCode(code)).title
    except ValueError:
        return ""
