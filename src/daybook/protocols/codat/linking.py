"""Linking: how a company made here comes to books. A page for a person, or a request of a program.

    GET  /companies/{companyId}/connections/{connectionId}/start   the page behind `linkUrl`
    POST to the same                                              link, as the form says

Who knows the address may have new books founded for the company; that is what the address is for.
Books that exist are attached only by somebody who shows a key that administers them; what that key
allows is all that the company's owner may do with them, and ends when the key does.
"""

import re
from dataclasses import replace
from html import escape
from typing import Any, Final

from daybook.app import credentials, founding
from daybook.app.access import Authenticator, Principal, Scope
from daybook.app.founding import NewCompany
from daybook.app.ledger import Ledger, Refused
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.domain.refusals import RefusalCode
from daybook.protocols.codat import errors, events, ids
from daybook.protocols.codat.calls import Call, answer
from daybook.protocols.codat.companies import Companies, link_url
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.platforms import FEATURES
from daybook.protocols.codat.refresh import Refresh
from daybook.protocols.codat.views import LINKED, PENDING, View, Views
from daybook.protocols.kit import json
from daybook.protocols.kit.http import TooManyParameters, content_type, form_map
from daybook.protocols.kit.plugin import Response

NEW: Final = "new"
"""What `books` says where books are to be founded."""

