"""Needs attention: groups and rows by role, one click, mending, setting aside, retrying many, and its address."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import services
from dashboard.attention.asked import Asked, from_address, in_words, to_address, wanted
from dashboard.attention.desk import Desk
from ghl.attention import retries
from ghl.attention.groups import Group, Kind
from ghl.causes import CAUSES, CauseCode
from ghl.clock import SystemClock
from ghl.statuses import CardSource, CardStatus, Role
from tests.support.churches import save
from tests.web.said import doubt, say_yes

ATTENTION = "pages/attention.py"
CHICAGO = ZoneInfo("America/Chicago")
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"
WELL = "All is well. No card is waiting for you."


def words(app):
    """Everything that is written on the page, except on buttons."""
    kinds = ("title", "header", "subheader", "text", "markdown", "warning", "error", "caption")
    return [element.value for kind in kinds for element in app.get(kind) if hasattr(element, "value")]


def labels(app):
    return [one.label for one in app.main.get("button")]


def button(app, label):
    (found,) = [one for one in app.button if label in one.label]
    return found


def names(app):
    links = [link for link in app.main.get("page_link") if link.proto.page == "card"]
    return [link.value.replace("\\", "") for link in links if link.label not in {"Correct it", "Decide"}]


def field(app, name):
    (found,) = [
        one for one in app.text_input if str(one.key).startswith("mend_") and str(one.key).endswith(name)
    ]
    return found


@pytest.fixture
def page(open_page, sign_in):
    """The page as somebody of this role sees it, with this in its address."""
    services.choices.clear()

    def page(role=Role.STAFF, **query):
        app = open_page(sign_in(role), ATTENTION, **query)
        assert not app.exception
        return app

    return page


@pytest.fixture
def status_of(sql):
    return lambda card: sql("SELECT status FROM cards WHERE id = :id", id=card)[0][0]


@pytest.fixture
def desk_of(sql, church):
    return lambda app: app.session_state[f"attention_{church}_{sql('SELECT id FROM users')[0][0]}"]


@pytest.fixture
def wrong_phone(database, church, connected):
    """A card whose phone is too short, saved as any other."""
    values = {"first_name": "Anna", "last_name": "Keller", "phone": "555-0143", "sms_consent": "yes"}
    (saved,) = save(database, church, values)
    return saved.id


class TestTheAddress:
    @given(
        st.builds(
            Asked,
            causes=st.sets(st.sampled_from(["", "phone_invalid", "made_up"])).map(
                lambda some: tuple(sorted(some))
            ),
            sources=st.sampled_from([(), (CardSource.FORM,), (CardSource.TYPED, CardSource.API)]),
            services=st.sampled_from([(), ("9:00 am",)]),
            since=st.sampled_from([None, date(2026, 11, 1)]),
            until=st.sampled_from([None, date(2026, 11, 2)]),
        )
    )
    def test_a_link_opens_the_same_view(self, asked):
        address = {k: [v] if isinstance(v, str) else v for k, v in to_address(asked).items()}
        known = {"causes": ["", "phone_invalid", "made_up"], "services": ["9:00 am"]}
        assert from_address(address, **known) == asked
        assert in_words(wanted(asked, zone=CHICAGO), zone=CHICAGO)

    def test_what_nobody_could_choose_is_left_out(self):
        address = {
            "cause": ["x"],
            "source": ["telepathy"],
            "service": ["Keller"],
            "from": ["1", "x"],
            "to": ["9999-12-31"],
        }
        assert from_address(address, causes=["phone_invalid"], services=[]) == Asked()

    def test_in_words(self):
        asked = Asked(
            ("phone_invalid",), (CardSource.FORM,), ("9:00 am",), date(2026, 11, 1), date(2026, 11, 8)
        )
        assert in_words(wanted(asked, zone=CHICAGO), zone=CHICAGO) == (
            "A phone number to mend, from the web form, service 9:00 am, stopped from Nov 1, 2026 to Nov 8, 2026"
        )


class TestWho:
    @pytest.mark.parametrize("role", [Role.ADMIN, Role.STAFF])
    def test_who_works_on_cards_sees_groups(self, page, cards, role):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page(role)
        assert "GoHighLevel won't take this card" in words(app)
        assert names(app) == ["Anna Keller"]
        assert "Retry" in labels(app)

    def test_a_viewer_has_no_such_page(self, open_page, sign_in, cards):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = open_page(sign_in(Role.VIEWER), ATTENTION, alone=True)
        assert app.title[0].value == "This page is not for your role"
        assert "Keller" not in str(words(app))

    def test_another_churchs_cards_are_not_there(self, page, database, cards):
        from ghl.churches import add_church
        from tests.support.cards import CardMaker

        other = add_church(database, slug="hope", name="Hope", timezone="UTC", actor="test")
        CardMaker(database, other)(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        assert WELL in words(page())


class TestGroups:
    def test_every_cause_has_a_group_that_explains_itself(self, page, cards):
        for code in (*CauseCode, "from_a_newer_version", None):
            cards(CardStatus.NEEDS_ATTENTION, cause=code)
        told = words(page())
        assert {entry.title for entry in CAUSES.values()} <= set(told)
        assert told.count(CAUSES[CauseCode.UNKNOWN].title) == 3
        assert sum(one.startswith("For example Anna Keller, card #") for one in told) == len(CauseCode) + 2

    def test_all_is_well_with_what_was_mended_last(self, page, wrong_phone, cards):
        app = page()
        button(app, "Set aside").click().run()
        next(one for one in app.text_input if str(one.key).startswith("aside_")).set_value("Twice").run()
        button(app, "Set it aside").click().run()
        app = page()
        assert WELL in words(app)
        assert any(
            one.startswith("Last set aside: Anna Keller") and one.endswith("by Ruth.") for one in words(app)
        )

    def test_a_hostile_name_is_text(self, page, cards):
        cards(
            CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", first_name=HOSTILE, facts={"answer": HOSTILE}
        )
        app = page()
        others = [one for one in words(app) if one not in [text_.value for text_ in app.text]]
        assert "evil" not in str(others)
        assert "evil" not in str(labels(app))

    def test_many_are_folded_and_one_group_is_paged(self, page, cards, desk_of):
        for n in range(13):
            cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", first_name=f"Nr{n:02}")
        app = page()
        assert names(app) == []
        assert "Retry all 13: GoHighLevel won't take this card" in labels(app)
        app.session_state[f"fold_{desk_of(app).visit}_card-refused_by_ghl"] = True
        app.run()
        assert len(names(app)) == 10
        button(app, "Older").click().run()
        assert len(names(app)) == 3
        button(app, "Newer").click().run()
        assert len(names(app)) == 10

    def test_a_filter_from_the_address(self, page, cards):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", source=CardSource.FORM, first_name="Form")
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", first_name="List")
        app = page(source="form")
        assert names(app) == ["Form Keller"]
        assert "1 card: from the web form." in words(app)
        assert not [one for one in labels(app) if "Retry all" in one], "one card has its own button"
        button(app, "Clear filters").click().run()
        assert names(app) == ["List Keller", "Form Keller"] or names(app) == ["Form Keller", "List Keller"]
        app = page(source="typed")
        assert "No card matches. Try another word, or show every card again." in words(app)

    def test_groups_and_rows_hold_still(self, page, cards, sql):
        first = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        for n in range(3):
            cards(CardStatus.NEEDS_ATTENTION, cause="phone_invalid", first_name=f"Nr{n}")
        sql("UPDATE cards SET status = 'synced', cause = NULL, synced_at = now() WHERE id = :id", id=first)
        app.run()
        assert [one.value for one in app.header][:2] == [
            "GoHighLevel won't take this card",
            "A phone number to mend",
        ]
        assert names(app)[0] == "Anna Keller"
        assert "Arrived" in str(words(app))
        assert "Nothing is left here." in words(app)

    def test_groups_come_in_the_order_of_the_work(self):
        desk = Desk()
        desk.refresh(
            [
                Group(Kind.CARD, "two_people_match", 50),
                Group(Kind.CARD, "refused_by_ghl", 1),
                Group(Kind.CARD, "email_invalid", 1),
                Group(Kind.CARD, "phone_invalid", 2),
            ]
        )
        assert [group.cause for group in desk.shown.values()] == [
            "phone_invalid",
            "email_invalid",
            "refused_by_ghl",
            "two_people_match",
        ]

    def test_the_number_for_support_stands_in_the_row(self, page, cards):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="crashed_three_times")
        assert f"Number for support: {card.hex[-8:].upper()}" in words(page())


class TestOneCard:
    def test_retry_is_one_click_and_the_row_stays(self, page, cards, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        app.button(key=f"do_{card}").click().run()
        assert status_of(card) == "waiting"
        assert app.button(key=f"do_{card}").label == "Queued again"
        assert names(app) == ["Anna Keller"]

    def test_a_card_that_moved_on_is_told(self, page, cards, sql, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        sql("UPDATE cards SET status = 'synced', cause = NULL, synced_at = now()")
        app.button(key=f"do_{card}").click().run()
        assert status_of(card) == "synced"
        assert app.button(key=f"do_{card}").label == "It is already in GoHighLevel"

    def test_a_role_that_was_taken_away_changes_nothing(self, page, cards, sql, status_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        sql("UPDATE memberships SET role = 'viewer'")
        app.button(key=f"do_{card}").click().run()
        assert status_of(card) == "needs_attention"

    def test_who_is_who_is_decided_on_the_card(self, page, cards):
        cards(CardStatus.HELD, cause="same_person_doubt")
        app = page()
        assert [link.label for link in app.main.get("page_link")].count("Decide") == 1
        assert "Retry" not in labels(app)
        assert not [one for one in labels(app) if "all 1" in one]

    def test_set_aside_wants_a_reason_and_can_be_undone(self, page, cards, sql, status_of, desk_of):
        card = cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        app.button(key=f"aside_{card}").click().run()
        button(app, "Set it aside").click().run()
        assert "Say in a few words why: somebody will ask one day." in words(app)
        assert status_of(card) == "needs_attention"
        next(one for one in app.text_input if str(one.key).startswith("aside_")).set_value(
            "A test card"
        ).run()
        button(app, "Set it aside").click().run()
        assert status_of(card) == "dismissed"
        assert "By Ruth: A test card. Not sent." in words(app)
        actions = [
            row.action for row in sql("SELECT action FROM audit_entries WHERE subject = :id", id=str(card))
        ]
        assert actions == ["card.dismissed"]
        sql("UPDATE web_sessions SET seen_at = now()")
        desk = desk_of(app)
        desk.said.clear()
        button(app, "Undo").click().run()
        assert status_of(card) != "dismissed"


class TestMending:
    def test_mend_and_retry(self, page, wrong_phone, sql, status_of):
        app = page()
        button(app, "Mend").click().run()
        assert len([one for one in app.text_input if str(one.key).startswith("mend_")]) == 1
        field(app, "phone").set_value("(615) 555-0143").run()
        assert "Mobile phone: 555-0143 → (615) 555-0143" in words(app)
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "waiting"
        assert app.button(key=f"do_{wrong_phone}").label == "Saved and queued"
        kept = sql("SELECT no, fields ->> 'phone' FROM card_revisions ORDER BY no")
        assert [tuple(row) for row in kept] == [(1, "555-0143"), (2, "(615) 555-0143")]
        assert sql("SELECT fields ->> 'sms_consent' FROM card_revisions WHERE no = 2")[0][0] == "true"
        entries = sql(
            "SELECT action, facts FROM audit_entries WHERE subject = :id ORDER BY id", id=str(wrong_phone)
        )
        assert [row.action for row in entries][-2:] == ["card.corrected", "card.mended"]
        assert entries[-1].facts == {"cause": "phone_invalid", "fields": ["phone"]}
        assert "555" not in str([row.facts for row in entries])

    def test_what_is_typed_into_one_card_is_kept_while_another_is_opened(self, page, wrong_phone, cards):
        app = page()
        button(app, "Mend").click().run()
        field(app, "phone").set_value("(615) 555-0143").run()
        button(app, "Set aside").click().run()
        assert not [one for one in app.text_input if str(one.key).startswith("mend_")]
        button(app, "Mend").click().run()
        assert field(app, "phone").value == "(615) 555-0143"

    def test_what_was_not_shown_is_not_saved(self, page, wrong_phone, status_of):
        app = page()
        button(app, "Mend").click().run()
        field(app, "phone").set_value("(615) 555-0143")
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "needs_attention"
        assert "Look at the change above. If it is right, press again." in words(app)
        assert "Mobile phone: 555-0143 → (615) 555-0143" in words(app)
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "waiting"

    def test_what_would_come_back_is_not_saved(self, page, wrong_phone, status_of, sql):
        app = page()
        button(app, "Mend").click().run()
        field(app, "phone").set_value("555-01").run()
        assert any("GoHighLevel won't take 555-01." in one for one in words(app))
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "needs_attention"
        assert sql("SELECT count(*) FROM card_revisions")[0][0] == 1
        field(app, "phone").set_value("").run()
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "needs_attention", "without a phone nobody is named by the card"

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ("waiting", "It is already on its way"),
            ("sending", "It is already on its way"),
            ("synced", "It is already in GoHighLevel"),
        ],
    )
    def test_what_went_on_meanwhile_says_where_it_is(self, page, wrong_phone, sql, status, told):
        app = page()
        sql("UPDATE cards SET status = :status, cause = NULL", status=status)
        button(app, "Mend").click().run()
        assert app.button(key=f"do_{wrong_phone}").label == told
        assert not [one for one in app.text_input if str(one.key).startswith("mend_")]

    def test_what_went_on_while_it_was_being_mended_says_so_too(self, page, wrong_phone, sql):
        app = page()
        button(app, "Mend").click().run()
        field(app, "phone").set_value("(615) 555-0143").run()
        sql("UPDATE cards SET status = 'sending', cause = NULL")
        button(app, "Save and retry").click().run()
        assert app.button(key=f"do_{wrong_phone}").label == "It is already on its way"

    def test_somebody_else_was_quicker(self, page, wrong_phone, sql, status_of):
        app = page()
        button(app, "Mend").click().run()
        field(app, "phone").set_value("(615) 555-0143").run()
        sql("UPDATE cards SET status = 'dismissed', cause = NULL")
        button(app, "Save and retry").click().run()
        assert status_of(wrong_phone) == "dismissed"
        assert sql("SELECT count(*) FROM card_revisions")[0][0] == 1


class TestRetryingMany:
    @pytest.fixture
    def housekeeper(self, database, church):
        return lambda: retries.advance(database, church, now=SystemClock().now())

    def test_a_group_with_a_dry_run_progress_and_result(self, page, cards, housekeeper, sql):
        for _ in range(7):
            cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        button(app, "Retry all 7: GoHighLevel won't take this card").click().run()
        assert "7 cards go to GoHighLevel once more, behind new cards." in words(app)
        button(app, "Retry 7 cards").click().run()
        assert any("Ruth" in one and "7 cards, GoHighLevel won't take this card" in one for one in words(app))
        assert housekeeper() == 7
        sql("UPDATE cards SET status = 'synced', cause = NULL, synced_at = now()")
        housekeeper()
        app = page()
        assert WELL in words(app)
        assert "Earlier retries" in [one.label for one in app.expander]
        app = page()
        assert sql("SELECT worked, state FROM retry_requests")[0] == (7, "done")

    def test_a_filter_says_what_stays(self, page, cards):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", source=CardSource.FORM)
        cards(CardStatus.NEEDS_ATTENTION, cause="phone_invalid", source=CardSource.FORM)
        cards(CardStatus.HELD, cause="held_by_staff", source=CardSource.FORM)
        app = page(source="form")
        button(app, "Retry all 3 that match").click().run()
        told = words(app)
        assert "1 card goes to GoHighLevel once more, behind new cards." in told
        assert "1 card stays here: mend it first." in told
        assert "1 card stays here: somebody has to choose first: send it, or set it aside." in told
        button(app, "Not now").click().run()
        assert "Retry 1 card" not in labels(app)

    def test_stop(self, page, cards, sql):
        for _ in range(2):
            cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        button(app, "Retry all 2").click().run()
        button(app, "Retry 2 cards").click().run()
        button(app, "Stop").click().run()
        assert sql("SELECT state FROM retry_requests")[0][0] == "stopping"

    def test_after_a_fix_what_it_left_behind_is_offered(self, page, cards, sql):
        for _ in range(2):
            cards(CardStatus.NEEDS_ATTENTION, cause="gave_up_after_72_hours")
        assert not [one for one in labels(page()) if "it stopped" in one]
        cards(CardStatus.SYNCED)
        sql("UPDATE cards SET synced_at = now() + interval '1 minute' WHERE status = 'synced'")
        app = page()
        assert "GoHighLevel answers again." in words(app)
        button(app, "Retry the 2 cards it stopped").click().run()
        assert "2 cards go to GoHighLevel once more, behind new cards." in words(app)

    def test_the_menu_and_home_lead_here(self, open_page, sign_in, cards):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        cards(CardStatus.HELD, cause="two_people_match")
        app = open_page(sign_in())
        (link,) = [one for one in app.main.get("page_link") if one.label == "Mend or decide 2"]
        assert link.proto.page == "attention"


class TestRepliesThatMayBeAStop:
    SAID = f"please stop texting me {HOSTILE}"

    @pytest.fixture
    def asked(self, database, church):
        """A reply of Anna, whose card says yes, and one of somebody on no card."""
        say_yes(database, church)
        first = doubt(database, church, self.SAID)
        return first, doubt(database, church, "who is this??", address="+16155550177")

    def test_they_stand_on_top_as_plain_text_with_who_wrote_them(self, page, asked, cards):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = page()
        assert app.header[0].value == "2 replies that may be a stop"
        assert self.SAID in [one.value for one in app.text]
        assert [one for one in words(app) if one.startswith("Anna Keller, (615) 555-0123, wrote ")]
        assert [one for one in words(app) if one.startswith("(615) 555-0177 wrote ")]
        others = [one for one in words(app) if one not in [text_.value for text_ in app.text]]
        assert "evil" not in str(others)

    @pytest.mark.parametrize(("name", "state", "stops"), [("yes", "stop", 1), ("no", "no_stop", 0)])
    def test_an_answer_counts_once_and_its_row_stays(self, page, asked, sql, name, state, stops):
        app, meanwhile = page(), page()
        first, second = asked
        app.button(key=f"reply_{name}_{first.hex}").click().run()
        # The same in another window, which still showed the button.
        meanwhile.button(key=f"reply_yes_{first.hex}").click().run()
        assert not app.exception
        assert not meanwhile.exception
        assert sql("SELECT count(*) FROM consent_events WHERE kind = 'stop'")[0][0] == stops
        assert sql("SELECT count(*) FROM audit_entries WHERE action = 'doubt.decided'")[0][0] == 1
        assert sql("SELECT state FROM consent_doubts WHERE id = :id", id=first)[0][0] == state
        assert app.header[0].value == "1 reply that may be a stop"
        assert self.SAID in words(app)
        assert "Somebody has decided about this reply already. Nothing was changed." in words(meanwhile)
        assert not [one for one in app.button if one.key == f"reply_{name}_{first.hex}"]
        app.button(key=f"reply_no_{second.hex}").click().run()
        assert "Nothing is left here." in words(app)
        assert WELL in words(page())

    def test_a_role_that_was_taken_away_decides_nothing(self, page, asked, sql):
        app = page()
        sql("UPDATE memberships SET role = 'viewer'")
        app.button(key=f"reply_yes_{asked[0].hex}").click().run()
        assert sql("SELECT count(*) FROM consent_doubts WHERE state = 'open'")[0][0] == 2

    def test_a_viewer_never_gets_here(self, open_page, sign_in, asked):
        app = open_page(sign_in(Role.VIEWER), ATTENTION, alone=True)
        assert app.title[0].value == "This page is not for your role"
        assert "please stop" not in str(words(app))

    def test_another_churchs_are_not_there(self, page, database):
        from ghl.churches import add_church

        other = add_church(database, slug="hope", name="Hope", timezone="UTC", actor="test")
        doubt(database, other, self.SAID)
        assert WELL in words(page())

    def test_the_menu_and_home_count_them(self, open_page, sign_in, asked, cards, church):
        cards(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl")
        app = open_page(sign_in())
        assert [one for one in app.main.get("page_link") if one.label == "Mend or decide 3"]
        assert app.header[0].value.endswith("1 needs you. 2 replies may be a stop and need you.")
        assert services.situation(church).to_mend == 3
