"""Queries over entries, as the store finds them and as the shown objects say they should."""

from datetime import UTC, datetime
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.codat import CHECKING, CONSULTING, SALES, Wire, line

from daybook.domain.commands import CreateEntry, DeleteEntry, EntryContent, LineDraft
from daybook.domain.ids import ById, EntryId
from daybook.domain.model import Side, Status
from daybook.protocols.codat import matching
from daybook.protocols.codat.entries import PROPERTIES
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.query import parse


def post(wire: Wire, number: int, random: Random) -> None:
    """An entry with members that queries tell apart."""
    amount = random.choice((1, 100, 2_230))
    kind = random.choice((None, None, "payments", "invoices"))
    annex = () if kind is None else (("codat", f'{{"recordRef":{{"dataType":"{kind}"}}}}'),)
    content = EntryContent(
        (
            LineDraft(Side.DEBIT, amount, ById(CONSULTING)),
            LineDraft(Side.CREDIT, amount, ById(random.choice((CHECKING, SALES)))),
        ),
        posting_date=datetime(2026, random.randint(1, 3), random.randint(1, 28), tzinfo=UTC).date(),
        memo=random.choice((None, "Rent March", "rent", "PO-[12]")),
        annex=annex,
    )
    wire.clock.now += random.choice((0, 40_000, 86_400)) * 1_000_000
    status = Status.PENDING if number % 13 == 0 else Status.POSTED
    wire.execute(CreateEntry(content, status, entry_id=EntryId(number)))
    if random.random() < 0.2 and status is Status.POSTED:
        wire.execute(DeleteEntry(EntryId(number), None))


@pytest.fixture(scope="module")
def books() -> Wire:
    wire = Wire(time_zone="America/Los_Angeles")
    random = Random(7)
    for number in (1, 2, 7, 12, 13, 21, 26, 84, 112, 848, 8484, 84840):
        post(wire, number, random)
    return wire


PATHS = (
    *("id", "recordRef.id", "description", "recordRef.dataType", "journalRef.id", "postedOn"),
    *("createdOn", "updatedOn", "modifiedDate", "sourceModifiedDate", "metadata.isDeleted"),
    "supplementalData.content.a.b",
)
VALUES = (
    *("8484", "84", "08484", "", "x", "rent", "RENT march", "[12]", "payments", "pay", "true"),
    *("FALSE", "journalEntries", "2026-02-03", "2026-01-31T12:00:00Z", "2026-09-21", "2026-13-01"),
    *("2026-09-22T00:00:00", "2026-09-21T16:00:00-07:00", "0001-01-01", "9999-12-31T23:59:59Z"),
    *("2026-02-15T00:00:00.0000001Z", "9999-12-31", "0001-01-01T00:00:00+12:00"),
)
clauses = st.builds(
    lambda path, op, value: f"{path}{op}{value}",
    st.sampled_from(PATHS),
    st.sampled_from(("=", "!=", "~", "!~", ">", "<", ">=", "<=")),
    st.sampled_from(VALUES),
)
queries = st.recursive(
    clauses,
    lambda inner: st.builds(
        lambda items, word: "{" + word.join(items) + "}",
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from(("&&", "||")),
    ),
    max_leaves=5,
)


def expected(wire: Wire, query: str) -> set[str]:
    """What the shown objects say."""
    shown = wire.get("/data/journalEntries").json["results"]
    tree = parse(query)
    matching.check(tree, PROPERTIES)
    return {each["id"] for each in shown if matching.matches(tree, PROPERTIES, each)}


@settings(deadline=None, max_examples=400)
@given(query=queries)
def test_the_store_finds_what_the_objects_show(books: Wire, query: str) -> None:
    fault, wanted = None, set[str]()
    try:
        wanted = expected(books, query)
    except CodatError as error:
        fault = error.error
    answer = books.get("/data/journalEntries", f"query={quoted(query)}")
    if fault is None:
        assert {each["id"] for each in answer.json["results"]} == wanted
    else:
        assert (answer.status, answer.json["error"]) == (400, fault)


def quoted(query: str) -> str:
    return quote(query)