_FIELD_LENGTH_MAX: Final = 4_096
_FIELDS: Final = ("books", "key", "currency", "country")
_HTML: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui;max-width:36rem;margin:3rem auto;padding:0 1rem}}
input{{font:inherit;width:100%;box-sizing:border-box;margin-bottom:.75rem}}</style>
<h1>{title}</h1>{body}</html>"""
_NEW_FORM: Final = """<h2>New books</h2><form method="post"><input type="hidden" name="books"
value="new"><label>Home currency<input name="currency" value="GBP" maxlength="3"></label>
<label>Country<input name="country" value="GB" maxlength="2"></label>
<button>Found books and link</button></form>"""
_OLD_FORM: Final = """<h2>Books that are here</h2><form method="post">
<label>Short name of the books<input name="books"></label>
<label>A key that administers them<input name="key" type="password" autocomplete="off"></label>
<button>Link</button></form>"""


class Linking:
    """Answers the addresses that companies and connections name for being linked."""

    def __init__(
        self,
        ledger: Ledger,
        authenticator: Authenticator,
        views: Views,
        companies: Companies,
        refresh: Refresh,
    ) -> None:
        self._ledger = ledger
        self._authenticator = authenticator
        self._views = views
        self._companies = companies
        self._refresh = refresh

    def company_page(self, call: Call) -> Response:
        """`GET /companies/{companyId}/start`: the connections that wait for being linked."""
        view = self._view(call)
        waiting = [each for each in view.connections if each.status != LINKED]
        links = "".join(
            f'<li><a href="{escape(link_url(each, ""))}">{escape(each.platform)}</a></li>'
            for each in waiting
        )
        body = f"<ul>{links}</ul>" if links else "<p>Nothing waits for being linked.</p>"
        return _page(f"Link {view.name}", body)

    def page(self, call: Call) -> Response:
        """`GET .../start`."""
        view = self._view(call)
        connection = view.connection(call.names["connectionId"])
        title = f"Link {view.name}"
        if connection.status == LINKED:
            return _page(title, "<p>The connection is linked.</p>")
        return _page(title, _OLD_FORM if view.books is not None else _NEW_FORM + _OLD_FORM)

    def link(self, call: Call) -> Response:
        """`POST .../start`: as the form says, in a form or as JSON."""
        view = self._view(call)
        connection = view.connection(call.names["connectionId"])
        fields, as_json = _fields(call)
        if connection.status == LINKED:
            raise errors.bad_request("The connection is linked already.")
        if any(each.status == LINKED for each in view.connections):
            text = "Another connection of the company is linked; unlink it first."
            raise errors.bad_request(text)
        if fields.get("books", NEW) == NEW and view.books is None:
            told = replace(view, books=self._found(view, fields))
        else:
            told = self._granted(view, fields)
        linked = replace(connection, status=LINKED, last_sync=call.now)
        changed = (linked,) if told == view else (told, linked)
        first = connection.status == PENDING
        kind = events.CONNECTION_CONNECTED if first else events.CONNECTION_RECONNECTED
        shown = self._companies.connection_json(linked, call.root, call.now)
        payload = {"referenceCompany": events.reference(view), "connection": shown}
        message = events.message(kind, payload, view, call.now)
        self._views.save(call.now, *changed, messages=(message,))
        self._refresh.queue(told, linked, list(FEATURES), call.now, initial=first)
        if as_json:
            return answer(shown)
        return _page(f"Link {view.name}", "<p>The connection is linked.</p>")

    def _view(self, call: Call) -> View:
        """The company, for whoever knows its address."""
        wanted = ids.uuid(call.names["companyId"])
        view = None if wanted is None else self._views.find(wanted)
        if view is None:
            raise errors.no_company(call.names["companyId"])
        return view

    def _found(self, view: View, fields: dict[str, str]) -> CompanyId:
        """Found books for a company. They go by its id, so that a second try finds them."""
        directory = self._ledger.store.directory
        found = directory.by_codat_id(view.id)
        if found is not None:
            return found
        word = re.sub(r"[^a-z0-9]+", "-", view.name.lower()).strip("-")[:40] or "company"
        wanted = NewCompany(
            view.name,
            f"c-{word}-{view.id[:8]}",
            fields.get("currency", "GBP").strip().upper(),
            country=fields.get("country", "GB").strip().upper(),
            codat_id=view.id,
        )
        outcome = founding.found(self._ledger, wanted, Actor(view.owner or WIRE, WIRE))
        if isinstance(outcome, Refused):
            again = directory.by_codat_id(view.id)
            if again is not None and outcome.refusals[0].code is RefusalCode.DUPLICATE_NAME:
                return again  # somebody else was quicker
            refusal = outcome.refusals[0]
            raise errors.not_valid(refusal.field or "books", errors.sentence(refusal.message))
        return outcome.id

    def _granted(self, view: View, fields: dict[str, str]) -> View:
        """A company with books that exist, for somebody with a key that administers them.

        Its owner may do with them what that key allows, as long as it does.
        """
        key = fields.get("key", "")
        principal = self._authenticator.authenticate(key)
        books = view.books
        if books is None:
            books = self._ledger.store.directory.by_slug(fields.get("books", ""))
        if (
            books is None
            or not isinstance(principal, Principal)
            or not principal.scopes.issuperset((Scope.READ, Scope.ADMIN))
            or not principal.may_open(books)
        ):
            raise errors.forbidden()
        if view.owner is None:
            return view  # they have been its own from the start
        return replace(view, books=books, grant=credentials.digest(key))


def _fields(call: Call) -> tuple[dict[str, str], bool]:
    """The fields of a form or of a JSON object, and whether it was the latter."""
    media_type, _ = content_type(call.request.headers)
    values: dict[str, Any]
    as_json = media_type == "application/json"
    if as_json:
        try:
            values = json.decode(call.request.body) if call.request.body.strip() else {}
        except json.JsonError as fault:
            raise errors.not_valid("body", f"The body is not JSON: {fault}.") from None
        if not isinstance(values, dict):
            raise errors.not_valid("body", "The body is not an object.")
    else:
        try:
            values = dict(form_map(call.request.body))
        except TooManyParameters as fault:
            raise errors.bad_request(errors.sentence(str(fault))) from None
    fields = {}
    for name in _FIELDS:
        value = values.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str) or len(value) > _FIELD_LENGTH_MAX:
            raise errors.not_valid(name, f"{name} is not a short text.")
        fields[name] = value
    return fields, as_json


def _page(title: str, body: str) -> Response:
    return Response(200, _PAGE.format(title=escape(title), body=body).encode(), _HTML)
