"""The card form over HTTP: what is stored, what is not, and what somebody sees who presses Send."""

import re
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import httpx
import pytest
from pydantic import ValidationError

from ghl.config import Settings
from ghl.forms import FormChange, change_form, wording
from ghl.ids import new_id
from ghl.intake.app import IntakeLimits
from ghl.intake.form.limits import (
    ADDRESS_FREE,
    CHURCH_AN_HOUR,
    CHURCH_FREE,
    UNKNOWN_FREE,
    UNKNOWN_SECONDS_EACH,
    Limits,
)
from ghl.statuses import Channel
from tests.intake.conftest import ShiftedClock, make_sender, running
from tests.intake.form import Page, filled
from tests.intake.own_server import own_server

CARD = {"first_name": "Anna", "phone": "(615) 555-0142", "age": "18"}
HOSTILE = "</textarea><script>alert(1)</script>\"'><img src=https://evil.example/x> {{ 7*7 }} [x](javascript:x) =1+1"


class Guest:
    """Somebody with the form of one church open."""

    def __init__(self, intake, public_id):
        self.url = f"{intake.url}/c/{public_id}"
        self.client = intake.client

    def open(self, path=""):
        return Page(self.client.get(self.url + path))

    def post(self, data, **headers):
        return self.client.post(self.url, data=data, headers=headers)

    def send(self, page=None, **values):
        return self.post(filled(page or self.open(), **values))


def public_id(rows, church_id):
    return rows("SELECT public_id FROM churches WHERE id = :id", id=church_id)[0][0]


@pytest.fixture
def guest(intake, grace, rows):
    return Guest(intake, public_id(rows, grace.church_id))


@pytest.fixture
def change(database, grace, intake):
    """Changes the form of grace, and lets the intake notice."""

    def change(now=None, **fields):
        with database.church(grace.church_id) as session:
            change_form(
                session, grace.church_id, FormChange(**fields), actor="test", now=now or datetime.now(UTC)
            )
        intake.clock.ahead += 6

    return change


@pytest.fixture
def everything(rows):
    """How many rows each table has."""
    tables = [
        name
        for (name,) in rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', 'hub')"
            " AND table_type = 'BASE TABLE'"
        )
    ]
    return lambda: {name: rows(f'SELECT count(*) FROM "{name}"')[0][0] for name in tables}


def is_saved(answer):
    assert answer.status_code == 303, Page(answer).problems
    return True


def events(rows):
    return rows(
        "SELECT channel, address, kind, wording, wording_hash, wording_version, host(ip) AS ip, user_agent,"
        " source, recorded_by FROM consent_events ORDER BY id"
    )


