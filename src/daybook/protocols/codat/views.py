"""Companies and connections as this wire knows them, kept beside the books.

Every set of books is a company with one linked connection, without anything being kept for it. What
is made or changed over this wire is kept as documents:

    company      name, description, tags, whose it is, and the books it stands for, if any
    connection   its platform and status; the key begins with the company's id

A company that was made here has no books until a connection is linked. A key opens the companies
whose books it opens, and those its client has made with it or with keys of no other books: two
clients of one name may be strangers (`owns`). What it may do with the books of the latter:

    books it opens by itself      as it says
    books founded for the company as it says: they are the client's
    books linked by another key   what both say, as long as the other one counts
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID, uuid5

from daybook.app import activity
from daybook.app.access import ALL_SCOPES, Authenticator, Principal, Scope
from daybook.app.documents import Document, DocumentChange
from daybook.app.ledger import Books, Ledger
from daybook.app.outbox import Message
from daybook.app.ports import DocumentChanged
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import Company, annex_of
from daybook.protocols.codat import errors, ids
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.kit import json

COMPANY: Final = "company"
CONNECTION: Final = "connection"
"""Kinds of documents."""

PENDING: Final = "PendingAuth"
LINKED: Final = "Linked"
UNLINKED: Final = "Unlinked"
"""Statuses of a connection, as they are kept."""

DEAUTHORIZED: Final = "Deauthorized"
"""The status that a linked connection shows once the key it was linked with counts no more."""

QUICKBOOKS: Final = "qhyg"
"""The platform that books show themselves as where nothing else was said."""

_PAGE: Final = 1_000
_NAMESPACE: Final = UUID("6f1d2a50-7c1b-5c52-9a0e-0d2f3b1c7e44")
"""Where ids are derived that are not drawn: an arbitrary constant."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection. `version` is that of its document, 0 where none is kept; `own` says that the
    books have had it from the start.
    """

    id: str
    company_id: str
    platform: str
    status: str
    created: Timestamp
    last_sync: Timestamp | None = None
    deleted: bool = False
    version: int = 0
    own: bool = False

    @property
    def key(self) -> str:
        """The key of its document."""
        return f"{self.company_id}/{self.id}"


@dataclass(frozen=True, slots=True)
class View:
    """A company. `owner` is the client that made it here and `within` the books that its key opened
    (None: all), `books` what it stands for, `grant` the hash of the key that linked books which
    the owner's keys do not open by themselves.

    `left` are places (`place_of`) of clients that have deleted it for themselves. `connections`
    holds those that are not deleted, in the order they were made; `channels` the ids of all.
    """

    id: str
    name: str
    created: Timestamp
    owner: str | None = None
    within: frozenset[CompanyId] | None = None
    books: CompanyId | None = None
    description: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    products: tuple[str, ...] = ()
    created_by: str | None = None
    deleted: bool = False
    grant: bytes | None = None
    left: tuple[str, ...] = ()
    version: int = 0
    connections: tuple[Connection, ...] = ()
    channels: tuple[str, ...] = ()

    def connection(self, connection_id: str) -> Connection:
        """A connection by its id. Raises `CodatError`."""
        wanted = ids.uuid(connection_id)
        for connection in self.connections:
            if connection.id == wanted:
                return connection
        raise errors.no_connection(connection_id)

    @property
    def labels(self) -> frozenset[str]:
        """Its tags as webhook consumers write them."""
        return frozenset(f"{key}:{value}" for key, value in self.tags)

    @property
    def about(self) -> frozenset[str]:
        """What consumers' `subjects` are held against: see `hearing`."""
        owned = frozenset[str]() if self.owner is None else frozenset({of_client(self.owner)})
        return owned if self.books is None else owned | {ANY_BOOKS, of_books(self.books)}


ANY_BOOKS: Final = "books"
"""Of a company with books: that of a consumer whose key opens all."""


def of_client(client: str) -> str:
    """The subject of what concerns a client."""
    return f"client {client}"


def of_quota(place: str) -> str:
    """The subject of what concerns the quota of a place (`place_of`)."""
    return f"quota {place}"


def of_books(books: CompanyId) -> str:
    """The subject of what concerns books."""
    return f"books {books}"


def derived(*parts: str) -> str:
    """A UUID that is always the same for the same parts."""
    return str(uuid5(_NAMESPACE, "/".join(parts)))


