"""No page keeps anybody out: axe-core finds nothing, in light and dark, wide and on a phone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.support.axe import violations
from tests.support.browser import visit
from tests.support.server import RunningServer
from tests.support.web import Pages
from tests.web.browser.conftest import Visitor, sign_in

from daybook.auth.guesses import OF_PAIR_MAX
from daybook.web.pages import journal

PAGES = {
    "companies": "/app/companies",
    "applications": "/app/applications",
    "journal": "/app/c/demo/journal",
    "nothing found": "/app/c/demo/journal?text=nothing-is-called-that",
    "a filter with a fault": "/app/c/demo/journal?account=Nowhere&from=2026-02-01&to=2026-01-01",
    "entry": "/app/c/demo/journal/8484",
    "entry that waits": "/app/c/demo/journal/3400",
    "history": "/app/c/demo/journal/8484/history",
    "interfaces": "/app/c/demo/journal/8484/interfaces",
    "new": "/app/c/demo/journal/new",
    "edit": "/app/c/demo/journal/8484/edit",
    "delete": "/app/c/demo/journal/8484/delete",
    "approvals": "/app/c/demo/approvals",
}

CONSENT = (
    "/connect/oauth2?client_id=demo&response_type=code&redirect_uri=http://localhost/back"
    "&scope=com.intuit.quickbooks.accounting+openid"
)

WIDE: ViewportSize = {"width": 1280, "height": 844}
PHONE: ViewportSize = {"width": 390, "height": 844}


def test_no_page_has_a_barrier(enter: Visitor) -> None:
    """All rules on a wide page and on a phone; in the dark what may differ there, the colours."""
    page = enter("demo")
    found: list[str] = []
    for name, address in PAGES.items():
        page.goto(address)
        found += [f"{name}{each}" for each in barriers(page)]
    assert found == []


def barriers(page: Page) -> list[str]:
    """What is in somebody's way on a page as it stands, wide, in the dark and on a phone."""
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
    found = [f": {each}" for each in violations(page)]
    page.emulate_media(color_scheme="dark")
    found += [f", dark: {each}" for each in violations(page, "color-contrast")]
    page.set_viewport_size(PHONE)
    found += [f", on a phone: {each}" for each in violations(page)]
    return found + ([] if _fits(page) else [" is wider than a phone"])


def _fits(page: Page) -> bool:
    """Whether the page itself need not be scrolled sideways; tables may be."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_signing_in_and_being_refused_have_no_barrier(enter: Visitor) -> None:
    page = enter("demo")
    page.locator(".menu summary").click()
    assert violations(page) == [], "with the menu open"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_that_say_no_have_no_barrier(
    browser: Browser, site: RunningServer, scheme: Literal["light", "dark"]
) -> None:
    """What is not there, not allowed, not yet there, and tried too often."""
    expected = ("status of 403", "status of 404", "status of 429")
    with visit(browser, site.url, expected=expected) as page:
        page.emulate_media(color_scheme=scheme)
        sign_in(page, "vic")
        told = {}
        for name, address in {
            "Not found": "/app/c/void/journal/99",
            "Not allowed": "/app/c/void/keys",
            "Journal": "/app/c/void/journal",
            "Approvals": "/app/c/void/approvals",
            "Operations": "/app/c/void/operations",
            "Messages": "/app/c/void/operations/messages",
            "Activity": "/app/c/void/activity",
            "Balance sheet": "/app/c/void/reports/balance-sheet",
            "General ledger": "/app/c/void/reports/general-ledger",
        }.items():
            page.goto(address)
            assert page.title() == f"{name} \u00b7 Void \u00b7 Daybook"
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            told[name] = violations(page)
        page.locator(".menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        for _ in range(OF_PAIR_MAX + 1):
            page.get_by_label("User").fill(f"nobody {scheme}")
            page.get_by_label("Password").fill("wrong")
            page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
        told["too many attempts"] = violations(page)
        assert not any(told.values()), told


def test_a_search_that_is_broken_off_says_so_in_its_place(
    browser: Browser, site: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody types, too: nobody is left with what was found before. Without a barrier."""
    monkeypatch.setattr(journal, "SEARCH_SECONDS_MAX", -1)

    def broken_off() -> str:
        pages = Pages()
        pages.post(1)
        return pages.visitor("vera").get("/app/c/shop/journal?text=rent").text

    with ThreadPoolExecutor(1) as aside:  # the browser's loop has this thread
        text = aside.submit(broken_off).result()
    with visit(browser, site.url, expected=("status of 503",)) as page:
        sign_in(page, "vic")
        page.goto("/app/c/void/journal")
        page.route(
            "**/journal?text=rent",
            lambda route: route.fulfill(status=503, body=text, content_type="text/html"),
        )
        page.get_by_label("Text or number").fill("rent")
        expect(page.get_by_role("alert")).to_contain_text("This search takes too long")
        expect(page.get_by_label("Text or number")).to_have_value("rent")
        assert barriers(page) == []
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Journal")
        assert barriers(page) == []


def test_letting_an_application_in_has_no_barrier(
    browser: Browser, site: RunningServer, enter: Visitor
) -> None:
    """The form to sign in with and without a fault, the question, and what cannot be asked."""
    wrong = f"{site.url}/connect/oauth2?client_id=nobody"
    with visit(browser, site.url, expected=("status of 400", "status of 403")) as page:
        page.goto(CONSENT)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert barriers(page) == []
        page.get_by_label("User").fill("demo")
        page.get_by_label("Password").fill("guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert barriers(page) == []
        page.goto(wrong)
        assert barriers(page) == []
    page = enter("demo")
    page.goto(CONSENT)
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("link", name="Applications").click()
    expect(page.get_by_role("heading", name="Applications that act for you")).to_be_visible()


def test_suggestions_and_faults_have_no_barrier(enter: Visitor) -> None:
    page = enter("demo")
    page.goto("/app/c/demo/journal/new")
    page.get_by_label("Account, line 1").press_sequentially("e", delay=20)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page, "color-contrast") == []
    page.emulate_media(color_scheme="light")
    assert violations(page) == []


def test_the_keyboard_finds_the_page_first(enter: Visitor) -> None:
    page = enter("demo")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
