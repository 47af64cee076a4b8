"""What is wrong with a journal file, and where: a line, a column, a value."""

from dataclasses import dataclass

from daybook.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    `line` counts the lines of the file from 1 (0: the file as a whole); `column` is the column's
    name as the file writes it, None where a whole row or entry is meant; `value` the cell.
    `option` names the member of `ImportOptions` that settles it, if one does. `refusal` is what the
    ledger said, where it was the ledger.
    """

    line: int
    column: str | None
    message: str
    value: str | None = None
    option: str | None = None
    refusal: Refusal | None = None

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        if self.column is not None:
            where.append(f"column {self.column}")
        text = ", ".join(where) + ": " if where else ""
        text += self.message
        return text if self.value is None else f"{text} (here: {self.value!r})"


class Unreadable(Exception):
    """A file that cannot be read at all, or not beyond some line. Carries the `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault
