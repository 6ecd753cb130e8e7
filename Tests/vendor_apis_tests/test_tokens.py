"""The APIs that page by a token, an id or a number, walked as their documentation says."""

from __future__ import annotations

from typing import Any

import pytest

from vendor_apis_tests.conftest import NewSite


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/charges"])
def test_stripe(site: NewSite, path: str) -> None:
    here = site("stripe")
    params: dict[str, Any] = {"limit": 100}
    more = True
    while more:
        reply = here.get(path, params=params)
        here.take(reply, "data")
        more = reply.json()["has_more"]
        params["starting_after"] = reply.json()["data"][-1]["id"]
    here.compare(path, 321)


def test_stripe_backwards_filters_and_defaults(site: NewSite) -> None:
    here = site("stripe")
    first = here.get("/v1/customers").json()
    assert len(first["data"]) == 10 and first["url"] == "/v1/customers"
    second = here.get("/v1/customers", params={"starting_after": first["data"][-1]["id"]}).json()
    before = {"ending_before": second["data"][0]["id"]}
    assert here.get("/v1/customers", params=before).json() == first | {"has_more": False}
    limited = {"created[gte]": 1_704_068_000, "created[lt]": 1_704_072_000, "limit": "100"}
    times = [c["created"] for c in here.get("/v1/customers", params=limited).json()["data"]]
    assert times and min(times) >= 1_704_068_000 and max(times) < 1_704_072_000


@pytest.mark.parametrize("send", ["get", "post"])
@pytest.mark.parametrize(
    ("method", "at", "extra"),
    [
        ("users.list", "members", {}),
        ("conversations.list", "channels", {"exclude_archived": "true"}),
        ("conversations.history", "messages", {"channel": "C024BE91L"}),
        ("conversations.members", "members", {"channel": "C024BE91L"}),
    ],
)
def test_slack(site: NewSite, method: str, at: str, extra: dict[str, str], send: str) -> None:
    here = site("slack")
    cursor, counts = "", []
    while True:
        arguments = {"limit": 100, **extra} | ({"cursor": cursor} if cursor else {})
        path = f"/api/{method}"
        reply = (
            here.get(path, params=arguments) if send == "get" else here.post(path, data=arguments)
        )
        counts.append(here.take(reply, at))
        assert reply.json()["ok"] is True
        cursor = reply.json().get("response_metadata", {}).get("next_cursor", "")
        if not cursor:
            break
    if method == "conversations.list":
        assert 0 in counts[:-1]  # an empty page that is not the last
    query = "&".join(f"{k}={v}" for k, v in extra.items())
    here.compare(f"/api/{method}?{query}", 100)


def test_slack_history_tells_of_more(site: NewSite) -> None:
    here = site("slack", records=150)
    page = here.get("/api/conversations.history?channel=C024BE91L").json()
    assert page["has_more"] is True and page["response_metadata"]["next_cursor"]
    page = here.get("/api/conversations.history?channel=C024BE91L&limit=150").json()
    assert page["has_more"] is False and "response_metadata" not in page


@pytest.mark.parametrize("name", ["tickets", "users"])
def test_zendesk_by_cursor(site: NewSite, name: str) -> None:
    here = site("zendesk", records=300)
    url = f"/api/v2/{name}.json?page[size]=100"
    pages = 0
    while True:
        reply = here.get(url)
        here.take(reply, name)
        pages += 1
        if not reply.json()["meta"]["has_more"]:
            break
        url = reply.json()["links"]["next"]
    assert pages == 3
    here.compare(f"/api/v2/{name}", 300)
    # What a client meets that goes on after the end.
    after = here.get(reply.json()["links"]["next"]).json()
    assert after[name] == [] and after["meta"]["has_more"] is False


def test_zendesk_by_offset(site: NewSite) -> None:
    here = site("zendesk")
    url: str | None = "/api/v2/tickets.json?per_page=50"
    while url:
        reply = here.get(url)
        here.take(reply, "tickets")
        url = reply.json()["next_page"]
    assert reply.json()["count"] == 345
    here.compare("/api/v2/tickets.json", 345)


def test_zendesk_offset_has_a_floor(site: NewSite) -> None:
    here = site("zendesk")
    assert here.get("/api/v2/tickets.json?per_page=1&page=100").status_code == 200
    deep = here.get("/api/v2/tickets.json?per_page=1&page=101")
    assert deep.status_code == 400
    assert deep.json()["errors"][0]["code"] == "InvalidPaginationDepth"


def test_zendesk_incremental_export(site: NewSite) -> None:
    here = site("zendesk")
    start = 1_704_400_000
    url = f"/api/v2/incremental/tickets/cursor.json?start_time={start}"
    while True:
        reply = here.get(url).json()
        here.records += [b"x"] * len(reply["tickets"])
        url = reply["after_url"]
        if reply["end_of_stream"]:
            break
    assert url  # for the next export: the end is told by end_of_stream alone
    path = f"/_truth/api/v2/incremental/tickets/cursor?start_time={start}"
    assert len(here.records) == here.ask(path)["count"] > 1000


