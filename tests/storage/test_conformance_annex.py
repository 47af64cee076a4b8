"""What every engine finds by the text of ids, and by what a wire keeps beside an entry."""

from dataclasses import replace

from tests.support.records import created, entry, log
from tests.support.stores import LIVE

from daybook.app.ports import Store, Tx
from daybook.domain.ids import CompanyId
from daybook.domain.query import And, Field, Filter, IsNull, Like, Not, Query

PAYMENT = '{"recordRef":{"dataType":"payments"},"note":"it\'s"}'


def found(store: Store, company_id: CompanyId, item: Filter) -> list[int]:
    with store.read(company_id) as reader:
        ids = [each.id for each in reader.entries(Query(item))]
        assert reader.count_entries(item) == len(ids)
    return sorted(ids)


def keep(store: Store, company_id: CompanyId) -> None:
    """Entries 1, 12, 21 and 112; the second and the last with annexes."""

    def work(tx: Tx) -> None:
        for number, annex in (
            (1, ()),
            (12, (("codat", PAYMENT), ("qbo", '{"dataType":"bills"}'))),
            (21, (("qbo", PAYMENT),)),
            (112, (("codat", '{"recordRef":{"dataType":"BILLS"}}'),)),
        ):
            log(tx, company_id, created(replace(entry(number), annex=annex)))

    store.write(company_id, work)


def test_ids_are_searched_as_text(store: Store, books: CompanyId) -> None:
    keep(store, books)
    assert found(store, books, Like(Field.ID_TEXT, ("", "12", ""))) == [12, 112]
    assert found(store, books, Like(Field.ID_TEXT, ("1", ""))) == [1, 12, 112]
    assert found(store, books, Like(Field.ID_TEXT, ("x",))) == []


def test_an_annex_is_searched_by_its_wire(store: Store, books: CompanyId) -> None:
    keep(store, books)
    bills = Like(Field.ANNEX, ("", '"datatype":"bills"', ""), axis="codat")
    assert found(store, books, bills) == [112]
    assert found(store, books, Like(Field.ANNEX, ("", "it's", ""), axis="qbo")) == [21]
    assert found(store, books, Like(Field.ANNEX, ('{"rec', "}"), axis="codat")) == [12, 112]
    assert found(store, books, IsNull(Field.ANNEX, "codat")) == [1, 21]
    assert found(store, books, IsNull(Field.ANNEX, "c'o")) == [1, 12, 21, 112]
    assert found(store, books, And((LIVE, Not(bills)))) == [1, 12, 21]
