"""Accounts.

`AccountType` is the ledger's kind of account; `AccountSubType` is free text there, with the table
of the original's subtypes here: it fills in the subtype or the type that a request leaves out,
and refuses pairs that do not belong together. A subtype that the table does not know is kept if
a type comes with it, since countries have their own.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import AccountContent
from daybook.domain.events import ACCOUNT
from daybook.domain.model import Account, AccountKind, Classification
from daybook.domain.query import And, Compare, Field, Keyset, Op, Query
from daybook.protocols.qbo import errors, stored
from daybook.protocols.qbo.entities.base import (
    Draft,
    ListEntity,
    balances_below,
    base_members,
    full_name,
    kept_reference,
    own_name,
)
from daybook.protocols.qbo.entities.subtypes import SINGULAR, SUBTYPES
from daybook.protocols.qbo.errors import Error, QboFault, Stage
from daybook.protocols.qbo.limits import NAME_LENGTH_MAX
from daybook.protocols.qbo.render import Json, amount, currency_ref
from daybook.protocols.qbo.shapes import (
    COMMON,
    Members,
    Shape,
    boolean,
    choice,
    day,
    ignored,
    number,
    reference,
    text,
)

TYPES: Final[Mapping[str, AccountKind]] = {
    "Bank": AccountKind.BANK,
    "Accounts Receivable": AccountKind.RECEIVABLE,
    "Other Current Asset": AccountKind.OTHER_CURRENT_ASSET,
    "Fixed Asset": AccountKind.FIXED_ASSET,
    "Other Asset": AccountKind.OTHER_ASSET,
    "Accounts Payable": AccountKind.PAYABLE,
    "Credit Card": AccountKind.CREDIT_CARD,
    "Other Current Liability": AccountKind.OTHER_CURRENT_LIABILITY,
    "Long Term Liability": AccountKind.LONG_TERM_LIABILITY,
    "Equity": AccountKind.EQUITY,
    "Income": AccountKind.INCOME,
    "Other Income": AccountKind.OTHER_INCOME,
    "Cost of Goods Sold": AccountKind.COST_OF_SALES,
    "Expense": AccountKind.EXPENSE,
    "Other Expense": AccountKind.OTHER_EXPENSE,
    "Non-Posting": AccountKind.NON_POSTING,
}
"""The original's types of accounts, and what they are in the ledger."""

TYPE_NAMES: Final[Mapping[AccountKind, str]] = {kind: name for name, kind in TYPES.items()}
CLASSIFICATIONS: Final[Mapping[Classification, str]] = {
    Classification.ASSET: "Asset",
    Classification.LIABILITY: "Liability",
    Classification.EQUITY: "Equity",
    Classification.REVENUE: "Revenue",
    Classification.EXPENSE: "Expense",
}
_TYPE_OF_SUBTYPE: Final[Mapping[str, AccountKind]] = {
    subtype: TYPES[type_name] for type_name, names in SUBTYPES.items() for subtype in names
}
_KEPT: Final = (
    "AccountAlias",
    "TxnLocationType",
    "BankNum",
    "TaxAccount",
    "TaxCodeRef",
    "OnlineBankingEnabled",
    "FIName",
    "JournalCodeRef",
)

SHAPE: Final = Shape(
    "Account",
    {
        **COMMON,
        "Name": text(NAME_LENGTH_MAX, ':"'),
        "SubAccount": boolean,
        "ParentRef": reference,
        "Description": text(100),
        "FullyQualifiedName": ignored,
        "AccountAlias": text(100),
        "TxnLocationType": text(100),
        "Active": boolean,
        "Classification": ignored,
        "AccountType": choice(*TYPES),
        "AccountSubType": text(100),
        "AcctNum": text(20, ":"),
        "AcctNumExtn": ignored,
        "BankNum": text(100),
        "OpeningBalance": number,
        "OpeningBalanceDate": day,
        "CurrentBalance": number,
        "CurrentBalanceWithSubAccounts": number,
        "CurrencyRef": reference,
        "TaxAccount": boolean,
        "TaxCodeRef": kept_reference,
        "OnlineBankingEnabled": boolean,
        "FIName": text(100),
        "JournalCodeRef": kept_reference,
    },
)
"""Members of an account."""


def _members_of(account: Account) -> Members:
    return {
        **stored.load(account.annex),
        "Name": account.name,
        "SubAccount": account.parent_id is not None,
        "ParentRef": None if account.parent_id is None else str(account.parent_id),
        "Description": account.description,
        "Active": account.active,
        "AccountType": TYPE_NAMES[account.kind],
        "AccountSubType": account.subtype,
        "AcctNum": account.code,
        "CurrencyRef": account.currency,
    }


def _content(draft: Draft) -> AccountContent:
    current = draft.current if isinstance(draft.current, Account) else None
    kind, subtype = _type(draft)
    if draft.get("OpeningBalance") and current is None:
        plain = "OpeningBalance is not taken: post a journal entry against the equity account"
        raise QboFault([Error("5030", "Feature Not Supported Error", "OpeningBalance", plain)])
    if subtype in SINGULAR and draft.active():
        _require_single(draft, subtype)
    parent = draft.parent("SubAccount", "Accounts")
    if parent is not None and subtype in SINGULAR:
        error = errors.business(f"An account of type {subtype} cannot be a sub-account.")
        draft.findings.add_later(Stage.BUSINESS, error)
    annex = current.annex if current is not None else ()
    return AccountContent(
        name=draft.name("Name"),
        kind=kind,
        subtype=subtype,
        code=draft.get("AcctNum"),
        description=draft.get("Description"),
        currency=_currency(draft, current),
        parent=parent,
        active=draft.active(),
        annex=stored.dump(annex, {name: draft.get(name) for name in _KEPT}),
    )


