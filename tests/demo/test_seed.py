"""The demo church: really sent, in all states, and the same however often it is filled."""

import csv
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from ghl.cards.counts import counts_by_cause
from ghl.causes import CAUSES, CauseCode
from ghl.churches import add_church, find_church
from ghl.forms import form_of
from ghl.messages import templates
from ghl.messages.ask import send_onboarding
from ghl.messages.templates import published_onboarding
from ghl.simulator.server import SimulatorServer
from ghl.webhooks.secrets import KnownHooks
from jobs.demo import world
from jobs.demo.errors import DemoError
from jobs.demo.people import piles, read_cards
from jobs.demo.seed import SLUG, seed_demo
from tests.support.hub import running_hub, wait_for

REVIEW, ASIDE, STUCK, CARDS = 6, 3, 3, 105


@pytest.fixture
def hub(database_urls, redis_url):
    with SimulatorServer(locations=()) as simulator, running_hub(database_urls, redis_url, simulator) as hub:
        yield hub


def test_the_church_is_filled_through_workers_and_stands_in_all_states(hub):
    told = seed_demo(hub.container, hub.sim.url)
    assert f"{CARDS} new cards" in told
    church = find_church(hub.database, SLUG)
    assert church.is_demo
    hub.start_worker()
    hub.start_sweep()

    def settled():
        standing = hub.standing(church.id)
        return "sending" not in standing and standing.get("waiting") == STUCK and standing

    standing = wait_for(settled, within=60)
    assert sum(standing.values()) == CARDS
    assert standing["to_review"] == REVIEW
    assert standing["dismissed"] == ASIDE
    assert standing["held"] >= 5
    assert standing["needs_attention"] >= 6
    with hub.database.church(church.id) as session:
        causes = {cause for _, cause in counts_by_cause(session, church.id)}
    assert len(causes) >= 10, causes
    assert all(CAUSES[CauseCode(cause)].who == "staff" for cause in causes), causes
    assert standing["synced"] >= 60
    (joanna,) = hub.query(church.id, "SELECT status FROM cards WHERE first_name = 'Joanna'")
    assert joanna.status == "synced"
    contacts = hub.contacts(world.LOCATION)
    addresses = [contact[key] for contact in contacts for key in ("email", "phone") if contact.get(key)]
    assert len(addresses) == len(set(addresses))
    tries = hub.query(
        church.id, "SELECT tries FROM outbox JOIN cards ON cards.id = card_id WHERE status = 'waiting'"
    )
    assert all(row.tries >= 1 for row in tries)

    with hub.database.church(church.id) as session:
        assert form_of(session, church.id).services == world.FORM.services

    # Filled again while the workers use up the budget, it is the same church.
    imports = hub.query(church.id, "SELECT id FROM card_imports")
    assert seed_demo(hub.container, hub.sim.url) == f"{world.NAME} is there already."
    assert hub.query(church.id, "SELECT id FROM card_imports") == imports
    assert sum(hub.standing(church.id).values()) == CARDS
    assert len(hub.contacts(world.LOCATION)) == len(contacts)
    assert len(hub.sim.faults.list()) == len(world.FAULTS)


def test_a_simulator_on_another_port_is_found_again(hub, database_urls, redis_url):
    seed_demo(hub.container, hub.sim.url)
    with SimulatorServer(locations=()) as other:
        seed_demo(hub.container, other.url)
        assert find_church(hub.database, SLUG).ghl_base_url == other.url


def test_the_simulators_workflow_tells_the_hub_of_replies(hub):
    intake = "http://127.0.0.1:8502"
    seed_demo(hub.container, hub.sim.url, intake)
    church = find_church(hub.database, SLUG)
    (listener,) = hub.sim.state.listeners[world.LOCATION]
    assert listener.url == f"{intake}/webhooks/workflow/{church.public_id}"
    hook, which = KnownHooks(hub.database, hub.container.clock).look(church.public_id, listener.secret)
    assert (hook.church_id, hook.location_id, which) == (church.id, world.LOCATION, "current")
    # Filled again it stays; on another port it is told there, with a new secret.
    seed_demo(hub.container, hub.sim.url, intake)
    assert hub.sim.state.listeners[world.LOCATION] == [listener]
    seed_demo(hub.container, hub.sim.url, "http://127.0.0.1:9502")
    (moved,) = hub.sim.state.listeners[world.LOCATION]
    assert moved.url.startswith("http://127.0.0.1:9502/")
    assert moved.secret != listener.secret


def test_onboarding_materials_can_be_sent_at_once(hub):
    seed_demo(hub.container, hub.sim.url)
    church = find_church(hub.database, SLUG)

    def published():
        with hub.database.church(church.id) as session:
            return {one.key: one for one in published_onboarding(session, church.id)}

    first = published()
    assert set(first) == set(templates.DEFAULTS)
    assert "https://" in first["documents_email"].body
    with hub.database.church(church.id) as session:
        welcome = first["welcome_sms"].id
        templates.withdraw(session, church.id, welcome, actor="user:pat", now=datetime.now(UTC))
    seed_demo(hub.container, hub.sim.url)
    assert set(published()) == set(first) - {"welcome_sms"}, "what somebody decided stays"


def test_somebody_who_came_today_gets_all_onboarding_materials(hub):
    seed_demo(hub.container, hub.sim.url)
    church = find_church(hub.database, SLUG)
    (joanna,) = hub.query(church.id, "SELECT id FROM cards WHERE first_name = 'Joanna'")
    with hub.database.church(church.id) as session:
        asked = send_onboarding(
            session, church.id, [joanna.id], actor="user:pat", now=hub.container.clock.now()
        )
    assert sorted((one.channel, one.outcome) for one in asked) == [
        ("email", "queued"),
        ("email", "queued"),
        ("sms", "queued"),
    ]


def test_a_real_church_of_that_name_is_left_alone(hub):
    add_church(hub.database, slug=SLUG, name="Demetrius", timezone="UTC", actor="test")
    with pytest.raises(DemoError, match="real church"):
        seed_demo(hub.container, hub.sim.url)


def test_a_simulator_that_is_away_is_told(hub):
    with pytest.raises(DemoError, match="No simulator answers"):
        seed_demo(hub.container, "http://127.0.0.1:1")


class TestPiles:
    def test_days_hang_on_when_the_church_was_opened(self):
        opened = datetime(2026, 3, 4, 12, tzinfo=UTC)
        early, late = (
            piles(read_cards(), opened=opened, now=opened + timedelta(days=days), timezone="America/Chicago")
            for days in (0, 40)
        )
        assert [[card.values for card in pile.cards] for pile in early] == [
            [card.values for card in pile.cards] for pile in late
        ]

    @pytest.mark.parametrize("day", range(1, 15))
    def test_every_sunday_is_over_and_a_sunday(self, day):
        opened = datetime(2026, 3, day, 2, tzinfo=UTC)
        for pile in piles(read_cards(), opened=opened, now=opened, timezone="America/Chicago"):
            assert pile.received_at <= opened
            for card in pile.cards:
                visit = datetime.fromisoformat(str(card.values["visit_date"]))
                assert visit.weekday() == 6 or card.week == "today"
                assert timedelta(0) < opened - visit.replace(tzinfo=UTC) < timedelta(days=16)

    def test_the_people_are_invented(self):
        text = files("jobs.demo").joinpath("cards.csv").read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            assert not row["email"] or "example" in row["email"]
            digits = "".join(sign for sign in row["phone"] if sign.isdigit())
            assert len(digits) != 10 or digits[3:8] == "55501" or digits.startswith("000")
