"""Every page, with everything that its address may carry: another church's is like what does not exist."""

import ast
import re
from pathlib import Path

import pytest

from dashboard import services
from dashboard.navigation import PAGES
from ghl.cards.counts import fold
from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.people.help import answer
from ghl.people.users import add_user
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker
from tests.tenants.conftest import SIGN, TEAM_SIGN

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
    *("html", "progress"),
)
"""What holds words. A page with another kind fails until that stands here, or below."""

LAYOUT = {
    *("root", "main", "sidebar", "event", "empty", "unknown", "transparent", "vertical", "horizontal"),
    *("column", "flex_container", "grid_container", "form", "popover", "dialog"),
}
"""What holds other things, and at most a label that is the code's own."""

PASSING = (
    r"just now|\bnow\b|(under a minute|\d+ (minutes?|hours?|seconds?|min))( ago)?|\d{1,2}:\d\d(:\d\d)? [ap]m"
)
"""How long ago something was, and when: another one at each look."""

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
    "texts": {"template": lambda ids: str(ids.template)},
    "erase": {"number": lambda ids: str(ids.number)},
    "person": {"number": lambda ids: str(ids.number)},
}
"""What of a church may stand in the address of a page."""

OF_THE_INSTALLATION = {"church": {"church": lambda ids: ids.slug}}
"""The same of pages that are for who runs the installation alone, and there for all churches."""

SHOWS_CHURCHES = {
    "churches": "how each church stands: names and numbers",
    "church": "one of them",
    "people": "who may sign in where",
    "audit": "the installation's log: that a church was added, and by whom",
}
SHOWS_TEAMS = {"people": "who may sign in where", "audit": "who did what to the installation"}
"""Pages on which who runs the installation sees churches, and people of their teams. Guests they see nowhere."""

OF_NO_CHURCH = {
    **dict.fromkeys(
        ("status", "source", "cause", "period", "first", "find", "state", "channel"),
        "a code of the page's own",
    ),
    **dict.fromkeys(("from", "to"), "a day; of a card the page that its way back leads to"),
    "open": "a code: the card's form stands open",
    "t": "the secret of a sign-in link (test_routes)",
    "next": "a path of ours, where the same checks wait (test_routes)",
    **dict.fromkeys(("state", "code", "error", "iss"), "what an identity provider gives back (test_routes)"),
}
"""What else stands in addresses, and why it names nothing that a church has."""

FOREIGN = (
    *(
        "church",
        "church_id",
        "org",
        "slug",
        "id",
        "card",
        "card_id",
        "import_id",
        "user",
        "user_id",
        "question",
    ),
    *("draft", "member", "help", "help_id", "trial", "trial_id", "erasure", "session", "log", "location"),
)
"""What a page does not read; each is handed the other church's ids all the same."""


def parameters_read():
    """Every name by which the code of the screens reads something out of an address."""
    files = [*(ROOT / "pages").glob("*.py"), *(ROOT / "dashboard").rglob("*.py")]
    trees = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): ast.parse(file.read_text("utf-8"))
        for file in files
    }
    constants = {module: _constants(tree) for module, tree in trees.items()}
    found = set()
    for module, tree in trees.items():
        address, known = _addresses_of(tree), _known_in(tree, constants[module], constants)
        for one in (one for node in ast.walk(tree) for one in _read_by(node, address)):
            if isinstance(one, ast.Constant):
                found.add(one.value)
            else:
                # What nothing is known of stands in the result as it is written, and is known by nobody there.
                found |= known.get(getattr(one, "id", ""), {ast.unparse(one)})
    return found


def _known_in(tree, own, constants):
    """What the names in this file stand for: its constants, those it imports, and what a loop takes out of them."""
    known = dict(own)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                values = constants.get(node.module, {}).get(one.name)
                if values is not None:
                    known[one.asname or one.name] = values
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension | ast.For):
            target, source = getattr(node.target, "id", None), getattr(node.iter, "id", None)
            if target and source in known:
                known[target] = known[source]
    return known


