"""Rights that are handed on: linked books, shared companies, what consumers hear."""

import pytest
from tests.protocols.codat.test_publishing import WRITES, register
from tests.support.codat import COMPANY, KEY, OTHER, OTHER_KEY, Wire, two_lines
from tests.support.qbo import Answer

from daybook.app.access import ALL_SCOPES, Principal, Rejection, Scope
from daybook.app.outbox import Delivery, DeliveryState
from daybook.domain.ids import CompanyId
from daybook.protocols.kit.plugin import REQUESTS_PER_DAY_SETTING
from daybook.server.sender import WebhookSender

JSON = {"content-type": "application/json"}
GIVER = "giver"
"""The key that somebody links the company's books with, for the client of `OTHER_KEY`."""


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.add_other()
    grant(wire)
    return wire


def grant(wire: Wire, *scopes: Scope) -> None:
    """What the giver's key allows with the books of the company; all where nothing is said."""
    allowed = frozenset(scopes) or ALL_SCOPES
    wire.tokens.known[GIVER] = Principal("giver", frozenset({wire.company_id}), allowed)


def linked(wire: Wire, key: str = GIVER) -> tuple[str, Answer]:
    """A company of the other client, and the answer to linking it to the books."""
    company = wire.send("POST", "/companies", {"name": "Anvil"}, key=OTHER_KEY).json["id"]
    wanted = {"platformKey": "qhyg"}
    path = f"/companies/{company}/connections"
    connection = wire.send("POST", path, wanted, key=OTHER_KEY).json["id"]
    body = {"books": "books-1", "key": key}
    answer = wire.send("POST", f"{path}/{connection}/start", body, headers=JSON, key=None)
    return company, answer


def push(wire: Wire, company: str, connection: str) -> Answer:
    path = f"/companies/{company}/connections/{connection}/push/journalEntries"
    return wire.send("POST", path, two_lines(), key=OTHER_KEY)


def entries(wire: Wire, company: str) -> int:
    return wire.send("GET", f"/companies/{company}/data/journalEntries", key=OTHER_KEY).status


def test_linking_takes_a_key_that_administers_the_books(wire: Wire) -> None:
    grant(wire, Scope.READ, Scope.WRITE)
    assert linked(wire)[1].status == 403
    grant(wire, Scope.ADMIN, Scope.WRITE)
    assert linked(wire)[1].status == 403, "what is handed on is reading first of all"
    grant(wire, Scope.READ, Scope.ADMIN)
    assert linked(wire)[1].status == 200


def test_linked_books_allow_what_both_keys_allow(wire: Wire) -> None:
    company, answer = linked(wire)
    connection = answer.json["id"]
    assert push(wire, company, connection).status == 200
    grant(wire, Scope.READ, Scope.ADMIN)
    assert entries(wire, company) == 200
    assert push(wire, company, connection).status == 403, "the giver may not write"
    other = wire.tokens.known[OTHER_KEY]
    assert isinstance(other, Principal)
    grant(wire)
    wire.tokens.known[OTHER_KEY] = Principal("rival", other.company_ids, frozenset({Scope.READ}))
    assert entries(wire, company) == 200
    assert push(wire, company, connection).status == 403, "the client's key may not write"


def test_access_ends_with_the_key_that_gave_it_and_begins_with_another(wire: Wire) -> None:
    company, answer = linked(wire)
    wire.tokens.known[GIVER] = Rejection.REVOKED
    assert entries(wire, company) == 403
    assert push(wire, company, answer.json["id"]).status == 403
    path = f"/companies/{company}/connections/{answer.json['id']}"
    shown = wire.send("GET", path, key=OTHER_KEY).json
    assert shown["status"] == "Deauthorized"
    status = wire.send("GET", f"/companies/{company}/dataStatus", key=OTHER_KEY).json
    synced = status["journalEntries"]["lastSuccessfulSync"]
    wire.create(two_lines())
    status = wire.send("GET", f"/companies/{company}/dataStatus", key=OTHER_KEY).json
    assert status["journalEntries"]["lastSuccessfulSync"] == synced, "nor is there news of it"
    body = {"key": KEY}
    assert wire.send("POST", f"{path}/start", body, headers=JSON, key=None).status == 200
    assert wire.send("GET", path, key=OTHER_KEY).json["status"] == "Linked"
    assert entries(wire, company) == 200


def test_books_founded_for_a_company_are_its_clients(wire: Wire) -> None:
    company = wire.send("POST", "/companies", {"name": "Anvil"}, key=OTHER_KEY).json["id"]
    path = f"/companies/{company}/connections"
    made = wire.send("POST", path, {"platformKey": "qhyg"}, key=OTHER_KEY).json
    link = f"{path}/{made['id']}/start"
    assert wire.send("POST", link, {}, headers=JSON, key=None).status == 200
    assert entries(wire, company) == 200
    assert wire.send("GET", f"{path}/{made['id']}", key=OTHER_KEY).json["status"] == "Linked"


def shared(wire: Wire) -> str:
    """A key of another client that opens the same books."""
    wire.tokens.known["shared"] = Principal(
        "rival", frozenset({wire.company_id}), frozenset({Scope.READ, Scope.WRITE})
    )
    return "shared"


