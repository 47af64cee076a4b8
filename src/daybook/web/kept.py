"""What somebody typed into a form while their session ended, carried through the sign-in.

The sign-in page has it sealed in a field, so that nobody can put a form of theirs in its place.
After signing in it is shown to the one who typed it, never carried out by itself.
"""

from collections.abc import Mapping
from typing import Final

from daybook.domain.values import value
from daybook.web import security
from daybook.web.limits import KEPT_LENGTH_MAX
from daybook.web.site import NO_COMPANY
from daybook.web.visit import Visit

AUTHOR_FIELD: Final = "author"
"""The field in which a form that may be kept says whose it is."""

BUTTON_FIELD: Final = "do"
SHOW: Final = "show"
"""What a kept form asks for in the field of its buttons: to be shown, and nothing else."""

_KEPT: Final = b"kept"
_DROPPED: Final = (security.CSRF_FIELD, BUTTON_FIELD)


@value
class Kept:
    """A form that was sent without a session: its address, whose it is, and its fields."""

    address: str
    author: str
    fields: Mapping[str, str]


def seal(visit: Visit) -> str:
    """The form of a visit, for the sign-in page; empty where there is none to keep, or where it
    is too large or comes from another site.
    """
    author = visit.form.get(AUTHOR_FIELD)
    if not author or security.is_foreign(visit.request):
        return ""
    request = visit.request
    address = request.path + (f"?{request.query}" if request.query else "")
    fields = {name: text for name, text in visit.form.items() if name not in _DROPPED}
    sealed = visit.site.seal.seal(NO_COMPANY, _KEPT, [address, author, fields])
    return sealed if len(sealed) <= KEPT_LENGTH_MAX else ""


def unsealed(visit: Visit, sealed: str) -> Kept | None:
    """What `seal` sealed, or None."""
    found = visit.site.seal.open(NO_COMPANY, _KEPT, sealed, KEPT_LENGTH_MAX)
    return None if found is None else Kept(*found)
