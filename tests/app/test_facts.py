"""What a command is judged by, where it is easily the wrong thing."""

from datetime import date
from decimal import Decimal

from tests.support.shop import ACTOR, credit, debit, post, shop

from daybook.app.ledger import Context, Refused
from daybook.domain.commands import CreateEntry, EntryContent, SetExchangeRate
from daybook.domain.ids import EntryId
from daybook.domain.refusals import RefusalCode


def test_an_entry_whose_id_is_taken_is_judged_by_its_own_date() -> None:
    """The rate is that of the day the new entry is for, not of the entry that has the id."""
    books = shop()
    taken = post(books, debit("Bank", 5), credit("Sales", 5), day=date(2020, 1, 1))
    rate = SetExchangeRate("EUR", date(2026, 1, 1), Decimal("0.85"))
    books.execute(rate, Context(ACTOR))
    content = EntryContent((debit("Rent", 5), credit("Sales", 5)), currency="EUR")
    outcome = books.execute(CreateEntry(content, entry_id=EntryId(taken.id)), Context(ACTOR))
    assert isinstance(outcome, Refused)
    assert [refusal.code for refusal in outcome.refusals] == [RefusalCode.INVALID_VALUE]
