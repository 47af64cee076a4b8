"""A journal file into the books: streaming, checked by every rule, all or nothing.

The file is read once for each attempt and once more to say where refused entries stand, so what
has to be kept in memory does not grow with it. Everything that is wrong is told together, up to a
bound: what cannot be read and what the ledger refuses, by line, column and value.

    report = import_journal(books, source, ImportOptions(), actor)
    if report.faults: ...
"""

import codecs
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import BinaryIO, Final

from daybook.app.journal_csv.cells import (
    AmbiguousDates,
    DateOrder,
    DecimalMark,
    detect_order,
    is_year_first,
)
from daybook.app.journal_csv.columns import Column, Header, read_header
from daybook.app.journal_csv.encodings import (
    ENCODING_NAME_LENGTH_MAX,
    encoding_of,
    undecodable,
)
from daybook.app.journal_csv.existing import Existing, Judged
from daybook.app.journal_csv.faults import Fault, Unreadable
from daybook.app.journal_csv.limits import EXISTING_TOLD_MAX, FAULTS_MAX, PREVIEW_CHARACTERS
from daybook.app.journal_csv.locating import locate
from daybook.app.journal_csv.reading import (
    Group,
    JournalReader,
    Reading,
    bounded_lines,
    rows_of,
)
from daybook.app.ledger import Books, Context, Keeping, Refused, Streamed
from daybook.app.ports import Reader
from daybook.app.reports import all_accounts
from daybook.domain.commands import CreateEntry
from daybook.domain.events import Actor
from daybook.domain.ids import ByCode, ByName, Ref
from daybook.domain.limits import (
    COMMANDS_PER_TRANSACTION_MAX,
    STREAM_REFUSALS_MAX,
)
from daybook.domain.model import Status
from daybook.domain.query import fold
from daybook.domain.refusals import Refusal, RefusalCode

_PROGRESS_ENTRIES: Final = 500
"""Entries between two reports of progress: some twenty reports a second."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be opened as often as needed. `size` is in bytes, None if not known."""

    open: Callable[[], BinaryIO]
    size: int | None = None


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file and what to keep of it.

    `dates` and `encoding` None mean to find out; `decimal` None is a point. `status` is what the
    entries get: pending ones wait for approval. With `dry_run` everything is checked and nothing
    kept. `skip_existing` leaves out entries whose document number and date one in the books has.
    A file with more than `entries_max` entries is refused.
    """

    dates: DateOrder | None = None
    decimal: DecimalMark | None = None
    encoding: str | None = None
    status: Status = Status.POSTED
    keeping: Keeping = Keeping.ALL_OR_NOTHING
    dry_run: bool = False
    skip_existing: bool = False
    entries_max: int = COMMANDS_PER_TRANSACTION_MAX


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How an import went.

    `entries` and `lines` count what was kept (or, with `dry_run`, would have been): 0 if the
    faults prevented it. `unread` names columns that mean nothing here. `complete` is False if
    there were so many faults that the rest of the file was not looked at. `existing` counts
    entries whose document number and date one in the books had already, and `alike` says where
    the first of them stand; with `skip_existing` they were left out.
    """

    entries: int
    lines: int
    faults: tuple[Fault, ...] = ()
    unread: tuple[str, ...] = ()
    complete: bool = True
    existing: int = 0
    alike: tuple[Fault, ...] = ()


def _no_progress(_done: int) -> None:
    """For callers that do not watch."""


def import_journal(
    books: Books,
    source: Source,
    options: ImportOptions,
    actor: Actor,
    progress: Callable[[int], None] = _no_progress,
) -> ImportReport:
    """Take the entries of a file into the books.

    `progress` gets the bytes read so far, counted anew for each reading. A file that cannot be
    read is a report with one fault, and so is what concerns no entry (a caller that may not
    write, a store that takes no writes).
    """
    try:
        return _import(books, source, options, actor, progress)
    except Unreadable as unreadable:
        return ImportReport(0, 0, (unreadable.fault,))


@dataclass(frozen=True, slots=True)
class Sample:
    """The first entries of a file, and the titles of its columns as it writes them."""

    titles: tuple[str, ...]
    groups: tuple[Group, ...]


def read_entries(
    books: Books, source: Source, options: ImportOptions, limit: int
) -> Sample | Fault:
    """The first entries of a file as they would be brought, those with faults among them.

    Judged is only what can be read, not what the ledger would say: see `import_journal` with
    `dry_run`. A fault alone where the file cannot be read.
    """
    try:
        file = _File(source, options.encoding)
        header = file.header()
        order = options.dates or file.date_order(header)
        with books.read() as reader:
            home = reader.company.home_currency
            reading = Reading(header, order, options.decimal, home, account_resolver(reader))
        with file.lines() as lines:
            groups = islice(JournalReader(reading).groups(lines), limit)
            return Sample(tuple(header.names), tuple(groups))
    except Unreadable as unreadable:
        return unreadable.fault


