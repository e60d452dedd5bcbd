"""How one card becomes a contact, without any I/O: a generator of calls that is sent GHL's replies.

Never a second contact for the same person, never one person's data over another's. The names a contact has
are kept, its tags are only added to, and blank fields of a card wipe nothing.

    forbids duplicates   create ── made
                           └ a contact is there ── same person? ── update
    allows duplicates    look up ── none ── create
                           └ a contact is there ── same person? ── update
    an unsure try before look up each address alone, then as above
    was in GHL, corrected update the contact it is in ── gone? ── as above, by the former addresses too

Errors of `ghl.client.errors` are thrown in by whoever makes the calls; those that say nothing about the card
come out again.
"""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ghl.cards.person import Person, Verdict, same_as_named, same_person
from ghl.cards.phone import shown
from ghl.causes import CauseCode
from ghl.client.errors import DuplicateContactError, InvalidRequestError, NotFoundError
from ghl.client.models import Contact, ContactWrite
from ghl.delivery import correction
from ghl.delivery.known import KnownContact, Past, Resume, person_of
from ghl.delivery.outgoing import OutgoingCard, outgoing, tags_for
from ghl.delivery.steps import (
    AddTags,
    Attention,
    Call,
    CreateContact,
    Decide,
    Delivered,
    FindDuplicate,
    GetContact,
    Outcome,
    Reply,
    UpdateContact,
)

__all__ = [
    "AddTags",
    "Attention",
    "Call",
    "CreateContact",
    "Decide",
    "Decision",
    "Delivered",
    "FindDuplicate",
    "GetContact",
    "KnownContact",
    "LocationFacts",
    "Outcome",
    "OutgoingCard",
    "Past",
    "Reply",
    "Resume",
    "UpdateContact",
    "outgoing",
    "plan",
    "tags_for",
]

Decision = Literal["same", "different"]
Key = Literal["phone", "email"]
Steps = Generator[Call, Reply, Outcome]

_KEYS: tuple[Key, ...] = ("phone", "email")
_WORDS: Mapping[Key, str] = {"phone": "phone", "email": "e-mail"}
_TAKEN: Mapping[Key, CauseCode] = {
    "phone": CauseCode.PHONE_ON_OTHER_CONTACT,
    "email": CauseCode.EMAIL_ON_OTHER_CONTACT,
}
_KEPT_DIFFERENT: Mapping[Key, CauseCode] = {
    "phone": CauseCode.PHONE_KEPT_DIFFERENT,
    "email": CauseCode.EMAIL_KEPT_DIFFERENT,
}


@dataclass(frozen=True)
class LocationFacts:
    """What matters of a location: `allow_duplicates` is GHL's own setting, `region` the church's country."""

    allow_duplicates: bool
    region: str = "US"


def plan(
    card: OutgoingCard,
    known: Sequence[KnownContact],
    location: LocationFacts,
    decisions: Mapping[str, Decision],
    resume: Resume,
) -> Steps:
    """Yields calls, is sent their replies, returns what came of the card.

    `known` are the contacts remembered for the card's phone or e-mail; `decisions` are people's answers about
    this card's person, by contact id. A new guest takes one call where duplicates are forbidden, else two;
    a returning one two, or one where the contact is known. A correction takes one, or two where a name was corrected
    or something taken off, and one more where duplicates are allowed and an address is new.
    """
    if not (card.phone or card.email):
        return Attention(CauseCode.NO_USABLE_ADDRESS, {"name": card.name})
    delivery = _Delivery(card, known, location, decisions, resume.past)
    return (yield from delivery.run(must_look_up=resume.must_look_up))


@dataclass(frozen=True)
class _Candidate:
    """A contact the card may belong to; `contact` is set where GHL has just shown it."""

    id: str
    person: Person | None = None
    contact: Contact | None = None


