"""A plan writes, byte for byte, what the GraphQL library answers.

On random valid documents, and on those that show one thing each.
"""

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    REMOVE,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    StringValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    print_ast,
    visit,
)
from graphql.language.ast import ArgumentNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes as value_nodes
from hypothesis_graphql import queries
from tests.support.graphql import REALM, BothWays, GraphqlWire, account_id, entry_id, two_lines

from daybook.domain.commands import (
    ContactContent,
    CreateReference,
    DimensionContent,
    ListItemContent,
)
from daybook.domain.ids import ById
from daybook.domain.model import CLASS, ContactKind, ListKind
from daybook.protocols.intuit_graphql import ids, schema
from daybook.protocols.intuit_graphql.errors import RequestFault
from daybook.protocols.intuit_graphql.execution import plan_of
from daybook.protocols.intuit_graphql.ids import Kind

SLOW = os.environ.get("DAYBOOK_TEST_SLOW") == "1"


def furnish(wire: GraphqlWire) -> None:
    """Give the books some of everything that a line can name."""
    kept = json.dumps(
        {
            "GivenName": 'Äda "A"\n',
            "Notes": "tab\tand \u2028",
            "PrimaryEmailAddr": {"Address": "ada@example.com"},
            "BillAddr": {"Line1": "1 High St", "City": "Leeds", "PostalCode": "LS1"},
        }
    )
    contact = ContactContent(ContactKind.CUSTOMER, "Äda % Söhne", annex=(("qbo", kept),))
    wire.execute(CreateReference(contact, 71))
    gone = ContactContent(ContactKind.VENDOR, "Gone Ltd", active=False)
    wire.execute(CreateReference(gone, 72))
    wire.execute(CreateReference(DimensionContent(CLASS, "Online", parent=ById(1)), 9))
    rate = json.dumps({"RateValue": 6.25})
    wire.execute(
        CreateReference(ListItemContent(ListKind.TAX_RATE, "Standard", annex=(("qbo", rate),)), 3)
    )
    rates = json.dumps({"SalesTaxRateList": ["3"], "PurchaseTaxRateList": []})
    wire.execute(
        CreateReference(ListItemContent(ListKind.TAX_CODE, "S", annex=(("qbo", rates),)), 5)
    )
    entry = two_lines("10.05", memo='a "memo" \\ %s {x}', transactionDate="2026-03-01")
    entry["entryLines"][0] |= {
        "payee": {"id": "71"},
        "project": {"id": "28392628"},
        "class": {"id": "9"},
        "billable": True,
        "billableAmount": "11",
        "markup": {"account": {"id": "35"}, "amount": "1", "percent": "35%"},
        "tax": {"taxable": True, "taxAmount": "1.50", "taxGroup": {"id": "5"}},
        "description": "\x01\x7f\u20ac\U0001f600",
    }
    entry["entryLines"][1] |= {"payee": {"id": "51"}, "billable": False}
    made = wire.post(
        "mutation($i: CreateJournalEntryInput!) { createJournalEntry(journalEntry: $i) { id } }",
        {"i": entry},
    )
    assert made.data["createJournalEntry"]


@pytest.fixture(scope="module")
def wire() -> GraphqlWire:
    made = GraphqlWire()
    furnish(made)
    return made


@pytest.fixture(scope="module")
def both(wire: GraphqlWire) -> BothWays:
    return BothWays(wire)


GOOD_IDS = [
    *(entry_id(number) for number in (80, 82, 96, 101, 90935, 3400, 5)),
    *(account_id(number) for number in (35, 44, 139)),
    ids.text(REALM, Kind.CONTACT, 34),
    ids.text(REALM, Kind.CONTACT, 60),
    ids.text(REALM, Kind.CLASS, 9),
    ids.text(REALM, Kind.PROJECT, 28392628),
    ids.text(REALM, Kind.TAX_GROUP, 5),
    ids.text(REALM, Kind.TAX_RATE, 3),
    ids.text(REALM, Kind.COMPANY, REALM),
    "44",
    "35",
    "nonsense",
    "",
]
AMOUNTS = ["45", "45.00", "0", "-1", "10.05", "1e2", "3.14159", "99999999999999999999"]


