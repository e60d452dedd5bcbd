"""Random families, shared phones and e-mails, faults at any call: nobody twice, and nobody's data on another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ghl.client.errors import AnswerLostError, NotSentError, ServerError, UnreadableAnswerError
from tests.support.contacts_model import ContactsModel
from tests.support.parish import NAMES, Delivery, addresses, card, in_turn

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
