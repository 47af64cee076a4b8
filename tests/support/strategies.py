"""Hypothesis strategies: texts, records, filters, and drafts of entries that balance."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from daybook.domain.commands import EntryContent, LineDraft
from daybook.domain.ids import (
    AccountId,
    ById,
    CompanyId,
    ContactId,
    DimensionId,
    EntryId,
    LineId,
    Ref,
    Timestamp,
)
from daybook.domain.limits import AMOUNT_MAX, LINES_MAX
from daybook.domain.model import (
    CLASS,
    PROJECT,
    Account,
    AccountKind,
    BillMark,
    Company,
    CompanyStatus,
    Contact,
    ContactKind,
    Dimension,
    ExchangeRate,
    JournalEntry,
    Line,
    ListItem,
    ListKind,
    Note,
    Origin,
    Record,
    Side,
    Status,
    TaxMark,
)
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Like,
    Not,
    OneOf,
    Op,
    Or,
    Sort,
)

TRICKY = "aAbB zZ09%_*?[]!'\"\\\0\n:éÉßİıΩ\u0301\ue000\uffee🧾\U0010ffff"
"""Characters that some engine or encoding treats specially."""

texts = st.text(st.one_of(st.sampled_from(TRICKY), st.characters(codec="utf-8")), max_size=12)
"""Any text that can be stored."""
maybe_texts = st.none() | texts
maybe_kept = st.none() | texts.map(lambda text: text.replace("\0", ""))
"""A text that the ledger takes, or none: without NUL, which not every store keeps."""
ids = st.integers(1, 2**53)
times = st.integers(0, 2**53).map(Timestamp)
days = st.dates()
amounts = st.one_of(st.integers(0, 300), st.integers(0, AMOUNT_MAX))
rates = st.decimals(Decimal("0.0000000001"), Decimal(10**9), places=10)
annexes = st.dictionaries(st.sampled_from(["codat", "modulus", "qbo"]), texts, max_size=2).map(
    lambda found: tuple(sorted(found.items()))
)
versions = st.integers(0, 1_000)
tags = st.dictionaries(st.sampled_from([CLASS, PROJECT, "TRACKING:é"]), ids, max_size=3).map(
    lambda found: tuple((axis, DimensionId(id)) for axis, id in sorted(found.items()))
)
tax_marks = st.builds(
    TaxMark, maybe_texts, maybe_texts, maybe_texts, st.none() | amounts, st.none() | amounts
)
bill_marks = st.builds(BillMark, texts, maybe_texts)


def _line(at: int, side: Side, amount: int) -> st.SearchStrategy[Line]:
    return st.builds(
        Line,
        st.just(LineId(at)),
        st.just(side),
        st.just(amount),
        st.just(amount),
        ids.map(AccountId),
        st.none() | ids.map(ContactId),
        tags,
        maybe_texts,
        st.none() | tax_marks,
        st.none() | bill_marks,
        annexes,
    )


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, ...]:
    """Lines whose debits equal their credits."""
    sums = draw(st.lists(amounts, min_size=1, max_size=4))
    sides = [(Side.DEBIT, each) for each in sums] + [(Side.CREDIT, each) for each in sums]
    sides = draw(st.permutations(sides))
    return tuple(draw(_line(at, *each)) for at, each in enumerate(sides))


@st.composite
def entries(draw: st.DrawFn) -> JournalEntry:
    """Entries that balance, with anything in their other members."""
    kept = draw(lines())
    count = len(kept)
    notes = [
        Note(LineId(count + at), at * 2, draw(maybe_texts), draw(annexes))
        for at in range(draw(st.integers(0, 2)))
    ]
    return JournalEntry(
        id=EntryId(draw(ids)),
        posting_date=draw(days),
        currency=draw(st.sampled_from(["GBP", "EUR", "JPY", "KWD"])),
        lines=kept,
        origin=Origin(draw(texts), draw(texts)),
        version=draw(versions),
        status=draw(st.sampled_from(Status)),
        doc_number=draw(maybe_texts),
        memo=draw(maybe_texts),
        rate=draw(st.none() | rates),
        adjustment=draw(st.booleans()),
        notes=tuple(notes),
        next_line_id=count + len(notes),
        deleted_at=draw(st.none() | times),
        created_at=draw(times),
        modified_at=draw(times),
        annex=draw(annexes),
    )


_currencies = st.none() | st.sampled_from(["EUR", "USD"])
_stamps: dict[str, st.SearchStrategy[Any]] = {
    "active": st.booleans(),
    "version": versions,
    "created_at": times,
    "modified_at": times,
    "annex": annexes,
}
_rate_stamps = {name: each for name, each in _stamps.items() if name not in ("active", "annex")}

accounts: st.SearchStrategy[Account] = st.builds(
    Account,
    id=ids.map(AccountId),
    name=texts,
    full_name=texts,
    kind=st.sampled_from(AccountKind),
    subtype=maybe_texts,
    code=maybe_texts,
    description=maybe_texts,
    currency=_currencies,
    parent_id=st.none() | ids.map(AccountId),
    **_stamps,
)
contacts: st.SearchStrategy[Contact] = st.builds(
    Contact,
    id=ids.map(ContactId),
    kind=st.sampled_from(ContactKind),
    name=texts,
    full_name=texts,
    currency=_currencies,
    parent_id=st.none() | ids.map(ContactId),
    **_stamps,
)
dimensions: st.SearchStrategy[Dimension] = st.builds(
    Dimension,
    axis=st.sampled_from([CLASS, PROJECT, "TRACKING:é:x"]),
    id=ids.map(DimensionId),
    name=texts,
    full_name=texts,
    description=maybe_texts,
    parent_id=st.none() | ids.map(DimensionId),
    contact_id=st.none() | ids.map(ContactId),
    **_stamps,
)
list_items: st.SearchStrategy[ListItem] = st.builds(
    ListItem,
    list=st.sampled_from(ListKind),
    id=ids,
    name=texts,
    description=maybe_texts,
    **_stamps,
)
exchange_rates: st.SearchStrategy[ExchangeRate] = st.builds(
    ExchangeRate, id=ids, currency=texts, as_of=days, rate=rates, **_rate_stamps
)
companies: st.SearchStrategy[Company] = st.builds(
    Company,
    id=ids.map(CompanyId),
    slug=texts,
    name=texts,
    realm=texts,
    codat_id=texts,
    home_currency=st.sampled_from(["GBP", "JPY"]),
    time_zone=texts,
    country=texts,
    multicurrency=st.booleans(),
    sales_tax=st.booleans(),
    strict_realm=st.booleans(),
    doc_number_unique=st.booleans(),
    books_closed_through=st.none() | days,
    fiscal_year_start=st.integers(1, 12),
    status=st.sampled_from(CompanyStatus),
    **{name: each for name, each in _stamps.items() if name != "active"},
)
records: st.SearchStrategy[Record] = st.one_of(
    entries(), accounts, contacts, dimensions, list_items, exchange_rates, companies
)

_ENTRY_VALUES: dict[Field, st.SearchStrategy[Any]] = {
    Field.ID: ids,
    Field.VERSION: versions,
    Field.CREATED_AT: times,
    Field.DOC_NUMBER: texts,
    Field.POSTING_DATE: days,
    Field.MEMO: texts,
    Field.STATUS: st.sampled_from([status.value for status in Status]),
    Field.DELETED: st.booleans(),
    Field.CURRENCY: st.sampled_from(["GBP", "eur"]),
    Field.TOTAL: amounts,
    Field.ADJUSTMENT: st.booleans(),
    Field.ORIGIN_CLIENT: texts,
    Field.ORIGIN_PROTOCOL: texts,
}
_LINE_VALUES: dict[Field, st.SearchStrategy[Any]] = {
    Field.LINE_ACCOUNT: ids,
    Field.LINE_CONTACT: ids,
    Field.LINE_DIMENSION: ids,
    Field.LINE_DESCRIPTION: texts,
    Field.LINE_AMOUNT: amounts,
    Field.LINE_SIDE: st.sampled_from(["D", "c"]),
}


@st.composite
def _leaves(draw: st.DrawFn, values: dict[Field, st.SearchStrategy[Any]]) -> Filter:
    field = draw(st.sampled_from(sorted(values)))
    axis = draw(st.sampled_from([CLASS, PROJECT])) if field is Field.LINE_DIMENSION else None
    match draw(st.integers(0, 4)):
        case 0:
            return IsNull(field, axis)
        case 1:
            return OneOf(field, tuple(draw(st.lists(values[field], max_size=4))), axis)
        case 2:
            return Like(field, tuple(draw(st.lists(texts, min_size=1, max_size=4))))
        case 3:
            return Exact(field, tuple(draw(st.lists(texts, max_size=4))), axis)
    return Compare(field, draw(st.sampled_from(Op)), draw(values[field]), axis)


def _branches(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, max_size=4).map(tuple)
    return st.one_of(several.map(And), several.map(Or), inner.map(Not))


line_filters: st.SearchStrategy[Filter] = st.recursive(
    _leaves(_LINE_VALUES), _branches, max_leaves=4
)
"""Filters of fields of a line, as they stand in `AnyLine`."""
filters: st.SearchStrategy[Filter] = st.recursive(
    st.one_of(
        _leaves({**_ENTRY_VALUES, **_LINE_VALUES}), line_filters.map(AnyLine), st.just(ALWAYS)
    ),
    _branches,
    max_leaves=8,
)
"""Filters of entries."""


def orders(fields: frozenset[Field]) -> st.SearchStrategy[tuple[Sort, ...]]:
    """Orders by up to three of some fields."""
    keys = st.builds(Sort, st.sampled_from(sorted(fields)), st.booleans())
    return st.lists(keys, max_size=3).map(tuple)


@st.composite
def contents(draw: st.DrawFn, accounts: st.SearchStrategy[Ref], lines_max: int = 8) -> EntryContent:
    """Content that balances, on the accounts given."""
    assert lines_max <= LINES_MAX
    sums = draw(st.lists(amounts, min_size=1, max_size=lines_max // 2))
    sides = [(Side.DEBIT, each) for each in sums] + [(Side.CREDIT, each) for each in sums]
    drafts = [
        LineDraft(side, amount, draw(accounts), description=draw(maybe_kept))
        for side, amount in draw(st.permutations(sides))
    ]
    day = draw(st.none() | st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    return EntryContent(tuple(drafts), day, draw(maybe_kept), draw(maybe_kept))


def refs(highest: int) -> st.SearchStrategy[Ref]:
    """References by id, from 1."""
    return st.integers(1, highest).map(ById)


def unbalanced(content: EntryContent) -> EntryContent:
    """The content with one more minor unit on its first line."""
    first = content.lines[0]
    assert isinstance(first, LineDraft)
    amount = first.amount - 1 if first.amount == AMOUNT_MAX else first.amount + 1
    return replace(content, lines=(replace(first, amount=amount), *content.lines[1:]))
