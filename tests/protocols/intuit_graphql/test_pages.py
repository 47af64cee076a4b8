"""Pages walked by cursor equal one sorted list, also while entries are being written."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.graphql import OTHER_REALM, TOKEN, GraphqlWire, account_id, entry_id, two_lines

from daybook.domain.commands import ContactContent, CreateReference
from daybook.domain.model import ContactKind
from daybook.protocols.intuit_graphql import pages, plan, roots

ORDERS = ["TRANSACTION_DATE", "REFERENCE_NUMBER", "CREATE_TIME", "LAST_UPDATED_TIME", "ID"]
WALK = """query ($first: Int, $after: String, $last: Int, $before: String,
  $order: [JournalEntryOrderBy!]) { company { journalEntries(first: $first, after: $after,
  last: $last, before: $before, orderBy: $order) { totalCount edges { cursor node { id } }
  nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


@pytest.fixture(scope="module")
def wire() -> GraphqlWire:
    return GraphqlWire()


def page(wire: GraphqlWire, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = wire.post(WALK, variables).data["company"]["journalEntries"]
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]
    cursors = [edge["cursor"] for edge in found["edges"]] or [None]
    info = found["pageInfo"]
    assert (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1])
    return found


def numbers(found: dict[str, Any]) -> list[str]:
    return [node["id"] for node in found["nodes"]]


def whole(wire: GraphqlWire, order: list[str]) -> list[str]:
    found = page(wire, first=1000, order=order)
    assert found["totalCount"] == len(found["nodes"])
    assert not found["pageInfo"]["hasNextPage"]
    return numbers(found)


orders = st.lists(
    st.sampled_from([f"{name}_{way}" for name in ORDERS for way in ("ASC", "DESC")]), max_size=3
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=orders, size=st.integers(7, 90))
def test_a_walk_either_way_is_the_whole_list(
    wire: GraphqlWire, order: list[str], size: int
) -> None:
    listed = whole(wire, order)
    walked: list[str] = []
    cursor = None
    while True:
        found = page(wire, first=size, after=cursor, order=order)
        walked += numbers(found)
        info = found["pageInfo"]
        assert info["hasPreviousPage"] is (cursor is not None)
        assert info["hasNextPage"] is (len(walked) < len(listed))
        cursor = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert walked == listed
    walked, cursor = [], None
    while True:
        found = page(wire, last=size, before=cursor, order=order)
        walked[:0] = numbers(found)
        info = found["pageInfo"]
        assert info["hasNextPage"] is (cursor is not None)
        assert info["hasPreviousPage"] is (len(walked) < len(listed))
        cursor = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert walked == listed


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), size=st.integers(0, 8))
def test_between_two_cursors(wire: GraphqlWire, data: st.DataObject, size: int) -> None:
    order = data.draw(orders)
    found = page(wire, first=12, order=order)
    cursors = [edge["cursor"] for edge in found["edges"]]
    listed = whole(wire, order)
    low, high = data.draw(st.integers(0, 11)), data.draw(st.integers(0, 11))
    between = listed[low + 1 : high]
    forward = page(wire, first=size, after=cursors[low], before=cursors[high], order=order)
    assert numbers(forward) == between[:size]
    backward = page(wire, last=size, after=cursors[low], before=cursors[high], order=order)
    assert numbers(backward) == (between[-size:] if size else [])
    for shown in (forward, backward):
        if shown["nodes"]:
            at = listed.index(shown["nodes"][0]["id"])
            info = shown["pageInfo"]
            assert info["hasPreviousPage"] is (at > 0)
            assert info["hasNextPage"] is (at + len(shown["nodes"]) < len(listed))


