"""The demo companies: books that hold what the interfaces' published samples name.

Made once, on an empty store, the same every time: ids, times and amounts are fixed, so the event
chains are equal byte for byte wherever the demo is seeded. Times run forward through the log, so
entries are made in order of their creation, each week (or old entry) as one transaction.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

from daybook.app.access import OPERATOR
from daybook.app.charts import DEMO_CHART
from daybook.app.ledger import Books, Committed, Context, Ledger, Refused
from daybook.app.ports import Store
from daybook.domain.commands import (
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DimensionContent,
    EntryContent,
    LineDraft,
    ListItemContent,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ById, ByName, CompanyId, ContactId, EntryId, Ref, Timestamp
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    Annex,
    Company,
    ContactKind,
    ListKind,
    Side,
    Status,
)
from daybook.domain.values import value

ACTOR: Final = Actor("operator", "seed")
"""Who made the demo books, but for the entry that an application made."""

YEAR: Final = 2025
"""The year of ordinary entries."""

_SQL_COUNTER: Final = 0x16336
_SQL_CREATED: Final = 1450196662
"""The entry whose SQL id is `16336-1450196662`: its number in hexadecimal, and the second it was
made in."""


class _SetClock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = Timestamp(0)

    def __call__(self) -> Timestamp:
        return self.now

    def put(self, moment: datetime) -> None:
        self.now = Timestamp(int(moment.timestamp()) * 1_000_000)


def seed_demo(ledger: Ledger) -> tuple[CompanyId, CompanyId]:
    """Make both demo companies in the ledger's store; answers with their ids.

    Raises ValueError if one of their names is taken.
    """
    first = _Seeding(ledger.store, _FIRST).run(_first_company())
    second = _Seeding(ledger.store, _SECOND).run(_second_company())
    return first, second


def _annex(wire: str, members: object) -> Annex:
    return ((wire, json.dumps(members, sort_keys=True, separators=(",", ":"))),)


def _company(slug: str, name: str, realm: str, codat_id: str, connection_id: str) -> Company:
    connection = {"connection": {"id": connection_id, "integration": "qhyg", "status": "Linked"}}
    return Company(
        id=CompanyId(0),
        slug=slug,
        name=name,
        realm=realm,
        codat_id=codat_id,
        home_currency="GBP",
        time_zone="Europe/London",
        country="GB",
        strict_realm=False,
        annex=_annex("codat", connection),
    )


_FIRST: Final = _company(
    "demo",
    "Daybook Demo Ltd",
    "9130355202028466",
    "c0c4ef53-e70c-45d5-9af4-27aa486347d7",
    "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10",
)
_SECOND: Final = _company(
    "demo2",
    "Second Demo Ltd",
    "9130353722279406",
    "0b7f7d53-6a52-4f0c-9a4c-6c3f0a5d9e21",
    "8e4b1c9d-5f27-4a63-b0d8-7c2e9f31a645",
)


@value
class _Batch:
    """Commands carried out together at one moment."""

    at: datetime
    commands: Sequence[Command]
    actor: Actor = ACTOR


class _Seeding:
    """Makes one company through the same door as everybody, with a clock of its own."""

    def __init__(self, store: Store, company: Company) -> None:
        self._clock = _SetClock()
        self._ledger = Ledger(store, self._clock)
        self._company = company

    def run(self, batches: Iterator[_Batch]) -> CompanyId:
        self._clock.put(datetime(2015, 12, 1, 9, 0, tzinfo=UTC))
        founded = self._ledger.found(self._company, ACTOR)
        if isinstance(founded, Refused):
            raise ValueError(founded.refusals[0].message)
        books = self._ledger.books(founded.id, OPERATOR)
        assert books is not None
        for batch in batches:
            self._clock.put(batch.at)
            _carry_out(books, batch)
        return founded.id


def _carry_out(books: Books, batch: _Batch) -> None:
    outcome = books.execute_all(batch.commands, Context(batch.actor))
    if isinstance(outcome, Refused):
        command, refusal = batch.commands[outcome.index], outcome.refusals[0]
        raise AssertionError(f"the demo is refused: {refusal.message}: {command}")
    assert isinstance(outcome, Committed)


def _first_company() -> Iterator[_Batch]:
    yield _Batch(datetime(2015, 12, 1, 9, 5, tzinfo=UTC), list(_lists("demo")))
    yield _Batch(
        datetime.fromtimestamp(_SQL_CREATED, UTC),
        [
            _entry(
                _SQL_COUNTER,
                date(2015, 12, 15),
                _debit("Barclays", 1_000_000),
                _credit("Share Capital", 1_000_000),
                number="CAP-1",
                memo="Shares paid up",
            )
        ],
    )
    rent = _entry(
        3400,
        date(2021, 1, 14),
        _debit("Rent", 120_000, dimensions=((CLASS, ByName("Retail")),)),
        _credit("Barclays", 120_000),
        number="INV-7",
        memo="January rent",
        status=Status.PENDING,
    )
    made_by_application = Actor("demo", "modulus")
    yield _Batch(datetime(2021, 1, 14, 20, 39, 57, tzinfo=UTC), [rent], made_by_application)
    yield from _sample_entries()
    yield from _ordinary_year("demo", first_id=101)


def _lists(slug: str) -> Iterator[Command]:
    """What entries refer to, the same in both companies but for the names of customers."""
    for account_id, account in DEMO_CHART:
        yield CreateReference(account, account_id)
    names = _CONTACTS if slug == "demo" else _OTHER_CONTACTS
    for contact_id, kind, name in names:
        yield CreateReference(ContactContent(kind, name), contact_id)
    for at, name in enumerate(("Leeds", "York"), start=1):
        yield CreateReference(DimensionContent(DEPARTMENT, name), at)
    for at, name in enumerate(("Retail", "Wholesale"), start=1):
        yield CreateReference(DimensionContent(CLASS, name), at)
    if slug == "demo":
        project = DimensionContent(
            PROJECT,
            "Ata Bi Pro",
            description="Test project for Transactions",
            contact_id=ContactId(34),
        )
        yield CreateReference(project, 28392628)
    for at, name in enumerate(("Due on receipt", "Net 15", "Net 30"), start=1):
        yield CreateReference(ListItemContent(ListKind.TERM, name), at)


_VENDORS: Final = (
    (51, ContactKind.VENDOR, "Harbour Lettings"),
    (52, ContactKind.VENDOR, "Northline Energy"),
    (53, ContactKind.VENDOR, "Pennine Wholesale"),
    (54, ContactKind.VENDOR, "Calder Telecom"),
    (60, ContactKind.EMPLOYEE, "Rosalind Hargreaves"),
)
_CONTACTS: Final = (
    (9, ContactKind.CUSTOMER, "New project - demo"),
    (13, ContactKind.CUSTOMER, "New project - demo3"),
    (34, ContactKind.CUSTOMER, "Tanmay B"),
    (35, ContactKind.CUSTOMER, "Ata Bi Pro"),
    (36, ContactKind.CUSTOMER, "Foster Interiors"),
    (37, ContactKind.CUSTOMER, "Kestrel Cafes"),
    *_VENDORS,
)
_OTHER_CONTACTS: Final = (
    (34, ContactKind.CUSTOMER, "Second Customer"),
    (36, ContactKind.CUSTOMER, "Marlow Gardens"),
    (37, ContactKind.CUSTOMER, "Thames Print"),
    *_VENDORS,
)


def _sample_entries() -> Iterator[_Batch]:
    """The entries that published samples read, change and delete."""
    yield _Batch(
        datetime(2021, 4, 8, 10, 30, tzinfo=UTC),
        [
            _entry(
                80,
                date(2021, 4, 8),
                _debit("Meals", 3_250),
                _credit("Checking", 3_250),
                memo="Lunch with a customer",
            )
        ],
    )
    yield _Batch(
        datetime(2021, 4, 9, 11, 0, tzinfo=UTC),
        [
            _entry(
                82,
                date(2021, 4, 9),
                _debit("Depreciation", 4_500, description="test debit"),
                _credit("Inventory Asset", 4_500, description="test credit"),
                memo="add test memo",
            )
        ],
    )
    yield _Batch(
        datetime(2021, 9, 22, 14, 15, tzinfo=UTC),
        [
            _entry(
                96,
                date(2021, 9, 22),
                _debit("Depreciation", 4_500, contact=13, description="test debit"),
                _credit("Meals", 4_500, contact=9, description="test credit"),
                number="SomeJENumber13",
            )
        ],
    )
    department: tuple[tuple[str, Ref], ...] = ((DEPARTMENT, ById(1)),)
    # What that wire shows beside the entry: the kind of record it came from, and when it was read.
    read = {"modifiedDate": "2023-03-15T11:14:37Z", "recordRef": {"dataType": "payments"}}
    yield _Batch(
        datetime(2023, 3, 15, 11, 13, 27, tzinfo=UTC),
        [
            _entry(
                8484,
                date(2023, 3, 15),
                _credit("Barclays", 2_230, dimensions=department),
                _debit("Debtors", 2_230, contact=34, dimensions=department),
                annex=_annex("codat", read),
            )
        ],
    )


def _second_company() -> Iterator[_Batch]:
    """Fewer entries, with numbers that the first company uses for others."""
    yield _Batch(datetime(2015, 12, 1, 9, 5, tzinfo=UTC), list(_lists("demo2")))
    numbered = (80, 82, 96)
    yield _Batch(
        datetime(2021, 4, 8, 12, 0, tzinfo=UTC),
        [
            _entry(
                entry_id,
                date(2021, 4, 8),
                _debit("Office Expenses", _figure(f"demo2 {entry_id}", 1_000, 9_000)),
                _credit("Checking", _figure(f"demo2 {entry_id}", 1_000, 9_000)),
                memo=f"Entry {entry_id} of the second company",
            )
            for entry_id in numbered
        ],
    )
    yield from _ordinary_year("demo2", first_id=101, every_week=False)


def _ordinary_year(slug: str, first_id: int, every_week: bool = True) -> Iterator[_Batch]:
    """A year of a small shop's entries, made each Friday evening, numbered from 1001 on."""
    friday = date(YEAR, 1, 3)
    entry_id = first_id
    while friday.year == YEAR:
        monthly = friday.day <= 7
        contents = list(_week(slug, friday)) if every_week else []
        if monthly:
            contents.extend(_month(slug, friday))
        if friday == date(YEAR, 1, 3):
            contents[:0] = _opening()
        commands = []
        for content in contents:
            commands.append(_numbered(content, entry_id, 1_000 + entry_id - first_id + 1))
            entry_id += 1
        if commands:
            evening = datetime(friday.year, friday.month, friday.day, 17, 30, tzinfo=UTC)
            yield _Batch(evening, commands)
        friday += timedelta(days=7)


