"""Change data capture: what changed since a moment, in order, with tombstones."""

from typing import Any, cast

import pytest
from tests.support.qbo import (
    ACTOR,
    CHECKING,
    CONSULTING,
    CUSTOMER,
    REALM,
    Answer,
    Wire,
    two_lines,
)

from daybook.app.ledger import Committed, Context
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import Side
from daybook.protocols.qbo import cdc
from daybook.protocols.qbo.query import ROWS_MAX

Json = dict[str, Any]
EVER = "2020-01-01"


@pytest.fixture
def wire() -> Wire:
    """Changes lie a second and a half apart."""
    wire = Wire()
    wire.clock.step = 1_500_000
    return wire


def ask(wire: Wire, entities: str, since: str = EVER) -> Answer:
    return wire.get("cdc", f"entities={entities}&changedSince={since}&minorversion=75")


def changes(wire: Wire, entities: str, since: str = EVER) -> list[Json]:
    """One `QueryResponse` for each entity."""
    answer = ask(wire, entities, since)
    assert answer.status == 200, answer.json
    assert list(answer.json) == ["CDCResponse", "time"]
    (response,) = answer.json["CDCResponse"]
    assert list(response) == ["QueryResponse"]
    return cast("list[Json]", response["QueryResponse"])


def changed(wire: Wire, entity: str, since: str = EVER) -> list[str]:
    """The ids of what changed in one entity, those of deleted entries with a minus."""
    (found,) = changes(wire, entity, since)
    if not found:
        return []
    assert list(found) == [entity, "startPosition", "maxResults"]
    assert (found["startPosition"], found["maxResults"]) == (1, len(found[entity]))
    return [("-" if "status" in each else "") + each["Id"] for each in found[entity]]


def now(wire: Wire) -> str:
    """The moment as an answer tells it."""
    return cast(str, wire.get("preferences").json["time"])


def test_created_updated_and_deleted_entries(wire: Wire) -> None:
    """Live ones as they are now, in the order of their last changes; tombstones after them."""
    entries = [wire.create("JournalEntry", two_lines()) for _ in range(4)]
    wire.post("journalentry", {"Id": "2", "SyncToken": "0"}, "operation=delete")
    wire.create("JournalEntry", {**entries[0], "PrivateNote": "later"})
    (found,) = changes(wire, "JournalEntry")
    *live, gone = found["JournalEntry"]
    assert [entry["Id"] for entry in live] == ["3", "4", "1"]
    assert live[2] == wire.get("journalentry/1").json["JournalEntry"]
    assert live[2]["PrivateNote"] == "later"
    assert list(gone) == ["domain", "status", "Id", "MetaData"]
    assert (gone["domain"], gone["status"], gone["Id"]) == ("QBO", "Deleted", "2")
    assert list(gone["MetaData"]) == ["LastUpdatedTime"]
    times = [each["MetaData"]["LastUpdatedTime"] for each in live]
    assert times == sorted(times)
    assert times[1] < gone["MetaData"]["LastUpdatedTime"] < times[2]


def test_from_a_moment_on(wire: Wire) -> None:
    """A time that was shown includes what was shown with it; the time of an answer what follows."""
    first = wire.create("JournalEntry", two_lines())
    second = wire.create("JournalEntry", two_lines())
    shown = second["MetaData"]["LastUpdatedTime"]
    assert changed(wire, "JournalEntry", first["MetaData"]["LastUpdatedTime"]) == ["1", "2"]
    assert changed(wire, "JournalEntry", shown) == ["2"]
    moment = now(wire)
    assert changed(wire, "JournalEntry", moment) == []
    wire.post("journalentry", {"Id": "1", "SyncToken": "0"}, "operation=delete")
    assert changed(wire, "JournalEntry", moment) == ["-1"]
    assert changed(wire, "JournalEntry", "2100-01-01") == []


