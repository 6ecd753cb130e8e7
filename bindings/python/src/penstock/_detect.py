"""A source document for an endpoint that nobody has described yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from ._traits import key_of, time_fields
from .client import Client
from .errors import DataError, HTTPStatusError, PenstockError
from .page import Page
from .walk import source_of

# How an API may call the size of a page.
_SIZES = (
    *("limit", "per_page", "perPage", "page_size", "pageSize", "page[size]", "size", "count"),
    *("max", "maxResults", "max_results", "first", "take", "top", "$top", "rows", "n"),
    *("_size", "_limit"),
)
# Under which names the token of a page goes back, the usual ones first.
_TOKENS = {
    "offset": ("offset", "skip", "start", "startAt", "startIndex"),
    "page": ("page", "p", "page_number", "pageNumber"),
    "cursor": ("cursor", "page_token", "after", "next_token", "pageToken", "starting_after"),
}
_MOST_GUESSES = 3
# What is proposed stays so far below what the server says it allows.
_SHARE = 0.9
_WINDOWS = (1, 10, 60, 300, 900, 3600, 86_400)


def detect(
    url: str,
    *,
    auth: Any = None,
    headers: Mapping[str, Any] | None = None,
    name: str | None = None,
    probe: bool = True,
    on_request: Callable[[str], object] | None = None,
) -> dict[str, Any]:
    """Propose a source document for an endpoint: where its records are, what tells them apart, how
    its pages follow each other, and which limits its server states. "description" says why.

    It makes two requests, the second only if the first answer leads on, and at most three that are
    guesses: where that shows nothing, and for the name of the page size.

    Args:
        url: The endpoint; query parameters in it become the stream's.
        auth: Credentials, as "auth" in a source document; best as references.
        headers: Headers for every request.
        name: What the stream is called; by the URL's path when absent.
        probe: Whether to try what the first answer does not show.
        on_request: Told of each request that is a guess, before it is made.

    Raises:
        InvalidArgument: The URL is not an absolute http or https URL.
        PenstockError: The endpoint can't be read, or gives no records.
    """
    base = _split(url, {"auth": auth, "headers": headers})
    with Client({**base.source, "retry": {"attempts": 2}}) as client:
        finding = _Finding(client, base.stream, on_request or (lambda _: None))
        finding.look()
        if probe:
            finding.probe()
        finding.settle_size(probe)
        return _document(base, finding, name or base.name)


class _Base:
    """An endpoint's URL as parts of a document."""

    def __init__(self, source: dict[str, Any], stream: dict[str, Any], name: str) -> None:
        self.source, self.stream, self.name = source, stream, name


def _split(url: str, keys: Mapping[str, Any]) -> _Base:
    document, only = source_of(url, **keys)
    stream: dict[str, Any] = document.pop("streams")[only]
    parts = [part for part in stream["path"].split("/") if part]
    # The last part is the stream; what is in front of it other streams have, too.
    last = (parts[-1] if parts else "") + ("/" if parts and stream["path"].endswith("/") else "")
    document["base_url"] += "".join(f"/{part}" for part in parts[:-1])
    word = re.split(r"[;:?]", parts[-1] if parts else "")[0]
    word = re.sub(r"\.json$", "", word)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", word).lstrip(".-") or "records"
    return _Base(document, {**stream, "path": f"/{last}"}, name)


