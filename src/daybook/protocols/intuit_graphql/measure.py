"""How large a document is, judged before it is validated or carried out.

`scan` looks at the text: its length, how many tokens it has and how deep its brackets nest, in one
pass of a regular expression. `measure` looks at the tree: depth, aliases, directives, and how often
one place asks for the same field once fragments are taken in, which is what validation compares
pair by pair. Its work is bounded by `VISITS_MAX` whatever the fragments do. What is left of an
operation is a small tree of `Place`s, from which `estimate` says how many objects it may come to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from daybook.protocols.intuit_graphql.errors import Code, RequestFault, request_fault
from daybook.protocols.intuit_graphql.limits import (
    ALIASES_MAX,
    DEPTH_MAX,
    DIRECTIVES_MAX,
    DOCUMENT_LENGTH_MAX,
    INTROSPECTION_DEPTH_MAX,
    INTROSPECTION_ESTIMATES,
    INTROSPECTION_NODES_MAX,
    LINE_FIELDS_USUAL,
    LIST_ESTIMATE,
    NESTING_MAX,
    NODES_MAX,
    PAGE_ROWS_DEFAULT,
    PAGE_ROWS_MAX,
    ROOT_FIELDS_MAX,
    TOKENS_MAX,
    VISITS_MAX,
)

_TOKEN: Final = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+"""|"(?:[^"\\\n\r]|\\.)*+"|#[^\n\r]*+'
    r"|[A-Za-z_][A-Za-z0-9_]*+|-?[0-9][0-9A-Za-z_.+-]*+|\.\.\.|[\s,\ufeff]++|.",
    re.DOTALL,
)
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_IGNORED: Final = frozenset("#, \t\r\n\ufeff")

_LISTS: Final = frozenset({"entryLines", "saleRates", "purchaseRates", "contactMethods"})
_ROWS: Final = frozenset({"nodes", "edges"})

META: Final = frozenset({"__schema", "__type"})
"""Fields of Query that show the schema itself."""


def too_complex(message: str) -> RequestFault:
    """The fault for a request that is larger than a bound."""
    return request_fault(Code.QUERY_TOO_COMPLEX, message)


def scan(text: str) -> None:
    """Look at the text of a document. Raises `RequestFault`."""
    if len(text) > DOCUMENT_LENGTH_MAX:
        raise too_complex(f"The document has more than {DOCUMENT_LENGTH_MAX:,} characters.")
    tokens = depth = 0
    for found in _TOKEN.finditer(text):
        first = text[found.start()]
        if first in _IGNORED:
            continue
        tokens += 1
        if tokens > TOKENS_MAX:
            raise too_complex(f"The document has more than {TOKENS_MAX:,} tokens.")
        if first in _OPENING:
            depth += 1
            if depth > NESTING_MAX:
                raise too_complex(f"The document nests more than {NESTING_MAX} brackets.")
        elif first in _CLOSING:
            depth -= 1
        elif text.startswith('"""', found.start()) and found.end() - found.start() < 6:
            return  # a block of text that does not end: the parser says so


@dataclass(slots=True)
class Place:
    """A field and what is asked of it: its node, and the places below by response key."""

    node: FieldNode | None
    below: "dict[str, Place]"


class _Measure:
    """Walks a document with its fragments taken in."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._visits = 0

    def place(
        self, node: FieldNode | None, sets: Iterable[SelectionSetNode], depth: int, most: int
    ) -> Place:
        """What several selection sets ask of one place together."""
        grouped: dict[str, list[FieldNode]] = {}
        asked: dict[str, int] = {}
        for each in self._fields(sets):
            name = each.name.value
            asked[name] = asked.get(name, 0) + 1
            if asked[name] > ALIASES_MAX:
                raise too_complex(
                    f"{name} is asked for more than {ALIASES_MAX} times in one place."
                )
            grouped.setdefault(each.alias.value if each.alias else name, []).append(each)
        if depth == 0 and len(grouped) > ROOT_FIELDS_MAX:
            raise too_complex(f"The operation has more than {ROOT_FIELDS_MAX} fields.")
        below = {}
        for key, nodes in grouped.items():
            inner = [each.selection_set for each in nodes if each.selection_set]
            introspects = depth == 0 and nodes[0].name.value.startswith("__")
            limit = INTROSPECTION_DEPTH_MAX if introspects else most
            if inner and depth + 2 > limit:
                raise too_complex(f"The document selects more than {limit} levels deep.")
            below[key] = self.place(nodes[0], inner, depth + 1, limit)
        return Place(node, below)

    def _fields(self, sets: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The fields of selection sets, those of fragments among them, each fragment once."""
        seen: set[str] = set()
        waiting = list(sets)[::-1]
        while waiting:
            for selection in waiting.pop().selections:
                self._visits += 1
                if self._visits > VISITS_MAX:
                    raise too_complex("The document's fragments come to too many fields.")
                if len(selection.directives or ()) > DIRECTIVES_MAX:
                    raise too_complex(f"There are more than {DIRECTIVES_MAX} directives together.")
                if isinstance(selection, FieldNode):
                    yield selection
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode):
                    name = selection.name.value
                    if name not in seen and name in self._fragments:
                        seen.add(name)
                        waiting.append(self._fragments[name].selection_set)


