"""Finds entries by text contained in them and by amount, however many there are.

A trigram index over document number, memo and descriptions, and a table of amounts. Both are kept
lazily, like totals by period: the writer brings them up to the last event when nobody waits, a
slice at a time, so that posting pays nothing for them; what the events after `search_progress`
are about is a candidate of every search.

An index here never decides anything. It names candidates (too many: what entries once said is
never taken out, and trigrams do not tell their order), and the compiled filter then judges each.
So it need not be exact, only complete; and texts of one or two characters are simply scanned for.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import apsw
import msgspec

from daybook.domain.events import ENTRY
from daybook.domain.ids import CompanyId
from daybook.domain.model import Side, Status
from daybook.domain.query import (
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    Like,
    OneOf,
    Op,
    Or,
    Value,
    fold,
)
from daybook.storage.kit.sql import INTEGER_MAX, Compiler, Fragment, Parameter

SLICE_EVENTS: Final = 256
"""Events taken into the index before commands that wait are looked at again: some 10 ms."""

SLICE_BYTES: Final = 2 * 1024 * 1024
"""Bytes of bodies of one slice, after which it ends early: large entries take longer."""

TRIGRAMS_MAX: Final = 32
"""Trigrams of a text that are looked up. To leave out more would leave out the rare ones that tell
a text from others of the same common words: a tenth of a second became twelve."""

RARE_MAX: Final = 10_000
"""Events of a company that have a rare trigram. Counting that far takes half a millisecond; to
look a common one up beside it decodes the list of all that have it, a tenth of a second in a
million entries, and tells little."""

ALTERNATIVES_MAX: Final = 16
"""Alternatives of an `Or` that are looked up apart from one another."""

_COMPANY_SHIFT: Final = 40
"""A row of the text index is a company and the number of one of its events, which end far below
this many bits."""

_TEXTS: Final = frozenset({Field.MEMO, Field.DOC_NUMBER, Field.LINE_DESCRIPTION})
_AMOUNTS: Final = frozenset({Field.TOTAL, Field.LINE_AMOUNT})

_PROGRESS: Final = "SELECT seq FROM search_progress WHERE company_id = ?"
_PUT_PROGRESS: Final = "INSERT OR REPLACE INTO search_progress (company_id, seq) VALUES (?, ?)"
_BEHIND: Final = (
    "SELECT h.company_id FROM head h LEFT JOIN search_progress s ON s.company_id = h.company_id"
    " WHERE h.seq > ifnull(s.seq, 0)"
)
_NEXT: Final = (
    "SELECT v.seq, v.entity, v.record_id, v.body, p.body FROM event v LEFT JOIN event p"
    " ON p.company_id = v.company_id AND p.seq = v.previous_seq"
    " WHERE v.company_id = ? AND v.seq > ? ORDER BY v.seq LIMIT ?"
)
_ADD_TEXT: Final = "INSERT INTO search_text (rowid, text) VALUES (?, ?)"
_ADD_DOCUMENT: Final = "INSERT INTO search_document (company_id, seq, entry_id) VALUES (?, ?, ?)"
_ADD_AMOUNT: Final = (
    "INSERT OR IGNORE INTO search_amount (company_id, amount, entry_id) VALUES (?, ?, ?)"
)
_TAIL: Final = (
    " UNION ALL SELECT v.record_id FROM event v WHERE v.company_id = ? AND v.seq >"
    f" ifnull(({_PROGRESS}), 0) AND v.entity = '{ENTRY}'"
)
_BY_TEXT: Final = (
    "SELECT d.entry_id AS id FROM search_text t CROSS JOIN search_document d"
    f" ON d.company_id = ? AND d.seq = t.rowid & {(1 << _COMPANY_SHIFT) - 1}"
    " WHERE t.search_text MATCH ? AND t.rowid BETWEEN ? AND ?" + _TAIL
)
_HAVING: Final = (
    "SELECT count(*) FROM (SELECT rowid FROM search_text WHERE search_text MATCH ?"
    " AND rowid BETWEEN ? AND ? LIMIT ?)"
)
_BY_AMOUNT: Final = (
    "SELECT a.entry_id AS id FROM search_amount a WHERE a.company_id = ?"
    " AND a.amount BETWEEN ? AND ?" + _TAIL
)
_BY_ID: Final = "SELECT id FROM entry WHERE company_id = ? AND id = ?"
_WAITING: Final = (
    "SELECT id FROM entry INDEXED BY entry_waiting WHERE company_id = ? AND status <> 'posted'"
)
_DELETED: Final = (
    "SELECT id FROM entry INDEXED BY entry_deleted WHERE company_id = ? AND deleted_at IS NOT NULL"
)


class _Line(msgspec.Struct):
    amount: int
    side: str
    description: str | None = None


class _Said(msgspec.Struct):
    """What a search needs of an entry's body; the decoder skips the rest."""

    lines: list[_Line]
    doc_number: str | None = None
    memo: str | None = None

    def text(self) -> str:
        """Everything that is searched, as the index and the searches spell it."""
        texts = (self.doc_number, self.memo, *(line.description for line in self.lines))
        return "\n".join(_spelled(text) for text in texts if text)

    def amounts(self) -> set[int]:
        """The total and the amounts of the lines."""
        debit = Side.DEBIT.value
        total = sum(line.amount for line in self.lines if line.side == debit)
        return {total, *(line.amount for line in self.lines)}


