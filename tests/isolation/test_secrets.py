"""A secret that was shown once is nowhere to be found afterwards: not in logs, not in the store.

A server logs at debug level while every kind of credential is made and used, rightly and wrongly,
in all the places callers put them. Then its log and the raw bytes of its files are searched for
each of them, as it was shown and in the encodings it travels in.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import uuid4

import psycopg
import pytest
import requests
from tests.support.premises import basic
from tests.support.server import RunningServer, command, start, variables

PASSWORD = "Tr0ub4dor-and-3-more-words"
WRONG = "wrong-password-that-somebody-typed"


@dataclass
class Issuer:
    """A server, and every secret that it has given out or was told, by name."""

    server: RunningServer
    secrets: dict[str, str] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)

    def cli(self, *arguments: str, typed: str = "") -> str:
        done = subprocess.run(
            command(*arguments, "--store", self.server.store),
            input=typed,
            capture_output=True,
            text=True,
            env=variables(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def http(self, method: str, path: str, **more: object) -> requests.Response:
        answer: requests.Response = self.session.request(
            method,
            self.server.url + path,
            timeout=20,
            **more,  # type: ignore[arg-type]
        )
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        return answer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder: Path = tmp_path_factory.mktemp("secrets")
    server = start(folder, "--sql", "127.0.0.1:0", DAYBOOK_LOG_LEVEL="debug")
    yield Issuer(server)
    server.stop()


def encodings(secret: str) -> set[bytes]:
    """A secret as it may lie about: plain, escaped, in hexadecimal, inside of Base64."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), raw.hex().encode(), json.dumps(secret).encode()}
    for shift in range(3):
        sealed = base64.b64encode(b"\0" * shift + raw)
        # the first and last letters depend on what stands beside it
        found.add(sealed[-(-shift * 8 // 6) + (shift > 0) : len(sealed) - 4])
    return found


def traces(issuer: Issuer, folder: Path) -> list[str]:
    """Where secrets are found: in any file of the server's folder, its log among them."""
    found = []
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    for path in files:
        content = path.read_bytes()
        for name, secret in issuer.secrets.items():
            if any(form in content for form in encodings(secret)):
                found.append(f"{name} in {path.name}")
    return found


def issue(issuer: Issuer) -> None:
    """Have every kind of secret made."""
    secrets = issuer.secrets
    secrets["access token"] = issuer.cli("token", "create", "--client", "app").strip()
    made = issuer.cli("token", "create", "--client", "roller", "--company", "demo", "--refresh")
    shown = {line[:14].strip(): line[15:].strip() for line in made.splitlines()}
    for name in ("client secret", "access token", "refresh token"):
        secrets[f"OAuth {name}"] = shown[name]
    secrets["password"] = PASSWORD
    user = ("user", "create", "ada", "--company", "demo", "--password-stdin")
    issuer.cli(*user, typed=f"{PASSWORD}\n")
    lasting = {"authorization": basic(secrets["access token"])}
    once = {"Idempotency-Key": str(uuid4()), **lasting}
    for name, headers in (("API key", lasting), ("API key under a key", once)):
        answer = issuer.http("POST", "/apiKeys", json={"name": "key"}, headers=headers)
        assert answer.status_code == 201, answer.text
        secrets[name] = answer.json()["apiKey"]
    body = {"url": "https://hook.example/", "eventTypes": ["company.created"]}
    headers = {"Idempotency-Key": str(uuid4()), **lasting}
    answer = issuer.http("POST", "/webhooks", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    secrets["webhook secret"] = answer.json()["secret"]
    form = {"grant_type": "refresh_token", "refresh_token": shown["refresh token"]}
    client = (shown["client id"], shown["client secret"])
    answer = issuer.http("POST", "/oauth2/v1/tokens/bearer", data=form, auth=client)
    assert answer.status_code == 200, answer.text
    secrets["refreshed access token"] = answer.json()["access_token"]
    proof = {"app": shown["client id"], "secret": shown["client secret"]}
    issuer.http("POST", "/api/cmn/Authenticate", json=proof)
    person = {"username": "ada", "password": PASSWORD}
    answer = issuer.http("POST", "/api/cmn/AuthenticateToken", json=person)
    assert answer.status_code == 200, answer.text
    secrets["Modulus token"] = answer.json()["object"]


BACK = "https://back.example/"


def issue_to_browsers(issuer: Issuer) -> None:
    """A session of the pages, one of the pages of consent, and a code and what comes of it."""
    secrets = issuer.secrets
    secrets["application's secret"] = issuer.cli("client", "create", "pages", "--redirect", BACK)
    secrets["application's secret"] = secrets["application's secret"].split()[-1]
    person = {"name": "ada", "password": PASSWORD}
    browser = issuer.session
    page = issuer.http("GET", "/app/sign-in").text
    form = {**person, "csrf": hidden(page, "csrf")}
    issuer.http("POST", "/app/sign-in", data={**form, "password": WRONG})
    issuer.http("POST", "/app/sign-in", data=form)
    secrets["session of pages"] = browser.cookies.get("daybook_session", path="/app") or ""
    secrets["token of forms"] = hidden(issuer.http("GET", "/app/companies").text, "csrf")
    asked = {"client_id": "pages", "response_type": "code", "redirect_uri": BACK, "state": "s"}
    query = urlencode({**asked, "scope": "com.intuit.quickbooks.accounting openid"})
    browser.cookies.clear()
    page = issuer.http("GET", f"/connect/oauth2?{query}").text
    form = {**person, "query": query, "token": hidden(page, "token")}
    page = issuer.http("POST", "/connect/sign-in", data=form).text
    secrets["session of consent"] = browser.cookies.get("daybook_session", path="/connect") or ""
    form = {"query": query, "decision": "allow", "company": issuer.server.realm}
    form["token"] = secrets["token of consent"] = hidden(page, "token")
    sent = issuer.http("POST", "/connect/oauth2", data=form, allow_redirects=False)
    secrets["code"] = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    client = ("pages", secrets["application's secret"])
    grant = {"grant_type": "authorization_code", "code": secrets["code"], "redirect_uri": BACK}
    answer = issuer.http("POST", "/oauth2/v1/tokens/bearer", data=grant, auth=client)
    assert answer.status_code == 200, answer.text
    for name in ("access_token", "refresh_token", "id_token"):
        secrets[f"{name} of a code"] = answer.json()[name]


def issue_by_administrator(issuer: Issuer) -> None:
    """What the administration interface answers once."""
    secrets = issuer.secrets
    headers = {"authorization": f"Bearer {secrets['access token']}"}

    def made(path: str, **body: object) -> dict[str, str]:
        answer = issuer.http("POST", f"/admin/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        found: dict[str, str] = answer.json()
        return found

    secrets["administered secret"] = made("clients", id="made", companies=["demo"])["secret"]
    secrets["another secret"] = made("clients/made/secret")["secret"]
    secrets["administered token"] = made("tokens", client="made", companies=["demo"])["token"]
    secrets["administered password"] = "one-that-an-administrator-typed"
    password = secrets["administered password"]
    made("users", name="eve", password=password, roles={"demo": "viewer"})
    secrets["changed password"] = "another-that-an-administrator-typed"
    body = {"password": secrets["changed password"]}
    answer = issuer.http("PUT", "/admin/v1/users/eve/password", json=body, headers=headers)
    assert answer.status_code == 204, answer.text


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def use(issuer: Issuer) -> None:
    """Send every secret to every interface, where it belongs and where it does not."""
    realm = f"/v3/company/{issuer.server.realm}"
    document = {"query": "{ company { id } }"}
    for secret in issuer.secrets.values():
        plain, sealed = quote(secret, safe=""), {"authorization": basic(secret)}
        bearer = {"authorization": f"Bearer {secret}"}
        for headers in (bearer, sealed, {"authorization": secret}):
            for path in (
                f"{realm}/account/44",
                "/companies",
                "/api/bk/v1/ListJournals",
                "/healthz",
            ):
                issuer.http("GET", path, headers=headers)
            issuer.http("POST", "/2020-04/graphql", json=document, headers=headers)
            issuer.http("GET", "/admin/v1/users", headers=headers)
        for cookie in ("daybook_session", "daybook_sign_in", "daybook_flash"):
            cookies = {"cookie": f"{cookie}={secret}x"}
            issuer.http("GET", "/app/companies", headers=cookies)
        form = {"name": secret, "csrf": secret, "next": f"/app/{plain}", "query": f"state={plain}"}
        for path in ("/app/sign-in", "/connect/oauth2"):
            issuer.http("POST", path, data=form)
            issuer.http("GET", f"{path}?code={plain}&state={plain}&client_secret={plain}")
        for path in (
            f"/api/bk/v1/ListJournals?token={plain}",
            f"/api/bk/v1/ListJournals%3Ftoken={plain}",
            f"/api/bk/v1/ListJournals;token={plain}",
            f"{realm}/query?access_token={plain}",
            f"/companies?apiKey={plain}",
            f"/nowhere?secret={plain}",
        ):
            issuer.http("GET", path)
        for name in ("refresh_token", "token", "client_secret", "password"):
            form = {"grant_type": "refresh_token", "client_id": "roller", name: secret}
            issuer.http("POST", "/oauth2/v1/tokens/bearer", data=form)
            issuer.http("POST", "/v2/oauth2/tokens/revoke", json={**form, name: secret + "x"})
        for name in ("secret", "password"):
            proof = {"app": "roller", "username": "ada", "secret": "x", "password": "x"}
            issuer.http("POST", "/api/cmn/Authenticate", json={**proof, name: secret + "x"})
        if secret in (PASSWORD, WRONG):  # each takes as long as hashing a password
            proof["password"] = secret + "x"
            issuer.http("POST", "/api/cmn/AuthenticateToken", data=proof)


def sign_in(issuer: Issuer) -> None:
    """By SCRAM, with the right password and with a wrong one."""
    found = re.search(r"postgresql://demo:demo@([0-9.]+):([0-9]+)/demo", issuer.server.greeting)
    assert found is not None
    place = {"host": found[1], "port": int(found[2]), "dbname": "demo", "user": "ada"}
    with psycopg.connect(**place, password=PASSWORD, autocommit=True) as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT 1").fetchone() == (1,)
    issuer.secrets["wrong password"] = WRONG
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**place, password=WRONG)  # type: ignore[arg-type]
    issuer.http("POST", "/api/cmn/AuthenticateToken", json={"username": "ada", "password": WRONG})


def test_no_secret_is_logged_or_kept(issuer: Issuer) -> None:
    issue(issuer)
    issue_to_browsers(issuer)
    issue_by_administrator(issuer)
    sign_in(issuer)
    use(issuer)
    assert len(set(issuer.secrets.values())) >= 24
    folder = issuer.server.log.parent
    log = issuer.server.log.read_text()
    assert log.count('"event":"request"') > 100 or log.count("request") > 100
    assert traces(issuer, folder) == [], "while the server runs, its write-ahead log included"
    issuer.server.stop()
    assert traces(issuer, folder) == []
    assert "Traceback" not in issuer.server.log.read_text()


def test_the_search_would_find_what_is_there(tmp_path: Path) -> None:
    """However it is encoded and wherever it stands."""
    secret = "dba_q1w2e3r4t5y6u7i8o9p0"
    for shift in range(4):
        hidden = base64.b64encode(b"x" * shift + json.dumps({"apiKey": secret}).encode())
        assert any(form in hidden for form in encodings(secret)), shift
    for shown in (secret.encode().hex(), f'{{"a":"{secret}"}}', quote(f"?token={secret}")):
        assert any(form in shown.encode() for form in encodings(secret))
    assert not any(form in b"nothing of the kind" for form in encodings(secret))
