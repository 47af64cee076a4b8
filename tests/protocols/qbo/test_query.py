"""Statements over books: every operator and type, pages, projections, and a naive second opinion.

The naive evaluation reads every object by its id, as a caller could, and filters, sorts and cuts
the shown objects by the rules of the query language alone. Random statements have to give the same
rows both ways.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any, Final, cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.qbo import (
    ACTOR,
    CHECKING,
    CONSULTING,
    CUSTOMER,
    PAYABLE,
    RECEIVABLE,
    SALES,
    VENDOR,
    Answer,
    Wire,
    line,
    two_lines,
)

from daybook.app.ledger import Committed, Context
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import AccountId, ById
from daybook.domain.model import Side, Status
from daybook.protocols.qbo import query
from daybook.protocols.qbo.query import MOMENTS_MAX, ROWS_MAX, run

Json = dict[str, Any]


def ask(wire: Wire, statement: str) -> Answer:
    """The answer to a statement sent in the address."""
    return wire.get("query", f"query={quote(statement)}&minorversion=75")


def response(wire: Wire, statement: str) -> Json:
    """The `QueryResponse` of a statement that must be carried out."""
    answer = ask(wire, statement)
    assert answer.status == 200, (statement, answer.json)
    return cast(Json, answer.json["QueryResponse"])


def rows(wire: Wire, statement: str) -> list[Json]:
    """The objects of an answer, whose counters are checked."""
    found = response(wire, statement)
    if not found:
        return []
    (name,) = found.keys() - {"startPosition", "maxResults"}
    assert found["maxResults"] == len(found[name]) > 0
    return cast("list[Json]", found[name])


def ids_of(wire: Wire, statement: str) -> list[int]:
    return [int(row["Id"]) for row in rows(wire, statement)]


def fault(wire: Wire, statement: str) -> tuple[str, str]:
    """Code and detail of the fault a statement is answered with."""
    answer = ask(wire, statement)
    assert answer.status == 400
    assert answer.json["Fault"]["type"] == "ValidationFault"
    (error,) = answer.errors
    assert "element" not in error
    return error["code"], error["Detail"]


def entry_of_another_interface(wire: Wire, doc_number: str, status: Status = Status.POSTED) -> int:
    """An entry that did not come in through this wire; its id."""
    lines = tuple(
        LineDraft(side, 100, ById(AccountId(account)))
        for side, account in ((Side.DEBIT, CONSULTING), (Side.CREDIT, CHECKING))
    )
    command = CreateEntry(EntryContent(lines, doc_number=doc_number), status)
    outcome = wire.books.execute(command, Context(ACTOR))
    assert isinstance(outcome, Committed)
    return int(outcome.records[0].id)


DOC_NUMBERS = ("ACC-118", "acc-118", None, "100%", "10_0", "1000", "O'Neil \\ Sons", " x ", "Ünder")
DAYS = ("2026-01-31", "2026-02-01", "2026-02-03", "2025-12-31")


@pytest.fixture(scope="module")
def wire() -> Wire:
    """Books with something of everything, which tests of this module only read.

    Consecutive changes lie more than a second apart, and not a whole number of seconds.
    """
    wire = Wire()
    wire.clock.step = 1_300_000
    for at in range(18):
        members: Json = {"TxnDate": DAYS[at % len(DAYS)]}
        number = DOC_NUMBERS[at % len(DOC_NUMBERS)]
        if number is not None:
            members["DocNumber"] = number
        wire.create("JournalEntry", two_lines(at + 1, **members))
    charged = {"Entity": {"EntityRef": {"value": str(CUSTOMER)}}}
    owed = {"Entity": {"EntityRef": {"value": str(VENDOR)}}}
    for lines in (
        [line("Debit", 70, RECEIVABLE, **charged), line("Credit", 70, SALES)],
        [line("Credit", 8.5, PAYABLE, **owed), line("Debit", 8.5, CONSULTING)],
    ):
        wire.create("JournalEntry", {"Line": lines})
    gone = wire.create("JournalEntry", two_lines(5, DocNumber="GONE"))
    wire.create("JournalEntry", {**gone, "PrivateNote": "changed"})
    wire.post("journalentry", {"Id": gone["Id"], "SyncToken": "1"}, "operation=delete")
    entry_of_another_interface(wire, "PENDING", Status.PENDING)
    changed = wire.get("journalentry/3").json["JournalEntry"]
    wire.create("JournalEntry", {**changed, "PrivateNote": "changed"})
    for given_name, family_name, active in (
        ("Zoe", "Ángel", True),
        ("ada", "Byron", True),
        ("Ada", "Zimmer", False),
        ("Bo", "", True),
    ):
        person: Json = {"DisplayName": f"{given_name} {family_name}!", "GivenName": given_name}
        if family_name:
            person["FamilyName"] = family_name
        made = wire.create("Customer", {**person, "CompanyName": family_name or "Bo Ltd"})
        if not active:
            wire.create("Customer", {**made, "Active": False})
    project = {"DisplayName": "Job", "ParentRef": {"value": str(CUSTOMER)}, "Job": True}
    wire.create("Customer", project)
    savings = {"Name": "Savings", "AccountType": "Bank", "Description": "for a rainy day"}
    below = {"SubAccount": True, "ParentRef": {"value": str(CHECKING)}}
    wire.create("Account", {**savings, **below})
    wire.create("Account", {"Name": "_x%", "AccountType": "Equity", "AcctNum": "3000"})
    return wire


# A second opinion


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a property are read from objects and statements, and what they may be asked."""

    read: Callable[[Any], Any]
    operators: tuple[str, ...]