_decode: Final = msgspec.json.Decoder(_Said).decode


def _spelled(text: str) -> str:
    """A text as it is indexed: small ASCII letters, and no NUL, at which the tokenizer ends."""
    return fold(text).replace("\0", " ")


def behind(connection: apsw.Connection) -> set[CompanyId]:
    """Companies whose index does not include their last event yet."""
    return {CompanyId(company_id) for (company_id,) in connection.execute(_BEHIND)}


def advance(connection: apsw.Connection, company_id: CompanyId) -> bool:
    """Take the next events into the index, in the caller's transaction; whether more may follow."""
    row = connection.execute(_PROGRESS, (company_id,)).fetchone()
    after = seq = 0 if row is None else row[0]
    texts: list[tuple[int, str]] = []
    documents: list[tuple[int, int, int]] = []
    amounts: list[tuple[int, int, int]] = []
    size = 0
    for seq, entity, record_id, body, previous in connection.execute(
        _NEXT, (company_id, after, SLICE_EVENTS)
    ):
        if entity == ENTRY:
            said = _decode(body)
            before = None if previous is None else _decode(previous)
            if before is None or said.text() != before.text():
                texts.append((company_id << _COMPANY_SHIFT | seq, said.text()))
                documents.append((company_id, seq, record_id))
            known = set() if before is None else before.amounts()
            amounts.extend((company_id, amount, record_id) for amount in said.amounts() - known)
        size += len(body)
        if size > SLICE_BYTES:
            break
    connection.executemany(_ADD_TEXT, texts)
    connection.executemany(_ADD_DOCUMENT, documents)
    connection.executemany(_ADD_AMOUNT, sorted(amounts))
    if seq != after:
        connection.execute(_PUT_PROGRESS, (company_id, seq))
    return size > SLICE_BYTES or seq - after == SLICE_EVENTS


IsRare = Callable[[str], bool]
"""Whether few of a company's events have a trigram."""


def rarity(connection: apsw.Connection, company_id: CompanyId) -> IsRare:
    """Counts events in the index; each trigram once."""

    @cache
    def is_rare(trigram: str) -> bool:
        wanted = (_quoted(trigram), *_rows_of(company_id), RARE_MAX + 1)
        (count,) = next(connection.execute(_HAVING, wanted))
        return bool(count <= RARE_MAX)

    return is_rare


def leads(
    compiler: Compiler, item: Filter, company_id: CompanyId, is_rare: IsRare
) -> list[Fragment]:
    """Selections of entry ids (repeated ones among them), each one holding all that satisfy a
    filter: those of lines (`Compiler.leads`), and those by text, amount, status and deletion.
    """
    match item:
        case And(items):
            found = list(_total_range(items, company_id))
            return found + [
                lead for each in items for lead in leads(compiler, each, company_id, is_rare)
            ]
        case Or(items) if 1 <= len(items) <= ALTERNATIVES_MAX:
            return _any(compiler, items, company_id, is_rare)
        case AnyLine(And(items)):
            found = list(_range(items, Field.LINE_AMOUNT, company_id))
            return found + leads(compiler, And(items), company_id, is_rare)
        case AnyLine(inner):
            return leads(compiler, inner, company_id, is_rare)
        case Like(Field.DOC_NUMBER, parts) if parts[0]:
            return []  # a beginning has an index of its own
        case Like(field, parts) if field in _TEXTS:
            return _by_text(parts, company_id, is_rare)
        case Compare(Field.MEMO | Field.LINE_DESCRIPTION, Op.EQ, str() as text):
            return _by_text((text,), company_id, is_rare)
        case Exact(Field.MEMO | Field.LINE_DESCRIPTION as field, texts):
            alike = Or(tuple(Like(field, (text,)) for text in texts))
            return leads(compiler, alike, company_id, is_rare)
        case Compare(field, _, value) if field in _AMOUNTS and isinstance(value, int):
            return list(_range((item,), field, company_id))
        case Compare(Field.STATUS, Op.EQ, value) if not _posted(value):
            return [(_WAITING, [company_id])]
        case OneOf(Field.STATUS, values) if not any(map(_posted, values)):
            return [(_WAITING, [company_id])]
        case Compare(Field.DELETED, Op.EQ, True):
            return [(_DELETED, [company_id])]
        case _:
            return [(text, [company_id, *rest]) for text, rest in compiler.leads(item)]


