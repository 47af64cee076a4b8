"""The names of what entries refer to, read in bulk: a fixed number of reads for a page."""

from collections.abc import Iterable, Mapping

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    TRACKING_PREFIX,
    Account,
    Contact,
    Dimension,
    JournalEntry,
    Reference,
)
from daybook.domain.values import value

_AXES = {CLASS: "Class", DEPARTMENT: "Department", PROJECT: "Project"}


def axis_title(axis: str) -> str:
    """An axis of dimensions in words."""
    return _AXES.get(axis) or axis.removeprefix(TRACKING_PREFIX)


@value
class Names:
    """What some entries refer to, by kind and id."""

    found: Mapping[str, Mapping[int, Reference]]

    def account(self, account_id: int) -> Account | None:
        """An account, or None where it was not asked for."""
        record = self.found[ACCOUNT].get(account_id)
        return record if isinstance(record, Account) else None

    def account_name(self, account_id: int) -> str:
        """An account's full name."""
        account = self.account(account_id)
        return f"Account {account_id}" if account is None else account.full_name

    def contact_name(self, contact_id: int | None) -> str:
        """A contact's full name, empty for none."""
        if contact_id is None:
            return ""
        record = self.found[CONTACT].get(contact_id)
        return record.full_name if isinstance(record, Contact) else f"Contact {contact_id}"

    def dimension_name(self, axis: str, dimension_id: int) -> str:
        """A dimension value's full name."""
        record = self.found.get(dimension_entity(axis), {}).get(dimension_id)
        return record.full_name if isinstance(record, Dimension) else str(dimension_id)


def names_of(reader: Reader, entries: Iterable[JournalEntry]) -> Names:
    """The names of all accounts, contacts and dimension values of some entries."""
    wanted: dict[str, set[int]] = {ACCOUNT: set(), CONTACT: set()}
    for entry in entries:
        for line in entry.lines:
            wanted[ACCOUNT].add(line.account_id)
            if line.contact_id is not None:
                wanted[CONTACT].add(line.contact_id)
            for axis, dimension_id in line.dimensions:
                wanted.setdefault(dimension_entity(axis), set()).add(dimension_id)
    return Names(
        {
            entity: reader.references_by_id(entity, sorted(ids)) if ids else {}
            for entity, ids in wanted.items()
        }
    )
