"""Servers of the same list in other ways: graphql-core alone, strawberry, ariadne.

    python -m bench.graphql_rivals PORT WAY STORE

Each reads the same rows from the same store for each request, with accounts fetched together, and
shows the fields that the benchmark asks for. They do less than the wire does: no token, no limits,
no filters, and documents are parsed and validated once, as the wire does. HTTP is the same bare
ASGI application for all of them.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from ariadne import ObjectType, make_executable_schema
from graphql import DocumentNode, GraphQLScalarType, execute_sync, parse, validate
from graphql.type import GraphQLSchema

from bench import books
from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT
from daybook.domain.model import JournalEntry, Line, Side
from daybook.domain.money import amount_text
from daybook.domain.query import Field, Keyset, Query, Sort
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.filters import VISIBLE
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.schema import text as sdl
from daybook.protocols.kit import json as exact

REALM = "9130355202028466"
SIDES = {Side.DEBIT: "DEBIT", Side.CREDIT: "CREDIT"}


def shown_rows(reader: Reader, first: int) -> list[dict[str, Any]]:
    """The entries of a page as plain dicts and lists, which default resolvers show."""
    query = Query(VISIBLE, (Sort(Field.ID, True),), Keyset(first + 1))
    entries = reader.entries(query)[:first]
    numbers = {line.account_id for entry in entries for line in entry.lines}
    accounts = {
        number: {"id": ids.text(REALM, Kind.ACCOUNT, number), "name": record.name}  # type: ignore[union-attr]
        for number, record in reader.references_by_id(ACCOUNT, numbers).items()
    }
    return [_entry(entry, accounts) for entry in entries]


def _entry(entry: JournalEntry, accounts: dict[int, dict[str, str]]) -> dict[str, Any]:
    return {
        "id": ids.text(REALM, Kind.TRANSACTION, entry.id),
        "metadata": {"entityVersion": str(entry.version)},
        "memo": entry.memo,
        "referenceNumber": entry.doc_number,
        "transactionDate": entry.posting_date.isoformat(),
        "entryLines": [_line(line, accounts) for line in entry.lines],
    }


def _line(line: Line, accounts: dict[int, dict[str, str]]) -> dict[str, Any]:
    assert not any((line.dimensions, line.tax, line.billing, line.annex))
    return {
        "entryLineType": SIDES[line.side],
        "sequence": str(line.id),
        "description": line.description,
        "amount": exact.Raw(amount_text(line.amount, 2).encode()),
        "account": accounts[line.account_id],
        "billable": None,
        "billableAmount": None,
        "payee": None,
        "project": None,
        "class": None,
        "markup": None,
        "tax": {"taxAmount": None, "taxable": False, "taxGroup": None},
    }


PAGE_INFO = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": "a", "endCursor": "b"}


def _company(info: Any) -> dict[str, Any]:
    def entries(_: Any, **arguments: Any) -> dict[str, Any]:
        return {"nodes": shown_rows(info.context, arguments["first"]), "pageInfo": PAGE_INFO}

    return {"journalEntries": entries}


def core_schema() -> GraphQLSchema:
    """graphql-core over the types of the wire, with default resolvers."""
    from graphql import build_schema

    made = build_schema(sdl())
    _pass_amounts(made)
    made.query_type.fields["company"].resolve = lambda _, info: _company(info)  # type: ignore[union-attr]
    return made


def ariadne_schema() -> GraphQLSchema:
    """The same, bound by ariadne."""
    query = ObjectType("Query")
    query.set_field("company", lambda _, info: _company(info))
    made = make_executable_schema(sdl(), query)
    _pass_amounts(made)
    return made


def _pass_amounts(made: GraphQLSchema) -> None:
    for name in ("Amount", "Date", "DateTime"):
        scalar = made.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.coerce_output_value = lambda value: value


def strawberry_schema() -> GraphQLSchema:
    """The types that the benchmark asks for, as strawberry's classes."""
    from bench.graphql_strawberry import SCHEMA

    made: GraphQLSchema = SCHEMA._schema
    return made


WAYS: dict[str, Callable[[], GraphQLSchema]] = {
    "graphql-core": core_schema,
    "ariadne": ariadne_schema,
    "strawberry": strawberry_schema,
}


def application(way: str, store: str) -> Callable[..., Awaitable[None]]:
    """The ASGI application that answers every POST."""
    opened = books.demo_books(store)
    schema = WAYS[way]()
    documents: dict[str, DocumentNode] = {}

    def answer(body: bytes) -> bytes:
        text = json.loads(body)["query"]
        document = documents.get(text)
        if document is None:
            document = documents[text] = parse(text)
            errors = validate(schema, document)
            assert not errors, errors
        with opened.read() as reader:
            result = execute_sync(schema, document, context_value=reader)
        assert not result.errors, result.errors
        return exact.encode({"data": result.data})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b"" if scope["method"] == "GET" else (await receive())["body"]
        loop = asyncio.get_running_loop()
        shown = await loop.run_in_executor(None, answer, body) if body else b"ready"
        headers = [(b"content-length", b"%d" % len(shown))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": shown})

    return app


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[2], sys.argv[3]),
        port=int(sys.argv[1]),
        log_level="warning",
        lifespan="off",
    )
