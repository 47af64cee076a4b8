"""The addresses of this wire: what can be asked, where, and what a token must allow for it.

One table serves the entrance, the names in metrics, the OpenAPI document and the proofs. All lie
below `/v3/company/{realmId}`.
"""

from typing import Final

from daybook.app.access import Scope
from daybook.protocols.kit.plugin import Operation
from daybook.protocols.qbo import entities
from daybook.protocols.qbo.operations import JOURNAL_ENTRY, NAMES

ROOT: Final = "/v3/company/{realmId}"

_READS: Final = frozenset({Scope.READ})
_WRITES: Final = frozenset({Scope.READ, Scope.WRITE})
"""Every answer shows records, so that what writes reads as well."""


def _row(method: str, resource: str, below: str, scopes: frozenset[Scope], what: str) -> Operation:
    return Operation(
        f"{method.lower()} {resource}", method, f"{ROOT}/{resource}{below}", scopes, what
    )


OPERATIONS: Final[tuple[Operation, ...]] = (
    _row("GET", "journalentry", "/{id}", _READS, "Read a journal entry"),
    *(
        _row("GET", each.name.lower(), "/{id}", _READS, f"Read one record: {each.name}")
        for each in entities.LISTS
    ),
    _row("GET", "companyinfo", "/{id}", _READS, "Read the company's record"),
    _row("GET", "preferences", "", _READS, "Read the company's settings"),
    _row("GET", "exchangerate", "", _READS, "Read the rate of a currency on a day"),
    _row("GET", "query", "", _READS, "Search, with a statement in the address"),
    _row("POST", "query", "", _READS, "Search, with a statement as the body"),
    _row("GET", "cdc", "", _READS, "List what has changed since a moment"),
    *(
        _row("POST", name.lower(), "", _WRITES, f"Create, update or delete: {name}")
        if name == JOURNAL_ENTRY
        else _row("POST", name.lower(), "", _WRITES, f"Create or update: {name}")
        for name in NAMES.values()
    ),
    _row("POST", "taxservice", "/taxcode", _WRITES, "Make a tax code with its rates"),
    # an item that writes asks for more by itself
    _row("POST", "batch", "", _READS, "Carry out several operations and queries"),
)
"""Everything this wire answers."""

BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
"""The same by name, such as `post journalentry`: no two addresses share one."""
