"""What the writer knows of companies from one transaction to the next.

To read again for each transaction where a log stands and which ids come next would take as long as
to judge a command. It need not be read where nobody else has written to the file since, which
SQLite tells by a number (`apsw.Connection.data_version`).
"""

from dataclasses import dataclass
from typing import Final

import apsw

from daybook.domain.ids import CompanyId
from daybook.storage.sqlite import totals
from daybook.storage.sqlite.reader import HeadRow

STANDINGS_MAX: Final = 8
"""Companies that are known of, those written to last."""


@dataclass(slots=True)
class Standing:
    """Where a company's books stand between two transactions.

    `next_ids` are those that were asked for, by entity. `days` is what the events after
    `row.totals_seq` change in the sums of days, or None where that is not known: without it they
    would be read again, and decoded, to be added up.
    """

    row: HeadRow
    next_ids: dict[str, int]
    days: totals.Periods | None = None


class Standings:
    """The writer's memory. Whoever takes something has it alone, and brings it back if what it has
    written is durable.
    """

    def __init__(self) -> None:
        self._kept: dict[CompanyId, Standing] = {}

    def take(self, connection: apsw.Connection, company_id: CompanyId, *, alone: bool) -> Standing:
        """Where a company stands in the transaction that is open.

        `alone`: nobody else has written since what is kept was. Otherwise the row is read, and
        sums of days count only if they go with it. Raises `UnknownCompany`.
        """
        kept = self._kept.pop(company_id, None)
        if kept is not None and alone:
            return kept
        row = HeadRow.read(connection, company_id)
        fits = kept is not None and (kept.row.totals_seq, kept.row.seq) == (row.totals_seq, row.seq)
        return Standing(row, {}, kept.days if kept is not None and fits else None)

    def keep(self, company_id: CompanyId, standing: Standing) -> None:
        """Bring back where a company stands now, without sums of days where they are many."""
        if standing.days is not None and len(standing.days) > totals.TAIL_SUMS_MAX:
            standing.days = None
        self._kept[company_id] = standing
        if len(self._kept) > STANDINGS_MAX:
            del self._kept[next(iter(self._kept))]
