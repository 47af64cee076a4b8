"""The read model: what a filter, an order and a page mean, by examples and by laws.

This is what every store is tested against, so nothing here is taken from a store.
"""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.records import REFERENCES, account, contact, deletion, entry, line
from tests.support.strategies import accounts, entries, filters, orders, texts

from daybook.domain.ids import ContactId, DimensionId
from daybook.domain.model import CLASS, PROJECT, JournalEntry, Record, Side, Status
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
    field_value,
    fold,
    is_line_field,
    like,
    matches,
    select,
    size,
    sort_key,
)

SPLIT = (
    replace(
        line(0, Side.DEBIT, 60, 1),
        dimensions=((CLASS, DimensionId(1)),),
        contact_id=ContactId(4),
        description="Coffee",
    ),
    replace(line(1, Side.DEBIT, 40, 2), dimensions=((CLASS, DimensionId(2)),)),
    line(2, Side.CREDIT, 100, 3),
)
ENTRY = replace(
    entry(9, SPLIT, date(2026, 3, 14), Status.REVIEW, "INV-7"), memo=None, adjustment=True
)


def compare(
    field: Field, op: Op, value: int | str | bool | date, axis: str | None = None
) -> Filter:
    return Compare(field, op, value, axis)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (ALWAYS, True),
        (And(()), True),
        (Or(()), False),
        (Not(ALWAYS), False),
        (compare(Field.ID, Op.EQ, 9), True),
        (compare(Field.DOC_NUMBER, Op.EQ, "inv-7"), True),
        (compare(Field.DOC_NUMBER, Op.LT, "INV-70"), True),
        (compare(Field.DOC_NUMBER, Op.GT, "INV-10"), True),
        (compare(Field.POSTING_DATE, Op.GE, date(2026, 3, 14)), True),
        (compare(Field.POSTING_DATE, Op.LT, date(2026, 3, 14)), False),
        (compare(Field.STATUS, Op.EQ, "REVIEW"), True),
        (compare(Field.DELETED, Op.EQ, False), True),
        (compare(Field.ADJUSTMENT, Op.EQ, True), True),
        (compare(Field.TOTAL, Op.EQ, 100), True),
        (compare(Field.ORIGIN_CLIENT, Op.EQ, "app"), True),
        (compare(Field.CURRENCY, Op.NE, "gbp"), False),
        (OneOf(Field.ID, (8, 9, 9)), True),
        (OneOf(Field.ID, ()), False),
        (OneOf(Field.DOC_NUMBER, ("x", "Inv-7")), True),
        (Like(Field.DOC_NUMBER, ("inv", "")), True),
        (Like(Field.DOC_NUMBER, ("", "7")), True),
        (Like(Field.DOC_NUMBER, ("%",)), False),
        (Like(Field.TOTAL, ("", "")), False),
        (Exact(Field.DOC_NUMBER, ("x", "INV-7")), True),
        (Exact(Field.DOC_NUMBER, ("inv-7",)), False),
        (Exact(Field.DOC_NUMBER, ()), False),
        (Exact(Field.MEMO, ("",)), False),
        (Exact(Field.TOTAL, ("100",)), False),
        (IsNull(Field.MEMO), True),
        (IsNull(Field.DOC_NUMBER), False),
    ],
    ids=str,
)
def test_filters_by_example(item: Filter, expected: bool) -> None:
    assert matches(item, ENTRY) is expected
    assert matches(Not(item), ENTRY) is not expected


@pytest.mark.parametrize("op", Op)
def test_a_comparison_with_an_absent_value_is_false(op: Op) -> None:
    for item in (
        Compare(Field.MEMO, op, ""),
        Compare(Field.LINE_DIMENSION, op, 1, axis=PROJECT),
        OneOf(Field.MEMO, ("",)),
        Like(Field.MEMO, ("", "")),
    ):
        assert not matches(item, ENTRY)
        assert matches(Not(item), ENTRY)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (compare(Field.LINE_ACCOUNT, Op.EQ, 2), True),
        (compare(Field.LINE_ACCOUNT, Op.EQ, 4), False),
        (compare(Field.LINE_AMOUNT, Op.LT, 41), True),
        (compare(Field.LINE_SIDE, Op.EQ, "d"), True),
        (compare(Field.LINE_CONTACT, Op.EQ, 4), True),
        (compare(Field.LINE_CONTACT, Op.NE, 4), False),
        (compare(Field.LINE_ACCOUNT, Op.NE, 1), True),
        (compare(Field.LINE_DIMENSION, Op.EQ, 2, CLASS), True),
        (compare(Field.LINE_DIMENSION, Op.EQ, 2, PROJECT), False),
        (IsNull(Field.LINE_DIMENSION, CLASS), True),
        (IsNull(Field.LINE_CONTACT), True),
        (IsNull(Field.LINE_ACCOUNT), False),
        (Like(Field.LINE_DESCRIPTION, ("", "off", "")), True),
    ],
    ids=str,
)
def test_a_field_of_a_line_holds_if_it_holds_for_any(item: Filter, expected: bool) -> None:
    assert matches(item, ENTRY) is expected