class Views:
    """Finds companies for callers, and keeps what they change."""

    def __init__(self, ledger: Ledger, authenticator: Authenticator) -> None:
        self._ledger = ledger
        self._authenticator = authenticator
        self._directory = ledger.store.directory

    def company(self, principal: Principal, company_id: str) -> View:
        """A company by its id. Raises `CodatError` for one the caller may not see."""
        wanted = ids.uuid(company_id)
        view = None if wanted is None else self.find(wanted)
        if view is None or not may_see(principal, view):
            raise errors.no_company(company_id)
        books = self._opened(principal, view)
        if books is not None:
            activity.opened(books, principal.client, principal.user)
        return view

    def counted(self, principal: Principal, company_id: str) -> CompanyId | str | None:
        """What requests about a company count by: the books it opens, else its id in small letters.

        None for one that the caller may not see.
        """
        wanted = ids.uuid(company_id)
        view = None if wanted is None else self.kept(wanted)
        if view is None or view.deleted or not may_see(principal, view):
            return None
        return self._opened(principal, view) or view.id

    def _opened(self, principal: Principal, view: View) -> CompanyId | None:
        """The books that a company opens to a caller who may see it, if any."""
        opens = view.books is not None and (principal.may_open(view.books) or self._granted(view))
        return view.books if opens else None

    def changeable(self, principal: Principal, company_id: str) -> View:
        """A company that the caller may rename, delete, and connect. Raises `CodatError`.

        That is its owner's to do, and an administrator's: of its books where it has no owner, of
        all books otherwise.
        """
        view = self.company(principal, company_id)
        if not is_administrator(principal, view) and not owns(principal, view):
            raise errors.forbidden()
        return view

    def find(self, company_id: str) -> View | None:
        """A company by its id in small letters, whosever it is; None if it is deleted."""
        view = self.kept(company_id)
        if view is None or view.deleted:
            return None
        kept = self._directory.documents(WIRE, CONNECTION, "", _PAGE, f"{company_id}/")
        return self._with_connections(view, [_connection_of(each) for each in kept])

    def kept(self, company_id: str) -> View | None:
        """A company without its connections, also a deleted one."""
        document = self._directory.document(WIRE, COMPANY, company_id)
        if document is None:
            books = self._directory.by_codat_id(company_id)
            if books is None:
                return None
            return self._of_books(books, company_id)
        return _company_of(document)

    def companies(self, principal: Principal) -> list[View]:
        """Every company the caller may see."""
        kept: dict[str, View] = {}
        for document in self._documents(COMPANY):
            view = _company_of(document)
            kept[view.id] = view
        connections: dict[str, list[Connection]] = {}
        for document in self._documents(CONNECTION):
            connection = _connection_of(document)
            connections.setdefault(connection.company_id, []).append(connection)
        found = [view for view in kept.values() if not view.deleted and may_see(principal, view)]
        for books in self._directory.company_ids():
            names = self._directory.names(books)
            if names is None or names.codat_id in kept or not principal.may_open(books):
                continue
            found.append(self._of_books(books, names.codat_id))
        return [self._with_connections(view, connections.get(view.id, [])) for view in found]

    def books(self, principal: Principal, view: View) -> Books | None:
        """The books a company stands for, for a caller that may see it; None if there are none.

        Raises `CodatError` where they have been linked with a key that counts no more.
        """
        if view.books is None:
            return None
        if principal.may_open(view.books):
            return self._ledger.books(view.books, principal)
        scopes = principal.scopes & self._granted(view)
        if not scopes or (Scope.READ in principal.scopes and Scope.READ not in scopes):
            raise errors.forbidden()
        opened = replace(principal, company_ids=frozenset({view.books}), scopes=scopes)
        return self._ledger.books(view.books, opened)

    def _granted(self, view: View) -> frozenset[Scope]:
        """What the owner of a company may do with books that its key does not open by itself."""
        assert view.books is not None
        if view.owner is None:
            return frozenset()
        if self._directory.by_codat_id(view.id) == view.books:
            return ALL_SCOPES  # founded for it
        giver = self._authenticator.holder(view.grant or b"")
        if not isinstance(giver, Principal) or not giver.may_open(view.books):
            return frozenset()
        return giver.scopes

    def moved_at(self, view: View) -> Timestamp | None:
        """When the books of a company last changed, as far as it still stands for them."""
        if view.books is None or (view.owner is not None and not self._granted(view)):
            return None
        with self._ledger.store.read(view.books) as reader:
            return reader.head().modified_at

    def owned(self, principal: Principal) -> int:
        """How many companies a caller's client has made here, deleted ones apart."""
        views = (_company_of(document) for document in self._documents(COMPANY))
        return sum(owns(principal, view) and not view.deleted for view in views)

    def save(
        self,
        at: Timestamp,
        *records: View | Connection,
        messages: Sequence[Message] = (),
    ) -> None:
        """Keep companies and connections, and tell of it, all as one.

        Raises `CodatError` where somebody else was quicker.
        """
        changes = [_change(record) for record in records]
        try:
            self._directory.change_documents(changes, messages, at)
        except DocumentChanged:
            text = "The record was changed by another request at the same time."
            raise errors.CodatError(409, text, can_be_retried="True") from None

    def _documents(self, kind: str) -> Iterator[Document]:
        after = ""
        while True:
            page = self._directory.documents(WIRE, kind, after, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].key

    def _of_books(self, books: CompanyId, company_id: str) -> View:
        """A company that nothing is kept of but its books."""
        company = self._company(books)
        return View(company_id, company.name, company.created_at, books=books)

    def _company(self, books: CompanyId) -> Company:
        with self._ledger.store.read(books) as reader:
            return reader.company

    def _with_connections(self, view: View, kept: Sequence[Connection]) -> View:
        """A company with its connections: those that are kept, and that of its own books."""
        found = {connection.id: connection for connection in kept}
        if view.books is not None and view.owner is None:
            own = self._own_connection(view)
            found[own.id] = replace(found.get(own.id, own), own=True)
        live = [connection for connection in found.values() if not connection.deleted]
        if view.books is not None and view.owner is not None and not self._granted(view):
            live = [
                replace(each, status=DEAUTHORIZED) if each.status == LINKED else each
                for each in live
            ]
        live.sort(key=lambda connection: (connection.created, connection.id))
        return replace(view, connections=tuple(live), channels=tuple(found))

    def _own_connection(self, view: View) -> Connection:
        """The connection that books have from the start; its id may be kept in their annex."""
        assert view.books is not None
        company = self._company(view.books)
        text = annex_of(company.annex, WIRE)
        kept: Mapping[str, Any] = {}
        if text is not None:
            kept = json.decode(text.encode()).get("connection", {})
        return Connection(
            kept.get("id", derived(view.id, "connection")),
            view.id,
            kept.get("integration", QUICKBOOKS),
            kept.get("status", LINKED),
            company.created_at,
        )


