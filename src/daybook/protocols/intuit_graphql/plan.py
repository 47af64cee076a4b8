"""Query plans: what a query asks for, compiled once to functions that write its answer as JSON.

The GraphQL library walks an operation anew for every object of every answer. Here the walk is
done once: fields of equal response key are merged, fragments whose condition a type does not meet
fall away, `@skip` and `@include` are decided (there is a plan for each way their variables come
out), and what is left of each selection is a template, with a function for each field from a record
to the field's JSON. An answer is then a walk over the rows alone. Texts of records that many rows
name (accounts, customers, classes) are made once for each answer, and what is the same in nearly
every line is made with the plan.

Only fields that take arguments can fail: those of Query, and the lists of a company. They are the
outer part of a plan, which reads, notes errors and writes null where the library would. Everything
else is pure, and writes what `fields` says.

    plan = compile_query(schema, operation, included)
    body = plan.run(call, variables)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as _quote
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    located_error,
)
from graphql.execution.values import VariableValues

from daybook.domain.events import ACCOUNT, CONTACT
from daybook.protocols.intuit_graphql.documents import Operation
from daybook.protocols.intuit_graphql.errors import Fault, field_errors
from daybook.protocols.intuit_graphql.fields import (
    FIELDS,
    PLAIN_FIELDS,
    PLAIN_LINE,
    TEXTS,
    Get,
    type_of,
)
from daybook.protocols.intuit_graphql.roots import LISTS, ROOTS, Call, list_page
from daybook.protocols.intuit_graphql.scene import (
    CLASSES,
    PROJECTS,
    TAX_CODES,
    TAX_RATES,
    Scene,
)
from daybook.protocols.kit import json

Write = Callable[[Any, Scene], str]
"""Writes the JSON of a value, from its source."""

Path = tuple[str | int, ...]

_NULL: Final = "null"

_ENTITIES: Final = {
    "Account": {ACCOUNT},
    "Customer": {CONTACT},
    "Vendor": {CONTACT},
    "Payee": {CONTACT},
    "Class": {CLASSES},
    "Project": {PROJECTS},
    "TaxGroup": {TAX_CODES},
    "TaxRate": {TAX_RATES},
}
"""What has to be fetched to show a type."""

_SHARED: Final = frozenset(
    {"Account", "Customer", "Vendor", "Payee", "Class", "Project", "TaxGroup", "TaxRate"}
)
"""Types of records that many rows name: their texts are made once for each answer."""


class _Null(Exception):
    """A field that may not be null is: the nearest field above that may be is."""


def _leaf_text(type: GraphQLOutputType) -> Callable[[Any], str]:
    """How the values of a scalar or an enumeration are written."""
    named = get_named_type(type)
    if isinstance(named, GraphQLEnumType) or named.name in ("ID", "Date", "DateTime"):
        return lambda value: f'"{value}"'
    if named.name == "Boolean":
        return lambda value: "true" if value else "false"
    if named.name == "Amount":
        return str
    return str if named.name == "Int" else _quote


@dataclass(slots=True)
class Run:
    """One carrying out of a plan: the call, coerced variables, and errors so far."""

    call: Call
    variables: VariableValues
    errors: list[dict[str, Any]] = field(default_factory=list)

    def fail(self, fault: Exception, nodes: Sequence[FieldNode], path: Path) -> None:
        """Note the error of a field."""
        self.errors += field_errors(located_error(fault, nodes, list(path)))


Outer = Callable[[Any, Run, Path], str]
"""Writes the JSON of a value that can fail in part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled query."""

    fields: tuple[tuple[str, Outer], ...]

    def run(self, call: Call, variables: VariableValues) -> bytes:
        """The whole answer."""
        run = Run(call, variables)
        try:
            parts = [f"{_quote(key)}:{write(None, run, (key,))}" for key, write in self.fields]
            data = "{" + ",".join(parts) + "}"
        except _Null:
            data = _NULL
        if not run.errors:
            return f'{{"data":{data}}}'.encode()
        return b'{"data":%b,"errors":%b}' % (data.encode(), json.encode(run.errors))


class _Compiler:
    """Compiles one operation for one outcome of its conditions."""

    def __init__(
        self, schema: GraphQLSchema, operation: Operation, included: Mapping[str, bool]
    ) -> None:
        self._schema = schema
        self._fragments = operation.fragments
        self._included = included
        self._entities: set[str] = set()

    # What is asked of one type

    def _includes(self, node: FieldNode | InlineFragmentNode | FragmentSpreadNode) -> bool:
        for each in node.directives or ():
            if each.name.value not in ("skip", "include") or not each.arguments:
                continue
            value = each.arguments[0].value
            if isinstance(value, VariableNode):
                holds = self._included[value.name.value]
            else:
                assert isinstance(value, BooleanValueNode)
                holds = value.value
            if holds is (each.name.value == "skip"):
                return False
        return True

    def _applies(self, condition: str, type: str) -> bool:
        if condition == type:
            return True
        named, runtime = self._schema.type_map[condition], self._schema.type_map[type]
        return (
            is_abstract_type(named)
            and isinstance(runtime, GraphQLObjectType)
            and self._schema.is_sub_type(named, runtime)
        )

    def collect(self, type: str, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields that selection sets ask of an object of a type, by response key."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for each in sets:
            self._collect(type, each, found, seen)
        return found

    def _collect(
        self,
        type: str,
        selections: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                if self._includes(node):
                    key = node.alias.value if node.alias else node.name.value
                    found.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if self._includes(node) and (
                    condition is None or self._applies(condition.name.value, type)
                ):
                    self._collect(type, node.selection_set, found, seen)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if not self._includes(node) or name in seen:
                    continue
                fragment = self._fragments[name]
                if self._applies(fragment.type_condition.name.value, type):
                    seen.add(name)
                    self._collect(type, fragment.selection_set, found, seen)

    def _field(self, type: str, name: str) -> GraphQLField:
        found = self._schema.type_map[type]
        assert isinstance(found, GraphQLObjectType)
        member: GraphQLField = found.fields[name]
        return member

    # Pure values

    def object(self, type: str, sets: Sequence[SelectionSetNode]) -> Write:
        """Writes an object of a type that cannot fail."""
        self._entities |= _ENTITIES.get(type, set())
        members: list[tuple[str, Write]] = []
        for key, nodes in self.collect(type, sets).items():
            name = nodes[0].name.value
            if name == "__typename":
                members.append((key, _Constant(_quote(type))))
            else:
                members.append((key, self._member(type, name, nodes)))
        if type == "JournalEntryLine":
            return self._line(sets, members)
        return _joined(members)

    def _line(
        self, sets: Sequence[SelectionSetNode], members: Sequence[tuple[str, Write]]
    ) -> Write:
        """Writes a line. Most have a side, an amount, an account and perhaps a contact, and
        nothing else: in those, whatever is made of the rest is the same text every time.
        """
        asked = self.collect("JournalEntryLine", sets)
        usual = [
            (key, _Constant(write(PLAIN_LINE, None)))  # type: ignore[arg-type]
            if asked[key][0].name.value in PLAIN_FIELDS
            else (key, write)
            for key, write in members
        ]
        whole, plain = _joined(members), _joined(usual)

        def write_line(source: Any, scene: Scene) -> str:
            return (plain if source.is_plain else whole)(source, scene)

        return write_line

    def _member(self, type: str, name: str, nodes: Sequence[FieldNode]) -> Write:
        """Writes a field of an object."""
        get, shown = FIELDS[type][name], self._field(type, name).type
        sets = [each.selection_set for each in nodes if each.selection_set]
        if not sets:
            text = TEXTS.get((type, name))
            if text is not None:
                return text
            return _leaf(get, _leaf_text(shown))
        inner = self._value(shown, sets)

        def write(source: Any, scene: Scene) -> str:
            value = get(source, scene)
            return _NULL if value is None else inner(value, scene)

        return write

    def _value(self, type: GraphQLOutputType, sets: Sequence[SelectionSetNode]) -> Write:
        """Writes an object, or a list of them; never given None."""
        nullable = get_nullable_type(type)
        if is_list_type(nullable):
            member = self._value(nullable.of_type, sets)
            return lambda values, scene: (
                "[" + ",".join([member(value, scene) for value in values]) + "]"
            )
        name = get_named_type(type).name
        if is_abstract_type(nullable):
            self._entities |= _ENTITIES.get(name, set())
            inner = self._of_types(sets, self._schema.get_possible_types(nullable))
        else:
            inner = self.object(name, sets)
        if name in _SHARED:
            return _remembered(inner)
        return inner

    def _of_types(
        self, sets: Sequence[SelectionSetNode], types: Iterable[GraphQLObjectType]
    ) -> Write:
        """Writes an object of whichever type it is; never one of a type that can fail."""
        writers = {type.name: self.object(type.name, sets) for type in types}

        def write(source: Any, scene: Scene) -> str:
            name = type_of(source)
            assert name is not None, "what is no member of the union is shown as null"
            return writers[name](source, scene)

        return write

    # What can fail

    def company(self, sets: Sequence[SelectionSetNode]) -> Outer:
        """Writes a company."""
        parts: list[tuple[str, Outer]] = []
        for key, nodes in self.collect("Company", sets).items():
            name = nodes[0].name.value
            if name in LISTS:
                parts.append((key, self._list(name, nodes)))
            elif name == "__typename":
                parts.append((key, lambda _, __, ___: '"Company"'))
            else:
                parts.append((key, _pure(self._member("Company", name, nodes))))

        def write(source: Any, run: Run, path: Path) -> str:
            texts = [f"{_quote(key)}:{part(source, run, (*path, key))}" for key, part in parts]
            return "{" + ",".join(texts) + "}"

        return write

    def _list(self, name: str, nodes: Sequence[FieldNode]) -> Outer:
        """Writes a page of a list, with the reads that its rows need and no others."""
        definition = self._field("Company", name)
        before, self._entities = self._entities, set()
        sets = [each.selection_set for each in nodes if each.selection_set]
        inner = self.object(get_named_type(definition.type).name, sets)
        wanted = frozenset(self._entities)
        self._entities |= before

        def write(_: Any, run: Run, path: Path) -> str:
            try:
                arguments = get_argument_values(definition, nodes[0], run.variables)
                page = list_page(name, arguments, run.call, wanted)
            except (Fault, GraphQLError) as fault:
                run.fail(fault, nodes, path)
                return _NULL
            return inner(page, run.call.scene)

        return write

    def root(self, name: str, nodes: Sequence[FieldNode]) -> Outer:
        """Writes a field of Query."""
        if name == "__typename":
            return lambda _, __, ___: '"Query"'
        definition, resolve = self._field("Query", name), ROOTS[name]
        sets = [each.selection_set for each in nodes if each.selection_set]
        show = self.company(sets) if name == "company" else self._any_node(sets)

        def write(_: Any, run: Run, path: Path) -> str:
            try:
                arguments = get_argument_values(definition, nodes[0], run.variables)
                value = resolve(arguments, run.call)
            except (Fault, GraphQLError) as fault:
                run.fail(fault, nodes, path)
                if is_non_null_type(definition.type):
                    raise _Null from None
                return _NULL
            if isinstance(value, list):
                shown = [
                    _NULL if each is None else show(each, run, (*path, at))
                    for at, each in enumerate(value)
                ]
                return "[" + ",".join(shown) + "]"
            return _NULL if value is None else show(value, run, path)

        return write

    def _any_node(self, sets: Sequence[SelectionSetNode]) -> Outer:
        """Writes an object of whatever type has a global id."""
        abstract = self._schema.type_map["Node"]
        assert is_abstract_type(abstract)
        writers: dict[str, Outer] = {}
        for type in self._schema.get_possible_types(abstract):
            is_company = type.name == "Company"
            writers[type.name] = (
                self.company(sets) if is_company else _pure(self.object(type.name, sets))
            )

        def write(source: Any, run: Run, path: Path) -> str:
            name = type_of(source)
            assert name is not None, "what is no node is shown as null"
            return writers[name](source, run, path)

        return write


def compile_query(
    schema: GraphQLSchema, operation: Operation, included: Mapping[str, bool]
) -> Plan:
    """The plan of a query that asks for no introspection.

    `included` holds the values of the variables in its `@skip` and `@include`.
    """
    compiler = _Compiler(schema, operation, included)
    fields = compiler.collect("Query", [operation.node.selection_set])
    return Plan(
        tuple((key, compiler.root(nodes[0].name.value, nodes)) for key, nodes in fields.items())
    )


class _Constant:
    """Writes the same text for every source."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, _: Any, __: Scene) -> str:
        return self.text


