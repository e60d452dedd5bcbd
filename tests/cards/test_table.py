import io
import random
import zipfile
from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ghl.cards import table as table_module
from ghl.cards import workbook as workbook_module
from ghl.cards.fields import parse_card
from ghl.cards.table import Row, TableError, read_table


def rows(content: bytes) -> list[tuple[int, dict[str, object]]]:
    read = list(read_table(content).rows())
    assert not [row for row in read if row.problem]
    return [(row.number, dict(row.values)) for row in read]


def xlsx(*lines: list[object], sheets: int = 1) -> bytes:
    book = Workbook()
    for _ in range(sheets - 1):
        book.create_sheet()
    for line in lines:
        book.worksheets[-1].append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


BIRTHDAY = datetime(1990, 5, 1)  # noqa: DTZ001  as a workbook gives it
ANN = {"first_name": "Ann", "phone": "615"}


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            b"first_name,phone\nAnn,615\n",
            b"first_name,phone\r\nAnn,615",
            b"first_name,phone\rAnn,615\r",
            b"\xef\xbb\xbffirst_name,phone\nAnn,615\n",
            "first_name,phone\nAnn,615\n".encode("utf-16"),
            "first_name,phone\nAnn,615\n".encode("utf-16-le"),
            "first_name,phone\nAnn,615\n".encode("utf-16-be"),
            b"first_name;phone\nAnn;615\n",
            b"first_name\tphone\nAnn\t615\n",
            b"first_name|phone\nAnn|615\n",
            b"sep=;\nfirst_name;phone\nAnn;615\n",
            b"sep=\t\r\nfirst_name\tphone\r\nAnn\t615\r\n",
            b'"First Name","Mobile"\n"Ann","615"\n',
            b"First Name,PHONE,notes\nAnn,615,,,\n",
        ],
    )
    def test_forms_of_one_list(self, content: bytes):
        assert rows(content) == [(2, ANN)]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_letters_survive(self, encoding: str):
        content = (
            "first_name,last_name\nZoë,Müller-Łuk\n"
            if encoding != "cp1252"
            else "first_name,last_name\nZoë,Müller\n"
        )
        assert rows(content.encode(encoding))[0][1]["first_name"] == "Zoë"

    def test_numbers_are_those_of_a_spreadsheet(self):
        content = b'first_name,notes\n\nAnn,"two\nlines"\n,\nBob,x\n'
        assert rows(content) == [
            (3, {"first_name": "Ann", "notes": "two\nlines"}),
            (5, {"first_name": "Bob", "notes": "x"}),
        ]

    def test_the_header_may_come_later(self):
        assert rows(b"\n,,\nfirst_name,phone\nAnn,615\n") == [(4, ANN)]

    def test_semicolons_of_a_list_do_not_confuse(self):
        content = b"first_name,interests\nAnn,Choir;Kids;Youth;Music\n"
        assert rows(content) == [(2, {"first_name": "Ann", "interests": "Choir;Kids;Youth;Music"})]

    def test_own_questions_are_kept(self):
        content = b"first_name,T-Shirt,\nAnn,M,large\n"
        assert rows(content) == [(2, {"first_name": "Ann", "T-Shirt": "M", "Column C": "large"})]

    def test_prayer_requests_of_two_columns_go_together(self):
        content = b"first_name,Prayer,How can we pray?\nAnn,a,b\n"
        assert rows(content) == [(2, {"first_name": "Ann", "prayer_request": "a\nb"})]

    def test_whole_names_are_cut(self):
        assert rows(b"Name,phone\nMary Ann van der Berg,615\n") == [
            (2, {"first_name": "Mary Ann", "last_name": "van der Berg", "phone": "615"})
        ]


class TestBadRows:
    def test_too_many_cells(self):
        read = list(read_table(b"first_name,phone\nAnn,615\nBob,615,x\nEve,615\n").rows())
        assert [(row.number, bool(row.problem)) for row in read] == [(2, False), (3, True), (4, False)]
        assert "more cells" in str(read[1].problem)

    @pytest.mark.parametrize("rest", ["", '"Zed","1"\n', '"Yan","2"\n"Zed","1"\n', 'Zed,"1"x\n'])
    def test_a_mark_that_never_closes_costs_its_own_row(self, rest: str):
        content = f'first_name,phone\nAnn,1\nBob,"2\nEve,3\nKim,4\n{rest}'
        read = list(read_table(content.encode()).rows())
        good = {str(row.values["first_name"]) for row in read if not row.problem}
        assert {"Ann", "Eve", "Kim"} <= good
        assert [row.number for row in read] == list(range(2, 2 + len(read)))
        assert read[1].problem

    def test_a_mark_that_swallows_a_long_text(self):
        lines = "".join(f"Person {number},1\n" for number in range(20_000))
        read = list(read_table(f'first_name,phone\nBob,"2\n{lines}'.encode()).rows())
        assert len([row for row in read if not row.problem]) == 20_000

    def test_a_long_cell(self):
        read = list(read_table(b"first_name,notes\nAnn," + b"x" * 40_000 + b"\nBob,y\n").rows())
        assert [bool(row.problem) for row in read] == [True, False]

    def test_values_stay_out_of_reprs(self):
        assert "Ann" not in repr(Row(2, {"first_name": "Ann"}))


