"""Messages: framing of what a client sends, and the bytes of what a server answers.

inbox = Inbox(message_bytes_max=1_000_000)
inbox.feed(data)
while (message := inbox.next()) is not None:
    kind, body = message
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct, error, unpack_from
from typing import Final

SSL_REQUEST: Final = 80877103
GSS_REQUEST: Final = 80877104
CANCEL_REQUEST: Final = 80877102
PROTOCOL_3: Final = 3 << 16

_INT16 = Struct("!h")
_INT32 = Struct("!i")
_HEAD = Struct("!ci")
_FIELD = Struct("!ihihih")


class ProtocolError(Exception):
    """Bytes that are not a message, or a message longer than it may be."""


class Inbox:
    """Bytes as they come, cut into messages. Before start-up is done, messages have no type."""

    def __init__(self, length_max: int) -> None:
        self._data = bytearray()
        self.length_max = length_max
        self.starting = True

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._data += data

    def clear(self) -> None:
        """Forget what has arrived: it came before encryption began."""
        self._data.clear()

    @property
    def wanted(self) -> int:
        """Bytes of the message that has begun, as far as can be told."""
        head = 4 if self.starting else 5
        if len(self._data) < head:
            return head
        length: int = _INT32.unpack_from(self._data, head - 4)[0]
        return min(max(length, 4), self.length_max) + head

    def __len__(self) -> int:
        return len(self._data)

    @property
    def kind(self) -> bytes:
        """The type of the message that comes next; empty where none has begun to arrive."""
        return bytes(self._data[:1])

    def next(self) -> tuple[bytes, bytes] | None:
        """The next whole message: its type (empty at start-up) and its body. None: not yet.

        Raises `ProtocolError` for an impossible length or one above the bound.
        """
        data = self._data
        head = 4 if self.starting else 5
        if len(data) < head:
            return None
        length: int = _INT32.unpack_from(data, head - 4)[0]
        if length < 4:
            raise ProtocolError(f"invalid message length {length}")
        if length > self.length_max:
            raise ProtocolError(f"a message of {length} bytes; {self.length_max} are taken")
        end = head - 4 + length
        if len(data) < end:
            return None
        kind = b"" if self.starting else bytes(data[:1])
        body = bytes(data[head:end])
        del data[:end]
        return kind, body


class Body:
    """Reads the members of a message in order. Raises `ProtocolError` where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def int16(self) -> int:
        """A signed number of 2 bytes."""
        return int(self._unpack("!h", 2))

    def int32(self) -> int:
        """A signed number of 4 bytes."""
        return int(self._unpack("!i", 4))

    def byte(self) -> bytes:
        """One byte."""
        return self.take(1)

    def _unpack(self, form: str, size: int) -> int:
        try:
            value: int = unpack_from(form, self._data, self._at)[0]
        except error:
            raise ProtocolError("insufficient data left in message") from None
        self._at += size
        return value

    def take(self, size: int) -> bytes:
        """Some bytes."""
        found = self._data[self._at : self._at + size]
        if size < 0 or len(found) != size:
            raise ProtocolError("insufficient data left in message")
        self._at += size
        return found

    def text(self) -> str:
        """A string that ends with a zero byte. Raises `ProtocolError` if it is not UTF-8."""
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise ProtocolError("invalid string in message")
        found = self._data[self._at : end]
        self._at = end + 1
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise ProtocolError('invalid byte sequence for encoding "UTF8"') from None

    def value(self) -> bytes | None:
        """A value with its length before it; None for NULL."""
        size = self.int32()
        return None if size < 0 else self.take(size)

    def codes(self) -> list[int]:
        """A counted list of numbers of 2 bytes."""
        return [self.int16() for _ in range(self.int16())]

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._data[self._at :]


def startup_parameters(body: Body) -> dict[str, str]:
    """The pairs of a start-up message."""
    found: dict[str, str] = {}
    while body.rest not in (b"", b"\0"):
        name = body.text()
        found[name] = body.text()
    return found


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result, as RowDescription tells it."""

    name: str
    oid: int
    size: int = -1
    modifier: int = -1
    table: int = 0
    column: int = 0


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A message of a server."""
    return _HEAD.pack(kind, len(body) + 4) + body


def text(value: str) -> bytes:
    """A string with its zero byte; what follows a zero within is cut."""
    return value.partition("\0")[0].encode("utf-8", "replace") + b"\0"


AUTHENTICATION_OK: Final = message(b"R", _INT32.pack(0))
PARSE_COMPLETE: Final = message(b"1")
BIND_COMPLETE: Final = message(b"2")
CLOSE_COMPLETE: Final = message(b"3")
NO_DATA: Final = message(b"n")
EMPTY_QUERY: Final = message(b"I")
PORTAL_SUSPENDED: Final = message(b"s")
COPY_DONE: Final = message(b"c")


def sasl_mechanisms(names: Sequence[str]) -> bytes:
    """AuthenticationSASL."""
    return message(b"R", _INT32.pack(10) + b"".join(map(text, names)) + b"\0")


def sasl_continue(data: bytes) -> bytes:
    """AuthenticationSASLContinue."""
    return message(b"R", _INT32.pack(11) + data)


def sasl_final(data: bytes) -> bytes:
    """AuthenticationSASLFinal."""
    return message(b"R", _INT32.pack(12) + data)


def negotiate(unknown: Sequence[str]) -> bytes:
    """NegotiateProtocolVersion: 3.0, and the options that are not known."""
    body = _INT32.pack(0) + _INT32.pack(len(unknown)) + b"".join(map(text, unknown))
    return message(b"v", body)


def parameter_status(name: str, value: str) -> bytes:
    """ParameterStatus."""
    return message(b"S", text(name) + text(value))


def backend_key(process: int, key: int) -> bytes:
    """BackendKeyData."""
    return message(b"K", Struct("!ii").pack(process, key))


def ready(status: bytes) -> bytes:
    """ReadyForQuery: I, T or E."""
    return message(b"Z", status)


def command_complete(tag: str) -> bytes:
    """CommandComplete."""
    return message(b"C", text(tag))


def row_description(fields: Sequence[Field], formats: Sequence[int]) -> bytes:
    """RowDescription."""
    parts = [_INT16.pack(len(fields))]
    for field, form in zip(fields, formats, strict=True):
        parts.append(text(field.name))
        parts.append(
            _FIELD.pack(
                _signed(field.table),
                field.column,
                _signed(field.oid),
                field.size,
                field.modifier,
                form,
            )
        )
    return message(b"T", b"".join(parts))


def _signed(oid: int) -> int:
    return oid - (1 << 32) if oid >= 1 << 31 else oid


def parameter_description(oids: Sequence[int]) -> bytes:
    """ParameterDescription."""
    count = Struct("!H").pack(len(oids))
    return message(b"t", count + b"".join(_INT32.pack(_signed(oid)) for oid in oids))


def fault(kind: bytes, members: Iterable[tuple[str, str]]) -> bytes:
    """ErrorResponse (`E`) or NoticeResponse (`N`) with members by their letter."""
    return message(kind, b"".join(name.encode() + text(value) for name, value in members) + b"\0")


def copy_out(columns: int, form: int) -> bytes:
    """CopyOutResponse."""
    codes = _INT16.pack(form) * columns
    return message(b"H", bytes((form,)) + _INT16.pack(columns) + codes)


def copy_data(data: bytes) -> bytes:
    """CopyData."""
    return message(b"d", data)


def split_password(body: bytes) -> tuple[str, bytes]:
    """The mechanism and data of a SASLInitialResponse."""
    read = Body(body)
    mechanism = read.text()
    return mechanism, read.value() or b""