def test_polling_with_the_time_of_the_last_answer_misses_nothing() -> None:
    """Also where several changes and answers lie within one second."""
    wire = Wire()
    wire.clock.step = 30_000
    last = EVER
    for number in range(1, 41):
        wire.create("JournalEntry", two_lines())
        answer = ask(wire, "JournalEntry", last)
        (response,) = answer.json["CDCResponse"][0]["QueryResponse"]
        assert str(number) in [entry["Id"] for entry in response["JournalEntry"]]
        last = answer.json["time"]


@pytest.mark.parametrize(
    "since",
    [
        "2026-01-05",
        "2026-01-05T10:00:00",
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00-08:00",
        "2026-01-05T10:00:00-0800",
        "2026-01-05T10:00:00%2B05:30",
        "2026-01-05T10:00:00+05:30",
        "2026-01-05T10:00:00 05:30",
        "2026-01-05T10:00:00.123+05:30",
        "2011-10-14T23:30:00-07:00",
    ],
)
def test_moments_are_written_in_many_ways(wire: Wire, since: str) -> None:
    """The `+` of an offset may be lost on the way. However old the moment, it is served."""
    wire.create("JournalEntry", two_lines())
    assert changed(wire, "JournalEntry", since) == ["1"]


def test_one_answer_for_each_entity_in_their_order(wire: Wire) -> None:
    wire.create("JournalEntry", two_lines())
    moment = now(wire)
    wire.create("Vendor", {"DisplayName": "Nova"})
    found = changes(wire, "Account, vendor,JOURNALENTRY,Customer", moment)
    assert [list(each)[:1] for each in found] == [[], ["Vendor"], [], []]
    twice = changes(wire, "Vendor,Vendor", moment)
    assert twice[0] == twice[1] == found[1]
    assert len(changes(wire, "JournalEntry,,Account,")) == 2


def test_lists_come_whole_with_inactive_records(wire: Wire) -> None:
    moment = now(wire)
    made = wire.create("Customer", {"DisplayName": "Nova"})
    wire.create("Customer", {**made, "Active": False})
    (found,) = changes(wire, "Customer", moment)
    assert found["Customer"] == [wire.get(f"customer/{made['Id']}").json["Customer"]]
    assert found["Customer"][0]["Active"] is False
    assert changed(wire, "Customer") == [str(CUSTOMER), "4", made["Id"]]
    assert changed(wire, "Vendor") == ["2"]
    assert changed(wire, "Employee") == ["3"]
    account = wire.get("account/1").json["Account"]
    moment = now(wire)
    wire.create("Account", {**account, "Name": "Giro"})
    assert changed(wire, "Account", moment) == ["1"]
    for entity, number in (("Class", 2), ("Department", 1), ("Term", 0), ("CompanyCurrency", 0)):
        assert len(changed(wire, entity)) == number


def test_the_company_and_its_settings(wire: Wire) -> None:
    wire.configure(name="New Name")
    for entity in ("CompanyInfo", "Preferences"):
        assert changed(wire, entity) == ["1"]
        assert changed(wire, entity, now(wire)) == []


def followed(wire: Wire, pages_max: int = 20) -> list[str]:
    """The ids of all entries, as a caller meets them who goes on from the last time shown."""
    seen: list[str] = []
    since = EVER
    for _ in range(pages_max):
        (found,) = changes(wire, "JournalEntry", since)
        entries = found["JournalEntry"]
        seen += [entry["Id"] for entry in entries if entry["Id"] not in seen]
        last = max(entry["MetaData"]["LastUpdatedTime"] for entry in entries)
        if last == since:
            return seen
        since = last.replace("+", "%2B")
    raise AssertionError("the caller goes round in circles")


def import_entries(wire: Wire, count: int) -> None:
    """Entries of one transaction, which have one time."""
    lines = (
        LineDraft(Side.DEBIT, 1, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 1, ById(CHECKING)),
    )
    commands = [CreateEntry(EntryContent(lines)) for _ in range(count)]
    assert isinstance(wire.books.execute_all(commands, Context(ACTOR)), Committed)