def _read_by(node, address):
    """The expressions that name what this one reads out of an address."""
    if isinstance(node, ast.Subscript) and address(node.value) and isinstance(node.ctx, ast.Load):
        return [node.slice]
    if isinstance(node, ast.Compare) and any(map(address, node.comparators)):
        return [node.left]
    reads = {"get", "get_all", "getlist", "pop"}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in reads:
        return node.args[:1] if address(node.func.value) else []
    return []


def _constants(tree):
    """What the constants of a file hold, by name: a text, or several."""
    return {
        target.id: {
            one.value
            for one in ast.walk(node.value)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        }
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _addresses_of(tree):
    """Whether an expression of this file is what stands in the address, also under another name."""

    def direct(node):
        return isinstance(node, ast.Attribute) and node.attr == "query_params"

    aliases = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=False)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                aliases |= {to.id for to, value in pairs if isinstance(to, ast.Name) and direct(value)}
    return lambda node: direct(node) or (isinstance(node, ast.Name) and node.id in aliases)


def test_nothing_that_an_address_may_carry_is_forgotten():
    """A new parameter fails here until it is tried below, or known to be a code."""
    tried = {name for page in (*WITH_IDS.values(), *OF_THE_INSTALLATION.values()) for name in page}
    assert parameters_read() == tried | set(OF_NO_CHURCH)
    assert set(WITH_IDS) | set(OF_THE_INSTALLATION) <= {page.file for page in PAGES}


def shown(app, *mine):
    """All that stands on the page, without times and without what was asked for."""
    assert not app.exception, app.exception
    kinds = {one.type for one in app._tree}
    assert kinds <= {*ELEMENTS, *LAYOUT}, kinds
    parts = [
        (kind, str(getattr(one, "label", "")), said(one), str(getattr(one, "options", "")))
        for kind in ELEMENTS
        for one in app.get(kind)
    ]
    text = repr(parts)
    for my in mine:
        text = text.replace(my, "…")
    return re.sub(rf"{PASSING}|[0-9a-f]{{12,}}", "…", text)


def said(element):
    """What it holds; a table all of it, for pandas shortens it."""
    value = getattr(element, "value", "")
    if element.type == "progress":
        value = (value, element.proto.text)
    return value.to_csv() if hasattr(value, "to_csv") else str(value)


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
            if theirs != nobodys or SIGN in theirs or TEAM_SIGN in theirs:
                wrong.append((page, name, theirs, nobodys))
            if page != "review" and nobodys == shown(
                open_page(world.cookie, look, **{name: asked["own"]}), asked["own"]
            ):
                wrong.append((page, name, "their own gives nothing either: this test could find nothing"))
            # Nothing is done, but that *Review new cards* gives somebody their own next card.
            if page != "review" and snapshot() != before:
                wrong.append((page, name, "something was changed"))
    assert wrong == []


def test_a_card_with_its_form_open(world, open_page, snapshot):
    before = snapshot()
    theirs, nobodys, own = (
        shown(open_page(world.cookie, "pages/card.py", number=number, open="correction"), number)
        for number in (str(world.ids[whose].number) for whose in ("theirs", "nobody's", "own"))
    )
    assert theirs == nobodys != own
    assert snapshot() == before


def test_a_page_for_all_churches_tells_a_church_nothing(world, open_page, sql):
    """Its own short name, another one and none are the same to an admin; who runs the installation sees no card."""
    for page, names in OF_THE_INSTALLATION.items():
        for name, value in names.items():
            asked = {whose: value(ids) for whose, ids in world.ids.items()}
            seen = {
                shown(open_page(world.cookie, f"pages/{page}.py", **{name: one})) for one in asked.values()
            }
            assert len(seen) == 1
            sql("UPDATE users SET is_ops = true WHERE email = 'ruth@grace.example.org'")
            theirs = shown(open_page(world.cookie, f"pages/{page}.py", **{name: asked["theirs"]}))
            assert "Hope" in theirs
            assert SIGN not in theirs
            assert TEAM_SIGN not in theirs


