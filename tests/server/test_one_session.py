"""Signing in to the pages and on the way to an application is one session, in a cookie for each."""

import re
from collections.abc import Iterator

import pytest
import requests
from tests.support.server import RunningServer, start

from daybook.app.sessions import COOKIE, COOKIE_PATHS

CONSENT = (
    "/connect/oauth2?client_id=demo&response_type=code&scope=openid&redirect_uri=http://localhost/"
)
QUERY = CONSENT.partition("?")[2]
DEMO = {"name": "demo", "password": "demo"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start(tmp_path_factory.mktemp("one"))
    yield running
    assert running.stop() == 0, running.log.read_text()


class Browser:
    """Keeps cookies by their paths, as browsers do."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self.session = requests.Session()

    def get(self, address: str) -> str:
        return self.session.get(self._server.url + address, timeout=20).text

    def send(self, address: str, page: str, **fields: str) -> requests.Response:
        hidden = dict(re.findall(r'type="hidden" name="(csrf|token)" value="(.*?)"', page))
        form = {**hidden, "query": QUERY, **fields}
        return self.session.post(self._server.url + address, data=form, timeout=20)

    @property
    def signed_in(self) -> tuple[bool, bool]:
        """Whether the pages, and those of consent, know them."""
        return (
            "<h1>Sign in</h1>" not in self.get("/app/companies"),
            "<h1>Sign in</h1>" not in self.get(CONSENT),
        )

    def secrets(self) -> dict[str, str | None]:
        return {each.path: each.value for each in self.session.cookies if each.name == COOKIE}


@pytest.fixture
def browser(server: RunningServer) -> Browser:
    return Browser(server)


def test_who_signs_in_to_the_pages_is_asked_at_once(browser: Browser) -> None:
    assert browser.signed_in == (False, False)
    browser.send("/app/sign-in", browser.get("/app/sign-in"), **DEMO)
    assert browser.signed_in == (True, True)
    assert set(browser.secrets()) == set(COOKIE_PATHS)
    assert len(set(browser.secrets().values())) == 1
    browser.send("/app/sign-out", browser.get("/app/companies"))
    assert browser.signed_in == (False, False)
    assert browser.secrets() == {}


def test_who_signs_in_on_the_way_to_an_application_is_in(browser: Browser) -> None:
    browser.send("/connect/sign-in", browser.get(CONSENT), **DEMO)
    assert browser.signed_in == (True, True)
    browser.send("/connect/sign-out", browser.get(CONSENT))
    assert browser.signed_in == (False, False)
    assert browser.secrets() == {}


def test_no_interface_is_sent_the_cookie(browser: Browser, server: RunningServer) -> None:
    browser.send("/app/sign-in", browser.get("/app/sign-in"), **DEMO)
    for path in ("/v3/company/1", "/companies", "/admin/v1/users", "/docs", "/oauth2/v1", "/"):
        request = requests.Request("GET", server.url + path)
        sent = browser.session.prepare_request(request).headers.get("cookie", "")
        assert COOKIE not in sent


def test_the_cookie_is_for_this_site_and_for_no_script(
    browser: Browser, server: RunningServer
) -> None:
    for form, address in (("/app/sign-in", "/app/sign-in"), (CONSENT, "/connect/sign-in")):
        browser.session.cookies.clear()
        hidden = browser.get(form)
        token = dict(re.findall(r'type="hidden" name="(csrf|token)" value="(.*?)"', hidden))
        answer = browser.session.post(
            server.url + address,
            data={**token, "query": QUERY, **DEMO},
            timeout=20,
            allow_redirects=False,
        )
        assert answer.status_code == 303
        set_by = [each for each in answer.raw.headers.getlist("set-cookie") if COOKIE in each]
        assert len(set_by) == len(COOKIE_PATHS)
        for each in set_by:
            assert "; HttpOnly" in each
            assert "; SameSite=Lax" in each
            assert "Max-Age" not in each, "it ends with the browser"


def test_being_signed_in_lets_nobody_in_without_the_button(
    browser: Browser, server: RunningServer
) -> None:
    browser.send("/app/sign-in", browser.get("/app/sign-in"), **DEMO)
    page = browser.session.get(server.url + CONSENT, timeout=20, allow_redirects=False)
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    forged = browser.session.post(
        server.url + "/connect/oauth2",
        data={"query": QUERY, "decision": "allow"},
        timeout=20,
        allow_redirects=False,
    )
    assert forged.status_code == 403
    foreign = browser.session.post(
        server.url + "/connect/oauth2",
        data={"query": QUERY, "decision": "allow"},
        headers={"sec-fetch-site": "cross-site"},
        timeout=20,
        allow_redirects=False,
    )
    assert foreign.status_code == 403
