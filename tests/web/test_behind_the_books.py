"""Operations, messages, activity, keys and the audit trail."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.support.web import ACTOR, CHECKING, RENT, Answer, Pages, Visitor

from daybook.app import credentials, passwords
from daybook.app.access import OPERATOR
from daybook.app.activity import Activity, ActivityLog
from daybook.app.administration import Administration
from daybook.app.ledger import Context
from daybook.app.operations import Operation, OperationStatus, Submission, Submitted
from daybook.app.outbox import Consumer, DeliveryState, Message, revived
from daybook.app.ports import TokenTable, Tx, User
from daybook.app.trail import Trail, What
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById, Timestamp
from daybook.domain.model import Side
from daybook.domain.query import ALWAYS, Field, Keyset, Query, Sort
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.storage.sqlite.store import SqliteStore

SHOP = "/app/c/shop"


@pytest.fixture
def site() -> Pages:
    return Pages()


def submit(site: Pages, amount: int = 5, refusals: tuple[Refusal, ...] | None = None) -> str:
    """An operation that has ended: failed, if it does not balance or with refusals of its own."""
    lines = (LineDraft(Side.DEBIT, amount, ById(RENT)), LineDraft(Side.CREDIT, 5, ById(CHECKING)))
    command = CreateEntry(EntryContent(lines))
    kept = site.books.submit_operation(command, Context(ACTOR), Submission("journal", "", "create"))
    assert isinstance(kept, Submitted)
    number = kept.operation.id
    work_off(site, number, refusals)
    return number


def work_off(site: Pages, number: str, refusals: tuple[Refusal, ...] | None = None) -> None:
    def work(tx: Tx) -> None:
        site.books.end_operation(tx, number, refusals)

    site.ledger.store.write(site.company_id, work)


def test_operations_and_what_became_of_them(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(site)
    submit(site, 6)
    visitor = site.visitor("vera")
    answer = visitor.get(f"{SHOP}/operations")
    assert answer.has("Entry 1")
    assert answer.has("failed")
    assert visitor.get(f"{SHOP}/operations?status=success").has("Entry 1")
    assert not visitor.get(f"{SHOP}/operations?status=failed").has("Entry 1")
    monkeypatch.setattr("daybook.web.pages.operations.OPERATIONS_SHOWN", 1)
    first = visitor.get(f"{SHOP}/operations")
    assert not first.has("Entry 1")
    older = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert older is not None
    assert visitor.get(older[1].replace("&amp;", "&")).has("Entry 1")
    assert visitor.get(f"{SHOP}/operations?before=x&status=nothing").status == 200


def test_a_page_of_operations_is_bounded_by_bytes(
    site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large commands come a few at a time, and one by one where each fills a page."""
    for amount in range(5, 9):
        submit(site, amount)
    monkeypatch.setattr("daybook.web.pages.operations.OPERATION_BYTES_MAX", 1)
    visitor, address = site.visitor("vera"), f"{SHOP}/operations"
    seen = []
    while address:
        page = visitor.get(address).text
        seen += re.findall(r'data-label="Number">(\d+)<', page)
        older = re.search(r'rel="next" href="([^"]*)"', page)
        address = older[1].replace("&amp;", "&") if older else ""
        assert len(seen) <= 4
    assert seen == ["4", "3", "2", "1"]
    assert visitor.get(f"{SHOP}/operations?status=success").text.count('rel="next"') == 0


def again(visitor: Visitor, operation_id: str) -> Answer:
    return visitor.submit(f"{SHOP}/operations/again", {"id": operation_id})


def latest(site: Pages) -> Operation:
    with site.books.read() as reader:
        sort = (Sort(Field.NUMBER, descending=True),)
        return reader.operations(Query(ALWAYS, sort, Keyset(1, None)))[0]


def test_what_came_to_nothing_is_handed_in_again_once(site: Pages) -> None:
    busy = Refusal(RefusalCode.PERIOD_CLOSED, "the books are closed")
    first = submit(site, refusals=(busy,))
    visitor = site.visitor("ada")
    assert visitor.get(f"{SHOP}/operations").has("Hand in again")
    assert again(visitor, first).status == 303
    assert visitor.get(f"{SHOP}/operations").has("is handed in again, as operation 2")
    again(visitor, first)
    assert visitor.get(f"{SHOP}/operations").has("was handed in again already, as operation 2")
    made = latest(site)
    assert (made.number, made.status) == (2, OperationStatus.PENDING)
    assert (made.topic, made.kind, made.actor.protocol) == ("journal", "create", ACTOR.protocol)
    assert (made.actor.client, made.actor.user) == (ACTOR.client, "ada")
    again(visitor, made.id)
    assert visitor.get(f"{SHOP}/operations").has("Operation 2 is pending.")
    work_off(site, made.id)
    page = visitor.get(f"{SHOP}/operations?status=success")
    assert page.has("Entry 1")
    assert not page.has("Hand in again")


