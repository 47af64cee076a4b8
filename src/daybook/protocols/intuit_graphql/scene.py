"""What one request sees of the books: a snapshot, and the records its rows name.

Rows name accounts, contacts, classes and so on by number. They are fetched together, before the
rows are shown: a fixed number of reads for a page, however long (`gather`). What was not gathered
is fetched when it is asked for, so that nothing depends on gathering but speed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity, list_entity
from daybook.domain.ids import CompanyId
from daybook.domain.model import (
    CLASS,
    PROJECT,
    Account,
    Company,
    Contact,
    Dimension,
    JournalEntry,
    ListItem,
    ListKind,
    Reference,
)
from daybook.protocols.intuit_graphql import ids, stored
from daybook.protocols.intuit_graphql.ids import Kind

CLASSES: Final = dimension_entity(CLASS)
PROJECTS: Final = dimension_entity(PROJECT)
TAX_CODES: Final = list_entity(ListKind.TAX_CODE)
TAX_RATES: Final = list_entity(ListKind.TAX_RATE)

ENTITIES: Final = frozenset({ACCOUNT, CONTACT, CLASSES, PROJECTS, TAX_CODES, TAX_RATES})
"""What lines can name."""

Opening = Callable[[], AbstractContextManager[Reader]]


class Scene:
    """The books as one request sees them.

    `open` gives a reader: the same snapshot for all of a query; for a mutation, a new one after
    each change. With `hides_side` lines show no side. Whoever writes answers as text
    has in `id_texts` how the JSON of an id begins, by name of its kind, and in `memory` the texts
    of records by number.
    """

    __slots__ = (
        "_balances",
        "_open",
        "_prefixes",
        "_records",
        "company",
        "credit_text",
        "debit_text",
        "hides_side",
        "id_texts",
        "memory",
    )

    def __init__(self, company: Company, open: Opening, *, hides_side: bool = False) -> None:
        self.company = company
        self._open = open
        self.hides_side = hides_side
        self._records: dict[str, dict[int, Reference | None]] = {name: {} for name in ENTITIES}
        self._balances: dict[int, int] | None = None
        self._prefixes = {kind: ids.prefix(company.realm, kind) for kind in Kind}
        self.id_texts = {kind.name: f'"{prefix}' for kind, prefix in self._prefixes.items()}
        self.debit_text = "null" if hides_side else '"DEBIT"'
        self.credit_text = "null" if hides_side else '"CREDIT"'
        self.memory: list[dict[int | None, str]] = []

    def remember_texts(self, kinds: int) -> None:
        """Begin to remember the texts of so many kinds of records, anew; no record is null."""
        self.memory = [{None: "null"} for _ in range(kinds)]

    def reader(self) -> AbstractContextManager[Reader]:
        """A reader, for as long as the block lasts."""
        return self._open()

    def forget(self) -> None:
        """Let go of what was read: the books have changed."""
        self._balances = None
        self._records = {name: {} for name in ENTITIES}

    def id(self, kind: Kind, number: int) -> str:
        """A global id of this company."""
        return f"{self._prefixes[kind]}{number}"

    def record(self, entity: str, number: int) -> Any:
        """A record by its number, or None."""
        known = self._records[entity]
        if number not in known:
            with self._open() as reader:
                known[number] = reader.reference(entity, number)
        return known[number]

    def balance(self, account_id: int) -> int:
        """Debits less credits of an account, in minor units of the home currency."""
        if self._balances is None:
            with self._open() as reader:
                self._balances = {total.id: total.balance for total in reader.account_totals()}
        return self._balances.get(account_id, 0)

    def gather_for_entries(
        self, entries: Iterable[JournalEntry], wanted: Collection[str] = ENTITIES
    ) -> None:
        """Fetch what the lines of entries name, of the entities that are wanted."""
        named: dict[str, set[int]] = {name: set() for name in ENTITIES}
        accounts, contacts = named[ACCOUNT], named[CONTACT]
        for entry in entries:
            for line in entry.lines:
                accounts.add(line.account_id)
                if line.contact_id is not None:
                    contacts.add(line.contact_id)
                for axis, number in line.dimensions:
                    if axis == CLASS:
                        named[CLASSES].add(number)
                    elif axis == PROJECT:
                        named[PROJECTS].add(number)
                if line.tax is not None and line.tax.code_id is not None:
                    code = ids.number_of(line.tax.code_id)
                    if code is not None:
                        named[TAX_CODES].add(code)
                if line.annex:
                    account = stored.line_extras(line.annex).markup_account
                    if account is not None:
                        accounts.add(account)
        self.gather(named, wanted)

    def keep(self, entity: str, records: Sequence[Reference], wanted: Collection[str]) -> None:
        """Remember records that were read, and fetch what they name in turn."""
        self._records[entity].update((record.id, record) for record in records)
        named: dict[str, set[int]] = {name: set() for name in ENTITIES}
        for record in records:
            _add_named(record, named)
        self.gather(named, wanted)

    def gather(self, named: dict[str, set[int]], wanted: Collection[str]) -> None:
        """Fetch records by entity and number, then those that they name: parents, customers of
        projects, rates of tax groups. As many rounds as trees have levels.
        """
        while True:
            missing = {
                entity: [number for number in numbers if number not in self._records[entity]]
                for entity, numbers in named.items()
                if entity in wanted and numbers
            }
            if not any(missing.values()):
                return
            named = {name: set() for name in ENTITIES}
            with self._open() as reader:
                for entity, numbers in missing.items():
                    found = reader.references_by_id(entity, numbers) if numbers else {}
                    known = self._records[entity]
                    for number in numbers:
                        known[number] = found.get(number)
                    for record in found.values():
                        _add_named(record, named)


def _no_reader() -> AbstractContextManager[Reader]:
    raise AssertionError("what is the same for every row needs no look at the books")


def bare_scene() -> Scene:
    """A scene without books, for what shows the same whatever they hold."""
    return Scene(Company(CompanyId(0), "", "", "", "", ""), _no_reader)


def _add_named(record: Reference, named: dict[str, set[int]]) -> None:
    """What a record names in turn."""
    match record:
        case Account(parent_id=int(parent)):
            named[ACCOUNT].add(parent)
        case Dimension(axis=axis):
            if axis == CLASS and record.parent_id is not None:
                named[CLASSES].add(record.parent_id)
            if axis == PROJECT and record.contact_id is not None:
                named[CONTACT].add(record.contact_id)
        case ListItem(list=ListKind.TAX_CODE):
            for sale in (True, False):
                named[TAX_RATES].update(stored.rate_numbers(record, sale=sale))
        case Contact() | _:
            pass
