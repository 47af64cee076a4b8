"""Reports as pages and files, and the ways down from a figure to what it is made of."""

import csv
import io
import json
import re
from datetime import date
from html import unescape

import openpyxl
import pypdf
import pytest
from tests.support.web import CHECKING, RENT, SALES, Pages

from daybook.app import report_tables
from daybook.domain.commands import AccountContent, CreateReference, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import Account, AccountKind, Side
from daybook.web.pages.reports import REPORTS
from daybook.web.periods import read_period

REPORT = "/app/c/shop/reports"
YEAR = "period=custom&from=2026-01-01&to=2026-12-31"


@pytest.fixture(scope="module")
def site() -> Pages:
    site = Pages()
    site.post(123_456, posting_date=date(2026, 3, 5), memo="March rent", doc_number="R-1")
    site.post(1_000, posting_date=date(2025, 3, 5), memo="=1+1")
    return site


def test_the_reports_are_offered(site: Pages) -> None:
    answer = site.visitor("vera").get(REPORT)
    assert answer.status == 200
    for report in REPORTS.values():
        assert answer.has(report.title)


def test_profit_and_loss_beside_the_year_before(site: Pages) -> None:
    answer = site.visitor("vera").get(f"{REPORT}/profit-and-loss?{YEAR}&compare=year")
    assert answer.has("Rent 1,234.56 10.00")
    assert answer.has("Net profit −1,234.56 −10.00")
    assert answer.has("1 Jan 2025 to 31 Dec 2025")
    before = site.visitor("vera").get(f"{REPORT}/profit-and-loss?{YEAR}&compare=previous")
    assert before.has("1 Jan 2025 to 31 Dec 2025")


def test_the_way_down_from_the_balance_sheet_to_an_entry(site: Pages) -> None:
    visitor = site.visitor("vera")
    sheet = visitor.get(f"{REPORT}/balance-sheet?period=custom&to=2026-12-31")
    assert sheet.has("Checking −1,244.56")
    found = re.search(r'href="(/app/c/shop/accounts/\d+\?to=2026-12-31)">Checking', sheet.text)
    assert found is not None
    account = visitor.get(found[1])
    assert account.has("March rent")
    assert account.has("1,244.56 Cr")
    entry = re.search(r'href="(/app/c/shop/journal/\d+)"', account.text)
    assert entry is not None
    assert visitor.get(entry[1]).has("1,234.56")


def test_the_general_ledger_begins_income_and_expenses_anew(site: Pages) -> None:
    answer = site.visitor("vera").get(f"{REPORT}/general-ledger?{YEAR}")
    assert answer.has("Checking 10.00 Cr")
    assert answer.has("Retained Earnings 10.00 Dr")
    assert answer.has("Rent 0.00 1,234.56 1,234.56 Dr")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("query", ["", YEAR, "period=last-year", "period=nonsense&compare=x"])
def test_every_report_has_a_page_and_three_files(site: Pages, name: str, query: str) -> None:
    visitor = site.visitor("vera")
    page = visitor.get(f"{REPORT}/{name}?{query}")
    assert page.status == 200
    files = {}
    for kind in ("csv", "xlsx", "pdf"):
        address = re.search(rf'href="(/app/c/shop/reports/{name}/{kind}[^"]*)"', page.text)
        assert address is not None
        answer = visitor.get(address[1].replace("&amp;", "&"))
        assert answer.status == 200
        assert answer.headers["content-disposition"].startswith('attachment; filename="')
        files[kind] = answer.response.body
    assert openpyxl.load_workbook(io.BytesIO(files["xlsx"])).worksheets[0]["A1"].value is not None
    assert "Shop" in pypdf.PdfReader(io.BytesIO(files["pdf"])).pages[0].extract_text()


def test_files_hold_what_the_page_shows(site: Pages) -> None:
    visitor = site.visitor("vera")
    text = visitor.get(
        f"{REPORT}/general-ledger/csv?period=custom&from=2025-01-01&to=2026-12-31"
    ).text
    assert "E4,Rent,2026-03-05,R-1,1,,March rent,1234.56,,1244.56" in text
    assert "'=1+1" in text


def test_every_line_of_a_general_ledger_for_programs_names_its_account(site: Pages) -> None:
    """So that a pivot of it gives the trial balance; headings are for people."""
    days = "period=custom&from=2026-01-01&to=2026-12-31"
    text = site.visitor("vera").get(f"{REPORT}/general-ledger/csv?{days}").text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert {row["Account"] for row in rows[:-1]} == {"Checking", "Rent", "Retained Earnings"}
    assert {row["Code"] for row in rows if row["Account"] == "Rent"} == {"E4"}
    rent = [row["Debit"] for row in rows if row["Account"] == "Rent" and row["Date"]]
    assert rent == ["1234.56"]
    assert (rows[-1]["Account"], rows[-1]["Number"]) == ("", "Total")
    assert not any(row["Number"] in ("B8 Checking", "E4 Rent") for row in rows)


