"""Entries made, changed, deleted and approved by forms, and what is said when that cannot be."""

import dataclasses
import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.web import CHECKING, ORIGIN, PASSWORD, RENT, Pages, Visitor

from daybook.app.sessions import IDLE_SECONDS
from daybook.domain.commands import EntryContent, LineDraft, NoteDraft, ReplaceEntry
from daybook.domain.events import Actor
from daybook.domain.ids import ById
from daybook.domain.model import Note, Side, Status, TaxMark
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.web.limits import FORM_LINES_MAX, KEPT_LENGTH_MAX
from daybook.web.wording import wording

NEW = "/app/c/shop/journal/new"


@pytest.fixture
def site() -> Pages:
    return Pages()


@pytest.fixture
def ada(site: Pages) -> Visitor:
    return site.visitor("ada")


def rent(**more: str) -> dict[str, str]:
    """The fields of rent paid from the bank."""
    return {
        "date": "2026-02-03",
        "memo": "Rent",
        "currency": "USD",
        "do": "post",
        "account.0": "Rent",
        "debit.0": "1,200.00",
        "account.1": "checking",
        "credit.1": "1200",
        "account.2": "",
        **more,
    }


def form_fields(visitor: Visitor, address: str) -> dict[str, str]:
    """The fields of a form as a browser would send them back."""
    page = visitor.get(address)
    assert page.status == 200, page.status
    body = page.text.partition('class="entry-form"')[2].partition("<template")[0]
    found = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', body)
    fields = {name: unescape(value) for name, value in found}
    fields |= {
        name: unescape(value)
        for value, name in re.findall(r'<input[^>]*?value="([^"]*)"[^>]*?name="([^"]+)"', body)
        if name not in fields
    }
    memo = re.search(r"<textarea[^>]*>(.*?)</textarea>", body, re.S)
    assert memo is not None
    return {**fields, "memo": unescape(memo[1]), "do": "post"}


def axes_box(page: str) -> str:
    """The box that unfolds the fields of dimensions."""
    found = re.search(r'<input[^>]*id="axes-shown"[^>]*>', page)
    assert found is not None
    return found[0]


def test_fields_of_dimensions_are_folded_away_until_they_are_used(ada: Visitor) -> None:
    """The box has no name: it is not sent, and what is folded away is."""
    page = ada.get(NEW)
    assert "checked" not in axes_box(page.text)
    assert "name=" not in axes_box(page.text)
    assert page.field("axis.0.CLASS") == ""
    faulty = ada.submit(NEW, rent(**{"axis.0.CLASS": "South"}))
    assert "checked" in axes_box(faulty.text)
    kept = ada.submit(NEW, rent(**{"axis.0.CLASS": "North"}))
    assert "checked" in axes_box(ada.get(f"{kept.location}/edit").text)


