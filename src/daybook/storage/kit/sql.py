"""Compiles the read model to SQL.

A filter becomes one condition with bound parameters, an order a list of keys, a page a limit and
either an offset or a condition on the keys. Names of tables and columns are those every SQL
engine here uses; what engines spell differently stands in a `Dialect`.

    where, parameters = Compiler(SQLITE, ENTRIES).condition(filter)
    connection.execute(f"SELECT e.id FROM entry e WHERE e.company_id = ? AND {where}", ...)

Three things to know when reading on:

- SQL's logic has three values, the read model's two. `AND` and `OR` of conditions are true in the
  one exactly where they are in the other; only negation differs, hence `IS NOT TRUE`.
- A filter of a thousand alternatives must not nest a thousand deep: `AND` and `OR` are written as
  balanced trees.
- Values that no column can hold (an integer beyond 64 bits, text with lone surrogates) are
  compared here, not bound.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from daybook.domain.limits import MEMO_LENGTH_MAX
from daybook.domain.query import (
    Always,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Keyset,
    Leaf,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Sort,
    Value,
    fold,
    is_line_field,
)

Parameter = int | str | bytes | None
Fragment = tuple[str, list[Parameter]]
"""SQL text and the parameters of its placeholders, in order."""

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

_TRUE: Final = "(1 = 1)"
_FALSE: Final = "(1 = 0)"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What engines spell differently.

    `placeholder` stands for a parameter. `fold`, `position` and `like` are templates: of text
    with ASCII capitals made small, of the place of one text in another (0 if nowhere), and of a
    comparison with a LIKE pattern escaped by `!`. `like_takes_parts` says that `like` wants, after
    the pattern, the folded parts as a JSON array too.
    """

    placeholder: str
    fold: str
    position: str
    like: str
    like_takes_parts: bool
    annex: str
    """What a wire keeps beside entry `e`, folded, or null."""


SQLITE: Final = Dialect(
    placeholder="?",
    fold="lower({text})",
    position="instr({text}, {part})",
    # SQLite's LIKE reads a text only up to a NUL; `text_like` is made by the connection.
    like=(
        "CASE WHEN instr({text}, char(0)) > 0 THEN text_like({text}, {parts})"
        " ELSE {text} LIKE {pattern} ESCAPE '!' END"
    ),
    like_takes_parts=True,
    # the annex is in the body of the entry's event alone: pairs of wire and text
    annex=(
        "(SELECT lower(j.value ->> 1) FROM event v, json_each(CAST(v.body AS TEXT), '$.annex') j"
        " WHERE v.company_id = e.company_id AND v.seq = e.event_seq"
        " AND j.value ->> 0 = {wire})"
    ),
)


