"""The form's settings and the versions of its words, in the database."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from ghl.churches import ChurchNotFoundError, add_church
from ghl.forms import (
    FormChange,
    FormError,
    FormSettings,
    change_form,
    current_wordings,
    form_of,
    wording,
    wording_history,
)
from ghl.forms.wordings import shown_lately
from ghl.ids import new_id
from ghl.statuses import Channel

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
MAIL = "Yes, Grace Church may e-mail me {}."


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def hope(database):
    return add_church(database, slug="hope", name="Hope Chapel", timezone="America/Chicago", actor="test")


@pytest.fixture
def owner(database_urls):
    engine = create_engine(database_urls.admin)

    def ask(statement):
        with engine.begin() as connection:
            return connection.execute(text(statement)).all()

    yield ask
    engine.dispose()


@pytest.fixture
def change(database, church):
    def change(now=NOW, church_id=None, **fields):
        with database.church(church_id or church) as session:
            return change_form(session, church_id or church, FormChange(**fields), actor="user:1", now=now)

    return change


def now_of(database, church):
    with database.church(church) as session:
        return form_of(session, church), current_wordings(session, church)


def test_a_church_that_changed_nothing_has_the_defaults(database, church):
    form, words = now_of(database, church)
    assert form == FormSettings("Grace Church")
    assert form.is_open
    assert form.name == "Grace Church"
    assert words[Channel.SMS].version == 1
    assert words[Channel.SMS].created_by == "hub"
    assert words[Channel.SMS].text.startswith("Yes, Grace Church may text me at the number above")
    assert words[Channel.EMAIL].text == "Yes, Grace Church may e-mail me."
    assert now_of(database, church)[1] == words, "and they stay"


def test_another_church_is_not_there(database, church, hope, change):
    change(welcome="Hello")
    with database.church(hope) as session:
        with pytest.raises(ChurchNotFoundError):
            form_of(session, church)
        with pytest.raises(ChurchNotFoundError):
            current_wordings(session, church)
        with pytest.raises(ChurchNotFoundError):
            change_form(session, church, FormChange(welcome="Hi"), actor="x", now=NOW)
        assert wording(session, church, Channel.SMS, 1) is None
        assert form_of(session, hope).welcome == ""
    with database.church(church) as session, pytest.raises(ChurchNotFoundError):
        form_of(session, new_id())


def test_only_what_is_different_is_changed_and_audited_by_name(database, church, change, owner):
    assert change(welcome="Hello", services=("9 am", " 11  am ", "", "9 am")) == ("welcome", "services")
    assert change(welcome="Hello") == ()
    assert change(services=("11 am",), is_open=False) == ("is_open", "services")
    form, _ = now_of(database, church)
    assert (form.is_open, form.welcome, form.services) == (False, "Hello", ("11 am",))
    entries = owner("SELECT actor, facts FROM audit_entries WHERE action = 'form.changed' ORDER BY id")
    assert [row.actor for row in entries] == ["user:1", "user:1"]
    assert [row.facts for row in entries] == [
        {"fields": ["welcome", "services"]},
        {"fields": ["is_open", "services"]},
    ]


def test_changed_words_are_a_new_version_and_the_old_one_stays(database, church, change):
    first = now_of(database, church)[1][Channel.EMAIL]
    assert change(email_wording=MAIL.format("weekly")) == ("email_wording",)
    second = now_of(database, church)[1][Channel.EMAIL]
    assert (second.version, second.text, second.created_by) == (2, MAIL.format("weekly"), "user:1")
    assert second.created_at == NOW
    with database.church(church) as session:
        assert wording(session, church, Channel.EMAIL, 1) == first
        assert wording(session, church, Channel.EMAIL) == second
        assert wording(session, church, Channel.EMAIL, 3) is None
        assert [one.version for one in wording_history(session, church, Channel.EMAIL)] == [2, 1]
        assert [one.version for one in wording_history(session, church, Channel.SMS)] == [1]
    assert change(email_wording=f"  {MAIL.format('weekly')}\n") == (), "the same words are no new version"


def test_nobody_can_change_a_version(database, church):
    now_of(database, church)
    for statement in ("UPDATE consent_wordings SET wording = 'x'", "DELETE FROM consent_wordings"):
        with pytest.raises(Exception, match="permission denied"), database.church(church) as session:
            session.execute(text(statement))


def test_default_words_follow_the_name_and_own_words_must_name_it(database, church, change):
    now_of(database, church)
    change(legal_name="Grace Inc.", terms_url="https://g.example.org/t")
    words = now_of(database, church)[1]
    assert words[Channel.SMS].version == 2
    assert words[Channel.SMS].text.endswith("without agreeing. Terms: https://g.example.org/t")
    change(email_wording="Yes, Grace Inc. may e-mail me weekly.")
    with pytest.raises(FormError) as caught:
        change(legal_name="Hope Ltd.")
    assert set(caught.value.problems) == {"email_wording"}
    assert now_of(database, church)[0].legal_name == "Grace Inc."


def test_words_nobody_saw_are_no_version(database, church, change, owner):
    change(legal_name="Grace Inc.")
    assert [one.version for one in now_of(database, church)[1].values()] == [1, 1]
    assert len(owner("SELECT * FROM consent_wordings")) == 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"privacy_url": "javascript:alert(1)"}, "privacy_url"),
        ({"terms_url": "http://g.example.org"}, "terms_url"),
        ({"legal_name": "G" * 201}, "legal_name"),
        ({"welcome": "W" * 601}, "welcome"),
        ({"services": tuple(f"s{n}" for n in range(31))}, "services"),
        ({"campuses": ("C" * 101,)}, "campuses"),
        ({"interests": ("Music; choir",)}, "interests"),
        ({"services": ("9 AM", "9 am")}, "services"),
        ({"sms_wording": "Text me."}, "sms_wording"),
        ({"sms_wording": ""}, "sms_wording"),
        ({"email_wording": "E" * 3000}, "email_wording"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_saved(database, church, change, fields, wrong):
    with pytest.raises(FormError) as caught:
        change(**{"welcome": "Hello", **fields})
    assert set(caught.value.problems) == {wrong}
    assert all(said.endswith((".", "”")) for said in caught.value.problems[wrong])
    assert now_of(database, church)[0] == FormSettings("Grace Church")


def test_hostile_text_is_kept_as_text(database, church, change):
    hostile = "<script>alert(1)</script> [x](evil) \u202egnp.exe\x00"
    change(legal_name=hostile, welcome=hostile + "\nline", services=(hostile,))
    form, words = now_of(database, church)
    assert form.legal_name == "<script>alert(1)</script> [x](evil) gnp.exe"
    assert form.welcome.endswith("\nline")
    assert form.legal_name in words[Channel.EMAIL].text


def test_words_replaced_long_ago_are_not_taken(database, church, change):
    now_of(database, church)
    change(email_wording=MAIL.format("weekly"))
    with database.church(church) as session:

        def shown(version, after):
            return shown_lately(session, church, Channel.EMAIL, version, now=NOW + after)

        assert shown(1, timedelta(hours=23)).version == 1
        assert shown(1, timedelta(hours=25)) is None
        assert shown(2, timedelta(days=400)).version == 2
        assert shown(3, timedelta()) is None
        assert shown(0, timedelta()) is None
        assert shown(10**11, timedelta()) is None


def test_two_admins_at_once_make_two_versions_and_lose_no_field(database, church):
    together = threading.Barrier(4)
    failed = []

    def work(number):
        try:
            together.wait(10)
            with database.church(church) as session:
                if number == 3:
                    current_wordings(session, church)
                    return
                change = FormChange(
                    email_wording=MAIL.format(f"{number}"),
                    **{("welcome", "campuses", "services")[number]: "x"}
                    if number == 0
                    else {("welcome", "campuses", "services")[number]: ("x",)},
                )
                change_form(session, church, change, actor=f"user:{number}", now=NOW)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    form, words = now_of(database, church)
    assert (form.welcome, form.campuses, form.services) == ("x", ("x",), ("x",))
    with database.church(church) as session:
        history = wording_history(session, church, Channel.EMAIL)
    assert [one.version for one in history] in ([3, 2, 1], [4, 3, 2, 1])
    assert {MAIL.format(f"{number}") for number in range(3)} <= {one.text for one in history}
    assert words[Channel.EMAIL] == history[0]
