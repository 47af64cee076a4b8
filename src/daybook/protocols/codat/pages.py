"""Lists: which page is asked for, and the envelope with its links.

Links are relative to the root of the interface, without host and prefix, since clients join them
to the address they were given. A query in them is written as `encodeURIComponent` writes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from daybook.protocols.codat.errors import bad_request
from daybook.protocols.codat.limits import PAGE_MAX, PAGE_SIZE, PAGE_SIZE_MAX

_DIGITS_MAX: Final = 10
_KEPT: Final = "-_.!~*'()"
"""What `encodeURIComponent` leaves as it is, letters and digits apart."""


@dataclass(frozen=True, slots=True)
class Page:
    """The page a caller asks for, and everything its links repeat."""

    path: str
    number: int
    size: int
    order: str
    query: str

    @property
    def start(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size

    def envelope(self, results: Sequence[Any], total: int) -> dict[str, Any]:
        """The answer: rows, figures and links."""
        links = {"current": self._link(self.number), "self": {"href": self.path}}
        if self.number * self.size < total:
            links["next"] = self._link(self.number + 1)
        if self.number > 1:
            links["previous"] = self._link(self.number - 1)
        return {
            "results": results,
            "pageNumber": self.number,
            "pageSize": self.size,
            "totalResults": total,
            "_links": links,
        }

    def _link(self, number: int) -> dict[str, str]:
        href = f"{self.path}?page={number}&pageSize={self.size}"
        if self.order:
            href += f"&orderBy={quote(self.order, safe=_KEPT + ',')}"
        if self.query:
            href += f"&query={quote(self.query, safe=_KEPT)}"
        return {"href": href}


def page_of(path: str, parameters: Mapping[str, str]) -> Page:
    """The page that parameters, by name in small letters, ask for. Raises `CodatError`."""
    return Page(
        path,
        _number(parameters, "page", 1, PAGE_MAX),
        _number(parameters, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX),
        parameters.get("orderby", "").strip(),
        parameters.get("query", ""),
    )


def integer(parameters: Mapping[str, str], name: str) -> int | None:
    """A whole number among the parameters, None where it is absent or blank.

    Raises `CodatError` for what is none.
    """
    text = parameters.get(name.lower(), "").strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        raise bad_request(f"The value of {name} is not a whole number.")
    return int(text)


def _number(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    number = integer(parameters, name)
    if number is None:
        return default
    if not 1 <= number <= most:
        raise bad_request(f"The value of {name} must be between 1 and {most}.")
    return number
