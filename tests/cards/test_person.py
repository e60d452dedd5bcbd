import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.person import Person, Verdict, plain_name, same_as_named, same_person

NAMES = st.one_of(
    st.sampled_from(
        ["", "Ann", "A.", "Anna", "Bob", "Robert", "J", "John", "Lee", "O'Brien", "van der Berg", "Zoë"]
    ),
    st.text(max_size=12),
)
PHONES = st.sampled_from([None, "+16155550101", "+16155550102"])
EMAILS = st.sampled_from([None, "a@example.org", "b@example.org"])
PEOPLE = st.builds(Person, NAMES, NAMES, PHONES, EMAILS)
LATIN = st.text(st.characters(min_codepoint=0x41, max_codepoint=0x24F, categories=["Lu", "Ll"]), max_size=8)


@given(PEOPLE, PEOPLE, st.booleans())
def test_the_verdict_is_symmetric(one: Person, other: Person, matched: bool):
    assert same_person(one, other, matched=matched) == same_person(other, one, matched=matched)


@given(PEOPLE)
def test_everybody_is_the_same_as_himself(one: Person):
    assert same_person(one, one, matched=True) == Verdict.SAME


@given(PEOPLE, PEOPLE, st.booleans(), st.sampled_from([str.upper, str.lower, str.title, str.casefold]))
def test_case_does_not_matter(one: Person, other: Person, matched: bool, change):
    changed = Person(change(one.first_name), change(one.last_name), one.phone, one.email)
    assert same_person(changed, other, matched=matched) == same_person(one, other, matched=matched)


@given(LATIN, LATIN, st.sampled_from(["\u0301", "\u0308", "\u0327", "-", " ", "'", "\u2019", "."]))
def test_accents_and_spacing_do_not_matter(first: str, last: str, sign: str):
    written = Person(sign.join(f"{first} "), f"{last}{sign}", "+16155550101")
    plain = Person(first, unicodedata.normalize("NFD", last), "+16155550101")
    assert same_person(written, plain) == Verdict.SAME


@given(PEOPLE, PEOPLE)
def test_without_a_common_address_nothing_is_decided(one: Person, other: Person):
    common = (one.phone and one.phone == other.phone) or (one.email and one.email == other.email)
    assert (same_person(one, other) == Verdict.DIFFERENT) == (not common)


@given(PEOPLE, PEOPLE)
def test_the_short_way_never_says_more_than_the_whole_rule(card: Person, contact: Person):
    """Whoever the name alone makes the same, the whole contact makes the same: only calls are saved."""
    words = f"{contact.first_name} {contact.last_name}".split()
    if same_as_named(card, " ".join(words)) == Verdict.SAME:
        cuts = (Person(" ".join(words[:n]), " ".join(words[n:])) for n in range(len(words) + 1))
        assert any(same_person(card, cut, matched=True) == Verdict.SAME for cut in cuts)


@given(st.text())
def test_plain_names_stay_plain(name: str):
    assert plain_name(plain_name(name)) == plain_name(name)


def test_vowel_signs_are_letters():
    assert plain_name("\u0915\u0941\u092e\u093e\u0930") != plain_name("\u0915\u092e\u0930")
