"""How one card becomes a contact: which calls are made, and what comes of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ghl.cards.fields import CardFields
from ghl.causes import CauseCode, sentence
from ghl.client.errors import (
    AnswerLostError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    ServerError,
    TokenRefusedError,
)
from ghl.client.models import Contact
from ghl.delivery.plan import (
    Attention,
    Decide,
    Delivered,
    KnownContact,
    LocationFacts,
    OutgoingCard,
    Past,
    Resume,
    UpdateContact,
    outgoing,
    plan,
    tags_for,
)
from tests.support.contacts_model import ContactsModel, carry_out

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
PHONE, OTHER_PHONE = "+16155550101", "+16155550102"
EMAIL, OTHER_EMAIL = "ann@example.org", "other@example.org"
TAGS = ("connect-card",)
ANN = OutgoingCard(NOW, "Ann", "Lee", PHONE, EMAIL, address1="1 Main St", city="Nashville", tags=TAGS)
BOTH = pytest.mark.parametrize("allow", [False, True], ids=["forbids", "allows"])


def deliver(model, card=ANN, *, known=(), decisions=None, must_look_up=False, fault=lambda _call: None):
    steps = plan(card, known, LocationFacts(model.allow_duplicates), decisions or {}, Resume(must_look_up))
    return carry_out(steps, model.answer, fault)


def known_as(contact_id, *, at=NOW - timedelta(days=1), **person):
    return [
        KnownContact(contact_id, at, **{"first_name": "Ann", "last_name": "Lee", "phone": PHONE, **person})
    ]


class TestNewGuest:
    def test_one_call_where_duplicates_are_forbidden(self):
        model = ContactsModel()
        outcome = deliver(model)
        assert isinstance(outcome, Delivered)
        assert (outcome.created, outcome.left_out) == (True, ())
        assert model.names() == ["CreateContact"]
        [contact] = model.contacts.values()
        assert (contact["first_name"], contact["phone"], contact["email"]) == ("Ann", PHONE, EMAIL)
        assert (contact["tags"], contact["source"], contact["city"]) == (
            ["connect-card"],
            "Connect card",
            "Nashville",
        )

    def test_looked_up_first_where_duplicates_are_allowed(self):
        model = ContactsModel(allow_duplicates=True)
        assert deliver(model).created
        assert model.names() == ["FindDuplicate", "CreateContact"]

    @BOTH
    @pytest.mark.parametrize("missing", ["phone", "email"])
    def test_one_address_is_enough(self, allow, missing):
        model = ContactsModel(allow_duplicates=allow)
        assert deliver(model, replace(ANN, **{missing: None})).created

    @BOTH
    def test_without_an_address_nothing_is_called(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        outcome = deliver(model, replace(ANN, phone=None, email=None))
        assert outcome.cause == CauseCode.NO_USABLE_ADDRESS
        assert model.calls == []


class TestReturningGuest:
    @BOTH
    @pytest.mark.parametrize("email_first", [True, False])
    def test_two_calls(self, allow, email_first):
        model = ContactsModel(allow_duplicates=allow, email_first=email_first)
        contact_id = model.add(
            first_name="ANN", last_name="lee", phone=PHONE, email=EMAIL, tags=["connect-card", "vip"]
        )
        outcome = deliver(model, replace(ANN, tags=("Connect-Card",)))
        assert (outcome.contact_id, outcome.created) == (contact_id, False)
        assert len(model.calls) == 2
        contact = model.contacts[contact_id]
        assert (contact["first_name"], contact["last_name"]) == ("ANN", "lee"), "names are kept"
        assert contact["tags"] == ["connect-card", "vip"], "tags are kept"
        assert contact["city"] == "Nashville"

    def test_one_call_where_the_contact_is_known(self):
        model = ContactsModel()
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE, tags=["connect-card"])
        assert deliver(model, known=known_as(contact_id)).contact_id == contact_id
        assert model.names() == ["UpdateContact"]
        assert model.contacts[contact_id]["email"] == EMAIL

    @BOTH
    def test_a_missing_tag_is_added(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE, email=EMAIL, tags=["vip"])
        deliver(model, replace(ANN, tags=("connect-card", "VIP")))
        assert model.calls[-1].tags == ("connect-card",)
        assert model.contacts[contact_id]["tags"] == ["vip", "connect-card"]

    @BOTH
    def test_blank_fields_wipe_nothing(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE, email=EMAIL, city="Franklin")
        deliver(model, OutgoingCard(NOW, "Ann", "Lee", phone=PHONE))
        assert (model.contacts[contact_id]["city"], model.contacts[contact_id]["email"]) == (
            "Franklin",
            EMAIL,
        )

    @BOTH
    def test_the_other_address_is_the_newer_one(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE, email=OTHER_EMAIL)
        deliver(model)
        assert model.contacts[contact_id]["email"] == EMAIL

    def test_names_of_a_nameless_contact_are_filled(self):
        model = ContactsModel()
        contact_id = model.add(phone=PHONE, email=EMAIL)
        deliver(model)
        assert model.contacts[contact_id]["first_name"] == "Ann"

    @BOTH
    def test_a_second_email_address_stays_the_second(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(
            first_name="Ann", last_name="Lee", email=OTHER_EMAIL, additional_emails=[EMAIL]
        )
        assert deliver(model).contact_id == contact_id
        assert (model.contacts[contact_id]["email"], model.contacts[contact_id]["phone"]) == (
            OTHER_EMAIL,
            PHONE,
        )

    def test_the_name_alone_is_enough_even_when_it_is_long(self):
        model = ContactsModel()
        model.add(first_name="Mary Ann", last_name="van der Berg", phone=PHONE)
        deliver(model, replace(ANN, first_name="Mary Ann", last_name="Van der Berg", tags=()))
        assert model.names() == ["CreateContact", "UpdateContact"]

    def test_after_a_bare_answer_to_an_update_the_contact_is_read(self):
        model = ContactsModel()
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE, tags=["connect-card"])

        def bare(call):
            reply = model.answer(call)
            return Contact(id=contact_id) if isinstance(call, UpdateContact) else reply

        outcome = carry_out(plan(ANN, known_as(contact_id), LocationFacts(False), {}, Resume()), bare)
        assert (outcome.contact_id, outcome.contact.phone, outcome.contact.email) == (
            contact_id,
            PHONE,
            EMAIL,
        )
        assert model.names() == ["UpdateContact", "GetContact"]


class TestSomebodyElse:
    @BOTH
    def test_a_shared_phone_is_a_question(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        outcome = deliver(model)
        assert isinstance(outcome, Decide)
        assert outcome.cause == CauseCode.SAME_PERSON_DOUBT
        assert sentence(outcome.cause, outcome.facts) == (
            "GoHighLevel already has Mary Lee with this phone. The card says Ann Lee. Is it the same person?"
        )
        assert outcome.facts["contact_id"] == mary
        assert model.contacts[mary] == {**model.contacts[mary], "first_name": "Mary"}
        assert "UpdateContact" not in model.names()

    @BOTH
    @pytest.mark.parametrize("look", [False, True])
    def test_phone_and_email_of_two_people(self, allow, look):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        kim = model.add(first_name="Kim", last_name="Lee", email=EMAIL)
        outcome = deliver(model, must_look_up=look)
        assert isinstance(outcome, Decide)
        if allow or look:
            assert outcome.cause == CauseCode.TWO_PEOPLE_MATCH
            assert (outcome.facts["contact_id"], outcome.facts["other_id"]) == (mary, kim)
        assert not any("city" in contact for contact in model.contacts.values())

    @pytest.mark.parametrize(
        ("hers", "theirs", "cause"),
        [
            ({"email": EMAIL}, {"phone": PHONE}, CauseCode.PHONE_ON_OTHER_CONTACT),
            ({"phone": PHONE}, {"email": EMAIL}, CauseCode.EMAIL_ON_OTHER_CONTACT),
        ],
    )
    def test_the_right_contact_but_an_address_of_another(self, hers, theirs, cause):
        model = ContactsModel(email_first="email" in hers)
        ann = model.add(first_name="Ann", last_name="Lee", **hers)
        mary = model.add(first_name="Mary", last_name="Smith", **theirs)
        outcome = deliver(
            model, known=known_as(ann, phone=None, **hers) if "email" in hers else known_as(ann)
        )
        assert (outcome.cause, outcome.facts["contact_id"], outcome.facts["other_id"]) == (cause, mary, ann)
        assert outcome.facts["contact_name"] == "Mary Smith"

    @BOTH
    def test_known_but_the_other_address_is_someone_elses(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        ann = model.add(first_name="Ann", last_name="Lee", phone=PHONE)
        mary = model.add(first_name="Mary", last_name="Smith", email=EMAIL)
        outcome = deliver(model, known=known_as(ann))
        assert isinstance(outcome, Decide)
        assert {outcome.facts["contact_id"], outcome.facts["other_id"]} == {ann, mary}


class TestDecisions:
    @BOTH
    def test_same_writes_to_the_contact_and_keeps_its_name(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        outcome = deliver(model, decisions={mary: "same"})
        assert outcome.contact_id == mary
        assert (model.contacts[mary]["first_name"], model.contacts[mary]["email"]) == ("Mary", EMAIL)

    @BOTH
    def test_different_goes_without_the_shared_address(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        outcome = deliver(model, decisions={mary: "different"})
        assert (outcome.created, outcome.left_out) == (True, ("phone",))
        ann = model.contacts[outcome.contact_id]
        assert (ann["email"], ann.get("phone")) == (EMAIL, None)
        assert "city" not in model.contacts[mary]
        again = deliver(model, decisions={mary: "different"})
        assert (again.contact_id, again.left_out) == (outcome.contact_id, ("phone",))
        assert len(model.contacts) == 2

    @BOTH
    def test_different_without_another_address_needs_one(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        outcome = deliver(model, replace(ANN, email=None), decisions={mary: "different"})
        assert isinstance(outcome, Attention)
        assert outcome.cause == CauseCode.NO_ADDRESS_OF_ITS_OWN
        assert sentence(outcome.cause, outcome.facts).startswith("Ann Lee is someone else than Mary Lee, and")
        assert len(model.contacts) == 1

    @BOTH
    def test_different_from_both_needs_an_address(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE, email=EMAIL)
        assert deliver(model, decisions={mary: "different"}).cause == CauseCode.NO_ADDRESS_OF_ITS_OWN

    @BOTH
    @pytest.mark.parametrize("verdict", ["same", "different"])
    def test_an_address_of_another_contact(self, allow, verdict):
        model = ContactsModel(allow_duplicates=allow)
        ann = model.add(first_name="Ann", last_name="Lee", email=EMAIL)
        mary = model.add(first_name="Mary", last_name="Smith", phone=PHONE)
        outcome = deliver(model, decisions={mary: verdict})
        chosen, left = (mary, "email") if verdict == "same" else (ann, "phone")
        assert (outcome.contact_id, outcome.left_out) == (chosen, (left,))
        assert (model.contacts[ann].get("phone"), model.contacts[mary].get("email")) == (None, None)

    @BOTH
    def test_both_are_the_same(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        mary = model.add(first_name="Mary", last_name="Lee", phone=PHONE)
        kim = model.add(first_name="Kim", last_name="Lee", email=EMAIL)
        outcome = deliver(model, decisions={mary: "same", kim: "same"})
        assert outcome.contact_id in {mary, kim}
        assert len(outcome.left_out) == 1


class TestUnsure:
    @BOTH
    def test_a_lost_answer_of_a_create_is_looked_up(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        with pytest.raises(AnswerLostError):
            deliver(
                model,
                fault=lambda call: AnswerLostError() if type(call).__name__ == "CreateContact" else None,
            )
        assert len(model.contacts) == 1
        model.calls.clear()
        outcome = deliver(model, must_look_up=True)
        assert len(model.contacts) == 1
        assert outcome.contact_id in model.contacts
        assert model.names() == ["FindDuplicate", "FindDuplicate", "UpdateContact"]

    @BOTH
    def test_a_lost_card_without_a_name_is_found_again(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        card = OutgoingCard(NOW, phone=PHONE)
        assert deliver(model, card).created
        assert not deliver(model, card, must_look_up=True).created

    @BOTH
    def test_a_create_that_never_arrived_is_made(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        assert deliver(model, must_look_up=True).created
        assert model.names() == ["FindDuplicate", "FindDuplicate", "CreateContact"]

    @BOTH
    def test_refused_but_made(self, allow):
        model = ContactsModel(allow_duplicates=allow, refused_but_made=True)
        told = iter(["something went wrong"])
        model.refuses = lambda _write: next(told, None)
        outcome = deliver(model)
        assert isinstance(outcome, Delivered)
        assert len(model.contacts) == 1

    @pytest.mark.parametrize(
        "error", [ServerError(), NotSentError(), RateLimitedError(), TokenRefusedError()]
    )
    def test_what_says_nothing_about_the_card_comes_out_again(self, error):
        with pytest.raises(type(error)):
            deliver(ContactsModel(), fault=lambda _call: error)


class TestRefused:
    @BOTH
    @pytest.mark.parametrize(
        ("message", "cause", "words"),
        [
            ("phone must be a valid phone number", CauseCode.PHONE_REFUSED, "(615) 555-0101"),
            ("email must be an email", CauseCode.EMAIL_REFUSED, "ann@example.org"),
            ("city is too odd", CauseCode.REFUSED_BY_GHL, "city is too odd"),
        ],
    )
    @pytest.mark.parametrize("returning", [False, True])
    def test_the_field_is_named(self, allow, message, cause, words, returning):
        model = ContactsModel(allow_duplicates=allow, refuses=lambda _write: message)
        if returning:
            model.add(first_name="Ann", last_name="Lee", phone=PHONE)
        outcome = deliver(model)
        assert isinstance(outcome, Attention)
        assert outcome.cause == cause
        assert words in sentence(outcome.cause, outcome.facts)
        assert len(model.contacts) == returning

    def test_a_mistake_of_our_own_comes_out_again(self):
        model = ContactsModel(refuses=lambda _write: "property locationId should not exist")
        with pytest.raises(InvalidRequestError) as caught:
            deliver(model)
        assert caught.value.cause == CauseCode.PROGRAM_ERROR

    def test_tags_alone_stop_nobody(self):
        model = ContactsModel()
        model.add(first_name="Ann", last_name="Lee", phone=PHONE)
        refusal = InvalidRequestError("tags", status=422)
        outcome = deliver(model, fault=lambda call: refusal if type(call).__name__ == "AddTags" else None)
        assert (type(outcome), outcome.left_out) == (Delivered, ("tags",))

    @BOTH
    def test_another_phone_was_kept(self, allow):
        model = ContactsModel(allow_duplicates=allow)

        def keep_another(call):
            reply = model.answer(call)
            return reply.model_copy(update={"phone": OTHER_PHONE}) if isinstance(reply, Contact) else reply

        steps = plan(ANN, (), LocationFacts(allow), {}, Resume())
        outcome = carry_out(steps, keep_another)
        assert outcome.cause == CauseCode.PHONE_KEPT_DIFFERENT
        assert (
            sentence(outcome.cause, outcome.facts)
            == "The card says (615) 555-0101. GoHighLevel kept (615) 555-0102."
        )

    def test_the_same_phone_in_another_form_is_no_difference(self):
        model = ContactsModel()

        def other_form(call):
            return model.answer(call).model_copy(
                update={"phone": "(615) 555-0101", "email": "Ann@Example.org"}
            )

        assert carry_out(plan(ANN, (), LocationFacts(False), {}, Resume()), other_form).created


class TestOlderCard:
    @BOTH
    def test_it_only_fills_blanks(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(
            first_name="Ann",
            last_name="Lee",
            phone=PHONE,
            city="Franklin",
            custom_fields={"f1": "new"},
            tags=["vip"],
        )
        card = replace(ANN, written_at=NOW - timedelta(days=2), custom_fields={"f1": "old", "f2": "old"})
        outcome = deliver(model, card, known=known_as(contact_id))
        contact = model.contacts[contact_id]
        assert outcome.contact_id == contact_id
        assert (contact["city"], contact["email"], contact["address1"]) == ("Franklin", EMAIL, "1 Main St")
        assert contact["custom_fields"] == {"f1": "new", "f2": "old"}
        assert contact["tags"] == ["vip", "connect-card"]

    @BOTH
    def test_it_does_not_bring_an_old_address_back(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(
            first_name="Ann", last_name="Lee", phone=PHONE, email=OTHER_EMAIL, city="Franklin"
        )
        card = replace(ANN, written_at=NOW - timedelta(days=2), address1="", tags=())
        outcome = deliver(model, card, known=known_as(contact_id, email=OTHER_EMAIL))
        assert isinstance(outcome, Delivered)
        assert model.contacts[contact_id]["email"] == OTHER_EMAIL
        assert "UpdateContact" not in model.names(), "nothing was left to write"


class TestGoneContact:
    @BOTH
    def test_it_is_looked_up_once_and_made_again(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        outcome = deliver(model, known=known_as("merged-away"))
        assert outcome.created
        assert outcome.contact_id in model.contacts

    @BOTH
    def test_it_is_found_where_it_was_merged_to(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE)
        assert deliver(model, known=known_as("merged-away")).contact_id == contact_id

    def test_a_contact_that_is_named_but_never_there(self):
        model = ContactsModel()
        contact_id = model.add(first_name="Ann", last_name="Lee", phone=PHONE)
        gone = NotFoundError("Contact not found")
        with pytest.raises(NotFoundError):
            deliver(
                model,
                known=known_as(contact_id),
                fault=lambda c: gone if type(c).__name__ == "UpdateContact" else None,
            )
        assert model.names() == ["FindDuplicate", "FindDuplicate"], "looked up once, no more"


class TestOutgoing:
    FIELDS = CardFields(
        first_name="Ann", last_name="Lee", phone="615-555-0101", email="Ann@Example.org", address="1 Main St",
        birthday=date(1990, 5, 1), first_time=True, volunteer=True, interests=("Choir", "KIDS  ministry"),
        notes="private notes", guardian_phone="615-555-0109",
    )  # fmt: skip

    def test_it_has_one_form(self):
        card = outgoing(self.FIELDS, "US", written_at=NOW, custom_fields={"f1": "x"})
        assert (card.phone, card.email, card.date_of_birth) == (PHONE, EMAIL, date(1990, 5, 1))
        assert card.tags == ("connect-card", "first-time guest", "volunteer", "choir", "kids ministry")
        assert card.custom_fields == {"f1": "x"}

    def test_notes_never_leave(self):
        model = ContactsModel()
        deliver(model, outgoing(self.FIELDS, "US", written_at=NOW))
        assert "private" not in str(model.contacts)
        assert "0109" not in str(model.contacts)

    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            ({"phone": "555"}, CauseCode.PHONE_INVALID),
            ({"email": "ann@gmail,com"}, CauseCode.EMAIL_INVALID),
            ({"email": "", "phone": ""}, CauseCode.NO_USABLE_ADDRESS),
        ],
    )
    def test_a_wrong_address_stops_the_card(self, change, cause):
        outcome = outgoing(self.FIELDS.model_copy(update=change), "US", written_at=NOW)
        assert (type(outcome), outcome.cause) == (Attention, cause)

    def test_a_tick_left_blank_brings_no_tag(self):
        assert tags_for(CardFields(first_name="Ann", interests=("Connect-Card",))) == ("connect-card",)

    def test_nothing_personal_in_reprs(self):
        card = outgoing(self.FIELDS, "US", written_at=NOW)
        assert not any(word in repr(card) + repr(known_as("c1")) for word in ("Ann", "555", "example"))


def corrected(model, card, *earlier, own="c1", made=True, decisions=None, must_look_up=False, **past):
    """Delivers a card that said `earlier` before, and went into the contact `own`."""
    at = past.pop("newest", NOW)
    contact = model.contacts.get(own, {})
    shown = {name: contact.get(name) for name in ("phone", "email")}
    link = KnownContact(own, at, "Ann", "Lee", **shown, fresh=past.pop("fresh", True)) if own else None
    backed, arrived = frozenset(past.pop("backed", ())), past.pop("arrived", True)
    resume = Resume(must_look_up, Past(earlier, link, made, backed, arrived))
    steps = plan(card, (), LocationFacts(model.allow_duplicates), decisions or {}, resume)
    return carry_out(steps, model.answer)


def _without_second(reply):
    """GHL's answers leave out further e-mail addresses, though it finds a contact by them."""
    return reply.model_copy(update={"additional_emails": ()}) if isinstance(reply, Contact) else reply


