"""Identity tokens: what they say, and that the published keys prove it."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from tests.support.oauth import ACCOUNTING, JWKS, ORIGIN, REVOKE, World, answer, header

from daybook.app.trail import Trail

SCOPES = f"{ACCOUNTING} openid"


def claims(world: World, text: str) -> dict[str, Any]:
    """What a token says, if a published key signed it."""
    published = KeySet.import_key_set({"keys": answer(world.ask("GET", JWKS))["keys"]})
    return dict(jwt.decode(text, published, ["RS256"]).claims)


def test_what_a_token_says() -> None:
    world = World()
    tokens = world.tokens()
    told = claims(world, tokens["id_token"])
    now = world.clock.now // 1_000_000
    assert told.pop("sub") == answer(world.userinfo(tokens["access_token"]))["sub"]
    assert told == {
        "iss": f"{ORIGIN}/op/v1",
        "aud": ["app"],
        "realmid": world.realms[0],
        "auth_time": now,
        "iat": now,
        "exp": now + 3_600,
        "nonce": "n-1",
    }


def test_no_nonce_and_no_company_are_not_made_up() -> None:
    world = World()
    world.sign_in("ada", "correct horse", scope="openid", nonce=None)
    told = claims(world, world.tokens(scope="openid", nonce=None)["id_token"])
    assert "nonce" not in told
    assert "realmid" not in told


def test_people_keep_their_subject_and_do_not_share_it() -> None:
    world = World()
    first, second = (claims(world, world.tokens()["id_token"])["sub"] for _ in range(2))
    world.cookies.clear()
    world.sign_in("bob", "correct horse", scope="openid")
    other = claims(world, world.tokens(scope="openid")["id_token"])["sub"]
    assert first == second != other
    assert "ada" not in first


def test_a_changed_token_is_not_proved() -> None:
    world = World()
    head, body, proof = world.tokens()["id_token"].split(".")
    with pytest.raises(JoseError):
        claims(world, f"{head}.{body[:-2]}AA.{proof}")


def test_published_keys_are_public_and_may_be_kept() -> None:
    world = World()
    response = world.ask("GET", JWKS)
    (key,) = answer(response)["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert header(response, "cache-control") == "max-age=3600"


def test_in_the_demo_every_address_of_the_machine_will_do() -> None:
    world = World(demo=True)
    for address in ("http://localhost/callback", "http://127.0.0.1:9/x?y=z", "http://[::1]:8/"):
        assert world.visit(client_id="demo", redirect_uri=address).status == 200
    for address in ("http://evil.example/", "https://localhost/", "http://localhost@evil.example"):
        assert world.visit(client_id="demo", redirect_uri=address).status == 400


def test_the_trail_tells_the_address_of_whoever_gets_and_ends_tokens() -> None:
    """Also of whoever comes with a refresh token that is spent."""
    world = World()
    code = world.code()
    granted = answer(world.exchange(code))
    world.exchange(code)
    again = world.tokens()
    world.post(REVOKE, token=again["refresh_token"])
    world.refresh(granted["refresh_token"])
    told = {each.what: each.peer for each in Trail(world.directory, world.clock).records()}
    wanted = {"token-made", "code-repeated", "token-withdrawn", "refresh-repeated"}
    assert {what: told.get(what) for what in wanted} == dict.fromkeys(wanted, "192.0.2.1")
