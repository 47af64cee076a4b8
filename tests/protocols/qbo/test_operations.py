"""Request ids: one effect, one answer; deletes that race; what is never remembered."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from tests.support.qbo import CHECKING, InlineRuntime, Wire, line, two_lines

from daybook.app.ledger import Books, Context, Outcome, Refused
from daybook.app.ports import Overloaded
from daybook.domain.commands import AccountContent, Command, ReplaceReference
from daybook.domain.model import AccountKind
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.qbo.operations import NAMES

T = TypeVar("T")


@pytest.fixture
def wire() -> Wire:
    return Wire()


def count(wire: Wire) -> int:
    """How many entries there are, deleted ones too."""
    with wire.books.read() as reader:
        head = reader.head()
    return head.entries_live + head.entries_deleted


def test_a_repeated_create_makes_nothing_and_answers_alike(wire: Wire) -> None:
    """Byte by byte, whatever the new body says, even after the entry has changed or gone."""
    first = wire.post("journalentry", two_lines(DocNumber="A"), "requestid=r-1")
    other = wire.post("journalentry", two_lines(5, DocNumber="B"), "requestid=r-1")
    assert other.response.body == first.response.body
    entry = first.json["JournalEntry"]
    wire.create("JournalEntry", {**entry, "DocNumber": "C"})
    wire.post("journalentry", {**entry, "SyncToken": "1"}, "operation=delete")
    again = wire.post("journalentry", two_lines(), "requestid=r-1")
    assert again.response.body == first.response.body
    assert count(wire) == 1
    assert wire.create("JournalEntry", two_lines(), "requestid=r-2")["Id"] == "2"


def test_a_repeated_fault_is_the_same_fault(wire: Wire) -> None:
    """Also once the request would be accepted; for faults of the wire and of the ledger."""
    bodies: list[Any] = [
        {"Line": [line("Debit", 1), line("Credit", 2, CHECKING)]},
        {"Line": []},
        {"BadJson": 1},
    ]
    for at, body in enumerate(bodies):
        first = wire.post("journalentry", body, f"requestid=r{at}")
        again = wire.post("journalentry", two_lines(), f"requestid=r{at}")
        assert first.status == again.status == 400
        assert again.response.body == first.response.body
    assert count(wire) == 0


def test_updates_and_deletes_repeat_too(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    body = {**entry, "DocNumber": "A"}
    first = wire.post("journalentry", body, "requestid=u")
    assert wire.post("journalentry", body, "requestid=u").response.body == first.response.body
    body = {"Id": entry["Id"], "SyncToken": "1"}
    first = wire.post("journalentry", body, "operation=delete&requestid=d")
    again = wire.post("journalentry", body, "operation=delete&requestid=d")
    assert first.json["JournalEntry"]["status"] == "Deleted"
    assert again.response.body == first.response.body


def test_a_repeated_update_that_changed_nothing(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    first = wire.post("journalentry", entry, "requestid=n")
    wire.create("JournalEntry", {**entry, "DocNumber": "A"})
    assert wire.post("journalentry", entry, "requestid=n").response.body == first.response.body


def test_request_ids_of_list_entities(wire: Wire) -> None:
    body = {"DisplayName": "Nova"}
    first = wire.post("vendor", body, "requestid=v")
    assert wire.post("vendor", body, "requestid=v").response.body == first.response.body
    assert wire.post("vendor", body, "requestid=w").codes == ["6240"]


@pytest.mark.parametrize("key", ["x" * 51, "%20%20", ""])
def test_request_ids_that_are_none(wire: Wire, key: str) -> None:
    """An empty one, too: its sender would go without the protection that was meant."""
    answer = wire.post("journalentry", two_lines(), f"requestid={key}")
    assert answer.codes == ["2130"]
    assert count(wire) == 0


def test_request_ids_count_per_company(wire: Wire) -> None:
    wire.post("journalentry", two_lines(), "requestid=r")
    other = Wire()
    assert other.create("JournalEntry", two_lines(), "requestid=r")["Id"] == "1"


class Interrupted(InlineRuntime):
    """Lets another request in just before each command, or fails in its place."""

    def __init__(self, before: Callable[[], object], refusal: Refusal | None = None) -> None:
        self.before = before
        self.refusal = refusal

    async def execute(self, books: Books, command: Command, context: Context) -> Outcome:
        self.before()
        if self.refusal is not None:
            return Refused((self.refusal,))
        return await super().execute(books, command, context)

    async def in_thread(self, work: Callable[[], T]) -> T:
        self.before()
        return await super().in_thread(work)


def interrupt(wire: Wire, runtime: InlineRuntime) -> None:
    wire.plugin._operations._runtime = runtime


def test_a_delete_whose_token_was_made_up_wins_a_race(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    calm, changes = InlineRuntime(), iter("ABC")

    def change() -> None:
        number = next(changes, None)
        if number is not None:
            interrupt(wire, calm)
            shown = wire.get(f"journalentry/{entry['Id']}").json["JournalEntry"]
            wire.create("JournalEntry", {**shown, "DocNumber": number})
            interrupt(wire, racing)

    racing = Interrupted(change)
    interrupt(wire, racing)
    body = {"Id": entry["Id"], "SyncToken": "99"}
    answer = wire.post("journalentry", body, "operation=delete")
    assert answer.json["JournalEntry"]["status"] == "Deleted"


def test_of_two_updates_with_one_token_one_wins(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    calm = InlineRuntime()

    def change() -> None:
        interrupt(wire, calm)
        wire.create("JournalEntry", {**entry, "DocNumber": "first"})

    interrupt(wire, Interrupted(change))
    assert wire.post("journalentry", {**entry, "DocNumber": "second"}).codes == ["5010"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.OVERLOADED, 429),
        (RefusalCode.DEADLINE_EXCEEDED, 504),
        (RefusalCode.OUTCOME_UNKNOWN, 503),
        (RefusalCode.STORAGE_READ_ONLY, 503),
    ],
)
def test_faults_that_pass_are_not_remembered(wire: Wire, code: RefusalCode, status: int) -> None:
    """The same request id may succeed later."""
    interrupt(wire, Interrupted(lambda: None, Refusal(code, "not now")))
    answer = wire.post("journalentry", two_lines(), "requestid=r")
    assert answer.status == status
    interrupt(wire, InlineRuntime())
    assert wire.create("JournalEntry", two_lines(), "requestid=r")["Id"] == "1"


def test_too_many_scans_are_refused_as_throttling(wire: Wire) -> None:
    def full() -> None:
        raise Overloaded("too many scans are waiting")

    interrupt(wire, Interrupted(full))
    answer = wire.post("journalentry", {"Line": []}, "requestid=r")
    assert answer.status == 429
    assert answer.json["fault"]["error"][0]["code"] == "3001"


WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "JournalEntry": ("journalentry", two_lines()),
    "Account": ("account", {"Name": "Till", "AccountType": "Bank"}),
    "Customer": ("customer", {"DisplayName": "Nova"}),
    "Vendor": ("vendor", {"DisplayName": "Orbit"}),
    "Employee": ("employee", {"GivenName": "Ida", "FamilyName": "Rhodes"}),
    "Class": ("class", {"Name": "South"}),
    "Department": ("department", {"Name": "Bonn"}),
    "Term": ("term", {"Name": "Net 7", "DueDays": 7}),
    "CompanyCurrency": ("companycurrency", {"Code": "EUR"}),
    "TaxAgency": ("taxagency", {"DisplayName": "Board"}),
    "CompanyInfo": ("companyinfo", {"sparse": True, "SyncToken": "0", "CompanyName": "New"}),
    "Preferences": ("preferences", {"SyncToken": "0"}),
    "ExchangeRate": (
        "exchangerate",
        {"SourceCurrencyCode": "EUR", "Rate": 1.1, "AsOfDate": "2026-02-03"},
    ),
    "TaxService": (
        "taxservice/taxcode",
        {
            "TaxCode": "V",
            "TaxRateDetails": [{"TaxRateName": "R", "RateValue": 5, "TaxAgencyId": "1"}],
        },
    ),
}
"""A write of each entity that is taken."""


def test_every_entity_answers_with_what_a_used_request_id_made() -> None:
    """Whichever entity the request is for that comes second."""
    wire = Wire(multicurrency=True, country="GB", sales_tax=True)
    wire.create("TaxAgency", {"DisplayName": "First"})
    company = ("CompanyInfo", "Preferences")
    firsts: dict[str, bytes] = {}
    for entity, (path, body) in WRITES.items():
        if entity == "Preferences":
            body = {"SyncToken": wire.get("preferences").json["Preferences"]["SyncToken"]}
        answer = wire.post(path, body, f"requestid={entity}")
        assert answer.status == 200, answer.json
        firsts[entity] = answer.response.body
    assert {*NAMES.values()} - {*WRITES} == {"TaxRate", "TaxCode"}, "which cannot be written"
    for made, first in firsts.items():
        for asked, (path, body) in WRITES.items():
            again = wire.post(path, body, f"requestid={made}")
            assert again.status == 200, (made, asked, again.json)
            shown = made
            if made in company:  # one record, two faces: the one asked for, if it is one of them
                shown = asked if asked in company else "CompanyInfo"
            if shown == made:
                assert again.response.body == first, (made, asked)
            else:
                assert list(again.json) == [shown, "time"], (made, asked)


def test_names_in_a_repeated_answer_are_those_of_today(wire: Wire) -> None:
    first = wire.post("journalentry", two_lines(), "requestid=r").response.body
    wire.execute(ReplaceReference(CHECKING, None, AccountContent("Main", AccountKind.BANK)))
    again = wire.post("journalentry", two_lines(), "requestid=r").response.body
    assert again == first.replace(b'"Checking"', b'"Main"') != first
