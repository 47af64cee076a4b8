"""Global ids: their one form, what else is taken, and that none leads out of its company."""

import base64
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.graphql import OTHER_REALM, REALM, GraphqlWire, account_id, entry_id, two_lines

from daybook.domain.commands import ChangeCompany
from daybook.domain.ids import CompanyId
from daybook.domain.model import Company
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.ids import Kind, Trouble

STRICT = Company(CompanyId(1), "x", "X", REALM, "c", "GBP")
LENIENT = replace(STRICT, strict_realm=False)
realms = st.integers(1, 10**19 - 1).map(str)
kinds = st.sampled_from(Kind)


def test_the_published_ones() -> None:
    assert entry_id(96) == "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjgwMjcxZWRkOGE:96"
    assert account_id(35) == "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjUxY2VkODUzNmM:35"
    assert ids.text(REALM, Kind.PROJECT, 28392628) == (
        "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjY4ZDAxMTQ3ZGQ:28392628"
    )


@given(realm=realms, kind=kinds, number=st.integers(0, 2**63 - 1))
def test_what_is_shown_is_taken(realm: str, kind: Kind, number: int) -> None:
    company = replace(STRICT, realm=realm)
    text = ids.text(realm, kind, number)
    assert ids.parse(text, kind, company) == number
    assert ids.resolve(text, company) == (kind, number)
    assert ids.parse(str(number), kind, company) == number
    sealed, _, local = text.partition(":")
    padded = sealed + "=" * (-len(sealed) % 4)
    safe = base64.urlsafe_b64encode(base64.b64decode(padded)).decode()
    for other in (padded, safe):
        assert ids.parse(f"{other}:{local}", kind, company) == number


@given(kind=kinds, other=kinds, number=st.integers(0, 10**6))
def test_another_kind_or_company(kind: Kind, other: Kind, number: int) -> None:
    foreign = ids.text(OTHER_REALM, kind, number)
    assert ids.parse(foreign, kind, STRICT) is Trouble.OTHER_REALM
    assert ids.parse(foreign, kind, LENIENT) == number
    assert ids.resolve(foreign, STRICT) is None
    if kind is not other:
        own = ids.text(REALM, kind, number)
        assert ids.parse(own, other, LENIENT) is Trouble.OTHER_KIND


@given(text=st.one_of(st.text(), st.binary().map(lambda b: base64.b64encode(b).decode() + ":1")))
def test_anything_else_leads_nowhere_at_once(text: str) -> None:
    started = time.perf_counter()
    found = ids.parse(text, Kind.ACCOUNT, STRICT)
    assert found is None or isinstance(found, int | Trouble)
    assert ids.resolve(text, STRICT) is None
    assert time.perf_counter() - started < 0.1


@pytest.mark.parametrize("text", ["035", "1" * 21, "a" * 38])
def test_well_formed_and_of_nothing(text: str) -> None:
    assert ids.parse(text, Kind.CONTACT, STRICT) is None


OLD_FORM = base64.b64encode(f"v4:{REALM}:/common/CustomFieldDefinition:".encode()).decode() + ":1"


@pytest.mark.parametrize("text", ["", ":", "x", "-1", "1.5", "٣", OLD_FORM, "x" * 10_000])
def test_what_cannot_be_read(text: str) -> None:
    assert ids.parse(text, Kind.ACCOUNT, STRICT) is Trouble.MALFORMED


@given(st.text(max_size=30) | st.sampled_from(["\u00b2", "\u0663", "9" * 5_000, "", "00", "-1"]))
def test_numbers(text: str) -> None:
    """Decimal digits of ASCII without a zero in front, as long as a record's number can be."""
    number = ids.number_of(text)
    assert number is None or (str(number) == text and 0 <= number < 2**63)


def test_ids_of_another_company_look_not_found_outside_the_demo() -> None:
    """In every place that takes an id, and in no other words than for one that does not exist."""
    wire = GraphqlWire()
    with wire.books.read() as reader:
        strict = replace(reader.company, strict_realm=True)
    wire.execute(ChangeCompany(None, strict))
    read = """query ($id: ID!, $s: String!) { node(id: $id) { id } nodes(ids: [$id]) { id }
      company { journalEntries(filter: {id: {equals: $s}}) { totalCount } } }"""
    delete = "mutation ($id: ID!) { deleteJournalEntry(id: $id) { success } }"
    update = (
        "mutation ($i: UpdateJournalEntryInput!) { updateJournalEntry(journalEntry: $i) { id } }"
    )
    create = (
        "mutation ($i: CreateJournalEntryInput!) { createJournalEntry(journalEntry: $i) { id } }"
    )

    def answers(realm: str, number: int, account: int) -> list[object]:
        id = entry_id(number, realm)
        entry = two_lines()
        entry["entryLines"][0]["account"]["id"] = account_id(account, realm)
        change = {"i": {"id": id, "metadata": {"entityVersion": "0"}}}
        found = [
            wire.post(read, {"id": id, "s": id}),
            wire.post(delete, {"id": id}),
            wire.post(update, change),
            wire.post(create, {"i": entry}),
        ]
        return [each.json for each in found]

    assert answers(OTHER_REALM, 96, 35) == answers(REALM, 999_999, 999_999)
    own = wire.post(read, {"id": entry_id(96), "s": entry_id(96)}).data
    assert own["company"]["journalEntries"]["totalCount"] == 1
    assert own["node"] == own["nodes"][0] == {"id": entry_id(96)}


def test_the_look_up_never_leaves_the_company() -> None:
    """Lenient or not: of another company's id, only the number counts."""
    wire = GraphqlWire()
    text = "query ($id: ID!) { node(id: $id) { ... on JournalEntry { id memo } } }"
    found = wire.post(text, {"id": entry_id(82, OTHER_REALM)}).data["node"]
    assert found == {"id": entry_id(82), "memo": "add test memo"}
