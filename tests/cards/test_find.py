"""Finding cards: by words, phone, e-mail and number, by every filter, in one church alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from ghl.cards import imports
from ghl.cards.find import (
    CardFilter,
    choices,
    count_every,
    count_found,
    count_newer_found,
    find,
    period_counts,
)
from ghl.cards.terms import MOST_SIGNS, MOST_TERMS, read_terms
from ghl.cards.words import plain_words
from ghl.db.models import Card
from ghl.statuses import CardSource, CardStatus
from tests.support.churches import card_values, church, save

NOW = datetime.now(UTC)


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def add(database, church_id):
    """Saves cards a minute apart, the first the newest; returns their ids."""

    def add(*cards, **how):
        return [
            save(database, church_id, card, now=NOW - timedelta(minutes=n), **how)[0].id
            for n, card in enumerate(cards)
        ]

    return add


@pytest.fixture
def found(database, church_id):
    """The ids that a filter finds, newest first."""

    def found(words="", **wanted):
        with database.church(church_id) as session:
            return list(find(session, church_id, CardFilter(words=words, **wanted), limit=100).ids)

    return found


def person(first, last="", **more):
    return {"first_name": first, "last_name": last, **more}


@pytest.mark.parametrize(
    "words",
    [
        "anna", "ANNA", "  Ann  ", "nna", "keller", "an ke", "keller anna", "zo", "zoë", "ZOE", "Zoé",
        "o'neill", "O\N{RIGHT SINGLE QUOTATION MARK}Neill", "oneill", "díaz", "O'Neill-Diaz", "oneill diaz",
        "Anna, Keller", "st. keller",
    ],
)  # fmt: skip
def test_words(add, found, words):
    wanted, _other = add(
        person("Anna Zoë", "St. Keller O'Neill-Díaz", phone="(615) 555-0123"),
        person("Ben", "Smith", phone="(615) 555-0199"),
    )
    assert found(words) == [wanted]


@pytest.mark.parametrize(
    "words",
    [
        "(615) 555-0123", "615-555-0123", "615.555.0123", "6155550123", "+1 615 555 0123", "+16155550123",
        "1 (615) 555 0123", "555-0123", "555 0123", "0123", "5550", "tel:+1-615-555-0123", "anna (615) 555-0123",
        "615 555 0123 anna", "615\N{NON-BREAKING HYPHEN}555\N{EN DASH}0123", "615\N{NO-BREAK SPACE}555\N{NO-BREAK SPACE}0123",
        "\N{FULLWIDTH DIGIT SIX}15 555 0123", "001 615 555 0123",
    ],
)  # fmt: skip
def test_a_phone_in_any_format(add, found, words):
    wanted, *_others = add(
        person("Anna", phone="(615) 555-0123"),
        person("Ben", phone="(615) 444-9123"),
        person("Cleo", email="c@x.org"),
    )
    assert found(words) == [wanted]


@pytest.mark.parametrize(
    "words",
    [
        "+44 7911 123456",
        "07911 123456",
        "07911",
        "0044 7911 123456",
        "011 44 7911 123456",
        "+44 (0)7911 123456",
    ],
)
def test_a_phone_from_abroad(add, found, words):
    wanted, _ = add(person("Anna", phone="+44 7911 123456"), person("Ben", phone="(615) 555-0123"))
    assert found(words) == [wanted]


def test_a_phone_that_is_wrong_is_found_as_written(add, found):
    wanted, _ = add(person("Anna", phone="615-555-01"), person("Ben", phone="(615) 444-0199"))
    assert found("(615) 555-01") == [wanted]


@pytest.mark.parametrize(
    "words",
    [
        "anna.keller@mail.example.org",
        "Anna.Keller@",
        "anna.keller",
        "@mail.example",
        "mail.example.org",
        "keller@mail",
        "le.org anna",
    ],
)
def test_an_email_whole_or_in_part(add, found, words):
    wanted, _ = add(
        person("Anna", email="Anna.Keller@Mail.example.org"), person("Ben", email="ben@post.example.net")
    )
    assert found(words) == [wanted]


def test_a_number(database, church_id, add, found):
    first, second, third = add(*(card_values(n) for n in (1, 2, 3)))
    assert found("#2") == [second]
    assert found("# 2") == [second]
    assert found("2") == [second]
    assert found("#22") == []
    assert found(f"#{9 * 10**17}") == found("#" + "9" * 40) == found("9" * 60) == []
    assert set(found("#1 keller")) == {first}
    with database.church(church_id) as session:
        session.execute(update(Card).where(Card.id == third).values(number=615))
    assert set(found("615")) == {first, second, third}, "a number is a card's and part of a phone's"
    assert found("#615") == [third]


@pytest.mark.parametrize(
    "words",
    [
        "%",
        "_",
        "\\",
        "a%a",
        "An_a",
        "%%%",
        "'",
        '"',
        "';--",
        "\\'",
        "-",
        "😀",
        "()",
        "#",
        "# ",
        "\x1b[31m",
        "ann\\a",
        "a_na",
    ],
)
def test_signs_mean_themselves(add, found, words):
    add(person("Anna", "Keller", email="anna@example.org"))
    assert found(words) == []


def test_wildcards_in_a_name_are_found(add, found):
    wanted, _ = add(
        person("Tom_Tim", "Keller", email="100%@example.org"), person("TomXTim", email="100a@example.org")
    )
    assert found("tom_t") == found("100%@e") == [wanted]


def test_control_signs_and_endless_text(add, found):
    (wanted,) = add(person("Anna", "Keller", email="anna@example.org"))
    assert found("an\x07na\x00") == [wanted]
    assert found("anna " * 2_000) == [wanted]
    assert found("x" * 10_000) == []
    assert found("  \t\n ") == [wanted], "a blank asks for nothing"


def test_the_query_is_bounded():
    assert len(read_terms(" ".join(f"word{'abcdefghij'[n]}" for n in range(10)))) == MOST_TERMS
    assert all(len(pattern) <= MOST_SIGNS * 2 + 3 for pattern in read_terms("%" * 5000 + "x")[0].patterns)


letters = st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x2FF), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(letters.filter(plain_words), min_size=1, max_size=4), line=st.integers(0, 9999))
def test_a_card_is_found_by_each_of_its_words_and_by_its_phone(database, names, line):
    church_id = church(database)
    (saved,) = save(
        database,
        church_id,
        person(names[0], " ".join(names[1:]), phone=f"615-555-{line:04}", email="zz@example.org"),
    )
    asked = [*names, " ".join(reversed(names)), *(name.upper() for name in names), names[0][:2]]
    asked += [
        f"(615) 555-{line:04}",
        f"+1615555{line:04}",
        f"615.555.{line:04}",
        f"5-{line:04}",
        f"{line:04}",
    ]
    with database.church(church_id) as session:
        for words in asked:
            assert find(session, church_id, CardFilter(words=words)).ids == (saved.id,), words


def test_every_filter(add, found):
    nine, eleven, bare = add(
        card_values(1, service="9:00 am", campus="East", first_time="yes"),
        card_values(2, service="11:00 am", campus="West", first_time="no"),
        card_values(3),
    )
    (typed,) = add(card_values(4), source=CardSource.TYPED)
    (form,) = add(card_values(5), source=CardSource.FORM)
    every = {nine, eleven, bare, typed, form}
    both = frozenset({"9:00 am", "11:00 am"})
    assert set(found()) == every
    assert found(services=frozenset({"9:00 am"})) == [nine]
    assert found(services=both) == [nine, eleven]
    assert found(services=both, campuses=frozenset({"West"})) == [eleven]
    assert found(services=frozenset({"never"})) == []
    assert found(first_time=True) == [nine]
    assert found(first_time=False) == [eleven], "a blank is neither"
    assert found(sources=frozenset({CardSource.FORM})) == [form]
    assert set(found(sources=frozenset({CardSource.FORM, CardSource.TYPED}))) == {form, typed}
    assert found(statuses=frozenset({CardStatus.TO_REVIEW})) == [form]
    assert set(found(statuses=frozenset({CardStatus.TO_REVIEW, CardStatus.WAITING}))) == every
    assert set(found(received_from=NOW)) == every - {eleven, bare}
    assert found(received_before=NOW) == [eleven, bare]
    assert found(received_from=NOW - timedelta(minutes=1), received_before=NOW) == [eleven]
    assert found("anna", services=both, first_time=True, received_from=NOW) == [nine]
    assert found("keller", statuses=frozenset({CardStatus.TO_REVIEW})) == [form]


@pytest.mark.parametrize("wanted", [CardFilter(), CardFilter(words="keller"), CardFilter(first_time=True)])
def test_pages_and_counts_agree(database, church_id, add, wanted):
    cards = add(*(card_values(n, first_time="yes") for n in range(7)))
    with database.church(church_id) as session:
        pages, after = [], None
        while True:
            page = find(session, church_id, wanted, after=after, limit=3)
            pages.append(list(page.ids))
            after = page.last
            if not page.more:
                break
        assert pages == [cards[:3], cards[3:6], cards[6:]]
        assert count_found(session, church_id, wanted) == 7
        assert count_found(session, church_id, wanted, most=5) == 6, "more than five"
        assert count_newer_found(session, church_id, wanted, than=after) == 6
        assert find(session, church_id, CardFilter(words="nobody")).ids == ()
        assert count_found(session, church_id, CardFilter(words="nobody")) == 0


def test_a_rare_word_is_found_behind_thousands_and_pages_go_on(database, database_urls, church_id, add):
    """The newest are looked through first, the rest by the index: nothing is lost or twice between the two."""
    (wanted,) = add(person("Zebedee", "Quist", phone="(615) 555-0123"))
    fill_church(database_urls, church_id, 6_000)
    with database.church(church_id) as session:
        assert find(session, church_id, CardFilter(words="zebedee")).ids == (wanted,)
        assert find(session, church_id, CardFilter(words="(615) 555-0123")).ids == (wanted,)
        seen, after = [], None
        while True:
            page = find(session, church_id, CardFilter(words="every"), after=after, limit=100)
            seen += page.ids
            after = page.last
            if not page.more:
                break
        assert len(set(seen)) == len(seen) == 60
        assert count_found(session, church_id, CardFilter(words="every")) == 60
        times = session.execute(
            text(
                "SELECT received_at FROM cards JOIN unnest(:ids) WITH ORDINALITY AS o (id, n) USING (id) ORDER BY n"
            ),
            {"ids": seen},
        ).scalars()
        assert all(newer >= older for newer, older in pairwise(times))


def fill_church(database_urls, church_id, cards):
    """Plain cards by the owner, newer than everything; one in a hundred is called Every."""
    from sqlalchemy import create_engine

    engine = create_engine(database_urls.admin)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO cards (id, church_id, number, status, source, fingerprint, search, received_at,"
                " status_changed_at) SELECT gen_random_uuid(), :church, 100 + n, 'synced', 'api', int4send(n),"
                " CASE WHEN n % 100 = 0 THEN ' every hundredth' ELSE ' nobody known' END,"
                " now() + make_interval(secs => n), now() FROM generate_series(1, :cards) AS n"
            ),
            {"church": church_id, "cards": cards},
        )
    engine.dispose()


def test_what_is_found_follows_a_correction(database, database_urls, church_id, add):
    """Behind thousands of cards the index of the parts of words answers, and it must know the new ones."""
    (wanted,) = add(person("Zebedee", "Quist"))
    fill_church(database_urls, church_id, 3_000)
    with database.church(church_id) as session:
        session.execute(update(Card).where(Card.id == wanted).values(search=" xanthippe quist 16155550123"))
    with database.church(church_id) as session:
        assert find(session, church_id, CardFilter(words="xanthippe")).ids == (wanted,)
        assert find(session, church_id, CardFilter(words="zebedee")).ids == ()
        assert find(session, church_id, CardFilter(words="quist #1")).ids == (wanted,)


def test_letters_that_no_index_knows_are_found_behind_thousands(database, database_urls, church_id, add):
    (wanted,) = add(person("김철수", "Παπαδόπουλος"))
    fill_church(database_urls, church_id, 3_000)
    with database.church(church_id) as session:
        for words in ("김철수", "김", "Παπαδ", "παπα 김철"):
            assert find(session, church_id, CardFilter(words=words)).ids == (wanted,), words


def test_a_rare_filter_and_a_common_word(database, database_urls, church_id, add):
    (wanted,) = add(person("Every", "Quist", service="Midnight"))
    fill_church(database_urls, church_id, 6_000)
    midnight = frozenset({"Midnight", "Noon"})
    with database.church(church_id) as session:
        assert find(session, church_id, CardFilter(words="every", services=midnight)).ids == (wanted,)
        assert find(session, church_id, CardFilter(services=midnight, first_time=True)).ids == ()
        assert count_found(session, church_id, CardFilter(words="every")) == 61


def test_the_longest_card_can_be_saved_and_found(add, found):
    """Letters of four bytes, at the bound of each field that the lists' index holds."""
    letters = "".join(chr(0x10330 + n % 26) for n in range(100))
    (wanted,) = add(
        person(letters, letters[::-1], email=f"{'x' * 60}@{'y' * 250}", service=letters, campus=letters)
    )
    assert found(letters[:20]) == [wanted]
    assert found("x" * 60) == [wanted]


