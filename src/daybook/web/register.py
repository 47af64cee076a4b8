"""The journal as a list: what was asked for, and the page of entries that answers it.

Pages go both ways by the sort key of the row at their edge, sealed with what was asked, so that a
page costs the same wherever it is and no row is shown twice while others are being made.
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.limits import RECORD_ID_MAX
from daybook.domain.model import Account, Contact, JournalEntry, Status
from daybook.domain.money import AmountError
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Field,
    Filter,
    Keyset,
    Like,
    Offset,
    Op,
    Or,
    Query,
    Sort,
    matches,
    sort_key,
)
from daybook.domain.values import value
from daybook.protocols.kit.cursor import CursorSeal
from daybook.web import finding
from daybook.web.formats import read_day, read_money
from daybook.web.limits import (
    FILTER_TEXT_LENGTH_MAX,
    REGISTER_BYTES_MAX,
    REGISTER_ROWS,
    SHORT_TEXT_ENTRIES,
    SHORT_TEXT_LENGTH,
)

FIELDS: Final = ("from", "to", "account", "contact", "status", "text", "least", "most")
"""Members of the filter's form; `deleted` and `order` are there besides."""

FOLDED: Final = ("account", "contact", "status", "least", "most")
"""Those of them that are folded up until they are used."""

_NEWEST: Final = (Sort(Field.POSTING_DATE, descending=True),)
_OLDEST: Final = (Sort(Field.POSTING_DATE),)


@value
class Asked:
    """What the filter's form asks for, and what is wrong with it, by field.

    `given` holds the fields as typed. With faults nothing is searched: a filter that cannot be
    read must not show everything as if it had been.
    """

    given: Mapping[str, str]
    filter: Filter
    newest_first: bool
    deleted: bool
    faults: Mapping[str, str]
    since: date | None = None
    """The first day on which a short text is looked for, where that is not everywhere."""
    before: EntryId | None = None
    """The entry of that number which is before that day, and is asked for in all other ways."""

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked that leaves entries out, deleted ones apart."""
        return any(self.given.get(name) for name in FIELDS)

    @property
    def has_more(self) -> bool:
        """Whether any of the fields is used that are folded up otherwise."""
        return any(self.given.get(name) for name in FOLDED)

    def fault(self, name: str) -> str:
        """What is wrong with a field, empty where nothing is."""
        return self.faults.get(name, "")

    @property
    def digest(self) -> bytes:
        """What cursors of this list are sealed with."""
        return sha256(repr((self.filter, self.newest_first)).encode()).digest()


def read_asked(reader: Reader, query: Mapping[str, str]) -> Asked:
    """The filter that the fields of an address stand for."""
    given = {name: query.get(name, "").strip()[:FILTER_TEXT_LENGTH_MAX] for name in FIELDS}
    reading = _Reading(reader, given)
    reading.days()
    reading.records()
    reading.status()
    reading.text()
    reading.amounts()
    deleted = query.get("deleted") == "on"
    if not deleted:
        reading.conditions.append(Compare(Field.DELETED, Op.EQ, False))
    before = reading.before()
    if reading.since is not None:
        reading.conditions.append(Compare(Field.POSTING_DATE, Op.GE, reading.since))
    found = And(tuple(reading.conditions)) if reading.conditions else ALWAYS
    return Asked(
        given, found, query.get("order") != "oldest", deleted, reading.faults, reading.since, before
    )


class _Reading:
    """Reads the fields one after the other into conditions and faults."""

    def __init__(self, reader: Reader, given: Mapping[str, str]) -> None:
        self._reader = reader
        self._given = given
        self.conditions: list[Filter] = []
        self.faults: dict[str, str] = {}
        self.since: date | None = None
        self._number: EntryId | None = None

    def days(self) -> None:
        """From one day to another, both included."""
        ends: dict[str, date] = {}
        for name, op in (("from", Op.GE), ("to", Op.LE)):
            text = self._given[name]
            day = read_day(text) if text else None
            if day is not None:
                ends[name] = day
                self.conditions.append(Compare(Field.POSTING_DATE, op, day))
            elif text:
                self.faults[name] = "A date is wanted, such as 2026-02-03."
        if len(ends) == 2 and ends["from"] > ends["to"]:
            self.faults["to"] = "This day is before the first one."

    def records(self) -> None:
        """Entries with a line on an account, or with a contact."""
        for name, entity, field in (
            ("account", ACCOUNT, Field.LINE_ACCOUNT),
            ("contact", CONTACT, Field.LINE_CONTACT),
        ):
            text = self._given[name]
            if not text:
                continue
            found = finding.resolve(self._reader, entity, (text,))[text]
            if isinstance(found, Account | Contact):
                self.conditions.append(Compare(field, Op.EQ, found.id))
            else:
                self.faults[name] = f"No {name} is called that. Pick one from the list."

    def status(self) -> None:
        """Entries that are posted, or that wait."""
        text = self._given["status"]
        if text in set(Status):
            self.conditions.append(Compare(Field.STATUS, Op.EQ, text))
        elif text:
            self.faults["status"] = "There is no such status."

    def text(self) -> None:
        """Entries that say something, or have it as a number."""
        text = self._given["text"]
        if not text:
            return
        parts = ("", text, "")
        ways: list[Filter] = [
            Like(Field.MEMO, parts),
            Like(Field.DOC_NUMBER, parts),
            Like(Field.LINE_DESCRIPTION, parts),
        ]
        number = text.removeprefix("#")
        if number.isascii() and number.isdigit() and int(number) <= RECORD_ID_MAX:
            self._number = EntryId(int(number))
            ways.append(Compare(Field.ID, Op.EQ, self._number))
        self.conditions.append(Or(tuple(ways)))
        if len(text) <= SHORT_TEXT_LENGTH:
            self._bound()

    def _bound(self) -> None:
        """Look for a short text among the latest entries alone, whole days of them."""
        days = [
            each
            for each in self.conditions
            if isinstance(each, Compare) and each.field is Field.POSTING_DATE
        ]
        beyond = Query(And(tuple(days)) if days else ALWAYS, _NEWEST, Offset(SHORT_TEXT_ENTRIES, 1))
        for entry in self._reader.entries(beyond):
            self.since = entry.posting_date

    def before(self) -> EntryId | None:
        """The entry of a short number that satisfies all conditions, before the day that bounds.

        It is looked up by itself: a filter with days or a number goes through the whole journal.
        """
        if self.since is None or self._number is None:
            return None
        entry = self._reader.entry(self._number)
        if entry is None or entry.posting_date >= self.since:
            return None
        return entry.id if matches(And(tuple(self.conditions)), entry) else None

    def amounts(self) -> None:
        """Entries with a line of an amount within bounds, in the entry's own currency."""
        bounds: list[Filter] = []
        least: int | None = None
        currency = self._reader.company.home_currency
        for name, op in (("least", Op.GE), ("most", Op.LE)):
            text = self._given[name]
            if not text:
                continue
            try:
                minor = read_money(text, currency)
            except AmountError as error:
                self.faults[name] = f"This is {error.fault.value}."
                continue
            bounds.append(Compare(Field.LINE_AMOUNT, op, minor))
            if name == "least":
                least = minor
            elif least is not None and minor < least:
                self.faults[name] = "This is less than the least amount."
        if bounds:
            self.conditions.append(AnyLine(And(tuple(bounds))))