def _numbered(content: EntryContent, entry_id: int, number: int) -> CreateEntry:
    numbered = EntryContent(
        content.lines, content.posting_date, str(number), content.memo, None, None
    )
    return CreateEntry(numbered, entry_id=EntryId(entry_id))


def _opening() -> Iterator[EntryContent]:
    """How the year begins: stock, fittings and a loan."""
    day = date(YEAR, 1, 2)
    yield _content(
        day,
        _debit("Barclays", 1_500_000),
        _credit("Note Payable - Bank of Anycity", 1_500_000),
        memo="Loan paid out",
    )
    yield _content(
        day,
        _debit("Shop Fittings:Cost", 960_000),
        _debit("Inventory Asset", 820_000),
        _credit("Barclays", 1_780_000),
        memo="Fittings and first stock",
    )


def _week(slug: str, friday: date) -> Iterator[EntryContent]:
    """Takings with what was sold, and a sale on account or the receipt for it a week later."""
    week = friday.isocalendar().week
    key = f"{slug} {friday}"
    takings = _figure(f"{key} takings", 90_000, 240_000)
    cost = takings * _figure(f"{key} share", 48, 56) // 100
    place: tuple[tuple[str, Ref], ...] = (
        (CLASS, ByName("Retail")),
        (DEPARTMENT, ByName(("Leeds", "York")[week % 2])),
    )
    yield _content(
        friday - timedelta(days=1),
        _debit("Barclays", takings, description="Card takings"),
        _credit("Sales of Product Income", takings, dimensions=place),
        memo=f"Takings of week {week}",
    )
    yield _content(
        friday - timedelta(days=1),
        _debit("Cost of Sales", cost, dimensions=place),
        _credit("Inventory Asset", cost),
        memo=f"Cost of sales of week {week}",
    )
    fortnight = (week - 1) // 2
    customer = (34, 36, 37)[fortnight % 3]
    invoiced = _figure(f"{slug} invoice {fortnight}", 25_000, 110_000)
    if week % 2:
        yield _content(
            friday,
            _debit("Debtors", invoiced, contact=customer),
            _credit("Services", invoiced, dimensions=((CLASS, ByName("Wholesale")),)),
            memo="Sale on account",
        )
    else:
        yield _content(
            friday,
            _debit("Barclays", invoiced),
            _credit("Debtors", invoiced, contact=customer),
            memo="Receipt on account",
        )


