"""The certificate with which the server offers TLS, renewed without a stop.

A renewed certificate is loaded into the context that connections are accepted with: those that are
open stay as they are, the next ones see the new one. It is tried in a context of its own first, so
that half a renewal, a certificate without its key, changes nothing.
"""

import ssl
from pathlib import Path


class Certificate:
    """A certificate chain and its key in files, and the context that uses them."""

    def __init__(self, chain: Path, key: Path | None) -> None:
        """Raises OSError and ValueError where the files hold no such thing."""
        self._chain = chain
        self._key = key
        self.context = self._loaded()

    def renew(self) -> None:
        """Read the files again. Raises OSError and ValueError, and then nothing has changed."""
        self._loaded()
        self.context.load_cert_chain(self._chain, self._key)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._chain, self._key)
        return context
