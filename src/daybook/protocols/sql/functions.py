"""Which functions a query may call, and formats of dates as text.

A function that is not listed does not exist here, whatever the engine has: nothing reaches a
file, the network, other sessions or the engine's own settings through a function call.
"""

from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.pgwire import types as pg

ALLOWED_NAMES: Final = frozenset(
    [
        "age",
        "bit_length",
        "bool_and",
        "bool_or",
        "ceiling",
        "char_length",
        "character_length",
        "concat",
        "concat_ws",
        "cume_dist",
        "date_part",
        "degrees",
        "div",
        "every",
        "generate_subscripts",
        "initcap",
        "isfinite",
        "justify_days",
        "left",
        "length",
        "lpad",
        "ltrim",
        "make_date",
        "make_timestamp",
        "md5",
        "now",
        "octet_length",
        "percent_rank",
        "pi",
        "radians",
        "repeat",
        "replace",
        "reverse",
        "right",
        "rpad",
        "rtrim",
        "scope_identity",
        "sign",
        "split_part",
        "starts_with",
        "statement_timestamp",
        "strpos",
        "to_hex",
        "transaction_timestamp",
        "translate",
        "clock_timestamp",
        "ntile",
        "cardinality",
        "array_position",
        "array_append",
        "array_prepend",
        "array_cat",
        "array_to_string",
        "string_to_array",
        "json_build_object",
        "row_to_json",
        "jsonb_agg",
        "to_json",
        "trim_array",
        "unnest",
        "array_length",
        "generate_series",
        "pg_range",
        "pg_get_keywords",
        "to_char",
        "to_date",
        "to_timestamp",
    ]
)
"""Functions that the parser does not know as such, by name."""


def _classes(names: str) -> tuple[type[exp.Expr], ...]:
    found = (getattr(exp, name, None) for name in names.split())
    return tuple(kind for kind in found if kind is not None)


ALLOWED_CLASSES: Final = _classes(
    """
    Collate Abs AnyValue ApproxDistinct Array ArrayAgg ArrayConcat ArrayLength ArraySize
    ArrayContains
    Ascii Avg BitLength Case Cast Cbrt Ceil Chr Coalesce Concat ConcatWs Corr Count CountIf
    CovarPop CovarSamp CumeDist CurrentDate CurrentTime CurrentTimestamp CurrentUser
    CurrentSchema CurrentDatabase CurrentCatalog CurrentVersion SessionUser Localtime
    Localtimestamp DateTrunc TimestampTrunc DateAdd DateSub DateDiff DenseRank Exists Exp
    Explode Extract FirstValue Floor GenerateSeries Greatest GroupConcat Grouping If Initcap
    LastValue Lag Lead Least Left Length Ln Log LogicalAnd LogicalOr Lower MD5 Max Min Mod Mode
    NthValue Ntile Nullif Overlay Pad PercentileCont PercentileDisc PercentRank Pow Quantile
    Rank RegexpLike RegexpILike RegexpReplace RegexpSplit Repeat Replace Reverse Right Round
    RowNumber Sign Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition
    StringToArray Substring Sum TimeToStr ToChar StrToTime StrToDate ToNumber Translate Trim
    Trunc Unnest Upper Variance VariancePop RegrSlope Date Timestamp TsOrDsToDate
    TimestampFromParts DateFromParts Cot Cos Sin Tan Pi Degrees Radians ArrayToString
    UnixToTime BitwiseAndAgg Unicode Hex RegrIntercept RegrR2 RegrCount JSONObject JSONExtract
    WidthBucket JSONArrayAgg JSONObjectAgg JSONBObjectAgg
    Format Age CurrentSchemas MakeInterval IsInf IsNan AtTimeZone ToArray Cardinality Inline
    """
)
"""Functions that the parser knows."""

_TOKENS: Final = (
    "YYYY",
    "YY",
    "Month",
    "MONTH",
    "month",
    "Mon",
    "MON",
    "mon",
    "MM",
    "DDD",
    "DD",
    "Day",
    "DAY",
    "day",
    "Dy",
    "DY",
    "dy",
    "HH24",
    "HH12",
    "HH",
    "MI",
    "SS",
    "MS",
    "US",
    "IW",
    "IYYY",
    "ID",
    "Q",
    "AM",
    "PM",
    "am",
    "pm",
    "WW",
    "D",
)
_STRFTIME: Final = {
    "YYYY": "%Y",
    "YY": "%y",
    "Mon": "%b",
    "MM": "%m",
    "DDD": "%j",
    "DD": "%d",
    "Dy": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "MS": "%g",
    "US": "%f",
    "AM": "%p",
    "PM": "%p",
    "IW": "%V",
    "IYYY": "%G",
    "ID": "%u",
}


