"""What the example documents need here: secrets, parameters, and the listings behind them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vendor_apis import github, gitlab, jira, mixpanel, shopify, slack, stripe, x, zendesk

SOURCES = Path(__file__).resolve().parents[2] / "examples" / "sources"

# The environment variables that the documents name.
ENVIRONMENT = {
    "GITHUB_TOKEN": github.TOKEN,
    "GITLAB_TOKEN": gitlab.TOKEN,
    "STRIPE_API_KEY": stripe.KEY,
    "SLACK_TOKEN": slack.TOKEN,
    "ZENDESK_USER": f"{zendesk.EMAIL}/token",
    "ZENDESK_API_TOKEN": zendesk.TOKEN,
    "SHOPIFY_ACCESS_TOKEN": shopify.TOKEN,
    "MIXPANEL_USERNAME": mixpanel.ACCOUNT,
    "MIXPANEL_SECRET": mixpanel.SECRET,
    "X_BEARER_TOKEN": x.TOKEN,
    "JIRA_EMAIL": jira.EMAIL,
    "JIRA_API_TOKEN": jira.TOKEN,
}

# What stands before the documents' paths in their base URL.
PREFIX = {
    "gitlab": "/api/v4",
    "slack": "/api",
    "shopify": "/admin/api/2025-01",
    "mixpanel": "/api/query",
}


@dataclass
class Stream:
    """A stream of a document, and the listing (path and query) that it should give in whole."""

    document: str
    name: str
    listing: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.document}.{self.name}"


FIELDS = "tweet.fields=author_id,created_at,in_reply_to_user_id,lang,public_metrics"
PEOPLE = "user.fields=created_at,description,location,verified"
JQL = {"jql": "project = EX ORDER BY created DESC"}
ASKED = "jql=project=EX"
STREAMS = [
    Stream("github", "issues", "/repos/octocat/Spoon-Knife/issues?state=all",
           {"owner": "octocat", "repo": "Spoon-Knife"}),
    Stream("github", "users", "/users"),
    Stream("github", "issue_search", "/search/issues?q=is:open&sort=created&order=asc",
           {"q": "is:open"}),
    Stream("gitlab", "projects", "/api/v4/projects?order_by=id&sort=asc"),
    Stream("gitlab", "issues", "/api/v4/projects/9/issues", {"project": 9}),
    Stream("stripe", "customers", "/v1/customers"),
    Stream("stripe", "charges", "/v1/charges"),
    Stream("slack", "users", "/api/users.list"),
    Stream("slack", "channels", "/api/conversations.list?exclude_archived=true"),
    Stream("slack", "messages", "/api/conversations.history?channel=C9X", {"channel": "C9X"}),
    Stream("slack", "channel_members", "/api/conversations.members?channel=C9X",
           {"channel": "C9X"}),
    Stream("zendesk", "tickets", "/api/v2/tickets"),
    Stream("zendesk", "users", "/api/v2/users"),
    Stream("zendesk", "ticket_export",
           "/api/v2/incremental/tickets/cursor?start_time=1704400000",
           {"start_time": 1_704_400_000}),
    Stream("shopify", "products", "/admin/api/2025-01/products.json"),
    Stream("shopify", "orders", "/admin/api/2025-01/orders.json?status=any"),
    Stream("mixpanel", "profiles", "/api/query/engage", {"project_id": 7}),
    Stream("x", "posts", f"/2/users/12/tweets?{FIELDS}", {"user_id": "12"}),
    Stream("x", "followers", f"/2/users/12/followers?{PEOPLE}", {"user_id": "12"}),
    Stream("jira", "issues", f"/rest/api/3/search/jql?{ASKED}&fields=*all", JQL),
    Stream("jira", "issues_by_post", f"/rest/api/3/search/jql?{ASKED}&fields=*all", JQL),
    Stream("jira", "issues_by_offset", f"/rest/api/3/search?{ASKED}", JQL),
    Stream("jira", "projects", "/rest/api/3/project/search"),
    Stream("jsonplaceholder", "posts", "/posts"),
    Stream("jsonplaceholder", "comments", "/comments"),
    Stream("jsonplaceholder", "todos", "/users/3/todos", {"user_id": 3}),
    Stream("jsonplaceholder", "users", "/users"),
]  # fmt: skip


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SOURCES / f"{name}.json").read_text())
    return found
