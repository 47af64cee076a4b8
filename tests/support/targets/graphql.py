"""Places for ids of GraphQL: nodes, filters, references, versions' owners, cursors."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.support.premises import Answer, Premises, Tenant
from tests.support.targets import Target

from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.ids import Kind

KINDS = {
    "entry": Kind.TRANSACTION,
    "account": Kind.ACCOUNT,
    "customer": Kind.CONTACT,
    "vendor": Kind.CONTACT,
    "project": Kind.PROJECT,
    "class": Kind.CLASS,
    "tax_code": Kind.TAX_GROUP,
    "tax_rate": Kind.TAX_RATE,
}
"""Kinds of global ids, by kinds of numbers."""

FILTERS = (
    ("journalEntries", "id", "entry"),
    ("journalEntries", "accountId", "account"),
    ("journalEntries", "payeeId", "customer"),
    ("journalEntries", "projectId", "project"),
    ("journalEntries", "classId", "class"),
    ("accounts", "id", "account"),
    ("customers", "id", "customer"),
    ("vendors", "id", "vendor"),
    ("classes", "id", "class"),
    ("projects", "id", "project"),
    ("projects", "customerId", "customer"),
    ("taxGroups", "id", "tax_code"),
)
LISTS = sorted({name for name, _, _ in FILTERS})

REFERENCES = (
    ("account", "account"),
    ("payee", "customer"),
    ("payee", "vendor"),
    ("project", "project"),
    ("class", "class"),
)


def run(house: Premises, text: str, **variables: object) -> Answer:
    """Carry out a document for the caller."""
    body = {"query": text, "variables": variables}
    headers = {**house.ours.bearer, "accept": "application/json"}
    return house.ask("POST", "/2020-04/graphql", body=body, headers=headers)


def global_ids(house: Premises, kind: str) -> list[tuple[str, str]]:
    """Global ids that are not of a record of ours and of this kind."""
    found: list[tuple[str, str]] = []
    wanted = KINDS[kind]

    def add(label: str, tenant: Tenant, of: Kind, numbers: list[int]) -> None:
        found.extend((label, ids.text(tenant.realm, of, number)) for number in numbers)

    ours, theirs = house.ours, house.theirs
    for name, of in KINDS.items():
        add(f"the other company's {name}", theirs, of, theirs.numbers[name])
        add(f"the other's realm before our {name}", theirs, of, ours.numbers[name])
        add(f"our realm before their {name}", ours, wanted, theirs.numbers[name])
        if of is not wanted and kind != "entry":
            add(f"our {name}", ours, of, ours.numbers[name][:1])
    for name in ("employee", "journal", "deleted"):
        add(f"the number of our {name}", ours, wanted, ours.numbers[name])
    found.append(("the other company", ids.text(theirs.realm, Kind.COMPANY, theirs.realm)))
    found.append(("a forged realm", ids.text("9130350000000000", wanted, ours.numbers[kind][0])))
    found.append(("no number of ours", ids.text(ours.realm, wanted, 99_999_999)))
    return found


def unknown_like(house: Premises, value: str) -> str:
    """An id of our company that never was, of the kind that another id says by itself it is of."""
    found = ids.split(value)
    assert found is not None
    return ids.text(house.ours.realm, Kind(found[1]), 77_777)


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id, by both methods and addresses where a document is only read."""
    for name, field, kind in FILTERS:
        text = (
            f"query($id: String!) {{ company {{ {name}(filter: {{{field}: {{equals: $id}}}})"
            f" {{ totalCount nodes {{ id }} }} }} }}"
        )
        yield _target(house, f"{name}.{field}", kind, text)
        several = text.replace("equals: $id", "in: [$id]")
        yield _target(house, f"{name}.{field} in", kind, several)
    yield _target(house, "node", "entry", "query($id: ID!) { node(id: $id) { __typename id } }")
    nodes = "query($id: ID!) { nodes(ids: [$id]) { __typename id } }"
    yield _target(house, "nodes", "entry", nodes)
    yield from _changes(house)
    for name in LISTS:
        page = f"{name}(first: 1, after: $id) {{ nodes {{ id }} }}"
        text = f"query($id: String) {{ company {{ {page} }} }}"
        yield Target("intuit_graphql", "post graphql", f"{name} after", "cursor", _ask(house, text))


def _target(house: Premises, field: str, kind: str, text: str) -> Target:
    return Target("intuit_graphql", "post graphql", field, f"global {kind}", _ask(house, text))


def _ask(house: Premises, text: str) -> Callable[[str], Answer]:
    return lambda value: run(house, text, id=value)


def _changes(house: Premises) -> Iterator[Target]:
    delete = "mutation($id: ID!) { deleteJournalEntry(id: $id) { id success } }"
    yield _target(house, "deleteJournalEntry.id", "entry", delete)
    update = (
        "mutation($id: ID!) { updateJournalEntry(journalEntry: {id: $id,"
        ' metadata: {entityVersion: "0"}, memo: "x"}) { id } }'
    )
    yield _target(house, "updateJournalEntry.id", "entry", update)
    create = (
        "mutation($entry: CreateJournalEntryInput!)"
        " { createJournalEntry(journalEntry: $entry) { id } }"
    )
    numbers = house.ours.numbers

    def made(value: str, path: tuple[str, ...]) -> Answer:
        def line(side: str, account: int) -> dict[str, Any]:
            return {"entryLineType": side, "amount": "5", "account": {"id": str(account)}}

        first, second = line("DEBIT", numbers["account"][1]), line("CREDIT", numbers["account"][0])
        place = first
        for each in path[:-1]:
            place = place.setdefault(each, {})
        place[path[-1]] = {"id": value}
        return run(house, create, entry={"entryLines": [first, second]})

    for name, kind in REFERENCES:
        ask = lambda value, n=name: made(value, (n,))
        field = f"entryLines.{name} {kind}"
        yield Target("intuit_graphql", "post graphql", field, f"global {kind}", ask)
    for path, kind in ((("tax", "taxGroup"), "tax_code"), (("markup", "account"), "account")):
        deeper = lambda value, p=path: made(value, p)
        field = f"entryLines.{'.'.join(path)}"
        yield Target("intuit_graphql", "post graphql", field, f"global {kind}", deeper)


def cursors(house: Premises) -> Iterator[tuple[str, str]]:
    """Cursors that are not of the query they are sent with."""
    headers = {**house.theirs.bearer, "accept": "application/json"}
    for name in LISTS:
        text = f"{{ company {{ {name}(first: 1) {{ pageInfo {{ endCursor }} }} }} }}"
        answer = house.ask("POST", "/2020-04/graphql", body={"query": text}, headers=headers)
        cursor = answer.json["data"]["company"][name]["pageInfo"]["endCursor"]
        yield f"the other company's cursor of {name}", cursor
        flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
        yield f"a forged cursor of {name}", flipped
    yield "a forged cursor", "AAAAAAAAAAAAAAAAAAAAAFszMTAwMF0"
