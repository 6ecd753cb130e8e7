"""What each API says to a request it does not take."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from vendor_apis_tests.conftest import CREDENTIALS, NewSite

PATHS = {
    "github": "/repos/o/r/issues",
    "gitlab": "/api/v4/projects",
    "stripe": "/v1/customers",
    "slack": "/api/users.list",
    "zendesk": "/api/v2/tickets",
    "shopify": "/admin/api/2025-01/products.json",
    "mixpanel": "/api/query/engage?project_id=1",
    "x": "/2/users/1/tweets",
    "jira": "/rest/api/3/project/search",
}


@pytest.mark.parametrize("vendor", PATHS)
def test_wrong_credentials(site: NewSite, vendor: str) -> None:
    here = site(vendor)
    wrong = {name: value[:-3] + "xyz" for name, value in CREDENTIALS[vendor].items()}
    wrong.pop("X-GitHub-Api-Version", None)
    reply = requests.get(here.url + PATHS[vendor], headers=wrong, timeout=10)
    if vendor == "slack":
        assert (reply.status_code, reply.json()) == (200, {"ok": False, "error": "invalid_auth"})
        bare = requests.get(here.url + PATHS[vendor], timeout=10)
        assert bare.json()["error"] == "not_authed"
    else:
        assert reply.status_code == 401
        assert isinstance(reply.json(), dict)


BAD: list[tuple[str, str, int, dict[str, Any]]] = [
    ("github", "/nothing", 404, {"message": "Not Found"}),
    ("github", "/repos/o/r/issues?state=shut", 422, {"message": "Validation Failed"}),
    ("github", "/search/issues", 422, {"message": "Validation Failed"}),
    ("gitlab", "/api/v4/nothing", 404, {"error": "404 Not Found"}),
    ("gitlab", "/api/v4/projects?page=first", 400, {"error": "page is invalid"}),
    ("gitlab", "/api/v4/projects?pagination=keyset&order_by=name", 405, {}),
    ("slack", "/api/users.list?cursor=x", 200, {"ok": False, "error": "invalid_cursor"}),
    ("slack", "/api/users.list?limit=1001", 200, {"ok": False, "error": "invalid_limit"}),
    ("slack", "/api/x.y", 200, {"ok": False, "error": "unknown_method", "req_method": "x.y"}),
    ("slack", "/api/conversations.history", 200, {"ok": False, "error": "channel_not_found"}),
    ("zendesk", "/api/v2/tickets?page[size]=101", 400, {}),
    ("zendesk", "/api/v2/tickets?page[size]=9&page[after]=x", 400, {}),
    ("zendesk", "/api/v2/incremental/tickets/cursor", 400, {}),
    ("zendesk", "/api/v2/incremental/tickets/cursor?start_time=9999999999", 422, {}),
    ("shopify", "/admin/api/2025-01/products.json?page_info=x", 400,
     {"errors": {"page_info": "Invalid value."}}),
    ("shopify", "/admin/nothing", 404, {"errors": "Not Found"}),
    ("jira", "/rest/api/3/search/jql?jql=order%20by%20created", 400, {}),
    ("jira", "/rest/api/3/search/jql", 400, {}),
    ("jira", "/rest/api/3/search/jql?jql=project=EX&nextPageToken=x", 400, {}),
    ("jira", "/rest/api/3/nothing", 404, {}),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "path", "status", "says"), BAD)
def test_bad_requests(
    site: NewSite, vendor: str, path: str, status: int, says: dict[str, Any]
) -> None:
    reply = site(vendor).get(path)
    assert reply.status_code == status, reply.text
    assert says.items() <= reply.json().items()


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", None),
        ("limit=101", "limit", None),
        ("limit=many", "limit", "parameter_invalid_integer"),
        ("per_page=10", "per_page", "parameter_unknown"),
        ("starting_after=cus_none", "starting_after", "resource_missing"),
        ("starting_after=a&ending_before=b", None, None),
    ],
)
def test_stripe(site: NewSite, query: str, param: str | None, code: str | None) -> None:
    reply = site("stripe").get(f"/v1/customers?{query}")
    found = reply.json()["error"]
    assert (reply.status_code, found["type"]) == (400, "invalid_request_error")
    assert (found.get("param"), found.get("code")) == (param, code)


def test_stripe_takes_the_key_as_user_name(site: NewSite) -> None:
    here = site("stripe")
    key = CREDENTIALS["stripe"]["Authorization"].removeprefix("Bearer ")
    assert requests.get(here.url + "/v1/charges", auth=(key, ""), timeout=10).status_code == 200
    bare = requests.get(here.url + "/v1/charges", timeout=10)
    assert bare.status_code == 401 and bare.headers["www-authenticate"] == 'Basic realm="Stripe"'


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("max_results=4", "value [4] is not between 5 and 100"),
        ("max_results=101", "value [101] is not between 5 and 100"),
        ("pagination_token=x", "value [x] is not valid"),
        ("tweet.fields=asdf", "value [asdf] is not one of [id,"),
        ("limit=5", "The query parameter [limit] is not one of [id,max_results,"),
    ],
)
def test_x(site: NewSite, query: str, text: str) -> None:
    reply = site("x").get(f"/2/users/1/tweets?{query}")
    assert reply.status_code == 400 and reply.json()["title"] == "Invalid Request"
    assert text in reply.json()["errors"][0]["message"]


def test_mixpanel(site: NewSite) -> None:
    here = site("mixpanel")
    assert here.post("/api/query/engage").status_code == 400
    assert here.post("/api/query/engage?project_id=1", data={"page": 1}).status_code == 400
    wrong = {"page": 1, "session_id": "none"}
    reply = here.post("/api/query/engage?project_id=1", data=wrong)
    assert reply.status_code == 400 and "uncached query" in reply.json()["error"]
    assert here.get("/api/query/engage?project_id=1").status_code == 405


def test_github_wants_a_user_agent(site: NewSite) -> None:
    here = site("github")
    reply = here.get("/users", headers={"User-Agent": ""})
    assert reply.status_code == 403 and "User-Agent" in reply.text
    unknown = here.get("/users", headers={"X-GitHub-Api-Version": "1999-01-01"})
    assert unknown.status_code == 400


def test_jira_posts_must_be_json(site: NewSite) -> None:
    assert site("jira").post("/rest/api/3/search/jql", data={"jql": "a"}).status_code == 400


def test_a_method_that_is_not_served(site: NewSite) -> None:
    for vendor in ("github", "gitlab", "stripe", "zendesk", "shopify", "x"):
        assert site(vendor).post(PATHS[vendor]).status_code == 404
