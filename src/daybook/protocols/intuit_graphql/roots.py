"""What takes arguments: the fields of Query and the lists of a company.

Both ways of answering call these functions. Whatever is refused is a `Fault`, which becomes an
error of the field. All of a request's reads see one snapshot.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from graphql import GraphQLError

from daybook.app.access import Scope
from daybook.app.ledger import Books
from daybook.app.ports import DeadlinePassed, Reader, StoreFailure
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.domain.model import Company, ContactKind, JournalEntry, Status
from daybook.domain.query import ALWAYS, And, Field, Filter, Keyset, OneOf, Query, Sort
from daybook.protocols.intuit_graphql import filters, ids, pages
from daybook.protocols.intuit_graphql.errors import Code, Fault, fault
from daybook.protocols.intuit_graphql.fields import type_of
from daybook.protocols.intuit_graphql.filters import Filters, Member
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.limits import ANSWER_LINES_MAX, PAGE_BYTES_MAX, PAGE_ROWS_MAX
from daybook.protocols.intuit_graphql.pages import Page, Search
from daybook.protocols.intuit_graphql.scene import (
    CLASSES,
    ENTITIES,
    PROJECTS,
    TAX_CODES,
    TAX_RATES,
    Scene,
)
from daybook.protocols.kit.cursor import CursorSeal

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """An operation that is being carried out: for whom, on what, and until when.

    `deadline` is a `time.monotonic()` time; `request_id` goes into the log of the books.
    """

    books: Books
    scene: Scene
    seal: CursorSeal
    deadline: float
    request_id: str
    line_weight: int = 1
    """Times each line counts, see `measure.line_weight`."""
    lines: int = 0
    """Lines of entries in the answer so far, by their weight."""

    def count_lines(self, number: int) -> None:
        """Raises `Fault` where so many more lines would make the answer too large."""
        self.lines += number * self.line_weight
        if self.lines > ANSWER_LINES_MAX:
            message = f"An answer has up to {ANSWER_LINES_MAX:,} lines; ask for fewer entries."
            raise fault(Code.QUERY_TOO_COMPLEX, message)

    def check(self, scope: Scope) -> None:
        """Raises `Fault` where the token does not allow something, or time is up."""
        if not self.books.may(scope):
            raise fault(Code.NO_SCOPE, f"The access token does not allow {scope.value}.")
        if time.monotonic() > self.deadline:
            raise fault(Code.UNAVAILABLE, _TOO_LONG)


Resolve = Callable[[Mapping[str, Any], Call], T]

_TOO_LONG: Final = "The request takes too long; ask for less at a time."
_LOG: Final = logging.getLogger("daybook.intuit_graphql")


def guarded(resolve: Resolve[T]) -> Resolve[T]:
    """The same, with failures of the store and faults of the program as errors of the field.

    Fields before it may have changed the books, so the request must not fail as a whole.
    """

    def work(arguments: Mapping[str, Any], call: Call) -> T:
        try:
            return resolve(arguments, call)
        except (Fault, GraphQLError):
            raise
        except DeadlinePassed:
            raise fault(Code.UNAVAILABLE, _TOO_LONG) from None
        except StoreFailure as failure:
            raise fault(Code.UNAVAILABLE, f"The books cannot be reached: {failure}.") from None
        except Exception:
            _LOG.exception("fault in request %s", call.request_id)
            raise fault(Code.UNEXPECTED, "An unexpected fault; see intuit_tid.") from None

    return work


_ENTRY_ORDER: Final = {
    "TRANSACTION_DATE": Field.POSTING_DATE,
    "REFERENCE_NUMBER": Field.DOC_NUMBER,
    "CREATE_TIME": Field.CREATED_AT,
    "LAST_UPDATED_TIME": Field.MODIFIED_AT,
    "ID": Field.ID,
}
_NAME_ORDER: Final = {"NAME": Field.NAME, "ID": Field.ID}


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of a company: the ledger's entity (None: entries), which of its records are shown,
    the members of its filter, and what it can be ordered by.
    """

    entity: str | None
    shown: Filter
    members: Mapping[str, Member]
    order: Mapping[str, Field]


LISTS: Final[Mapping[str, Listed]] = {
    "journalEntries": Listed(None, filters.VISIBLE, filters.ENTRIES, _ENTRY_ORDER),
    "accounts": Listed(ACCOUNT, ALWAYS, filters.ACCOUNTS, _NAME_ORDER),
    "customers": Listed(
        CONTACT, filters.of_kind(ContactKind.CUSTOMER), filters.CONTACTS, _NAME_ORDER
    ),
    "vendors": Listed(CONTACT, filters.of_kind(ContactKind.VENDOR), filters.CONTACTS, _NAME_ORDER),
    "classes": Listed(CLASSES, ALWAYS, filters.CLASSES, _NAME_ORDER),
    "projects": Listed(PROJECTS, ALWAYS, filters.PROJECTS_MEMBERS, _NAME_ORDER),
    "taxGroups": Listed(TAX_CODES, ALWAYS, filters.TAX_GROUPS, _NAME_ORDER),
}
"""The lists of a company, by field."""


def sort_of(order: list[str] | None, fields: Mapping[str, Field]) -> tuple[Sort, ...]:
    """An order argument; of a field that is named twice the first counts."""
    chosen: dict[Field, Sort] = {}
    for each in order or ():
        name, _, direction = each.rpartition("_")
        chosen.setdefault(fields[name], Sort(fields[name], direction == "DESC"))
    return tuple(chosen.values()) or (Sort(Field.ID),)