ORDERED: Final = ("=", "<", ">", "<=", ">=", "in")


def folded(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


TEXT = Kind(folded, (*ORDERED, "like"))
DATE = Kind(str, (*ORDERED, "like"))
MOMENT = Kind(datetime.fromisoformat, ORDERED)
NUMBER = Kind(Decimal, ORDERED)
FLAG = Kind(bool, ("=", "in"))
ID = Kind(int, ("=", "in"))
REFERENCE = Kind(lambda value: int(value["value"]), ("=", "in"))

_COMMON: Final = {"Id": ID, "MetaData.CreateTime": MOMENT, "MetaData.LastUpdatedTime": MOMENT}
PROPERTIES: Final[dict[str, dict[str, Kind]]] = {
    "JournalEntry": {**_COMMON, "DocNumber": TEXT, "TxnDate": DATE},
    "Account": {
        **_COMMON,
        "Active": FLAG,
        "SubAccount": FLAG,
        **dict.fromkeys(("Name", "FullyQualifiedName", "Description"), TEXT),
        **dict.fromkeys(("Classification", "AccountType", "AccountSubType"), TEXT),
        **dict.fromkeys(("CurrentBalance", "CurrentBalanceWithSubAccounts"), NUMBER),
        "ParentRef": REFERENCE,
    },
    "Customer": {
        **_COMMON,
        **dict.fromkeys(("Active", "Job", "Taxable"), FLAG),
        **dict.fromkeys(("DisplayName", "FullyQualifiedName", "PrintOnCheckName"), TEXT),
        **dict.fromkeys(("GivenName", "FamilyName", "CompanyName"), TEXT),
        "Balance": NUMBER,
        "ParentRef": REFERENCE,
    },
}
UNSORTED: Final = {"Active", "Classification", "AccountType", "AccountSubType", "ParentRef"} | {
    *("SubAccount", "Job", "Taxable")
}
COMPARISONS: Final = {"=": eq, "<": lt, ">": gt, "<=": le, ">=": ge}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in words and as a test of an object."""

    path: str
    text: str
    holds: Callable[[Json], bool]


def member(shown: Json, path: str, kind: Kind) -> Any:
    """The value of a property in an object, None where it is absent."""
    value: Any = shown
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else kind.read(value)


@pytest.fixture(scope="module")
def objects(wire: Wire) -> dict[str, list[Json]]:
    """Every object that can be read, by entity."""
    found: dict[str, list[Json]] = {}
    for entity in PROPERTIES:
        answers = [wire.get(f"{entity}/{number}") for number in range(1, 40)]
        found[entity] = [each.json[entity] for each in answers if each.status == 200]
    return found


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def spellings(kind: Kind, value: Any) -> list[str]:
    """The ways in which a statement may write a value."""
    if kind is MOMENT:
        east = value.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
        zulu = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        shapes = (value.isoformat(), zulu, east, east.replace("+", " "))
        return [*map(quoted, shapes), shapes[0]]
    if kind is TEXT:
        return [quoted(value)]
    if kind is FLAG:
        return [str(value).lower(), str(value), f"'{str(value).lower()}'"]
    return [quoted(str(value)), str(value)]


def wanted_values(kind: Kind, held: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Values of a property that some objects have, or nearly."""
    known = st.sampled_from(held)
    if kind is TEXT:
        cut = st.tuples(known, st.integers(1, 5)).map(lambda pair: pair[0][: pair[1]])
        # a blank alone stands for no value, and has a test of its own
        return known | known.map(str.swapcase) | cut.filter(lambda text: text != " ")
    if kind is MOMENT:
        return known | known.map(lambda moment: moment + timedelta(seconds=1))
    return known


@st.composite
def conditions(draw: st.DrawFn, entity: str, shown: list[Json]) -> Condition:
    path = draw(st.sampled_from(sorted(PROPERTIES[entity])))
    kind = PROPERTIES[entity][path]
    op = draw(st.sampled_from(kind.operators))
    # of texts as they are written, before they are folded
    plain = Kind(str, ()) if kind is TEXT else kind
    held = [value for each in shown if (value := member(each, path, plain)) is not None]
    spelled = draw(st.sampled_from((path, path.lower(), path.upper())))
    if op == "like":
        texts = st.sampled_from(held).flatmap(
            lambda text: st.sampled_from((text[:3], text[2:], text))
        )
        wild = "%".join(draw(st.lists(texts | st.just(""), min_size=1, max_size=3)))
        parts = [re.escape(folded(part)) for part in wild.split("%")]
        pattern = re.compile(".*".join(parts), re.DOTALL)

        def matches(each: Json) -> bool:
            value = member(each, path, kind)
            return value is not None and pattern.fullmatch(value) is not None

        return Condition(path, f"{spelled} LIKE {quoted(wild)}", matches)
    values = draw(st.lists(wanted_values(kind, held), min_size=1, max_size=3 if op == "in" else 1))
    texts_of = [draw(st.sampled_from(spellings(kind, value))) for value in values]
    right = [folded(value) if kind is TEXT else value for value in values]
    if op == "in":
        return Condition(
            path,
            f"{spelled} in ({', '.join(texts_of)})",
            lambda each: member(each, path, kind) in right,
        )

    def holds(each: Json) -> bool:
        value = member(each, path, kind)
        return value is not None and bool(COMPARISONS[op](value, right[0]))

    return Condition(path, f"{spelled} {op} {texts_of[0]}", holds)


Orders = list[tuple[str, bool]]


def evaluate(entity: str, shown: list[Json], where: list[Condition], orders: Orders) -> list[Json]:
    """The objects a statement means, all of them, in order."""
    found = [each for each in shown if all(condition.holds(each) for condition in where)]
    if entity != "JournalEntry" and all(each.path != "Active" for each in where):
        found = [each for each in found if each["Active"]]
    if not orders:
        orders = [("TxnDate", True), ("Id", True)]
        if entity != "JournalEntry":
            orders = [("FullyQualifiedName", False), ("Id", False)]
    for path, descending in reversed(orders):
        kind = PROPERTIES[entity][path]

        def key(each: Json, path: str = path, kind: Kind = kind) -> tuple[bool, Any]:
            value = member(each, path, kind)
            return (value is not None, 0 if value is None else value)

        found.sort(key=key, reverse=descending)
    return found


@given(data=st.data())
@pytest.mark.parametrize("entity", PROPERTIES)
def test_random_statements_give_the_rows_they_mean(
    wire: Wire, objects: dict[str, list[Json]], entity: str, data: st.DataObject
) -> None:
    """The rows of a page, and the count, of up to three conditions and two orders."""
    shown = objects[entity]
    where = data.draw(st.lists(conditions(entity, shown), max_size=3))
    sortable = sorted(set(PROPERTIES[entity]) - UNSORTED - {"Id"})
    order = st.lists(st.tuples(st.sampled_from(sortable), st.booleans()), max_size=2)
    orders = data.draw(order)
    if orders:
        orders.append(("Id", data.draw(st.booleans())))
    start, limit = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 30))
    tail = f" where {' and '.join(each.text for each in where)}" if where else ""
    keys = ", ".join(f"{path} {'DESC' if descending else 'asc'}" for path, descending in orders)
    page = f"startposition {start} maxresults {limit}"
    statement = f"select * from {entity}{tail}{' orderby ' + keys if keys else ''} {page}"
    meant = evaluate(entity, shown, where, orders)
    assert rows(wire, statement) == meant[start - 1 :][:limit], statement
    assert response(wire, f"select count(*) from {entity}{tail}") == {"totalCount": len(meant)}


