"""From where people have signed in: what tells their own attempts from a stranger's.

A bound on failures with one name would be a way to lock its owner out, if it held for everybody.
So a network from which somebody has signed in is remembered for them, and is let through when the
bound is reached (see `guesses`). What is kept is a document under the digest of the name, with a
digest of each network: enough to know one again, and no list of where people are.
"""

import logging
from hashlib import sha256
from typing import Final

import msgspec

from daybook.app.documents import Document
from daybook.app.networks import network_of
from daybook.app.ports import Clock, Directory, DocumentChanged, StoreFailure

WIRE: Final = "auth"
KIND: Final = "places"
"""Where they stand among the documents of a store."""

PLACES_MAX: Final = 16
"""Networks that are remembered of one name, the latest: home, office, telephones, travels."""

PLACE_SECONDS: Final = 90 * 86_400
"""Seconds for which a network is remembered after somebody came from it: who is away for a
quarter has the address no more, and somebody else may."""

RENEW_SECONDS: Final = 86_400
"""Seconds before it is written down again that somebody came: programs sign in all the time."""

_DIGEST_BYTES: Final = 16
_SECOND: Final = 1_000_000
_log: Final = logging.getLogger(__name__)


class _Places(msgspec.Struct):
    """Networks by their digest and when somebody last came from them, the latest last."""

    places: list[tuple[str, int]]


class Places:
    """The places of a store. Used on any thread; `note` writes, if the store takes it."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def knows(self, name: str, peer: str) -> bool:
        """Whether somebody has signed in by a name from an address's network of late."""
        kept, now = self._kept(name)[0], self._clock()
        place = _digest(name, peer)
        return any(each == place and now - at < PLACE_SECONDS * _SECOND for each, at in kept.places)

    def note(self, name: str, peer: str) -> None:
        """Remember that somebody has signed in by a name from an address."""
        kept, version = self._kept(name)
        place, now = _digest(name, peer), self._clock()
        if any(each == place and now - at < RENEW_SECONDS * _SECOND for each, at in kept.places):
            return
        others = [pair for pair in kept.places if pair[0] != place]
        body = msgspec.json.encode(_Places([*others, (place, now)][-PLACES_MAX:]))
        try:
            self._directory.put_document(Document(WIRE, KIND, _key(name), body), version)
        except DocumentChanged:
            return  # they came from elsewhere at this moment; the next time counts
        except StoreFailure as failure:
            _log.warning("a network of %r is not remembered: %s", name, failure)

    def _kept(self, name: str) -> tuple[_Places, int]:
        document = self._directory.document(WIRE, KIND, _key(name))
        if document is None:
            return _Places([]), 0
        return msgspec.json.decode(document.body, type=_Places), document.version


def _key(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(name: str, peer: str) -> str:
    """A network as it is kept: not the same for two names, so that no two can be compared."""
    text = f"{network_of(peer)} {name}".encode("utf-8", "surrogatepass")
    return sha256(text).digest()[:_DIGEST_BYTES].hex()
