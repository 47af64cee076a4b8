"""The first page as a browser shows it."""

from playwright.sync_api import Browser, expect
from tests.support.browser import visit
from tests.support.server import RunningServer


def test_the_first_page_names_the_interfaces(browser: Browser, server: RunningServer) -> None:
    with visit(browser, server.url) as page:
        page.goto("/")
        expect(page.get_by_role("cell", name="QuickBooks Online v3", exact=True)).to_be_visible()