def list_page(
    name: str, arguments: Mapping[str, Any], call: Call, wanted: Collection[str] = ENTITIES
) -> Page:
    """A page of one of a company's lists, with what its rows name fetched. Raises `Fault`."""
    return guarded(lambda _, __: _list_page(name, arguments, call, wanted))(arguments, call)


def _list_page(
    name: str, arguments: Mapping[str, Any], call: Call, wanted: Collection[str]
) -> Page:
    call.check(Scope.READ)
    listed, scene = LISTS[name], call.scene
    asked = pages.wanted(arguments)
    with scene.reader() as reader:
        condition = Filters(scene.company, reader).read(arguments.get("filter"), listed.members)
        page = Page(_search(name, listed, condition, arguments, call, reader), asked, call.seal)
    entries = [row for row in page.rows if isinstance(row, JournalEntry)]
    call.count_lines(_lines(entries))
    if listed.entity is None:
        scene.gather_for_entries(entries, wanted)
    else:
        records = [row for row in page.rows if not isinstance(row, JournalEntry)]
        scene.keep(listed.entity, records, wanted)
    return page


def _lines(entries: Collection[JournalEntry]) -> int:
    return sum(len(entry.lines) for entry in entries)


def _search(
    name: str,
    listed: Listed,
    condition: Filter,
    arguments: Mapping[str, Any],
    call: Call,
    reader: Reader,
) -> Search:
    entity = listed.entity

    def fetch(query: Query) -> Any:
        return reader.entries(query) if entity is None else reader.references(entity, query)

    def count(filter: Filter) -> int:
        if entity is None:
            return reader.count_entries(filter)
        return reader.count_references(entity, filter)

    whole = listed.shown if condition is ALWAYS else And((listed.shown, condition))
    sort = sort_of(arguments.get("orderBy"), listed.order)
    return Search(name, call.books.company_id, whole, sort, fetch, count)


def company(_: Mapping[str, Any], call: Call) -> Company:
    """The company of the token."""
    call.check(Scope.READ)
    return call.scene.company


def node(arguments: Mapping[str, Any], call: Call) -> Any:
    """The object with a global id, or None."""
    call.check(Scope.READ)
    return _nodes([arguments["id"]], call)[0]


def nodes(arguments: Mapping[str, Any], call: Call) -> list[Any]:
    """The objects with some global ids, None for each that is not there."""
    call.check(Scope.READ)
    given = arguments["ids"]
    if len(given) > PAGE_ROWS_MAX:
        message = f"Up to {PAGE_ROWS_MAX:,} objects are shown at once, not {len(given):,}."
        raise fault(Code.INVALID_PAGE_SIZE, message, ("ids",))
    return _nodes(given, call)


_ENTITY_OF: Final = {
    Kind.ACCOUNT: ACCOUNT,
    Kind.CONTACT: CONTACT,
    Kind.PROJECT: PROJECTS,
    Kind.CLASS: CLASSES,
    Kind.TAX_GROUP: TAX_CODES,
    Kind.TAX_RATE: TAX_RATES,
}


def _nodes(given: list[str], call: Call) -> list[Any]:
    scene = call.scene
    resolved = [ids.resolve(each, scene.company) for each in given]
    named: dict[str, set[int]] = {name: set() for name in ENTITIES}
    times: Counter[int] = Counter()
    for found in resolved:
        if found is not None and found[0] is Kind.TRANSACTION:
            times[found[1]] += 1
        elif found is not None and found[0] in _ENTITY_OF:
            named[_ENTITY_OF[found[0]]].add(found[1])
    entries = live_entries(times, call)
    for number, entry in entries.items():  # one that is asked for again is shown again
        call.count_lines(len(entry.lines) * (times[number] - 1))
    scene.gather(named, ENTITIES)
    scene.gather_for_entries(entries.values())
    shown = []
    for found in resolved:
        record: Any = None
        if found is not None:
            kind, number = found
            if kind is Kind.TRANSACTION:
                record = entries.get(number)
            elif kind is Kind.COMPANY:
                record = scene.company if str(number) == scene.company.realm else None
            else:
                record = scene.record(_ENTITY_OF[kind], number)
        shown.append(record if type_of(record) else None)
    return shown


def live_entries(numbers: Collection[int], call: Call) -> dict[int, JournalEntry]:
    """The entries with some numbers that this wire shows. Raises `Fault` if they are too large."""
    found: dict[int, JournalEntry] = {}
    if not numbers:
        return found
    condition, after = OneOf(Field.ID, tuple(numbers)), None
    with call.scene.reader() as reader:
        for _ in numbers:  # as many pages at most: each has a row, or is the last
            page = Keyset(len(numbers), after)
            entries = reader.entries(Query(condition, (Sort(Field.ID),), page, PAGE_BYTES_MAX))
            call.count_lines(_lines(entries))
            found.update((entry.id, entry) for entry in entries if is_shown(entry))
            if not entries or len(found) == len(numbers):
                break
            after = (entries[-1].id, entries[-1].id)
    return found


def is_shown(entry: JournalEntry) -> bool:
    """Whether an entry is one that this wire shows."""
    return entry.deleted_at is None and entry.status is Status.POSTED


ROOTS: Final[Mapping[str, Resolve[Any]]] = {
    "company": guarded(company),
    "node": guarded(node),
    "nodes": guarded(nodes),
}
"""The fields of Query."""