def _pieces(pattern: str) -> list[tuple[str, bool]]:
    """A format cut into tokens (True) and plain text."""
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(pattern):
        if pattern[at] == '"':
            end = pattern.find('"', at + 1)
            end = len(pattern) if end < 0 else end
            found.append((pattern[at + 1 : end], False))
            at = end + 1
            continue
        fill = pattern.startswith("FM", at)
        start = at + 2 if fill else at
        token = next((each for each in _TOKENS if pattern.startswith(each, start)), None)
        if token is not None:
            found.append(("FM" + token if fill else token, True))
            at = start + len(token)
            continue
        if pattern[at].isalpha():
            raise errors.unsupported(f'the format "{pattern[:60]}" is not supported')
        found.append((pattern[at], False))
        at += 1
    return found


def _anonymous(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _piece(value: exp.Expr, token: str) -> exp.Expr:
    fill, token = token.startswith("FM"), token.removeprefix("FM")
    word = token.lower()
    if word in ("month", "day", "mon", "dy"):
        code = {"month": "%B", "day": "%A", "mon": "%b", "dy": "%a"}[word]
        text = _anonymous("strftime", value.copy(), exp.Literal.string(code))
        if token.isupper():
            text = exp.Upper(this=text)
        elif token.islower():
            text = exp.Lower(this=text)
        if word in ("month", "day") and not fill:
            text = _anonymous("rpad", text, exp.Literal.number(9), exp.Literal.string(" "))
        return text
    if token in ("am", "pm"):
        return exp.Lower(this=_anonymous("strftime", value.copy(), exp.Literal.string("%p")))
    if token in ("Q", "D", "WW"):
        part = {"Q": "quarter", "D": "dow", "WW": "doy"}[token]
        number: exp.Expr = exp.Extract(this=exp.Var(this=part), expression=value.copy())
        if token == "D":
            number = exp.Paren(this=exp.Add(this=number, expression=exp.Literal.number(1)))
        text = exp.Cast(this=number, to=exp.DataType.build("VARCHAR", "duckdb"))
        if token == "WW":
            week = exp.Paren(
                this=exp.IntDiv(
                    this=exp.Paren(this=exp.Add(this=number, expression=exp.Literal.number(6))),
                    expression=exp.Literal.number(7),
                )
            )
            text = exp.Cast(this=week, to=exp.DataType.build("VARCHAR", "duckdb"))
            return _anonymous("lpad", text, exp.Literal.number(2), exp.Literal.string("0"))
        return text
    text = _anonymous("strftime", value.copy(), exp.Literal.string(_STRFTIME[token]))
    if fill:
        return _anonymous("ltrim", text, exp.Literal.string("0"))
    return text


FORMATTING: Final = frozenset(("to_char", "to_date", "to_timestamp"))
"""Functions with a format, which has to be known when the statement is planned."""


def format_expression(node: exp.Anonymous, kind: int | None) -> exp.Expr:
    """`to_char`, `to_date` and `to_timestamp`. `kind` is the type of the first argument."""
    name = str(node.name).lower()
    if len(node.expressions) != 2:
        raise errors.unsupported(f"{name} takes a value and a format here")
    value, given = node.expressions
    if not (isinstance(given, exp.Literal) and given.is_string):
        raise errors.unsupported("a format is a literal here")
    pattern = given.this
    if name != "to_char":
        return _read(name, value, pattern)
    if kind not in (pg.DATE, pg.TIMESTAMP, pg.TIMESTAMPTZ):
        raise errors.unsupported(
            "to_char takes a date, a timestamp or a number here; cast what it is given, as in"
            " x::numeric"
        )
    parts = [
        _piece(value, text) if token else exp.Literal.string(text)
        for text, token in _pieces(pattern)
    ]
    made = parts[0] if parts else exp.Literal.string("")
    for part in parts[1:]:
        made = exp.DPipe(this=made, expression=part)
    return exp.Paren(this=made)


def _read(name: str, value: exp.Expr, pattern: str) -> exp.Expr:
    pieces = _pieces(pattern)
    if any(token and text not in _STRFTIME for text, token in pieces):
        raise errors.unsupported(f'the format "{pattern[:60]}" is not supported')
    code = "".join(_STRFTIME[text] if token else text for text, token in pieces)
    made = _anonymous("strptime", value.copy(), exp.Literal.string(code))
    target = "DATE" if name == "to_date" else "TIMESTAMPTZ"
    return exp.Cast(this=made, to=exp.DataType.build(target, "duckdb"))