class TestOtherChurches:
    @pytest.fixture
    def other_id(self, database):
        other = church(database)
        save(
            database, other, person("Anna", "Keller", phone="(615) 555-0123", service="Late", campus="North")
        )
        return other

    @pytest.mark.parametrize(
        "wanted",
        [CardFilter(words="anna"), CardFilter(words="#1"), CardFilter(words="0123"), CardFilter(),
         CardFilter(services=frozenset({"Late"})), CardFilter(services=frozenset({"Late", "Early"}))],
    )  # fmt: skip
    def test_are_not_searched(self, database, church_id, other_id, wanted):
        with database.church(church_id) as session:
            for asked in (church_id, other_id):
                assert find(session, asked, wanted).ids == ()
                assert count_found(session, asked, wanted) == 0
            assert choices(session, other_id).services == ()
            assert not any(period_counts(session, other_id, NOW - timedelta(days=1)).values())
        with database.church(other_id) as session:
            assert len(find(session, other_id, wanted).ids) == 1

    def test_the_function_takes_no_church(self, database, church_id, other_id):
        asked = text(
            "SELECT pg_get_function_arguments(oid) AS arguments, prosecdef, proconfig, proacl::text AS acl"
            " FROM pg_proc WHERE proname = 'find_cards'"
        )
        with database.church(church_id) as session:
            (function,) = session.execute(asked)
        assert "church" not in function.arguments
        assert function.prosecdef
        assert function.proconfig == ["search_path=pg_catalog, pg_temp"]
        assert "{=X" not in function.acl
        assert ",=X" not in function.acl
        assert "hub_tenant=X" in function.acl

    def test_without_a_church_it_finds_nothing(self, database, other_id):
        with database.church(other_id) as session:
            session.execute(text("SELECT set_config('app.org', '', true)"))
            assert find(session, other_id, CardFilter(words="anna")).ids == ()

    def test_only_a_church_may_ask(self, database, other_id):
        with pytest.raises(DBAPIError, match="permission denied"), database.system() as session:
            find(session, other_id, CardFilter(words="anna"))


