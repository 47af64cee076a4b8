"""Places for ids on the pages: companies and records in addresses, whatever forms and filters name.

Our person is signed in and sends the other company's: as numbers, names, codes, cursors, tokens of
forms and of sessions. Every address of a company is also asked for the other's.
"""

import base64
from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import quote, urlencode

from tests.support.people import Browser, field
from tests.support.premises import Answer, Premises, path_of
from tests.support.targets import Target, admin

from daybook.domain.ids import CompanyId
from daybook.protocols.kit.cursor import CursorSeal
from daybook.protocols.kit.plugin import Operation
from daybook.web.plugin import WebPlugin
from daybook.web.register import read_asked

APART = frozenset({"deleted", "journal"})
"""Entries of one's own, which pages show."""


def filled(house: Premises, operation: Operation, **given: str) -> str:
    """The path with our own ids in it, but where others are given."""
    usual = {
        "company": house.ours.slug,
        "entry": str(house.ours.numbers["entry"][0]),
        "account": str(house.ours.numbers["account"][0]),
        "kind": "account",
        "report": "trial-balance",
        "format": "csv",
    }
    return path_of(operation, **{**usual, **given})


def fields_of(house: Premises, operation: Operation) -> dict[str, str]:
    """The fields of a form that the operation takes, but for those that name records."""
    known = {"version": "1", "do": "post", "date": "2026-02-03", "debit.0": "5", "credit.1": "5"}
    return known if operation.name in ("new", "edit") else {"version": "1"}


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id."""
    browser = Browser(house, house.ours).sign_in()
    for tenant in (house.ours, house.theirs):
        admin.sign_in(house, tenant)
    for wire, operation in house.operations():
        if wire == "web":
            yield from _paths(browser, operation)
    yield from _queries(browser)
    yield from _forms(browser)
    yield from _lines(browser)
    yield from _files(browser)
    yield from _proofs(browser)


def _paths(browser: Browser, operation: Operation) -> Iterator[Target]:
    house = browser.house
    form = fields_of(house, operation)

    def asked(name: str, value: str) -> Answer:
        path = filled(house, operation, **{name: value})
        return browser.follow(browser.send(operation.method, path, fields=form))

    kinds = {"company": "slug", "entry": "entry", "account": "account", "kind": "axis"}
    for name, kind in kinds.items():
        if f"{{{name}}}" in operation.path:
            ask = lambda value, n=name: asked(n, value)
            field = f"{operation.method} {name}"
            apart = APART if kind == "entry" else frozenset()
            yield Target("web", operation.name, field, kind, ask, apart)


def _queries(browser: Browser) -> Iterator[Target]:
    books, account = browser.books, browser.house.ours.numbers["account"][0]
    for operation, path, kept, name, kind in (
        ("journal", "/journal", "", "account", "words"),
        ("journal", "/journal", "", "account", "# account"),
        ("journal", "/journal", "", "contact", "words"),
        ("journal", "/journal", "", "contact", "# customer"),
        ("journal", "/journal", "", "text", "words"),
        ("journal", "/journal", "deleted=on", "after", "journal cursor"),
        ("journal", "/journal", "deleted=on", "before", "journal cursor"),
        ("accounts", "/accounts", "", "text", "words"),
        ("account", f"/accounts/{account}", "", "after", "account cursor"),
        ("find", "/find/account", "", "q", "words"),
        ("find", "/find/contact", "", "q", "words"),
        ("find", "/find/class", "", "q", "words"),
        ("new", "/journal/new", "", "like", "entry"),
        ("new", "/journal/new", "", "reverse", "entry"),
    ):

        def ask(value: str, p: str = path, k: str = kept, n: str = name) -> Answer:
            return browser.send("GET", books + p, f"{k}&{urlencode({n: value})}")

        apart = APART if kind == "entry" else frozenset()
        yield Target("web", operation, f"query {name}", kind, ask, apart)


def _forms(browser: Browser) -> Iterator[Target]:
    """Buttons that name something by a number in their form."""
    for operation, path, kind in (
        ("key-withdraw", f"{browser.books}/keys/withdraw", "token number"),
        ("message-retry", f"{browser.books}/operations/retry", "delivery"),
        ("application-withdraw", "/app/applications/withdraw", "token number"),
    ):
        ask = lambda value, p=path: browser.post(p, number=value)
        yield Target("web", operation, "number", kind, ask)
    again = lambda value: browser.post(f"{browser.books}/operations/again", id=value)
    yield Target("web", "operation-again", "id", "operation", again)
    login = lambda value: browser.post(f"{browser.books}/keys/login/withdraw", name=value)
    yield Target("web", "login-withdraw", "name", "user", login)


def _lines(browser: Browser) -> Iterator[Target]:
    """What the lines of an entry name. No entry is made: the other line lacks its account."""
    amounts = {"date": "2026-02-03", "debit.0": "5", "credit.1": "5", "do": "post"}
    entry = browser.house.ours.numbers["entry"][0]
    for operation, path in (("new", "/journal/new"), ("edit", f"/journal/{entry}/edit")):
        for name, kind in (("account.0", "account"), ("contact.0", "customer")):
            for word in ("words", f"# {kind}"):

                def ask(value: str, p: str = path, n: str = name) -> Answer:
                    return browser.post(browser.books + p, **amounts, version="1", **{n: value})

                yield Target("web", operation, name, word, ask)
        for axis in ("class", "department", "project"):

            def mark(value: str, p: str = path, a: str = axis) -> Answer:
                form = {**amounts, f"axis.0.{a}": value}
                return browser.post(browser.books + p, version="1", **form)

            yield Target("web", operation, f"axis.0.{axis}", "words", mark)


def _files(browser: Browser) -> Iterator[Target]:
    """What the columns of a file name; nothing is taken of one with a fault."""
    for operation, path in (("import", "/import"), ("import-take", "/import/take")):
        for column in ("Account Name", "Account Code", "Name", "Class", "Location", "Project"):

            def ask(value: str, p: str = path, c: str = column) -> Answer:
                text = '"' + value.replace('"', '""') + '"'
                mine = '"quokka 1"' if c != "Account Name" else text
                header = "Journal Date,Account Name,Debits,Credits"
                rows = f"2026-02-03,{mine},5,,{text}\n2026-02-03,nothing of ours,,5,{text}\n"
                kept = base64.b64encode(f"{header},{c}\n{rows}".encode()).decode()
                return browser.post(browser.books + p, kept=kept)

            yield Target("web", operation, column, "words", ask)


def _proofs(browser: Browser) -> Iterator[Target]:
    """What stands for a person: cookies, tokens of forms, names."""
    house = browser.house
    form = lambda value: browser.post(f"{browser.books}/keys/withdraw", csrf=value)
    yield Target("web", "key-withdraw", "csrf", "secret", form)
    out = lambda value: browser.post("/app/sign-out", csrf=value)
    yield Target("web", "sign-out", "csrf", "secret", out)

    def cookie(path: str, value: str) -> Answer:
        sent = {"cookie": f"daybook_session={quote(value, safe='')}"}
        return house.ask("GET", path, headers=sent)

    for operation, path in (
        ("home", "/app"),
        ("companies", "/app/companies"),
        ("applications", "/app/applications"),
    ):
        ask = lambda value, p=path: cookie(p, value)
        yield Target("web", operation, "cookie", "secret", ask)

    def named(value: str) -> Answer:
        guest = Browser(house, house.ours)
        guest.token = field(guest.get("/app/sign-in"), "csrf")
        peer = f"2001:db8::{sum(map(ord, value)):x}:{len(value):x}"
        fields = {"name": value, "password": "not the one"}
        return guest.send("POST", "/app/sign-in", fields=fields, peer=peer)

    yield Target("web", "sign-in", "name", "user", named)


def words(house: Premises) -> Iterator[tuple[str, str]]:
    """What the other company's records are called."""
    word = house.theirs.word
    number = house.theirs.numbers["entry"][0]
    for text in ("0", "0 customer", "1 vendor", "0 employee", "Limited", "memo", "line", "note"):
        yield "the other company's name", f"{word} {text}"
    for text in (word, f"{word}-0", f"{word}-{number}", word.upper()):
        yield "the other company's code", text