class _Delivery:
    """One run of a plan. Each way on either ends, or takes an address off the card, or uses up the second look."""

    def __init__(
        self,
        card: OutgoingCard,
        known: Sequence[KnownContact],
        location: LocationFacts,
        decisions: Mapping[str, Decision],
        past: Past,
    ) -> None:
        own = (past.own,) if past.own else ()
        self._card = card
        self._known = {one.contact_id: one for one in (*known, *own)}
        self._location = location
        self._decisions = decisions
        self._past = past
        self._own: str | None = None
        self._left_out: list[str] = []
        self._looked_again = False
        self._second_email = False

    def run(self, *, must_look_up: bool) -> Steps:
        if (own := self._past.own) and self._decisions.get(own.contact_id) != "different":
            self._own = own.contact_id
            return (yield from self._update(_Candidate(own.contact_id)))
        if must_look_up:
            return (yield from self._look_anew())
        if found := self._remembered():
            if self._location.allow_duplicates:
                # GHL would let two contacts have the other address, so it has to be asked for.
                found |= yield from self._look_up_each(without=found)
            return (yield from self._go_on(found))
        if self._location.allow_duplicates:
            return (yield from self._go_on((yield from self._look_up())))
        return (yield from self._create())

    # Finding

    def _remembered(self) -> dict[Key, _Candidate]:
        """The one remembered contact that is this person; with two of them GHL is asked."""
        same = [
            one
            for one in self._known.values()
            if one.fresh
            and self._decisions.get(one.contact_id) != "different"
            and (
                self._decides_same(one.contact_id)
                or same_person(self._card.person, one.person) == Verdict.SAME
            )
        ]
        if len(same) != 1:
            return {}
        candidate = _Candidate(same[0].contact_id, same[0].person)
        return {key: candidate for key in self._keys() if getattr(same[0], key) == getattr(self._card, key)}

    def _look_anew(self) -> Steps:
        """Who has the addresses is asked for each of them, and for those that the card had before."""
        found = yield from self._look_up_each()
        if not found and (former := (yield from self._look_up_former())):
            self._own = former.id
            return (yield from self._update(former))
        return (yield from self._go_on(found))

    def _look_up_former(self) -> Generator[Call, Reply, _Candidate | None]:
        """The contact of an earlier revision, by addresses that the card no longer has: it must be that person."""
        asked = {self._card.phone, self._card.email, None}
        for one in reversed(self._past.earlier):
            for key in _KEYS:
                if (address := getattr(one, key)) in asked:
                    continue
                asked.add(address)
                contact = yield from self._find(key, card=one)
                if contact is None or self._decisions.get(contact.id) == "different":
                    continue
                candidate = self._candidate(contact)
                if candidate.person and _is_named(one.person, candidate.person):
                    return candidate
        return None

    def _look_up(self, keys: tuple[Key, ...] | None = None) -> Generator[Call, Reply, dict[Key, _Candidate]]:
        """One look-up with both addresses; an address the found contact lacks is looked up alone."""
        keys = self._keys() if keys is None else keys
        if not keys:
            return {}
        contact = yield from self._find(*keys)
        if contact is None:
            return {}
        shared = [key for key in keys if self._has(contact, key)]
        # A contact that shows neither was found through a second e-mail address that GHL's answer leaves out.
        found: dict[Key, _Candidate] = dict.fromkeys(shared or keys[-1:], self._candidate(contact))
        self._note_second_email(found)
        return found | (yield from self._look_up_each(without={*_KEYS} - {*keys} | {*found}))

    def _look_up_each(
        self, *, without: Collection[Key] = ()
    ) -> Generator[Call, Reply, dict[Key, _Candidate]]:
        """One look-up for each address that is not in `without`: two different people show up as two."""
        found: dict[Key, _Candidate] = {}
        for key in self._keys():
            if key in without:
                continue
            contact = yield from self._find(key)
            if contact is not None:
                found[key] = self._candidate(contact)
        self._note_second_email(found)
        return found

    def _find(self, *keys: Key, card: OutgoingCard | None = None) -> Generator[Call, Reply, Contact | None]:
        card = card or self._card
        reply = yield FindDuplicate(
            phone=card.phone if "phone" in keys else None,
            email=card.email if "email" in keys else None,
        )
        assert reply is None or isinstance(reply, Contact)
        return reply

    def _note_second_email(self, found: Mapping[Key, _Candidate]) -> None:
        if (holder := found.get("email")) and holder.person:
            self._second_email = holder.person.email != self._card.email

    def _get(self, contact_id: str) -> Generator[Call, Reply, Contact]:
        reply = yield GetContact(contact_id)
        assert isinstance(reply, Contact)
        return reply

    # Deciding

    def _go_on(self, found: dict[Key, _Candidate]) -> Steps:
        """From who has the card's addresses to a contact of its own, to update one, or to a question."""
        different = [key for key, one in found.items() if self._decisions.get(one.id) == "different"]
        for key in different:
            self._leave_out(key)
            last = found.pop(key)
            if not self._keys():
                return self._nothing_of_its_own(key, last)
        if not found:
            return (yield from self._create())
        candidates = {one.id: one for one in found.values()}
        if len(candidates) > 1:
            # Of two contacts of one person the same one each time: GHL names that of the e-mail first.
            in_order = [found[key] for key in reversed(_KEYS) if key in found]
            decided = next((one for one in in_order if self._decides_same(one.id)), None)
            if decided is None:
                return self._two_people(found)
            for key, one in found.items():
                if one.id != decided.id:
                    self._leave_out(key)
            return (yield from self._update(decided))
        key, candidate = next(iter(found.items()))
        if self._is_same(candidate):
            return (yield from self._update(candidate))
        return Decide(CauseCode.SAME_PERSON_DOUBT, self._facts(key, candidate))

    def _is_same(self, candidate: _Candidate) -> bool:
        if self._decides_same(candidate.id):
            return True
        person = candidate.person
        return person is not None and same_person(self._card.person, person, matched=True) == Verdict.SAME

    def _decides_same(self, contact_id: str) -> bool:
        return self._decisions.get(contact_id) == "same"

    # Writing

    def _create(self) -> Steps:
        try:
            reply = yield CreateContact(self._new_contact())
        except DuplicateContactError as error:
            return (yield from self._exists(error))
        except InvalidRequestError as error:
            if error.cause == CauseCode.PROGRAM_ERROR:
                raise
            # GHL has been seen to refuse a contact and keep it all the same: look before judging.
            found = yield from self._look_up_each()
            return (yield from self._go_on(found)) if found else self._refused(error)
        assert isinstance(reply, Contact)
        return self._differs(reply) or Delivered(reply.id, True, tuple(self._left_out), reply)

    def _exists(self, error: DuplicateContactError) -> Steps:
        """GHL named the contact that has one of the addresses: its name mostly tells enough."""
        key = _key_of(error)
        self._second_email = error.matching_field == "additionalEmail"
        if error.contact_id is None or key not in self._keys():
            found = yield from self._look_up_each()
            return (yield from self._go_on(found)) if found else self._refused(error)
        candidate = _Candidate(error.contact_id)
        decided = self._decisions.get(candidate.id)
        if decided is None and same_as_named(self._card.person, error.contact_name or "") != Verdict.SAME:
            try:
                candidate = self._candidate((yield from self._get(candidate.id)))
            except NotFoundError as gone:
                return (yield from self._gone(gone))
            return (yield from self._go_on({key: candidate}))
        if decided == "different":
            return (
                yield from self._go_on({key: replace(candidate, person=Person(error.contact_name or ""))})
            )
        return (yield from self._update(candidate))

    def _update(self, candidate: _Candidate) -> Steps:
        try:
            contact = candidate.contact
            if contact is None and self._must_read(candidate.id):
                contact = yield from self._get(candidate.id)
                candidate = self._candidate(contact)
            if candidate.id == self._own and (ended := (yield from self._not_as_before(candidate))):
                return ended
            write = self._changes(candidate.id, contact)
            if write.to_update():
                reply = yield UpdateContact(candidate.id, write)
                assert isinstance(reply, Contact)
                contact = reply
            if contact is None or _tells_nothing(contact):
                contact = yield from self._get(candidate.id)
            if differs := self._differs(contact, write):
                return differs
            yield from self._add_tags(contact)
        except NotFoundError as gone:
            return (yield from self._gone(gone))
        except DuplicateContactError as error:
            return (yield from self._taken(candidate, error))
        except InvalidRequestError as error:
            if error.cause == CauseCode.PROGRAM_ERROR:
                raise
            return self._refused(error)
        return Delivered(candidate.id, False, tuple(self._left_out), contact)

    def _add_tags(self, contact: Contact) -> Generator[Call, Reply, None]:
        has = {tag.casefold() for tag in contact.tags}
        missing = tuple(tag for tag in self._card.tags if tag.casefold() not in has)
        if not missing:
            return
        try:
            yield AddTags(contact.id, missing)
        except InvalidRequestError:
            # The person is there, with all that was written. Tags alone are not worth a stop.
            self._left_out.append("tags")

    def _taken(self, candidate: _Candidate, error: DuplicateContactError) -> Steps:
        """The contact is right, but one of the card's addresses belongs to another contact."""
        key, other_id = _key_of(error), error.contact_id
        other_name = error.contact_name or ""
        if key not in self._keys() or other_id is None:
            found = yield from self._look_up_each()
            others = {key: one for key, one in found.items() if one.id != candidate.id}
            if not others:
                return self._refused(error)
            key, other = next(iter(others.items()))
            other_id, other_name = other.id, _name(other.person)
        if other_id == candidate.id:
            return self._refused(error)
        other = _Candidate(other_id, Person(other_name))
        return (yield from self._belongs_to_other(candidate, key, other))

    def _belongs_to_other(self, candidate: _Candidate, key: Key, other: _Candidate) -> Steps:
        """One of the card's addresses is on another contact than the card's: people say whether that is the person."""
        decided, mine = self._decisions.get(other.id), self._decides_same(candidate.id)
        if decided is None:
            return Decide(_TAKEN[key], {**self._facts(key, other), "other_id": candidate.id})
        if decided == "different" or mine:
            self._leave_out(key)
            return (
                (yield from self._update(candidate)) if self._keys() else self._nothing_of_its_own(key, other)
            )
        if candidate.id == self._own:
            yield from self._part_from(candidate)
        for one in self._keys():
            if one != key:
                self._leave_out(one)
        return (yield from self._update(_Candidate(other.id)))

    def _gone(self, error: NotFoundError) -> Steps:
        """The contact was merged or removed meanwhile: look once more who has the addresses."""
        if self._looked_again:
            raise error
        return (yield from self._look_anew_once())

    def _look_anew_once(self) -> Steps:
        self._looked_again = True
        self._own = None
        return (yield from self._look_anew())

    # The contact that the card was in before it was corrected

    def _must_read(self, contact_id: str) -> bool:
        """Whether what is written depends on what stands there."""
        if self._is_older_than(contact_id) or correction.taken_off(self._card, self._past):
            return True
        if contact_id == self._own and not self._past.arrived:
            return True
        stale = contact_id in self._known and not self._known[contact_id].fresh
        return contact_id == self._own and (stale or correction.renamed(self._card, self._past))

    def _not_as_before(self, candidate: _Candidate) -> Generator[Call, Reply, Outcome | None]:
        """What comes of the card where it can no longer go into the contact it was in; None where it can."""
        contact, region = candidate.contact, self._location.region
        if contact:
            found_anew = self._looked_again
            if not (found_anew or correction.is_still(contact, self._card, self._past, region)):
                return (yield from self._look_anew_once())
            if question := self._another_name(candidate, contact):
                return question
        if taken := (yield from self._taken_meanwhile(candidate)):
            return (yield from self._belongs_to_other(candidate, *taken))
        return None

    def _another_name(self, candidate: _Candidate, contact: Contact) -> Decide | None:
        """The card was corrected to another person's name, and the contact is not the card's alone."""
        older = self._is_older_than(candidate.id)
        if self._decides_same(candidate.id) or not correction.is_another_name(
            contact, self._card, self._past, older=older
        ):
            return None
        key = next((key for key in self._keys() if self._has(contact, key)), self._keys()[0])
        return Decide(CauseCode.SAME_PERSON_DOUBT, self._facts(key, candidate))

    def _taken_meanwhile(
        self, candidate: _Candidate
    ) -> Generator[Call, Reply, tuple[Key, _Candidate] | None]:
        """Who else has an address that the card has only now: where duplicates are allowed GHL would not say.

        Where the card never arrived as it was written, any of its addresses may be one of those.
        """
        if not self._past.arrived:
            missing = {
                key for key in self._keys() if candidate.contact and not self._has(candidate.contact, key)
            }
            found = yield from self._look_up_each(without={*_KEYS} - missing)
            others = {key: one for key, one in found.items() if one.id != candidate.id}
            self._second_email = "email" in found and "email" not in others
            return next(iter(others.items()), None)
        if not self._location.allow_duplicates:
            return None
        new = tuple(
            key
            for key in self._keys()
            if any(getattr(one, key) != getattr(self._card, key) for one in self._past.earlier)
        )
        found = yield from self._look_up(new)
        self._second_email = False
        return next(((key, one) for key, one in found.items() if one.id != candidate.id), None)

    def _part_from(self, candidate: _Candidate) -> Generator[Call, Reply, None]:
        """The person is another contact: what the card wrongly said is taken off the one it was in."""
        try:
            contact = candidate.contact or (yield from self._get(candidate.id))
            region = self._location.region
            older = self._is_older_than(candidate.id)
            cleared = correction.wrong(self._card, self._past, contact, region, older=older)
            if cleared:
                yield UpdateContact(candidate.id, ContactWrite(cleared=cleared))
        except (NotFoundError, InvalidRequestError):
            # It is gone, or GHL lets nobody empty it: the person's own contact matters more.
            pass
        self._own = None

    # What is written

    def _new_contact(self) -> ContactWrite:
        card = self._card
        return self._changes_of_card().model_copy(
            update={
                "first_name": card.first_name or None,
                "last_name": card.last_name or None,
                "source": card.source or None,
                "tags": card.tags,
            }
        )

    def _changes_of_card(self) -> ContactWrite:
        """All that the card says, but no names and no tags."""
        card = self._card
        return ContactWrite(
            phone=card.phone,
            email=card.email,
            address1=card.address1,
            city=card.city,
            state=card.state,
            postal_code=card.postal_code,
            date_of_birth=card.date_of_birth,
            custom_fields=card.custom_fields,
        )

    def _changes(self, contact_id: str, contact: Contact | None) -> ContactWrite:
        """What goes into a contact that is there: a contact's names stay; an older card only fills blanks."""
        if contact_id == self._own:
            older = self._is_older_than(contact_id)
            write = correction.changes(self._card, self._past, contact, self._location.region, older=older)
            return write if self._past.arrived else self._without_second_email(write)
        write = self._without_second_email(self._changes_of_card())
        if contact is None:
            return write
        left: dict[str, object] = {}
        if self._is_older_than(contact_id):
            left = {name: None for name in _SIMPLE if getattr(contact, name)}
            custom = {
                field: value
                for field, value in write.custom_fields.items()
                if not contact.custom_fields.get(field)
            }
            left["custom_fields"] = custom
        left["cleared"] = correction.clears(
            self._card,
            self._past,
            contact,
            self._location.region,
            older=self._is_older_than(contact_id),
        )
        if not (contact.first_name or contact.last_name):
            left |= {"first_name": self._card.first_name or None, "last_name": self._card.last_name or None}
        return write.model_copy(update=left)

    def _without_second_email(self, write: ContactWrite) -> ContactWrite:
        # It is there already; sent as the first address it would push that one out.
        return write.model_copy(update={"email": None}) if self._second_email else write

    def _is_older_than(self, contact_id: str) -> bool:
        known = self._known.get(contact_id)
        return known is not None and self._card.written_at < known.newest_applied_at

    def _candidate(self, contact: Contact) -> _Candidate:
        return _Candidate(contact.id, person_of(contact, self._location.region), contact)

    # The card's addresses

    def _keys(self) -> tuple[Key, ...]:
        return tuple(key for key in _KEYS if getattr(self._card, key))

    def _leave_out(self, key: Key) -> None:
        self._card = replace(self._card, phone=None) if key == "phone" else replace(self._card, email=None)
        self._left_out.append(key)

    def _has(self, contact: Contact, key: Key) -> bool:
        """Whether GHL shows the contact with the card's address, in whatever form it keeps it."""
        person = person_of(contact, self._location.region)
        if key == "phone":
            return person.phone == self._card.phone
        return person.email == self._card.email or self._card.email in contact.additional_emails

    # Outcomes

    def _differs(self, contact: Contact, write: ContactWrite | None = None) -> Attention | None:
        """The answer read back: a phone or e-mail that GHL did not keep as it was sent."""
        if _tells_nothing(contact):
            return None
        for key in _KEYS:
            sent = getattr(write, key) if write else getattr(self._card, key)
            kept = getattr(contact, key)
            if sent and not self._has(contact, key):
                facts = {key: self._shown(sent), "kept": self._shown(kept) if kept else "none"}
            elif kept and write and key in write.cleared:
                facts = {key: f"no {_WORDS[key]} any more", "kept": self._shown(kept)}
            else:
                continue
            return Attention(_KEPT_DIFFERENT[key], {**facts, "contact_id": contact.id}, contact)
        return None

    def _refused(self, error: InvalidRequestError | DuplicateContactError) -> Attention:
        answer = "; ".join(error.messages) if isinstance(error, InvalidRequestError) else error.reason
        facts = {"answer": answer, "name": self._card.name}
        if error.cause == CauseCode.PHONE_REFUSED and self._card.phone:
            return Attention(error.cause, {**facts, "phone": self._shown(self._card.phone)})
        if error.cause == CauseCode.EMAIL_REFUSED and self._card.email:
            return Attention(error.cause, {**facts, "email": self._card.email})
        return Attention(CauseCode.REFUSED_BY_GHL, facts)

    def _nothing_of_its_own(self, key: Key, other: _Candidate) -> Attention:
        return Attention(CauseCode.NO_ADDRESS_OF_ITS_OWN, self._facts(key, other))

    def _two_people(self, found: Mapping[Key, _Candidate]) -> Decide:
        facts = self._facts("phone", found["phone"])
        other = {"other_id": found["email"].id, "other_name": _name(found["email"].person)}
        return Decide(CauseCode.TWO_PEOPLE_MATCH, facts | other)

    def _facts(self, key: Key, other: _Candidate) -> dict[str, str]:
        return {
            "name": self._card.name,
            "field": _WORDS[key],
            "contact_id": other.id,
            "contact_name": _name(other.person),
        }

    def _shown(self, address: str) -> str:
        return shown(address, self._location.region)


_SIMPLE = ("phone", "email", "address1", "city", "state", "postal_code", "date_of_birth")


def _tells_nothing(contact: Contact) -> bool:
    """Whether an answer shows the id alone: GHL's schema of an update promises no more."""
    return not (contact.phone or contact.email or contact.first_name or contact.last_name)


def _key_of(error: DuplicateContactError) -> Key | None:
    fields: Mapping[str | None, Key] = {"phone": "phone", "email": "email", "additionalEmail": "email"}
    return fields.get(error.matching_field)


def _is_named(one: Person, other: Person) -> bool:
    return same_person(one, other, matched=True) == Verdict.SAME


def _name(person: Person | None) -> str:
    return f"{person.first_name} {person.last_name}".strip() if person else ""
