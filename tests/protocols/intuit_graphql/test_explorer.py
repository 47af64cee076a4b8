"""The page to explore with, in a browser: GraphiQL, and our own where that was not collected."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.support.browser import visit
from tests.support.graphql import GraphqlWire, account_id
from tests.support.server import RunningServer

from daybook import assets
from daybook.protocols.intuit_graphql import explorer
from daybook.protocols.intuit_graphql.plugin import ALIAS, PATH

BROWSER = {"accept": "text/html,*/*;q=0.8"}
EXACT = "1045.00"
"""An amount that loses digits where a browser reads it as a number."""

needs_graphiql = pytest.mark.skipif(
    assets.address("graphiql.js") is None and os.environ.get("DAYBOOK_TEST_CLIENTS") != "required",
    reason="GraphiQL was not collected: make install, with npm",
)


@pytest.fixture
def without_graphiql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "address", lambda name: None)


@pytest.fixture
def wire() -> GraphqlWire:
    return GraphqlWire()


def check_page(wire: GraphqlWire, *names: str) -> str:
    """A page that needs no token, loads nothing from elsewhere, and has no script in itself."""
    page = wire.send("GET", headers=BROWSER, token=None)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    text = page.response.body.decode()
    assert "://" not in text
    assert "<script>" not in text
    for name in names:
        assert f'"{PATH}/{name}"' in text
        file = wire.send("GET", path=f"{PATH}/{name}", token=None)
        assert file.status == 200
        assert "://" not in file.response.body.decode()
    return text


@needs_graphiql
def test_graphiql_comes_from_here(wire: GraphqlWire) -> None:
    text = check_page(wire, "page.css", "start.js", "page.js")
    for name in ("graphiql.css", "graphiql.js", "react.js", "react-dom.js"):
        assert f'"{assets.address(name)}"' in text


@pytest.mark.usefixtures("without_graphiql")
def test_without_graphiql_there_is_a_page_of_our_own(wire: GraphqlWire) -> None:
    check_page(wire, "explorer.css", "start.js", "explorer.js")


def test_what_is_no_page(wire: GraphqlWire) -> None:
    """Other names are not found, a query in the address is answered, and the page can be off."""
    assert wire.send("GET", path=f"{PATH}/other.js").status == 404
    assert wire.send("GET", path=f"{PATH}/../plugin.py").status == 404
    assert wire.send("GET", query="query=%7B__typename%7D", headers=BROWSER).data
    off = GraphqlWire(settings={"graphql-explorer": "off"})
    assert off.send("GET", headers={"accept": "text/html"}).status == 406
    assert off.send("GET", path=f"{PATH}/page.js").status == 404


# In a browser


@contextmanager
def opened(browser: Browser, server: RunningServer, path: str = PATH) -> Iterator[Page]:
    """The page at an address of a demo server."""
    with visit(browser, server.url) as page:
        page.goto(path)
        yield page


@contextmanager
def opened_as(browser: Browser, server: RunningServer, text: bytes) -> Iterator[Page]:
    """A page that this test's process made, over the interface of a server."""
    response = explorer.page(demo=False)

    def fulfil(route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(status=200, headers=dict(response.headers), body=text)
        else:
            route.continue_()

    with visit(browser, server.url) as page:
        page.route(f"**{PATH}", fulfil)
        page.goto(PATH)
        yield page


def typed(page: Page, place: str, text: str) -> None:
    """Write something into an editor of GraphiQL in place of what is there."""
    page.click(f"{place} .CodeMirror >> visible=true")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def shown_by_graphiql(page: Page) -> str:
    """The answer, once there is one, without what the editor adds."""
    page.click("button.graphiql-execute-button")
    result = page.locator(".result-window .CodeMirror-code")
    expect(result).to_contain_text("}")
    return result.inner_text().replace("\u200b", "")


# Named as the query that stands there at first: GraphiQL learns another name only a moment later.
CREATE = """mutation entries($amount: Amount!) {
  createJournalEntry(journalEntry: { entryLines: [
    { entryLineType: DEBIT, account: { id: "44" }, amount: $amount },
    { entryLineType: CREDIT, account: { id: "139" }, amount: $amount }] }) {
    entryLines { amount account { id } }
  }
}"""


@needs_graphiql
@pytest.mark.parametrize("path", [PATH, ALIAS])
def test_graphiql_runs_a_query(browser: Browser, server: RunningServer, path: str) -> None:
    """With the demo's token, from what stands in the editor at first."""
    with opened(browser, server, path) as page:
        assert '"companyName": "Daybook Demo Ltd"' in shown_by_graphiql(page)


@needs_graphiql
def test_graphiql_shows_the_types(browser: Browser, server: RunningServer) -> None:
    with opened(browser, server) as page:
        page.click('button[aria-label="Show Documentation Explorer"]')
        docs = page.locator(".graphiql-doc-explorer")
        docs.get_by_text("Query", exact=True).click()
        docs.get_by_text("Company", exact=True).click()
        expect(docs).to_contain_text("journalEntries")


@needs_graphiql
def test_graphiql_completes_what_is_typed(browser: Browser, server: RunningServer) -> None:
    with opened(browser, server) as page:
        expect(page.locator(".graphiql-execute-button")).to_be_visible()
        typed(page, ".graphiql-query-editor", "{ ")
        page.keyboard.type("comp")
        expect(page.locator(".CodeMirror-hints")).to_contain_text("company")


@needs_graphiql
def test_graphiql_keeps_every_digit(browser: Browser, server: RunningServer) -> None:
    """Both of what is typed as a variable and of what is answered."""
    with opened(browser, server) as page:
        typed(page, ".graphiql-query-editor", CREATE)
        typed(page, ".graphiql-editor-tool", f'{{"amount": {EXACT}}}')
        shown = shown_by_graphiql(page)
        assert shown.count(f'"amount": {EXACT}') == 2
        assert account_id(44) in shown


@needs_graphiql
def test_dialogs_of_graphiql(browser: Browser, server: RunningServer) -> None:
    """They open under the policy of the page: the style they add is the one that it allows."""
    with opened(browser, server) as page:
        for dialog in ("Open settings dialog", "Open short keys dialog"):
            page.click(f'button[aria-label="{dialog}"]')
            expect(page.locator(".graphiql-dialog")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.locator(".graphiql-dialog")).to_be_hidden()


@needs_graphiql
def test_graphiql_asks_for_a_token(browser: Browser, server: RunningServer) -> None:
    """Outside the demo there is none: nothing is sent before one is written down."""
    text = explorer.page(demo=False).body
    with opened_as(browser, server, text) as page:
        assert "Write an access token" in shown_by_graphiql(page)
        typed(page, ".graphiql-editor-tool", f'{{"authorization": "Bearer {server.token}"}}')
        page.click('button[aria-label="Re-fetch GraphQL schema"]')
        page.click("button.graphiql-execute-button")
        expect(page.locator(".result-window")).to_contain_text("Daybook Demo Ltd")


@pytest.mark.usefixtures("without_graphiql")
def test_the_page_of_our_own(browser: Browser, server: RunningServer) -> None:
    """A query, variables with every digit, and the schema, once a token is typed in."""
    with opened_as(browser, server, explorer.page(demo=False).body) as page:
        page.fill("#token", server.token)
        page.click("#run")
        expect(page.locator("#answer")).to_contain_text('"companyName": "Daybook Demo Ltd"')
        expect(page.locator("#status")).to_contain_text("200")
        page.fill("#query", CREATE)
        page.fill("#variables", f'{{"amount": {EXACT}}}')
        page.click("#run")
        expect(page.locator("#answer")).to_contain_text(f'"amount": {EXACT}')
        page.fill("#search", "JournalEntryLine")
        expect(page.locator("#types")).to_contain_text("entryLineType")