class Livelier(Visitor):
    """Makes random documents ask for what is there.

    Ids that exist stand where random ones stood, most paging arguments go, and conditions, also by
    variable, and named fragments come in here and there.
    """

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data
        self.fragments: list[FragmentDefinitionNode] = []
        self.variables: dict[str, bool] = {}

    def _chance(self, percent: int) -> bool:
        return self._data.draw(st.integers(1, 100)) <= percent

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        match node.name.value:
            case "id":
                return replace(node, value=self._id())
            case "ids":
                count = self._data.draw(st.integers(0, 4))
                return replace(
                    node, value=ListValueNode(values=tuple(self._id() for _ in range(count)))
                )
            case "first":
                size = self._data.draw(st.integers(0, 6))
                return replace(node, value=IntValueNode(value=str(size)))
            case "after" | "before" | "last" | "pagination":
                return None if self._chance(5) else REMOVE
            case "filter":
                return None if self._chance(25) else REMOVE
        return None

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        return self._conditional(node)

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        if node.type_condition is None or not self._chance(20):
            return self._conditional(node)
        name = NameNode(value=f"F{len(self.fragments)}")
        self.fragments.append(
            FragmentDefinitionNode(
                name=name, type_condition=node.type_condition, selection_set=node.selection_set
            )
        )
        return FragmentSpreadNode(name=name, directives=node.directives)

    def _id(self) -> StringValueNode:
        return StringValueNode(value=self._data.draw(st.sampled_from(GOOD_IDS)))

    def _conditional(self, node: Any) -> Any:
        if not self._chance(8):
            return None
        value: Any = BooleanValueNode(value=self._data.draw(st.booleans()))
        if self._chance(60):
            name = self._data.draw(st.sampled_from(["a", "b", "c"]))
            self.variables.setdefault(name, self._data.draw(st.booleans()))
            value = VariableNode(name=NameNode(value=name))
        argument = ArgumentNode(name=NameNode(value="if"), value=value)
        directive = self._data.draw(st.sampled_from(["skip", "include"]))
        made = DirectiveNode(name=NameNode(value=directive), arguments=(argument,))
        return replace(node, directives=(*(node.directives or ()), made))

    def whole(self, document: DocumentNode) -> str:
        """The document made livelier, with its fragments and variables declared."""
        (operation,) = visit(document, self).definitions
        declared = ", ".join(f"${name}: Boolean!" for name in self.variables)
        text = print_ast(operation)
        if declared:
            text = f"query ({declared}) {text}"
        return "\n".join([text, *map(print_ast, self.fragments)])


SCALARS = {
    "Amount": st.sampled_from(AMOUNTS).map(value_nodes.String),
    "Date": st.dates().map(lambda day: value_nodes.String(day.isoformat())),
    "DateTime": st.datetimes().map(
        lambda at: value_nodes.String(at.isoformat(timespec="milliseconds") + "Z")
    ),
}


FILTERS = [
    "",
    "filter: {}",
    'filter: {id: {in: ["96", "82"]}}',
    'filter: {or: [{id: {equals: "34"}}, {id: {nin: ["35"]}}]}',
]


