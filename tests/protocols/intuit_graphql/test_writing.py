"""Entries made, changed and deleted through mutations, and what is refused."""

import threading
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.support.graphql import GraphqlWire, account_id, entry_id, line, two_lines

from daybook.domain.commands import (
    ChangeCompany,
    ContactContent,
    CreateEntry,
    CreateReference,
    EntryContent,
    LineDraft,
    ListItemContent,
    NoteDraft,
)
from daybook.domain.ids import ById
from daybook.domain.model import ContactKind, JournalEntry, ListKind, Side
from daybook.domain.refusals import RefusalCode
from daybook.protocols.intuit_graphql.errors import CODES

SHOWN = """{ id memo privateMemo referenceNumber transactionDate metadata { entityVersion }
  currency { currency exchangeRate }
  entryLines { sequence entryLineType amount description account { id } billable billableAmount
    payee { __typename ... on Customer { id } ... on Vendor { id } } project { id } class { id }
    markup { account { id } amount percent } tax { taxAmount taxable taxGroup { id } } } }"""
CREATE = (
    f"mutation ($i: CreateJournalEntryInput!) {{ createJournalEntry(journalEntry: $i) {SHOWN} }}"
)
UPDATE = (
    f"mutation ($i: UpdateJournalEntryInput!) {{ updateJournalEntry(journalEntry: $i) {SHOWN} }}"
)
DELETE = """mutation ($id: ID!, $v: String) {
  deleteJournalEntry(id: $id, entityVersion: $v) { id success } }"""


@pytest.fixture
def wire() -> GraphqlWire:
    return GraphqlWire()


