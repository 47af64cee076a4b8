"""Who gets a token, what it opens, and for how long."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.modulus import APP, OTHER_APP, PEER, Answer, Wire, rent
from tests.support.qbo import InlineRuntime

from daybook.app.access import OPERATOR, Principal, Rejection, Scope
from daybook.app.administration import Administration, Fault
from daybook.app.credentials import digest
from daybook.app.ports import TOKENS_PRUNED_MAX, Client, Token, TokenTable, User
from daybook.app.roles import Role
from daybook.app.trail import Trail
from daybook.auth.demo import DemoCredentials
from daybook.auth.sign_in import StoreSignIn
from daybook.auth.sign_ins import UNKNOWN_NAME
from daybook.protocols.kit import json as exact
from daybook.protocols.kit.plugin import Services
from daybook.protocols.modulus import authentication
from daybook.protocols.modulus.authentication import KIND
from daybook.protocols.modulus.limits import (
    FAILED_ATTEMPTS_MAX,
    FAILED_WINDOW_SECONDS,
    TOKEN_SECONDS,
)
from daybook.protocols.modulus.plugin import ModulusPlugin

T = TypeVar("T")

SECOND = 1_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
FAILED = {
    "result": False,
    "title": "Unauthorized",
    "message": "Authentication failed.",
    "object": None,
}


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    made.client("billing", "s3cret", made.company_id)
    made.user("ada", "correct horse", made.company_id)
    return made


def ask(wire: Wire, fields: dict[str, str], host: str = "", peer: str = PEER) -> Answer:
    headers = {**FORM, "host": host}
    body = urlencode(fields).encode()
    return wire.send("POST", "/api/cmn/Authenticate", "", body, headers, peer)


def sign_in(wire: Wire, fields: Any, **more: Any) -> Answer:
    path = "/api/cmn/AuthenticateToken"
    return wire.send("POST", path, "", exact.encode(fields), {**JSON, **more})


def token_of(wire: Wire, **more: Any) -> str:
    answer = ask(wire, {"app": "billing", "secret": "s3cret"}, **more)
    assert answer.status == 200, answer.json
    return str(answer.object["token"])


def test_an_application_gets_a_token(wire: Wire) -> None:
    answer = ask(wire, {"app": "billing", "secret": "s3cret"})
    token = answer.object["token"]
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert answer.json == {
        "result": True,
        "title": "Success",
        "message": "Authentication succeeded.",
        "object": {"token": token, "app_id": "billing", "ip": PEER},
    }
    journal_id = wire.create(rent(), token)
    assert wire.entry(journal_id).origin.client == "billing"


def test_only_its_hash_is_kept(wire: Wire) -> None:
    token = token_of(wire)
    (kept,) = wire.ledger.store.directory.tokens()
    assert (kept.hash, kept.kind, kept.client) == (digest(token), KIND, "billing")
    assert kept.label == f"from {PEER}"


def test_any_later_token_of_the_application_will_do(wire: Wire) -> None:
    journal_id = wire.create(rent(), token_of(wire))
    assert wire.call("DeleteJournal", token=token_of(wire), journal_id=journal_id).status == 200


@pytest.mark.parametrize(
    "fields",
    [{}, {"app": "billing"}, {"secret": "s3cret"}, {"app": "", "secret": "s3cret"}],
    ids=["none", "app", "secret", "empty"],
)
def test_fields_that_are_missing(wire: Wire, fields: dict[str, str]) -> None:
    answer = ask(wire, fields)
    assert answer.status == 400
    assert answer.json == {
        "result": False,
        "title": "Bad Request",
        "message": "Missing one or more of parameters account, app, secret.",
        "object": None,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"app": "billing", "secret": "S3cret"},
        {"app": "nobody", "secret": "s3cret"},
        {"app": "billing", "secret": "x" * 10_000},
        {"app": "x" * 10_000, "secret": "s3cret"},
        {"app": "\ud800", "secret": "s3cret"},
    ],
    ids=["secret", "app", "long secret", "long app", "surrogate"],
)
def test_what_is_wrong_is_not_believed(wire: Wire, fields: dict[str, str]) -> None:
    body = exact.encode(fields) if fields["app"] != "\ud800" else b"app=%ED%A0%80&secret=s3cret"
    answer = wire.send("POST", "/api/cmn/Authenticate", "", body)
    assert (answer.status, answer.json) == (401, FAILED)


def test_an_application_that_was_revoked(wire: Wire) -> None:
    wire.client("gone", "s3cret", wire.company_id, revoked_at=wire.clock())
    assert ask(wire, {"app": "gone", "secret": "s3cret"}).status == 401


@pytest.mark.parametrize("who", ["app", "user"])
def test_who_is_withdrawn_in_the_instant_of_a_sign_in_gets_nothing(wire: Wire, who: str) -> None:
    """The secret has been believed and the token is not kept yet."""
    directory = wire.ledger.store.directory
    change = directory.change_tokens

    def meanwhile(work: Callable[[TokenTable], T]) -> T:
        directory.change_tokens = change  # type: ignore[method-assign]
        administration = Administration(directory, wire.clock, OPERATOR)
        withdrawn: Client | User | Fault
        if who == "app":
            withdrawn = administration.withdraw_client("billing")
        else:
            withdrawn = administration.set_password("ada", "another password")
        assert not isinstance(withdrawn, Fault), withdrawn
        return change(work)

    directory.change_tokens = meanwhile  # type: ignore[method-assign]
    if who == "app":
        answer = ask(wire, {"app": "billing", "secret": "s3cret"})
    else:
        answer = sign_in(wire, {"username": "ada", "password": "correct horse"})
    assert (answer.status, answer.json) == (401, FAILED)
    assert directory.tokens() == []


def test_a_person_gets_a_token_that_is_a_text(wire: Wire) -> None:
    for names in (("username", "password"), ("Username", "Password")):
        answer = sign_in(wire, dict(zip(names, ("ada", "correct horse"), strict=True)))
        assert answer.json["message"] == "Authentication succeeded."
        assert re.fullmatch("[0-9a-f]{32}", answer.object)


def test_a_person_acts_as_an_application_of_their_own(wire: Wire) -> None:
    person = sign_in(wire, {"username": "ada", "password": "correct horse"}).object
    journal_id = wire.create(rent(), person)
    assert wire.entry(journal_id).origin.client == "user:ada"
    with wire.books().read() as reader:
        (event,) = reader.history("entry", journal_id)
    assert (event.actor.client, event.actor.user) == ("user:ada", "ada")
    assert wire.call("DeleteJournal", token=token_of(wire), journal_id=journal_id).code == 1230


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"username": "ada", "password": "wrong horse"}, 401),
        ({"username": "bob", "password": "correct horse"}, 401),
        ({"username": "ada", "password": "x" * 10_000}, 401),
        ({"username": "ada"}, 400),
        ({"password": "x"}, 400),
        ({"username": 7, "password": 8}, 400),
        ({}, 400),
        ([], 400),
    ],
)
def test_people_who_are_not_believed(wire: Wire, fields: object, status: int) -> None:
    answer = sign_in(wire, fields)
    assert answer.status == status
    assert answer.object is None
    if status == 400:
        message = "Missing one or more of parameters username and password."
        assert answer.json["message"] == message


def test_a_token_ends_fifteen_minutes_after_it_was_made(wire: Wire) -> None:
    """Counted from when it was made, however often it is used in between."""
    wire.clock.step = 0
    token, made = token_of(wire), wire.clock.now
    for seconds, status in ((1, 200), (TOKEN_SECONDS - 1, 200), (TOKEN_SECONDS + 1, 401)):
        wire.clock.now = made + seconds * SECOND
        assert wire.call("ListJournals", token=token).status == status


def test_expired_tokens_are_forgotten(wire: Wire) -> None:
    wire.clock.step = 0
    directory = wire.ledger.store.directory
    other = Token(b"o" * 32, "access", "x", frozenset(), frozenset(), wire.clock(), expires_at=None)
    directory.put_token(other)
    token_of(wire)
    wire.clock.now += (TOKEN_SECONDS + 1) * SECOND
    token_of(wire)
    assert sorted(token.kind for token in directory.tokens()) == ["access", KIND]


def test_nothing_is_kept_of_what_the_demo_gets(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's words end with the server that was started as a demo, and so do its tokens."""
    wire.clock.step = 0
    directory = wire.ledger.store.directory
    demo = DemoCredentials({"demo": wire.company_id})
    services = Services(
        wire.ledger,
        wire.tokens,
        InlineRuntime(),
        wire.clock,
        sign_in=StoreSignIn(directory, demo),
    )
    before = wire.plugin
    wire.plugin = ModulusPlugin(services)
    application = ask(wire, {"app": "demo", "secret": "demo"}).object["token"]
    person = sign_in(wire, {"username": "demo", "password": "demo"}).object
    assert directory.tokens() == []
    for token in (application, person):
        assert wire.call("ListJournals", token=token).status == 200
    here, wire.plugin = wire.plugin, before
    assert wire.call("ListJournals", token=application).status == 401
    wire.plugin = here
    wire.clock.now += TOKEN_SECONDS * SECOND
    assert wire.call("ListJournals", token=person).status == 401
    assert ask(wire, {"app": "demo", "secret": "demo"}).status == 200
    assert len(here._authentication._passing._tokens) == 1, "expired ones are forgotten"
    monkeypatch.setattr(authentication, "PASSING_TOKENS_MAX", 3)
    for _ in range(5):
        assert ask(wire, {"app": "demo", "secret": "demo"}).status == 200
    assert len(here._authentication._passing._tokens) == 3


