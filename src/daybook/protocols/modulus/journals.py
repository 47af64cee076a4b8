"""The operations on journals.

A journal is an entry that waits: it is made pending, and may be changed or deleted by the
application that made it while it is pending or in review. That is a guard on the command, judged by
the ledger inside the transaction; of a change and an approval that race, one wins whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from daybook.app.access import Scope
from daybook.app.ledger import Answered, Books, Committed, Context, Refused
from daybook.app.ports import Reader
from daybook.domain.commands import (
    UNSET,
    Command,
    CreateEntry,
    DeleteEntry,
    DocNumberPolicy,
    EntryContent,
    Guard,
    PatchEntry,
)
from daybook.domain.entries import state_faults
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId
from daybook.domain.limits import OFFSET_MAX
from daybook.domain.model import Company, JournalEntry, Status
from daybook.domain.query import And, Compare, Exact, Field, Filter, Offset, Op, Query
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.protocols.modulus import codec, ids, render
from daybook.protocols.modulus.errors import Code, fault_of, refused, success
from daybook.protocols.modulus.limits import (
    INLINE_BODY_BYTES_MAX,
    INLINE_LINES_MAX,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
)
from daybook.protocols.modulus.render import WIRE, Json

T = TypeVar("T")

POSTS_AT_ONCE: Final = "posts-at-once"
"""The option of an application whose journals need no approval."""

REPEATS_NUMBERS: Final = "repeats-numbers"
"""The option of an application that may use a reference number twice."""

WAITING: Final = frozenset({Status.PENDING, Status.REVIEW})
"""The statuses in which a journal's application may change or delete it."""

_PAGE_DIGITS_MAX: Final = 9
"""Digits of a page number: all that the bound on offsets leaves."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose caller is known."""

    request: Request
    books: Books
    parameters: Mapping[str, str]

    @property
    def guard(self) -> Guard:
        """What must hold of a journal that the caller may change."""
        return Guard(WAITING, self.books.principal.client, WIRE)

    def require(self, *scopes: Scope) -> None:
        """Raises 1230 unless the token allows all of this."""
        for scope in scopes:
            if not self.books.may(scope):
                plain = f"the token does not allow {scope.value}"
                raise refused(Code.NOT_YOUR_JOURNAL, plain)


