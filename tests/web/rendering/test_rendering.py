"""Tables as files, read back as others read them: exact, whole, and no formula among them."""

import csv
import io
import zipfile
from datetime import date, datetime

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.app.report_tables import Cell, CellKind, Column, RowKind, Table, TableRow
from daybook.domain.money import amount_text
from daybook.web.rendering import Format, file_name, fonts, render

COLUMNS = (
    Column("Date", CellKind.DATE),
    Column("Name"),
    Column("Amount", CellKind.AMOUNT),
)
SCRIPTS = (
    "Ærøskøbing Łódź",
    "Ελληνικά",
    "Русский",
    "עברית",
    "العربية",
    "日本語カタカナ",
    "中文公司",
    "한국어",
    "हिन्दी",
    "ไทย",
    "👩‍👩‍👧 family",
    "\x01\x02 control",
    "a\ud800b",
)
FORMULAS = ("=1+1", "+44 20", "-5", "@SUM(A1)", "\t=1", "\r=1", " =1", "=HYPERLINK(0)")


def table(rows: list[tuple[Cell, ...]], currency: str = "GBP") -> Table:
    kinds = (RowKind.HEADING, RowKind.LINE, RowKind.SUBTOTAL, RowKind.TOTAL)
    made = tuple(TableRow(cells, kinds[at % 4], at % 3) for at, cells in enumerate(rows))
    return Table("Trial balance", "Shop & Söhne", "as of 2026-03-31", currency, COLUMNS, made)


ROWS = st.lists(
    st.tuples(
        st.none() | st.dates(date(1900, 3, 1)),
        st.none() | st.text(max_size=30) | st.sampled_from((*SCRIPTS[:-1], *FORMULAS)),
        st.none() | st.integers(-(10**18), 10**18),
    ),
    max_size=8,
)


@given(ROWS, st.sampled_from(("GBP", "JPY", "KWD")))
def test_csv_holds_every_cell(rows: list[tuple[Cell, ...]], currency: str) -> None:
    made = table(rows, currency)
    text = render(made, Format.CSV).decode("utf-8-sig")
    head, *read = csv.reader(io.StringIO(text, newline=""))
    assert head == ["Date", "Name", "Amount"]
    assert len(read) == len(rows)
    for cells, (day, name, amount) in zip(rows, read, strict=True):
        assert day == ("" if cells[0] is None else str(cells[0]))
        assert name in (cells[1] or "", f"'{cells[1]}")
        assert not name.lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r"))
        expected = "" if cells[2] is None else amount_text(int(str(cells[2])), made.exponent)
        assert amount == expected


@given(ROWS, st.sampled_from(("GBP", "JPY", "KWD")))
def test_excel_holds_amounts_as_numbers_exactly(
    rows: list[tuple[Cell, ...]], currency: str
) -> None:
    made = table(rows, currency)
    book = openpyxl.load_workbook(io.BytesIO(render(made, Format.EXCEL)))
    sheet = book.worksheets[0]
    found = list(sheet.iter_rows(min_row=5, max_row=4 + len(rows), max_col=3)) if rows else []
    for cells, (day, name, amount) in zip(rows, found, strict=True):
        if isinstance(cells[0], date):
            assert isinstance(day.value, datetime)
            assert day.value.date() == cells[0]
        assert name.data_type != "f"
        if isinstance(cells[2], int):
            exact = amount_text(cells[2], made.exponent)
            if abs(cells[2]) < 10**15:
                assert amount.data_type == "n"
                assert amount_text(round(amount.value * 10**made.exponent), made.exponent) == exact
            else:
                assert amount.value == exact


def test_the_digits_in_an_excel_file_are_those_of_the_amount() -> None:
    made = render(table([(None, "", 123_456_789_012_345), (None, "", 10)]), Format.EXCEL)
    sheet = zipfile.ZipFile(io.BytesIO(made)).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>1234567890123.45</v>" in sheet
    assert "<v>0.10</v>" in sheet


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("wanted", [Format.EXCEL, Format.PDF])
def test_names_in_any_script_can_be_written(script: str, wanted: Format) -> None:
    made = table([(None, script, 5), (date(2026, 1, 2), f"{script} = {script}" * 40, None)])
    assert len(render(made, wanted)) > 1_000


def test_csv_writes_what_has_no_utf8_as_a_mark() -> None:
    assert b"a?b" in render(table([(None, "a\ud800b", 5)]), Format.CSV)


@given(ROWS)
def test_pdf_can_be_read(rows: list[tuple[Cell, ...]]) -> None:
    pages = pypdf.PdfReader(io.BytesIO(render(table(rows), Format.PDF))).pages
    assert "Trial balance" in pages[0].extract_text()


def test_pdf_goes_on_on_further_pages_and_shows_every_amount() -> None:
    rows: list[tuple[Cell, ...]] = [(date(2026, 1, 1), f"Row {at}", at * 100) for at in range(150)]
    pages = pypdf.PdfReader(io.BytesIO(render(table(rows), Format.PDF))).pages
    assert len(pages) > 2
    text = "\n".join(page.extract_text() for page in pages)
    for at in range(150):
        assert amount_text(at * 100, 2) in text
    assert f"Page {len(pages)}" in pages[-1].extract_text()


def test_what_no_font_has_is_a_box() -> None:
    assert [text for text, _ in fonts.runs("\U00012000", fonts.REGULAR)] == [
        fonts.BOX if ord(fonts.BOX) in fonts.glyphs() else "?"
    ]
    assert [name for _, name in fonts.runs("a日", fonts.REGULAR)] == [fonts.REGULAR, "STSong-Light"]


def test_a_file_has_a_plain_name() -> None:
    assert file_name(table([]), Format.EXCEL) == "trial-balance-as-of-2026-03-31.xlsx"


def test_a_tree_says_in_files_how_deep_each_row_lies() -> None:
    columns = (Column("Code", CellKind.CODE), Column("Account"), Column("Amount", CellKind.AMOUNT))
    rows = (
        TableRow(("", "Expenses", None), RowKind.HEADING),
        TableRow(("6000", "Costs", 120), RowKind.LINE, 1),
        TableRow(("6100", "Rent", 120), RowKind.LINE, 2),
    )
    made = Table("Profit and loss", "Shop", "2026", "GBP", columns, rows, is_tree=True)
    read = list(csv.reader(io.StringIO(render(made, Format.CSV).decode("utf-8-sig"))))
    assert read == [
        ["Level", "Code", "Account", "Amount"],
        ["0", "", "Expenses", ""],
        ["1", "6000", "Costs", "1.20"],
        ["2", "6100", "Rent", "1.20"],
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(render(made, Format.EXCEL))).worksheets[0]
    assert [tuple(row) for row in sheet.iter_rows(min_row=4, values_only=True)] == [
        ("Level", "Code", "Account", "Amount"),
        (0, None, "Expenses", None),
        (1, "6000", "   Costs", 1.2),
        (2, "6100", "      Rent", 1.2),
    ]
    pages = pypdf.PdfReader(io.BytesIO(render(made, Format.PDF))).pages
    assert "6100" in pages[0].extract_text()
