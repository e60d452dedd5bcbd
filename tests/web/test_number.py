"""*Is this the number on the card?*: asked wherever somebody corrects a number that takes a yes for texts along."""

from datetime import timedelta

import pytest

from dashboard import clicks
from dashboard.consent import person as person_place
from dashboard.desk import presses
from ghl.churches import add_church
from ghl.statuses import CardSource, Role
from tests.web.said import PHONE, a_text, say_yes

CARD, PERSON, REVIEW, ATTENTION, ADD = (
    f"pages/{page}.py" for page in ("card", "person", "review", "attention", "add")
)
QUESTION = "Is this the number on the card?"
ON_IT, TOLD = "Yes, it stands on the card", "No, somebody told it to us"
CONFIRM = "Yes, this is the number on the card"
NEW = "+16155550199"
WAIT = (
    "Texts to the new number wait until somebody says on the card's page that it is the number on the card."
)
LEFT = "One text was already on its way at 10:31:07 am."


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A person looks before the next press; here that takes no time."""
    monkeypatch.setattr(presses, "DOUBLE_PRESS", 0.0)


@pytest.fixture
def unhurried(monkeypatch):
    """The same for the buttons that count a double click as one."""
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta())
    monkeypatch.setattr(person_place, "ONE_CLICK", timedelta())


@pytest.fixture
def said(sql):
    """What the log has about the corrected number, in its order."""
    return lambda address=NEW: [
        row.kind for row in sql("SELECT kind FROM consent_events WHERE address = :a ORDER BY id", a=address)
    ]


@pytest.fixture
def audited(sql):
    return lambda: sql("SELECT actor, facts FROM audit_entries WHERE action = 'card.number_confirmed'")


def seen(app):
    assert not app.exception, app.exception
    kinds = ("title", "header", "text", "markdown", "warning", "error", "success")
    return "\n".join(one.value for kind in kinds for one in app.get(kind))


def field(app, label):
    [found] = [one for one in (*app.text_input, *app.text_area, *app.radio) if one.label == label]
    return found


def questions(app):
    return [one for one in app.radio if one.label == QUESTION]


def press(app, label):
    [found] = [one for one in app.button if one.label == label]
    return found.click().run()


def offered(app):
    return CONFIRM in [one.label for one in app.button]


def correcting(app, phone="(615) 555-0199"):
    """The correction of a card, with another number typed in."""
    app = press(app, "Correct this card")
    field(app, "Mobile phone").set_value(phone)
    return app.run()


@pytest.fixture
def asked(open_page, sign_in, database, church, connected):
    """A card whose number was corrected, and nobody has said yet that it stands on it; as the role sees the page."""

    def asked(page=CARD, role=Role.STAFF):
        card = say_yes(database, church)
        app = correcting(open_page(sign_in(), CARD, number=str(card.number)))
        press(app, "Save")
        return open_page(sign_in(role), page, number=str(card.number))

    return asked


class TestOnACard:
    @pytest.mark.parametrize(("answer", "kinds"), [(None, ["asked"]), (TOLD, ["asked"]), (ON_IT, ["yes"])])
    def test_only_who_says_that_it_stands_there_takes_the_yes_along(
        self, open_page, sign_in, database, church, connected, said, answer, kinds
    ):
        card = say_yes(database, church)
        app = press(open_page(sign_in(), CARD, number=str(card.number)), "Correct this card")
        assert not questions(app)
        field(app, "Mobile phone").set_value("(615) 555-0199").run()
        [question] = questions(app)
        assert question.value is None
        assert question.options == [ON_IT, TOLD]
        if answer:
            question.set_value(answer).run()
        app = press(app, "Save")
        assert said() == kinds
        assert (WAIT in seen(app)) is (kinds == ["asked"])

    def test_an_answer_is_about_the_number_that_stood_there(
        self, open_page, sign_in, database, church, connected, said
    ):
        card = say_yes(database, church)
        app = correcting(open_page(sign_in(), CARD, number=str(card.number)), "(615) 555-0188")
        questions(app)[0].set_value(ON_IT).run()
        field(app, "Mobile phone").set_value("(615) 555-0199")
        app = press(app, "Save")
        assert said() == ["asked"]

    def test_with_another_number_it_is_asked_anew(self, open_page, sign_in, database, church, connected):
        card = say_yes(database, church)
        app = correcting(open_page(sign_in(), CARD, number=str(card.number)), "(615) 555-0188")
        questions(app)[0].set_value(ON_IT).run()
        assert questions(app)[0].value == ON_IT
        field(app, "Mobile phone").set_value("(615) 555-0199").run()
        assert questions(app)[0].value is None

    @pytest.mark.parametrize(
        ("values", "phone"),
        [
            ({"sms_consent": ""}, "(615) 555-0199"),
            ({"sms_consent": "no"}, "(615) 555-0199"),
            ({}, "+1 615 555 0123"),
            ({}, "12"),
            ({}, ""),
        ],
    )
    def test_without_a_yes_or_another_number_nothing_is_asked(
        self, open_page, sign_in, database, church, connected, values, phone
    ):
        card = say_yes(database, church, **values)
        assert not questions(correcting(open_page(sign_in(), CARD, number=str(card.number)), phone))

    def test_on_the_public_form_a_yes_stays_with_the_number_of_the_person(
        self, open_page, sign_in, database, church, connected, said
    ):
        card = say_yes(database, church, source=CardSource.FORM)
        app = correcting(open_page(sign_in(), CARD, number=str(card.number)))
        assert not questions(app)
        press(app, "Save")
        assert said() == []

    def test_the_phone_of_a_parent_is_asked_about_too(
        self, open_page, sign_in, database, church, connected, said
    ):
        parent = {
            "guardian_name": "Ruth Keller",
            "guardian_phone": "(615) 555-0177",
            "guardian_consent": "yes",
        }
        card = say_yes(database, church, adult="no", **parent)
        app = press(open_page(sign_in(), CARD, number=str(card.number)), "Correct this card")
        field(app, "Their phone").set_value("(615) 555-0199").run()
        questions(app)[0].set_value(ON_IT).run()
        press(app, "Save")
        assert said() == ["yes"]

    def test_a_no_says_which_text_it_came_too_late_for(
        self, open_page, sign_in, database, church, connected, sql
    ):
        card = say_yes(database, church)
        a_text(sql, church)
        app = press(open_page(sign_in(), CARD, number=str(card.number)), "Correct this card")
        field(app, "May we text this person?").set_value("No")
        app = press(app, "Save")
        assert LEFT in seen(app)


class TestAfterwards:
    @pytest.mark.parametrize("page", [CARD, PERSON])
    @pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
    def test_somebody_looks_and_what_was_held_goes_on(self, asked, sql, church, said, audited, page, role):
        app = asked(page, role)
        a_text(sql, church, state="held", cause="number_unchecked", address=NEW)
        assert "Is this the number on the card?" in seen(app)
        app = press(app, CONFIRM)
        assert "Noted: it is the number on the card. 1 that waited for this can leave now." in seen(app)
        assert "May we text Anna? Yes: Anna said yes" in seen(app)
        assert not offered(app)
        assert said() == ["asked", "yes"]
        assert sql("SELECT state, cause FROM messages")[0] == ("waiting", None)
        [entry] = audited()
        assert entry.actor.startswith("user:")
        assert "615" not in str(entry.facts)

    def test_the_group_of_those_that_wait_for_it_takes_the_answer_too(
        self, asked, open_page, sign_in, sql, church, said, audited
    ):
        asked()
        a_text(sql, church, state="held", cause="number_unchecked", address=NEW)
        app = open_page(sign_in(), ATTENTION)
        assert "Is this the number on the card?" in seen(app)
        app = press(app, CONFIRM)
        assert "Noted: it is the number on the card" in [one.label for one in app.button]
        assert said() == ["asked", "yes"]
        assert sql("SELECT state, cause FROM messages")[0] == ("waiting", None)
        assert len(audited()) == 1

    def test_who_answers_second_in_the_group_is_told_so(self, asked, open_page, sign_in, sql, church, said):
        card = asked()
        a_text(sql, church, state="held", cause="number_unchecked", address=NEW)
        group = open_page(sign_in(), ATTENTION)
        press(card, CONFIRM)
        group = press(group, CONFIRM)
        assert "Nothing was done: see the card" in [one.label for one in group.button]
        assert said() == ["asked", "yes"]

    @pytest.mark.parametrize("page", [CARD, PERSON])
    def test_a_viewer_reads_the_question_and_answers_nothing(self, asked, page):
        app = asked(page, Role.VIEWER)
        assert "Is this the number on the card?" in seen(app)
        assert not offered(app)

    @pytest.mark.parametrize("page", [CARD, PERSON])
    def test_who_became_a_viewer_meanwhile_answers_nothing(self, asked, sql, said, audited, page):
        app = asked(page)
        sql("UPDATE memberships SET role = 'viewer'")
        press(app, CONFIRM)
        assert said() == ["asked"]
        assert audited() == []

    @pytest.mark.usefixtures("unhurried")
    @pytest.mark.parametrize("page", [CARD, PERSON])
    def test_who_presses_second_is_told_so(self, asked, open_page, sign_in, said, audited, page):
        first, second = asked(page), open_page(sign_in(), page, number="1")
        press(first, CONFIRM)
        second = press(second, CONFIRM)
        assert "Nothing was done: somebody said so already" in seen(second)
        assert said() == ["asked", "yes"]
        assert len(audited()) == 1

    @pytest.mark.parametrize("page", [CARD, PERSON])
    def test_a_double_press_is_one(self, asked, said, audited, page):
        app = asked(page)
        [button] = [one for one in app.button if one.label == CONFIRM]
        button.click()
        button.click().run()
        assert "Noted: it is the number on the card." in seen(app)
        assert said() == ["asked", "yes"]
        assert len(audited()) == 1

    @pytest.mark.parametrize("page", [CARD, PERSON])
    def test_another_church_s_card_is_not_asked_about(
        self, asked, open_page, sign_in, database, sql, said, audited, page
    ):
        asked()
        hope = add_church(database, slug="hope", name="Hope", timezone="America/New_York", actor="test")
        cookie = sign_in()
        sql("UPDATE memberships SET church_id = :c", c=hope)
        app = open_page(cookie, page, number="1")
        assert "There is no such card" in seen(app)
        assert not offered(app)
        assert said() == ["asked"]
        assert audited() == []

    def test_another_card_of_the_same_person_names_the_one_that_was_corrected(
        self, asked, open_page, sign_in, database, church
    ):
        asked()
        other = say_yes(database, church, phone="(615) 555-0199", sms_consent="", city="Nashville")
        app = open_page(sign_in(), PERSON, number=str(other.number))
        assert "The number was corrected on card #1" in [one.label for one in app.main.get("page_link")]
        assert not offered(app)


class TestElsewhere:
    @pytest.mark.parametrize(("answer", "kinds"), [(None, ["asked"]), (TOLD, ["asked"]), (ON_IT, ["yes"])])
    def test_review(self, open_page, sign_in, database, church, connected, said, sql, answer, kinds):
        sql("UPDATE churches SET review_all = true")
        say_yes(database, church)
        app = open_page(sign_in(), REVIEW)
        assert not questions(app)
        field(app, "Mobile phone").set_value("(615) 555-0199").run()
        [question] = questions(app)
        if answer:
            question.set_value(answer).run()
        app = press(app, "Save & next")
        assert said() == kinds
        assert (WAIT in seen(app)) is (kinds == ["asked"])

    @pytest.mark.parametrize(("answer", "kinds"), [(None, ["asked"]), (TOLD, ["asked"]), (ON_IT, ["yes"])])
    def test_mend(self, open_page, sign_in, database, church, connected, said, answer, kinds):
        say_yes(database, church, phone="555-0199")
        app = press(open_page(sign_in(), ATTENTION), "Mend")
        assert not questions(app)
        field(app, "Mobile phone").set_value("(615) 555-0199").run()
        [question] = questions(app)
        if answer:
            question.set_value(answer).run()
        press(app, "Save and retry")
        assert said() == kinds

    def test_a_no_in_review_says_which_text_it_came_too_late_for(
        self, open_page, sign_in, database, church, connected, sql
    ):
        say_yes(database, church)
        a_text(sql, church)
        sql("UPDATE churches SET review_all = true")
        say_yes(database, church, sms_consent="", city="Nashville")
        app = open_page(sign_in(), REVIEW)
        field(app, "May we text this person?").set_value("No").run()
        app = press(app, "Save & next")
        assert LEFT in seen(app)

    def test_so_does_one_that_is_typed(self, open_page, sign_in, database, church, connected, sql):
        say_yes(database, church)
        a_text(sql, church)
        app = open_page(sign_in(), ADD)
        field(app, "First name").set_value("Anna")
        field(app, "Mobile phone").set_value("(615) 555-0123")
        field(app, "May we text this person?").set_value("No")
        app = press(app.run(), "Save & next")
        assert LEFT in seen(app)

    def test_one_that_says_nothing_to_texts_says_nothing_of_them(
        self, open_page, sign_in, database, church, connected, sql
    ):
        say_yes(database, church)
        a_text(sql, church, address=PHONE)
        app = open_page(sign_in(), ADD)
        field(app, "First name").set_value("Anna")
        field(app, "Mobile phone").set_value("(615) 555-0123")
        app = press(app.run(), "Save & next")
        assert "already on its way" not in seen(app)
