"""Where in a file the cause of a refusal stands."""

from typing import Final

from daybook.app.journal_csv.columns import Column, Header
from daybook.app.journal_csv.faults import Fault
from daybook.app.journal_csv.reading import Group
from daybook.domain import currencies
from daybook.domain.events import dimension_entity
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT
from daybook.domain.money import amount_text
from daybook.domain.refusals import Refusal, RefusalCode

_COLUMNS: Final = {
    "posting_date": (Column.DATE,),
    "doc_number": (Column.NUMBER,),
    "memo": (Column.MEMO,),
    "currency": (Column.CURRENCY,),
    "rate": (Column.RATE,),
    "account": (Column.ACCOUNT_CODE, Column.ACCOUNT),
    "amount": (Column.DEBIT, Column.CREDIT, Column.AMOUNT),
    "contact": (Column.NAME,),
    "description": (Column.DESCRIPTION,),
}
"""The columns a member of the ledger's own words comes from: the first one that is filled."""

_AXES: Final = {
    dimension_entity(DEPARTMENT): Column.LOCATION,
    dimension_entity(CLASS): Column.CLASS,
    dimension_entity(PROJECT): Column.PROJECT,
}


def locate(header: Header, group: Group, refusal: Refusal) -> Fault:
    """A refusal of the entry of a group, as a fault by line, column and value.

    What concerns the whole entry is told at its first row.
    """
    at = min(refusal.line or 0, len(group.rows) - 1)
    row = group.rows[at]
    columns = _COLUMNS.get(refusal.field or "", ())
    if refusal.field == "dimension":
        columns = (_AXES.get(str(refusal.values.get("entity")), Column.TRACKING),)
    present = [column for column in columns if column in header.at]
    filled = [column for column in present if row[header.at[column]].strip()]
    column = next(iter((*filled, *present)), None)
    value = None if column is None else row[header.at[column]]
    name = None if column is None else header.name(column)
    return Fault(group.lines[at], name, _message(group, refusal), value, refusal=refusal)


def _message(group: Group, refusal: Refusal) -> str:
    if refusal.code is not RefusalCode.UNBALANCED:
        return refusal.message
    currency = str(refusal.values["currency"])
    exponent = currencies.exponent(currency)
    debits, credits = (
        amount_text(int(refusal.values[side]), exponent) for side in ("debits", "credits")
    )
    first, last = group.lines[0], group.lines[-1]
    rows = f"line {first}" if first == last else f"lines {first} to {last}"
    return f"the entry ({rows}) has {debits} of debits and {credits} of credits in {currency}"
