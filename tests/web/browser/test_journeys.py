"""What people do here, done in a real browser; nothing may go wrong that they would not see."""

import re

import requests
from playwright.sync_api import Browser, Locator, Page, expect
from tests.support.browser import visit
from tests.support.server import REALM, RunningServer
from tests.web.browser.conftest import PASSWORD, Visitor, flash

API = {"Authorization": "Bearer demo", "Accept": "application/json"}


def new_entry(page: Page, memo: str, amount: str = "45.00") -> None:
    """Fill in the form of a new entry, with the keyboard alone."""
    page.get_by_role("link", name="New entry").click()
    page.get_by_label("Memo").fill(memo)
    page.get_by_label("Account, line 1").press_sequentially("mea", delay=20)
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option", name="Meals")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Account, line 1")).to_have_value("Meals")
    page.keyboard.press("Tab")
    page.keyboard.type(amount)
    page.keyboard.press("Enter")
    page.keyboard.type("#139")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#balance")).to_contain_text("more debit than credit")
    page.keyboard.press("=")
    expect(page.locator("#balance")).to_have_text("Balanced")


def number_of(page: Page) -> str:
    """The number of the entry that is shown."""
    page.wait_for_url(re.compile(r"/journal/\d+$"))
    return page.url.rpartition("/")[2]


def test_sign_in_and_out(enter: Visitor) -> None:
    page = enter("demo")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(flash(page)).to_have_text("You have signed out.")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_find_an_entry(enter: Visitor) -> None:
    page = enter("demo")
    page.keyboard.press("/")
    page.keyboard.type("add test memo")
    expect(page.locator("#register tbody tr")).to_have_count(1)
    assert page.url.endswith("?text=add%20test%20memo"), "the list can be kept as a bookmark"
    page.locator("#register").get_by_role("link", name="82").click()
    expect(page.get_by_role("heading", name="Entry 82")).to_be_visible()
    page.go_back()
    expect(page.locator("#register tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    page.get_by_text("Account, contact, status, amount").click()
    page.get_by_label("Account", exact=True).press_sequentially("barc", delay=20)
    page.get_by_role("option", name="Barclays").click()
    page.get_by_label("Amount from").fill("22.30")
    page.get_by_label("Amount to").fill("22.30")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#register tbody tr")).to_have_count(1)
    expect(page.locator("#register tbody")).to_contain_text("8484")


def test_pages_lead_forth_and_back(enter: Visitor) -> None:
    page = enter("demo")
    first = page.locator("#register tbody tr").first.inner_text()
    page.get_by_role("link", name="Older →").click()
    expect(page.get_by_role("link", name="← Newer")).to_be_visible()
    assert page.locator("#register tbody tr").first.inner_text() != first
    page.get_by_role("link", name="← Newer").click()
    expect(page.locator("#register tbody tr").first).to_have_text(first, use_inner_text=True)


def test_post_an_entry_by_keyboard(enter: Visitor) -> None:
    page = enter("ada")
    new_entry(page, "Lunch with a customer")
    page.keyboard.press("Control+Enter")
    number = number_of(page)
    expect(flash(page)).to_have_text(f"Entry {number} is posted.")
    totals = page.locator("table.lines tfoot .amount").all_inner_texts()
    assert totals == ["45.00", "45.00"]
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="Made by ada")).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, as somebody without a mouse would."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("it is far from where the page is entered")


def test_an_entry_is_posted_without_a_mouse(browser: Browser, site: RunningServer) -> None:
    """From signing in on: the focus is where one goes on, and in the order one reads."""
    with visit(browser, site.url) as page:
        page.goto("/")
        expect(page.get_by_label("User")).to_be_focused()
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/journal")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="New entry")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/journal/new")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_label("Number"))
        page.keyboard.type("K-1")
        tab_to(page, page.get_by_label("Account, line 1"))
        page.keyboard.type("Meals")
        page.keyboard.press("Tab")
        page.keyboard.type("12.50")
        page.keyboard.press("Enter")
        page.keyboard.type("Barclays")
        tab_to(page, page.get_by_label("Credit, line 2"))
        page.keyboard.press("=")
        expect(page.locator("#balance")).to_have_text("Balanced")
        page.keyboard.press("Control+Enter")
        expect(flash(page)).to_have_text(re.compile(r"Entry \d+ is posted\."))