def test_a_walk_while_entries_are_written() -> None:
    """What was there all the time comes once; new entries ahead come, those behind do not."""
    wire = GraphqlWire()
    order = ["TRANSACTION_DATE_ASC", "ID_ASC"]
    before = whole(wire, order)
    create = (
        "mutation ($i: CreateJournalEntryInput!) { createJournalEntry(journalEntry: $i) { id } }"
    )
    delete = "mutation ($id: ID!) { deleteJournalEntry(id: $id) { success } }"
    ahead, walked, cursor = [], [], None
    gone: set[str] = set()
    for step in range(1_000):
        found = page(wire, first=9, after=cursor, order=order)
        walked += numbers(found)
        cursor = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        wire.post(create, {"i": two_lines(transactionDate="2015-01-01")})
        if step < 5:
            made = wire.post(create, {"i": two_lines(transactionDate="2030-01-01")})
            ahead.append(made.data["createJournalEntry"]["id"])
        gone.add(numbers(found)[-1])
        wire.post(delete, {"id": numbers(found)[-1]})
    assert walked == before + ahead
    assert len(gone) > 5


def test_the_cursors_of_the_original(wire: GraphqlWire) -> None:
    """Plain offsets into the list."""
    listed = whole(wire, [])

    def plain(offset: int) -> str:
        return base64.b64encode(f"simple-cursor{offset}".encode()).decode()

    assert plain(0) == "c2ltcGxlLWN1cnNvcjA="
    assert numbers(page(wire, first=3, after=plain(0))) == listed[1:4]
    assert numbers(page(wire, first=3, after=plain(4).rstrip("="))) == listed[5:8]
    assert numbers(page(wire, last=2, before=plain(4))) == listed[2:4]
    assert numbers(page(wire, first=2, after=plain(10_000))) == []
    assert numbers(page(wire, last=2, before=plain(10_000))) == listed[-2:]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ('after: "x"', "VAL-9010"),
        ('after: ""', "VAL-9010"),
        ('before: "c2ltcGxlLWN1cnNvcg=="', "VAL-9010"),
        ("first: -1", "VAL-9011"),
        ("first: 1001", "VAL-9011"),
        ("last: 1001", "VAL-9011"),
        ("first: 1, last: 1", "VAL-9009"),
        ("first: 1, pagination: {first: 1}", "VAL-9009"),
        ("pagination: {first: 1, last: 1}", "VAL-9009"),
    ],
)
def test_pages_that_are_refused(wire: GraphqlWire, arguments: str, code: str) -> None:
    answer = wire.post(f"{{ company {{ id journalEntries({arguments}) {{ nodes {{ id }} }} }} }}")
    assert answer.status == 200
    assert answer.json["data"]["company"]["journalEntries"] is None
    assert answer.json["data"]["company"]["id"]
    assert answer.codes == [code]


def test_a_cursor_belongs_to_its_list_order_and_company(wire: GraphqlWire) -> None:
    cursor = page(wire, first=1)["pageInfo"]["endCursor"]
    other = wire.principal(wire.principal().scopes, wire.company(OTHER_REALM))
    wire.tokens.known["other"] = other
    for variables, token in (
        ({"order": ["TRANSACTION_DATE_ASC"]}, TOKEN),
        ({"order": ["ID_DESC"]}, TOKEN),
        ({}, "other"),
    ):
        answer = wire.post(WALK, {"after": cursor, **variables}, token=token)
        assert answer.codes == ["VAL-9010"]
    answer = wire.post(f'{{ company {{ accounts(after: "{cursor}") {{ totalCount }} }} }}')
    assert answer.codes == ["VAL-9010"]


def test_both_spellings_of_a_page(wire: GraphqlWire) -> None:
    text = "{ company { journalEntries(%s) { nodes { id } } } }"
    assert (
        wire.post(text % "pagination: {first: 2}, first: null").response.body
        == wire.post(text % "first: 2, pagination: null").response.body
    )
    assert (
        len(wire.post(text.replace("(%s)", "")).data["company"]["journalEntries"]["nodes"]) == 100
    )


