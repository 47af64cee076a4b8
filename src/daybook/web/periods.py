"""Which period or day a report is asked for, and beside which others it is to stand."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from daybook.app import periods
from daybook.app.periods import NAMED, Period
from daybook.domain.values import value
from daybook.web.formats import read_day
from daybook.web.limits import FILTER_TEXT_LENGTH_MAX

CUSTOM: Final = "custom"
"""The choice of days of one's own, in place of a name in `NAMED`."""

SHOWN: Final = "shown"
"""The field by which a form says which days it showed, so that changed ones are noticed."""

COMPARISONS: Final[Mapping[str, str]] = {
    "": "Nothing",
    "previous": "The period before",
    "year": "The year before",
}


@value
class AskedDays:
    """The days of a form, None where one is left empty or has a fault; `given` as typed."""

    first: date | None
    last: date | None
    given: Mapping[str, str]
    faults: Mapping[str, str]


@value
class AskedPeriod:
    """A period as a form asks for it, and what is wrong with the form, by field.

    `name` is one of `NAMED` or `CUSTOM`, `compared` one of `COMPARISONS`. `given` are the days as
    the form is to have them. With faults nothing is reported: days that cannot be read must not
    give figures as if they had been.
    """

    name: str
    first: date
    last: date
    compared: str
    given: Mapping[str, str]
    faults: Mapping[str, str]

    @property
    def all(self) -> tuple[Period, ...]:
        """The period, and what it is compared with."""
        period = (self.first, self.last)
        if self.compared == "previous":
            return period, periods.previous(period)
        if self.compared == "year":
            return period, periods.year_before(period)
        return (period,)

    @property
    def days(self) -> tuple[date, ...]:
        """The last day, and the days it is compared with: a month or a year earlier."""
        if self.compared == "previous":
            return self.last, periods.previous((self.last.replace(day=1), self.last))[1]
        if self.compared == "year":
            return self.last, periods.year_before((self.last, self.last))[1]
        return (self.last,)

    @property
    def shown(self) -> str:
        """The days as a form keeps them in `SHOWN`."""
        return f"{self.given['from']} {self.given['to']}"

    @property
    def kept(self) -> dict[str, object]:
        """What an address has to say to ask for the same again."""
        dates: dict[str, object] = {}
        if self.name == CUSTOM:
            dates = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {"period": self.name, "compare": self.compared, **dates}


@value
class OtherYear:
    """The fiscal year of the latest entry, offered where what was asked for has none."""

    latest: date
    first: date
    last: date


def year_of(latest: date, fiscal_year_start: int) -> OtherYear:
    """The fiscal year that a day is in."""
    return OtherYear(latest, *periods.named("year", latest, fiscal_year_start))


def read_days(query: Mapping[str, str]) -> AskedDays:
    """The days in the fields `from` and `to`."""
    given = {name: query.get(name, "").strip()[:FILTER_TEXT_LENGTH_MAX] for name in ("from", "to")}
    days = {name: read_day(text) for name, text in given.items()}
    faults = {
        name: "A date is wanted, such as 2026-02-03."
        for name, text in given.items()
        if text and days[name] is None
    }
    first, last = days["from"], days["to"]
    if first is not None and last is not None and first > last:
        faults["to"] = "This day is before the first one."
    return AskedDays(first, last, given, faults)


def read_period(
    query: Mapping[str, str], today: date, fiscal_year_start: int, default: str
) -> AskedPeriod:
    """The period an address asks for; the default one where it asks for none that can be read.

    Days that somebody has changed in a form count, whatever period is still chosen above them.
    """
    asked = read_days(query)
    found = {"from": asked.first, "to": asked.last}
    days = {end: day for end, day in found.items() if day is not None}
    name = query.get("period", "") or (CUSTOM if days else default)
    if name not in NAMED and name != CUSTOM:
        name = default
    before = query.get(SHOWN, "").split()
    was = dict(zip(("from", "to"), map(read_day, before), strict=False)) if before else days
    if any(was.get(end) != day for end, day in days.items()):
        name = CUSTOM
    faults = asked.faults if name == CUSTOM or len(days) < len(found) else {}
    first, last = periods.named(default if name == CUSTOM else name, today, fiscal_year_start)
    if name == CUSTOM:
        last = days.get("to", max(last, days.get("from", last)))
        first = days.get("from", min(first, last))
    given = {"from": first.isoformat(), "to": last.isoformat()}
    given.update({end: text for end, text in asked.given.items() if text and faults})
    compared = query.get("compare", "")
    return AskedPeriod(
        name, first, last, compared if compared in COMPARISONS else "", given, faults
    )
