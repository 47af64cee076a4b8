"""Change data capture: what has changed in some entities since a moment, tombstones included.

Objects come in the order of their changes, so that a caller can go on from the last one; deleted
entries follow the live ones, as in the original. An answer is cut after `ROWS_MAX` objects of an
entity.
"""

from typing import Final

from daybook.app.ports import Reader
from daybook.domain.ids import Timestamp
from daybook.domain.model import Status
from daybook.domain.query import And, Compare, Field, Filter, Keyset, Op, Query, Sort
from daybook.protocols.qbo import entities
from daybook.protocols.qbo.errors import Error, QboFault, required
from daybook.protocols.qbo.literals import moment_of
from daybook.protocols.qbo.properties import ENTRIES, SEARCHED, Searched
from daybook.protocols.qbo.query import ROWS_MAX
from daybook.protocols.qbo.render import Json, entry_json, tombstone_json

ENTITIES_MAX: Final = 50
"""Entities one call may name: more than there are."""

_UNSUPPORTED: Final = frozenset({"taxagency", "taxcode", "taxrate", "exchangerate"})
"""Entities that have no feed of changes in the original."""

_IN_ORDER: Final = (Sort(Field.MODIFIED_AT),)


def run(entity_list: str, changed_since: str, reader: Reader) -> list[Json]:
    """The content of `CDCResponse`. Raises `QboFault` for what cannot be watched."""
    names = [name.strip() for name in entity_list.split(",") if name.strip()]
    if not names:
        raise QboFault([required("entities")])
    if not changed_since.strip():
        raise QboFault([required("changedSince")])
    if len(names) > ENTITIES_MAX:
        raise _unsupported(f"{len(names)} entities", f"at most {ENTITIES_MAX} entities are taken")
    since = moment_of(changed_since, reader.company.time_zone)
    if since is None:
        detail = f"Invalid Date Format : {changed_since[:100]}"
        plain = f"changedSince: {changed_since[:100]!r} is no date or date with a time"
        raise QboFault([Error("2060", detail, "changedSince", plain)])
    watched = []
    for name in names:
        searched = SEARCHED.get(name.lower())
        if searched is None or name.lower() in _UNSUPPORTED:
            raise _unsupported(name[:100], f"entities: {name[:100]!r} has no feed of changes")
        watched.append(searched)
    return [{"QueryResponse": [_changes(each, since, reader) for each in watched]}]


def _unsupported(shown: str, plain: str) -> QboFault:
    detail = f"Unsupported object : {shown} is not supported for change data capture"
    return QboFault([Error("2000", detail, "", plain)])


def _changes(searched: Searched, since: Timestamp, reader: Reader) -> Json:
    if searched is ENTRIES:
        objects = _entries(since, reader)
    elif searched.core is None:
        company = reader.company
        changed = company.modified_at >= since
        objects = [entities.company_json(searched.name, company)] if changed else []
    else:
        where: Filter = Compare(Field.MODIFIED_AT, Op.GE, since)
        if searched.list is not None and searched.list.kind is not None:
            kind = Compare(Field.KIND, Op.EQ, searched.list.kind.value)
            where = And((where, kind))
        found = reader.references(searched.core, Query(where, _IN_ORDER, Keyset(ROWS_MAX)))
        objects = entities.references_json(found, reader)
    if not objects:
        return {}
    return {searched.name: objects, "startPosition": 1, "maxResults": len(objects)}


def _entries(since: Timestamp, reader: Reader) -> list[Json]:
    """The first changes of the feed; of those, the live entries first, then the tombstones.

    An entry that never was posted was never seen here, and its deletion is not either.
    """
    where = And(
        (
            Compare(Field.MODIFIED_AT, Op.GE, since),
            Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
        )
    )
    found = reader.entries(Query(where, _IN_ORDER, Keyset(ROWS_MAX)))
    live = [entry_json(entry, reader) for entry in found if entry.deleted_at is None]
    company = reader.company
    gone = [tombstone_json(entry, company) for entry in found if entry.deleted_at is not None]
    return live + gone