class TestWholeFile:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b"\xef\xbb\xbf", "empty|column names"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00", "not a list"),
            (b"%PDF-1.7 text", "column names"),
            (b"\xd0\xcf\x11\xe0rest of it", "old Excel file"),
            (b"PK\x03\x04rest of it", "not an Excel list"),
            (b"Ann,615\nBob,616\n", "column names"),
            (b"first_name,phone,Phone\nAnn,1,2\n", "Two columns are called Phone"),
            (b"first_name," + b",".join(b"Q%d" % n for n in range(300)), "more than 200 columns"),
            (b'first_name,"phone\nAnn,1\n', "column names"),
            (b"\xff\xfea", "damaged|column names|empty"),
            (b"x" * (table_module.MAX_BYTES + 1), "larger than 20 MB"),
        ],
    )
    def test_a_file_that_is_no_list(self, content: bytes, problem: str):
        with pytest.raises(TableError, match=problem):
            read_table(content)

    def test_too_many_rows(self):
        content = b"first_name\n" + b"Ann\n" * (table_module.MAX_ROWS + 1)
        with pytest.raises(TableError, match="more than 50,000 rows"):
            list(read_table(content).rows())

    def test_too_many_broken_marks(self):
        content = b"first_name,phone\n" + b'x","\n' * 60_000
        with pytest.raises(TableError, match="never close"):
            list(read_table(content).rows())

    @settings(max_examples=200)
    @given(
        st.one_of(
            st.binary(),
            st.text(alphabet='ab",;\n\r\t|= \x00', max_size=60).map(lambda text: f"phone,b\n{text}".encode()),
        )
    )
    def test_any_bytes_are_a_list_or_a_sentence(self, content: bytes):
        try:
            read = list(read_table(content).rows())
        except TableError:
            return
        numbers = [row.number for row in read]
        assert numbers == sorted(set(numbers))
        assert all(row.problem or row.values for row in read)


class TestWorkbook:
    def test_types_are_kept(self):
        content = xlsx(
            ["First name", "Phone", "Zip", "Birthday", "Visit date", "Service", "First time", "Interests"],
            [
                "Ann",
                6155550100,
                37203,
                BIRTHDAY,
                date(2026, 11, 22),
                time(9, 0),
                True,
                "Choir; Kids",
            ],
            [None, None, None],
            ["Bob", 6155550101.0],
        )
        (two, ann), (four, bob) = rows(content)
        assert (two, four) == (2, 4)
        card = parse_card(ann).fields
        assert (card.phone, card.postal_code, card.service) == ("6155550100", "37203", "9:00 am")
        assert (card.birthday, card.visit_date) == (date(1990, 5, 1), date(2026, 11, 22))
        assert card.first_time is True
        assert parse_card(bob).fields.phone == "6155550101"

    def test_the_first_sheet_with_something_on_it_is_read(self):
        assert rows(xlsx(["first_name", "phone"], ["Ann", "615"], sheets=3)) == [(2, ANN)]

    def test_an_empty_workbook(self):
        with pytest.raises(TableError, match="empty"):
            read_table(xlsx())

    def test_a_formula_error_is_the_rows_problem(self):
        read = list(read_table(xlsx(["first_name", "phone"], ["Ann", "#REF!"], ["Bob", "615"])).rows())
        assert "#REF!" in str(read[0].problem)
        assert read[1].values["first_name"] == "Bob"

    def test_another_zip_file(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as parts:
            parts.writestr("letter.txt", "hello")
        with pytest.raises(TableError, match="not an Excel list"):
            read_table(file.getvalue())

    def test_a_zip_bomb_is_not_unpacked(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("xl/workbook.xml", "<workbook/>")
            with parts.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
                for _ in range(workbook_module.MAX_UNPACKED // 2**20 + 1):
                    part.write(b"\0" * 2**20)
        assert len(file.getvalue()) < 2**20
        with pytest.raises(TableError, match="too large when unpacked"):
            read_table(file.getvalue())

    def test_a_row_number_without_end_is_not_counted_to(self):
        content = _with_sheet(
            xlsx(["first_name"]), b'<row r="999999999"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
        )
        with pytest.raises(TableError, match="too large"):
            list(read_table(content).rows())

    def test_damage_is_told(self):
        whole = xlsx(["first_name", "phone"], *[["Ann", "615"]] * 200)
        chance = random.Random(7)
        for _ in range(150):
            content = bytearray(whole)
            for _ in range(chance.randint(1, 30)):
                content[chance.randrange(4, len(content))] = chance.randrange(256)
            cut = chance.choice([len(content), chance.randrange(10, len(content))])
            try:
                list(read_table(bytes(content[:cut])).rows())
            except TableError as problem:
                assert str(problem).endswith(".")  # noqa: PT017  either way is right


def _with_sheet(content: bytes, row: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(
                name, part.replace(b"</sheetData>", row + b"</sheetData>") if "sheet1" in name else part
            )
    return file.getvalue()
