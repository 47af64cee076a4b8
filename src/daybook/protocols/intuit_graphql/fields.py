"""What each field of each type shows: one function for each, from a record to a value.

Both ways of answering use this table, the compiled plan and the GraphQL library, so they cannot
differ in what they show. A source is a record of the ledger or one of the small views below. A
value is a text (ids, enum members, amounts, days and moments in the form in which they are
shown), a whole number, a boolean, the source of an object, a list of such, or None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring as quote
from typing import Any, Final

from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.domain.ids import AccountId, LineId
from daybook.domain.model import (
    CLASS,
    PROJECT,
    Account,
    AccountKind,
    Classification,
    Company,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Line,
    ListItem,
    ListKind,
    Side,
)
from daybook.domain.money import amount_text
from daybook.protocols.intuit_graphql import ids, stored
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.scalars import moment_text, rate_text
from daybook.protocols.intuit_graphql.scene import CLASSES, PROJECTS, TAX_CODES, TAX_RATES, Scene

Get = Callable[[Any, Scene], Any]

DELETED_SUFFIX: Final = " (deleted)"
"""Stands behind the display names of inactive customers and vendors."""

_CLASSIFICATIONS: Final = {
    Classification.ASSET: "ASSET",
    Classification.LIABILITY: "LIABILITY",
    Classification.EQUITY: "EQUITY",
    Classification.REVENUE: "REVENUE",
    Classification.EXPENSE: "EXPENSE",
}
_CREDIT_BALANCES: Final = frozenset(
    {Classification.LIABILITY, Classification.EQUITY, Classification.REVENUE}
)
_ACCOUNT_TYPES: Final = {
    AccountKind.BANK: "Bank",
    AccountKind.RECEIVABLE: "Accounts Receivable",
    AccountKind.OTHER_CURRENT_ASSET: "Other Current Asset",
    AccountKind.FIXED_ASSET: "Fixed Asset",
    AccountKind.OTHER_ASSET: "Other Asset",
    AccountKind.PAYABLE: "Accounts Payable",
    AccountKind.CREDIT_CARD: "Credit Card",
    AccountKind.OTHER_CURRENT_LIABILITY: "Other Current Liability",
    AccountKind.LONG_TERM_LIABILITY: "Long Term Liability",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.OTHER_INCOME: "Other Income",
    AccountKind.COST_OF_SALES: "Cost of Goods Sold",
    AccountKind.EXPENSE: "Expense",
    AccountKind.OTHER_EXPENSE: "Other Expense",
    AccountKind.NON_POSTING: "Non-Posting",
}
_LISTED: Final = ("JournalEntry", "Account", "Customer", "Vendor", "Class", "Project", "TaxGroup")
"""Types that are listed in pages."""

_SYMBOLS: Final = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CHF": "CHF",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}
_BILLABLE: Final = {"billable": True, "hasbeenbilled": True, "billed": True, "notbillable": False}


class LineView:
    """A line, with the decimals of its entry's currency."""

    __slots__ = ("exponent", "extras", "line")

    def __init__(self, line: Line, exponent: int) -> None:
        self.line = line
        self.exponent = exponent
        self.extras = stored.line_extras(line.annex) if line.annex else stored.NO_EXTRAS


@dataclass(frozen=True, slots=True)
class MarkupView:
    """A line's markup; the amount as it is shown."""

    account_id: int | None
    amount: str | None
    percent: str | None


@dataclass(frozen=True, slots=True)
class TaxView:
    """A line's tax; the amount as it is shown."""

    amount: str | None
    taxable: bool
    code: int | None


NO_TAX: Final = TaxView(None, False, None)


@dataclass(frozen=True, slots=True)
class CurrencyView:
    """A currency, and the rate as it is shown."""

    code: str
    rate: str | None