# The envelope


def test_the_shape_of_answers(wire: Wire) -> None:
    answer = ask(wire, "select * from JournalEntry where Id = '1'")
    assert list(answer.json) == ["QueryResponse", "time"]
    entry = wire.get("journalentry/1").json["JournalEntry"]
    assert answer.json["QueryResponse"] == {
        "JournalEntry": [entry],
        "startPosition": 1,
        "maxResults": 1,
    }
    assert response(wire, "select * from JournalEntry where Id = '999'") == {}
    assert response(wire, "select * from JournalEntry startposition 999") == {}
    # on a count the order and the page are accepted and change nothing
    counted = "select count(*) from JournalEntry orderby TxnDate startposition 5 maxresults 1"
    assert response(wire, counted) == {"totalCount": 20}


@pytest.mark.parametrize("media_type", ["application/text", "text/plain;charset=UTF-8", ""])
def test_statements_as_bodies(wire: Wire, media_type: str) -> None:
    """The body is the statement as it is: nothing in it is decoded."""
    headers = {"authorization": "Bearer secret", "content-type": media_type}
    statement = b"select * from JournalEntry\n where DocNumber = '100%'  "
    path = "/v3/company/9130357766900001/query"
    answer = wire.send("POST", path, statement, "minorversion=75", headers)
    assert [entry["DocNumber"] for entry in answer.json["QueryResponse"]["JournalEntry"]] == [
        "100%",
        "100%",
    ]


def test_statements_in_addresses_are_decoded_once(wire: Wire) -> None:
    for sent in (
        "query=select+*+from+JournalEntry+where+DocNumber+%3D+%27100%25%27",
        "query=select%20*%20from%20JournalEntry%20where%20DocNumber='100%25'&",
    ):
        answer = wire.get("query", sent)
        assert answer.json["QueryResponse"]["maxResults"] == 2
    assert wire.get("query").codes == ["4000"]
    assert wire.get("query", "query=").errors[0]["Message"] == "Error parsing query"


# Entries


