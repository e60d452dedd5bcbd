"""A church's words: drafts, versions, what may be published, and the rules for sending."""

from datetime import UTC, datetime, time
from uuid import uuid4

import pytest
from sqlalchemy.exc import DatabaseError

from ghl.churches import add_church
from ghl.db.models import MessageTemplateVersion
from ghl.messages import templates
from ghl.messages.lint import PLACEHOLDER
from ghl.messages.render import Words
from ghl.messages.segments import count
from ghl.messages.settings import MessagingRules, RulesError, change_rules, rules_of
from ghl.messages.templates import Draft, TemplateError, TemplateNotFoundError
from ghl.statuses import Channel, Purpose

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def session(database, church):
    with database.church(church) as session:
        templates.ensure_defaults(session, church, now=NOW)
        yield session


def by_key(session, church):
    return {one.key: one for one in templates.templates_of(session, church)}


def said(error) -> str:
    return " ".join(one.text for one in error.value.problems)


def test_a_church_has_three_drafts_from_the_start(session, church):
    templates.ensure_defaults(session, church, now=NOW)
    found = templates.templates_of(session, church)
    assert [one.key for one in found] == ["welcome_sms", "welcome_email", "documents_email"]
    assert not any(one.published for one in found)
    assert templates.published_onboarding(session, church) == []
    assert {one.send_within_hours for one in found if one.key.startswith("welcome")} == {72}


def test_the_defaults_can_be_published_as_they_are_but_for_what_only_the_church_knows(session, church):
    found = by_key(session, church)
    for key in ("welcome_sms", "welcome_email"):
        templates.publish(session, church, found[key].id, actor="ruth", now=NOW)
    with pytest.raises(TemplateError) as refused:
        templates.publish(session, church, found["documents_email"].id, actor="ruth", now=NOW)
    assert PLACEHOLDER in said(refused)
    assert [one.key for one in templates.published_onboarding(session, church)] == [
        "welcome_sms",
        "welcome_email",
    ]


def test_the_default_text_is_one_part():
    words = templates.DEFAULTS["welcome_sms"].words
    filled = words.body.replace("{first_name|friend}", "M" * 10).replace("{church_name}", "C" * 25)
    assert "{" not in filled
    assert "STOP" in filled
    assert "HELP" in filled
    assert count(filled).parts == 1
    assert len(filled) <= 140


def test_new_words_are_sent_to_nobody_before_they_are_published(session, church):
    welcome = by_key(session, church)["welcome_sms"]
    templates.publish(session, church, welcome.id, actor="ruth", now=NOW)
    body = "Hi from {church_name}. Reply STOP to stop, HELP for help."
    changed = templates.save_draft(session, church, welcome.id, Draft(body=body), actor="ruth", now=NOW)
    assert changed == ("words",)
    (one,) = templates.published_onboarding(session, church)
    assert one.is_draft
    assert (one.published_version, one.version, one.body) == (1, 2, body)
    assert templates.words_of(session, one.id, 1) == templates.DEFAULTS["welcome_sms"].words
    assert templates.publish(session, church, welcome.id, actor="ruth", now=NOW) == 2
    assert not templates.template(session, church, welcome.id).is_draft


def test_the_same_words_are_no_new_version(session, church):
    welcome = by_key(session, church)["welcome_sms"]
    draft = Draft(name=welcome.name, body=welcome.body, onboarding=True, purpose=Purpose.FOLLOW_UP)
    assert templates.save_draft(session, church, welcome.id, draft, actor="ruth", now=NOW) == ()


def test_old_words_come_back_as_a_new_draft(session, church):
    welcome = by_key(session, church)["welcome_email"]
    templates.save_draft(session, church, welcome.id, Draft(subject="Hello", body="x"), actor="ruth", now=NOW)
    assert templates.bring_back(session, church, welcome.id, 1, actor="ruth", now=NOW) == 3
    assert templates.template(session, church, welcome.id).words == welcome.words
    assert [one.number for one in templates.versions_of(session, church, welcome.id)] == [3, 2, 1]
    with pytest.raises(TemplateNotFoundError):
        templates.bring_back(session, church, welcome.id, 99, actor="ruth", now=NOW)


