"""What the list entities have in common: how a body becomes a content, and a record an object.

A list entity is a table of members (`shape`) and three functions. `members_of` gives the members
a record has, in the form `shapes.read` gives them; a sparse update lays what was sent over them,
a full one starts from nothing. `content` makes of the result what the ledger keeps, and `render`
shows records, a page at a time: what they need from the books is read once for all of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.commands import ReferenceContent
from daybook.domain.ids import ById, Ref
from daybook.domain.limits import FILTER_LIST_MAX
from daybook.domain.model import (
    Account,
    Contact,
    ContactKind,
    Dimension,
    ListItem,
    Reference,
)
from daybook.domain.query import Field, Keyset, OneOf, Query
from daybook.protocols.qbo import errors, ids
from daybook.protocols.qbo.render import DELETED_SUFFIX, Json, metadata, shown_name
from daybook.protocols.qbo.shapes import Findings, Members, Shape, echoed, reference, text

_PAGE_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a create or update comes down to: all members the record is to have.

    `current` is the record as it is, None on a create. What is wrong goes to `findings`.
    """

    members: Members
    current: Reference | None
    reader: Reader
    findings: Findings
    sent: frozenset[str] = field(default_factory=frozenset)

    def get(self, name: str) -> Any:
        """The value of a member, or None."""
        return self.members.get(name)

    def name(self, member: str) -> str:
        """The record's name; a missing one is noted.

        Whoever sends back an inactive record as it was read sends the suffix that is shown
        behind its name, which is no part of it.
        """
        name: str | None = self.members.get(member)
        if name is None or not name.strip():
            self.findings.require(member)
            return ""
        current = self.current
        if current is not None and name.endswith(DELETED_SUFFIX):
            plain = name[: -len(DELETED_SUFFIX)]
            if plain == getattr(current, "name", None):
                return plain
        return name

    def active(self) -> bool:
        """Whether the record is to be active; it is unless the request says otherwise."""
        return self.members.get("Active") is not False

    def parent(self, flag: str, word: str) -> Ref | None:
        """The record above, from `ParentRef`; `flag` is the member that says there is one."""
        value = self.members.get("ParentRef")
        if flag in self.sent and "ParentRef" not in self.sent and not self.members.get(flag):
            return None
        if value is None:
            if self.members.get(flag) is True and flag != "Job":
                self.findings.require("ParentRef")
            return None
        number = ids.parse(value)
        if number is None:
            self.findings.add(errors.unknown_reference(word, value, "ParentRef"))
            return None
        return ById(number)


@dataclass(frozen=True, slots=True)
class ListEntity:
    """An entity of this wire that is a reference record of the ledger.

    `name` is the entity's name in bodies, `core` the ledger's entity; of those records it shows
    the ones of `kind`, where that is set. `operations` are what may be asked of it.
    """

    name: str
    core: str
    shape: Shape
    members_of: Callable[[Any], Members]
    content: Callable[[Draft], ReferenceContent]
    render: Callable[[Sequence[Any], Reader], list[Json]]
    kind: ContactKind | None = None
    operations: frozenset[str] = frozenset({"create", "update"})

    def holds(self, record: Reference) -> bool:
        """Whether a record of the ledger's entity belongs to this one."""
        return self.kind is None or (isinstance(record, Contact) and record.kind is self.kind)

    def show(self, record: Reference, reader: Reader) -> Json:
        """One record as this entity shows it."""
        return self.render([record], reader)[0]

    def find(self, reader: Reader, record_id: int) -> Reference | None:
        """A record of this entity, or None."""
        record = reader.reference(self.core, record_id)
        return record if record is not None and self.holds(record) else None


def each(show: Callable[[Any, Reader], Json]) -> Callable[[Sequence[Any], Reader], list[Json]]:
    """How to show a page of records none of which needs more than itself."""
    return lambda records, reader: [show(record, reader) for record in records]


Named = Account | Contact | Dimension | ListItem


