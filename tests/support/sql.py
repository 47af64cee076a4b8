"""The SQL interface in process: a session over the demo books in memory, statements as text.

sql = Sql()
assert sql.rows("SELECT 1") == [("1",)]
assert sql.run("DELETE FROM JournalEntries WHERE ID = 'none-1'") == "DELETE 0"
"""

from collections.abc import Sequence
from typing import cast

import pytest
from tests.support.clock import TestClock

from daybook.app.access import ALL_SCOPES, OPERATOR, Authenticator, Principal, Scope
from daybook.app.ledger import Books, Context, Ledger
from daybook.app.seed import seed_demo
from daybook.domain.commands import Command
from daybook.domain.events import Actor
from daybook.protocols.kit.plugin import Runtime, Services
from daybook.protocols.sql import statements
from daybook.protocols.sql.analytics import Copies
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.plans import PLANNER
from daybook.protocols.sql.results import Row
from daybook.protocols.sql.session import Session
from daybook.storage import open_store

AGGREGATE = (
    "<JournalEntryLines>\n"
    "<Row><LineType>Credit</LineType><LineAccount>Retained Earnings</LineAccount>"
    "<LineAmount>100</LineAmount></Row>\n"
    "<Row><LineType>Credit</LineType><LineAccount>Note Payable - Bank of Anycity</LineAccount>"
    "<LineAmount>20</LineAmount></Row>\n"
    "<Row><LineType>Debit</LineType><LineAccount>Checking</LineAccount>"
    "<LineAmount>120</LineAmount></Row>\n"
    "</JournalEntryLines>"
)
"""The lines of the source document's INSERT, as printed."""

CAPITAL = "16336-1450196662"
"""The entry that the source document's DELETE names."""


def two_lines(amount: str = "5", debit: str = "Meals", credit: str = "Checking") -> str:
    """VALUES of two numbered lines."""
    return f"'Debit', '{debit}', '{amount}', 'Credit', '{credit}', '{amount}'"


NUMBERED = "LineType#1, LineAccount#1, LineAmount#1, LineType#2, LineAccount#2, LineAmount#2"


class Sql:
    """A session, and others with the same books."""

    def __init__(self, online: bool = False, scopes: frozenset[Scope] = ALL_SCOPES) -> None:
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(open_store("memory://"))
        self.company_id, self.other_company_id = seed_demo(self.ledger)
        self.ledger = Ledger(self.ledger.store, self.clock)
        self.copies = Copies()
        self.principal = Principal("demo", frozenset({self.company_id}), scopes, "demo")
        self.session = self.connect(online)

    @property
    def books(self) -> Books:
        """The company's books, for the operator."""
        books = self.ledger.books(self.company_id, OPERATOR)
        assert books is not None
        return books

    def connect(self, online: bool = False) -> Session:
        """Another session of the same caller."""
        books = self.ledger.books(self.company_id, self.principal)
        assert books is not None
        services = Services(self.ledger, cast(Authenticator, None), cast(Runtime, None), self.clock)
        return Session(
            services,
            books,
            self.principal,
            self.copies,
            user="demo",
            online=online,
            planner=PLANNER,
        )

    def run(
        self, text: str, *values: str | None, session: Session | None = None
    ) -> "str | list[Row]":
        """Run statements; what came of the last one: rows, or a tag."""
        session = session or self.session
        outcome: str | list[Row] = ""
        for statement in statements.split(text):
            session.engine.begin()
            try:
                plan = session.planner.make(session, statement, ())
                result = plan.run(session, values)
            except SqlFault:
                session.fail()
                raise
            if result.rows is None:
                outcome = result.tag
            else:
                outcome = []
                while batch := result.rows.fetch(1_000):
                    outcome.extend(batch)
        return outcome

    def rows(self, text: str, *values: str | None, session: Session | None = None) -> list[Row]:
        """The rows of a query."""
        found = self.run(text, *values, session=session)
        assert isinstance(found, list)
        return found

    def value(self, text: str, *values: str | None) -> str | None:
        """The only value of a query."""
        ((value,),) = self.rows(text, *values)
        return value

    def fault(self, text: str, *values: str | None) -> SqlFault:
        """The fault of a statement that must be refused."""
        with pytest.raises(SqlFault) as caught:
            self.run(text, *values)
        return caught.value

    def execute(self, *commands: Command) -> None:
        """Carry out commands as another interface would."""
        self.books.execute_all(commands, Context(Actor("tests", "test")))

    def make(self, reference: str = "made", amount: str = "5") -> str:
        """Make an entry; its ID."""
        rows = self.rows(
            f"INSERT INTO JournalEntries (ReferenceNumber, {NUMBERED})"
            f" VALUES ('{reference}', {two_lines(amount)}) RETURNING ID"
        )
        found = rows[0][0]
        assert found is not None
        return found


def texts(rows: Sequence[Row]) -> list[str]:
    """Rows as lines."""
    return [", ".join(str(value) for value in row) for row in rows]