def test_a_version_is_never_changed(database, church):
    with database.church(church) as session:
        templates.ensure_defaults(session, church, now=NOW)
    with pytest.raises(DatabaseError), database.church(church) as session:
        session.query(MessageTemplateVersion).update({"body": "x"})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Hi! Reply STOP to stop, HELP for help.", "Say who writes"),
        ("Hi from {church_name}.", "Say how to stop"),
        ("Hi from {church_name}. Reply STOP to stop.", "Say how to stop"),
        ("{church_name}: {fist_name} STOP HELP", "no field {fist_name}"),
        ("{church_name} { STOP HELP", "no partner"),
        ("{church_name} http://a.org STOP HELP", "https://"),
        ("{church_name} https://bit.ly/abc STOP HELP", "bit.ly"),
        ("{church_name} STOP HELP " + "x" * 960, "parts"),
        ("", "Write what the message says"),
    ],
)
def test_what_a_first_text_must_say(session, church, body, why):
    welcome = by_key(session, church)["welcome_sms"]
    templates.save_draft(session, church, welcome.id, Draft(body=body), actor="ruth", now=NOW)
    with pytest.raises(TemplateError) as refused:
        templates.publish(session, church, welcome.id, actor="ruth", now=NOW)
    assert why in said(refused)
    assert templates.published_onboarding(session, church) == []


def test_ones_own_are_made_archived_and_the_hubs_own_are_not(session, church):
    own = templates.create(session, church, name="Picnic", channel=Channel.SMS, actor="ruth", now=NOW)
    assert [one.name for one in templates.templates_of(session, church)][-1] == "Picnic"
    templates.archive(session, church, own, actor="ruth", now=NOW)
    assert own not in [one.id for one in templates.templates_of(session, church)]
    assert [one.id for one in templates.templates_of(session, church, archived=True)] == [own]
    with pytest.raises(TemplateError):
        templates.archive(session, church, by_key(session, church)["welcome_sms"].id, actor="ruth", now=NOW)
    with pytest.raises(TemplateError):
        templates.create(session, church, name="  ", channel=Channel.SMS, actor="ruth", now=NOW)


def test_another_churchs_template_is_none(database, session, church):
    hope = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    strange = by_key(session, church)["welcome_sms"].id
    with database.church(hope) as other:
        for wanted in (strange, uuid4()):
            with pytest.raises(TemplateNotFoundError):
                templates.publish(other, hope, wanted, actor="ruth", now=NOW)
        assert templates.words_of(other, strange, 1) is None
        assert templates.templates_of(other, hope) == []


class TestRules:
    def test_the_defaults(self, session, church):
        assert rules_of(session, church) == MessagingRules()

    def test_they_are_changed_and_told(self, session, church):
        change = {
            "texts_until": time(19, 30),
            "from_number": "(615) 555-0123",
            "email_from": "Grace <Hi@Grace.org>",
        }
        assert set(change_rules(session, church, change, actor="ruth", now=NOW)) == set(change)
        rules = rules_of(session, church)
        assert (rules.from_number, rules.email_from) == ("+16155550123", "Grace <hi@grace.org>")
        assert change_rules(session, church, change, actor="ruth", now=NOW) == ()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"texts_from": time(7, 59)}, "texts_from"),
            ({"texts_until": time(21, 1)}, "texts_until"),
            ({"texts_from": time(12), "texts_until": time(11)}, "texts_until"),
            ({"sunday_from": time(20)}, "sunday_from"),
            ({"undo_seconds": 5}, "undo_seconds"),
            ({"from_number": "12"}, "from_number"),
            ({"email_from": "nobody"}, "email_from"),
        ],
    )
    def test_each_problem_is_told_at_its_field_and_nothing_is_changed(self, session, church, change, field):
        with pytest.raises(RulesError) as refused:
            change_rules(session, church, {"undo_seconds": 90} | change, actor="ruth", now=NOW)
        assert set(refused.value.problems) == {field}
        assert rules_of(session, church) == MessagingRules()


def test_words_are_told_apart_by_what_they_say():
    assert Words("a", "b") == Words("a", "b") != Words("a", "c")