class Kind(Enum):
    """What a column holds, and so how values are compared with it."""

    INTEGER = "integer"
    FLAG = "flag"
    DATE = "date"
    TEXT = "text"
    """Any text, to be folded before it is compared."""
    WORD = "word"
    """Text that is stored in small letters."""
    PRESENCE = "presence"
    """A flag that is true where the column has a value."""
    DIGITS = "digits"
    """Text, made of a number."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field is kept."""

    name: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of a table, under the name its rows have in a statement."""

    alias: str
    fields: Mapping[Field, Column | None]
    """None: a field that the records do not have, absent in all of them."""

    def of(self, field: Field) -> Column | None:
        """The column of a field. Raises `ValueError` for a field of other records."""
        if field not in self.fields:
            raise ValueError(f"not a field here: {field}")
        return self.fields[field]


ENTRIES: Final = Columns(
    "e",
    {
        Field.ID: Column("id", Kind.INTEGER),
        Field.ID_TEXT: Column("id", Kind.DIGITS),
        Field.VERSION: Column("version", Kind.INTEGER),
        Field.CREATED_AT: Column("created_at", Kind.INTEGER),
        Field.MODIFIED_AT: Column("modified_at", Kind.INTEGER),
        Field.DOC_NUMBER: Column("doc_number", Kind.TEXT, nullable=True),
        Field.POSTING_DATE: Column("posting_date", Kind.DATE),
        Field.MEMO: Column("memo", Kind.TEXT, nullable=True),
        Field.STATUS: Column("status", Kind.WORD),
        Field.DELETED: Column("deleted_at", Kind.PRESENCE),
        Field.CURRENCY: Column("currency", Kind.TEXT),
        Field.TOTAL: Column("total", Kind.INTEGER),
        Field.ADJUSTMENT: Column("adjustment", Kind.FLAG),
        Field.ORIGIN_CLIENT: Column("origin_client", Kind.TEXT),
        Field.ORIGIN_PROTOCOL: Column("origin_protocol", Kind.TEXT),
    },
)

_ANNEX: Final = Column("annex", Kind.TEXT, nullable=True)

_LINE_COLUMNS: Final[Mapping[Field, Column]] = {
    Field.LINE_ACCOUNT: Column("account_id", Kind.INTEGER),
    Field.LINE_CONTACT: Column("contact_id", Kind.INTEGER, nullable=True),
    Field.LINE_DIMENSION: Column("dimension_id", Kind.INTEGER, nullable=True),
    Field.LINE_DESCRIPTION: Column("description", Kind.TEXT, nullable=True),
    Field.LINE_AMOUNT: Column("amount", Kind.INTEGER),
    Field.LINE_SIDE: Column("side", Kind.TEXT),
}

_REFERENCE_COLUMNS: Final[Mapping[Field, Column]] = {
    Field.ID: Column("id", Kind.INTEGER),
    Field.ID_TEXT: Column("id", Kind.DIGITS),
    Field.VERSION: Column("version", Kind.INTEGER),
    Field.CREATED_AT: Column("created_at", Kind.INTEGER),
    Field.MODIFIED_AT: Column("modified_at", Kind.INTEGER),
    Field.NAME: Column("name", Kind.TEXT),
    Field.FULL_NAME: Column("full_name", Kind.TEXT),
    Field.CODE: Column("code", Kind.TEXT, nullable=True),
    Field.KIND: Column("kind", Kind.WORD, nullable=True),
    Field.SUBTYPE: Column("subtype", Kind.TEXT, nullable=True),
    Field.DESCRIPTION: Column("description", Kind.TEXT, nullable=True),
    Field.CURRENCY: Column("currency", Kind.TEXT, nullable=True),
    Field.PARENT: Column("parent_id", Kind.INTEGER, nullable=True),
    Field.ACTIVE: Column("active", Kind.FLAG),
    Field.AS_OF: Column("as_of", Kind.DATE, nullable=True),
}
REFERENCES: Final = Columns(
    "r", {field: _REFERENCE_COLUMNS.get(field) for field in Field if field is not Field.ANNEX}
)

OPERATIONS: Final = Columns(
    "o",
    {
        Field.ID: Column("id", Kind.WORD),
        Field.NUMBER: Column("number", Kind.INTEGER),
        Field.STATUS: Column("status", Kind.WORD),
        Field.TOPIC: Column("topic", Kind.TEXT),
        Field.CHANNEL: Column("channel", Kind.TEXT),
        Field.REQUESTED_AT: Column("requested_at", Kind.INTEGER),
        Field.COMPLETED_AT: Column("completed_at", Kind.INTEGER, nullable=True),
        Field.RESULT_CODE: Column("result_code", Kind.INTEGER, nullable=True),
        Field.MESSAGE: Column("message", Kind.TEXT, nullable=True),
    },
)


class Compiler:
    """Compiles filters, orders and pages over one table."""

    def __init__(self, dialect: Dialect, columns: Columns) -> None:
        self._dialect = dialect
        self._columns = columns

    def condition(self, item: Filter) -> Fragment:
        """A filter as a condition that is true, false or null; null means false.

        Raises `ValueError` for a field these records do not have and `TypeError` where values of
        two types are to be ordered.
        """
        return self._condition(item, None, 0)

    def order(self, sort: Sequence[Sort]) -> str:
        """An order as the text after ORDER BY; the id is the last key."""
        keys = [(self._key(each.field), each.descending) for each in sort]
        keys.append((f"{self._columns.alias}.id", bool(sort and sort[-1].descending)))
        return ", ".join(f"{key} DESC" if descending else key for key, descending in keys)

    def page(self, page: Keyset | Offset, sort: Sequence[Sort]) -> tuple[Fragment, Fragment]:
        """A page as a further condition and as the text after ORDER BY's keys."""
        mark = self._dialect.placeholder
        if isinstance(page, Offset):
            return (_TRUE, []), (f"LIMIT {mark} OFFSET {mark}", [page.limit, page.start])
        limit: Fragment = (f"LIMIT {mark}", [page.limit])
        if page.after is None:
            return (_TRUE, []), limit
        return self._after(page.after, sort), limit

    def leads(self, item: Filter) -> list[Fragment]:
        """Selections of entry ids, outside which nothing satisfies a filter.

        From lines on given accounts, with given contacts or tags: where they are few, it is
        faster to look at their entries alone. The first placeholder of each is for the company.
        """
        match item:
            case And(items):
                return [lead for each in items for lead in self.leads(each)]
            case AnyLine(inner):
                return self.leads(inner)
            case Compare(Field.LINE_DIMENSION, Op.EQ) | OneOf(Field.LINE_DIMENSION):
                text, parameters = self._holds(item, _LINE_COLUMNS[item.field], "d.dimension_id")
                mark = self._dialect.placeholder
                return [
                    (
                        f"SELECT d.entry_id AS id FROM line_dimension d WHERE d.company_id = {mark}"
                        f" AND d.axis = {mark} AND {text}",
                        [item.axis, *parameters],
                    )
                ]
            case Compare(Field.LINE_ACCOUNT | Field.LINE_CONTACT, Op.EQ) | OneOf(
                Field.LINE_ACCOUNT | Field.LINE_CONTACT
            ):
                column = _LINE_COLUMNS[item.field]
                text, parameters = self._holds(item, column, f"l.{column.name}")
                mark = self._dialect.placeholder
                where = f"l.company_id = {mark} AND {text}"
                return [(f"SELECT l.entry_id AS id FROM line l WHERE {where}", parameters)]
            case _:
                return []

    def _after(self, after: Sequence[Parameter], sort: Sequence[Sort]) -> Fragment:
        """The rows after a key: later in the first key, or equal there and later in the next."""
        descending = [each.descending for each in sort]
        descending.append(bool(sort and sort[-1].descending))
        fields = [each.field for each in sort] + [Field.ID]
        if len(after) != len(fields):
            raise ValueError("a page's key has one value for each key of its order")
        rest: Fragment = (_FALSE, [])
        for field, value, down in reversed(list(zip(fields, after, descending, strict=True))):
            column = self._columns.of(field)
            nullable = column is None or column.nullable
            rest = self._later(self._key(field), nullable, value, down, rest)
        return rest

    def _later(
        self, key: str, nullable: bool, value: Parameter, down: bool, rest: Fragment
    ) -> Fragment:
        mark = self._dialect.placeholder
        if value is None:
            later = _FALSE if down else f"{key} IS NOT NULL"
            return f"({later} OR ({key} IS NULL AND {rest[0]}))", rest[1]
        sign = "<" if down else ">"
        text = f"({key} {sign}= {mark} AND ({key} {sign} {mark} OR {rest[0]}))"
        parameters = [value, value, *rest[1]]
        if nullable and down:
            return f"({text} OR {key} IS NULL)", parameters
        return text, parameters

    def _key(self, field: Field) -> str:
        column = self._columns.of(field)
        return "NULL" if column is None else self._expression(column, self._columns.alias)

    def _expression(self, column: Column, alias: str) -> str:
        name = f"{alias}.{column.name}"
        if column.kind is Kind.TEXT:
            return self._dialect.fold.format(text=name)
        if column.kind is Kind.PRESENCE:
            return f"({name} IS NOT NULL)"
        if column.kind is Kind.DIGITS:
            return f"CAST({name} AS TEXT)"
        return name

    def _condition(self, item: Filter, line: str | None, depth: int) -> Fragment:
        """`line` is the alias of the line inside `AnyLine`, None outside."""
        match item:
            case Always():
                return _TRUE, []
            case And(items):
                return _joined([self._condition(each, line, depth) for each in items], "AND")
            case Or(items):
                return _joined([self._condition(each, line, depth) for each in items], "OR")
            case Not(inner):
                text, parameters = self._condition(inner, line, depth)
                return f"({text} IS NOT TRUE)", parameters
            case AnyLine(inner):
                if self._columns is not ENTRIES:
                    raise ValueError("only entries have lines")
                alias = f"l{depth}"
                return _any_line(alias, self._condition(inner, alias, depth + 1))
            case _:
                return self._leaf(item, line, depth)

    def _leaf(self, leaf: Leaf, line: str | None, depth: int) -> Fragment:
        if leaf.field is Field.ANNEX and self._columns is ENTRIES:
            if isinstance(leaf, Exact):
                raise ValueError("what a wire keeps is never asked for by its whole")
            # a literal: `_holds` may write the expression more than once
            wire = "'{}'".format((leaf.axis or "").replace("'", "''"))
            return self._holds(leaf, _ANNEX, self._dialect.annex.format(wire=wire))
        if not is_line_field(leaf.field) or self._columns is not ENTRIES:
            column = self._columns.of(leaf.field)
            if column is None:
                return self._holds_absent(leaf)
            return self._over(leaf, column, self._columns.alias)
        if line is None:
            if leaf.field is Field.LINE_DIMENSION and not isinstance(leaf, IsNull | Exact):
                return self._any_dimension(leaf)
            alias = f"l{depth}"
            return _any_line(alias, self._leaf(leaf, alias, depth + 1))
        column = _LINE_COLUMNS[leaf.field]
        if leaf.field is not Field.LINE_DIMENSION:
            return self._over(leaf, column, line)
        if isinstance(leaf, Exact):
            return _FALSE, []  # a tag is a number
        mark = self._dialect.placeholder
        value = (
            f"(SELECT d.dimension_id FROM line_dimension d WHERE d.company_id = {line}.company_id"
            f" AND d.entry_id = {line}.entry_id AND d.line_id = {line}.line_id"
            f" AND d.axis = {mark})"
        )
        text, parameters = self._holds(leaf, column, value)
        return text, [leaf.axis, *parameters] if value in text else parameters

    def _any_dimension(self, leaf: Compare | OneOf | Like) -> Fragment:
        """A tag of any line: reads the tags alone, which are indexed by value."""
        text, parameters = self._holds(leaf, _LINE_COLUMNS[leaf.field], "d.dimension_id")
        mark = self._dialect.placeholder
        return (
            "EXISTS (SELECT 1 FROM line_dimension d WHERE d.company_id = e.company_id"
            f" AND d.entry_id = e.id AND d.axis = {mark} AND {text})"
        ), [leaf.axis, *parameters]

    @staticmethod
    def _holds_absent(leaf: Leaf) -> Fragment:
        return (_TRUE if isinstance(leaf, IsNull) else _FALSE), []

    def _over(self, leaf: Leaf, column: Column, alias: str) -> Fragment:
        """A leaf over a column of the rows with an alias."""
        text = self._expression(column, alias)
        if isinstance(leaf, Exact):
            return self._exact(leaf.texts, column, text, f"{alias}.{column.name}")
        return self._holds(leaf, column, text)

    def _exact(self, texts: Sequence[str], column: Column, text: str, stored: str) -> Fragment:
        """An index over folded texts names candidates, which are compared as they are stored."""
        storable = [each for each in dict.fromkeys(texts) if _storable(each)]
        match column.kind:
            case Kind.TEXT:
                candidates = self._one_of(text, column, storable)
                return _joined([candidates, self._among(stored, storable)], "AND")
            case Kind.WORD | Kind.DIGITS:
                return self._among(text, storable)
            case _:
                return _FALSE, []

    def _holds(self, leaf: Compare | OneOf | Like | IsNull, column: Column, text: str) -> Fragment:
        """A leaf over an expression that has the values of a column, texts among them folded."""
        match leaf:
            case Compare(_, op, value):
                return self._compare(text, column, op, value)
            case OneOf(_, values):
                return self._one_of(text, column, values)
            case Like(_, parts):
                return self._like(text, column, parts)
            case IsNull():
                return (f"({text} IS NULL)" if column.nullable else _FALSE), []

    def _compare(self, text: str, column: Column, op: Op, value: Value) -> Fragment:
        present = f"({text} IS NOT NULL)" if column.nullable else _TRUE
        if not _comparable(column.kind, value):
            if op in (Op.EQ, Op.NE):
                return (_FALSE if op is Op.EQ else present), []
            raise TypeError(f"{column.name} cannot be ordered against {type(value).__name__}")
        if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
            below = value > 0
            holds = op is Op.NE or (op in (Op.LT, Op.LE) if below else op in (Op.GT, Op.GE))
            return (present if holds else _FALSE), []
        if isinstance(value, str) and not _storable(value):
            if op in (Op.EQ, Op.NE):
                return (_FALSE if op is Op.EQ else present), []
            value, op = _beside(value), (Op.LT if op in (Op.LT, Op.LE) else Op.GE)
        return f"({text} {op.value} {self._dialect.placeholder})", [_bound(value)]

    def _one_of(self, text: str, column: Column, values: Sequence[Value]) -> Fragment:
        bound = {
            _bound(value): None
            for value in values
            if _comparable(column.kind, value)
            and (not isinstance(value, int) or INTEGER_MIN <= value <= INTEGER_MAX)
            and (not isinstance(value, str) or _storable(value))
        }
        return self._among(text, list(bound))

    def _among(self, text: str, values: Sequence[Parameter]) -> Fragment:
        if not values:
            return _FALSE, []
        marks = ", ".join([self._dialect.placeholder] * len(values))
        return f"({text} IN ({marks}))", list(values)

    def _like(self, text: str, column: Column, parts: Sequence[str]) -> Fragment:
        if column.kind not in (Kind.TEXT, Kind.WORD, Kind.DIGITS, Kind.DATE):
            return _FALSE, []
        if sum(map(len, parts)) > MEMO_LENGTH_MAX or not all(map(_storable, parts)):
            return _FALSE, []
        mark = self._dialect.placeholder
        folded = [fold(part) for part in parts]
        match folded:
            case [whole]:
                return f"({text} = {mark})", [whole]
            case ["", part, ""]:
                found = self._dialect.position.format(text=text, part=mark)
                return f"({found} > 0)", [part]
        conditions: list[Fragment] = []
        if folded[0]:
            conditions.append(self._begins(text, folded[0]))
        if any(folded[1:]):
            conditions.append(self._pattern(text, folded))
        if not conditions:
            return (f"({text} IS NOT NULL)" if column.nullable else _TRUE), []
        return _joined(conditions, "AND")

    def _begins(self, text: str, beginning: str) -> Fragment:
        """A range, which an index can answer, rather than a pattern."""
        mark = self._dialect.placeholder
        last = next((at for at in range(len(beginning), 0, -1) if beginning[at - 1] < _LAST), 0)
        if last == 0:
            return f"({text} >= {mark})", [beginning]
        end = beginning[: last - 1] + _next_character(beginning[last - 1])
        return f"({text} >= {mark} AND {text} < {mark})", [beginning, end]

    def _pattern(self, text: str, folded: Sequence[str]) -> Fragment:
        pattern = "%".join(
            part.replace("!", "!!").replace("%", "!%").replace("_", "!_") for part in folded
        )
        mark = self._dialect.placeholder
        like = self._dialect.like.format(text=text, pattern=mark, parts=mark)
        parameters: list[Parameter] = [pattern.replace("\0", "")]
        if self._dialect.like_takes_parts:
            parameters.insert(0, json.dumps(folded))
        if any("\0" in part for part in folded):
            position = self._dialect.position.format(text=text, part=mark)
            return f"({position} > 0 AND {like})", ["\0", *parameters]
        return f"({like})", parameters