def test_choices(database, church_id, add):
    with database.church(church_id) as session:
        assert choices(session, church_id).services == ()
    add(
        card_values(1, service="9:00 am", campus="West"),
        card_values(2, service="11:00 am", campus="West"),
        card_values(3, service="9:00 am"),
        *(card_values(n, campus=f"Room {n}") for n in range(4, 70)),
    )
    with database.church(church_id) as session:
        found = choices(session, church_id)
    assert found.services == ("11:00 am", "9:00 am")
    assert len(found.campuses) == 50
    assert list(found.campuses) == sorted(found.campuses)


def test_counts_of_a_period(database, church_id, add):
    add(*(card_values(n) for n in range(3)))
    add(card_values(4), source=CardSource.FORM)
    with database.church(church_id) as session:
        told = period_counts(session, church_id, NOW - timedelta(minutes=1))
    assert set(told) == set(CardStatus)
    assert {status: n for status, n in told.items() if n} == {CardStatus.WAITING: 2, CardStatus.TO_REVIEW: 1}


def test_what_is_looked_for_is_in_no_repr():
    assert "anna" not in repr(CardFilter(words="anna")) + repr(read_terms("anna"))


def test_the_cards_of_one_list_and_what_else_is_wanted_of_them(database, church_id):
    with database.church(church_id) as session:
        mine, other = (
            imports.start(session, church_id, name="Sunday.csv", actor="x", now=NOW) for _ in range(2)
        )
    here = CardFilter(import_id=mine)
    [anna] = save(database, church_id, card_values(1, service="9:00 am"), import_id=mine)
    [ben] = save(
        database,
        church_id,
        card_values(2, first_name="Ben", email="", service="11:00 am", first_time=True),
        import_id=mine,
    )
    save(database, church_id, card_values(3, service="9:00 am"), import_id=other)
    save(database, church_id, card_values(4))

    def of(**wanted):
        with database.church(church_id) as session:
            asked = replace(here, **wanted)
            found = find(session, church_id, asked).ids
            assert count_found(session, church_id, asked) == len(found)
            assert count_every(session, church_id, asked).total() == len(found)
            return set(found)

    assert of() == {anna.id, ben.id}
    assert of(words="anna") == {anna.id}
    assert of(words=f"#{ben.number}") == {ben.id}
    assert of(words="?") == set()
    assert of(services=frozenset({"9:00 am", "11:00 am"}), first_time=True) == {ben.id}
    assert of(statuses=frozenset({CardStatus.HELD})) == set()
    assert of(sources=frozenset({CardSource.FORM})) == set()
    other_church = church(database, slug="hope")
    with database.church(other_church) as session:
        assert find(session, other_church, here).ids == ()
