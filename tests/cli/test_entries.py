"""Entries that wait, from the command line: listed, handed in, given back, approved."""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.cli.conftest import Terminal

from daybook.app.access import OPERATOR
from daybook.app.ledger import Committed, Context, Ledger
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import Actor
from daybook.domain.ids import ByCode
from daybook.domain.model import Side, Status


def add(shop: Terminal, *statuses: Status, user: str | None = None) -> Sequence[int]:
    """Entries of these statuses; their numbers."""
    store = shop.open_store("sqlite:///daybook.db")
    company_id = store.directory.by_slug("mill")
    assert company_id is not None
    books = Ledger(store, shop.clock).books(company_id, OPERATOR)
    assert books is not None
    lines = (
        LineDraft(Side.DEBIT, 1250, ByCode("6100")),
        LineDraft(Side.CREDIT, 1250, ByCode("1000")),
    )
    content = EntryContent(lines, doc_number="R", memo="The rent\nof  March")
    context = Context(Actor("billing", "wire", user))
    commands = [CreateEntry(replace(content), status) for status in statuses]
    outcome = books.execute_all(commands, context)
    store.close()
    assert isinstance(outcome, Committed)
    return [record.id for record in outcome.records]


def user(shop: Terminal, name: str, *options: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        shop.ok("user", "create", name, "--password-stdin", *options)


def test_what_waits_is_listed(shop: Terminal) -> None:
    shop.clock.step = 1_000_000
    add(shop, Status.PENDING, Status.POSTED, Status.REVIEW)
    header, first, second = shop.ok("entry", "list").splitlines()
    assert header.split()[:3] == ["ENTRY", "STATUS", "DATE"]
    assert first.split()[:2] == ["1", "pending"]
    assert "12.50" in first
    assert first.endswith("billing  wire       The rent of March")
    assert second.split()[:2] == ["3", "review"]
    add(shop, Status.REVIEW, user="ada")
    assert "ada, through billing" in shop.ok("entry", "list").splitlines()[3]
    add(shop, Status.REVIEW, user="billing")
    assert ", through" not in shop.ok("entry", "list").splitlines()[4]
    for status, count in (("pending", 1), ("review", 3), ("posted", 1), ("waiting", 4)):
        assert len(shop.ok("entry", "list", "--status", status).splitlines()) == count + 1
    lines = shop.ok("entry", "list", "--limit", "1").splitlines()
    assert lines[1].split()[0] == "1"
    assert lines[2] == "and 3 more"
    assert shop.run("entry", "list", "--limit", "0") == 2


def test_an_entry_goes_its_way(shop: Terminal) -> None:
    (number,) = add(shop, Status.PENDING)
    user(shop, "ada", "--scope", "write", "--scope", "approve")
    text = str(number)
    assert shop.ok("entry", "submit", text, "--user", "ada") == "Entry 1 is in review.\n"
    assert "is review" in shop.fails("entry", "submit", text)
    assert shop.ok("entry", "return", text) == "Entry 1 is pending again.\n"
    assert shop.ok("entry", "approve", text, "--user", "ada") == "Entry 1 is posted.\n"
    assert "is posted" in shop.fails("entry", "approve", text)
    rows = [line.split() for line in shop.ok("entry", "history", text).splitlines()[1:]]
    assert [row[2:4] for row in rows] == [
        ["created", "pending"],
        ["moved", "review"],
        ["moved", "pending"],
        ["moved", "posted"],
    ]
    assert rows[1][4:] == ["ada,", "through", "operator", "cli"]
    assert rows[2][4:] == ["operator", "cli"]


def test_several_are_approved_together_or_not_at_all(shop: Terminal) -> None:
    add(shop, Status.PENDING, Status.POSTED, Status.REVIEW)
    assert shop.fails("entry", "approve", "1", "2", "3").startswith("entry 2: ")
    assert len(shop.ok("entry", "list").splitlines()) == 3
    assert shop.ok("entry", "approve", "1", "3").count("is posted") == 2
    assert "no entry 9" in shop.fails("entry", "approve", "9")
    assert "no entry 9" in shop.fails("entry", "history", "9")


def test_a_user_needs_the_right_to_it(shop: Terminal) -> None:
    add(shop, Status.PENDING)
    user(shop, "ada", "--scope", "write")
    assert "does not allow approve" in shop.fails("entry", "approve", "1", "--user", "ada")
    assert "no user 'bob'" in shop.fails("entry", "approve", "1", "--user", "bob")
    shop.ok("company", "create", "Other", "--currency", "GBP")
    user(shop, "bob", "--company", "other")
    refused = shop.fails("entry", "approve", "1", "--user", "bob", "--company", "mill")
    assert "not open to user 'bob'" in refused
    shop.ok("user", "role", "bob", "other", "none")
    for company in ("mill", "other"):
        refused = shop.fails("entry", "approve", "1", "--user", "bob", "--company", company)
        assert "not open to user 'bob'" in refused
    shop.ok("user", "revoke", "ada")
    refused = shop.fails("entry", "submit", "1", "--user", "ada", "--company", "mill")
    assert "no user 'ada'" in refused


def test_four_eyes(shop: Terminal) -> None:
    add(shop, Status.PENDING, user="ada")
    for name in ("ada", "bob"):
        user(shop, name)
    assert "four eyes       on" in shop.ok("company", "settings", "--four-eyes", "on")
    assert "by name" in shop.fails("entry", "approve", "1")
    assert "ada wrote" in shop.fails("entry", "approve", "1", "--user", "ada")
    shop.ok("entry", "approve", "1", "--user", "bob")
