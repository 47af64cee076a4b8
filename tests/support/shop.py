"""A small company with a chart, for tests that go through the ledger."""

from collections.abc import Sequence
from datetime import date

from tests.support.clock import TestClock

from daybook.app.access import OPERATOR
from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Books, Committed, Context, Ledger
from daybook.app.ports import Store
from daybook.domain.commands import (
    AccountContent,
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DimensionContent,
    EntryContent,
    LineDraft,
    ReferenceContent,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ByName
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    TRACKING_PREFIX,
    AccountKind,
    Company,
    ContactKind,
    JournalEntry,
    Record,
    Side,
    Status,
)
from daybook.storage import open_store

ACTOR = Actor("tests", "tests")

CHART = (
    AccountContent("Bank", AccountKind.BANK, code="1000"),
    AccountContent("Debtors", AccountKind.RECEIVABLE, code="1100"),
    AccountContent("Creditors", AccountKind.PAYABLE, code="2000"),
    AccountContent("Retained", AccountKind.EQUITY, "RetainedEarnings", code="3200"),
    AccountContent("Sales", AccountKind.INCOME, code="4000"),
    AccountContent("Costs", AccountKind.EXPENSE, code="6000"),
    AccountContent("Rent", AccountKind.EXPENSE, code="6100", parent=ByName("Costs")),
    AccountContent("Other", AccountKind.EXPENSE, code="6200", parent=ByName("Costs")),
)
PEOPLE = (
    ContactContent(ContactKind.CUSTOMER, "Ada"),
    ContactContent(ContactKind.VENDOR, "Vera"),
)
TAGS = tuple(
    DimensionContent(axis, name)
    for axis, name in (
        (CLASS, "Retail"),
        (CLASS, "Trade"),
        (DEPARTMENT, "Leeds"),
        (PROJECT, "Bridge"),
        (TRACKING_PREFIX + "Region", "North; East"),
        (TRACKING_PREFIX + "a=b", "x\\y"),
    )
)


def shop(
    store: Store | None = None,
    slug: str = "shop",
    currency: str = "GBP",
    fiscal_year_start: int = 1,
) -> Books:
    """The books of a new company with a chart, a customer, a vendor and some tags."""
    ledger = Ledger(store or open_store("memory://"), TestClock(step=1_000))
    wanted = NewCompany(
        slug.title(),
        slug,
        currency,
        chart="none",
        multicurrency=True,
        fiscal_year_start=fiscal_year_start,
    )
    company = found(ledger, wanted, ACTOR)
    assert isinstance(company, Company), company
    books = ledger.books(company.id, OPERATOR)
    assert books is not None
    contents: tuple[ReferenceContent, ...] = (*CHART, *PEOPLE, *TAGS)
    carry_out(books, [CreateReference(content) for content in contents])
    return books


def carry_out(books: Books, commands: Sequence[Command]) -> tuple[Record, ...]:
    """Carry out commands that are right."""
    outcome = books.execute_all(commands, Context(ACTOR))
    assert isinstance(outcome, Committed), outcome
    return outcome.records


def debit(account: str, amount: int) -> LineDraft:
    """A debit of an account by name."""
    return LineDraft(Side.DEBIT, amount, ByName(account))


def credit(account: str, amount: int) -> LineDraft:
    """A credit of an account by name."""
    return LineDraft(Side.CREDIT, amount, ByName(account))


def post(
    books: Books,
    *lines: LineDraft,
    day: date = date(2026, 3, 14),
    status: Status = Status.POSTED,
    number: str | None = None,
) -> JournalEntry:
    """Make an entry."""
    content = EntryContent(lines, day, number)
    (entry,) = carry_out(books, [CreateEntry(content, status)])
    assert isinstance(entry, JournalEntry)
    return entry