def _month(slug: str, friday: date) -> Iterator[EntryContent]:
    """What comes every month: rent, wages, stock, utilities, depreciation and the like."""
    key = f"{slug} {friday.year}-{friday.month:02}"
    wages = _figure(f"{key} wages", 185_000, 215_000)
    withheld = wages * 21 // 100
    yield _content(
        friday,
        _debit("Wages", wages, contact=60, description="Gross pay"),
        _credit("Barclays", wages - withheld, description="Net pay"),
        _credit("PAYE Payable", withheld, description="Tax and insurance"),
        memo=f"Payroll {friday:%B}",
    )
    yield _content(friday, _debit("PAYE Payable", withheld), _credit("Barclays", withheld))
    yield _content(
        friday,
        _debit("Rent", 120_000, contact=51),
        _credit("Barclays", 120_000),
        memo=f"Rent {friday:%B}",
    )
    stock = _figure(f"{key} stock", 380_000, 520_000)
    yield _content(
        friday - timedelta(days=2),
        _debit("Inventory Asset", stock),
        _credit("Creditors", stock, contact=53),
        memo="Stock bought",
    )
    yield _content(
        friday, _debit("Creditors", stock, contact=53), _credit("Barclays", stock), memo="Paid"
    )
    electricity = _figure(f"{key} electricity", 9_000, 24_000)
    telephone = _figure(f"{key} telephone", 4_200, 5_600)
    yield _content(
        friday - timedelta(days=1),
        _debit("Utilities:Electricity", electricity),
        _debit("Utilities:Telephone", telephone),
        _credit("Creditors", electricity, contact=52),
        _credit("Creditors", telephone, contact=54),
        memo="Utilities",
    )
    yield _content(
        friday,
        _debit("Creditors", electricity, contact=52),
        _debit("Creditors", telephone, contact=54),
        _credit("Barclays", electricity + telephone),
        memo="Utilities paid",
    )
    interest = _figure(f"{key} interest", 6_800, 7_500)
    yield _content(
        friday,
        _debit("Note Payable - Bank of Anycity", 25_000),
        _debit("Interest Paid", interest),
        _debit("Bank Charges", 1_250),
        _credit("Barclays", 25_000 + interest + 1_250),
        memo="Loan instalment and charges",
    )
    yield _content(
        friday,
        _debit("Depreciation", 16_000),
        _credit("Shop Fittings:Accumulated Depreciation", 16_000),
        memo=f"Depreciation {friday:%B}",
    )
    meal = _figure(f"{key} meal", 1_800, 6_400)
    yield _content(friday, _debit("Meals", meal), _credit("Company Card", meal))


