"""Every refusal says in its headers what is wrong, and which request it was."""

import pytest
import requests
from tests.support.server import REALM, RunningServer

BEARER = {"authorization": "Bearer demo", "accept": "application/json"}
CODAT = {"authorization": "Basic ZGVtbw=="}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nowhere", {}),
        ("POST", "/healthz", {}),
        ("GET", f"/v3/company/{REALM}/journalentry/96", {}),
        ("GET", f"/v3/company/{REALM}/journalentry/999999", BEARER),
        ("GET", "/v3/company/1/journalentry/96", BEARER),
        ("POST", f"/v3/company/{REALM}/journalentry", BEARER),
        ("POST", "/2020-04/graphql", {}),
        ("POST", "/2020-04/graphql", BEARER),
        ("GET", "/2020-04/graphql?query=%7B%20nothing%20%7D", BEARER),
        ("GET", "/companies", {}),
        ("GET", "/companies/0b7f7d53-6a52-4f0c-9a4c-6c3f0a5d9e21", CODAT),
        ("DELETE", "/companies", CODAT),
        ("GET", "/companies", {"authorization": "Basic eDp4"}),
        ("GET", "/app/nowhere", {}),
        ("POST", "/app/sign-in", {}),
        ("GET", "/api/bk/v1/GetJournal?journal_id=1", {}),
        ("GET", "/api/bk/v1/GetJournal?token=demo&journal_id=999999999", {}),
        ("GET", "/api/bk/v1/Nothing?token=demo", {}),
        ("POST", "/oauth2/v1/tokens/bearer", {}),
        ("POST", "/v2/oauth2/tokens/revoke", {}),
        ("GET", "/v1/openid_connect/userinfo", {}),
        ("GET", "/connect/oauth2?client_id=x", {}),
        ("GET", "/connect/oauth2?client_id=demo&redirect_uri=http%3A%2F%2Flocalhost%2F", {}),
        ("GET", "/admin/v1/users", {}),
        ("GET", "/admin/v1/users/nobody", BEARER),
    ],
)
def test_a_refusal_says_why(
    server: RunningServer, method: str, path: str, headers: dict[str, str]
) -> None:
    response = requests.request(
        method, server.url + path, headers=headers, timeout=20, allow_redirects=False
    )
    assert response.status_code >= 300
    assert len(response.headers["request-id"]) == 32
    diagnosis = response.headers["daybook-diagnosis"]
    assert len(diagnosis) > 5
    assert diagnosis.lower() not in ("unauthorized", "forbidden", "not found", "bad request")
