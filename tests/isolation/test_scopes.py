"""What a credential does not allow is not done, whoever asks and however it is asked for.

The table of scopes is that of the operations themselves. Each operation of each interface is tried
with every set of scopes, and with credentials that have expired, were revoked or were never made.
It is refused unless every scope it names is there, and let through to the request itself where all
are. The fields of GraphQL and the statements of SQL ask for scopes by themselves; they have tables
here, and one that is in none fails.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any, Final, cast

import pytest
from tests.support.people import Browser
from tests.support.premises import Answer, Premises, Tenant
from tests.support.requests import send, visit
from tests.support.targets import web

from daybook.app import credentials
from daybook.app.access import Principal, Scope
from daybook.app.roles import SCOPES
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.schema import schema
from daybook.protocols.kit.plugin import Operation
from daybook.protocols.sql import plans, statements, utility
from daybook.protocols.sql.catalog_shown import PROCEDURES
from daybook.protocols.sql.connection import Connection
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.listener import SqlListener
from daybook.protocols.sql.session import Session

SETS: Final = [
    frozenset(each) for size in range(len(Scope) + 1) for each in combinations(Scope, size)
]
READ, WRITE = frozenset({Scope.READ}), frozenset({Scope.WRITE})

NOT_OFFERED = "post webhooks/integrationKeys/zapier"
"""Refused to everybody in the words in which a key without rights is."""


def guarded(house: Premises) -> list[tuple[str, Operation]]:
    """The operations that want a credential; what deletes comes last. Pages want a session."""
    found = [row for row in house.operations() if row[1].scopes is not None and row[0] != "web"]
    return sorted(found, key=lambda row: (row[1].method == "DELETE", -len(row[1].path)))


def is_refused(wire: str, answer: Answer) -> bool:
    """Whether an answer says that the credential does not allow what is asked."""
    if wire == "admin":
        return answer.status == 403 and "does not allow administration" in answer.text
    if wire == "codat":
        return answer.status == 403 and "outdated API key" in answer.text
    return "the token does not allow" in answer.headers.get("daybook-diagnosis", "")


def tokens(house: Premises) -> dict[frozenset[Scope], str]:
    """A token of our company for each set of scopes, of the application that owns what it made."""
    client = f"codat-{house.ours.word}"
    return {each: house.token(client, house.ours.id, scopes=each) for each in SETS}


def test_an_operation_is_done_for_those_alone_who_have_its_scopes() -> None:
    with Premises() as house:
        of = tokens(house)
        for granted in (False, True):  # what is done may take away what the next asks for
            for wire, operation in guarded(house):
                assert operation.scopes is not None
                for scopes in SETS:
                    if (operation.scopes <= scopes) is not granted:
                        continue
                    answer = send(house, wire, operation, of[scopes])
                    expected = not granted or operation.name == NOT_OFFERED
                    assert is_refused(wire, answer) is expected, (
                        operation.name,
                        sorted(scopes),
                        answer.status,
                        answer.text[:300],
                    )
                    assert answer.status != 401, operation.name


def test_a_credential_that_is_not_in_force_opens_nothing() -> None:
    with Premises() as house:
        expired = house.token("shared-app", house.ours.id, lifetime_us=1)
        revoked = house.token("shared-app", house.ours.id)
        credentials.revoke(house.directory, house.clock, credentials.digest(revoked))
        foreign = house.token("shared-app", house.theirs.id)
        for wire, operation in guarded(house):
            known: dict[str, Answer] = {}
            for token in (expired, revoked, "dba_" + "A" * 43, "x", ""):
                answer = known[token] = send(house, wire, operation, token)
                assert answer.status == 401, (operation.name, answer.status, answer.text[:300])
            stranger = send(house, wire, operation, foreign)
            assert stranger.status != 401, operation.name
            named = {"{realmId}", "{companyId}"} & set(operation.path.split("/"))
            assert not named or stranger.status in (403, 404), (operation.name, stranger.text)


UNNAMED: Final = frozenset({"key-withdraw", "login-withdraw", "message-retry", "operation-again"})
"""Pages that look for what a form names, which here is nothing."""


def is_page_refused(answer: Answer, operation: Operation) -> bool:
    """Whether a page says that the role does not allow it, or hides the company."""
    hidden = answer.status == 404 and operation.name not in UNNAMED
    return hidden or (answer.status == 403 and "Your role does not let you" in answer.text)


def person(house: Premises, name: str, **held: Any) -> Browser:
    """Somebody who may do something in our company, signed in."""
    known = house.directory.user(house.ours.word)
    assert known is not None
    plain = replace(known, name=name, company_ids=frozenset(), scopes=frozenset(), roles=())
    house.directory.put_user(replace(plain, **held))
    return Browser(house, house.ours, name).sign_in()


def pages(house: Premises) -> list[Operation]:
    """The pages about a company; what deletes comes last."""
    found = [row for wire, row in house.operations() if wire == "web" and row.scopes is not None]
    return sorted(found, key=lambda row: row.name in ("delete", "key-withdraw"))


def test_a_page_is_for_those_alone_whose_role_allows_it() -> None:
    with Premises() as house:
        opened = frozenset({house.ours.id})
        allowed = [*SETS, *SCOPES.values()]
        people = [
            person(house, f"scopes{at}", company_ids=opened, scopes=frozenset(map(str, scopes)))
            for at, scopes in enumerate(SETS)
        ] + [person(house, role, roles=((house.ours.id, role.value),)) for role in SCOPES]
        for granted in (False, True):
            for operation in pages(house):
                assert operation.scopes is not None
                for browser, scopes in zip(people, allowed, strict=True):
                    if (operation.scopes <= scopes) is granted:
                        answer = visit(browser, operation)
                        about = (operation.name, browser.name, answer.status, answer.text[-900:])
                        refused = is_page_refused(answer, operation)
                        if Scope.READ not in scopes:
                            assert answer.status == 404, about
                        else:
                            assert refused is not granted, about


def test_pages_are_for_those_who_have_signed_in() -> None:
    with Premises() as house:
        signed_in = Browser(house, house.ours).sign_in()
        signed_in.post("/app/sign-out")
        for cookie in ("", "dbw_" + "A" * 43, signed_in.cookies["daybook_session"]):
            guest = Browser(house, house.ours)
            guest.cookies["daybook_session"] = cookie
            guest.token = signed_in.token
            for wire, operation in house.operations():
                if wire == "web" and operation.name != "sign-in":
                    path = web.filled(house, operation)
                    answer = guest.send(operation.method, path)
                    assert answer.status == 303, operation.name
                    assert answer.headers["location"].startswith("/app/sign-in"), operation.name


def test_a_form_of_another_page_changes_nothing() -> None:
    with Premises() as house:
        browser = Browser(house, house.ours).sign_in()
        other = Browser(house, house.ours).sign_in()
        assert other.token != browser.token
        for token in ("", other.token, "x"):
            browser.token = token
            for wire, operation in house.operations():
                if wire == "web" and operation.method == "POST" and operation.name != "sign-in":
                    answer = browser.send("POST", web.filled(house, operation))
                    assert answer.status == 403, operation.name
                    assert "Not accepted" in answer.text, operation.name


FIELDS: Final = {
    "Query": {"company": READ, "node": READ, "nodes": READ},
    "Mutation": {
        "createJournalEntry": READ | WRITE,
        "updateJournalEntry": READ | WRITE,
        "deleteJournalEntry": READ | WRITE,
    },
}
"""What each field of the roots of GraphQL wants."""


def document(house: Premises, kind: str, field: str) -> str:
    """A document that asks for a field; what it changes is not there."""
    entry = ids.text(house.ours.realm, Kind.TRANSACTION, 77_777)
    line = "{{entryLineType: {}, amount: 5, account: {{id: {}}}}}"
    first, second = house.ours.numbers["account"][:2]
    lines = f"[{line.format('DEBIT', second)}, {line.format('CREDIT', first)}]"
    change = f'journalEntry: {{id: "{entry}", metadata: {{entityVersion: "0"}}}}'
    asked = {
        "company": "company { id }",
        "node": f'node(id: "{entry}") {{ id }}',
        "nodes": f'nodes(ids: ["{entry}"]) {{ id }}',
        "createJournalEntry": f"createJournalEntry(journalEntry: {{entryLines: {lines}}}) {{ id }}",
        "updateJournalEntry": f"updateJournalEntry({change}) {{ id }}",
        "deleteJournalEntry": f'deleteJournalEntry(id: "{entry}") {{ id }}',
    }
    return f"{kind.lower()} {{ {asked[field]} }}"


def test_the_fields_of_graphql_want_their_scopes() -> None:
    types = schema()
    assert types.query_type is not None
    assert types.mutation_type is not None
    assert types.query_type.fields.keys() == FIELDS["Query"].keys()
    assert types.mutation_type.fields.keys() == FIELDS["Mutation"].keys()
    with Premises() as house:
        of = tokens(house)
        for kind, fields in FIELDS.items():
            for field, wanted in fields.items():
                for scopes in SETS:
                    headers = {
                        "authorization": f"Bearer {of[scopes]}",
                        "accept": "application/json",
                    }
                    body = {"query": document(house, kind, field)}
                    answer = house.ask("POST", "/2020-04/graphql", body=body, headers=headers)
                    refused = "AHZ-0010" in answer.text
                    assert refused is not (wanted <= scopes), (field, scopes, answer.text)


LINES = (
    "LineType#1, LineAccount#1, LineAmount#1, LineType#2, LineAccount#2, LineAmount#2) VALUES"
    " ('Debit', 'quokka 1', '5', 'Credit', 'quokka 0', '5')"
)
STATEMENTS: Final[dict[str, tuple[tuple[str, frozenset[Scope]], ...]]] = {
    "select": (
        ("SELECT * FROM Accounts WHERE ID = '1'", READ),
        ("SELECT COUNT(*) FROM JournalEntryLines", READ),
    ),
    "with": (("WITH a AS (SELECT * FROM Accounts) SELECT * FROM a", READ),),
    "values": (("VALUES (1)", READ),),
    "table": (("TABLE Accounts", READ),),
    "insert": (
        (f"INSERT INTO JournalEntries ({LINES}", WRITE),
        (f"INSERT INTO JournalEntries ({LINES} RETURNING ID", READ | WRITE),
        ("INSERT INTO JournalEntryLines#TEMP (LineType) VALUES ('Debit')", WRITE),
    ),
    "update": (
        ("UPDATE JournalEntries SET Memo = 'x' WHERE ID = '1-1'", WRITE),
        ("UPDATE JournalEntries SET Memo = 'x' WHERE ID = '1-1' RETURNING Memo", READ | WRITE),
    ),
    "delete": (
        ("DELETE FROM JournalEntries WHERE ID = '1-1'", WRITE),
        ("DELETE FROM JournalEntries WHERE ID = '1-1' RETURNING Memo", READ | WRITE),
    ),
    "declare": (("BEGIN; DECLARE c CURSOR FOR SELECT * FROM Accounts", READ),),
    "copy": (("COPY Accounts TO STDOUT", READ),),
    "explain": (("EXPLAIN SELECT * FROM Accounts", READ),),
    "call": (("CALL GetDeleted()", READ), ("CALL ReverseJournalEntry(Id => '1-1')", READ | WRITE)),
}
"""What statements want, by their first words."""

HARMLESS: Final = frozenset(
    [
        *("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"),
        *("set", "reset", "show", "discard", "deallocate"),
        "unlisten",  # there is nothing to listen to
        *("fetch", "move", "close"),  # of a cursor that was declared before
    ]
)
"""Statements that touch no books."""
SAME: Final = {"exec": "call", "execute": "call"}


class Caller:
    """Stands for a connection."""

    def stop(self) -> None:
        """Nothing is under way."""

    def cancel(self) -> None:
        """Nothing is under way."""

    def abort(self) -> None:
        """There is no connection."""

    async def drain(self) -> None:
        """Nothing is under way."""


def open_session(house: Premises, tenant: Tenant, scopes: frozenset[Scope]) -> Session:
    principal = Principal(tenant.word, frozenset({tenant.id}), scopes, tenant.word)
    listener = cast(SqlListener, house.listeners[0])
    return listener.open(cast(Connection, Caller()), tenant.word, principal, tenant.slug)


def outcome(session: Session, text: str) -> str:
    """The SQLSTATE of what is refused, or nothing."""
    try:
        for statement in statements.split(text):
            result = session.planner.make(session, statement, ()).run(session, ())
            while result.rows is not None and result.rows.fetch(1_000):
                pass
    except SqlFault as fault:
        session.fail()
        return fault.code
    return ""


@pytest.fixture(scope="module")
def house() -> Iterator[Premises]:
    with Premises() as premises:
        yield premises


def test_every_statement_has_its_scopes() -> None:
    here = plans._QUERIES | plans._WRITES | utility.PLANS.keys()
    assert here == STATEMENTS.keys() | HARMLESS | SAME.keys()
    called = " ".join(text for text, _ in STATEMENTS["call"])
    assert all(name in called for name, _, _ in PROCEDURES)


@pytest.mark.parametrize("scopes", SETS, ids=lambda scopes: "+".join(sorted(scopes)) or "none")
def test_the_statements_of_sql_want_their_scopes(house: Premises, scopes: frozenset[Scope]) -> None:
    for texts in STATEMENTS.values():
        for text, wanted in texts:
            session = open_session(house, house.ours, scopes)
            refused = outcome(session, text) == "42501"
            assert refused is not (wanted <= scopes), (text, sorted(scopes))


def test_a_plan_serves_those_alone_who_might_have_made_it(house: Premises) -> None:
    """Plans are kept for later sessions, and what a caller may do is judged when one is made."""
    everything = frozenset(Scope)
    reader = open_session(house, house.ours, everything)
    assert open_session(house, house.ours, everything).plans is reader.plans
    assert open_session(house, house.ours, WRITE).plans is not reader.plans
    assert open_session(house, house.theirs, everything).plans is not reader.plans
