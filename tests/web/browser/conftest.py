"""A demo server with people of several roles, and a browser to visit it with."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Locator, Page
from tests.support.browser import visit
from tests.support.server import RunningServer, command, start, variables

PASSWORD = "correct horse battery"
PEOPLE = {
    "ada": "demo=accountant",
    "ben": "demo=accountant",
    "paul": "demo=approver",
    "olga": "demo=owner",
    "vic": "void=viewer",
}
"""Who there is, and their role in which company; `void` has no entries."""

Visitor = Callable[[str], Page]
"""Opens a page for somebody who has signed in."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server, with books that all tests here share."""
    running = start(tmp_path_factory.mktemp("pages"))
    founding = ("company", "create", "Void", "--currency", "EUR", "--store", running.store)
    subprocess.run(command(*founding), check=True, env=variables(), capture_output=True)
    for name, role in PEOPLE.items():
        arguments = (
            "user",
            "create",
            name,
            "--role",
            role,
            "--password-stdin",
        )
        subprocess.run(
            command(*arguments, "--store", running.store),
            input=f"{PASSWORD}\n",
            text=True,
            check=True,
            env=variables(),
            capture_output=True,
        )
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture
def enter(browser: Browser, site: RunningServer) -> Iterator[Visitor]:
    """Signs somebody in; afterwards nothing may have gone wrong in any of the pages."""
    with ExitStack() as stack:

        def entered(name: str) -> Page:
            expected = ("status of 409", "status of 422")
            page = stack.enter_context(visit(browser, site.url, expected=expected))
            sign_in(page, name)
            return page

        yield entered


def sign_in(page: Page, name: str) -> None:
    """Sign in by the form, as the demo's user or one of `PEOPLE`."""
    page.goto("/")
    page.get_by_label("User").fill(name)
    page.get_by_label("Password").fill(PASSWORD if name in PEOPLE else name)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/c/**")


def flash(page: Page) -> Locator:
    """What the page says was just done.

    Not any status: a form has several while its totals change, and is still shown for a moment
    after a key sends it.
    """
    return page.locator('p[role="status"]')
