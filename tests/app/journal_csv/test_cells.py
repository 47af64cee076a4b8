"""Dates, amounts and tags as people write them: what is understood, what is refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.app.journal_csv.cells import (
    AmbiguousDates,
    DateOrder,
    DecimalMark,
    detect_order,
    is_grouped_only,
    is_year_first,
    parse_date,
    parse_flag,
    parse_tracking,
    plain_amount,
    tracking_text,
)

YMD, DMY, MDY = DateOrder.YEAR_FIRST, DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST
POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA


@pytest.mark.parametrize(
    ("text", "order", "meant"),
    [
        ("2026-01-31", YMD, date(2026, 1, 31)),
        ("2026-01-31", DMY, date(2026, 1, 31)),
        ("20260131", MDY, date(2026, 1, 31)),
        ("2026/1/3", YMD, date(2026, 1, 3)),
        ("2026.01.03", YMD, date(2026, 1, 3)),
        ("03/04/2026", DMY, date(2026, 4, 3)),
        ("03/04/2026", MDY, date(2026, 3, 4)),
        ("3.4.26", DMY, date(2026, 4, 3)),
        ("29-02-2024", DMY, date(2024, 2, 29)),
    ],
)
def test_dates_that_are_understood(text: str, order: DateOrder, meant: date) -> None:
    assert parse_date(text, order) == meant


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("03/04/2026", YMD),
        ("31/04/2026", DMY),
        ("2026-02-30", YMD),
        ("2026-2-3x", YMD),
        ("3/4-2026", DMY),
        ("3/4/126", DMY),
        ("\u0663/04/2026", DMY),
        ("0000-01-01", YMD),
        ("", YMD),
        ("yesterday", DMY),
    ],
)
def test_dates_that_are_refused(text: str, order: DateOrder) -> None:
    with pytest.raises(ValueError):
        parse_date(text, order)


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(DateOrder), st.sampled_from("-/. "))
def test_a_date_is_read_as_it_was_written(day: date, order: DateOrder, separator: str) -> None:
    parts = {
        YMD: (f"{day.year:04}", f"{day.month:02}", f"{day.day:02}"),
        DMY: (f"{day.day:02}", f"{day.month:02}", f"{day.year:04}"),
        MDY: (f"{day.month:02}", f"{day.day:02}", f"{day.year:04}"),
    }[order]
    assert parse_date(separator.join(parts), order) == day


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["01/02/2026", "13/02/2026"], DMY),
        (["01/02/2026", "02/13/2026"], MDY),
        (["05/05/2026"], DMY),
        (["nonsense", "13.2.26"], DMY),
        ([], DMY),
    ],
)
def test_the_order_of_dates_is_found_out(texts: list[str], order: DateOrder) -> None:
    assert detect_order(texts) is order


@pytest.mark.parametrize("texts", [["01/02/2026"], ["13/02/2026", "02/13/2026"], ["1.2.26"]])
def test_an_order_that_is_not_certain_is_not_guessed(texts: list[str]) -> None:
    with pytest.raises(AmbiguousDates):
        detect_order(texts)


def test_what_says_its_order_by_itself() -> None:
    assert is_year_first("2026-01-31")
    assert not is_year_first("31-01-2026")


@pytest.mark.parametrize(
    ("text", "mark", "plain"),
    [
        ("1,234.50", POINT, "1234.50"),
        ("12,345,678", POINT, "12345678"),
        ("1,00,000.00", POINT, "100000.00"),
        ("(1,234.50)", POINT, "-1234.50"),
        ("-5", POINT, "-5"),
        ("\u22125.1", POINT, "-5.1"),
        ("5.25-", POINT, "-5.25"),
        ("+5", POINT, "5"),
        ("$1,234.50", POINT, "1234.50"),
        ("-£3.00", POINT, "-3.00"),
        ("£-3.00", POINT, "-3.00"),
        ("3.00 €", POINT, "3.00"),
        (".50", POINT, "0.50"),
        ("1 234.5", POINT, "1234.5"),
        ("1'234.5", POINT, "1234.5"),
        ("1.234,50", COMMA, "1234.50"),
        ("1234,5", COMMA, "1234.5"),
        ("1\u00a0234,5", COMMA, "1234.5"),
        ("(0,01)", COMMA, "-0.01"),
    ],
)
def test_amounts_that_are_understood(text: str, mark: DecimalMark, plain: str) -> None:
    assert plain_amount(text, mark) == plain


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1.234,50", POINT),
        ("1,5", POINT),
        ("1,2345", POINT),
        ("1,234 567", POINT),
        ("12,34,56", POINT),
        ("1,234.50", COMMA),
        ("(5", POINT),
        ("5)", POINT),
        ("(-5)", POINT),
        ("--5", POINT),
        ("5 GBP", POINT),
        ("1e5", POINT),
        ("NaN", POINT),
        ("\u0665", POINT),
        ("", POINT),
        ("$", POINT),
        ("." * 100, POINT),
    ],
)
def test_amounts_that_are_refused(text: str, mark: DecimalMark) -> None:
    with pytest.raises(ValueError):
        plain_amount(text, mark)


def test_the_other_decimal_mark_is_hinted_at() -> None:
    with pytest.raises(ValueError, match="is the decimal mark a comma"):
        plain_amount("1.234,50", POINT)


@given(st.integers(0, 10**15 - 1), st.sampled_from(DecimalMark), st.sampled_from([",", " ", "'"]))
def test_grouping_does_not_change_an_amount(minor: int, mark: DecimalMark, gap: str) -> None:
    whole, decimals = divmod(minor, 100)
    decimal, other = (".", ",") if mark is POINT else (",", ".")
    text = f"{whole:,}".replace(",", other if gap == "," else gap) + f"{decimal}{decimals:02}"
    assert plain_amount(text, mark) == f"{whole}.{decimals:02}"


def test_what_may_be_thousands_or_decimals() -> None:
    assert is_grouped_only("1,234")
    assert is_grouped_only("-£1.234")
    assert not is_grouped_only("1,234.5")
    assert not is_grouped_only("1234")


def test_flags() -> None:
    assert [parse_flag(text) for text in ("yes", "TRUE", "x", "1")] == [True] * 4
    assert [parse_flag(text) for text in ("no", "False", "", "0")] == [False] * 4
    with pytest.raises(ValueError):
        parse_flag("perhaps")


names = st.text(min_size=1).filter(lambda text: text == text.strip())


@given(st.lists(st.tuples(names, names), max_size=4))
def test_tracking_is_read_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    assert parse_tracking(tracking_text(pairs)) == tuple(pairs)


@pytest.mark.parametrize("text", ["North", "Region=", "=North", "a=b=c"])
def test_tracking_that_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_tracking(text)
