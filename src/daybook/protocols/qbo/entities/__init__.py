"""The entities of this wire besides journal entries, and how records of theirs are shown."""

from collections.abc import Mapping, Sequence
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.events import entity_of
from daybook.domain.model import Company, Contact, ContactKind, ExchangeRate, Reference
from daybook.protocols.qbo.entities import accounts, company, lists, names, rates, tax
from daybook.protocols.qbo.entities.base import ListEntity
from daybook.protocols.qbo.render import Json

LISTS: Final[tuple[ListEntity, ...]] = (
    accounts.ACCOUNTS,
    names.CUSTOMERS,
    names.VENDORS,
    names.EMPLOYEES,
    lists.CLASSES,
    lists.DEPARTMENTS,
    lists.TERMS,
    lists.CURRENCIES,
    tax.AGENCIES,
    tax.RATES,
    tax.CODES,
)
"""Every entity that is a reference record of the ledger."""

BY_NAME: Final[Mapping[str, ListEntity]] = {each.name.lower(): each for each in LISTS}
"""The same by name in lower case, as in addresses."""

_BY_KIND: Final[Mapping[ContactKind, ListEntity]] = {
    each.kind: each for each in LISTS if each.kind is not None
}
_BY_CORE: Final[Mapping[str, ListEntity]] = {each.core: each for each in LISTS if each.kind is None}


def list_entity_of(record: Reference) -> ListEntity | None:
    """The entity a record is shown as; None for one that this wire does not show."""
    if isinstance(record, Contact):
        return _BY_KIND.get(record.kind)
    return _BY_CORE.get(entity_of(record))


def reference_json(record: Reference, reader: Reader) -> Json:
    """A record as its entity shows it."""
    if isinstance(record, ExchangeRate):
        return rates.rate_json(record, reader)
    entity = list_entity_of(record)
    assert entity is not None, "callers show records that they found through an entity"
    return entity.show(record, reader)


def references_json(records: Sequence[Reference], reader: Reader) -> list[Json]:
    """Records of one entity as it shows them, with reads that do not grow with their number."""
    if not records:
        return []
    entity = list_entity_of(records[0])
    if entity is None:
        return [reference_json(record, reader) for record in records]
    return entity.render(records, reader)


def company_json(entity: str, record: Company) -> Json:
    """The company as the entity of that name shows it."""
    if entity == "CompanyInfo":
        return company.info_json(record)
    return company.preferences_json(record)