def test_who_has_no_role_any_more_gets_no_token_for_any_company(wire: Wire) -> None:
    administration = Administration(wire.ledger.store.directory, wire.clock, OPERATOR)
    administration.make_user("eve", "correct horse", {wire.company_id: Role.OWNER})
    fields = {"username": "eve", "password": "correct horse"}
    assert sign_in(wire, fields).status == 200
    administration.set_role("eve", wire.company_id, None)
    for host in ("shop.example.com", "mill.example.com", "localhost"):
        answer = sign_in(wire, fields, host=host)
        assert (answer.status, answer.json) == (401, FAILED)


def test_many_tokens_that_have_expired_are_forgotten_by_the_next_ones(wire: Wire) -> None:
    directory = wire.ledger.store.directory
    old = Token(b"", KIND, "app", frozenset(), frozenset(), wire.clock(), expires_at=wire.clock())
    for number in range(TOKENS_PRUNED_MAX + 10):
        directory.put_token(replace(old, hash=number.to_bytes(32)))
    left = []
    for _ in range(2):
        token_of(wire)
        left.append(sum(token.client == "app" for token in directory.tokens()))
    assert left == [10, 0]


@pytest.mark.parametrize("token", ["nonsense", "6eeed540c8cf01b8f68b38f5b9e0289b", "", None, "ü"])
def test_tokens_that_are_not_believed(wire: Wire, token: str | None) -> None:
    for operation in ("CreateJournal", "UpdateJournal", "DeleteJournal", "GetJournal"):
        answer = wire.call(operation, token=token, journal_id=1)
        assert (answer.status, answer.json) == (401, FAILED)


