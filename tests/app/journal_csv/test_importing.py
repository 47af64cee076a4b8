"""Files into the books: all or nothing, every fault at its place, whatever the bytes."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engines import Engine, engine_schemes
from tests.support.shop import ACTOR, shop

from daybook.app.access import Principal, Scope
from daybook.app.journal_csv import (
    DateOrder,
    DecimalMark,
    Fault,
    ImportOptions,
    ImportReport,
    Sample,
    Source,
    import_journal,
    read_entries,
)
from daybook.app.journal_csv import existing as existing_module
from daybook.app.ledger import Books, Keeping
from daybook.domain.limits import STREAM_REFUSALS_MAX
from daybook.domain.model import JournalEntry, Status
from daybook.domain.query import Query
from daybook.storage import open_store

HEAD = "Journal No.,Date,Account,Debits,Credits,Name,Class\n"
GOOD = "1,2026-01-31,Rent,12.50,,,Retail\n,,1000,,12.50,,\n"
UNKNOWN = "2,2026-01-31,Rentz,1,,,\n2,,Bank,,1,,\n"
UNREADABLE = "3,2026-01-31,Rent,x,,,\n3,,Bank,,1,,\n"


def source(content: bytes | str) -> Source:
    data = content.encode() if isinstance(content, str) else content
    return Source(lambda: io.BytesIO(data), len(data))


def take(
    books: Books,
    content: bytes | str,
    options: ImportOptions | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    return import_journal(books, source(content), options or ImportOptions(), ACTOR, progress)


def entries(books: Books) -> list[JournalEntry]:
    with books.read() as reader:
        return reader.entries(Query())


def told(report: ImportReport) -> list[str]:
    return [str(fault) for fault in report.faults]


KEEP_GOOD = ImportOptions(keeping=Keeping.THE_OTHERS)


@pytest.mark.parametrize("scheme", engine_schemes())
def test_a_file_becomes_entries(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(Engine.of(scheme, tmp_path_factory.mktemp(scheme)).url)
    books = shop(store)
    report = take(books, HEAD + GOOD)
    assert report == ImportReport(1, 2)
    (entry,) = entries(books)
    assert (entry.doc_number, entry.total, entry.status) == ("1", 1250, Status.POSTED)
    assert entry.lines[0].dimensions
    store.close()


def test_one_fault_keeps_everything_out() -> None:
    books = shop()
    report = take(books, HEAD + GOOD + UNKNOWN)
    assert (report.entries, report.lines) == (0, 0)
    assert told(report) == ["line 4, column Account: no account Rentz (here: 'Rentz')"]
    assert entries(books) == []


def test_what_cannot_be_read_and_what_is_refused_are_told_together() -> None:
    books = shop()
    report = take(books, HEAD + UNREADABLE + GOOD + UNKNOWN)
    assert [(fault.line, fault.column) for fault in report.faults] == [
        (2, "Debits"),
        (6, "Account"),
    ]
    assert report.complete
    assert entries(books) == []


def test_good_entries_are_kept_on_demand() -> None:
    books = shop()
    report = take(books, HEAD + UNREADABLE + GOOD + UNKNOWN, KEEP_GOOD)
    assert (report.entries, report.lines) == (1, 2)
    assert len(report.faults) == 2
    assert [entry.doc_number for entry in entries(books)] == ["1"]


@pytest.mark.parametrize("keeping", Keeping)
def test_a_dry_run_keeps_nothing_and_tells_the_same(keeping: Keeping) -> None:
    books = shop()
    dry = take(books, HEAD + GOOD + UNKNOWN, ImportOptions(keeping=keeping, dry_run=True))
    assert entries(books) == []
    assert dry == take(books, HEAD + GOOD + UNKNOWN, ImportOptions(keeping=keeping))


def test_entries_may_be_imported_for_approval() -> None:
    books = shop()
    take(books, HEAD + GOOD, ImportOptions(status=Status.PENDING))
    assert [entry.status for entry in entries(books)] == [Status.PENDING]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "1,2026-01-31,Rent,1,,,\n1,,Bank,,2,,\n",
            "line 2: the entry (lines 2 to 3) has 1.00 of debits and 2.00 of credits in GBP",
        ),
        (
            "1,2026-01-31,Debtors,1,,,\n1,,Bank,,1,,\n",
            "line 2, column Name: account Debtors needs a customer on its lines (here: '')",
        ),
        (
            "1,2026-01-31,Rent,1,,,\n1,,Bank,,1,,Nowhere\n",
            "line 3, column Class: no dimension Nowhere (here: 'Nowhere')",
        ),
        (
            "1,2026-01-31,Rent,1,,Nobody,\n1,,9999,,1,,\n",
            "line 2, column Name: no contact Nobody (here: 'Nobody')",
        ),
        (
            "1,2026-01-31,Rent,1,,,\n",
            "line 2: 1 posting line, 2 at least",
        ),
    ],
)
def test_refusals_are_told_by_line_and_column(rows: str, message: str) -> None:
    assert message in told(take(shop(), HEAD + rows))


def test_an_account_is_found_by_full_name_own_name_or_code() -> None:
    books = shop()
    rows = "1,2026-01-31,Costs:Rent,1,,,\n1,,6200,1,,,\n1,,other,1,,,\n1,,Bank,,3,,\n"
    assert take(books, HEAD + rows).faults == ()
    (entry,) = entries(books)
    rent, by_code, by_name, _ = entry.lines
    assert by_code.account_id == by_name.account_id != rent.account_id


@pytest.mark.parametrize(
    ("dates", "options", "day"),
    [
        (("03/04/2026", "13/04/2026"), ImportOptions(), "2026-04-03"),
        (("03/04/2026", "04/13/2026"), ImportOptions(), "2026-03-04"),
        (("03/04/2026",), ImportOptions(dates=DateOrder.DAY_FIRST), "2026-04-03"),
        (("03/04/2026",), ImportOptions(dates=DateOrder.MONTH_FIRST), "2026-03-04"),
        (("2026-04-03",), ImportOptions(), "2026-04-03"),
    ],
)
def test_the_order_of_dates(dates: tuple[str, ...], options: ImportOptions, day: str) -> None:
    books = shop()
    rows = "".join(f"{at},{text},Rent,1,,,\n{at},,Bank,,1,,\n" for at, text in enumerate(dates))
    assert take(books, HEAD + rows, options).faults == ()
    assert entries(books)[0].posting_date.isoformat() == day


def test_ambiguous_dates_are_refused() -> None:
    report = take(shop(), HEAD + "1,03/04/2026,Rent,1,,,\n1,,Bank,,1,,\n")
    assert "say which order" in told(report)[0]
    assert report.faults[0].column == "Date"


@pytest.mark.parametrize(
    "encoded",
    [
        (HEAD + GOOD).encode("utf-8-sig"),
        (HEAD + GOOD).encode("utf-16"),
        (HEAD + GOOD).replace("\n", "\r\n").encode(),
        (HEAD + GOOD).replace(",", "\t").encode(),
        (HEAD + GOOD).replace("\n", "\r").encode(),
    ],
)
def test_files_of_all_sorts(encoded: bytes) -> None:
    assert take(shop(), encoded) == ImportReport(1, 2)


def test_decimal_commas_and_semicolons() -> None:
    text = HEAD.replace(",", ";") + "1;31.01.2026;Rent;1.234,50;;;\n1;;Bank;;1.234,50;;\n"
    books = shop()
    assert take(books, text, ImportOptions(decimal=DecimalMark.COMMA)).faults == ()
    assert entries(books)[0].total == 123450


def test_another_encoding_has_to_be_named() -> None:
    data = (HEAD + GOOD).replace("1,2026-01-31,Rent", "é1,2026-01-31,Rent").encode("cp1252")
    assert "say which encoding" in told(take(shop(), data))[0]
    assert take(shop(), data, ImportOptions(encoding="latin-1")) == ImportReport(1, 2)
    assert told(take(shop(), data, ImportOptions(encoding="nonsense"))) == [
        "no encoding 'nonsense'"
    ]


def test_unread_columns_are_named() -> None:
    text = "Journal No.,Date,Account,Amount,Tax Code\n1,2026-01-31,Rent,1,x\n1,,Bank,-1,\n"
    assert take(shop(), text).unread == ("Tax Code",)


def test_a_caller_that_may_not_write_is_told_so() -> None:
    books = shop()
    reading = Principal("auditor", None, frozenset({Scope.READ}))
    restricted = books.ledger.books(books.company_id, reading)
    assert restricted is not None
    assert "does not allow write" in told(take(restricted, HEAD + GOOD))[0]


def test_faults_are_bounded() -> None:
    rows = "".join(f"{at},x,Rent,1,,,\n" for at in range(STREAM_REFUSALS_MAX + 50))
    report = take(shop(), HEAD + rows)
    assert len(report.faults) == STREAM_REFUSALS_MAX
    assert not report.complete


def test_refusals_are_bounded() -> None:
    rows = "".join(f"{at},2026-01-31,Rent,1,,,\n" for at in range(STREAM_REFUSALS_MAX + 50))
    report = take(shop(), HEAD + rows)
    assert len(report.faults) == STREAM_REFUSALS_MAX
    assert not report.complete


def test_entries_of_one_import_are_bounded() -> None:
    rows = "".join(f"{at},2026-01-31,Rent,1,,,\n{at},,Bank,,1,,\n" for at in range(3))
    books = shop()
    report = take(books, HEAD + rows, replace(KEEP_GOOD, entries_max=2))
    assert "more than 2 entries" in told(report)[0]
    assert entries(books) == []


def test_a_file_that_breaks_off_keeps_nothing_and_tells_what_was_found() -> None:
    books = shop()
    report = take(books, HEAD + UNREADABLE + GOOD + '4,2026-01-31,"Rent', KEEP_GOOD)
    assert [fault.line for fault in report.faults] == [2, 6]
    assert not report.complete
    assert entries(books) == []


def test_progress_counts_bytes() -> None:
    seen: list[int] = []
    text = HEAD + "".join(GOOD.replace("1,", f"{at},", 1) for at in range(2_000))
    take(shop(), text, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(text)
    assert len(seen) > 3


@given(st.binary(max_size=300))
def test_any_bytes_are_a_report(data: bytes) -> None:
    report = take(shop(), data)
    assert report.faults


cells = st.sampled_from(
    [
        "1",
        "2",
        "",
        "2026-01-31",
        "31/01/2026",
        "Rent",
        "Bank",
        "5.00",
        "-5",
        "(5)",
        '"',
        "x,y",
        "\n",
    ]
)


@given(st.lists(st.lists(cells, max_size=8), max_size=12))
def test_any_rows_are_a_report(rows: list[list[str]]) -> None:
    text = HEAD + "".join(",".join(row) + "\n" for row in rows)
    books = shop()
    report = take(books, text)
    assert len(entries(books)) == (0 if report.faults else report.entries)


@pytest.mark.parametrize("scheme", engine_schemes())
def test_what_the_books_have_already_is_told_or_left_out(
    scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = open_store(Engine.of(scheme, tmp_path_factory.mktemp(scheme)).url)
    books = shop(store)
    file = HEAD + GOOD
    take(books, file)
    again = take(books, file)
    assert (again.entries, again.existing) == (1, 1)
    assert [str(each) for each in again.alike] == [
        "line 2, column Journal No.: the books have an entry with this number and date (here: '1')"
    ]
    other_day = "\n1,2026-02-01,Rent,1,,,\n1,,Bank,,1,,\n"
    report = take(books, file + other_day, ImportOptions(skip_existing=True))
    assert (report.entries, report.lines, report.existing) == (1, 2, 1)
    assert len(entries(books)) == 3
    store.close()


def test_entries_of_the_same_file_are_not_taken_for_what_the_books_have() -> None:
    books = shop()
    take(books, HEAD + "9,2026-01-01,Rent,1,,,\n9,,Bank,,1,,\n")
    twice = HEAD + GOOD + "\n" + GOOD + UNKNOWN
    report = take(books, twice, ImportOptions(keeping=Keeping.THE_OTHERS, skip_existing=True))
    assert (report.entries, report.existing) == (2, 0)
    assert told(report) == ["line 7, column Account: no account Rentz (here: 'Rentz')"]


def test_faults_stand_where_they_are_beside_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows of one entry, so that the file spans many, and a broken row after the last."""
    monkeypatch.setattr(existing_module, "WINDOW_ENTRIES", 1)
    books = shop()
    for _ in range(3):
        take(books, HEAD + GOOD)
    file = HEAD + GOOD + UNKNOWN + UNREADABLE
    report = take(books, file, ImportOptions(skip_existing=True, keeping=Keeping.THE_OTHERS))
    assert (report.entries, report.existing) == (0, 1)
    assert [text.split(",")[0] for text in told(report)] == ["line 4", "line 6"]
    broken = take(books, file + "4,2026-01-01,Rent,1,,,,,,,,too,many\n")
    assert [text.split(":")[0] for text in told(broken)][-1] == "line 8"
    assert not broken.complete


def test_an_entry_of_one_line_has_one_fault() -> None:
    report = take(shop(), HEAD + "1,2026-01-31,Rent,5,,,\n")
    assert told(report) == ["line 2: 1 posting line, 2 at least"]


def test_the_first_entries_can_be_looked_at_before_they_are_taken() -> None:
    books = shop()
    sample = read_entries(books, source(HEAD + GOOD + UNREADABLE), ImportOptions(), 5)
    assert isinstance(sample, Sample)
    assert ",".join(sample.titles) == HEAD.strip()
    found = sample.groups
    assert [group.content is None for group in found] == [False, True]
    assert found[0].lines == [2, 3]
    assert "x" in str(found[1].faults[0])
    assert isinstance(read_entries(books, source(""), ImportOptions(), 5), Fault)
    assert entries(books) == []
