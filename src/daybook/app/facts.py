"""Reads what `decide` has to know about a command.

One `FactReader` serves one transaction. It remembers how references resolved, since an import
names the same few accounts a million times, and forgets as soon as a reference record changes.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from daybook.app.ports import Tx
from daybook.domain import limits
from daybook.domain.commands import (
    ChangeCompany,
    Command,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    DocNumberPolicy,
    EntryContent,
    LineDraft,
    ListItemContent,
    MoveEntry,
    PatchEntry,
    ReferenceContent,
    ReplaceEntry,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.entries import resulting_content, today
from daybook.domain.events import (
    ACCOUNT,
    CONTACT,
    ENTRY,
    RATE,
    Actor,
    dimension_entity,
)
from daybook.domain.facts import Facts
from daybook.domain.ids import ByCode, ByName, EntryId, Ref, Timestamp
from daybook.domain.model import (
    Account,
    AccountKind,
    Contact,
    Dimension,
    JournalEntry,
    Reference,
    Status,
)
from daybook.domain.query import And, Compare, Field, Offset, Op, Query, fold
from daybook.domain.references import entity_for, full_name_for, name_below

_RESOLVED_MAX = 100_000
"""Resolved references one transaction remembers before it starts anew: some 20 MB."""


class FactReader:
    """Reads facts for the commands of one transaction."""

    __slots__ = ("_company", "_resolved", "_tx")

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._company = tx.company
        self._resolved: dict[tuple[str, Ref], Sequence[Reference]] = {}

    def forget(self) -> None:
        """Call after a change of the company or a reference record."""
        self._resolved = {}
        self._company = self._tx.company

    def read(self, command: Command, actor: Actor, now: Timestamp) -> Facts:
        """What a command is to be judged by."""
        match command:
            case CreateEntry() | ReplaceEntry() | PatchEntry():
                return self._entry_facts(command, actor, now)
            case DeleteEntry():
                return self._deletion_facts(command, actor)
            case MoveEntry():
                return self._move_facts(command, actor)
            case CreateReference() | ReplaceReference():
                return self._reference_facts(command, actor)
            case SetExchangeRate():
                return Facts(
                    self._company,
                    actor,
                    next_id=self._tx.next_id(RATE),
                    current=self._rate_record(command),
                )
            case ChangeCompany():
                return Facts(self._company, actor)

    def _deletion_facts(self, command: DeleteEntry, actor: Actor) -> Facts:
        entry = self._tx.entry(command.entry_id)
        authors: Sequence[Actor] = ()
        if command.second_person and entry is not None:
            authors = self._tx.authors(ENTRY, command.entry_id)
        return Facts(self._company, actor, entry=entry, authors=authors)

    def _move_facts(self, command: MoveEntry, actor: Actor) -> Facts:
        entry = self._tx.entry(command.entry_id)
        posting = command.status is Status.POSTED and entry is not None
        authors: Sequence[Actor] = ()
        if posting and self._company.four_eyes:
            authors = self._tx.authors(ENTRY, command.entry_id)
        return Facts(self._company, actor, entry=entry, authors=authors)

    def _entry_facts(
        self, command: CreateEntry | ReplaceEntry | PatchEntry, actor: Actor, now: Timestamp
    ) -> Facts:
        tx, company = self._tx, self._company
        entry: JournalEntry | None = None
        if isinstance(command, CreateEntry):
            if command.entry_id is not None:
                entry = tx.entry(command.entry_id)
        else:
            entry = tx.entry(command.entry_id)
            if entry is None or entry.deleted_at is not None:
                return Facts(company, actor, entry=entry)
        # An entry that is to be made has none before it, even if its id should be taken.
        before = None if isinstance(command, CreateEntry) else entry
        content = resulting_content(command, before)
        return Facts(
            company,
            actor,
            next_id=tx.next_id(ENTRY) if isinstance(command, CreateEntry) else 0,
            entry=entry,
            content=content,
            found=self._found(content),
            rate=self._rate(content, before, now),
            doc_number_holder=self._holder(command, content, before),
            highest_doc_number=(
                tx.highest_doc_number()
                if command.doc_numbers is DocNumberPolicy.ASSIGN and content.doc_number is None
                else 0
            ),
        )

    def _found(self, content: EntryContent) -> Mapping[tuple[str, Ref], Sequence[Reference]]:
        """Every reference of the lines, resolved; bounded by the bound on lines.

        The mapping is what this transaction remembers, so it may hold more than was asked.
        """
        if len(self._resolved) >= _RESOLVED_MAX:
            self._resolved = {}
        found = self._resolved
        for line in content.lines[: limits.LINES_MAX]:
            if not isinstance(line, LineDraft):
                continue
            key = (ACCOUNT, line.account)
            if key not in found:
                found[key] = self._tx.find(*key)
            if line.contact is not None:
                key = (CONTACT, line.contact)
                if key not in found:
                    found[key] = self._tx.find(*key)
            for axis, ref in line.dimensions[: limits.DIMENSIONS_PER_LINE_MAX]:
                key = (dimension_entity(axis), ref)
                if key not in found:
                    found[key] = self._tx.find(*key)
        return found

    def _rate(
        self, content: EntryContent, entry: JournalEntry | None, now: Timestamp
    ) -> Decimal | None:
        company = self._company
        if content.currency in (None, company.home_currency) or content.rate is not None:
            return None
        assert content.currency is not None
        day = content.posting_date or (entry.posting_date if entry else today(company, now))
        return self._tx.rate(content.currency, day)

    def _holder(
        self,
        command: CreateEntry | ReplaceEntry | PatchEntry,
        content: EntryContent,
        entry: JournalEntry | None,
    ) -> EntryId | None:
        """Who else has the document number; an entry that keeps its own need not ask."""
        number = content.doc_number
        if (
            not number
            or command.doc_numbers is DocNumberPolicy.ALLOW_DUPLICATE
            or not (
                self._company.doc_number_unique
                or command.doc_numbers is DocNumberPolicy.REFUSE_DUPLICATE
            )
            or (entry is not None and entry.doc_number == number)
        ):
            return None
        return self._tx.doc_number_holder(number)

    def _rate_record(self, command: SetExchangeRate) -> Reference | None:
        where = And(
            (
                Compare(Field.NAME, Op.EQ, command.currency),
                Compare(Field.AS_OF, Op.EQ, command.as_of),
            )
        )
        found = self._tx.references(RATE, Query(where, page=Offset(0, 1)))
        return found[0] if found else None

    def _reference_facts(self, command: CreateReference | ReplaceReference, actor: Actor) -> Facts:
        tx, content = self._tx, command.content
        entity = entity_for(content)
        record_id = command.record_id
        current = None if record_id is None else tx.reference(entity, record_id)
        found: dict[tuple[str, Ref], Sequence[Reference]] = {}
        parent: Reference | None = None
        if not isinstance(content, ListItemContent) and content.parent is not None:
            key = (entity, content.parent)
            found[key] = tx.find(*key)
            parent = found[key][0] if len(found[key]) == 1 else None
        revising = isinstance(command, ReplaceReference) and current is not None
        descendants = self._descendants(entity, current) if revising and current else ()
        code = getattr(content, "code", None)
        kind = getattr(content, "kind", None)
        return Facts(
            self._company,
            actor,
            next_id=tx.next_id(entity),
            found=found,
            current=current,
            ancestors=self._ancestors(entity, parent),
            descendants=descendants,
            below_same_name=self._taken_below(entity, current, descendants, content, parent),
            same_name=self._others(entity, ByName(full_name_for(content, parent)), current),
            same_code=self._others(entity, ByCode(code), current) if code else (),
            posted_to=(
                revising
                and current is not None
                and isinstance(kind, AccountKind)
                and tx.is_posted_to(current.id)  # type: ignore[arg-type]
            ),
        )

    def _ancestors(self, entity: str, parent: Reference | None) -> Sequence[int]:
        ids: list[int] = []
        while parent is not None and len(ids) <= limits.TREE_DEPTH_MAX:
            ids.append(parent.id)
            above = getattr(parent, "parent_id", None)
            parent = None if above is None else self._tx.reference(entity, above)
        return ids

    def _descendants(self, entity: str, current: Reference) -> Sequence[Reference]:
        below: list[Reference] = []
        level: Sequence[Reference] = [current]
        while level and len(below) <= limits.DESCENDANTS_MAX:
            level = [child for each in level for child in self._tx.children(entity, each.id)]
            below.extend(level)
        return below

    def _taken_below(
        self,
        entity: str,
        current: Reference | None,
        descendants: Sequence[Reference],
        content: ReferenceContent,
        parent: Reference | None,
    ) -> Sequence[Reference]:
        """Who has the names that active records below a renamed one would get."""
        old, new = getattr(current, "full_name", None), full_name_for(content, parent)
        if not descendants or old is None or old == new:
            return ()
        moved = {record.id for record in descendants}
        taken: list[Reference] = []
        for record in descendants[: limits.DESCENDANTS_MAX]:
            assert isinstance(record, Account | Contact | Dimension)
            name = name_below(record, old, new)
            taken.extend(
                other
                for other in (self._others(entity, ByName(name), current) if record.active else ())
                if other.id not in moved and fold(getattr(other, "full_name", "")) == fold(name)
            )
        return taken

    def _others(self, entity: str, ref: Ref, current: Reference | None) -> Sequence[Reference]:
        own = None if current is None else current.id
        return [
            record
            for record in self._tx.find(entity, ref)
            if record.id != own and getattr(record, "active", True)
        ]