_LAST: Final = "\U0010ffff"


def _next_character(character: str) -> str:
    """The next code point a text can hold: surrogates are skipped."""
    code = ord(character) + 1
    return chr(0xE000) if 0xD800 <= code < 0xE000 else chr(code)


def _any_line(alias: str, condition: Fragment) -> Fragment:
    text, parameters = condition
    return (
        f"EXISTS (SELECT 1 FROM line {alias} WHERE {alias}.company_id = e.company_id"
        f" AND {alias}.entry_id = e.id AND {text})"
    ), parameters


def _joined(fragments: Sequence[Fragment], word: str) -> Fragment:
    """Conditions joined by AND or OR, as a balanced tree."""
    if not fragments:
        return (_TRUE if word == "AND" else _FALSE), []
    if len(fragments) == 1:
        return fragments[0]
    middle = len(fragments) // 2
    left, left_parameters = _joined(fragments[:middle], word)
    right, right_parameters = _joined(fragments[middle:], word)
    return f"({left} {word} {right})", left_parameters + right_parameters


def _comparable(kind: Kind, value: Value) -> bool:
    return _ACCEPTS[kind](value)


_ACCEPTS: Final[Mapping[Kind, Callable[[Value], bool]]] = {
    Kind.INTEGER: lambda value: isinstance(value, int),
    Kind.FLAG: lambda value: isinstance(value, int),
    Kind.PRESENCE: lambda value: isinstance(value, int),
    Kind.DATE: lambda value: isinstance(value, date),
    Kind.TEXT: lambda value: isinstance(value, str),
    Kind.WORD: lambda value: isinstance(value, str),
    Kind.DIGITS: lambda value: isinstance(value, str),
}


def _bound(value: Value) -> Parameter:
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, date):
        return value.isoformat()
    return int(value)


def _storable(text: str) -> bool:
    """Whether a column can hold a text: lone surrogates have no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _beside(text: str) -> str:
    """A text that stored texts are below exactly where they are below one with a surrogate.

    No stored text has a character at that place from the surrogates, so the first one after them
    cuts at the same place.
    """
    at = next(index for index, each in enumerate(text) if "\ud800" <= each <= "\udfff")
    return text[:at] + "\ue000"
