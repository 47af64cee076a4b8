"""Whether the engine, as it plans a statement, takes decimals from numbers that nobody rounded.

It does where it brings values to one type, and by itself says nothing. `digits` casts such values
beforehand as far as types are known from the text of a statement; here the engine's own plan has
the last word. What is meant to be rounded is rounded by functions, or by a cast that the statement
has, which a plan tells from others by the place in the text that it comes from.

A plan may have megabytes: casts are looked at one by one where they stand in its text, and the
whole of it is read only where one of them seems to lose something.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from daybook.protocols.sql.translate import DIGITS_MAX

PLAN: Final = (
    "SELECT json_serialize_plan($1, skip_null := true, skip_empty := true, skip_default := true,"
    " optimize := false)"
)
"""Gives the plan of a statement as `loses` reads it."""

_WHOLE: Final = frozenset(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"))
_REMAINDERS: Final = ("%", "//")
_CAST: Final = "CAST("
_FAILED: Final = '{"error":true'
_ODD: Final = re.compile(r"(?<=:)-?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
"""Values of floating point numbers that JSON has no words for."""
_MEMBERS: Final = (
    r'(?:"alias":"(?:[^"\\]|\\.)*",)?(?:"query_location":([0-9]+),)?'
    r'(?:"query_location_length":[0-9]+,)?'
)
_CAST_HEAD: Final = re.compile(rf'"type":"OPERATOR_CAST",{_MEMBERS}"return_type":')
_VALUE_HEAD: Final = re.compile(
    rf',"children":\[\{{"expression_class":"\w+","type":"\w+",{_MEMBERS}"(return_type|value)":'
)
_READ: Final = json.JSONDecoder().raw_decode

Type = dict[str, Any]


def loses(plan: str, sql: str) -> bool:
    """Whether a plan has a statement lose decimals, or is none that would tell."""
    if plan.startswith(_FAILED):
        return True
    if not _seems_to_lose(plan, sql):
        return False
    return any(_is_loss(node, sql) for node in _functions(json.loads(_ODD.sub("null", plan))))


def _seems_to_lose(plan: str, sql: str) -> bool:
    if any(f'"main","{name}"]' in plan for name in _REMAINDERS) and '"DOUBLE"' in plan:
        return True
    for head in _CAST_HEAD.finditer(plan):
        made, end = _READ(plan, head.end())
        if made["id"] not in _WHOLE and '"DECIMAL"' not in plan[head.end() : end]:
            continue
        value = _VALUE_HEAD.match(plan, end)
        if value is None:
            return True
        try:
            found, _ = _READ(plan, value.end())
        except ValueError:  # one of the odd values
            return True
        constant = found if value[2] == "value" else None
        given = found if constant is None else found["type"]
        if _is_lost(given, made, constant, -1 if head[1] is None else int(head[1]), sql):
            return True
    return False


def _functions(plan: Any) -> Iterator[dict[str, Any]]:
    waiting = [plan]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.values())
            if node.get("expression_class") == "BOUND_FUNCTION":
                yield node


def _is_loss(node: dict[str, Any], sql: str) -> bool:
    made = node["return_type"]
    if node["type"] != "OPERATOR_CAST":
        return node["qname"]["path"][-1] in _REMAINDERS and bool(made["id"] == "DOUBLE")
    if node.get("function_data", {}).get("try_cast"):
        return False
    (given,), (value,) = node["arguments"], node["children"]
    return _is_lost(given, made, value.get("value"), node.get("query_location", -1), sql)


def _is_lost(given: Type, made: Type, constant: Any, place: int, sql: str) -> bool:
    """Whether a cast between two types takes decimals away that nobody meant it to."""
    if constant is not None and given["id"] == "VARCHAR":
        decimals = str(constant.get("value", "")).partition(".")[2]
        if len(decimals) <= _size(made, "scale"):
            return False
    if not _loses_decimals(given, made):
        return False
    written = place >= 0 and sql.startswith(_CAST, place)
    return not written or (given["id"] == "DECIMAL" and _size(made, "width") == DIGITS_MAX)


def _loses_decimals(given: Type, made: Type) -> bool:
    """Whether a type holds fewer decimals than another, or than a text may; of lists and rows,
    whether their members' does.
    """
    pairs = zip(_members(given), _members(made), strict=False)
    if any(_loses_decimals(one, other) for one, other in pairs):
        return True
    if made["id"] == "DECIMAL" and given["id"] == "DECIMAL":
        return _size(made, "scale") < _size(given, "scale")
    if made["id"] == "DECIMAL":
        return bool(given["id"] == "VARCHAR")
    return made["id"] in _WHOLE and given["id"] == "DECIMAL" and _size(given, "scale") > 0


def _size(kind: Type, name: str) -> int:
    return int(kind.get("type_info", {}).get(name, 0))


def _members(kind: Type) -> list[Type]:
    more = kind.get("type_info", {})
    found = [more["child_type"]] if "child_type" in more else []
    return found + [each["second"] for each in more.get("child_types", ())]
