"""TLS on both ports, and a certificate that is renewed while the server runs."""

import datetime
import os
import signal
import socket
import ssl
import struct
import time
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.server import REALM, RunningServer, start

from daybook.server.certificate import Certificate
from daybook.storage.sqlite.turns import CAN_SHARE

RENEWAL_SECONDS_MAX = 20


def write(folder: Path, serial: int) -> tuple[Path, Path]:
    """A certificate with a serial number, and its key, in files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def serial_of(connection: ssl.SSLSocket) -> int:
    shown = connection.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def http(server: RunningServer) -> tuple[int, bytes]:
    """The serial number of the certificate shown, and the answer to a request."""
    with (
        socket.create_connection((server.host, server.port), timeout=20) as plain,
        client().wrap_socket(plain) as connection,
    ):
        connection.sendall(
            f"GET /v3/company/{REALM}/journalentry/96 HTTP/1.1\r\nhost: x\r\n"
            "authorization: Bearer demo\r\nconnection: close\r\n\r\n".encode()
        )
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return serial_of(connection), answer


def sql(port: int) -> int:
    """The serial number of the certificate that the SQL port shows."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(struct.pack("!ii", 8, 80_877_103))
        assert plain.recv(1) == b"S"
        with client().wrap_socket(plain) as connection:
            return serial_of(connection)


def sql_port(server: RunningServer) -> int:
    _, _, rest = server.greeting.partition("@127.0.0.1:")
    return int(rest.partition("/")[0])


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
def test_both_ports_show_the_certificate_and_its_successor(tmp_path: Path) -> None:
    chain, key = write(tmp_path, 1_001)
    options = ("--certificate", str(chain), "--key", str(key), "--sql", "127.0.0.1:0")
    server = start(tmp_path, *options, address="https://127.0.0.1:")
    try:
        assert f"https://127.0.0.1:{server.port}/v3" in server.greeting
        serial, answer = http(server)
        assert (serial, sql(sql_port(server))) == (1_001, 1_001)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"SomeJENumber13" in answer

        chain.write_text("half a renewal")
        os.kill(server.process.pid, signal.SIGHUP)
        until(server, "renewed", "false")
        assert http(server)[0] == 1_001

        write(tmp_path, 1_002)
        os.kill(server.process.pid, signal.SIGHUP)
        until(server, "renewed", "true")
        assert (http(server)[0], sql(sql_port(server))) == (1_002, 1_002)
    finally:
        assert server.stop() == 0, server.log.read_text()


@pytest.mark.skipif(not CAN_SHARE, reason="several server processes need Linux")
@pytest.mark.parametrize("option", ["--certificate", "--sql-certificate"])
def test_no_process_is_replaced_for_a_certificate_that_cannot_be_used(
    tmp_path: Path, option: str
) -> None:
    chain, key = write(tmp_path, 1_001)
    options = (option, str(chain), option.replace("certificate", "key"), str(key))
    scheme = "https" if option == "--certificate" else "http"
    server = start(
        tmp_path,
        *options,
        "--sql",
        "127.0.0.1:0",
        "--workers",
        "2",
        address=f"{scheme}://127.0.0.1:",
    )
    try:
        processes = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        before = processes.read_text()
        both_listen(server, scheme)  # each reads the certificate of the SQL port when it does
        chain.write_text("half a renewal")
        os.kill(server.process.pid, signal.SIGHUP)
        until(server, "renewed", "false")
        assert sql(sql_port(server)) == 1_001
        assert processes.read_text() == before

        write(tmp_path, 1_002)
        os.kill(server.process.pid, signal.SIGHUP)
        until(server, "replaced one after the other")
        ends = time.monotonic() + RENEWAL_SECONDS_MAX
        while set(before.split()) & set(processes.read_text().split()):
            assert time.monotonic() < ends
            time.sleep(0.02)
        assert sql(sql_port(server)) == 1_002
    finally:
        assert server.stop() == 0, server.log.read_text()


def both_listen(server: RunningServer, scheme: str) -> None:
    """Wait until two processes accept SQL connections."""
    address = f"{scheme}://127.0.0.1:{server.port}/metrics"
    ends = time.monotonic() + RENEWAL_SECONDS_MAX
    while time.monotonic() < ends:
        with urllib.request.urlopen(address, context=client(), timeout=20) as answer:
            if answer.read().count(b"\ndaybook_sql_sessions{") == 2:
                return
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())


def until(server: RunningServer, *words: str) -> None:
    """Wait until a line of the log has all these words."""
    ends = time.monotonic() + RENEWAL_SECONDS_MAX
    while time.monotonic() < ends:
        lines = server.log.read_text().lower().splitlines()
        if any(all(word in line for word in words) for line in lines):
            return
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    chain, key = write(tmp_path, 1)
    Certificate(chain, key)
    for pair in ((key, key), (chain, None), (chain, chain), (tmp_path / "x", key)):
        with pytest.raises((OSError, ValueError)):
            Certificate(*pair)


def test_half_a_renewal_changes_nothing(tmp_path: Path) -> None:
    chain, key = write(tmp_path, 1)
    kept = Certificate(chain, key)
    context = kept.context
    (tmp_path / "more").mkdir()
    other, _ = write(tmp_path / "more", 2)
    chain.write_bytes(other.read_bytes())  # the key is still the old one
    with pytest.raises(ssl.SSLError):
        kept.renew()
    assert kept.context is context
