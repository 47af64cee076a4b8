"""The query language: text in, a tree of clauses out.

    query   = or-expr
    or-expr = and-expr *( "||" and-expr )
    and-expr= term *( "&&" term )
    term    = "{" or-expr "}" / clause
    clause  = path op value            path = name *( "." name )

Braces are the only grouping; `&&` binds tighter. The first operator of a clause ends its path, so
a value may hold operators, brackets, quotes and blanks; only `&&`, `||`, `{` and `}` end it. What
a clause means is decided where it is compiled (`compiling`) or held against an object (`matching`).

>>> parse("{id~8484||postedOn=8484}&&metadata.isDeleted!=true")
Both(terms=(Either(terms=(Clause(path='id', op='~', value='8484'), \
Clause(path='postedOn', op='=', value='8484'))), \
Clause(path='metadata.isDeleted', op='!=', value='true')))
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from daybook.protocols.codat.errors import malformed_query
from daybook.protocols.codat.limits import BRACES_DEPTH_MAX, QUERY_LENGTH_MAX


@dataclass(frozen=True, slots=True)
class Clause:
    """A property against a value. `op` is one of `= != ~ !~ > < >= <=`."""

    path: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Both:
    """All of the terms."""

    terms: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """Any of the terms."""

    terms: "tuple[Tree, ...]"


Tree = Clause | Both | Either

_PIECE: Final = re.compile(r"&&|\|\||[{}]")
_OPERATOR: Final = re.compile(r"!=|!~|>=|<=|=|~|>|<")


def parse(text: str) -> Tree | None:
    """The tree of a query; None for one that is blank, which asks for everything.

    Raises `CodatError` for a query that does not parse, is too long or nests too deep.
    """
    if len(text) > QUERY_LENGTH_MAX:
        raise malformed_query()
    if not text.strip():
        return None
    parser = _Parser(text)
    tree = parser.either(0)
    if parser.piece is not None:
        raise malformed_query()
    return tree


class _Parser:
    """Recursive descent over the pieces of a query; `piece` is the one to be read next."""

    def __init__(self, text: str) -> None:
        self._pieces = _pieces(text)
        self.piece = next(self._pieces, None)

    def either(self, depth: int) -> Tree:
        """Terms joined by `||`."""
        terms = [self._both(depth)]
        while self._take("||"):
            terms.append(self._both(depth))
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def _both(self, depth: int) -> Tree:
        terms = [self._term(depth)]
        while self._take("&&"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else Both(tuple(terms))

    def _term(self, depth: int) -> Tree:
        if self._take("{"):
            if depth == BRACES_DEPTH_MAX:
                raise malformed_query()
            inner = self.either(depth + 1)
            if not self._take("}"):
                raise malformed_query()
            return inner
        piece = self.piece
        if piece is None or piece in _MARKS:
            raise malformed_query()
        self.piece = next(self._pieces, None)
        return _clause(piece)

    def _take(self, mark: str) -> bool:
        if self.piece != mark:
            return False
        self.piece = next(self._pieces, None)
        return True


_MARKS: Final = ("&&", "||", "{", "}")


def _pieces(text: str) -> Iterator[str]:
    """Marks, and what stands between them where that is not blank.

    A clause can never equal a mark, since it ends where one begins.
    """
    at = 0
    for mark in _PIECE.finditer(text):
        between = text[at : mark.start()].strip()
        if between:
            yield between
        yield mark[0]
        at = mark.end()
    rest = text[at:].strip()
    if rest:
        yield rest


def _clause(text: str) -> Clause:
    found = _OPERATOR.search(text)
    if found is None:
        raise malformed_query()
    path = text[: found.start()].strip()
    if not path:
        raise malformed_query()
    value = text[found.end() :].strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return Clause(path, found[0], value)
