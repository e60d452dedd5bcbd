"""Every page, with everything that its address may carry: another church's is like what does not exist."""

import ast
import re
from pathlib import Path

from dashboard import services
from dashboard.navigation import PAGES
from ghl.cards.counts import fold
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker
from tests.tenants.conftest import SIGN

ROOT = Path(__file__).parents[2]
ELEMENTS = (
    *("title", "header", "subheader", "text", "markdown", "caption", "code", "warning", "error", "info"),
    *(
        "success",
        "button",
        "download_button",
        "link_button",
        "page_link",
        "text_input",
        "text_area",
        "selectbox",
    ),
    *(
        "multiselect",
        "segmented_control",
        "button_group",
        "pills",
        "checkbox",
        "radio",
        "metric",
        "dataframe",
    ),
    *("expander", "badge", "date_input", "toggle", "file_uploader"),
)

NAMES = {"grace": "Anna", "hope": SIGN, "nobody": "Nobody"}


def service(ids):
    return f"{NAMES[ids.slug]} service"


def campus(ids):
    return f"{NAMES[ids.slug]} campus"


WITH_IDS = {
    "card": {"number": lambda ids: str(ids.number)},
    "review": {"number": lambda ids: str(ids.number)},
    "cards": {
        "import": lambda ids: str(ids.import_id),
        "service": service,
        "campus": campus,
    },
    "attention": {"service": service},
}
"""What of a church may stand in the address of a page."""

CODES = {"status", "source", "period", "from", "to", "first", "cause", "find", "t"}
"""What stands in addresses and is of no church: codes, days, and the secret of a sign-in link (test_routes)."""

FOREIGN = (
    "church",
    "church_id",
    "org",
    "slug",
    "id",
    "card",
    "card_id",
    "import_id",
    "user",
    "question",
    "draft",
)
"""What no page reads; each is handed the other church's ids all the same."""


def parameters_read():
    """Every name by which the code of the screens reads something out of an address."""
    found = set()
    for file in [*(ROOT / "pages").glob("*.py"), *(ROOT / "dashboard").rglob("*.py")]:
        source = file.read_text("utf-8")
        filters = "def from_address" in source
        for node in ast.walk(ast.parse(source)):
            if (
                filters
                and isinstance(node, ast.Assign)
                and any(getattr(one, "id", "") == "NAMES" for one in node.targets)
            ):
                found |= {one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
            if isinstance(node, ast.Subscript) and _is_address(node.value) and isinstance(node.ctx, ast.Load):
                found |= {one.value for one in ast.walk(node.slice) if isinstance(one, ast.Constant)}
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and _is_address(node.func.value)
                and node.func.attr in {"get", "get_all", "pop"}
            ):
                found |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
            if isinstance(node, ast.Compare) and any(map(_is_address, node.comparators)):
                found |= {one.value for one in ast.walk(node.left) if isinstance(one, ast.Constant)}
    return found


def _is_address(node):
    return isinstance(node, ast.Attribute) and node.attr == "query_params"


def test_nothing_that_an_address_may_carry_is_forgotten():
    """A new parameter fails here until it is tried below, or known to be a code."""
    tried = {name for page in WITH_IDS.values() for name in page}
    assert parameters_read() == tried | CODES
    assert set(WITH_IDS) <= {page.file for page in PAGES}


def shown(app, *mine):
    """All that stands on the page, without times and without what was asked for."""
    assert not app.exception, app.exception
    parts = [
        (kind, str(getattr(one, "label", "")), str(getattr(one, "value", "")))
        for kind in ELEMENTS
        for one in app.get(kind)
    ]
    text = repr(parts)
    for said in mine:
        text = text.replace(said, "…")
    return re.sub(
        r"\d{1,2}:\d\d(:\d\d)? [ap]m|just now|\d+ (minutes?|hours?|seconds?) ago|[0-9a-f]{32}", "…", text
    )


def test_what_an_address_may_carry(world, open_page, snapshot):
    wrong = []
    for page, names in WITH_IDS.items():
        look = f"pages/{page}.py"
        open_page(world.cookie, look)
        for name, value in names.items():
            asked = {whose: value(ids) for whose, ids in world.ids.items()}
            before = snapshot()
            theirs = shown(open_page(world.cookie, look, **{name: asked["theirs"]}), asked["theirs"])
            nobodys = shown(open_page(world.cookie, look, **{name: asked["nobody's"]}), asked["nobody's"])
            if theirs != nobodys or SIGN in theirs:
                wrong.append((page, name, theirs, nobodys))
            if page != "review" and nobodys == shown(
                open_page(world.cookie, look, **{name: asked["own"]}), asked["own"]
            ):
                wrong.append((page, name, "their own gives nothing either: this test could find nothing"))
            # Nothing is done, but that *Review new cards* gives somebody their own next card.
            if page != "review" and snapshot() != before:
                wrong.append((page, name, "something was changed"))
    assert wrong == []


def test_each_page_with_the_other_churchs_ids_under_every_other_name(world, open_page, sql):
    """Who works in one church, and runs the installation, sees nothing more whatever the address says."""
    sql("UPDATE users SET is_ops = true WHERE email = 'ruth@grace.example.org'")
    theirs = world.ids["theirs"]
    ids = (
        world.hope,
        theirs.slug,
        theirs.card,
        theirs.import_id,
        theirs.question,
        theirs.user,
        theirs.number,
    )
    foreign = {name: str(ids[n % len(ids)]) for n, name in enumerate(FOREIGN)}
    for page in PAGES:
        plain = shown(open_page(world.cookie, f"pages/{page.file}.py"))
        asked = shown(open_page(world.cookie, f"pages/{page.file}.py", **foreign))
        assert asked == plain, page.file
        assert SIGN not in plain, page.file


def test_no_page_counts_another_church(world, open_page, database):
    """Whatever comes in at hope, every number that grace sees stays."""
    pages = [page.file for page in PAGES if Role.ADMIN in page.roles or page.prayers]

    def look():
        for known in (
            services.situation,
            services.outage,
            services.coordination,
            services.choices,
            services.names,
        ):
            known.clear()
        number = str(world.ids["own"].number)
        return {
            page: shown(
                open_page(world.cookie, f"pages/{page}.py", **({"number": number} if page == "card" else {}))
            )
            for page in pages
        }

    look()  # the first look reserves a card
    before = look()
    make = CardMaker(database, world.hope)
    for status in CardStatus:
        for n in range(3):
            cause = "phone_invalid" if status == CardStatus.NEEDS_ATTENTION else None
            make(status, cause=cause, first_name=f"{SIGN}{n}")
    with database.system() as session:
        fold(session)
    assert look() == before