def test_what_was_handed_in_again_stays_so_for_ever(tmp_path: Path) -> None:
    """Also when all keys of requests have been forgotten, as they are after some weeks."""
    path = tmp_path / "books.db"
    store = SqliteStore(path, "sqlite:///books.db")
    site = Pages(store)
    visitor, failed = site.visitor("ada"), submit(site, refusals=())
    again(visitor, failed)
    made = latest(site)
    work_off(site, made.id)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM idempotency")
    again(visitor, failed)
    assert visitor.get(f"{SHOP}/operations").has("was handed in again already, as operation 2")
    assert latest(site).number == 2
    again(visitor, submit(site, refusals=()))
    assert latest(site).number == 4, "another one is another"
    store.close()


def test_what_cannot_succeed_is_not_handed_in_again(site: Pages) -> None:
    failed = submit(site, 6)
    empty = site.books.submit_operation(
        CreateEntry(EntryContent(())), Context(ACTOR), Submission("journal", "", "create")
    )
    assert isinstance(empty, Submitted)
    work_off(site, empty.operation.id)
    assert not site.visitor("vera").get(f"{SHOP}/operations").has("Hand in again")
    assert again(site.visitor("vera"), failed).status == 403
    visitor = site.visitor("ada")
    assert again(visitor, "00000000-0000-4000-8000-000000000000").status == 404
    again(visitor, empty.operation.id)
    assert visitor.get(f"{SHOP}/operations").has("could not be read as an entry")
    site.configure(four_eyes=True)
    page = visitor.get(f"{SHOP}/operations")
    assert not page.has("Hand in again")
    again(visitor, failed)
    assert visitor.get(f"{SHOP}/operations").has("the program has to hand it in again itself")
    assert latest(site).number == 2


def told(site: Pages, *ids: str, disabled: bool = False) -> None:
    directory = site.ledger.store.directory
    directory.put_consumer(Consumer("c", "codat", "https://hook.test/a", frozenset({"made"})))
    messages = [Message("codat", each, "made", b"{}") for each in ids]

    def work(tx: Tx) -> None:
        tx.publish(messages, Timestamp(1))

    site.ledger.store.write(site.company_id, work)
    for each in directory.deliveries():
        dead = replace(each, state=DeliveryState.DEAD, attempts=8, failure="no answer")
        directory.settle_delivery(dead)
    if disabled:
        consumer = directory.consumer("c")
        assert consumer is not None
        directory.put_consumer(replace(consumer, disabled=True, failing_since=Timestamp(5)))


def test_a_message_that_was_given_up_is_sent_again(site: Pages) -> None:
    told(site, "m", disabled=True)
    visitor = site.visitor("ada")
    listed = visitor.get(f"{SHOP}/operations/messages?state=dead")
    assert listed.has("given up 8 attempts no answer")
    assert listed.has("https://hook.test/a disabled")
    number = listed.field("number")
    answer = visitor.submit(f"{SHOP}/operations/retry", {"number": number, "state": "dead"})
    assert answer.location == f"{SHOP}/operations/messages?state=dead"
    [delivery] = site.ledger.store.directory.deliveries()
    assert delivery == revived(delivery, delivery.next_attempt_at)
    consumer = site.ledger.store.directory.consumer("c")
    assert consumer is not None
    assert not consumer.disabled
    again = visitor.submit(f"{SHOP}/operations/retry", {"number": number})
    assert visitor.get(again.location).has("is not given up any more")


def test_messages_of_others_cannot_be_sent_again(site: Pages) -> None:
    told(site, "m")
    otto = site.visitor("otto")
    assert otto.submit("/app/c/other/operations/retry", {"number": "1"}).status == 404
    assert otto.get("/app/c/other/operations/messages").has("No message here")
    assert site.visitor("vera").submit(f"{SHOP}/operations/retry", {"number": "1"}).status == 403
    assert site.visitor("ada").submit(f"{SHOP}/operations/retry", {"number": "x"}).status == 404


