"""The `tags` parameter of a list of companies: `region=uk && team=invoice-finance`.

Clauses `key=value`, `key!=value` and `key~part`, joined by `&&` and `||`, of which the first binds
tighter. There is no grouping.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from daybook.protocols.codat.errors import bad_request
from daybook.protocols.codat.limits import QUERY_LENGTH_MAX

Keep = Callable[[Mapping[str, str]], bool]
"""Whether a company with some tags is wanted."""

_CLAUSE: Final = re.compile(r"\s*(?P<key>[^=!~]+?)\s*(?P<op>!=|=|~)\s*(?P<value>.*?)\s*", re.DOTALL)


def tagged(text: str) -> Keep:
    """What a text asks for; a blank one asks for everything. Raises `CodatError`."""
    if not text.strip():
        return lambda tags: True
    if len(text) > QUERY_LENGTH_MAX:
        raise bad_request("Error parsing tags - Malformed query.")
    either = [[_clause(piece) for piece in each.split("&&")] for each in text.split("||")]
    return lambda tags: any(all(holds(tags) for holds in both) for both in either)


def _clause(text: str) -> Keep:
    found = _CLAUSE.fullmatch(text)
    if found is None:
        raise bad_request("Error parsing tags - Malformed query.")
    key, op, value = found["key"], found["op"], found["value"]
    if op == "=":
        return lambda tags: tags.get(key) == value
    if op == "!=":
        return lambda tags: tags.get(key) != value
    return lambda tags: key in tags and value in tags[key]
