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
from typing import Any, Final, Protocol, cast

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

_ARGUMENTS: Final = ast.arguments(
    posonlyargs=[ast.arg("s"), ast.arg("c")],
    args=[],
    kwonlyargs=[],
    kw_defaults=[],
    defaults=[],
)
_PLAIN_TEST: Final = "s.is_plain"


def object_of(members: Sequence[Member]) -> Write:
    """Writes an object with these members."""
    if all(isinstance(write, Constant) for _, write in members):
        shown = [f"{quote(key)}:{cast('Constant', write).text}" for key, write in members]
        return Constant("{" + ",".join(shown) + "}")
    environment: dict[str, object] = {}
    return _function(_string(members, environment), environment)


def object_of_either(plain: Sequence[Member], whole: Sequence[Member]) -> Write:
    """Writes an object with some members where the source `is_plain`, and others where not."""
    environment: dict[str, object] = {}
    test = ast.parse(_PLAIN_TEST, mode="eval").body
    body = ast.IfExp(test, _string(plain, environment), _string(whole, environment))
    return _function(body, environment)


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
    return ast.parse(inline.source.format(**known), mode="eval").body


def _function(body: ast.expr, environment: dict[str, object]) -> Write:
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(_ARGUMENTS, body)))
    module = compile(tree, "<template>", "eval")
    code = next(each for each in module.co_consts if isinstance(each, CodeType))
    return cast("Write", FunctionType(code, environment))