def create(wire: GraphqlWire, entry: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = wire.post(CREATE, {"i": entry}).data["createJournalEntry"]
    return made


def update(wire: GraphqlWire, entry: dict[str, Any], **members: Any) -> Any:
    version = entry["metadata"]["entityVersion"]
    given = {"id": entry["id"], "metadata": {"entityVersion": version}, **members}
    return wire.post(UPDATE, {"i": given})


def errors(wire: GraphqlWire, entry: dict[str, Any]) -> list[tuple[str, list[Any] | None]]:
    """Codes and places of what is wrong with an entry that is to be made."""
    answer = wire.post(CREATE, {"i": entry})
    assert answer.status == 200
    assert answer.json["data"] == {"createJournalEntry": None}
    shown = []
    for error in answer.errors:
        assert error["path"] == ["createJournalEntry"]
        assert error["locations"]
        more = error["extensions"]
        shown.append((more["code"], more.get("argumentPath")))
    return shown


def test_everything_a_line_can_say(wire: GraphqlWire) -> None:
    wire.execute(CreateReference(ListItemContent(ListKind.TAX_CODE, "S"), 5))
    entry = two_lines("100.5", privateMemo="why", referenceNumber="R-1")
    entry["entryLines"][0] |= {
        "description": "what",
        "payee": {"id": "35", "displayName": "ignored"},
        "project": {"id": "28392628"},
        "class": {"id": "1"},
        "billable": True,
        "billableAmount": 120,
        "markup": {"account": {"id": "26"}, "amount": "20.10", "percent": "20"},
        "tax": {"taxable": True, "taxAmount": 1.5, "taxGroup": {"id": "5"}},
    }
    made = create(wire, entry)
    assert (made["memo"], made["privateMemo"], made["referenceNumber"]) == ("why", "why", "R-1")
    shown = made["entryLines"][0]
    assert str(shown["amount"]) == "100.50"
    assert shown["payee"]["__typename"] == "Customer"
    assert shown["payee"]["id"].endswith(":35")
    assert shown["project"]["id"].endswith(":28392628")
    assert shown["class"]["id"].endswith(":1")
    assert (shown["billable"], str(shown["billableAmount"])) == (True, "120.00")
    assert shown["markup"] == {
        "account": {"id": account_id(26)},
        "amount": shown["markup"]["amount"],
        "percent": "20%",
    }
    assert str(shown["markup"]["amount"]) == "20.10"
    assert shown["tax"]["taxable"] is True
    assert str(shown["tax"]["taxAmount"]) == "1.50"
    assert shown["tax"]["taxGroup"]["id"].endswith(":5")
    unchanged = update(wire, made).data["updateJournalEntry"]
    assert unchanged == {**made, "metadata": {"entityVersion": "1"}}


def test_explicit_nulls_are_absent_in_a_create(wire: GraphqlWire) -> None:
    entry = two_lines(memo=None, referenceNumber=None)
    entry["transactionDate"] = None
    entry["entryLines"][0] |= {"payee": None, "class": None, "markup": None, "tax": None}
    made = create(wire, entry)
    assert (made["memo"], made["referenceNumber"]) == (None, None)
    assert date.fromisoformat(made["transactionDate"])


@pytest.mark.parametrize(
    "amount", ["200", "200.00", 200, 200.5, "2e2", "+200", "0.01", "9999999999999.99"]
)
def test_amounts_that_are_taken(wire: GraphqlWire, amount: object) -> None:
    assert create(wire, two_lines(amount))


@pytest.mark.parametrize("amount", ["1.005", "-1", -1, "10000000000000.00", "1e-3", "1e40"])
def test_amounts_that_are_refused(wire: GraphqlWire, amount: object) -> None:
    found = errors(wire, two_lines(amount))
    assert found == [
        ("VAL-9003", ["journalEntry", "entryLines", at, "amount"]) for at in range(2)
    ], "and nothing about their sum, which is not known"


@pytest.mark.parametrize("amount", ["", "x", "1,000", " 1", "NaN", True, [], "1e999", "0x1"])
def test_what_is_no_amount(wire: GraphqlWire, amount: object) -> None:
    answer = wire.post(CREATE, {"i": two_lines(amount)})
    assert answer.status == 400
    assert answer.errors[0]["extensions"]["innerCode"] == "BAD_USER_INPUT"


def test_literals_keep_their_digits(wire: GraphqlWire) -> None:
    text = f"""mutation {{ createJournalEntry(journalEntry: {{transactionDate: "2026-02-03",
      entryLines: [{{entryLineType: DEBIT, amount: 9999999999999.99, account: {{id: 44}}}},
      {{entryLineType: CREDIT, amount: "9999999999999.99", account: {{id: "139"}}}}]}})
      {SHOWN} }}"""
    body = wire.post(text).response.body
    assert body.count(b'"amount":9999999999999.99') == 2


def test_findings_of_one_stage_come_together(wire: GraphqlWire) -> None:
    """Bad references first, and all of them; then amounts; then the balance."""
    wire.execute(CreateReference(ContactContent(ContactKind.VENDOR, "Gone", active=False), 72))
    entry = two_lines("1.005")
    entry["entryLines"][0] |= {"account": {"id": "999999"}, "payee": {"id": "72"}}
    entry["entryLines"][1] |= {
        "account": {"id": "%%"},
        "project": {"id": account_id(35)},
        "class": {"id": "100000000000000000000"},
        "tax": {"taxGroup": {"id": "77"}},
    }
    lines = ["journalEntry", "entryLines"]
    assert errors(wire, entry) == [
        ("VAL-9004", [*lines, 0, "account", "id"]),
        ("VAL-9005", [*lines, 0, "payee", "id"]),
        ("VAL-9012", [*lines, 1, "account", "id"]),
        ("VAL-9004", [*lines, 1, "project", "id"]),
        ("VAL-9004", [*lines, 1, "class", "id"]),
        ("VAL-9004", [*lines, 1, "tax", "taxGroup", "id"]),
    ]
    entry = two_lines("5", memo="a", privateMemo="b")
    entry["entryLines"][1]["amount"] = "6"
    assert errors(wire, entry) == [("VAL-9009", ["journalEntry", "privateMemo"])]
    del entry["privateMemo"]
    assert errors(wire, entry) == [("VAL-9001", lines)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"entryLines": []}, "VAL-9002"),
        ({"entryLines": [line("DEBIT", 1, 44)]}, "VAL-9002"),
        ({"entryLines": [line("DEBIT", 0, 44), line("CREDIT", 0, 139)]}, "VAL-9003"),
        ({"entryLines": [line("DEBIT", 1, 70), line("CREDIT", 1, 139)]}, "VAL-9014"),
        ({"referenceNumber": "x" * 101}, "VAL-9015"),
        ({"memo": "x" * 4001}, "VAL-9015"),
        ({"currency": {"currency": "XXX"}}, "VAL-9004"),
        ({"currency": {"currency": "USD", "exchangeRate": 1.2}}, "VAL-9014"),
    ],
)
def test_what_is_refused(wire: GraphqlWire, change: dict[str, Any], code: str) -> None:
    assert {found for found, _ in errors(wire, two_lines(**change))} == {code}


def test_an_employee_is_no_payee(wire: GraphqlWire) -> None:
    entry = two_lines()
    entry["entryLines"][0]["payee"] = {"id": "60"}
    assert [code for code, _ in errors(wire, entry)] == ["VAL-9004"]


