"""The APIs that give a Link header, walked by `requests` as their documentation says."""

from __future__ import annotations

import pytest
import requests

from vendor_apis_tests.conftest import NewSite, Site


def follow(site: Site, path: str, at: str = "") -> list[requests.Response]:
    pages = []
    url: str | None = path
    while url:
        reply = site.get(url)
        site.take(reply, at)
        pages.append(reply)
        url = reply.links.get("next", {}).get("url")
    return pages


ISSUES = "/repos/octocat/Spoon-Knife/issues"


def test_github_issues(site: NewSite) -> None:
    here = site("github")
    pages = follow(here, f"{ISSUES}?state=all&per_page=100")
    assert len(pages) == 8
    assert pages[0].links.keys() == {"next", "last"}
    assert pages[3].links.keys() == {"prev", "next", "last", "first"}
    assert pages[7].links.keys() == {"prev", "first"}
    # The links name the repository by its id, not as it was asked for.
    assert "/repositories/" in pages[0].links["next"]["url"]
    assert "state=all&per_page=100&page=2" in pages[0].links["next"]["url"]
    here.compare(f"{ISSUES}?state=all", 730)


def test_github_gives_open_issues_and_thirty_a_page_unless_asked(site: NewSite) -> None:
    here = site("github")
    pages = follow(here, ISSUES)
    assert len(pages[0].json()) == 30
    assert {issue["state"] for page in pages for issue in page.json()} == {"open"}
    here.compare(ISSUES, 100)
    assert len(here.get(f"{ISSUES}?per_page=1000").json()) == 100


def test_github_one_page_has_no_link_and_a_page_past_the_end_is_empty(site: NewSite) -> None:
    small = site("github", records=20)
    assert "link" not in small.get(f"{ISSUES}?state=all").headers
    past = small.get(f"{ISSUES}?state=all&page=9")
    assert past.json() == [] and past.links.keys() == {"prev", "first"}


def test_github_users_are_paged_by_the_last_id(site: NewSite) -> None:
    here = site("github")
    pages = follow(here, "/users?per_page=100")
    assert len(pages) == 6 and pages[-1].json() == []
    assert pages[0].headers["link"].endswith('/users{?since}>; rel="first"')
    here.compare("/users", 500)


def test_github_search_stops_at_a_thousand(site: NewSite) -> None:
    here = site("github")
    pages = follow(here, "/search/issues?q=is:open&per_page=100", "items")
    assert len(here.records) == 1000 < pages[0].json()["total_count"] == 1234
    assert here.get("/search/issues?q=is:open&per_page=100&page=11").status_code == 422
    assert pages[0].headers["x-ratelimit-resource"] == "search"


def test_github_search_by_date(site: NewSite) -> None:
    here = site("github")
    path = "/search/issues?sort=created&order=asc&per_page=100&q=is:open"
    times = [item["created_at"] for item in here.get(path).json()["items"]]
    assert times == sorted(times)
    later = here.get(f"{path} created:>={times[50]}").json()["items"]
    assert [item["created_at"] for item in later[:50]] == times[50:]
    assert here.get(f"{path} created:<={times[50]}").json()["total_count"] == 51


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_gitlab_projects_by_keyset_end_with_an_empty_page(site: NewSite, sort: str) -> None:
    here = site("gitlab", records=300)
    path = f"/api/v4/projects?order_by=id&sort={sort}"
    pages = follow(here, f"{path}&pagination=keyset&per_page=100")
    assert [len(page.json()) for page in pages] == [100, 100, 100, 0]
    assert not any(name.startswith("x-") for name in map(str.lower, pages[0].headers))
    here.compare(path, 300)


