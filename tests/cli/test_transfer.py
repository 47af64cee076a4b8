"""Import and export from the command line."""

import gc
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.cli.conftest import Terminal

GOOD = "Journal No.,Date,Account,Amount,Colour\n1,2026-01-31,Rent,5,\n1,,Bank,-5,\n"
BAD = "2,2026-01-31,Rentz,5,\n2,,Bank,-5,\n"


@pytest.fixture
def files(shop: Terminal) -> Terminal:
    (shop.folder / "good.csv").write_text(GOOD)
    (shop.folder / "bad.csv").write_text(GOOD + BAD)
    return shop


def test_a_file_is_imported_and_exported(files: Terminal) -> None:
    assert files.ok("import", "good.csv") == "1 entry with 2 lines imported\n"
    assert "column Colour is not read" in files.err
    assert files.ok("export", "-").count("\n") == 3
    assert files.err == "1 entry exported\n"
    files.ok("export", "out.csv", "--company", "mill")
    files.ok("import", "out.csv", "--status", "pending")
    assert files.ok("export", "-", "--status", "pending").count("\n") == 3
    assert [path.name for path in files.folder.glob(".*.part")] == []


def test_standard_input_is_read(files: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert files.ok("import", "-").startswith("1 entry")


def test_faults_are_told_and_nothing_is_kept(files: Terminal) -> None:
    assert files.fails("import", "bad.csv") == "nothing was imported: 1 fault, told above"
    assert "line 4, column Account: no account Rentz (here: 'Rentz')\n" in files.err
    assert files.ok("export", "-").count("\n") == 1


def test_garbage_is_looked_for_seldom_while_an_import_runs(files: Terminal) -> None:
    rows = "".join(f"{number},2026-01-31,Rent,5\n{number},,Bank,-5\n" for number in range(1, 3_001))
    (files.folder / "long.csv").write_text("Journal No.,Date,Account,Amount\n" + rows)
    before, began = gc.get_threshold(), gc.get_stats()[0]["collections"]
    assert files.ok("import", "long.csv").startswith("3000 entries")
    assert gc.get_stats()[0]["collections"] - began < 10
    files.fails("import", "bad.csv")
    assert gc.get_threshold() == before


def test_good_entries_may_be_kept(files: Terminal) -> None:
    assert "the others were left out" in files.fails("import", "bad.csv", "--keep-good")
    assert files.out == "1 entry with 2 lines imported\n"


def test_a_dry_run_says_what_would_be(files: Terminal) -> None:
    assert files.ok("import", "good.csv", "--dry-run") == "1 entry with 2 lines would be imported\n"
    assert files.ok("export", "-").count("\n") == 1


def test_dates_bound_an_export(files: Terminal) -> None:
    files.ok("import", "good.csv")
    assert files.ok("export", "-", "--from", "2026-02-01").count("\n") == 1
    assert files.ok("export", "-", "--to", "2026-01-31").count("\n") == 3
    assert "is after" in files.fails("export", "-", "--from", "2026-02-01", "--to", "2026-01-01")


def test_a_file_is_not_overwritten_unasked(files: Terminal) -> None:
    assert "is there already" in files.fails("export", "good.csv")
    assert (files.folder / "good.csv").read_text() == GOOD
    files.ok("export", "good.csv", "--overwrite")
    assert (files.folder / "good.csv").read_text().startswith("Entry,")


def test_what_is_no_file_is_written_to_and_not_replaced(files: Terminal) -> None:
    pipe = files.folder / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reading:
        text = reading.submit(pipe.read_text)
        files.ok("export", "pipe", "--overwrite")
        assert text.result(timeout=10).startswith("Entry,")
    assert pipe.is_fifo()


def test_a_link_goes_on_leading_to_its_file(files: Terminal) -> None:
    (files.folder / "link.csv").symlink_to("good.csv")
    files.ok("export", "link.csv", "--overwrite")
    assert (files.folder / "link.csv").is_symlink()
    assert (files.folder / "good.csv").read_text().startswith("Entry,")


def test_a_file_that_is_not_there(files: Terminal) -> None:
    assert files.fails("import", "none.csv") == "none.csv: No such file or directory"


def test_which_company_is_meant(files: Terminal) -> None:
    files.ok("company", "create", "Other", "--currency", "GBP")
    assert files.fails("import", "good.csv") == "say with --company which one is meant: mill, other"
    assert "no company 'nobody'" in files.fails("import", "good.csv", "--company", "nobody")
    files.ok("import", "good.csv", "--company", "other")
    assert files.ok("export", "-", "--company", "mill").count("\n") == 1


def test_a_store_without_companies(terminal: Terminal) -> None:
    terminal.ok("init")
    assert "company create" in terminal.fails("export", "-")


def test_a_day_that_is_none_is_said_in_plain_words(files: Terminal) -> None:
    assert files.run("export", "-", "--from", "2026-13-01") == 2
    assert "'2026-13-01' is not a day of the calendar" in files.err
    assert "fromisoformat" not in files.err


def test_what_cannot_be_written_is_named_as_it_was_given(files: Terminal) -> None:
    line = files.fails("export", "none/out.csv")
    assert line == f"none/out.csv: there is no folder {files.folder / 'none'}"
    assert "a file name is needed" in files.fails("export", "")
    assert "a file name is needed" in files.fails("import", "")


def test_a_file_is_not_imported_twice_unnoticed(files: Terminal) -> None:
    files.ok("import", "good.csv")
    files.ok("import", "good.csv", "--dry-run")
    assert "warning: line 2, column Journal No.: the books have an entry" in files.err
    assert "--skip-existing leaves such entries out" in files.err
    out = files.ok("import", "good.csv", "--skip-existing")
    assert out == "0 entries with 0 lines imported\n"
    assert "1 entry left out" in files.err
    assert files.ok("export", "-").count("\n") == 3


@pytest.mark.parametrize(
    ("content", "option"),
    [
        (
            GOOD.replace("2026-01-31", "03/04/2026"),
            "say which order the dates are in [--date-format ymd, dmy or mdy]\n",
        ),
        (GOOD.replace(",5,", ',"1.234,56",'), "(here: '1.234,56') [--decimal point or comma]\n"),
        (GOOD.replace("Rent", "Caf\xe9"), "[--encoding and a name such as cp1252]\n"),
    ],
)
def test_what_a_file_leaves_open_names_the_option(
    files: Terminal, content: str, option: str
) -> None:
    (files.folder / "open.csv").write_text(content, encoding="latin-1")
    files.fails("import", "open.csv")
    assert option in files.err