def _import(
    books: Books,
    source: Source,
    options: ImportOptions,
    actor: Actor,
    progress: Callable[[int], None],
) -> ImportReport:
    file = _File(source, options.encoding)
    header = file.header()
    order = options.dates or file.date_order(header)
    # One snapshot for all attempts: what the import itself keeps was not in the books before it.
    with books.read() as reader:
        home = reader.company.home_currency
        account = account_resolver(reader)
        journal = JournalReader(Reading(header, order, options.decimal, home, account))
        run = _Run(file, header, journal, Existing(reader), options, progress)
        return _attempt(books, run, header, options, actor)


def _attempt(
    books: Books, run: "_Run", header: Header, options: ImportOptions, actor: Actor
) -> ImportReport:
    context = Context(actor, dry_run=options.dry_run)
    try:
        try:
            streamed = books.execute_stream(run.commands, context, options.keeping)
        except _Spoiled:
            # Nothing can be kept any more: go through it again only to find all that is wrong.
            run.may_stop = False
            streamed = books.execute_stream(run.commands, replace(context, dry_run=True))
    except Unreadable as unreadable:
        faults = (*run.faults[: FAULTS_MAX - 1], unreadable.fault)
        return ImportReport(0, 0, faults, header.unread, complete=False)
    if isinstance(streamed, Refused):
        message = "; ".join(refusal.message for refusal in streamed.refusals)
        return ImportReport(0, 0, (Fault(0, None, message),), header.unread)
    return _report(run, streamed, header)


def _report(run: "_Run", streamed: Streamed, header: Header) -> ImportReport:
    located, lines = run.locate(dict(streamed.refused))
    faults = sorted((*run.faults, *located), key=lambda fault: fault.line)
    nothing = bool(faults) and run.options.keeping is Keeping.ALL_OR_NOTHING
    return ImportReport(
        0 if nothing else streamed.carried_out,
        0 if nothing else run.lines - lines,
        tuple(faults[:FAULTS_MAX]),
        header.unread,
        run.complete and len(streamed.refused) < STREAM_REFUSALS_MAX,
        run.existing,
        tuple(run.alike),
    )


class _Spoiled(Exception):
    """Ends an attempt of which nothing would be kept."""


@dataclass(slots=True)
class _Run:
    """The attempts to take in one file. What one attempt found is dropped when another begins.

    `may_stop`: whether an attempt ends at the first unreadable entry when all or nothing counts.
    """

    file: "_File"
    header: Header
    journal: JournalReader
    known: Existing
    options: ImportOptions
    progress: Callable[[int], None]
    may_stop: bool = True
    faults: list[Fault] = field(default_factory=list)
    lines: int = 0
    complete: bool = True
    existing: int = 0
    alike: list[Fault] = field(default_factory=list)

    def commands(self) -> Iterator[CreateEntry]:
        """The entries that could be read, as commands; collects faults of the others."""
        self.faults, self.lines, self.complete = [], 0, True
        self.existing, self.alike = 0, []
        status = self.options.status
        all_or_nothing = self.options.keeping is Keeping.ALL_OR_NOTHING
        stop_at_fault = self.may_stop and all_or_nothing and not self.options.dry_run
        yielded = 0
        for count, judged in enumerate(self._groups()):
            group = judged.group
            if not count % _PROGRESS_ENTRIES:
                self.progress(self.file.position())
            if judged.exists:
                self._note(group)
                if self.options.skip_existing:
                    continue
            if group.content is not None:
                yielded += 1
                if yielded > self.options.entries_max:
                    message = (
                        f"the file has more than {self.options.entries_max} entries, which"
                        " is the most one import takes; part it"
                    )
                    raise Unreadable(Fault(group.lines[0], None, message))
                self.lines += len(group.content.lines)
                yield CreateEntry(group.content, status)
                continue
            self.faults.extend(group.faults)
            if stop_at_fault:
                raise _Spoiled
            if len(self.faults) >= FAULTS_MAX:
                self.complete = False
                break
        self.progress(self.file.position())

    def _groups(self) -> Iterator[Judged]:
        with self.file.lines() as lines:
            yield from self.known.judge(self.journal.groups(lines))

    def _note(self, group: Group) -> None:
        """An entry that the books have already."""
        self.existing += 1
        if len(self.alike) < EXISTING_TOLD_MAX:
            message = "the books have an entry with this number and date"
            assert group.content is not None
            name, number = self.header.name(Column.NUMBER), group.content.doc_number
            self.alike.append(Fault(group.lines[0], name, message, number))

    def locate(self, refused: Mapping[int, tuple[Refusal, ...]]) -> tuple[list[Fault], int]:
        """Refusals by the index of their command as faults by line and column.

        With them the number of lines of the refused entries.
        """
        faults: list[Fault] = []
        lines = 0
        last = max(refused, default=-1)
        index = -1
        groups = self._groups() if refused else iter(())
        for judged in groups:
            group = judged.group
            if group.content is None or (judged.exists and self.options.skip_existing):
                continue
            index += 1
            if index in refused:
                lines += len(group.content.lines)
                faults.extend(
                    locate(self.header, group, refusal) for refusal in _causes(refused[index])
                )
            if index == last:
                break
        return faults, lines