def test_a_company_is_its_owners_to_change(wire: Wire) -> None:
    company, answer = linked(wire)
    path = f"/companies/{company}"
    assert wire.send("GET", path).status == 200, "its books are open to this key"
    connection = f"{path}/connections/{answer.json['id']}"
    for method, address, body in (
        ("PATCH", path, {"name": "Mine"}),
        ("PUT", path, {"name": "Mine"}),
        ("DELETE", path, b""),
        ("PUT", f"{path}/products/lending", b""),
        ("POST", f"{path}/connections", {"platformKey": "qhyg"}),
        ("PATCH", connection, {"status": "Unlinked"}),
        ("PUT", f"{connection}/authorization", {}),
        ("DELETE", connection, b""),
        ("POST", f"{path}/syncSettings", {"syncSettings": []}),
    ):
        assert wire.send(method, address, body).status == 403, address
    assert wire.send("GET", path, key=OTHER_KEY).json["name"] == "Anvil"
    wire.tokens.known["root"] = Principal("root", None, ALL_SCOPES)
    assert wire.send("PATCH", path, {"name": "Root's"}, key="root").status == 200
    assert wire.send("DELETE", path, key="root").status == 204
    assert wire.send("GET", path, key=OTHER_KEY).status == 404


def test_a_company_that_nobody_made_is_its_administrators_to_change(wire: Wire) -> None:
    path, key = f"/companies/{COMPANY}", shared(wire)
    assert wire.send("PATCH", path, {"name": "Mine"}, key=key).status == 403
    assert wire.send("PATCH", path, {"name": "Ours"}).json["name"] == "Ours"


def test_a_client_deletes_a_shared_company_for_itself_alone(wire: Wire) -> None:
    path, key = f"/companies/{COMPANY}", shared(wire)
    hook = register(wire, "company.deleted", *WRITES, key=key)
    register(wire, "company.deleted")
    assert wire.send("DELETE", path, key=key).status == 204
    assert wire.send("GET", path, key=key).status == 404
    assert wire.send("GET", "/companies", key=key).json["totalResults"] == 0
    assert wire.send("GET", path).status == 200
    wire.create(two_lines())
    assert [each.message.event_type for each in sent(wire, hook["id"])] == ["company.deleted"]
    wire.tokens.known["root"] = Principal("root", None, ALL_SCOPES)
    assert wire.send("DELETE", path, key="root").status == 204
    assert wire.send("GET", path).status == 404


def sent(wire: Wire, consumer: str) -> list[Delivery]:
    """What a consumer has really been sent."""
    sender = WebhookSender(wire.ledger, lambda url, body, headers: None)
    directory = wire.ledger.store.directory
    while directory.deliveries(DeliveryState.PENDING):
        sender.dispatch()
    sender.close()
    arrived = directory.deliveries(DeliveryState.DELIVERED)
    return [each for each in arrived if each.consumer_id == consumer]


def test_nothing_is_told_once_the_key_counts_no_more(wire: Wire) -> None:
    hook = register(wire)
    wire.create(two_lines())
    assert len(sent(wire, hook["id"])) == 1
    wire.create(two_lines())
    believed, wire.tokens.known[KEY] = wire.tokens.known[KEY], Rejection.REVOKED
    assert len(sent(wire, hook["id"])) == 1, "made before the key was revoked, not sent after"
    [dead] = wire.ledger.store.directory.deliveries(DeliveryState.DEAD)
    assert dead.failure == "withheld: the key it was registered with counts no more"
    wire.tokens.known[KEY] = believed
    wire.create(two_lines())
    wire.allow(Scope.WRITE, Scope.ADMIN)
    assert len(sent(wire, hook["id"])) == 1


def test_nothing_is_told_of_books_whose_link_has_ended(wire: Wire) -> None:
    company, answer = linked(wire)
    hook = register(wire, *WRITES, "connection.deleted", key=OTHER_KEY)
    push(wire, company, answer.json["id"])
    wire.work()
    assert len(sent(wire, hook["id"])) == 1
    push(wire, company, answer.json["id"])
    wire.tokens.known[GIVER] = Rejection.REVOKED
    wire.work()
    path = f"/companies/{company}/connections/{answer.json['id']}"
    assert wire.send("DELETE", path, key=OTHER_KEY).status == 200
    told = [each.message.event_type for each in sent(wire, hook["id"])]
    assert told == ["journalEntries.write.successful", "connection.deleted"]


def test_a_consumer_takes_a_key_that_may_read(wire: Wire) -> None:
    wire.allow(Scope.WRITE, Scope.ADMIN)
    body = {"url": "https://example.com", "eventTypes": WRITES}
    assert wire.send("POST", "/webhooks", body).status == 403


def test_a_key_for_all_books_hears_of_books_and_not_of_others_companies(wire: Wire) -> None:
    wire.tokens.known["root"] = Principal("root", None, ALL_SCOPES)
    hook = register(wire, "company.created", *WRITES, key="root")
    own = wire.send("POST", "/companies", {"name": "Own"}, key="root").json["id"]
    wire.send("POST", "/companies", {"name": "Theirs"}, key=OTHER_KEY)
    wire.create(two_lines())
    told = wire.ledger.store.directory.deliveries()
    assert [each.message.subject for each in told] == [own, COMPANY]
    assert len(sent(wire, hook["id"])) == 2