def test_the_published_query() -> None:
    """It holds two dates against a number, and is answered all the same."""
    wire = Wire()
    for number in (84, 8484, 18_484):
        post(wire, number, Random(1))
    asked = "{id~8484||recordRef.dataType~8484||createdOn=8484||postedOn=8484}"
    assert wire.entries(f"{asked}&&metadata.isDeleted!=true") == ["8484", "18484"]
    wire.execute(DeleteEntry(EntryId(8484), None))
    assert wire.entries(f"{asked}&&metadata.isDeleted!=true") == ["18484"]
    assert wire.entries(asked) == ["8484", "18484"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("nothing=1", "Could not resolve property nothing on JournalEntry"),
        ("metadata=1", "Could not resolve property metadata on JournalEntry"),
        ("journalLines.accountRef.id=70", "Could not resolve property journalLines.accountRef.id"),
        ("metadata.isDeleted.x=1", "Could not resolve property metadata.isDeleted.x"),
        ("id>5", "Operator > is not supported for property id on JournalEntry"),
        ("postedOn~2026", "Operator ~ is not supported for property postedOn"),
        ("metadata.isDeleted~true", "Operator ~ is not supported"),
        ("id=1&&{", "Malformed query."),
        ("id=1&&nothing=1", "Could not resolve property nothing"),
        ("id=1||nothing=1", "Could not resolve property nothing"),
    ],
)
def test_queries_that_are_refused(query: str, error: str) -> None:
    answer = Wire().get("/data/journalEntries", f"query={quoted(query)}")
    assert answer.status == 400
    assert answer.json["error"].startswith(f"Error parsing query - {error}")
    assert answer.json["canBeRetried"] == "False"


def test_names_are_found_in_any_case() -> None:
    wire = Wire()
    post(wire, 5, Random(1))
    assert wire.entries("ID=5") == ["5"]
    assert wire.entries("METADATA.ISDELETED!=TRUE") == ["5"]


@pytest.mark.parametrize(
    "path",
    [
        *("id", "postedOn", "createdOn", "modifiedDate", "metadata.isDeleted", "description"),
        *("updatedOn", "recordRef.id"),
    ],
)
def test_orders(books: Wire, path: str) -> None:
    """Ascending and descending are each other's mirror, and say what the objects show."""
    shown = books.get("/data/journalEntries").json["results"]
    wanted = [each["id"] for each in matching.ordered(shown, path, PROPERTIES, "id")]
    if path in ("id", "recordRef.id"):  # by its size, though it is text
        wanted.sort(key=int)
    if path == "createdOn":  # the store orders by the moment behind the day
        values = {each["id"]: each["createdOn"] for each in shown}
        days = [values[each] for each in books.entries(order=path)]
        assert days == sorted(days)
    else:
        assert books.entries(order=path) == wanted
    assert books.entries(order=f"-{path}") == books.entries(order=path)[::-1]


@pytest.mark.parametrize("path", ["nothing", "journalLines", "recordRef.dataType", "-"])
def test_orders_that_are_refused(path: str) -> None:
    answer = Wire().get("/data/journalEntries", f"orderBy={path}")
    assert answer.status == 400
    assert "Could not resolve property" in answer.json["error"]


def test_entries_come_in_the_order_of_their_numbers(books: Wire) -> None:
    found = [int(each) for each in books.entries()]
    assert found == sorted(found)
    assert 13 not in found, "an entry that waits for approval is not posted"


def test_incremental_pulls_see_every_change() -> None:
    """As extractors do it: everything that has changed since the last thing that was seen."""
    wire = Wire()
    first = wire.create({"postedOn": "2026-02-03", "journalLines": [line(1), line(-1, CHECKING)]})
    last = wire.get(f"/data/journalEntries/{first}").json["modifiedDate"]
    assert wire.entries(f"modifiedDate>{last}") == []
    second = wire.create({"postedOn": "2026-02-03", "journalLines": [line(1), line(-1, CHECKING)]})
    assert wire.entries(f"modifiedDate>{last}", "modifiedDate") == [second]
    wire.delete(first)
    wire.work()
    assert wire.entries(f"modifiedDate>{last}", "modifiedDate") == [second, first]
