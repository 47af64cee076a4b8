"""The way of a request: who is let in where, and what every answer carries."""

from dataclasses import replace

import pytest
from tests.support.web import PEOPLE, Pages, Visitor

from daybook.app.ports import User
from daybook.app.sessions import IDLE_SECONDS
from daybook.auth.guesses import OF_PAIR_MAX, WINDOW_SECONDS
from daybook.protocols.kit.plugin import Problem, Request
from daybook.web.plugin import all_routes
from daybook.web.routing import Route
from daybook.web.security import HEADERS

JOURNAL = "/app/c/shop/journal"


@pytest.fixture(scope="module")
def site() -> Pages:
    return Pages()


def test_without_a_session_every_page_leads_to_the_sign_in_and_back(site: Pages) -> None:
    visitor = site.visitor()
    answer = visitor.get(f"{JOURNAL}?text=rent")
    assert answer.status == 303
    assert answer.location == "/app/sign-in?next=%2Fapp%2Fc%2Fshop%2Fjournal%3Ftext%3Drent"
    visitor.token = visitor.get(answer.location).field("csrf")
    form = {"name": "ada", "password": "correct horse", "next": f"{JOURNAL}?text=rent"}
    assert visitor.submit("/app/sign-in", form).location == f"{JOURNAL}?text=rent"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.test/", "https://evil.test/", "/app\\evil", "/elsewhere", "/app/\r\nx: y", "/apple"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(site: Pages, wanted: str) -> None:
    visitor = site.visitor()
    visitor.token = visitor.get("/app/sign-in").field("csrf")
    form = {"name": "ada", "password": "correct horse", "next": wanted}
    assert visitor.submit("/app/sign-in", form).location == "/app"


def test_a_wrong_password_is_told_without_telling_which_was_wrong(site: Pages) -> None:
    for name, password in (("ada", "wrong"), ("nobody", "correct horse")):
        answer = site.visitor().sign_in(name, password)
        assert answer.status == 403
        assert answer.has("The name or the password is wrong.")
        assert "correct horse" not in answer.text


def test_signing_out_ends_the_session_at_the_server(site: Pages) -> None:
    visitor = site.visitor("ada")
    kept = dict(visitor.cookies)
    assert visitor.submit("/app/sign-out").location == "/app/sign-in"
    assert "daybook_session" not in visitor.cookies
    visitor.cookies = kept
    assert visitor.get(JOURNAL).status == 303


def test_one_company_is_opened_at_once(site: Pages) -> None:
    assert site.visitor("ada").get("/app").location == JOURNAL


@pytest.mark.parametrize("slug", ["other", "nowhere", "%2e%2e"])
def test_books_of_others_look_like_none(site: Pages, slug: str) -> None:
    answer = site.visitor("ada").get(f"/app/c/{slug}/journal")
    assert answer.status == 404
    assert answer.has("There is nothing at this address")


def _filled(route: Route) -> str:
    made = route.pattern.replace("{company}", "shop").replace("{entry}", "1")
    return made.replace("{kind}", "account")


ROUTES = list(all_routes())
POSTS = [route for route in ROUTES if route.method == "POST"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_every_page_asks_who_is_there(site: Pages, route: Route) -> None:
    """Nobody sees or does anything without a session, but what is public."""
    answer = site.visitor().send(route.method, _filled(route))
    if route.public:
        assert answer.status in (200, 403)
    else:
        assert answer.status == 303
        assert answer.location.startswith("/app/sign-in")


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.pattern)
@pytest.mark.parametrize("case", ["none", "wrong", "of another", "from elsewhere"])
def test_a_form_that_is_not_ours_does_nothing(site: Pages, route: Route, case: str) -> None:
    visitor = site.visitor("olga")
    token = {"none": "", "wrong": "x" * 32, "of another": site.visitor("ada").token}.get(
        case, visitor.token
    )
    before = site.books.ledger.store.directory.credentials_version()
    headers = {"sec-fetch-site": "cross-site"} if case == "from elsewhere" else {}
    answer = visitor.send("POST", _filled(route), f"csrf={token}".encode(), headers)
    assert answer.status == 403
    assert answer.has("Not accepted")
    assert site.books.ledger.store.directory.credentials_version() == before
    assert visitor.get(JOURNAL).status == 200, "the session goes on"


_ODD = ("http://[", "http://[books.test", "http://books.test\uff03@[::1", "http://\u2100", "://")
"""Origins that are none, some of which Python's reader of addresses raises for."""


def test_an_origin_of_another_host_is_foreign(site: Pages) -> None:
    visitor = site.visitor("ada")
    body = f"csrf={visitor.token}".encode()
    for origin in ("http://evil.test", "null", "http://books.test.evil.test", *_ODD):
        assert visitor.send("POST", "/app/sign-out", body, {"origin": origin}).status == 403
    own = visitor.send("POST", "/app/sign-out", body, {"origin": "http://books.test"})
    assert own.status == 303


