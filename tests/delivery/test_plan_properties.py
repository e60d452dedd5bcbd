"""Random families, shared phones and e-mails, faults at any call: nobody twice, and nobody's data on another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ghl.client.errors import AnswerLostError, GHLError, NotSentError, ServerError, UnreadableAnswerError
from ghl.delivery.plan import Delivered, KnownContact, LocationFacts, OutgoingCard, Past, Resume, plan
from tests.support.contacts_model import ContactsModel, carry_out
from tests.support.parish import NAMES, START, Delivery, addresses, card, in_turn

PEOPLE = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(addresses(name)))
)
CARDS = st.lists(st.tuples(PEOPLE, st.integers(0, 9)), min_size=1, max_size=9)
FAULTS = st.lists(
    st.sampled_from(
        [
            None,
            None,
            AnswerLostError("after the effect"),
            ServerError("before it"),
            UnreadableAnswerError(),
            NotSentError(),
        ]
    ),
    max_size=6,
)
NONE: list[None] = []


def run(ghl, cards, faults, *, allow, remembers=True, forgotten=0):
    """Delivers the cards; what the first `forgotten` of them taught is not remembered for the others."""
    delivery = Delivery(ghl, allow, remembers)
    for number, (((name, pair), day), trouble) in enumerate(zip(cards, faults, strict=True)):
        if number == forgotten:
            delivery = Delivery(ghl, allow, remembers, first_seen=delivery.first_seen)
        delivery.deliver(card(name, pair, number, day), in_turn(trouble))
    if remembers:
        delivery.check_arrived()
    return delivery


@settings(max_examples=200, deadline=None)
@given(st.data(), CARDS, st.integers(0, 4))
def test_nobody_is_there_twice(data, cards, forgotten):
    faults = [data.draw(FAULTS) for _ in cards]
    allow, email_first, remembers = (data.draw(st.booleans()) for _ in range(3))
    model = ContactsModel(allow, email_first=email_first)
    run(model, cards, faults, allow=allow, remembers=remembers, forgotten=forgotten)


@settings(max_examples=60, deadline=None)
@given(st.data(), CARDS, st.booleans())
def test_refused_but_made_is_found(data, cards, allow):
    """422 on a create that took effect: the contact is found, and the card goes on as that of a returning guest."""
    lies = data.draw(st.lists(st.booleans(), min_size=30, max_size=30))
    told = iter(lies)
    model = ContactsModel(allow, refused_but_made=True)
    made_now = []

    def refuses(write):
        # Only a create says source; an update that is refused is a real refusal, not this lie.
        if write.source and next(told, False):
            made_now.append(write)
            return "something went wrong"
        return None

    model.refuses = refuses
    run(model, cards, [NONE] * len(cards), allow=allow)


@settings(max_examples=60, deadline=None)
@given(CARDS, st.booleans())
def test_calls_stay_few(cards, allow):
    """Without faults no card needs more than six calls, decisions apart; most need one or two."""
    model = ContactsModel(allow)
    delivery = Delivery(model, allow)
    for number, ((name, pair), day) in enumerate(cards):
        before, decided = len(model.calls), len(delivery.decisions)
        delivery.deliver(card(name, pair, number, day))
        tries = 1 + len(delivery.decisions) - decided
        assert len(model.calls) - before <= 6 * tries


REVISIONS = st.lists(
    st.tuples(
        st.sampled_from([None, "+16155550301", "+16155550302", "+16155550303"]),
        st.sampled_from([None, "a@example.org", "b@example.org", "c@example.org"]),
        st.sampled_from(["", "Franklin", "Nashville"]),
        st.sampled_from(["Ann", "Anne", "Anna"]),
    ).filter(lambda one: one[0] or one[1]),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(st.data(), REVISIONS, st.booleans())
def test_a_corrected_card_is_one_contact_that_says_the_last(data, revisions, allow):
    """Each revision is tried, some through faults and then corrected before they arrived; the last one arrives."""
    model = ContactsModel(allow)
    cards = [
        OutgoingCard(START, name, "Lee", phone, email, city=city, tags=("connect-card",))
        for phone, email, city, name in revisions
    ]
    earlier, own, must_look_up, made = (), None, False, False
    for said in [*cards, cards[-1]]:
        last = said is cards[-1]
        trouble = in_turn(NONE if last else data.draw(FAULTS))
        known = () if own is None else (own,)
        past = Past(earlier, own, made)
        try:
            outcome = carry_out(
                plan(said, known, LocationFacts(allow), {}, Resume(must_look_up, past)), model.answer, trouble
            )
        except GHLError as error:
            must_look_up |= error.unsure
            earlier = (*earlier, said)
            continue
        assert isinstance(outcome, Delivered), outcome
        shown = outcome.contact
        made = made or outcome.created
        own = KnownContact(shown.id, START, shown.first_name, shown.last_name, shown.phone, shown.email)
        earlier, must_look_up = (said,), False
    [contact] = model.shown()
    assert (contact.phone, contact.email, contact.city or "") == (
        cards[-1].phone,
        cards[-1].email,
        cards[-1].city,
    )
