"""A file is looked at, then taken; and nothing of it is lost or believed on the way."""

import base64
import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.web import Answer, Pages, Visitor

from daybook.app.journal_csv import ImportReport, import_journal
from daybook.domain.model import Status
from daybook.domain.query import Query
from daybook.protocols.kit import http
from daybook.protocols.kit.plugin import Request, Response
from daybook.web.forms import PARTS_MAX, file_bytes, read_form
from daybook.web.pages import importing

IMPORT = "/app/c/shop/import"
HEAD = "Journal No.,Date,Account,Debits,Credits,Description\n"
GOOD = "N-1,2026-01-31,Rent,12.50,,<b>Rent</b>\nN-1,2026-01-31,Checking,,12.50,\n"
WRONG = "N-2,2026-01-31,Nowhere,1,,\nN-2,2026-01-31,Checking,,1,\n"


def upload(visitor: Visitor, address: str, content: bytes, **fields: str) -> Answer:
    """Send a form with a file as browsers do."""
    boundary = "----WebKitFormBoundary7MA4YWxk"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in {"csrf": visitor.token, **fields}.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n".encode()
        + content
        + b"\r\n"
    )
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return visitor.send("POST", address, body, headers)


@pytest.fixture
def site() -> Pages:
    return Pages()


def entries(site: Pages) -> int:
    with site.books.read() as reader:
        return len(reader.entries(Query()))


def test_a_file_is_looked_at_and_then_taken(site: Pages) -> None:
    visitor = site.visitor("ada")
    assert visitor.get(IMPORT).has("Nothing is kept before you have seen")
    seen = upload(visitor, IMPORT, (HEAD + GOOD).encode())
    assert seen.has("1 entry with 2 lines can be taken")
    assert seen.has("Line 2: 31 Jan 2026, number N-1")
    assert "<b>Rent</b>" not in seen.text
    assert entries(site) == 0
    form = re.search(r'action="/app/c/shop/import/take".*?</form>', seen.text, re.DOTALL)
    assert form is not None
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form[0])
    }
    taken = visitor.submit(f"{IMPORT}/take", fields)
    assert taken.location == "/app/c/shop/journal"
    assert visitor.get(taken.location).has("1 entry with 2 lines was taken.")
    assert entries(site) == 1


def test_what_is_wrong_is_told_by_line_and_nothing_is_taken(site: Pages) -> None:
    visitor = site.visitor("ada")
    seen = upload(visitor, IMPORT, (HEAD + GOOD + WRONG).encode())
    assert seen.has("1 thing is wrong: nothing can be taken.")
    assert seen.has("line 4, column Account:")
    assert seen.text.count("Would be refused") == 1
    assert seen.has("Nowhere No account is called that.")
    assert seen.has("Line 2: 31 Jan 2026, number N-1"), "beside those that are right"
    taken = visitor.submit(f"{IMPORT}/take", {"kept": visitor_kept(seen)})
    assert taken.status == 422
    assert taken.has("Nothing was taken.")
    assert entries(site) == 0


def test_what_cannot_be_read_or_is_about_a_whole_entry_is_told_where_it_stands(
    site: Pages,
) -> None:
    apart = "N-3,2026-01-31,Rent,2,,\nN-3,2026-01-31,Checking,,1,\n"
    unread = "N-4,2026-13-31,Rent,x,,\nN-4,,Checking,,1,\n"
    seen = upload(site.visitor("ada"), IMPORT, (HEAD + apart + unread).encode())
    assert seen.text.count("Would be refused") == 2
    assert seen.has("Debits are 2.00 and credits 1.00: 1.00 USD apart.")
    assert re.search(r'<mark class="refused">2026-13-31</mark>', seen.text)
    assert re.search(r'<mark class="refused">x</mark>', seen.text)


def visitor_kept(seen: Answer) -> str:
    return seen.field("kept")


def test_the_others_are_taken_and_pending_where_that_is_asked_for(site: Pages) -> None:
    visitor = site.visitor("ada")
    options = {"keep": "others", "status": "pending", "skip": "on"}
    seen = upload(visitor, IMPORT, (HEAD + GOOD + WRONG).encode(), **options)
    assert seen.has("1 entry with 2 lines can be taken, as drafts")
    taken = visitor.submit(f"{IMPORT}/take", {"kept": visitor_kept(seen), **options})
    assert taken.location == "/app/c/shop/approvals"
    listed = visitor.get(taken.location)
    assert listed.has("1 entry with 2 lines was taken and kept as Draft.")
    assert listed.has("1 thing was wrong; the entries concerned were left out.")
    assert listed.has("Draft")


def test_what_the_books_have_is_said_to_be_left_out(site: Pages) -> None:
    visitor = site.visitor("ada")
    site.post(5, doc_number="N-1", posting_date=date(2026, 1, 31))
    other = GOOD.replace("N-1", "N-5")
    beside = upload(visitor, IMPORT, (HEAD + GOOD + other).encode())
    assert beside.has("1 entry has a number and date that an entry in the books has.")
    assert beside.has("number N-1 The books have one like it")
    seen = upload(visitor, IMPORT, (HEAD + GOOD + other).encode(), skip="on")
    assert seen.has("1 entry has a number and date that an entry in the books has, and is left out")
    assert seen.has("number N-1 Left out: the books have it")
    assert not seen.has("number N-5 Left out")
    kept = {"kept": visitor_kept(seen), "skip": "on"}
    taken = visitor.submit(f"{IMPORT}/take", kept)
    assert visitor.get(taken.location).has(
        "1 entry with 2 lines was taken. 1 entry was left out that the books had already."
    )


