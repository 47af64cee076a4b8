"""`to_char` of numbers: what a format makes of a number, as steps that the engine takes by text.

How a format comes out depends on few things: the sign, how many digits are before the point, and
how many of those behind it matter. For each of these cases the format is gone through once, when
the statement is planned, and becomes a regular expression with what to write in place of what it
matches. One of them matches the text of any number, and takes the mark from its front.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors, literals
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import FORMAT_STEPS_MAX
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.rules import WHOLE

_KEYS: Final = ("EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", *",.09BCDGLSV")
"""Patterns, the longer ones first; each in capitals or in small letters."""
_TEXT: Final = re.compile(r'"((?:\\.|[^"\\]|\\\Z)*)(?:"|\Z)|\\(")|(.)', re.DOTALL)
"""Other text: in quotes, a quote by itself, any sign."""
_MARK: Final = "\x01"
"""Before the text of a number that no case has matched yet."""
_END: Final = "\0"
"""Where PostgreSQL reads past the number, which ends the text."""
_SIGN: Final = -1
"""The place of the sign in what is written; other places are those of the number's digits."""
_GROUPS_MAX: Final = 9
"""Groups that can be named in what replaces a match: runs of digits, and the sign."""

Piece = str | int
_DIGIT: Final = "[0-9]"
_ENDINGS: Final = (
    ("st", ("[02-9]", "1")),
    ("nd", ("[02-9]", "2")),
    ("rd", ("[02-9]", "3")),
    ("th", ("[02-9]", "[04-9]")),
    ("th", ("1", _DIGIT)),
)
"""What follows ordinal numbers, by their last two digits."""
_LARGEST: Final = {pg.INT2: 5, pg.INT4: 10, pg.INT8: 19, pg.FLOAT4: 39, pg.FLOAT8: 309}
"""Digits before the point of the largest numbers."""
_EXACT_DIGITS: Final = 39
"""Those of the largest exact number: the engine's own whole numbers have one more than decimals."""
_SHIFT_MAX: Final = 18
"""Places that V may shift a whole number by: further, none but 0 is one of its type."""
_PRECISE: Final = {pg.FLOAT4: 6, pg.FLOAT8: 15}
"""Digits that PostgreSQL shows of floating point numbers."""


@dataclass
class _Form:
    """What a format says."""

    words: list[tuple[str, str]]
    """Each with what is done: a pattern in capitals, or `text` with the text."""
    pre: int = 0
    post: int = 0
    shift: int = 0
    zero_start: int | None = None
    zero_end: int = 0
    point: bool = False
    shifted: bool = False
    fill: bool = False
    plus: bool = False
    minus: bool = False
    bracket: bool = False
    anchor: int | None = None
    """Digits before an S that stands before the point."""
    trailing: bool = False
    """Whether an S stands behind the point."""

    @property
    def anchored(self) -> bool:
        """Whether there is an S, whose sign is written beside the number."""
        return self.trailing or self.anchor is not None

    @property
    def ordinal(self) -> bool:
        """Whether TH is written behind some numbers."""
        return not self.point and any(word == "TH" for word, _ in self.words)


@dataclass(frozen=True)
class _Number:
    """Numbers that come out alike. Of each place: what matches it, and it itself where known."""

    cells: list[tuple[str, str | None]]
    whole: int
    post: int
    rest: str = ""
    ending: str = "th"

    def at(self, place: int) -> str | None:
        """What is known of a place: empty behind the last one."""
        return self.cells[place][1] if place < len(self.cells) else _END

    @property
    def overflows(self) -> bool:
        """Whether it has more digits than there is room for."""
        return "#" in (cell[1] for cell in self.cells)


def _wrong(message: str) -> SqlFault:
    return SqlFault(errors.SYNTAX, message)


def _read(text: str) -> _Form:
    """A format. Raises `SqlFault` for one that is none."""
    if _MARK in text:
        raise errors.unsupported("control characters in a format are not supported")
    form, at = _Form([]), 0
    while at < len(text):
        key = next((key for key in _KEYS if text.startswith((key, key.lower()), at)), None)
        if key is not None:
            _take(form, key)
            form.words.append((key, text[at : at + len(key)]))
            at += len(key)
            continue
        found = _TEXT.match(text, at)
        assert found is not None, "any character is matched"
        quoted = re.sub(r"\\(.)", r"\1", found[1] or "", flags=re.DOTALL)
        form.words.append(("text", found[2] or found[3] or quoted))
        at = found.end()
    return form


