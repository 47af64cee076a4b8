"""The applications that act for a visitor: those they have let in, and how that is taken back.

Whoever lets an application in does so for themselves, so this page is about no company: it shows
what stands under the visitor's name, and they withdraw it whatever their role. Administrators see
the same tokens of their companies among the keys.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from daybook.app import credentials
from daybook.app.ports import Directory, Token, TokensOf
from daybook.app.sessions import WEB
from daybook.app.trail import By, Happening, Trail, What
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import APPLICATIONS
from daybook.web.grants import GRANTS
from daybook.web.limits import KEYS_SHOWN
from daybook.web.routing import Route
from daybook.web.visit import Visit


@value
class Row:
    """What one consent has made. `number` is that of a token of it; times are the first and last
    of its tokens', `ends` None where one does not end.
    """

    number: int
    name: str
    company: str
    may: Sequence[str]
    since: Timestamp
    ends: Timestamp | None


def applications(visit: Visit) -> Response:
    """The list."""
    directory = visit.site.ledger.store.directory
    families: dict[tuple[str, str], list[Token]] = {}
    for token in _mine(visit):
        families.setdefault((token.client, credentials.family_of(token)), []).append(token)
    rows = sorted(
        (_row(visit, directory, tokens) for tokens in families.values()),
        key=lambda row: (row.name.casefold(), -row.since),
    )
    more = len(rows) > KEYS_SHOWN
    title = "Applications"
    return visit.page("applications.html", title=title, rows=rows[:KEYS_SHOWN], more=more)


def withdraw(visit: Visit) -> Response:
    """Take back what one consent has allowed; every token of it ends."""
    site, number = visit.site, visit.form.get("number", "")
    directory = site.ledger.store.directory
    found = next((each for each in _mine(visit) if str(each.number) == number), None)
    if found is None:
        return visit.not_found()
    credentials.revoke_family(directory, site.clock, found)
    by = By(WEB, visit.user, visit.request.peer)
    opened = found.company_ids - {credentials.NO_COMPANY}
    happening = Happening(What.TOKEN_WITHDRAWN, found.client, by, opened)
    Trail(directory, site.clock).note(happening)
    name = _name(directory, found.client)
    return visit.redirect(visit.address("applications"), f"{name} acts for you no more.")


def _mine(visit: Visit) -> Iterable[Token]:
    """The tokens in force that the visitor has consented to: they carry what was asked for."""
    now = visit.now()
    directory = visit.site.ledger.store.directory
    for token in directory.tokens(TokensOf(user=visit.user)):
        if credentials.words(token) and credentials.fault(token, now) is None:
            yield token


def _row(visit: Visit, directory: Directory, tokens: Sequence[Token]) -> Row:
    first = tokens[0]
    scopes = frozenset[str]().union(*(token.scopes for token in tokens))
    ends = [token.expires_at for token in tokens if token.expires_at is not None]
    return Row(
        first.number,
        _name(directory, first.client),
        ", ".join(_companies(visit, first.company_ids)),
        [words for scope, words in GRANTS.items() if scope in scopes],
        min(token.created_at for token in tokens),
        max(ends) if len(ends) == len(tokens) else None,
    )


def _name(directory: Directory, client_id: str) -> str:
    client = directory.client(client_id)
    return client_id if client is None else client.name


def _companies(visit: Visit, company_ids: Iterable[CompanyId]) -> Iterable[str]:
    """The names of companies, of those that the visitor may open still."""
    session = visit.session
    assert session is not None
    for company_id in sorted(company_ids):
        if session.within(company_id) is not None:
            with visit.site.ledger.store.read(company_id) as reader:
                yield reader.company.name


ROUTES: Final = (
    Route("applications", "GET", APPLICATIONS, applications),
    Route("application-withdraw", "POST", f"{APPLICATIONS}/withdraw", withdraw),
)
