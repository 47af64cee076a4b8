"""Reads of the ledger: entries, accounts, journals, tracking categories, contacts, the company."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from daybook.app.access import Scope
from daybook.app.ledger import Books, Ledger
from daybook.app.ports import DeadlinePassed, Reader
from daybook.app.reports import all_accounts, fiscal_year_start
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.model import (
    Account,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Reference,
    Status,
)
from daybook.domain.query import (
    And,
    Compare,
    Field,
    Filter,
    IsNull,
    Keyset,
    Offset,
    Op,
    Query,
    Sort,
    sort_key,
)
from daybook.protocols.codat import compiling, entries, errors, ids, matching, times
from daybook.protocols.codat.calls import Call, NotQuick, answer
from daybook.protocols.codat.limits import (
    ACCOUNTS_SCANNED_MAX,
    COUNTS_KEPT,
    INLINE_LINES_MAX,
    PAGE_BYTES_MAX,
    PAGE_LINES_MAX,
    SEARCH_SECONDS_MAX,
)
from daybook.protocols.codat.lists import (
    ACCOUNT_PROPERTIES,
    CONTACT_PROPERTIES,
    JOURNAL_PROPERTIES,
    TRACKING_PROPERTIES,
    account_json,
    contact_json,
    info_json,
    parent_json,
    tracking_json,
)
from daybook.protocols.codat.pages import Page
from daybook.protocols.codat.platforms import PLATFORMS
from daybook.protocols.codat.properties import Properties
from daybook.protocols.codat.query import parse
from daybook.protocols.codat.views import View, Views
from daybook.protocols.kit.plugin import Response

Json = dict[str, Any]


class Counts:
    """Results of counting, kept until the books change. May be used on any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[CompanyId, str], tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, reader: Reader, books: CompanyId, what: str, count: Callable[[], int]) -> int:
        """What `count` comes to, or came to since the last change of the books."""
        seq = reader.head().seq
        key = (books, what)
        with self._lock:
            known = self._kept.get(key)
            if known is not None and known[0] == seq:
                self._kept.move_to_end(key)
                return known[1]
        counted = count()
        with self._lock:
            self._kept[key] = (seq, counted)
            if len(self._kept) > COUNTS_KEPT:
                self._kept.popitem(last=False)
        return counted