@dataclass(frozen=True, slots=True)
class ContactMethodView:
    """Where to reach a customer or vendor by post."""

    type: str
    primary: bool
    address: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a delete answers."""

    id: str


def _amount(minor: int | None, exponent: int) -> str | None:
    return None if minor is None else amount_text(minor, exponent)


def _lines(entry: JournalEntry, _: Scene) -> list[LineView]:
    exponent = currencies.exponent(entry.currency)
    return [LineView(line, exponent) for line in entry.lines]


def _entry_currency(entry: JournalEntry, _: Scene) -> CurrencyView:
    return CurrencyView(entry.currency, rate_text(entry.rate or Decimal(1)))


def _side(view: LineView, scene: Scene) -> str | None:
    if scene.hides_side:
        return None
    return "DEBIT" if view.line.side is Side.DEBIT else "CREDIT"


def _payee(view: LineView, scene: Scene) -> Contact | None:
    number = view.line.contact_id
    if number is None:
        return None
    contact = scene.record(CONTACT, number)
    return contact if type_of(contact) else None


def _customer(view: LineView, scene: Scene) -> Contact | None:
    contact = _payee(view, scene)
    return contact if contact is not None and contact.kind is ContactKind.CUSTOMER else None


def _tag(axis: str, entity: str) -> Get:
    def get(view: LineView, scene: Scene) -> Any:
        for name, number in view.line.dimensions:
            if name == axis:
                return scene.record(entity, number)
        return None

    return get


def _billable(view: LineView, _: Scene) -> bool | None:
    billing = view.line.billing
    if billing is None:
        return None
    return _BILLABLE.get(billing.status.replace("_", "").replace(" ", "").lower())


def _markup(view: LineView, _: Scene) -> MarkupView | None:
    extras, billing = view.extras, view.line.billing
    if extras.has_markup:
        amount = _amount(extras.markup_amount, view.exponent)
        return MarkupView(extras.markup_account, amount, extras.markup_percent)
    if billing is not None and billing.markup_percent is not None:
        return MarkupView(None, None, f"{billing.markup_percent}%")
    return None


def _tax(view: LineView, _: Scene) -> TaxView:
    tax, taxable = view.line.tax, view.extras.taxable
    if tax is None:
        return NO_TAX if not taxable else TaxView(None, True, None)
    code = None if tax.code_id is None else ids.number_of(tax.code_id)
    shown = (tax.code_id is not None) if taxable is None else taxable
    return TaxView(_amount(tax.amount, view.exponent), shown, code)


def _display_name(contact: Contact, _: Scene) -> str:
    return contact.name if contact.active else contact.name + DELETED_SUFFIX


def _balance(account: Account, scene: Scene) -> str:
    balance = scene.balance(account.id)
    if account.kind.classification in _CREDIT_BALANCES:
        balance = -balance
    return amount_text(balance, currencies.exponent(scene.company.home_currency))


def _classification(account: Account, _: Scene) -> str | None:
    return classification_name(account.kind)


def classification_name(kind: AccountKind) -> str | None:
    """The class of accounts of a kind, as it is shown."""
    found = kind.classification
    return None if found is None else _CLASSIFICATIONS[found]


def _contact_methods(contact: Contact, _: Scene) -> list[ContactMethodView]:
    kept = stored.details(contact.annex)
    return [
        ContactMethodView(type, member == "BillAddr", kept[member])
        for type, member in (("BILLING", "BillAddr"), ("SHIPPING", "ShipAddr"))
        if isinstance(kept.get(member), dict)
    ]


def _rates(*, sale: bool) -> Get:
    def get(code: ListItem, scene: Scene) -> list[ListItem]:
        found = (scene.record(TAX_RATES, each) for each in stored.rate_numbers(code, sale=sale))
        return [rate for rate in found if rate is not None]

    return get


def _percent(rate: ListItem, _: Scene) -> str | None:
    percent = stored.rate_percent(rate)
    return None if percent is None else f"{format(percent, 'f')}%"


def _id(kind: Kind) -> Get:
    return lambda record, scene: scene.id(kind, record.id)


def _member(name: str) -> Get:
    return lambda record, _: getattr(record, name)


def _detail(*path: str) -> Get:
    return lambda record, _: stored.detail(record.annex, *path)


def _none(_: Any, __: Scene) -> None:
    return None


def _itself(record: Any, _: Scene) -> Any:
    return record


def _parent(entity: str) -> Get:
    def get(record: Any, scene: Scene) -> Any:
        return None if record.parent_id is None else scene.record(entity, record.parent_id)

    return get


def _status(record: ListItem, _: Scene) -> str:
    return "ACTIVE" if record.active else "INACTIVE"


def _line_text(name: str) -> Get:
    return lambda address, _: address.get(name)


_CONTACT: Final[Mapping[str, Get]] = {
    "id": _id(Kind.CONTACT),
    "metadata": _itself,
    "displayName": _display_name,
    "firstName": _detail("GivenName"),
    "lastName": _detail("FamilyName"),
    "companyName": _detail("CompanyName"),
    "active": _member("active"),
    "notes": _detail("Notes"),
    "website": _detail("WebAddr", "URI"),
    "email": _detail("PrimaryEmailAddr", "Address"),
    "phone": _detail("PrimaryPhone", "FreeFormNumber"),
    "mobile": _detail("Mobile", "FreeFormNumber"),
    "fax": _detail("Fax", "FreeFormNumber"),
    "contactMethods": _contact_methods,
}
_CONNECTION: Final[Mapping[str, Get]] = {
    "nodes": lambda page, _: page.rows,
    "edges": lambda page, _: page.edges,
    "pageInfo": _itself,
    "totalCount": lambda page, _: page.total_count(),
}
_EDGE: Final[Mapping[str, Get]] = {
    "cursor": lambda edge, _: edge.cursor,
    "node": lambda edge, _: edge.row,
}

FIELDS: Final[Mapping[str, Mapping[str, Get]]] = {
    "DeleteEntityResult": {"id": _member("id"), "success": lambda _, __: True},
    "PageInfo": {
        "hasNextPage": lambda page, _: page.has_next(),
        "hasPreviousPage": lambda page, _: page.has_previous(),
        "startCursor": lambda page, _: page.cursor_at(0),
        "endCursor": lambda page, _: page.cursor_at(-1),
    },
    "Company": {
        "id": lambda company, scene: ids.text(company.realm, Kind.COMPANY, company.realm),
        "companyName": _member("name"),
        "legalName": lambda company, _: stored.detail(company.annex, "LegalName") or company.name,
        "companyType": _none,
        "industryType": _none,
        "homeCurrency": _member("home_currency"),
    },
    "JournalEntry": {
        "id": _id(Kind.TRANSACTION),
        "metadata": _itself,
        "memo": _member("memo"),
        "privateMemo": _member("memo"),
        "referenceNumber": _member("doc_number"),
        "transactionDate": lambda entry, _: entry.posting_date.isoformat(),
        "entryLines": _lines,
        "currency": _entry_currency,
    },
    "Metadata": {
        "entityVersion": lambda record, _: str(record.version),
        "createTime": lambda record, _: moment_text(record.created_at),
        "lastUpdatedTime": lambda record, _: moment_text(record.modified_at),
    },
    "JournalEntryLine": {
        "entryLineType": _side,
        "sequence": lambda view, _: str(view.line.id),
        "description": lambda view, _: view.line.description,
        "amount": lambda view, _: amount_text(view.line.amount, view.exponent),
        "account": lambda view, scene: scene.record(ACCOUNT, view.line.account_id),
        "billable": _billable,
        "billableAmount": lambda view, _: _amount(view.extras.billable_amount, view.exponent),
        "payee": _payee,
        "project": _tag(PROJECT, PROJECTS),
        "class": _tag(CLASS, CLASSES),
        "markup": _markup,
        "tax": _tax,
        "customer": _customer,
    },
    "Markup": {
        "account": lambda view, scene: (
            None if view.account_id is None else scene.record(ACCOUNT, view.account_id)
        ),
        "amount": _member("amount"),
        "percent": _member("percent"),
    },
    "TaxInfo": {
        "taxAmount": _member("amount"),
        "taxable": _member("taxable"),
        "taxGroup": lambda view, scene: (
            None if view.code is None else scene.record(TAX_CODES, view.code)
        ),
    },
    "CurrencyInfo": {
        "name": lambda view, _: currencies.name(view.code),
        "currency": _member("code"),
        "symbol": lambda view, _: _SYMBOLS.get(view.code, view.code),
        "exchangeRate": _member("rate"),
    },
    "Account": {
        "id": _id(Kind.ACCOUNT),
        "name": _member("name"),
        "fullyQualifiedName": _member("full_name"),
        "metadata": _itself,
        "accountNumber": _member("code"),
        "description": _member("description"),
        "active": _member("active"),
        "classification": _classification,
        "accountType": lambda account, _: _ACCOUNT_TYPES[account.kind],
        "parent": _parent(ACCOUNT),
        "currency": lambda account, scene: CurrencyView(
            account.currency or scene.company.home_currency, None
        ),
        "currentBalance": _balance,
    },
    "Customer": _CONTACT,
    "Vendor": _CONTACT,
    "ContactMethod": {
        "type": _member("type"),
        "primary": _member("primary"),
        "active": lambda _, __: True,
        "address": _member("address"),
    },
    "Address": {
        "streetAddress1": _line_text("Line1"),
        "streetAddress2": _line_text("Line2"),
        "city": _line_text("City"),
        "zipCode": _line_text("PostalCode"),
        "state": _line_text("CountrySubDivisionCode"),
        "county": _none,
        "country": _line_text("Country"),
    },
    "Class": {
        "id": _id(Kind.CLASS),
        "name": _member("name"),
        "fullyQualifiedName": _member("full_name"),
        "active": _member("active"),
        "parent": _parent(CLASSES),
    },
    "Project": {
        "id": _id(Kind.PROJECT),
        "name": _member("name"),
        "description": _member("description"),
        "status": lambda _, __: PROJECT_STATUS,
        "active": _member("active"),
        "customer": lambda project, scene: (
            None if project.contact_id is None else scene.record(CONTACT, project.contact_id)
        ),
        "completedDate": _none,
    },
    "TaxGroup": {
        "id": _id(Kind.TAX_GROUP),
        "name": _member("name"),
        "code": _member("name"),
        "description": _member("description"),
        "status": _status,
        "saleRates": _rates(sale=True),
        "purchaseRates": _rates(sale=False),
    },
    "TaxGroupRate": {"taxRate": _itself},
    "TaxRate": {
        "id": _id(Kind.TAX_RATE),
        "name": _member("name"),
        "description": _member("description"),
        "status": _status,
        "startDate": _none,
        "endDate": _none,
        "rate": _percent,
    },
    **{f"{name}Connection": _CONNECTION for name in _LISTED},
    **{f"{name}Edge": _EDGE for name in _LISTED},
}
"""By type and field. The fields of Query, Mutation, and the lists of Company take arguments and
stand in `roots`."""

PLAIN_LINE: Final = LineView(Line(LineId(0), Side.DEBIT, 0, 0, AccountId(0)), 0)
PLAIN_FIELDS: Final = frozenset({"billable", "billableAmount", "project", "class", "markup", "tax"})
"""What shows the same for every line that is plain, as it does for `PLAIN_LINE`."""

PLAIN_TEST: Final = "not (s.dimensions or s.tax or s.billing or s.annex)"
"""Whether a line is plain, as an expression over the line: it has nothing of what those show."""

LINE_EXPRESSIONS: Final[Mapping[str, str]] = {
    "entryLineType": "(c.debit_text if {line}.side is {DEBIT} else c.credit_text)",
    "sequence": "'\"' + str({line}.id) + '\"'",
    "amount": "{amount_text}({line}.amount, {exponent})",
    "description": "('null' if {line}.description is None else {quote}({line}.description))",
}
"""The JSON of the fields of lines, of which a page has thousands, without a value in between:
expressions over a line, its exponent and the scene `c`, see `templates`."""

LINE_NUMBERS: Final[Mapping[str, str]] = {
    "account": "{line}.account_id",
    "payee": "{line}.contact_id",
    "customer": "{line}.contact_id",
}
"""The same for the fields of lines that show a record: where its number is."""

OF_VIEW: Final = {"line": "s.line", "exponent": "s.exponent"}
OF_LINE: Final = {"line": "s", "exponent": "e"}
"""What stands for line and exponent where the source is a `LineView`, and where it is the line."""


def over(text: str, source: Mapping[str, str]) -> str:
    """An expression over a line as one over what it is reached from."""
    return text.replace("{line}", source["line"]).replace("{exponent}", source["exponent"])


EXPRESSIONS: Final[Mapping[tuple[str, str], str]] = {
    (type, "id"): f"c.id_texts['{kind.name}'] + str(s.id) + '\"'"
    for type, kind in (
        ("JournalEntry", Kind.TRANSACTION),
        ("Account", Kind.ACCOUNT),
        ("Customer", Kind.CONTACT),
        ("Vendor", Kind.CONTACT),
        ("Class", Kind.CLASS),
        ("Project", Kind.PROJECT),
    )
} | {("JournalEntry", "transactionDate"): "'\"' + s.posting_date.isoformat() + '\"'"}
"""The same for fields of other types, over the source `s`."""

NAMES: Final = {"DEBIT": Side.DEBIT, "amount_text": amount_text, "quote": quote}
"""What those expressions use."""

NUMBERS: Final[Mapping[tuple[str, str], str]] = {
    ("Project", "customer"): "s.contact_id",
    ("Account", "parent"): "s.parent_id",
    ("Class", "parent"): "s.parent_id",
    ("TaxInfo", "taxGroup"): "s.code",
}
"""Fields that show a record by its number, and where the number is: many rows name few records, so
the text of each is made once for an answer."""

PROJECT_STATUS: Final = "OPEN"
"""The ledger keeps no progress of projects: each is open, and `active` tells the rest."""


def type_of(record: object) -> str | None:
    """The type of whatever can be a `Node` or a `Payee`; None for what is neither."""
    match record:
        case Contact(kind=ContactKind.CUSTOMER):
            return "Customer"
        case Contact(kind=ContactKind.VENDOR):
            return "Vendor"
        case JournalEntry():
            return "JournalEntry"
        case Account():
            return "Account"
        case Company():
            return "Company"
        case Dimension():
            return {CLASS: "Class", PROJECT: "Project"}.get(record.axis)
        case ListItem():
            return {ListKind.TAX_CODE: "TaxGroup", ListKind.TAX_RATE: "TaxRate"}.get(record.list)
    return None