def test_the_token_may_come_in_the_header_instead(wire: Wire) -> None:
    token = token_of(wire)
    path, header = "/api/bk/v1/ListJournals", {"authorization": f"Bearer {token}"}
    assert wire.send("GET", path, "", headers=header).status == 200
    assert wire.send("GET", path, f"token={token}", headers=header).status == 200
    assert wire.send("GET", path, f"token={APP}", headers=header).status == 401
    assert wire.send("GET", path, "", headers={"authorization": "Basic eA=="}).status == 401


def test_a_token_of_this_interface_opens_no_other(wire: Wire) -> None:
    """The general authenticator does not know it."""
    from daybook.auth.tokens import StoreAuthenticator

    general = StoreAuthenticator(wire.ledger.store.directory, wire.clock)
    assert general.authenticate(token_of(wire)) is Rejection.UNKNOWN


def test_the_host_name_says_which_company_where_several_are_open(wire: Wire) -> None:
    wire.client("group", "s3cret", wire.company_id, wire.other_id)
    fields = {"app": "group", "secret": "s3cret"}
    assert ask(wire, fields).status == 400
    assert ask(wire, fields, host="books.example.com").status == 400
    token = ask(wire, fields, host="Other-Shop.example.com:8080").object["token"]
    journal_id = wire.create(rent(), token)
    with wire.books(wire.other_id).read() as reader:
        assert reader.entry(journal_id) is not None  # type: ignore[arg-type]


def test_a_host_name_does_not_tell_which_companies_there_are(wire: Wire) -> None:
    """One that begins with the slug of a company that stays shut is as good as any other."""
    path, query = "/api/bk/v1/ListJournals", f"token={token_of(wire)}"
    hosts = ("shop.example.com", "other-shop.example.com", "none.example.com", "other-shop")
    for host in (*hosts, "127.0.0.1:8080", ""):
        answer = wire.send("GET", path, query, headers={"host": host})
        assert (answer.status, answer.object["total_count"]) == (200, 0), host
    for host in ("other-shop.modulus.biz", "None.Modulus.biz:443"):
        answer = wire.send("GET", path, query, headers={"host": host})
        assert answer.status == 401, host
    fields = {"app": "billing", "secret": "s3cret"}
    journal_id = wire.create(
        rent(), ask(wire, fields, host="other-shop.example.com").object["token"]
    )
    with wire.books(wire.company_id).read() as reader:
        assert reader.entry(journal_id) is not None  # type: ignore[arg-type]
    third = wire.found("third")
    wire.client("group", "s3cret", wire.company_id, third)
    fields = {"app": "group", "secret": "s3cret"}
    shut, unknown = (
        ask(wire, fields, host=host) for host in ("other-shop.example.com", "none.example.com")
    )
    assert (shut.status, shut.json) == (unknown.status, unknown.json)
    assert shut.status == 400


