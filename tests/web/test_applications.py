"""Applications that act for somebody: listed for them alone, and withdrawn by them."""

import pytest
from tests.support.web import Pages

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, Scope
from daybook.app.credentials import NewToken
from daybook.app.ports import Client, Token
from daybook.app.trail import Trail

PAGE = "/app/applications"


@pytest.fixture
def site() -> Pages:
    made = Pages()
    made.ledger.store.directory.put_client(Client("bills", "Bill & Sons", b"", made.clock()))
    return made


def let_in(site: Pages, user: str, client: str = "bills", words: str = "openid") -> Token:
    """The refresh token that somebody's consent has made."""
    wanted = NewToken(
        client,
        company_ids=frozenset({site.company_id}),
        scopes=frozenset({Scope.READ, Scope.WRITE}),
        user=user,
        words=frozenset(words.split()),
    )
    made = credentials.authorize(site.ledger.store.directory, site.clock, wanted)
    return made.refresh.token


def test_each_sees_their_own_and_what_it_may(site: Pages) -> None:
    let_in(site, "vera")
    let_in(site, "paul", "other")
    page = site.visitor("vera").get(PAGE)
    assert page.has("Bill & Sons")
    assert page.has("See everything; Make, change and delete")
    assert page.has("Shop")
    assert not page.has("other")
    assert site.visitor("ada").get(PAGE).has("None")


def test_a_viewer_withdraws_what_they_let_in(site: Pages) -> None:
    """The whole of one consent ends, and nothing else."""
    directory = site.ledger.store.directory
    mine, again, other = let_in(site, "vera"), let_in(site, "vera"), let_in(site, "paul")
    visitor = site.visitor("vera")
    answer = visitor.submit(f"{PAGE}/withdraw", {"number": mine.number})
    assert visitor.get(answer.location).has("Bill & Sons acts for you no more.")
    left = [each for each in directory.tokens() if each.revoked_at is None]
    families = {credentials.family_of(each) for each in left}
    assert families == {credentials.family_of(each) for each in (again, other)}
    last = Trail(directory, site.clock).records()[-1]
    assert (last.what, last.subject, last.user) == ("token-withdrawn", "bills", "vera")


def test_others_and_what_is_no_consent_are_not_found(site: Pages) -> None:
    directory = site.ledger.store.directory
    key = credentials.issue(directory, site.clock, NewToken("job", scopes=ALL_SCOPES, user="vera"))
    visitor = site.visitor("vera")
    assert not visitor.get(PAGE).has("job")
    for number in (let_in(site, "paul").number, key.token.number, 99, "x"):
        assert visitor.submit(f"{PAGE}/withdraw", {"number": number}).status == 404
    assert all(each.revoked_at is None for each in directory.tokens())


def test_what_has_ended_is_not_listed(site: Pages) -> None:
    token = let_in(site, "vera")
    credentials.revoke_family(site.ledger.store.directory, site.clock, token)
    assert site.visitor("vera").get(PAGE).has("None")
