"""What is in a body, what is wrong with it, and in which order that is said."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.modulus import (
    CLOSED_SHOP,
    EURO,
    GONE_CURRENCY,
    RETAIL,
    Answer,
    Wire,
    credit,
    debit,
    rent,
)

from daybook.domain.limits import AMOUNT_MAX, LINES_MAX


def entries(*found: object) -> dict[str, Any]:
    return {"date": "2026-01-14", "journal_entries": list(found)}


def euro(side: str, amount: object, name: str = "foreign_currency", value: object = "EUR") -> Any:
    return {f"foreign_currency_{side}_amount": amount, name: value}


TWO = (debit("5100", 5), credit("1010", 5))
ODD: list[tuple[str, object, int, int | None]] = [
    ("empty body", b"", 1232, None),
    ("blank body", b" \n", 1232, None),
    ("no JSON", b"{", 1232, None),
    ("array", [], 1232, None),
    ("text", "x", 1232, None),
    ("empty object", {}, 1232, None),
    ("null", None, 1232, None),
    ("deep", b"[" * 100_000, 1232, None),
    ("huge number", b'{"date": 1e1000000}', 1232, None),
    ("no date", {"journal_entries": list(TWO)}, 1233, None),
    ("null date", {"date": None}, 1233, None),
    ("empty date", {"date": ""}, 1233, None),
    ("date in another form", {"date": "14/01/2026"}, 1234, None),
    ("no such day", {"date": "2026-02-30"}, 1234, None),
    ("date as number", {"date": 20260114}, 1234, None),
    ("date with time", {"date": "2026-01-14T00:00:00"}, 1234, None),
    ("date in other digits", {"date": "２０２６-01-14"}, 1234, None),
    ("year that is not opened", {"date": "1066-10-14"}, 1225, None),
    ("year far away", {"date": "9999-12-31"}, 1225, None),
    ("no entries", {"date": "2026-01-14"}, 1235, None),
    ("null entries", {"date": "2026-01-14", "journal_entries": None}, 1235, None),
    ("entries as object", {"date": "2026-01-14", "journal_entries": {}}, 1235, None),
    ("no entry", entries(), 1235, None),
    ("one entry", entries(debit("5100", 5)), 1235, None),
    ("entry that is no object", entries(debit("5100", 5), "x"), 1241, 1),
    ("no account", entries(debit(None, 5), TWO[1]), 1241, 0),
    ("empty account", entries(TWO[0], credit("", 5)), 1241, 1),
    ("unknown account", entries(debit("7777", 5), TWO[1]), 1239, 0),
    ("disabled account", entries(debit("5900", 5), TWO[1]), 1239, 0),
    ("account with accounts below it", entries(debit("5000", 5), TWO[1]), 1239, 0),
    ("account without entries", entries(debit("9000", 5), TWO[1]), 1239, 0),
    ("account that needs a customer", entries(debit("1100", 5), TWO[1]), 1239, 0),
    ("account as object", entries(debit({}, 5), TWO[1]), 1239, 0),
    ("account as truth", entries(debit(True, 5), TWO[1]), 1239, 0),
    ("account below zero", entries(debit(-5100, 5), TWO[1]), 1239, 0),
    ("account of a thousand digits", entries(debit(10**1000, 5), TWO[1]), 1239, 0),
    ("account as long text", entries(debit("5" * 100_000, 5), TWO[1]), 1239, 0),
    ("account by name", entries(debit("Rent", 5), TWO[1]), 1239, 0),
    ("cost center that is not there", entries(debit("5100", 5, cost_center_id=9), TWO[1]), 1232, 0),
    (
        "disabled cost center",
        entries(debit("5100", 5, cost_center_id=CLOSED_SHOP), TWO[1]),
        1232,
        0,
    ),
    ("cost center as text", entries(debit("5100", 5, cost_center_id="x"), TWO[1]), 1232, 0),
    (
        "huge cost center",
        entries(debit("5100", 5, cost_center_id=10**30), TWO[1]),
        1232,
        0,
    ),
    (
        "cost center of a bank",
        entries(TWO[0], credit("1010", 5, cost_center_id=RETAIL)),
        1232,
        1,
    ),
    ("both amounts", entries(debit("5100", 5, base_currency_credit_amount=5), TWO[1]), 1231, 0),
    ("both zero", entries(debit("5100", 0), TWO[1]), 1231, 0),
    ("no amounts", entries({"account_code": "5100"}, TWO[1]), 1231, 0),
    ("negative", entries(debit("5100", -5), TWO[1]), 1231, 0),
    ("negative text", entries(debit("5100", "-5"), TWO[1]), 1231, 0),
    ("too many decimals", entries(debit("5100", "5.001"), TWO[1]), 1231, 0),
    ("words", entries(debit("5100", "five"), TWO[1]), 1231, 0),
    ("amount as truth", entries(debit("5100", True), TWO[1]), 1231, 0),
    ("amount as array", entries(debit("5100", [5]), TWO[1]), 1231, 0),
    ("amount out of range", entries(debit("5100", 10**30), TWO[1]), 1231, 0),
    ("exponent", entries(debit("5100", "5e2"), TWO[1]), 1231, 0),
    ("unbalanced", entries(debit("5100", 6), TWO[1]), 1227, None),
    ("two debits", entries(TWO[0], debit("5100", 5)), 1227, None),
    ("another book", {**entries(*TWO), "financial_book_id": 2}, 1232, None),
    ("book as truth", {**entries(*TWO), "financial_book_id": True}, 1232, None),
    ("notes as array", {**entries(*TWO), "journal_notes": []}, 1232, None),
    ("entry notes as array", entries(debit("5100", 5, journal_entry_notes=[]), TWO[1]), 1232, None),
    ("long notes", {**entries(*TWO), "journal_notes": "x" * 4_001}, 1232, None),
    ("long number", {**entries(*TWO), "reference_number": "x" * 256}, 1232, None),
    ("foreign amount alone", entries(debit("5100", 5, **euro("debit", 6, "x")), TWO[1]), 1240, 0),
    ("no currency", entries(debit("5100", 5, **euro("debit", 6, value="EURO")), TWO[1]), 1240, 0),
    (
        "currency as number in its text",
        entries(debit("5100", 5, **euro("debit", 6, value=[])), TWO[1]),
        1240,
        0,
    ),
    (
        "unknown currency number",
        entries(debit("5100", 5, **euro("debit", 6, "foreign_currency_id", 77)), TWO[1]),
        1240,
        0,
    ),
    (
        "disabled currency number",
        entries(debit("5100", 5, **euro("debit", 6, "foreign_currency_id", GONE_CURRENCY)), TWO[1]),
        1240,
        0,
    ),
    (
        "two currencies for one amount",
        entries(
            debit("5100", 5, foreign_currency_id=EURO, **euro("debit", 6, value="USD")), TWO[1]
        ),
        1240,
        0,
    ),
    (
        "currency without amount",
        entries(debit("5100", 5, foreign_currency="EUR"), TWO[1]),
        1231,
        0,
    ),
    (
        "foreign amount on the other side",
        entries(debit("5100", 5, **euro("credit", 6)), TWO[1]),
        1227,
        0,
    ),
    ("foreign totals differ", entries(debit("5100", 5, **euro("debit", 6)), TWO[1]), 1227, None),
]


@pytest.mark.parametrize(
    ("body", "code", "index"), [row[1:] for row in ODD], ids=[row[0] for row in ODD]
)
def test_what_is_wrong_with_a_new_journal(body: object, code: int, index: int | None) -> None:
    wire = Wire(multicurrency=True)
    answer = wire.call("CreateJournal", b"null" if body is None else body)
    assert (answer.status, answer.code) == (400, code), answer.response.diagnosis
    if code not in (1227, 1232):
        assert answer.object.get("entry_index") == index
    with wire.books().read() as reader:
        assert reader.head().entries_live == 0


def test_a_company_with_one_currency_takes_no_other() -> None:
    wire = Wire()
    lines = (debit("5100", 5, **euro("debit", 6)), credit("1200", 5, **euro("credit", 6)))
    assert wire.call("CreateJournal", entries(*lines)).code == 1240


def test_more_entries_than_a_journal_has() -> None:
    lines = [TWO[0]] * (LINES_MAX // 2 + 1) + [TWO[1]] * (LINES_MAX // 2)
    assert Wire().call("CreateJournal", entries(*lines)).code == 1232


def test_as_many_entries_as_a_journal_has() -> None:
    wire = Wire()
    lines = [TWO[0]] * (LINES_MAX // 2) + [TWO[1]] * (LINES_MAX // 2)
    journal_id = wire.create(entries(*lines))
    assert len(wire.get(journal_id)["journal_entries"]) == LINES_MAX


def test_the_first_check_decides() -> None:
    """A body with everything wrong: what is said first, once that is mended, and so on."""
    wire = Wire(books_closed_through=date(2025, 12, 31))
    wire.create(rent(reference_number="R-1"))
    body: dict[str, Any] = {"reference_number": "R-1"}
    steps: list[tuple[dict[str, Any], int]] = [
        ({}, 1233),
        ({"date": "soon"}, 1234),
        ({"date": "1066-01-01"}, 1225),
        ({"date": "2025-12-31"}, 1226),
        ({"date": "2026-01-01"}, 1235),
        ({"journal_entries": [{}, {}]}, 1241),
        ({"journal_entries": [{"account_code": "x"}, {}]}, 1239),
        ({"journal_entries": [{"account_code": "5100", "foreign_currency": "?"}, {}]}, 1240),
        ({"journal_entries": [{"account_code": "5100"}, {}]}, 1231),
        ({"journal_entries": [debit("5100", 1), {}]}, 1241),
        ({"journal_entries": [debit("5100", 1), credit("1010", 2)]}, 1227),
        ({"journal_entries": [debit("5100", 1), credit("1010", 1)]}, 1228),
    ]
    for change, code in steps:
        body = {**body, **change}
        assert wire.call("CreateJournal", body).code == code, change
    assert wire.call("CreateJournal", {**body, "reference_number": "R-2"}).status == 200


@pytest.mark.parametrize(
    ("first", "second", "against"),
    [("0.1", "0.2", "0.3"), ("1200", "0.00", "1200.00"), ("1199.99", "0.01", "1200")],
)
def test_amounts_are_exact(first: str, second: str, against: str) -> None:
    wire = Wire()
    lines = [debit("5100", first), credit("1010", against)]
    if second != "0.00":
        lines.append(debit("5100", second))
    journal_id = wire.create(entries(*lines))
    number = b'{"date":"2026-01-14","journal_entries":[' + b",".join(
        b'{"account_code":"%b","base_currency_%b_amount":%b}' % (code, side, amount.encode())
        for code, side, amount in (
            (b"5100", b"debit", first),
            (b"1010", b"credit", against),
            *(() if second == "0.00" else ((b"5100", b"debit", second),)),
        )
    )
    other = wire.call("CreateJournal", number + b"]}")
    assert other.status == 200
    same = [wire.entry(each).total for each in (journal_id, other.object["created_journal_id"])]
    assert same[0] == same[1]


def test_the_largest_amount() -> None:
    wire = Wire()
    text = f"{AMOUNT_MAX // 100}.{AMOUNT_MAX % 100}"
    journal_id = wire.create(entries(debit("5100", text), credit("1010", text)))
    assert wire.entry(journal_id).total == AMOUNT_MAX


def test_lenient_readings() -> None:
    """Codes as numbers, amounts as text, absent and null amounts, unknown members."""
    wire = Wire()
    body = entries(
        {
            "account_code": 5100,
            "base_currency_debit_amount": " 12.50 ",
            "base_currency_credit_amount": "0.00",
            "foreign_currency_debit_amount": "0.00",
            "foreign_currency_credit_amount": None,
            "tax": "?",
        },
        {"account_code": "1010", "base_currency_credit_amount": 12.5, "foreign_currency": ""},
    )
    body |= {"financial_book_id": "1", "reference_number": 7, "journal_notes": "", "x": None}
    shown = wire.get(wire.create(body))
    assert shown["reference_number"] == "7"
    assert shown["journal_notes"] is None
    assert [line["account_code"] for line in shown["journal_entries"]] == ["5100", "1010"]


def foreign_journal(wire: Wire, bank: str, **second: Any) -> int:
    lines = [
        debit("5100", "80.00", **euro("debit", "100.00")),
        credit(bank, "80.00", **(second or euro("credit", "100.00"))),
    ]
    if not second.get("foreign_currency", True):
        lines[0] = debit("5100", "80.00")
    return wire.create(entries(*lines))


def test_a_journal_in_one_foreign_currency_is_an_entry_in_it() -> None:
    wire = Wire(multicurrency=True)
    entry = wire.entry(foreign_journal(wire, "1020"))
    assert (entry.currency, str(entry.rate)) == ("EUR", "0.8")
    assert [(line.amount, line.home_amount) for line in entry.lines] == [(10000, 8000)] * 2
    shown = wire.get(entry.id)["journal_entries"][0]
    assert str(shown["base_currency_debit_amount"]) == "80.00"
    assert shown["foreign_currency"] == "EUR"
    assert str(shown["foreign_currency_debit_amount"]) == "100.00"
    assert str(shown["foreign_currency_credit_amount"]) == "0.00"


def test_foreign_amounts_beside_an_account_of_the_home_currency_are_kept() -> None:
    """The bank takes pounds alone: the entry is in pounds, and shows the euros it was told."""
    wire = Wire(multicurrency=True)
    entry = wire.entry(foreign_journal(wire, "1010"))
    assert (entry.currency, entry.rate) == ("GBP", None) or str(entry.rate) == "1"
    shown = wire.get(entry.id)["journal_entries"]
    assert [line["foreign_currency"] for line in shown] == ["EUR", "EUR"]
    assert str(shown[1]["foreign_currency_credit_amount"]) == "100.00"


def test_currencies_by_number_and_the_home_currency() -> None:
    wire = Wire(multicurrency=True)
    lines = (
        debit("5100", 8, **euro("debit", 10, "foreign_currency_id", EURO)),
        credit(
            "1200", 8, foreign_currency="eur", **euro("credit", 10, "foreign_currency_id", EURO)
        ),
    )
    assert wire.entry(wire.create(entries(*lines))).currency == "EUR"
    home = [
        debit("5100", 8, **euro("debit", 8, value="GBP")),
        credit("1200", 8, **euro("credit", 8, value="GBP")),
    ]
    assert wire.entry(wire.create(entries(*home))).currency == "GBP"


def test_several_foreign_currencies_balance_each_for_itself() -> None:
    wire = Wire(multicurrency=True)
    lines = [
        debit("5100", 8, **euro("debit", 10)),
        credit("1200", 8, **euro("credit", 10)),
        debit("5100", 4, **euro("debit", 5, value="USD")),
        credit("1200", 4, **euro("credit", 5, value="USD")),
    ]
    entry = wire.entry(wire.create(entries(*lines)))
    assert (entry.currency, entry.total) == ("GBP", 1200)
    lines[2], lines[3] = (
        debit("5100", 4, **euro("debit", 6, value="USD")),
        credit("1200", 4, **euro("credit", 5, value="USD")),
    )
    assert wire.call("CreateJournal", entries(*lines)).code == 1227


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.sampled_from(["", "5100", "1010", "EUR", "2026-01-14", "-1", "1.5", "x", "\u0661"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)
MEMBERS = (
    "account_code",
    "cost_center_id",
    "journal_entry_notes",
    "base_currency_debit_amount",
    "base_currency_credit_amount",
    "foreign_currency",
    "foreign_currency_id",
    "foreign_currency_debit_amount",
    "foreign_currency_credit_amount",
)
ENTRY = st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, JSON))
BODY = st.fixed_dictionaries(
    {},
    optional={
        "journal_id": JSON,
        "date": st.just("2026-01-14") | JSON,
        "financial_book_id": JSON,
        "journal_notes": JSON,
        "reference_number": JSON,
        "journal_entries": st.lists(st.sampled_from(TWO) | ENTRY, max_size=4) | JSON,
    },
)
FUZZED = Wire(multicurrency=True)
FUZZED_ID = FUZZED.create(rent())


def check_answer(answer: Answer) -> None:
    assert answer.status in (200, 400), answer.json
    assert answer.json["result"] == (answer.status == 200)
    assert answer.code is None or 1225 <= answer.code <= 1241


@given(BODY)
def test_any_body_gets_an_answer_of_this_interface(body: dict[str, Any]) -> None:
    check_answer(FUZZED.call("CreateJournal", body))
    check_answer(FUZZED.call("UpdateJournal", {"journal_id": FUZZED_ID, **body}))


@given(st.binary(max_size=60))
def test_any_bytes_get_an_answer_of_this_interface(body: bytes) -> None:
    check_answer(FUZZED.call("CreateJournal", body))
    check_answer(FUZZED.call("UpdateJournal", body))
