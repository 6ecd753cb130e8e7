"""The vendors by name."""

from __future__ import annotations

from vendor_apis.github import GitHub
from vendor_apis.gitlab import GitLab
from vendor_apis.jira import Jira
from vendor_apis.jsonplaceholder import JSONPlaceholder
from vendor_apis.mixpanel import Mixpanel
from vendor_apis.shopify import Shopify
from vendor_apis.slack import Slack
from vendor_apis.stripe import Stripe
from vendor_apis.vendor import Vendor
from vendor_apis.x import X
from vendor_apis.zendesk import Zendesk

VENDORS: dict[str, type[Vendor]] = {
    each.name: each
    for each in (
        GitHub, GitLab, Stripe, Slack, Zendesk, Shopify, Mixpanel, X, Jira, JSONPlaceholder,
    )
}  # fmt: skip
