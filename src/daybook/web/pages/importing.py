"""Entries from a file: looked at first, then taken, all or none.

The preview carries the file in its form, so that nothing is kept between the two steps and what is
taken is what was looked at; everything is checked again when it is taken.
"""

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daybook.app.access import Scope
from daybook.app.journal_csv import (
    DateOrder,
    DecimalMark,
    Fault,
    Group,
    ImportOptions,
    ImportReport,
    Sample,
    Source,
    import_journal,
    read_entries,
)
from daybook.app.ledger import Keeping
from daybook.domain.commands import EntryContent, LineDraft
from daybook.domain.ids import ByCode, ById, ByName, Ref
from daybook.domain.model import Side, Status
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web import formats
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.forms import file_bytes
from daybook.web.limits import (
    IMPORT_BYTES_MAX,
    IMPORT_ENTRIES_MAX,
    IMPORT_ENTRIES_SHOWN,
    IMPORT_FAULTS_SHOWN,
    IMPORT_LINES_SHOWN,
)
from daybook.web.routing import Route
from daybook.web.visit import Visit
from daybook.web.wording import wording


@value
class PreviewLine:
    """A line as it would be posted; amounts in minor units of the entry's currency."""

    account: str
    contact: str
    description: str
    debit: int | None
    credit: int | None


@value
class PreviewEntry:
    """An entry as it would be posted, and the line of the file it begins in. `currency` is what
    its amounts are in; `more` counts the lines that are not shown. `existing` is whether the books
    have one of its number and date.
    """

    line: int
    day: str
    number: str
    memo: str
    currency: str
    lines: tuple[PreviewLine, ...]
    more: int
    existing: bool


@value
class RefusedCell:
    """A cell of the file, and why it is refused; empty where it is not."""

    text: str
    reason: str = ""


@value
class RefusedEntry:
    """An entry that would be refused, as the file has it: the line it begins in, the reasons that
    are about no cell, and rows as their line and cells; `more` counts those that are not shown.
    """

    line: int
    reasons: tuple[str, ...]
    rows: tuple[tuple[int, tuple[RefusedCell, ...]], ...]
    more: int


def start(visit: Visit) -> Response:
    """The form."""
    return _page(visit)


def preview(visit: Visit) -> Response:
    """What a file would bring, and everything that is wrong with it."""
    content = _uploaded(visit)
    if isinstance(content, str):
        return _page(visit, fault=content)
    with visit.site.imports.taken(visit.user) as mine:
        return _looked_at(visit, content) if mine else _busy(visit, content)


def _looked_at(visit: Visit, content: bytes) -> Response:
    options = _options(visit)
    source = _source(content)
    dry = replace(options, dry_run=True)
    report = import_journal(visit.opened, source, dry, visit.context().actor)
    found = read_entries(visit.opened, source, options, IMPORT_ENTRIES_SHOWN)
    sample = Sample((), ()) if isinstance(found, Fault) else found
    home = visit.home.home_currency
    entries: list[PreviewEntry | RefusedEntry] = []
    for group in sample.groups:
        faults = [each for each in report.faults if each.line in group.lines]
        if faults:
            entries.append(_refused(sample, group, faults, home))
        elif group.content is not None:
            existing = any(each.line == group.lines[0] for each in report.alike)
            entries.append(_entry(group.lines[0], group.content, home, existing=existing))
    kept = base64.b64encode(content).decode()
    return _page(visit, report=report, entries=entries, titles=sample.titles, kept=kept)