def test_only_live_posted_entries_are_seen(wire: Wire) -> None:
    for number in ("GONE", "PENDING"):
        assert ids_of(wire, f"select * from JournalEntry where DocNumber = '{number}'") == []
    assert ids_of(wire, "select Id from JournalEntry where Id in ('20', '21', '22')") == [20]


def test_entries_come_newest_first(wire: Wire) -> None:
    found = rows(wire, "select * from JournalEntry")
    keys = [(row["TxnDate"], int(row["Id"])) for row in found]
    assert keys == sorted(keys, reverse=True)
    assert len(keys) == 20


@pytest.mark.parametrize(
    ("literal", "numbers"),
    [
        ("= 'acc-118'", ["ACC-118", "acc-118"]),
        (r"= 'O\'Neil \\ Sons'", ["O'Neil \\ Sons"]),
        ("= 'ünder'", []),
        ("= 'Ünder'", ["Ünder"]),
        ("like '10%'", ["100%", "1000", "10_0"]),
        ("like '10_0'", ["10_0"]),
        ("like '%18'", ["ACC-118", "acc-118"]),
        ("like '%0%0%'", ["1000", "10_0", "100%"]),
        ("like '%'", [each for each in DOC_NUMBERS if each]),
        ("in ('1000', 'nothing', 'ÜNDER')", ["1000", "Ünder"]),
        ("= 1000", ["1000"]),
        ("= 'x'", []),
        ("= ' x '", [" x "]),
        ("= ''", []),
        ("< '100%'", [" x "]),
        ("= CURRENT_DATE", []),
    ],
)
def test_texts(wire: Wire, literal: str, numbers: list[str]) -> None:
    found = rows(wire, f"select DocNumber from JournalEntry where DocNumber {literal}")
    assert {row["DocNumber"] for row in found} == set(numbers)


def test_a_blank_between_quotes_is_no_value(wire: Wire) -> None:
    without = [3, 12, 19, 20]
    assert sorted(ids_of(wire, "select Id from JournalEntry where DocNumber = ' '")) == without
    either = "select Id from JournalEntry where DocNumber in (' ', 'Ünder')"
    assert sorted(ids_of(wire, either)) == [3, 9, 12, 18, 19, 20]
    for op in ("<", ">=", "like"):
        assert ids_of(wire, f"select Id from JournalEntry where DocNumber {op} ' '") == []
    assert ids_of(wire, "select Id from JournalEntry where MetaData.CreateTime = ' '") == []
    assert ids_of(wire, "select Id from JournalEntry where MetaData.CreateTime > ' '") == []
    described = "select Name from Account where Description = ' ' maxresults 1"
    assert rows(wire, described) == [{"Name": "_x%", "domain": "QBO", "sparse": True}]


def test_long_numbers_are_found_as_they_are_shown() -> None:
    """Other interfaces take longer document numbers than this one shows."""
    wire = Wire()
    whole = "reference-of-thirty-characters"
    shown = whole[:21]
    for number in (shown[:20], shown, whole, shown + "~", "s"):
        entry_of_another_interface(wire, number)

    def found(condition: str) -> list[int]:
        return ids_of(wire, f"select Id from JournalEntry where DocNumber {condition} orderby Id")

    assert found(f"= '{shown}'") == found(f"in ('x', '{shown.upper()}')") == [2, 3, 4]
    assert found(f"<= '{shown}'") == [1, 2, 3, 4]
    assert found(f"> '{shown}'") == [5]
    assert found(f"< '{shown}'") == [1]
    assert found(f">= '{shown}'") == [2, 3, 4, 5]
    assert found(f"= '{shown[:20]}'") == [1]
    # who knows the whole number finds it by that as well
    assert found(f"= '{whole}'") == found("like '%characters'") == [3]


@pytest.mark.parametrize(
    ("literal", "days"),
    [
        ("= '2026-02-03'", [2]),
        ("= 2026-02-03", [2]),
        ("= '2026-02-03T10:00:00-08:00'", [2]),
        ("= '2026-02-03Z'", [2]),
        ("= '2026-02-03-08:00'", [2]),
        ("> '2026-01-31' ", [1, 2]),
        ("<= '2026-01-31'", [0, 3]),
        ("in ('2025-12-31', '2026-02-01')", [1, 3]),
        ("like '2026-02%'", [1, 2]),
        ("like '%-31'", [0, 3]),
        ("like '2025-12-31'", [3]),
        ("< CURRENT_DATE", [0, 1, 2, 3]),
        ("= current_date", []),
    ],
)
def test_dates(wire: Wire, literal: str, days: list[int]) -> None:
    statement = f"select TxnDate from JournalEntry where TxnDate {literal} and Id in (1, 2, 3, 4)"
    found = rows(wire, statement)
    assert sorted(row["TxnDate"] for row in found) == sorted(DAYS[day] for day in days)


def test_today_is_the_companys(wire: Wire) -> None:
    """The two entries without a date got the day they were made on, in the company's zone."""
    statement = "select Id from JournalEntry where TxnDate = CURRENT_DATE orderby Id"
    assert ids_of(wire, statement) == [19, 20]