def _posted(status: Value) -> bool:
    return isinstance(status, str) and fold(status) == Status.POSTED.value


def _any(
    compiler: Compiler, items: Sequence[Filter], company_id: CompanyId, is_rare: IsRare
) -> list[Fragment]:
    """The first leads of all alternatives, one after the other, and so the last ones; none where
    an alternative has none.
    """
    firsts: dict[str, Fragment] = {}
    lasts: dict[str, Fragment] = {}
    for each in items:
        match each:
            case Compare(Field.ID, Op.EQ, int() as number):  # alone it has its primary key
                found: list[Fragment] = [(_BY_ID, [company_id, max(min(number, INTEGER_MAX), -1)])]
            case _:
                found = leads(compiler, each, company_id, is_rare)
        if not found:
            return []
        firsts[repr(found[0])] = found[0]
        lasts[repr(found[-1])] = found[-1]
    return [_union(each) for each in ((firsts,) if firsts == lasts else (firsts, lasts))]


def _union(alternatives: Mapping[str, Fragment]) -> Fragment:
    text = " UNION ALL ".join(f"SELECT id FROM ({text})" for text, _ in alternatives.values())
    return text, [each for _, rest in alternatives.values() for each in rest]


def _by_text(parts: Iterable[str], company_id: CompanyId, is_rare: IsRare) -> list[Fragment]:
    """By the rare trigrams of a text; and by all of them, which may still tell it from others where
    none is rare, or where too many entries have the rare ones.
    """
    trigrams = list(dict.fromkeys(_trigrams(parts)))
    if not trigrams:
        return []
    # Those across the ends of words first: they are rarer, and let the others leap.
    trigrams.sort(key=str.isalpha)
    chosen = trigrams[:TRIGRAMS_MAX]
    rare = list(filter(is_rare, chosen))
    ways = [chosen] if rare in ([], chosen) else [rare, chosen]
    bounds: list[Parameter] = [*_rows_of(company_id), company_id, company_id]
    return [(_BY_TEXT, [company_id, " AND ".join(map(_quoted, way)), *bounds]) for way in ways]


def _quoted(trigram: str) -> str:
    """A trigram as the index is asked for it."""
    return '"{}"'.format(trigram.replace('"', '""'))


def _rows_of(company_id: CompanyId) -> tuple[int, int]:
    """The first and the last row of a company in the index."""
    first = company_id << _COMPANY_SHIFT
    return first, first + (1 << _COMPANY_SHIFT) - 1


def _trigrams(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        text = _spelled(part)
        for at in range(len(text) - 2):
            trigram = text[at : at + 3]
            # the filter itself says that nothing has half of a surrogate pair in it
            if not any("\ud800" <= character <= "\udfff" for character in trigram):
                yield trigram


def _total_range(items: Sequence[Filter], company_id: CompanyId) -> Iterator[Fragment]:
    """One of an entry's total alone: its lines may satisfy two bounds one apiece."""
    if sum(isinstance(each, Compare) and each.field is Field.TOTAL for each in items) > 1:
        yield from _range(items, Field.TOTAL, company_id)


def _range(items: Sequence[Filter], field: Field, company_id: CompanyId) -> Iterator[Fragment]:
    """The amounts that all bounds on a field leave, if there are any."""
    low, high = 0, INTEGER_MAX
    bounded = False
    for each in items:
        if not (isinstance(each, Compare) and each.field is field):
            continue
        least, most = _bounds(each.op, each.value)
        bounded = bounded or (least, most) != (0, INTEGER_MAX)
        low, high = max(low, least), min(high, most)
    if bounded:
        low, high = min(low, INTEGER_MAX), max(high, -1)
        yield _BY_AMOUNT, [company_id, low, high, company_id, company_id]


def _bounds(op: Op, value: Value) -> tuple[int, int]:
    if not isinstance(value, int):
        return 0, INTEGER_MAX
    match op:
        case Op.EQ:
            return value, value
        case Op.LT | Op.LE:
            return 0, value
        case Op.GT | Op.GE:
            return value, INTEGER_MAX
        case Op.NE:
            return 0, INTEGER_MAX


def gathered(connection: apsw.Connection, found: Iterable[Fragment], most: int) -> str | None:
    """The ids of the first selection that has at most so many, each once, as a JSON array."""
    for statement, parameters in found:
        limited = f"SELECT id FROM ({statement}) LIMIT ?"
        ids = [id for (id,) in connection.execute(limited, (*parameters, most + 1))]
        if len(ids) <= most:
            return json.dumps(sorted(set(ids)))
    return None
