"""Query strings, headers and encodings as real callers send them."""

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.kit import http
from daybook.protocols.kit.http import BadEncoding, BodyTooLarge, TooManyParameters


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("", []),
        ("&&", []),
        ("a=b&", [("a", "b")]),
        ("&a=b&&c=d", [("a", "b"), ("c", "d")]),
        ("a=b+c d%20e", [("a", "b c d e")]),
        ("a=%2B", [("a", "+")]),
        ("a", [("a", "")]),
        ("=b", [("", "b")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("a=%C3%A4", [("a", "ä")]),
        ("a=%FF", [("a", "\ufffd")]),
        ("a=%zz%", [("a", "%zz%")]),
    ],
)
def test_query_strings_are_read_tolerantly(query: str, pairs: list[tuple[str, str]]) -> None:
    assert http.query_pairs(query) == pairs
    assert http.query_map(query) == dict(pairs)


def test_parameters_are_bounded() -> None:
    assert len(http.query_pairs("&".join(["a=b"] * http.PARAMETERS_MAX))) == http.PARAMETERS_MAX
    with pytest.raises(TooManyParameters):
        http.query_pairs("&" * http.PARAMETERS_MAX)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_what_clients_encode_is_read_again(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    kept = [(name, value) for name, value in pairs if name or value]
    text = urlencode(
        [(n.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for n, v in kept]
    )
    found = http.query_pairs(text + "&")
    assert found == [
        (n.encode("utf-8", "replace").decode(), v.encode("utf-8", "replace").decode())
        for n, v in kept
    ]


@given(st.binary(max_size=300))
def test_forms_are_read_whatever_they_hold(body: bytes) -> None:
    assert all(isinstance(value, str) for value in http.form_map(body).values())


def test_content_types() -> None:
    assert http.content_type({}) == ("", {})
    assert http.content_type({"content-type": "application/json"}) == ("application/json", {})
    found = http.content_type({"content-type": 'Text/XML ; Charset="utf-8"; x'})
    assert found == ("text/xml", {"charset": "utf-8"})


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json", True),
        ("Application/JSON;q=0.2", True),
        ("application/json, text/plain, */*", True),
        ("text/plain,application/json;charset=utf-8;q=1.0", True),
        ("application/json;q=0", False),
        ("application/json; q=0.00", False),
        ("*/*", False),
        ("application/jsonx", False),
        ("", False),
    ],
)
def test_accept_headers(accept: str, wanted: bool) -> None:
    assert http.accepts({"accept": accept}, "application/json") is wanted


@pytest.mark.parametrize(
    ("authorization", "token"),
    [
        (None, None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER abc def", "abc def"),
        ("Bearer", ""),
        ("Basic abc", None),
        ("", None),
    ],
)
def test_bearer_headers(authorization: str | None, token: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    assert http.bearer(headers) == token


def test_basic_headers() -> None:
    def headers(text: str, scheme: str = "Basic") -> dict[str, str]:
        return {"authorization": f"{scheme} {base64.b64encode(text.encode()).decode()}"}

    assert http.basic(headers("demo:demo")) == ("demo", "demo")
    assert http.basic(headers("a:b:ü", "bASIC")) == ("a", "b:ü")
    assert http.basic(headers("nocolon")) is None
    assert http.basic(headers("a:b", "Bearer")) is None
    assert http.basic({"authorization": "Basic !!!"}) is None
    assert http.basic({"authorization": "Basic /w=="}) is None
    assert http.basic({}) is None


@given(st.binary(max_size=2_000), st.sampled_from(["gzip", "x-gzip", "deflate", "Deflate", ""]))
def test_encodings_are_undone(body: bytes, encoding: str) -> None:
    sent = zlib.compress(body) if encoding.lower() == "deflate" else body
    sent = gzip.compress(body) if encoding.endswith("gzip") else sent
    assert http.inflate(sent, encoding, 2_000) == body


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate", "br"]))
def test_random_bytes_are_refused_by_two_exceptions_alone(body: bytes, encoding: str) -> None:
    try:
        inflated = http.inflate(body, encoding, 1_000)
    except (BadEncoding, BodyTooLarge):
        return
    assert len(inflated) <= 1_000


def test_the_bound_is_exact() -> None:
    body = gzip.compress(b"x" * 1_000)
    assert len(http.inflate(body, "gzip", 1_000)) == 1_000
    with pytest.raises(BodyTooLarge):
        http.inflate(body, "gzip", 999)
    with pytest.raises(BodyTooLarge):
        http.inflate(gzip.compress(b"x" * 600) * 2, "gzip", 1_000)


def test_a_body_of_many_empty_members_is_refused() -> None:
    """What follows a member is copied: 400,000 of them would copy terabytes."""
    empty = gzip.compress(b"")
    assert http.inflate(empty * http.GZIP_MEMBERS_MAX, "gzip", 1_000) == b""
    with pytest.raises(http.BadEncoding):
        http.inflate(empty * 400_000, "gzip", 1_000)
