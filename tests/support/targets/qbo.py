"""Places for ids of QuickBooks Online: paths, queries, bodies, batch items, statements, keys."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from tests.support.premises import Answer, Premises
from tests.support.targets import Target

KINDS = {
    "journalentry": "entry",
    "account": "account",
    "customer": "customer",
    "vendor": "vendor",
    "employee": "employee",
    "class": "class",
    "department": "department",
    "term": "term",
    "companycurrency": "currency",
    "taxagency": "tax_agency",
    "taxrate": "tax_rate",
    "taxcode": "tax_code",
}
"""What the ids of a resource are of."""

OPERATORS = {
    "account": {"Name": "probe", "AccountType": "Bank"},
    "customer": {"DisplayName": "probe"},
    "vendor": {"DisplayName": "probe"},
    "employee": {"DisplayName": "probe", "GivenName": "a", "FamilyName": "b"},
    "class": {"Name": "probe"},
    "department": {"Name": "probe"},
    "term": {"Name": "probe", "DueDays": 3},
    "companycurrency": {"Code": "NZD"},
}
"""Entities that can be updated, with what an update has to say."""


CONTACTS = frozenset({"customer", "vendor", "employee"})
"""A contact of the caller's own that is of another kind is said to be that."""
KEPT = {
    "TaxRateRef": frozenset({"account"}),
    "DepartmentRef of the entry": frozenset({"account"}),
}
"""References that are taken unread. The entry is made, and names the account besides."""


