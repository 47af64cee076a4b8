"""The places for ids of each interface: what `tests.support.probes` goes through."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.premises import Answer

Ask = Callable[[str], Answer]
"""Sends what a target is about with an id in its place."""


@dataclass(frozen=True)
class Target:
    """A place for an id: `kind` says of what. `apart` are kinds that are told apart from unknown
    ones on purpose, since they are the caller's own.
    """

    wire: str
    operation: str
    field: str
    kind: str
    ask: Ask
    apart: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.wire} {self.operation} [{self.field}]"
