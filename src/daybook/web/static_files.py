"""Our own styles, scripts and pictures, served from the package.

Addresses hold a digest of the file, so that browsers keep a file for ever and ask anew once it
changes. What others made comes from `daybook.assets`.
"""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import PREFIX
from daybook.web.security import HEADERS

STATIC: Final = f"{PREFIX}/static/"

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_DIGEST_LENGTH: Final = 12
"""Hexadecimal digits of a file's digest in its address: 48 bits tell two releases apart."""


_NAME_LENGTH_MAX: Final = 64
"""Characters of a name that is looked up: ours are shorter."""


@lru_cache(maxsize=64)
def _file(name: str) -> tuple[bytes, str] | None:
    """A file's bytes and digest, or None. Names have no folder in them, so none can be left."""
    path = PurePosixPath(name)
    if path.name != name or path.suffix not in _TYPES:
        return None
    found = files(__package__).joinpath("static", name)
    if not found.is_file():
        return None
    content = found.read_bytes()
    return content, sha256(content).hexdigest()[:_DIGEST_LENGTH]


def address(name: str) -> str:
    """Where a file of ours is served. Raises KeyError where there is no such file."""
    found = _file(name)
    if found is None:
        raise KeyError(name)
    return f"{STATIC}{name}?v={found[1]}"


def answer(path: str, query: str) -> Response | None:
    """The file at an address below `STATIC`, or None."""
    name = path.removeprefix(STATIC)
    found = _file(name) if len(name) <= _NAME_LENGTH_MAX else None
    if found is None:
        return None
    content, digest = found
    kept = "public, max-age=31536000, immutable" if query == f"v={digest}" else "no-cache"
    kind = _TYPES[PurePosixPath(name).suffix]
    return Response(200, content, (("content-type", kind), ("cache-control", kept), *HEADERS))
