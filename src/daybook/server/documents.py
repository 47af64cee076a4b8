"""The documentation of the interfaces, served by the server that it is about.

    /openapi/{wire}.json    OpenAPI 3.1, for each wire that describes itself
    /docs                   the same and the tables of SQL, for people

Everything is made once, when it is first asked for, from the tables that requests are answered by.
The page runs no script and asks no other host for anything.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from html import escape
from typing import Any, Final

from daybook import __version__
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Plugin, Response
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import TABLES, Table
from daybook.server.interfaces import present

Json = dict[str, Any]

_STYLE: Final = """
:root { color-scheme: light dark; --ground: #f5f4ef; --paper: #fffefb; --ink: #1d2327;
  --quiet: #5a636b; --rule: #dcd9cf; --accent: #17634a }
@media (prefers-color-scheme: dark) { :root { --ground: #14181a; --paper: #1b2023; --ink: #e8e6df;
  --quiet: #a5adb3; --rule: #343b40; --accent: #7fd1ae } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: var(--ground);
  color: var(--ink) }
header { background: var(--paper); border-bottom: 1px solid var(--rule); font-weight: 600 }
header p, main { margin: 0 auto; max-width: 60rem; padding: .8rem 1rem }
main { padding-bottom: 3rem }
section { background: var(--paper); border: 1px solid var(--rule); border-radius: 8px;
  margin-top: 1.5rem; overflow-x: auto; padding: .3rem 1.2rem 1rem }
a { color: var(--accent) }
h2 { margin: .8rem 0 .3rem } h3 { margin: 1.5rem 0 .3rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid var(--rule); padding: .25rem .75rem .25rem 0; text-align: left }
td { vertical-align: top } th { color: var(--quiet); font-size: .85rem }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
summary { cursor: pointer; padding: .3rem 0 } details > div { padding-left: 1.2rem }
.verb { display: inline-block; min-width: 4rem; font-weight: 600 }
.note { color: var(--quiet) }
"""
_SEAL: Final = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_PAGE: Final = (
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_SEAL}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
_DOCUMENT: Final = (("content-type", "application/json"), ("x-content-type-options", "nosniff"))

_SQL_TYPES: Final = {
    pg.BOOL: "boolean",
    pg.INT4: "integer",
    pg.TEXT: "text",
    pg.DATE: "date",
    pg.TIMESTAMP: "timestamp",
    pg.NUMERIC: "numeric",
}
_GRAPHQL: Final = "intuit_graphql"


class Documentation:
    """What the wires say of themselves."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = plugins
        self._makers: dict[str, Callable[[], Json]] = {
            plugin.name: plugin.openapi for plugin in plugins if hasattr(plugin, "openapi")
        }

    @property
    def pages(self) -> Mapping[str, Callable[[], Response]]:
        """What answers at each address."""
        found: dict[str, Callable[[], Response]] = {"/docs": self._page}
        for name in self._makers:
            found[f"/openapi/{name}.json"] = self._document(name)
        return found

    @cached_property
    def documents(self) -> Mapping[str, Json]:
        """The OpenAPI documents by wire."""
        found = {name: make() for name, make in self._makers.items()}
        for each in found.values():
            each["info"]["version"] = __version__
        return found

    @cached_property
    def _html(self) -> bytes:
        return _html(self.documents, self._plugins).encode()

    def _page(self) -> Response:
        return Response(200, self._html, _PAGE)

    def _document(self, name: str) -> Callable[[], Response]:
        return lambda: Response(200, json.encode(self.documents[name]), _DOCUMENT)


def _html(documents: Mapping[str, Json], plugins: Sequence[Plugin]) -> str:
    titles = {each.name: each for each in present(plugins)}
    rows = "".join(
        f"<tr><td>{escape(each.title)}</td><td><code>{escape(each.path)}</code></td>"
        f"<td>{_where(each.name, documents)}</td></tr>"
        for each in titles.values()
    )
    sections = "".join(_section(name, documents[name]) for name in titles if name in documents)
    tables = "".join(_table(table) for table in TABLES.values())
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Daybook: interfaces</title>
<style>{_STYLE}</style>
<header><p><a href="/">Daybook</a></p></header>
<main>
<h1>Interfaces</h1>
<section><table><tr><th>Interface<th>Address<th>Described by</tr>{rows}
<tr><td>SQL (PostgreSQL protocol)</td><td>a port of its own</td>
<td><a href="#sql">its tables</a></td></tr></table></section>
{sections}
<section><h2 id="sql">SQL</h2>
<p>The tables of a company's books; the database is the company's short name.</p>
{tables}</section>
</main>
</html>
"""


def _where(name: str, documents: Mapping[str, Json]) -> str:
    """Where an interface is described."""
    if name in documents:
        document = f'<a href="/openapi/{escape(name)}.json">OpenAPI</a>'
        return f'<a href="#{escape(name)}">below</a>, {document}'
    if name == _GRAPHQL:
        return '<a href="/2020-04/graphql">its own page</a>, and introspection'
    return ""


def _section(name: str, document: Json) -> str:
    info = document["info"]
    operations = "".join(
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f'<details id="{name}-{escape(each)}"><summary><code>{escape(each)}</code></summary>'
        f"<div>{_members(name, schema)}</div></details>"
        for each, schema in document["components"]["schemas"].items()
    )
    return (
        f'<section><h2 id="{escape(name)}">{escape(info["title"])}</h2>'
        f"<p>{escape(info['description'])}</p>"
        f"{operations}<h3>Schemas</h3>{schemas}</section>".replace(
            "#/components/schemas/", f"#{name}-"
        )
    )


def _operation(path: str, method: str, operation: Json) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td>"
        f"<td>{_type(each['schema'])}</td><td>{escape(each.get('description', ''))}</td></tr>"
        for each in operation.get("parameters", ())
    )
    told = f"<p class=note>{escape(operation.get('description', 'No credential is wanted.'))}</p>"
    if parameters:
        told += f"<table>{parameters}</table>"
    bodies = operation.get("requestBody", {}).get("content", {})
    for media_type, body in bodies.items():
        told += f"<p>Body, <code>{escape(media_type)}</code>: {_type(body['schema'])}</p>"
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            shown = " or ".join(
                _type(body["schema"]) for body in answer.get("content", {}).values()
            )
            told += f"<p>{status}: {shown or 'no body'}</p>"
    return (
        f'<details><summary><span class="verb">{method.upper()}</span> '
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<div>{told}</div></details>"
    )


def _members(name: str, schema: Json) -> str:
    """The members of an object as a table, or the type of anything else."""
    if "properties" not in schema:
        return _type(schema)
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code></td><td>{_type(each)}</td>"
        f"<td>{'always' if member in required else ''}</td></tr>"
        for member, each in schema["properties"].items()
    )
    return f"<table>{rows}</table>"


def _type(schema: Json) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        target = schema["$ref"]
        return f'<a href="{escape(target)}"><code>{escape(target.rpartition("/")[2])}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']).lower())}</code>"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if kind == "object" and schema.get("properties"):
        inner = ", ".join(
            f"<code>{escape(name)}</code>: {_type(each)}"
            for name, each in schema["properties"].items()
        )
        return f"{{ {inner} }}"
    words = " or ".join(kind) if isinstance(kind, list) else kind
    return escape(words + (f" ({schema['format']})" if "format" in schema else ""))


def _table(table: Table) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(column.name)}</code></td>"
        f"<td>{escape(_SQL_TYPES[column.oid])}</td>"
        f"<td>{escape(column.description)}</td></tr>"
        for column in table.columns
        if not column.hidden
    )
    return (
        f"<details><summary><code>{escape(table.name)}</code> {escape(table.description)}</summary>"
        f"<div><table>{rows}</table></div></details>"
    )
