"""Tokens from the command line: printed once, listed without their text, withdrawn."""

from tests.cli.conftest import Terminal

from daybook.app import credentials


def test_the_token_alone_is_on_standard_output(shop: Terminal) -> None:
    text = shop.ok("token", "create", "--client", "billing", "--label", "nightly").strip()
    assert text.startswith("dba_")
    assert "shown only now" in shop.err
    store = shop.open_store("sqlite:///daybook.db")
    token = store.directory.token(credentials.digest(text))
    store.close()
    assert token is not None
    assert (token.client, token.label, token.expires_at) == ("billing", "nightly", None)
    assert text not in shop.ok("token", "list")


def test_a_token_may_be_narrow_and_short_lived(shop: Terminal) -> None:
    shop.ok(
        "token",
        "create",
        "--client",
        "app",
        "--company",
        "mill",
        "--scope",
        "read",
        "--expires-in-days",
        "2",
    )
    _, row = shop.ok("token", "list").splitlines()
    assert row.split()[:6] == ["1", "access", "app", "mill", "read", "2026-09-21"]
    assert row.split()[6:] == ["2026-09-23", "valid"]
    shop.clock.now += 2 * 86_400 * 1_000_000
    assert "expired" in shop.ok("token", "list")


def test_a_token_is_revoked_by_its_number(shop: Terminal) -> None:
    shop.ok("token", "create", "--client", "app")
    assert shop.ok("token", "revoke", "1") == "Token 1 is revoked.\n"
    assert "revoked" in shop.ok("token", "list")
    assert shop.fails("token", "revoke", "2") == "there is no token 2"


def test_a_company_has_to_exist(shop: Terminal) -> None:
    line = shop.fails("token", "create", "--client", "app", "--company", "nobody")
    assert line.startswith("there is no company 'nobody'")


def values(out: str) -> dict[str, str]:
    """The pairs of name and value that a command printed."""
    return {line[:14].strip(): line[15:] for line in out.splitlines()}


def test_an_oauth_client_gets_all_it_needs_at_once(shop: Terminal) -> None:
    made = values(shop.ok("token", "create", "--client", "billing", "--refresh", "--label", "x"))
    assert list(made) == ["client id", "client secret", "access token", "refresh token", "realm"]
    assert made["client id"] == "billing"
    assert "shown only now" in shop.err
    store = shop.open_store("sqlite:///daybook.db")
    directory = store.directory
    kinds = {
        name: token.kind
        for name in ("access token", "refresh token")
        if (token := directory.token(credentials.digest(made[name]))) is not None
    }
    client = directory.client("billing")
    store.close()
    assert kinds == {"access token": "access", "refresh token": "refresh"}
    assert client is not None
    assert client.secret_hash == credentials.digest(made["client secret"])


def test_a_known_client_keeps_its_secret_unless_told(shop: Terminal) -> None:
    command = ("token", "create", "--client", "billing", "--refresh")
    first = values(shop.ok(*command))["client secret"]
    assert "client secret" not in values(shop.ok(*command))
    assert "keeps the secret" in shop.err
    assert values(shop.ok(*command, "--new-secret"))["client secret"] not in ("", first)


def test_an_oauth_client_is_of_the_companies_it_was_made_for(shop: Terminal) -> None:
    command = ("token", "create", "--client", "billing", "--refresh")
    shop.ok("company", "create", "Shop", "--currency", "GBP")
    for more, opened in (
        (("--company", "mill"), "mill  "),
        (("--company", "shop"), "mill shop  "),
        ((), "all companies  "),
        (("--company", "mill"), "all companies  "),
    ):
        shop.ok(*command, *more)
        assert f"billing  {opened}" in shop.ok("client", "list")


def test_what_does_not_go_with_refreshing(shop: Terminal) -> None:
    create = ("token", "create", "--client")
    assert "no colon" in shop.fails(*create, "a:b", "--refresh")
    assert "goes with --refresh" in shop.fails(*create, "app", "--new-secret")
    assert shop.run(*create, "app", "--refresh", "--expires-in-days", "3") == 2


def test_a_refresh_token_is_revoked_with_its_access_tokens(shop: Terminal) -> None:
    shop.ok("token", "create", "--client", "app")
    shop.ok("token", "create", "--client", "app", "--refresh")
    shop.ok("token", "create", "--client", "app", "--refresh")
    out = shop.ok("token", "revoke", "2")
    assert out == "Token 2 is revoked, and with it what the same authorization made: 3.\n"
    rows = [row.split() for row in shop.ok("token", "list").splitlines()[1:]]
    states = [next(word for word in row if word in ("valid", "revoked")) for row in rows]
    assert states == ["valid", "revoked", "revoked", "valid", "valid"]
