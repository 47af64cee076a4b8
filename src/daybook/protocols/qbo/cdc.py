"""Change data capture: what has changed in some entities since a moment, tombstones included.

Objects come in the order of their changes, so that a caller can go on from the last one; deleted
entries follow the live ones, as in the original.

An answer is cut after `ROWS_MAX` objects of an entity, but never inside a second: times are shown
in whole seconds, and everything that one transaction changed has the same. A caller who goes on
from the last time it was shown sees the objects of that second again, and those after it; hence
objects of the second it asks from do not count towards `ROWS_MAX`, lest it see nothing else. What
does not fit even so is for a query, which has pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.ids import Timestamp
from daybook.domain.model import JournalEntry, Reference, Status
from daybook.domain.query import (
    ALWAYS,
    And,
    Compare,
    Field,
    Filter,
    Keyset,
    Op,
    Query,
    Sort,
    sort_key,
)
from daybook.protocols.kit import json
from daybook.protocols.qbo import entities, times
from daybook.protocols.qbo.errors import Error, QboFault, business, required
from daybook.protocols.qbo.limits import PAGE_BYTES_MAX
from daybook.protocols.qbo.literals import SECOND, moment_of
from daybook.protocols.qbo.properties import ENTRIES, SEARCHED, Searched
from daybook.protocols.qbo.query import ROWS_MAX
from daybook.protocols.qbo.render import Json, entry_whole, tombstone_json

ENTITIES_MAX: Final = 50
"""Entities one call may name: more than there are."""

_UNSUPPORTED: Final = frozenset({"taxagency", "taxcode", "taxrate", "exchangerate"})
"""Entities that have no feed of changes in the original."""

OBJECTS_MAX: Final = 10_000
"""Objects of an entity in one answer: where so many have changed within one second as it is shown,
somebody has imported them, and a feed is not the way to read them."""

_IN_ORDER: Final = (Sort(Field.MODIFIED_AT),)


@dataclass(frozen=True, slots=True)
class _Object:
    """Something that has changed, as it is shown, and when."""

    at: Timestamp
    text: json.Raw
    gone: bool = False


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
    found = _found(watched, since, reader)
    return [{"QueryResponse": [found[each.name] for each in watched]}]


def _found(watched: Sequence[Searched], since: Timestamp, reader: Reader) -> dict[str, Json]:
    """The changes of each entity, by name. The later ones may use what the earlier ones left of
    the bytes, and an equal share at least.
    """
    by_name = {each.name: each for each in watched}
    share = PAGE_BYTES_MAX // len(by_name)
    left = PAGE_BYTES_MAX
    found: dict[str, Json] = {}
    for name, searched in by_name.items():
        objects = _changes(searched, since, reader, max(left, share))
        left -= sum(len(each.text) for each in objects)
        shown = [each.text for each in sorted(objects, key=attrgetter("gone"))]
        found[name] = {}
        if shown:
            found[name] = {name: shown, "startPosition": 1, "maxResults": len(shown)}
    return found


def _unsupported(shown: str, plain: str) -> QboFault:
    detail = f"Unsupported object : {shown} is not supported for change data capture"
    return QboFault([Error("2000", detail, "", plain)])


def _changes(searched: Searched, since: Timestamp, reader: Reader, bytes_max: int) -> list[_Object]:
    """The first changes of one entity, cut where a caller can go on. Raises `QboFault`."""
    own_end = since - since % SECOND + SECOND
    found: list[_Object] = []
    size = later = whole = 0
    second: int | None = None
    for each in _in_order(searched, since, reader, bytes_max):
        if each.at // SECOND != second:
            if later >= ROWS_MAX:
                break
            if later:
                whole = len(found)
            second = each.at // SECOND
        size += len(each.text)
        if found and (len(found) == OBJECTS_MAX or size > bytes_max):
            if not whole:
                raise _too_many(searched.name, found[-1].at, reader)
            return found[:whole]
        found.append(each)
        later += each.at >= own_end
    return found


def _in_order(
    searched: Searched, since: Timestamp, reader: Reader, bytes_max: int
) -> Iterator[_Object]:
    """What has changed in one entity, earliest change first."""
    if searched.core is None:
        company = reader.company
        if company.modified_at >= since:
            shown = entities.company_json(searched.name, company)
            yield _Object(company.modified_at, json.Raw(json.encode(shown)))
        return
    where = And((Compare(Field.MODIFIED_AT, Op.GE, since), _condition(searched)))
    after: tuple[Any, ...] | None = None
    page: Sequence[JournalEntry | Reference]
    while True:
        query = Query(where, _IN_ORDER, Keyset(ROWS_MAX, after), bytes_max)
        if searched is ENTRIES:
            page = entries = reader.entries(query)
            yield from (_entry(entry, reader) for entry in entries)
        else:
            page = records = reader.references(searched.core, query)
            for record, shown in zip(
                records, entities.references_json(records, reader), strict=True
            ):
                yield _Object(record.modified_at, json.Raw(json.encode(shown)))
        if not page:
            return
        after = sort_key(page[-1], _IN_ORDER)


def _condition(searched: Searched) -> Filter:
    """Which records of the ledger are the entity's.

    An entry that never was posted was never seen here, and its deletion is not either.
    """
    if searched is ENTRIES:
        return Compare(Field.STATUS, Op.EQ, Status.POSTED.value)
    if searched.list is not None and searched.list.kind is not None:
        return Compare(Field.KIND, Op.EQ, searched.list.kind.value)
    return ALWAYS


def _entry(entry: JournalEntry, reader: Reader) -> _Object:
    if entry.deleted_at is None:
        return _Object(entry.modified_at, entry_whole(entry, reader))
    shown = tombstone_json(entry, reader.company)
    return _Object(entry.modified_at, json.Raw(json.encode(shown)), gone=True)


def _too_many(name: str, at: Timestamp, reader: Reader) -> QboFault:
    moment = times.seconds(at, times.zone(reader.company.time_zone))
    text = (
        f"Too many objects of {name} changed at {moment} for one answer. Ask for them in pages:"
        f" select * from {name} where MetaData.LastUpdatedTime >= '{moment}'"
        f" orderby MetaData.LastUpdatedTime startposition 1 maxresults {ROWS_MAX}"
    )
    return QboFault([business(text)])