def _causes(refusals: tuple[Refusal, ...]) -> list[Refusal]:
    """Refusals of an entry without what only follows from another: one line never balances."""
    codes = {refusal.code for refusal in refusals}
    follows = RefusalCode.TOO_FEW_LINES in codes
    return [each for each in refusals if not follows or each.code is not RefusalCode.UNBALANCED]


def account_resolver(reader: Reader) -> Callable[[str], Ref]:
    """How to refer to the account a cell names: by name if there is such a name, else by code.

    Looks at the accounts as they are now; the reference itself is resolved when the entry is
    made.
    """
    names: set[str] = set()
    codes: set[str] = set()
    for each in all_accounts(reader):
        names.update((fold(each.name), fold(each.full_name)))
        if each.code:
            codes.add(fold(each.code))

    def account(text: str) -> Ref:
        folded = fold(text)
        if folded in codes and folded not in names:
            return ByCode(text)
        return ByName(text)

    return account


_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class _Lines:
    """The lines of an opened file; closes it at the end of the `with` block."""

    def __init__(self, file: "_File", binary: BinaryIO, encoding: str) -> None:
        self._file = file
        self._binary = binary
        self._text = io.TextIOWrapper(binary, encoding, newline="")

    def __enter__(self) -> Iterator[str]:
        self._file.opened = self._binary
        return bounded_lines(self._text.readline)

    def __exit__(self, *_: object) -> None:
        self._file.done = self._binary.tell()
        self._file.opened = None
        self._text.close()


class _File:
    """A source, its encoding, and how far it has been read."""

    def __init__(self, source: Source, encoding: str | None) -> None:
        self._source = source
        self.opened: BinaryIO | None = None
        self.done = 0
        with source.open() as binary:
            start = binary.read(4)
        found = next((name for bom, name in _BOMS if start.startswith(bom)), None)
        wanted = found or encoding or "utf-8"
        known = encoding_of(wanted)
        if known is None:
            message = f"no encoding {wanted[:ENCODING_NAME_LENGTH_MAX]!r}"
            raise Unreadable(Fault(0, None, message, option="encoding"))
        self._encoding = known

    def lines(self) -> _Lines:
        """Opens the file anew."""
        return _Lines(self, self._source.open(), self._encoding)

    def position(self) -> int:
        """Bytes read of the file since it was last opened."""
        return self.done if self.opened is None else self.opened.tell()

    def header(self) -> Header:
        """The header, from the first lines. Raises `Unreadable`."""
        preview: list[str] = []
        size = 0
        with self.lines() as lines:
            try:
                for line in lines:
                    preview.append(line)
                    size += len(line)
                    if size >= PREVIEW_CHARACTERS:
                        break
            except UnicodeError as error:
                message = undecodable(error)
                fault = Fault(len(preview) + 1, None, message, option="encoding")
                raise Unreadable(fault) from None
        return read_header("".join(preview))

    def date_order(self, header: Header) -> DateOrder:
        """The order of day and month, from all dates unless the first one has its year in front.

        Raises `Unreadable` if the dates do not tell.
        """
        at = header.at[Column.DATE]
        with self.lines() as lines:
            dates = (
                row[at].strip()
                for _, row in rows_of(lines, header)
                if len(row) > at and row[at].strip()
            )
            first = next(dates, "")
            if not first or is_year_first(first):
                return DateOrder.YEAR_FIRST
            try:
                return detect_order(chain((first,), dates))
            except AmbiguousDates as reason:
                name = header.name(Column.DATE)
                message = f"{reason}; say which order the dates are in"
                raise Unreadable(Fault(0, name, message, option="dates")) from None
