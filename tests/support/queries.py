"""Random records of every odd kind, and random questions about them, from a seed.

The records hold what engines are known to treat differently: text with `%`, `_`, `*`, quotes, NUL,
letters whose case differs by language, characters beyond the basic plane; empty and absent values;
days at the ends of months and of the calendar. Questions take most of their values from the
records, so that they are answered by some and not by all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final

from tests.support.clock import START
from tests.support.records import entry

from daybook.domain.events import ACCOUNT, CONTACT, ENTRY, RATE, dimension_entity, list_entity
from daybook.domain.ids import AccountId, ContactId, DimensionId, LineId, Timestamp
from daybook.domain.model import (
    CLASS,
    PROJECT,
    Account,
    AccountKind,
    Contact,
    ContactKind,
    Dimension,
    ExchangeRate,
    JournalEntry,
    Line,
    ListItem,
    ListKind,
    Origin,
    Record,
    Side,
    Status,
)
from daybook.domain.query import (
    ALWAYS,
    ENTRY_SORTS,
    REFERENCE_SORTS,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Keyset,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    Value,
    field_value,
    is_line_field,
    sort_key,
)

TEXTS: Final = (
    *("", " ", "a", "A", "abc", "ABC", "aBc d", "abcabc", "a ", " a", "zzz", "ZZZ", "z"),
    *("0", "00", "9", "10", "-1", "100", "100%", "%", "%%", "_", "a_c", "__", "*", "?", "[abc]"),
    *("'", "''", '"', "\\", "!", "!%", "a!_c", "\0", "a\0b", "a\0", "\0a", "line\nbreak"),
    *("é", "É", "e\u0301", "ß", "ss", "İ", "i", "ı", "ς", "Σ", "ﬃ", "Ω", "K"),
    *("\u007f", "\ud7ff", "\ue000", "\uffee", "\uffff", "🧾", "a🧾b", "\U0010ffff"),
)
DAYS: Final = (
    *(date.min, date(999, 12, 31), date(1999, 12, 31), date(2000, 1, 1), date(2024, 2, 29)),
    *(date(2026, 1, 1), date(2026, 1, 31), date(2026, 3, 14), date(2026, 12, 31), date.max),
)
NUMBERS: Final = (0, 1, 2, 7, 100, 101, 10**15 - 1)
FAR_NUMBERS: Final = (-1, -(2**63), -(2**63) - 1, 2**63 - 1, 2**63, 2**80, -(2**80))
FAR_TEXTS: Final = ("\ud800", "a\udfff", "\udc00z", "a" * 300)
"""Values that no record has: beyond what a column holds, or no text at all."""

_ENTRY_FIELDS: Final = tuple(
    field
    for field in Field
    if is_line_field(field)
    or (field.value in JournalEntry.__dataclass_fields__ and field is not Field.ANNEX)
    or field
    in (Field.ID_TEXT, Field.DELETED, Field.TOTAL, Field.ORIGIN_CLIENT, Field.ORIGIN_PROTOCOL)
)
_LINE_FIELDS: Final = tuple(filter(is_line_field, Field))
_REFERENCE_FIELDS: Final = (
    *sorted(REFERENCE_SORTS),
    Field.DESCRIPTION,
    Field.CURRENCY,
    Field.PARENT,
    Field.MEMO,
)
_WITHOUT_VALUES: Final[Mapping[Field, Sequence[Value]]] = {Field.PARENT: NUMBERS, Field.AS_OF: DAYS}
"""What to ask of fields that no record of an entity has; texts of the others."""
_AXES: Final = (CLASS, PROJECT, "TRACKING:none")


def odd_records(random: Random, count: int) -> dict[str, list[Record]]:
    """Records by entity: twice `count` entries, `count` of each kind of reference record."""
    tables: dict[str, list[Record]] = {ENTRY: [_entry(random, id) for id in range(1, 2 * count)]}
    for entity, make in (
        (ACCOUNT, _account),
        (CONTACT, _contact),
        (dimension_entity(CLASS), _dimension),
        (list_entity(ListKind.TERM), _list_item),
        (RATE, _rate),
    ):
        tables[entity] = [make(random, id) for id in range(1, count + 1)]
    return tables


def _text(random: Random) -> str:
    if random.random() < 0.7:
        return random.choice(TEXTS)
    return "".join(random.choice(TEXTS) for _ in range(random.randint(2, 4)))


def _maybe(random: Random, value: Any) -> Any:
    return value if random.random() < 0.7 else None


def _time(random: Random) -> Timestamp:
    return Timestamp(START + random.randint(0, 5))


def _entry(random: Random, id: int) -> JournalEntry:
    amounts = [random.choice(NUMBERS) for _ in range(random.randint(1, 3))]
    sides = [(Side.DEBIT, amount) for amount in amounts]
    sides += [(Side.CREDIT, amount) for amount in reversed(amounts)]
    random.shuffle(sides)
    lines = tuple(_line(random, at, *each) for at, each in enumerate(sides))
    made = entry(id, lines, random.choice(DAYS), random.choice(list(Status)))
    return replace(
        made,
        currency=random.choice(("GBP", "EUR", "eur", "JPY")),
        origin=Origin(_text(random), "test"),
        doc_number=_maybe(random, _text(random)),
        memo=_maybe(random, _text(random)),
        adjustment=random.random() < 0.3,
        version=random.randint(0, 3),
        deleted_at=None if random.random() < 0.7 else _time(random),
        created_at=_time(random),
        modified_at=_time(random),
    )


def _line(random: Random, at: int, side: Side, amount: int) -> Line:
    axes = [axis for axis in _AXES[:2] if random.random() < 0.5]
    return Line(
        id=LineId(at),
        side=side,
        amount=amount,
        home_amount=amount,
        account_id=AccountId(random.randint(1, 5)),
        contact_id=_maybe(random, ContactId(random.randint(1, 3))),
        dimensions=tuple((axis, DimensionId(random.randint(1, 3))) for axis in axes),
        description=_maybe(random, _text(random)),
    )


def _account(random: Random, id: int) -> Account:
    return Account(
        AccountId(id),
        _text(random),
        _text(random),
        random.choice(list(AccountKind)),
        _maybe(random, _text(random)),
        _maybe(random, _text(random)),
        _maybe(random, _text(random)),
        _maybe(random, "EUR"),
        _maybe(random, AccountId(random.randint(1, 5))),
        random.random() < 0.7,
        random.randint(0, 3),
        _time(random),
        _time(random),
    )


def _contact(random: Random, id: int) -> Contact:
    return Contact(
        ContactId(id),
        random.choice(list(ContactKind)),
        _text(random),
        _text(random),
        _maybe(random, "USD"),
        _maybe(random, ContactId(random.randint(1, 5))),
        random.random() < 0.7,
        random.randint(0, 3),
        _time(random),
        _time(random),
    )


def _dimension(random: Random, id: int) -> Dimension:
    return Dimension(
        CLASS,
        DimensionId(id),
        _text(random),
        _text(random),
        _maybe(random, _text(random)),
        _maybe(random, DimensionId(random.randint(1, 5))),
        None,
        random.random() < 0.7,
        random.randint(0, 3),
        _time(random),
        _time(random),
    )


def _list_item(random: Random, id: int) -> ListItem:
    return ListItem(
        ListKind.TERM,
        id,
        _text(random),
        _maybe(random, _text(random)),
        random.random() < 0.7,
        random.randint(0, 3),
        _time(random),
        _time(random),
    )


def _rate(random: Random, id: int) -> ExchangeRate:
    rate = Decimal(random.randint(1, 99)) / 10
    currency = random.choice(("EUR", "USD", "JPY"))
    return ExchangeRate(id, currency, random.choice(DAYS), rate, 0, _time(random), _time(random))


@dataclass(frozen=True, slots=True)
class Questions:
    """Random questions about the records of one entity."""

    entity: str
    records: Sequence[Record]
    values: Mapping[Field, Sequence[Value]]
    """What the records hold, by field."""

    @staticmethod
    def about(entity: str, records: Sequence[Record]) -> "Questions":
        """Questions about these records."""
        fields = _ENTRY_FIELDS if entity == ENTRY else _REFERENCE_FIELDS
        values: dict[Field, list[Value]] = {}
        for field in fields:
            found = {value for record in records for value in _all_values(record, field)}
            values[field] = sorted((value for value in found if value is not None), key=repr)
        return Questions(entity, records, values)

    def query(self, random: Random) -> Query:
        """A filter, an order and a page."""
        sorts = sorted(ENTRY_SORTS if self.entity == ENTRY else REFERENCE_SORTS)
        order = tuple(
            Sort(random.choice(sorts), random.random() < 0.5) for _ in range(random.randint(0, 3))
        )
        limit = random.choice((1, 3, 10, 1_000))
        page: Keyset | Offset = Keyset(limit)
        if random.random() < 0.4:
            page = Offset(random.choice((0, 1, 5, 500)), limit)
        elif random.random() < 0.6:
            page = Keyset(limit, sort_key(random.choice(self.records), order))
        return Query(self.filter(random), order, page)

    def filter(self, random: Random, depth: int = 0, fields: Sequence[Field] = ()) -> Filter:
        """A filter; inside `AnyLine` of fields of a line alone."""
        choice = random.random() + 0.12 * depth
        if choice > 0.55:
            held = [field for field in fields or self.values if self.values[field]]
            anything = fields or tuple(self.values)
            return self._leaf(random, random.choice(held if random.random() < 0.85 else anything))
        if choice < 0.03:
            return ALWAYS
        if choice < 0.18:
            return Not(self.filter(random, depth + 1, fields))
        if choice < 0.28 and self.entity == ENTRY:
            return AnyLine(self.filter(random, depth + 1, _LINE_FIELDS))
        items = tuple(
            self.filter(random, depth + 1, fields) for _ in range(random.choice((0, 1, 2, 2, 3, 4)))
        )
        return And(items) if random.random() < 0.5 else Or(items)

    def _leaf(self, random: Random, field: Field) -> Filter:
        axis = random.choice(_AXES) if field is Field.LINE_DIMENSION else None
        choice = random.random()
        if choice < 0.15:
            return IsNull(field, axis)
        texts = any(isinstance(value, str | date) for value in self.values[field])
        if choice < (0.45 if texts else 0.17):
            return Like(field, self._parts(random, field))
        if choice < (0.52 if texts else 0.2):
            count = random.choice((0, 1, 2, 5))
            return Exact(field, tuple(self._exact(random, field) for _ in range(count)), axis)
        if choice < 0.6:
            count = random.choice((0, 1, 2, 5))
            values = tuple(self._value(random, field, anything=True) for _ in range(count))
            return OneOf(field, values * random.choice((1, 1, 2)), axis)
        op = random.choice(list(Op))
        value = self._value(random, field, anything=op in (Op.EQ, Op.NE))
        return Compare(field, op, value, axis)

    def _value(self, random: Random, field: Field, *, anything: bool) -> Value:
        """A value of the field's type, now and then of another type if `anything` will do."""
        if anything and random.random() < 0.05:
            return random.choice((*FAR_NUMBERS, *TEXTS, *DAYS))
        held = self.values[field]
        if not held:
            return random.choice(_WITHOUT_VALUES.get(field, TEXTS))
        value = random.choice(held)
        if isinstance(value, str):
            value = random.choice((value, value.swapcase(), _text(random)))
            return random.choice(FAR_TEXTS) if random.random() < 0.04 else value
        if isinstance(value, bool):
            return random.random() < 0.5
        if isinstance(value, int):
            value += random.choice((0, 0, 0, -1, 1))
            return random.choice(FAR_NUMBERS) if random.random() < 0.1 else value
        return random.choice((value, random.choice(DAYS)))

    def _exact(self, random: Random, field: Field) -> str:
        """A text as the field has it or in other letters; of a number, a text all the same."""
        if random.random() < 0.3:
            return str(self._value(random, field, anything=True))
        return str(random.choice(self.values[field] or TEXTS))

    def _parts(self, random: Random, field: Field) -> tuple[str, ...]:
        """Pieces of a text that the field has, or of another; its whole, its start, its end."""
        values = self.values[field]
        texts = [value for value in values if isinstance(value, str)]
        texts += [value.isoformat() for value in values if isinstance(value, date)]
        text = random.choice(texts) if texts and random.random() < 0.8 else _text(random)
        cuts = sorted(random.randint(0, len(text)) for _ in range(random.randint(0, 6)))
        pieces = [
            text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
        ]
        parts = [piece for at, piece in enumerate(pieces) if at % 2 == 0 or random.random() < 0.3]
        if random.random() < 0.3:
            parts[random.randrange(len(parts))] = random.choice(("", *TEXTS, *FAR_TEXTS))
        for side in (0, -1):
            if random.random() < 0.4:
                parts[side] = ""
        return tuple(part.swapcase() if random.random() < 0.2 else part for part in parts)