@pytest.mark.parametrize("name", ["CreateTime", "LastUpdatedTime"])
def test_moments_stand_for_the_second_that_is_shown(wire: Wire, name: str) -> None:
    """Whoever sends back a time as it was shown finds the entry; with a fraction, the instant."""
    entry = wire.get("journalentry/5").json["JournalEntry"]
    shown = entry["MetaData"][name]
    second = datetime.fromisoformat(shown)
    before, after = second - timedelta(seconds=1), second + timedelta(seconds=1)

    def found(op: str, moment: str) -> bool:
        statement = f"select Id from JournalEntry where MetaData.{name} {op} '{moment}' and Id = 5"
        return ids_of(wire, statement) == [5]

    for op, expected in (
        ("=", (False, True, False)),
        (">=", (True, True, False)),
        (">", (True, False, False)),
        ("<=", (False, True, True)),
        ("<", (False, False, True)),
        ("like", (False, True, False)),
    ):
        moments = (before.isoformat(), shown, after.isoformat())
        assert tuple(found(op, moment) for moment in moments) == expected, op
    with wire.books.read() as reader:
        stored = reader.entry(5)  # type: ignore[arg-type]
    assert stored is not None
    exact = stored.created_at if name == "CreateTime" else stored.modified_at
    assert exact % 10**6, "the fixture makes times with fractions"
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=exact)
    for shift, holding in (
        (-1, (False, True, True, False, False)),
        (0, (True, True, False, True, False)),
        (1, (False, False, False, True, True)),
    ):
        moment = (at + timedelta(microseconds=shift)).isoformat()
        assert tuple(found(op, moment) for op in ("=", ">=", ">", "<=", "<")) == holding


def test_polling_with_the_time_of_the_last_answer_misses_nothing() -> None:
    """Changes within the second in which the last answer was given are found by the next poll."""
    wire = Wire()
    wire.clock.step = 30_000
    last = "2026-01-01"
    for _ in range(40):
        made = wire.create("JournalEntry", two_lines())["Id"]
        answer = ask(
            wire, f"select Id from JournalEntry where MetaData.LastUpdatedTime >= '{last}'"
        )
        assert made in [row["Id"] for row in answer.json["QueryResponse"]["JournalEntry"]]
        last = answer.json["time"]


def test_the_plus_of_an_offset_may_be_lost(wire: Wire) -> None:
    """As in an address in which it was not escaped."""
    sent = "select Id from JournalEntry where MetaData.CreateTime > '2026-01-01T10:00:00+05:30'"
    answer = wire.get("query", f"query={sent}")
    assert len(answer.json["QueryResponse"]["JournalEntry"]) == 20


# Lists


def test_inactive_records_are_hidden_unless_asked_for(wire: Wire) -> None:
    everyone = {row["DisplayName"] for row in rows(wire, "select * from Customer")}
    assert everyone == {"Ada Lovelace", "Zoe Ángel!", "ada Byron!", "Bo !", "Job"}
    gone = {"Gone Ltd (deleted)", "Ada Zimmer! (deleted)"}
    for text, names in (
        ("Active = false", gone),
        ("Active in (true, false)", everyone | gone),
        ("active = 'true'", everyone),
        ("Active = true and Active = false", set()),
    ):
        found = rows(wire, f"select DisplayName from Customer where {text}")
        assert {row["DisplayName"] for row in found} == names
    assert rows(wire, "select * from Customer where Id = '4'") == []
    assert rows(wire, "select * from Account where Name = 'Old'") == []
    assert response(wire, "select count(*) from Account") == {"totalCount": 8}
    assert response(wire, "select count(*) from Account where Active = false") == {"totalCount": 1}


def test_inactive_records_are_found_by_the_name_that_is_shown(wire: Wire) -> None:
    named = "select Id from Customer where Active in (true, false) and DisplayName"
    assert ids_of(wire, f"{named} = 'Gone Ltd (deleted)'") == [4]
    assert ids_of(wire, f"{named} = 'Gone Ltd'") == []
    assert ids_of(wire, f"{named} like '% (deleted)' orderby DisplayName desc") == [4, 7]


def test_lists_come_by_name(wire: Wire) -> None:
    """By the full name, so that what stands below something follows it."""
    for entity in ("Customer", "Account", "Class"):
        names = [folded(row["FullyQualifiedName"]) for row in rows(wire, f"select * from {entity}")]
        assert names == sorted(names)