def test_a_closed_period(wire: GraphqlWire) -> None:
    with wire.books.read() as reader:
        closed = replace(reader.company, books_closed_through=date(2026, 2, 3))
    wire.execute(ChangeCompany(None, closed))
    path = ["journalEntry", "transactionDate"]
    assert errors(wire, two_lines()) == [("VAL-9008", path)]
    answer = wire.post(DELETE, {"id": entry_id(82)})
    assert answer.codes == ["VAL-9008"]


def test_update_keeps_what_is_left_out_and_clears_nulls(wire: GraphqlWire) -> None:
    made = create(wire, two_lines(memo="m", referenceNumber="r"))
    second = update(wire, made, referenceNumber=None).data["updateJournalEntry"]
    assert (second["memo"], second["referenceNumber"]) == ("m", None)
    assert second["entryLines"] == made["entryLines"]
    for name in ("transactionDate", "entryLines"):
        assert update(wire, second, **{name: None}).codes == ["VAL-9002"]


def test_lines_are_replaced_as_a_set(wire: GraphqlWire) -> None:
    """A known sequence keeps its line and what is left out of it; numbers never return."""
    entry = two_lines("5")
    entry["entryLines"][0] |= {"description": "stays", "class": {"id": "1"}, "billable": True}
    made = create(wire, entry)
    lines = [{"sequence": "0", "amount": "7"}, line("CREDIT", "7", 31)]
    second = update(wire, made, entryLines=lines).data["updateJournalEntry"]
    first, new = second["entryLines"]
    assert first == {**made["entryLines"][0], "amount": first["amount"]}
    assert str(first["amount"]) == "7.00"
    assert (new["sequence"], new["account"]["id"]) == ("2", account_id(31))
    lines = [{"sequence": "2"}, {"sequence": "0", "class": None, "billable": None}]
    third = update(wire, second, entryLines=lines).data["updateJournalEntry"]
    assert [each["sequence"] for each in third["entryLines"]] == ["2", "0"]
    cleared = third["entryLines"][1]
    assert (cleared["class"], cleared["billable"], cleared["description"]) == (None, None, "stays")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"sequence": "9"}, {"sequence": "1"}], "VAL-9013"),
        ([{"sequence": "0"}, {"sequence": "0"}], "VAL-9013"),
        ([{"sequence": "00"}, {"sequence": "1"}], "VAL-9013"),
        ([{"sequence": "0"}, {"amount": "5", "entryLineType": "CREDIT"}], "VAL-9002"),
        ([{"sequence": "0", "amount": None}, {"sequence": "1"}], "VAL-9002"),
        ([{"sequence": "0", "markup": {"percent": "much"}}, {"sequence": "1"}], "VAL-9015"),
        ([{"sequence": "0"}], "VAL-9002"),
    ],
)
def test_lines_that_are_refused(wire: GraphqlWire, lines: list[Any], code: str) -> None:
    made = create(wire, two_lines("5"))
    assert set(update(wire, made, entryLines=lines).codes) == {code}


def test_what_has_become_inactive_may_stay(wire: GraphqlWire) -> None:
    from daybook.domain.commands import ReplaceReference

    wire.execute(CreateReference(ContactContent(ContactKind.VENDOR, "Going"), 72))
    entry = two_lines()
    entry["entryLines"][0]["payee"] = {"id": "72"}
    made = create(wire, entry)
    wire.execute(
        ReplaceReference(72, None, ContactContent(ContactKind.VENDOR, "Going", active=False))
    )
    lines = [{"sequence": "0", "payee": {"id": "72"}}, {"sequence": "1"}]
    assert update(wire, made, entryLines=lines).data


@pytest.mark.parametrize("version", ["1", "00", "", "0 ", "x"])
def test_a_version_that_is_not_the_current_one(wire: GraphqlWire, version: str) -> None:
    given = {"id": entry_id(82), "metadata": {"entityVersion": version}, "memo": "x"}
    answer = wire.post(UPDATE, {"i": given})
    assert answer.codes == ["VAL-9006"]
    assert answer.errors[0]["extensions"]["currentEntityVersion"] == "0"
    assert wire.post(DELETE, {"id": entry_id(82), "v": version}).codes == ["VAL-9006"]
    assert wire.post(DELETE, {"id": entry_id(82), "v": "0"}).data


def test_of_two_updates_with_one_version_one_succeeds(wire: GraphqlWire) -> None:
    made = create(wire, two_lines())
    answers = []

    def work(at: int) -> None:
        answers.append(update(wire, made, memo=f"by {at}"))

    threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [each for each in answers if "errors" not in each.json]
    assert len(done) == 1
    assert {code for each in answers if each not in done for code in each.codes} == {"VAL-9006"}