def _joined(members: Sequence[tuple[str, Write]]) -> Write:
    """Writes an object of members: one template, in which what is constant stands already."""
    template, writers = [], []
    for key, write in members:
        shown = "%s"
        if isinstance(write, _Constant):
            shown = write.text.replace("%", "%%")
        else:
            writers.append(write)
        template.append(f"{_quote(key)}:{shown}")
    whole = "{" + ",".join(template) + "}"
    if not writers:
        return _Constant(whole.replace("%%", "%"))

    def write_all(source: Any, scene: Scene) -> str:
        return whole % tuple([write(source, scene) for write in writers])

    return write_all


def _pure(write: Write) -> Outer:
    return lambda source, run, _: write(source, run.call.scene)


def _leaf(get: Get, text: Callable[[Any], str]) -> Write:
    def write(source: Any, scene: Scene) -> str:
        value = get(source, scene)
        return _NULL if value is None else text(value)

    return write


def _remembered(inner: Write) -> Write:
    """Makes the text of each record once for each answer."""
    token = object()

    def write(source: Any, scene: Scene) -> str:
        texts = scene.memory.get(token)
        if texts is None:
            texts = scene.memory[token] = {}
        text: str | None = texts.get(source.id)
        if text is None:
            text = texts[source.id] = inner(source, scene)
        return text

    return write
