"""The companies a visitor may open: where everything begins."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from daybook.app.access import Scope
from daybook.app.ledger import Books
from daybook.domain.ids import Timestamp
from daybook.domain.model import Company
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import PREFIX
from daybook.web.limits import COMPANIES_MAX
from daybook.web.routing import Route
from daybook.web.visit import Visit

_WORDS: Final = {
    Scope.READ: "see",
    Scope.WRITE: "enter and change",
    Scope.APPROVE: "approve",
    Scope.ADMIN: "administer",
}


@value
class Row:
    """A company in the list. `may` says what the visitor may do there."""

    company: Company
    entries: int
    changed: Timestamp
    may: str


def companies(visit: Visit) -> Response:
    """The list."""
    found = list(islice(_open_to(visit), COMPANIES_MAX + 1))
    rows = [_row(books) for books in found[:COMPANIES_MAX]]
    more = len(found) > COMPANIES_MAX
    return visit.page("companies.html", title="Companies", companies=rows, more=more)


def home(visit: Visit) -> Response:
    """The first page: the journal of the only company there is, or the list."""
    found = list(islice(_open_to(visit), 2))
    if len(found) != 1:
        return visit.redirect(visit.address("companies"))
    with found[0].read() as reader:
        return visit.redirect(visit.address("journal", company=reader.company.slug))


def _open_to(visit: Visit) -> Iterator[Books]:
    """The books that the visitor may see, in the order the companies were made."""
    session = visit.session
    assert session is not None
    ledger = visit.site.ledger
    for company_id in ledger.store.directory.company_ids():
        principal = session.within(company_id)
        books = None if principal is None else ledger.books(company_id, principal)
        if books is not None and books.may(Scope.READ):
            yield books


def _row(books: Books) -> Row:
    with books.read() as reader:
        head = reader.head()
        company = reader.company
    may = ", ".join(word for scope, word in _WORDS.items() if books.may(scope))
    return Row(company, head.entries_live, head.modified_at, may)


ROUTES: Final = (
    Route("home", "GET", PREFIX, home),
    Route("companies", "GET", f"{PREFIX}/companies", companies),
)