def measure(document: DocumentNode) -> list[tuple[OperationDefinitionNode, Place]]:
    """The operations and what they ask for. Raises `RequestFault` where a bound is passed."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Measure(fragments)
    places = []
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode | FragmentDefinitionNode):
            if len(each.directives or ()) > DIRECTIVES_MAX:
                raise too_complex(f"There are more than {DIRECTIVES_MAX} directives together.")
            place = walk.place(None, [each.selection_set], 0, DEPTH_MAX)
            if isinstance(each, OperationDefinitionNode):
                places.append((each, place))
    return places


def line_weight(place: Place) -> int:
    """Times each line of an entry counts in an answer, by the fields that lines are asked for."""
    return 1 + _line_fields(place, False) // (LINE_FIELDS_USUAL + 1)


def _line_fields(place: Place, within: bool) -> int:
    total = 0
    for below in place.below.values():
        inside = within or (below.node is not None and below.node.name.value == "entryLines")
        total += within + _line_fields(below, inside)
    return total


def estimate(place: Place, variables: Mapping[str, Any]) -> None:
    """Refuse an operation that may come to too many objects. Raises `RequestFault`."""
    if _objects(place, variables, 1) > NODES_MAX:
        raise too_complex(f"The operation may come to more than {NODES_MAX:,} objects.")
    of_schema = [
        below for below in place.below.values() if below.node and below.node.name.value in META
    ]
    if sum(_schema_objects(each) for each in of_schema) > INTROSPECTION_NODES_MAX:
        raise too_complex(
            f"The operation may come to more than {INTROSPECTION_NODES_MAX:,} parts of the schema."
        )


def _schema_objects(place: Place) -> int:
    """Objects below a place of the schema's own schema."""
    total = 0
    for below in place.below.values():
        if below.node is not None and below.below:
            times = INTROSPECTION_ESTIMATES.get(below.node.name.value, 1)
            total += times * (1 + _schema_objects(below))
    return total


def _objects(place: Place, variables: Mapping[str, Any], rows: int) -> int:
    """Objects below a place; `rows` is the size of the page where it is one."""
    total = 0
    for below in place.below.values():
        node = below.node
        if node is None or node.selection_set is None or node.name.value.startswith("__"):
            continue
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        times, inner = 1, 1
        if node.name.value in _LISTS:
            times = LIST_ESTIMATE
        elif "ids" in arguments:
            times = min(_length(arguments["ids"], variables), PAGE_ROWS_MAX)
        elif node.name.value in _ROWS:
            times = rows
        else:
            inner = _page_size(arguments, variables)
        total += times * (1 + _objects(below, variables, inner))
    return total


def _page_size(arguments: Mapping[str, ValueNode], variables: Mapping[str, Any]) -> int:
    """The page size that a field's arguments ask for, or the usual one.

    A size above the bound is refused by itself, so it need not count here.
    """
    sizes = [_number(arguments.get(name), variables) for name in ("first", "last")]
    grouped = arguments.get("pagination")
    if isinstance(grouped, ObjectValueNode):
        for each in grouped.fields:
            if each.name.value in ("first", "last"):
                sizes.append(_number(each.value, variables))
    elif isinstance(grouped, VariableNode):
        given = variables.get(grouped.name.value)
        if isinstance(given, dict):
            sizes += [given.get(name) for name in ("first", "last")]
    known = [size for size in sizes if isinstance(size, int) and size >= 0]
    return min(max(known), PAGE_ROWS_MAX) if known else PAGE_ROWS_DEFAULT


def _number(node: ValueNode | None, variables: Mapping[str, Any]) -> Any:
    if isinstance(node, IntValueNode):
        return int(node.value[:10])
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    return None


def _length(node: ValueNode, variables: Mapping[str, Any]) -> int:
    if isinstance(node, ListValueNode):
        return len(node.values)
    if isinstance(node, VariableNode):
        given = variables.get(node.name.value)
        return len(given) if isinstance(given, list) else 1
    return 1
