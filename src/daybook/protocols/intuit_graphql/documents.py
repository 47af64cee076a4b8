"""Documents that have been read: parsed, measured, validated, and kept for the next request.

A program sends the same few texts all day. Each is looked at once and found again by its exact
text; what is kept is bounded by number and by length. A text that is refused is not kept.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from daybook.protocols.intuit_graphql import measure
from daybook.protocols.intuit_graphql.errors import Code, RequestFault, refused, request_fault
from daybook.protocols.intuit_graphql.limits import (
    DOCUMENT_CHARACTERS_KEPT,
    DOCUMENTS_KEPT,
    TOKENS_MAX,
    VALIDATION_ERRORS_MAX,
)
from daybook.protocols.intuit_graphql.measure import Place

SYNTAX_ERROR: Final = "Syntax error. Unable to parse incoming request"


@dataclass(slots=True)
class Operation:
    """One operation of a document, and what has been made of it (plans, a lasting answer)."""

    document: DocumentNode
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    place: Place
    made: dict[Any, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return self.node.operation is OperationType.MUTATION

    @property
    def name(self) -> str | None:
        """The name it has in the document."""
        return None if self.node.name is None else self.node.name.value

    @property
    def introspects(self) -> bool:
        """Whether it asks for the schema, besides what else it asks for."""
        return any(_is_meta(below.node) for below in self.place.below.values())

    @property
    def introspects_alone(self) -> bool:
        """Whether it asks for the schema and nothing else, and takes no variables."""
        return not self.node.variable_definitions and all(
            _is_meta(below.node) for below in self.place.below.values()
        )


def _is_meta(node: FieldNode | None) -> bool:
    return node is not None and node.name.value in measure.META


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may be carried out. A nameless operation stands under None."""

    operations: Mapping[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        """The operation with a name, or the only one. Raises `RequestFault`."""
        if not name:
            if len(self.operations) != 1:
                raise request_fault(
                    Code.OPERATION_RESOLUTION_FAILED,
                    "Must provide operation name if query contains multiple operations.",
                )
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is None:
            raise request_fault(
                Code.OPERATION_RESOLUTION_FAILED, f"Unknown operation named '{name[:100]}'."
            )
        return found


def read(text: str, schema: GraphQLSchema) -> Document:
    """A document from its text. Raises `RequestFault`."""
    measure.scan(text)
    try:
        tree = parse(text, max_tokens=TOKENS_MAX + 2)
        places = measure.measure(tree)
        errors = validate(schema, tree, max_errors=VALIDATION_ERRORS_MAX)
    except GraphQLSyntaxError as error:
        raise refused(Code.PARSE_FAILED, SYNTAX_ERROR, [error]) from None
    except RecursionError:
        raise measure.too_complex("The document is nested too deeply.") from None
    if errors:
        raise refused(Code.VALIDATION_FAILED, "", errors)
    fragments = {
        each.name.value: each
        for each in tree.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    operations = [Operation(tree, node, fragments, place) for node, place in places]
    if not operations:
        raise request_fault(
            Code.OPERATION_RESOLUTION_FAILED, "The document holds no operation to carry out."
        )
    return Document({each.name: each for each in operations})


class Documents:
    """Documents by their texts. May be used on any thread."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def read(self, text: str) -> Document:
        """A document, read now or before. Raises `RequestFault`."""
        with self._lock:
            found = self._kept.get(text)
            if found is not None:
                self._kept.move_to_end(text)
                return found
        made = read(text, self._schema)
        with self._lock:
            if text not in self._kept:
                self._kept[text] = made
                self._characters += len(text)
            while len(self._kept) > DOCUMENTS_KEPT or self._characters > DOCUMENT_CHARACTERS_KEPT:
                oldest, _ = self._kept.popitem(last=False)
                self._characters -= len(oldest)
        return made

    def __len__(self) -> int:
        return len(self._kept)


__all__ = ["Document", "Documents", "Operation", "RequestFault", "read"]
