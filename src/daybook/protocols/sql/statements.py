"""Statement text to statements: lexing that general parsers do not do, and bounds before parsing.

A scanner that knows literals, quoted names and comments cuts a text at its semicolons and rewrites
what this interface's callers write and no parser of PostgreSQL's language reads: `[name]`,
`Table#TEMP`, `Column#1`, `TOP n`, `{d '...'}`. Everything else passes unchanged.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError

from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import (
    DEPTH_MAX,
    LITERAL_LENGTH_MAX,
    PLAN_TEXT_MAX,
    PLANS_CACHED_MAX,
    STATEMENT_LENGTH_MAX,
    STATEMENTS_MAX,
    TOKENS_MAX,
)
from daybook.protocols.sql.rules import CALLED, WRITTEN

_FORMATTED: Final = ("TO_CHAR", "TO_DATE", "TO_TIMESTAMP", "DATE_PART")


class DaybookSql(Postgres):
    """PostgreSQL's language, with formats of dates left as they are written."""

    class Parser(Postgres.Parser):  # type: ignore[valid-type,misc]
        """The parser of the dialect."""

        FUNCTIONS = {
            name: build
            for name, build in Postgres.Parser.FUNCTIONS.items()
            if name not in _FORMATTED
        }
        FUNCTION_PARSERS = {
            name: read
            for name, read in Postgres.Parser.FUNCTION_PARSERS.items()
            if name not in _FORMATTED
        }

        def _parse_function_call(self, *args: Any, **kwargs: Any) -> Any:
            """A call, which keeps the name it was written by: classes have names of their own."""
            name = self._curr.text.lower() if self._curr else ""
            made = super()._parse_function_call(*args, **kwargs)
            inner = made
            while isinstance(inner, exp.Filter | exp.Window | exp.WithinGroup):
                inner = inner.this
            if isinstance(inner, exp.Func) and not isinstance(inner, exp.Anonymous):
                inner.meta.setdefault(WRITTEN, name)
            return made


