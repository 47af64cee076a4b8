"""Places for tokens and names of OAuth 2: tokens of another client, names of clients."""

from collections.abc import Iterator
from urllib.parse import urlencode

from tests.support.premises import Answer, Premises, basic
from tests.support.targets import Target

from daybook.app import credentials
from daybook.app.credentials import NewToken

TOKEN, REVOKE = "/oauth2/v1/tokens/bearer", "/v2/oauth2/tokens/revoke"


def targets(house: Premises) -> Iterator[Target]:
    """Every place for a token or a name."""
    secret = credentials.register(house.directory, house.clock, "ours")
    theirs = credentials.register(house.directory, house.clock, "wombat-client")
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
    ended = lambda value: form(REVOKE, value, "wrong", token=made.refresh.text)
    yield Target("oauth", "revoke", "client", "client", ended)


def tokens(house: Premises) -> Iterator[tuple[str, str]]:
    """Credentials that are not a refresh token of the asking client."""
    names = house.theirs.names
    yield "another client's access token", names["access token"]
    yield "the other company's bearer token", house.theirs.token
    yield "the other company's API key", house.theirs.key
    yield "a forged token", "dbr_" + "A" * 43


def clients(house: Premises) -> Iterator[tuple[str, str]]:
    """Names of clients and of other things."""
    for name in ("ours", "wombat-client", "shared-app", house.theirs.word, house.theirs.realm):
        yield "a name", name
