"""What strangers and old browsers get: no script runs, no frame shows us, and links suffice."""

from playwright.sync_api import Browser, Page, expect
from tests.support.browser import visit
from tests.support.server import RunningServer
from tests.web.browser.conftest import Visitor, flash, sign_in

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><svg onload=alert(3)>"


def test_no_text_runs_as_a_script(enter: Visitor) -> None:
    """Typed into every field of an entry and of the filter, and looked at on every page."""
    page = enter("ada")
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto("/app/c/demo/journal/new")
    page.get_by_label("Number").fill(HOSTILE)
    page.get_by_label("Memo").fill(HOSTILE)
    page.get_by_label("Description, line 1").fill(HOSTILE)
    page.get_by_label("Account, line 1").fill(HOSTILE)
    page.get_by_label("Contact, line 1").fill(HOSTILE)
    page.get_by_label("Debit, line 1").fill("1")
    page.get_by_label("Account, line 2").fill("Barclays")
    page.get_by_label("Credit, line 2").fill("1")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Account, line 1").fill("Meals")
    page.get_by_label("Contact, line 1").fill("")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Entry")
    address = page.url
    for path in ("", "/history", "/interfaces", "/edit", "/delete"):
        page.goto(address + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/app/c/demo/journal")
    page.locator("#text").fill(HOSTILE)
    expect(page.locator("#register tbody tr")).to_have_count(1)
    assert said == []


def test_no_other_page_shows_us_in_a_frame(browser: Browser, site: RunningServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<iframe src="{site.url}/app/sign-in"></iframe>'
        ),
    )
    page.goto("http://evil.test/")
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert frame.locator("input").count() == 0
    assert not frame.url.startswith(site.url)
    context.close()


def test_a_form_on_another_site_does_nothing(browser: Browser, site: RunningServer) -> None:
    """The victim is signed in; the other site sends a form in their name."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    sign_in(page, "ada")
    form = (
        f'<form method="post" action="{site.url}/app/c/demo/journal/80/delete">'
        '<input name="version" value="0"><button>Win a prize</button></form>'
    )
    page.route(
        "http://evil.test/", lambda route: route.fulfill(content_type="text/html", body=form)
    )
    page.goto("http://evil.test/")
    page.get_by_role("button").click()
    page.wait_for_url("**/app/**")
    assert page.get_by_role("button", name="Delete entry").count() == 0
    page.goto("/app/c/demo/journal/80")
    expect(page.locator("main .tag").first).to_have_text("Posted")
    context.close()


def test_scripts_see_no_session(enter: Visitor) -> None:
    page = enter("ada")
    assert page.evaluate("document.cookie") == ""


def _fill(page: Page) -> None:
    page.get_by_label("Account, line 1").fill("#44")
    page.get_by_label("Debit, line 1").fill("7")
    page.get_by_label("Account, line 2").fill("1010")
    page.get_by_label("Credit, line 2").fill("7")


def test_everything_is_done_without_a_script(browser: Browser, site: RunningServer) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "ada")
    page.get_by_label("Text or number").fill("add test memo")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#register tbody tr")).to_have_count(1)
    page.get_by_role("link", name="New entry").click()
    _fill(page)
    page.get_by_role("button", name="More lines").click()
    expect(page.get_by_label("Account, line 9")).to_be_visible()
    page.get_by_role("button", name="Post").click()
    expect(flash(page)).to_contain_text("is posted.")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete entry").click()
    expect(flash(page)).to_contain_text("is deleted.")
    context.close()


def test_two_visitors_do_not_share_a_session(browser: Browser, site: RunningServer) -> None:
    with visit(browser, site.url) as first, visit(browser, site.url) as second:
        sign_in(first, "ada")
        second.goto("/app/c/demo/journal")
        expect(second.get_by_role("heading", name="Sign in")).to_be_visible()
