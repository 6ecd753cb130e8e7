"""Credentials that are asked for, over real sockets: how many requests for tokens are made, what
they hold, and what becomes of the data when a token ends in the middle."""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import penstock
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from loopback import JSONHandler, JSONServer

TESTS = Path(__file__).resolve().parents[1]
CLIENT = {"client_id": "practice-client", "client_secret": "practice-secret"}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def realm(server: str, name: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server}/_stats", timeout=30) as answer:
        seen: dict[str, Any] = json.load(answer)["oauth"][name]
    return seen


def document(server: str, name: str, grant: str, knobs: str = "", **more: Any) -> dict[str, Any]:
    auth = {"type": grant, "token_url": f"/oauth;realm={name}{knobs}/token", **CLIENT, **more}
    path = f"/auth/oauth:{name}/offset/users"
    paging = {"type": "offset", "size": {"param": "limit", "value": 20}}
    return {
        "base_url": server,
        "auth": auth,
        "streams": {"s": {"path": path, "records": "data", "pagination": paging}},
    }


def count(api: penstock.Client) -> int:
    return sum(len(page.raw) for page in api.pages("s"))


def test_many_walks_on_many_threads_ask_for_one_token(server: str) -> None:
    counts: list[int] = []
    with penstock.Client(document(server, "one", "oauth2_client_credentials")) as api:
        threads = [threading.Thread(target=lambda: counts.append(count(api))) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(counts) == 64 and min(counts) == max(counts) > 0
    seen = realm(server, "one")
    assert seen["token_requests"] == 1 and seen["refused"] == {}


@pytest.mark.parametrize("how", ["basic", "post"])
def test_the_client_shows_who_it_is_as_the_server_wants(server: str, how: str) -> None:
    name = f"by-{how}"
    with penstock.Client(
        document(
            server,
            name,
            "oauth2_client_credentials",
            f";auth={how};scope=read;audience=aud",
            client_auth=how,
            scope="read",
            audience="aud",
        )
    ) as api:
        assert count(api) > 0
    assert realm(server, name)["refused"] == {}


def test_a_token_that_wears_out_is_renewed_and_the_request_repeated(server: str) -> None:
    worn = document(server, "worn", "oauth2_client_credentials", ";uses=3")
    worn["retry"] = {"attempts": 1}
    whole = document(server, "whole", "oauth2_client_credentials")
    with penstock.Client(worn) as api, penstock.Client(whole) as other:
        assert count(api) == count(other)
    assert realm(server, "worn")["token_requests"] > 2


def test_tokens_that_live_two_seconds_outlast_a_long_walk(server: str) -> None:
    short = document(server, "short", "oauth2_client_credentials", ";ttl=2s")
    path = short["streams"]["s"]["path"]
    short["streams"]["s"]["path"] = "/delay/40ms" + path
    short["streams"]["s"]["pagination"]["size"]["value"] = 1
    short["streams"]["s"]["pagination"]["max_pages"] = 200
    short["limits"] = [{"concurrent": 2}]
    short["retry"] = {"attempts": 1}
    with penstock.Client(short) as api:
        assert count(api) > 100
    seen = realm(server, "short")
    times = seen["asked_at_ns"]
    assert seen["refused"] == {} and len(times) > 2
    # None early, none late: a tenth of the life before the end.
    assert all(1.7e9 < later - earlier < 2.1e9 for earlier, later in itertools.pairwise(times))


def test_refresh_tokens_rotate_and_none_is_used_twice(server: str) -> None:
    source = document(
        server,
        "rotating",
        "oauth2_refresh_token",
        ";rotate;uses=4",
        refresh_token="practice-refresh",
    )
    with penstock.Client(source) as api:
        assert count(api) > 0
    seen = realm(server, "rotating")
    assert seen["by_grant"]["refresh_token"] > 2
    assert seen["refresh_reuses"] == 0 and seen["refused"] == {}


@pytest.mark.parametrize("knobs", ["", ";norefresh"])
def test_a_password_opens_and_its_refresh_token_renews(server: str, knobs: str) -> None:
    name = "user" + knobs[1:]
    source = document(
        server,
        name,
        "oauth2_password",
        f";uses=4{knobs}",
        username="practice-user",
        password="practice-pass",
    )
    with penstock.Client(source) as api:
        assert count(api) > 0
    seen = realm(server, name)
    assert seen["refused"] == {}
    if knobs:
        assert seen["by_grant"]["password"] > 2
    else:
        assert seen["by_grant"] == {"password": 1, "refresh_token": seen["token_requests"] - 1}


def test_a_login_gives_a_session(server: str) -> None:
    source = document(server, "x", "oauth2_client_credentials")
    source["auth"] = {
        "type": "token_request",
        "url": "/session;realm=login;ttl=1s/login",
        "json_body": {"username": "practice-user", "password": "practice-pass"},
        "token": "token",
        "header": "X-Session-Token",
    }
    source["streams"]["s"]["path"] = "/auth/session:login/delay/100ms/offset/users"
    with penstock.Client(source) as api:
        assert count(api) > 0
    assert 1 <= realm(server, "login")["token_requests"] <= 8


@pytest.mark.parametrize(
    "quirk", [";expires=absent", ";expires=text", ";type=absent", ";type=bearer"]
)
def test_answers_of_every_kind_are_understood(server: str, quirk: str) -> None:
    name = quirk[1:].replace("=", "-")
    with penstock.Client(document(server, name, "oauth2_client_credentials", quirk)) as api:
        assert count(api) > 0
    assert realm(server, name)["token_requests"] == 1


def test_a_refused_client_is_told_in_one_line_without_its_secret(server: str) -> None:
    source = document(
        server, "wrong", "oauth2_client_credentials", client_secret="canary-wrong-secret"
    )
    with penstock.Client(source) as api, pytest.raises(penstock.AuthError) as caught:
        count(api)
    told = str(caught.value)
    assert "credentials at /auth" in told and "invalid_client" in told and "canary" not in told
    assert realm(server, "wrong")["token_requests"] == 1


# ------------------------------------------------------------------------ signed statements


class Strict(JSONServer):
    """RFC 7523 to the letter: the signature, who, for whom, when, and each statement once."""

    def __init__(self, key: Key, algorithm: str) -> None:
        super().__init__(StrictHandler)
        self.public = key.public_key()
        self.algorithm = algorithm
        self.seen: list[dict[str, Any]] = []
        self.problems: list[str] = []

    def check(self, statement: str) -> dict[str, Any]:
        signed, _, signature = statement.rpartition(".")
        header, claims = (json.loads(unpadded(part)) for part in signed.split("."))
        assert header["alg"] == self.algorithm and header["kid"] == "k1"
        raw = unpadded(signature)
        if isinstance(self.public, rsa.RSAPublicKey):
            self.public.verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            assert len(raw) == 64
            pair = utils.encode_dss_signature(
                int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            )
            self.public.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
        assert claims["aud"] == f"{self.url}/token"
        assert 0 < claims["exp"] - claims["iat"] <= 300
        assert claims["jti"] not in [one["jti"] for one in self.seen]
        self.seen.append(claims)
        found: dict[str, Any] = claims
        return found


class StrictHandler(JSONHandler):
    server: Strict

    def do_POST(self) -> None:
        given = dict(
            urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())
        )
        try:
            if given["grant_type"] == "client_credentials":
                kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                assert given["client_assertion_type"] == kind
                claims = self.server.check(given["client_assertion"])
                assert claims["iss"] == claims["sub"] == given["client_id"] == "me"
            else:
                assert given["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
                claims = self.server.check(given["assertion"])
                assert claims["iss"] == "me" and claims["sub"] == "who"
        except Exception as problem:
            self.server.problems.append(repr(problem))
            return self.say(400, {"error": "invalid_client"})
        return self.say(200, {"access_token": "t0ken", "token_type": "Bearer"})

    def do_GET(self) -> None:
        good = self.headers["Authorization"] == "Bearer t0ken"
        self.say(200 if good else 401, [1, 2, 3])


def unpadded(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("grant", ["oauth2_jwt_bearer", "oauth2_client_credentials"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("where", ["file", "env"])
def test_statements_hold_before_a_strict_server(
    grant: str, algorithm: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key: Key
    if algorithm == "RS256":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    (tmp_path / "key.pem").write_text(pem)
    monkeypatch.setenv("PENSTOCK_TEST_KEY", pem.replace("\n", "\\n"))
    reference = (
        {"file": str(tmp_path / "key.pem")} if where == "file" else {"env": "PENSTOCK_TEST_KEY"}
    )
    with Strict(key, algorithm) as strict:
        auth = {
            "type": grant,
            "token_url": "/token",
            "client_id": "me",
            "private_key": reference,
            "key_id": "k1",
            "algorithm": algorithm,
        }
        if grant == "oauth2_jwt_bearer":
            auth["subject"] = "who"
        with penstock.Client({"base_url": strict.url, "auth": auth, "streams": {"s": "/s"}}) as api:
            assert count(api) == 3
    assert strict.problems == [] and len(strict.seen) == 1


@pytest.mark.parametrize(
    ("pem", "algorithm", "told"),
    [
        ("weak", "RS256", "2048 bits"),
        ("rsa", "ES256", "P-256"),
        ("p384", "ES256", "P-256"),
        ("broken", "RS256", "can't be read"),
        ("locked", "RS256", "can't be read"),
    ],
)
def test_a_key_that_can_not_sign_is_refused_at_the_start(
    pem: str, algorithm: str, told: str, tmp_path: Path
) -> None:
    keys: dict[str, Key] = {
        "weak": rsa.generate_private_key(65537, 1024),
        "rsa": rsa.generate_private_key(65537, 2048),
        "p384": ec.generate_private_key(ec.SECP384R1()),
    }
    key = keys.get(pem, keys["rsa"])
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if pem == "locked":
        lock = serialization.BestAvailableEncryption(b"password")
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    ).decode()
    if pem == "broken":
        text = text[:200] + text[260:]
    (tmp_path / "key.pem").write_text(text)
    auth = {
        "type": "oauth2_jwt_bearer",
        "token_url": "/t",
        "issuer": "me",
        "private_key": {"file": str(tmp_path / "key.pem")},
        "algorithm": algorithm,
    }
    with pytest.raises(penstock.AuthError) as caught:
        penstock.Client({"base_url": "http://127.0.0.1:9", "auth": auth})
    assert "/auth/private_key" in str(caught.value) and told in str(caught.value)


def test_ten_thousand_requests_with_tokens_that_live_two_seconds(server: str) -> None:
    source = document(server, "ten-thousand", "oauth2_client_credentials", ";ttl=2s")
    source["retry"] = {"attempts": 1}
    source["limits"] = [{"requests": 900, "per": "1s"}]
    failed: list[Exception] = []
    with penstock.Client(source) as api:

        def work() -> None:
            for _ in range(1250):
                try:
                    page = api.request("GET", "/auth/oauth:ten-thousand/single/users:1")
                    assert page.status == 200
                except Exception as error:
                    failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = time.monotonic_ns()
    assert failed == []
    seen = realm(server, "ten-thousand")
    times = seen["asked_at_ns"]
    # A tenth of two seconds before its end: one each 1.8 seconds is the least that there can be.
    least = int((ended - times[0]) / 1.8e9) + 1
    assert seen["refused"] == {} and abs(len(times) - least) <= 1, (len(times), least)
    with urllib.request.urlopen(f"{server}/_stats", timeout=30) as answer:
        stats = json.load(answer)
    assert stats["routes"]["/auth/oauth:ten-thousand/single/users:1"] == 10_000
    print(f"{len(times)} tokens for 10,000 requests in {(ended - times[0]) / 1e9:.1f} s")
