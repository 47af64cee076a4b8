"""Founding companies: names, settings, charts."""

import re
import uuid
from dataclasses import replace

import pytest
from tests.support.shop import ACTOR

from daybook.app.access import OPERATOR
from daybook.app.charts import CHARTS
from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Ledger, Refused
from daybook.domain.events import ACCOUNT
from daybook.domain.model import Account, Company
from daybook.domain.query import Keyset, Query
from daybook.domain.refusals import RefusalCode
from daybook.storage import open_store

WANTED = NewCompany("Mill Road", "mill", "GBP", "Europe/London", "GB")


def test_a_company_gets_its_chart_and_random_names() -> None:
    ledger = Ledger(open_store("memory://"))
    company = found(ledger, WANTED, ACTOR)
    assert isinstance(company, Company)
    assert re.fullmatch("9130[0-9]{12}", company.realm)
    assert str(uuid.UUID(company.codat_id)) == company.codat_id
    books = ledger.books(company.id, OPERATOR)
    assert books is not None
    with books.read() as reader:
        accounts = reader.references(ACCOUNT, Query(page=Keyset(100)))
    assert len(accounts) == len(CHARTS["standard"])
    codes = [account.code for account in accounts if isinstance(account, Account)]
    assert len(set(codes)) == len(codes)


def test_two_companies_differ() -> None:
    ledger = Ledger(open_store("memory://"))
    first = found(ledger, WANTED, ACTOR)
    second = found(ledger, replace(WANTED, slug="other"), ACTOR)
    assert isinstance(first, Company)
    assert isinstance(second, Company)
    assert first.realm != second.realm
    assert first.codat_id != second.codat_id


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (replace(WANTED, slug=""), "slug"),
        (replace(WANTED, slug="Mill"), "slug"),
        (replace(WANTED, slug="1mill"), "slug"),
        (replace(WANTED, slug="m" * 64), "slug"),
        (replace(WANTED, realm="0123"), "realm"),
        (replace(WANTED, realm="1" * 20), "realm"),
        (replace(WANTED, codat_id="not one"), "codat_id"),
        (replace(WANTED, country="GBR"), "country"),
        (replace(WANTED, home_currency="XXX"), "home_currency"),
        (replace(WANTED, time_zone="Mars/North"), "time_zone"),
    ],
)
def test_what_is_refused(wanted: NewCompany, field: str) -> None:
    ledger = Ledger(open_store("memory://"))
    outcome = found(ledger, wanted, ACTOR)
    assert isinstance(outcome, Refused)
    assert outcome.refusals[0].code is RefusalCode.INVALID_VALUE
    assert outcome.refusals[0].field == field
    assert ledger.store.directory.company_ids() == []


def test_names_are_taken_once() -> None:
    ledger = Ledger(open_store("memory://"))
    found(ledger, WANTED, ACTOR)
    outcome = found(ledger, WANTED, ACTOR)
    assert isinstance(outcome, Refused)
    assert outcome.refusals[0].code is RefusalCode.DUPLICATE_NAME


def test_a_company_is_founded_with_its_accounts_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A chart that is refused leaves neither a company nor its names taken."""
    ledger = Ledger(open_store("memory://"))
    twice = CHARTS["standard"][:1] * 2
    monkeypatch.setitem(CHARTS, "broken", twice)
    refused = found(ledger, replace(WANTED, chart="broken"), ACTOR)
    assert isinstance(refused, Refused)
    assert refused.refusals[0].code is RefusalCode.DUPLICATE_NAME
    assert ledger.store.directory.company_ids() == []
    assert isinstance(found(ledger, WANTED, ACTOR), Company)


def test_a_chart_that_does_not_exist_is_refused() -> None:
    refused = found(Ledger(open_store("memory://")), replace(WANTED, chart="none such"), ACTOR)
    assert isinstance(refused, Refused)
    assert [each.field for each in refused.refusals] == ["chart"]