class Asker:
    """Writes random valid documents over the schema, deeper and with more rows than others do."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self._count = 0
        self.fragments: list[str] = []
        self.variables: dict[str, bool] = {}

    def _chance(self, percent: int) -> bool:
        return self._data.draw(st.integers(1, 100)) <= percent

    def _pick(self, choices: list[Any]) -> Any:
        return self._data.draw(st.sampled_from(choices))

    def condition(self) -> str:
        if not self._chance(8):
            return ""
        word, value = self._pick(["skip", "include"]), self._pick(["true", "false", "$a", "$b"])
        if value.startswith("$"):
            self.variables.setdefault(value[1:], self._data.draw(st.booleans()))
        return f" @{word}(if: {value})"

    def selections(self, type: Any, depth: int) -> str:
        if is_abstract_type(type):
            possible = list(schema.schema().get_possible_types(type))
            shown = "".join(
                f" ... on {named.name}{self.condition()} {self.selections(named, depth)}"
                for named in (self._pick(possible), self._pick(possible))
            )
            return f"{{ __typename{shown} }}"
        names = [
            name
            for name, each in type.fields.items()
            if depth < 7 or is_leaf_type(get_named_type(each.type))
        ]
        if not names:  # deep down, and nothing but objects here
            return "{ __typename }"
        wanted = self._data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
        if "nodes" in names and self._chance(80):
            wanted.append("nodes")
        shown = " ".join(self.field(type, name, depth) for name in wanted)
        if self._chance(15):
            shown += " __typename"
        if self._chance(12):
            shown = f"... on {type.name}{self.condition()} {{ {shown} }}"
        elif self._chance(12):
            self._count += 1
            self.fragments.append(f"fragment F{self._count} on {type.name} {{ {shown} }}")
            shown = f"...F{self._count}{self.condition()} "
        return f"{{ {shown} }}"

    def field(self, type: Any, name: str, depth: int) -> str:
        field = type.fields[name]
        named = get_named_type(field.type)
        alias = f"x_{name}: " if self._chance(10) else ""
        arguments = ""
        if field.args:
            self._count += 1
            alias = f"l{self._count}: "
            arguments = self.arguments(name)
        below = "" if is_leaf_type(named) else f" {self.selections(named, depth + 1)}"
        return f"{alias}{name}{arguments}{self.condition()}{below}"

    def arguments(self, name: str) -> str:
        if name == "node":
            return f"(id: {json.dumps(self._pick(GOOD_IDS))})"
        if name == "nodes":
            return f"(ids: {json.dumps([self._pick(GOOD_IDS) for _ in range(3)])})"
        page = self._pick([f"{way}: {size}" for way in ("first", "last") for size in (1, 3, 6)])
        if self._chance(6):
            page = self._pick(['after: "x"', "first: -1", "first: 1, last: 1", "first: 0"])
        return (
            f"({page} {self._pick(FILTERS)} orderBy: {self._pick(['ID_ASC', 'ID_DESC', 'null'])})"
        )

    def document(self) -> str:
        root = schema.schema().query_type
        assert root is not None
        names = self._data.draw(
            st.lists(st.sampled_from(["company", "company", "node", "nodes"]), min_size=1)
        )
        shown = " ".join(self.field(root, name, 0) for name in names[:3])
        declared = ", ".join(f"${name}: Boolean!" for name in self.variables)
        head = f"query ({declared})" if declared else "query"
        return "\n".join([f"{head} {{ {shown} }}", *self.fragments])


def answers_alike(both: BothWays, text: str, variables: dict[str, Any]) -> None:
    """Both ways give the same bytes, unless the document is refused for its size."""
    refused = None
    try:
        by_plan, by_library = both(text, variables)
    except RequestFault as fault:
        refused = fault
    if refused is not None:
        # fields of one name on types that never meet may conflict all the same
        conflict = all(error["message"].startswith("Fields '") for error in refused.errors)
        codes = {error["extensions"]["code"] for error in refused.errors}
        assert conflict or codes == {"VAL-9020"}, (text, refused.errors)
        return
    assert by_plan == by_library
    json.loads(by_plan)


ROOTS = st.sampled_from([["company"], ["node", "nodes"], None])
CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.timeout(3_600 if SLOW else 300)
@settings(max_examples=1_000 if SLOW else 40, deadline=None, suppress_health_check=CHECKS)
@given(
    text=ROOTS.flatmap(
        lambda fields: queries(schema.text(), fields=fields, custom_scalars=SCALARS)
    ),
    data=st.data(),
)
def test_random_documents(both: BothWays, text: str, data: st.DataObject) -> None:
    """As another package makes them, and made livelier."""
    answers_alike(both, text, {})
    livelier = Livelier(data)
    answers_alike(both, livelier.whole(parse(text)), livelier.variables)


@pytest.mark.timeout(3_600 if SLOW else 300)
@settings(max_examples=3_000 if SLOW else 100, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_random_documents_with_many_rows(both: BothWays, data: st.DataObject) -> None:
    asker = Asker(data)
    text = asker.document()
    answers_alike(both, text, asker.variables)


LINE = """
  entryLineType sequence description amount billable billableAmount
  account { id name parent { id fullyQualifiedName } currency { name currency symbol exchangeRate }
    currentBalance classification accountType accountNumber description active
    metadata { entityVersion createTime lastUpdatedTime } }
  payee { __typename ... on Customer { id displayName firstName notes email phone
      contactMethods { type primary active address { streetAddress1 city zipCode county } } }
    ... on Vendor { id displayName active } }
  customer { id displayName }
  project { id name description status active completedDate customer { id displayName } }
  class { id name fullyQualifiedName parent { id name parent { id } } }
  markup { amount percent account { id name } }
  tax { taxAmount taxable taxGroup { id name code description status
    saleRates { taxRate { id name description status startDate endDate rate } }
    purchaseRates { taxRate { id } } } }
