"""Numbers and texts that no store should ever get, and names that would come to stand twice."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.support.shop import ACTOR, carry_out, credit, debit, post, shop

from daybook.app.ledger import Books, Committed, Context, Outcome, Refused
from daybook.domain.commands import (
    AccountContent,
    ContactContent,
    CreateEntry,
    CreateReference,
    DocNumberPolicy,
    EntryContent,
    PatchEntry,
    ReplaceReference,
)
from daybook.domain.ids import ByName, EntryId
from daybook.domain.limits import RECORD_ID_MAX
from daybook.domain.model import Account, AccountKind, ContactKind, JournalEntry
from daybook.domain.refusals import RefusalCode
from daybook.storage import open_store

CONTEXT = Context(ACTOR)
LINES = (debit("Bank", 5), credit("Sales", 5))


@pytest.fixture(params=["memory", "sqlite"])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    if request.param == "memory":
        return shop()
    return shop(open_store(f"sqlite:///{tmp_path_factory.mktemp('books')}/books.db"))


def codes(outcome: Outcome) -> list[RefusalCode]:
    assert isinstance(outcome, Refused), outcome
    return [refusal.code for refusal in outcome.refusals]


@pytest.mark.parametrize("number", [-5, 0, RECORD_ID_MAX + 1, 2**63 - 1])
def test_ids_stay_within_bounds(books: Books, number: int) -> None:
    """An id at the end of 64 bits would leave none for the next entry."""
    command = CreateEntry(EntryContent(LINES), entry_id=EntryId(number))
    assert codes(books.execute(command, CONTEXT)) == [RefusalCode.INVALID_VALUE]
    content = ContactContent(ContactKind.CUSTOMER, "New")
    assert codes(books.execute(CreateReference(content, number), CONTEXT)) == [
        RefusalCode.INVALID_VALUE
    ]
    assert isinstance(books.execute(CreateEntry(EntryContent(LINES)), CONTEXT), Committed)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"], ids=["nul", "surrogate"])
def test_texts_that_no_store_keeps_are_refused(books: Books, text: str) -> None:
    described = (replace(LINES[0], description=text), LINES[1])
    for content in (
        EntryContent(LINES, memo=text),
        EntryContent(LINES, doc_number=text),
        EntryContent(described),
    ):
        assert codes(books.execute(CreateEntry(content), CONTEXT)) == [RefusalCode.INVALID_VALUE]
    contact = CreateReference(ContactContent(ContactKind.CUSTOMER, text))
    assert RefusalCode.INVALID_VALUE in codes(books.execute(contact, CONTEXT))
    named = EntryContent((replace(LINES[0], account=ByName(text)), LINES[1]))
    refused = books.execute(CreateEntry(named), CONTEXT)
    assert codes(refused) == [RefusalCode.REFERENCE_NOT_FOUND]


def test_a_number_that_is_given_has_its_bound_too(books: Books) -> None:
    post(books, *LINES, number="9" * 255)
    command = CreateEntry(EntryContent(LINES), doc_numbers=DocNumberPolicy.ASSIGN)
    assert codes(books.execute(command, CONTEXT)) == [RefusalCode.INVALID_VALUE]


def account(books: Books, name: str, parent: str | None = None) -> Account:
    content = AccountContent(
        name, AccountKind.EXPENSE, parent=None if parent is None else ByName(parent)
    )
    (made,) = carry_out(books, [CreateReference(content)])
    assert isinstance(made, Account)
    return made


def test_a_rename_does_not_give_two_records_one_name(books: Books) -> None:
    """The clash is one level below what is renamed."""
    first = account(books, "A")
    account(books, "B", "A")
    inactive = AccountContent("A", AccountKind.EXPENSE, active=False)
    carry_out(books, [ReplaceReference(first.id, None, inactive)])
    other = account(books, "X")
    below = account(books, "B", "X")
    rename = ReplaceReference(other.id, None, AccountContent("A", AccountKind.EXPENSE))
    assert codes(books.execute(rename, CONTEXT)) == [RefusalCode.DUPLICATE_NAME]
    gone = AccountContent("B", AccountKind.EXPENSE, parent=ByName("X"), active=False)
    carry_out(books, [ReplaceReference(below.id, None, gone), rename])


def test_a_change_of_currency_falls_back_to_the_rate_that_is_offered(books: Books) -> None:
    entry = post(books, debit("Rent", 5), credit("Sales", 5), day=date(2026, 3, 14))
    patch = PatchEntry(entry.id, None, currency="EUR")
    assert codes(books.execute(patch, CONTEXT)) == [RefusalCode.RATE_REQUIRED]
    (changed,) = carry_out(books, [replace(patch, fallback_rate=Decimal("0.9"))])
    assert isinstance(changed, JournalEntry)
    assert (changed.currency, changed.rate) == ("EUR", Decimal("0.9"))
