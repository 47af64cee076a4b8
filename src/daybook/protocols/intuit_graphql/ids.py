"""Global ids: which company, which kind of object, which number.

    djQuMTo5MTMwMzU1MjAyMDI4NDY2OjgwMjcxZWRkOGE:96
    base64 of v4.1:{realm}:{kind}, unpadded      the number

They are shown in that form and no other. Taken are also the padded and the URL-safe alphabet, and
a bare number where the place says what it is of. An id of another company is one that does not
exist, unless the company is lenient (`strict_realm` is off): then its number counts here. No
look-up ever leaves the company of the token.
"""

import base64
import binascii
import re
from enum import Enum
from functools import lru_cache
from typing import Final

from daybook.domain.model import Company
from daybook.protocols.intuit_graphql.limits import ID_LENGTH_MAX


class Kind(Enum):
    """What an id is of: ten hexadecimal digits that the original made up once."""

    TRANSACTION = "80271edd8a"
    ACCOUNT = "51ced8536c"
    CONTACT = "9d699e9608"
    PROJECT = "68d01147dd"
    CLASS = "22c1504675"
    TAX_GROUP = "5924b7e5b2"
    TAX_RATE = "555c87f3ad"
    COMPANY = "29605765d7"


class Trouble(Enum):
    """Why an id leads nowhere."""

    MALFORMED = "malformed"
    OTHER_KIND = "of another kind"
    OTHER_REALM = "of another company"


_VERSION: Final = "v4.1"
_LOCAL: Final = re.compile(r"[0-9]{1,21}|[0-9a-f]{38}", re.ASCII).fullmatch
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII).fullmatch
_LARGEST: Final = 2**63 - 1
_BY_HASH: Final = {kind.value: kind for kind in Kind}


@lru_cache(maxsize=4_096)
def prefix(realm: str, kind: Kind) -> str:
    """What ids of one kind in one company begin with, the colon included."""
    sealed = base64.b64encode(f"{_VERSION}:{realm}:{kind.value}".encode())
    return sealed.rstrip(b"=").decode() + ":"


def text(realm: str, kind: Kind, number: int | str) -> str:
    """An id in the form in which it is shown."""
    return f"{prefix(realm, kind)}{number}"


def number_of(local: str) -> int | None:
    """The number that the bare part of an id stands for, or None if no record has it."""
    if _NUMBER(local) is None:
        return None
    number = int(local)
    return number if number <= _LARGEST else None


def split(given: str) -> tuple[str | None, str | None, str] | None:
    """Realm, hash of the kind and bare part; the first two are None for a bare id.

    None for what cannot be an id.
    """
    if len(given) > ID_LENGTH_MAX:
        return None
    sealed, colon, local = given.rpartition(":")
    if _LOCAL(local) is None:
        return None
    if not colon:
        return None, None, local
    try:
        plain = base64.b64decode(
            sealed.replace("-", "+").replace("_", "/").rstrip("=")
            + "=" * (-len(sealed.rstrip("=")) % 4),
            validate=True,
        ).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    parts = plain.split(":")
    if len(parts) != 3 or parts[0] != _VERSION or _NUMBER(parts[1]) is None:
        return None
    return parts[1], parts[2], local


def parse(given: str, kind: Kind, company: Company) -> int | Trouble | None:
    """The number of an id that is to be of one kind in one company.

    None for a well-formed id that no record can have.
    """
    found = split(given)
    if found is None:
        return Trouble.MALFORMED
    realm, digits, local = found
    if digits is not None and digits != kind.value:
        return Trouble.OTHER_KIND
    if realm is not None and realm != company.realm and company.strict_realm:
        return Trouble.OTHER_REALM
    return number_of(local)


def resolve(given: str, company: Company) -> tuple[Kind, int] | None:
    """Kind and number of a global id, or None where it leads nowhere. A bare one does not."""
    found = split(given)
    if found is None or found[0] is None:
        return None
    realm, digits, local = found
    kind = _BY_HASH.get(digits or "")
    number = number_of(local)
    if kind is None or number is None or (realm != company.realm and company.strict_realm):
        return None
    return kind, number