"""
DOCUMENTS = {
    "everything": f"""{{ company {{ __typename id companyName legalName companyType industryType
      homeCurrency journalEntries(first: 40, orderBy: [TRANSACTION_DATE_DESC]) {{ totalCount
      edges {{ cursor node {{ id }} }}
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
      nodes {{ __typename id memo privateMemo referenceNumber transactionDate
        metadata {{ entityVersion createTime lastUpdatedTime }}
        currency {{ name currency symbol exchangeRate }} entryLines {{ {LINE} }} }} }} }} }}""",
    "merging": """{ company { journalEntries(first: 2) { nodes { id } } ...A ... { id } }
      company { journalEntries(first: 2) { nodes { memo entryLines { amount } } } } }
      fragment A on Company { journalEntries(first: 2) { nodes { id a: memo ...B ...B } } }
      fragment B on JournalEntry { entryLines { account { id } account { n: name } } }""",
    "aliases": """{ one: company { companyName name: companyName }
      two: company { x: accounts(first: 1) { nodes { id } }
        y: accounts(first: 1) { nodes { name } } } t: __typename }""",
    "nothing left": "{ company @skip(if: true) { id } }",
    "empty object": "{ company { id @include(if: false) } }",
    "conditions": """query ($a: Boolean! = true, $b: Boolean! = false) { company { id @skip(if: $a)
      companyName @include(if: $a) ... @include(if: $b) { legalName }
      accounts(first: 1) @skip(if: $b) { nodes { id } } } }""",
    "null for a list": "{ company { journalEntries(first: -1) { nodes { id } } companyName } }",
    "several errors": """{ a: company { journalEntries(first: 9999) { totalCount }
      accounts(after: "x") { totalCount } } b: node(id: "x") { id }
      c: company { customers(first: 1, last: 1) { totalCount }
      vendors(first: 1, pagination: {first: 1}) { totalCount } } }""",
    "non-null root": "query ($ids: [ID!]!) { company { id } nodes(ids: $ids) { id } }",
    "nodes": """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Account { name }
      ... on JournalEntry { memo } ... on Customer { displayName } ... on TaxRate { rate }
      ... on Company { companyName journalEntries(last: 1) { nodes { id } }
      bad: accounts(first: -5) { totalCount } } ... on Project { customer { id } }
      ... on Node { again: id } } }""",
    "empty filters": """{ company { a: journalEntries(filter: {}) { totalCount }
      b: journalEntries(filter: {or: []}) { totalCount } c: journalEntries(filter: {and: []})
      { totalCount } d: journalEntries(filter: {id: {in: []}}) { totalCount }
      e: journalEntries(filter: {id: {equals: null}, memo: null}) { totalCount } } }""",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_show_one_thing(both: BothWays, name: str) -> None:
    variables: dict[str, Any] = {}
    if "$ids" in DOCUMENTS[name]:
        wanted = GOOD_IDS if name == "nodes" else ["x"] * 1001
        variables = {"ids": wanted}
    by_plan, by_library = both(DOCUMENTS[name], variables)
    assert by_plan == by_library
    assert json.loads(by_plan).keys() >= {"data"}


def test_a_field_that_may_not_be_null_empties_what_is_above(both: BothWays) -> None:
    by_plan, _ = both(DOCUMENTS["non-null root"], {"ids": ["x"] * 1001})
    answer = json.loads(by_plan)
    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["nodes"]]


@pytest.mark.parametrize("a", [True, False])
@pytest.mark.parametrize("b", [True, False])
def test_conditions_by_variable(both: BothWays, a: bool, b: bool) -> None:
    by_plan, by_library = both(DOCUMENTS["conditions"], {"a": a, "b": b})
    assert by_plan == by_library


@given(text=st.text())
@settings(max_examples=300, deadline=None)
def test_texts_are_quoted_alike(text: str) -> None:
    """By the plan and by the library's answers, which differ in what quotes them."""
    from json.encoder import encode_basestring

    from daybook.protocols.kit import json as exact

    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert encode_basestring(text).encode() == exact.encode(text)