def _all_values(record: Record, field: Field) -> Iterator[Value | None]:
    if not is_line_field(field):
        yield field_value(record, field)
        return
    assert isinstance(record, JournalEntry)
    for line in record.lines:
        if field is Field.LINE_DIMENSION:
            yield from (id for _, id in line.dimensions)
        else:
            name = {Field.LINE_ACCOUNT: "account_id", Field.LINE_CONTACT: "contact_id"}.get(field)
            yield getattr(line, name or field.value.removeprefix("line."))


def simpler(item: Filter) -> Iterator[Filter]:
    """Filters that are one step simpler: to find the smallest that still shows a fault."""
    match item:
        case And(items) | Or(items):
            yield from items
            for at, each in enumerate(items):
                yield type(item)(items[:at] + items[at + 1 :])
                for less in simpler(each):
                    yield type(item)((*items[:at], less, *items[at + 1 :]))
        case Not(inner) | AnyLine(inner):
            if isinstance(item, Not):
                yield inner
            for less in simpler(inner):
                yield type(item)(less)
        case OneOf(field, values, axis):
            for at in range(len(values)):
                yield OneOf(field, values[:at] + values[at + 1 :], axis)
        case Exact(field, texts, axis):
            for at in range(len(texts)):
                yield Exact(field, texts[:at] + texts[at + 1 :], axis)