def test_the_three_kinds_of_names_are_apart(wire: Wire) -> None:
    assert ids_of(wire, "select * from Vendor") == [VENDOR]
    assert ids_of(wire, "select * from Employee") == [3]
    assert rows(wire, f"select * from Employee where Id = '{VENDOR}'") == []
    assert response(wire, "select count(*) from Vendor") == {"totalCount": 1}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("Account where CurrentBalance > 0 orderby Id", [2]),
        ("Account where CurrentBalance < '0.00' orderby CurrentBalance", [1, 3]),
        ("Account where CurrentBalance = 70.0", [2]),
        ("Account where Classification = 'asset' orderby CurrentBalance desc, Id", [2, 8, 1]),
        ("Account where AccountType = 'Bank' orderby Name", [1, 8]),
        ("Account where AccountType in ('Equity', 'Accounts Payable') orderby Id desc", [9, 3]),
        ("Account where AccountType like '%able' orderby Id", [2, 3]),
        ("Account where AccountType > 'Income'", [7]),
        ("Account where AccountType = 'Bunk'", []),
        ("Account where AccountSubType = 'checking'", []),
        ("Account where SubAccount = true", [8]),
        ("Account where ParentRef = '1'", [8]),
        ("Account where ParentRef.value = 1", [8]),
        ("Account where ParentRef = ' ' and AccountType = 'Bank'", [1]),
        ("Account where Description like '%RAINY%'", [8]),
        ("Account where FullyQualifiedName = 'checking:savings'", [8]),
        (r"Account where Name like '\_x\%'", []),
        ("Account where Name like '_x%'", [9]),
        ("Customer where GivenName = 'ada'", [6]),
        ("Customer where Active in (true, false) and GivenName = 'ada' orderby Id desc", [7, 6]),
        ("Customer where FamilyName > 'b' and Balance = 0", [6, 5]),
        ("Customer where Balance >= 70", [CUSTOMER]),
        ("Customer where Job = true", [9]),
        ("Customer where CompanyName like 'B%' orderby GivenName desc", [8, 6]),
        ("Class where Name = 'east'", [2]),
        ("Class where SubClass = true", [2]),
        ("Class where ParentRef = '1'", [2]),
        ("Department", [1]),
    ],
)
def test_properties_of_lists(wire: Wire, statement: str, found: list[int]) -> None:
    assert ids_of(wire, f"select * from {statement}") == found


def test_ids_sort_as_numbers() -> None:
    """Also beside a condition that only the shown object can answer."""
    wire = Wire()
    for at in range(12):
        wire.create("Vendor", {"DisplayName": f"{at:02}", "GivenName": "x"})
    numbers = list(range(5, 17))
    for order in ("Id", "GivenName, Id"):
        assert (
            ids_of(wire, f"select * from Vendor where GivenName = 'x' orderby {order}") == numbers
        )
    backwards = "select * from Vendor where GivenName = 'x' orderby GivenName, Id desc"
    assert ids_of(wire, backwards) == numbers[::-1]


def test_the_other_lists() -> None:
    wire = Wire(multicurrency=True, country="US")
    wire.create("Term", {"Name": "Net 30", "DueDays": 30})
    wire.create("CompanyCurrency", {"Code": "EUR"})
    wire.create("TaxAgency", {"DisplayName": "State"})
    for code, day, rate in (("EUR", "2026-01-01", 1.1), ("EUR", "2026-02-01", 1.2)):
        body = {"SourceCurrencyCode": code, "AsOfDate": day, "Rate": rate}
        wire.create("ExchangeRate", body)
    assert [row["Name"] for row in rows(wire, "select * from Term where Name like 'net%'")] == [
        "Net 30"
    ]
    assert [
        row["Code"] for row in rows(wire, "select * from CompanyCurrency where Code='eur'")
    ] == ["EUR"]
    assert rows(wire, "select * from TaxAgency where DisplayName = 'state'")[0]["Id"] == "1"
    priced = (
        "select * from ExchangeRate where SourceCurrencyCode = 'EUR' and AsOfDate > '2026-01-15'"
    )
    assert [row["Rate"] for row in rows(wire, priced)] == [Decimal("1.2")]
    latest = rows(wire, "select * from ExchangeRate orderby AsOfDate desc maxresults 1")
    assert latest[0]["AsOfDate"] == "2026-02-01"
    for entity in ("Item", "JournalCode"):
        assert response(wire, f"select * from {entity}") == {}
        assert response(wire, f"select count(*) from {entity}") == {"totalCount": 0}


def test_pseudo_tax_codes_are_among_the_tax_codes() -> None:
    """In the United States: by name among the others, found by their ids, counted."""
    wire = Wire(country="US")
    wire.create("TaxAgency", {"DisplayName": "State"})
    for name in ("Ohio", "Utah"):
        detail = {"TaxRateName": name, "RateValue": "5", "TaxAgencyId": "1"}
        body = {"TaxCode": name, "TaxRateDetails": [{**detail, "TaxApplicableOn": "Sales"}]}
        assert wire.post("taxservice/taxcode", body).status == 200
    names = [row["Name"] for row in rows(wire, "select * from TaxCode")]
    assert names == ["NON", "Ohio", "TAX", "Utah"]
    assert [row["Id"] for row in rows(wire, "select * from TaxCode where Id in ('TAX', '2')")] == [
        "TAX",
        "2",
    ]
    assert response(wire, "select count(*) from TaxCode where Active = true") == {"totalCount": 4}
    page = (
        "select Name from TaxCode where Name > 'o' orderby Name desc startposition 2 maxresults 1"
    )
    assert [row["Name"] for row in rows(wire, page)] == ["TAX"]
    elsewhere = Wire(country="GB")
    assert response(elsewhere, "select * from TaxCode") == {}