def test_plans_are_kept_with_a_bound(wire: GraphqlWire) -> None:
    """One for each way the conditions come out, and no more than so many."""
    from daybook.protocols.intuit_graphql.documents import read
    from daybook.protocols.intuit_graphql.execution import coerce
    from daybook.protocols.intuit_graphql.limits import PLANS_KEPT

    names = [f"v{at}" for at in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    asked = " ".join(f"{name}: companyName @skip(if: ${name})" for name in names)
    made = schema.schema()
    operation = read(f"query ({declared}) {{ company {{ id {asked} }} }}", made).operation(None)
    for number in range(64):
        values = {name: bool(number >> at & 1) for at, name in enumerate(names)}
        coerced = coerce(operation, values, made)
        first = plan_of(operation, coerced, made)
        assert first is not None
        assert len(operation.made) <= PLANS_KEPT + 1
    kept = plan_of(operation, coerce(operation, dict.fromkeys(names, False), made), made)
    assert kept is plan_of(operation, coerce(operation, dict.fromkeys(names, False), made), made)


PAGED = """query ($first: Int = 3, $after: String, $filter: JournalEntryFilter,
  $show: Boolean = true, $order: [JournalEntryOrderBy!] = [ID_DESC], $page: PaginationInput,
  $ids: [ID!]! = []) {
  nodes(ids: $ids) { id }
  company { journalEntries(first: $first, after: $after, filter: $filter, orderBy: $order,
    pagination: $page) @include(if: $show) { nodes { id entryLines { amount } } totalCount } } }"""


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"first": None},
        {"first": 0},
        {"first": 10**6},
        {"first": None, "page": {"last": 2}},
        {"page": {"first": 2}},
        {"after": "nonsense"},
        {"filter": None, "order": None},
        {"filter": {"amount": {"equals": "45.00"}, "id": {"in": GOOD_IDS}}},
        {"filter": {"or": [{"memo": {"contains": "memo"}}, {"and": []}]}},
        {
            "filter": {
                "transactionDate": {"between": {"minDate": "2025-01-01", "maxDate": "2025-02-01"}}
            }
        },
        {"order": "TRANSACTION_DATE_ASC"},
        {"show": False, "ids": GOOD_IDS},
        {"ids": "96"},
    ],
)
def test_variables(both: BothWays, variables: dict[str, Any]) -> None:
    by_plan, by_library = both(PAGED, variables)
    assert by_plan == by_library
    json.loads(by_plan)


def test_a_condition_that_comes_out_null_is_the_librarys(wire: GraphqlWire) -> None:
    """There is no plan for it, and the answer says what is wrong."""
    answer = wire.post(PAGED, {"show": None})
    assert (answer.status, answer.json["data"]) == (200, {"nodes": [], "company": None})
    assert answer.codes == ["VAL-0100"]
