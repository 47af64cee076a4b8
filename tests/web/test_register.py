"""The register shows what a filter asks for, all of it, once, in order."""

from datetime import date
from functools import lru_cache
from json import loads
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.web import CUSTOMER, RECEIVABLE, SALES, Pages, Visitor

from daybook.domain.commands import DeleteEntry, LineDraft
from daybook.domain.ids import ById, EntryId
from daybook.domain.model import JournalEntry, Side, Status
from daybook.web import register
from daybook.web.limits import REGISTER_ROWS
from daybook.web.pages import journal

JOURNAL = "/app/c/shop/journal"


@pytest.fixture(scope="module")
def site() -> Pages:
    """Rent of some months, a sale to a customer, one that waits, and a deleted entry."""
    site = Pages()
    for month in range(1, 5):
        site.post(
            100_000 + month,
            posting_date=date(2026, month, 1),
            memo=f"Rent {month}",
            doc_number=f"R-{month}",
        )
    sale = (
        LineDraft(Side.DEBIT, 4_500, ById(RECEIVABLE), contact=ById(CUSTOMER)),
        LineDraft(Side.CREDIT, 4_500, ById(SALES), description="Two seats"),
    )
    site.post(lines=sale, posting_date=date(2026, 3, 15))
    site.post(7, posting_date=date(2026, 5, 1), memo="waits", status=Status.REVIEW)
    gone = site.post(8, posting_date=date(2026, 6, 1), memo="gone")
    site.execute(DeleteEntry(gone.id, None))
    return site


@pytest.fixture(scope="module")
def vera(site: Pages) -> Visitor:
    return site.visitor("vera")


def ids(page: str) -> list[int]:
    """The entries of a page, by the links in its rows."""
    cells = page.split('<td class="number"><a href="/app/c/shop/journal/')[1:]
    return [int(cell.partition('"')[0]) for cell in cells]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [6, 4, 5, 3, 2, 1]),
        ("order=oldest", [1, 2, 3, 5, 4, 6]),
        ("deleted=on", [7, 6, 4, 5, 3, 2, 1]),
        ("from=2026-03-01&to=2026-03-15", [5, 3]),
        ("account=Sales", [5]),
        ("account=%234", [6, 4, 3, 2, 1]),
        ("account=e4", [6, 4, 3, 2, 1]),
        ("contact=ada+lovelace", [5]),
        ("status=review", [6]),
        ("status=posted", [4, 5, 3, 2, 1]),
        ("text=seats", [5]),
        ("text=r-2", [2]),
        ("text=RENT", [4, 3, 2, 1]),
        ("text=5", [5]),
        ("least=45&most=45.00", [5]),
        ("least=1,000.02", [4, 3, 2]),
        ("most=0.07", [6]),
        ("text=gone", []),
        ("text=%25", []),
    ],
)
def test_a_filter_finds_what_it_says(vera: Visitor, query: str, expected: list[int]) -> None:
    assert ids(vera.get(f"{JOURNAL}?{query}").text) == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "A date is wanted"),
        ("from=2026-02-01&to=2026-01-01", "before the first one"),
        ("account=Nowhere", "No account is called that"),
        ("contact=Nobody", "No contact is called that"),
        ("least=1,5", "not a plain decimal number"),
        ("least=5&most=4", "less than the least"),
        ("status=lost", "no such status"),
    ],
)
def test_a_filter_that_cannot_be_read_shows_nothing_and_says_why(
    vera: Visitor, query: str, said: str
) -> None:
    answer = vera.get(f"{JOURNAL}?{query}")
    assert answer.has(said)
    assert ids(answer.text) == []


