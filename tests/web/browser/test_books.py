"""Reports, files, import and what is behind the books, in a real browser."""

import csv
import io
from pathlib import Path
from typing import Literal

import openpyxl
import pypdf
import pytest
import requests
from playwright.sync_api import Page, expect
from tests.support.axe import violations
from tests.support.server import REALM, RunningServer
from tests.web.browser.conftest import Visitor, flash

PAGES = {
    "accounts": "/app/c/demo/accounts",
    "an account": "/app/c/demo/accounts/139",
    "reports": "/app/c/demo/reports",
    "profit and loss": "/app/c/demo/reports/profit-and-loss?period=last-year&compare=year",
    "balance sheet": "/app/c/demo/reports/balance-sheet?compare=previous",
    "trial balance": "/app/c/demo/reports/trial-balance",
    "general ledger": "/app/c/demo/reports/general-ledger?period=last-year",
    "a period with a fault": "/app/c/demo/reports/general-ledger?from=2026-01-01&to=2025-01-01",
    "import": "/app/c/demo/import",
    "operations": "/app/c/demo/operations",
    "messages": "/app/c/demo/operations/messages",
    "activity": "/app/c/demo/activity",
    "keys": "/app/c/demo/keys",
    "audit": "/app/c/demo/audit",
    "verification": "/app/c/demo/audit/verify",
}


def ask(site: RunningServer, path: str) -> None:
    """A request over an interface, so that there is activity to be seen."""
    address = f"{site.url}/v3/company/{REALM}/{path}"
    requests.get(address, headers={"Authorization": "Bearer demo"}, timeout=20)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(
    enter: Visitor, site: RunningServer, scheme: Literal["light", "dark"]
) -> None:
    ask(site, "journalentry/999999")
    page = enter("demo")
    page.emulate_media(color_scheme=scheme)
    found = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for name, address in PAGES.items():
            page.goto(address)
            for more in page.locator("main details").all():
                more.locator("summary").click()
            found += [f"{name}, {width} pixels wide: {each}" for each in violations(page)]
            if not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
                found.append(f"{name} is wider than {width} pixels")
    assert found == []


def test_a_period_that_is_chosen_puts_its_days_into_the_form(enter: Visitor) -> None:
    page = enter("demo")
    page.goto("/app/c/demo/reports/profit-and-loss?period=custom&from=2025-02-01&to=2025-02-28")
    period = page.get_by_role("combobox", name="Period")
    period.select_option("last-year")
    expect(page.get_by_label("From")).to_have_value("2025-01-01")
    expect(page.get_by_label("To", exact=True)).to_have_value("2025-12-31")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**period=last-year**")
    expect(period).to_have_value("last-year")
    page.get_by_label("From").fill("2025-03-01")
    page.get_by_label("From").blur()
    expect(period).to_have_value("custom")


def test_from_the_balance_sheet_down_to_an_entry(enter: Visitor) -> None:
    page = enter("demo")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Balance sheet").click()
    total = page.get_by_role("row", name="Total assets").locator("td.amount").first.inner_text()
    equal = page.get_by_role("row", name="Total liabilities and equity").locator("td.amount").first
    expect(equal).to_have_text(total)
    figure = page.get_by_role("row", name="Barclays").locator("td.amount").first.inner_text()
    page.get_by_role("link", name="Barclays").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1010 Barclays")
    lines = page.get_by_role("region", name="Lines on the account")
    newest = lines.locator("tbody tr").first
    expect(newest.locator("td").last).to_contain_text(figure)
    expect(page.locator("canvas")).to_be_visible()
    page.locator("main details summary").click()
    months = page.get_by_role("region", name="Balances by month")
    expect(months.locator("tbody tr").last).to_contain_text(figure)
    text = newest.locator("td").nth(2).inner_text()
    newest.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Entry")
    expect(page.locator("main")).to_contain_text(text)


