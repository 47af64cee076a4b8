"""The decimals that ROUND and TRUNC keep, and the buckets that `width_bucket` counts."""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors, literals
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.translate import DIGITS_MAX, NUMBERS, decimal
from daybook.protocols.sql.trees import name_of

_NAMES: Final = {**literals.TYPE_NAMES, pg.NUMERIC: "numeric", pg.TEXT: "text"}
_COUNTS: Final = frozenset((pg.INT2, pg.INT4, None))
"""Types of what is counted by: of none that is known are parameters and text."""


def _no_function(name: str, kinds: Sequence[int | None]) -> SqlFault:
    listed = ", ".join(_NAMES.get(kind or 0, "unknown") for kind in kinds)
    return SqlFault(errors.NO_FUNCTION, f"function {name}({listed}) does not exist")


_CONSTANT: Final = (
    exp.Literal,
    exp.Neg,
    exp.Paren,
    exp.Cast,
    exp.DataType,
    exp.Null,
    *(exp.Add, exp.Sub, exp.Mul),
)


def check_places(node: exp.Round | exp.Trunc, kinds: Sequence[int | None]) -> None:
    """Raises `SqlFault` for decimals that may differ by row: those shown of a column do not.

    `kinds` are those of the number and of its decimals.
    """
    given = node.args.get("decimals")
    if given is None or all(isinstance(each, _CONSTANT) for each in given.walk()):
        return
    name = name_of(node)
    if kinds[0] in NUMBERS and kinds[1] not in _COUNTS:
        raise _no_function(name, kinds)
    raise errors.unsupported(
        f"{name} to decimals that are not written out is not supported",
        hint=f"as in CASE d WHEN 2 THEN {name}(x, 2) WHEN 3 THEN {name}(x, 3) END",
    )


def bucket(node: exp.WidthBucket, kinds: Sequence[int | None], scale: int) -> exp.Expr:
    """`width_bucket`. `kinds` are those of its arguments, `scale` their decimals."""
    names = ("this", "min_value", "max_value", "num_buckets")
    given = [node.args.get(name) for name in names]
    values = [each.copy() for each in given if each is not None]
    if len(values) != len(names):
        raise errors.unsupported("width_bucket takes a value, two bounds and a count here")
    for each, kind in zip(values[:3], kinds, strict=False):
        if kind not in NUMBERS and not (isinstance(each, exp.Literal) and each.is_string):
            raise errors.unsupported(
                "the type of what width_bucket takes cannot be told; cast it, as in x::numeric"
            )
    if kinds[3] not in _COUNTS:
        raise _no_function("width_bucket", kinds)
    count = exp.Cast(this=values.pop(), to=exp.DataType.build("INT", "duckdb"))
    exact = pg.NUMERIC in kinds and not {pg.FLOAT4, pg.FLOAT8} & {*kinds}
    if exact:
        parts: list[exp.Expr] = [decimal(each, DIGITS_MAX, scale) for each in values]
    else:  # as whole numbers alone are, too
        double = exp.DataType.build("DOUBLE", "duckdb")
        parts = [exp.Cast(this=each, to=double.copy()) for each in values]
    return exp.Anonymous(
        this="pg_bucket_exact" if exact else "pg_bucket", expressions=[*parts, count]
    )