def test_a_person_with_several_companies_needs_the_host_name(wire: Wire) -> None:
    wire.user("eve", "correct horse", wire.company_id, wire.other_id)
    fields = {"username": "eve", "password": "correct horse"}
    assert sign_in(wire, fields).status == 401
    assert sign_in(wire, fields, host="shop.example.com").status == 200


def test_a_credential_for_all_companies(wire: Wire) -> None:
    wire.tokens.known["all"] = Principal("all", None, OPERATOR.scopes)
    assert wire.call("ListJournals", token="all").status == 401
    path = "/api/bk/v1/ListJournals"
    named = wire.send("GET", path, "token=all", headers={"host": "shop.example.com"})
    assert named.status == 200


def test_too_many_failures_of_one_name_from_one_address(wire: Wire) -> None:
    wire.clock.step = 0
    wrong, right = {"app": "billing", "secret": "x"}, {"app": "billing", "secret": "s3cret"}
    for _ in range(FAILED_ATTEMPTS_MAX):
        assert ask(wire, wrong).status == 401
    refused = ask(wire, right)
    assert (refused.status, refused.object) == (429, None)
    assert refused.headers["retry-after"] == str(FAILED_WINDOW_SECONDS)
    assert ask(wire, right, peer="192.0.2.8").status == 200
    assert ask(wire, {"app": "other", "secret": "x"}).status == 401
    wire.clock.now += FAILED_WINDOW_SECONDS * SECOND
    assert ask(wire, right).status == 200


def test_success_forgets_failures(wire: Wire) -> None:
    wire.clock.step = 0
    for _ in range(3):
        for _ in range(FAILED_ATTEMPTS_MAX - 1):
            ask(wire, {"app": "billing", "secret": "x"})
        assert ask(wire, {"app": "billing", "secret": "s3cret"}).status == 200


def test_sign_ins_are_in_the_trail(wire: Wire) -> None:
    wire.clock.step = 0
    for _ in range(2):
        assert ask(wire, {"app": "billing", "secret": "s3cret"}).status == 200
    ada = {"username": "ada", "password": "correct horse"}
    assert sign_in(wire, ada).status == 200
    for name in ("ada", "correct horse"):
        assert sign_in(wire, {"username": name, "password": "guess"}).status == 401
    found = Trail(wire.ledger.store.directory, wire.clock).records()
    assert [(each.what, each.subject, each.client, each.user, each.peer) for each in found] == [
        ("signed-in", "application billing", "modulus", None, PEER),
        ("signed-in", "ada", "modulus", "ada", PEER),
        ("sign-in-failed", "ada", "modulus", None, PEER),
        ("sign-in-failed", UNKNOWN_NAME, "modulus", None, PEER),
    ]


def test_tokens_may_be_bound_to_an_address(wire: Wire) -> None:
    options = frozenset({"address-bound"})
    wire.client("billing", "s3cret", wire.company_id, options=options)
    token = token_of(wire)
    path, query = "/api/bk/v1/ListJournals", f"token={token}"
    assert wire.send("GET", path, query).status == 200
    assert wire.send("GET", path, query, peer="192.0.2.8").status == 401


def test_a_token_that_does_not_allow_it(wire: Wire) -> None:
    journal_id = wire.create(rent())
    wire.allow(APP, frozenset({Scope.READ}))
    assert wire.call("GetJournal", journal_id=journal_id).status == 200
    assert wire.call("CreateJournal", rent()).code == 1230
    assert wire.call("DeleteJournal", journal_id=journal_id).code == 1230
    wire.allow(OTHER_APP, frozenset({Scope.WRITE}))
    assert wire.call("GetJournal", token=OTHER_APP, journal_id=journal_id).code == 1230
    assert wire.call("ListJournals", token=OTHER_APP).code == 1230


FUZZED = Wire()


@given(st.binary(max_size=80), st.sampled_from([FORM, JSON, {}]))
def test_any_bytes_get_an_answer(body: bytes, headers: dict[str, str]) -> None:
    for name in ("Authenticate", "AuthenticateToken"):
        answer = FUZZED.send("POST", f"/api/cmn/{name}", "", body, headers)
        assert answer.status in (400, 401, 429)
        assert answer.object is None
