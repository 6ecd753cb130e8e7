"""Records of an unknown endpoint, from nothing but its URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ._json import JSONLoads
from ._types import Limits
from .client import Client
from .errors import InvalidArgument, Status
from .limiter import Limiter

_NAME = "records"


def paginate(
    url: str,
    *,
    headers: Mapping[str, Any] | None = None,
    auth: Any = None,
    limits: Limits | None = None,
    limiter: Limiter | None = None,
    stream: Mapping[str, Any] | None = None,
    max_pages: int | None = None,
    max_records: int | None = None,
    json_loads: JSONLoads | None = None,
    **source: Any,
) -> Iterator[Any]:
    """The records of an endpoint, lazily; how it pages is found from its answers.

        for user in penstock.paginate("https://api.example.com/users"):
            print(user["name"])

    Args:
        url: The endpoint; query parameters in it go out with every page.
        headers: Headers for every request.
        auth: Credentials, as "auth" in a source document.
        limits: What the server allows, such as "10/s".
        limiter: A budget shared with clients.
        stream: What is known about the stream, such as `{"records": "data.users"}`.
        max_pages: Where to end.
        max_records: Where to end.
        json_loads: As for `Client`.
        source: Further keys of a source document.

    Raises:
        InvalidArgument: The URL is not an absolute http or https URL.
        ConfigError: An option is wrong.

    Iterating raises what ended the walk. The connections close with the iterator.
    """
    document, name = source_of(url, stream, headers=headers, auth=auth, limits=limits, **source)
    client = Client(document, limiter=limiter, json_loads=json_loads)
    try:
        records = client.records(name, max_pages=max_pages, max_records=max_records)
    except BaseException:
        client.close()
        raise
    return _closing(client, records)


def source_of(
    url: str, stream: Mapping[str, Any] | None = None, **keys: Any
) -> tuple[dict[str, Any], str]:
    """A source document whose only stream is the endpoint at `url`, and that stream's name."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise InvalidArgument(
            "an absolute http or https URL is needed", status=Status.ERROR_INVALID_ARGUMENT
        )
    query = query_of(parts.query)
    # A brace in a document's path would be a parameter.
    path = (parts.path or "/").replace("{", "%7B").replace("}", "%7D")
    endpoint: dict[str, Any] = {"path": path}
    if query is not None:
        endpoint["query"] = query
    document: dict[str, Any] = {"base_url": f"{parts.scheme}://{parts.netloc}"}
    document.update((key, value) for key, value in keys.items() if value is not None)
    document["streams"] = {_NAME: {**endpoint, **(stream or {})}}
    return document, _NAME


def query_of(text: str) -> dict[str, Any] | None:
    """The query of a URL as a document has it: a name that comes twice has a list. None: empty."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in values.items()} or None


def _closing(client: Client, records: Iterator[Any]) -> Iterator[Any]:
    with client:
        yield from records
