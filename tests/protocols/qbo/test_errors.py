"""Every refusal of the ledger has words here, and stages decide which of them are said."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.qbo import Wire, two_lines

from daybook.domain.ids import Timestamp
from daybook.domain.refusals import RETRYABLE, Refusal, RefusalCode
from daybook.protocols.qbo import errors
from daybook.protocols.qbo.errors import Error, QboFault, Situation, Stage

SITUATION = Situation("JournalEntry")
VALUES: dict[str, Any] = {
    "entity": "account",
    "ref": "7",
    "id": 7,
    "kind": "customer",
    "debits": 100,
    "credits": 250,
    "currency": "USD",
    "doc_number": "A",
    "holder": 3,
    "name": "x",
}


def refusal(code: RefusalCode, field: str | None = None, **values: Any) -> Refusal:
    return Refusal(code, f"plain words for {code.name}", field, 0, {**VALUES, **values})


@pytest.mark.parametrize("code", RefusalCode, ids=lambda code: code.name)
@pytest.mark.parametrize("entity", ["JournalEntry", "Account", "Customer", "TaxService"])
def test_every_refusal_becomes_a_fault(code: RefusalCode, entity: str) -> None:
    """Total: a code, a message, digits only, and the plain words kept for the diagnosis."""
    fault = errors.fault_of([refusal(code)], Situation(entity))
    assert fault.status in (400, 401, 403, 429, 503, 504)
    for error in fault.errors:
        assert error.code.isdigit()
        assert error.message
        assert error.plain
        if not fault.gateway:
            assert error.code in errors.MESSAGES
    assert fault.passing == (
        code in RETRYABLE or code in (RefusalCode.UNAUTHENTICATED, RefusalCode.FORBIDDEN)
    )


def test_the_first_stage_that_fails_is_all_that_is_said() -> None:
    """References before rules of the books, and those before the balance."""
    refusals = [
        refusal(RefusalCode.UNBALANCED),
        refusal(RefusalCode.PERIOD_CLOSED),
        refusal(RefusalCode.REFERENCE_NOT_FOUND),
        refusal(RefusalCode.REFERENCE_INACTIVE),
    ]
    assert [e.code for e in errors.fault_of(refusals, SITUATION).errors] == ["2500", "2500"]
    assert [e.code for e in errors.fault_of(refusals[:2], SITUATION).errors] == ["6210"]
    fault = errors.fault_of(refusals[:1], SITUATION)
    assert fault.errors[0].detail.endswith("Please balance debits and credits.")


def test_what_the_wire_found_joins_its_stage() -> None:
    found = [(Stage.BUSINESS, Error("2270", "x"))]
    fault = errors.fault_of([refusal(RefusalCode.UNBALANCED)], SITUATION, found)
    assert [error.code for error in fault.errors] == ["2270"]
    fault = errors.fault_of([refusal(RefusalCode.TOO_FEW_LINES)], SITUATION, found)
    assert [error.code for error in fault.errors] == ["2270", "6000"]


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("amount", {"reason": "negative"}, "2290"),
        ("amount", {"reason": "range"}, "2140"),
        ("account", {"reason": "non_posting"}, "6430"),
        ("name", {"reason": "characters"}, "2040"),
        ("name", {"reason": "length", "length": 600, "max": 500}, "2050"),
        ("parent", {"reason": "loop"}, "900"),
        ("parent", {"reason": "kind"}, "6000"),
        ("currency", {}, "2220"),
        ("rate", {}, "2110"),
        ("id", {}, "630"),
        ("time_zone", {}, "2170"),
        ("whatever", {}, "2120"),
    ],
)
def test_invalid_values_by_field(field: str, values: dict[str, Any], code: str) -> None:
    fault = errors.fault_of([refusal(RefusalCode.INVALID_VALUE, field, **values)], SITUATION)
    assert fault.errors[0].code == code


def test_trees_that_are_too_deep() -> None:
    fault = errors.fault_of([refusal(RefusalCode.LIMIT_EXCEEDED, reason="depth")], SITUATION)
    assert fault.errors[0].code == "6180"


def test_a_remembered_fault_is_the_same_fault() -> None:
    fault = QboFault([Error("2020", "a", "b", "c"), Error("2010", "d", None)], status=413)
    again = QboFault.from_bytes(fault.to_bytes(Timestamp(5)))
    assert again.errors == fault.errors
    assert again.status == 413
    assert again.at == 5
    assert again.as_json() == fault.as_json()


def test_every_code_is_documented() -> None:
    """With its message, in the order of the codes."""
    page = (Path(__file__).parents[3] / "docs/reference/qbo.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    assert rows == sorted(errors.MESSAGES.items(), key=lambda item: int(item[0]))


def test_long_lists_of_errors_are_cut() -> None:
    fault = QboFault([Error("2020", "a", "b", "c")] * 5_000)
    assert len(fault.errors) == 1_000
    assert fault.diagnosis.endswith("and 995 more")


def test_a_foreign_currency_in_a_company_that_keeps_one_is_one_error() -> None:
    wire = Wire()
    answer = wire.post("journalentry", two_lines(CurrencyRef={"value": "EUR"}))
    assert [error["Detail"] for error in answer.errors] == [
        "Business Validation Error: You must turn on multicurrency to use foreign currencies."
    ]
    assert answer.codes == ["6000"]
    assert "keeps books in" in (answer.response.diagnosis or "")
