"""Records to be kept as they are, past the ledger: for tests of stores.

    store.write(company_id, lambda tx: log(tx, created(account(1)), created(entry(1))))

`log` numbers, stamps and chains events as the ledger does.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from tests.support.clock import START

from daybook.app import bodies
from daybook.app.ports import CompanyNames, Store, Tx
from daybook.domain import chain
from daybook.domain.events import Actor, Change, Event, EventKind, entity_of
from daybook.domain.ids import AccountId, CompanyId, ContactId, DimensionId, EntryId, LineId
from daybook.domain.ids import Timestamp as Time
from daybook.domain.model import (
    CLASS,
    PROJECT,
    Account,
    AccountKind,
    BillMark,
    Company,
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
    Reference,
    Side,
    Status,
    TaxMark,
)

R = TypeVar("R", bound=Record)

ACTOR = Actor("app", "test", "ada", "r-1")
DAY = date(2026, 3, 14)
BANK, RENT, RECEIVABLE, PAYABLE, SALES = range(1, 6)
"""Accounts of `chart`."""
ADA, VERA = 1, 2
"""Contacts of `chart`: a customer and a vendor."""


def company(number: int = 1) -> Company:
    """A company as it is brought to be founded."""
    return Company(
        CompanyId(number),
        f"slug-{number}",
        f"Company {number}",
        f"91{number}",
        f"c-{number}",
        "GBP",
    )


def names_of(record: Company) -> CompanyNames:
    """The names of a company, as the directory takes them."""
    return CompanyNames(record.slug, record.realm, record.codat_id)


def account(id: int, kind: AccountKind = AccountKind.EXPENSE, name: str | None = None) -> Account:
    """An account that is named after its number, unless a name is given."""
    name = name or f"Account {id}"
    return Account(AccountId(id), name, name, kind, created_at=START, modified_at=START)


def contact(id: int, kind: ContactKind = ContactKind.CUSTOMER, name: str | None = None) -> Contact:
    """A contact that is named after its number, unless a name is given."""
    name = name or f"Contact {id}"
    return Contact(ContactId(id), kind, name, name, created_at=START, modified_at=START)


def dimension(axis: str, id: int, name: str | None = None) -> Dimension:
    """A dimension value that is named after its number, unless a name is given."""
    name = name or f"{axis} {id}"
    return Dimension(axis, DimensionId(id), name, name, created_at=START, modified_at=START)


def line(id: int, side: Side, amount: int, account_id: int, contact_id: int | None = None) -> Line:
    """A line in home currency."""
    contact = None if contact_id is None else ContactId(contact_id)
    return Line(LineId(id), side, amount, amount, AccountId(account_id), contact)


def transfer(amount: int, debit: int = RENT, credit: int = BANK) -> tuple[Line, ...]:
    """One debit and one credit."""
    return line(0, Side.DEBIT, amount, debit), line(1, Side.CREDIT, amount, credit)


def entry(
    id: int,
    lines: tuple[Line, ...] = transfer(100),
    day: date = DAY,
    status: Status = Status.POSTED,
    doc_number: str | None = None,
) -> JournalEntry:
    """An entry that has just been made."""
    return JournalEntry(
        id=EntryId(id),
        posting_date=day,
        currency="GBP",
        lines=lines,
        origin=Origin("app", "test"),
        status=status,
        doc_number=doc_number,
        next_line_id=1 + max((each.id for each in lines), default=-1),
        created_at=START,
        modified_at=START,
    )


def chart() -> tuple[Change, ...]:
    """Five accounts, a customer and a vendor, as changes."""
    kinds = (
        AccountKind.BANK,
        AccountKind.EXPENSE,
        AccountKind.RECEIVABLE,
        AccountKind.PAYABLE,
        AccountKind.INCOME,
    )
    accounts = [created(account(id, kind)) for id, kind in enumerate(kinds, start=1)]
    people = created(contact(ADA)), created(contact(VERA, ContactKind.VENDOR))
    return (*accounts, *people)


def created(record: Record) -> Change:
    """The change that makes a record."""
    return Change(EventKind.CREATED, None, record)


def revision(before: R, after: R) -> Change:
    """The change that gives a record another content; the version is counted up here."""
    return Change(EventKind.REVISED, before, replace(after, version=before.version + 1))


def deletion(before: JournalEntry) -> Change:
    """The change that turns an entry into a tombstone."""
    after = replace(before, version=before.version + 1, deleted_at=Time(START + 5))
    return Change(EventKind.DELETED, before, after)


def move(before: JournalEntry, status: Status) -> Change:
    """The change that gives an entry another status."""
    after = replace(before, version=before.version + 1, status=status)
    return Change(EventKind.MOVED, before, after)


def log(
    tx: Tx,
    company_id: CompanyId,
    *changes: Change,
    at: Time | None = None,
    actor: Actor = ACTOR,
) -> list[Event]:
    """Append changes as events that follow the log, and answer with them."""
    head = tx.head()
    at = at or Time(max(START, head.modified_at + 1))
    seq, previous = head.seq, head.hash
    events: list[Event] = []
    for change in changes:
        event = make_event(company_id, seq + 1, previous, change, at, actor)
        tx.append(event, change)
        events.append(event)
        seq, previous = event.seq, event.hash
    return events


def make_event(
    company_id: CompanyId,
    seq: int,
    previous: bytes,
    change: Change,
    at: Time = START,
    actor: Actor = ACTOR,
) -> Event:
    """The event of a change, chained to the one before."""
    after = change.after
    entity, body = entity_of(after), bodies.encode(after)
    fixed = (company_id, seq, change.kind, entity, after.id, after.version, at, actor, body)
    return Event(*fixed, previous, chain.event_hash(previous, *fixed))


def found(store: Store, number: int = 1, changes: Sequence[Change] = ()) -> CompanyId:
    """Found a company, with some more records to begin with."""

    def work(company_id: CompanyId, tx: Tx) -> CompanyId:
        founded = replace(company(number), id=company_id, created_at=START, modified_at=START)
        log(tx, company_id, created(founded), *changes)
        return company_id

    return store.found_company(names_of(company(number)), work)


def keep(
    store: Store, company_id: CompanyId, *changes: Change, actor: Actor = ACTOR
) -> list[Event]:
    """Append changes to a company's log in one transaction."""
    return store.write(company_id, lambda tx: log(tx, company_id, *changes, actor=actor))