def test_one_line_must_satisfy_all_of_any_line() -> None:
    on_first = compare(Field.LINE_ACCOUNT, Op.EQ, 1)
    forty = compare(Field.LINE_AMOUNT, Op.EQ, 40)
    assert matches(And((on_first, forty)), ENTRY)
    assert not matches(AnyLine(And((on_first, forty))), ENTRY)
    assert matches(AnyLine(And((on_first, Not(forty)))), ENTRY)
    assert not matches(Not(on_first), ENTRY)
    assert matches(AnyLine(Not(on_first)), ENTRY)
    assert matches(AnyLine(ALWAYS), ENTRY)
    assert not matches(AnyLine(ALWAYS), replace(ENTRY, lines=()))


def test_tombstones_are_deleted_and_otherwise_what_they_were() -> None:
    gone = deletion(ENTRY).after
    assert matches(compare(Field.DELETED, Op.EQ, True), gone)
    assert matches(compare(Field.DOC_NUMBER, Op.EQ, "INV-7"), gone)


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        (("abc",), "ABC", True),
        (("abc",), "abcd", False),
        (("",), "", True),
        (("",), "a", False),
        (("", ""), "", True),
        (("a", ""), "abc", True),
        (("", "c"), "abc", True),
        (("a", "c"), "ac", True),
        (("aa", "aa"), "aaa", False),
        (("aa", "aa"), "aaaa", True),
        (("a", "b", "a"), "aba", True),
        (("a", "b", "b", "a"), "aba", False),
        (("", "ab", "ab", ""), "xabab", True),
        (("", "ab", "ab", ""), "xaba", False),
        (("", "b", "a", ""), "ab", False),
        (("", "%", ""), "100%", True),
        (("", "%", ""), "100", False),
        (("_",), "a", False),
        (("[a]",), "a", False),
        (("É", ""), "é", False),
        (("", "\0", ""), "a\0b", True),
        (("a", ""), None, False),
    ],
)
def test_like_by_example(parts: tuple[str, ...], text: str | None, expected: bool) -> None:
    assert like(text, parts) is expected


@given(st.lists(texts, min_size=1, max_size=5), st.lists(texts, max_size=5))
def test_like_finds_its_parts_whatever_is_between(parts: list[str], between: list[str]) -> None:
    text = parts[0]
    for at, part in enumerate(parts[1:]):
        text += (between[at] if at < len(between) else "") + part
    assert like(text, tuple(parts))
    assert like(text.swapcase() if text.isascii() else text, tuple(parts))


@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_like_is_a_search_for_a_way_to_cut_the_text(text: str, parts: list[str]) -> None:
    """Against the plainest algorithm: try every place for every part."""

    def fits(rest: str, left: list[str]) -> bool:
        if len(left) == 1:
            return rest.endswith(left[0])
        starts = range(len(rest) - len(left[0]) + 1)
        return any(
            rest.startswith(left[0], at) and fits(rest[at + len(left[0]) :], left[1:])
            for at in starts
        )

    folded, pieces = fold(text), [fold(part) for part in parts]
    if len(pieces) == 1:
        expected = folded == pieces[0]
    else:
        rest = folded[len(pieces[0]) :]
        expected = folded.startswith(pieces[0]) and fits(rest, pieces[1:])
    assert like(text, tuple(parts)) is expected


def test_only_ascii_is_folded() -> None:
    assert fold("AZaz[É\u212aİß") == "azaz[É\u212aİß"


@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(fold(text)) == len(text)


@given(filters, entries())
def test_logic_has_two_values(item: Filter, record: JournalEntry) -> None:
    holds = matches(item, record)
    assert matches(Not(item), record) is not holds
    assert matches(Not(Not(item)), record) is holds
    assert matches(And((item, item)), record) is holds
    assert matches(Or((item, item)), record) is holds
    assert not matches(And((item, Not(item))), record)
    assert matches(Or((item, Not(item))), record)


@given(filters, filters, entries())
def test_de_morgan(one: Filter, other: Filter, record: JournalEntry) -> None:
    both, either = And((one, other)), Or((one, other))
    assert matches(Not(both), record) is matches(Or((Not(one), Not(other))), record)
    assert matches(Not(either), record) is matches(And((Not(one), Not(other))), record)


@given(entries(), st.sampled_from([Field.MEMO, Field.DOC_NUMBER, Field.POSTING_DATE, Field.ID]))
def test_a_present_value_equals_itself_and_is_one_of_itself(
    record: JournalEntry, field: Field
) -> None:
    value = field_value(record, field)
    assert matches(IsNull(field), record) is (value is None)
    if value is not None:
        for op, expected in ((Op.EQ, True), (Op.LE, True), (Op.GE, True), (Op.NE, False)):
            assert matches(Compare(field, op, value), record) is expected
        assert matches(OneOf(field, (value,)), record)
        if isinstance(value, str):
            assert matches(Like(field, (value,)), record)
            assert matches(Exact(field, (value,)), record)