def test_every_answer_holds_the_browser_to_our_policy(site: Pages) -> None:
    visitor = site.visitor("ada")
    for answer in (
        visitor.get(JOURNAL),
        visitor.get("/app"),
        visitor.get("/app/nowhere"),
        visitor.get("/app/static/daybook.css"),
        visitor.get("/app/static/nothing.css"),
        visitor.send("PUT", JOURNAL),
    ):
        for name, text in HEADERS:
            assert answer.headers[name] == text


def test_pages_are_not_kept_and_files_are_kept_for_ever(site: Pages) -> None:
    visitor = site.visitor("ada")
    page = visitor.get(JOURNAL)
    assert page.headers["cache-control"] == "no-store"
    style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in visitor.get(style).headers["cache-control"]
    assert visitor.get("/app/static/daybook.css?v=0").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["..%2fplugin.py", "../plugin.py", "", "x" * 100, "plugin.py"])
def test_no_other_file_is_served(site: Pages, name: str) -> None:
    assert site.visitor().get(f"/app/static/{name}").status == 404


def test_a_session_ends_when_nobody_is_there(site: Pages) -> None:
    visitor = site.visitor("ada")
    now = site.clock.now
    site.clock.now += (IDLE_SECONDS + 1) * 1_000_000
    assert visitor.get(JOURNAL).status == 303
    site.clock.now = now


def test_a_person_who_is_withdrawn_is_out_at_once(site: Pages) -> None:
    directory = site.ledger.store.directory
    directory.put_user(User("eve", "", site.clock(), roles=((site.company_id, "owner"),)))
    visitor = site.visitor("eve")
    user = directory.user("eve")
    assert user is not None
    directory.put_user(replace(user, revoked_at=site.clock()))
    assert visitor.get(JOURNAL).status == 303


def _cookie(visitor: Visitor, site: Pages) -> str:
    visitor.token = visitor.get("/app/sign-in").field("csrf")
    answer = visitor.submit("/app/sign-in", {"name": "ada", "password": "correct horse"})
    return next(
        text
        for name, text in answer.response.headers
        if name == "set-cookie" and text.startswith("daybook_session=")
    )


def test_the_session_cookie_is_for_us_alone(site: Pages) -> None:
    plain = _cookie(site.visitor(), site).split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/app"} <= set(plain)
    assert "Secure" not in plain
    secure = _cookie(site.visitor(origin="https://books.test"), site).split("; ")
    assert "Secure" in secure


@pytest.mark.parametrize("name", PEOPLE)
def test_people_may_do_what_their_role_says(site: Pages, name: str) -> None:
    answer = site.visitor(name).get("/app/companies")
    assert answer.has("see")
    assert answer.has("administer") == (name == "olga")


@pytest.mark.parametrize("problem", Problem)
def test_problems_of_the_server_are_pages(site: Pages, problem: Problem) -> None:
    request = Request("POST", JOURNAL, "", {}, b"", "id-7", "http://books.test")
    response = site.plugin.refuse(request, problem)
    assert response.status >= 400
    assert b"id-7" in response.body


def test_unknown_methods_and_addresses(site: Pages) -> None:
    visitor = site.visitor("ada")
    assert visitor.send("PUT", JOURNAL).status == 405
    assert visitor.get("/app/c/shop/nowhere").status == 404
    assert visitor.get(f"{JOURNAL}/not-a-number").status == 404
    assert visitor.get(JOURNAL + "?" + "a=1&" * 1_001).status == 400


@pytest.mark.parametrize(
    ("address", "fields", "status", "why"),
    [
        ("/app/c/shop/keys", {"client": ""}, 422, "client: A name of up to 100 characters"),
        ("/app/c/shop/keys/login", {}, 422, "role: Choose one of the list."),
        ("/app/c/shop/import/take", {}, 422, "The file did not come along."),
        ("/app/c/shop/journal/new", {"do": "post"}, 422, "date: A date is wanted"),
        ("/app/c/nowhere/keys", {}, 404, "There is nothing at this address"),
    ],
)
def test_a_refusal_has_its_diagnosis(
    site: Pages, address: str, fields: dict[str, str], status: int, why: str
) -> None:
    answer = site.visitor("olga").submit(address, fields)
    assert answer.status == status
    assert (answer.response.diagnosis or "").startswith(why)


def test_a_wrong_password_has_its_diagnosis(site: Pages) -> None:
    answer = site.visitor().sign_in("olga", "guess")
    assert answer.status == 403
    assert answer.response.diagnosis == "The name or the password is wrong."


def test_who_guessed_too_often_is_told_when_to_come_back() -> None:
    visitor = Pages().visitor()
    for _ in range(OF_PAIR_MAX):
        assert visitor.sign_in("olga", "guess").status == 403
    answer = visitor.sign_in("olga")
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_SECONDS
