"""*Import a list* as somebody meets it who has never seen it: choose, match, check, save, mend."""

import csv
import io
import re
from contextlib import suppress

import openpyxl
import pytest
from playwright.sync_api import Error
from sqlalchemy import text

from ghl.statuses import Role
from tests.support.browser import poll, readable

CHECKED = "57 cards will be saved · 3 rows will be refused"
HEADINGS = ["Given name", "Surname", "Cell", "E-Mail Address", "DOB", "May we text you?", "Prayer", "T-Shirt"]


def guests():
    """60 cards: three of them bad, two with a phone to mend."""
    rows = [
        [f"Zoë{n}", "Müller", f"(615) 555-{n:04d}", "", "2/28/1990", "yes" if n % 5 == 0 else "", "", "M"]
        for n in range(100, 155)
    ]
    rows += [["Short", "Phone", "615-55", "", "", "", "", ""], ["Tiny", "Phone", "12", "", "", "no", "", ""]]
    bad = [
        ["Bob", "Ray", "615-555-0901", "", "31/31/1990", "", "Peace", "M"],
        ["", "", "", "", "1/2/2000", "", "", "L"],
        ["Eve", "Ng", "615-555-0902", "", "2/3/1991", "", "@cmd()", "X" * 2500],
    ]
    return rows[:10] + bad[:1] + rows[10:30] + bad[1:2] + rows[30:] + bad[2:]


def as_csv(rows, *, separator=";", encoding="cp1252", headings=HEADINGS):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([headings, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows):
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    for row in rows:
        book.active.append([cell or None for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def saved(database, church):
    def saved():
        with database.church(church) as session:
            return session.scalar(text("SELECT count(*) FROM cards"))

    return saved


def choose(page, name, content, mime="text/csv"):
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": mime, "buffer": content})


def sees(page, words):
    return page.get_by_text(words, exact=True).first.wait_for()


def settled(page, words, button):
    """Waits until the step is drawn to its end, its last button included."""
    return lambda: (sees(page, words), page.get_by_role("button", name=button).first.wait_for())


def press(page, name, then):
    """Presses a button until it says `then`: right after a step came up a press is taken for a double click."""
    button, words = page.get_by_role("button", name=name), page.get_by_text(then, exact=True)

    def pressed():
        with suppress(Error):
            if button.count() and button.first.is_enabled():
                button.first.click(timeout=1000)
            words.first.wait_for(timeout=1000)
        return words.count()

    poll(pressed, 60)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_sixty_cards_of_which_three_are_bad(person, saved, at_home, form):
    page = person("upload")
    rows = guests()
    choose(page, f"visitors.{form}", as_csv(rows) if form == "csv" else as_xlsx(rows))
    sees(page, "60 rows · 8 columns")
    press(page, "Next: check the rows", CHECKED)
    assert saved() == 0

    page.get_by_label("What did the box say?").fill("Yes, Grace Church may text me.")
    page.get_by_label("What did the box say?").blur()
    button = page.get_by_role("button", name="Save 57 cards")
    told = page.get_by_text("57 new cards are saved.", exact=True)

    def double_clicked():
        """Right after the step came up a press is taken for the second half of the one before."""
        with suppress(Error):
            if button.count() and button.is_enabled():
                button.dblclick(timeout=1000)
            told.first.wait_for(timeout=3000)
        return told.count()

    poll(double_clicked, 60)
    assert saved() == 57
    page.reload()
    sees(page, "57 new cards are saved.")

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the 3 refused rows").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    header, bob, nobody, eve = csv.reader(
        io.StringIO(content.decode("utf-8-sig")), delimiter=";" if form == "csv" else ","
    )
    assert header == [*HEADINGS, "Why it was refused"]
    assert bob[-1] == "DOB: This day is not in the calendar."
    assert eve[6] == "'@cmd()"
    bob[4], nobody[0], eve[7] = "1/31/1990", "Nora", "S"

    press(page, "Import another list", "Choose a file")
    choose(page, "visitors-refused.csv", as_csv([bob, nobody, eve], headings=header, encoding="utf-8-sig"))
    sees(page, "3 rows · 9 columns")
    press(page, "Next: check the rows", "3 cards will be saved")
    press(page, "Save 3 cards", "3 new cards are saved.")
    assert saved() == 60
    at_home(page)


@pytest.mark.timeout(300)
def test_every_step_can_be_read(person):
    page = person("upload")
    stays(page, "Choose a file", "Download a sample file", "upload-1-choose")
    choose(page, "visitors.csv", as_csv(guests()))
    stays(page, "60 rows · 8 columns", "Next: check the rows", "upload-2-columns", height=1600)
    press(page, "Next: check the rows", CHECKED)
    stays(page, CHECKED, "Save 57 cards", "upload-3-check", height=2300)
    page.get_by_text("Nobody knows the words any more").click()
    press(page, "Save 57 cards", "57 new cards are saved.")
    done = settled(page, "57 new cards are saved.", "Import another list")
    done()
    readable(page, done, name="upload-4-done")
    press(page, "Import another list", "Lists of the last 30 days")
    lists = settled(page, "Lists of the last 30 days", "Download the 3 refused rows")
    readable(page, lists, name="upload-5-lists", height=1200)
    page.get_by_role("link", name="Show these cards").click()
    cards = settled(page, "Only cards of one list", re.compile("^Select all 57"))
    cards()
    readable(page, cards, name="upload-6-cards")
    page.get_by_text("Only cards of one list").click()
    page.get_by_text("Only cards of one list").wait_for(state="detached")
    poll(lambda: "import=" not in page.url)


def stays(page, words, button, name, height=900):
    """As `readable`, without loading the page anew: the list lies in the session's memory only."""
    readable(page, settled(page, words, button), name=name, reload=False, height=height)


def test_a_viewer_finds_no_such_page(person):
    page = person("upload", role=Role.VIEWER)
    page.get_by_role("link", name="All cards").first.wait_for()
    assert page.get_by_role("link", name="Import a list").count() == 0
    assert page.locator("input[type=file]").count() == 0