class TestSaving:
    def test_a_card_with_everything_waits_for_review(self, guest, change, rows, intake):
        change(services=("9 am", "11 am"), campuses=("North",), interests=("Music", "Kids' program"))
        answer = guest.send(
            **CARD,
            last_name="O'Neill-Díaz",
            email="Anna@Example.org",
            first_time="yes",
            service="11 am",
            campus="North",
            interests=["Kids' program", "Music"],
            volunteer="yes",
            prayer_request="For my mother.\r\nShe is ill.",
            notes="We sat at the back",
        )
        assert is_saved(answer)
        assert answer.headers["location"].endswith("/thanks")
        [card] = rows("SELECT * FROM cards")
        assert (card.status, card.source, card.first_time) == ("to_review", "form", True)
        assert (card.service, card.campus, card.phone, card.email) == (
            "11 am",
            "North",
            "+16155550142",
            "anna@example.org",
        )
        [(fields,)] = rows("SELECT fields FROM card_revisions")
        today = datetime.now(UTC).date()
        assert datetime.fromisoformat(fields.pop("consent_at")).date() in {today, today - timedelta(days=1)}
        assert fields == {
            "first_name": "Anna",
            "last_name": "O'Neill-Díaz",
            "phone": "(615) 555-0142",
            "email": "Anna@Example.org",
            "service": "11 am",
            "campus": "North",
            "first_time": True,
            "interests": ["Kids' program", "Music"],
            "volunteer": True,
            "notes": "We sat at the back",
            "adult": True,
        }
        assert rows("SELECT text FROM prayer_requests") == [("For my mother.\nShe is ill.",)]
        assert rows("SELECT state FROM outbox") == [("parked",)]
        assert events(rows) == [], "an empty box is no answer"
        assert intake.saved == [], "nobody is woken for a card to review"

    def test_the_page_after_it_keeps_nothing_of_the_card(self, guest):
        answer = guest.send(**CARD, prayer_request="secret")
        page = guest.open("/thanks")
        assert page.status == 200
        assert "What happens next" in page.text
        assert "Anna" not in answer.headers["location"] + page.html
        assert "What you agreed to" not in page.text

    def test_the_same_card_again_is_the_same_card(self, guest, rows):
        page = guest.open()
        data = filled(page, **CARD, sms="yes")
        answers = []
        senders = [threading.Thread(target=lambda: answers.append(guest.post(data))) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(20)
        assert all(map(is_saved, answers))
        assert is_saved(guest.send(**CARD, sms="yes"))
        assert rows("SELECT count(*) FROM cards") == [(1,)]
        assert len(events(rows)) == 1
        assert is_saved(guest.send(**CARD, sms="yes", notes="And my sister"))
        assert rows("SELECT count(*) FROM cards") == [(2,)]

    def test_each_church_has_its_own(self, guest, intake, hope, grace, rows):
        assert is_saved(guest.send(**CARD))
        assert is_saved(Guest(intake, public_id(rows, hope.church_id)).send(**CARD))
        assert sorted(rows("SELECT church_id FROM cards")) == sorted([(grace.church_id,), (hope.church_id,)])

    def test_hostile_text_is_text(self, guest, change, rows):
        change(services=(HOSTILE[:60].replace(";", ""),), welcome=HOSTILE, campuses=("<b>North</b>",))
        page = guest.open()
        assert "<script" not in page.html
        assert "<img" not in page.html
        assert "49" not in page.text.replace("{{ 7*7 }}", "")
        values = dict.fromkeys(("last_name", "prayer_request", "notes", "guardian_name"), HOSTILE)
        wrong = Page(guest.send(page, **{**CARD, "phone": HOSTILE[:60], "first_name": ""}, **values))
        assert wrong.status == 422
        assert "<script" not in wrong.html
        assert "<img" not in wrong.html
        assert {name: wrong.fields[name] for name in values} == values
        assert is_saved(
            guest.send(wrong, first_name="<b>", last_name=HOSTILE[:90], phone="", email="a@example.org")
        )
        assert rows("SELECT text FROM prayer_requests") == [(HOSTILE,)]

    def test_what_is_too_long_is_told_and_kept(self, guest, rows):
        page = Page(guest.send(**{**CARD, "first_name": "A" * 101}, notes="🙂" * 4001))
        assert set(page.problems) == {"first_name", "notes"}
        assert page.fields["notes"] == "🙂" * 4001
        assert is_saved(guest.send(page, first_name="A" * 100, notes="🙂" * 4000, prayer_request="ﷺ" * 4000))
        assert rows("SELECT length(text) FROM prayer_requests") == [(4000,)]


class TestConsent:
    def test_each_box_is_stored_with_its_own_words(self, guest, change, rows, database, grace):
        change(email_wording="Yes, Grace may e-mail me once a week.")
        page = guest.open()
        assert page.fields["sms"] is None
        assert page.fields["mail"] is None
        answer = guest.post(
            filled(page, **CARD, email="anna@example.org", sms="yes", mail="yes"),
            **{"User-Agent": "Phone/1 " + "x" * 400, "X-Forwarded-For": "203.0.113.9"},
        )
        assert is_saved(answer)
        with database.church(grace.church_id) as session:
            sms, mail = (wording(session, grace.church_id, channel) for channel in Channel)
        assert (sms.version, mail.version) == (1, 1)
        found = events(rows)
        assert [(e.channel, e.address, e.kind, e.wording_version) for e in found] == [
            ("sms", "+16155550142", "yes", "1"),
            ("email", "anna@example.org", "yes", "1"),
        ]
        for event, shown in zip(found, (sms, mail), strict=True):
            assert event.wording == shown.text
            assert bytes(event.wording_hash) == shown.hash
            assert event.ip == "127.0.0.1", "nobody may say that they are somebody else"
            assert event.user_agent.startswith("Phone/1 xx")
            assert len(event.user_agent) == 300
            assert (event.source, event.recorded_by) == ("form", "form")

    def test_guests_see_what_they_agreed_to(self, guest):
        answer = guest.send(**CARD, sms="yes")
        page = Page(guest.client.get(httpx.URL(guest.url).join(answer.headers["location"])))
        assert "Message and data rates may apply" in page.text
        assert "may e-mail me" not in page.text
        assert "reply STOP" in page.text

    def test_the_words_on_the_page_are_the_words_stored(self, guest, change, rows):
        page = guest.open()
        change(email_wording="Yes, Grace may e-mail me once a week.")
        assert is_saved(guest.send(page, **CARD, email="a@example.org", mail="yes"))
        assert [(e.wording, e.wording_version) for e in events(rows)] == [("Yes, Grace may e-mail me.", "1")]
        assert is_saved(guest.send(**CARD, email="b@example.org", mail="yes"))
        assert events(rows)[1][5] == "2"

    @pytest.mark.parametrize(
        "version", ["", "0", "7", "-1", "x", "99999999999", "\N{ARABIC-INDIC DIGIT ONE}"]
    )
    def test_words_that_were_never_shown_are_asked_for_again(self, guest, rows, version):
        page = Page(guest.send(**CARD, sms="yes", sms_version=version))
        assert page.status == 422
        assert set(page.problems) == {"sms"}
        assert page.fields["sms"] is None, "nobody agrees to new words by an old tick"
        assert page.fields["first_name"] == "Anna"
        assert rows("SELECT count(*) FROM cards") == [(0,)]
        assert is_saved(guest.send(page, sms="yes"))

    def test_words_that_were_replaced_long_ago_are_asked_for_again(self, guest, change, rows):
        page = guest.open()
        change(email_wording="Yes, Grace may e-mail me weekly.", now=datetime.now(UTC) - timedelta(days=2))
        again = Page(guest.send(page, **CARD, email="a@example.org", mail="yes"))
        assert set(again.problems) == {"mail"}
        assert "weekly" in again.text
        assert is_saved(guest.send(page, **CARD)), "without a tick the words don't matter"

    def test_a_tick_needs_an_address_and_is_kept(self, guest, rows):
        page = Page(guest.send(first_name="Anna", age="18", sms="yes", mail="yes"))
        assert set(page.problems) == {"phone", "email"}
        assert (page.fields["sms"], page.fields["mail"]) == ("yes", "yes")
        page = Page(guest.send(page, phone="555-01", email="anna@example.con"))
        assert "ten digits" in page.problems["phone"]
        assert ".com" in page.problems["email"]
        page = Page(guest.send(page))
        assert set(page.problems) == {"phone", "email"}, (
            "a box needs a right address, however often it is sent"
        )
        page.fields.update(sms=None, mail=None)
        assert is_saved(guest.send(page))
        [(status, cause)] = rows("SELECT status, cause FROM cards")
        assert status == "to_review"
        assert cause in {"phone_invalid", "email_invalid"}
        assert events(rows) == []


class TestAge:
    def test_of_a_child_nothing_is_stored(self, guest, everything, rows):
        guest.open()
        before = everything()
        page = Page(
            guest.send(
                first_name="Lily", phone="(615) 555-0142", age="under13", notes="x", sms="yes", mail="yes"
            )
        )
        assert "Please ask a parent" in page.text
        assert "Lily" not in page.html
        assert "555" not in page.html
        assert everything() == before

    @pytest.mark.parametrize("age", ["", "12", "adult"])
    def test_the_age_is_asked_for(self, guest, rows, age):
        page = Page(guest.send(**{**CARD, "age": age}))
        assert set(page.problems) == {"age"}
        assert rows("SELECT count(*) FROM cards") == [(0,)]

    def test_somebody_of_13_to_17_gets_no_texts(self, guest, rows):
        teen = {**CARD, "age": "13", "guardian_name": "Mary", "guardian_phone": "615 555 0143"}
        page = Page(guest.send(**teen, sms="yes"))
        assert set(page.problems) == {"sms"}
        page.fields["sms"] = None
        assert is_saved(guest.send(page))
        [(fields,)] = rows("SELECT fields FROM card_revisions")
        assert fields["adult"] is False
        assert (fields["guardian_name"], fields["guardian_phone"]) == ("Mary", "615 555 0143")
        assert "guardian_consent" not in fields
        assert events(rows) == []


class TestWhatIsNeeded:
    def test_a_name_and_a_way_to_answer(self, guest):
        page = Page(guest.send())
        assert list(page.problems) == ["first_name", "phone", "age"]
        assert page.status == 422

    @pytest.mark.parametrize("name", ["prayer_request", "notes"])
    def test_whoever_only_asks_for_something_needs_no_address(self, guest, rows, name):
        assert is_saved(guest.send(first_name="Anna", age="18", **{name: "Please pray"}))
        assert rows("SELECT cause FROM cards") == [("no_usable_address",)]

    def test_a_choice_that_is_gone(self, guest, change, rows):
        change(services=("9 am",), interests=("Music",))
        page = guest.open()
        change(services=("10 am",), interests=())
        again = Page(guest.send(page, **CARD, service="9 am", interests=["Music"]))
        assert set(again.problems) == {"service", "interests"}
        assert is_saved(guest.send(again, interests=[]))
        assert rows("SELECT service FROM cards") == [(None,)]


class TestPrograms:
    def test_a_field_nobody_sees(self, guest, rows):
        page = Page(guest.send(**CARD, extra_answer="https://spam.example"))
        assert page.status == 422
        assert rows("SELECT count(*) FROM cards") == [(0,)]
        assert page.fields["extra_answer"] == ""
        assert is_saved(guest.send(page)), "a person, whose browser filled it in, loses nothing"

    @pytest.mark.parametrize("opened", [None, "", "x", "99999999999"])
    def test_quicker_than_anybody_reads(self, guest, rows, opened):
        page = guest.open()
        at_once = {**filled(page, **CARD), "opened": page.fields["opened"] if opened is None else opened}
        again = Page(guest.post(at_once))
        assert again.status == 422
        assert rows("SELECT count(*) FROM cards") == [(0,)]
        if opened != "99999999999":
            assert is_saved(guest.send(again))

    def test_a_whole_service_behind_one_address_passes(self):
        clock = ShiftedClock()
        clock.monotonic = lambda: clock.ahead
        limits, church, other = Limits(clock), new_id(), new_id()
        for _ in range(300):
            assert limits.wait_seconds(church, "203.0.113.9") == 0
            limits.add(church, "203.0.113.9")
            clock.ahead += 600 / 300
        for _ in range(2 * ADDRESS_FREE):
            if limits.wait_seconds(church, "203.0.113.9"):
                break
            limits.add(church, "203.0.113.9")
        wait = limits.wait_seconds(church, "203.0.113.9")
        assert 0 < wait <= 9
        assert limits.wait_seconds(church, "203.0.113.10") == 0
        assert limits.wait_seconds(other, "203.0.113.9") == 0
        clock.ahead += wait
        assert limits.wait_seconds(church, "203.0.113.9") == 0

    def test_a_flood_from_many_addresses_ends(self):
        clock = ShiftedClock()
        clock.monotonic = lambda: clock.ahead
        limits, church = Limits(clock), new_id()
        taken = 0
        for number in range(24 * 360):
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            if not limits.wait_seconds(church, address):
                limits.add(church, address)
                taken += 1
            clock.ahead += 10
        assert taken <= CHURCH_FREE + 24 * CHURCH_AN_HOUR

    def test_above_the_limit_nothing_that_was_written_is_lost(self, database, rows):
        with running(database, limits=IntakeLimits(cards_at_once=3)) as intake:
            grace = make_sender(database, "grace")
            guest = Guest(intake, public_id(rows, grace.church_id))
            data = filled(guest.open(), **CARD)
            for number in range(3):
                assert is_saved(guest.post({**data, "notes": f"{number}"}))
            flooded = guest.post({**data, "notes": "one more"})
            assert flooded.status_code == 429
            assert 0 < int(flooded.headers["retry-after"]) <= 9
            page = Page(flooded)
            assert "Everything you wrote is still here" in page.text
            assert (page.fields["first_name"], page.fields["notes"]) == ("Anna", "one more")
            assert rows("SELECT count(*) FROM cards") == [(3,)]
            intake.clock.ahead += int(flooded.headers["retry-after"])
            assert is_saved(guest.send(page))


class TestTheDoor:
    @pytest.mark.parametrize("name", ["x" * 16, "../../etc", "a", "x" * 300, "%00" * 8])
    def test_a_form_that_is_not_there(self, intake, grace, name):
        for path in (name, f"{name}/thanks", f"{name}/print"):
            answer = intake.client.get(f"{intake.url}/c/{path}")
            assert answer.status_code == 404
        answer = intake.client.post(f"{intake.url}/c/{'x' * 16}", data=CARD)
        assert answer.status_code == 404
        assert "There is no form here" in Page(answer).text

    def test_a_closed_form(self, guest, change, rows):
        page = guest.open()
        change(is_open=False)
        for answer in (Page(guest.send(page, **CARD)), guest.open()):
            assert answer.status == 403
            assert "This form is closed. Please ask at the welcome desk." in " ".join(answer.text.split())
        assert rows("SELECT count(*) FROM cards") == [(0,)]
        change(is_open=True)
        assert is_saved(guest.send(page, **CARD))

    def test_a_form_that_was_closed_meanwhile_gives_back_what_was_typed(self, guest, change, rows):
        page = guest.open()
        change(is_open=False)
        answer = Page(
            guest.send(
                page, **CARD, last_name=HOSTILE, prayer_request="For\r\nmy mother", volunteer="yes", sms="yes"
            )
        )
        typed = answer.fields["typed"]
        for line in ("First name: Anna", f"Last name: {HOSTILE}", "Mobile phone: (615) 555-0142"):
            assert line in typed.splitlines(), typed
        assert "How may we pray for you? For\nmy mother" in typed.replace("\r", "")
        assert "I would like to help" in typed
        assert "<script" not in answer.html
        assert "readonly" in answer.html
        assert "18 or older" in typed
        assert set(answer.fields) == {"typed"}, "nothing that could be sent"
        assert rows("SELECT count(*) FROM cards") == [(0,)]

    def test_a_closed_form_gives_nothing_of_a_child_back(self, guest, change):
        page = guest.open()
        change(is_open=False)
        answer = Page(guest.send(page, **{**CARD, "age": "under13"}))
        assert answer.status == 403
        assert "Anna" not in answer.html
        assert "typed" not in answer.fields

    def test_below_another_path(self, database, rows):
        """A proxy may keep the form below a path of its website and take that away before it asks the intake."""
        with running(database, form_url="https://example.org/cards") as intake:
            name = public_id(rows, make_sender(database, "grace").church_id)

            def at(address):
                assert address.startswith(f"https://example.org/cards/c/{name}"), address
                return intake.url + address.removeprefix("https://example.org/cards")

            shown = f"https://example.org/cards/c/{name}"
            page = Page(intake.client.get(at(shown)))
            to = urljoin(shown, re.search(r'<form method="post" action="([^"]*)"', page.html)[1])
            answer = intake.client.post(at(to), data=filled(page, **CARD))
            assert is_saved(answer)
            thanks = urljoin(to, answer.headers["location"])
            for place, again in (
                (thanks, intake.client.get(at(thanks)).text),
                (to, intake.client.post(at(to), data=filled(page, **{**CARD, "age": "under13"})).text),
            ):
                link = urljoin(place, re.search(r'class="button" href="([^"]*)"', again)[1])
                assert link == shown
                assert intake.client.get(at(link)).status_code == 200

    def test_bodies_that_are_none(self, guest, rows):
        assert guest.client.post(guest.url, json=CARD).status_code == 415
        assert guest.client.post(guest.url, data={"notes": "x" * 200_000}).status_code == 413
        many = "&".join(f"a{n}=1" for n in range(200))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = guest.client.post(guest.url, content=many, headers=form)
        assert answer.status_code == 400
        assert "text/html" in answer.headers["content-type"]
        broken = guest.client.post(guest.url, content=b"first_name=%ff%00&age=18&\xff=\xfe", headers=form)
        assert broken.status_code == 422
        assert guest.client.put(guest.url, data=CARD).status_code == 405
        assert rows("SELECT count(*) FROM cards") == [(0,)]

    def test_the_browser_may_load_and_run_nothing(self, guest):
        for path in ("", "/thanks", "/print"):
            answer = guest.client.get(guest.url + path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert "form-action 'self'" in policy
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers
            assert not re.search(r"<script|\bsrc=|\bstyle=|\bon\w+=", answer.text)
            assert len(answer.content) < 25_000, "a light page"

    def test_the_sheet_names_the_address_of_the_settings(self, database, rows):
        with running(database, form_url="https://cards.example.org") as intake:
            name = public_id(rows, make_sender(database, "grace").church_id)
            sheet = intake.client.get(f"{intake.url}/c/{name}/print", headers={"Host": "evil.example"})
        assert f"https://cards.example.org/c/{name}" in sheet.text
        assert "evil" not in sheet.text

    def test_what_is_logged_names_nobody(self, guest, capfd):
        guest.send(**CARD, email="anna@example.org", prayer_request="secret")
        guest.send(first_name="", phone="615", age="18")
        told = capfd.readouterr()
        assert not re.search(r"anna|keller|secret|61555501|555-01", told.out + told.err, re.IGNORECASE)

    def test_a_proxy_that_is_named_says_who_asks(self, database, rows):
        with running(database, trusted_proxies="127.0.0.1") as intake:
            guest = Guest(intake, public_id(rows, make_sender(database, "grace").church_id))
            data = filled(guest.open(), **CARD, sms="yes")
            assert is_saved(guest.post(data, **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}))
        assert [event.ip for event in events(rows)] == ["203.0.113.9"], "what the proxy itself saw"


class TestOutage:
    def test_the_database_goes_and_comes_back(self):
        with own_server() as (server, database), running(database) as intake:
            grace = make_sender(database, "grace")
            with database.system() as session:
                from sqlalchemy import text

                name = session.scalar(
                    text("SELECT public_id FROM churches WHERE id = :id"), {"id": grace.church_id}
                )
            guest = Guest(intake, name)
            page = guest.open()
            server.stop("immediate")
            intake.clock.ahead += 60
            answer = guest.send(page, **CARD, prayer_request="For my mother", sms="yes")
            kept = Page(answer)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "Everything you wrote is still here" in kept.text
            assert (kept.fields["first_name"], kept.fields["prayer_request"]) == ("Anna", "For my mother")
            assert kept.fields["sms"] == "yes"
            assert guest.open().status == 200, "the form is shown as it was last known"
            unknown = Page(intake.client.get(f"{intake.url}/c/{'x' * 16}"))
            assert unknown.status == 503
            assert "Load this page again" in unknown.text

            server.start()
            deadline = time.monotonic() + 10
            while (answer := guest.send(kept)).status_code != 303:
                assert time.monotonic() < deadline

    @pytest.mark.parametrize("how", ["hangs", "is down"])
    def test_redis_makes_no_difference(self, database, rows, how):
        from ghl.redis import connect_redis
        from jobs.wake import BackgroundWaker, Waker

        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            if how == "is down":
                silent.close()
            redis = connect_redis(f"redis://127.0.0.1:{port}/0")
            waker = BackgroundWaker(Waker(redis))
            try:
                with running(database, on_saved=waker.wake) as intake:
                    grace = make_sender(database, "grace")
                    guest = Guest(intake, public_id(rows, grace.church_id))
                    data = filled(guest.open(), **CARD)
                    seconds = []
                    for number in range(40):
                        began = time.perf_counter()
                        assert is_saved(guest.post({**data, "notes": f"{number}"}))
                        seconds.append(time.perf_counter() - began)
            finally:
                waker.close()
                redis.close()
        assert rows("SELECT count(*) FROM cards") == [(40,)]
        assert sorted(seconds)[20] < 0.5, "far below any wait for Redis"


class TestSettings:
    @pytest.mark.parametrize("proxies", ["", "127.0.0.1", "10.0.0.0/8, 2001:db8::1"])
    def test_proxies_are_addresses(self, proxies):
        assert Settings(_env_file=None, trusted_proxies=proxies).trusted_proxies == proxies

    @pytest.mark.parametrize("proxies", ["*", "proxy.example.org", "127.0.0.1;10.0.0.1"])
    def test_nobody_is_trusted_by_mistake(self, proxies):
        with pytest.raises(ValidationError, match="addresses or networks"):
            Settings(_env_file=None, trusted_proxies=proxies)

    def test_the_address_has_no_slash_at_its_end(self):
        assert Settings(_env_file=None, form_url="https://a.example/").form_url == "https://a.example"


def test_whoever_tries_ids_keeps_no_thread_from_those_who_have_one(guest, intake):
    assert guest.open().status == 200
    tried = [intake.client.get(f"{intake.url}/c/{n:016d}").status_code for n in range(UNKNOWN_FREE + 10)]
    # The first look was for the form that is there.
    assert tried == [404] * (UNKNOWN_FREE - 1) + [429] * 11
    refused = intake.client.get(f"{intake.url}/c/{'x' * 16}")
    assert int(refused.headers["Retry-After"]) <= UNKNOWN_SECONDS_EACH
    assert "in a minute" in Page(refused).text
    intake.clock.ahead += 10
    assert guest.send(**CARD).status_code == 303, "behind the same address, and not fresh any more"
    assert intake.client.get(f"{intake.url}/c/{'x' * 16}").status_code == 404