def _take(form: _Form, word: str) -> None:
    """One pattern of a format."""
    match word:
        case "9" | "0":
            _take_digit(form, word)
        case "D" | ".":
            if form.point:
                raise _wrong("multiple decimal points")
            if form.shifted:
                raise _wrong('cannot use "V" and decimal point together')
            form.point = True
        case "V":
            if form.point:
                raise _wrong('cannot use "V" and decimal point together')
            form.shifted = True
        case "FM":
            form.fill = True
        case "S" | "MI" | "PL" | "SG" | "PR":
            _take_sign(form, word)
        case "EEEE" | "RN":
            raise errors.unsupported(f"to_char of numbers with {word} is not supported")


def _take_digit(form: _Form, word: str) -> None:
    if form.bracket:
        raise _wrong(f'"{word}" must be ahead of "PR"')
    if word == "9" and form.shifted:
        form.shift += 1
        return
    if word == "0" and form.zero_start is None and not form.point:
        form.zero_start = form.pre
    if form.point:
        form.post += 1
    else:
        form.pre += 1
    if word == "0":
        form.zero_end = form.pre + form.post


def _take_sign(form: _Form, word: str) -> None:
    if word == "S":
        if form.anchored:
            raise _wrong('cannot use "S" twice')
        if form.plus or form.minus or form.bracket:
            raise _wrong('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
        form.trailing = form.point
        form.anchor = None if form.point else form.pre
        return
    if word == "PR":
        if form.anchored or form.plus or form.minus:
            raise _wrong('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
        form.bracket = True
        return
    if form.anchored:
        raise _wrong(f'cannot use "S" and "{word}" together')
    form.minus = form.minus or word in ("MI", "SG")
    form.plus = form.plus or word in ("PL", "SG")


class _Writer:
    """Writes numbers of one case by a format, as PostgreSQL goes through it."""

    def __init__(self, form: _Form, number: _Number, negative: bool, relevant: int | None) -> None:
        self.form, self.number, self.negative = form, number, negative
        self.relevant = relevant
        self.blanks = max(form.pre - number.whole, 0)
        self.made: list[Piece] = []
        self.place = self.next = 0
        self.inside = False
        self.bracket = form.bracket and (negative or not form.fill)
        self.sign_behind = form.trailing or form.anchor == form.pre
        if form.plus or form.minus:
            self.signed = form.minus
        else:
            self.signed = form.fill and not negative and not form.anchored
        self.last = number.post + form.pre - 1
        if not self.signed and not self.blanks:
            self.last += 1
        self.last += bool(self.blanks) + form.point

    def run(self) -> list[Piece]:
        """What is written."""
        for word, text in self.form.words:
            self._word(word, text)
        end = self.made.index(_END) if _END in self.made else len(self.made)
        return [piece for piece in self.made[:end] if piece != ""]

    def _blank(self) -> str:
        return "" if self.form.fill else " "

    def _sign(self, positive: str) -> Piece:
        return _SIGN if self.negative else positive

    def _word(self, word: str, text: str) -> None:
        match word:
            case "9" | "0" | "." | "D":
                self._digit(word)
            case "," | "G":
                self.made.append("," if self.inside else self._blank())
            case "L":
                self.made.append(" ")
            case "MI":
                self.made.append(self._sign(self._blank()))
            case "PL":
                self.made.append(self._blank() if self.negative else "+")
            case "SG":
                self.made.append(self._sign("+"))
            case "TH":
                if not (self.number.overflows or self.negative or self.form.point):
                    ending = self.number.ending
                    self.made.append(ending.upper() if text == "TH" else ending)
            case "text":
                self.made.append(text)

    def _digit(self, word: str) -> None:
        self.inside = False
        self._sign_before()
        start = self.form.zero_start
        if self.place < self.blanks:
            self.inside = start is not None and start <= self.place
            self.made.append("0" if self.inside else self._blank())
        else:
            self._next_cell(word)
        end = self.place if self.relevant is not None and self.relevant == self.next else self.last
        if self.place + 1 == end:
            if self.signed and self.bracket:
                self.made.append(">" if self.negative else " ")
            elif self.form.anchored and self.sign_behind:
                self.made.append(self._sign("+"))
        self.place += 1

    def _is_lone_zero(self) -> bool:
        """Whether next is the zero before a point, which is shown where the format says so."""
        plain = self.form.zero_start is None and self.number.post != 0
        return plain and self.next == 0 and self.number.at(0) == "0"

    def _ends_at_point(self) -> bool:
        return self.relevant is not None and self.number.at(self.relevant) == "."

    def _sign_before(self) -> None:
        reached = self.place >= self.blanks or self.form.zero_start == self.place
        if self.signed or not reached or (self._is_lone_zero() and not self._ends_at_point()):
            return
        if self.form.anchored:
            if self.sign_behind:
                return
            self.made.append(self._sign("+"))
        elif self.bracket:
            self.made.append("<" if self.negative else " ")
        else:
            self.made.append(self._sign(self._blank()))
        self.signed = True

    def _next_cell(self, word: str) -> None:
        known = self.number.at(self.next)
        if known == ".":
            self.made.append(".")
        elif self.relevant is not None and self.next > self.relevant and word != "0":
            pass
        elif self._is_lone_zero():
            self.made.append("0" if self.form.fill and self._ends_at_point() else self._blank())
        else:
            self.made.append(self.next if known is None else known)
            self.inside = True
        self.next += self.next < len(self.number.cells)


@dataclass(frozen=True)
class _Case:
    """A regular expression, and what to write for what it matches."""

    pattern: str
    made: str


def _cases(form: _Form, number: _Number) -> Iterator[_Case]:
    """What a format makes of numbers with so many digits, for each number of those that matter."""
    point = next((at for at, cell in enumerate(number.cells) if cell[1] == "."), None)
    if not (form.fill and form.point) or point is None:
        yield from _with_sign(form, number, None)
        return
    blanks, end = max(form.pre - number.whole, 0), len(number.cells) - 1
    kept = min(form.zero_end - blanks, end) if form.zero_end > blanks else point
    known = [at for at in range(point + 1, end + 1) if number.cells[at][1] not in (None, "0")]
    least = max(kept, point, *known)
    yield from _with_sign(form, _zeros_behind(number, least), least)
    for relevant in range(least + 1, end + 1):
        if number.cells[relevant][1] is None:
            cells = list(number.cells)
            cells[relevant] = ("[1-9]", None)
            trimmed = _zeros_behind(replace(number, cells=cells), relevant)
            yield from _with_sign(form, trimmed, relevant)


def _zeros_behind(number: _Number, place: int) -> _Number:
    behind = [("0", "0")] * (len(number.cells) - place - 1)
    return replace(number, cells=[*number.cells[: place + 1], *behind])


def _with_sign(form: _Form, number: _Number, relevant: int | None) -> Iterator[_Case]:
    negative = _Writer(form, number, True, relevant).run()
    positive = _Writer(form, number, False, relevant).run()
    mark = _positive_mark(form)
    alike = [mark if piece == _SIGN else piece for piece in negative]
    if [piece for piece in alike if piece] == [piece for piece in positive if piece != ""]:
        yield _case(number, f"(-|{re.escape(mark)})", negative)
        return
    yield _case(number, "(-)", negative)
    yield _case(number, re.escape(mark), positive)


def _positive_mark(form: _Form) -> str:
    """What stands in the text of positive numbers where negative ones have their sign."""
    if form.anchored or (form.plus and form.minus):
        return "+"
    return "" if form.fill else " "


def _case(number: _Number, sign: str, pieces: Sequence[Piece]) -> _Case:
    """The regular expression of a case, with a group for each run of digits that is written."""
    starts = {
        piece
        for at, piece in enumerate(pieces)
        if isinstance(piece, int)
        and piece >= 0
        and (not at or piece == 0 or pieces[at - 1] != piece - 1)
    }
    written = {piece for piece in pieces if isinstance(piece, int)}
    groups, pattern, inside = {_SIGN: 1}, "^" + _MARK + sign, False
    count = 1 if sign.startswith("(") else 0
    for at, (match, _) in enumerate(number.cells):
        if inside and (at in starts or at not in written):
            pattern, inside = pattern + ")", False
        if at in starts:
            count += 1
            groups[at] = count
            pattern, inside = pattern + "(", True
        pattern += match
    pattern += (")" if inside else "") + number.rest + "$"
    if count > _GROUPS_MAX:
        raise errors.unsupported("a format with so many parts of a number is not supported")
    made = "".join(
        piece.replace("\\", "\\\\") if isinstance(piece, str) else f"\\{groups[piece]}"
        for piece in pieces
        if isinstance(piece, str) or piece in groups
    )
    return _Case(pattern, made)


def _wholes(form: _Form, digits: int) -> Iterator[tuple[list[tuple[str, str | None]], str]]:
    """The parts before the point: each place, and the ending of an ordinal number."""
    apart = form.ordinal or (form.zero_start is None and form.post > 0)
    for count in range(1, min(form.pre, digits) + 1):
        plain: list[tuple[str, str | None]] = [(_DIGIT, None)] * count
        if count == 1 and apart:
            yield [("0", "0")], "th"
            plain = [("[1-9]", None)]
        if not form.ordinal:
            yield plain, "th"
            continue
        for ending, pair in _ENDINGS:
            last = pair[1] if count > 1 else pair[1].replace("0", "")
            if count > 1:
                yield [*plain[:-2], (pair[0], None), (last, None)], ending
            elif pair[0] != "1":
                yield [(last, None)], ending


def _numbers(form: _Form, kind: int, digits: int) -> Iterator[_Number]:
    """The cases there are of a type of numbers, the most frequent ones first."""
    precise = _PRECISE.get(kind)
    for whole, ending in _wholes(form, digits):
        count = len(whole)
        for post in _posts(form.post, count, precise):
            decimals: list[tuple[str, str | None]] = [(_DIGIT, None)] * post
            if kind in WHOLE:
                decimals = [("0", "0")] * post
            cells = [*whole, ("[.]", "."), *decimals] if post else whole
            rest = "[0-9]*" if post and precise is None else ""
            yield _Number(cells, count, post, rest, ending)
    if precise is not None:
        for name in ("NaN", "Infinity"):
            post = min(form.post, max(precise - len(name), 0))
            cells = [(sign, sign) for sign in name]
            yield (
                _Number(cells, len(name), post)
                if len(name) <= form.pre
                else _full(form, name, post)
            )
    if form.pre < digits:
        more = f"[0-9]{{{form.pre + 1},}}"
        for post in _posts(form.post, form.pre + 1, precise, further=True):
            behind = f"[.][0-9]{{{post}}}" if post else ""
            yield _full(form, more + behind + ("[0-9]*" if post and precise is None else ""), post)


def _posts(post: int, whole: int, precise: int | None, further: bool = False) -> list[int]:
    """How many decimals numbers may be shown with that have so many digits before the point."""
    if precise is None:
        return [post]
    most = min(post, max(precise - whole, 0))
    # of what is rounded up to one more digit, there may be one less; of longer ones, fewer still
    least = 0 if further else min(post, max(precise - whole - 1, 0))
    return list(range(most, least - 1, -1))


def _full(form: _Form, pattern: str, post: int) -> _Number:
    """Numbers that there is no room for."""
    shown = "#" * form.pre + "." + "#" * post
    cells: list[tuple[str, str | None]] = [("", sign) for sign in shown]
    cells[0] = (pattern, shown[0])
    return _Number(cells, form.pre, post)


def number_text(value: exp.Expr, given: exp.Expr, kind: int, scale: int) -> exp.Expr:
    """`to_char` of a number with so many digits behind the point."""
    while isinstance(given, exp.Cast | exp.Paren):
        given = given.this
    if not (isinstance(given, exp.Literal) and given.is_string):
        raise errors.unsupported("the format of to_char has to be written out, as a literal")
    form = _read(given.name)
    if form.ordinal and not form.pre + form.shift:
        raise SqlFault(errors.BAD_TEXT, '"." is not a number')
    if form.ordinal and kind in _PRECISE:
        raise errors.unsupported(
            "to_char of floating point numbers with TH is not supported; cast them, as in"
            " x::numeric(20,0)"
        )
    text = _as_text(value, form, kind, scale)
    form.pre += form.shift
    largest = _LARGEST.get(kind, _EXACT_DIGITS) + form.shift
    steps = _prepared(form, kind)
    for number in _numbers(form, kind, largest):
        steps += [(each.pattern, each.made) for each in _cases(form, number)]
        if len(steps) > FORMAT_STEPS_MAX:
            raise errors.unsupported("a format with so many digits is not supported")
    return _chained(text, steps)


def _as_text(value: exp.Expr, form: _Form, kind: int, scale: int) -> exp.Expr:
    """A number as text, with at least the decimals that are shown, and the mark before it."""
    if kind in _PRECISE:
        name = "DOUBLE" if kind == pg.FLOAT8 else "FLOAT"
        if form.shifted:
            factor = exp.Cast(
                this=exp.Literal.string(f"1e{form.shift}"), to=exp.DataType.build(name, "duckdb")
            )
            value = exp.Mul(this=exp.Paren(this=value), expression=factor)
        given = [value, exp.Literal.number(form.post), exp.Literal.number(_PRECISE[kind])]
        text: exp.Expr = exp.Anonymous(this="pg_double_fixed", expressions=given)
    else:
        kept = form.post + form.shift
        if kind in WHOLE and form.shift:
            value = _shifted(value, form.shift, kind)
        elif kind not in WHOLE and scale > kept:
            value = exp.Round(this=value, decimals=exp.Literal.number(kept))
        text = exp.Cast(this=value, to=exp.DataType.build("VARCHAR", "duckdb"))
    return exp.Paren(this=exp.DPipe(this=exp.Literal.string(_MARK), expression=text))


def _shifted(value: exp.Expr, shift: int, kind: int) -> exp.Expr:
    """A whole number by a power of ten, which must be a number of its type as well."""
    if shift > _SHIFT_MAX:
        raise SqlFault(errors.OUT_OF_RANGE, f"{literals.TYPE_NAMES[kind]} out of range")
    factor = exp.Cast(
        this=exp.Literal.string(str(10**shift)), to=exp.DataType.build("HUGEINT", "duckdb")
    )
    product = exp.Paren(this=exp.Mul(this=exp.Paren(this=value), expression=factor))
    name = "BIGINT" if kind == pg.INT8 else "INT"
    return exp.Cast(this=product, to=exp.DataType.build(name, "duckdb"))


def _prepared(form: _Form, kind: int) -> list[tuple[str, str]]:
    """Steps to the text of a number as cases expect it."""
    steps = []
    if kind not in _PRECISE:
        if kind not in WHOLE:
            steps.append((rf"^{_MARK}(-?)[.]", rf"{_MARK}\10."))
        if form.shift and kind not in WHOLE:
            steps += [
                (r"^([^.]*)$", r"\1."),
                (r"$", "0" * form.shift),
                (rf"[.]([0-9]{{{form.shift}}})[0-9]*$", r"\1"),
                (rf"^{_MARK}(-?)0+([0-9])", rf"{_MARK}\1\2"),
            ]
        elif form.post:
            steps += [(r"^([^.]*)$", r"\1."), (r"$", "0" * form.post)]
    mark = _positive_mark(form)
    if mark:
        steps.append((rf"^{_MARK}([^-])", rf"{_MARK}{mark}\1"))
    return steps


def _chained(text: exp.Expr, steps: Sequence[tuple[str, str]]) -> exp.Expr:
    """Steps of text, each upon what the one before it made, without a tree as deep as they are."""
    given: list[exp.Expr] = [text]
    for at, step in enumerate(steps):
        closing = ")" if at < len(steps) - 1 else ""
        pattern, made = (part.replace("'", "''") for part in step)
        given += [exp.Var(this=f"'{pattern}'"), exp.Var(this=f"'{made}'{closing}")]
    return exp.Anonymous(this="(".join(["regexp_replace"] * len(steps)), expressions=given)
