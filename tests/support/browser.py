"""A real browser: Chromium without a window, which fails a test for what a visitor would not see.

`browser` is a fixture for any test (`tests/conftest.py`); `visit` opens a page in it and fails
where something went wrong that a visitor would not see.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    expect,
    sync_playwright,
)

INSTALL = "no Chromium here: make test-clients"
WAIT_MS_MAX = 20_000
"""Longest wait for anything in a page: seconds on a machine that runs other tests beside."""

expect.set_options(timeout=WAIT_MS_MAX)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The installed Chromium, for the tests of a file.

    Not for longer: an event loop runs in the thread while it is open, and tests that start a loop
    of their own would find it.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield running
        running.close()


@dataclass
class Watch:
    """What a page did that it must not: errors in its console, requests to other hosts."""

    origin: str
    faults: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        """Look at where a request goes."""
        address = urlsplit(request.url)
        if address.scheme in ("data", "blob"):
            return
        if f"{address.scheme}://{address.netloc}" != self.origin:
            self.faults.append(f"request to another host: {request.url}")

    def follow(self, page: Page) -> None:
        """Listen to a page."""
        page.on("request", self.request)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )


@contextmanager
def visit(browser: Browser, origin: str, *, expected: tuple[str, ...] = ()) -> Iterator[Page]:
    """A page of a visitor of their own, cookies and all; afterwards nothing may have gone wrong.

    Complaints that hold one of the `expected` texts are let pass, such as the console's line about
    an answer with an error status that the test provokes.
    """
    context: BrowserContext = browser.new_context(base_url=origin)
    context.set_default_timeout(WAIT_MS_MAX)
    watch = Watch(origin)
    context.on("page", watch.follow)
    try:
        yield context.new_page()
    finally:
        context.close()
    faults = [text for text in watch.faults if not any(part in text for part in expected)]
    assert not faults, faults