_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<escape>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>(?:[nN])?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][\w]*)?)\$.*?\$(?P=tag)\$)
  | (?P<param>\$[0-9]+)
  | (?P<quoted>"(?:[^"]|"")*"(?:\#\w+)?)
  | (?P<bracket>\[[^\]\[\n'"]{1,128}\](?:\#\w+)?)
  | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$]*(?:\#\w*)?)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:[A-Za-z_]\w*)?)
  | (?P<op>::|<=|>=|<>|!=|\|\||=>|!~~\*|!~~|~~\*|~~|!~\*|!~|~\*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_NAME: Final = frozenset(
    [
        "select",
        "from",
        "where",
        "and",
        "or",
        "by",
        "on",
        "join",
        "into",
        "update",
        "set",
        "as",
        "distinct",
        "all",
        "in",
        "not",
        "like",
        "ilike",
        "between",
        "when",
        "then",
        "else",
        "case",
        "having",
        "values",
        "table",
        "using",
        "delete",
        "is",
        "desc",
        "asc",
        "returning",
        "union",
        "except",
        "intersect",
        "limit",
        "offset",
        "with",
        "only",
        "natural",
        "inner",
        "left",
        "right",
        "full",
        "cross",
        "lateral",
        "over",
    ]
)
_UNIT: Final = re.compile(r"\s*(?:year|month|day|hour|minute|second)s?\b", re.IGNORECASE)
_AMOUNT: Final = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*")
"""What stands in the text of an interval whose unit comes behind it."""
_TYPED: Final = frozenset(("interval", "date", "timestamp", "timestamptz", "time"))
"""Types that are written before a literal."""
_CAST: Final = re.compile(r"\s*::")
_LOOSE_SIGN: Final = re.compile(r"\+\s*|(-)\s+")
"""Signs as the engine does not take them: a plus, and a minus with a space behind it."""
_ESCAPES: Final = {"d": "DATE", "ts": "TIMESTAMP", "t": "TIME"}


KINDS: Final = frozenset(
    (
        *("select", "with", "values", "table", "show", "explain", "insert", "update", "delete"),
        *("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "set"),
        *("reset", "declare", "fetch", "move", "close", "execute", "exec", "copy"),
        *("create", "drop", "prepare", "deallocate", "discard"),
    )
)
"""Kinds of statements that are named where activity is shown; the text of one never is."""
OTHER: Final = "other"
FREE: Final = frozenset(
    (
        *("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "set"),
        *("reset", "show", "close", "deallocate", "discard", "unlisten"),
    )
)
"""First words of statements that ask nothing of the books, and are not counted for rates."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, name, literal or sign. `text` is as written, names without their quotes."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """The token in lower case if it is a bare word."""
        return self.text.lower() if self.kind == "word" else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text as the parser takes it, and its tokens."""

    text: str
    tokens: tuple[Token, ...] = field(hash=False)

    @property
    def keyword(self) -> str:
        """Its first word in lower case; empty for an empty statement."""
        for token in self.tokens:
            if token.kind == "word":
                return token.word
            if token.text != "(":
                return token.text
        return ""


def kind_of(statement: Statement | None) -> str:
    """A statement's kind, one of `KINDS`: what its first word is."""
    return statement.keyword if statement is not None and statement.keyword in KINDS else OTHER


class _Scanner:
    """Cuts and rewrites one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] = []
        self._tokens: list[Token] = []
        self._depth = 0
        self._bracket_depth = 0
        self._braces: list[str] = []
        self._top: str | None = None
        self._count = 0
        self._weight = 0
        self._end = 0
        """Where what is taken ends."""
        self._typing: int | None = None
        """The piece that is the type of the literal that may follow, where nothing has yet."""

    def run(self) -> Iterator[Statement]:
        """The statements, empty ones left out."""
        at, text = 0, self._text
        while at < len(text):
            found = _TOKEN.match(text, at)
            assert found is not None, "the last alternative takes any character"
            kind = found.lastgroup or "op"
            kind = "dollar" if kind == "tag" else kind
            end = found.end()
            if kind == "block":
                end = self._skip_comment(at)
                self._pieces.append(" ")
            elif kind in ("space", "comment"):
                self._pieces.append(" " if kind == "comment" else found[0])
            elif kind == "op" and found[0] == ";" and not self._depth:
                yield from self._finish()
            else:
                self._end = end
                self._take(kind, found[0])
            if kind not in ("string", "escape", "dollar"):
                self._weight += end - at
                if self._weight > STATEMENT_LENGTH_MAX:
                    message = f"the statement is longer than {STATEMENT_LENGTH_MAX} characters"
                    raise SqlFault(errors.TOO_COMPLEX, message)
            at = end
        yield from self._finish()

    def _finish(self) -> Iterator[Statement]:
        if self._tokens:
            if self._depth:
                raise SqlFault(errors.SYNTAX, "syntax error at end of input")
            text = "".join(self._pieces).strip()
            if self._top is not None:
                text += f" LIMIT {self._top}"
            yield Statement(text, tuple(self._tokens))
        self._pieces, self._tokens, self._top, self._typing = [], [], None, None
        self._count = self._weight = 0

    def _skip_comment(self, at: int) -> int:
        depth, text = 1, self._text
        at += 2
        while depth:
            opened, closed = text.find("/*", at), text.find("*/", at)
            if closed < 0:
                raise SqlFault(errors.SYNTAX, "unterminated /* comment")
            if 0 <= opened < closed:
                depth, at = depth + 1, opened + 2
            else:
                depth, at = depth - 1, closed + 2
        return at

    def _take(self, kind: str, text: str) -> None:
        self._count += 1
        if self._count > TOKENS_MAX:
            message = f"the statement has more than {TOKENS_MAX} words and signs"
            raise SqlFault(errors.TOO_COMPLEX, message)
        if kind in ("string", "escape", "dollar"):
            self._literal(kind, text)
        elif kind == "param":
            self._emit(kind, text, f"{text} ")
        elif kind == "bracket":
            self._bracket(text)
        elif kind == "word":
            self._word(text)
        elif kind == "quoted":
            self._quoted(text)
        elif kind == "number":
            if text[-1] not in ".0123456789" or "_" in text:
                message = f'trailing junk after numeric literal at or near "{text[:60]}"'
                raise SqlFault(errors.SYNTAX, message)
            self._emit(kind, text, text)
        else:
            self._sign(text)

    def _emit(self, kind: str, shown: str, written: str) -> None:
        self._tokens.append(Token(kind, shown))
        self._pieces.append(written)
        named = kind == "word" and shown.lower() in _TYPED
        self._typing = len(self._pieces) - 1 if named else None

    def _literal(self, kind: str, text: str) -> None:
        if len(text) > LITERAL_LENGTH_MAX:
            message = f"a literal has more than {LITERAL_LENGTH_MAX} characters"
            raise SqlFault(errors.LIMIT, message)
        if kind == "dollar":
            tag = text[: text.index("$", 1) + 1]
            value = text[len(tag) : -len(tag)]
        elif kind == "escape":
            value = _unescape(text[2:-1])
        else:
            value = text[text.index("'") + 1 : -1].replace("''", "'")
        escaped = value.replace("'", "''")
        written = f"'{escaped}'"
        if self._typing is not None:
            written = self._of_type(value, written, self._typing)
        self._emit("string", value, written)

    def _of_type(self, value: str, written: str, at: int) -> str:
        """A literal with its type before it, as a cast where the parser reads it otherwise."""
        word = self._tokens[-1].word
        if word == "interval":
            return self._of_interval(value, written, at)
        if _CAST.match(self._text, self._end) is None:
            return written
        self._pieces[at] = "CAST("  # the parser casts the text first, to what comes behind it
        return f"{written} AS {word})"

    def _of_interval(self, value: str, written: str, at: int) -> str:
        """An interval as a cast: what is none the parser cuts, `1 day 2:00` to one day."""
        if _UNIT.match(self._text, self._end) is None:
            self._pieces[at] = "CAST("
            plain = _LOOSE_SIGN.sub(r"\1", written)
            return f"{plain} AS INTERVAL)"
        if _AMOUNT.fullmatch(value) is None and self._tokens[0].word != "set":
            raise errors.unsupported("an interval has its units in its text or one behind it")
        return written

    def _bracket(self, text: str) -> None:
        inner, _, suffix = text[1:].partition("]")
        last = self._tokens[-1] if self._tokens else None
        operand = last is not None and (
            last.kind in ("quoted", "string", "param", "number")
            or last.text in (")", "]")
            or (last.kind == "word" and last.word not in _BEFORE_NAME)
        )
        name = inner.strip()
        if operand or not re.fullmatch(r"[A-Za-z_][\w :@#]*", name):
            # a subscript or an array: what is inside is read again, sign by sign
            self._sign("[")
            for each in _TOKEN.finditer(inner):
                kind = each.lastgroup or "op"
                if kind == "space":
                    self._pieces.append(each[0])
                else:
                    self._take(kind, each[0])
            self._sign("]")
            return
        self._emit("quoted", name + suffix, f'"{name + suffix}"')

    def _quoted(self, text: str) -> None:
        body, _, suffix = text.rpartition('"')
        name = body[1:].replace('""', '"') + suffix
        if not name:
            raise SqlFault(errors.SYNTAX, 'zero-length delimited identifier at or near """"')
        escaped = name.replace('"', '""')
        self._emit("quoted", name, f'"{escaped}"')

    def _word(self, text: str) -> None:
        word = text.lower()
        if "#" in text:
            self._emit("quoted", text, f'"{text}"')
            return
        if self._braces and self._braces[-1] == "{":
            self._brace_word(text, word)
            return
        tokens = self._tokens
        if (
            word == "top"
            and not self._depth
            and tokens
            and tokens[-1].word in ("select", "distinct")
            and sum(token.word == "select" for token in tokens) == 1
        ):
            found = re.compile(r"\s*\(?\s*([0-9]{1,18})\b\s*\)?").match(
                self._text, self._position(text)
            )
            if found is not None:
                self._top = found[1]
        self._emit("word", text, text)

    def _position(self, text: str) -> int:
        """Where in the text the scanner stands, just behind a word."""
        written = sum(map(len, self._pieces))
        at = self._text.lower().find(text.lower(), max(0, written - len(text) - 1))
        return at + len(text)

    def _brace_word(self, text: str, word: str) -> None:
        if word not in (*_ESCAPES, "fn", "oj"):
            raise SqlFault(errors.SYNTAX, 'syntax error at or near "{"')
        self._braces[-1] = word
        if word in _ESCAPES:
            self._emit("word", _ESCAPES[word], f" {_ESCAPES[word]} ")

    def _sign(self, text: str) -> None:
        if text in "([":
            self._depth += 1
            if self._depth > DEPTH_MAX:
                message = f"more than {DEPTH_MAX} open parentheses"
                raise SqlFault(errors.TOO_COMPLEX, message)
        elif text == "]" and [token.text.lower() for token in self._tokens[-2:]] == ["oid", "["]:
            # the parser has no arrays of these, but of what they are
            self._pieces[-2] = "uint"
            self._depth -= 1
        elif text in ")]":
            self._depth -= 1
            if self._depth < 0:
                raise SqlFault(errors.SYNTAX, f'syntax error at or near "{text}"')
        elif text == "{":
            self._braces.append("{")
            return
        elif text == "}":
            if not self._braces:
                raise SqlFault(errors.SYNTAX, 'syntax error at or near "}"')
            self._braces.pop()
            return
        elif text == "?":
            hint = "parameters are written $1, $2"
            raise SqlFault(errors.SYNTAX, 'syntax error at or near "?"', hint=hint)
        elif text == "'":
            raise SqlFault(errors.SYNTAX, "unterminated quoted string")
        elif text == '"':
            raise SqlFault(errors.SYNTAX, "unterminated quoted identifier")
        elif text == "\0":
            raise SqlFault(errors.SYNTAX, "a zero byte in the statement")
        self._emit("op", text, text)


_BACKSLASHES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPED = re.compile(
    r"''|\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)


def _unescape(text: str) -> str:
    """What E'...' means: octal and hexadecimal escapes are bytes of UTF-8."""

    def one(found: re.Match[str]) -> str:
        if found[0] == "''":
            return "'"
        number = int(found[1], 8) & 255 if found[1] else int(found[2], 16) if found[2] else None
        if number is not None:
            # a byte above ASCII waits for its neighbours under a surrogate's number
            return chr(number) if number < _ASCII_END else chr(_BYTES + number)
        point = int(found[3] or found[4] or "0", 16)
        if point > sys.maxunicode or _BYTES + 0x80 <= point <= _BYTES + 0xFF:
            raise SqlFault("22025", "invalid Unicode escape value")
        return chr(point) if point else _BACKSLASHES.get(found[5], found[5] or "\0")

    made = _ESCAPED.sub(one, text)
    try:
        made = made.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        made = made.encode("utf-8", "surrogateescape").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        raise SqlFault("22021", 'invalid byte sequence for encoding "UTF8"') from None
    if "\0" in made:
        raise SqlFault("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return made


_ASCII_END: Final = 0x80
_BYTES: Final = 0xDC00
"""Where Python keeps bytes that are not text (surrogateescape)."""


def split(text: str) -> list[Statement]:
    """The statements of a text. Raises `SqlFault`."""
    if len(text) <= PLAN_TEXT_MAX:
        return list(_split_kept(text))
    return list(_split(text))


def _split(text: str) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for statement in _Scanner(text).run():
        if len(found) == STATEMENTS_MAX:
            raise SqlFault(errors.TOO_COMPLEX, f"more than {STATEMENTS_MAX} statements at once")
        found.append(statement)
    return tuple(found)


_split_kept = lru_cache(PLANS_CACHED_MAX)(_split)

_TOP = re.compile(r"\bTOP\s*(?:\(\s*[0-9]+\s*\)|[0-9]+)", re.IGNORECASE)


def parse(statement: Statement) -> exp.Expr:
    """The syntax tree of a statement, the caller's to change. Raises `SqlFault`."""
    text = statement.text
    if any(token.word == "top" for token in statement.tokens[:4]):
        text = _TOP.sub("", text, count=1)
    if len(text) <= PLAN_TEXT_MAX:
        return _parse_kept(text).copy()
    return _parse(text)


def _parse(text: str) -> exp.Expr:
    try:
        found = sqlglot.parse_one(text, read=DaybookSql)
    except RecursionError:
        raise SqlFault(errors.TOO_COMPLEX, "the statement is nested too deeply") from None
    except ParseError as fault:
        raise _syntax_error(fault) from None
    except TokenError as fault:
        raise SqlFault(errors.SYNTAX, f"syntax error: {str(fault)[:200]}") from None
    if isinstance(found, exp.Command) or found is None:
        raise errors.unsupported("this statement is not supported")
    for call in found.find_all(exp.Func, exp.Binary):
        place = call.meta
        if "start" in place:
            place[CALLED] = text[place["start"] : place["end"] + 1].lower().strip('"')
    return found


def _syntax_error(fault: ParseError) -> SqlFault:
    details = fault.errors[0] if fault.errors else {}
    near = str(details.get("highlight") or "").strip()[:60]
    message = f'syntax error at or near "{near}"' if near else "syntax error at end of input"
    return SqlFault(errors.SYNTAX, message)


_parse_kept = lru_cache(PLANS_CACHED_MAX)(_parse)