@pytest.mark.parametrize(("records", "pages"), [(3456, 4), (2000, 3)])
def test_mixpanel(site: NewSite, records: int, pages: int) -> None:
    here = site("mixpanel", records=records)
    form: dict[str, Any] = {}
    seen = 0
    while True:
        reply = here.post("/api/query/engage?project_id=7", data=form)
        here.take(reply, "results")
        seen += 1
        page = reply.json()
        if len(page["results"]) < page["page_size"]:
            break
        form = {"session_id": page["session_id"], "page": page["page"] + 1}
    assert (seen, page["total"]) == (pages, records)
    here.compare("/api/query/engage", records)


def test_mixpanel_filters_stay_with_the_session(site: NewSite) -> None:
    here = site("mixpanel", size=100)
    where = 'properties["plan"] == "pro"'
    first = here.post("/api/query/engage?project_id=7", data={"where": where}).json()
    assert {p["$properties"]["plan"] for p in first["results"]} == {"pro"}
    following = {"session_id": first["session_id"], "page": 1}
    assert here.post("/api/query/engage?project_id=7", data=following).status_code == 400
    assert here.post("/api/query/engage?project_id=7", data=following | {"where": where}).ok


@pytest.mark.parametrize(("kind", "size"), [("tweets", 100), ("tweets", None), ("followers", 100)])
def test_x(site: NewSite, kind: str, size: int | None) -> None:
    here = site("x")
    params: dict[str, Any] = {"max_results": size} if size else {}
    counts = []
    while True:
        reply = here.get(f"/2/users/2244994945/{kind}", params=params)
        page = reply.json()
        counts.append(page["meta"]["result_count"])
        if "data" in page:
            assert here.take(reply, "data") == counts[-1]
        if "next_token" not in page["meta"]:
            break
        params["pagination_token"] = page["meta"]["next_token"]
    assert "previous_token" in page["meta"] and max(counts) <= (size or 10)
    if kind == "followers":
        assert 0 in counts[:-1]  # no `data` there, and still a next token
    here.compare(f"/2/users/2244994945/{kind}", 180)


def test_x_fields(site: NewSite) -> None:
    here = site("x")
    plain = here.get("/2/users/1/tweets").json()["data"][0]
    assert plain.keys() == {"id", "text", "edit_history_tweet_ids"}
    more = here.get("/2/users/1/tweets?tweet.fields=created_at,lang").json()["data"][0]
    assert more.keys() - plain.keys() == {"created_at", "lang"}


@pytest.mark.parametrize("send", ["get", "post"])
@pytest.mark.parametrize("fields", [None, "summary,status", "*all"])
def test_jira_by_token(site: NewSite, send: str, fields: str | None) -> None:
    here = site("jira")
    jql = "project = EX AND status = Done ORDER BY created DESC"
    asked: dict[str, Any] = {"jql": jql, "maxResults": 70}
    if fields:
        asked["fields"] = fields if send == "get" else fields.split(",")
    while True:
        path = "/rest/api/3/search/jql"
        reply = here.get(path, params=asked) if send == "get" else here.post(path, json=asked)
        here.take(reply, "issues")
        page = reply.json()
        if page["isLast"]:
            break
        asked["nextPageToken"] = page["nextPageToken"]
    assert page.get("nextPageToken") is None
    assert ("nextPageToken" in page) == (send == "post")
    truth = f"/rest/api/3/search/jql?jql={jql}" + (f"&fields={fields}" if fields else "")
    here.compare(truth.replace(" ", "%20"), 100)


def test_jira_by_offset_gives_fewer_than_asked(site: NewSite) -> None:
    here = site("jira")
    start = 0
    while True:
        reply = here.get(f"/rest/api/3/search?jql=project=EX&maxResults=1000&startAt={start}")
        start += here.take(reply, "issues")
        page = reply.json()
        assert page["maxResults"] == 100
        if start >= page["total"]:
            break
    here.compare("/rest/api/3/search?jql=project=EX", 456)
    gone = site("jira", gone="").get("/rest/api/3/search?jql=project=EX")
    assert gone.status_code == 410 and "CHANGE-2046" in gone.json()["errorMessages"][0]


def test_jira_projects(site: NewSite) -> None:
    here = site("jira")
    url: str | None = "/rest/api/3/project/search"
    while url:
        reply = here.get(url)
        here.take(reply, "values")
        url = reply.json().get("nextPage")
    assert reply.json()["isLast"] is True and reply.json()["maxResults"] == 50
    here.compare("/rest/api/3/project/search", 123)
