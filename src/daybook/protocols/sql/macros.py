"""Functions that the analytical engine lacks or means otherwise than PostgreSQL does.

They are chosen by the types of their arguments. A quotient of exact numbers is exact: long
division of whole numbers to 16 decimals, the last one rounded half away from zero.
"""

from typing import Final

QUOTIENT_SCALE: Final = 16
"""Decimals of a quotient of exact numbers; PostgreSQL gives 16 to most."""

_UNIT: Final = 10**QUOTIENT_SCALE
_SCALE: Final = 10**6

# Both operands as whole numbers of millionths: whole part and fraction apart, so that neither
# multiplication can leave the range.
_EXACT: Final = f"""
list_transform([{{'a': a, 'b': b}}], lambda x: list_transform([{{
    'a': CAST(trunc(abs(x.a)) AS HUGEINT) * {_SCALE}
        + CAST((abs(x.a) - trunc(abs(x.a))) * {_SCALE} AS HUGEINT),
    'b': CAST(trunc(abs(x.b)) AS HUGEINT) * {_SCALE}
        + CAST((abs(x.b) - trunc(abs(x.b))) * {_SCALE} AS HUGEINT),
    's': CASE WHEN (x.a < 0) = (x.b < 0) THEN 1 ELSE -1 END}}],
    lambda y: CAST(y.s AS DECIMAL(1,0)) * (CAST(y.a // y.b AS DECIMAL(22,0))
        + CAST(((y.a % y.b) * {2 * _UNIT} + y.b) // (2 * y.b) AS DECIMAL(18,0))
            * CAST('{1 / _UNIT:.16f}' AS DECIMAL(16,16))))[1])[1]
"""

MACROS: Final = (
    f"CREATE MACRO pg_exact(a DECIMAL(38,6), b DECIMAL(38,6)) AS {_EXACT}",
    "CREATE MACRO pg_div(a INTEGER, b INTEGER) AS CAST(a // b AS INTEGER),"
    " (a BIGINT, b BIGINT) AS a // b,"
    " (a DECIMAL(38,6), b DECIMAL(38,6)) AS pg_exact(a, b),"
    " (a HUGEINT, b HUGEINT) AS pg_exact(CAST(a AS DECIMAL(38,6)), CAST(b AS DECIMAL(38,6))),"
    " (a DOUBLE, b DOUBLE) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a / b END,"
    " (a INTERVAL, b DOUBLE) AS a / b",
    "CREATE MACRO pg_number(x HUGEINT) AS CAST(x AS DECIMAL(38,6)),"
    " (x DECIMAL(38,6)) AS x, (x DOUBLE) AS x",
    "CREATE MACRO pg_date_trunc(p, d DATE) AS CAST(date_trunc(p, d) AS TIMESTAMPTZ),"
    " (p, d TIMESTAMP) AS date_trunc(p, d), (p, d TIMESTAMPTZ) AS date_trunc(p, d)",
    "CREATE MACRO pg_substr(t, s, n) AS CASE WHEN n < 0 THEN"
    " error('negative substring length not allowed') WHEN s < 1 THEN"
    " substring(t, 1, CAST(greatest(s + n - 1, 0) AS BIGINT)) ELSE substring(t, s, n) END",
    "CREATE MACRO pg_substr_from(t, s) AS substring(t, CAST(greatest(s, 1) AS BIGINT))",
    "CREATE MACRO pg_range(a, b) AS CASE WHEN a > b THEN"
    " error('Invalid date range: From date is greater than To date') ELSE true END",
    "CREATE MACRO pg_epoch(d) AS CAST(epoch_us(CAST(d AS TIMESTAMP)) AS DECIMAL(18,0))"
    " * CAST(0.000001 AS DECIMAL(6,6))",
    "CREATE MACRO pg_seconds(d) AS CAST(extract(microseconds FROM d) AS DECIMAL(18,0))"
    " * CAST(0.000001 AS DECIMAL(6,6))",
)