RICH = JournalEntry(
    id=EntryId(41),
    posting_date=date(2024, 2, 29),
    currency="EUR",
    lines=(
        Line(
            id=LineId(3),
            side=Side.CREDIT,
            amount=12_345,
            home_amount=10_493,
            account_id=AccountId(RECEIVABLE),
            contact_id=ContactId(ADA),
            dimensions=((CLASS, DimensionId(2)), (PROJECT, DimensionId(1))),
            description="Ωmega %_*[x]\0 'quoted' \"twice\" \\ \n",
            tax=TaxMark("7", None, "Sales", 20, 30),
            billing=BillMark("Billable", "12.5"),
            annex=(("qbo", '{"a":[1]}'),),
        ),
        Line(LineId(0), Side.DEBIT, 12_345, 10_493, AccountId(RENT)),
        Line(LineId(7), Side.DEBIT, 0, 0, AccountId(BANK), description=""),
    ),
    origin=Origin("app \u00e9", "modulus"),
    status=Status.REVIEW,
    doc_number="",
    memo="é\0🧾",
    rate=Decimal("0.8500000001"),
    adjustment=True,
    notes=(Note(LineId(5), 1, "between", (("codat", "1"),)),),
    next_line_id=8,
    created_at=START,
    modified_at=START,
    annex=(("intuit_graphql", "[]"), ("qbo", '{"PrivateNote":"x"}')),
)
DIMENSIONS = (created(dimension(CLASS, 2)), created(dimension(PROJECT, 1)))
"""An entry with something in every member, texts of every sort among it."""

UNBALANCED = {
    "amounts": (line(0, Side.DEBIT, 10, RENT), line(1, Side.CREDIT, 11, BANK)),
    "sides": (line(0, Side.DEBIT, 10, RENT), line(1, Side.DEBIT, 10, BANK)),
    "home amounts": (
        line(0, Side.DEBIT, 10, RENT),
        replace(line(1, Side.CREDIT, 10, BANK), home_amount=9),
    ),
    "one line": (line(0, Side.DEBIT, 0, RENT),),
    "no line": (),
}
"""Lines that no entry may have, by what is wrong with them."""

REFERENCES: tuple[Reference, ...] = (
    replace(
        account(7, AccountKind.OTHER_CURRENT_ASSET, "Wörk"),
        full_name="Account 1:Wörk",
        subtype="Inventory",
        code="0012",
        description="",
        currency="EUR",
        parent_id=AccountId(BANK),
        active=False,
        version=0,
        annex=(("qbo", "{}"),),
    ),
    replace(contact(7, ContactKind.EMPLOYEE), currency="USD", parent_id=ContactId(ADA)),
    replace(
        dimension(PROJECT, 7),
        description="a\0b",
        contact_id=ContactId(ADA),
        parent_id=DimensionId(3),
        annex=(("intuit_graphql", "1"),),
    ),
    dimension("TRACKING:Région: ouest", 7),
    ListItem(ListKind.TAX_CODE, 7, "20 %", "Standard", False, 0, START, START, (("qbo", "1"),)),
    ExchangeRate(7, "EUR", date(2026, 2, 28), Decimal("0.0000000001"), 0, START, START),
)
"""A record of each entity, with something in every member."""