@pytest.mark.parametrize(
    ("id", "code"),
    [
        (entry_id(999), "VAL-9007"),
        ("999", "VAL-9007"),
        ("0080", "VAL-9007"),
        (entry_id(3400), "VAL-9007"),
        ("nonsense", "VAL-9012"),
        (account_id(35), "VAL-9004"),
    ],
)
def test_entries_that_are_not_there(wire: GraphqlWire, id: str, code: str) -> None:
    answer = wire.post(DELETE, {"id": id})
    assert (answer.codes, answer.json["data"]) == ([code], {"deleteJournalEntry": None})
    given = {"id": id, "metadata": {"entityVersion": "0"}}
    assert wire.post(UPDATE, {"i": given}).codes == [code]


def test_deleted_entries_are_gone(wire: GraphqlWire) -> None:
    assert wire.post(DELETE, {"id": "80"}).data["deleteJournalEntry"] == {
        "id": entry_id(80),
        "success": True,
    }
    asked = """query ($id: ID!) { node(id: $id) { id }
      company { journalEntries(filter: {id: {equals: "80"}}) { totalCount } } }"""
    data = wire.post(asked, {"id": entry_id(80)}).data
    assert (data["node"], data["company"]["journalEntries"]["totalCount"]) == (None, 0)
    assert wire.post(DELETE, {"id": "80"}).codes == ["VAL-9007"]


def test_fields_of_a_mutation_run_one_after_another(wire: GraphqlWire) -> None:
    """One that fails leaves null, and those after it still run."""
    text = """mutation ($a: CreateJournalEntryInput!, $b: CreateJournalEntryInput!) {
      first: createJournalEntry(journalEntry: $a) { id }
      second: createJournalEntry(journalEntry: $b) { id }
      third: createJournalEntry(journalEntry: $a) { id } }"""
    bad = two_lines()
    bad["entryLines"][0]["amount"] = "99"
    answer = wire.post(text, {"a": two_lines(), "b": bad})
    data = answer.json["data"]
    assert list(data) == ["first", "second", "third"]
    numbers = [int(data[name]["id"].rpartition(":")[2]) for name in ("first", "third")]
    assert numbers[1] == numbers[0] + 1
    assert data["second"] is None
    assert [error["path"] for error in answer.errors] == [["second"]]


def test_notes_of_other_interfaces_are_kept(wire: GraphqlWire) -> None:
    """They are not shown here, and replacing the lines does not lose them."""
    drafts = (
        LineDraft(Side.DEBIT, 500, ById(44)),
        NoteDraft("only text"),
        LineDraft(Side.CREDIT, 500, ById(139)),
    )
    record = wire.execute(CreateEntry(EntryContent(drafts)))
    shown = {"id": entry_id(record.id), "metadata": {"entityVersion": "0"}}
    lines = [line("DEBIT", "6", 44), line("CREDIT", "6", 139, payee={"id": "999"})]
    answer = update(wire, shown, entryLines=lines)
    assert answer.errors[0]["extensions"]["argumentPath"][2] == 1
    del lines[1]["payee"]
    assert len(update(wire, shown, entryLines=lines).data["updateJournalEntry"]["entryLines"]) == 2
    with wire.books.read() as reader:
        entry = reader.entry(record.id)  # type: ignore[arg-type]
    assert isinstance(entry, JournalEntry)
    assert [(note.position, note.description) for note in entry.notes] == [(1, "only text")]


def test_entries_of_no_amount_that_others_made(wire: GraphqlWire) -> None:
    """They are shown, changed but for their lines, and deleted; here nothing makes them."""
    drafts = (LineDraft(Side.DEBIT, 0, ById(44)), LineDraft(Side.CREDIT, 0, ById(139)))
    record = wire.execute(CreateEntry(EntryContent(drafts)))
    shown = {"id": entry_id(record.id), "metadata": {"entityVersion": "0"}}
    assert update(wire, shown, memo="kept").data["updateJournalEntry"]["memo"] == "kept"
    shown["metadata"] = {"entityVersion": "1"}
    lines = [line("DEBIT", "0", 44), line("CREDIT", "0", 139)]
    assert update(wire, shown, entryLines=lines).codes == ["VAL-9003"]
    text = "mutation ($id: ID!) { deleteJournalEntry(id: $id) { success } }"
    assert wire.post(text, {"id": shown["id"]}).data["deleteJournalEntry"]["success"]


def test_every_refusal_has_a_code() -> None:
    assert set(CODES) == set(RefusalCode)
