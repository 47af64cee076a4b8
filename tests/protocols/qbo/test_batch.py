"""Batches: each item for itself, in order, with its own answer and its own repetition."""

from typing import Any, cast

import pytest
from tests.support.qbo import CHECKING, TOKEN, Answer, Wire, line, two_lines

from daybook.app.access import Scope
from daybook.app.ledger import Books, Context, Outcome
from daybook.app.ports import Overloaded
from daybook.domain.commands import Command
from daybook.protocols.qbo import batch
from daybook.protocols.qbo.batch import ITEMS_MAX
from daybook.protocols.qbo.limits import BATCH_LINES_MAX

Json = dict[str, Any]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def send(wire: Wire, *items: object, query: str = "") -> Answer:
    return wire.post("batch", {"BatchItemRequest": list(items)}, query)


def carried_out(wire: Wire, *items: object, query: str = "") -> list[Json]:
    """The answers to the items of a batch that can be read."""
    answer = send(wire, *items, query=query)
    assert answer.status == 200, answer.json
    assert list(answer.json) == ["BatchItemResponse", "time"]
    return cast("list[Json]", answer.json["BatchItemResponse"])


def item(batch_id: object, operation: str | None = None, **members: object) -> Json:
    """An item; further members are the object or the query."""
    operations = {} if operation is None else {"operation": operation}
    return {"bId": batch_id, **operations, **members}


def codes(answer: Json) -> list[str]:
    """The codes of the fault of an item."""
    return [error["code"] for error in answer["Fault"]["Error"]]


def count(wire: Wire) -> int:
    """How many entries there are, deleted ones too."""
    with wire.books.read() as reader:
        head = reader.head()
    return head.entries_live + head.entries_deleted


UNBALANCED = {"Line": [line("Debit", 1), line("Credit", 2, CHECKING)]}


def test_items_answer_in_order_and_each_for_itself(wire: Wire) -> None:
    """What fails leaves the others as they are, and the call is a success."""
    first = wire.create("JournalEntry", two_lines(DocNumber="A"))
    second = wire.create("JournalEntry", two_lines(DocNumber="B"))
    change = {"Id": first["Id"], "SyncToken": "0", "sparse": True, "DocNumber": "X"}
    answers = carried_out(
        wire,
        item("b1", "create", JournalEntry=two_lines(7)),
        item("b2", "update", JournalEntry=change),
        item("b3", "update", JournalEntry=change),
        item("b4", "delete", JournalEntry={"Id": second["Id"], "SyncToken": "0"}),
        item("b5", Query="select DocNumber from JournalEntry where DocNumber in ('X', 'B')"),
        item("b6", "create", JournalEntry=UNBALANCED),
        item("b7", "Create", Customer={"DisplayName": "Nova"}),
        item("b8", Query="select * from Nowhere"),
        item("b9", "query", Query="select count(*) from JournalEntry"),
    )
    assert [answer["bId"] for answer in answers] == [f"b{number}" for number in range(1, 10)]
    assert list(answers[0]) == ["JournalEntry", "bId"]
    assert answers[0]["JournalEntry"] == wire.get("journalentry/3").json["JournalEntry"]
    assert answers[1]["JournalEntry"]["SyncToken"] == "1"
    assert codes(answers[2]) == ["5010"]
    assert answers[2]["Fault"]["type"] == "ValidationFault"
    deleted = {"domain": "QBO", "status": "Deleted", "Id": second["Id"]}
    assert answers[3] == {"JournalEntry": deleted, "bId": "b4"}
    row = {"DocNumber": "X", "domain": "QBO", "sparse": True}
    found = {"JournalEntry": [row], "startPosition": 1, "maxResults": 1}
    assert answers[4] == {"QueryResponse": found, "bId": "b5"}
    assert codes(answers[5]) == ["6000"]
    assert answers[6]["Customer"]["DisplayName"] == "Nova"
    assert codes(answers[7]) == ["4001"]
    assert answers[8] == {"QueryResponse": {"totalCount": 2}, "bId": "b9"}