def test_a_report_is_kept_as_a_file(enter: Visitor, tmp_path: Path) -> None:
    page = enter("demo")
    page.goto(PAGES["profit and loss"])
    shown = page.get_by_role("row", name="Net profit").locator("td.amount").first.inner_text()
    files = {}
    for kind in ("CSV", "Excel", "PDF"):
        with page.expect_download() as coming:
            page.get_by_role("link", name=kind).click()
        download = coming.value
        assert download.suggested_filename.startswith("profit-and-loss-2025-01-01-to-2025-12-31.")
        files[kind] = tmp_path / download.suggested_filename
        download.save_as(files[kind])
    rows = list(csv.reader(io.StringIO(files["CSV"].read_text("utf-8-sig"))))
    assert rows[0][:3] == ["Level", "Code", "Account"]
    assert rows[-1][:3] == ["0", "", "Net profit"]
    assert f"{float(rows[-1][3]):,.2f}" == shown
    sheet = openpyxl.load_workbook(files["Excel"]).worksheets[0]
    assert f"{list(sheet.values)[-1][3]:,.2f}" == shown
    text = "".join(each.extract_text() for each in pypdf.PdfReader(files["PDF"]).pages)
    assert "Net profit" in text
    assert rows[-1][3] in text


def upload(page: Page, content: str) -> None:
    payload = content.encode()
    file = {"name": "march.csv", "mimeType": "text/csv", "buffer": payload}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Look").click()


def test_import_a_file_after_mending_it(enter: Visitor, site: RunningServer) -> None:
    page = enter("ada")
    page.get_by_role("link", name="Import").click()
    head = "Journal No.,Date,Account,Debits,Credits,Description\n"
    upload(page, head + "I-1,2026-03-01,Meals,12.50,,Lunch\nI-1,2026-03-01,Nowhere,,12.50,\n")
    expect(page.get_by_role("alert")).to_contain_text("line 3, column Account")
    upload(page, head + "I-1,2026-03-01,Meals,12.50,,Lunch\nI-1,2026-03-01,Barclays,,12.50,\n")
    expect(page.locator("main")).to_contain_text("1 entry with 2 lines can be taken")
    expect(page.get_by_role("region", name="Entry from line 2").first).to_contain_text("Lunch")
    assert violations(page) == []
    page.get_by_role("button", name="Take it").click()
    expect(flash(page)).to_have_text("1 entry with 2 lines was taken.")
    page.goto("/app/c/demo/journal?text=I-1")
    expect(page.locator("#register tbody tr")).to_have_count(1)


def test_a_token_works_until_it_is_withdrawn(enter: Visitor, site: RunningServer) -> None:
    page = enter("olga")
    page.get_by_role("link", name="Keys").click()
    page.get_by_label("Application").fill("nightly")
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    assert violations(page) == []
    address = f"{site.url}/v3/company/{REALM}/journalentry/82"
    sent = {"Authorization": f"Bearer {secret}"}
    assert requests.get(address, headers=sent, timeout=20).status_code == 200
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("main tbody tr").first).to_contain_text("nightly")
    page.get_by_role("link", name="Keys").click()
    assert secret not in page.content()
    row = page.get_by_role("row", name="nightly")
    row.locator("summary").click()
    row.get_by_role("button").click()
    expect(flash(page)).to_contain_text("opens nothing any more")
    assert requests.get(address, headers=sent, timeout=20).status_code == 401


def test_an_integrator_sees_what_an_error_said(enter: Visitor, site: RunningServer) -> None:
    ask(site, "journalentry/888888")
    page = enter("demo")
    page.goto("/app/c/demo/activity?failed=on&interface=qbo")
    row = page.locator("main tbody tr").first
    expect(row).to_contain_text("journalentry/888888")
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text("Object Not Found")


def test_the_chain_is_verified(enter: Visitor) -> None:
    page = enter("demo")
    page.get_by_role("link", name="Audit").click()
    page.get_by_role("link", name="Verify the chain").click()
    expect(page.get_by_role("heading", name="The chain holds")).to_be_visible()


def test_a_key_is_withdrawn_without_scrolling(enter: Visitor) -> None:
    """The button is in sight on a wide page and on a phone, where tables are cut off."""
    page = enter("demo")
    page.goto("/app/c/demo/keys")
    page.get_by_label("Application").fill("a program with a rather long name")
    page.get_by_label("What it is for").fill("what it is for is said at some length as well")
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("dba_")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/app/c/demo/keys")
        box = page.locator("summary", has_text="Withdraw token").first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    expect(page.get_by_role("button", name="Withdraw token")).to_have_count(0)
    page.locator("summary", has_text="Withdraw token").first.click()
    page.get_by_role("button", name="Withdraw token").first.click()
    expect(flash(page)).to_contain_text("opens nothing any more")