def marked(kind: str) -> Callable[[Premises], Iterator[tuple[str, str]]]:
    """Numbers of the other company's records as fields take them."""

    def found(house: Premises) -> Iterator[tuple[str, str]]:
        for theirs, numbers in house.theirs.numbers.items():
            yield from ((f"the other company's {theirs}", f"#{number}") for number in numbers)
        for ours in ("entry", "class", "tax_code", "department"):
            if own := house.ours.numbers.get(ours):
                yield f"our {ours}, no {kind}", f"#{own[0]}"

    return found


def axes(house: Premises) -> Iterator[tuple[str, str]]:
    """Lists that fields look into."""
    yield "the other company", f"axis:{house.theirs.word}"
    yield "another company's list", f"axis:{house.theirs.slug}/class"


def _seal(house: Premises) -> CursorSeal:
    return cast("WebPlugin", house.plugin("web"))._site.seal


def journal_cursors(house: Premises) -> Iterator[tuple[str, str]]:
    """Where pages of the other's journal end."""
    with house.books(house.theirs.id).read() as reader:
        asked = read_asked(reader, {"deleted": "on"})
    key = ("2026-02-03", house.theirs.numbers["entry"][0])
    for whose in (house.theirs.id, CompanyId(0)):
        yield "the other company's cursor", _seal(house).seal(whose, asked.digest, key)
    wrong = _seal(house).seal(house.ours.id, b"account 1", key)
    yield "our cursor of another list", wrong


def account_cursors(house: Premises) -> Iterator[tuple[str, str]]:
    """Where pages of the other's accounts end."""
    key = ("2026-02-03", house.theirs.numbers["entry"][0])
    for tenant in (house.theirs, house.ours):
        subject = b"account %d" % house.theirs.numbers["account"][0]
        yield "the other company's cursor", _seal(house).seal(tenant.id, subject, key)
    subject = b"account %d" % house.ours.numbers["account"][0]
    yield "the other's cursor of our account", _seal(house).seal(house.theirs.id, subject, key)


def operations(house: Premises) -> Iterator[tuple[str, str]]:
    """Operations of the other company, and one that is none."""
    theirs = house.theirs.names["push"]
    yield "the other company's operation", theirs
    yield "the other company's operation, in capitals", theirs.upper()
    yield "a forged operation", "12345678-1234-4234-8234-123456789abc"


def deliveries(house: Premises) -> Iterator[tuple[str, str]]:
    """Messages about the other company, and their consumers."""
    found = house.directory.company_deliveries(house.theirs.id)
    for each in found:
        yield "the other company's message", str(each.number)
    yield "the other company's consumer", house.theirs.names["webhook"]


def secrets(house: Premises) -> Iterator[tuple[str, str]]:
    """What is secret, and not of a session of ours."""
    names = house.theirs.names
    yield "the other's token of forms", names["form token"]
    yield "the other's session by its id", names["session id"]
    yield "the other's bearer token", house.theirs.token
    yield "our bearer token", house.ours.token
    yield "our own other session's token of forms", house.ours.names["form token"]
    yield "a forged session", "dbw_" + "A" * 43