class Reading:
    """Answers reads of a company's data."""

    def __init__(self, ledger: Ledger, views: Views) -> None:
        self._ledger = ledger
        self._views = views
        self._counts = Counts()

    def find(self, call: Call) -> tuple[View, Books | None]:
        """The company of a call, and its books if it has any. Raises `CodatError`."""
        view = self._views.company(call.principal, call.names["companyId"])
        return view, self._views.books(call.principal, view)

    def open(self, call: Call) -> tuple[View, Books]:
        """The company of a read and its books. Raises `CodatError`."""
        view, books = self.find(call)
        call.require(Scope.READ)
        if books is None:
            raise errors.CodatError(409, "The data set has not been requested.")
        return view, books

    # Journal entries

    def entries(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/journalEntries`."""
        _, books = self.open(call)
        page = call.page()
        tree = parse(page.query)
        order = compiling.ordered(page.order, entries.PROPERTIES, entries.ORDER)
        with in_time(books) as reader:
            zone = reader.company.time_zone
            found = entries.shown_here(compiling.compiled(tree, entries.PROPERTIES, zone))
            total = self._counts.of(
                reader, books.company_id, f"entry {page.query}", lambda: reader.count_entries(found)
            )
            listed = _entries(reader, found, order, page, total)
            rows = [entries.entry_json(entry, reader) for entry in listed]
        return answer(page.envelope(rows, total))

    def entry(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/journalEntries/{recordId}`, deleted ones too."""
        _, books = self.open(call)
        wanted = call.names["recordId"]
        number = ids.number(wanted)
        with books.read() as reader:
            if call.hurried and reader.has_more_lines(EntryId(number or 0), INLINE_LINES_MAX):
                raise NotQuick
            entry = None if number is None else reader.entry(EntryId(number))
            if entry is None or entry.status is not Status.POSTED:
                raise errors.no_record(entries.JOURNAL_ENTRIES, wanted)
            return answer(entries.entry_json(entry, reader))

    # Accounts and journals

    def accounts(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/accounts`."""
        _, books = self.open(call)
        with books.read() as reader:
            balances = {total.id: total.balance for total in reader.account_totals()}
            shown = [
                account_json(account, balances.get(account.id, 0), reader.company)
                for account in _bounded(all_accounts(reader))
            ]
        return _listed(call.page(), shown, ACCOUNT_PROPERTIES)

    def account(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/accounts/{recordId}`."""
        _, books = self.open(call)
        wanted = call.names["recordId"]
        number = ids.number(wanted)
        with books.read() as reader:
            account = None if number is None else reader.reference(ACCOUNT, number)
            if not isinstance(account, Account):
                raise errors.no_record("chartOfAccounts", wanted)
            balance = reader.account_total(account.id).balance
            return answer(account_json(account, balance, reader.company))

    def journals(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/journals`: there is one journal, without a name."""
        self.open(call)
        return _listed(call.page(), [], JOURNAL_PROPERTIES)

    def journal(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/journals/{recordId}`."""
        self.open(call)
        raise errors.no_record("journals", call.names["recordId"])

    # Tracking categories

    def tracking(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/trackingCategories`: classes and departments, flat."""
        _, books = self.open(call)
        with books.read() as reader:
            shown = list(_bounded(_all_tracking(reader)))
        return _listed(call.page(), shown, TRACKING_PROPERTIES)

    def tracking_category(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/trackingCategories/{recordId}`: with what is below."""
        _, books = self.open(call)
        wanted = call.names["recordId"]
        with books.read() as reader:
            shown = _tracking_tree(reader, wanted)
        if shown is None:
            raise errors.no_record("trackingCategories", wanted)
        return answer(shown)

    # Contacts

    def contacts(self, kind: ContactKind) -> Callable[[Call], Response]:
        """`GET /companies/{companyId}/data/customers` or `suppliers`."""
        properties = CONTACT_PROPERTIES[kind]

        def handle(call: Call) -> Response:
            _, books = self.open(call)
            page = call.page()
            tree = parse(page.query)
            order = compiling.ordered(page.order, properties, (Sort(Field.ID),))
            of_kind = Compare(Field.KIND, Op.EQ, kind.value)
            found = And((of_kind, compiling.compiled(tree, properties)))
            with in_time(books) as reader:
                total = self._counts.of(
                    reader,
                    books.company_id,
                    f"{kind.value} {page.query}",
                    lambda: reader.count_references(CONTACT, found),
                )
                rows = [
                    contact_json(contact)
                    for offset in _offsets(page, total)
                    for contact in reader.references(CONTACT, Query(found, order, offset))
                    if isinstance(contact, Contact)
                ]
            return answer(page.envelope(rows, total))

        return handle

    def contact(self, kind: ContactKind, data_type: str) -> Callable[[Call], Response]:
        """`GET /companies/{companyId}/data/customers/{recordId}`, or of `suppliers`."""

        def handle(call: Call) -> Response:
            _, books = self.open(call)
            wanted = call.names["recordId"]
            number = ids.number(wanted)
            with books.read() as reader:
                contact = None if number is None else reader.reference(CONTACT, number)
            if not isinstance(contact, Contact) or contact.kind is not kind:
                raise errors.no_record(data_type, wanted)
            return answer(contact_json(contact))

        return handle

    # The company

    def info(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/info`."""
        view, books = self.open(call)
        with books.read() as reader:
            company = reader.company
        today = times.local_day(call.now, company.time_zone)
        return answer(info_json(view, company, fiscal_year_start(company, today)))

    def unsupported(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/{dataType}` of a type that is not offered."""
        view, _ = self.open(call)
        names = sorted({PLATFORMS[each.platform].name for each in view.connections})
        raise errors.unsupported_type(call.names["dataType"], ", ".join(names) or "none")


@contextmanager
def in_time(books: Books) -> Iterator[Reader]:
    """A reader for a query. Raises `CodatError` where it searches for too long."""
    try:
        with books.read(time.monotonic() + SEARCH_SECONDS_MAX) as reader:
            yield reader
    except DeadlinePassed:
        text = f"The query searches for more than {SEARCH_SECONDS_MAX} seconds; narrow it down."
        raise errors.bad_request(f"Error processing request - {text}") from None


def _entries(
    reader: Reader, found: Filter, order: tuple[Sort, ...], page: Page, total: int
) -> Iterator[JournalEntry]:
    """The entries of a page. Raises `CodatError` where they are too large together."""
    lines = 0
    for offset in _offsets(page, total):
        start, end = offset.start, offset.start + offset.limit
        while start < end:  # each time by one at least: total is of the same snapshot
            some = reader.entries(Query(found, order, Offset(start, end - start), PAGE_BYTES_MAX))
            assert some, "the entries were counted"
            lines += sum(len(entry.lines) for entry in some)
            if lines > PAGE_LINES_MAX:
                raise errors.bad_request(
                    f"The entries of the page have more than {PAGE_LINES_MAX} lines; ask for fewer"
                    " by pageSize."
                )
            yield from some
            start += len(some)


def _offsets(page: Page, total: int) -> Iterator[Offset]:
    """The reads that a page takes: a page here may have more rows than one of the store."""
    end = min(page.start + page.size, total)
    for start in range(page.start, end, PAGE_ROWS_MAX):
        yield Offset(start, min(PAGE_ROWS_MAX, end - start))


def _bounded(items: Iterable[Any]) -> Iterator[Any]:
    """The items, up to the bound on what is gone through in memory."""
    for at, item in enumerate(items):
        if at == ACCOUNTS_SCANNED_MAX:
            raise errors.bad_request(f"There are more than {ACCOUNTS_SCANNED_MAX} records.")
        yield item


def _listed(page: Page, shown: Sequence[Json], properties: Properties) -> Response:
    """A page of records that are searched as they are shown."""
    tree = parse(page.query)
    matching.check(tree, properties)
    found = [each for each in shown if matching.matches(tree, properties, each)]
    rows = matching.ordered(found, page.order, properties, "id")
    return answer(page.envelope(rows[page.start : page.start + page.size], len(rows)))


def _references(reader: Reader, entity: str, item: Filter | None = None) -> Iterator[Reference]:
    """All reference records of an entity that a filter finds, page by page."""
    after = None
    while True:
        query = Query(sort=(Sort(Field.ID),), page=Keyset(PAGE_ROWS_MAX, after))
        if item is not None:
            query = Query(item, query.sort, query.page)
        page = reader.references(entity, query)
        yield from page
        if len(page) < PAGE_ROWS_MAX:
            return
        after = sort_key(page[-1], query.sort)


def _all_tracking(reader: Reader) -> Iterator[Json]:
    """Every category: the two that all others are below, and those."""
    for parent, axis in ids.PARENTS.items():
        values = list(_references(reader, dimension_entity(axis)))
        if not values:
            continue
        yield parent_json(parent, reader.company)
        parents = {each.parent_id for each in values if isinstance(each, Dimension)}
        for each in values:
            assert isinstance(each, Dimension)
            yield tracking_json(each, parent, has_children=each.id in parents)


def _tracking_tree(reader: Reader, wanted: str) -> Json | None:
    """A category with everything below it."""
    if wanted in ids.PARENTS:
        entity = dimension_entity(ids.PARENTS[wanted])
        top = list(_references(reader, entity, IsNull(Field.PARENT)))
        if not top:
            return None
        shown = parent_json(wanted, reader.company)
        shown["subCategories"] = [_below(reader, each, wanted) for each in top]
        return shown
    found = ids.tracking(wanted)
    if found is None:
        return None
    axis, number = found
    value = reader.reference(dimension_entity(axis), number)
    if not isinstance(value, Dimension):
        return None
    parent = next(name for name, known in ids.PARENTS.items() if known == axis)
    return _below(reader, value, parent)


def _below(reader: Reader, value: Reference, parent: str) -> Json:
    """A value with those below it; the ledger bounds how deep trees are."""
    assert isinstance(value, Dimension)
    of_this = Compare(Field.PARENT, Op.EQ, value.id)
    children = list(_references(reader, dimension_entity(value.axis), of_this))
    shown = tracking_json(value, parent, has_children=bool(children))
    shown["subCategories"] = [_below(reader, each, parent) for each in children]
    return shown
