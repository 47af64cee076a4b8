"""Entries from a file: looked at first, then taken, all or none.

The preview carries the file in its form, so that nothing is kept between the two steps and what is
taken is what was looked at; everything is checked again when it is taken.
"""

import base64
import binascii
import io
from dataclasses import replace
from typing import Final

from daybook.app.access import Scope
from daybook.app.journal_csv import (
    DateOrder,
    DecimalMark,
    Fault,
    ImportOptions,
    ImportReport,
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
    its amounts are in; `more` counts the lines that are not shown.
    """

    line: int
    day: str
    number: str
    memo: str
    currency: str
    lines: tuple[PreviewLine, ...]
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
    groups = [] if isinstance(found, Fault) else found
    entries = [
        _entry(group.lines[0], group.content, visit.home.home_currency)
        for group in groups
        if group.content is not None
    ]
    kept = base64.b64encode(content).decode()
    return _page(visit, report=report, entries=entries, kept=kept)


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
    left = f", {len(report.faults)} faults left out" if report.faults else ""
    words = "entry" if report.entries == 1 else "entries"
    told = f"{report.entries:,} {words} with {report.lines:,} lines were taken{left}."
    return visit.redirect(visit.address("journal"), told)


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
    entries: list[PreviewEntry] | None = None,
    kept: str = "",
    fault: str = "",
) -> Response:
    return visit.page(
        "import.html",
        status=status if fault else 200,
        title="Import",
        report=report,
        faults=() if report is None else report.faults[:IMPORT_FAULTS_SHOWN],
        entries=entries or [],
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
    return ImportOptions(
        DateOrder(dates) if dates in {each.value for each in DateOrder} else None,
        DecimalMark(decimal) if decimal in {each.value for each in DecimalMark} else None,
        form.get("encoding") or None,
        visit.posting(
            Status.PENDING if form.get("status") == Status.PENDING.value else Status.POSTED
        ),
        Keeping.THE_OTHERS if form.get("keep") == "others" else Keeping.ALL_OR_NOTHING,
        skip_existing=form.get("skip") == "on",
        entries_max=IMPORT_ENTRIES_MAX,
    )


def _entry(line: int, content: EntryContent, home: str) -> PreviewEntry:
    drafts = [each for each in content.lines if isinstance(each, LineDraft)]
    return PreviewEntry(
        line,
        "" if content.posting_date is None else content.posting_date.isoformat(),
        content.doc_number or "",
        content.memo or "",
        content.currency or home,
        tuple(_line(each) for each in drafts[:IMPORT_LINES_SHOWN]),
        max(len(drafts) - IMPORT_LINES_SHOWN, 0),
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
