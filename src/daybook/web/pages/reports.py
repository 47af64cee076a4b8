"""The reports: trial balance, profit and loss, balance sheet, general ledger; and their files."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from daybook.app.access import Scope
from daybook.app.account_reports import LedgerAccount, general_ledger
from daybook.app.periods import NAMED, named
from daybook.app.ports import Reader
from daybook.app.report_tables import (
    Table,
    TooManyRows,
    balance_sheet_table,
    general_ledger_table,
    profit_and_loss_table,
    trial_balance_table,
)
from daybook.app.reports import is_posted_in, posting_span
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.files import file, format_of, no_period
from daybook.web.formats import today
from daybook.web.periods import COMPARISONS, CUSTOM, AskedPeriod, OtherYear, read_period, year_of
from daybook.web.rendering import Format
from daybook.web.routing import Route
from daybook.web.visit import Visit


@value
class Report:
    """A report that is offered. `of_day`: it is about the end of a day, not about a period."""

    title: str
    about: str
    make: Callable[[Reader, AskedPeriod], Table | TooManyRows]
    of_day: bool = False
    comparable: bool = False


REPORTS: Final[Mapping[str, Report]] = {
    "profit-and-loss": Report(
        "Profit and loss",
        "What was earned and spent in a period.",
        lambda reader, asked: profit_and_loss_table(reader, asked.all),
        comparable=True,
    ),
    "balance-sheet": Report(
        "Balance sheet",
        "What is owned and owed at the end of a day.",
        lambda reader, asked: balance_sheet_table(reader, asked.days),
        of_day=True,
        comparable=True,
    ),
    "trial-balance": Report(
        "Trial balance",
        "Every account's balance at the end of a day; both columns are equal.",
        lambda reader, asked: trial_balance_table(reader, asked.last),
        of_day=True,
    ),
    "general-ledger": Report(
        "General ledger",
        "Each account over a period: what it began with, moved by and ended at.",
        lambda reader, asked: general_ledger_table(reader, asked.first, asked.last),
    ),
}


_DEFAULT: Final = "year-to-date"


def index(visit: Visit) -> Response:
    """What there is."""
    return visit.page("reports.html", title="Reports", reports=REPORTS)


def report(visit: Visit) -> Response:
    """A report as a page."""
    name = visit.parts["report"]
    found = REPORTS.get(name)
    if found is None:
        return visit.not_found()
    asked = _asked(visit, found)
    table: Table | TooManyRows | None = None
    ledger: tuple[LedgerAccount, ...] = ()
    with visit.opened.read() as reader:
        elsewhere = None if asked.faults or found.of_day else _elsewhere(visit, reader, asked)
        if asked.faults:
            pass
        elif name == "general-ledger":  # on a page the accounts, whose lines are a click away
            ledger = general_ledger(reader, asked.first, asked.last).accounts
        else:
            table = found.make(reader, asked)
    return visit.page(
        "report.html",
        title=found.title,
        name=name,
        report=found,
        asked=asked,
        table=table,
        ledger=ledger,
        elsewhere=elsewhere,
        choices=_choices(visit, found),
        custom=CUSTOM,
        comparisons=COMPARISONS,
        formats=Format,
    )


def report_file(visit: Visit) -> Response:
    """A report as a file."""
    found, wanted = REPORTS.get(visit.parts["report"]), format_of(visit)
    if found is None or wanted is None:
        return visit.not_found()
    asked = _asked(visit, found)
    if asked.faults:
        return no_period(visit, asked.faults)
    with visit.opened.read() as reader:
        table = found.make(reader, asked)
    return file(visit, table, wanted)


@value
class Choice:
    """A period to choose, and its days."""

    name: str
    title: str
    first: date
    last: date


def _choices(visit: Visit, found: Report) -> list[Choice]:
    company, day = visit.home, today(visit.now(), visit.home.time_zone)
    return [
        Choice(
            name,
            "Today" if found.of_day and name == _DEFAULT else title,
            *named(name, day, company.fiscal_year_start),
        )
        for name, (title, _) in NAMED.items()
    ]


def _elsewhere(visit: Visit, reader: Reader, asked: AskedPeriod) -> OtherYear | None:
    """The fiscal year of the last entry, where there are entries but none in the period."""
    posted = posting_span(reader)
    if posted is None or is_posted_in(reader, asked.first, asked.last):
        return None
    return year_of(posted[1], visit.home.fiscal_year_start)


def _asked(visit: Visit, found: Report) -> AskedPeriod:
    company = visit.home
    day = today(visit.now(), company.time_zone)
    query = dict(visit.query)
    if found.of_day:
        query.pop("from", None)
    return read_period(query, day, company.fiscal_year_start, _DEFAULT)


_REPORT: Final = f"{COMPANY_PREFIX}/reports/{{report}}"

ROUTES: Final = (
    Route("reports", "GET", f"{COMPANY_PREFIX}/reports", index, Scope.READ, "reports"),
    Route("report", "GET", _REPORT, report, Scope.READ, "reports"),
    Route("report-file", "GET", f"{_REPORT}/{{format}}", report_file, Scope.READ, "reports"),
)