@value
class Page:
    """Entries in the order asked for, and the cursors of the pages beside, None at the ends."""

    entries: tuple[JournalEntry, ...]
    earlier: str | None
    """The page before this one, as the list is read."""
    later: str | None

    @property
    def is_all(self) -> bool:
        """Whether there are no other pages."""
        return self.earlier is None and self.later is None


def read_page(
    reader: Reader, asked: Asked, seal: CursorSeal, company_id: CompanyId, query: Mapping[str, str]
) -> Page:
    """The page at a cursor (`after` or `before`), or the first one."""
    if asked.faults:
        return Page((), None, None)
    order = _NEWEST if asked.newest_first else _OLDEST
    before = query.get("before", "")
    cursor = before or query.get("after", "")
    key = seal.open(company_id, asked.digest, cursor) if cursor else None
    backwards = bool(before) and key is not None
    sort = _turned(order) if backwards else order
    entries, more = _read(reader, asked.filter, sort, None if key is None else tuple(key))
    if backwards:
        entries.reverse()
    if not entries:
        return Page((), None, None)

    def at(entry: JournalEntry) -> str:
        return seal.seal(company_id, asked.digest, sort_key(entry, order))

    has_earlier = more if backwards else key is not None
    has_later = backwards or more
    return Page(
        tuple(entries),
        at(entries[0]) if has_earlier else None,
        at(entries[-1]) if has_later else None,
    )


def _read(
    reader: Reader, found: Filter, sort: tuple[Sort, ...], after: tuple[object, ...] | None
) -> tuple[list[JournalEntry], bool]:
    """A page's entries, and whether there are more behind them.

    A page of very large entries ends early, so being short of rows does not say that it is last.
    """
    query = Query(found, sort, Keyset(REGISTER_ROWS + 1, after), REGISTER_BYTES_MAX)
    entries = reader.entries(query)
    if len(entries) > REGISTER_ROWS:
        return entries[:REGISTER_ROWS], True
    if not entries or sum(len(entry.lines) for entry in entries) < _LINES_WITHIN_BYTES:
        return entries, False
    last = sort_key(entries[-1], sort)
    return entries, bool(reader.entries(Query(found, sort, Keyset(1, last))))


_LINES_WITHIN_BYTES: Final = 64
"""Lines that never fill `REGISTER_BYTES_MAX`: each has at most a description of 4,000 characters
and an annex of 64 KiB."""


def _turned(sort: tuple[Sort, ...]) -> tuple[Sort, ...]:
    return tuple(Sort(each.field, not each.descending) for each in sort)
