"""SCRAM-SHA-256 by the example of RFC 7677, and every way to fail it."""

from base64 import b64decode

import pytest

from daybook.app.scram import scram_verifier
from daybook.protocols.sql.pgwire.scram import Exchange, ScramError, Verifier, stand_in

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)


def exchange(password: str = "pencil") -> Exchange:
    verifier = Verifier.parse(scram_verifier(password, SALT))
    assert verifier is not None
    return Exchange(verifier, NONCE)


def test_the_example_of_the_rfc() -> None:
    attempt = exchange()
    assert attempt.first(FIRST) == (
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert attempt.final(FINAL) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    ("first", "final", "failed"),
    [
        (b"", FINAL, False),
        (b"p=tls-server-end-point,,n=u,r=x", FINAL, False),
        (b"n,,m=x,n=user,r=rOprNGfwEbeRWgbNEkqO", FINAL, False),
        (b"\xff", FINAL, False),
        (FIRST, b"", False),
        (FIRST, FINAL.replace(b"biws", b"eSws"), False),
        (FIRST, FINAL.replace(b"r=rOpr", b"r=sOpr"), False),
        (FIRST, FINAL.replace(b"p=dHzb", b"p=eHzb"), True),
        (FIRST, FINAL.replace(b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", b"p=dHzb"), True),
    ],
)
def test_what_does_not_prove_the_password(first: bytes, final: bytes, failed: bool) -> None:
    def attempt() -> None:
        made = exchange()
        made.first(first)
        made.final(final)

    with pytest.raises(ScramError) as caught:
        attempt()
    assert caught.value.failed is failed


def test_nobody_satisfies_a_stand_in() -> None:
    made = stand_in("nobody", b"s" * 32)
    assert made == stand_in("nobody", b"s" * 32)
    assert made != stand_in("other", b"s" * 32)
    attempt = Exchange(made, NONCE)
    attempt.first(FIRST)
    with pytest.raises(ScramError):
        attempt.final(FINAL)


@pytest.mark.parametrize(
    "text", ["", "SCRAM-SHA-256$0:YQ==$YQ==:YQ==", "SCRAM-SHA-256$4096:!$a:b", "md5x"]
)
def test_what_is_no_verifier(text: str) -> None:
    assert Verifier.parse(text) is None