def test_messages_come_in_pages(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(site, "m", "n")
    monkeypatch.setattr("daybook.web.pages.operations.DELIVERIES_SHOWN", 1)
    visitor = site.visitor("vera")
    first = visitor.get(f"{SHOP}/operations/messages")
    older = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert older is not None
    assert visitor.get(older[1]).has("← Newest")


def test_activity_by_interface_with_what_errors_said(site: Pages) -> None:
    log = site.services.activities
    assert isinstance(log, ActivityLog)
    visitor = site.visitor("vera")
    assert visitor.get(f"{SHOP}/activity").has("No request here")
    for number, (name, status) in enumerate((("qbo", 400), ("qbo", 200), ("codat", 200))):
        said = "<Fault>Debits differ</Fault>" if status == 400 else ""
        log.note(
            site.company_id,
            Activity(
                Timestamp(number), name, "read", "GET", f"/p{number}", status, 1_500, "r", said
            ),
        )
    answer = visitor.get(f"{SHOP}/activity")
    assert answer.has("QuickBooks 2 requests, 1 failed")
    assert "&lt;Fault&gt;Debits differ" in answer.text
    assert answer.has("1.5 ms")
    failed = visitor.get(f"{SHOP}/activity?failed=on")
    assert failed.has("/p0")
    assert not failed.has("/p1")
    assert not visitor.get(f"{SHOP}/activity?interface=codat").has("/p1")
    assert site.visitor("otto").get("/app/c/other/activity").has("No request here")


def made(site: Pages, **fields: str) -> str:
    form = {"client": "billing", "scope-read": "on", **fields}
    return site.visitor("olga").submit(f"{SHOP}/keys", form).text


def test_a_token_is_shown_once_opens_these_books_and_is_withdrawn(site: Pages) -> None:
    directory = site.ledger.store.directory
    visitor = site.visitor("olga")
    form = {"client": "billing", "label": "<nightly>", "days": "30", "scope-write": "on"}
    answer = visitor.submit(f"{SHOP}/keys", form)
    secret = re.search(r'id="secret">(dba_[^<]*)<', answer.text)
    assert secret is not None
    token = directory.token(credentials.digest(secret[1]))
    assert token is not None
    assert token.company_ids == {site.company_id}
    assert token.scopes == {"write"}
    assert token.expires_at is not None
    assert "<nightly>" not in answer.text
    listed = visitor.get(f"{SHOP}/keys")
    assert secret[1] not in listed.text
    assert token.user == "olga"
    assert listed.has("billing: <nightly>")
    gone = visitor.submit(f"{SHOP}/keys/withdraw", {"number": str(token.number)})
    assert visitor.get(gone.location).has("opens nothing any more")
    kept = directory.token(token.hash)
    assert kept is not None
    assert kept.revoked_at is not None


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"client": ""}, "A name of up to 100 characters is wanted."),
        ({"client": "x" * 101}, "A name of up to 100 characters is wanted."),
        ({"scope-read": ""}, "Choose at least one thing"),
        ({"days": "31"}, "Choose one of the list."),
        ({"label": "x" * 201}, "Up to 200 characters are possible."),
    ],
)
def test_mistakes_are_told_and_nothing_is_made(
    site: Pages, fields: dict[str, str], fault: str
) -> None:
    before = len(site.ledger.store.directory.tokens())
    form = {"client": "billing", "scope-read": "on", **fields}
    answer = site.visitor("olga").submit(f"{SHOP}/keys", form)
    assert answer.status == 422
    assert (fault != "Choose one of the list." and answer.has(fault)) or fields == {"days": "31"}
    assert len(site.ledger.store.directory.tokens()) == before


def test_tokens_leave_a_trail_and_go_with_their_maker(site: Pages) -> None:
    directory = site.ledger.store.directory
    made(site)
    made(site)
    first, second = directory.tokens()[-2:]
    site.visitor("olga").submit(f"{SHOP}/keys/withdraw", {"number": str(first.number)})
    trail = Trail(directory, site.clock).records()
    told = [(each.what, each.subject, each.user, each.client) for each in trail]
    assert (What.TOKEN_MADE, str(second.number), "olga", "web") in told
    assert (What.TOKEN_WITHDRAWN, str(first.number), "olga", "web") in told
    Administration(directory, site.clock, OPERATOR).withdraw_user("olga")
    kept = directory.token(second.hash)
    assert kept is not None
    assert kept.revoked_at is not None


