"""Functions that write JSON objects, put together from what writes their members.

A page has thousands of small objects, and calling a function for each member of each of them costs
more than the work they do. So a member may say how it is written as an expression over the source
`s` and the scene `c`; the members of an object then become one function: a formatted string made as
a syntax tree and compiled once. Expressions come from the closed tables of this package alone. What
a caller chose (response keys) enters the tree as a constant and never as code.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quote
from types import CodeType, FunctionType
from typing import Any, Protocol, cast

from daybook.protocols.intuit_graphql.scene import Scene


class Write(Protocol):
    """Writes the JSON of a value, from its source."""

    def __call__(self, source: Any, scene: Scene, /) -> str:
        """The text."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Writes the same text for every source."""

    text: str

    def __call__(self, _: Any, __: Scene, /) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True, slots=True)
class Inline:
    """Writes what an expression comes to.

    `source` may hold `{name}` for each of `names`, the objects that it uses.
    """

    source: str
    names: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, source: Any, scene: Scene, /) -> str:
        """The text; compiles the expression each time, so this is for single values."""
        return compiled([("", self)])(source, scene)


Member = tuple[str, Write]
"""A response key and what writes its value."""


class WriteRows(Protocol):
    """Writes the JSON of a list, from its source and one value that its rows share."""

    def __call__(self, source: Any, scene: Scene, shared: Any, /) -> str:
        """The text."""


def _arguments(names: str) -> ast.arguments:
    given = [ast.arg(name) for name in names]
    return ast.arguments(posonlyargs=given, args=[], kwonlyargs=[], kw_defaults=[], defaults=[])


def object_of(members: Sequence[Member]) -> Write:
    """Writes an object with these members."""
    if all(isinstance(write, Constant) for _, write in members):
        shown = [f"{quote(key)}:{cast('Constant', write).text}" for key, write in members]
        return Constant("{" + ",".join(shown) + "}")
    environment: dict[str, object] = {}
    return _function(_string(members, environment), environment)


def rows_of(rows: str, test: str, members: Sequence[Member], other: Inline) -> WriteRows:
    """Writes a list. `rows` is an expression for its rows over the source `s`; in all else `s` is a
    row and `e` what the rows share. A row that passes `test` is an object with these members, and
    any other is what `other` says.
    """
    environment: dict[str, object] = {}
    row = ast.IfExp(_parsed(test), _string(members, environment), _expression(other, environment))
    over = ast.comprehension(ast.Name("s", ast.Store()), _parsed(rows), [], is_async=0)
    listed = ast.ListComp(row, [over])
    joined = ast.Call(ast.Attribute(ast.Constant(","), "join", ast.Load()), [listed], [])
    parts: list[ast.expr] = [ast.Constant("["), ast.FormattedValue(joined, -1), ast.Constant("]")]
    return cast("WriteRows", _function(ast.JoinedStr(parts), environment, "sce"))


def compiled(members: Sequence[Member]) -> Write:
    """Writes the one value of a member without a key."""
    environment: dict[str, object] = {}
    ((_, write),) = members
    return _function(_expression(write, environment), environment)


def _string(members: Sequence[Member], environment: dict[str, object]) -> ast.expr:
    """The members as a formatted string."""
    parts: list[ast.expr] = []
    text, comma = "{", ""
    for key, write in members:
        text += f"{comma}{quote(key)}:"
        comma = ","
        if isinstance(write, Constant):
            text += write.text
            continue
        value = ast.FormattedValue(_expression(write, environment), conversion=-1)
        parts += [ast.Constant(text), value]
        text = ""
    parts.append(ast.Constant(text + "}"))
    return ast.JoinedStr(parts)


def _expression(write: Write, environment: dict[str, object]) -> ast.expr:
    """What a member is written with, its objects put into the environment under new names."""
    inline = write if isinstance(write, Inline) else Inline("{write}(s, c)", {"write": write})
    known = {name: f"{name}_{len(environment) + at}" for at, name in enumerate(inline.names)}
    environment.update((known[name], value) for name, value in inline.names.items())
    return _parsed(inline.source.format(**known))


def _parsed(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _function(body: ast.expr, environment: dict[str, object], arguments: str = "sc") -> Write:
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(_arguments(arguments), body)))
    module = compile(tree, "<template>", "eval")
    code = next(each for each in module.co_consts if isinstance(each, CodeType))
    return cast("Write", FunctionType(code, environment))