def test_an_entry_is_posted_in_the_name_of_its_author(site: Pages, ada: Visitor) -> None:
    answer = ada.submit(NEW, rent(number="7"))
    assert (answer.status, answer.location) == (303, "/app/c/shop/journal/1")
    page = ada.get(answer.location)
    assert page.has("Entry 1 is posted.")
    assert not ada.get(answer.location).has("Entry 1 is posted."), "told once"
    entry = site.entry(1)
    assert (entry.posting_date, entry.doc_number, entry.memo) == (date(2026, 2, 3), "7", "Rent")
    assert [(line.side, line.amount, line.account_id) for line in entry.lines] == [
        (Side.DEBIT, 120_000, RENT),
        (Side.CREDIT, 120_000, CHECKING),
    ]
    with site.books.read() as reader:
        actor = reader.history("entry", 1)[0].actor
    assert (actor.user, actor.client, actor.protocol, actor.request_id) == (
        "ada", "web", "web", "id-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("button", "status"), [("review", Status.REVIEW), ("draft", Status.PENDING)]
)
def test_an_entry_may_wait(site: Pages, ada: Visitor, button: str, status: Status) -> None:
    ada.submit(NEW, rent(do=button))
    assert site.entry(1).status is status


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"debit.0": "1200.01"}, None, "0.01 USD apart"),
        ({"account.0": "Nowhere"}, "account.0", "No account is called that."),
        ({"account.0": ""}, "account.0", "Which account?"),
        ({"account.0": "Old"}, "account.0", "inactive"),
        ({"debit.0": "1,2"}, "debit.0", "not a plain decimal number"),
        ({"debit.0": "1.001"}, "debit.0", "more decimals"),
        ({"debit.0": ""}, "debit.0", "An amount is missing"),
        ({"debit.0": "-5"}, "debit.0", "other column"),
        ({"credit.0": "5"}, "credit.0", "not both"),
        ({"contact.0": "Nobody"}, "contact.0", "No contact is called that."),
        ({"axis.0.CLASS": "South"}, "axis-0-CLASS", "No value is called that."),
        ({"account.0": "Accounts Receivable"}, "contact.0", "needs a contact"),
        ({"date": "soon"}, "date", "A date is wanted"),
        ({"currency": "XXX"}, "currency", "no such currency"),
        ({"currency": "EUR"}, "currency", "The currency does not fit"),
        ({"number": "x" * 300}, "number", "255 at most"),
        ({"memo": "x" * 5_000}, "memo", "4000 at most"),
        ({"description.0": "x" * 5_000}, "description.0", "4000 at most"),
        ({"account.1": "", "credit.1": ""}, None, "at least two lines"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(
    ada: Visitor, fields: dict[str, str], field: str | None, said: str
) -> None:
    answer = ada.submit(NEW, rent(**fields))
    assert answer.status == 422
    assert answer.has(said)
    if field is not None:
        assert f'{field.replace(".", "-") if "." in field else field}-fault"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    for name, text in rent(**fields).items():
        if name not in ("do", "memo", "currency") and text:
            assert answer.field(name) == text
    assert ada.get("/app/c/shop/journal").has("The journal is empty")


def test_a_closed_period_is_named(site: Pages, ada: Visitor) -> None:
    site.configure(books_closed_through=date(2026, 2, 28))
    answer = ada.submit(NEW, rent())
    assert answer.has("The books are closed through 28 Feb 2026.")
    assert 'id="date-fault"' in answer.text


def test_a_double_click_posts_once(site: Pages, ada: Visitor) -> None:
    key = ada.get(NEW).field("key")
    first = ada.submit(NEW, rent(key=key))
    assert ada.submit(NEW, rent(key=key)).location == first.location
    with site.books.read() as reader:
        assert reader.head().entries_live == 1


def test_a_form_sent_again_with_other_content_is_not_dropped(site: Pages, ada: Visitor) -> None:
    key = ada.get(NEW).field("key")
    ada.submit(NEW, rent(key=key))
    again = ada.submit(NEW, rent(key=key, memo="Rent of March"))
    assert again.status == 409
    assert again.has("This form was sent before, and made entry 1.")
    assert again.has("Rent of March")
    answer = ada.submit(NEW, rent(key=again.field("key"), memo="Rent of March"))
    assert (answer.status, site.entry(2).memo) == (303, "Rent of March")


def test_an_entry_outlives_the_session_it_was_typed_in(site: Pages, ada: Visitor) -> None:
    """It is carried through the sign-in, also through a wrong password, and shown, not posted."""
    fields = {**form_fields(ada, NEW), **rent(memo='"Rent" & more')}
    site.clock.now += (IDLE_SECONDS + 1) * 1_000_000
    asked = ada.submit(NEW, fields)
    assert asked.has("Your session had ended. Sign in again: what you typed is kept.")
    assert asked.field("name") == "ada"
    ada.token = asked.field("csrf")
    sign_in = {"name": "ada", "next": NEW, "kept": asked.field("kept")}
    again = ada.submit("/app/sign-in", {**sign_in, "password": "wrong"})
    assert again.field("kept") == asked.field("kept")
    told = ada.submit("/app/sign-in", {**sign_in, "password": PASSWORD})
    assert told.has("What you typed is kept")
    names = [name for name in fields if name not in ("do", "csrf")]
    carried = {name: told.field(name) for name in names}
    assert carried == {name: fields[name] for name in names}
    ada.token = told.field("csrf")
    form = ada.submit(NEW, {**carried, "do": "show"})
    assert form.status == 200
    assert form.field("account.0") == "Rent"
    assert form.has('"Rent" & more')
    with site.books.read() as reader:
        assert reader.head().entries_live == 0


def test_a_kept_form_is_shown_to_its_author_alone(site: Pages, ada: Visitor) -> None:
    fields = {**form_fields(ada, NEW), **rent()}
    site.clock.now += (IDLE_SECONDS + 1) * 1_000_000
    asked = ada.submit(NEW, fields)
    ada.token = asked.field("csrf")
    sign_in = {"name": "ben", "password": PASSWORD, "next": NEW, "kept": asked.field("kept")}
    answer = ada.submit("/app/sign-in", sign_in)
    assert ada.get(ada.get(answer.location).location).has("ada typed the form that was sent.")


@pytest.mark.parametrize("case", ["forged", "foreign", "too large"])
def test_what_nobody_typed_here_is_not_kept(site: Pages, case: str) -> None:
    visitor = site.visitor()
    memo = "x" * KEPT_LENGTH_MAX if case == "too large" else "Rent"
    body = urlencode({**rent(memo=memo), "author": "ada"}).encode()
    headers = {"origin": "http://evil.test" if case == "foreign" else ORIGIN}
    answer = visitor.send("POST", NEW, body, headers)
    if case != "forged":
        assert answer.status == 303
        assert visitor.get(answer.location).has("Your session had ended, so nothing was done.")
        return
    kept = answer.field("kept")
    visitor.token = answer.field("csrf")
    sign_in = {"name": "ada", "password": PASSWORD, "next": NEW, "kept": f"A{kept}"}
    assert visitor.submit("/app/sign-in", sign_in).location == NEW


def test_a_button_pressed_after_the_session_leads_back_to_its_page(
    site: Pages, ada: Visitor
) -> None:
    site.post(500)
    site.clock.now += (IDLE_SECONDS + 1) * 1_000_000
    page = "/app/c/shop/journal/1/delete"
    body = urlencode({"csrf": ada.token, "version": "0"}).encode()
    answer = ada.send("POST", page, body, {"referer": f"{ORIGIN}{page}"})
    assert answer.location == f"/app/sign-in?{urlencode({'next': page})}"
    assert ada.get(answer.location).has("Your session had ended, so nothing was done.")
    for other in (f"http://evil.test{page}", "http://[", "null", f"{ORIGIN}//evil.test/"):
        elsewhere = ada.send("POST", page, body, {"referer": other})
        assert elsewhere.location == "/app/sign-in", other


def test_more_lines_without_a_script(ada: Visitor) -> None:
    answer = ada.submit(NEW, rent(do="rows"))
    assert answer.status == 200
    assert answer.field("debit.0") == "1,200.00"
    assert answer.field("account.7") == ""
    with pytest.raises(AssertionError):
        answer.field("account.8")


def test_a_form_has_no_more_rows_than_are_read(ada: Visitor) -> None:
    fields = rent(**{f"account.{FORM_LINES_MAX + 50}": "Rent"})
    answer = ada.submit(NEW, {**fields, "do": "rows"})
    assert f'name="account.{FORM_LINES_MAX}"' not in answer.text.partition("<template")[0]


def test_what_a_form_does_not_show_is_kept(site: Pages, ada: Visitor) -> None:
    """Tax, notes, ids of lines and what interfaces keep are as before a change of the memo."""
    lines = (
        LineDraft(
            Side.DEBIT, 500, ById(RENT), tax=TaxMark(code_id="TAX"), annex=(("other", "{}"),),
            dimensions=(("CLASS", ById(1)),), description="d",
        ),
        NoteDraft("a note", (("other", "[]"),)),
        LineDraft(Side.CREDIT, 500, ById(CHECKING)),
    )  # fmt: skip
    before = site.post(lines=lines, annex=(("other", "{}"),), adjustment=True)
    fields = form_fields(ada, "/app/c/shop/journal/1/edit")
    assert ada.submit("/app/c/shop/journal/1/edit", {**fields, "memo": "new"}).status == 303
    after = site.entry(1)
    expected = dataclasses.replace(before, memo="new", version=1, modified_at=after.modified_at)
    assert after == expected
    assert isinstance(after.sequence[1], Note)


def test_saving_without_a_change_makes_no_version(site: Pages, ada: Visitor) -> None:
    site.post(500, memo="a\nb")
    fields = form_fields(ada, "/app/c/shop/journal/1/edit")
    assert ada.submit("/app/c/shop/journal/1/edit", fields).status == 303
    assert site.entry(1).version == 0
    assert ada.get("/app/c/shop/journal/1").has("Nothing was changed.")


def test_converted_amounts_stay_unless_amounts_change() -> None:
    site = Pages(multicurrency=True)
    ada = site.visitor("ada")
    lines = (
        LineDraft(Side.DEBIT, 1_000, ById(RENT), home_amount=1_101),
        LineDraft(Side.CREDIT, 1_000, ById(RENT), home_amount=1_101),
    )
    site.post(lines=lines, currency="EUR", rate=Decimal("1.1"))
    fields = form_fields(ada, "/app/c/shop/journal/1/edit")
    ada.submit("/app/c/shop/journal/1/edit", {**fields, "memo": "x"})
    assert {line.home_amount for line in site.entry(1).lines} == {1_101}
    fields = form_fields(ada, "/app/c/shop/journal/1/edit")
    ada.submit("/app/c/shop/journal/1/edit", {**fields, "debit.0": "20", "credit.1": "20"})
    assert {line.home_amount for line in site.entry(1).lines} == {2_200}
    assert ada.get("/app/c/shop/journal/1").has("In USD the entry amounts to 22.00")


def test_two_people_at_once_see_each_others_change(site: Pages, ada: Visitor) -> None:
    site.post(500, memo="first")
    ben = site.visitor("ben")
    address = "/app/c/shop/journal/1/edit"
    of_ada, of_ben = form_fields(ada, address), form_fields(ben, address)
    assert ben.submit(address, {**of_ben, "memo": "of ben"}).status == 303
    answer = ada.submit(address, {**of_ada, "memo": "of ada", "debit.0": "6", "credit.1": "6"})
    assert answer.status == 409
    assert answer.has("Somebody has changed this entry since you opened it")
    assert answer.has("Changed by ben")
    assert answer.has("of ben")
    assert answer.has("Save over theirs")
    assert site.entry(1).memo == "of ben", "nothing is overwritten unseen"
    assert answer.field("debit.0") == "6", "nor lost"
    kept = {**of_ada, "memo": "of ada", "debit.0": "6", "credit.1": "6"}
    assert ada.submit(address, {**kept, "version": answer.field("version")}).status == 303
    entry = site.entry(1)
    assert (entry.memo, entry.version, entry.total) == ("of ada", 2, 600)
    history = ada.get("/app/c/shop/journal/1/history")
    assert history.has("Version 2 Changed by ada")
    assert history.has("Version 0 Made by olga")


def test_a_conflict_writes_amounts_one_way_and_calls_neither_side_wrong(
    site: Pages, ada: Visitor
) -> None:
    site.post(123_450, memo="first")
    address = "/app/c/shop/journal/1/edit"
    fields = form_fields(ada, address)
    ben = site.visitor("ben")
    ben.submit(address, {**form_fields(ben, address), "memo": "of ben"})
    typed = {**fields, "memo": "of ada", "debit.0": "1 234.50", "credit.1": "2345.6"}
    apart = {**typed, "debit.0": "2,345.60"}
    answer = ada.submit(address, apart)
    assert answer.has("Rent, debit 1,234.50 Rent, debit 2,345.60")
    assert answer.has("Now: 1,234.50")
    box = answer.text.partition("Theirs and yours")[2].partition("</table>")[0]
    assert "<ins>" not in box
    assert "<del>" not in box
    same = ada.submit(address, {**typed, "credit.1": "1,234.50"})
    assert not same.has("Now: 1,234.50"), "written otherwise, but the same"


def test_an_entry_deleted_meanwhile_is_told(site: Pages, ada: Visitor) -> None:
    site.post(500)
    fields = form_fields(ada, "/app/c/shop/journal/1/edit")
    ada.submit("/app/c/shop/journal/1/delete", {"version": "0"})
    answer = ada.submit("/app/c/shop/journal/1/edit", {**fields, "memo": "x"})
    assert answer.status == 422
    assert answer.has("This entry has been deleted.")


def test_duplicates_and_reversals_are_new_entries_of_today(site: Pages, ada: Visitor) -> None:
    site.post(500, memo="Rent", doc_number="9", posting_date=date(2026, 1, 1))
    like = form_fields(ada, f"{NEW}?like=1")
    assert (like["memo"], like["number"], like["debit.0"]) == ("Rent", "", "5.00")
    assert like["date"] == "2026-09-21"
    turned = form_fields(ada, f"{NEW}?reverse=1")
    assert (turned["debit.0"], turned["credit.0"]) == ("", "5.00")
    assert turned["memo"] == "Reversal of entry 1"
    assert ada.submit(NEW, turned).status == 303
    sums = [line.signed for entry in (site.entry(1), site.entry(2)) for line in entry.lines]
    assert sum(sums[::2]) == sum(sums[1::2]) == 0


def test_deleting_asks_first_and_restoring_makes_a_new_entry(site: Pages, ada: Visitor) -> None:
    site.post(500, memo="Rent")
    asked = ada.get("/app/c/shop/journal/1/delete")
    assert asked.has("It cannot be undone.")
    assert asked.has("Over interfaces that mark deleted entries programs still get it, marked")
    stale = ada.submit("/app/c/shop/journal/1/delete", {"version": "7"})
    assert ada.get(stale.location).has("Somebody has changed this entry")
    assert ada.submit("/app/c/shop/journal/1/delete").status == 303
    assert site.entry(1).deleted_at is None, "without the version nothing is deleted"
    ada.submit("/app/c/shop/journal/1/delete", {"version": "0"})
    assert site.entry(1).deleted_at is not None
    page = ada.get("/app/c/shop/journal/1")
    assert page.has("Restore as a new entry")
    assert not page.has("Change")
    assert page.has("Programs get it marked as deleted where their interface has such a mark")
    answer = ada.submit("/app/c/shop/journal/1/restore")
    assert answer.location == "/app/c/shop/journal/2"
    assert site.entry(2).memo == "Rent"
    assert site.entry(1).deleted_at is not None
    assert ada.get("/app/c/shop/journal/1/edit").status == 303


def test_the_queue_posts_and_returns(site: Pages, ada: Visitor) -> None:
    ada.submit(NEW, rent(do="review"))
    ada.submit(NEW, rent(do="draft"))
    ada.submit("/app/c/shop/journal/2/submit", {"version": "0"})
    paul = site.visitor("paul")
    page = paul.get("/app/c/shop/approvals")
    assert page.has("Approve entry 1")
    assert page.has("Return entry 2")
    back = {"back": "approvals"}
    answer = paul.submit("/app/c/shop/journal/1/approve", {"version": "0", **back})
    assert answer.location == "/app/c/shop/approvals"
    paul.submit("/app/c/shop/journal/2/return", {"version": "1", **back})
    assert (site.entry(1).status, site.entry(2).status) == (Status.POSTED, Status.PENDING)
    paul.submit("/app/c/shop/journal/1/approve", {"version": "1", **back})
    ada.submit("/app/c/shop/journal/1/approve", {"version": "1"})
    history = paul.get("/app/c/shop/journal/1/history")
    assert history.has("Approved by paul")
    assert not site.visitor("ada").get("/app/c/shop/approvals").has("Approve entry 2")


def test_the_queue_says_what_is_decided_on(site: Pages, ada: Visitor) -> None:
    ada.submit(NEW, rent(do="review", number="INV-7"))
    page = site.visitor("paul").get("/app/c/shop/approvals")
    assert page.has("1 INV-7 Rent made by ada")


def test_who_comes_too_late_is_told_what_was_done(site: Pages, ada: Visitor) -> None:
    ada.submit(NEW, rent(do="review"))
    paul, olga = site.visitor("paul"), site.visitor("olga")
    paul.submit("/app/c/shop/journal/1/approve", {"version": "0"})
    answer = olga.submit("/app/c/shop/journal/1/approve", {"version": "0", "back": "approvals"})
    told = olga.get(answer.location)
    assert told.has("Entry 1: Approved by paul since you opened this page.")
    site.post(5, status=Status.REVIEW)
    nothing = olga.submit("/app/c/shop/journal/2/approve", {"version": "7"})
    assert olga.get(nothing.location).has("Somebody has changed this entry")


def test_four_eyes_are_two_people(site: Pages) -> None:
    site.configure(four_eyes=True)
    olga, paul = site.visitor("olga"), site.visitor("paul")
    olga.submit(NEW, rent(do="review"))
    page = olga.get("/app/c/shop/journal/1")
    assert page.has("somebody else has to approve it")
    assert 'journal/1/approve"' not in page.text
    answer = olga.submit("/app/c/shop/journal/1/approve", {"version": "0"})
    assert olga.get(answer.location).has("somebody else has to approve it")
    assert site.entry(1).status is Status.REVIEW
    paul.submit("/app/c/shop/journal/1/approve", {"version": "0"})
    assert site.entry(1).status is Status.POSTED


def test_the_queue_offers_no_author_their_own_approval(site: Pages) -> None:
    site.configure(four_eyes=True)
    olga, paul = site.visitor("olga"), site.visitor("paul")
    olga.submit(NEW, rent(do="review"))
    olga.submit(NEW, rent(do="draft"))
    page = olga.get("/app/c/shop/approvals")
    assert not page.has("Approve entry")
    assert page.has("Return entry 1")
    assert page.has("Send for review entry 2")
    assert page.has("yours: somebody else approves it")
    page = paul.get("/app/c/shop/approvals")
    assert page.has("Approve entry 1")
    assert not page.has("yours")


def test_with_four_eyes_nobody_posts_alone(site: Pages) -> None:
    site.configure(four_eyes=True)
    olga, paul = site.visitor("olga"), site.visitor("paul")
    assert not olga.get(NEW).has('value="post"')
    olga.submit(NEW, rent())
    assert site.entry(1).status is Status.REVIEW
    paul.submit("/app/c/shop/journal/1/approve", {"version": "0"})
    assert site.entry(1).status is Status.POSTED
    assert "reverse it" in olga.get(olga.get("/app/c/shop/journal/1/edit").location).text
    answer = olga.submit("/app/c/shop/journal/1/edit", rent(version="1", memo="More"))
    assert olga.get(answer.location).has("reverse it, and enter it anew")
    assert site.entry(1).memo == "Rent"
    paul.submit("/app/c/shop/journal/1/delete-posted", {"version": "1"})
    olga.submit("/app/c/shop/journal/1/restore")
    assert site.entry(2).status is Status.REVIEW
    fields = form_fields(olga, "/app/c/shop/journal/2/edit")
    olga.submit("/app/c/shop/journal/2/edit", {**fields, "memo": "Changed"})
    assert (site.entry(2).memo, site.entry(2).status) == ("Changed", Status.REVIEW)


def test_with_four_eyes_nobody_deletes_a_posted_entry_alone(site: Pages) -> None:
    """Neither its author, whatever they may, nor somebody who may not approve."""
    site.configure(four_eyes=True)
    olga, ada, paul = site.visitor("olga"), site.visitor("ada"), site.visitor("paul")
    olga.submit(NEW, rent())
    assert olga.get("/app/c/shop/journal/1").has("Delete"), "while it waits"
    paul.submit("/app/c/shop/journal/1/approve", {"version": "0"})
    for path in ("delete", "delete-posted"):
        answer = olga.submit(f"/app/c/shop/journal/1/{path}", {"version": "1"})
        assert olga.get(answer.location).has("somebody")
        assert "/delete" not in olga.get("/app/c/shop/journal/1").text
    answer = ada.get("/app/c/shop/journal/1/delete")
    assert ada.get(answer.location).has("by somebody who may approve and has not written it")
    assert ada.submit("/app/c/shop/journal/1/delete-posted", {"version": "1"}).status == 403
    assert site.entry(1).deleted_at is None
    assert 'journal/1/delete-posted"' in paul.get("/app/c/shop/journal/1").text
    assert paul.get("/app/c/shop/journal/1/delete-posted").has("Delete entry 1?")
    answer = paul.submit("/app/c/shop/journal/1/delete-posted", {"version": "1"})
    assert paul.get(answer.location).has("Entry 1 is deleted.")
    assert site.entry(1).deleted_at is not None


def test_what_waits_is_deleted_by_its_author_and_by_no_mere_approver(site: Pages) -> None:
    site.configure(four_eyes=True)
    olga, paul = site.visitor("olga"), site.visitor("paul")
    olga.submit(NEW, rent())
    answer = paul.submit("/app/c/shop/journal/1/delete-posted", {"version": "0"})
    assert paul.get(answer.location).has("It takes no second person")
    answer = paul.get("/app/c/shop/journal/1/delete-posted")
    assert paul.get(answer.location).has("It takes no second person")
    assert site.entry(1).deleted_at is None
    olga.submit("/app/c/shop/journal/1/delete", {"version": "0"})
    assert site.entry(1).deleted_at is not None


@pytest.mark.parametrize("name", ["vera", "paul"])
@pytest.mark.parametrize("path", ["new", "1/edit", "1/delete", "1/restore", "1/submit"])
def test_who_only_reads_changes_nothing(site: Pages, name: str, path: str) -> None:
    site.post(500)
    visitor = site.visitor(name)
    answer = visitor.submit(f"/app/c/shop/journal/{path}", rent(version="0"))
    assert answer.status == 403
    assert answer.has("Your role does not let you change these books.")
    assert site.entry(1).version == 0
    page = visitor.get("/app/c/shop/journal/1")
    assert not page.has("Duplicate")


@pytest.mark.parametrize("name", ["ada", "vera"])
def test_who_may_not_approve_does_not(site: Pages, name: str) -> None:
    site.post(500, status=Status.REVIEW)
    for deed in ("approve", "return"):
        answer = site.visitor(name).submit(f"/app/c/shop/journal/1/{deed}", {"version": "0"})
        assert answer.status == 403
    assert site.entry(1).status is Status.REVIEW


def test_a_large_entry_is_shown_and_not_put_into_a_form(site: Pages, ada: Visitor) -> None:
    lines = tuple(LineDraft(side, 1, ById(RENT)) for side in Side for _ in range(FORM_LINES_MAX))
    site.post(lines=lines)
    answer = ada.get("/app/c/shop/journal/1/edit")
    assert ada.get(answer.location).has("too many for a form")
    assert ada.get("/app/c/shop/journal/1").text.count("Rent") >= 2 * FORM_LINES_MAX


def test_history_counts_notes_among_the_lines(ada: Visitor) -> None:
    ada.submit(NEW, {**rent(), "description.2": "Paid in cash"})
    history = ada.get("/app/c/shop/journal/1/history")
    assert history.has("3 lines, ")
    assert history.has("Made by ada 2"), "through nothing but the pages"


def test_history_shows_who_did_what_through_what(site: Pages, ada: Visitor) -> None:
    site.post(500, memo="a", description="old")
    lines = (
        LineDraft(Side.DEBIT, 700, ById(RENT), description="new"),
        LineDraft(Side.CREDIT, 700, ById(CHECKING)),
    )
    program = Actor("billing", "qbo", None, "req-9")
    site.execute(ReplaceEntry(site.entry(1).id, 0, EntryContent(lines, memo="a")), program)
    page = ada.get("/app/c/shop/journal/1/history")
    assert page.has("Version 1 Changed by billing")
    assert page.has("over QuickBooks")
    assert page.has("req-9")
    assert page.has("Debit 5.00 USD Rent, old")
    assert page.has("Debit 7.00 USD Rent, new")


FIELDS = st.sampled_from(
    ["date", "number", "memo", "currency", "rate", "version", "key", "do"]
    + [f"{name}.{at}" for name in ("id", "account", "contact", "debit") for at in (0, 1, 99, 100)]
    + ["credit.0", "credit.1", "description.0", "axis.0.CLASS", "axis.x", "account.-1", "account.²"]
)
TYPED = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["rows", "Rent", "#4", "#0", "²", "9" * 5_000, "1e9", "USD", "²²", "\0", "0"]),
)