def test_the_company_is_one_row(wire: Wire) -> None:
    (info,) = rows(wire, "select * from CompanyInfo")
    assert info == wire.get("companyinfo/1").json["CompanyInfo"]
    (settings,) = rows(wire, "select * from Preferences")
    assert settings == wire.get("preferences").json["Preferences"]
    assert rows(wire, "select * from CompanyInfo where CompanyName = 'books'") == [info]
    assert rows(wire, "select * from CompanyInfo where CompanyName = 'other'") == []
    assert rows(wire, "select * from Preferences startposition 2") == []
    assert response(wire, "select count(*) from Preferences") == {"totalCount": 1}
    updated = info["MetaData"]["LastUpdatedTime"]
    since = f"select Id from CompanyInfo where MetaData.LastUpdatedTime >= '{updated}'"
    assert len(rows(wire, since)) == 1


# Projections


def test_projections(wire: Wire) -> None:
    def first(projection: str) -> Json:
        return rows(wire, f"select {projection} from JournalEntry where Id = '1'")[0]

    whole = wire.get("journalentry/1").json["JournalEntry"]
    fixed = {"domain": "QBO", "sparse": True}
    assert first("id, docnumber") == {"Id": "1", "DocNumber": "ACC-118", **fixed}
    assert first("TxnDate") == {"TxnDate": "2026-01-31", **fixed}
    created = {"CreateTime": whole["MetaData"]["CreateTime"]}
    assert first("MetaData.CreateTime") == {"MetaData": created, **fixed}
    both = first("metadata.createtime, Metadata.LastUpdatedTime")
    assert both == {"MetaData": whole["MetaData"], **fixed}
    assert first("MetaData") == {"MetaData": whole["MetaData"], **fixed}
    assert first("Line") == first("Line.*") == first("Line.Amount")
    assert first("Line")["Line"] == whole["Line"]
    assert first("PrivateNote") == fixed
    assert first("*, Id") == whole
    assert rows(wire, "select ParentRef.value, Name from Account where Id = '8'") == [
        {"ParentRef": {"value": "1"}, "Name": "Savings", **fixed}
    ]


# Pages


def test_pages_of_more_than_one_answer_are_one_list() -> None:
    """Over 1,000 rows, for the store's own order and for one that only shown objects have."""
    wire = Wire()
    wire.clock.step = 1_000
    count = ROWS_MAX + 105
    for at in range(count):
        wire.create("Vendor", {"DisplayName": f"V{at:05}", "GivenName": "ab"[at % 2]})
    wanted = [f"V{at:05}" for at in range(count)]

    def pages(tail: str, size: int) -> list[str]:
        names: list[str] = []
        while True:
            statement = f"select DisplayName from Vendor where DisplayName like 'V0%'{tail}"
            found = rows(wire, f"{statement} startposition {len(names) + 1} maxresults {size}")
            if not found:
                return names
            assert len(found) <= size
            names += [row["DisplayName"] for row in found]

    assert pages("", 400) == wanted
    assert pages(" orderby DisplayName desc", ROWS_MAX) == wanted[::-1]
    assert pages(" and GivenName = 'b'", 300) == wanted[1::2]
    assert pages(" orderby GivenName, DisplayName", 1_000) == wanted[::2] + wanted[1::2]
    everything = "select DisplayName from Vendor"
    assert len(rows(wire, everything)) == 100
    for limit in (ROWS_MAX, ROWS_MAX + 1, 10**12):
        assert len(rows(wire, f"{everything} maxresults {limit}")) == ROWS_MAX
    assert response(wire, "select count(*) from Vendor where GivenName = 'a'") == {
        "totalCount": len(wanted[::2])
    }


def test_positions(wire: Wire) -> None:
    first = ids_of(wire, "select * from JournalEntry maxresults 3")
    assert ids_of(wire, "select * from JournalEntry startposition 0 maxresults 3") == first
    assert ids_of(wire, "select * from JournalEntry maxresults 2 startposition 2") == first[1:]
    assert response(wire, "select * from JournalEntry startposition 20")["startPosition"] == 20
    assert response(wire, f"select * from JournalEntry startposition {10**30}") == {}
    for text in ("maxresults 0", "maxresults -1", "startposition -1"):
        number = text.split()[1]
        assert fault(wire, f"select * from JournalEntry {text}") == (
            "4001",
            f"QueryValidationError: value {number} is too small. Min allowed value is 1",
        )


