"""Carries out an operation: by a plan, or by the GraphQL library.

Queries go by plan. Mutations and introspection go by the library; so does a query that mixes
introspection with data, or whose `@skip` or `@include` has a variable that came out null, of which
the library says what is wrong. What asks for the schema alone is answered once for each document.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    DirectiveNode,
    GraphQLSchema,
    VariableNode,
    Visitor,
    execute_sync,
    get_variable_values,
    visit,
)
from graphql.execution.values import VariableValues

from daybook.protocols.intuit_graphql import measure
from daybook.protocols.intuit_graphql.documents import Operation
from daybook.protocols.intuit_graphql.errors import Code, field_errors, refused
from daybook.protocols.intuit_graphql.limits import (
    ANSWERS_KEPT,
    MUTATION_LINE_SHARE,
    PLANS_KEPT,
    VALIDATION_ERRORS_MAX,
)
from daybook.protocols.intuit_graphql.plan import Plan, compile_query
from daybook.protocols.intuit_graphql.roots import Call
from daybook.protocols.kit import json

_ANSWERS: Final[deque[tuple[Operation, bytes]]] = deque(maxlen=ANSWERS_KEPT)
"""Answers about the schema, which never changes; those kept longest make room."""
_COERCED: Final = "coerced"
_CONDITIONS: Final = "conditions"
_WEIGHT: Final = "weight"


def coerce(
    operation: Operation, variables: Mapping[str, Any], schema: GraphQLSchema
) -> VariableValues:
    """The variables of an operation, coerced; and the operation judged by what they ask for.

    Raises `RequestFault`. One without variables comes out the same each time.
    """
    known: VariableValues | None = operation.made.get(_COERCED)
    if known is not None:
        return known
    found = get_variable_values(
        schema,
        operation.node.variable_definitions or (),
        dict(variables),
        max_errors=VALIDATION_ERRORS_MAX,
    )
    if isinstance(found, list):
        raise refused(Code.BAD_USER_INPUT, "", found)
    measure.estimate(operation.place, found.coerced)
    if not operation.node.variable_definitions:
        operation.made[_COERCED] = found
    return found


def carry_out(
    operation: Operation, variables: Mapping[str, Any], call: Call, schema: GraphQLSchema
) -> bytes:
    """The answer to an operation. Raises `RequestFault`."""
    for each, kept in tuple(_ANSWERS):
        if each is operation:
            return kept
    coerced = coerce(operation, variables, schema)
    weight: int | None = operation.made.get(_WEIGHT)
    if weight is None:
        weight = operation.made[_WEIGHT] = measure.line_weight(operation.place)
    call.line_weight = weight * (MUTATION_LINE_SHARE if operation.changes else 1)
    if not operation.changes and not operation.introspects:
        plan = plan_of(operation, coerced, schema)
        if plan is not None:
            return plan.run(call, coerced)
    answer = by_library(operation, variables, call, schema)
    if operation.introspects_alone:
        _ANSWERS.append((operation, answer))
    return answer


def plan_of(operation: Operation, coerced: VariableValues, schema: GraphQLSchema) -> Plan | None:
    """The plan for an operation whose variables came out so; None where one came out null."""
    names = operation.made.get(_CONDITIONS)
    if names is None:
        names = operation.made[_CONDITIONS] = _condition_variables(operation)
    found = [coerced.coerced.get(name) for name in names]
    values = tuple(value for value in found if isinstance(value, bool))
    if len(values) < len(found):
        return None
    plan: Plan | None = operation.made.get(values)
    if plan is None:
        plan = compile_query(schema, operation, dict(zip(names, values, strict=True)))
        if len(operation.made) < PLANS_KEPT:
            operation.made[values] = plan
    return plan


def by_library(
    operation: Operation, variables: Mapping[str, Any], call: Call, schema: GraphQLSchema
) -> bytes:
    """The answer to an operation by the GraphQL library."""
    result = execute_sync(
        schema,
        operation.document,
        context_value=call,
        variable_values=dict(variables),
        operation_name=operation.name,
    )
    shown: dict[str, Any] = {"data": result.data}
    if result.errors:
        shown["errors"] = [each for error in result.errors for each in field_errors(error)]
    return json.encode(shown)


class _Conditions(Visitor):
    """Gathers the variables in `@skip` and `@include`."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)


def _condition_variables(operation: Operation) -> tuple[str, ...]:
    """The variables that decide which fields an operation has, in a fixed order."""
    found = _Conditions()
    visit(operation.node, found)
    for fragment in operation.fragments.values():
        visit(fragment, found)
    own = {each.variable.name.value for each in operation.node.variable_definitions or ()}
    return tuple(sorted(found.names & own))
