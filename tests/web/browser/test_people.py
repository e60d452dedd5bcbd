"""*Team*, the switch between churches, *Churches*, *Church*, *People* and help access in a real browser."""

import pytest
from playwright.sync_api import expect

from ghl.churches import add_church
from ghl.people import help as helping
from ghl.people.users import add_user, find_user
from ghl.statuses import CardStatus, Role
from tests.support.browser import readable

SOON = 40_000
"""Milliseconds within which something that happens by itself has happened, on a busy machine too."""


def heading(page, name):
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=SOON)


def drawn(page):
    """*Team* is drawn to its end: what is typed before that may be drawn over."""
    expect(page.get_by_text("What is changed here holds at once")).to_be_visible(timeout=SOON)


@pytest.fixture
def olga(database, slug, person):
    """The id of who runs the installation; their browser is opened by `person(ops=True, role=None)`."""

    def olga():
        with database.identity() as session:
            return find_user(session, f"olga@{slug}.example.org")

    return olga


def test_an_admin_invites_somebody_who_comes_in_and_is_removed_again(person, cards, chromium, slug, at_home):
    cards(CardStatus.SYNCED)
    admin = person("team", role=Role.ADMIN)
    heading(admin, "Team")
    drawn(admin)
    form = admin.locator('[data-testid="stForm"]')
    form.get_by_label("Name").fill("Ben Okafor")
    form.get_by_label("E-mail").fill(f"ben@{slug}.example.org")
    form.get_by_role("button", name="Invite").dblclick()
    expect(admin.get_by_text("Ben Okafor is in the team.")).to_be_visible(timeout=SOON)
    link = admin.locator('[data-testid="stCode"] code').inner_text()

    context = chromium.new_context()
    ben = context.new_page()
    ben.goto(link)
    ben.get_by_role("button", name="Sign in").click()
    heading(ben, "Home")

    readable(
        admin,
        lambda: expect(admin.get_by_text("Ben Okafor").first).to_be_visible(timeout=SOON),
        name="team-invited",
        reload=False,
    )
    admin.set_viewport_size({"width": 1440, "height": 900})
    admin.get_by_role("button", name="I have it").click()
    row = admin.locator('[class*="st-key-row_"]').filter(has_text="Ben Okafor")
    row.get_by_role("button", name="Change").click()
    expect(admin.get_by_role("dialog")).to_be_visible(timeout=SOON)
    readable(
        admin,
        lambda: expect(admin.get_by_role("dialog")).to_be_visible(timeout=SOON),
        name="team-change",
        reload=False,
    )
    admin.set_viewport_size({"width": 1440, "height": 900})
    admin.get_by_role("button", name="Not now").click()
    expect(admin.get_by_role("dialog")).to_have_count(0, timeout=SOON)
    row.get_by_role("button", name="Remove").click()
    admin.get_by_role("dialog").get_by_role("button", name="Remove").dblclick()
    expect(admin.get_by_text("Ben Okafor is out of the team.")).to_be_visible(timeout=SOON)
    expect(ben.get_by_text("You don't belong to a church")).to_be_visible(timeout=SOON)
    context.close()
    at_home(admin)


def test_two_tabs_of_one_browser_never_mix_up_two_churches(person, cards, database, slug, web):
    cards(CardStatus.SYNCED)
    hope = add_church(
        database, slug=f"{slug}-hope", name="Hope Church", timezone="America/Chicago", actor="test"
    )
    add_user(database, f"ruth@{slug}.example.org", name="Ruth", church_id=hope, role=Role.ADMIN, actor="test")
    first = person("team", role=Role.ADMIN)
    heading(first, "Team")
    drawn(first)
    form = first.locator('[data-testid="stForm"]')
    form.get_by_label("Name").fill("Zoe")
    form.get_by_label("E-mail").fill(f"zoe@{slug}.example.org")

    second = first.context.new_page()
    second.goto(f"{web}/cards")
    heading(second, "All cards")
    second.get_by_role("combobox", name="Church").click()
    second.get_by_role("option", name="Hope Church").click()
    heading(second, "Home")
    expect(second.get_by_text("Hope Church").first).to_be_visible(timeout=SOON)

    form.get_by_role("button", name="Invite").click()
    expect(first.get_by_text("This window shows another church now")).to_be_visible(timeout=SOON)
    heading(first, "Home")
    with database.identity() as session, pytest.raises(Exception, match="Nobody"):
        find_user(session, f"zoe@{slug}.example.org")
    readable(
        first,
        lambda: expect(first.get_by_text("Set up:")).to_be_visible(timeout=SOON),
        name="home-set-up",
        reload=False,
    )


def test_churches_church_and_people_are_readable(person, cards, slug, connected, web):
    cards(CardStatus.WAITING)
    page = person(role=None, ops=True)
    heading(page, "Churches")
    readable(
        page,
        lambda: (
            expect(page.get_by_text("churches.").or_(page.get_by_text("1 church."))).to_be_visible(
                timeout=SOON
            ),
            # A table on a desk, a list on a telephone.
            expect(
                page.locator('[data-testid="stDataFrame"] canvas:visible')
                .or_(page.locator(".st-key-churches_narrow:visible"))
                .first
            ).to_be_visible(timeout=SOON),
        ),
        name="churches",
    )
    page.goto(f"{web}/church?church={slug}")
    readable(
        page,
        lambda: expect(page.get_by_role("button", name="Ask for help access")).to_be_visible(timeout=SOON),
        name="church",
        height=1400,
    )
    page.goto(f"{web}/people")
    readable(
        page,
        lambda: expect(page.get_by_text("Guests of churches are never here.")).to_be_visible(timeout=SOON),
        name="people",
    )


def test_help_access_from_the_question_to_its_end(person, cards, slug, olga, database, church, web):
    cards(CardStatus.WAITING)
    ops = person(role=None, ops=True)
    heading(ops, "Churches")
    helping.ask(database, church, olga(), reason="Two cards wait since Sunday, and nothing says why.")
    admin = person(role=Role.ADMIN)
    heading(admin, "Home")
    readable(
        admin,
        lambda: expect(admin.get_by_role("button", name="Agree for 24 hours")).to_be_visible(timeout=SOON),
        name="home-help-asked",
    )
    admin.set_viewport_size({"width": 1440, "height": 900})
    admin.get_by_role("button", name="Agree for 24 hours").dblclick()
    expect(admin.get_by_text("They may look for 24 hours.")).to_be_visible(timeout=SOON)
    ops.goto(f"{web}/church?church={slug}")
    ops.get_by_role("button", name="Go in and look").click()
    heading(ops, "Home")
    readable(
        ops,
        lambda: expect(ops.get_by_text("to help, until")).to_be_visible(timeout=SOON),
        name="helping",
    )
    admin.get_by_role("button", name="End it now").click()
    expect(admin.get_by_text("Ended. They see nothing")).to_be_visible(timeout=SOON)
    heading(ops, "Churches")
