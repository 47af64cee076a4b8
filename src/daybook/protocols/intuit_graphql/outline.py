"""What the server has to know of this wire before it is loaded: see `server.later`."""

from typing import Final

from daybook.protocols.intuit_graphql.limits import BODY_BYTES_MAX
from daybook.protocols.kit.plugin import Limits, Operation

NAME: Final = "intuit_graphql"
PREFIXES: Final = ("/2020-04/graphql", "/graphql")
LIMITS: Final = Limits(BODY_BYTES_MAX)
OPERATIONS: Final = tuple(
    Operation(f"{method.lower()} graphql", method, path, frozenset(), what)
    for path in PREFIXES
    for method, what in (
        ("POST", "Carry out a document"),
        ("GET", "Carry out a document that changes nothing, or show the page to explore with"),
    )
)
"""A token must allow nothing for a request as such: each field asks for what it needs."""