# What is not there, and what cannot be asked


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("* from Custmoer", "invalid context declaration: Custmoer"),
        ("* from Invoice", "invalid context declaration: Invoice"),
        (
            "* from JournalEntry where PrivateNote = 'x'",
            "property 'PrivateNote' is not queryable",
        ),
        (
            "* from JournalEntry where Line.Amount > 5",
            "property 'Line.Amount' is not queryable",
        ),
        ("* from JournalEntry orderby TotalAmt", "property 'TotalAmt' is not queryable"),
        ("* from Account where AcctNum = '1'", "property 'AcctNum' is not queryable"),
        ("* from Customer orderby Active", "property 'Active' is not sortable"),
        ("* from Account where Foo = 1", "Property Foo not found for Entity Account"),
        ("* from Account orderby Foo.Bar", "Property Foo.Bar not found for Entity Account"),
        ("Foo from Account", "Property Foo not found for Entity Account"),
        ("* from Account where Id > '1'", "property 'Id' can be compared with = and IN alone"),
        ("* from Account where id like '1%'", "property 'Id' can be compared with = and IN alone"),
        (
            "* from Account where Active < true",
            "property 'Active' can be compared with = and IN alone",
        ),
        (
            "* from Account where ParentRef > 1",
            "property 'ParentRef' can be compared with = and IN alone",
        ),
        (
            "* from Customer where Balance like '1%'",
            "property 'Balance' cannot be compared with LIKE",
        ),
        ("* from Account where Id = 'x'", "value 'x' for property Id is not a valid number"),
        (
            "* from Account where Active = 'yes'",
            "value 'yes' for property Active is not true or false",
        ),
        (
            "* from Account where CurrentBalance > 'much'",
            "value 'much' for property CurrentBalance is not a number",
        ),
        (
            "* from JournalEntry where TxnDate = '2026-02-30'",
            "value '2026-02-30' for property TxnDate is not a date such as 2026-02-03",
        ),
        (
            "* from JournalEntry where TxnDate = '2026-02-03 or so'",
            "value '2026-02-03 or so' for property TxnDate is not a date such as 2026-02-03",
        ),
        (
            "* from JournalEntry where MetaData.CreateTime > 'noon'",
            "value 'noon' for property MetaData.CreateTime is not a date or a date with a time",
        ),
        (
            f"* from Account where Id = '{'9' * 200}'",
            f"value '{'9' * 100}…' for property Id is not a valid number",
        ),
    ],
)
def test_refused(wire: Wire, statement: str, detail: str) -> None:
    answer = ask(wire, f"select {statement}")
    assert answer.errors[0]["Message"] == "Invalid query"
    assert fault(wire, f"select {statement}") == ("4001", f"QueryValidationError: {detail}")


def test_a_statement_that_would_take_too_much(wire: Wire) -> None:
    moment = "'2026-01-01'"
    statement = "select * from JournalEntry where MetaData.CreateTime in ({})"
    assert response(wire, statement.format(",".join([moment] * MOMENTS_MAX))) == {}
    code, detail = fault(wire, statement.format(",".join([moment] * (MOMENTS_MAX + 1))))
    assert (code, detail) == (
        "4002",
        f"QueryProcessingError: the statement has more than {MOMENTS_MAX} dates with times",
    )
    ids = ",".join(f"'{number}'" for number in range(1_000))
    assert len(ids_of(wire, f"select Id from JournalEntry where Id in ({ids})")) == 20


def test_a_page_is_cut_in_bytes(wire: Wire) -> None:
    """As at the most rows: it says how many came, and the next page begins behind them."""
    whole = ids_of(wire, "select * from JournalEntry")
    row = len(wire.get(f"journalentry/{whole[0]}").response.body)

    def pages(rest: str, bytes_max: int) -> list[list[int]]:
        found: list[list[int]] = []
        while sum(map(len, found)) < len(whole):
            start = sum(map(len, found)) + 1
            statement = f"select * from JournalEntry {rest} startposition {start}"
            with wire.books.read() as reader:
                answer = run(statement, reader, wire.clock(), bytes_max)
            assert (answer["startPosition"], answer["maxResults"]) == (
                start,
                len(answer["JournalEntry"]),
            )
            found.append([int(json.loads(bytes(each))["Id"]) for each in answer["JournalEntry"]])
        return found

    for rest in ("", "where MetaData.CreateTime like '2%'"):
        assert [id for page in pages(rest, 2 * row) for id in page] == whole
        assert len(pages(rest, 2 * row)) < len(whole)
        assert pages(rest, 1) == [[id] for id in whole]
        assert pages(rest, 10**7) == [whole]


def test_searches_row_by_row_end_in_time(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "SEARCH_SECONDS_MAX", -1)
    statement = "select * from JournalEntry where MetaData.CreateTime like '%x%'"
    code, detail = fault(wire, statement)
    assert code == "4002"
    assert detail.startswith("QueryProcessingError: the search took more than")


@pytest.mark.parametrize("shown", ["*", "count(*)"])
def test_searches_in_the_store_end_in_time(
    wire: Wire, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a page too, alone and in a batch."""
    monkeypatch.setattr(query, "SEARCH_SECONDS_MAX", -1)
    statement = f"select {shown} from JournalEntry where TxnDate like '%x%'"
    told = ("4002", "QueryProcessingError: the search took more than -1 seconds")
    assert fault(wire, statement) == told
    batch = wire.post("batch", {"BatchItemRequest": [{"bId": "1", "Query": statement}]})
    [item] = batch.json["BatchItemResponse"]
    [error] = item["Fault"]["Error"]
    assert (batch.status, error["code"], error["Detail"]) == (200, *told)


def test_dates_are_matched_by_the_store(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by showing every entry."""
    monkeypatch.delattr(query, "entry_json")
    statement = "select count(*) from JournalEntry where TxnDate like '%x%'"
    assert response(wire, statement) == {"totalCount": 0}
    assert response(wire, statement.replace("%x%", "%"))["totalCount"] > 0