def may_see(principal: Principal, view: View) -> bool:
    """Whether a company is there for a caller."""
    if place_of(principal) in view.left:
        return False
    if owns(principal, view):
        return True
    return view.books is not None and principal.may_open(view.books)


def owns(principal: Principal, view: View) -> bool:
    """Whether a caller's client has made a company, with a key of no other books than the caller's.

    A name alone says little: administrators of different companies choose names for their clients.
    """
    if view.owner is None or view.owner != principal.client:
        return False
    opened = principal.company_ids
    return opened is None or (view.within is not None and view.within <= opened)


def place_of(principal: Principal) -> str:
    """The key that a client's own things are kept by: each set of companies has its own.

    Keys of one client may come from administrators of different companies, who are strangers.
    """
    if principal.company_ids is None:
        return principal.client
    companies = ",".join(map(str, sorted(principal.company_ids)))
    return derived("settings", f"{companies} {principal.client}")


def is_administrator(principal: Principal, view: View) -> bool:
    """Whether a caller administers a company that it may see: all books, or those without owner."""
    if Scope.ADMIN not in principal.scopes:
        return False
    return principal.company_ids is None or view.owner is None


def _company_of(document: Document) -> View:
    kept = json.decode(document.body)
    books = kept.get("books")
    return View(
        document.key,
        kept["name"],
        Timestamp(kept["created"]),
        kept.get("owner"),
        frozenset(map(CompanyId, kept["within"])) if "within" in kept else None,
        None if books is None else CompanyId(books),
        kept.get("description"),
        tuple(kept.get("tags", {}).items()),
        tuple(kept.get("products", ())),
        kept.get("createdBy"),
        kept.get("deleted", False),
        None if "grant" not in kept else bytes.fromhex(kept["grant"]),
        tuple(kept.get("left", ())),
        document.version,
    )


def _connection_of(document: Document) -> Connection:
    kept = json.decode(document.body)
    company_id, _, connection_id = document.key.partition("/")
    synced = kept.get("lastSync")
    return Connection(
        connection_id,
        company_id,
        kept["platform"],
        kept["status"],
        Timestamp(kept["created"]),
        None if synced is None else Timestamp(synced),
        kept.get("deleted", False),
        document.version,
    )


def _change(record: View | Connection) -> DocumentChange:
    members: dict[str, Any]
    if isinstance(record, View):
        kind, key = COMPANY, record.id
        members = {
            "name": record.name,
            "created": record.created,
            "owner": record.owner,
            "within": None if record.within is None else sorted(record.within),
            "books": record.books,
            "description": record.description,
            "tags": dict(record.tags),
            "products": list(record.products),
            "createdBy": record.created_by,
            "grant": None if record.grant is None else record.grant.hex(),
            "left": list(record.left),
        }
    else:
        kind, key = CONNECTION, record.key
        members = {
            "platform": record.platform,
            "status": record.status,
            "created": record.created,
            "lastSync": record.last_sync,
        }
    kept = {name: value for name, value in members.items() if value not in (None, {}, [])}
    if record.deleted:
        kept["deleted"] = True
    return DocumentChange(WIRE, kind, key, json.encode(kept), record.version)
