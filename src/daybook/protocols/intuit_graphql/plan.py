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

from daybook.domain.currencies import exponent
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.protocols.intuit_graphql.documents import Operation
from daybook.protocols.intuit_graphql.errors import Code, Fault, fault, field_errors
from daybook.protocols.intuit_graphql.fields import (
    EXPRESSIONS,
    FIELDS,
    LINE_EXPRESSIONS,
    LINE_NUMBERS,
    NAMES,
    NUMBERS,
    OF_LINE,
    OF_VIEW,
    PLAIN_FIELDS,
    PLAIN_LINE,
    PLAIN_TEST,
    Get,
    LineView,
    over,
    type_of,
)
from daybook.protocols.intuit_graphql.limits import ANSWER_CHARACTERS_MAX
from daybook.protocols.intuit_graphql.roots import LISTS, ROOTS, Call, list_page
from daybook.protocols.intuit_graphql.scene import (
    CLASSES,
    PROJECTS,
    TAX_CODES,
    TAX_RATES,
    Scene,
    bare_scene,
)
from daybook.protocols.intuit_graphql.templates import (
    Constant,
    Inline,
    Member,
    Write,
    object_of,
    rows_of,
)
from daybook.protocols.kit import json

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


class _Null(Exception):
    """A field that may not be null is: the nearest field above that may be is."""


def _leaf(get: Get, type: GraphQLOutputType) -> Inline:
    """Writes a scalar or a member of an enumeration."""
    named = get_named_type(type)
    shown = _SCALARS.get(named.name, _QUOTED if isinstance(named, GraphQLEnumType) else _TEXT)
    source = f"('null' if (v := {{get}}(s, c)) is None else {shown})"
    return Inline(source, {"get": get, "quote": _quote})


_QUOTED: Final = "'\"' + v + '\"'"
_TEXT: Final = "{quote}(v)"
_SCALARS: Final = {
    "ID": _QUOTED,
    "Date": _QUOTED,
    "DateTime": _QUOTED,
    "Boolean": "('true' if v else 'false')",
    "Amount": "v",
    "Int": "v",
}
"""How the values of scalars are written; all others are quoted texts."""


@dataclass(slots=True)
class Run:
    """One carrying out of a plan: the call, coerced variables, and errors so far."""

    call: Call
    variables: VariableValues
    errors: list[dict[str, Any]] = field(default_factory=list)
    characters: int = 0
    """Length of the lists written so far."""

    def fail(self, fault: Exception, nodes: Sequence[FieldNode], path: Path) -> None:
        """Note the error of a field."""
        self.errors += field_errors(located_error(fault, nodes, list(path)))