@pytest.mark.parametrize("content", [b"", b"x" * (2 * 1024 * 1024 + 1)])
def test_a_file_that_is_none_or_too_large(site: Pages, content: bytes) -> None:
    answer = upload(site.visitor("ada"), IMPORT, content)
    assert answer.status == 422


@pytest.mark.parametrize("kept", ["", "!", "AA=A"])
def test_a_file_that_did_not_come_along(site: Pages, kept: str) -> None:
    assert site.visitor("ada").submit(f"{IMPORT}/take", {"kept": kept}).status == 422


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 50, b'"', b"a,b\n1,2\n"])
def test_any_bytes_are_answered(site: Pages, content: bytes) -> None:
    answer = upload(site.visitor("ada"), IMPORT, content)
    assert answer.status == 200
    assert answer.has("wrong")


def test_one_file_of_a_person_at_a_time(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second window of the same person sends a file while the first is judged; so do others."""
    ada, ben, again = site.visitor("ada"), site.visitor("ben"), site.visitor("ada")
    content = (HEAD + GOOD).encode()
    answers: dict[str, Answer] = {}

    def others() -> dict[str, Answer]:
        kept = base64.b64encode(content).decode()
        return {
            "preview": upload(again, IMPORT, content),
            "take": again.submit(f"{IMPORT}/take", {"kept": kept}),
            "ben": upload(ben, IMPORT, content),
        }

    def judged(*given: Any) -> ImportReport:
        if not answers:
            answers["ada"] = Answer(Response(200))
            with ThreadPoolExecutor(1) as elsewhere:
                answers.update(elsewhere.submit(others).result())
        return import_journal(*given)

    monkeypatch.setattr(importing, "import_journal", judged)
    assert upload(ada, IMPORT, content).has("1 entry with 2 lines can be taken")
    for which in ("preview", "take"):
        assert answers[which].status == 429
        assert answers[which].has("Another file is being looked at.")
        assert visitor_kept(answers[which]), "the file need not be chosen again"
    assert answers["ben"].has("1 entry with 2 lines can be taken")
    assert upload(again, IMPORT, content).has("1 entry with 2 lines can be taken")
    assert entries(site) == 0


def test_viewers_cannot_import(site: Pages) -> None:
    assert site.visitor("vera").get(IMPORT).status == 403


def form(body: bytes, kind: str = "multipart/form-data; boundary=x") -> dict[str, str]:
    return read_form(Request("POST", "/", "", {"content-type": kind}, body, "", ""))


@given(st.binary(max_size=300))
def test_a_file_comes_through_as_it_is(content: bytes) -> None:
    if b"\r\n--x" in b"\r\n" + content:
        return
    head = b'--x\r\ncontent-disposition: form-data; name="f"; filename="a b.csv"\r\n\r\n'
    found = form(head + content + b"\r\n--x--\r\n")
    assert file_bytes(found["f"]) == content
    assert found["f.name"] == "a b.csv"


@given(st.binary(max_size=200))
def test_any_body_is_read_as_something(body: bytes) -> None:
    form(body)
    form(b"--x\r\n" + body)
    form(body, "multipart/form-data")
    form(body, "application/x-www-form-urlencoded")


def test_a_body_of_too_many_parts() -> None:
    part = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'
    assert form(part * PARTS_MAX + b"--x--") == {"a": "1"}
    with pytest.raises(http.TooManyParameters):
        form(part * (PARTS_MAX + 3) + b"--x--")


@pytest.mark.parametrize(
    "encoding",
    [
        *("zlib", "hex", "rot13", "base64", "bz2", "punycode", "undefined", "utf-16", "x\0y"),
        *("utf-7", "unicode_escape", "idna", "mbcs", "x" * 100_000, "\u0442"),
    ],
)
def test_an_encoding_that_is_none_of_text_is_told(site: Pages, encoding: str) -> None:
    visitor = site.visitor("ada")
    seen = upload(visitor, IMPORT, (HEAD + GOOD).encode(), encoding=encoding)
    assert seen.status == 200
    assert seen.has("nothing can be taken")
    assert entries(site) == 0


def test_with_four_eyes_what_is_taken_waits(site: Pages) -> None:
    site.configure(four_eyes=True)
    visitor = site.visitor("ada")
    assert not visitor.get(IMPORT).has("Posted at once")
    assert visitor.get(IMPORT).has("Four eyes: nobody posts alone here")
    seen = upload(visitor, IMPORT, (HEAD + GOOD).encode())
    assert seen.has("1 entry with 2 lines can be taken, to be reviewed")
    visitor.submit(f"{IMPORT}/take", {"kept": visitor_kept(seen), "status": "posted"})
    assert site.entry(1).status is Status.REVIEW


def test_more_entries_than_a_page_judges_are_refused(
    site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "IMPORT_ENTRIES_MAX", 1)
    visitor = site.visitor("ada")
    assert upload(visitor, IMPORT, (HEAD + GOOD).encode()).has("1 entry with 2 lines can be taken")
    seen = upload(visitor, IMPORT, (HEAD + GOOD + GOOD.replace("N-1", "N-2")).encode())
    assert seen.has("more than 1 entries")
    assert entries(site) == 0
