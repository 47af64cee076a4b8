"""Every page on screens from a small phone to a laptop: nothing is cut or scrolls sideways."""

import requests
from playwright.sync_api import Page, expect
from tests.support.server import REALM, RunningServer
from tests.web.browser import test_accessible, test_books
from tests.web.browser.conftest import Visitor, flash
from tests.web.browser.test_journeys import new_entry, number_of

PAGES = {**test_accessible.PAGES, **test_books.PAGES}
WIDTHS = (360, 390, 768, 1280)
"""A small phone, a usual one, a tablet held upright, a laptop."""
LAPTOP = 1280
"""Here nothing is cut on any page."""

LISTS = (
    *("journal", "approvals", "operations", "messages", "activity", "audit"),
    *("accounts", "an account", "trial balance", "general ledger"),
)
"""Pages whose tables never scroll on their own, either: their rows become cards."""


def wide_entry(site: RunningServer) -> None:
    """An entry with names and texts as long as they may be, without a blank."""
    address = f"{site.url}/v3/company/{REALM}"
    headers = {"Authorization": "Bearer demo", "Accept": "application/json"}
    account = {"Name": "W" * 95, "AccountType": "Expense"}
    made = requests.post(f"{address}/account", json=account, headers=headers, timeout=20)
    assert made.status_code == 200, made.text
    lines = [
        {
            "DetailType": "JournalEntryLineDetail",
            "Amount": 99999999.99,
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": ref}},
        }
        for side, ref in (("Debit", made.json()["Account"]["Id"]), ("Credit", "139"))
    ]
    entry = {
        "DocNumber": "M" * 21,
        "PrivateNote": "W" * 400,
        "TxnDate": "2026-11-01",
        "Line": lines,
    }
    made = requests.post(f"{address}/journalentry", json=entry, headers=headers, timeout=20)
    assert made.status_code == 200, made.text


def failing_push(site: RunningServer) -> None:
    """An operation that came to nothing, with what it was told, over the interface with the
    longest names.
    """
    headers = {"Authorization": "Basic ZGVtbw=="}
    found = requests.get(f"{site.url}/companies", headers=headers, timeout=20).json()
    company = found["results"][0]
    connection = company["dataConnections"][0]["id"]
    address = f"{site.url}/companies/{company['id']}/connections/{connection}"
    lines = [{"netAmount": 5, "accountRef": {"id": "139"}}] * 2
    body = {"description": "One-sided", "postedOn": "2026-02-03", "journalLines": lines}
    made = requests.post(f"{address}/push/journalEntries", json=body, headers=headers, timeout=20)
    assert made.status_code == 200, made.text


def too_wide(page: Page) -> bool:
    """Whether the page has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def cut(page: Page) -> list[str]:
    """The tables of a page that have to be scrolled sideways."""
    script = """() => [...document.querySelectorAll("main .scroll")]
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => `${each.ariaLabel}: ${each.scrollWidth} > ${each.clientWidth}`)"""
    return list(page.evaluate(script))


def test_no_page_scrolls_sideways(enter: Visitor, site: RunningServer) -> None:
    wide_entry(site)
    failing_push(site)
    page = enter("demo")
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for name, address in PAGES.items():
            page.goto(address)
            found += [f"{name} is wider than {width} pixels"] if too_wide(page) else []
            if name in LISTS:
                found += [f"{name}, {width} pixels, {each}" for each in cut(page)]
    assert found == []


def test_an_entry_is_approved_on_a_phone(enter: Visitor) -> None:
    """The button is in sight without scrolling sideways, and so is the section one is in."""
    ada, paul = enter("ada"), enter("paul")
    new_entry(ada, "To be approved on the way")
    ada.get_by_role("button", name="Send for review").click()
    number = number_of(ada)
    paul.set_viewport_size({"width": 360, "height": 800})
    paul.goto("/app/c/demo/approvals")
    button = paul.get_by_role("button", name=f"Approve entry {number}")
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    assert paul.evaluate("document.querySelector('main .scroll').scrollLeft") == 0
    button.click()
    expect(flash(paul)).to_have_text(f"Entry {number} is approved and posted.")


def test_the_section_one_is_in_is_in_sight_on_a_phone(enter: Visitor) -> None:
    page = enter("demo")
    page.set_viewport_size({"width": 360, "height": 800})
    for name in ("Audit", "Journal"):
        page.get_by_role("link", name=name, exact=True).click()
        link = page.get_by_role("navigation", name="Sections").get_by_role("link", name=name)
        expect(link).to_be_in_viewport(ratio=1)


def test_an_entry_is_made_on_a_phone(enter: Visitor) -> None:
    """Accounts and amounts of the lines stand below one another, all of them in sight."""
    page = enter("ada")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/app/c/demo/journal/new")
    assert cut(page) == []
    for at, column, amount in ((1, "Debit", "12.50"), (2, "Credit", "12.50")):
        page.get_by_label(f"Account, line {at}").fill(("Meals", "Barclays")[at - 1])
        page.get_by_label(f"{column}, line {at}").fill(amount)
    expect(page.locator("#balance")).to_have_text("Balanced")
    page.get_by_role("button", name="Post").click()
    expect(flash(page)).to_contain_text("is posted.")
