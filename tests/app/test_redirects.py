"""Addresses that people may be sent back to, and those that they may not."""

import pytest

from daybook.app.redirects import REDIRECT_LENGTH_MAX, is_loopback, redirect_fault


@pytest.mark.parametrize(
    "redirect",
    [
        "https://app.example",
        "https://app.example/back?of=app&x=%20",
        "https://app.example:8443/",
        "http://localhost/callback",
        "http://127.0.0.1:5000/",
        "http://[::1]:5000/",
    ],
)
def test_these_may_be(redirect: str) -> None:
    assert redirect_fault(redirect) is None
    assert is_loopback(redirect) == redirect.startswith("http:")


@pytest.mark.parametrize(
    "redirect",
    [
        "",
        "app.example",
        "/back",
        "//app.example/",
        "http://app.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "https://",
        "https:///back",
        "https://ada:x@app.example/",
        "https://@app.example/",
        "https://app.example/#x",
        "https://app.example/#",
        "https://app.example\\@evil.example/",
        "https://app.example/a b",
        "https://app.example/\n",
        "https://\u0430pp.example/",
        "https://app.example:99999/",
        "https://[::1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp://back",
        "https://app.example/" + "x" * REDIRECT_LENGTH_MAX,
    ],
)
def test_these_may_not(redirect: str) -> None:
    assert redirect_fault(redirect)
