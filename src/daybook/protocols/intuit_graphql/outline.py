"""What the server has to know of this wire before it is loaded: see `server.later`."""

from typing import Final

from daybook.protocols.intuit_graphql.limits import BODY_BYTES_MAX
from daybook.protocols.kit.plugin import Limits

NAME: Final = "intuit_graphql"
PREFIXES: Final = ("/2020-04/graphql", "/graphql")
LIMITS: Final = Limits(BODY_BYTES_MAX)