def test_an_object_with_an_id_is_updated_also_without_an_operation(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    answers = carried_out(
        wire,
        item("1", JournalEntry={**entry, "PrivateNote": "n"}),
        item("2", JournalEntry=two_lines()),
        item("3", journalentry=two_lines()),
    )
    assert [answer["JournalEntry"]["Id"] for answer in answers] == ["1", "2", "3"]
    assert answers[0]["JournalEntry"]["PrivateNote"] == "n"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (item("x", "void", JournalEntry={"Id": "1", "SyncToken": "0"}), "500"),
        (item("x", "send", JournalEntry={"Id": "1", "SyncToken": "0"}), "500"),
        (item("x", "explode", JournalEntry=two_lines()), "500"),
        (item("x", "delete", Customer={"Id": "1", "SyncToken": "0"}), "500"),
        (item("x", "create", Invoice={}), "500"),
        (item("x", CDCQuery={"Entities": "JournalEntry"}), "500"),
        (item("x", ReportQuery="ProfitAndLoss"), "500"),
        (item("x", "create"), "2010"),
        (item("x", "create", JournalEntry=two_lines(), Customer={}), "2010"),
        (item("x", 5, JournalEntry=two_lines()), "2010"),  # type: ignore[arg-type]
        (item("x", "create", JournalEntry="text"), "2010"),
        (item("x", "create", JournalEntry={"BadJson": 1}), "2010"),
        (item("x", "query"), "2020"),
        (item("x", Query=["select"]), "2020"),
        (item("x", Query=""), "4000"),
        (item("x", "update", JournalEntry={"Id": "99", "SyncToken": "0", "sparse": True}), "610"),
        (item("x", "delete", JournalEntry={"Id": "99", "SyncToken": "0"}), "610"),
    ],
)
def test_items_that_are_refused(wire: Wire, bad: Json, code: str) -> None:
    answers = carried_out(wire, bad, item("y", "create", JournalEntry=two_lines()))
    assert codes(answers[0]) == [code]
    assert answers[0]["bId"] == "x"
    assert answers[1]["JournalEntry"]["Id"] == "1"


@pytest.mark.parametrize("batch_id", [None, "", True, 1.5, ["x"], {"x": 1}, "x" * 51])
def test_items_without_an_id_of_their_own(wire: Wire, batch_id: object) -> None:
    """They are refused, and what cannot be an id is not shown as one."""
    answers = carried_out(wire, item(batch_id, "create", JournalEntry=two_lines()))
    assert codes(answers[0]) in (["2020"], ["2010"])
    assert answers[0].get("bId", "") == ""
    assert count(wire) == 0


def test_ids_are_used_once_in_a_batch(wire: Wire) -> None:
    answers = carried_out(
        wire,
        item("1", "create", JournalEntry=two_lines()),
        item(1, "create", JournalEntry=two_lines()),
        item(2, "create", JournalEntry=two_lines()),
    )
    assert codes(answers[1]) == ["2030"]
    assert [answer["bId"] for answer in answers] == ["1", "1", "2"]
    assert count(wire) == 2


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"[]", ["2010"]),
        (b"{", ["2010"]),
        (b"{}", ["2020"]),
        (b'{"BatchItemRequest":null}', ["2020"]),
        (b'{"BatchItemRequest":{}}', ["2010"]),
        (b'{"BatchItemRequest":[1]}', ["2010"]),
        (b'{"BatchItemRequest":[],"Foo":1}', ["2010"]),
        (b"<IntuitBatchRequest/>", ["500"]),
    ],
)
def test_envelopes_that_cannot_be_read(wire: Wire, body: bytes, codes: list[str]) -> None:
    answer = wire.post("batch", body)
    assert answer.status == 400
    assert answer.codes == codes


def test_thirty_items_at_most(wire: Wire) -> None:
    items = [
        item(str(number), "create", JournalEntry=two_lines()) for number in range(ITEMS_MAX + 1)
    ]
    answer = send(wire, *items)
    assert answer.status == 400
    assert answer.codes == ["1040"]
    assert count(wire) == 0
    assert len(carried_out(wire, *items[1:])) == count(wire) == 30
    assert carried_out(wire) == []


def test_duplicate_document_numbers_can_be_let_pass(wire: Wire) -> None:
    wire.configure(doc_number_unique=True)
    numbered = two_lines(DocNumber="A")
    answers = carried_out(
        wire,
        item("1", "create", JournalEntry=numbered),
        item("2", "create", JournalEntry=numbered),
        item("3", "create", optionsData="allowduplicatedocnum", JournalEntry=numbered),
        item("4", "create", optionsData="AllowAutoDocNum", JournalEntry=two_lines()),
    )
    assert codes(answers[1]) == ["6140"]
    assert answers[2]["JournalEntry"]["DocNumber"] == "A"
    assert answers[3]["JournalEntry"]["DocNumber"] == "1"


# Request ids


def test_each_item_is_repeated_for_itself(wire: Wire) -> None:
    """Under the request's id and its own; faults as well; queries are asked anew."""
    items = [
        item("a", "create", JournalEntry=two_lines()),
        item("b", "create", JournalEntry=UNBALANCED),
        item("c", Query="select count(*) from JournalEntry"),
    ]
    first = carried_out(wire, *items, query="requestid=r")
    items[1]["JournalEntry"] = two_lines()
    again = carried_out(wire, *items, query="requestid=r")
    assert first == again
    assert count(wire) == 1
    # other items under the same request id are other requests
    more = carried_out(
        wire, items[0], item("d", "create", JournalEntry=two_lines()), query="requestid=r"
    )
    assert more[0] == first[0]
    assert more[1]["JournalEntry"]["Id"] == "2"
    assert carried_out(wire, *items[:2], query="requestid=s")[1]["JournalEntry"]["Id"] == "4"
    assert wire.create("JournalEntry", two_lines(), "requestid=r")["Id"] == "5"