def test_fields_of_reference_records() -> None:
    below, person, project, tracking, item, rate = REFERENCES
    assert field_value(below, Field.KIND) == "other_current_asset"
    assert field_value(below, Field.PARENT) == 1
    assert field_value(below, Field.FULL_NAME) == "Account 1:Wörk"
    assert field_value(person, Field.KIND) == "employee"
    assert field_value(project, Field.PARENT) == 3
    assert field_value(tracking, Field.KIND) is None
    assert field_value(item, Field.FULL_NAME) == field_value(item, Field.NAME) == "20 %"
    assert field_value(item, Field.PARENT) is None
    assert field_value(rate, Field.NAME) == field_value(rate, Field.FULL_NAME) == "EUR"
    assert field_value(rate, Field.ACTIVE) is True
    assert field_value(rate, Field.AS_OF) == date(2026, 2, 28)
    for record in REFERENCES:
        assert field_value(record, Field.ID) == 7
        assert field_value(record, Field.MEMO) is None
        assert matches(Not(compare(Field.LINE_ACCOUNT, Op.EQ, 1)), record)


def test_absent_values_come_first_and_the_id_decides() -> None:
    records = [
        replace(account(1), code="b"),
        replace(account(2), code=None),
        replace(account(3), code="B"),
        replace(account(4), code=""),
        replace(account(5), code=None),
        replace(account(6), code="é"),
    ]

    def order(*sort: Sort) -> list[int]:
        return [record.id for record in select(records, Query(sort=sort))]

    assert order() == [1, 2, 3, 4, 5, 6]
    assert order(Sort(Field.CODE)) == [2, 5, 4, 1, 3, 6]
    assert order(Sort(Field.CODE, descending=True)) == [6, 3, 1, 4, 5, 2]
    assert order(Sort(Field.CODE), Sort(Field.ID, descending=True)) == [5, 2, 4, 3, 1, 6]
    assert order(Sort(Field.ID, descending=True)) == [6, 5, 4, 3, 2, 1]
    assert order(Sort(Field.KIND), Sort(Field.CODE)) == [2, 5, 4, 1, 3, 6]


SORTED = st.one_of(
    st.tuples(st.lists(entries(), max_size=8), orders(ENTRY_SORTS)),
    st.tuples(st.lists(accounts, max_size=8), orders(REFERENCE_SORTS)),
)


@given(SORTED, st.integers(1, 4))
def test_pages_put_together_are_the_whole_list(
    given_records: tuple[list[Record], tuple[Sort, ...]], limit: int
) -> None:
    drawn, sort = given_records
    records = list({record.id: record for record in drawn}.values())
    whole = select(records, Query(sort=sort, page=Offset(0, 1_000)))
    assert sorted(record.id for record in whole) == sorted(record.id for record in records)
    assert select(reversed(records), Query(sort=sort, page=Offset(0, 1_000))) == whole
    by_key: list[Record] = []
    after = None
    while page := select(records, Query(sort=sort, page=Keyset(limit, after))):
        assert page == select(records, Query(sort=sort, page=Offset(len(by_key), limit)))
        by_key.extend(page)
        after = sort_key(page[-1], sort)
    assert by_key == whole


@given(st.one_of(entries(), accounts))
def test_a_sort_key_is_made_of_what_json_can_say(record: Record) -> None:
    fields = ENTRY_SORTS if isinstance(record, JournalEntry) else REFERENCE_SORTS
    key = sort_key(record, tuple(map(Sort, sorted(fields))))
    assert len(key) == len(fields) + 1
    assert key[-1] == record.id
    assert all(each is None or type(each) in (int, str) for each in key)


def test_a_page_continues_after_a_row_that_is_gone() -> None:
    records = [contact(id) for id in (1, 2, 3, 4)]
    after = sort_key(records[1], ())
    left = [records[0], records[2], records[3]]
    assert select(left, Query(page=Keyset(1, after))) == [records[2]]


def test_size_counts_nodes_depth_and_members() -> None:
    leaf, some = IsNull(Field.MEMO), OneOf(Field.ID, (1, 2, 3))
    assert size(ALWAYS) == size(leaf) == (1, 1, 0)
    assert size(Not(leaf)) == (2, 2, 0)
    assert size(And((leaf, Or((leaf, AnyLine(leaf)))))) == (6, 4, 0)
    assert size(some) == size(Exact(Field.MEMO, ("1", "2", "3"))) == (1, 1, 3)
    assert size(Or((some, Not(some)))) == (4, 3, 6)
    deep: Filter = leaf
    for _ in range(50_000):
        deep = Not(deep)
    assert size(deep) == (50_001, 50_001, 0)


def test_line_fields_are_those_of_lines() -> None:
    assert [field for field in Field if is_line_field(field)] == [
        Field.LINE_ACCOUNT,
        Field.LINE_CONTACT,
        Field.LINE_DIMENSION,
        Field.LINE_DESCRIPTION,
        Field.LINE_AMOUNT,
        Field.LINE_SIDE,
    ]
    assert not {field for field in ENTRY_SORTS | REFERENCE_SORTS if is_line_field(field)}