class TestCorrection:
    """What a corrected card does to the contact it is in."""

    def made(self, model, card=ANN, **more):
        """The contact as an earlier revision left it."""
        values = {"first_name": card.first_name, "last_name": card.last_name, "phone": card.phone}
        values |= {"email": card.email, "city": card.city, "address1": card.address1, "tags": list(TAGS)}
        return model.add(**values | more)

    @BOTH
    def test_only_what_was_corrected_is_written(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        contact_id = self.made(model, address1="2 Side St")
        outcome = corrected(model, replace(ANN, city="Franklin"), ANN)
        assert (outcome.contact_id, outcome.created) == (contact_id, False)
        assert model.names() == ["UpdateContact"]
        assert model.calls[0].write.to_update() == {"city": "Franklin"}

    @BOTH
    def test_wrong_addresses_are_replaced(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model)
        corrected(model, replace(ANN, phone=OTHER_PHONE, email=OTHER_EMAIL), ANN)
        assert model.names() == [*["FindDuplicate"] * allow, "UpdateContact"]
        [contact] = model.contacts.values()
        assert (contact["phone"], contact["email"]) == (OTHER_PHONE, OTHER_EMAIL)

    @BOTH
    def test_a_corrected_name_takes_two_calls(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model)
        corrected(model, replace(ANN, first_name="Anne", last_name="Leigh"), ANN)
        assert model.names() == ["GetContact", "UpdateContact"]
        [contact] = model.contacts.values()
        assert (contact["first_name"], contact["last_name"]) == ("Anne", "Leigh")

    def test_a_name_that_was_changed_there_stays(self):
        model = ContactsModel()
        self.made(model, first_name="Annie Mae")
        corrected(model, replace(ANN, first_name="Anne"), ANN)
        assert model.contacts["c1"]["first_name"] == "Annie Mae"

    def test_a_name_that_was_there_before_the_card_is_a_question(self):
        model = ContactsModel()
        self.made(model)
        mary = replace(ANN, first_name="Mary")
        outcome = corrected(model, mary, ANN, made=False)
        assert (type(outcome), outcome.cause) == (Decide, CauseCode.SAME_PERSON_DOUBT)
        assert (outcome.facts["contact_id"], outcome.facts["contact_name"]) == ("c1", "Ann Lee")
        assert model.contacts["c1"]["first_name"] == "Ann"

    def test_somebody_else_gets_a_contact_of_their_own(self):
        model = ContactsModel()
        self.made(model)
        mary = replace(ANN, first_name="Mary", phone=OTHER_PHONE, email=OTHER_EMAIL)
        outcome = corrected(model, mary, ANN, made=False, decisions={"c1": "different"})
        assert outcome.created
        assert model.contacts["c1"]["first_name"] == "Ann"

    @BOTH
    @pytest.mark.parametrize("key", ["phone", "email"])
    def test_what_is_taken_off_is_emptied(self, allow, key):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model)
        corrected(model, replace(ANN, **{key: None}, city=""), ANN)
        assert model.names() == ["GetContact", "UpdateContact"]
        contact = model.contacts["c1"]
        assert (contact[key], contact["city"], contact["address1"]) == (None, None, "1 Main St")

    def test_what_others_put_there_is_not_emptied(self):
        model = ContactsModel()
        self.made(model, phone=OTHER_PHONE, city="Memphis")
        corrected(model, replace(ANN, phone=None, city=""), ANN)
        assert (model.contacts["c1"]["phone"], model.contacts["c1"]["city"]) == (OTHER_PHONE, "Memphis")
        assert model.names() == ["GetContact"]

    def test_what_another_card_says_too_is_not_emptied(self):
        model = ContactsModel()
        self.made(model)
        corrected(model, replace(ANN, phone=None), ANN, backed=[PHONE])
        assert model.contacts["c1"]["phone"] == PHONE

    def test_what_ghl_does_not_empty_is_told(self):
        model = ContactsModel()
        self.made(model)

        def keeps(call):
            if isinstance(call, UpdateContact):
                model.calls.append(call)
                return Contact(id="c1", first_name="Ann", phone=PHONE, email=EMAIL)
            return model.answer(call)

        own = KnownContact("c1", NOW, "Ann", "Lee", PHONE, EMAIL)
        steps = plan(
            replace(ANN, phone=None), (), LocationFacts(False), {}, Resume(past=Past((ANN,), own, made=True))
        )
        outcome = carry_out(steps, keeps)
        assert outcome.cause == CauseCode.PHONE_KEPT_DIFFERENT
        assert sentence(outcome.cause, outcome.facts) == (
            "The card says no phone any more. GoHighLevel kept (615) 555-0101."
        )

    @BOTH
    def test_what_never_arrived_as_it_was_written_is_written_again(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model, phone=OTHER_PHONE, city=None)
        outcome = corrected(model, ANN, arrived=False)
        assert (type(outcome), outcome.contact_id) == (Delivered, "c1")
        assert model.names() == ["GetContact", "FindDuplicate", "UpdateContact"]
        assert (model.contacts["c1"]["phone"], model.contacts["c1"]["city"]) == (PHONE, "Nashville")

    @BOTH
    def test_a_second_email_pushes_the_first_one_out_no_more_than_before(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model, phone=OTHER_PHONE, email=OTHER_EMAIL, additional_emails=[EMAIL])
        model_answer = model.answer
        model.answer = lambda call: _without_second(model_answer(call))
        outcome = corrected(model, ANN, made=False, arrived=False)
        assert (type(outcome), outcome.contact_id) == (Delivered, "c1")
        assert (model.contacts["c1"]["phone"], model.contacts["c1"]["email"]) == (PHONE, OTHER_EMAIL)

    @BOTH
    def test_an_address_that_somebody_else_has_meanwhile_is_a_question(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model, phone=OTHER_PHONE)
        bob = model.add(first_name="Bob", last_name="Ray", phone=PHONE)
        outcome = corrected(model, ANN, arrived=False)
        assert (type(outcome), outcome.cause) == (Decide, CauseCode.PHONE_ON_OTHER_CONTACT)
        assert outcome.facts["contact_id"] == bob

    def test_the_last_address_is_not_lost(self):
        """The e-mail was left out because it is another's: without the phone nobody could find the contact."""
        model = ContactsModel()
        self.made(model, email=None)
        mary = model.add(first_name="Mary", phone=None, email=EMAIL)
        outcome = corrected(model, replace(ANN, phone=None), ANN, decisions={mary: "different"})
        assert outcome.cause == CauseCode.NO_ADDRESS_OF_ITS_OWN
        assert model.contacts["c1"]["phone"] == PHONE

    def test_an_older_card_changes_only_its_own(self):
        model = ContactsModel()
        self.made(model, city="Memphis")
        newer = {"newest": NOW + timedelta(days=1)}
        corrected(model, replace(ANN, city="Franklin", address1="2 Main St"), ANN, **newer)
        assert model.names() == ["GetContact", "UpdateContact"]
        assert model.calls[1].write.to_update() == {"address1": "2 Main St"}

    @BOTH
    def test_a_contact_that_became_somebody_else_is_left_alone(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model, first_name="Kim", last_name="Park", phone="+16155550777", email="kim@example.org")
        outcome = corrected(model, replace(ANN, city="Franklin"), ANN, fresh=False)
        assert outcome.created
        assert model.contacts["c1"]["city"] == "Nashville"

    @BOTH
    def test_a_merged_contact_is_found_by_a_former_address(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        merged = self.made(model, email=None)
        new = replace(ANN, phone=OTHER_PHONE, email=OTHER_EMAIL)
        outcome = corrected(model, new, ANN, own="gone")
        assert outcome.contact_id == merged
        assert model.contacts[merged]["phone"] == OTHER_PHONE

    @BOTH
    def test_a_former_address_of_somebody_else_says_nothing(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        model.add(first_name="Mary", last_name="Smith", phone=PHONE)
        new = replace(ANN, phone=OTHER_PHONE, email=OTHER_EMAIL)
        assert corrected(model, new, ANN, own="gone").created

    @BOTH
    def test_what_a_lost_answer_made_is_found_by_a_former_address(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        lost = self.made(model)
        new = replace(ANN, phone=OTHER_PHONE, email=OTHER_EMAIL)
        outcome = corrected(model, new, ANN, own=None, made=False, must_look_up=True)
        assert (outcome.contact_id, len(model.contacts)) == (lost, 1)
        assert model.contacts[lost]["phone"] == OTHER_PHONE

    def test_every_revision_that_may_be_there_counts(self):
        """The second one was sent and its answer lost: the third says again what the first one said."""
        model = ContactsModel()
        self.made(model, city="Franklin")
        corrected(model, ANN, ANN, replace(ANN, city="Franklin"))
        assert model.contacts["c1"]["city"] == "Nashville"

    @BOTH
    def test_calls_stay_few(self, allow):
        model = ContactsModel(allow_duplicates=allow)
        self.made(model)
        new = OutgoingCard(NOW, "Anne", "Leigh", OTHER_PHONE, OTHER_EMAIL, tags=TAGS)
        corrected(model, new, ANN)
        assert model.names() == ["GetContact", *["FindDuplicate"] * allow, "UpdateContact"]
