"""`daybook import` and `daybook export`: journals as CSV files."""

import argparse
import gc
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from daybook.app.access import OPERATOR
from daybook.app.journal_csv import (
    DateOrder,
    DecimalMark,
    ExportOptions,
    ImportOptions,
    ImportReport,
    Source,
    export_journal,
    import_journal,
    selection,
)
from daybook.app.ledger import Keeping, Ledger
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    ACTOR,
    Failure,
    add_command,
    add_company_option,
    add_store_option,
    counted,
    day,
    opened_store,
    print_aside,
    print_line,
    the_company,
)
from daybook.cli.progress import Progress
from daybook.domain.model import Status

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

_THE_ONLY_ONE = "the only one there is"

COLLECTED_EVERY: Final = 50_000
"""New objects after which the garbage collector looks at them while an import runs. It finds
nothing to collect: at the interpreter's 700 it looked for a tenth of the time."""


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    _add_import(commands)
    _add_export(commands)


def _add_import(commands: "Commands") -> None:
    parser = add_command(commands, "import", "take the entries of a CSV file into the books", take)
    parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
    add_company_option(parser, _THE_ONLY_ONE)
    parser.add_argument(
        "--date-format",
        type=DateOrder,
        choices=list(DateOrder),
        metavar="{ymd,dmy,mdy}",
        help="order of year, month and day (default: found out from all dates of the file)",
    )
    parser.add_argument(
        "--decimal",
        type=DecimalMark,
        choices=list(DecimalMark),
        metavar="{point,comma}",
        help="decimal mark of amounts (default: point)",
    )
    parser.add_argument(
        "--encoding", help="such as cp1252 (default: utf-8, or what the file's first bytes say)"
    )
    parser.add_argument(
        "--status",
        type=Status,
        choices=list(Status),
        default=Status.POSTED,
        metavar="{posted,pending,review}",
        help="what the entries get; pending ones and those in review do not count until they are"
        " approved (default: posted)",
    )
    parser.add_argument(
        "--keep-good",
        action="store_true",
        help="keep the entries that are right when others are not (default: all or nothing)",
    )
    parser.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out entries whose number and date an entry in the books has already (default:"
        " import them, with a warning)",
    )
    parser.add_argument("--dry-run", action="store_true", help="check everything, keep nothing")
    add_store_option(parser)


def _add_export(commands: "Commands") -> None:
    parser = add_command(commands, "export", "write the entries of a company as a CSV file", give)
    parser.add_argument("file", metavar="FILE", help="the file, or - for standard output")
    add_company_option(parser, _THE_ONLY_ONE)
    parser.add_argument(
        "--from",
        dest="start",
        type=day,
        metavar="DATE",
        help="first posting date, as in 2026-01-31 (default: the earliest)",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=day,
        metavar="DATE",
        help="last posting date (default: the latest)",
    )
    parser.add_argument(
        "--status",
        type=Status,
        choices=list(Status),
        default=Status.POSTED,
        metavar="{posted,pending,review}",
        help="which entries (default: posted)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace FILE if it is there")
    add_store_option(parser)


def take(arguments: argparse.Namespace, environment: Environment) -> int:
    """Import a file."""
    options = ImportOptions(
        dates=arguments.date_format,
        decimal=arguments.decimal,
        encoding=arguments.encoding,
        status=arguments.status,
        keeping=Keeping.THE_OTHERS if arguments.keep_good else Keeping.ALL_OR_NOTHING,
        dry_run=arguments.dry_run,
        skip_existing=arguments.skip_existing,
    )
    with (
        _source(arguments.file) as source,
        opened_store(arguments, environment) as store,
        Progress("import", "bytes", source.size) as progress,
        _seldom_collected(),
    ):
        ledger = Ledger(store, environment.clock)
        books = ledger.books(the_company(store, arguments.company), OPERATOR)
        assert books is not None
        report = import_journal(books, source, options, ACTOR, progress.step)
    return _tell(report, options)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A block in which the garbage collector runs less often."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _tell(report: ImportReport, options: ImportOptions) -> int:
    for name in report.unread:
        print_aside(f"column {name} is not read")
    for fault in report.faults:
        remedy = _REMEDIES.get(fault.option or "")
        print_aside(f"{fault} [{remedy}]" if remedy else str(fault))
    _tell_existing(report, options)
    if not report.complete:
        print_aside("the rest of the file was not looked at")
    done = "would be imported" if options.dry_run else "imported"
    if report.entries or not report.faults:
        entries = counted(report.entries, "entry", "entries")
        print_line(f"{entries} with {counted(report.lines, 'line', 'lines')} {done}")
    if not report.faults:
        return 0
    what = "the others were left out" if report.entries else "nothing was imported"
    raise Failure(f"{what}: {counted(len(report.faults), 'fault', 'faults')}, told above")


_REMEDIES: Final = {
    "dates": "--date-format ymd, dmy or mdy",
    "decimal": "--decimal point or comma",
    "encoding": "--encoding and a name such as cp1252",
}
"""The options that settle what a file leaves open, by the members they set."""


def _tell_existing(report: ImportReport, options: ImportOptions) -> None:
    if not report.existing:
        return
    count = counted(report.existing, "entry", "entries")
    if options.skip_existing:
        print_aside(f"{count} left out: the books have one with the same number and date")
        return
    for fault in report.alike:
        print_aside(f"warning: {fault}")
    print_aside(
        f"warning: {count} of the file with the number and date of one in the books; is it imported"
        " already? --skip-existing leaves such entries out"
    )


@contextmanager
def _source(name: str) -> Iterator[Source]:
    """The file to import. Standard input is copied first, since a file is read repeatedly."""
    if not name:
        raise Failure("a file name is needed, or - for standard input")
    if name != "-":
        path = Path(name)
        yield Source(lambda: path.open("rb"), path.stat().st_size)
        return
    with tempfile.NamedTemporaryFile(prefix="daybook-import-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        path = Path(copy.name)
        yield Source(lambda: path.open("rb"), copy.tell())


def give(arguments: argparse.Namespace, environment: Environment) -> int:
    """Export a company's entries."""
    options = ExportOptions(arguments.start, arguments.end, arguments.status)
    if options.start and options.end and options.start > options.end:
        raise Failure(f"--from {options.start} is after --to {options.end}")
    with opened_store(arguments, environment) as store:
        company_id = the_company(store, arguments.company)
        with (
            _target(arguments.file, arguments.overwrite) as out,
            store.read(company_id) as reader,
            Progress("export", "entries", reader.count_entries(selection(options))) as progress,
        ):
            count = export_journal(reader, out, options, progress.step)
    print_aside(f"{counted(count, 'entry', 'entries')} exported")
    return 0


@contextmanager
def _target(name: str, overwrite: bool) -> Iterator[TextIO]:
    """Where to write. A file appears under its name only once it is complete.

    What is there and is no file (a device, a pipe) is written to, never replaced.
    """
    if not name:
        raise Failure("a file name is needed, or - for standard output")
    if name == "-":
        out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")
        try:
            yield out
        finally:
            out.detach().flush()
        return
    path = Path(name).resolve()  # where a link leads, so that it goes on leading there
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    if path.exists() and not overwrite:
        raise Failure(f"{path} is there already; --overwrite replaces it")
    if not path.parent.is_dir():
        raise Failure(f"{name}: there is no folder {path.parent}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) == part:
            raise Failure(f"{name}: {error.strerror}") from error
        raise
    finally:
        part.unlink(missing_ok=True)
