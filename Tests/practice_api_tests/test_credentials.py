"""Credentials of each kind are required, tokens die when they should, and leaks are seen."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
import requests

from practice_api_tests.conftest import Server

CLIENT = {"client_id": "practice-client", "client_secret": "practice-secret"}
DATA = "single/users:1"


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


CREDENTIALS: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("header:X-API-Key:k1", {"X-API-Key": "k1"}, {"X-API-Key": "k2"}),
    ("header:X-Whatever:a%20b", {"x-whatever": "a b"}, {"X-Whatever": "ab"}),
    ("header:Authorization:Token%20abc", {"Authorization": "Token abc"}, {"Authorization": "abc"}),
    ("bearer:tok", {"Authorization": "bearer tok"}, {"Authorization": "Bearer kot"}),
    ("bearer", {"Authorization": "Bearer practice-token"}, {"Authorization": "Bearer x"}),
    ("basic:u:p:q", basic("u:p:q"), basic("u:p")),
    ("basic", basic("practice-user:practice-pass"), {"Authorization": "Basic !!"}),
    ("cookie:sid:9", {"Cookie": "a=b; sid=9"}, {"Cookie": "sid=8"}),
    ("header:A:1+header:B:2", {"A": "1", "B": "2"}, {"A": "1"}),
]


@pytest.mark.parametrize(("spec", "right", "wrong"), CREDENTIALS, ids=[c[0] for c in CREDENTIALS])
def test_static_credentials(
    server: Server, spec: str, right: dict[str, str], wrong: dict[str, str]
) -> None:
    path = f"{server.http}/auth/{spec}/{DATA}"
    assert requests.get(path, headers=right, timeout=5).status_code == 200
    for headers in (wrong, {}):
        reply = requests.get(path, headers=headers, timeout=5)
        assert reply.status_code == 401 and reply.headers["WWW-Authenticate"]


def test_key_in_the_query_and_other_status(server: Server) -> None:
    path = f"{server.http}/auth/query:api_key:k;status=403/{DATA}"
    assert requests.get(path + "?api_key=k", timeout=5).status_code == 200
    assert requests.get(path + "?api_key=j", timeout=5).status_code == 403
    counts = server.ask("/_stats")["auth"]["query:api_key:k;status=403"]
    assert counts == {"requests": 2, "accepted": 1, "wrong": 1}


def ask_token(server: Server, knobs: str, data: dict[str, str], **more: Any) -> requests.Response:
    return requests.post(f"{server.http}/oauth;{knobs}/token", data=data, timeout=5, **more)


def use(server: Server, realm: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{server.http}/auth/oauth:{realm}/{DATA}"
    return requests.get(path, headers=headers, timeout=5).status_code


def test_client_credentials(server: Server) -> None:
    grant = {"grant_type": "client_credentials", "scope": "read"}
    posted = ask_token(server, "realm=cc", grant | CLIENT).json()
    assert posted["token_type"] == "Bearer" and posted["expires_in"] == 3600
    assert posted["scope"] == "read" and use(server, "cc", posted["access_token"]) == 200
    pair = ("practice-client", "practice-secret")
    assert ask_token(server, "realm=cc;auth=basic", grant, auth=pair).status_code == 200
    assert ask_token(server, "realm=cc;auth=basic", grant | CLIENT).status_code == 401
    assert ask_token(server, "realm=cc;auth=post", grant, auth=pair).status_code == 401
    assert ask_token(server, "realm=cc;audience=api", grant | CLIENT).status_code == 400
    bad = ask_token(server, "realm=cc", grant | CLIENT | {"client_secret": "x"})
    assert (bad.status_code, bad.json()["error"]) == (401, "invalid_client")
    assert ask_token(server, "realm=cc", CLIENT | {"grant_type": "x"}).status_code == 400
    where = f"{server.http}/oauth;realm=cc/token"
    assert requests.post(where, json=grant | CLIENT, timeout=5).status_code == 200
    assert use(server, "other-realm", posted["access_token"]) == 401
    seen = server.ask("/_stats")["oauth"]["cc"]
    assert seen["token_requests"] == 8 and seen["refused"]["invalid_client"] == 3


def test_forms_of_a_token_answer(server: Server) -> None:
    grant = {"grant_type": "client_credentials"} | CLIENT
    odd = ask_token(server, "realm=f;expires=absent;type=absent;at=data.token", grant).json()
    assert set(odd) == {"data"}
    odd = ask_token(server, "realm=f;expires=text;type=bearer;ttl=60", grant).json()
    assert (odd["expires_in"], odd["token_type"]) == ("60", "bearer")


def test_tokens_die(server: Server) -> None:
    grant = {"grant_type": "client_credentials"} | CLIENT
    short = ask_token(server, "realm=d;ttl=1s", grant).json()["access_token"]
    assert use(server, "d", short) == 200
    time.sleep(1.05)
    assert use(server, "d", short) == 401
    worn = ask_token(server, "realm=d;uses=2", grant).json()["access_token"]
    assert [use(server, "d", worn) for _ in range(3)] == [200, 200, 401]
    old = ask_token(server, "realm=d;single", grant).json()["access_token"]
    new = ask_token(server, "realm=d;single", grant).json()["access_token"]
    assert (use(server, "d", old), use(server, "d", new)) == (401, 200)
    requests.post(f"{server.http}/oauth;realm=d/revoke", timeout=5)
    assert use(server, "d", new) == 401
    seen = server.ask("/_stats")["auth"]["oauth:d"]
    assert seen["expired"] == 1 and seen["worn"] == 1 and seen["unknown"] == 2


def test_refresh_tokens(server: Server) -> None:
    def refresh(knobs: str, token: str) -> requests.Response:
        grant = {"grant_type": "refresh_token", "refresh_token": token} | CLIENT
        return ask_token(server, knobs, grant)

    kept = refresh("realm=r1", "practice-refresh").json()
    assert "refresh_token" not in kept and use(server, "r1", kept["access_token"]) == 200
    assert refresh("realm=r1", "practice-refresh").status_code == 200
    assert refresh("realm=r1", "unknown").json()["error"] == "invalid_grant"
    first = refresh("realm=r2;rotate", "practice-refresh").json()
    second = refresh("realm=r2;rotate", first["refresh_token"]).json()
    assert use(server, "r2", second["access_token"]) == 200
    # Reuse of a rotated token looks like theft: everything ends.
    assert refresh("realm=r2;rotate", "practice-refresh").status_code == 400
    assert refresh("realm=r2;rotate", second["refresh_token"]).status_code == 400
    assert use(server, "r2", second["access_token"]) == 401
    assert server.ask("/_stats")["oauth"]["r2"]["refresh_reuses"] == 2


def test_password_and_assertion(server: Server) -> None:
    user = {"username": "practice-user", "password": "practice-pass", "grant_type": "password"}
    good = ask_token(server, "realm=p", user | CLIENT).json()
    assert good["refresh_token"] and use(server, "p", good["access_token"]) == 200
    assert ask_token(server, "realm=p", user | CLIENT | {"password": "x"}).status_code == 400

    def jwt(**claims: Any) -> dict[str, str]:
        def piece(of: Any) -> str:
            return base64.urlsafe_b64encode(json.dumps(of).encode()).decode().rstrip("=")

        text = f"{piece({'alg': 'RS256'})}.{piece(claims)}.c2ln"
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": text}

    right = {"iss": "me", "aud": "you", "exp": time.time() + 60}
    assert ask_token(server, "realm=p", jwt(**right)).status_code == 200
    assert ask_token(server, "realm=p", jwt(**right | {"exp": 1})).status_code == 400
    assert ask_token(server, "realm=p", jwt(iss="me")).status_code == 400


def test_login_session(server: Server) -> None:
    login = {"username": "practice-user", "password": "practice-pass"}
    path = f"{server.http}/session;realm=s;ttl=1s/login"
    with requests.Session() as session:
        reply = session.post(path, json=login, timeout=5)
        data = f"{server.http}/auth/session:s/{DATA}"
        assert session.get(data, timeout=5).status_code == 200, "by cookie"
        token = {"X-Session-Token": reply.json()["token"]}
        assert requests.get(data, headers=token, timeout=5).status_code == 200
        time.sleep(1.05)
        assert requests.get(data, headers=token, timeout=5).status_code == 401
    assert requests.post(path, json=login | {"password": "x"}, timeout=5).status_code == 400


def test_canary_sees_every_place_a_secret_can_hide_in(server: Server) -> None:
    other = server.ready["other"]
    path = f"{server.http}/auth/header:X-Odd:sesame-1/redirect/302:other/nexturl/users:5"
    # requests drops Authorization on another port and nothing else: a leak, caught by value.
    leaky = {"X-Odd": "sesame-1", "Authorization": "Bearer b"}
    reply = requests.get(path, headers=leaky, timeout=5)
    assert reply.status_code == 200 and reply.url.startswith(other)
    seen = server.ask("/_canary")
    assert seen[-1]["listener"] == "other"
    assert seen[-1]["credentials"] == ["known secret 'sesame-1'"]
    requests.get(f"{other}/canary?api_key=1&page=2", timeout=5)
    requests.get(f"{other}/canary", headers={"Cookie": "a=b"}, timeout=5)
    requests.post(f"{other}/canary", data={"client_secret": "practice-secret"}, timeout=5)
    requests.get(f"{server.http}/canary", timeout=5)
    found = [each["credentials"] for each in server.ask("/_canary")[-4:]]
    assert found[0] == ["api_key: 1"] and found[1] == ["Cookie: a=b"] and not found[3]
    assert found[2] == ["client_secret: practice-secret", "known secret 'practice-secret'"]
    for _ in range(3):  # no short way past the recorder
        requests.get(f"{other}/single/users:1", headers={"X-Api-Key": "1"}, timeout=5)
    assert all(each["credentials"] == ["X-Api-Key: 1"] for each in server.ask("/_canary")[-3:])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_statuses(server: Server, status: int) -> None:
    path = f"/redirect/{status}:same/offset/users:9?limit=3"
    reply = server.get(path, allow_redirects=False)
    assert reply.status_code == status
    assert reply.headers["Location"] == f"{server.http}/offset/users:9?limit=3"
    assert len(server.get(path).json()["data"]) == 3
    assert server.get(f"/redirect/{status}:relative/{DATA}").status_code == 200
    posted = requests.post(f"{server.http}/redirect/{status}:same/write/r{status}", timeout=5)
    methods = server.ask(f"/_writes/r{status}")["methods"]
    # RFC 9110 §15.4: only 307 and 308 keep the method (and the write happens).
    assert methods == ({"POST": 1} if status > 303 else {}) and posted.ok


def test_redirect_places(server: Server) -> None:
    def location(to: str, base: str = server.http) -> str | None:
        reply = requests.get(
            f"{base}/redirect/302:{to}/{DATA}?a=b", allow_redirects=False, timeout=5,
            verify=server.ready["ca_file"],
        )  # fmt: skip
        return reply.headers.get("Location")

    port = server.http.rpartition(":")[2]
    onward = f"/{DATA}?a=b"
    assert location("other") == server.ready["other"] + onward
    assert location("localhost") == f"http://localhost:{port}{onward}"
    assert location("file") == "file:///etc/passwd"
    assert location("userinfo") == f"http://practice-user:practice-pass@127.0.0.1:{port}{onward}"
    assert location("missing") is None
    secure = server.ready["https"]
    assert location("http", secure) == server.http + onward
    assert location("other", secure) == server.ready["https_other"] + onward
    for endless in ("loop", "pingpong"):
        with pytest.raises(requests.TooManyRedirects):
            server.get(f"/redirect/302:{endless}/{DATA}")
    chain = server.get(f"/redirect/302:chain:12/{DATA}")
    assert chain.status_code == 200 and len(chain.history) == 12


def test_idempotency_keys(server: Server) -> None:
    path = f"{server.http}/write/keys"

    def post(body: Any, key: str | None = None, where: str = path) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return requests.post(where, json=body, headers=headers, timeout=5)

    first, again = post({"n": 1}, "k"), post({"n": 1}, "k")
    assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    assert post({"n": 2}, "k").status_code == 422
    assert post({"n": 1}).json()["id"] != first.json()["id"]
    seen = server.ask("/_writes/keys")
    assert seen["by_key"] == {"k": {"arrivals": 3, "bodies": 2, "executed": True}}
    assert (seen["arrivals"], seen["created"], seen["without_key"]) == (4, 2, 1)
    assert sorted(seen["by_body"].values()) == [1, 3]
    assert post({}, None, f"{server.http}/write;required/keys2").status_code == 400
    for _ in range(2):
        post({}, "k", f"{server.http}/write;ignore/keys3")
    assert server.ask("/_writes/keys3")["created"] == 2


def test_writes_of_each_method(server: Server) -> None:
    path = f"{server.http}/write/crud/a"
    assert requests.put(path, json={"x": 1}, timeout=5).status_code == 201
    assert requests.put(path, json={"x": 2}, timeout=5).status_code == 200
    patched = requests.patch(path, json={"y": 3}, timeout=5)
    assert patched.json()["body"] == {"x": 2, "y": 3}
    assert len(server.get("/write/crud").json()["data"]) == 1
    assert requests.delete(path, timeout=5).status_code == 204
    assert requests.delete(path, timeout=5).status_code == 404
    assert server.ask("/_writes/crud")["methods"] == {"PUT": 2, "PATCH": 1, "DELETE": 2}