def test_a_batch_that_was_cut_off_can_be_sent_again(wire: Wire) -> None:
    """What had been carried out is not carried out twice, the rest is carried out now."""
    items = [item(str(number), "create", JournalEntry=two_lines()) for number in range(4)]
    carried_out(wire, *items[:2], query="requestid=r")
    answers = carried_out(wire, *items, query="requestid=r")
    assert [answer["JournalEntry"]["Id"] for answer in answers] == ["1", "2", "3", "4"]
    assert count(wire) == 4


# Who, and how much


def test_reading_alone_allows_queries_alone(wire: Wire) -> None:
    items = [
        item("q", Query="select count(*) from JournalEntry"),
        item("w", "create", JournalEntry=two_lines()),
    ]
    wire.tokens.known[TOKEN] = wire.principal(frozenset({Scope.READ}))
    answers = carried_out(wire, *items)
    assert answers[0]["QueryResponse"] == {"totalCount": 0}
    assert codes(answers[1]) == ["3100"]
    assert count(wire) == 0
    wire.tokens.known[TOKEN] = wire.principal(frozenset({Scope.WRITE}))
    assert send(wire, *items).status == 403


def test_overload_in_the_middle_is_that_items_alone(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not remembered: the same batch sent again carries out what was missing."""
    execute = wire.runtime.execute
    calls = 0

    async def busy(books: Books, command: Command, context: Context) -> Outcome:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Overloaded("the writer's queue is full")
        return await execute(books, command, context)

    monkeypatch.setattr(wire.runtime, "execute", busy)
    items = [item(str(number), "create", JournalEntry=two_lines()) for number in range(3)]
    answers = carried_out(wire, *items, query="requestid=r")
    assert codes(answers[1]) == ["3001"]
    assert count(wire) == 2
    answers = carried_out(wire, *items, query="requestid=r")
    assert [answer["JournalEntry"]["Id"] for answer in answers] == ["1", "3", "2"]


def test_what_failed_is_told_in_plain_words_for_the_first_items(wire: Wire) -> None:
    bad = [item(f"a{at}", "create", JournalEntry=UNBALANCED) for at in range(7)]
    answer = send(wire, item("ok", "create", JournalEntry=two_lines()), *bad)
    told = (answer.response.diagnosis or "").split(" | ")
    assert answer.status == 200
    assert told[0].startswith("bId a0: Line: debits are 1.00 USD, credits 2.00")
    assert [text.split(":")[0] for text in told] == [*(f"bId a{at}" for at in range(5)), told[5]]
    assert told[5] == "and 2 more items"
    unnamed = send(wire, {"operation": "create", "JournalEntry": UNBALANCED})
    assert (unnamed.response.diagnosis or "").startswith("item 0: bId is required")
    fine = send(wire, item("ok", "create", JournalEntry=two_lines()))
    assert fine.response.diagnosis is None


def test_an_item_says_of_its_fault_what_the_single_request_says(wire: Wire) -> None:
    (shown,) = carried_out(wire, item("a", "create", JournalEntry=UNBALANCED))
    assert shown["Fault"] == wire.post("journalentry", UNBALANCED).json["Fault"]


def test_items_are_judged_aside_and_stop_at_the_most_errors_listed(wire: Wire) -> None:
    """Thirty refused items never wait for anything, so that nobody else was answered meanwhile."""
    lines = BATCH_LINES_MAX // ITEMS_MAX
    bad = [item(str(at), "create", JournalEntry={"Line": [{}] * lines}) for at in range(ITEMS_MAX)]
    before = wire.runtime.aside
    answers = carried_out(wire, *bad)
    assert {code for answer in answers for code in codes(answer)} == {"2020"}
    assert wire.runtime.aside - before == ITEMS_MAX


def test_a_batch_has_a_bound_on_its_lines(wire: Wire) -> None:
    half: Json = {"Line": [{}] * (BATCH_LINES_MAX // 2)}
    more: Json = {"Line": [{}] * (BATCH_LINES_MAX // 2 + 1)}
    answer = send(wire, item("1", JournalEntry=half), item("2", JournalEntry=more))
    assert answer.status == 400
    assert answer.codes == ["6000"]
    assert f"{BATCH_LINES_MAX + 1} lines" in str(answer.response.diagnosis)


def test_queries_share_the_bytes_of_an_answer(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        wire.create("JournalEntry", two_lines(DocNumber=str(number)))
    size = len(wire.get("journalentry/1").response.body)
    monkeypatch.setattr(batch, "PAGE_BYTES_MAX", 4 * size)
    statement = "select * from JournalEntry"
    (alone,) = carried_out(wire, item("1", Query=statement))
    assert alone["QueryResponse"]["maxResults"] == 4
    for answer in carried_out(wire, item("1", Query=statement), item("2", Query=statement)):
        assert answer["QueryResponse"]["maxResults"] == 2