def test_a_search_that_takes_too_long_is_broken_off(
    vera: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says what to do, with the filter as it was; suggestions just do not come."""
    monkeypatch.setattr(journal, "SEARCH_SECONDS_MAX", -1)
    answer = vera.get(f"{JOURNAL}?text=rent&contact=ada+lovelace&deleted=on")
    assert answer.status == 503
    assert answer.has("This search takes too long")
    assert (answer.field("text"), answer.field("contact")) == ("rent", "ada lovelace")
    assert not answer.has("No entry fits")
    assert ids(answer.text) == []
    assert answer.response.diagnosis == "the search took more than -1 seconds"
    found = vera.get("/app/c/shop/find/contact?q=a")
    assert (found.status, found.has("This search takes too long")) == (503, True)


def test_deleted_entries_are_marked_and_in_no_total(vera: Visitor) -> None:
    answer = vera.get(f"{JOURNAL}?deleted=on&from=2026-05-01")
    assert answer.has("Deleted")
    assert answer.has("Total, without deleted entries 0.07 USD")


def test_an_entry_says_who_made_it_and_a_short_number_stays_whole(vera: Visitor) -> None:
    assert vera.get(f"{JOURNAL}/1").has("Made by olga")
    assert 'class="quiet small whole">R-1<' in vera.get(JOURNAL).text


def test_totals_are_by_currency(vera: Visitor) -> None:
    assert vera.get(f"{JOURNAL}?text=Rent").has("Total 4,000.10 USD")


def test_nothing_found_offers_a_way_back(vera: Visitor) -> None:
    assert vera.get(f"{JOURNAL}?text=nothing").has("No entry fits")


def test_an_empty_journal_helps() -> None:
    answer = Pages().visitor("ada").get(JOURNAL)
    assert answer.has("The journal is empty")
    assert answer.has("New entry")


@pytest.fixture(scope="module")
def many() -> Pages:
    site = Pages()
    for number in range(2 * REGISTER_ROWS + 7):
        site.post(number + 1, posting_date=date(2026, 1, 1 + number % 9))
    return site


def _link(page: str, rel: str) -> str | None:
    _, found, rest = page.partition(f'rel="{rel}" href="')
    return rest.partition('"')[0].replace("&amp;", "&") if found else None


@pytest.mark.parametrize("order", ["", "order=oldest"])
def test_pages_show_every_entry_once_and_lead_back(many: Pages, order: str) -> None:
    vera = many.visitor("vera")
    page = vera.get(f"{JOURNAL}?{order}").text
    assert _link(page, "prev") is None
    walked, pages = ids(page), [ids(page)]
    while (following := _link(page, "next")) is not None:
        page = vera.get(following).text
        pages.append(ids(page))
        walked += pages[-1]
    assert sorted(walked) == list(range(1, 2 * REGISTER_ROWS + 8))
    with many.books.read() as reader:
        days = [_found(reader.entry(each)).posting_date for each in walked]  # type: ignore[arg-type]
    assert days == sorted(days, reverse=not order)
    for expected in reversed(pages[:-1]):
        previous = _link(page, "prev")
        assert previous is not None
        page = vera.get(previous).text
        assert ids(page) == expected
    assert _link(page, "prev") is None


def _found(entry: JournalEntry | None) -> JournalEntry:
    assert entry is not None
    return entry


def test_a_cursor_of_another_filter_begins_anew(many: Pages) -> None:
    vera = many.visitor("vera")
    following = _link(vera.get(JOURNAL).text, "next")
    assert following is not None
    first = ids(vera.get(f"{JOURNAL}?order=oldest").text)
    assert ids(vera.get(f"{following}&order=oldest").text) == first
    assert ids(vera.get(f"{JOURNAL}?after=nonsense").text) == ids(vera.get(JOURNAL).text)


@given(st.text(max_size=300), st.text(max_size=30))
@settings(max_examples=30)
def test_whatever_is_typed_is_a_page(site: Pages, text: str, other: str) -> None:
    vera = _vera(site)
    fields = {"text": text, "least": other, "from": other, "account": text, "after": other}
    for name, given_text in fields.items():
        query = urlencode({name: given_text}, errors="replace")
        assert vera.get(f"{JOURNAL}?{query}").status == 200


@lru_cache(maxsize=1)
def _vera(site: Pages) -> Visitor:
    return site.visitor("vera")


def test_what_a_field_may_go_on_to(vera: Visitor) -> None:
    found = loads(vera.get("/app/c/shop/find/account?q=e").text)
    assert [each["name"] for each in found] == [
        "Rent",
        "Accounts Receivable",
        "Checking",
        "Sales",
    ], "a code that begins so first, then by name; inactive ones are left out"
    found = loads(vera.get("/app/c/shop/find/account?q=s").text)
    assert [each["name"] for each in found] == ["Sales", "Accounts Receivable"], "beginnings first"
    assert loads(vera.get("/app/c/shop/find/account?q=b8").text)[0]["name"] == "Checking"
    assert loads(vera.get("/app/c/shop/find/contact?q=love").text)[0]["hint"] == "customer"
    assert loads(vera.get("/app/c/shop/find/axis:CLASS?q=").text)[0]["name"] == "North"
    assert vera.get("/app/c/shop/find/nothing?q=").status == 404


def test_a_short_text_is_looked_for_among_the_latest_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The index goes by three characters, and reading through a million entries takes seconds."""
    site = Pages()
    for day in range(1, 6):
        site.post(posting_date=date(2026, 3, day), memo=f"Q{day}x")
    ada = site.visitor("ada")
    assert not ada.get("/app/c/shop/journal?text=q").has("looked for in entries since")
    monkeypatch.setattr(register, "SHORT_TEXT_ENTRIES", 2)
    page = ada.get("/app/c/shop/journal?text=q")
    assert page.has("is looked for in entries since 3 Mar 2026")
    assert [page.has(f"Q{day}x") for day in range(1, 6)] == [False, False, True, True, True]
    page = ada.get("/app/c/shop/journal?text=q&to=2026-03-04")
    assert page.has("is looked for in entries since 2 Mar 2026")
    assert [page.has(f"Q{day}x") for day in range(1, 6)] == [False, True, True, True, False]
    assert ada.get("/app/c/shop/journal?text=Q1x").has("Q1x")


def test_a_short_number_finds_an_entry_that_is_not_among_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(register, "SHORT_TEXT_ENTRIES", 2)
    site = Pages()
    for day in range(1, 6):
        site.post(posting_date=date(2026, 3, day), memo=f"Q{day}x")
    site.execute(DeleteEntry(EntryId(2), None))
    ada = site.visitor("ada")

    def has(query: str, number: int) -> bool:
        return ada.get(f"{JOURNAL}?{query}").has(f"Entry {number} is before that day")

    assert has("text=1", 1)
    assert has("text=%231", 1)
    assert 'href="/app/c/shop/journal/1"' in ada.get(f"{JOURNAL}?text=1").text
    assert not has("text=5", 5), "it is in the list"
    assert ids(ada.get(f"{JOURNAL}?text=5").text) == [5]
    assert not has("text=1&account=Sales", 1), "the other fields hold for it too"
    assert not has("text=1&from=2026-03-02", 1)
    assert not has("text=2", 2)
    assert has("text=2&deleted=on", 2)
    assert not has("text=9", 9), "there is none"
