"""Framing: bytes in any pieces give the same messages; impossible lengths are refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire.messages import Body, Inbox, ProtocolError


@given(
    st.lists(st.tuples(st.sampled_from([b"Q", b"P", b"S"]), st.binary(max_size=30)), max_size=6),
    st.lists(st.integers(1, 20)),
)
def test_pieces_do_not_matter(sent: list[tuple[bytes, bytes]], sizes: list[int]) -> None:
    data = b"".join(messages.message(kind, body) for kind, body in sent)
    inbox = Inbox(1_000)
    inbox.starting = False
    found = []
    while data:
        size = sizes.pop() if sizes else len(data)
        inbox.feed(data[:size])
        data = data[size:]
        while (message := inbox.next()) is not None:
            found.append(message)
    assert found == sent


@pytest.mark.parametrize("length", [-1, 0, 3, 1_001, 2**31 - 1])
def test_impossible_lengths(length: int) -> None:
    inbox = Inbox(1_000)
    inbox.feed(struct.pack("!i", length))
    with pytest.raises(ProtocolError):
        inbox.next()


@given(st.binary(max_size=40))
def test_any_body_is_read_or_refused(data: bytes) -> None:
    for read in (Body.text, Body.int16, Body.int32, Body.value, Body.codes):
        with contextlib.suppress(ProtocolError):
            read(Body(data))
    with contextlib.suppress(ProtocolError):
        messages.startup_parameters(Body(data))
