"""Any draft that balances is kept as it was brought; with one minor unit more it is refused."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from tests.support.clock import START, TestClock
from tests.support.records import company
from tests.support.strategies import contents, refs, unbalanced

from daybook.app.access import OPERATOR
from daybook.app.ledger import Books, Committed, Context, Ledger, Refused
from daybook.domain.commands import (
    AccountContent,
    CreateEntry,
    CreateReference,
    EntryContent,
    LineDraft,
)
from daybook.domain.events import Actor
from daybook.domain.model import AccountKind, Company, JournalEntry
from daybook.domain.refusals import RefusalCode
from daybook.storage import open_store

ACCOUNTS = 4
CONTEXT = Context(Actor("app", "test"))


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    store = open_store("memory://")
    ledger = Ledger(store, TestClock(START, step=1))
    founded = ledger.found(company(), CONTEXT.actor)
    assert isinstance(founded, Company)
    opened = ledger.books(founded.id, OPERATOR)
    assert opened is not None
    for number in range(1, ACCOUNTS + 1):
        content = AccountContent(f"Account {number}", AccountKind.EXPENSE)
        assert isinstance(opened.execute(CreateReference(content), CONTEXT), Committed)
    yield opened
    store.close()


@given(content=contents(refs(ACCOUNTS)))
def test_what_balances_is_kept_as_it_was_brought(books: Books, content: EntryContent) -> None:
    outcome = books.execute(CreateEntry(content), CONTEXT)
    assert isinstance(outcome, Committed)
    [kept] = outcome.records
    assert isinstance(kept, JournalEntry)
    drafts = [draft for draft in content.lines if isinstance(draft, LineDraft)]
    assert [(line.side, line.amount, line.description) for line in kept.lines] == [
        (draft.side, draft.amount, draft.description) for draft in drafts
    ]
    assert (kept.doc_number, kept.memo) == (content.doc_number, content.memo)
    assert kept.posting_date == content.posting_date or content.posting_date is None
    with books.read() as reader:
        assert reader.entry(kept.id) == kept
        assert sum(total.balance for total in reader.account_totals()) == 0


@given(content=contents(refs(ACCOUNTS)))
def test_what_is_off_by_one_is_refused(books: Books, content: EntryContent) -> None:
    for wrong in (unbalanced(content), replace(content, lines=content.lines[1:])):
        drafts = [draft for draft in wrong.lines if isinstance(draft, LineDraft)]
        signed = sum(draft.amount * (1 if draft.side == "D" else -1) for draft in drafts)
        outcome = books.execute(CreateEntry(wrong), CONTEXT)
        if signed or len(drafts) < 2:
            assert isinstance(outcome, Refused)
            code = RefusalCode.UNBALANCED if signed else RefusalCode.TOO_FEW_LINES
            assert code in {refusal.code for refusal in outcome.refusals}
        else:
            assert isinstance(outcome, Committed)
