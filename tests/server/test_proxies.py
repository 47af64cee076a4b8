"""Who is believed about callers, and how far."""

import re
from pathlib import Path

import pytest
import requests
from tests.support.server import RunningServer, start

from daybook.app.ledger import system_clock
from daybook.app.trail import Trail
from daybook.server.proxies import HOPS_MAX, Proxies, networks_of
from daybook.storage import open_store

PROXIES = Proxies(networks_of("10.0.0.0/8, 192.0.2.7,::1"))


def test_networks_are_read() -> None:
    assert networks_of("") == ()
    for text in ("x", "10.0.0.1/8", "10.0.0.0/33"):
        with pytest.raises(ValueError, match=r"."):
            networks_of(text)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.7", True),
        ("::1", True),
        ("fe80::1%eth0", False),
        ("192.0.2.8", False),
        ("", False),
        ("unix", False),
    ],
)
def test_who_is_a_proxy(peer: str, trusted: bool) -> None:
    assert PROXIES.are(peer) is trusted


@pytest.mark.parametrize(
    ("sent", "caller"),
    [
        (None, "10.0.0.1"),
        ("", "10.0.0.1"),
        ("203.0.113.5", "203.0.113.5"),
        ("203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("10.9.9.9, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.5, unknown", "10.0.0.1"),
        ("203.0.113.5, <script>, 10.0.0.2", "10.0.0.2"),
        ("2001:db8::1", "2001:db8::1"),
        ("203.0.113.5" + ", 10.0.0.2" * HOPS_MAX, "10.0.0.2"),
    ],
)
def test_the_caller_is_the_last_who_is_no_proxy(sent: str | None, caller: str) -> None:
    headers = {} if sent is None else {"x-forwarded-for": sent}
    assert PROXIES.peer("10.0.0.1", headers) == caller


def test_scheme_and_host_are_taken_if_they_are_some() -> None:
    def origin(**headers: str) -> str:
        given = {f"x-forwarded-{name}": text for name, text in headers.items()}
        return Proxies.origin("http://127.0.0.1:8080", given)

    assert origin() == "http://127.0.0.1:8080"
    assert origin(proto="https", host="books.example") == "https://books.example"
    assert origin(proto="HTTPS") == "https://127.0.0.1:8080"
    assert origin(host="[2001:db8::1]:8443") == "http://[2001:db8::1]:8443"
    for host in ("a b", "evil.example/x", "a@b", "x\r\ny", "a" * 300, ""):
        assert origin(host=host, proto="gopher") == "http://127.0.0.1:8080"


def issuer(server: RunningServer) -> str:
    """Where a server says it is, asked as a proxy asks."""
    said = {"x-forwarded-proto": "https", "x-forwarded-host": "books.example"}
    url = f"{server.url}/.well-known/openid_configuration"
    return str(requests.get(url, headers=said, timeout=20).json()["issuer"])


def test_a_server_believes_those_it_was_told_of_alone(
    server: RunningServer, tmp_path: Path
) -> None:
    assert issuer(server) == f"{server.url}/op/v1"
    behind = start(tmp_path, "--trusted-proxy", "127.0.0.0/8")
    try:
        assert issuer(behind) == "https://books.example/op/v1"
        page = f"{behind.url}/connect/oauth2?client_id=demo&response_type=code&scope=openid"
        said = {"x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "https"}
        url = f"{page}&redirect_uri=http://localhost/"
        shown = requests.get(url, headers=said, timeout=20)
        assert "; Secure" in shown.headers["set-cookie"]
        token = re.findall(r'name="token" value="(.*?)"', shown.text)[0]
        form = {"query": url.partition("?")[2], "token": token, "name": "demo", "password": "x"}
        cookie = {**said, "cookie": f"daybook_connect_form={token}"}
        sent = requests.post(f"{behind.url}/connect/sign-in", data=form, headers=cookie, timeout=20)
        assert sent.status_code == 403
        trail = requests.get(
            f"{behind.url}/admin/v1/trail", headers={"authorization": "Bearer demo"}, timeout=20
        )
        assert trail.status_code == 200
        store = open_store(behind.store)
        (record,) = Trail(store.directory, system_clock).records()
        store.close()
        assert (record.what, record.subject, record.peer) == (
            "sign-in-failed",
            "demo",
            "203.0.113.5",
        )
    finally:
        assert behind.stop() == 0, behind.log.read_text()