@pytest.mark.parametrize("ops", [False, True], ids=["an admin", "an admin who runs the installation"])
def test_each_page_with_the_other_churchs_ids_under_every_other_name(world, open_page, sql, ops):
    """Nobody sees more whatever the address says; and of the other church an admin sees nothing at all."""
    if ops:
        sql("UPDATE users SET is_ops = true WHERE email = 'ruth@grace.example.org'")
    theirs = world.ids["theirs"]
    ids = [str(getattr(theirs, name)) for name in vars(theirs) if name not in {"name", "cursor"}]
    for page in PAGES:
        own = WITH_IDS.get(page.file, {}) | OF_THE_INSTALLATION.get(page.file, {})
        foreign = {name: ids[n % len(ids)] for n, name in enumerate(FOREIGN) if name not in own}
        # By chance of their order an id could stand under a name that fits it not: those that could fit are put there.
        fitting = {name: str(value) for name, value in vars(theirs).items() if name in foreign}
        plain = shown(open_page(world.cookie, f"pages/{page.file}.py"))
        asked = shown(open_page(world.cookie, f"pages/{page.file}.py", **foreign | fitting))
        assert asked == plain, page.file
        assert SIGN not in plain, page.file
        assert TEAM_SIGN not in plain or (ops and page.file in SHOWS_TEAMS), page.file
        assert not re.search(r"\bhope\b", plain, re.IGNORECASE) or (ops and page.file in SHOWS_CHURCHES), (
            page.file
        )


def test_who_is_in_both_teams_brings_no_name_along(world, open_page, database):
    """Grace knows Tom, who works for hope as well, by what grace calls him; it has no name for him yet."""
    add_user(
        database, "tom@hope.example.org", church_id=world.grace, role=Role.STAFF, actor=world.reader.actor
    )
    for page in ("team", "audit"):
        services.names.clear()
        plain = shown(open_page(world.cookie, f"pages/{page}.py"))
        assert TEAM_SIGN not in plain
        assert "tom" in plain


def test_no_page_counts_another_church(world, open_page, database):
    """Whatever comes in at hope, every number that grace sees stays."""
    pages = [
        page.file for page in PAGES if (Role.ADMIN in page.roles or page.prayers) and page.file != "audit"
    ]
    number = str(world.ids["own"].number)

    def look(*pages):
        for known in (
            services.situation,
            services.outage,
            services.coordination,
            services.choices,
            services.names,
        ):
            known.clear()
        return {
            page: shown(
                open_page(
                    world.cookie,
                    f"pages/{page}.py",
                    **({"number": number} if page in {"card", "erase", "person"} else {}),
                )
            )
            for page in pages
        }

    look(*pages)  # the first look reserves a card
    before = look(*pages)
    # Reading prayer requests is an entry of grace's own, so its log is looked at with nothing in between.
    seal(database)
    watch(database)
    log = look("audit")
    make = CardMaker(database, world.hope)
    for status in CardStatus:
        for n in range(3):
            cause = "phone_invalid" if status == CardStatus.NEEDS_ATTENTION else None
            make(status, cause=cause, first_name=f"{SIGN}{n}")
    theirs = world.ids["theirs"]
    answer(database, world.hope, theirs.help, by=theirs.user, agrees=True)
    for n in range(30):
        add_user(
            database,
            f"new{n}@hope.example.org",
            name=f"{TEAM_SIGN}{n}",
            church_id=world.hope,
            role=Role.STAFF,
            actor=f"user:{theirs.user}",
        )
    with database.system() as session:
        fold(session)
    seal(database)
    watch(database)
    assert look("audit") == log
    assert look(*pages) == before
