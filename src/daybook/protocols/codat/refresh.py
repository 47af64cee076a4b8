"""Refreshing data: asked for by clients before they read, and truthfully done at once.

Every read shows the ledger as it is. A refresh is a record of having been asked, which stamps
`lastSync` and tells webhook consumers: a document by company and time. Books that were there
before anybody asked have been read once for each type, when they were founded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from daybook.app.access import Scope
from daybook.app.documents import DOCUMENT_CHANGES_MAX, DocumentChange
from daybook.app.ledger import Ledger
from daybook.app.outbox import Message
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import errors, events, ids, matching, times
from daybook.protocols.codat.calls import Call, answer, nothing
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.limits import DATASETS_MAX
from daybook.protocols.codat.platforms import FEATURES, PLATFORMS, data_type
from daybook.protocols.codat.properties import Properties, Property, Type
from daybook.protocols.codat.query import parse
from daybook.protocols.codat.views import LINKED, PENDING, Connection, View, Views, derived
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response

Json = dict[str, Any]

DATASET: Final = "dataset"
"""Kind of documents."""

QUEUED: Final = "Queued"
COMPLETE: Final = "Complete"
NOT_SUPPORTED: Final = "NotSupported"
AUTH_ERROR: Final = "AuthError"

PROPERTIES: Final = Properties(
    "Dataset",
    tuple(
        Property(path, kind)
        for path, kind in (
            ("id", Type.TEXT),
            ("companyId", Type.TEXT),
            ("connectionId", Type.TEXT),
            ("dataType", Type.TEXT),
            ("status", Type.TEXT),
            ("statusDescription", Type.TEXT),
            ("errorMessage", Type.TEXT),
            ("requested", Type.DATE),
            ("completed", Type.DATE),
            ("progress", Type.NUMBER),
        )
    ),
)
"""`isCompleted` and `isErrored` cannot be asked for, as on the original."""

_LIVE: Final = frozenset({"balanceSheet", "chartOfAccounts", "journalEntries", "profitAndLoss"})
"""Types that move with every entry."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A refresh of one type of data."""

    id: str
    connection_id: str
    data_type: str
    status: str
    requested: Timestamp

    def shown(self, view: View, *, queued: bool = False) -> Json:
        """As JSON; `queued` as it was when it had just been asked for."""
        status = QUEUED if queued and self.status == COMPLETE else self.status
        shown: Json = {
            "id": self.id,
            "companyId": view.id,
            "connectionId": self.connection_id,
            "dataType": self.data_type,
            "status": status,
        }
        if status == AUTH_ERROR:
            shown["errorMessage"] = "The connection is not linked."
        shown["requested"] = times.utc(self.requested)
        if status != QUEUED:
            shown["completed"] = times.utc(self.requested)
        shown["progress"] = 0 if status == QUEUED else 100
        shown["isCompleted"] = status == COMPLETE
        shown["isErrored"] = status == AUTH_ERROR
        return shown