FILTERS = {
    '{id: {equals: "96"}}': ["96"],
    '{id: {in: ["96", "82", "nonsense"]}}': ["82", "96"],
    f'{{id: {{equals: "{account_id(96)}"}}}}': [],
    '{referenceNumber: {equals: "SomeJENumber13"}}': ["96"],
    '{referenceNumber: {equals: "somejenumber13"}}': [],
    '{referenceNumber: {startsWith: "somejen"}}': ["96"],
    '{referenceNumber: {contains: "jenumber"}}': ["96"],
    '{referenceNumber: {in: ["SomeJENumber13", "CAP-1"]}}': ["90934", "96"],
    '{referenceNumber: {in: ["SomeJENumber13", "cap-1"]}}': ["96"],
    "{referenceNumber: {in: []}}": [],
    '{memo: {contains: "TEST MEMO"}}': ["82"],
    '{transactionDate: {equals: "2021-09-22"}}': ["96"],
    '{transactionDate: {between: {minDate: "2021-04-08", maxDate: "2021-04-09"}}}': ["80", "82"],
    '{transactionDate: {greaterThanOrEquals: "2021-04-09", lessThanOrEquals: "2021-09-22"}}': [
        "82",
        "96",
    ],
    '{lastUpdatedTime: {lessThanOrEquals: "2015-12-31T00:00:00Z"}}': ["90934"],
    '{accountId: {equals: "13"}, amount: {equals: "45.00"}}': ["82"],
    '{payeeId: {equals: "9"}}': ["96"],
    '{projectId: {equals: "28392628"}}': [],
    '{amount: {greaterThanOrEquals: 22.3, lessThanOrEquals: "22.30"}}': ["8484"],
    '{amount: {equals: "22.301"}}': [],
    '{and: [{id: {nin: ["80"]}}, {transactionDate: {lessThanOrEquals: "2021-04-09"}}]}': [
        "90934",
        "82",
    ],
    '{or: [{id: {equals: "80"}}, {id: {equals: "82"}}]}': ["80", "82"],
    "{or: []}": [],
    "{id: {in: []}}": [],
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters(wire: GraphqlWire, text: str) -> None:
    asked = (
        f"{{ company {{ journalEntries(filter: {text}, orderBy: [CREATE_TIME_ASC])"
        " { totalCount nodes { id } } } }"
    )
    found = wire.post(asked).data["company"]["journalEntries"]
    shown = [node["id"].rpartition(":")[2] for node in found["nodes"]]
    assert shown == FILTERS[text]
    assert found["totalCount"] == len(shown)


@pytest.mark.parametrize("member", ["id", "referenceNumber"])
def test_a_list_of_a_filter_has_so_many_members(wire: GraphqlWire, member: str) -> None:
    """A full one is searched for; they are counted apart from conditions, one list and all."""
    text = (
        "query ($f: JournalEntryFilter) { company { journalEntries(filter: $f) { totalCount } } }"
    )

    def answer(filter: dict[str, Any]) -> list[tuple[str, str]]:
        errors = wire.post(text, {"f": filter}).json.get("errors", [])
        return [(error["extensions"]["code"], error["message"]) for error in errors]

    full = {member: {"in": [str(number) for number in range(1, 1_001)]}}
    assert answer(full) == []
    [(code, message)] = answer({member: {"in": [*full[member]["in"], "1"]}})
    assert code == "VAL-9020"
    assert "has up to 1,000 members" in message
    assert answer({"or": [full] * 5}) == []
    together = "The lists of a filter have up to 5,000 members together."
    assert answer({"or": [full] * 5 + [{member: {"in": ["1"]}}]}) == [("VAL-9020", together)]


def test_lists_of_what_lines_name(wire: GraphqlWire) -> None:
    text = """{ company {
      accounts(filter: {classification: {in: [EQUITY]}}, orderBy: [NAME_DESC])
        { nodes { name classification } }
      customers(filter: {displayName: {equals: "Tanmay B"}}) { nodes { id displayName } }
      vendors(first: 1, orderBy: [NAME_ASC]) { totalCount nodes { __typename displayName } }
      classes(filter: {active: {equals: true}}) { nodes { name } }
      mine: projects(filter: {customerId: {equals: "34"}, status: {in: [OPEN]}})
        { nodes { name customer { id } } }
      none: projects(filter: {customerId: {equals: "35"}}) { totalCount }
      done: projects(filter: {status: {equals: COMPLETE}}) { totalCount }
      taxGroups(filter: {status: {equals: ACTIVE}}) { totalCount } } }"""
    data = wire.post(text).data["company"]
    names = [each["name"] for each in data["accounts"]["nodes"]]
    assert names == sorted(names, key=str.lower, reverse=True)
    assert {each["classification"] for each in data["accounts"]["nodes"]} == {"EQUITY"}
    assert [each["displayName"] for each in data["customers"]["nodes"]] == ["Tanmay B"]
    assert data["vendors"]["totalCount"] == 4
    assert data["vendors"]["nodes"][0] == {"__typename": "Vendor", "displayName": "Calder Telecom"}
    assert [each["name"] for each in data["classes"]["nodes"]] == ["Retail", "Wholesale"]
    assert [each["name"] for each in data["mine"]["nodes"]] == ["Ata Bi Pro"]
    assert data["none"]["totalCount"] == data["done"]["totalCount"] == 0
    assert data["taxGroups"]["totalCount"] == 0


NAMES = ["Ann", "aNNex", "Bob (del", "Bob", "(deleted)", "d"]


def test_contacts_are_filtered_by_the_names_they_are_shown_by() -> None:
    """Behind the name of an inactive one stands ` (deleted)`, in filters as in answers."""
    wire = GraphqlWire()
    for name in NAMES:
        for kind, active in ((ContactKind.CUSTOMER, True), (ContactKind.VENDOR, False)):
            whole = f"{name} {kind.value[0]}" if active else f"v {name}"
            wire.execute(CreateReference(ContactContent(kind, whole, active=active)))
    text = "query($f: %sFilter) { company { found: %ss(filter: $f) { nodes { displayName } } } }"

    def shown(kind: str, **operators: Any) -> list[str]:
        variables = {"f": {"displayName": operators} if operators else None}
        found = wire.post(text % (kind.capitalize(), kind), variables).data["company"]["found"]
        return [each["displayName"] for each in found["nodes"]]

    for listed in ("customer", "vendor"):
        every = shown(listed)
        assert any(name.endswith(" (deleted)") for name in every) is (listed == "vendor")
        pieces = {
            name[at : at + size]
            for name in every[-len(NAMES) :]
            for at in range(9)
            for size in (1, 4, 99)
        }
        for piece in sorted({*pieces, "DELETED)", "v ann (DEL", "Ann", "(deleted)"}):
            folded = piece.lower()
            assert shown(listed, equals=piece) == [each for each in every if each == piece]
            assert shown(listed, **{"in": ["x", piece]}) == shown(listed, equals=piece)
            holding = [each for each in every if folded in each.lower()]
            assert shown(listed, contains=piece) == holding, piece
            beginning = [each for each in every if each.lower().startswith(folded)]
            assert shown(listed, startsWith=piece) == beginning, piece


def test_a_page_takes_a_fixed_number_of_reads(
    wire: GraphqlWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows it has and whatever they name."""
    from daybook.storage.memory.reader import Snapshot

    asked: list[str] = []
    for name in ("entries", "references_by_id", "reference", "entry", "references"):
        method = getattr(Snapshot, name)

        def counted(self: Any, *arguments: Any, name: str = name, method: Any = method) -> Any:
            asked.append(name)
            return method(self, *arguments)

        if name != "reference":
            monkeypatch.setattr(Snapshot, name, counted)
    text = """{ company { journalEntries(first: %d, orderBy: [ID_DESC]) { nodes { id entryLines {
      account { name parent { name } } payee { ... on Customer { displayName } }
      class { name } project { customer { id } } } } } } }"""
    counts = []
    for size in (5, 400):
        asked.clear()
        assert wire.post(text % size).data
        assert asked.count("entries") == 1
        counts.append(len(asked))
    assert max(counts) <= 8


def test_entry_ids_look_alike_everywhere(wire: GraphqlWire) -> None:
    listed = whole(wire, [])
    assert entry_id(96) in listed
    assert [int(each.rpartition(":")[2]) for each in listed] == sorted(
        int(each.rpartition(":")[2]) for each in listed
    )


def test_a_page_of_large_entries_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has fewer rows where they would be too large together, and says that there are more;
    what is asked for by id is all there.
    """
    wire = GraphqlWire()
    monkeypatch.setattr(pages, "PAGE_BYTES_MAX", 2_500)
    monkeypatch.setattr(roots, "PAGE_BYTES_MAX", 2_500)
    whole = [entry["id"] for entry in walk(wire, 1_000)]
    assert len(whole) == len(set(whole)) > 100
    assert whole == [entry["id"] for entry in walk(wire, 7)]
    assert [entry["id"] for entry in walk(wire, 1_000, "last", "before")][::-1] == whole
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    data = wire.post(text, {"ids": whole[:40]}).data
    assert [each["id"] for each in data["nodes"]] == whole[:40]


def walk(
    wire: GraphqlWire, size: int, count: str = "first", after: str = "after"
) -> list[dict[str, Any]]:
    """All entries, page by page either way; backwards, each page is turned round."""
    text = (
        f"query ($n: Int, $c: String) {{ company {{ journalEntries({count}: $n, {after}: $c) {{"
        " nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"
    )
    found: list[dict[str, Any]] = []
    cursor, more = None, True
    while more:
        shown = wire.post(text, {"n": size, "c": cursor}).data["company"]["journalEntries"]
        info = shown["pageInfo"]
        forwards = count == "first"
        found += shown["nodes"] if forwards else shown["nodes"][::-1]
        more = info["hasNextPage" if forwards else "hasPreviousPage"]
        cursor = info["endCursor" if forwards else "startCursor"]
    return found


def test_answers_have_so_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted over all lists and nodes of an answer; what came before is shown."""
    wire = GraphqlWire()
    monkeypatch.setattr(roots, "ANSWER_LINES_MAX", 10)
    text = "{ company { few: journalEntries(first: 3) { nodes { id } }"
    text += " many: journalEntries(first: 100) { nodes { id } } } }"
    answer = wire.post(text)
    assert (answer.status, answer.codes) == (200, ["VAL-9020"])
    assert len(answer.json["data"]["company"]["few"]["nodes"]) == 3
    assert answer.json["data"]["company"]["many"] is None
    again = wire.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [entry_id(80)] * 9}
    )
    assert (again.status, again.codes, again.json["data"]) == (200, ["VAL-9020"], None)


def test_lines_count_by_what_is_asked_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aliases multiply the answer: so they do the count, and a mutation is refused beforehand."""
    wire = GraphqlWire()
    many = " ".join(f"a{at}: amount b{at}: sequence" for at in range(50))
    text = "{ company { journalEntries(first: 20) { nodes { entryLines { %s } } } } }"
    entries = wire.post(text % "amount").data["company"]["journalEntries"]["nodes"]
    lines_max = sum(len(entry["entryLines"]) for entry in entries)
    monkeypatch.setattr(roots, "ANSWER_LINES_MAX", lines_max)
    assert wire.post(text % "amount").data
    assert wire.post(text % many).codes == ["VAL-9020"]
    text = "mutation ($e: CreateJournalEntryInput!) { createJournalEntry(journalEntry: $e) { %s } }"
    count = "{ company { journalEntries(first: 0) { totalCount } } }"
    before = wire.post(count).data
    lines = "".join(f"l{at}: entryLines {{ {many} }} " for at in range(10))
    assert wire.post(text % lines, {"e": two_lines()}).codes == ["VAL-9020"]
    assert wire.post(count).data == before
    assert wire.post(text % "id", {"e": two_lines()}).data


def test_an_answer_has_so_many_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = GraphqlWire()
    monkeypatch.setattr(plan, "ANSWER_CHARACTERS_MAX", 100)
    text = "{ company { a: journalEntries(first: 9) { nodes { id } } b: accounts { totalCount } } }"
    answer = wire.post(text)
    assert (answer.status, answer.codes) == (200, ["VAL-9020"])
    assert len(answer.json["data"]["company"]["a"]["nodes"]) == 9
