"""What is kept of one company: its log, its records, and the figures that follow from them."""

from dataclasses import dataclass
from typing import Final

from daybook.app.operations import Operation
from daybook.app.ports import Head, IdempotencyKey, Remembered, Total
from daybook.domain.chain import GENESIS
from daybook.domain.events import Event
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import Record
from daybook.storage.memory.lookup import Lookup
from daybook.storage.memory.versions import Versions

BLANK: Final = Head(0, GENESIS, Timestamp(0), 0, 0, 0)
"""Where a log stands before its first event."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Home amounts of lines that count, in minor units, and how many lines they are of."""

    debit: int = 0
    credit: int = 0
    lines: int = 0

    def total(self, record_id: int) -> Total:
        """The same as the port tells it."""
        return Total(record_id, self.debit, self.credit)


class Books:
    """One company's books at every moment. `moment` is that of the last commit.

    Written by `tx.Transaction` alone, under the store's lock; read at any moment up to the last
    one without it. `records` are by entity and id; `highest_ids` by entity; `histories` are the
    numbers of a record's events; `operations` are by number, `pending` the numbers of those that
    are. `lookup`, `operation_numbers` and `pending` know the newest state alone.
    """

    __slots__ = (
        "account_sums",
        "company_id",
        "contact_sums",
        "heads",
        "highest_ids",
        "histories",
        "log",
        "lookup",
        "moment",
        "operation_numbers",
        "operations",
        "pending",
        "records",
        "remembered",
    )

    def __init__(self, company_id: CompanyId) -> None:
        self.company_id = company_id
        self.moment = 0
        self.log: list[Event] = []
        self.heads: Versions[CompanyId, Head] = Versions()
        self.records: dict[str, Versions[int, Record]] = {}
        self.histories: dict[tuple[str, int], list[int]] = {}
        self.highest_ids: Versions[str, int] = Versions()
        self.account_sums: Versions[int, Sums] = Versions()
        self.contact_sums: Versions[int, Sums] = Versions()
        self.remembered: Versions[IdempotencyKey, Remembered] = Versions()
        self.operations: Versions[int, Operation] = Versions()
        self.operation_numbers: dict[str, int] = {}
        self.pending: dict[int, None] = {}
        self.lookup = Lookup()

    def head(self, moment: int) -> Head:
        """Where the log stood at a moment."""
        return self.heads.at(self.company_id, moment) or BLANK

    def record(self, entity: str, record_id: int, moment: int) -> Record | None:
        """A record as it was at a moment, or None."""
        table = self.records.get(entity)
        return None if table is None else table.at(record_id, moment)

    def all_records(self, entity: str, moment: int) -> list[Record]:
        """The records of an entity as they were at a moment, in no particular order."""
        table = self.records.get(entity)
        return [] if table is None else [record for _, record in table.all_at(moment)]