def take(visit: Visit) -> Response:
    """Take what was looked at."""
    try:
        content = base64.b64decode(visit.form.get("kept", ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content or len(content) > IMPORT_BYTES_MAX:
        return _page(visit, fault="The file did not come along. Choose it again.")
    with visit.site.imports.taken(visit.user) as mine:
        return _taken(visit, content) if mine else _busy(visit, content)


def _taken(visit: Visit, content: bytes) -> Response:
    actor = visit.context().actor
    report = import_journal(visit.opened, _source(content), _options(visit), actor)
    if report.entries == 0:
        kept = base64.b64encode(content).decode()
        return _page(visit, report=report, kept=kept, fault="Nothing was taken.")
    becomes = _options(visit).status
    return visit.redirect(
        visit.address("journal" if becomes is Status.POSTED else "approvals"),
        _told(report, becomes, skipped=_options(visit).skip_existing),
    )


def _told(report: ImportReport, becomes: Status, *, skipped: bool) -> str:
    """What was taken, what became of it, and what was left out."""
    lines = _counted(report.lines, "line", "lines")
    taken = _counted(report.entries, "entry", "entries")
    was = "was" if report.entries == 1 else "were"
    told = f"{taken} with {lines} {was} taken{_BECOMES[becomes]}."
    if report.faults:
        wrong = _counted(len(report.faults), "thing was", "things were")
        told += f" {wrong} wrong; the entries concerned were left out."
    if report.existing and skipped:
        were = _counted(report.existing, "entry was", "entries were")
        told += f" {were} left out that the books had already."
    return told


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _busy(visit: Visit, content: bytes) -> Response:
    """The form again, with the file, for somebody whose turn it is not."""
    kept = base64.b64encode(content).decode()
    fault = "Another file is being looked at. Wait until that is done, and look again."
    return _page(visit, kept=kept, fault=fault, status=429)


def _page(
    visit: Visit,
    *,
    status: int = 422,
    report: ImportReport | None = None,
    entries: Sequence[PreviewEntry | RefusedEntry] = (),
    titles: tuple[str, ...] = (),
    kept: str = "",
    fault: str = "",
) -> Response:
    return visit.page(
        "import.html",
        status=status if fault else 200,
        title="Import",
        report=report,
        faults=() if report is None else report.faults[:IMPORT_FAULTS_SHOWN],
        entries=entries,
        titles=titles,
        statuses=_WAITING if visit.home.four_eyes else {**_AT_ONCE, **_WAITING},
        becomes=_options(visit).status,
        kept=kept,
        fault=fault,
        given=visit.form,
        largest=IMPORT_BYTES_MAX // (1024 * 1024),
    )


def _uploaded(visit: Visit) -> bytes | str:
    """The file of the form, or what is wrong with it."""
    content = file_bytes(visit.form.get("file", ""))
    if not content and visit.form.get("kept"):
        try:
            content = base64.b64decode(visit.form["kept"], validate=True)
        except (binascii.Error, ValueError):
            content = b""
    if not content:
        return "Choose a file, one that is not empty."
    if len(content) > IMPORT_BYTES_MAX:
        return (
            f"A file may have {IMPORT_BYTES_MAX:,} bytes here. Larger ones are taken by"
            " daybook import on the machine of the server."
        )
    return content


def _source(content: bytes) -> Source:
    return Source(lambda: io.BytesIO(content), len(content))


def _options(visit: Visit) -> ImportOptions:
    form = visit.form
    dates, decimal = form.get("dates", ""), form.get("decimal", "")
    status = form.get("status", "")
    return ImportOptions(
        DateOrder(dates) if dates in {each.value for each in DateOrder} else None,
        DecimalMark(decimal) if decimal in {each.value for each in DecimalMark} else None,
        form.get("encoding") or None,
        visit.posting(Status(status) if status in set(Status) else Status.POSTED),
        Keeping.THE_OTHERS if form.get("keep") == "others" else Keeping.ALL_OR_NOTHING,
        skip_existing=form.get("skip") == "on",
        entries_max=IMPORT_ENTRIES_MAX,
    )


_BECOMES: Final = {
    Status.POSTED: "",
    Status.REVIEW: " and sent for review",
    Status.PENDING: " and kept as Draft",
}
_AT_ONCE: Final = {Status.POSTED: "Posted at once"}
_WAITING: Final = {Status.REVIEW: "Sent for review", Status.PENDING: "Kept as drafts"}
"""What becomes of entries that are not posted at once."""


def _refused(sample: Sample, group: Group, faults: Sequence[Fault], currency: str) -> RefusedEntry:
    reasons: dict[tuple[int, str], str] = {}
    for fault in faults:
        reasons[fault.line, fault.column or ""] = _reason(fault, currency)
    marked = {line for line, column in reasons if column in sample.titles}
    rows = [
        (
            line,
            tuple(
                RefusedCell(text, reasons.get((line, title), ""))
                for title, text in zip(sample.titles, cells, strict=False)
            ),
        )
        for at, (line, cells) in enumerate(zip(group.lines, group.rows, strict=True))
        if at < IMPORT_LINES_SHOWN or line in marked
    ]
    about_all = (text for (_, column), text in reasons.items() if column not in sample.titles)
    return RefusedEntry(group.lines[0], tuple(about_all), tuple(rows), len(group.lines) - len(rows))


def _reason(fault: Fault, currency: str) -> str:
    """What is wrong, in plain words."""
    if fault.refusal is not None:
        return wording(fault.refusal, str(fault.refusal.values.get("currency", currency)))
    return f"{fault.message[:1].upper()}{fault.message[1:]}."


def _entry(line: int, content: EntryContent, home: str, *, existing: bool) -> PreviewEntry:
    drafts = [each for each in content.lines if isinstance(each, LineDraft)]
    return PreviewEntry(
        line,
        "" if content.posting_date is None else formats.day(content.posting_date),
        content.doc_number or "",
        content.memo or "",
        content.currency or home,
        tuple(_line(each) for each in drafts[:IMPORT_LINES_SHOWN]),
        max(len(drafts) - IMPORT_LINES_SHOWN, 0),
        existing,
    )


def _line(draft: LineDraft) -> PreviewLine:
    is_debit = draft.side is Side.DEBIT
    return PreviewLine(
        _ref(draft.account),
        "" if draft.contact is None else _ref(draft.contact),
        draft.description or "",
        draft.amount if is_debit else None,
        None if is_debit else draft.amount,
    )


def _ref(ref: Ref) -> str:
    match ref:
        case ByName(name):
            return name
        case ByCode(code):
            return code
        case ById(number):
            return f"#{number}"


_IMPORT: Final = f"{COMPANY_PREFIX}/import"

ROUTES: Final = (
    Route("import", "GET", _IMPORT, start, Scope.WRITE, "import"),
    Route("import", "POST", _IMPORT, preview, Scope.WRITE, "import"),
    Route("import-take", "POST", f"{_IMPORT}/take", take, Scope.WRITE, "import"),
)
