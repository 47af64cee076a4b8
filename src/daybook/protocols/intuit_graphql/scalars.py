"""The three scalars of this wire: exact amounts, days, moments.

Amounts come in as JSON numbers or texts, variables or literals, and never through binary floating
point; inside they are `Decimal`. They are shown with the digits of the stored amount, which is why
the texts here are made from whole minor units. Days are `date` inside, moments microseconds.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
    ValueNode,
)

from daybook.domain.ids import Timestamp
from daybook.protocols.intuit_graphql.limits import AMOUNT_LENGTH_MAX
from daybook.protocols.kit import json

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII).fullmatch
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII).fullmatch
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def amount_of(value: Any) -> Decimal:
    """An amount as it came in. Raises `GraphQLError`."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        written = str(value)
    elif isinstance(value, str):
        written = value
    else:
        raise GraphQLError("Amount is a number, or a text that holds one.")
    if len(written) > AMOUNT_LENGTH_MAX or _NUMBER(written) is None:
        raise GraphQLError("Amount is a plain decimal number.")
    return Decimal(written)


def day_of(value: Any) -> date:
    """A day as it came in. Raises `GraphQLError`."""
    if isinstance(value, str) and _DAY(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("Date is a day of the calendar, written YYYY-MM-DD.")


def moment_of(value: Any) -> Timestamp:
    """A moment as it came in, in microseconds since 1970. Raises `GraphQLError`."""
    found = _MOMENT(value) if isinstance(value, str) else None
    if found is not None:
        day, clock, fraction, offset = found.groups()
        written = f"{day}T{clock}.{(fraction or '')[:6]:0<6}{offset.upper().replace('Z', '+00:00')}"
        try:
            return Timestamp((datetime.fromisoformat(written) - _EPOCH) // _MICROSECOND)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError("DateTime is a moment as RFC 3339 writes it, such as 2026-02-03T09:30:00Z.")


@lru_cache(maxsize=4_096)
def moment_text(moment: Timestamp) -> str:
    """A moment as it is shown."""
    seconds, micros = divmod(moment, 1_000_000)
    plain = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{plain}.{micros // 1_000:03}Z"


def rate_text(rate: Decimal) -> str:
    """A rate as it is shown: its own digits, two decimals at least."""
    whole, _, decimals = format(rate, "f").partition(".")
    return f"{whole}.{decimals:0<2}"


def _amount_literal(node: ValueNode, _: Any = None) -> Decimal:
    if isinstance(node, IntValueNode | FloatValueNode | StringValueNode):
        return amount_of(node.value)
    raise GraphQLError("Amount is a number, or a text that holds one.", node)


def _day_literal(node: ValueNode, _: Any = None) -> date:
    return day_of(node.value if isinstance(node, StringValueNode) else None)


def _moment_literal(node: ValueNode, _: Any = None) -> Timestamp:
    return moment_of(node.value if isinstance(node, StringValueNode) else None)


def _amount_shown(text: str) -> object:
    return json.Raw(text.encode())


def install(schema: GraphQLSchema) -> None:
    """Teach a schema these scalars. Values to show arrive as the texts they are shown as."""
    for name, value, literal, shown in (
        ("Amount", amount_of, _amount_literal, _amount_shown),
        ("Date", day_of, _day_literal, str),
        ("DateTime", moment_of, _moment_literal, str),
    ):
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.coerce_input_value = value
        scalar.coerce_input_literal = literal
        scalar.coerce_output_value = shown
