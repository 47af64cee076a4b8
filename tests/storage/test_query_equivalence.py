"""Every engine answers every question as the naive evaluation of the read model does.

Random filters, orders and pages over odd records, each from a seed of its own. A failure names the
seed, which `DAYBOOK_TEST_SEED` repeats, and the smallest filter found that still shows it.
`DAYBOOK_TEST_SLOW=1` asks fifty thousand questions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from random import Random

import pytest
from tests.support import records
from tests.support.engines import SEED, SLOW, Engine, engine_schemes
from tests.support.queries import Questions, odd_records, simpler

from daybook.app.ports import Reader, Store
from daybook.domain.events import ACCOUNT, CONTACT, ENTRY, RATE, dimension_entity, list_entity
from daybook.domain.ids import CompanyId
from daybook.domain.limits import FILTER_DEPTH_MAX, FILTER_LIST_MAX, FILTER_NODES_MAX
from daybook.domain.model import CLASS, ListKind, Record
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Query,
    matches,
    select,
)

RECORDS = odd_records(Random(2026), 60)
SHARES = {
    ENTRY: 0.6,
    ACCOUNT: 0.12,
    CONTACT: 0.07,
    dimension_entity(CLASS): 0.07,
    list_entity(ListKind.TERM): 0.07,
    RATE: 0.07,
}
"""How the questions are shared out over the entities."""
QUESTIONS = 50_000 if SLOW else 1_500
EVERYTHING = Offset(0, 1_000)


@dataclass(frozen=True)
class Opened:
    """A store of each engine with the same odd records in it."""

    stores: Mapping[str, tuple[Store, CompanyId]]

    def fault(self, entity: str, query: Query) -> str | None:
        """What an engine answers otherwise than the read model; None if all agree."""
        table = RECORDS[entity]
        expected = select(table, query)
        count = sum(matches(query.filter, record) for record in table)
        for scheme, (store, company_id) in self.stores.items():
            with store.read(company_id) as reader:
                try:
                    answer, counted = ask(reader, entity, query)
                except Exception as error:
                    return f"{scheme} raises {error!r}"
            if answer != expected:
                return f"{scheme} finds {ids(answer)}, should find {ids(expected)}"
            if counted != count:
                return f"{scheme} counts {counted}, should count {count}"
        return None

    def smallest(self, entity: str, query: Query) -> Query:
        """A query with the simplest filter to be found that still shows a fault."""
        while True:
            candidates = (replace(query, filter=each) for each in simpler(query.filter))
            less = next((each for each in candidates if self.fault(entity, each)), None)
            if less is None:
                return query
            query = less


def ask(reader: Reader, entity: str, query: Query) -> tuple[list[Record], int]:
    if entity == ENTRY:
        return list(reader.entries(query)), reader.count_entries(query.filter)
    return list(reader.references(entity, query)), reader.count_references(entity, query.filter)


def ids(found: list[Record]) -> list[int]:
    return [record.id for record in found]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    tables = [table for entity, table in RECORDS.items() if entity != ENTRY]
    changes = [
        # Entries come last: what they add to totals depends on the kinds of the accounts.
        records.created(record)
        for table in (*tables, RECORDS[ENTRY])
        for record in table
    ]
    stores: dict[str, tuple[Store, CompanyId]] = {}
    for scheme in engine_schemes():
        store = Engine.of(scheme, tmp_path_factory.mktemp(scheme)).open()
        stores[scheme] = store, records.found(store, 1, changes)
    yield Opened(stores)
    for store, _ in stores.values():
        store.close()


@pytest.mark.timeout(1_800 if SLOW else 300)
@pytest.mark.parametrize("entity", SHARES)
def test_every_engine_answers_as_the_read_model_says(opened: Opened, entity: str) -> None:
    questions = Questions.about(entity, RECORDS[entity])
    some_but_not_all = 0
    count = round(QUESTIONS * SHARES[entity])
    for seed in range(SEED, SEED + count):
        query = questions.query(Random(seed))
        fault = opened.fault(entity, query)
        if fault is not None:
            query = opened.smallest(entity, query)
            fault = opened.fault(entity, query)
            pytest.fail(f"{entity}, DAYBOOK_TEST_SEED={seed}: {fault}\n{query}")
        found = sum(matches(query.filter, record) for record in RECORDS[entity])
        some_but_not_all += 0 < found < len(RECORDS[entity])
    assert count < 50 or some_but_not_all > count / 5, "the questions are too easy"


def many(count: int) -> tuple[Filter, ...]:
    return tuple(Compare(Field.LINE_AMOUNT, Op.EQ, number) for number in range(count))


def nested(depth: int) -> Filter:
    item: Filter = Like(Field.MEMO, ("", "a", ""))
    for level in range(depth):
        item = Not(item) if level % 3 else And((item, Not(IsNull(Field.DOC_NUMBER))))
    return item


LARGEST: dict[str, Filter] = {
    "or": Or(many(FILTER_NODES_MAX - 1)),
    "and": And(tuple(map(Not, many(FILTER_NODES_MAX // 2 - 1)))),
    "or of lines": Or(tuple(map(AnyLine, many(FILTER_NODES_MAX // 2 - 1)))),
    "deep": nested(FILTER_DEPTH_MAX - 2),
    "list": OneOf(Field.ID, tuple(range(50, 50 + FILTER_LIST_MAX))),
    "list of texts": OneOf(Field.MEMO, tuple(f"A{number % 500}" for number in range(1_000))),
    "list of exact texts": Exact(Field.MEMO, tuple(f"{at % 500}" for at in range(1_000))),
    "lists": Or(
        (
            OneOf(Field.ID, tuple(range(50, 50 + FILTER_LIST_MAX))),
            OneOf(Field.LINE_ACCOUNT, tuple(range(50, 50 + FILTER_LIST_MAX))),
            OneOf(Field.LINE_CONTACT, tuple(range(50, 50 + FILTER_LIST_MAX))),
            OneOf(Field.LINE_AMOUNT, tuple(range(50, 50 + FILTER_LIST_MAX))),
            Exact(Field.DOC_NUMBER, tuple(f"{at}" for at in range(FILTER_LIST_MAX))),
        )
    ),
    "likes": Or(tuple(Like(Field.MEMO, (f"{number}", "")) for number in range(400))),
    "pieces": Like(Field.MEMO, ("a", *[""] * 50, "c", "")),
    "half a list": Not(OneOf(Field.POSTING_DATE, (date.max,) * 1_000)),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_filters_are_answered(opened: Opened, name: str) -> None:
    assert opened.fault(ENTRY, Query(LARGEST[name], page=EVERYTHING)) is None


TEXTS = ["", "a", "%", "_", "*", "[abc]", "'", '"', "\\", "!", "\0", "é", "É", "🧾", "\ud800"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("field", [Field.MEMO, Field.LINE_DESCRIPTION, Field.DOC_NUMBER])
def test_no_character_is_special(opened: Opened, field: Field, text: str) -> None:
    filters: list[Filter] = [Compare(field, op, text) for op in Op]
    filters += [OneOf(field, (text, text)), Like(field, (text,)), Like(field, (text, ""))]
    filters += [Exact(field, (text,)), Exact(field, (text, text.upper()))]
    filters += [Like(field, ("", text)), Like(field, ("", text, "")), Like(field, (text, text))]
    for item in [*filters, *map(Not, filters)]:
        assert opened.fault(ENTRY, Query(item, page=EVERYTHING)) is None, item


def test_everything_is_everything(opened: Opened) -> None:
    for entity in SHARES:
        everything: list[Filter] = [ALWAYS, And(()), Not(Or(()))]
        for item in everything:
            assert opened.fault(entity, Query(item, page=EVERYTHING)) is None
