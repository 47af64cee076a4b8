"""The #TEMP tables of a session: rows of text in memory, seen by nobody else."""

from collections.abc import Sequence

from daybook.protocols.sql import aggregate, errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import TEMP_ROWS_MAX


class Temps:
    """Tables by their name in lower case. They outlive a transaction, as memory does."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[list[str], list[list[str | None]]]] = {}
        self.wiped: dict[str, tuple[list[str], list[list[str | None]]]] = {}

    def add(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Add rows, making the table or its columns where they are not there."""
        count = sum(len(kept) for _, kept in self.tables.values())
        if count + len(rows) > TEMP_ROWS_MAX:
            message = f"the #TEMP tables of a session hold {TEMP_ROWS_MAX} rows"
            raise SqlFault(errors.LIMIT, message)
        known, kept = self.tables.setdefault(name.lower(), ([], []))
        lowered = [each.lower() for each in known]
        for column in columns:
            if column.lower() not in lowered:
                known.append(column)
                lowered.append(column.lower())
                for row in kept:
                    row.append(None)
        places = [lowered.index(column.lower()) for column in columns]
        for given in rows:
            made: list[str | None] = [None] * len(known)
            for place, value in zip(places, given, strict=True):
                made[place] = value
            kept.append(made)

    def drop(self, name: str) -> int:
        """Empty a table; answers with the number of its rows."""
        found = self.tables.pop(name.lower(), None)
        if found is None:
            return 0
        self.wiped[name.lower()] = found
        return len(found[1])

    def restore(self) -> None:
        """Undo what a transaction that is rolled back has wiped."""
        for name, table in self.wiped.items():
            self.tables.setdefault(name, table)
        self.wiped.clear()

    def as_aggregate(self, name: str) -> str:
        """A table's rows as a LineAggregate."""
        found = self.tables.get(name.lower())
        if found is None:
            raise errors.no_table(name)
        columns, rows = found
        named = [
            {
                aggregate.column_name(column): value
                for column, value in zip(columns, row, strict=True)
                if value is not None and column.lower().startswith("line")
            }
            for row in rows
        ]
        return aggregate.write(named)