def _figure(key: str, low: int, high: int) -> int:
    """An amount in pence between two, the same for the same key everywhere."""
    return low + int.from_bytes(sha256(key.encode()).digest()[:4]) % (high - low)


def _line(
    side: Side,
    account: str,
    amount: int,
    contact: int | None,
    description: str | None,
    dimensions: tuple[tuple[str, Ref], ...],
) -> LineDraft:
    party = None if contact is None else ById(contact)
    return LineDraft(side, amount, ByName(account), party, None, dimensions, description)


def _debit(
    account: str,
    amount: int,
    *,
    contact: int | None = None,
    description: str | None = None,
    dimensions: tuple[tuple[str, Ref], ...] = (),
) -> LineDraft:
    return _line(Side.DEBIT, account, amount, contact, description, dimensions)


def _credit(
    account: str,
    amount: int,
    *,
    contact: int | None = None,
    description: str | None = None,
    dimensions: tuple[tuple[str, Ref], ...] = (),
) -> LineDraft:
    return _line(Side.CREDIT, account, amount, contact, description, dimensions)


def _content(day: date, *lines: LineDraft, memo: str | None = None) -> EntryContent:
    return EntryContent(lines, day, memo=memo)


def _entry(
    entry_id: int,
    day: date,
    *lines: LineDraft,
    number: str | None = None,
    memo: str | None = None,
    status: Status = Status.POSTED,
    annex: Annex = (),
) -> CreateEntry:
    content = EntryContent(lines, day, number, memo, annex=annex)
    return CreateEntry(content, status, entry_id=EntryId(entry_id))
