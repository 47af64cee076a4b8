"""Nobody sees, changes or even learns of another company's records, whatever ids they send.

Every operation of every interface over HTTP is asked for ids that are not the caller's in every
place that takes one; each answer must be that to an id which never was. An operation without
probes fails, and so does a name in a path of which nothing says what it is an id of.
"""

from collections.abc import Callable, Iterator

import pytest
from tests.support.people import Browser
from tests.support.premises import Premises, Tenant
from tests.support.probes import leaks, probe, tries
from tests.support.requests import send, visit
from tests.support.targets import Target, admin, codat, graphql, modulus, oauth, qbo, web

from daybook.app import session_records

TARGETS: dict[str, Callable[[Premises], Iterator[Target]]] = {
    "qbo": qbo.targets,
    "codat": codat.targets,
    "modulus": modulus.targets,
    "intuit_graphql": graphql.targets,
    "oauth": oauth.targets,
    "admin": admin.targets,
    "web": web.targets,
}
PROBES_MIN = 6_000
"""Of all interfaces over HTTP together."""

WITHOUT_IDS = {
    "qbo": set(),
    "codat": {
        "post companies",
        *("get integrations", "get integrations/{platformKey}"),
        "get integrations/{platformKey}/branding",
        *("get profile", "put profile", "get profile/syncSettings", "post profile/syncSettings"),
        *("get apiKeys", "post apiKeys", "get webhooks", "post webhooks"),
        "post webhooks/integrationKeys/zapier",
    },
    "modulus": set(),
    "intuit_graphql": {"get graphql"},
    "oauth": {"discovery", "userinfo", "jwks"},
    "admin": {"trail"},
    "web": set(),
    "server": {"page"},
}
"""Operations that no id can be sent to. What they answer is still searched for the other's words.
GraphQL over GET carries out the same documents, but for changes."""


def state(house: Premises, tenant: Tenant) -> tuple[object, ...]:
    """All there is of a company, as far as another might have changed it."""
    with house.ledger.store.read(tenant.id) as reader:
        head = reader.head()
    paths = (f"/companies/{tenant.codat_id}", "/webhooks", "/apiKeys", "/profile", "/companies")
    shown = (house.ask("GET", path, headers=tenant.basic).body for path in paths)
    directory = house.directory
    tokens = [each for each in directory.tokens() if tenant.id in each.company_ids]
    everybody = session_records.sessions(directory, house.clock())
    sessions = [each.id for each in everybody if each.user == tenant.word]
    known = (directory.user(tenant.word), directory.client(tenant.word), tokens, sessions)
    return (head, *shown, *known, directory.company_deliveries(tenant.id))


@pytest.mark.parametrize("wire", TARGETS)
def test_ids_that_are_not_the_callers_do_not_exist(wire: str) -> None:
    with Premises() as house:
        targets = list(TARGETS[wire](house))
        before = state(house, house.theirs)
        wrong = [found for target in targets for found in probe(house, target)]
        assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:30])
        assert state(house, house.theirs) == before, "the other company is as it was"


def test_every_operation_is_probed() -> None:
    with Premises() as house:
        here = {(wire, operation.name) for wire, operation in house.operations()}
        targets = [target for every in TARGETS.values() for target in every(house)]
        tried = sum(1 for target in targets for _ in tries(house, target))
    free = {(wire, name) for wire, names in WITHOUT_IDS.items() for name in names}
    probed = {(target.wire, target.operation) for target in targets}
    assert here - free == probed, "an operation is not probed, or is no more"
    assert free <= here
    assert tried >= PROBES_MIN


def test_no_answer_has_a_word_of_the_other_company() -> None:
    with Premises() as house:
        asked = sorted(house.operations(), key=lambda row: row[1].method == "DELETE")
        for wire, operation in asked:
            answer = send(house, wire, operation)
            assert answer.status < 500 or answer.status == 501, (operation, answer.text)
            assert leaks(answer, house.theirs) == [], (operation, answer.text)


def test_no_page_has_a_word_of_the_other_company() -> None:
    """Not even one that was just changed, imported into or signed out of."""
    with Premises() as house:
        browser = Browser(house, house.ours).sign_in()
        asked = [row for wire, row in house.operations() if wire == "web"]
        for operation in sorted(asked, key=lambda row: row.name in ("delete", "sign-out")):
            answer = visit(browser, operation)
            assert answer.status < 500, (operation, answer.text)
            assert leaks(answer, house.theirs) == [], (operation, answer.text)


def test_a_link_tells_the_company_s_name_and_no_more() -> None:
    """Pages that link companies are for whoever was sent their address, which cannot be guessed."""
    with Premises() as house:
        path = f"/companies/{house.theirs.codat_id}"
        page = house.ask("GET", f"{path}/start").text
        assert page.count(house.theirs.word) == page.count("wombat Limited") == 2
        waiting = house.theirs.names["waiting connection"]
        page = house.ask("GET", f"{path}/connections/{waiting}/start").text
        assert page.count(house.theirs.word) == page.count("wombat Limited")
        foreign = house.ours.names["waiting connection"]
        stray = house.ask("GET", f"{path}/connections/{foreign}/start")
        assert stray.status == 404
        assert leaks(stray, house.theirs) == []


def test_a_key_that_another_client_has_used_is_free() -> None:
    """Idempotency keys and request ids of one company say nothing to the other."""
    with Premises() as house:
        entry = qbo.entry(house, PrivateNote="ours")
        bank, meals = house.theirs.numbers["account"][:2]
        lines = [
            {
                "Amount": 5,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": str(of)}},
            }
            for side, of in (("Debit", meals), ("Credit", bank))
        ]
        theirs = house.ask(
            "POST",
            f"/v3/company/{house.theirs.realm}/journalentry",
            query="requestid=same",
            body={"Line": lines, "PrivateNote": "wombat"},
            headers=house.theirs.bearer,
        )
        assert theirs.status == 200, theirs.text
        path = f"/v3/company/{house.ours.realm}/journalentry"
        ours = house.ask(
            "POST", path, query="requestid=same", body=entry, headers=house.ours.bearer
        )
        assert ours.json["JournalEntry"]["PrivateNote"] == "ours"
        assert leaks(ours, house.theirs) == []

        key = {"idempotency-key": "11111111-2222-4333-8444-555555555555"}
        body = {"name": "wombat Third"}
        made = house.ask("POST", "/companies", body=body, headers={**house.theirs.basic, **key})
        again = house.ask("POST", "/companies", body=body, headers={**house.ours.basic, **key})
        assert made.status == again.status == 200
        assert made.json["id"] != again.json["id"]
        other = {"name": "Another"}
        fresh = house.ask("POST", "/companies", body=other, headers={**house.ours.basic, **key})
        assert fresh.status == 422, "of one's own keys, one that was used is refused"