def test_gitlab_issues_by_offset(site: NewSite) -> None:
    here = site("gitlab")
    pages = follow(here, "/api/v4/projects/group%2Fproject/issues?per_page=50")
    assert len(pages) == 7
    first, last = pages[0].headers, pages[-1].headers
    assert first["x-total"] == "345" and first["x-total-pages"] == "7"
    assert (first["x-next-page"], first["x-prev-page"]) == ("2", "")
    assert (last["x-next-page"], last["x-prev-page"]) == ("", "6")
    assert pages[-1].links.keys() == {"prev", "first", "last"}
    here.compare("/api/v4/projects/group%2Fproject/issues", 345)


def test_gitlab_by_next_page_header(site: NewSite) -> None:
    here = site("gitlab")
    page = "1"
    while page:
        reply = here.get("/api/v4/projects/9/issues", params={"state": "opened", "page": page})
        assert here.take(reply) <= 20
        page = reply.headers["x-next-page"]
    here.compare("/api/v4/projects/9/issues?state=opened", 100)


def test_gitlab_leaves_out_totals_above_ten_thousand_and_refuses_deep_pages(site: NewSite) -> None:
    here = site("gitlab", records=50_200)
    reply = here.get("/api/v4/projects?per_page=100&page=500")
    assert reply.status_code == 200 and "x-total" not in reply.headers
    assert "last" not in reply.links and reply.links["next"]
    deep = here.get(reply.links["next"]["url"])
    assert deep.status_code == 405 and "maximum allowed offset of 50000" in deep.json()["error"]


@pytest.mark.parametrize("name", ["products", "orders"])
def test_shopify(site: NewSite, name: str) -> None:
    here = site("shopify")
    path = f"/admin/api/2025-01/{name}.json"
    pages = follow(here, f"{path}?limit=250&status=any", name)
    assert len(pages) == 3
    assert [sorted(page.links) for page in pages] == [["next"], ["next", "previous"], ["previous"]]
    here.compare(f"{path}?status=any", 654)
    back = here.get(pages[2].links["previous"]["url"])
    assert back.content == pages[1].content


def test_shopify_keeps_filters_in_the_page_info(site: NewSite) -> None:
    here = site("shopify")
    path = "/admin/api/2025-01/orders.json"
    pages = follow(here, f"{path}?fields=id,name,note", "orders")
    assert "status" not in pages[0].links["next"]["url"]
    assert len(pages[0].json()["orders"]) == 50
    assert pages[0].json()["orders"][0].keys() == {"id", "name", "note"}
    here.compare(f"{path}?fields=id,name,note", 200)
    mixed = here.get(pages[0].links["next"]["url"] + "&status=open")
    assert mixed.status_code == 400
    assert mixed.json()["errors"]["status"].startswith("status cannot be passed when page_info is")


@pytest.mark.parametrize("name", ["posts", "comments", "users", "photos"])
def test_jsonplaceholder(site: NewSite, name: str) -> None:
    here = site("jsonplaceholder")
    pages = follow(here, f"/{name}?_page=1&_limit=60")
    truth = here.ask(f"/_truth/{name}")
    if name == "users":
        assert "link" not in pages[0].headers  # all on one page
    else:
        assert sorted(pages[0].links) == ["first", "last", "next"]
    assert pages[0].headers["x-total-count"] == str(truth["count"])
    here.compare(f"/{name}")
    past = here.get(f"/{name}?_page=99&_limit=100")
    assert past.json() == [] and "link" not in past.headers


def test_jsonplaceholder_routes_and_filters(site: NewSite) -> None:
    here = site("jsonplaceholder")
    assert len(here.get("/posts").json()) == 100
    assert len(here.get("/posts?_page=2").json()) == 10
    assert here.get("/posts?userId=3&nothing=1").json() == here.get("/users/3/posts").json()
    assert here.get("/posts?_start=5&_limit=2").json() == here.get("/posts").json()[5:7]
    assert here.get("/posts/7").json() == here.get("/posts").json()[6]
    assert (here.get("/posts/0").status_code, here.get("/posts/0").text) == (404, "{}")