def test_a_file_that_is_too_long_is_told_of(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_tables, "ROWS_MAX", 1)
    answer = site.visitor("vera").get(f"{REPORT}/general-ledger/csv?{YEAR}")
    assert answer.status == 413
    assert answer.has("Ask for a shorter period")
    monkeypatch.setattr("daybook.web.files.PDF_ROWS_MAX", 1)
    answer = site.visitor("vera").get(f"{REPORT}/trial-balance/pdf?{YEAR}")
    assert answer.status == 413


@pytest.mark.parametrize("path", ["nothing", "nothing/csv", "trial-balance/doc"])
def test_what_is_no_report_is_not_found(site: Pages, path: str) -> None:
    assert site.visitor("vera").get(f"{REPORT}/{path}").status == 404


def test_periods_are_read_from_an_address() -> None:
    today = date(2026, 2, 14)

    def asked(**query: str) -> tuple[str, date, date]:
        found = read_period(query, today, 1, "year-to-date")
        return found.name, found.first, found.last

    assert asked() == ("year-to-date", date(2026, 1, 1), today)
    assert asked(period="last-year") == ("last-year", date(2025, 1, 1), date(2025, 12, 31))
    dates = {"from": "2025-05-01", "to": "2025-05-31"}
    assert asked(**dates) == ("custom", date(2025, 5, 1), date(2025, 5, 31))
    assert asked(to="2020-05-31") == ("custom", date(2020, 5, 31), date(2020, 5, 31))
    faulty = read_period({"from": "2026-05-01", "to": "2026-01-01"}, today, 1, "month")
    assert faulty.faults == {"to": "This day is before the first one."}
    assert read_period({"from": "x"}, today, 1, "month").faults.keys() == {"from"}
    sheet = read_period({"to": "2026-03-31", "compare": "previous"}, today, 1, "month")
    assert sheet.days == (date(2026, 3, 31), date(2026, 2, 28))


ACCOUNT = f"/app/c/shop/accounts/{RENT}"


def test_the_chart_of_accounts_with_balances(site: Pages) -> None:
    answer = site.visitor("vera").get("/app/c/shop/accounts")
    assert answer.has("Old inactive expense 0.00")
    assert site.visitor("vera").get("/app/c/shop/accounts?text=rent").has("Rent")
    assert not site.visitor("vera").get("/app/c/shop/accounts?text=rent").has("Checking")
    assert site.visitor("vera").get("/app/c/shop/accounts?text=zz").has("No account is called that")