def test_who_is_withdrawn_while_they_make_a_key_gets_none(
    site: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = site.ledger.store.directory
    visitor = site.visitor("olga")
    change = directory.change_tokens

    def meanwhile(work: Callable[[TokenTable], object]) -> object:
        monkeypatch.setattr(directory, "change_tokens", change)
        Administration(directory, site.clock, OPERATOR).withdraw_user("olga")
        return change(work)

    monkeypatch.setattr(directory, "change_tokens", meanwhile)
    answer = visitor.submit(f"{SHOP}/keys", {"client": "billing", "scope-read": "on"})
    assert answer.status == 422
    assert "dba_" not in answer.text
    assert all(token.revoked_at is not None for token in directory.tokens())


def test_a_name_that_programs_of_other_companies_use_is_refused(site: Pages) -> None:
    directory, clock = site.ledger.store.directory, site.clock
    other = frozenset({site.other_id})
    credentials.issue(directory, clock, credentials.NewToken("payroll", company_ids=other))
    answer = site.visitor("olga").submit(f"{SHOP}/keys", {"client": "payroll", "scope-read": "on"})
    assert answer.status == 422
    assert answer.has("Programs of other companies use this name.")
    assert len(directory.tokens()) == 1


def test_only_owners_see_keys_and_only_their_own_companies(site: Pages) -> None:
    directory, clock = site.ledger.store.directory, site.clock
    for name in ("ada", "vera", "paul"):
        assert site.visitor(name).get(f"{SHOP}/keys").status == 403
    both = frozenset({site.company_id, site.other_id})
    issue: Callable[..., credentials.Issued] = credentials.issue
    wide = issue(directory, clock, credentials.NewToken("wide", company_ids=both)).token
    every = issue(directory, clock, credentials.NewToken("every")).token
    other = frozenset({site.other_id})
    foreign = issue(directory, clock, credentials.NewToken("foreign", company_ids=other)).token
    visitor = site.visitor("olga")
    listed = visitor.get(f"{SHOP}/keys")
    for name in ("wide", "every", "foreign"):
        assert f">{name}<" not in listed.text, "of others too, who are strangers"
    for token in (wide, every, foreign):
        answer = visitor.submit(f"{SHOP}/keys/withdraw", {"number": str(token.number)})
        assert answer.status == 404
        kept = directory.token(token.hash)
        assert kept is not None
        assert kept.revoked_at is None


def test_what_has_ended_is_shown_where_it_is_asked_for(site: Pages) -> None:
    made(site, client="first")
    made(site, client="second")
    visitor = site.visitor("olga")
    number = site.ledger.store.directory.tokens()[-2].number
    visitor.submit(f"{SHOP}/keys/withdraw", {"number": str(number)})
    listed = visitor.get(f"{SHOP}/keys")
    assert ">first<" not in listed.text
    assert ">second<" in listed.text
    assert ">See everything</td>" in listed.text
    assert listed.has("Show 1 more that opened these books once")
    with_ended = visitor.get(f"{SHOP}/keys?ended=on")
    assert ">first<" in with_ended.text
    assert with_ended.has("withdrawn")
    assert with_ended.has("Hide those that have ended")


def test_a_login_is_made_shown_once_and_withdrawn(site: Pages) -> None:
    directory, visitor = site.ledger.store.directory, site.visitor("olga")
    answer = visitor.submit(f"{SHOP}/keys/login", {"name": "report", "role": "viewer"})
    password = re.search(r'id="secret">([^<]*)<', answer.text)
    assert password is not None
    kept = directory.user("report")
    assert kept is not None
    assert passwords.is_password(password[1], kept.password_hash)
    assert kept.roles == ((site.company_id, "viewer"),)
    assert kept.verifier, "it is good for SQL"
    listed = visitor.get(f"{SHOP}/keys")
    assert "<td>report</td>" in listed.text
    assert password[1] not in listed.text
    gone = visitor.submit(f"{SHOP}/keys/login/withdraw", {"name": "report"})
    listed = visitor.get(gone.location)
    assert listed.has("report signs in nowhere any more.")
    assert "<td>report</td>" not in listed.text
    told = [(each.what, each.subject, each.user) for each in Trail(directory, site.clock).records()]
    assert (What.USER_MADE, "report", "olga") in told
    assert (What.USER_WITHDRAWN, "report", "olga") in told


def test_a_login_of_scopes_is_listed_and_withdrawn(site: Pages) -> None:
    directory, visitor = site.ledger.store.directory, site.visitor("olga")
    ours = frozenset({site.company_id})
    directory.put_user(User("scoped", "", site.clock(), ours, frozenset({"approve"})))
    listed = visitor.get(f"{SHOP}/keys")
    assert listed.has("no role, only: Approve entries")
    scoped = site.visitor("scoped")
    assert scoped.get("/app/companies").has("You see a company's books with a role in it")
    visitor.submit(f"{SHOP}/keys/login/withdraw", {"name": "scoped"})
    assert "<td>scoped</td>" not in visitor.get(f"{SHOP}/keys").text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "ada", "role": "viewer"}, "There is a user"),
        ({"name": "Not So", "role": "viewer"}, "Small letters"),
        ({"name": "report", "role": "king"}, "Choose one of the list."),
        ({}, "Choose one of the list."),
    ],
)
def test_logins_that_cannot_be(site: Pages, fields: dict[str, str], fault: str) -> None:
    before = site.ledger.store.directory.users()
    answer = site.visitor("olga").submit(f"{SHOP}/keys/login", fields)
    assert answer.status == 422
    assert answer.has(fault)
    assert site.ledger.store.directory.users() == before


