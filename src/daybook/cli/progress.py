"""How long work shows that it goes on: a bar on a terminal, a line now and then elsewhere.

with Progress("import", "bytes") as progress:
work(progress.steps)
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Never, Self

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS: Final = 5.0
"""Seconds between two lines where there is no terminal; shorter work says nothing."""


class Progress:
    """Shows progress on standard error, so that standard output holds results alone."""

    def __init__(self, name: str, unit: str, total: int | None = None) -> None:
        """`unit` is what is counted; `total` how many there are, if that is known already."""
        self._name = name
        self._unit = unit
        self._total = total
        self._bar: tqdm[Never] | None = None
        self._next_line = time.monotonic() + LINE_SECONDS

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            # Imported here: most commands never show a bar, and start sooner without it.
            from tqdm import tqdm

            in_bytes = self._unit == "bytes"
            self._bar = tqdm(
                desc=self._name,
                total=self._total,
                unit="B" if in_bytes else f" {self._unit}",
                unit_scale=in_bytes,
                leave=False,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self, done: int) -> None:
        """So much is done, of the total given at the start."""
        self.steps(done, self._total or 0)

    def steps(self, done: int, total: int) -> None:
        """So much is done, of so much; a total of 0 is not known."""
        if self._bar is not None:
            self._bar.total = total or None
            self._bar.update(done - self._bar.n)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            share = f"{100 * done // total} % ({done} of {total})" if total else str(done)
            sys.stderr.write(f"{self._name}: {share} {self._unit}\n")
