"""Profit and loss and balance sheet, by periods of months, the newest first.

Here amounts are positive as each section is read: income and expenses alike. Every section is
always there and every line has `items`, since programs index them without looking.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from daybook.app import reports
from daybook.app.ports import Reader
from daybook.app.reports import Section, StatementLine
from daybook.domain import currencies
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import amounts, errors, times
from daybook.protocols.codat.calls import Call, answer
from daybook.protocols.codat.limits import MONTHS_MAX
from daybook.protocols.codat.pages import integer
from daybook.protocols.codat.reading import Reading
from daybook.protocols.kit.plugin import Response

Json = dict[str, Any]

_SECTIONS: Final = (
    ("income", "Income"),
    ("cost_of_sales", "Cost of Sales"),
    ("expenses", "Expenses"),
    ("other_income", "Other Income"),
    ("other_expenses", "Other Expenses"),
)


class Statements:
    """Answers what is asked of statements."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def profit_and_loss(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/financials/profitAndLoss`."""
        return self._answer(call, _profit_and_loss, {"reportBasis": "Accrual"})

    def balance_sheet(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/financials/balanceSheet`."""
        return self._answer(call, _balance_sheets, {})

    def _answer(
        self,
        call: Call,
        make: Callable[[Reader, Sequence[tuple[date, date]], int], list[Json]],
        more: Json,
    ) -> Response:
        _, books = self._reading.open(call)
        length = _required(call, "periodLength")
        count = _required(call, "periodsToCompare")
        if length * count > MONTHS_MAX:
            raise errors.bad_request(f"Statements reach back over at most {MONTHS_MAX} months.")
        with books.read() as reader:
            currency = reader.company.home_currency
            span = reports.posting_span(reader)
            last = _last_month(call, span, reader)
            periods = reports.month_periods(last, length, count)
            shown: Json = {"currency": currency, **more}
            shown["reports"] = make(reader, periods, currencies.exponent(currency))
        if span is not None:
            shown["mostRecentAvailableMonth"] = times.day(span[1].replace(day=1))
            shown["earliestAvailableMonth"] = times.day(span[0].replace(day=1))
        return answer(shown)


def _required(call: Call, name: str) -> int:
    number = integer(call.parameters, name)
    if number is None:
        raise errors.bad_request(f"The parameter {name} is required.")
    if not 1 <= number <= MONTHS_MAX:
        raise errors.bad_request(f"The value of {name} must be between 1 and {MONTHS_MAX}.")
    return number


def _last_month(call: Call, span: tuple[date, date] | None, reader: Reader) -> date:
    """The month the newest period ends with: as asked, else the last one with entries so far."""
    text = call.parameters.get("startmonth", "").strip()
    if text:
        # some clients write the zone of a date-time unescaped, so that its + became a blank
        wanted = times.read_day(text.replace(" ", "+") if "T" in text else text)
        if wanted is None:
            raise errors.bad_request(f"{errors.short(text)} is not a date.")
        return wanted
    today = times.local_day(Timestamp(call.now), reader.company.time_zone)
    return today if span is None else min(today, span[1])


def _profit_and_loss(
    reader: Reader, periods: Sequence[tuple[date, date]], exponent: int
) -> list[Json]:
    shown = []
    for statement in reports.income_statements(reader, periods):
        sections = {
            name: _section(title, getattr(statement, name), exponent) for name, title in _SECTIONS
        }
        shown.append(
            {
                "fromDate": times.day(statement.first),
                "toDate": times.day(statement.last),
                "income": sections["income"],
                "costOfSales": sections["cost_of_sales"],
                "grossProfit": amounts.shown(statement.gross_profit, exponent),
                "expenses": sections["expenses"],
                "netOperatingProfit": amounts.shown(statement.operating_profit, exponent),
                "otherExpenses": sections["other_expenses"],
                "otherIncome": sections["other_income"],
                "netOtherIncome": amounts.shown(statement.net_other_income, exponent),
                "netProfit": amounts.shown(statement.net_profit, exponent),
            }
        )
    return shown


def _balance_sheets(
    reader: Reader, periods: Sequence[tuple[date, date]], exponent: int
) -> list[Json]:
    return [
        {
            "date": times.day(sheet.as_of),
            "assets": _section("Assets", sheet.assets, exponent),
            "liabilities": _section("Liabilities", sheet.liabilities, exponent),
            "equity": _section("Equity", sheet.equity, exponent),
            "netAssets": amounts.shown(sheet.net_assets, exponent),
        }
        for sheet in reports.balance_sheets(reader, [last for _, last in periods])
    ]


def _section(title: str, section: Section, exponent: int) -> Json:
    return {
        "name": title,
        "value": amounts.shown(section.value, exponent),
        "items": [_line(line, exponent) for line in section.lines],
    }


def _line(line: StatementLine, exponent: int) -> Json:
    shown: Json = {"name": line.name, "value": amounts.shown(line.value, exponent)}
    if line.account is not None:
        shown["accountId"] = str(line.account.id)
    shown["items"] = [_line(each, exponent) for each in line.items]
    return shown