def _type(draft: Draft) -> tuple[AccountKind, str | None]:
    """Kind and subtype; each may be found from the other.

    A sparse update that sends one of them alone means that one, so the other gives way.
    """
    type_name, subtype = draft.get("AccountType"), draft.get("AccountSubType")
    if "AccountType" in draft.sent and "AccountSubType" not in draft.sent:
        if subtype is not None and _TYPE_OF_SUBTYPE.get(subtype) is not TYPES.get(type_name or ""):
            subtype = None
    elif "AccountSubType" in draft.sent and "AccountType" not in draft.sent:
        found = _TYPE_OF_SUBTYPE.get(subtype or "")
        type_name = type_name if found is None else TYPE_NAMES[found]
    if type_name is None and subtype is None:
        draft.findings.require("AccountType")
        return AccountKind.EXPENSE, None
    known = _TYPE_OF_SUBTYPE.get(subtype) if subtype is not None else None
    if type_name is None:
        if known is None:
            why = "is no subtype known here; send its AccountType with it"
            draft.findings.invalid("2170", "AccountSubType", subtype, why)
            return AccountKind.EXPENSE, subtype
        return known, subtype
    kind = TYPES[type_name]
    if subtype is None:
        defaults = SUBTYPES[type_name]
        return kind, defaults[0] if defaults else None
    if known is not None and known is not kind:
        plain = f"AccountSubType: {subtype} belongs to {TYPE_NAMES[known]}, not to {type_name}"
        error = Error("6010", errors.MESSAGES["6010"], "AccountSubType", plain)
        draft.findings.add_later(Stage.BUSINESS, error)
    return kind, subtype


def _require_single(draft: Draft, subtype: str) -> None:
    """Some subtypes stand for one account of the company, and a second one is refused."""
    where = And((Compare(Field.SUBTYPE, Op.EQ, subtype), Compare(Field.ACTIVE, Op.EQ, True)))
    others = draft.reader.references(ACCOUNT, Query(where, page=Keyset(2)))
    own = None if draft.current is None else draft.current.id
    for other in others:
        if other.id != own:
            text_ = f"You can have only one account of singular detail type {subtype}."
            plain = f"AccountSubType: account {other.id} is the company's {subtype} account"
            draft.findings.add_later(Stage.BUSINESS, errors.business(text_, plain))
            return


def _currency(draft: Draft, current: Account | None) -> str | None:
    """The account's own currency; a company without foreign currencies has none to tell."""
    currency: str | None = draft.get("CurrencyRef")
    company = draft.reader.company
    if currency is None:
        return None if current is None else current.currency
    if not currencies.is_currency(currency):
        draft.findings.invalid("2220", "CurrencyRef", currency, "is no currency of ISO 4217")
        return None
    if currency == company.home_currency:
        return None if current is None or current.currency is None else currency
    if not company.multicurrency:
        text_ = "You must turn on multicurrency to use foreign currencies."
        plain = f"CurrencyRef: the company keeps its books in {company.home_currency} alone"
        draft.findings.add_later(Stage.BUSINESS, errors.business(text_, plain))
    return currency


def _render(accounts: Sequence[Account], reader: Reader) -> list[Json]:
    def balances(ids: Sequence[int]) -> dict[int, int]:
        return {total.id: total.balance for total in reader.account_totals()}

    own, whole = balances_below(ACCOUNT, accounts, reader, balances)
    return [_account(each, reader, own.get(each.id, 0), whole[each.id]) for each in accounts]


def _account(account: Account, reader: Reader, balance: int, with_children: int) -> Json:
    company = reader.company
    exponent = currencies.exponent(company.home_currency)
    if not account.kind.is_balance_sheet:
        balance = with_children = 0
    kept = stored.load(account.annex)
    shown: Json = {"Name": own_name(account), "SubAccount": account.parent_id is not None}
    if account.parent_id is not None:
        shown["ParentRef"] = {"value": str(account.parent_id)}
    if account.description is not None:
        shown["Description"] = account.description
    shown["FullyQualifiedName"] = full_name(account)
    for name in ("AccountAlias", "TxnLocationType"):
        if name in kept:
            shown[name] = kept[name]
    shown["Active"] = account.active
    classification = account.kind.classification
    if classification is not None:
        shown["Classification"] = CLASSIFICATIONS[classification]
    type_name = TYPE_NAMES[account.kind]
    shown["AccountType"] = type_name
    subtype = account.subtype or next(iter(SUBTYPES[type_name]), None)
    if subtype is not None:
        shown["AccountSubType"] = subtype
    if account.code is not None:
        shown["AcctNum"] = account.code
    if "BankNum" in kept:
        shown["BankNum"] = kept["BankNum"]
    shown["CurrentBalance"] = amount(balance, exponent)
    shown["CurrentBalanceWithSubAccounts"] = amount(with_children, exponent)
    shown["CurrencyRef"] = currency_ref(account.currency or company.home_currency)
    for name in ("TaxAccount", "TaxCodeRef", "OnlineBankingEnabled", "FIName", "JournalCodeRef"):
        if name in kept:
            shown[name] = kept[name]
    return {**shown, **base_members(account, reader)}


ACCOUNTS: Final = ListEntity("Account", ACCOUNT, SHAPE, _members_of, _content, _render)