class Journals:
    """Carries out the operations against the ledger. All raise a fault for what is wrong."""

    def __init__(self, services: Services) -> None:
        self._runtime = services.runtime
        self._directory = services.ledger.store.directory

    async def create(self, call: Call) -> Response:
        """Make a journal."""

        def work() -> tuple[Command, Company]:
            body = codec.read_object(call.request.body)
            call.require(Scope.READ, Scope.WRITE)
            with call.books.read() as reader:
                content = _content(body, reader)
                company = reader.company
            options = self._options(call)
            at_once = POSTS_AT_ONCE in options and not company.four_eyes
            status = Status.POSTED if at_once else Status.PENDING
            return CreateEntry(content, status, _number_policy(options)), company

        command, company = await self._aside(_is_large(call), work)
        entry = await self._carry_out(call, command)
        made = {
            "created_journal_id": entry.id,
            "created_date_time": render.local_time(entry.created_at, company),
        }
        return success("New journal created successfully.", made)

    async def update(self, call: Call) -> Response:
        """Give a journal other entries, and perhaps other notes and another number."""

        def work() -> tuple[Command, Company]:
            body = codec.read_object(call.request.body)
            journal_id = _journal_id(body.get("journal_id"))
            call.require(Scope.READ, Scope.WRITE)
            with call.books.read() as reader:
                policy = _number_policy(self._options(call))
                command = _revision(body, journal_id, call.guard, reader, policy)
                return command, reader.company

        # on a thread however little is sent: the journal that is there may be long
        command, company = await self._runtime.in_thread(work)
        entry = await self._carry_out(call, command)
        changed = {
            "updated_journal_id": entry.id,
            "updated_date_time": render.local_time(entry.modified_at, company),
        }
        return success("Journal updated successfully.", changed)

    async def delete(self, call: Call) -> Response:
        """Delete a journal."""
        journal_id = _journal_id(call.parameters.get("journal_id"))
        call.require(Scope.READ, Scope.WRITE)
        entry = await self._carry_out(call, DeleteEntry(journal_id, None, call.guard))
        assert entry.deleted_at is not None
        with call.books.read() as reader:
            company = reader.company
        gone = {
            "deleted_journal_id": entry.id,
            "deleted_date_time": render.local_time(entry.deleted_at, company),
        }
        return success("Journal deleted successfully.", gone)

    async def get(self, call: Call) -> Response:
        """Show a journal of the calling application."""
        journal_id = _journal_id(call.parameters.get("journal_id"))
        call.require(Scope.READ)
        guard = Guard(None, call.guard.origin_client, WIRE)

        def work() -> Response:
            with call.books.read() as reader:
                entry = _own(journal_id, guard, reader)
                shown = render.journal(entry, reader)
            return success("Journal retrieved successfully.", shown)

        with call.books.read() as reader:
            long = reader.has_more_lines(journal_id, INLINE_LINES_MAX)
        return await self._aside(long, work)

    async def list(self, call: Call) -> Response:
        """Show a page of the calling application's journals, without their entries."""
        call.require(Scope.READ)
        client = call.books.principal.client
        page = _number(call.parameters, "page", 1, 10**_PAGE_DIGITS_MAX)
        size = _number(call.parameters, "page_size", PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
        if (page - 1) * size > OFFSET_MAX:
            raise refused(Code.DETAILS_MISSING, "page is beyond any journal")
        where = And(tuple(_conditions(call.parameters, client)))

        def work() -> tuple[list[Json], int]:
            with call.books.read() as reader:
                query = Query(where, page=Offset((page - 1) * size, size))
                found = reader.entries(query)
                heads = [render.journal_head(each, reader.company) for each in found]
                return heads, reader.count_entries(where)

        heads, total = await self._runtime.in_thread(work)
        shown = {"journals": heads, "page": page, "page_size": size, "total_count": total}
        return success("Journals retrieved successfully.", shown)

    async def _aside(self, apart: bool, work: Callable[[], T]) -> T:
        """What `work` comes to, on a thread where it takes long."""
        return await self._runtime.in_thread(work) if apart else work()

    def _options(self, call: Call) -> frozenset[str]:
        """What the calling application was given beyond the usual."""
        client = self._directory.client(call.books.principal.client)
        return frozenset() if client is None else client.options

    async def _carry_out(self, call: Call, command: Command) -> JournalEntry:
        principal = call.books.principal
        actor = Actor(principal.client, WIRE, principal.user, call.request.id)
        outcome = await self._runtime.execute(call.books, command, Context(actor))
        match outcome:
            case Committed():
                (entry,) = outcome.records
                assert isinstance(entry, JournalEntry)
                return entry
            case Refused(refusals):
                raise fault_of(refusals)
            case Answered():
                raise AssertionError("no key was given, so nothing is repeated")


def _is_large(call: Call) -> bool:
    return len(call.request.body) > INLINE_BODY_BYTES_MAX


def _number_policy(options: frozenset[str]) -> DocNumberPolicy:
    if REPEATS_NUMBERS in options:
        return DocNumberPolicy.ALLOW_DUPLICATE
    return DocNumberPolicy.REFUSE_DUPLICATE


def _journal_id(value: object) -> EntryId:
    """The id of a journal; raises 1236 where there is none and 1237 for what is none."""
    if value is None or value == "":
        raise refused(Code.ID_MISSING, "journal_id is missing")
    journal_id = ids.parse(value)
    if journal_id is None:
        raise refused(Code.ID_INVALID, "journal_id is no whole number above 0 that an entry has")
    return journal_id


def _own(journal_id: EntryId, guard: Guard, reader: Reader) -> JournalEntry:
    """A journal that satisfies the guard; raises 1237, 1230 or 1229."""
    entry = reader.entry(journal_id)
    faults = tuple(state_faults(entry, journal_id, None, guard))
    if faults:
        raise fault_of(faults)
    assert entry is not None
    return entry


def _content(body: Mapping[str, Any], reader: Reader) -> EntryContent:
    """The content of a new journal."""
    day = codec.read_date(body.get("date"))
    codec.check_period(reader.company, day)
    amounts = codec.read_entries(body.get("journal_entries"), reader)
    number = codec.read_text(body, "reference_number")
    codec.check_book(body.get("financial_book_id"))
    return EntryContent(
        amounts.lines,
        day,
        number,
        codec.read_text(body, "journal_notes"),
        amounts.currency,
        amounts.rate,
    )


def _revision(
    body: Mapping[str, Any],
    journal_id: EntryId,
    guard: Guard,
    reader: Reader,
    policy: DocNumberPolicy,
) -> PatchEntry:
    """The change of a journal; what is not named stays, but for the entries, which are required."""
    entry = _own(journal_id, guard, reader)
    given = body.get("date")
    if given not in (None, "") and codec.read_date(given) != entry.posting_date:
        raise refused(Code.DATE_FORMAT, "date cannot change: delete the journal and make another")
    codec.check_period(reader.company, entry.posting_date)
    amounts = codec.read_entries(body.get("journal_entries"), reader)
    codec.check_book(body.get("financial_book_id"))
    number, notes = "reference_number", "journal_notes"
    return PatchEntry(
        journal_id,
        None,
        lines=amounts.lines,
        doc_number=codec.read_text(body, number) if number in body else UNSET,
        memo=codec.read_text(body, notes) if notes in body else UNSET,
        currency=amounts.currency,
        rate=amounts.rate,
        doc_numbers=policy,
        guard=guard,
    )


def _conditions(parameters: Mapping[str, str], client: str) -> list[Filter]:
    """What a journal of a list has to satisfy."""
    wanted: list[Filter] = [
        Exact(Field.ORIGIN_CLIENT, (client,)),
        Compare(Field.ORIGIN_PROTOCOL, Op.EQ, WIRE),
        Compare(Field.DELETED, Op.EQ, False),
    ]
    for name, comparison in (("from_date", Op.GE), ("to_date", Op.LE)):
        if parameters.get(name):
            day: date = codec.read_date(parameters[name])
            wanted.append(Compare(Field.POSTING_DATE, comparison, day))
    if parameters.get("status"):
        statuses = {shown: status for status, shown in render.STATUSES.items()}
        status = statuses.get(parameters["status"])
        if status is None:
            raise refused(Code.DETAILS_MISSING, f"status is none of {', '.join(statuses)}")
        wanted.append(Compare(Field.STATUS, Op.EQ, status.value))
    if parameters.get("reference_number"):
        wanted.append(Exact(Field.DOC_NUMBER, (parameters["reference_number"],)))
    return wanted


def _number(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number from 1 on; raises 1232."""
    text = parameters.get(name)
    if not text:
        return default
    plain = text.isascii() and text.isdigit() and len(text) <= _PAGE_DIGITS_MAX
    if plain and 1 <= int(text) <= most:
        return int(text)
    raise refused(Code.DETAILS_MISSING, f"{name} is no whole number from 1 to {most}")
