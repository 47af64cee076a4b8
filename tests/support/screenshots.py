"""The pictures of the web pages in the documentation, taken of the demo in a real browser.

.venv/bin/python -m tests.support.screenshots     # writes docs/images/*.png
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright
from tests.support.server import ROOT, start

FOLDER = ROOT / "docs/images"
WIDE: ViewportSize = {"width": 1120, "height": 700}
PHONE: ViewportSize = {"width": 390, "height": 700}


def journal(page: Page) -> None:
    """The register, filtered by what is typed."""
    page.goto("/app/c/demo/journal")
    page.locator("#text").press_sequentially("week", delay=10)
    page.wait_for_url("**text=week*")
    page.wait_for_load_state("networkidle")


def new_entry(page: Page) -> None:
    """The form of an entry while its second account is searched."""
    page.goto("/app/c/demo/journal/new")
    page.get_by_label("Posting date").fill("2026-03-02")
    page.get_by_label("Memo").fill("Licence for the year")
    page.get_by_label("Account, line 1").fill("Business licences")
    page.get_by_label("Debit, line 1").fill("120.00")
    page.get_by_label("Account, line 2").press_sequentially("ba", delay=10)
    page.get_by_role("option", name="Barclays").wait_for()


def history(page: Page) -> None:
    """An entry that was changed, its versions beside one another."""
    page.goto("/app/c/demo/journal/82/edit")
    page.get_by_label("Memo").fill("Lunch with Tanmay, two persons")
    page.get_by_label("Posting date").fill("2021-10-01")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="History").click()


def interfaces(page: Page) -> None:
    """An entry as programs see it."""
    page.goto("/app/c/demo/journal/8484/interfaces")


PICTURES: dict[str, Callable[[Page], None]] = {
    "journal": journal,
    "new-entry": new_entry,
    "history": history,
    "interfaces": interfaces,
}
"""Name of a file -> what leads to what is seen on it."""


def sign_in(page: Page) -> None:
    """Enter the demo."""
    page.goto("/app/sign-in")
    page.get_by_label("User").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/c/**")


def main() -> None:
    """Take all pictures anew."""
    FOLDER.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start(Path(folder))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, lead in PICTURES.items():
            page = browser.new_page(base_url=server.url, viewport=WIDE)
            sign_in(page)
            lead(page)
            page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
            page.close()
        phone = browser.new_page(base_url=server.url, viewport=PHONE, color_scheme="dark")
        sign_in(phone)
        phone.screenshot(path=FOLDER / "phone.png", animations="disabled")
        browser.close()
        server.stop()


if __name__ == "__main__":
    main()