@given(st.dictionaries(FIELDS, TYPED, max_size=12), st.booleans())
@settings(max_examples=60)
def test_whatever_is_sent_gets_an_answer(fields: dict[str, str], fresh: bool) -> None:
    """No fault of ours, whatever a form holds, on a new entry and on one that is there."""
    site, ada = _shared()
    address = NEW if fresh else "/app/c/shop/journal/1/edit"
    assert ada.submit(address, {**rent(), **fields}).status in (200, 303, 409, 422)
    for deed in ("delete", "approve", "submit"):
        answer = ada.submit(f"/app/c/shop/journal/1/{deed}", {"version": fields.get("version", "")})
        assert answer.status in (303, 403)
    if site.entry(1).deleted_at is not None:
        _shared.cache_clear()


@lru_cache(maxsize=1)
def _shared() -> tuple[Pages, Visitor]:
    site = Pages()
    site.post(500)
    return site, site.visitor("ada")


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


def test_no_text_becomes_markup(site: Pages, ada: Visitor) -> None:
    """Whatever stands in whatever field is text on every page that shows it."""
    fields = {"number": HOSTILE[:80], "memo": HOSTILE, "description.0": HOSTILE}
    ada.submit(NEW, rent(**fields))
    form = form_fields(ada, "/app/c/shop/journal/1/edit")
    ada.submit("/app/c/shop/journal/1/edit", {**form, "memo": HOSTILE + "2"})
    mistaken = rent(**fields, **{"account.0": HOSTILE, "contact.1": HOSTILE, "debit.0": HOSTILE})
    pages: list[Any] = [
        ada.get("/app/c/shop/journal"),
        ada.get(f"/app/c/shop/journal?text={HOSTILE.replace('&', '%26')}"),
        ada.get("/app/c/shop/journal/1"),
        ada.get("/app/c/shop/journal/1/history"),
        ada.get("/app/c/shop/journal/1/edit"),
        ada.get("/app/c/shop/journal/1/delete"),
        ada.submit(NEW, mistaken),
        ada.submit("/app/c/shop/journal/1/edit", {**form, "memo": HOSTILE}),
        ada.get(f"/app/sign-in?next=/app/{HOSTILE}"),
        ada.get(f"/app/c/{HOSTILE}/journal"),
    ]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert not page.has("49"), "nor a template"


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_has_a_sentence(code: RefusalCode) -> None:
    said = wording(Refusal(code, "the ledger's words"), "USD")
    assert said[0].isupper()
    assert said.endswith(".")
