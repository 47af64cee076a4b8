"""Every refusal of the ledger is a code of this interface, and the order of checks decides."""

import json

import pytest
from tests.support.modulus import Wire

from daybook.domain.refusals import RETRYABLE, Refusal, RefusalCode
from daybook.protocols.modulus import errors
from daybook.protocols.modulus.errors import Code


@pytest.mark.parametrize("code", RefusalCode, ids=lambda code: code.name)
def test_every_refusal_becomes_a_fault(code: RefusalCode) -> None:
    """Total: a status, a message of the table, and the plain words for the diagnosis."""
    fault = errors.fault_of([Refusal(code, "plain words", "posting_date")])
    assert fault.plain == "plain words"
    envelope = json.loads(fault.response().body)
    assert envelope["title"] == errors.TITLES[fault.status]
    if code is RefusalCode.OVERLOADED:
        assert (fault.status, fault.code) == (429, None)
    elif code is RefusalCode.UNAUTHENTICATED:
        assert (fault.status, fault.code) == (401, None)
    else:
        assert fault.code is not None
        assert fault.message == errors.MESSAGES[fault.code]
        assert fault.status == (500 if code in RETRYABLE else 400)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("account", 1239),
        ("amount", 1231),
        ("home_amount", 1231),
        ("currency", 1240),
        ("rate", 1240),
        ("dimension", 1232),
        ("memo", 1232),
        (None, 1232),
    ],
)
def test_a_value_is_named_by_its_member(field: str | None, code: int) -> None:
    fault = errors.fault_of([Refusal(RefusalCode.INVALID_VALUE, "x", field, 3)])
    assert (fault.code, fault.entry_index) == (code, 3)


def test_what_is_checked_first_is_said() -> None:
    """Ownership before status, whatever the ledger's own order; then entry by entry."""
    in_order = [
        Refusal(RefusalCode.NOT_FOUND, "", "id"),
        Refusal(RefusalCode.NOT_ORIGIN, ""),
        Refusal(RefusalCode.WRONG_STATUS, ""),
        Refusal(RefusalCode.PERIOD_CLOSED, ""),
        Refusal(RefusalCode.TOO_FEW_LINES, ""),
        Refusal(RefusalCode.REFERENCE_NOT_FOUND, "", "account", 1),
        Refusal(RefusalCode.INVALID_VALUE, "", "amount", 2),
        Refusal(RefusalCode.UNBALANCED, ""),
        Refusal(RefusalCode.DUPLICATE_DOC_NUMBER, ""),
        Refusal(RefusalCode.INVALID_VALUE, "", "memo"),
    ]
    codes = []
    while in_order:
        codes.append(errors.fault_of(reversed(in_order)).code)
        del in_order[0]
    assert codes == [1237, 1230, 1229, 1226, 1235, 1239, 1231, 1227, 1228, 1232]


def test_the_published_table() -> None:
    published = [*range(1225, 1238), 1239, 1240, 1241]
    assert [code.value for code in Code] == [*published, 1299]
    assert set(errors.MESSAGES) == set(Code)


def test_closed_periods_and_used_numbers_of_a_journal_that_waits() -> None:
    """1226 for update and delete of a draft whose period was closed meanwhile; 1228 for update."""
    from datetime import date

    from tests.support.modulus import rent

    wire = Wire()
    wire.create(rent(reference_number="A"))
    journal_id = wire.create(rent(reference_number="B"))
    body = {"journal_id": journal_id, "journal_entries": rent()["journal_entries"]}
    assert wire.call("UpdateJournal", {**body, "reference_number": "a"}).code == 1228
    assert wire.call("UpdateJournal", {**body, "reference_number": "B"}).status == 200
    wire.configure(books_closed_through=date(2026, 1, 31))
    assert wire.call("UpdateJournal", body).code == 1226
    assert wire.call("DeleteJournal", journal_id=journal_id).code == 1226
    assert wire.call("CreateJournal", rent()).code == 1226


def test_books_that_are_not_active() -> None:
    from tests.support.modulus import rent

    from daybook.domain.model import CompanyStatus

    wire = Wire()
    wire.configure(status=CompanyStatus.INACTIVE)
    assert wire.call("CreateJournal", rent()).code == 1226
