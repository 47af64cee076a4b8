"""Founding a company: its names, its settings, its first accounts."""

import re
import secrets
import uuid
from typing import Final

from daybook.app.charts import CHARTS
from daybook.app.ledger import Ledger, Refused
from daybook.app.trail import By, Happening, Trail, What
from daybook.domain import countries
from daybook.domain.commands import CreateReference
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.domain.model import Company
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.domain.values import value

SLUG_LENGTH_MAX: Final = 63
"""Characters of a slug: the longest name a PostgreSQL client gives a database."""

REALM_DIGITS_MAX: Final = 19
"""Digits of a realm number: what fits a signed 64-bit integer."""

_SLUG: Final = re.compile(rf"[a-z][a-z0-9_-]{{0,{SLUG_LENGTH_MAX - 1}}}", re.ASCII).fullmatch
_REALM: Final = re.compile(rf"[1-9][0-9]{{0,{REALM_DIGITS_MAX - 1}}}", re.ASCII).fullmatch


@value
class NewCompany:
    """What a company is to be. `chart` is a name of `charts.CHARTS`.

    `realm` and `codat_id` None are drawn at random; a time zone is a name such as
    `Europe/London`, `country` a code of ISO 3166, `fiscal_year_start` a month from 1 to 12.
    Nothing is concluded from the currency.
    """

    name: str
    slug: str
    home_currency: str
    time_zone: str = "UTC"
    country: str = "US"
    fiscal_year_start: int = 1
    multicurrency: bool = False
    chart: str = "standard"
    realm: str | None = None
    codat_id: str | None = None


def found(ledger: Ledger, wanted: NewCompany, actor: Actor) -> Company | Refused:
    """Found a company and make the accounts of its chart; the trail of access tells of it.

    Refused as `INVALID_VALUE` for a slug, realm, Codat id or country that is none, and as
    `Ledger.found` says; so is a chart that does not exist.
    """
    chart = CHARTS.get(wanted.chart, ())
    faults = tuple(_faults(wanted))
    if faults:
        return Refused(faults)
    founded = ledger.found(
        Company(
            id=CompanyId(0),
            slug=wanted.slug,
            name=wanted.name,
            realm=wanted.realm or _random_realm(),
            codat_id=(wanted.codat_id or str(uuid.uuid4())).lower(),
            home_currency=wanted.home_currency,
            time_zone=wanted.time_zone,
            country=wanted.country,
            multicurrency=wanted.multicurrency,
            fiscal_year_start=wanted.fiscal_year_start,
        ),
        actor,
        [CreateReference(account) for account in chart],
    )
    if isinstance(founded, Company):
        by, of = By(actor.client, actor.user), frozenset({founded.id})
        happening = Happening(What.COMPANY_MADE, founded.slug, by, of, founded.name)
        Trail(ledger.store.directory, ledger.clock).note(happening)
    return founded


def _faults(wanted: NewCompany) -> list[Refusal]:
    faults = []
    if _SLUG(wanted.slug) is None:
        message = (
            f"a slug has small letters, digits, - and _, begins with a letter and has at most"
            f" {SLUG_LENGTH_MAX} characters"
        )
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "slug"))
    if wanted.chart not in CHARTS:
        message = f"there is no chart {wanted.chart!r}, only {', '.join(CHARTS)}"
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "chart"))
    if wanted.realm is not None and _REALM(wanted.realm) is None:
        message = f"a realm is a number of at most {REALM_DIGITS_MAX} digits"
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "realm"))
    if wanted.codat_id is not None:
        try:
            uuid.UUID(wanted.codat_id)
        except ValueError:
            message = "a Codat company id is a UUID"
            faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "codat_id"))
    if not countries.is_country(wanted.country):
        message = f"no country {wanted.country!r} in ISO 3166: two capital letters, such as GB"
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "country"))
    return faults


def _random_realm() -> str:
    """Sixteen digits that look like those of the interface they are used in."""
    return f"9130{secrets.randbelow(10**12):012}"
