"""A person with a browser, at the whole application: keeps cookies, fills in forms, is sent on.

    browser = Browser(house, house.ours).sign_in()
    answer = browser.post("/app/c/quokka/journal/31000/delete", version="1")

What an answer sends on to is fetched too and its text put behind it, so that nothing that is told
only there escapes a search.
"""

import re
from html import unescape
from typing import Self
from urllib.parse import urlencode

from tests.support.premises import PASSWORD, Answer, Premises, Tenant

REQUESTS_MAX = 1_000
"""Requests of one session: clocks of tests advance with each reading, and sessions end."""

FORM = {"content-type": "application/x-www-form-urlencoded"}
_PARTS = 8
"""Pages that somebody is sent on to one after another."""


class Browser:
    """Somebody of a company, who may be signed in."""

    def __init__(self, house: Premises, tenant: Tenant, name: str = "") -> None:
        self.house = house
        self.tenant = tenant
        self.name = name or tenant.word
        self.cookies: dict[str, str] = {}
        self.token = ""
        self._sent = 0
        self._signed_in = False

    @property
    def books(self) -> str:
        """The address of the company's pages."""
        return f"/app/c/{self.tenant.slug}"

    def sign_in(self) -> Self:
        """Sign in at the pages, by the form."""
        self.cookies.clear()
        self._sent = 0
        self.token = field(self.get("/app/sign-in"), "csrf")
        answer = self.send("POST", "/app/sign-in", fields={"name": self.name, "password": PASSWORD})
        assert answer.status == 303, answer.text
        self.token = field(self.get("/app/companies"), "csrf")
        self._signed_in = True
        return self

    def sign_in_to(self, query: str) -> Self:
        """Sign in on the way to an application."""
        page = self.get("/connect/oauth2", query)
        form = {"name": self.name, "password": PASSWORD, "query": query}
        answer = self.send(
            "POST", "/connect/sign-in", fields={**form, "token": field(page, "token")}
        )
        assert answer.status == 303, answer.text
        self.token = field(self.get("/connect/oauth2", query), "token")
        return self

    def get(self, path: str, query: str = "") -> Answer:
        """Open a page."""
        return self.follow(self.send("GET", path, query))

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form of the session."""
        return self.follow(self.send("POST", path, fields=fields))

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        fields: dict[str, str] | None = None,
        peer: str = "192.0.2.7",
        **headers: str,
    ) -> Answer:
        """A request, and nothing after it."""
        self._sent += 1
        if self._signed_in and self._sent > REQUESTS_MAX:
            self._signed_in = False
            self.sign_in()
        kept = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        sent = {**({"cookie": kept} if kept else {}), **headers}
        body = None
        if method == "POST":
            form = {"csrf": self.token, "token": self.token, **(fields or {})}
            body = urlencode(form).encode()
            sent.update(FORM)
        answer = self.house.ask(method, path, query=query, body=body, headers=sent, peer=peer)
        for line in answer.headers.get("set-cookie", "").splitlines():
            name, _, text = line.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer

    def follow(self, answer: Answer) -> Answer:
        """An answer with all it sends on to within the server."""
        body, last = answer.body, answer
        for _ in range(_PARTS):
            location = last.headers.get("location", "")
            if not location.startswith("/"):
                break
            path, _, query = location.partition("?")
            last = self.send("GET", path, query)
            body += f"\n{last.status} {location}\n".encode() + last.body
        return Answer(answer.status, answer.headers, body)


def field(answer: Answer, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found is not None, f"no field {name}: {answer.text[:2_000]}"
    return unescape(found[1])