class _Finding:
    """What the answers so far show."""

    def __init__(
        self, client: Client, stream: Mapping[str, Any], tell: Callable[[str], object]
    ) -> None:
        self._client = client
        self._stream = dict(stream)
        self._tell = tell
        self.query: dict[str, Any] = dict(stream.get("query", {}))
        self.raw: list[bytes] = []
        self.records: list[Any] = []
        self.reasons: list[str] = []
        self.requests = 0
        self.metadata: dict[str, Any] = {}
        self.pagination: dict[str, Any] = {"type": "none"}
        self.path = ""
        self.is_list = False
        self.first_count = 0
        self._token: str | None = None
        # What the first answer shows, if only the name of the parameter were right.
        self._unnamed: dict[str, Any] | None = None
        self._guesses = 0
        self._starts_at_zero = False

    # ------------------------------------------------------------------------- as it is said

    def look(self) -> None:
        """Walk two pages by detection."""
        pages = self._client.pages(self._stream, max_pages=2, read_ahead=0)
        with pages:
            first = self._take(pages.next_page())
            self.metadata = first.metadata
            self.path = self.metadata.get("detected_records", "")
            self.pagination = dict(self.metadata.get("detected_pagination", {"type": "none"}))
            self.reasons += self.metadata.get("detected", ())
            self.reasons += (f"doubt: {text}" for text in self.metadata["warnings"])
            self.first_count = first.record_count
            self._token = first.next_token
            # An object that is the one record is no list that could go on.
            self.is_list = bool(self.path) or bytes(first.body[:64]).lstrip()[:1] == b"["
            try:
                second = pages.next_page()
            except (DataError, HTTPStatusError) as error:
                self.reasons.append(f"that fails on the second page: {error.message}")
                self._unnamed = self.pagination if "param" in self.pagination else None
                self.pagination = {"type": "none"}
                self.requests += 1
                return
            if second is not None:
                self._take(second)
                self.reasons.append("paging: the second page came and was another one")

    def _take(self, page: Page | None) -> Page:
        if page is None:
            raise DataError("the endpoint gave no page")
        self.requests += 1
        self.raw += [bytes(record) for record in page.raw]
        self.records += page.records
        return page

    # ------------------------------------------------------------------------- as it is tried

    def probe(self) -> None:
        """Ask for a second page in the usual ways, politely: one request each, three at most."""
        if self.pagination["type"] != "none" or not self.is_list or not self.records:
            return
        count = self.first_count
        if self._unnamed is not None and self._name(self._unnamed):
            return
        limit = self._size_name() or "limit"
        if self._leads_on({"page": 2}, first=({"page": 1}, {"page": 0})):
            self.pagination = {"type": "page", "param": "page"}
            if self._starts_at_zero:
                self.pagination["start"] = 0
        elif self._leads_on(
            {"offset": count, limit: count},
            first=({"offset": 0, limit: count},),
        ):
            self.pagination = {"type": "offset", "param": "offset"}
            self.pagination["size"] = {"param": limit, "value": count}
        else:
            key = key_of(self.records)
            last = self.records[-1].get(key) if key else None
            if last is not None and self._leads_on({"since": last}):
                self.pagination = {
                    "type": "cursor",
                    "param": "since",
                    "from": {"last_record": key},
                }

    def _name(self, pagination: dict[str, Any]) -> bool:
        for name in _TOKENS[pagination["type"]]:
            if name != pagination["param"] and self._leads_on({name: self._token}):
                self.pagination = {**pagination, "param": name}
                return True
        return False

    def _leads_on(self, query: Mapping[str, Any], first: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Whether those parameters give other records, or none since everything is here already.
        The same ones mean that the server doesn't know them.

        `first` is what then has to give the page that is known: an empty list may also come of a
        server that takes the parameter for a filter, and pages may be counted from 0.
        """
        answer = self._guess(query)
        if answer is None or set(self.raw).intersection(answer):
            return False
        if first:
            again = self._guess(first[0])
            at_zero = len(first) > 1 and bool(answer) and bool(again)
            self._starts_at_zero = at_zero and not set(self.raw).intersection(again or ())
            if again != self.raw[: self.first_count] and not self._starts_at_zero:
                return False
        shown = _query_text(query)
        self.reasons.append(
            f"paging: ?{shown} gave {len(answer)} other records"
            if answer
            else f"paging: ?{shown} gave an empty list, so it is understood"
        )
        self.raw += answer
        return True

    def _guess(self, query: Mapping[str, Any]) -> list[bytes] | None:
        if self._guesses >= _MOST_GUESSES:
            return None
        self._guesses += 1
        self._tell(f"trying ?{_query_text(query)}")
        return self._ask({**self.query, **query}, None)

    def _ask(self, query: Mapping[str, Any], pagination: Any) -> list[bytes] | None:
        stream = {
            **self._stream,
            "query": dict(query),
            "records": self.path,
            "missing_records": "empty",
            "pagination": pagination or "none",
        }
        try:
            with self._client.pages(stream, max_pages=1, read_ahead=0) as pages:
                page = pages.next_page()
                self.requests += 1
                if page is None:
                    return None
                if pagination is None:
                    self.records += [
                        record
                        for record, raw in zip(page.records, page.raw)
                        if bytes(raw) not in set(self.raw)
                    ]
                return [bytes(record) for record in page.raw]
        except PenstockError:
            self.requests += 1
            return None

    # ------------------------------------------------------------------------- page size

    def _size_name(self) -> str | None:
        return next((name for name in _SIZES if str(self.query.get(name, "")).isdigit()), None)

    def settle_size(self, probe: bool) -> None:
        """Say how the page size is asked for, where that is known."""
        kind = self.pagination["type"]
        self._drop_token()
        if kind not in ("offset", "page", "cursor") or "size" in self.pagination:
            name = self.pagination.get("size", {}).get("param")
            self.query.pop(name, None)
            return
        name = self._size_name()
        if name is not None:
            self.pagination["size"] = {"param": name, "value": max(1, int(self.query.pop(name)))}
            self.reasons.append(f"size: {name} stood in the URL")
            return
        echoed = self.metadata.get("detected_size")
        if not echoed or not probe or echoed["value"] != self.first_count:
            return
        if self._guesses >= _MOST_GUESSES:
            return
        self._guesses += 1
        sized = {**self.pagination, "size": dict(echoed)}
        self._tell(f"trying ?{echoed['param']}={echoed['value']}")
        if self._ask(self.query, sized) == self.raw[: self.first_count]:
            self.pagination = sized
            self.reasons.append(f"size: the answer names {echoed['param']}, and takes it")

    def _drop_token(self) -> None:
        """What the pagination sets can't stand in the query as well."""
        name = self.pagination.get("param")
        if name is not None and self.query.pop(name, None) is not None:
            self.reasons.append(f"paging: {name} stood in the URL; the walk sets it now")


def _query_text(query: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


def _document(base: _Base, finding: _Finding, name: str) -> dict[str, Any]:
    # One record proves nothing.
    key = key_of(finding.records) if len(finding.records) > 1 else None
    limits, limit_reasons = _limits(finding.metadata.get("limit", {}).get("policies", ()))
    reasons = [*finding.reasons]
    if key is not None:
        reasons.append(f"key: {key} was there and different in {len(finding.records)} records")
    for field, form in time_fields(finding.records):
        reasons.append(f"time: {field} ({form})")
    stream: dict[str, Any] = {"description": "\n".join(reasons), "path": base.stream["path"]}
    if finding.query:
        stream["query"] = finding.query
    stream["records"] = finding.path
    if key is not None:
        stream["key"] = key
    stream["pagination"] = finding.pagination
    document: dict[str, Any] = {
        "description": "\n".join(
            [f"Proposed from {finding.requests} requests: look it over.", *limit_reasons]
        ),
        **base.source,
    }
    if limits:
        document["limits"] = limits
    document["streams"] = {name: stream}
    return document


def _limits(policies: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    limits: dict[int, dict[str, Any]] = {}
    reasons: list[str] = []
    for policy in policies:
        allowed, window = policy.get("limit"), policy.get("window_ms")
        if not allowed or policy.get("unit") != "requests":
            continue
        if window is None:
            reset = policy.get("reset_ms")
            # The window that a reset ends is at least so long; a longer one only slows down.
            longer = [each * 1000 for each in _WINDOWS if reset and each * 1000 >= reset - 2000]
            if not longer:
                reasons.append(f"limits: the server allows {allowed}, but not said in how long")
                continue
            window = longer[0]
        requests = max(1, int(allowed * _SHARE))
        if window in limits and limits[window]["requests"] <= requests:
            continue
        limits[window] = {
            "requests": requests,
            "per": f"{window // 1000}s" if window % 1000 == 0 else f"{window}ms",
        }
        reasons.append(
            f"limits: the server allows {allowed} requests in {window / 1000:g} s; "
            f"{requests} leave it a reserve"
        )
    return [limits[window] for window in sorted(limits)], reasons


__all__: Sequence[str] = ["detect"]