class Refresh:
    """Answers what is asked of refreshes."""

    def __init__(self, ledger: Ledger, views: Views) -> None:
        self._ledger = ledger
        self._directory = ledger.store.directory
        self._views = views

    def all(self, call: Call) -> Response:
        """`POST /companies/{companyId}/data/all`: 204."""
        call.require(Scope.WRITE)
        view = self._views.company(call.principal, call.names["companyId"])
        for connection in view.connections:
            if connection.status == LINKED:
                self.queue(view, connection, list(FEATURES), call.now)
        return nothing(204)

    def one(self, call: Call) -> Response:
        """`POST /companies/{companyId}/data/queue/{dataType}`."""
        if call.names["dataType"].lower() == "all":
            return self.all(call)
        call.require(Scope.WRITE)
        view = self._views.company(call.principal, call.names["companyId"])
        return self._queue_one(call, view, call.names["dataType"])

    def info(self, call: Call) -> Response:
        """`POST /companies/{companyId}/data/info`: the company's own details."""
        call.require(Scope.WRITE)
        view = self._views.company(call.principal, call.names["companyId"])
        return self._queue_one(call, view, "company")

    def _queue_one(self, call: Call, view: View, word: str) -> Response:
        wanted = data_type(word)
        if wanted is None:
            names = [PLATFORMS[each.platform].name for each in view.connections]
            raise errors.unsupported_type(word, ", ".join(names) or "none")
        connection = self._connection(view, call.parameters.get("connectionid", ""))
        [dataset] = self.queue(view, connection, [wanted], call.now)
        return answer(dataset.shown(view, queued=True))

    def _connection(self, view: View, wanted: str) -> Connection:
        if wanted.strip():
            return view.connection(wanted.strip())
        candidates = [each for each in view.connections if each.status != PENDING]
        candidates.sort(key=lambda each: each.status != LINKED)
        if not candidates:
            raise errors.bad_request("The company has no connection that is linked.")
        return candidates[0]

    def queue(
        self,
        view: View,
        connection: Connection,
        data_types: Sequence[str],
        now: Timestamp,
        *,
        initial: bool = False,
        messages: Sequence[Message] = (),
    ) -> list[Dataset]:
        """Note that types of data of a connection were refreshed, and tell of it."""
        made: list[Dataset] = []
        for name in data_types:
            status = COMPLETE if connection.status == LINKED else AUTH_ERROR
            if name not in FEATURES:
                status = NOT_SUPPORTED
            made.append(Dataset(str(uuid4()), connection.id, name, status, now))
        told = list(messages)
        done = [each.data_type for each in made if each.status == COMPLETE]
        if done:
            told.append(events.read_completed(view, connection.id, done, now, initial=initial))
        changes = [_change(view, dataset, at) for at, dataset in enumerate(made)]
        changes.extend(self._surplus(view, len(changes)))
        self._directory.change_documents(changes, told, now)
        return made

    def _surplus(self, view: View, coming: int) -> list[DocumentChange]:
        """The oldest refreshes, where there are more than are remembered."""
        prefix = f"{view.id}/"
        over = self._directory.count_documents(WIRE, DATASET, prefix) + coming - DATASETS_MAX
        if over <= 0:
            return []
        limit = min(over, DOCUMENT_CHANGES_MAX - coming)
        oldest = self._directory.documents(WIRE, DATASET, "", limit, prefix)
        return [DocumentChange(WIRE, DATASET, each.key, None, each.version) for each in oldest]

    def datasets(self, view: View) -> list[Dataset]:
        """All refreshes of a company that are remembered, the oldest first."""
        found: list[Dataset] = []
        for connection in view.connections:
            if connection.own:
                found.extend(_first_reads(view, connection))
        kept = self._directory.documents(WIRE, DATASET, "", 2 * DATASETS_MAX, f"{view.id}/")
        found.extend(_dataset_of(each.key, each.body) for each in kept)
        return found

    def history(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/history`."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        page = call.page()
        tree = parse(page.query)
        matching.check(tree, PROPERTIES)
        shown = (dataset.shown(view) for dataset in self.datasets(view))
        found = [each for each in shown if matching.matches(tree, PROPERTIES, each)]
        rows = matching.ordered(found, page.order, PROPERTIES, "-requested")
        return answer(page.envelope(rows[page.start : page.start + page.size], len(rows)))

    def show(self, call: Call) -> Response:
        """`GET /companies/{companyId}/data/history/{datasetId}`."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        return answer(self._dataset(view, call.names["datasetId"]).shown(view))

    def validation(self, call: Call) -> Response:
        """`GET /companies/{companyId}/sync/{datasetId}/validation`: nothing is ever wrong."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        self._dataset(view, call.names["datasetId"])
        return answer({"errors": [], "warnings": []})

    def _dataset(self, view: View, dataset_id: str) -> Dataset:
        wanted = ids.uuid(dataset_id)
        for dataset in self.datasets(view):
            if dataset.id == wanted:
                return dataset
        raise errors.CodatError(
            404, f"No dataset was found with ID {errors.short(dataset_id)}", service=errors.PULL
        )

    def status(self, call: Call) -> Response:
        """`GET /companies/{companyId}/dataStatus`: types never read are left out."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        shown: dict[str, Json] = {}
        for dataset in self.datasets(view):
            before = shown.get(dataset.data_type, {})
            status: Json = {
                **before,
                "dataType": dataset.data_type,
                "currentStatus": dataset.status,
                "latestSyncId": dataset.id,
            }
            if dataset.status == COMPLETE:
                status["lastSuccessfulSync"] = times.utc(dataset.requested)
                status["latestSuccessfulSyncId"] = dataset.id
            shown[dataset.data_type] = status
        moved = self._views.moved_at(view)
        for name in _LIVE & shown.keys():
            if moved is not None and "lastSuccessfulSync" in shown[name]:
                last = max(moved, times.read(shown[name]["lastSuccessfulSync"]) or moved)
                shown[name]["lastSuccessfulSync"] = times.utc(last)
        return answer({name: shown[name] for name in sorted(shown)})


def _first_reads(view: View, connection: Connection) -> list[Dataset]:
    """The reads of a connection that has been there from the start."""
    return [
        Dataset(
            derived(view.id, connection.id, name), connection.id, name, COMPLETE, connection.created
        )
        for name in FEATURES
    ]


def _change(view: View, dataset: Dataset, at: int) -> DocumentChange:
    # the id in the key keeps apart what two callers ask for in the same microsecond
    key = f"{view.id}/{dataset.requested:020}/{at:03}/{dataset.id}"
    body = {
        "connection": dataset.connection_id,
        "dataType": dataset.data_type,
        "status": dataset.status,
    }
    return DocumentChange(WIRE, DATASET, key, json.encode(body), 0)


def _dataset_of(key: str, body: bytes) -> Dataset:
    _, requested, _, dataset_id = key.split("/")
    kept = json.decode(body)
    return Dataset(
        dataset_id, kept["connection"], kept["dataType"], kept["status"], Timestamp(int(requested))
    )
