"""The query language: text to a `Statement`, or the fault that says where it does not parse.

    query = SELECT (* | COUNT(*) | path, …) FROM entity [WHERE condition {AND condition}]
            {ORDERBY path [ASC|DESC], … | STARTPOSITION n | MAXRESULTS n}
    condition = path (= | < | > | <= | >=) value | path IN (value, …) | path LIKE string

There is no OR, NOT, parenthesis or function. Keywords, entities and properties may be in any case;
a backslash escapes a quote or itself; `%` is the only wildcard. What the words stand for is no
concern of this module: `query` turns a statement into a search.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NoReturn

from daybook.domain.limits import FILTER_LIST_MAX
from daybook.domain.query import Op
from daybook.protocols.qbo.errors import Error, QboFault

STATEMENT_LENGTH_MAX: Final = 64 * 1024
"""Characters of a statement: an IN list of a thousand quoted ids takes 22,000."""

TOKENS_MAX: Final = 8_192
"""Tokens of a statement, for the same list with its commas, twice over."""

CONDITIONS_MAX: Final = 100
"""Conditions of a statement."""


class Kind(Enum):
    """What a token is; the value is how the original names it in its messages."""

    WORD = "<IDENTIFIER>"
    STRING = "<STRING_LITERAL>"
    NUMBER = "<NUMBER>"
    DATE = "<DATE>"
    SYMBOL = "<SYMBOL>"
    END = "<EOF>"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement: its kind, its text (of a string, without quotes and escapes)."""

    kind: Kind
    text: str
    at: int

    @property
    def word(self) -> str:
        """The text in lower case if it is a word, else nothing."""
        return self.text.lower() if self.kind is Kind.WORD else ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A property held against one value, or against several with `IN`; `op` None is LIKE."""

    path: str
    op: Op | None
    values: tuple[Token, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order."""

    path: str
    descending: bool
    at: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A query that parses. `paths` is empty for `*`; `start` counts from 1."""

    entity: str
    paths: tuple[str, ...] = ()
    counting: bool = False
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    start: int | None = None
    limit: int | None = None


_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<DATE>\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?)
      | (?P<NUMBER>-?\d+(?:\.\d+)?)
      | (?P<WORD>[A-Za-z_]\w*(?:\.(?:\w+|\*))*)
      | '(?P<STRING>(?:[^'\\]|\\.)*)'
      | (?P<SYMBOL><=|>=|[=<>(),*])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(['\\])")
_OPERATORS: Final = {op.value: op for op in Op if op is not Op.NE}
_VALUES: Final = frozenset({"true", "false", "current_date"})
_RESERVED: Final = frozenset(
    {"select", "from", "where", "and", "in", "like", "asc", "desc"}
    | {"order", "orderby", "startposition", "maxresults"}
)
_BLANKS: Final = " \t\n\r\f\v"
"""What the pattern of a token skips: `\\s` of ASCII. `str.strip` alone takes more."""
_CLAUSES: Final = ("orderby", "order", "startposition", "maxresults")


def parse(text: str) -> Statement:
    """The statement a text means. Raises `QboFault`: 4000 where it does not parse, 4001 beyond a
    bound.
    """
    if len(text) > STATEMENT_LENGTH_MAX:
        raise invalid(f"statement is longer than {STATEMENT_LENGTH_MAX} characters")
    if not text.strip(_BLANKS):
        raise _unparsable(
            'Encountered "<EOF>" at line 0, column 0.\nWas expecting:\n    "select" ...'
        )
    return _Parser(text).statement()


def invalid(text: str) -> QboFault:
    """A statement that parses and asks for something there is not."""
    detail = f"QueryValidationError: {text}"
    return QboFault([Error("4001", detail, None, f"the query: {text}")])


def _unparsable(text: str) -> QboFault:
    detail = f"QueryParserError: {text}"
    return QboFault([Error("4000", detail, None, f"the query does not parse: {text}")])


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip(_BLANKS))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            bad = end - len(text[at:end].lstrip(_BLANKS))
            line, column = _place(text, bad)
            raise _unparsable(
                f"Invalid content. Lexical error at line {line}, column {column}.  "
                f'Encountered: "{text[bad]}" ({ord(text[bad])}), after : ""'
            )
        name = match.lastgroup
        assert name is not None
        piece, start = match[name], match.start(name)
        if name == "STRING":
            piece, start = _ESCAPE.sub(r"\1", piece), start - 1
        yield Token(Kind[name], piece, start)
        at = match.end()
    yield Token(Kind.END, "", len(text))


def _place(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Token] = []
        for token in _tokens(text):
            if len(self._tokens) == TOKENS_MAX:
                raise invalid(f"statement has more than {TOKENS_MAX} words and signs")
            self._tokens.append(token)
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.kind is not Kind.END:
            self._next += 1
        return token

    def _fail(self, *expected: str) -> NoReturn:
        token = self._token
        line, column = _place(self._text, token.at)
        if token.kind is Kind.END:
            found = '"<EOF>"'
        elif token.kind is Kind.SYMBOL or token.word in _RESERVED:
            found = f'" "{token.text}" "{token.text} ""'
        else:
            found = f'" {token.kind.value} "{token.text} ""'
        wanted = "\n".join(f"    {each} " + ("..." if each != "<EOF>" else "") for each in expected)
        one_of = "one of" if len(expected) > 1 else ""
        raise _unparsable(
            f"Encountered {found} at line {line}, column {column}.\n"
            f"Was expecting{' ' if one_of else ''}{one_of}:\n{wanted}"
        )

    def _keyword(self, *words: str) -> str | None:
        """Take one of some keywords, or nothing."""
        if self._token.word in words:
            return self._take().word
        return None

    def _expect(self, word: str) -> None:
        if self._keyword(word) is None:
            self._fail(f'"{word}"')

    def _symbol(self, text: str) -> bool:
        if self._token.kind is Kind.SYMBOL and self._token.text == text:
            self._take()
            return True
        return False

    def _path(self) -> Token:
        if self._token.kind is not Kind.WORD or self._token.word in _RESERVED:
            self._fail("<IDENTIFIER>")
        return self._take()

    def statement(self) -> Statement:
        self._expect("select")
        counting, paths = self._projection()
        self._expect("from")
        entity = self._path().text
        conditions = self._conditions() if self._keyword("where") else []
        orders: tuple[Order, ...] = ()
        numbers: dict[str, int] = {}
        while self._token.kind is not Kind.END:
            clause = self._keyword(*_CLAUSES)
            if clause in ("orderby", "order") and not orders:
                if clause == "order":
                    self._expect("by")
                orders = tuple(self._orders())
            elif clause in ("startposition", "maxresults") and clause not in numbers:
                numbers[clause] = self._number()
            else:
                if clause is not None:
                    self._next -= 1
                follow = "<EOF>", '"orderby"', '"startposition"', '"maxresults"'
                self._fail(*(('"and"', *follow) if conditions else ('"where"', *follow)))
        return Statement(
            entity,
            tuple(paths),
            counting,
            tuple(conditions),
            orders,
            numbers.get("startposition"),
            numbers.get("maxresults"),
        )

    def _projection(self) -> tuple[bool, Sequence[str]]:
        if self._token.word == "count" and self._tokens[self._next + 1].text == "(":
            self._take()
            self._take()
            if not (self._symbol("*") and self._symbol(")")):
                self._fail('"*"')
            return True, ()
        paths: list[str] = []
        everything = False
        while True:
            if self._symbol("*"):
                everything = True
            elif self._token.word == "from":
                self._fail('"*"', "<IDENTIFIER>")
            else:
                paths.append(self._path().text)
            if not self._symbol(","):
                return False, () if everything else paths

    def _conditions(self) -> list[Condition]:
        found = [self._condition()]
        while self._keyword("and"):
            if len(found) == CONDITIONS_MAX:
                raise invalid(f"statement has more than {CONDITIONS_MAX} conditions")
            found.append(self._condition())
        return found

    def _condition(self) -> Condition:
        path = self._path()
        if self._keyword("in"):
            if not self._symbol("("):
                self._fail('"("')
            values = [self._value()]
            while self._symbol(","):
                if len(values) == FILTER_LIST_MAX:
                    raise invalid(f"a list has more than {FILTER_LIST_MAX} values")
                values.append(self._value())
            if not self._symbol(")"):
                self._fail('")"', '","')
            return Condition(path.text, Op.EQ, tuple(values), path.at)
        if self._keyword("like"):
            if self._token.kind is not Kind.STRING:
                self._fail("<STRING_LITERAL>")
            return Condition(path.text, None, (self._take(),), path.at)
        op = _OPERATORS.get(self._token.text) if self._token.kind is Kind.SYMBOL else None
        if op is None:
            self._fail('"="', '"<"', '">"', '"<="', '">="', '"in"', '"like"')
        self._take()
        return Condition(path.text, op, (self._value(),), path.at)

    def _value(self) -> Token:
        token = self._token
        literal = token.kind in (Kind.STRING, Kind.NUMBER, Kind.DATE)
        if not literal and token.word not in _VALUES:
            self._fail("<STRING_LITERAL>", "<NUMBER>", '"true"', '"false"')
        return self._take()

    def _orders(self) -> Iterator[Order]:
        while True:
            path = self._path()
            direction = self._keyword("asc", "desc")
            yield Order(path.text, direction == "desc", path.at)
            if not self._symbol(","):
                return

    def _number(self) -> int:
        token = self._token
        if token.kind is not Kind.NUMBER or "." in token.text:
            self._fail("<NUMBER>")
        self._take()
        # a page this far out is empty, and a number this long is no position
        return int(token.text) if len(token.text) <= 10 else 10**10
