"""Functions that the analytical engine lacks or means otherwise than PostgreSQL does.

A quotient of exact numbers is exact: long division of whole numbers to 16 decimals, the last one
rounded half away from zero.

What means different things for different types has a macro for each, and the rewriter, which knows
the types of aggregates before the engine does, names the right one. A macro with several forms is
for arguments whose type it cannot tell, and fails where an aggregate is among them.

Where a macro takes decimals away, it says so with `round`, or with TRY_CAST where there are none:
a plain cast that does is taken for the engine's own (`losses`).
"""

from typing import Final

QUOTIENT_SCALE: Final = 16
"""Decimals of a quotient of exact numbers; PostgreSQL gives 16 to most."""

TEXT_SCALE: Final = 12
"""Decimals of a number that is given as a parameter or read from text: rates have 10."""

TEXT_MAX: Final = 8 * 1024 * 1024
"""Bytes of a text that a function may make of a shorter one: what a literal may have."""

TOO_LONG: Final = "requested length too large"
UNSHOWN: Final = "this value is not shown as text here"
NO_DAY: Final = "date/time before every one there is"
NO_NAME: Final = "null values cannot be formatted as an SQL identifier"
NO_KEY: Final = "null value not allowed for object key"
ESCAPES: Final = "escapes are read in literals of bytea alone"
_UNIT: Final = 10**QUOTIENT_SCALE
_SCALE: Final = 10**6

# As a whole number of units: whole part and fraction apart, so that neither multiplication
# can leave the range.
_UNITS: Final = (
    "(CAST(trunc(abs({{0}})) AS HUGEINT) * {unit}"
    " + TRY_CAST((abs({{0}}) - trunc(abs({{0}}))) * {unit} AS HUGEINT))"
)
_MILLIONTHS: Final = _UNITS.format(unit=_SCALE)
_DIVISION: Final = f"""
CAST({{s}} AS DECIMAL(1,0)) * (CAST({{a}} // {{b}} AS DECIMAL(22,0))
    + CAST((({{a}} % {{b}}) * {2 * _UNIT} + {{b}}) // (2 * {{b}}) AS DECIMAL(18,0))
        * CAST('{1 / _UNIT:.16f}' AS DECIMAL(16,16)))
"""
_SIGN: Final = "CASE WHEN ({0} < 0) = ({1} < 0) THEN 1 ELSE -1 END"

_EXACT: Final = f"""
list_transform([{{'a': a, 'b': b}}], lambda x: list_transform([{{
    'a': {_MILLIONTHS.format("x.a")}, 'b': {_MILLIONTHS.format("x.b")},
    's': {_SIGN.format("x.a", "x.b")}}}],
    lambda y: {_DIVISION.format(a="y.a", b="y.b", s="y.s")})[1])[1]
"""
_PLAIN: Final = _DIVISION.format(
    a=_MILLIONTHS.format("a"), b=_MILLIONTHS.format("b"), s=_SIGN.format("a", "b")
)
"""The same without names for what is needed twice, which the engine does not know in HAVING."""

