"""A query as the analytical engine takes it."""

from dataclasses import dataclass, field

from daybook.protocols.sql.tables import Table


@dataclass(slots=True)
class Query:
    """A query for the engine. `columns` are labels where they are known, else None."""

    sql: str
    parameters: list[int]
    uses_books: bool
    labels: list[str | None] = field(default_factory=list)
    temps: tuple[str, ...] = ()
    origins: list[tuple[Table, int] | int | None] = field(default_factory=list)
    """For each output column, the column of a table it is, or a type, where it is one."""
    stars: list[int] = field(default_factory=list)
    """Where `labels` and `origins` have one place for columns that the engine alone can count."""
    used: list[int] = field(default_factory=list)
    """Which parameters the text names as $1, $2 and so on, in that order."""
