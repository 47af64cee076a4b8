"""Places for ids of Modulus: parameters, bodies, codes of accounts."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.support.premises import Answer, Premises
from tests.support.targets import Target

APART = frozenset({"entry", "deleted", "journal"})
"""Entries of the company that are not this application's are told apart, as published."""


def journal(**members: Any) -> dict[str, Any]:
    """A new journal; members go into its first entry."""
    first = {"account_code": "quokka-1", "base_currency_debit_amount": 5, **members}
    second = {"account_code": "quokka-0", "base_currency_credit_amount": 5}
    return {"date": "2026-02-03", "journal_entries": [first, second]}


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id."""

    def named(method: str, operation: str) -> Any:
        def ask(value: str) -> Answer:
            query = f"token={house.ours.token}&journal_id={quote(value, safe='')}"
            return house.ask(method, f"/api/bk/v1/{operation}", query=query)

        return ask

    yield Target(
        "modulus", "GetJournal", "journal_id", "journal", named("GET", "GetJournal"), APART
    )
    deleted = named("DELETE", "DeleteJournal")
    yield Target("modulus", "DeleteJournal", "journal_id", "journal", deleted, APART)

    def send(operation: str, method: str, body: dict[str, Any]) -> Answer:
        query = f"token={house.ours.token}"
        return house.ask(method, f"/api/bk/v1/{operation}", query=query, body=body)

    def number(value: str) -> int | str:
        return int(value) if value.isascii() and value.isdigit() and len(value) < 30 else value

    def update(value: str) -> Answer:
        return send("UpdateJournal", "PUT", {**journal(), "journal_id": number(value)})

    yield Target("modulus", "UpdateJournal", "journal_id", "journal", update, APART)
    own = house.ours.numbers["journal"][0]
    for operation, method, more in (
        ("CreateJournal", "POST", {}),
        ("UpdateJournal", "PUT", {"journal_id": own}),
    ):
        for field, kind in (
            ("account_code", "code"),
            ("cost_center_id", "class"),
            ("foreign_currency_id", "currency"),
        ):

            def referring(
                value: str, o: str = operation, m: str = method, f: str = field, b: Any = more
            ) -> Answer:
                given = value if f == "account_code" else number(value)
                return send(o, m, {**journal(**{f: given}), **b})

            yield Target("modulus", operation, field, kind, referring)

    def listed(value: str) -> Answer:
        query = f"token={house.ours.token}&reference_number={quote(value, safe='')}"
        return house.ask("GET", "/api/bk/v1/ListJournals", query=query)

    yield Target("modulus", "ListJournals", "reference_number", "code", listed)

    for operation, fields in (
        ("Authenticate", {"app": "quokka", "secret": "wrong"}),
        ("AuthenticateToken", {"username": "quokka", "password": "wrong"}),
    ):
        for field in fields:

            def proved(value: str, o: str = operation, f: str = field, b: Any = fields) -> Answer:
                # another address each time: guesses from one are counted
                peer = f"192.0.2.{len(value) % 250}.{value[:20]}"
                return house.ask("POST", f"/api/cmn/{o}", body={**b, f: value}, peer=peer)

            yield Target("modulus", operation, field, "code", proved)