def base_members(record: Named, reader: Reader) -> Json:
    """The members every entity has, in order."""
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": str(record.id),
        "SyncToken": str(record.version),
        "MetaData": metadata(record.created_at, record.modified_at, reader.company),
    }


def full_name(record: Account | Contact | Dimension) -> str:
    """The full name as it is shown."""
    return shown_name(record.full_name, record.active)


def own_name(record: Named) -> str:
    """The name as it is shown."""
    return shown_name(record.name, record.active)


def balances_below(
    entity: str,
    records: Sequence[Account | Contact],
    reader: Reader,
    balances: Callable[[Sequence[int]], Mapping[int, int]],
) -> tuple[dict[int, int], dict[int, int]]:
    """Balances of records, and of those with all that stand below them, by id.

    `balances` reads the balances of some records. The tree is walked level by level, so the
    reads are as many as its levels, however many records there are.
    """
    above: dict[int, int] = {}
    level: list[int] = [record.id for record in records]
    known = set(level)
    while level:
        below: list[int] = []
        for child in _children(reader, entity, level):
            assert isinstance(child, Account | Contact)
            assert child.parent_id is not None
            above[child.id] = child.parent_id
            if child.id not in known:
                below.append(child.id)
        known.update(below)
        level = below
    own = dict(balances(sorted(known)))
    whole = dict.fromkeys(known, 0)
    for record_id in known:
        at: int | None = record_id
        while at is not None and at in whole:
            whole[at] += own.get(record_id, 0)
            at = above.get(at)
    return own, whole


def _children(reader: Reader, entity: str, ids: Sequence[int]) -> Iterator[Reference]:
    """The records directly below some."""
    for start in range(0, len(ids), FILTER_LIST_MAX):
        yield from _children_of(reader, entity, tuple(ids[start : start + FILTER_LIST_MAX]))


def _children_of(reader: Reader, entity: str, ids: tuple[int, ...]) -> Iterator[Reference]:
    where = OneOf(Field.PARENT, ids)
    after: tuple[Any, ...] | None = None
    while True:
        page = reader.references(entity, Query(where, page=Keyset(_PAGE_ROWS, after)))
        yield from page
        if len(page) < _PAGE_ROWS:
            return
        after = (page[-1].id,)


def kept_reference(value: Any, name: str, findings: Findings) -> Json | None:
    """A reference that is kept and shown again."""
    target = reference(value, name, findings)
    return None if target is None else {"value": target}


def _email(value: Any, name: str, findings: Findings) -> str:
    address: str = text(100)(value, name, findings)
    if "@" not in address or "." not in address:
        findings.invalid("2210", name, address, "is no e-mail address")
    return address


_CONTACT_POINT: Final = {"Id": text(30), "Default": text(5), "Tag": text(100)}
address: Final = echoed(
    Shape(
        "PhysicalAddress",
        {
            "Id": text(30),
            "Line1": text(500),
            "Line2": text(500),
            "Line3": text(500),
            "Line4": text(500),
            "Line5": text(500),
            "City": text(255),
            "Country": text(255),
            "CountryCode": text(255),
            "CountrySubDivisionCode": text(255),
            "PostalCode": text(30),
            "PostalCodeSuffix": text(30),
            "Lat": text(30),
            "Long": text(30),
            "Note": text(2_000),
            "Tag": text(100),
        },
    )
)
phone: Final = echoed(
    Shape(
        "TelephoneNumber",
        {
            **_CONTACT_POINT,
            "FreeFormNumber": text(30),
            "DeviceType": text(30),
            "CountryCode": text(30),
            "AreaCode": text(30),
            "ExchangeCode": text(30),
            "Extension": text(30),
        },
    )
)
email: Final = echoed(Shape("EmailAddress", {**_CONTACT_POINT, "Address": _email}))
web: Final = echoed(Shape("WebSiteAddress", {**_CONTACT_POINT, "URI": text(1_000)}))