def test_an_account_in_pages_with_a_chart_and_a_table(
    site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = site.visitor("vera")
    answer = visitor.get(f"{ACCOUNT}?to=2026-12-31")
    assert answer.has("1,234.56 Dr")
    assert not answer.has("1,244.56"), "what the year before came to is in retained earnings"
    assert "data-chart=" in answer.text
    assert answer.has("31 Mar 2026 1,234.56 1,234.56 Dr")
    monkeypatch.setattr("daybook.web.pages.accounts.REGISTER_ROWS", 1)
    first = visitor.get(f"{ACCOUNT}?from=2025-01-01")
    older = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert older is not None
    second = visitor.get(older[1].replace("&amp;", "&"))
    assert second.has("=1+1")
    assert not second.has("March rent")
    assert visitor.get(f"{ACCOUNT}?from=2025-01-01&after=forged").has("March rent")


def test_an_account_as_a_file(site: Pages) -> None:
    visitor = site.visitor("vera")
    answer = visitor.get(f"{ACCOUNT}/csv?from=2026-01-01&to=2026-12-31")
    assert "Opening balance,,,0.00" in answer.text
    assert "E4,Rent,2026-03-05,R-1,1,,March rent,1234.56,,1234.56" in answer.text
    assert visitor.get(f"{ACCOUNT}/doc").status == 404


def lines_of(text: str) -> list[tuple[str, str]]:
    """Entry and balance of each line in the CSV file of an account."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    return [(row["Entry"], row["Balance"]) for row in rows if row["Entry"]]


@pytest.mark.parametrize("number", [CHECKING, SALES, RENT])
@pytest.mark.parametrize(
    "days", ["", "?to=2025-12-31", "?from=2025-03-01", "?from=2025-02-01&to=2026-02-28"]
)
def test_page_and_file_of_an_account_show_the_same_lines(
    site: Pages, number: int, days: str
) -> None:
    """And the last balance of both is the closing one of the sums."""
    address, visitor = f"/app/c/shop/accounts/{number}", site.visitor("vera")
    page = visitor.get(address + days)
    months, lines = (page.text.index(f'aria-label="{each}') for each in ("Balances by", "Lines on"))
    text = page.text[:months] + page.text[lines:]
    cells = re.findall(r'data-label="(Entry|Balance|Closing)">(.*?)</td>', text, re.DOTALL)
    plain = [(name, re.sub(r"<[^>]*>|&nbsp;|\s", "", cell)) for name, cell in cells]
    entries = [cell for name, cell in plain if name == "Entry"]
    balances = [signed(cell) for name, cell in plain if name == "Balance"]
    in_file = lines_of(visitor.get(f"{address}/csv{days}").text)
    shown = [(re.sub("R-1$", "", cell), each) for cell, each in zip(entries, balances, strict=True)]
    assert shown == in_file[::-1]
    closing = next(signed(cell) for name, cell in plain if name == "Closing")
    assert closing == (shown[0][1] if shown else "0.00")


def signed(balance: str) -> str:
    """A balance as files have it: debits less credits."""
    found = re.fullmatch(r"([0-9,.]+)(Dr|Cr)?", balance)
    assert found is not None, balance
    return ("-" if found[2] == "Cr" else "") + found[1].replace(",", "")


def test_what_a_report_says_of_an_account_is_what_its_page_ends_at(site: Pages) -> None:
    visitor = site.visitor("vera")
    for query in ("period=custom&from=2025-01-01&to=2025-12-31", YEAR):
        sheet = visitor.get(f"{REPORT}/profit-and-loss?{query}")
        found = r'href="([^"]*)">Rent</a></th>\s*<td class="amount"[^>]*>([^<]*)<'
        link = re.search(found, sheet.text)
        assert link is not None
        assert visitor.get(link[1].replace("&amp;", "&")).has(f"{link[2]} Dr")
    chart = visitor.get("/app/c/shop/accounts").text
    assert re.search(rf'href="/app/c/shop/accounts/{RENT}\?to=\d', chart), (
        "to the day of its figures"
    )


def test_a_parent_account_shows_what_is_below_it() -> None:
    site = Pages()
    lines = []
    for name, amount in (("Gas", 7_000), ("Water", 500)):
        content = AccountContent(name, AccountKind.EXPENSE, parent=ById(RENT))
        account = site.execute(CreateReference(content))
        assert isinstance(account, Account)
        lines.append(LineDraft(Side.DEBIT, amount, ById(account.id)))
    lines.append(LineDraft(Side.CREDIT, 7_500, ById(CHECKING)))
    site.post(lines=tuple(lines), posting_date=date(2026, 1, 5))
    visitor, days = site.visitor("vera"), "from=2026-01-01&to=2026-01-31"
    page = visitor.get(f"{ACCOUNT}?{days}")
    assert page.has("Rent:Gas 0.00 70.00 0.00 70.00 Dr")
    assert page.has("Total with sub-accounts 0.00 75.00 0.00 75.00 Dr")
    assert re.search(r'href="/app/c/shop/accounts/\d+\?from=2026-01-01[^"]*">Rent:Water', page.text)
    text = visitor.get(f"{ACCOUNT}/csv?{days}").text
    assert "Total with sub-accounts" in text
    assert "75.00,0.00,75.00" in text
    assert visitor.get(f"{REPORT}/profit-and-loss?period=custom&{days}").has("Rent 75.00")
    assert visitor.get("/app/c/shop/accounts").has("with its sub-accounts")


@pytest.mark.parametrize(
    ("number", "label", "value"),
    [
        (RENT, "Debit balance, USD", "75.00"),
        (SALES, "Credit balance, USD", "30.00"),
        (CHECKING, "Debit balance, USD", "-45.00"),
    ],
)
def test_a_chart_is_drawn_on_the_side_where_the_balance_belongs(
    number: int, label: str, value: str
) -> None:
    site = Pages()
    site.post(7_500, posting_date=date(2026, 1, 5))
    sale = (
        LineDraft(Side.DEBIT, 3_000, ById(CHECKING)),
        LineDraft(Side.CREDIT, 3_000, ById(SALES)),
    )
    site.post(lines=sale, posting_date=date(2026, 1, 6))
    page = site.visitor("vera").get(f"/app/c/shop/accounts/{number}").text
    found = re.search(r'data-chart="([^"]*)"', page)
    assert found is not None
    chart = json.loads(unescape(found[1]))
    assert (chart["label"], chart["values"][-1]) == (label, value)


@pytest.mark.parametrize("number", ["0", "99", "x", "9" * 40, "%C2%B2"])
def test_what_is_no_account_is_not_found(site: Pages, number: str) -> None:
    assert site.visitor("vera").get(f"/app/c/shop/accounts/{number}").status == 404
