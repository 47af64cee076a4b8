"""Exchange rates: one record for each currency and day, addressed by those two and not by an id."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import SetExchangeRate
from daybook.domain.events import RATE
from daybook.domain.model import Company, ExchangeRate
from daybook.domain.query import And, Compare, Field, Keyset, Op, Query, Sort
from daybook.protocols.qbo import errors, times
from daybook.protocols.qbo.entities.lists import require_multicurrency
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.render import Json
from daybook.protocols.qbo.shapes import COMMON, Findings, Shape, day, number, read, text

SHAPE: Final = Shape(
    "ExchangeRate",
    {
        **COMMON,
        "SourceCurrencyCode": text(3),
        "TargetCurrencyCode": text(3),
        "Rate": number,
        "AsOfDate": day,
    },
)
"""Members of an exchange rate."""


def rate_json(record: ExchangeRate, reader: Reader) -> Json:
    """A stored rate."""
    where = times.zone(reader.company.time_zone)
    return {
        **_shown(record.currency, reader.company, record.rate, record.as_of),
        "SyncToken": str(record.version),
        "MetaData": {"LastUpdatedTime": times.seconds(record.modified_at, where)},
    }


def _shown(currency: str, company: Company, rate: Decimal, as_of: date) -> Json:
    return {
        "SourceCurrencyCode": currency,
        "TargetCurrencyCode": company.home_currency,
        "Rate": rate,
        "AsOfDate": as_of.isoformat(),
        "domain": "QBO",
        "sparse": False,
    }


def command(body: Any, reader: Reader, today: date) -> SetExchangeRate:
    """The command that records a rate. Raises `QboFault`."""
    require_multicurrency(reader, "ExchangeRate")
    findings = Findings()
    members = read(SHAPE, body, findings)
    company = reader.company
    currency, rate = members.get("SourceCurrencyCode"), members.get("Rate")
    if currency is None:
        findings.require("SourceCurrencyCode")
    elif not currencies.is_currency(currency) or currency == company.home_currency:
        why = "is no foreign currency of ISO 4217"
        findings.invalid("2220", "SourceCurrencyCode", currency, why)
    target = members.get("TargetCurrencyCode")
    if target is not None and target != company.home_currency:
        why = f"is not {company.home_currency}, the home currency"
        findings.invalid("2220", "TargetCurrencyCode", target, why)
    if rate is None:
        findings.require("Rate")
    elif rate <= 0:
        findings.invalid("2110", "Rate", rate, "is not above 0")
    findings.conclude()
    assert currency is not None
    assert rate is not None
    return SetExchangeRate(currency, members.get("AsOfDate") or today, Decimal(rate))


def find(parameters: dict[str, str], reader: Reader, today: date) -> Json:
    """The rate in force on a day. Raises `QboFault` where there is none."""
    findings = Findings()
    currency = parameters.get("sourcecurrencycode", "").upper()
    as_of = day(parameters.get("asofdate") or today.isoformat(), "asofdate", findings)
    if not currency:
        findings.require("sourcecurrencycode")
    elif not currencies.is_currency(currency):
        findings.invalid("2220", "sourcecurrencycode", currency, "is no currency of ISO 4217")
    findings.conclude()
    assert as_of is not None
    company = reader.company
    if currency == company.home_currency:
        return _shown(currency, company, Decimal(1), as_of)
    where = And(
        (Compare(Field.NAME, Op.EQ, currency), Compare(Field.AS_OF, Op.LE, as_of)),
    )
    newest = (Sort(Field.AS_OF, descending=True),)
    found = reader.references(RATE, Query(where, newest, Keyset(1)))
    if not found:
        raise _none(currency, as_of)
    record = found[0]
    assert isinstance(record, ExchangeRate)
    return rate_json(record, reader)


def _none(currency: str, as_of: date) -> QboFault:
    plain = f"no rate of {currency} is stored for {as_of} or an earlier day"
    return errors.not_found(plain)