def test_logins_of_others_and_ones_own_are_not_withdrawn(site: Pages) -> None:
    directory, visitor = site.ledger.store.directory, site.visitor("olga")
    both = ((site.company_id, "viewer"), (site.other_id, "viewer"))
    directory.put_user(User("both", "", site.clock(), roles=both))
    withdraw = f"{SHOP}/keys/login/withdraw"
    for name in ("otto", "nobody", ""):
        assert visitor.submit(withdraw, {"name": name}).status == 404
    for name, told in (("both", "belongs to other companies too"), ("olga", "Somebody else")):
        assert visitor.get(visitor.submit(withdraw, {"name": name}).location).has(told)
    assert all(each.revoked_at is None for each in directory.users())
    assert site.visitor("ada").submit(withdraw, {"name": "vera"}).status == 403


def test_the_audit_trail_in_pages(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    site.post(5)
    visitor = site.visitor("vera")
    answer = visitor.get(f"{SHOP}/audit")
    assert answer.has("Entry 1 created")
    assert answer.has("olga")
    monkeypatch.setattr("daybook.web.pages.audit.EVENTS_SHOWN", 2)
    first = visitor.get(f"{SHOP}/audit")
    older = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert older is not None
    second = visitor.get(older[1])
    assert not second.has("Entry 1 created")
    assert second.has("Contact 1 created")
    for odd in ("0", "1", "x", "9" * 18):
        assert visitor.get(f"{SHOP}/audit?before={odd}").status == 200


def test_the_audit_says_what_changed_in_settings(site: Pages) -> None:
    site.configure(four_eyes=True)
    site.configure(four_eyes=False, books_closed_through=date(2025, 12, 31))
    answer = site.visitor("vera").get(f"{SHOP}/audit")
    assert answer.has("Company 1 revised, version 1 Four eyes: off → on")
    assert answer.has("version 2 Four eyes: on → off Closed through: none → 31 Dec 2025")


def test_the_chain_is_verified_in_runs(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = site.visitor("vera")
    assert visitor.get(f"{SHOP}/audit/verify").has("The chain holds")
    monkeypatch.setattr("daybook.web.pages.audit.VERIFIED_AT_ONCE", 3)
    monkeypatch.setattr("daybook.web.pages.audit.PAGE_ROWS_MAX", 3)
    page = visitor.get(f"{SHOP}/audit/verify")
    assert page.has("So far the chain holds")
    steps = 0
    while (more := re.search(r'href="([^"]*verify\?after=\d+)"', page.text)) is not None:
        page, steps = visitor.get(more[1]), steps + 1
    assert page.has("The chain holds")
    assert steps > 1
    assert visitor.get(f"{SHOP}/audit/verify?after=999999").status == 404


def test_a_change_past_the_ledger_is_found(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    site.post(5)
    with site.books.read() as reader:
        reader_type = type(reader)
        events = reader_type.events

    def forged(self: object, after: int, limit: int) -> object:
        read = events(self, after, limit)  # type: ignore[arg-type]
        return [
            replace(each, body=each.body.replace(b"Rent", b"Rant")) if each.seq == 5 else each
            for each in read
        ]

    monkeypatch.setattr(reader_type, "events", forged)
    answer = site.visitor("vera").get(f"{SHOP}/audit/verify")
    assert answer.has("The chain is broken at event 5")