Outer = Callable[[Any, Run, Path], str]
"""Writes the JSON of a value that can fail in part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled query. `memories` is how many kinds of texts it makes once for each answer."""

    fields: tuple[tuple[str, Outer], ...]
    memories: int

    def run(self, call: Call, variables: VariableValues) -> bytes:
        """The whole answer."""
        run = Run(call, variables)
        call.scene.remember_texts(self.memories)
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
        self.memories = 0

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
        members: list[Member] = []
        for key, nodes in self.collect(type, sets).items():
            name = nodes[0].name.value
            if name == "__typename":
                members.append((key, Constant(_quote(type))))
            else:
                members.append((key, self._member(type, name, nodes)))
        return object_of(members)

    def _lines(self, sets: Sequence[SelectionSetNode]) -> Inline:
        """Writes the lines of an entry. Most have a side, an amount, an account and perhaps a
        contact, and nothing else: whatever is made of the rest is the same text every time, and
        no view is made of them.
        """
        whole: list[Member] = []
        plain: list[Member] = []
        for key, nodes in self.collect("JournalEntryLine", sets).items():
            name = nodes[0].name.value
            if name == "__typename":
                of_view: Write = Constant(_quote("JournalEntryLine"))
                of_line = of_view
            else:
                of_view, of_line = self._line_member(name, nodes)
            whole.append((key, of_view))
            plain.append((key, of_line))
        other = Inline("{write}({view}(s, e), c)", {"write": object_of(whole), "view": LineView})
        rows = rows_of("s.lines", PLAIN_TEST, plain, other)
        return Inline("{rows}(s, c, {exponent}(s.currency))", {"rows": rows, "exponent": exponent})

    def _line_member(self, name: str, nodes: Sequence[FieldNode]) -> tuple[Write, Write]:
        """Writes a field of a line: from its view, and from the line itself where it is plain."""
        text = LINE_EXPRESSIONS.get(name)
        if text is not None:
            return Inline(over(text, OF_VIEW), NAMES), Inline(over(text, OF_LINE), NAMES)
        number = LINE_NUMBERS.get(name)
        if number is None:
            assert name in PLAIN_FIELDS, "a field of lines is in one of the tables"
            shown, scene = self._member("JournalEntryLine", name, nodes), bare_scene()
            scene.remember_texts(self.memories)
            return shown, Constant(shown(PLAIN_LINE, scene))
        inner = self._value(self._field("JournalEntryLine", name).type, _sets(nodes))
        write = self._remembering(FIELDS["JournalEntryLine"][name], inner)
        return write(over(number, OF_VIEW), "s"), write(over(number, OF_LINE), "{view}(s, e)")

    def _member(self, type: str, name: str, nodes: Sequence[FieldNode]) -> Write:
        """Writes a field of an object."""
        get, shown = FIELDS[type][name], self._field(type, name).type
        sets = _sets(nodes)
        if not sets:
            text = EXPRESSIONS.get((type, name))
            return _leaf(get, shown) if text is None else Inline(text, NAMES)
        if (type, name) == ("JournalEntry", "entryLines"):
            return self._lines(sets)
        inner = self._value(shown, sets)
        number = NUMBERS.get((type, name))
        if number is not None:
            return self._remembering(get, inner)(number, "s")
        if is_list_type(get_nullable_type(shown)):
            source = "'[' + ','.join([{inner}(v, c) for v in {get}(s, c)]) + ']'"
        else:
            source = "('null' if (v := {get}(s, c)) is None else {inner}(v, c))"
        return Inline(source, {"get": get, "inner": inner})

    def _remembering(self, get: Get, inner: Write) -> Callable[[str, str], Inline]:
        """Writes a record that many rows name by number, each once for an answer: given the
        expressions for its number, and for what `get` finds it from.
        """
        place = self.memories
        self.memories += 1

        def write(number: int | None, source: Any, scene: Scene) -> str:
            value = get(source, scene)
            text = _NULL if value is None else inner(value, scene)
            scene.memory[place][number] = text
            return text

        def inline(number: str, source: str) -> Inline:
            text = f"(c.memory[{place}].get({number}) or {{write}}({number}, {source}, c))"
            return Inline(text, {"write": write, "view": LineView})

        return inline

    def _value(self, type: GraphQLOutputType, sets: Sequence[SelectionSetNode]) -> Write:
        """Writes an object, or each member of a list of them; never given None."""
        named = get_named_type(type)
        if is_abstract_type(named):
            self._entities |= _ENTITIES.get(named.name, set())
            return self._of_types(sets, self._schema.get_possible_types(named))
        return self.object(named.name, sets)

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
        sets = _sets(nodes)
        inner = self.object(get_named_type(definition.type).name, sets)
        wanted = frozenset(self._entities)
        self._entities |= before

        def write(_: Any, run: Run, path: Path) -> str:
            try:
                arguments = get_argument_values(definition, nodes[0], run.variables)
                if run.characters > ANSWER_CHARACTERS_MAX:
                    raise fault(Code.QUERY_TOO_COMPLEX, "The answer is too large; ask for less.")
                page = list_page(name, arguments, run.call, wanted)
            except (Fault, GraphQLError) as refused:
                run.fail(refused, nodes, path)
                return _NULL
            text = inner(page, run.call.scene)
            run.characters += len(text)
            return text

        return write

    def root(self, name: str, nodes: Sequence[FieldNode]) -> Outer:
        """Writes a field of Query."""
        if name == "__typename":
            return lambda _, __, ___: '"Query"'
        definition, resolve = self._field("Query", name), ROOTS[name]
        sets = _sets(nodes)
        show = self.company(sets) if name == "company" else self._any_node(sets)

        def write(_: Any, run: Run, path: Path) -> str:
            try:
                arguments = get_argument_values(definition, nodes[0], run.variables)
                value = resolve(arguments, run.call)
            except (Fault, GraphQLError) as refused:
                run.fail(refused, nodes, path)
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
    writers = tuple(
        (key, compiler.root(nodes[0].name.value, nodes)) for key, nodes in fields.items()
    )
    return Plan(writers, compiler.memories)


def _sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [each.selection_set for each in nodes if each.selection_set]


def _pure(write: Write) -> Outer:
    return lambda source, run, _: write(source, run.call.scene)