def test_a_mistake_and_its_message(enter: Visitor) -> None:
    page = enter("ada")
    new_entry(page, "Mistaken")
    page.get_by_label("Account, line 1").fill("Meels")
    page.get_by_label("Credit, line 2").fill("44.00")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was kept yet")
    wrong = page.get_by_label("Account, line 1")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description("No account is called that.")
    wrong.fill("Meals")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("alert")).to_contain_text("1.00 GBP apart")
    page.get_by_label("Credit, line 2").fill("45")
    page.get_by_role("button", name="Post").click()
    expect(flash(page)).to_contain_text("is posted.")


def test_two_people_at_one_entry(enter: Visitor) -> None:
    ada, ben = enter("ada"), enter("ben")
    new_entry(ada, "Shared")
    ada.get_by_role("button", name="Post").click()
    number = number_of(ada)
    for page in (ada, ben):
        page.goto(f"/app/c/demo/journal/{number}/edit")
    ben.get_by_label("Memo").fill("As ben sees it")
    ben.get_by_role("button", name="Save").click()
    expect(flash(ben)).to_contain_text("is changed")
    ada.get_by_label("Memo").fill("As ada sees it")
    ada.get_by_role("button", name="Save").click()
    told = ada.get_by_role("alert")
    expect(told).to_contain_text("Somebody has changed this entry")
    expect(told).to_contain_text("Changed by ben")
    expect(told).to_contain_text("As ben sees it")
    expect(told).to_contain_text("As ada sees it")
    expect(told).to_be_focused()
    memo = ada.get_by_label("Memo")
    expect(memo).to_have_accessible_description("Now: As ben sees it")
    expect(ada.locator(".theirs")).to_have_count(1)
    expect(ada.get_by_text("Ctrl and Enter: Save over theirs")).to_be_visible()
    ada.keyboard.press("Control+Enter")
    expect(flash(ada)).to_contain_text("is changed")
    ada.get_by_role("link", name="History").click()
    expect(ada.locator(".version")).to_have_count(3)


def test_approve(enter: Visitor) -> None:
    ada, paul = enter("ada"), enter("paul")
    new_entry(ada, "To be approved")
    ada.get_by_role("button", name="Send for review").click()
    number = number_of(ada)
    expect(ada.get_by_text("it counts in no balance until it is approved")).to_be_visible()
    expect(ada.get_by_role("button", name="Approve")).to_have_count(0)
    paul.get_by_role("link", name="Approvals").click()
    paul.get_by_role("button", name=f"Approve entry {number}").click()
    expect(flash(paul)).to_have_text(f"Entry {number} is approved and posted.")
    ada.reload()
    expect(ada.locator("main .tag").first).to_have_text("Posted")


def test_delete_and_see_it_gone_over_the_api(enter: Visitor, site: RunningServer) -> None:
    page = enter("ada")
    new_entry(page, "To be deleted")
    page.get_by_role("button", name="Post").click()
    number = number_of(page)
    address = f"{site.url}/v3/company/{REALM}/journalentry/{number}"
    assert requests.get(address, headers=API, timeout=20).status_code == 200
    page.get_by_role("link", name="Over the interfaces").click()
    expect(page.locator("#answer-1")).to_contain_text("HTTP 200")
    expect(page.locator(".exhibit")).to_have_count(4)
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("It cannot be undone.")).to_be_visible()
    page.get_by_role("button", name=f"Delete entry {number}").click()
    expect(flash(page)).to_have_text(f"Entry {number} is deleted.")
    assert requests.get(address, headers=API, timeout=20).status_code == 400
    page.get_by_role("link", name="Journal").first.click()
    page.wait_for_url("**/journal")
    expect(page.locator("#register")).to_be_visible()
    assert page.get_by_role("link", name=number, exact=True).count() == 0
    page.get_by_label("Show deleted entries").check()
    expect(page.get_by_role("link", name=number, exact=True)).to_be_visible()
    page.goto(f"/app/c/demo/journal/{number}")
    page.get_by_role("button", name="Restore as a new entry").click()
    expect(flash(page)).to_contain_text(f"with what entry {number} said")
    assert number_of(page) != number


def test_reverse(enter: Visitor) -> None:
    page = enter("ada")
    page.goto("/app/c/demo/journal/82")
    page.get_by_role("link", name="Reverse").click()
    expect(page.get_by_label("Memo")).to_have_value("Reversal of entry 82")
    expect(page.locator("#balance")).to_have_text("Balanced")
    page.get_by_role("button", name="Keep as draft").click()
    expect(flash(page)).to_contain_text("is kept as a draft")