def entry(house: Premises, **members: Any) -> dict[str, Any]:
    """A new entry; `detail` and `line` go into its first line."""
    detail, more = members.pop("detail", {}), members.pop("line", {})
    account = str(house.ours.numbers["account"][1])
    bank = str(house.ours.numbers["account"][0])

    def line(side: str, account: str) -> dict[str, Any]:
        about = {"PostingType": side, "AccountRef": {"value": account}}
        return {
            "Amount": 5,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": about,
        }

    first = line("Debit", account)
    first["JournalEntryLineDetail"].update(detail)
    first.update(more)
    return {"Line": [first, line("Credit", bank)], **members}


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id."""
    yield from _paths(house)
    for resource, kind, field, body, query in _bodies(house):
        operation = f"post {resource.partition('/')[0]}"

        def ask(value: str, r: str = resource, b: Any = body, q: str = query) -> Answer:
            path = f"/v3/company/{house.ours.realm}/{r}"
            return house.ask("POST", path, query=q, body=b(value), headers=house.ours.bearer)

        apart = CONTACTS if kind in CONTACTS else KEPT.get(field, frozenset())
        yield Target("qbo", operation, field, kind, ask, apart)
        if "/" not in resource:
            batched = _in_batch(house, resource, body, query)
            yield Target("qbo", "post batch", f"{resource} {field}", kind, batched, apart)
    yield from _statements(house)
    yield from _feeds(house)


def _paths(house: Premises) -> Iterator[Target]:
    for wire, operation in house.operations():
        if wire != "qbo":
            continue
        below = operation.path.removeprefix("/v3/company/{realmId}/")
        resource = below.partition("/")[0]

        def in_realm(value: str, o: Any = operation) -> Answer:
            path = o.path.replace("{realmId}", quote(value, safe="")).replace("{id}", "11000")
            body: object = {} if o.method == "POST" else None
            return house.ask(o.method, path, body=body, headers=house.ours.bearer)

        yield Target("qbo", operation.name, "realmId", "realm", in_realm)
        if "{id}" not in operation.path:
            continue

        def by_id(value: str, r: str = resource) -> Answer:
            path = f"/v3/company/{house.ours.realm}/{r}/{quote(value, safe='')}"
            return house.ask("GET", path, headers=house.ours.bearer)

        yield Target("qbo", operation.name, "id", KINDS.get(resource, "realm"), by_id)


Body = Callable[..., dict[str, Any]]
"""Makes a body with an id in it."""


def _reference(value: str) -> dict[str, str]:
    return {"value": value}


def _bodies(house: Premises) -> Iterator[tuple[str, str, str, Body, str]]:
    """Resource, kind, field, a body with an id in it, query."""
    updated: Body = lambda value: entry(house, Id=value, SyncToken="0")
    yield "journalentry", "entry", "Id", updated, ""
    sparse: Body = lambda value: {"Id": value, "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    yield "journalentry", "entry", "Id, sparse", sparse, ""
    deleted: Body = lambda value: {"Id": value, "SyncToken": "0"}
    yield "journalentry", "entry", "Id, delete", deleted, "operation=delete"
    for member, kind in (
        ("AccountRef", "account"),
        ("ClassRef", "class"),
        ("DepartmentRef", "department"),
        ("TaxRateRef", "tax_rate"),
        ("TaxCodeRef", "tax_code"),
    ):
        body: Body = lambda value, m=member: entry(house, detail={m: _reference(value)})
        yield "journalentry", kind, member, body, ""
    for word, kind in (("Customer", "customer"), ("Vendor", "vendor"), ("Employee", "employee")):
        named: Body = lambda value, w=word: entry(
            house, detail={"Entity": {"Type": w, "EntityRef": _reference(value)}}
        )
        yield "journalentry", kind, f"Entity {word}", named, ""
    project: Body = lambda value: entry(house, line={"ProjectRef": _reference(value)})
    yield "journalentry", "project", "ProjectRef", project, ""
    place: Body = lambda value: entry(house, DepartmentRef=_reference(value))
    yield "journalentry", "department", "DepartmentRef of the entry", place, ""
    for resource, members in OPERATORS.items():
        changed: Body = lambda value, m=members: {**m, "Id": value, "SyncToken": "0"}
        yield resource, KINDS[resource], "Id", changed, ""
        part: Body = lambda value, m=members: {**m, "Id": value, "SyncToken": "0", "sparse": True}
        yield resource, KINDS[resource], "Id, sparse", part, ""
    for resource, flag in (
        ("account", "SubAccount"),
        ("customer", "Job"),
        ("class", "SubClass"),
        ("department", "SubDepartment"),
    ):
        below: Body = lambda value, m=OPERATORS[resource], f=flag: {
            **m,
            f: True,
            "ParentRef": _reference(value),
        }
        yield resource, KINDS[resource], "ParentRef", below, ""
    rates: Body = lambda value: {
        "TaxCode": "probe",
        "TaxRateDetails": [{"TaxRateId": value, "TaxApplicableOn": "Sales"}],
    }
    yield "taxservice/taxcode", "tax_rate", "TaxRateId", rates, ""
    agency: Body = lambda value: {
        "TaxCode": "probe",
        "TaxRateDetails": [
            {
                "TaxRateName": "probe",
                "RateValue": "5",
                "TaxAgencyId": value,
                "TaxApplicableOn": "Sales",
            }
        ],
    }
    yield "taxservice/taxcode", "tax_agency", "TaxAgencyId", agency, ""


def _in_batch(house: Premises, resource: str, body: Body, query: str) -> Callable[[str], Answer]:
    """The same as an item of a batch."""
    names = {name.lower(): name for name in _NAMES}

    def batched(value: str) -> Answer:
        operation = "delete" if query else ("update" if "Id" in body(value) else "create")
        item = {"bId": "1", "operation": operation, names[resource]: body(value)}
        path = f"/v3/company/{house.ours.realm}/batch"
        sent = {"BatchItemRequest": [item]}
        return house.ask("POST", path, body=sent, headers=house.ours.bearer)

    return batched


_NAMES = (
    *("JournalEntry", "Account", "Customer", "Vendor", "Employee", "Class", "Department", "Term"),
    *("CompanyCurrency", "TaxAgency", "TaxRate", "TaxCode", "ExchangeRate"),
    *("CompanyInfo", "Preferences"),
)


def _statements(house: Premises) -> Iterator[Target]:
    """Ids inside statements: by GET, by POST, and as an item of a batch."""
    path = f"/v3/company/{house.ours.realm}"
    for name in _NAMES[:12]:
        kind = KINDS[name.lower()]
        for form in ("where Id = '{}'", "where Id in ('{}')"):
            text = f"select * from {name} {form}"

            def read(value: str, t: str = text) -> Answer:
                query = "query=" + quote(t.format(value.replace("'", "\\'")))
                return house.ask("GET", f"{path}/query", query=query, headers=house.ours.bearer)

            def sent(value: str, t: str = text) -> Answer:
                statement = t.format(value.replace("'", "\\'")).encode()
                headers = {**house.ours.bearer, "content-type": "application/text"}
                return house.ask("POST", f"{path}/query", body=statement, headers=headers)

            def item(value: str, t: str = text) -> Answer:
                query = {"bId": "1", "Query": t.format(value.replace("'", "\\'"))}
                body = {"BatchItemRequest": [query]}
                return house.ask("POST", f"{path}/batch", body=body, headers=house.ours.bearer)

            yield Target("qbo", "get query", text, kind, read)
            yield Target("qbo", "post query", text, kind, sent)
            yield Target("qbo", "post batch", text, kind, item)


def _feeds(house: Premises) -> Iterator[Target]:
    """Places that take no id of a record: names of entities, days, keys of requests."""
    path = f"/v3/company/{house.ours.realm}"

    def rate(value: str) -> Answer:
        query = f"sourcecurrencycode={quote(value, safe='')}&asofdate=2026-02-03"
        return house.ask("GET", f"{path}/exchangerate", query=query, headers=house.ours.bearer)

    yield Target("qbo", "get exchangerate", "sourcecurrencycode", "code", rate)

    def changed(value: str) -> Answer:
        query = f"entities={quote(value, safe='')}&changedSince=2020-01-01"
        return house.ask("GET", f"{path}/cdc", query=query, headers=house.ours.bearer)

    yield Target("qbo", "get cdc", "entities", "code", changed)