# Numbers with up to 16 decimals, such as averages: the quotient in units of the last one, from both
# as whole numbers of such units. In two steps of eight decimals, since one would leave the range,
# or from a divisor with few decimals as a whole number of units that are larger.
_FINE_UNITS: Final = _UNITS.format(unit=_UNIT)
_ROUNDED: Final = "((2 * {0} + {1}) // (2 * {1}))"
_COARSE_DIVISOR: Final = f"(x.b // {_UNIT // _SCALE})"
_COARSE_QUOTIENT: Final = f"x.a // {_COARSE_DIVISOR} * {_SCALE} + " + _ROUNDED.format(
    f"(x.a % {_COARSE_DIVISOR} * {_SCALE})", _COARSE_DIVISOR
)
_STEP: Final = 10 ** (QUOTIENT_SCALE // 2)
_FINE_QUOTIENT: Final = f"x.a // x.b * {_UNIT} + x.a % x.b * {_STEP} // x.b * {_STEP} + " + (
    _ROUNDED.format(f"(x.a % x.b * {_STEP} % x.b * {_STEP})", "x.b")
)
_FINE_WHOLE: Final = f"""
CAST({{s}} AS DECIMAL(1,0)) * (CAST({{q}} // {_UNIT} AS DECIMAL(22,0))
    + CAST({{q}} % {_UNIT} AS DECIMAL(18,0)) * CAST('{1 / _UNIT:.16f}' AS DECIMAL(16,16)))
"""

FINE: Final = "this division has more decimals than are divided exactly"
"""What is said where a quotient would not be exact; a cast to double precision divides anyway."""

_FINE_DIVISOR_MAX: Final = 10**12
"""A divisor that is smaller leaves room for a step of the division behind it."""
_FINE: Final = f"""
list_transform([{{'a': {_FINE_UNITS.format("a")}, 'b': {_FINE_UNITS.format("b")},
    's': {_SIGN.format("a", "b")}}}],
    lambda x: list_transform([{{'s': x.s, 'q': CASE
        WHEN x.b % {_UNIT // _SCALE} = 0 THEN {_COARSE_QUOTIENT}
        WHEN x.b < {_FINE_DIVISOR_MAX * _UNIT} THEN {_FINE_QUOTIENT}
        ELSE error('{FINE}') END}}],
        lambda y: {_FINE_WHOLE.format(q="y.q", s="y.s")})[1])[1]
"""
_FINE_PLAIN: Final = _FINE_WHOLE.format(
    q=_ROUNDED.format(_FINE_UNITS.format("a"), "abs(b)"), s=_SIGN.format("a", "b")
)
"""The same without names, where the divisor is a whole number, such as a count."""

_FINE_MAX: Final = 10**18
"""Numbers that are smaller keep 16 decimals."""
_CHOICE: Final = (
    "CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL"
    " WHEN {b} = 0 THEN error('division by zero')"
    " WHEN NOT pg_rounds({a}) AND NOT pg_rounds({b})"
    " THEN {quotient}(round({a}, 6), round({b}, 6))"
    f" WHEN {{fits}} AND abs({{a}}) < {_FINE_MAX} AND TRY_CAST({{a}} AS DECIMAL(38,16)) = {{a}}"
    " THEN {fine}(TRY_CAST({a} AS DECIMAL(38,16)), TRY_CAST({b} AS {divisor}))"
    f" ELSE error('{FINE}') END"
)
_CHOSEN: Final = _CHOICE.format(
    a="z.a",
    b="z.b",
    fits=f"abs(z.b) < {_FINE_MAX} AND TRY_CAST(z.b AS DECIMAL(38,16)) = z.b",
    quotient="pg_quotient",
    fine="pg_fine",
    divisor="DECIMAL(38,16)",
)
_CHOSEN_ONCE: Final = f"list_transform([{{'a': a, 'b': b}}], lambda z: {_CHOSEN})[1]"
"""Each argument is named once: quotients within quotients would become more and more otherwise."""
_CHOSEN_PLAINLY: Final = _CHOICE.format(
    a="a",
    b="b",
    fits="b = trunc(b)",
    quotient="pg_plain_quotient",
    fine="pg_plain_fine",
    divisor="HUGEINT",
)

MANY_DECIMALS: Final = (
    "a number has more decimals than this cast keeps; name them, as in x::numeric(30,16)"
)
_MORE: Final = r"\.[0-9]{{{}}}[0-9]*[1-9]|[eE]-"
"""Matches a text with more decimals than some."""


_SHOWN: Final = (
    "CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x < 0 THEN '-' ELSE '' END"
    " || 'Infinity' WHEN abs(x) >= {bound} AND NOT contains(CAST(x AS VARCHAR), 'e')"
    f" THEN error('{UNSHOWN}') ELSE regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') END"
)
"""A floating point number as text, but for a few that PostgreSQL alone writes with an exponent."""


def for_planning(sql: str) -> str:
    """A statement with quotients that are quickly planned, each thing in it at its old place."""
    return sql.replace("PG_EXACT(", "PG_TYPED(").replace("PG_PLAIN_EXACT(", "PG_PLAIN_TYPED(")


_SECONDS: Final = "CAST({} AS DECIMAL(18,0)) * CAST(0.000001 AS DECIMAL(6,6))"
"""Microseconds as seconds, exactly."""

_EPOCH: Final = (
    "(epoch_us(d) + CASE WHEN typeof(d) = 'INTERVAL'"
    " THEN 453600000000 * datepart($$year$$, d) ELSE 0 END)"
)

BAD_BUCKETS: Final = (
    "count must be greater than zero",
    "lower bound cannot equal upper bound",
    "operand, lower bound, and upper bound cannot be NaN",
    "lower and upper bounds must be finite",
)
_FINITE: Final = (
    f" WHEN isnan(x) OR isnan(a) OR isnan(b) THEN error('{BAD_BUCKETS[2]}')"
    f" WHEN isinf(a) OR isinf(b) THEN error('{BAD_BUCKETS[3]}')"
)
_HALVES: Final = (
    "CAST(least(trunc(n * (abs(x / 2 - a / 2) / abs(b / 2 - a / 2))), n - 1) AS BIGINT)"
)
_BUCKET: Final = (
    "CASE WHEN x IS NULL OR a IS NULL OR b IS NULL OR n IS NULL THEN NULL"
    f" WHEN n <= 0 THEN error('{BAD_BUCKETS[0]}'){{}}"
    f" WHEN a = b THEN error('{BAD_BUCKETS[1]}')"
    " WHEN (a < b AND x < a) OR (a > b AND x > a) THEN 0"
    " WHEN (a < b AND x >= b) OR (a > b AND x <= b) THEN CAST(CAST(n AS BIGINT) + 1 AS INTEGER)"
    " ELSE CAST({} + 1 AS INTEGER) END"
)

MACROS: Final = (
    "CREATE MACRO pg_rounds(x) AS round(x, 6) <> x",
    f"CREATE MACRO pg_quotient(a DECIMAL(38,6), b DECIMAL(38,6)) AS {_EXACT}",
    f"CREATE MACRO pg_fine(a DECIMAL(38,16), b DECIMAL(38,16)) AS {_FINE}",
    f"CREATE MACRO pg_exact(a, b) AS {_CHOSEN_ONCE}",
    f"CREATE MACRO pg_plain_quotient(a DECIMAL(38,6), b DECIMAL(38,6)) AS {_PLAIN}",
    f"CREATE MACRO pg_plain_fine(a DECIMAL(38,16), b HUGEINT) AS {_FINE_PLAIN}",
    f"CREATE MACRO pg_plain_exact(a, b) AS {_CHOSEN_PLAINLY}",
    # of the type of a quotient alone, for statements that are described and not run
    "CREATE MACRO pg_typed(a, b) AS CASE WHEN round(a, 6) = round(b, 6)"
    f" THEN CAST(0 AS DECIMAL(38,{QUOTIENT_SCALE})) END",
    "CREATE MACRO pg_plain_typed(a, b) AS pg_typed(a, b)",
    "CREATE MACRO pg_nonzero(x) AS CASE WHEN x = 0 THEN error('division by zero') ELSE x END",
    "CREATE MACRO pg_double_div(a, b) AS a / pg_nonzero(b)",
    "CREATE MACRO pg_whole(a, b) AS a // b",
    "CREATE MACRO pg_div(a INTEGER, b INTEGER) AS CAST(a // b AS INTEGER),"
    " (a BIGINT, b BIGINT) AS a // b,"
    " (a DECIMAL(38,6), b DECIMAL(38,6)) AS pg_exact(a, b),"
    " (a HUGEINT, b HUGEINT) AS pg_exact(CAST(a AS DECIMAL(38,6)), CAST(b AS DECIMAL(38,6))),"
    " (a DOUBLE, b DOUBLE) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a / b END,"
    " (a INTERVAL, b DOUBLE) AS a / b",
    # The texts of numbers, of those alone that the cast which follows takes whole.
    f"CREATE MACRO pg_decimals(t) AS CASE WHEN regexp_matches(t, '{_MORE.format(TEXT_SCALE)}')"
    f" THEN error('{MANY_DECIMALS}') ELSE t END",
    "CREATE MACRO pg_double_text(x, digits) AS"
    " format(CASE digits WHEN 15 THEN '{:.15g}' ELSE '{:.6g}' END, x)",
    "CREATE MACRO pg_double_decimals(x, digits) AS CASE WHEN"
    f" regexp_matches(pg_double_text(x, digits), '{_MORE.format(QUOTIENT_SCALE)}')"
    f" THEN error('{MANY_DECIMALS}') ELSE pg_double_text(x, digits) END",
    # With so many decimals, or those that are left of as many digits as PostgreSQL shows.
    "CREATE MACRO pg_double_fixed(x, post, digits) AS CASE WHEN isnan(x) THEN 'NaN'"
    " WHEN isinf(x) THEN CASE WHEN x < 0 THEN '-Infinity' ELSE 'Infinity' END"
    " ELSE format('{:.' || greatest(0, least(post, digits"
    " - strlen(format('{:.0f}', abs(x))))) || 'f}', x) END",
    # By way of microseconds: a cast asks a calendar about each row, and all is UTC here. The first
    # of a month is found from the day, which takes a third of what the engine's own way takes.
    "CREATE MACRO pg_trunc_date(p, d DATE) AS make_timestamptz(epoch_us(CAST("
    "CASE WHEN p = 'month' AND isfinite(d) THEN d - (CAST(day(d) AS INTEGER) - 1)"
    " ELSE CAST(date_trunc(p, d) AS DATE) END AS TIMESTAMP)))",
    "CREATE MACRO pg_trunc_moment(p, d) AS date_trunc(p, d)",
    "CREATE MACRO pg_date_trunc(p, d DATE) AS pg_trunc_date(p, d),"
    " (p, d TIMESTAMP) AS date_trunc(p, d), (p, d TIMESTAMPTZ) AS date_trunc(p, d)",
    "CREATE MACRO pg_substr(t, s, n) AS CASE WHEN n < 0 THEN"
    " error('negative substring length not allowed') WHEN s < 1 THEN"
    " substring(t, 1, CAST(greatest(s + n - 1, 0) AS BIGINT)) ELSE substring(t, s, n) END",
    "CREATE MACRO pg_substr_from(t, s) AS substring(t, CAST(greatest(s, 1) AS BIGINT))",
    # What is too much is found out in an argument: the engine works out what is constant first,
    # also in a branch that is not taken.
    f"CREATE MACRO pg_repeat(t, n) AS repeat(t, CASE WHEN strlen(t) * n > {TEXT_MAX}"
    f" THEN error('{TOO_LONG}') ELSE n END)",
    f"CREATE MACRO pg_padded(n) AS CASE WHEN n > {TEXT_MAX} THEN error('{TOO_LONG}') ELSE n END",
    f"CREATE MACRO pg_replace(t, f, r) AS replace(CASE WHEN strlen(t) * strlen(r) > {TEXT_MAX}"
    f" AND strlen(r) > strlen(f) THEN error('{TOO_LONG}') ELSE t END, f, r)",
    "CREATE MACRO pg_finite(x) AS CASE WHEN isinf(x) THEN"
    " error('value out of range: overflow') ELSE x END",
    "CREATE MACRO pg_sqrt(x) AS CASE WHEN x < 0 THEN"
    " error('cannot take square root of a negative number') ELSE sqrt(x) END",
    "CREATE MACRO pg_log_of(x) AS CASE WHEN x = 0 THEN"
    " error('cannot take logarithm of zero') WHEN x < 0 THEN"
    " error('cannot take logarithm of a negative number') ELSE x END",
    "CREATE MACRO pg_power(a, b) AS CASE WHEN a < 0 AND b <> trunc(b) THEN"
    " error('a negative number raised to a non-integer power yields a complex result')"
    " WHEN a = 0 AND b < 0 THEN error('zero raised to a negative power is undefined')"
    " ELSE pg_finite(power(a, b)) END",
    "CREATE MACRO pg_chr(n) AS CASE WHEN n <= 0 OR n > 1114111 OR n BETWEEN 55296 AND 57343 THEN"
    " error('requested character not valid for encoding') ELSE chr(n) END",
    f"CREATE MACRO pg_hex(x) AS lower(to_hex(CASE WHEN typeof(x) IN ('INTEGER', 'SMALLINT')"
    f" THEN CAST(x AS BIGINT) & {2**32 - 1} ELSE x END))",
    r"CREATE MACRO pg_bytes(x) AS CASE WHEN starts_with(x, '\x') THEN unhex(substring(x, 3))"
    rf" WHEN contains(x, '\') THEN error('{ESCAPES}') ELSE encode(x) END",
    # the engine writes `0001-12-31 (BC) 10:00:00`, and knows days before PostgreSQL's first
    "CREATE MACRO pg_day_text(x) AS CASE WHEN x < CAST('0001-01-01' AS DATE) AND isfinite(x) THEN"
    f" CASE WHEN x < CAST('4714-11-24 (BC)' AS DATE) THEN error('{NO_DAY}')"
    " ELSE replace(CAST(x AS VARCHAR), ' (BC)', '') END || ' BC' ELSE CAST(x AS VARCHAR) END",
    "CREATE MACRO pg_switch_text(x) AS CASE WHEN x THEN 't' WHEN NOT x THEN 'f' END",
    f"CREATE MACRO pg_double_shown(x) AS {_SHOWN.format(bound='1e15')}",
    f"CREATE MACRO pg_real_shown(x) AS {_SHOWN.format(bound='1e6')}",
    "CREATE MACRO pg_array_text(x) AS '{' || array_to_string(list_transform(CAST(x AS VARCHAR[]),"
    " lambda item: CASE WHEN item IS NULL OR lower(item) = 'null' AND item IS NOT NULL"
    " OR NOT regexp_full_match(item, '[^\\s{}\",\\\\]+')"
    " THEN coalesce('\"' || replace(replace(item, '\\', '\\\\'), '\"', '\\\"') || '\"', 'NULL')"
    " ELSE item END), ',') || '}'",
    # a plus tells a positive part behind a negative one
    "CREATE MACRO pg_interval_text(x) AS regexp_replace(regexp_replace("
    "replace(CAST(x AS VARCHAR), 'month', 'mon'), '-1 (year|mon|day)\\b', '-1 \\1s', 'g'),"
    " '(-[0-9]+ [a-z]+) ([0-9])', '\\1 +\\2', 'g')",
    "CREATE MACRO pg_shown(x) AS CASE WHEN typeof(x) = 'BOOLEAN' THEN left(CAST(x AS VARCHAR), 1)"
    " WHEN typeof(x) IN ('INTERVAL', 'BLOB', 'DOUBLE', 'FLOAT') OR typeof(x) LIKE '%[]'"
    f" OR typeof(x) LIKE 'STRUCT%' THEN error('{UNSHOWN}') ELSE CAST(x AS VARCHAR) END",
    # as JSON, of what has no other form there than a text or a number has
    "CREATE MACRO pg_json(x) AS CASE WHEN x IS NULL THEN 'null' WHEN typeof(x) = 'VARCHAR'"
    " THEN CAST(to_json(x) AS VARCHAR) WHEN typeof(x) IN ('BOOLEAN', 'INTEGER', 'UINTEGER')"
    " OR typeof(x) LIKE '%INT' OR typeof(x) LIKE 'DECIMAL(%)' THEN CAST(x AS VARCHAR)"
    f" ELSE error('{UNSHOWN}') END",
    "CREATE MACRO pg_json_float(x) AS CASE WHEN isnan(x) OR isinf(x) THEN '\"' ELSE '' END",
    f"CREATE MACRO pg_json_key(x) AS CASE WHEN x IS NULL THEN error('{NO_KEY}') ELSE x END",
    "CREATE MACRO pg_json_name(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN pg_json(x)"
    " ELSE '\"' || pg_json(x) || '\"' END",
    "CREATE MACRO pg_units(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    "CREATE MACRO pg_bucket_exact(x, a, b, n) AS"
    f" {_BUCKET.format('', 'pg_units(abs(x - a)) * n // pg_units(abs(b - a))')}",
    # by halves, so that no difference is too large
    f"CREATE MACRO pg_bucket(x, a, b, n) AS {_BUCKET.format(_FINITE, _HALVES)}",
    f"CREATE MACRO pg_name(x) AS CASE WHEN x IS NULL THEN error('{NO_NAME}') ELSE x END",
    "CREATE MACRO pg_range(a, b) AS CASE WHEN a > b THEN"
    " error('Invalid date range: From date is greater than To date') ELSE true END",
    "CREATE MACRO pg_epoch_date(d DATE) AS"
    " CAST(epoch_us(CAST(d AS TIMESTAMP)) // 1000000 AS DECIMAL(18,0))",
    f"CREATE MACRO pg_epoch_moment(d) AS {_SECONDS.format('epoch_us(d)')}",
    # a year of an interval has 365.25 days, where it is 12 months of 30 to the engine
    f"CREATE MACRO pg_epoch(d) AS {_SECONDS.format(_EPOCH)}",
    "CREATE MACRO pg_milliseconds(d) AS CAST(extract(microseconds FROM d) AS DECIMAL(18,0))"
    " * CAST(0.001 AS DECIMAL(3,3))",
    "CREATE MACRO pg_seconds(d) AS CAST(extract(microseconds FROM d) AS DECIMAL(18,0))"
    " * CAST(0.000001 AS DECIMAL(6,6))",
)