def test_an_answer_is_cut_between_seconds(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller goes on from the last change it was told, and always gets further."""
    monkeypatch.setattr(cdc, "ROWS_MAX", 10)
    wire.clock.step = 30_000
    for _ in range(40):
        wire.create("JournalEntry", two_lines())
    (found,) = changes(wire, "JournalEntry")
    assert 10 <= found["maxResults"] < 40
    times = [entry["MetaData"]["LastUpdatedTime"] for entry in found["JournalEntry"]]
    assert changed(wire, "JournalEntry", times[-1])[0] == str(times.index(times[-1]) + 1)
    import_entries(wire, 35)
    wire.clock.step = 1_500_000
    for _ in range(15):
        wire.create("JournalEntry", two_lines())
    assert followed(wire) == [str(number) for number in range(1, 91)]


def test_an_import_above_the_most_rows_is_passed(wire: Wire) -> None:
    import_entries(wire, ROWS_MAX + 5)
    last = wire.create("JournalEntry", two_lines())
    assert followed(wire)[-1] == last["Id"]


def test_too_much_within_a_second_is_for_a_query(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not before the caller has everything up to there."""
    monkeypatch.setattr(cdc, "OBJECTS_MAX", 30)
    before = wire.create("JournalEntry", two_lines())
    import_entries(wire, 30)
    after = wire.create("JournalEntry", two_lines())
    assert changed(wire, "JournalEntry") == [before["Id"]]
    answer = ask(wire, "JournalEntry", before["MetaData"]["LastUpdatedTime"])
    assert answer.codes == ["6000"]
    detail = answer.errors[0]["Detail"]
    statement = detail.partition("Ask for them in pages: ")[2]
    found = wire.get("query", f"query={statement.replace('+', '%2B')}").json["QueryResponse"]
    assert [entry["Id"] for entry in found["JournalEntry"]][-1] == after["Id"]
    assert changed(wire, "JournalEntry", after["MetaData"]["LastUpdatedTime"]) == [after["Id"]]


def test_an_answer_is_bounded_in_bytes(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        wire.create("JournalEntry", two_lines())
    size = len(wire.get("journalentry/1").response.body)
    monkeypatch.setattr(cdc, "PAGE_BYTES_MAX", 3 * size)
    assert changed(wire, "JournalEntry") == ["1", "2", "3"]
    assert followed(wire) == ["1", "2", "3", "4", "5"]
    monkeypatch.setattr(cdc, "PAGE_BYTES_MAX", 1)
    assert changed(wire, "JournalEntry") == ["1"]


@pytest.mark.parametrize(
    ("entities", "since", "code"),
    [
        ("", EVER, "2020"),
        (",", EVER, "2020"),
        ("JournalEntry", "", "2020"),
        ("JournalEntry", "soon", "2060"),
        ("JournalEntry", "2026-02-30", "2060"),
        ("Custmoer", EVER, "2000"),
        ("JournalEntry,Invoice", EVER, "2000"),
        ("TaxCode", EVER, "2000"),
        ("TaxRate", EVER, "2000"),
        ("TaxAgency", EVER, "2000"),
        ("JournalCode", EVER, "2000"),
        ("TimeActivity", EVER, "2000"),
        (",".join(["Account"] * 51), EVER, "2000"),
    ],
)
def test_refused(wire: Wire, entities: str, since: str, code: str) -> None:
    answer = ask(wire, entities, since)
    assert answer.status == 400
    assert answer.codes == [code]


def test_parameters_that_are_missing(wire: Wire) -> None:
    assert wire.get("cdc").codes == ["2020"]
    assert wire.get("cdc", "changedSince=2026-01-01").errors[0]["element"] == "entities"
    assert wire.send("POST", f"/v3/company/{REALM}/cdc").codes == ["500"]