def test_what_a_consumer_is_kept_with_never_changes(wire: Wire) -> None:
    """Making a company once wrote all consumers of its client back, a removed one among them."""
    register(wire, "company.created")
    directory = wire.ledger.store.directory
    before = directory.consumers()
    company = wire.send("POST", "/companies", {"name": "Anvil"}).json["id"]
    assert directory.consumers() == before
    assert [each.message.subject for each in directory.deliveries()] == [company]


def test_another_clients_consumer_is_not_removed(wire: Wire) -> None:
    hook = register(wire)
    assert wire.send("DELETE", f"/webhooks/{hook['id']}", key=OTHER_KEY).status == 404
    assert len(wire.ledger.store.directory.consumers()) == 1
    assert wire.send("GET", f"/companies/{OTHER}", key=OTHER_KEY).status == 200


def test_products_are_few_and_short(wire: Wire) -> None:
    path = f"/companies/{COMPANY}/products"
    assert wire.send("PUT", f"{path}/{'x' * 101}").status == 400
    for number in range(50):
        assert wire.send("PUT", f"{path}/{number:0100}").status == 204
    assert wire.send("PUT", f"{path}/more").status == 400
    assert len(wire.get("").json["products"]) == 50


def namesake(wire: Wire, *more: CompanyId) -> str:
    """The key of a client called as that of `KEY`: a stranger's, unless it opens more books."""
    other = wire.tokens.known[OTHER_KEY]
    assert isinstance(other, Principal)
    assert other.company_ids is not None
    key = f"namesake {more}"
    wire.tokens.known[key] = Principal("app", other.company_ids | frozenset(more), ALL_SCOPES)
    return key


def test_a_clients_name_is_no_identity_across_companies(wire: Wire) -> None:
    """Whoever administers books may call a client as somebody else's is called."""
    stranger = namesake(wire)
    hook = register(wire, "company.created", "company.deleted", "connection.created", key=stranger)
    company = wire.send("POST", "/companies", {"name": "Anvil"}).json["id"]
    path = f"/companies/{company}"
    platform = {"platformKey": "qhyg"}
    assert wire.send("POST", f"{path}/connections", platform).status == 200
    for method, address, body in (
        ("GET", path, b""),
        ("PATCH", path, {"name": "Mine"}),
        ("POST", f"{path}/connections", platform),
        ("GET", f"{path}/push", b""),
        ("DELETE", path, b""),
    ):
        assert wire.send(method, address, body, key=stranger).status == 404, address
    listed = wire.send("GET", "/companies", key=stranger).json
    assert company not in [each["id"] for each in listed["results"]]
    assert wire.send("DELETE", path).status == 204
    assert sent(wire, hook["id"]) == []


def test_a_stranger_of_the_same_name_has_a_quota_of_its_own() -> None:
    """Neither uses up the other's, nor hears what becomes of it."""
    wire = Wire({REQUESTS_PER_DAY_SETTING: "3"})
    wire.add_other()
    stranger, told = namesake(wire), "client.rateLimit.reached"
    hooks = [register(wire, told, key=key)["id"] for key in (KEY, stranger)]
    left = [wire.send("GET", "/companies").headers["X-Rate-Limit-Remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    assert wire.send("GET", "/companies").status == 429
    assert wire.send("GET", "/companies", key=stranger).headers["X-Rate-Limit-Remaining"] == "1"
    assert [len(sent(wire, hook)) for hook in hooks] == [1, 0]
    assert wire.send("GET", "/companies", key=stranger).headers["X-Rate-Limit-Remaining"] == "0"
    assert [len(sent(wire, hook)) for hook in hooks] == [1, 1]


def test_keys_of_a_client_with_more_books_reach_what_it_has_made(wire: Wire) -> None:
    company = wire.send("POST", "/companies", {"name": "Anvil"}).json["id"]
    path = f"/companies/{company}"
    wider = namesake(wire, wire.company_id)
    assert wire.send("PATCH", path, {"name": "Ours"}, key=wider).json["name"] == "Ours"
    wire.tokens.known["every"] = Principal("app", None, ALL_SCOPES - {Scope.ADMIN})
    assert wire.send("PATCH", path, {"name": "All's"}, key="every").json["name"] == "All's"
    made = wire.send("POST", "/companies", {"name": "Wide"}, key="every").json["id"]
    assert wire.send("GET", f"/companies/{made}").status == 404


def test_a_stranger_of_the_same_name_deletes_a_company_for_itself_alone(wire: Wire) -> None:
    stranger = namesake(wire, wire.company_id)
    path = f"/companies/{COMPANY}"
    wire.allow(Scope.READ, Scope.WRITE)
    assert wire.send("DELETE", path).status == 204
    assert wire.send("GET", path).status == 404
    assert wire.send("GET", path, key=stranger).status == 200
