"""Places for tokens and names of OAuth 2: tokens of another client, names of clients."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.people import Browser, field
from tests.support.premises import Answer, Premises, basic
from tests.support.targets import Target
from tests.support.targets.admin import sign_in

from daybook.app import credentials
from daybook.app.credentials import NewToken, digest
from daybook.app.ports import Client

AUTHORIZE = "/connect/oauth2"
BACK = "https://back.example/"
REGISTERED = "a registered application"
KNOWN = frozenset({REGISTERED})
"""The browser shows everybody what an application calls itself, so that its id is no secret."""

TOKEN, REVOKE = "/oauth2/v1/tokens/bearer", "/v2/oauth2/tokens/revoke"


def targets(house: Premises) -> Iterator[Target]:
    """Every place for a token or a name."""
    secret = credentials.register(house.directory, house.clock, "ours").secret
    assert secret is not None
    theirs = credentials.register(house.directory, house.clock, "wombat-client").secret
    assert theirs is not None
    wanted = NewToken("wombat-client", company_ids=frozenset({house.theirs.id}))
    made = credentials.authorize(house.directory, house.clock, wanted)
    house.theirs.names["refresh token"] = made.refresh.text
    house.theirs.names["access token"] = made.access.text
    house.theirs.names["secret"] = theirs

    def form(path: str, client: str, proof: str, **fields: str) -> Answer:
        sent = {"authorization": basic(f"{client}:{proof}"), "accept": "application/json"}
        sent["content-type"] = "application/x-www-form-urlencoded"
        return house.ask("POST", path, body=urlencode(fields).encode(), headers=sent)

    def refresh(value: str) -> Answer:
        grant = {"grant_type": "refresh_token", "refresh_token": value}
        return form(TOKEN, "ours", secret, **grant)

    yield Target("oauth", "token", "refresh_token", "token", refresh)
    revoke = lambda value: form(REVOKE, "ours", secret, token=value)
    yield Target("oauth", "revoke", "token", "token", revoke)
    grant = {"grant_type": "refresh_token", "refresh_token": made.refresh.text}
    named = lambda value: form(TOKEN, value, "wrong", **grant)
    yield Target("oauth", "token", "client", "client", named)
    proved = lambda value: form(TOKEN, "wombat-client", value, **grant)
    yield Target("oauth", "token", "secret of another", "token", proved)
    yield from _pages(house)
    ended = lambda value: form(REVOKE, value, "wrong", token=made.refresh.text)
    yield Target("oauth", "revoke", "client", "client", ended)


def query(client: str) -> str:
    """What an application sends people with."""
    asked = {"client_id": client, "response_type": "code", "redirect_uri": BACK, "state": "s"}
    return urlencode({**asked, "scope": "com.intuit.quickbooks.accounting"})


def _pages(house: Premises) -> Iterator[Target]:
    """The pages of consent, and the code that comes of them."""
    for tenant in (house.ours, house.theirs):
        sign_in(house, tenant)
    secret = "secret of an application"
    for word in ("quokka", "wombat"):
        scopes = frozenset({"read", "write"})
        client = Client(f"{word}-pages", "App", digest(secret), house.clock(), None, scopes=scopes)
        house.directory.put_client(replace(client, redirects=(BACK,)))
    asked = query("wombat-pages")
    theirs = Browser(house, house.theirs).sign_in_to(asked)
    form = {"query": asked, "decision": "allow", "company": house.theirs.realm}
    sent = theirs.send("POST", AUTHORIZE, fields=form).headers["location"]
    house.theirs.names["consent code"] = parse_qs(urlsplit(sent).query)["code"][0]
    house.theirs.names["consent token"] = theirs.token
    ours = Browser(house, house.ours).sign_in_to(query("quokka-pages"))
    form = {"query": query("quokka-pages"), "decision": "allow"}
    chosen = lambda value: ours.send("POST", AUTHORIZE, fields={**form, "company": value})
    yield Target("oauth", "authorize", "company", "realm", chosen)
    asking = lambda value: ours.send("GET", AUTHORIZE, query(value))
    yield Target("oauth", "authorize", "client_id", "client", asking, KNOWN)
    for operation, path in (("authorize", AUTHORIZE), ("sign-out", "/connect/sign-out")):
        kept = {**form, "company": house.ours.realm}
        proved = lambda value, p=path, k=kept: ours.send("POST", p, fields={**k, "token": value})
        yield Target("oauth", operation, "token", "secret", proved)

    def named(value: str) -> Answer:
        guest = Browser(house, house.ours)
        guest.token = field(guest.get(AUTHORIZE, query("quokka-pages")), "token")
        peer = f"2001:db8:1::{sum(map(ord, value)):x}:{len(value):x}"
        fields = {"query": query("quokka-pages"), "name": value, "password": "not the one"}
        return guest.send("POST", "/connect/sign-in", fields=fields, peer=peer)

    yield Target("oauth", "sign-in", "name", "user", named)

    def exchanged(value: str) -> Answer:
        headers = {"authorization": basic(f"quokka-pages:{secret}"), "accept": "application/json"}
        headers["content-type"] = "application/x-www-form-urlencoded"
        grant = {"grant_type": "authorization_code", "code": value, "redirect_uri": BACK}
        return house.ask("POST", TOKEN, body=urlencode(grant).encode(), headers=headers)

    yield Target("oauth", "token", "code", "consent code", exchanged)


def consent_codes(house: Premises) -> Iterator[tuple[str, str]]:
    """Codes that were given to another application, and what is none."""
    yield "the other application's code", house.theirs.names["consent code"]
    yield "the other company's bearer token", house.theirs.token
    yield "a forged code", "A" * 43


def tokens(house: Premises) -> Iterator[tuple[str, str]]:
    """Credentials that are not a refresh token of the asking client."""
    names = house.theirs.names
    yield "another client's access token", names["access token"]
    yield "the other company's bearer token", house.theirs.token
    yield "the other company's API key", house.theirs.key
    yield "a forged token", "dbr_" + "A" * 43


def clients(house: Premises) -> Iterator[tuple[str, str]]:
    """Names of clients and of other things."""
    for name in ("ours", "wombat-client", house.theirs.word):
        yield REGISTERED, name
    for name in ("shared-app", "codat-wombat", house.theirs.realm):
        yield "a name", name
