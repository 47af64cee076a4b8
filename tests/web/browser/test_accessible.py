"""No page keeps anybody out: axe-core finds nothing, in light and dark, wide and on a phone."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from tests.support.axe import violations
from tests.web.browser.conftest import Visitor

PAGES = {
    "companies": "/app/companies",
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

Scheme = Literal["light", "dark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(enter: Visitor, scheme: Scheme) -> None:
    page = enter("demo")
    page.emulate_media(color_scheme=scheme)
    barriers = []
    for name, address in PAGES.items():
        page.goto(address)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            barriers += [f"{name}, {width} wide: {each}" for each in violations(page)]
            barriers += [] if _fits(page) else [f"{name} is wider than {width}"]
    assert barriers == []


def _fits(page: Page) -> bool:
    """Whether the page itself need not be scrolled sideways; tables may be."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_and_being_refused_have_no_barrier(enter: Visitor, scheme: Scheme) -> None:
    page = enter("demo")
    page.emulate_media(color_scheme=scheme)
    page.locator("summary").click()
    assert violations(page) == [], "with the menu open"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_suggestions_and_faults_have_no_barrier(enter: Visitor, scheme: Scheme) -> None:
    page = enter("demo")
    page.emulate_media(color_scheme=scheme)
    page.goto("/app/c/demo/journal/new")
    page.get_by_label("Account, line 1").press_sequentially("e", delay=20)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []


def test_the_keyboard_finds_the_page_first(enter: Visitor) -> None:
    page = enter("demo")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
