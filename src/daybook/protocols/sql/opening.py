"""How a connection begins: start-up message, encryption, and who is calling."""

import asyncio
import ssl
from typing import Protocol, cast

from daybook.app.access import Login
from daybook.protocols.sql import errors
from daybook.protocols.sql.channel import Channel
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import messages as wire
from daybook.protocols.sql.pgwire import scram


class Entrance(Protocol):
    """What the beginning of a connection needs of the listener."""

    secret: bytes
    tls: ssl.SSLContext | None

    def login(self, user: str) -> Login | None:
        """What is kept of a user, or None."""

    def begin_attempt(self, user: str, address: str) -> int:
        """Count an attempt at a password; seconds until one is judged again, or 0."""

    async def proved(self, user: str, address: str) -> None:
        """The attempt that was counted was right."""

    async def failed(self, user: str | None, address: str) -> None:
        """Note an attempt that was wrong; None for a user that does not exist."""

    def cancel(self, pid: int, key: int) -> None:
        """A cancel request."""


class Opening(Channel):
    """A connection until its caller is known."""

    def __init__(self, listener: Entrance) -> None:
        super().__init__()
        self._listener = listener
        self.encrypted = False
        self.address = ""

    async def _next(self) -> tuple[bytes, bytes]:
        """The next message. How long it is waited for is `Connection`'s matter."""
        raise NotImplementedError

    async def _flush(self) -> None:
        """Hand over what is to be sent, and wait until the client takes it."""
        raise NotImplementedError

    async def _startup_message(self) -> dict[str, str] | None:
        while True:
            _, data = await self._next()
            body = wire.Body(data)
            code = body.int32()
            if code == wire.CANCEL_REQUEST:
                self._listener.cancel(body.int32(), body.int32())
                return None
            if code == wire.SSL_REQUEST:
                await self._encrypt()
                continue
            if code == wire.GSS_REQUEST:
                self._send(b"N")
                await self._flush()
                continue
            if code >> 16 != 3:
                raise SqlFault(
                    errors.UNSUPPORTED,
                    f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}",
                )
            parameters = wire.startup_parameters(body)
            unknown = sorted(name for name in parameters if name.startswith("_pq_."))
            if code != wire.PROTOCOL_3 or unknown:
                self._send(wire.negotiate(unknown))
            return parameters

    async def _encrypt(self) -> None:
        context = self._listener.tls
        if context is None or self.encrypted:
            self._send(b"N")
            await self._flush()
            return
        # What came in the clear before this point is nobody's word.
        self._inbox.clear()
        self._transport.write(b"S")
        loop = asyncio.get_running_loop()
        self._transport = cast(
            "asyncio.Transport",
            await loop.start_tls(self._transport, self, context, server_side=True),
        )
        self.encrypted = True

    async def _authenticate(self, user: str) -> Login:
        self._inbox.starting = False
        login = self._listener.login(user)
        verifier = None if login is None else scram.Verifier.parse(login.verifier)
        exchange = scram.Exchange(verifier or scram.stand_in(user, self._listener.secret))
        self._send(wire.sasl_mechanisms([scram.MECHANISM]))
        try:
            mechanism, data = wire.split_password(await self._password())
            if mechanism != scram.MECHANISM:
                raise scram.ScramError("client selected an invalid SASL authentication mechanism")
            self._send(wire.sasl_continue(exchange.first(data)))
            data = await self._password()
            # Nothing is waited for from here to the verdict: pools that connect all at once are
            # not taken for guessers, and guessers gain nothing by it.
            wait = self._listener.begin_attempt(user, self.address)
            if wait:
                message = (
                    "too many failed attempts of this user or from this address; "
                    f"try again in {wait} s"
                )
                raise SqlFault("53300", message)
            final = exchange.final(data)
        except scram.ScramError as fault:
            if fault.failed:
                await self._listener.failed(None if login is None else user, self.address)
                message = f'password authentication failed for user "{user[:100]}"'
                raise SqlFault("28P01", message) from None
            raise SqlFault(errors.PROTOCOL, str(fault)) from None
        if login is None or verifier is None:
            raise SqlFault("28P01", f'password authentication failed for user "{user[:100]}"')
        await self._listener.proved(user, self.address)
        self._send(wire.sasl_final(final))
        self._send(wire.AUTHENTICATION_OK)
        return login

    async def _password(self) -> bytes:
        kind, body = await self._next()
        if kind != b"p":
            raise SqlFault(errors.PROTOCOL, "expected a SASL response")
        return body
