"""Files of cards as churches really send them, into a real database."""

import csv
import io
import time
from datetime import date
from itertools import product

import openpyxl
import pytest
from sqlalchemy.exc import ProgrammingError

from ghl.cards.importing import BACKFILL_ABOVE, BATCH, ImportStoppedError, import_table
from ghl.cards.table import Row, TableError, read_table
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.statuses import Priority

HEADER = [
    "First Name",
    "Last Name",
    "Mobile",
    "E-mail",
    "DOB",
    "Interests",
    "Prayer request",
    "May we text you?",
]


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")


@pytest.fixture
def load(database, church):
    def load(content, **options):
        rows = read_table(content).rows() if isinstance(content, bytes) else content
        return import_table(
            database,
            church,
            rows,
            **{
                "source_name": "list.csv",
                "actor": "test",
                "clock": SystemClock(),
                "on_saved": lambda _church: None,
                **options,
            },
        )

    return load


def csv_file(*rows, header=HEADER, encoding="utf-8", delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def guests(count, start=0):
    return [
        [
            f"First{n}",
            f"Last{n}",
            f"615555{n:04d}"[:10] if n < 10_000 else "",
            f"guest{n}@example.org",
            "",
            "",
            "",
            "",
        ]
        for n in range(start, start + count)
    ]


class TestReport:
    def test_it_has_exactly_the_agreed_form(self, load):
        report = load(
            csv_file(
                ["Anna", "Lee", "(615) 555-0142", "", "", "Choir;Small group", "For my mother", "yes"],
                ["Anna", "Lee", "615-555-0142", "", "", "small group; choir", "for my mother", "yes"],
                ["Bob", "Ray", "", "bob@example.org", "31/31/2000", "", "", "perhaps"],
                ["", "", "", "", "1/2/2000", "", "", ""],
            )
        )

        assert report.as_json() == {
            "received": 4,
            "created": 1,
            "duplicates": 1,
            "rejected": [
                {
                    "row": 4,
                    "reason": "Column sms_consent: Write yes or no, or leave it blank. "
                    "Column birthday: This day is not in the calendar.",
                },
                {"row": 5, "reason": "The card has no name, no phone and no e-mail."},
            ],
        }

    def test_the_same_file_twice_creates_nothing(self, load, rows):
        content = csv_file(*guests(250))

        assert load(content).as_json() == {"received": 250, "created": 250, "duplicates": 0, "rejected": []}
        assert load(content).as_json() == {"received": 250, "created": 0, "duplicates": 250, "rejected": []}
        assert rows("SELECT count(*) FROM cards") == [(250,)]
        assert rows("SELECT count(*) FROM outbox") == [(250,)]

    def test_a_wrong_phone_is_no_reason_to_lose_the_card(self, load, rows):
        report = load(csv_file(["Anna", "Lee", "12", "", "", "", "", ""]))

        assert (report.created, report.rejected) == (1, ())
        assert rows("SELECT status, cause, source, source_name FROM cards") == [
            ("needs_attention", "phone_invalid", "import", "list.csv")
        ]

    def test_an_empty_list_is_no_error(self, load):
        assert load(csv_file()).as_json() == {"received": 0, "created": 0, "duplicates": 0, "rejected": []}

    def test_row_numbers_are_those_of_a_spreadsheet(self, load):
        content = b'first_name,email,notes\r\n\r\nAnna,a@example.org,"two\nlines"\r\n,,alone\r\n'

        report = load(content)

        assert report.created == 1
        assert [rejected.row for rejected in report.rejected] == [4]


class TestFiles:
    def test_csv_of_many_encodings(self, load, rows):
        forms = list(product(["utf-8", "utf-8-sig", "utf-16", "cp1252"], [",", ";", "\t"]))
        for number, (encoding, delimiter) in enumerate(forms):
            guest = ["Zoë", "Müller", "", f"zoe{number}@example.org", "", "", "", ""]
            content = csv_file(guest, encoding=encoding, delimiter=delimiter)
            assert load(content).created == 1, (encoding, delimiter)

        assert rows("SELECT first_name, last_name, count(*) FROM cards GROUP BY 1, 2") == [
            ("Zoë", "Müller", len(forms))
        ]

    def test_a_workbook(self, load, rows):
        book = openpyxl.Workbook()
        book.active.append(HEADER)
        book.active.append(["Anna", "Lee", 6155550142, None, date(1990, 2, 3), "Choir", "Peace", True])
        book.active.append(["Bob", "Ray", None, "bob@example.org", "tomorrow", None, None, None])
        file = io.BytesIO()
        book.save(file)

        report = load(file.getvalue(), source_name="list.xlsx")

        assert (report.received, report.created) == (2, 1)
        [rejected] = report.rejected
        assert (rejected.row, rejected.reason[:16]) == (3, "Column birthday:")
        assert rows("SELECT phone FROM cards") == [("+16155550142",)]
        assert rows("SELECT text FROM prayer_requests") == [("Peace",)]

    def test_hostile_content_is_kept_as_text(self, load, rows):
        hostile = [
            "'; DROP TABLE cards; --",
            '=HYPERLINK("http://evil.example")',
            "<script>alert(1)</script>",
            "%s %(name)s {0} :name",
            "\x00\ud83dRob\u202eert\u200b",
            "![x](http://evil.example/x.png)",
        ]
        given = [
            Row(n, {"first_name": name, "email": f"a{n}@example.org", name[:90]: name})
            for n, name in enumerate(hostile, start=2)
        ]
        report = load(given, source_name="../../etc/\x00passwd\udcff" + "x" * 500)

        assert report.created == len(hostile)
        names = [name for (name,) in rows("SELECT first_name FROM cards ORDER BY number")]
        assert names == [*hostile[:4], "Robert", hostile[5]]


class TestOneBadRow:
    def test_a_row_that_the_database_refuses_costs_no_other(self, load, rows):
        rows("ALTER TABLE cards ADD CONSTRAINT no_bob CHECK (first_name <> 'First7')")

        report = load(csv_file(*guests(30)))

        assert (report.received, report.created, report.duplicates) == (30, 29, 0)
        [rejected] = report.rejected
        assert (rejected.row, rejected.reason) == (
            9,
            "The database did not take this row. Look for unusual signs in it.",
        )
        assert rows("SELECT count(*) FROM cards") == [(29,)]

    def test_a_file_that_breaks_off_keeps_what_was_read(self, load, rows):
        def broken():
            for n, row in enumerate(guests(BATCH + 10), start=2):
                yield Row(n, {"first_name": row[0], "email": row[3]})
            raise TableError("The Excel file is damaged.")

        with pytest.raises(ImportStoppedError, match=r"damaged\. Until then") as stopped:
            load(broken())

        assert stopped.value.report.created == rows("SELECT count(*) FROM cards")[0][0]
        [(finished,)] = rows("SELECT facts->>'finished' FROM audit_entries WHERE action = 'cards.imported'")
        assert finished == "false"

    def test_another_error_of_the_database_is_not_hidden(self, load, rows):
        rows("REVOKE INSERT ON audit_entries FROM hub_tenant")

        with pytest.raises(ProgrammingError, match="permission denied"):
            load(csv_file(*guests(2)))


class TestLargeFiles:
    def test_more_than_a_few_hundred_rows_let_new_cards_go_first(self, load, rows):
        load(csv_file(*guests(BACKFILL_ABOVE)))
        load(csv_file(*guests(BACKFILL_ABOVE + 1, start=2000)))

        assert rows("SELECT priority, count(*) FROM outbox GROUP BY 1 ORDER BY 1") == [
            (Priority.NEW, BACKFILL_ABOVE),
            (Priority.BACKFILL, BACKFILL_ABOVE + 1),
        ]

    def test_ten_thousand_rows_are_read_as_they_are_saved(self, load, rows, record_property):
        read, ahead = 0, []

        def coming():
            nonlocal read
            for row in read_table(csv_file(*guests(10_000))).rows():
                read += 1
                yield row

        began = time.perf_counter()
        report = load(coming(), progress=lambda received: ahead.append((received, read - received)))
        seconds = time.perf_counter() - began

        record_property("seconds", round(seconds, 1))
        print(f"10,000 rows: {seconds:.1f} s")  # noqa: T201 - shown with -s
        assert report.created == 10_000
        assert [received for received, _ in ahead] == list(range(BATCH, 10_001, BATCH))
        assert max(unsaved for _, unsaved in ahead) <= BACKFILL_ABOVE
        assert seconds < 60


class TestAround:
    def test_one_audit_entry_without_names(self, load, rows):
        load(csv_file(*guests(450)), source_name="anna-lee.csv", actor="user:1")

        [entry] = rows("SELECT actor, facts FROM audit_entries WHERE action = 'cards.imported'")
        assert entry.actor == "user:1"
        assert entry.facts == {
            "received": 450,
            "created": 450,
            "duplicates": 0,
            "rejected": 0,
            "finished": True,
        }

    def test_workers_are_woken_after_each_transaction_that_left_something_to_send(self, load, church, rows):
        woken = []

        def wake(church_id):
            woken.append((church_id, rows("SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]))

        load(csv_file(*guests(450)), on_saved=wake)
        load(csv_file(*guests(450)), on_saved=wake)

        assert woken == [(church, 200), (church, 400), (church, 450)]

    def test_waking_may_fail(self, load):
        tried = []

        def wake(church_id):
            tried.append(church_id)
            raise ConnectionError("Redis is away")

        assert load(csv_file(*guests(450)), on_saved=wake).created == 450
        assert len(tried) == 1

    def test_the_database_going_away_is_said_and_the_rest_can_follow(self, tmp_path_factory):
        from tests.intake.own_server import own_server

        with own_server() as (server, database):
            church = add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="t")
            options = {
                "source_name": "list.csv",
                "actor": "test",
                "clock": SystemClock(),
                "on_saved": lambda _church: None,
            }
            content = csv_file(*guests(600))

            def stop(received):
                if received == 2 * BATCH:
                    server.stop("immediate")

            with pytest.raises(
                ImportStoppedError, match=r"stopped answering\. Until then 400 new cards"
            ) as stopped:
                import_table(database, church, read_table(content).rows(), progress=stop, **options)
            assert stopped.value.report.created == 400

            server.start()
            report = import_table(database, church, read_table(content).rows(), **options)
            assert (report.created, report.duplicates) == (200, 400)

    def test_it_sees_only_its_own_church(self, database, load, rows):
        other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
        content = csv_file(*guests(3))
        load(content)
        report = import_table(
            database,
            other,
            read_table(content).rows(),
            source_name="list.csv",
            actor="test",
            clock=SystemClock(),
            on_saved=lambda _church: None,
        )

        assert (report.created, report.duplicates) == (3, 0)
