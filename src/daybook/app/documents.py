"""Documents: small records of a wire's own that belong to no company's books.

A wire may know companies, connections or settings that exist before any books do. It keeps them
here, as bytes that only it reads, by kind and key. A document has a version, 1 at first and one
more with each change, and whoever changes one says which version it last saw.
"""

from dataclasses import dataclass
from typing import Final

DOCUMENT_BYTES_MAX: Final = 64 * 1024
"""Bytes of a document's body: a page of text. What is larger belongs into the books."""

DOCUMENT_CHANGES_MAX: Final = 100
"""Documents changed as one."""


@dataclass(frozen=True, slots=True)
class Document:
    """A wire's record. `key` is unique within wire and kind, and orders listings by code point."""

    wire: str
    kind: str
    key: str
    body: bytes
    version: int = 0


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document to be kept, or with `body` None removed.

    `expected_version` is the version last seen, 0 for a document that must not be there yet.
    """

    wire: str
    kind: str
    key: str
    body: bytes | None
    expected_version: int
